/* SPDX-License-Identifier: MIT */
/* block.c: in which order the columns of a block list objects and references. */
#include "format/block.h"

void hs_grouping_init(struct hs_grouping *grouping, uint32_t objects)
{
	for (uint32_t i = 0; i < objects; i++)
		grouping->order[i] = i;
	grouping->starts[0] = 0;
	grouping->starts[1] = objects;
	grouping->groups = 1;
}

/* The places by ascending keys, those of equal keys in their order. */
static void sort_places(const uint32_t *keys, size_t bound, uint32_t objects, uint32_t *counts,
			uint32_t *sorted)
{
	uint32_t total = 0;

	memset(counts, 0, bound * sizeof(*counts));
	for (uint32_t i = 0; i < objects; i++)
		counts[keys[i]]++;
	for (size_t key = 0; key < bound; key++) {
		uint32_t size = counts[key];

		counts[key] = total;
		total += size;
	}
	for (uint32_t i = 0; i < objects; i++)
		sorted[counts[keys[i]]++] = i;
}

void hs_grouping_refine(struct hs_grouping *grouping, const uint32_t *keys, size_t bound,
			uint32_t objects, uint32_t *scratch)
{
	uint32_t *sorted = scratch;
	uint32_t *groups = scratch + objects; /* by place */
	uint32_t *order = scratch + 2 * (size_t)objects;
	uint32_t *begins = scratch + 3 * (size_t)objects; /* by place: whether a group does there */
	uint32_t *counts = scratch + 4 * (size_t)objects;
	uint32_t *ends = counts; /* by group */

	sort_places(keys, bound, objects, counts, sorted);
	for (uint32_t group = 0; group < grouping->groups; group++)
		for (uint32_t i = grouping->starts[group]; i < grouping->starts[group + 1]; i++)
			groups[i] = group;
	memcpy(ends, grouping->starts, grouping->groups * sizeof(*ends));
	for (uint32_t i = 0; i < objects; i++) {
		uint32_t from = sorted[i];
		uint32_t to = ends[groups[from]]++;

		order[to] = grouping->order[from];
		begins[to] = keys[from];
	}
	memcpy(grouping->order, order, objects * sizeof(*order));
	grouping->groups = 0;
	for (uint32_t i = 0; i < objects; i++)
		if (!i || begins[i] != begins[i - 1] || groups[i] != groups[i - 1])
			grouping->starts[grouping->groups++] = i;
	grouping->starts[grouping->groups] = objects;
}

void hs_block_order_edges(const struct hs_grouping *grouping, const uint32_t *first, uint32_t *live,
			  uint32_t *positions)
{
	size_t out = 0;

	for (size_t group = 0; group < grouping->groups; group++) {
		uint32_t count = 0;

		for (uint32_t i = grouping->starts[group]; i < grouping->starts[group + 1]; i++)
			live[count++] = grouping->order[i];
		for (uint32_t slot = 0; slot < HS_EDGE_SLOTS; slot++) {
			uint32_t kept = 0;

			for (uint32_t i = 0; i < count; i++) {
				uint32_t object = live[i];

				if (first[object + 1] - first[object] <= slot)
					continue;
				live[kept++] = object;
				positions[out++] = first[object] + slot;
			}
			count = kept;
		}
		for (uint32_t i = 0; i < count; i++)
			for (uint32_t edge = first[live[i]] + HS_EDGE_SLOTS;
			     edge < first[live[i] + 1]; edge++)
				positions[out++] = edge;
	}
}
