/* SPDX-License-Identifier: MIT */
/* retained.c: what a set of objects retains together. */
#include "libsnap/graph/dominators.h"

#include "format/base/cleanup.h"
#include "format/base/huge.h"

/* What is alive without the set: found, queue[0 .. done) also looked into. */
struct survey {
	const struct hs_dominators *dominators;
	const struct hs_holding *holding;
	uint64_t *gone; /* bits: found, or of the set */
	hs_id *queue;
	hs_id done;
	hs_id end;
};

static void keep(struct survey *survey, hs_id object)
{
	if (hs_bit(survey->gone, object))
		return;
	hs_bit_set(survey->gone, object);
	survey->queue[survey->end++] = object;
}

static void keep_referents(struct survey *survey)
{
	const struct hs_objects *objects = survey->holding->objects;

	while (survey->done < survey->end) {
		hs_id object = survey->queue[survey->done++];
		enum hs_part part = hs_dominators_part(survey->dominators, object);

		for (uint64_t edge = objects->first_edge[object];
		     edge < objects->first_edge[(size_t)object + 1]; edge++)
			if (!hs_bit(survey->holding->idle, edge) &&
			    hs_dominators_part(survey->dominators, objects->edges[edge]) >= part)
				keep(survey, objects->edges[edge]);
	}
}

bool hs_dominators_retained_set(const struct hs_dominators *dominators,
				const struct hs_holding *holding, const uint64_t *sizes,
				const hs_id *set, size_t count, uint64_t *bytes, hs_id *objects)
{
	hs_id total = holding->objects->count;
	_cleanup_free_ uint64_t *gone = hs_bits_create(total);
	_cleanup_free_ hs_id *queue = hs_huge_alloc(total, sizeof(*queue));
	struct survey survey = {
		.dominators = dominators, .holding = holding, .gone = gone, .queue = queue};
	uint64_t sum = 0;

	if (!gone || !queue)
		return false;
	for (size_t i = 0; i < count; i++)
		hs_bit_set(gone, set[i]);
	for (hs_id object = 0; object < total; object++)
		if (hs_bit(dominators->begins, object))
			keep(&survey, object);
	keep_referents(&survey);
	for (hs_id object = 0; object < total; object++)
		sum += sizes[object];
	for (hs_id i = 0; i < survey.end; i++)
		sum -= sizes[queue[i]];
	*bytes = sum;
	*objects = total - survey.end;
	return true;
}
