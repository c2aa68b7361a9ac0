/* SPDX-License-Identifier: MIT */
/* bits.h: one bit for each object or reference. */
#ifndef HS_GRAPH_BITS_H
#define HS_GRAPH_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* @count bits, all 0, to be given to free(); NULL if memory ran out. */
static inline uint64_t *hs_bits_create(uint64_t count)
{
	return calloc((size_t)(count / 64 + 1), sizeof(uint64_t));
}

static inline bool hs_bit(const uint64_t *bits, uint64_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static inline void hs_bit_set(uint64_t *bits, uint64_t i)
{
	bits[i / 64] |= (uint64_t)1 << i % 64;
}

#endif
