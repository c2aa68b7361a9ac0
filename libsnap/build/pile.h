/* SPDX-License-Identifier: MIT */
/* pile.h: a column that grows, kept small until it is whole. */
#ifndef HS_BUILD_PILE_H
#define HS_BUILD_PILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values that are packed together: the blocks of a dozen columns fit the processor's cache. */
enum { HS_PILE_BLOCK = 1024 };

/*
 * Numbers, most of which fit few bytes.  What is pushed is gathered in a block; a full block is
 * packed: its least value, then of each value how much larger it is, in as many bytes as most of
 * them take, and apart those that take more.
 *
 *   slab  | block | block | ... |     1 MiB; what a block does not use is the next one's
 *   block | least 8 | exceptions 2 | width 1 | values: width each | position 2, value 8 | ...
 */
struct hs_pile {
	bool deltas; /* keep differences: for what does not lie about one value, but runs along */
	struct hs_spill *spill; /* where the slabs lie, not owned; NULL: in memory */
	uint64_t last;
	uint64_t *block; /* being filled; NULL: nothing was pushed yet */
	uint64_t *next;	 /* where in it the next value goes */
	uint64_t *end;	 /* of it */
	uint64_t packed; /* values in the slabs */
	struct hs_pile_slab *first;
	struct hs_pile_slab *tail;
};

void hs_pile_deinit(struct hs_pile *pile);

/* The part of hs_pile_push() for a block that is full, or the first; false if memory ran out. */
bool hs_pile_turn(struct hs_pile *pile);

/* Values in all. */
static inline uint64_t hs_pile_count(const struct hs_pile *pile)
{
	return pile->block ? pile->packed + (uint64_t)(pile->next - pile->block) : 0;
}

/* Append @value; false if memory ran out. */
static inline bool hs_pile_push(struct hs_pile *pile, uint64_t value)
{
	if (__builtin_expect(pile->next == pile->end, 0) && !hs_pile_turn(pile))
		return false;
	*pile->next++ = value;
	return true;
}

/* Write all values to @to, an array of elements of @size bytes (1, 2, 4 or 8), and forget them. */
void hs_pile_take(struct hs_pile *pile, void *to, size_t size);

#endif
