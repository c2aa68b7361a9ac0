/* SPDX-License-Identifier: MIT */
/* lost.c: telling objects that somebody unseen holds from garbage that awaits collection. */
#include "format/base/cleanup.h"
#include "libsnap/build/builder.h"

#include <stdlib.h>

/* The objects that the producer did not find by way of its roots: numbers from @first on. */
struct unreached {
	struct hs_build *build;
	uint32_t first;
	uint32_t count;
	uint64_t *found;   /* references to each, weak ones left out */
	uint8_t *reached;  /* whether a root reaches it after all */
	uint32_t *waiting; /* those of which it is known, and whose referents are not */
	uint32_t waiting_count;
};

static void unreached_deinit(struct unreached *unreached)
{
	free(unreached->found);
	free(unreached->reached);
	free(unreached->waiting);
}

static void reach(struct unreached *unreached, uint32_t object)
{
	if (object < unreached->first || unreached->reached[object - unreached->first])
		return;
	unreached->reached[object - unreached->first] = 1;
	unreached->waiting[unreached->waiting_count++] = object;
}

static void count(struct unreached *unreached, uint32_t object)
{
	if (object >= unreached->first)
		unreached->found[object - unreached->first]++;
}

/* How many references run @run describes, of an object with @degree of which @visible are so. */
static uint64_t run_length(const struct hs_shape *shape, uint32_t run, uint64_t degree,
			   uint64_t visible)
{
	bool hidden = run >= shape->first_hidden;
	uint32_t end = hidden ? shape->count : shape->first_hidden;
	uint64_t length = hidden ? degree - visible : visible;

	if (shape->runs[run].count)
		return shape->runs[run].count;
	for (uint32_t i = hidden ? shape->first_hidden : 0; i < end; i++)
		length -= shape->runs[i].count;
	return length;
}

/* Do @each with what @object refers to over references that are not weak. */
static void for_each_strong(struct unreached *unreached, uint32_t object,
			    void (*each)(struct unreached *unreached, uint32_t target))
{
	const struct hs_columns *c = &unreached->build->snap->columns;
	const struct hs_shape *shape = &unreached->build->shapes.data[c->shape[object]];
	uint64_t edge = c->first_edge[object];
	uint64_t degree = c->first_edge[object + 1] - edge;

	for (uint32_t run = 0; run < shape->count; run++) {
		uint64_t end = edge + run_length(shape, run, degree, c->visible[object]);

		for (; edge < end; edge++)
			if (shape->runs[run].strength != HS_WEAK)
				each(unreached, c->edges[edge]);
	}
}

static bool unreached_init(struct unreached *unreached, struct hs_build *build)
{
	size_t room = build->object_count - build->reached + 1;

	*unreached = (struct unreached){
		.build = build,
		.first = build->reached,
		.count = build->object_count - build->reached,
		.found = calloc(room, sizeof(*unreached->found)),
		.reached = calloc(room, 1),
		.waiting = calloc(room, sizeof(*unreached->waiting)),
	};
	return unreached->found && unreached->reached && unreached->waiting;
}

bool hs_build_mark_lost(struct hs_build *build)
{
	struct hs_columns *c = &build->snap->columns;
	hs_cleanup(unreached_deinit) struct unreached unreached = {0};

	if (build->reached >= build->object_count)
		return true;
	if (!unreached_init(&unreached, build))
		return false;
	for (size_t i = 0; i < build->roots.size; i++)
		reach(&unreached, build->roots.data[i].object);
	while (unreached.waiting_count)
		for_each_strong(&unreached, unreached.waiting[--unreached.waiting_count], reach);
	/* No reached object refers to one that is not, unless weakly. */
	for (uint32_t i = 0; i < unreached.count; i++)
		for_each_strong(&unreached, unreached.first + i, count);
	for (uint32_t i = 0; i < unreached.count; i++) {
		uint32_t object = unreached.first + i;

		if (!unreached.reached[i] && !(c->flags[object] & HS_OBJECT_IMMORTAL) &&
		    c->refcount[object] > unreached.found[i])
			c->flags[object] |= HS_OBJECT_LOST;
	}
	return true;
}
