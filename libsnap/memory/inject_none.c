/* SPDX-License-Identifier: MIT */
/* inject_none.c: machines on which no calls are injected: processes are stopped for the copy. */
#include "libsnap/memory/inject.h"

#if !HS_INJECTS

bool hs_gadgets_find(pid_t pid, const struct hs_maps *maps, struct hs_gadgets *ret)
{
	(void)pid;
	(void)maps;
	(void)ret;
	return false;
}

const char *hs_injection_begin(struct hs_injection *injection, pid_t pid,
			       const struct hs_stopped_thread *thread, const struct hs_maps *maps,
			       const struct hs_gadgets *gadgets)
{
	(void)injection;
	(void)pid;
	(void)thread;
	(void)maps;
	(void)gadgets;
	return "it cannot be made to fork on such a machine";
}

bool hs_injection_call(struct hs_injection *injection, uint64_t number, const uint64_t arguments[5],
		       enum hs_injection_next next, hs_injection_event_fn *event, void *context,
		       int64_t *ret)
{
	(void)injection;
	(void)number;
	(void)arguments;
	(void)next;
	(void)event;
	(void)context;
	(void)ret;
	return false;
}

bool hs_injection_end(struct hs_injection *injection)
{
	return !injection->changed;
}

hs_addr hs_injection_grandchild_stack(const struct hs_injection *injection)
{
	(void)injection;
	return 0;
}

hs_addr hs_injection_child_stack(const struct hs_injection *injection)
{
	(void)injection;
	return 0;
}

hs_addr hs_injection_scratch(const struct hs_injection *injection)
{
	(void)injection;
	return 0;
}

hs_addr hs_injection_wait_for(const struct hs_injection *injection)
{
	(void)injection;
	return 0;
}

#endif
