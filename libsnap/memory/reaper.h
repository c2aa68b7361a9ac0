/* SPDX-License-Identifier: MIT */
/* reaper.h: takes note of threads that end while the kernel keeps their tracer waiting. */
#ifndef HS_MEMORY_REAPER_H
#define HS_MEMORY_REAPER_H

#include "libsnap/memory/stop.h"

#include <pthread.h>

/*
 * PTRACE_SEIZE waits for a thread that is about to call execve(); that one waits for the other
 * threads to end; and of those that we hold somebody has to take note.  Any thread of the tracer's
 * process may do so.
 */
struct hs_reaper {
	const struct hs_stop *stop; /* the reaper's to read while the tracer waits */
	pthread_t thread;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t ended;
	uint64_t waiting_since; /* CLOCK_MONOTONIC in ns; 0: the tracer does not wait */
	bool end;
};

struct hs_error *hs_reaper_start(struct hs_reaper *reaper,
				 const struct hs_stop *stop) HS_MUST_CHECK;
void hs_reaper_end(struct hs_reaper *reaper);

/* The tracer may be kept waiting from now on, and is back; in between it leaves @stop alone. */
void hs_reaper_watch(struct hs_reaper *reaper);
void hs_reaper_rest(struct hs_reaper *reaper);

/* Whether @tid is a process that this one started, and whose end is not for us to take note of. */
bool hs_stop_is_own_child(const struct hs_stop *stop, pid_t tid);

#endif
