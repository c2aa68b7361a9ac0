/* SPDX-License-Identifier: MIT */
/* search.c: numbering objects depth first, each part of them by itself. */
#include "libsnap/graph/search.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/base/prefetch.h"

#include <string.h>

/* A search under way; the last number given is @last. */
struct walk {
	struct hs_search *search;
	hs_id last;
	hs_id *finished; /* objects, in the order in which they are left; NULL: not wanted */
	hs_id finished_count;
};

enum { AHEAD = 16 };

static void find(struct walk *walk, hs_id object, hs_id parent)
{
	struct hs_search *search = walk->search;
	hs_id number = ++walk->last;

	search->number[object] = number;
	search->object[number] = object;
	search->parent[number] = parent;
	search->work[number] = 0;
}

/* The next referent of the object with @number that has no number yet, HS_NONE if there is none. */
static hs_id next_referent(struct walk *walk, hs_id number)
{
	const struct hs_search *search = walk->search;
	const struct hs_objects *objects = search->holding->objects;
	hs_id object = search->object[number];
	uint64_t first = objects->first_edge[object];
	uint64_t end = objects->first_edge[(size_t)object + 1];

	for (uint64_t edge = first + search->work[number]; edge < end; edge++) {
		hs_id target = objects->edges[edge];

		if (edge + AHEAD < end)
			hs_prefetch(&search->number[objects->edges[edge + AHEAD]]);
		if (search->number[target] || hs_bit(search->holding->idle, edge))
			continue;
		search->work[number] = (hs_id)(edge - first) + 1;
		return target;
	}
	return HS_NONE;
}

/* Number what @object leads to, itself first.  The way back is by the parents. */
static void walk_from(struct walk *walk, hs_id object)
{
	struct hs_search *search = walk->search;
	hs_id number;

	if (search->number[object])
		return;
	find(walk, object, 0);
	number = walk->last;
	while (number) {
		hs_id target = next_referent(walk, number);

		if (target != HS_NONE) {
			find(walk, target, number);
			number = walk->last;
			continue;
		}
		if (walk->finished)
			walk->finished[walk->finished_count++] = search->object[number];
		number = search->parent[number];
	}
}

static void walk_held(struct walk *walk)
{
	const struct hs_holding *holding = walk->search->holding;
	const struct hs_root *roots;
	size_t count;

	roots = hs_snapshot_roots(holding->snap, &count);
	for (uint32_t rank = 0; rank < HS_ROOT_RANK_COUNT; rank++)
		for (size_t i = 0; i < count; i++)
			if (roots[i].rank == rank && hs_bit(holding->entry, roots[i].object))
				walk_from(walk, roots[i].object);
}

/* What a root reaches over references, or by roots, that hold nothing. */
static void walk_listed(struct walk *walk)
{
	const struct hs_holding *holding = walk->search->holding;
	const struct hs_objects *objects = holding->objects;
	const struct hs_root *roots;
	size_t count;

	roots = hs_snapshot_roots(holding->snap, &count);
	for (size_t i = 0; i < count; i++)
		walk_from(walk, roots[i].object);
	for (hs_id object = 0; object < objects->count; object++)
		if (hs_bit(holding->homed, object))
			walk_from(walk, object);
	for (size_t i = 0; i < holding->table_count; i++) {
		hs_id table = holding->tables[i];

		for (uint64_t edge = objects->first_edge[table];
		     edge < objects->first_edge[(size_t)table + 1]; edge++)
			walk_from(walk, objects->edges[edge]);
	}
}

/*
 * Garbage hangs below what nothing else that is garbage leads to: objects that only a cycle holds
 * below one of the cycle.  Left last by a search is one that leads to all it did; so, taking what
 * a first search left last as the beginnings of a second one, each is one that none of those that
 * come after it leads to (as in Kosaraju's search for strong components).
 */
static bool walk_garbage(struct walk *walk)
{
	struct hs_search *search = walk->search;
	const struct hs_objects *objects = search->holding->objects;
	hs_id before = walk->last;
	_cleanup_free_ hs_id *finished = NULL;

	if (before == objects->count)
		return true;
	finished = calloc(objects->count - before, sizeof(*finished));
	if (!finished)
		return false;
	walk->finished = finished;
	for (hs_id object = 0; object < objects->count; object++)
		walk_from(walk, object);
	walk->finished = NULL;
	for (hs_id i = 0; i < walk->finished_count; i++)
		search->number[finished[i]] = 0;
	walk->last = before;
	for (hs_id object = 0; object < objects->count; object++)
		if (!search->number[object] &&
		    (hs_bit(search->holding->entry, object) ||
		     (objects->flags && objects->flags[object] & HS_OBJECT_LOST)))
			walk_from(walk, object);
	for (hs_id i = walk->finished_count; i-- > 0;)
		walk_from(walk, finished[i]);
	return true;
}

struct hs_error *hs_search_init(struct hs_search *search, const struct hs_holding *holding)
{
	size_t count = (size_t)holding->objects->count + 1;
	struct walk walk = {.search = search};

	*search = (struct hs_search){
		.holding = holding,
		.number = hs_huge_alloc(count, sizeof(*search->number)),
		.object = hs_huge_alloc(count, sizeof(*search->object)),
		.parent = hs_huge_alloc(count, sizeof(*search->parent)),
		.work = hs_huge_alloc(count, sizeof(*search->work)),
	};
	if (!search->number || !search->object || !search->parent || !search->work)
		return &hs_enomem;
	memset(search->number, 0, count * sizeof(*search->number));
	search->object[0] = HS_NONE;
	search->parent[0] = 0;
	walk_held(&walk);
	search->end[HS_HELD] = walk.last;
	walk_listed(&walk);
	search->end[HS_LISTED] = walk.last;
	if (!walk_garbage(&walk))
		return &hs_enomem;
	search->end[HS_GARBAGE] = walk.last;
	return NULL;
}

void hs_search_deinit(struct hs_search *search)
{
	free(search->number);
	free(search->object);
	free(search->parent);
	free(search->work);
	*search = (struct hs_search){0};
}
