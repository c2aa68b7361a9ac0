/* SPDX-License-Identifier: MIT */
/* pymalloc.h: the interpreter's allocator of small blocks, seen from outside. */
#ifndef HS_PYTHON_PYMALLOC_H
#define HS_PYTHON_PYMALLOC_H

#include "libsnap/python/python.h"

/*
 * Requests of up to 512 bytes are served from pools of equal blocks, pools lie in arenas:
 *
 *   arena  |  | pool | pool | pool | pool |........... |  |
 *            ^ first_pool                 ^ untouched    ^ what is no whole pool
 *   pool   | header 48 | block | block | block |...... | |
 *                                              ^ carved ^ what is no whole block
 *
 * Blocks up to `carved` were handed out before; those of them that are free now form a list.  (The
 * layout is the same in 3.8 to 3.15 but for the sizes of arenas and pools.)
 */
enum {
	HS_POOL_HEADER_SIZE = 48,
	HS_SMALL_BLOCK_MAX = 512,
	HS_DEBUG_PREFIX = 16, /* bytes that debug hooks put before what was asked for */
};

/* Of the pools of CPython 3.@minor. */
static inline uint64_t hs_pool_size(uint32_t minor)
{
	return minor < 10 ? 4 << 10 : 16 << 10;
}

/* What live blocks are used for, as far as it was found out. */
enum hs_block_use {
	HS_BLOCK_OBJECT,    /* an object of the snapshot */
	HS_BLOCK_BUFFER,    /* belongs to one: a list's items, a dict's keys */
	HS_BLOCK_STRUCTURE, /* the interpreter's data, or an extension's, points to it */
	HS_BLOCK_PARKED,    /* an object that is no more, kept by the interpreter for use again */
	HS_BLOCK_USES,
};

struct hs_pool {
	hs_addr address;
	uint16_t block_size;
	uint16_t carved;
	uint16_t live; /* carved blocks that are not free */
	uint16_t uses[HS_BLOCK_USES];
};

struct hs_pyarena {
	hs_addr address;
	uint64_t size;
	hs_addr first_pool;
	hs_addr untouched; /* from here on there are no pools yet */
	uint32_t index;	   /* in the allocator's own array, as its pools know it */
	uint32_t first;	   /* its pools in use are pools[first .. first + count - 1] */
	uint32_t count;
	uint32_t free_pools; /* that were in use before */
};

struct hs_pymalloc {
	uint64_t pool_size;
	uint64_t arena_size;		     /* usually; what an arena says of itself counts */
	HS_VECTOR(struct hs_pyarena) arenas; /* by address */
	HS_VECTOR(struct hs_pool) pools;     /* those in use, by address */
	uint32_t *pool_of_slot;		     /* by slot of the image: its pool + 1; 0: none */
	/*
	 * Granules at which live blocks begin that nobody has taken yet; outside pools, those at
	 * which blocks begin that have been taken.
	 */
	struct hs_bitmap blocks;
	uint32_t prefix; /* of every block: HS_DEBUG_PREFIX or 0 */
};

/*
 * Find the arenas, walk their pools and note which blocks are live: python->pymalloc.  Where
 * pymalloc is not in use there are no arenas.  False if memory ran out.
 */
bool hs_pymalloc_read(struct hs_python *python);
void hs_pymalloc_destroy(struct hs_pymalloc *pymalloc);

/*
 * Add the arenas that the array of struct arena_object at @array tells of, its first @count
 * elements; what does not make sense is left out.  False if memory ran out.
 */
bool hs_pymalloc_add_arenas(struct hs_python *python, hs_addr array, uint64_t count);

/*
 * Find arenas by what pools look like, for versions where nothing else leads to them.  False if
 * memory ran out.
 */
bool hs_pymalloc_search(struct hs_python *python);

/* The header of a pool. */
struct hs_pool_header {
	uint32_t live;
	uint32_t arena;
	uint32_t block_size;
	uint32_t carved;
	hs_addr freeblock;
};

/* The same from the HS_POOL_HEADER_SIZE bytes at @at; false if that is no pool that was ever used.
 */
bool hs_pool_header_parse(const uint8_t *at, hs_addr address, uint64_t pool_size,
			  struct hs_pool_header *ret);

/* The header of the pool in use at @address; false if there is none. */
bool hs_pool_header_read(const struct hs_python *python, hs_addr address,
			 struct hs_pool_header *ret);

/* The pool that contains @granule, NULL if none does. */
static inline struct hs_pool *hs_pool_of(const struct hs_pymalloc *pymalloc, uint32_t granule)
{
	uint32_t number = pymalloc->pool_of_slot[granule / HS_GRANULES_PER_PAGE];

	return number ? &pymalloc->pools.data[number - 1] : NULL;
}

#endif
