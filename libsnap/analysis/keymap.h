/* SPDX-License-Identifier: MIT */
/* keymap.h: small consecutive numbers for 64-bit keys. */
#ifndef HS_ANALYSIS_KEYMAP_H
#define HS_ANALYSIS_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open addressing; zeroed memory is an empty map. */
struct hs_keymap {
	uint64_t *keys;	 /* by number, in the order they came */
	uint32_t *slots; /* number + 1, 0 if free */
	uint32_t count;
	size_t key_room;
	size_t slot_count; /* a power of two, at least twice the count */
	uint64_t seed;	   /* of the hash */
};

void hs_keymap_deinit(struct hs_keymap *map);

/* The number of @key, which is added if it is new; false if memory ran out. */
bool hs_keymap_intern(struct hs_keymap *map, uint64_t key, uint32_t *ret);

/* The number of @key, UINT32_MAX if it is not there. */
uint32_t hs_keymap_find(const struct hs_keymap *map, uint64_t key);

#define _cleanup_keymap_ __attribute__((cleanup(hs_keymap_deinit)))

#endif
