/* SPDX-License-Identifier: MIT */
/* map32.c: a hash map from 32-bit numbers to 32-bit numbers. */
#include "libsnap/python/map32.h"

#include <stdlib.h>
#include <string.h>

enum {
	MIN_CAPACITY = 64,
};

/* Fibonacci hashing: multiply by 2^32 over the golden ratio, keep the high bits. */
static size_t home(const struct hs_map32 *map, uint32_t key)
{
	return (size_t)(((uint64_t)key * 0x9e3779b97f4a7c15u) >> 32) & (map->capacity - 1);
}

static uint32_t *slot_of(const struct hs_map32 *map, uint32_t key)
{
	size_t i = home(map, key);

	while (map->slots[2 * i] != UINT32_MAX && map->slots[2 * i] != key)
		i = (i + 1) & (map->capacity - 1);
	return &map->slots[2 * i];
}

static bool rehash(struct hs_map32 *map)
{
	struct hs_map32 grown = {
		.capacity = map->capacity ? 2 * map->capacity : MIN_CAPACITY,
		.size = map->size,
	};

	grown.slots = malloc(grown.capacity * 2 * sizeof(*grown.slots));
	if (!grown.slots)
		return false;
	memset(grown.slots, 0xff, grown.capacity * 2 * sizeof(*grown.slots));
	for (size_t i = 0; i < map->capacity; i++) {
		uint32_t *slot;

		if (map->slots[2 * i] == UINT32_MAX)
			continue;
		slot = slot_of(&grown, map->slots[2 * i]);
		slot[0] = map->slots[2 * i];
		slot[1] = map->slots[2 * i + 1];
	}
	free(map->slots);
	*map = grown;
	return true;
}

bool hs_map32_put(struct hs_map32 *map, uint32_t key, uint32_t value)
{
	uint32_t *slot;

	if (map->size * 4 >= map->capacity * 3 && !rehash(map))
		return false;
	slot = slot_of(map, key);
	if (slot[0] == UINT32_MAX)
		map->size++;
	slot[0] = key;
	slot[1] = value;
	return true;
}

uint32_t hs_map32_get(const struct hs_map32 *map, uint32_t key)
{
	const uint32_t *slot;

	if (!map->capacity)
		return UINT32_MAX;
	slot = slot_of(map, key);
	return slot[0] == key ? slot[1] : UINT32_MAX;
}

void hs_map32_deinit(struct hs_map32 *map)
{
	free(map->slots);
	*map = (struct hs_map32){0};
}
