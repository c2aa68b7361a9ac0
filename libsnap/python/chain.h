/* SPDX-License-Identifier: MIT */
/* chain.h: noticing that a linked list of the target goes round in circles. */
#ifndef HS_PYTHON_CHAIN_H
#define HS_PYTHON_CHAIN_H

#include <heapsnap/snapshot.h>

/*
 * Brent's algorithm: remember the node at every power of two steps; meeting it again is a circle.
 * Takes at most three times the circle's length.  All zero: at the start.
 */
struct hs_chain {
	hs_addr mark;
	uint64_t steps;
	uint64_t next_mark;
};

/* Go on to @node, which is not 0; false if the list has come to a circle. */
static inline bool hs_chain_step(struct hs_chain *chain, hs_addr node)
{
	if (node == chain->mark)
		return false;
	if (chain->steps++ == chain->next_mark) {
		chain->mark = node;
		chain->next_mark = 2 * chain->steps;
	}
	return true;
}

#endif
