/* SPDX-License-Identifier: MIT */
/* fork.c: a frozen copy of a process, made by the kernel's own copy-on-write. */
#include "libsnap/memory/fork.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/seccomp.h"

#include <dirent.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK |
		  PTRACE_O_TRACEFORK,
	CLONE_BETWEEN = HS_INJECTED_CLONE | CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID,
	MAX_STOPS = 16, /* of a new process before it makes its call */
};

/*
 * What runs as the first process of a container to take note of whatever ends, and shells, which do
 * so without a word.  Anything else may be an application that takes each process that it is told
 * of for a child of its own.
 */
static const char *const inits[] = {
	"systemd",   "init",	    "tini",    "tini-static", "dumb-init",   "docker-init",
	"catatonit", "s6-svscan",   "runit",   "runsvdir",    "pause",	     "podman",
	"conmon",    "openrc-init", "busybox", "launchd",     "supervisord", "bash",
	"dash",	     "sh",	    "zsh",
};

/* The last number on the line "NSpid:" of /proc/PID/status: what the process calls itself. */
static bool is_init(pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	struct hs_error *err = hs_proc_read(pid, "status", &text, NULL);
	const char *line;
	const char *end;

	if (err) {
		hs_error_destroy(err);
		return false;
	}
	line = strstr(text, "\nNSpid:");
	if (!line)
		return false;
	end = line + 1 + strcspn(line + 1, "\n");
	return end - line > 2 && end[-1] == '1' && (end[-2] == '\t' || end[-2] == ' ');
}

/* Whether processes @a and @b number processes alike; false if that cannot be told. */
static bool same_numbers(pid_t a, const char *namespace_of_b)
{
	char path[64];
	char own[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)a);
	return readlink(path, own, sizeof(own) - 1) > 0 && !strcmp(own, namespace_of_b);
}

