/* SPDX-License-Identifier: MIT */
/* freeze.h: the memory of a process as it is at one moment. */
#ifndef HS_MEMORY_FREEZE_H
#define HS_MEMORY_FREEZE_H

#include "libsnap/memory/fork.h"
#include "libsnap/memory/headroom.h"
#include "libsnap/memory/phases.h"
#include "libsnap/memory/process.h"

struct hs_freeze_options {
	const struct hs_maps *maps;	 /* of the process, of a moment ago */
	const struct hs_fork_plan *plan; /* NULL: stop it until the copy is done */
	/* Both outlive what is frozen. */
	bool only_fork;		  /* fail rather than do that */
	uint32_t stop_timeout_ms; /* for its threads to stop */
	uint32_t stop_limit_ms;	  /* for the copy, if it is stopped meanwhile */
	/* Called when it stands still: whether the moment is a good one.  May read it. */
	bool (*ready)(void *context);
	void *context;
	struct hs_phases *phases; /* may be NULL; outlives what is frozen */
};

struct hs_freeze_facts {
	bool ready;
	bool forked;
	const char *reason;  /* why it was not forked, though there was a plan; or NULL */
	uint64_t pause_ns;   /* how long it stood still */
	uint64_t unreadable; /* pages that could not be copied */
};

/* A fork that is still there, for the image to be filled from.  All zero: none. */
struct hs_frozen {
	struct hs_fork fork;
	struct hs_process *process; /* of the fork */
	struct hs_process *parent;  /* that has to take note of it, not owned; NULL: nobody */
	const struct hs_maps *maps; /* for that, as the next two */
	const struct hs_fork_plan *plan;
	uint32_t stop_timeout_ms;
	uint32_t limit_ms; /* how long it may be read */
	uint64_t deadline;
	struct hs_phases *phases;
	struct hs_memory_watch watch; /* starved: nothing more is read */
};

/*
 * Have what is worth it of @process in @image: from a fork that is made of it while it stands still
 * for a moment, or, where that cannot be, copied while it stands still.  If @ready says no, nothing
 * is.  Errors: those of hs_process_stop() and hs_process_copy(); the process goes on.
 *
 * A fork lives on in @frozen, which must stay where it is, until hs_frozen_end(); @image reads from
 * it what is wanted.  That costs the target a copy of each page that it writes to meanwhile, so
 * after a minute, or ten if the image lies in a file, nothing more can be read.  Nor can it when
 * there is hardly any memory left for this program: rather than be killed, or have another killed,
 * it is to say so.
 *
 * If the target has to take note of the fork's end, the signals that ask this program to end wait
 * for that in the calling thread, and nothing more is read once there is one.
 */
struct hs_error *hs_freeze(struct hs_process *process, struct hs_image *image,
			   const struct hs_freeze_options *options, struct hs_freeze_facts *ret,
			   struct hs_frozen *frozen) HS_MUST_CHECK;

/* That time begins now: several forks may have been made, to be read one after the other. */
void hs_frozen_renew(struct hs_frozen *frozen);

/* End the fork, if there is one; @image has then what was read until now. */
void hs_frozen_end(struct hs_frozen *frozen, struct hs_image *image);

#endif
