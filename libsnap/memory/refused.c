/* SPDX-License-Identifier: MIT */
/* refused.c: what stands in the way of reading a process. */
#include "libsnap/memory/refused.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/process.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum {
	CAP_SYS_PTRACE_BIT = 19, /* linux/capability.h */
};

/* The start of the file @root/proc/@name, as a string; empty if it cannot be read. */
static void read_start(const char *root, const char *name, char *buffer, size_t size)
{
	char path[PATH_MAX];
	_cleanup_fd_ int fd = -1;
	ssize_t n = 0;

	if (snprintf(path, sizeof(path), "%s/proc/%s", root, name) < (int)sizeof(path))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, buffer, size - 1);
	buffer[n > 0 ? n : 0] = '\0';
}

/* The number behind @key of a text like /proc/PID/status; @otherwise if there is none. */
static uint64_t status_number(const char *status, const char *key, int base, uint64_t otherwise)
{
	const char *at = strstr(status, key);

	return at ? strtoull(at + strlen(key), NULL, base) : otherwise;
}

/* Whether the namespace @name of the two processes is another; false if that cannot be seen. */
static bool other_namespace(const char *root, pid_t pid, const char *name)
{
	char path[PATH_MAX];
	char theirs[64];
	char ours[64];
	ssize_t n, m;

	snprintf(path, sizeof(path), "%s/proc/%d/ns/%s", root, (int)pid, name);
	n = readlink(path, theirs, sizeof(theirs));
	snprintf(path, sizeof(path), "%s/proc/self/ns/%s", root, name);
	m = readlink(path, ours, sizeof(ours));
	return n > 0 && m > 0 && (n != m || memcmp(theirs, ours, (size_t)n) != 0);
}

void hs_trace_facts_read(const char *root, pid_t pid, struct hs_trace_facts *ret)
{
	char status[4096];
	char yama[8];
	char name[32];

	*ret = (struct hs_trace_facts){.pid = pid, .uid = geteuid()};
	read_start(root, "self/status", status, sizeof(status));
	ret->may_trace_anything =
		status_number(status, "\nCapEff:", 16, 0) >> CAP_SYS_PTRACE_BIT & 1;
	snprintf(name, sizeof(name), "%d/status", (int)pid);
	read_start(root, name, status, sizeof(status));
	ret->tracer = status_number(status, "\nTracerPid:", 10, 0);
	ret->owner = status_number(status, "\nUid:", 10, ret->uid);
	ret->elsewhere = other_namespace(root, pid, "pid") || other_namespace(root, pid, "user");
	read_start(root, "sys/kernel/yama/ptrace_scope", yama, sizeof(yama));
	ret->yama = (int)strtol(yama, NULL, 10);
}

static struct hs_error *refused(const struct hs_trace_facts *facts, const char *why)
{
	return hs_error_create(HS_ERROR_PERMISSION, "process %d: not allowed to read it: %s",
			       (int)facts->pid, why);
}

static struct hs_error *refused_by_yama(const struct hs_trace_facts *facts)
{
	switch (facts->yama) {
	case 1:
		return refused(facts,
			       "Yama lets only parents trace (kernel.yama.ptrace_scope is 1); "
			       "run heapsnap with sudo, or set it to 0 with sysctl");
	case 2:
		return refused(facts, "Yama lets only administrators trace "
				      "(kernel.yama.ptrace_scope is 2); run heapsnap with sudo");
	default:
		return refused(facts, "Yama forbids all tracing until the next boot "
				      "(kernel.yama.ptrace_scope is 3)");
	}
}

struct hs_error *hs_trace_refused(const struct hs_trace_facts *facts)
{
	if (facts->tracer)
		return hs_error_create(HS_ERROR_PERMISSION,
				       "process %d: it is being traced by process %llu already "
				       "(a debugger, strace?); end that first",
				       (int)facts->pid, (unsigned long long)facts->tracer);
	if (facts->yama >= 3)
		return refused_by_yama(facts);
	if (facts->may_trace_anything)
		return refused(facts,
			       "a security module or a sandbox forbids it although we have "
			       "CAP_SYS_PTRACE; see the kernel's log (docker: --security-opt "
			       "apparmor=unconfined or seccomp=unconfined)");
	if (facts->owner != facts->uid)
		return hs_error_create(
			HS_ERROR_PERMISSION,
			"process %d: it belongs to user %llu and we are user %u; run "
			"heapsnap with sudo or as that user%s",
			(int)facts->pid, (unsigned long long)facts->owner, (unsigned int)facts->uid,
			facts->uid ? ""
				   : " (root here lacks CAP_SYS_PTRACE; docker: "
				     "--cap-add SYS_PTRACE; kubernetes: "
				     "securityContext.capabilities.add)");
	if (facts->yama)
		return refused_by_yama(facts);
	if (facts->elsewhere)
		return refused(facts,
			       "it lives in another namespace (a container?), for which we lack "
			       "CAP_SYS_PTRACE; run heapsnap with sudo on the host, or in the "
			       "container (docker: --cap-add SYS_PTRACE)");
	if (!facts->uid)
		return refused(
			facts,
			"root here lacks CAP_SYS_PTRACE, which it takes to read a process that "
			"has more privileges (docker: --cap-add SYS_PTRACE; kubernetes: "
			"securityContext.capabilities.add)");
	return refused(facts,
		       "it has raised its privileges or switched off core dumps, or runs under "
		       "other credentials; run heapsnap with sudo or give it CAP_SYS_PTRACE");
}

struct hs_error *hs_process_refused(pid_t pid)
{
	struct hs_error *err = hs_process_alive(pid);
	struct hs_trace_facts facts;

	if (err) {
		hs_error_destroy(err);
		return hs_error_create(HS_ERROR_GONE, "process %d: it has ended", (int)pid);
	}
	hs_trace_facts_read("", pid, &facts);
	return hs_trace_refused(&facts);
}
