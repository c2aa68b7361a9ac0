/* SPDX-License-Identifier: MIT */
/* block.c: in which order the columns of a block list objects and references. */
#include "format/block.h"

void hs_block_group(const uint32_t *places, uint32_t objects, size_t types, uint32_t *starts,
		    uint32_t *order)
{
	uint32_t total = 0;

	memset(starts, 0, (types + 1) * sizeof(*starts));
	for (uint32_t i = 0; i < objects; i++)
		starts[places[i]]++;
	for (size_t type = 0; type < types; type++) {
		uint32_t size = starts[type];

		starts[type] = total;
		total += size;
	}
	for (uint32_t i = 0; i < objects; i++)
		order[starts[places[i]]++] = i;
	/* Each start has become the next one's: shift them back. */
	for (size_t type = types; type > 0; type--)
		starts[type] = starts[type - 1];
	starts[0] = 0;
}

void hs_block_order_edges(const uint32_t *starts, size_t types, const uint32_t *order,
			  const uint32_t *first, uint32_t *live, uint32_t *positions)
{
	size_t out = 0;

	for (size_t type = 0; type < types; type++) {
		uint32_t count = 0;

		for (uint32_t i = starts[type]; i < starts[type + 1]; i++)
			live[count++] = order[i];
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
