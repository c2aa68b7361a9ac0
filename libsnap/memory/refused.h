/* SPDX-License-Identifier: MIT */
/* refused.h: what stands in the way of reading a process. */
#ifndef HS_MEMORY_REFUSED_H
#define HS_MEMORY_REFUSED_H

#include <heapsnap/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* All that decides about it, gathered from /proc. */
struct hs_trace_facts {
	pid_t pid;
	uint64_t tracer;	 /* who traces the process already; 0: nobody */
	bool may_trace_anything; /* CAP_SYS_PTRACE */
	uint32_t uid;		 /* ours */
	uint64_t owner;		 /* the process's */
	bool elsewhere; /* it lives in a namespace of processes or users that is not ours */
	int yama;	/* kernel.yama.ptrace_scope; 0 also where there is no Yama */
};

/* @root is "" but in tests: the folder that has another proc/. */
void hs_trace_facts_read(const char *root, pid_t pid, struct hs_trace_facts *ret);

/* HS_ERROR_PERMISSION, with the cause and what to do about it, as these facts explain a refusal. */
struct hs_error *hs_trace_refused(const struct hs_trace_facts *facts) HS_MUST_CHECK;

#endif
