/* SPDX-License-Identifier: MIT */
/* referrers.c: the references the other way round. */
#include "libsnap/graph/referrers.h"

#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/base/prefetch.h"

enum { AHEAD = 24 }; /* references between asking for what is written and writing it */

/* How many references each object has, in first[object + 1], then where they begin. */
static void count_referrers(uint32_t *first, const struct hs_objects *objects)
{
	for (uint64_t edge = 0; edge < objects->edge_count; edge++)
		first[(size_t)objects->edges[edge] + 1]++;
	for (size_t i = 1; i <= objects->count; i++)
		first[i] += first[i - 1];
}

/* Put each source where its target's begin, which moves that on to where the next one's do. */
static void fill_in(struct hs_referrers *referrers, const struct hs_holding *holding)
{
	const struct hs_objects *objects = holding->objects;
	const hs_id *edges = objects->edges;
	uint32_t *first = referrers->first;

	for (hs_id object = 0; object < objects->count; object++) {
		uint64_t end = objects->first_edge[(size_t)object + 1];

		for (uint64_t edge = objects->first_edge[object]; edge < end; edge++) {
			uint32_t place = first[edges[edge]]++;

			if (edge + 2 * AHEAD < objects->edge_count) {
				hs_prefetch(&first[edges[edge + 2 * AHEAD]]);
				hs_prefetch(&referrers->sources[first[edges[edge + AHEAD]]]);
			}
			referrers->sources[place] = object;
			if (hs_bit(holding->idle, edge))
				hs_bit_set(referrers->idle, place);
		}
	}
	for (size_t i = objects->count; i > 0; i--)
		first[i] = first[i - 1];
	first[0] = 0;
}

struct hs_error *hs_referrers_init(struct hs_referrers *referrers, const struct hs_holding *holding)
{
	const struct hs_objects *objects = holding->objects;

	*referrers = (struct hs_referrers){0};
	if (objects->edge_count > UINT32_MAX)
		return hs_error_create(HS_ERROR_FAILED,
				       "the snapshot has more than 4,294,967,295 references, "
				       "which is more than can be searched for referrers");
	referrers->first = calloc((size_t)objects->count + 1, sizeof(*referrers->first));
	/* One more, so that where the last object's would begin may be looked at. */
	referrers->sources = hs_huge_alloc(objects->edge_count + 1, sizeof(*referrers->sources));
	referrers->idle = hs_bits_create(objects->edge_count);
	if (!referrers->first || !referrers->sources || !referrers->idle)
		return &hs_enomem;
	referrers->sources[objects->edge_count] = 0;
	count_referrers(referrers->first, objects);
	fill_in(referrers, holding);
	return NULL;
}

void hs_referrers_deinit(struct hs_referrers *referrers)
{
	free(referrers->first);
	free(referrers->sources);
	free(referrers->idle);
	*referrers = (struct hs_referrers){0};
}
