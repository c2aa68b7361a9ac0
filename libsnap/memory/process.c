/* SPDX-License-Identifier: MIT */
/* process.c: a live process.  How it is stopped: stop.c; how it is copied: pages.c, copy.c. */
#include "libsnap/memory/process.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/hold.h"
#include "libsnap/memory/mapped.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/uio.h>
#include <time.h>

enum {
	STAT_FLAGS = 9,		    /* as proc(5) counts fields */
	KERNEL_THREAD = 0x00200000, /* PF_KTHREAD of linux/sched.h */
	END_PATIENCE_MS = 100,	    /* for the threads of a process that is ending */
};

struct hs_process {
	pid_t pid;
	struct hs_stop stop;
	bool holds;    /* signals that would suspend us are held back */
	sigset_t held; /* which */
	struct hs_target target;
	char name[32];
};

/*
 * Hold back what would suspend this program, with the target stopped for as long: Ctrl-Z, and
 * terminals that stop what reads or writes in the background.  Nothing holds back SIGSTOP.
 */
static void hold_suspension(struct hs_process *process)
{
	static const int numbers[] = {SIGTSTP, SIGTTIN, SIGTTOU};

	if (!process->holds)
		hs_signals_hold(numbers, sizeof(numbers) / sizeof(numbers[0]), &process->held);
	process->holds = true;
}

static void allow_suspension(struct hs_process *process)
{
	if (process->holds)
		hs_signals_release(&process->held);
	process->holds = false;
}

/* State and number of threads of @pid, read at the same moment. */
static struct hs_error *read_state(pid_t pid, char *state, unsigned long *threads)
{
	_cleanup_free_ char *stat = NULL;
	struct hs_error *err;
	const char *at;

	err = hs_proc_read(pid, "stat", &stat, NULL);
	if (err)
		return err;
	/* Behind the command's bracket: the state, 16 numbers, the number of threads. */
	at = strrchr(stat, ')');
	if (!at || sscanf(at,
			  ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			  "%lu",
			  state, threads) != 2)
		return hs_error_create(HS_ERROR_FAILED,
				       "process %d: /proc/%d/stat is not of the kernel's form",
				       (int)pid, (int)pid);
	return NULL;
}

static void nap_ms(void)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	nanosleep(&nap, NULL);
}

struct hs_error *hs_process_alive(pid_t pid)
{
	/*
	 * The main thread may end before the others when a process ends, and does when another
	 * thread calls execve() and takes its place: while it does the process may look like one
	 * that has ended, so look twice.
	 */
	for (int i = 0;; i++) {
		unsigned long threads = 0;
		char state = '\0';
		struct hs_error *err = read_state(pid, &state, &threads);

		/* There may be nothing to read for a moment, though it is there. */
		if (err && (i < 2 || (i < END_PATIENCE_MS && (!kill(pid, 0) || errno == EPERM)))) {
			hs_error_destroy(err);
			nap_ms();
			continue;
		}
		if (err || (state != 'Z' && state != 'X'))
			return err;
		if (threads <= 1 && i > 0)
			return hs_error_create(HS_ERROR_GONE,
					       "process %d: it has ended (its parent has not taken "
					       "note: a zombie)",
					       (int)pid);
		if (i == END_PATIENCE_MS)
			return hs_error_create(HS_ERROR_UNSUPPORTED,
					       "process %d: its main thread has ended while others "
					       "go on; such a process is not supported",
					       (int)pid);
		nap_ms();
	}
}

/* That @pid has memory of its own: a kernel thread has none, nor for a moment one that execs. */
static struct hs_error *check_memory(pid_t pid)
{
	for (int i = 0; i <= END_PATIENCE_MS; i++) {
		struct hs_error *err = hs_process_alive(pid);
		uint64_t flags;
		uint64_t size;

		if (err || hs_proc_status_field(pid, "VmSize", &size))
			return err;
		if (hs_proc_stat_field(pid, STAT_FLAGS, &flags) && flags & KERNEL_THREAD)
			return hs_error_create(HS_ERROR_UNSUPPORTED,
					       "process %d: not a Python process (a kernel thread)",
					       (int)pid);
		nap_ms();
	}
	return hs_error_create(HS_ERROR_GONE, "process %d: it is just ending", (int)pid);
}

