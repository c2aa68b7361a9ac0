/* SPDX-License-Identifier: MIT */
/*
 * stop.c: all threads of a process stopped by ptrace(2), without a signal it could see.
 *
 * PTRACE_SEIZE with PTRACE_INTERRUPT, never PTRACE_ATTACH: it sends no SIGSTOP.  Never
 * PTRACE_O_EXITKILL: if this program is killed the kernel detaches and the target goes on.
 */
#include "libsnap/memory/stop.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/vector.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/process.h"
#include "libsnap/memory/reaper.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

enum {
	AWAIT_MS = 5000,
	SEIZE_ATTEMPTS = 3,
	RELEASE_PATIENCE_MS = 20,
	DEINIT_PATIENCE_MS = 5000, /* what stops with nobody to let it go on stays so */
	ASK_AGAIN_PASSES = 100,
	SUCCESSOR_PATIENCE_MS = 50, /* for an execve() under way to come to its end */
};

static struct hs_error *gone(pid_t pid)
{
	return hs_error_create(HS_ERROR_GONE, "process %d: it has ended", (int)pid);
}

static struct hs_stopped_thread *find(struct hs_stop *stop, pid_t tid)
{
	for (size_t i = 0; i < stop->size; i++)
		if (stop->data[i].tid == tid)
			return &stop->data[i];
	return NULL;
}

static void forget(struct hs_stop *stop, struct hs_stopped_thread *thread)
{
	*thread = stop->data[--stop->size];
}

/* Whether thread @tid is a zombie, or not there any more. */
static bool has_ended(pid_t pid, pid_t tid)
{
	_cleanup_free_ char *stat = NULL;
	struct hs_error *err;
	const char *state;
	char file[48];

	snprintf(file, sizeof(file), "task/%d/stat", (int)tid);
	err = hs_proc_read(pid, file, &stat, NULL);
	if (err) {
		hs_error_destroy(err);
		return true;
	}
	state = strrchr(stat, ')');
	return !state || state[1] != ' ' || state[2] == 'Z' || state[2] == 'X';
}

/*
 * A thread that calls execve() takes the number of the main thread, which ends: we hold it already
 * if we held it under its old number.
 */
static bool is_ours_already(const struct hs_stop *stop, pid_t tid)
{
	return tid == stop->pid && !ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
}

/*
 * PTRACE_SEIZE; 0, or errno.  The kernel says EPERM also of a thread that is just ending (here
 * ESRCH then), and execve() may put another in its place before we have looked: so try again.
 */
static int try_seize(const struct hs_stop *stop, struct hs_reaper *reaper, pid_t tid)
{
	for (int i = 0; i < SEIZE_ATTEMPTS; i++) {
		int errnum = 0;

		hs_reaper_watch(reaper);
		if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
			errnum = errno;
		hs_reaper_rest(reaper);
		if (errnum != EPERM)
			return errnum;
		/* What has ended may be ours still, and would be seized for ever. */
		if (has_ended(stop->pid, tid))
			return ESRCH;
		if (is_ours_already(stop, tid))
			return 0;
	}
	return EPERM;
}

/* Seize thread @tid and ask it to stop.  A thread that has ended is no error. */
static struct hs_error *seize(struct hs_stop *stop, struct hs_reaper *reaper, pid_t tid)
{
	struct hs_stopped_thread thread = {.tid = tid};
	int errnum;

	if (!hs_vector_reserve(stop, stop->size + 1))
		return &hs_enomem;
	errnum = try_seize(stop, reaper, tid);
	if (errnum == ESRCH)
		return NULL;
	if (errnum == EPERM || errnum == EACCES)
		return hs_process_refused(stop->pid);
	if (errnum)
		return hs_error_errno(errnum, "process %d: cannot stop thread %d", (int)stop->pid,
				      (int)tid);
	hs_vector_push(stop, thread);
	/* Fails only if the thread has ended meanwhile; waiting for it tells. */
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	return NULL;
}

/* Seize the threads that are listed and not held yet; *@added counts them. */
static struct hs_error *seize_new(struct hs_stop *stop, struct hs_reaper *reaper, size_t *added)
{
	struct hs_error *err = NULL;
	struct dirent *entry;
	char path[64];
	DIR *dir;

