/* SPDX-License-Identifier: MIT */
/* block.c: in which order the columns of a block list objects and references. */
#include "format/block.h"

#include <stdlib.h>

void hs_grouping_init(struct hs_grouping *grouping, uint32_t objects)
{
	for (uint32_t i = 0; i < objects; i++)
		grouping->order[i] = i;
	grouping->starts[0] = 0;
	grouping->starts[1] = objects;
	grouping->groups = 1;
}

/* Objects of one group, to be sorted by their keys; those of equal keys stay in their order. */
struct members {
	const uint32_t *keys;
	uint32_t *objects;
	uint32_t *sorted_keys;
	uint32_t *sorted;
	uint32_t count;
	uint32_t bound; /* no key is greater */
};

/* By counting: for keys that are small.  @counts has room for one each. */
static void sort_by_counting(const struct members *members, uint32_t *counts)
{
	uint32_t total = 0;

	memset(counts, 0, (members->bound + 1) * sizeof(*counts));
	for (uint32_t i = 0; i < members->count; i++)
		counts[members->keys[i]]++;
	for (uint32_t key = 0; key <= members->bound; key++) {
		uint32_t size = counts[key];

		counts[key] = total;
		total += size;
	}
	for (uint32_t i = 0; i < members->count; i++) {
		uint32_t to = counts[members->keys[i]]++;

		members->sorted[to] = members->objects[i];
		members->sorted_keys[to] = members->keys[i];
	}
}

struct pair {
	uint32_t key;
	uint32_t place;
};

static int compare_pairs(const void *left, const void *right)
{
	const struct pair *a = left;
	const struct pair *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

/* By comparing: for few objects, or large keys.  @pairs has room for one each. */
static void sort_by_comparing(const struct members *members, struct pair *pairs)
{
	for (uint32_t i = 0; i < members->count; i++)
		pairs[i] = (struct pair){members->keys[i], i};
	qsort(pairs, members->count, sizeof(*pairs), compare_pairs);
	for (uint32_t i = 0; i < members->count; i++) {
		members->sorted[i] = members->objects[pairs[i].place];
		members->sorted_keys[i] = pairs[i].key;
	}
}

static bool are_sorted(const uint32_t *keys, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (keys[i] < keys[i - 1])
			return false;
	return true;
}

/* Whether the keys are not all the same; finds a bound of them. */
static bool find_bound(struct members *members)
{
	uint32_t differences = 0;
	uint32_t bits = 0;

	for (uint32_t i = 0; i < members->count; i++) {
		differences |= members->keys[i] ^ members->keys[0];
		bits |= members->keys[i];
	}
	members->bound = bits;
	return differences;
}

void hs_grouping_refine(struct hs_grouping *grouping, const uint32_t *keys, uint32_t objects,
			uint32_t *scratch)
{
	enum { SPARSE = 4 };
	uint32_t *starts = scratch; /* one more than there are objects */
	uint32_t *counts = scratch + objects + 1;
	uint32_t *sorted = counts + SPARSE * (size_t)objects;
	uint32_t *sorted_keys = sorted + objects;
	uint32_t groups = 0;

	for (size_t group = 0; group < grouping->groups; group++) {
		uint32_t begin = grouping->starts[group];
		struct members members = {
			.keys = keys + begin,
			.objects = grouping->order + begin,
			.sorted_keys = sorted_keys,
			.sorted = sorted,
			.count = grouping->starts[group + 1] - begin,
		};
		const uint32_t *own = members.keys;

		starts[groups++] = begin;
		if (!find_bound(&members))
			continue;
		if (!are_sorted(members.keys, members.count)) {
			if (members.bound / SPARSE < members.count)
				sort_by_counting(&members, counts);
			else
				sort_by_comparing(&members, (struct pair *)(void *)counts);
			memcpy(members.objects, sorted, members.count * sizeof(*sorted));
			own = sorted_keys;
		}
		for (uint32_t i = 1; i < members.count; i++)
			if (own[i] != own[i - 1])
				starts[groups++] = begin + i;
	}
	starts[groups] = objects;
	memcpy(grouping->starts, starts, (groups + 1) * sizeof(*starts));
	grouping->groups = groups;
}

/* The first HS_EDGE_SLOTS references of @count objects, which have their ends, slot by slot. */
static size_t order_slots(uint32_t *begins, uint32_t *ends, uint32_t *count, uint32_t *positions)
{
	uint32_t fewest = UINT32_MAX; /* references that each of them has */
	uint32_t left = *count;
	size_t out = 0;

	for (uint32_t i = 0; i < left; i++)
		fewest = ends[i] - begins[i] < fewest ? ends[i] - begins[i] : fewest;
	for (uint32_t slot = 0; slot < HS_EDGE_SLOTS && left; slot++) {
		uint32_t kept = 0;

		if (slot < fewest) {
			for (uint32_t i = 0; i < left; i++)
				positions[out++] = begins[i] + slot;
			continue;
		}
		for (uint32_t i = 0; i < left; i++) {
			bool lives = ends[i] - begins[i] > slot;

			positions[out] = begins[i] + slot;
			begins[kept] = begins[i];
			ends[kept] = ends[i];
			out += lives;
			kept += lives;
		}
		left = kept;
	}
	*count = left;
	return out;
}

void hs_block_order_edges(const struct hs_grouping *grouping, const uint32_t *first,
			  uint32_t *scratch, uint32_t *positions)
{
	uint32_t objects = grouping->starts[grouping->groups];
	uint32_t *begins = scratch;
	uint32_t *ends = scratch + objects;
	size_t out = 0;

	for (size_t group = 0; group < grouping->groups; group++) {
		uint32_t count = 0;

		for (uint32_t i = grouping->starts[group]; i < grouping->starts[group + 1]; i++) {
			begins[count] = first[grouping->order[i]];
			ends[count++] = first[grouping->order[i] + 1];
		}
		out += order_slots(begins, ends, &count, positions + out);
		for (uint32_t i = 0; i < count; i++)
			for (uint32_t edge = begins[i] + HS_EDGE_SLOTS; edge < ends[i]; edge++)
				positions[out++] = edge;
	}
}
