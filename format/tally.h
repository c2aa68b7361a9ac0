/* SPDX-License-Identifier: MIT */
/* tally.h: how often the references of a block lead to the same targets. */
#ifndef HS_FORMAT_TALLY_H
#define HS_FORMAT_TALLY_H

#include "format/base/vector.h"
#include "format/layout.h"

#include <heapsnap/snapshot.h>
#include <stdbool.h>
#include <stdint.h>

/* A target, and how often it was counted; in the end its code (HS_EDGE_CODES). */
struct hs_tally_entry {
	hs_id target;
	uint32_t count;
};

/* Zeroed memory is empty. */
struct hs_tally {
	HS_VECTOR(struct hs_tally_entry) entries; /* in the order in which they first occurred */
	uint32_t *table;			  /* by hash: number of the entry + 1, or 0 */
	unsigned int bits;			  /* of the table's size */
	HS_VECTOR(uint32_t) frequent;		  /* entries, those counted most often first */
};

void hs_tally_deinit(struct hs_tally *tally);

/* Begin anew; false if memory ran out. */
bool hs_tally_begin(struct hs_tally *tally);

/* Count @target; @entry receives the number of its entry.  False if memory ran out. */
bool hs_tally_count(struct hs_tally *tally, hs_id target, uint32_t *entry);

/*
 * List the targets that were counted HS_FREQUENT times, and put codes in the place of all counts:
 * HS_EDGE_CODES + the place in the list, or HS_EDGE_JUMP.  False if memory ran out.
 */
bool hs_tally_rank(struct hs_tally *tally);

#endif