	*added = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)stop->pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT
			       ? gone(stop->pid)
			       : hs_error_errno(errno, "process %d: cannot list its threads",
						(int)stop->pid);
	while (!err && (entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		size_t before = stop->size;

		if (tid <= 0 || find(stop, tid))
			continue;
		err = seize(stop, reaper, tid);
		*added += stop->size - before;
	}
	closedir(dir);
	return err;
}

/*
 * waitpid() without waiting.  The end of a process that is our own child is not taken from whoever
 * waits for it: then there is nothing to wait for, as errno says.
 */
static pid_t wait_thread(const struct hs_stop *stop, pid_t tid, int *status)
{
	siginfo_t info = {0};

	/* Of threads that are traced, stops are reported whether they were asked for or not. */
	if (hs_stop_is_own_child(stop, tid) &&
	    !waitid(P_PID, (id_t)tid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) &&
	    info.si_pid == tid && info.si_code != CLD_TRAPPED) {
		errno = ECHILD;
		return -1;
	}
	return waitpid(tid, status, __WALL | WNOHANG);
}

/* Whether thread @tid stands still: no other can be asked for its signal mask. */
static bool is_held(pid_t tid)
{
	uint64_t mask;

	return !ptrace(PTRACE_GETSIGMASK, tid, (void *)sizeof(mask), &mask);
}

/*
 * Take note of what has become of @thread; false if it is to be forgotten, for it has ended.
 *
 * A stop by a signal that is being delivered serves as well as the one asked for; the signal is
 * handed on when the thread is let go.  Threads that had stopped end all the same when the process
 * is killed, or when another of its threads calls execve(); that one, which may run, then goes by
 * the number of the main thread, which had stopped.
 */
static bool look_at(const struct hs_stop *stop, struct hs_stopped_thread *thread)
{
	int status;
	pid_t tid = wait_thread(stop, thread->tid, &status);

	if (tid == 0 || (tid < 0 && errno == EINTR)) {
		if (thread->stopped && stop->changed && !is_held(thread->tid)) {
			thread->stopped = false;
			ptrace(PTRACE_INTERRUPT, thread->tid, NULL, NULL);
		}
		return true;
	}
	if (tid < 0 || !WIFSTOPPED(status))
		return false;
	if (!thread->stopped && status >> 16 == 0)
		thread->signal = WSTOPSIG(status);
	thread->job_stopped = status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) != SIGTRAP;
	thread->stopped = true;
	return true;
}

/*
 * Wait until all threads held have stopped; false if that takes too long.  Every pass looks at all
 * of them: an execve() under way goes on only after note was taken of the end of each other thread.
 * *@ended counts those that have ended, or go by another number now.
 */
static bool wait_stopped(struct hs_stop *stop, uint64_t deadline, size_t *ended)
{
	const struct timespec nap = {.tv_nsec = 50000};

	for (unsigned int pass = 1;; pass++) {
		bool all = true;

		for (size_t i = 0; i < stop->size;) {
			struct hs_stopped_thread *thread = &stop->data[i];

			if (!look_at(stop, thread)) {
				forget(stop, thread);
				stop->changed = true;
				++*ended;
				continue;
			}
			/* An execve() can lose what it was asked before: ask again. */
			if (!thread->stopped && pass % ASK_AGAIN_PASSES == 0)
				ptrace(PTRACE_INTERRUPT, thread->tid, NULL, NULL);
			all = all && thread->stopped;
			i++;
		}
		if (all)
			return true;
		if (hs_clock_monotonic() > deadline)
			return false;
		nanosleep(&nap, NULL);
	}
}

