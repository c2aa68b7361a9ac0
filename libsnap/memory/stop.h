/* SPDX-License-Identifier: MIT */
/* stop.h: all threads of a process stopped by ptrace(2), without a signal it could see. */
#ifndef HS_MEMORY_STOP_H
#define HS_MEMORY_STOP_H

#include <heapsnap/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct hs_stopped_thread {
	pid_t tid;
	bool stopped;
	bool job_stopped; /* by SIGSTOP or the like, for job control */
	int signal;	  /* to be delivered when the thread goes on; 0: none */
};

/* The threads held, and those that are still to be let go.  All zero: none. */
struct hs_stop {
	pid_t pid;
	struct hs_stopped_thread *data;
	size_t size;
	size_t capacity;
	bool changed; /* threads have ended, or changed their number, since */
};

/* Stop all threads of @pid; see hs_process_stop().  On failure nothing is held. */
struct hs_error *hs_stop_all(struct hs_stop *stop, pid_t pid, uint32_t timeout_ms) HS_MUST_CHECK;

/*
 * Let the threads go on.  Does nothing if none is held.  A thread in uninterruptible sleep that was
 * asked to stop cannot be let go before it has stopped: if that takes long, the next call of a
 * function of these does it, and the kernel when the calling thread of this program ends.
 */
void hs_stop_release(struct hs_stop *stop);

/* The same, waiting longer for such threads. */
void hs_stop_deinit(struct hs_stop *stop);

/*
 * Wait until the traced thread @tid has stopped, ended or changed: waitpid()'s status.  False if
 * nothing happens for seconds, or there is nothing to wait for.
 */
bool hs_stop_await(pid_t tid, int *status);

#endif
