/* SPDX-License-Identifier: MIT */
/* strtab.c: an open-addressing hash table over an array of strings. */
#include "format/base/strtab.h"

#include "format/base/hash.h"
#include "format/base/str.h"
#include <xxhash.h>

enum { FIRST_SLOTS = 256 };

bool hs_strtab_init(struct hs_strtab *table, struct hs_arena *arena)
{
	uint32_t empty;

	*table = (struct hs_strtab){.arena = arena, .seed = hs_hash_seed()};
	table->slots = calloc(FIRST_SLOTS, sizeof(*table->slots));
	if (!table->slots)
		return false;
	table->slot_count = FIRST_SLOTS;
	if (hs_strtab_intern(table, hs_str_of(""), &empty))
		return true;
	hs_strtab_deinit(table);
	return false;
}

void hs_strtab_deinit(struct hs_strtab *table)
{
	hs_vector_deinit(&table->strings);
	free(table->slots);
	*table = (struct hs_strtab){0};
}

/* The slot of @str, or the free slot where it belongs. */
static size_t find_slot(const struct hs_strtab *table, struct hs_str str)
{
	size_t mask = table->slot_count - 1;
	uint64_t hash = XXH3_64bits_withSeed(str.size ? str.data : "", str.size, table->seed);
	size_t slot = (size_t)hash & mask;

	while (table->slots[slot] &&
	       !hs_str_equal(table->strings.data[table->slots[slot] - 1], str))
		slot = (slot + 1) & mask;
	return slot;
}

static bool grow(struct hs_strtab *table)
{
	size_t count = table->slot_count * 2;
	uint32_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return false;
	free(table->slots);
	table->slots = slots;
	table->slot_count = count;
	for (size_t i = 0; i < table->strings.size; i++)
		slots[find_slot(table, table->strings.data[i])] = (uint32_t)i + 1;
	return true;
}

bool hs_strtab_intern(struct hs_strtab *table, struct hs_str str, uint32_t *ret)
{
	size_t slot = find_slot(table, str);
	struct hs_str copy;

	if (table->slots[slot]) {
		*ret = table->slots[slot] - 1;
		return true;
	}
	if (table->strings.size >= UINT32_MAX - 1)
		return false;
	if (table->strings.size * 2 >= table->slot_count) {
		if (!grow(table))
			return false;
		slot = find_slot(table, str);
	}
	if (!hs_arena_str(table->arena, str, &copy) || !hs_vector_push(&table->strings, copy))
		return false;
	table->slots[slot] = (uint32_t)table->strings.size;
	*ret = (uint32_t)table->strings.size - 1;
	return true;
}
