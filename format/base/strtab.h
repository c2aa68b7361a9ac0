/* SPDX-License-Identifier: MIT */
/* strtab.h: strings by number, equal strings having equal numbers. */
#ifndef HS_BASE_STRTAB_H
#define HS_BASE_STRTAB_H

#include "format/base/arena.h"
#include "format/base/vector.h"

/* Number 0 is always the empty string.  Zeroed memory is a table that is not yet initialised. */
struct hs_strtab {
	struct hs_arena *arena; /* holds the bytes; not owned */
	HS_VECTOR(struct hs_str) strings;
	uint32_t *slots; /* open addressing: number + 1, 0 if free */
	size_t slot_count;
	uint64_t seed; /* of the hash */
};

/* False if memory ran out; hs_strtab_deinit() is then allowed, not necessary. */
bool hs_strtab_init(struct hs_strtab *table, struct hs_arena *arena);
void hs_strtab_deinit(struct hs_strtab *table);

/* The number of @str in *@ret, which is added if it is new; false if memory ran out. */
bool hs_strtab_intern(struct hs_strtab *table, struct hs_str str, uint32_t *ret);

#endif