static bool read_target(const struct hs_target *target, hs_addr addr, void *buffer, size_t size)
{
	return hs_process_read(target->context, addr, buffer, size);
}

static int open_target(const struct hs_target *target, const struct hs_mapping *mapping)
{
	return hs_mapped_open(hs_process_pid(target->context), mapping);
}

static struct hs_error *unreadable_target(const struct hs_target *target)
{
	if (errno == EPERM || errno == EACCES)
		return hs_process_refused(hs_process_pid(target->context));
	return hs_error_create(HS_ERROR_GONE, "%s: it has ended", target->name);
}

static const struct hs_target_operations operations = {
	.read = read_target,
	.open = open_target,
	.unreadable = unreadable_target,
};

struct hs_error *hs_process_open(pid_t pid, struct hs_process **ret)
{
	struct hs_process *process;
	struct hs_error *err;
	uint64_t leader;

	if (pid <= 0)
		return hs_error_create(HS_ERROR_UNSUPPORTED, "process %d: there is no such process",
				       (int)pid);
	err = hs_process_alive(pid);
	if (err)
		return err;
	if (hs_proc_status_field(pid, "Tgid", &leader) && leader != (uint64_t)pid)
		return hs_error_create(HS_ERROR_UNSUPPORTED,
				       "process %d: this is a thread; its process is %llu",
				       (int)pid, (unsigned long long)leader);
	err = check_memory(pid);
	if (err)
		return err;
	process = calloc(1, sizeof(*process));
	if (!process)
		return &hs_enomem;
	process->pid = pid;
	snprintf(process->name, sizeof(process->name), "process %d", (int)pid);
	process->target = (struct hs_target){
		.operations = &operations,
		.context = process,
		.name = process->name,
	};
	*ret = process;
	return NULL;
}

void hs_process_close(struct hs_process *process)
{
	if (!process)
		return;
	hs_stop_deinit(&process->stop);
	allow_suspension(process);
	free(process);
}

pid_t hs_process_pid(const struct hs_process *process)
{
	return process->pid;
}

const struct hs_target *hs_process_target(const struct hs_process *process)
{
	return &process->target;
}

bool hs_process_read(struct hs_process *process, hs_addr addr, void *buffer, size_t size)
{
	struct iovec local = {.iov_base = buffer, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = size};

	ssize_t n = process_vm_readv(process->pid, &local, 1, &remote, 1, 0);

	if (n >= 0 && n != (ssize_t)size)
		errno = EFAULT;
	return n == (ssize_t)size;
}

struct hs_error *hs_process_stop(struct hs_process *process, uint32_t timeout_ms)
{
	struct hs_error *err;

	hold_suspension(process);
	err = hs_stop_all(&process->stop, process->pid, timeout_ms);
	if (err)
		allow_suspension(process);
	return err;
}

void hs_process_resume(struct hs_process *process)
{
	hs_stop_release(&process->stop);
	allow_suspension(process);
}

const char *hs_process_fork(struct hs_process *process, const struct hs_maps *maps,
			    const struct hs_fork_plan *plan, struct hs_fork *ret)
{
	return hs_fork_make(&process->stop, maps, plan, ret);
}

void hs_process_reap(struct hs_process *process, const struct hs_maps *maps,
		     const struct hs_fork_plan *plan, pid_t number)
{
	hs_fork_reap(&process->stop, maps, plan, number);
}

struct hs_error *hs_process_too_slow(pid_t pid)
{
	return hs_error_create(
		HS_ERROR_FAILED,
		"process %d: copying it takes longer than it may be stopped; it goes "
		"on, and nothing was written",
		(int)pid);
}
