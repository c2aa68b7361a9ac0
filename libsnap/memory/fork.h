/* SPDX-License-Identifier: MIT */
/* fork.h: a frozen copy of a process, made by the kernel's own copy-on-write. */
#ifndef HS_MEMORY_FORK_H
#define HS_MEMORY_FORK_H

#include "libsnap/memory/inject.h"

/*
 * One thread of the stopped process is made to call clone(2).  The child shares nothing that could
 * be seen (no SIGCHLD, no wait() in the target reports it, files and locks stay as they are), never
 * runs an instruction, and is killed when its memory has been copied.
 *
 * As a rule there are two clones: the target's child, which shares its memory, makes the copy and
 * ends at once, so that the copy belongs to the system's init and no zombie is left, even if this
 * program is killed.  Where somebody would inherit the copy who may not expect it (the target
 * itself, if it is an init or a child subreaper; an application that is the init of a container)
 * there is one, which the target has to be stopped once more for, to take note of.
 */
struct hs_fork_plan {
	struct hs_gadgets gadgets;
	const char *unfit;     /* why there can be no fork, in a few words; NULL: there can */
	bool orphans_surprise; /* whoever would inherit the copy may be no init that takes any */
	bool filtered; /* by seccomp, as of now: the filters are asked when it stands still */
};

struct hs_fork {
	pid_t pid;	    /* of the copy, stopped and traced by us; 0: there is none */
	bool belongs_to_it; /* to the target: see hs_fork_reap() */
	pid_t number;	    /* as the target, perhaps in another namespace, knows the copy */
};

/* Look, before process @pid is stopped, whether it can be made to fork and how. */
void hs_fork_plan(pid_t pid, const struct hs_maps *maps, struct hs_fork_plan *ret);

/*
 * Make a copy of the process, which is stopped and stays so.  @maps are mappings of a moment ago.
 * Returns NULL and fills in *@ret, or says in a few words why that failed; the process is then as
 * it was before.
 */
const char *hs_fork_make(struct hs_stop *stop, const struct hs_maps *maps,
			 const struct hs_fork_plan *plan, struct hs_fork *ret);

/* Kill the copy. */
void hs_fork_kill(struct hs_fork *fork);

/* Have the process, which is stopped, take note of the end of a copy that belongs to it. */
void hs_fork_reap(struct hs_stop *stop, const struct hs_maps *maps, const struct hs_fork_plan *plan,
		  pid_t number);

#endif
