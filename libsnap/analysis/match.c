/* SPDX-License-Identifier: MIT */
/* match.c: which objects of two snapshots are the same. */
#include "libsnap/analysis/side.h"

#include "format/base/hash.h"
#include "format/base/huge.h"

#include <stdlib.h>
#include <string.h>

enum {
	AHEAD = 16, /* lookups whose memory is asked for in advance */
};

/* Objects of a snapshot by address: open addressing, ordinal + 1. */
struct addresses {
	const hs_addr *address;
	uint32_t *slots;
	size_t mask;
	uint64_t seed; /* of the hash */
};

static size_t home(const struct addresses *table, hs_addr address)
{
	return (size_t)hs_hash_u64(address, table->seed) & table->mask;
}

static bool addresses_init(struct addresses *table, const struct hs_objects *objects)
{
	size_t slot_count = 64;

	while (slot_count < (size_t)objects->count * 2)
		slot_count *= 2;
	table->address = objects->address;
	table->mask = slot_count - 1;
	table->seed = hs_hash_seed();
	table->slots = hs_huge_alloc(slot_count, sizeof(*table->slots));
	if (!table->slots)
		return false;
	memset(table->slots, 0, slot_count * sizeof(*table->slots));
	for (hs_id i = 0; i < objects->count; i++) {
		hs_addr address = objects->address[i];
		size_t slot = home(table, address);

		if (i + AHEAD < objects->count)
			__builtin_prefetch(&table->slots[home(table, objects->address[i + AHEAD])],
					   1);
		/* Of several in one place, which should not occur, the first is found. */
		while (table->slots[slot] && objects->address[table->slots[slot] - 1] != address)
			slot = (slot + 1) & table->mask;
		if (!table->slots[slot])
			table->slots[slot] = i + 1;
	}
	return true;
}

static hs_id addresses_find(const struct addresses *table, hs_addr address)
{
	size_t slot = home(table, address);

	while (table->slots[slot]) {
		hs_id object = table->slots[slot] - 1;

		if (table->address[object] == address)
			return object;
		slot = (slot + 1) & table->mask;
	}
	return HS_NONE;
}

/* Whether the values show that two objects of one type and address are not the same. */
static bool values_differ(const struct hs_objects *before, hs_id old,
			  const struct hs_objects *after, hs_id new)
{
	return before->fingerprint[old] && after->fingerprint[new] &&
	       before->fingerprint[old] != after->fingerprint[new];
}

/* Whether fingerprints tell anything: both snapshots have them, made in the same way. */
static bool can_compare_values(const struct hs_side *a, const struct hs_side *b)
{
	return a->tables.objects->fingerprint && b->tables.objects->fingerprint &&
	       hs_snapshot_info(a->tables.snap)->salt == hs_snapshot_info(b->tables.snap)->salt;
}

static void match_all(struct hs_side *a, struct hs_side *b, const struct addresses *table)
{
	const struct hs_objects *before = a->tables.objects;
	const struct hs_objects *after = b->tables.objects;
	bool compare = can_compare_values(a, b);

	for (hs_id i = 0; i < after->count; i++) {
		hs_id found;

		if (i + AHEAD < after->count)
			__builtin_prefetch(&table->slots[home(table, after->address[i + AHEAD])]);
		found = addresses_find(table, after->address[i]);
		if (found == HS_NONE || a->other[found] != HS_NONE ||
		    hs_side_type(a, found) != hs_side_type(b, i) ||
		    (compare && values_differ(before, found, after, i)) ||
		    !hs_owners_agree(a, found, b, i))
			continue;
		a->other[found] = i;
		b->other[i] = found;
	}
}

bool hs_match_objects(struct hs_side *a, struct hs_side *b)
{
	struct addresses table;

	if (!addresses_init(&table, a->tables.objects))
		return false;
	match_all(a, b, &table);
	free(table.slots);
	return true;
}
