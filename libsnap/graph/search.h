/* SPDX-License-Identifier: MIT */
/* search.h: numbering objects depth first, each part of them by itself. */
#ifndef HS_GRAPH_SEARCH_H
#define HS_GRAPH_SEARCH_H

#include "libsnap/graph/holding.h"

/*
 * A depth-first spanning tree over references that hold.  Numbers are given in the order in which
 * objects are found, from 1 on; 0 is above all that begins a tree:
 *
 *	0 ─┬─ 1 ── 2 ─┬─ 3        what holds live objects
 *	   │          └─ 4
 *	   ├─ 5 ...               up to number held[HS_HELD]
 *	   ├─ ...                 held[HS_LISTED]: reached by roots all the same
 *	   └─ ...                 held[HS_GARBAGE]: all
 *
 * References from a later part to an earlier one hold nothing: garbage keeps nothing alive.
 */
enum hs_part {
	HS_HELD,    /* reached from what is alive by itself */
	HS_LISTED,  /* what idle references alone lead to: listed strings */
	HS_GARBAGE, /* not reached; it begins with what is lost or never freed, then as few others
		       as possible */
	HS_PART_COUNT,
};

struct hs_search {
	const struct hs_holding *holding;
	hs_id *number;		  /* by object; 0: not yet */
	hs_id *object;		  /* by number, as the following */
	hs_id *parent;		  /* a number */
	hs_id *work;		  /* for whoever wants it, after the search */
	hs_id end[HS_PART_COUNT]; /* the last number of each part */
};

/* hs_search_deinit() frees @search, also after a failure. */
struct hs_error *hs_search_init(struct hs_search *search,
				const struct hs_holding *holding) HS_MUST_CHECK;
void hs_search_deinit(struct hs_search *search);

/* The last number of the part that @number is in. */
static inline hs_id hs_search_part_end(const struct hs_search *search, hs_id number)
{
	hs_id part = 0;

	while (number > search->end[part])
		part++;
	return search->end[part];
}

#endif