static bool is_known_init(pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	struct hs_error *err = hs_proc_read(pid, "comm", &text, NULL);

	if (err) {
		hs_error_destroy(err);
		return false;
	}
	text[strcspn(text, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(inits) / sizeof(inits[0]); i++)
		if (!strcmp(text, inits[i]))
			return true;
	return false;
}

static void close_folder(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/*
 * Whether orphans of process @pid may come to somebody who does not expect them: to itself, or to
 * the init of its namespace of processes, unless that is the machine's own or a known one.  (That
 * an ancestor is a child subreaper cannot be seen; who makes itself one expects orphans.)
 */
static bool orphans_surprise(pid_t pid)
{
	static const char machine[] = "pid:[4026531836]"; /* PROC_PID_INIT_INO of Linux */
	hs_cleanup(close_folder) DIR *dir = NULL;
	const struct dirent *entry;
	char namespace[64] = "";
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	if (is_init(pid) || readlink(path, namespace, sizeof(namespace) - 1) <= 0)
		return true;
	if (!strcmp(namespace, machine))
		return false;
	dir = opendir("/proc");
	while (dir && (entry = readdir(dir))) {
		pid_t other = (pid_t)strtol(entry->d_name, NULL, 10);

		if (other > 0 && is_init(other) && same_numbers(other, namespace))
			return !is_known_init(other);
	}
	return true;
}

/* Shadow stacks do not let a thread return to where it was not called from. */
static bool has_shadow_stack(pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	struct hs_error *err = hs_proc_read(pid, "status", &text, NULL);
	const char *line;

	if (err) {
		hs_error_destroy(err);
		return true;
	}
	line = strstr(text, "\nx86_Thread_features:");
	return line && memmem(line + 1, strcspn(line + 1, "\n"), "shstk", 5);
}

void hs_fork_plan(pid_t pid, const struct hs_maps *maps, struct hs_fork_plan *ret)
{
	uint64_t seccomp = 0;

	*ret = (struct hs_fork_plan){0};
	hs_proc_status_field(pid, "Seccomp", &seccomp);
	if (!HS_INJECTS)
		ret->unfit = "it cannot be made to fork on such a machine";
	else if (seccomp == SECCOMP_MODE_STRICT)
		ret->unfit = "seccomp lets it make hardly any system calls";
	else if (has_shadow_stack(pid))
		ret->unfit = "it has shadow stacks";
	else if (!hs_gadgets_find(pid, maps, &ret->gadgets))
		ret->unfit = "the instructions for it were not found";
	ret->orphans_surprise = orphans_surprise(pid);
	ret->filtered = seccomp == SECCOMP_MODE_FILTER;
}

/* The first thread fit for it, the main thread if it is; else why the last one is not. */
static const char *choose(struct hs_stop *stop, const struct hs_maps *maps,
			  const struct hs_fork_plan *plan, struct hs_injection *ret)
{
	hs_cleanup(hs_maps_deinit) struct hs_maps now = {0};
	const char *why = "it has no thread";

	for (int pass = 0; pass < 2; pass++) {
		/* Where other threads have their stacks may have changed since. */
		if (pass) {
			struct hs_error *err = hs_maps_read(stop->pid, &now);

			hs_error_destroy(err);
			maps = &now;
		}
		for (size_t i = 0; i < stop->size; i++) {
			if ((stop->data[i].tid == stop->pid) == pass)
				continue;
			why = hs_injection_begin(ret, stop->pid, &stop->data[i], maps,
						 &plan->gadgets);
			if (!why &&
			    ptrace(PTRACE_SETOPTIONS, ret->tid, NULL, (void *)(intptr_t)OPTIONS))
				why = "it has just ended";
			if (!why)
				return NULL;
		}
	}
	return why;
}

/* Go on with @tid, a new process, until it stops for @event. */
static bool run_until(pid_t tid, int event)
{
	int status;

	for (int i = 0; i < MAX_STOPS; i++) {
		if (!hs_stop_await(tid, &status) || !WIFSTOPPED(status))
			return false;
		if (status >> 16 == event)
			return true;
		if (status >> 16 != PTRACE_EVENT_STOP || ptrace(PTRACE_CONT, tid, NULL, NULL))
			return false;
	}
	return false;
}

static pid_t event_child(pid_t tid)
{
	unsigned long child = 0;

	return ptrace(PTRACE_GETEVENTMSG, tid, NULL, &child) ? 0 : (pid_t)child;
}

/*
 * Why the thread's seccomp filters, if it has any, do not let it fork; NULL: they do.  Each thread
 * has its own, and may have got them since the plan was made.
 */
static const char *ask_filters(const struct hs_injection *injection,
			       const struct hs_fork_plan *plan)
{
	const struct {
		int number;
		uint64_t first; /* argument; filters look at no other of these calls */
	} wanted[] = {
		{SYS_prctl, PR_GET_CHILD_SUBREAPER},
		{SYS_clone, CLONE_BETWEEN},
		{SYS_clone, HS_INJECTED_CLONE},
		{SYS_wait4, 0},
		{SYS_exit, 0},
		{SYS_rt_sigreturn, 0},
	};
	struct seccomp_data calls[sizeof(wanted) / sizeof(wanted[0])];
	uint64_t mode;

	if (hs_proc_status_field(injection->tid, "Seccomp", &mode) && mode == SECCOMP_MODE_DISABLED)
		return NULL;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		calls[i] = (struct seccomp_data){
			.nr = wanted[i].number,
			.arch = AUDIT_ARCH_X86_64,
			.instruction_pointer = plan->gadgets.syscall + 2,
			.args = {wanted[i].first},
		};
	switch (hs_seccomp_ask(injection->tid, calls, sizeof(calls) / sizeof(calls[0]))) {
	case HS_SECCOMP_ALLOWS:
		return NULL;
	case HS_SECCOMP_REFUSES:
		return "its seccomp filter does not let it";
	case HS_SECCOMP_UNKNOWN:
		break;
	}
	return "its seccomp filter cannot be read (that takes CAP_SYS_ADMIN)";
}

struct birth {
	pid_t parent; /* the thread that makes the call */
	pid_t child;  /* that is to make the copy; 0: none */
	pid_t copy;
	int64_t number; /* of the copy, as the thread has it: if it is its own child */
};

/* End a copy that did not come to stand still: it must not run, nor stay. */
static void abandon(pid_t copy)
{
	int status;

	kill(copy, SIGKILL);
	hs_stop_await(copy, &status);
}

/*
 * A clone has been made.  The child between is let go as soon as it has made the copy: it ends, and
 * then the parent's call does.
 */
static bool on_birth(void *context, int status)
{
	struct birth *birth = context;
	pid_t born = event_child(birth->parent);
	pid_t copy;

	if (!born)
		return false;
	if (status >> 16 == PTRACE_EVENT_CLONE) {
		if (run_until(born, PTRACE_EVENT_STOP))
			birth->copy = born;
		else
			abandon(born);
		return true;
	}
	birth->child = born;
	if (run_until(born, PTRACE_EVENT_CLONE)) {
		copy = event_child(born);
		if (copy && run_until(copy, PTRACE_EVENT_STOP))
			birth->copy = copy;
		else if (copy)
			abandon(copy);
	}
	ptrace(PTRACE_DETACH, born, NULL, NULL);
	return true;
}

/* Whether orphans come to the process; false also if it cannot be asked. */
static bool is_subreaper(struct hs_injection *injection)
{
	const uint64_t arguments[5] = {PR_GET_CHILD_SUBREAPER, hs_injection_scratch(injection)};
	struct iovec remote = {(void *)(uintptr_t)hs_injection_scratch(injection), sizeof(int)};
	int answer = 0;
	struct iovec local = {&answer, sizeof(answer)};
	int64_t result;

	return hs_injection_call(injection, SYS_prctl, arguments, HS_NEXT_HOME, NULL, NULL,
				 &result) &&
	       result == 0 &&
	       process_vm_readv(injection->tid, &local, 1, &remote, 1, 0) == sizeof(answer) &&
	       answer;
}

/* @child is the number that the thread itself has for it. */
static bool wait_for(struct hs_injection *injection, int64_t child)
{
	const uint64_t arguments[5] = {(uint64_t)child, 0, __WALL};
	int64_t result;

	return hs_injection_call(injection, SYS_wait4, arguments, HS_NEXT_HOME, NULL, NULL,
				 &result) &&
	       result == child;
}

static const char *clone_error(int64_t result)
{
	switch (-result) {
	case EPERM:
	case ENOSYS:
		return "it may not make processes";
	case EAGAIN:
		return "it may not make more processes";
	case ENOMEM:
		return "there is not enough memory for one more process";
	}
	return "clone failed";
}

static const char *clone_twice(struct hs_injection *injection, struct birth *birth)
{
	const uint64_t arguments[5] = {
		CLONE_BETWEEN,
		hs_injection_child_stack(injection),
		hs_injection_wait_for(injection),
	};
	int64_t result;

	if (!hs_injection_call(injection, SYS_clone, arguments, HS_NEXT_WAIT, on_birth, birth,
			       &result))
		return "the call was interrupted";
	if (result < 0)
		return clone_error(result);
	if (!birth->child || !wait_for(injection, result))
		return "the child between was lost";
	return birth->copy ? NULL : "there is not enough memory for one more process";
}

static const char *clone_once(struct hs_injection *injection, struct birth *birth)
{
	const uint64_t arguments[5] = {HS_INJECTED_CLONE, hs_injection_grandchild_stack(injection)};
	int64_t result;

	if (!hs_injection_call(injection, SYS_clone, arguments, HS_NEXT_HOME, on_birth, birth,
			       &result))
		return "the call was interrupted";
	if (result < 0)
		return clone_error(result);
	birth->number = result;
	return birth->copy ? NULL : "the copy was lost";
}

const char *hs_fork_make(struct hs_stop *stop, const struct hs_maps *maps,
			 const struct hs_fork_plan *plan, struct hs_fork *ret)
{
	struct hs_injection injection;
	struct birth birth = {0};
	const char *why = plan->unfit;
	bool once;

	if (!why)
		why = choose(stop, maps, plan, &injection);
	if (!why)
		why = ask_filters(&injection, plan);
	if (why)
		return why;
	birth.parent = injection.tid;
	once = plan->orphans_surprise || is_subreaper(&injection);
	why = once ? clone_once(&injection, &birth) : clone_twice(&injection, &birth);
	if (!hs_injection_end(&injection) && !why)
		why = "the thread that forked was lost";
	*ret = (struct hs_fork){
		.pid = birth.copy,
		.belongs_to_it = once,
		.number = (pid_t)birth.number,
	};
	if (why)
		hs_fork_kill(ret);
	return why;
}

void hs_fork_kill(struct hs_fork *fork)
{
	int status;

	if (!fork->pid)
		return;
	kill(fork->pid, SIGKILL);
	while (waitpid(fork->pid, &status, __WALL) < 0 && errno == EINTR)
		;
	fork->pid = 0;
}

void hs_fork_reap(struct hs_stop *stop, const struct hs_maps *maps, const struct hs_fork_plan *plan,
		  pid_t number)
{
	struct hs_injection injection;

	if (choose(stop, maps, plan, &injection) || ask_filters(&injection, plan))
		return;
	wait_for(&injection, number);
	hs_injection_end(&injection);
}
