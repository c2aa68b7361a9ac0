/* SPDX-License-Identifier: MIT */
/* order.h: the ordinals of a graph's objects, as the specification defines them. */
#ifndef HS_FORMAT_ORDER_H
#define HS_FORMAT_ORDER_H

#include <heapsnap/snapshot.h>

/* A graph whose objects are numbered in any order. */
struct hs_order_graph {
	hs_id count;
	const hs_addr *address;
	const uint64_t *first_edge; /* count + 1 */
	const hs_id *edges;	    /* each below count */
	const struct hs_root *roots;
	size_t root_count;
	struct hs_spill *spill; /* where it lies, not owned; NULL: in memory */
};

/*
 * Compute which object comes at which ordinal: breadth first from the roots in their order, then
 * from what is left by ascending address.  *@identity tells whether the objects are in that order
 * already; *@ret is then NULL, else an array of the @graph->count objects by ordinal, owned by the
 * caller.
 */
struct hs_error *hs_order_compute(const struct hs_order_graph *graph, bool *identity,
				  hs_id **ret) HS_MUST_CHECK;

#endif
