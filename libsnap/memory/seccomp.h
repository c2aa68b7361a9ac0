/* SPDX-License-Identifier: MIT */
/* seccomp.h: what the seccomp filters of a stopped thread would say to a system call. */
#ifndef HS_MEMORY_SECCOMP_H
#define HS_MEMORY_SECCOMP_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum hs_seccomp_answer {
	HS_SECCOMP_ALLOWS,
	HS_SECCOMP_REFUSES, /* it would fail, or the process be killed */
	HS_SECCOMP_UNKNOWN, /* the filters cannot be read: that takes CAP_SYS_ADMIN */
};

/*
 * Whether all filters of thread @tid, which is stopped and traced by us, would let each of the
 * @count calls pass.
 */
enum hs_seccomp_answer hs_seccomp_ask(pid_t tid, const struct seccomp_data *calls, size_t count);

/*
 * What the filter @program returns for @call (SECCOMP_RET_...).  Programs of classic BPF as the
 * kernel accepts them for seccomp: jumps lead forward, so that they end.  What is not such a
 * program kills: SECCOMP_RET_KILL_PROCESS.
 */
uint32_t hs_seccomp_run(const struct sock_filter *program, size_t length,
			const struct seccomp_data *call);

#endif
