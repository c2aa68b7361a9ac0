/* SPDX-License-Identifier: MIT */
/* arena.h: many small allocations, freed all at once. */
#ifndef HS_BASE_ARENA_H
#define HS_BASE_ARENA_H

#include <heapsnap/snapshot.h>

/* What is allocated lives as long as the arena.  Not safe for several threads at once. */
struct hs_arena;

/* A new arena, owned by the caller; NULL if memory ran out. */
struct hs_arena *hs_arena_create(void);
void hs_arena_destroy(struct hs_arena *arena);

/* @size bytes, aligned for any type and not initialised; NULL if memory ran out. */
void *hs_arena_alloc(struct hs_arena *arena, size_t size);

/* An array of @count elements of @size bytes, zeroed; NULL if memory ran out or it overflows. */
void *hs_arena_array(struct hs_arena *arena, size_t count, size_t size);

/* @size bytes copied from @data; NULL if memory ran out. */
void *hs_arena_copy(struct hs_arena *arena, const void *data, size_t size);

/*
 * Copy the bytes of @str, and a NUL behind them that does not count, and make *@ret the copy.
 * False if memory ran out.  @str may be *@ret.
 */
bool hs_arena_str(struct hs_arena *arena, struct hs_str str, struct hs_str *ret);

static inline void hs_arena_destroy_pointer(struct hs_arena **arena)
{
	hs_arena_destroy(*arena);
}

#define _cleanup_arena_ __attribute__((cleanup(hs_arena_destroy_pointer)))

#endif
