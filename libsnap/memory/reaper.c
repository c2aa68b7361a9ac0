/* SPDX-License-Identifier: MIT */
/* reaper.c: takes note of threads that end while the kernel keeps their tracer waiting. */
#include "libsnap/memory/reaper.h"

#include "format/base/error.h"
#include "libsnap/memory/proc.h"

#include <sys/wait.h>
#include <time.h>

enum {
	NAP_NS = 5000000,
	PATIENCE_NS = 10000000, /* most calls of ptrace(2) are back long before */
};

bool hs_stop_is_own_child(const struct hs_stop *stop, pid_t tid)
{
	uint64_t parent;

	return tid == stop->pid && hs_proc_status_field(tid, "PPid", &parent) &&
	       parent == (uint64_t)getpid();
}

static void reap(const struct hs_stop *stop)
{
	for (size_t i = 0; i < stop->size; i++) {
		siginfo_t info;

		if (!hs_stop_is_own_child(stop, stop->data[i].tid))
			waitid(P_PID, (id_t)stop->data[i].tid, &info, WEXITED | WNOHANG | __WALL);
	}
}

/* Wait for the end, or for some milliseconds. */
static void nap(struct hs_reaper *reaper)
{
	uint64_t until = hs_clock_monotonic() + NAP_NS;
	const struct timespec time = {
		.tv_sec = (time_t)(until / 1000000000),
		.tv_nsec = (long)(until % 1000000000),
	};

	pthread_cond_timedwait(&reaper->ended, &reaper->lock, &time);
}

static void *run(void *argument)
{
	struct hs_reaper *reaper = argument;

	pthread_mutex_lock(&reaper->lock);
	while (!reaper->end) {
		nap(reaper);
		if (reaper->waiting_since &&
		    hs_clock_monotonic() - reaper->waiting_since > PATIENCE_NS)
			reap(reaper->stop);
	}
	pthread_mutex_unlock(&reaper->lock);
	return NULL;
}

struct hs_error *hs_reaper_start(struct hs_reaper *reaper, const struct hs_stop *stop)
{
	pthread_condattr_t attributes;
	int errnum;

	*reaper = (struct hs_reaper){.stop = stop};
	pthread_mutex_init(&reaper->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&reaper->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	errnum = pthread_create(&reaper->thread, NULL, run, reaper);
	if (!errnum)
		return NULL;
	pthread_cond_destroy(&reaper->ended);
	pthread_mutex_destroy(&reaper->lock);
	return hs_error_errno(errnum, "process %d: cannot start a thread to stop it",
			      (int)stop->pid);
}

void hs_reaper_end(struct hs_reaper *reaper)
{
	pthread_mutex_lock(&reaper->lock);
	reaper->end = true;
	pthread_cond_signal(&reaper->ended);
	pthread_mutex_unlock(&reaper->lock);
	pthread_join(reaper->thread, NULL);
	pthread_cond_destroy(&reaper->ended);
	pthread_mutex_destroy(&reaper->lock);
}

static void set_waiting(struct hs_reaper *reaper, uint64_t since)
{
	pthread_mutex_lock(&reaper->lock);
	reaper->waiting_since = since;
	pthread_mutex_unlock(&reaper->lock);
}

void hs_reaper_watch(struct hs_reaper *reaper)
{
	set_waiting(reaper, hs_clock_monotonic());
}

void hs_reaper_rest(struct hs_reaper *reaper)
{
	set_waiting(reaper, 0);
}
