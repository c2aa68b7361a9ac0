/* SPDX-License-Identifier: MIT */
/* child.h: a process of our own for the tests to stop, read and kill. */
#ifndef TESTS_MEMORY_CHILD_H
#define TESTS_MEMORY_CHILD_H

#include "hs_cmocka.h"

#include "libsnap/memory/proc.h"
#include "libsnap/memory/process.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

/* What parent and child share. */
struct shared {
	_Atomic uint64_t count[16]; /* made to grow by the child's threads */
	_Atomic uint64_t signals;
	_Atomic bool ready;
	_Atomic uintptr_t address; /* of whatever the child wants to show */
};

static inline struct shared *shared_create(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(shared != MAP_FAILED);
	return shared;
}

static inline void sleep_us(unsigned int us)
{
	const struct timespec nap = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	nanosleep(&nap, NULL);
}

/* Run @body in a child that dies with us; returns when it says that it is ready. */
static inline pid_t child_start(void (*body)(struct shared *), struct shared *shared)
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body(shared);
		_exit(0);
	}
	for (int i = 0; !shared->ready && i < 10000; i++)
		sleep_us(1000);
	assert_true(shared->ready);
	return pid;
}

/* Kill it; its status as waitpid() has it. */
static inline int child_end(pid_t pid)
{
	int status = -1;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* The letter for the state of thread @tid. */
static inline char thread_state(pid_t pid, pid_t tid)
{
	char file[64];
	char *text;
	char *at;
	char state;
	struct hs_error *err;

	snprintf(file, sizeof(file), "task/%d/stat", (int)tid);
	err = hs_proc_read(pid, file, &text, NULL);
	if (err) {
		hs_error_destroy(err);
		return 0;
	}
	at = strrchr(text, ')');
	state = at ? at[2] : 0;
	free(text);
	return state;
}

/* Wait up to @ms for the main thread to get into @state. */
static inline bool reaches_state(pid_t pid, char state, unsigned int ms)
{
	for (; ms && thread_state(pid, pid) != state; ms--)
		sleep_us(1000);
	return ms;
}

static inline uint64_t tracer_of(pid_t pid)
{
	uint64_t tracer = UINT64_MAX;

	assert_true(hs_proc_status_field(pid, "TracerPid", &tracer));
	return tracer;
}

static inline void assert_no_error(struct hs_error *err)
{
	if (err)
		fail_msg("%s", hs_error_message(err));
}

/* Consumes @err, which must have that code and contain @text. */
static inline void assert_error(struct hs_error *err, enum hs_error_code code, const char *text)
{
	assert_non_null(err);
	if (hs_error_code(err) != code || !strstr(hs_error_message(err), text))
		fail_msg("error %d: %s", (int)hs_error_code(err), hs_error_message(err));
	hs_error_destroy(err);
}

static inline struct hs_process *open_process(pid_t pid)
{
	struct hs_process *process = NULL;

	assert_no_error(hs_process_open(pid, &process));
	return process;
}

#endif
