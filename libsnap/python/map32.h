/* SPDX-License-Identifier: MIT */
/* map32.h: a hash map from 32-bit numbers to 32-bit numbers. */
#ifndef HS_PYTHON_MAP32_H
#define HS_PYTHON_MAP32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open addressing with linear probing; the key UINT32_MAX is not allowed. All zero: empty. */
struct hs_map32 {
	uint32_t *slots; /* key, value, key, value, ... */
	size_t capacity; /* a power of two */
	size_t size;
};

/* Set the value of @key; false if memory ran out. */
bool hs_map32_put(struct hs_map32 *map, uint32_t key, uint32_t value);

/* The value of @key, UINT32_MAX if it has none. */
uint32_t hs_map32_get(const struct hs_map32 *map, uint32_t key);

void hs_map32_deinit(struct hs_map32 *map);

#endif
