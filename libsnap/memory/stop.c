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

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

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

/* Seize thread @tid and ask it to stop.  A thread that has ended is no error. */
static struct hs_error *seize(struct hs_stop *stop, pid_t tid)
{
	struct hs_stopped_thread thread = {.tid = tid};

	if (!hs_vector_reserve(stop, stop->size + 1))
		return &hs_enomem;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL)) {
		if (errno == ESRCH)
			return NULL;
		if (errno == EPERM || errno == EACCES)
			return hs_process_refused(stop->pid);
		return hs_error_errno(errno, "process %d: cannot stop thread %d", (int)stop->pid,
				      (int)tid);
	}
	hs_vector_push(stop, thread);
	/* Fails only if the thread has ended meanwhile; waiting for it tells. */
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	return NULL;
}

/* Seize the threads that are listed and not held yet; *@added counts them. */
static struct hs_error *seize_new(struct hs_stop *stop, size_t *added)
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
		err = seize(stop, tid);
		*added += stop->size - before;
	}
	closedir(dir);
	return err;
}

/*
 * Take note of what waitpid() said of @thread.  A stop by a signal that is being delivered serves
 * as well as the one asked for; the signal is handed on when the thread is let go.
 */
static void note(struct hs_stop *stop, struct hs_stopped_thread *thread, int status)
{
	if (!WIFSTOPPED(status)) {
		forget(stop, thread);
		return;
	}
	thread->stopped = true;
	if (status >> 16 == 0)
		thread->signal = WSTOPSIG(status);
}

/* Wait until all threads held have stopped; false if that takes too long. */
static bool wait_stopped(struct hs_stop *stop, uint64_t deadline)
{
	const struct timespec nap = {.tv_nsec = 50000};

	for (size_t i = 0; i < stop->size;) {
		struct hs_stopped_thread *thread = &stop->data[i];
		int status;
		pid_t tid;

		if (thread->stopped) {
			i++;
			continue;
		}
		tid = waitpid(thread->tid, &status, __WALL | WNOHANG);
		if (tid > 0)
			note(stop, thread, status);
		else if (tid < 0 && errno != EINTR)
			forget(stop, thread);
		else if (hs_clock_monotonic() > deadline)
			return false;
		else
			nanosleep(&nap, NULL);
	}
	return true;
}

static struct hs_error *stop_all(struct hs_stop *stop, uint32_t timeout_ms)
{
	uint64_t deadline = hs_clock_monotonic() + (uint64_t)timeout_ms * 1000000;
	struct hs_error *err;
	size_t added;

	/* A thread may make another before it stops: list again until no new one appears. */
	do {
		err = seize_new(stop, &added);
		if (err)
			return err;
		if (!wait_stopped(stop, deadline))
			return hs_error_create(
				HS_ERROR_FAILED,
				"process %d: not all of its threads stopped within %u ms "
				"(one is in uninterruptible sleep?); try again later",
				(int)stop->pid, (unsigned int)timeout_ms);
	} while (added);
	return stop->size ? NULL : gone(stop->pid);
}

struct hs_error *hs_stop_all(struct hs_stop *stop, pid_t pid, uint32_t timeout_ms)
{
	struct hs_error *err;

	stop->pid = pid;
	err = stop_all(stop, timeout_ms);
	if (err)
		hs_stop_release(stop);
	return err;
}

/* A thread that was asked to stop and has not cannot be detached before it does. */
static void release_late(pid_t tid)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	for (int i = 0; i < 20; i++) {
		int status;
		pid_t got = waitpid(tid, &status, __WALL | WNOHANG);

		if (got < 0)
			return;
		if (got > 0) {
			int signal = status >> 16 == 0 ? WSTOPSIG(status) : 0;

			if (WIFSTOPPED(status))
				ptrace(PTRACE_DETACH, tid, NULL, (void *)(intptr_t)signal);
			return;
		}
		nanosleep(&nap, NULL);
	}
}

void hs_stop_release(struct hs_stop *stop)
{
	for (size_t i = 0; i < stop->size; i++) {
		const struct hs_stopped_thread *thread = &stop->data[i];

		if (thread->stopped)
			ptrace(PTRACE_DETACH, thread->tid, NULL, (void *)(intptr_t)thread->signal);
	}
	for (size_t i = 0; i < stop->size; i++)
		if (!stop->data[i].stopped)
			release_late(stop->data[i].tid);
	hs_vector_deinit(stop);
}