static struct hs_error *stop_all(struct hs_stop *stop, struct hs_reaper *reaper,
				 uint32_t timeout_ms)
{
	uint64_t deadline = hs_clock_monotonic() + (uint64_t)timeout_ms * 1000000;
	struct hs_error *err;
	size_t added;
	size_t ended;

	/*
	 * A thread may make another before it stops, and take another's number: list again until
	 * nothing changes.
	 */
	do {
		ended = 0;
		err = seize_new(stop, reaper, &added);
		if (err)
			return err;
		if (!wait_stopped(stop, deadline, &ended) ||
		    (added + ended && hs_clock_monotonic() > deadline))
			return hs_error_create(
				HS_ERROR_FAILED,
				"process %d: not all of its threads stopped within %u ms "
				"(one is in uninterruptible sleep?); try again later",
				(int)stop->pid, (unsigned int)timeout_ms);
	} while (added || ended);
	return stop->size ? NULL : gone(stop->pid);
}

struct hs_error *hs_stop_all(struct hs_stop *stop, pid_t pid, uint32_t timeout_ms)
{
	struct hs_error *err;
	struct hs_reaper reaper;

	stop->pid = pid;
	err = hs_reaper_start(&reaper, stop);
	if (err)
		return err;
	err = stop_all(stop, &reaper, timeout_ms);
	hs_reaper_end(&reaper);
	if (err)
		hs_stop_release(stop);
	return err;
}

/*
 * Let @thread go; false if it has neither stopped nor ended yet.  One that was asked to stop and
 * has not cannot be detached before it does; of one that has ended note must be taken, for until
 * then neither its parent nor an execve() of another thread goes on.
 */
static bool let_go(struct hs_stop *stop, struct hs_stopped_thread *thread)
{
	int status;
	pid_t got;

	if (thread->stopped &&
	    !ptrace(PTRACE_DETACH, thread->tid, NULL, (void *)(intptr_t)thread->signal))
		return true;
	thread->stopped = false;
	got = wait_thread(stop, thread->tid, &status);
	if (got < 0) {
		stop->changed = true;
		return errno != EINTR;
	}
	if (got == 0) {
		/* What execve() made of it may not know that it was asked to stop. */
		ptrace(PTRACE_INTERRUPT, thread->tid, NULL, NULL);
		return false;
	}
	if (WIFSTOPPED(status))
		ptrace(PTRACE_DETACH, thread->tid, NULL,
		       (void *)(intptr_t)(status >> 16 == 0 ? WSTOPSIG(status) : 0));
	return true;
}

/* A thread that called execve() goes by the process's number now, and may still be ours. */
static void look_for_successor(struct hs_stop *stop)
{
	struct hs_stopped_thread thread = {.tid = stop->pid};
	uint64_t tracer;

	if (stop->pid && hs_proc_status_field(stop->pid, "TracerPid", &tracer) &&
	    tracer == (uint64_t)gettid() && !has_ended(stop->pid, stop->pid) &&
	    !ptrace(PTRACE_INTERRUPT, stop->pid, NULL, NULL))
		hs_vector_push(stop, thread);
}

/* Let all threads go, waiting @patience_ms for those that are late. */
static void release(struct hs_stop *stop, unsigned int patience_ms)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	for (unsigned int i = 0;; i++) {
		for (size_t k = 0; k < stop->size;) {
			if (let_go(stop, &stop->data[k]))
				forget(stop, &stop->data[k]);
			else
				k++;
		}
		if (!stop->size)
			look_for_successor(stop);
		if (i >= patience_ms ||
		    (!stop->size && (!stop->changed || i >= SUCCESSOR_PATIENCE_MS)))
			return;
		nanosleep(&nap, NULL);
	}
}

void hs_stop_release(struct hs_stop *stop)
{
	release(stop, RELEASE_PATIENCE_MS);
}

void hs_stop_deinit(struct hs_stop *stop)
{
	release(stop, DEINIT_PATIENCE_MS);
	hs_vector_deinit(stop);
}

bool hs_stop_await(pid_t tid, int *status)
{
	const uint64_t deadline = hs_clock_monotonic() + AWAIT_MS * 1000000ull;
	const struct timespec nap = {.tv_nsec = 20000};

	for (;;) {
		pid_t got = waitpid(tid, status, __WALL | WNOHANG);

		if (got == tid)
			return true;
		if ((got < 0 && errno != EINTR) || hs_clock_monotonic() > deadline)
			return false;
		nanosleep(&nap, NULL);
	}
}
