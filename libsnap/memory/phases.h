/* SPDX-License-Identifier: MIT */
/* phases.h: where the time of a capture goes. */
#ifndef HS_MEMORY_PHASES_H
#define HS_MEMORY_PHASES_H

#include "libsnap/memory/proc.h"

#include <stddef.h>

enum hs_phase_name {
	HS_PHASE_OTHER, /* what has no name of its own */
	HS_PHASE_STOP,	/* until all threads stand still */
	HS_PHASE_CLONE, /* making the fork, and letting the target go on */
	HS_PHASE_COPY,	/* reading pages; of a fork that is done in between, not while it stops */
	HS_PHASE_FIND,	/* beginning to read: is it what it should be? */
	HS_PHASE_WALK,	/* the collector's lists */
	HS_PHASE_PARSE, /* objects and their references */
	HS_PHASE_PYMALLOC, /* arenas, blocks, and what is in those that nothing leads to */
	HS_PHASE_BUILD,	   /* putting the tables in order */
	HS_PHASE_COUNT,
};

/* A clock that is always in one phase.  All zero: none has begun. */
struct hs_phases {
	enum hs_phase_name now;
	uint64_t since; /* nanoseconds of the monotonic clock */
	uint64_t ns[HS_PHASE_COUNT];
};

/* From now on it is @phase; the one that it was.  @phases may be NULL. */
static inline enum hs_phase_name hs_phases_enter(struct hs_phases *phases, enum hs_phase_name phase)
{
	enum hs_phase_name before;
	uint64_t now;

	if (!phases)
		return HS_PHASE_OTHER;
	before = phases->now;
	now = hs_clock_monotonic();
	if (phases->since)
		phases->ns[before] += now - phases->since;
	phases->since = now;
	phases->now = phase;
	return before;
}

#endif
