/* SPDX-License-Identifier: MIT */
/* keymap.c: small consecutive numbers for 64-bit keys. */
#include "libsnap/analysis/keymap.h"

#include "format/base/hash.h"
#include "format/base/vector.h"

#include <stdlib.h>

void hs_keymap_deinit(struct hs_keymap *map)
{
	free(map->keys);
	free(map->slots);
	*map = (struct hs_keymap){0};
}

/* The slot that holds @key, or the free one where it would go. */
static size_t find_slot(const struct hs_keymap *map, uint64_t key)
{
	size_t mask = map->slot_count - 1;
	size_t slot = (size_t)hs_hash_u64(key, map->seed) & mask;

	while (map->slots[slot] && map->keys[map->slots[slot] - 1] != key)
		slot = (slot + 1) & mask;
	return slot;
}

static bool grow(struct hs_keymap *map)
{
	size_t slot_count = map->slot_count ? map->slot_count * 2 : 64;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));

	if (!slots)
		return false;
	if (!map->slot_count)
		map->seed = hs_hash_seed();
	free(map->slots);
	map->slots = slots;
	map->slot_count = slot_count;
	for (uint32_t i = 0; i < map->count; i++)
		map->slots[find_slot(map, map->keys[i])] = i + 1;
	return true;
}

bool hs_keymap_intern(struct hs_keymap *map, uint64_t key, uint32_t *ret)
{
	size_t slot;

	if (2 * ((size_t)map->count + 1) > map->slot_count && !grow(map))
		return false;
	slot = find_slot(map, key);
	if (!map->slots[slot]) {
		if (map->count == UINT32_MAX - 1 ||
		    !hs_vector_grow(&map->keys, &map->key_room, sizeof(*map->keys),
				    (size_t)map->count + 1))
			return false;
		map->keys[map->count++] = key;
		map->slots[slot] = map->count;
	}
	*ret = map->slots[slot] - 1;
	return true;
}

uint32_t hs_keymap_find(const struct hs_keymap *map, uint64_t key)
{
	uint32_t number = map->slot_count ? map->slots[find_slot(map, key)] : 0;

	return number ? number - 1 : UINT32_MAX;
}
