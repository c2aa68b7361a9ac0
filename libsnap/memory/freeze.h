/* SPDX-License-Identifier: MIT */
/* freeze.h: the memory of a process as it is at one moment. */
#ifndef HS_MEMORY_FREEZE_H
#define HS_MEMORY_FREEZE_H

#include "libsnap/memory/fork.h"
#include "libsnap/memory/process.h"

struct hs_freeze_options {
	const struct hs_maps *maps;	 /* of the process, of a moment ago */
	const struct hs_fork_plan *plan; /* NULL: stop it until the copy is done */
	bool only_fork;			 /* fail rather than do that */
	uint32_t stop_timeout_ms;	 /* for its threads to stop */
	uint32_t stop_limit_ms;		 /* for the copy, if it is stopped meanwhile */
	/* Called when it stands still: whether the moment is a good one.  May read it. */
	bool (*ready)(void *context);
	void *context;
};

struct hs_freeze_facts {
	bool ready;
	bool forked;
	const char *reason;  /* why it was not forked, though there was a plan; or NULL */
	uint64_t pause_ns;   /* how long it stood still */
	uint64_t unreadable; /* pages that could not be copied */
};

/*
 * Copy what is worth it of @process into @image: from a fork that is made of it while it stands
 * still for a moment, or, where that cannot be, while it stands still.  If @ready says no, nothing
 * is copied.  Errors: those of hs_process_stop() and hs_process_copy(); the process goes on.
 */
struct hs_error *hs_freeze(struct hs_process *process, struct hs_image *image,
			   const struct hs_freeze_options *options,
			   struct hs_freeze_facts *ret) HS_MUST_CHECK;

#endif
