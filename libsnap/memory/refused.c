/* SPDX-License-Identifier: MIT */
/* refused.c: why the system refuses to let us read a process. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
	CAP_SYS_PTRACE_BIT = 19, /* linux/capability.h */
};

/* The scope that the Yama security module sets for ptrace; 0 where it is absent. */
static int yama_scope(void)
{
	_cleanup_fd_ int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	char text[8] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	return (int)strtol(text, NULL, 10);
}

static bool may_trace_anything(void)
{
	_cleanup_free_ char *status = NULL;
	struct hs_error *err = hs_proc_read(getpid(), "status", &status, NULL);
	unsigned long long effective = 0;
	const char *at;

	if (err) {
		hs_error_destroy(err);
		return false;
	}
	at = strstr(status, "\nCapEff:");
	if (at)
		sscanf(at, "\nCapEff: %llx", &effective);
	return effective >> CAP_SYS_PTRACE_BIT & 1;
}

static struct hs_error *refused(pid_t pid, const char *why)
{
	return hs_error_create(HS_ERROR_PERMISSION, "process %d: not allowed to read it: %s",
			       (int)pid, why);
}

struct hs_error *hs_process_refused(pid_t pid)
{
	struct hs_error *err = hs_process_alive(pid);
	uint64_t tracer = 0;
	uint64_t owner;

	if (err) {
		hs_error_destroy(err);
		return hs_error_create(HS_ERROR_GONE, "process %d: it has ended", (int)pid);
	}

	if (hs_proc_status_field(pid, "TracerPid", &tracer) && tracer)
		return hs_error_create(HS_ERROR_PERMISSION,
				       "process %d: it is being traced by process %llu already "
				       "(a debugger, strace?); end that first",
				       (int)pid, (unsigned long long)tracer);
	if (may_trace_anything())
		return refused(pid, "a security module or a sandbox forbids it although we have "
				    "CAP_SYS_PTRACE; see the kernel's log");
	if (hs_proc_status_field(pid, "Uid", &owner) && owner != geteuid())
		return hs_error_create(
			HS_ERROR_PERMISSION,
			"process %d: it belongs to user %llu and we are user %u; run "
			"heapsnap with sudo or as that user",
			(int)pid, (unsigned long long)owner, (unsigned int)geteuid());
	switch (yama_scope()) {
	case 0:
		break;
	case 1:
		return refused(pid, "Yama lets only parents trace (kernel.yama.ptrace_scope is 1); "
				    "run heapsnap with sudo, or set it to 0 with sysctl");
	case 2:
		return refused(pid, "Yama lets only administrators trace "
				    "(kernel.yama.ptrace_scope is 2); run heapsnap with sudo");
	default:
		return refused(pid, "Yama forbids all tracing until the next boot "
				    "(kernel.yama.ptrace_scope is 3)");
	}
	return refused(pid,
		       "it has raised its privileges or switched off core dumps, or runs under "
		       "other credentials; run heapsnap with sudo or give it CAP_SYS_PTRACE");
}
