/* SPDX-License-Identifier: MIT */
/* dominators.h: the dominator tree and retained sizes. */
#ifndef HS_GRAPH_DOMINATORS_H
#define HS_GRAPH_DOMINATORS_H

#include "libsnap/graph/referrers.h"
#include "libsnap/graph/search.h"

/* What heapsnap/graph.h says of hs_graph_dominator() and so on, by object. */
struct hs_dominators {
	hs_id *dominator;   /* HS_NONE: nothing but what is alive by itself, or nothing at all */
	uint64_t *retained; /* bytes */
	hs_id *held;	    /* objects that it dominates, itself included */
	hs_id reached;	    /* how many objects are not garbage */
	uint64_t *begins;   /* a bit per object: below nothing: see hs_search, and all that is alive
			       by itself or lost */
	uint64_t *part[HS_PART_COUNT]; /* bits: those of that part; NULL: none, or HS_HELD */
};

/*
 * @sizes are by object.  The work is done by two threads if @jobs is more than 1, the other one
 * filling in @referrers; what comes out is the same.  hs_dominators_deinit() and
 * hs_referrers_deinit() free what there is, also after a failure.
 */
struct hs_error *hs_dominators_init(struct hs_dominators *dominators,
				    struct hs_referrers *referrers,
				    const struct hs_holding *holding, const uint64_t *sizes,
				    unsigned int jobs) HS_MUST_CHECK;
void hs_dominators_deinit(struct hs_dominators *dominators);

static inline enum hs_part hs_dominators_part(const struct hs_dominators *dominators, hs_id object)
{
	enum hs_part part = HS_GARBAGE;

	while (part > HS_HELD &&
	       !(dominators->part[part] && hs_bit(dominators->part[part], object)))
		part--;
	return part;
}

/* What would go if the @count objects @set went: bytes (of @sizes), and objects. */
bool hs_dominators_retained_set(const struct hs_dominators *dominators,
				const struct hs_holding *holding, const uint64_t *sizes,
				const hs_id *set, size_t count, uint64_t *bytes, hs_id *objects);

#endif
