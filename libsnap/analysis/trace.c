/* SPDX-License-Identifier: MIT */
/* trace.c: classes and containers followed from snapshot to snapshot. */
#include "libsnap/analysis/trace.h"

#include "format/base/cleanup.h"

#include <stdlib.h>
#include <string.h>

enum {
	NEW_MAX = 4096, /* containers that one step adds: those that grew most */
};

bool hs_trace_init(struct hs_trace *trace, size_t snapshot_count)
{
	*trace = (struct hs_trace){
		.snapshot_count = snapshot_count,
		.arena = hs_arena_create(),
	};
	if (!trace->arena)
		return false;
	trace->steps = hs_arena_array(trace->arena, snapshot_count, sizeof(*trace->steps));
	return trace->steps != NULL;
}

void hs_trace_deinit(struct hs_trace *trace)
{
	hs_arena_destroy(trace->arena);
	hs_vector_deinit(&trace->containers);
	*trace = (struct hs_trace){0};
}

static bool add_scores(struct hs_trace *trace, const struct hs_growth *growth)
{
	struct hs_trace_step *step = &trace->steps[trace->step_count];

	step->scores = hs_arena_array(trace->arena, growth->class_count + 1, sizeof(*step->scores));
	if (!step->scores)
		return false;
	step->class_count = growth->class_count;
	for (size_t i = 0; i < growth->class_count; i++)
		step->scores[i] = growth->classes[i].score;
	return true;
}

static void measure(struct hs_traced *traced, const struct hs_side *side, hs_id object,
		    size_t snapshot)
{
	traced->length[snapshot] = hs_container_length(side, object);
	traced->size[snapshot] = side->sizes[object];
}

/* Those that are kept are followed, the others dropped. */
static void follow(struct hs_trace *trace, const struct hs_growth *growth)
{
	size_t used = 0;

	for (size_t i = 0; i < trace->containers.size; i++) {
		struct hs_traced *traced = &trace->containers.data[i];
		hs_id object = growth->a->other[traced->object];

		if (object == HS_NONE || object == HS_OPENED)
			continue;
		traced->object = object;
		measure(traced, growth->b, object, trace->step_count + 1);
		trace->containers.data[used++] = *traced;
	}
	trace->containers.size = used;
}

static bool begin(struct hs_trace *trace, const struct hs_growth *growth, hs_id object)
{
	struct hs_traced traced = {.object = object};
	hs_id before = growth->b->other[object];

	traced.length = hs_arena_alloc(trace->arena, trace->snapshot_count * sizeof(uint64_t));
	traced.size = hs_arena_alloc(trace->arena, trace->snapshot_count * sizeof(uint64_t));
	if (!traced.length || !traced.size)
		return false;
	memset(traced.length, 0xff, trace->snapshot_count * sizeof(uint64_t));
	memset(traced.size, 0xff, trace->snapshot_count * sizeof(uint64_t));
	if (before != HS_NONE && before != HS_OPENED)
		measure(&traced, growth->a, before, trace->step_count);
	measure(&traced, growth->b, object, trace->step_count + 1);
	return hs_vector_push(&trace->containers, traced);
}

struct grown {
	hs_id object;
	int64_t count;
};

static int compare_grown(const void *left, const void *right)
{
	const struct grown *a = left;
	const struct grown *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return (a->object > b->object) - (a->object < b->object);
}

/* Begin to follow what grew most and is not followed yet. */
static bool add_grown(struct hs_trace *trace, const struct hs_growth *growth)
{
	size_t room = (size_t)growth->sites.count + growth->class_count + 1;
	_cleanup_free_ struct grown *grown = calloc(room, sizeof(*grown));
	_cleanup_keymap_ struct hs_keymap known = {0};
	size_t used = 0;
	uint32_t number;
	bool done = grown != NULL;

	for (size_t i = 0; done && i < trace->containers.size; i++)
		done = hs_keymap_intern(&known, trace->containers.data[i].object, &number);
	for (uint32_t i = 0; done && i < growth->sites.count; i++)
		if (growth->site_counts.data[i] > 0)
			grown[used++] = (struct grown){(hs_id)growth->sites.keys[i],
						       growth->site_counts.data[i]};
	if (done)
		qsort(grown, used, sizeof(*grown), compare_grown);
	if (used > NEW_MAX)
		used = NEW_MAX;
	/* There are not so many objects that grew most of their class. */
	for (size_t i = 0; done && i < growth->class_count; i++)
		if (growth->classes[i].grown != HS_NONE)
			grown[used++].object = growth->classes[i].grown;
	for (size_t i = 0; done && i < used; i++) {
		uint32_t before = known.count;

		done = hs_keymap_intern(&known, grown[i].object, &number);
		if (done && number == before)
			done = begin(trace, growth, grown[i].object);
	}
	return done;
}

bool hs_trace_add(struct hs_trace *trace, const struct hs_growth *growth)
{
	follow(trace, growth);
	if (!add_scores(trace, growth) || !add_grown(trace, growth))
		return false;
	trace->step_count++;
	return true;
}

int64_t hs_trace_score(const struct hs_trace *trace, size_t step, uint32_t class_number)
{
	return class_number < trace->steps[step].class_count
		       ? trace->steps[step].scores[class_number]
		       : 0;
}

const struct hs_traced *hs_trace_find(const struct hs_trace *trace, hs_id object)
{
	for (size_t i = 0; i < trace->containers.size; i++)
		if (trace->containers.data[i].object == object)
			return &trace->containers.data[i];
	return NULL;
}
