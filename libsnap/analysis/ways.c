/* SPDX-License-Identifier: MIT */
/* ways.c: why one object is alive. */
#include "libsnap/analysis/item.h"
#include "libsnap/analysis/place.h"

#include "libsnap/graph/internal.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 1000 }; /* of the shortest way; else the first and the last half of that */

/* What refers to the object and is reached. */
struct candidate {
	hs_id source;
	enum hs_root_rank rank;
	uint64_t steps;
};

struct finder {
	struct hs_tables tables;
	const struct hs_graph *graph;
	const struct hs_root *roots;
	struct hs_arena *arena;
	struct hs_ways *ways;
	hs_id object;
	hs_id *depth;  /* by object: references that lead there from the root */
	uint8_t *rank; /* of its root; HS_ROOT_RANK_COUNT: none, or over the object itself */
};

static void finder_deinit(struct finder *finder)
{
	free(finder->depth);
	free(finder->rank);
}

#define _cleanup_finder_ __attribute__((cleanup(finder_deinit)))

/* Fill in depth[] and rank[], each object behind the one that it is reached from. */
static bool survey(struct finder *finder)
{
	const struct hs_forest *forest = hs_graph_forest(finder->graph);
	size_t count;
	const struct hs_root *roots = hs_snapshot_roots(finder->tables.snap, &count);

	finder->depth = hs_huge_alloc(finder->tables.objects->count, sizeof(*finder->depth));
	finder->rank = malloc((size_t)finder->tables.objects->count + 1);
	if (!finder->depth || !finder->rank)
		return false;
	memset(finder->rank, HS_ROOT_RANK_COUNT, finder->tables.objects->count);
	for (size_t i = 0; i < count; i++)
		if (roots[i].rank < finder->rank[roots[i].object] &&
		    forest->parent[roots[i].object] == HS_PARENT_ROOT)
			finder->rank[roots[i].object] = (uint8_t)roots[i].rank;
	for (hs_id i = 0; i < forest->reached; i++) {
		hs_id object = forest->order[i];
		uint64_t edge = forest->parent[object];
		hs_id source;

		finder->depth[object] = 0;
		if (edge < HS_PARENT_NONE) {
			source = hs_graph_edge_source(finder->graph, edge);
			finder->depth[object] = finder->depth[source] + 1;
			finder->rank[object] = finder->rank[source];
		}
		if (object == finder->object)
			finder->rank[object] = HS_ROOT_RANK_COUNT;
	}
	return true;
}

static int compare(const void *left, const void *right)
{
	const struct candidate *a = left;
	const struct candidate *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->steps != b->steps)
		return a->steps < b->steps ? -1 : 1;
	return (a->source > b->source) - (a->source < b->source);
}

/* The first reference of @source to the object that is not weak; false if there is none. */
static bool find_edge(const struct finder *finder, hs_id source, uint64_t *ret)
{
	const struct hs_objects *objects = finder->tables.objects;
	uint64_t first = objects->first_edge[source];

	for (uint64_t edge = first; edge < objects->first_edge[(size_t)source + 1]; edge++) {
		if (objects->edges[edge] != finder->object ||
		    hs_snapshot_label(finder->tables.snap, source, (uint32_t)(edge - first))
				    .strength == HS_WEAK)
			continue;
		*ret = edge;
		return true;
	}
	return false;
}

/* All that refer to the object and are reached otherwise than over it, but for the shortest way's.
 */
static bool find_candidates(const struct finder *finder, struct candidate **ret, size_t *ret_count)
{
	uint64_t first = hs_graph_parent(finder->graph, finder->object);
	hs_id taken = first < HS_PARENT_NONE ? hs_graph_edge_source(finder->graph, first) : HS_NONE;
	size_t count;
	const hs_id *sources = hs_graph_referrers(finder->graph, finder->object, &count);
	struct candidate *candidates = calloc(count + 1, sizeof(*candidates));
	size_t used = 0;

	if (!candidates)
		return false;
	for (size_t i = 0; i < count; i++) {
		uint64_t edge;

		if (sources[i] == taken || (i && sources[i] == sources[i - 1]) ||
		    finder->rank[sources[i]] == HS_ROOT_RANK_COUNT ||
		    !find_edge(finder, sources[i], &edge))
			continue;
		candidates[used++] = (struct candidate){
			.source = sources[i],
			.rank = finder->rank[sources[i]],
			.steps = (uint64_t)finder->depth[sources[i]] + 1,
		};
	}
	qsort(candidates, used, sizeof(*candidates), compare);
	*ret = candidates;
	*ret_count = used;
	return true;
}

static bool join(struct hs_arena *arena, struct hs_str first, const char *between,
		 struct hs_str second, struct hs_str *ret)
{
	size_t middle = strlen(between);
	char *text = hs_arena_alloc(arena, first.size + middle + second.size + 1);

	if (!text)
		return false;
	memcpy(text, first.data, first.size);
	memcpy(text + first.size, between, middle);
	memcpy(text + first.size + middle, second.data, second.size);
	*ret = (struct hs_str){.data = text, .size = first.size + middle + second.size};
	return true;
}

/* The way by @candidate, which is that to it and a step more. */
static struct hs_error *add_way(struct finder *finder, const struct candidate *candidate)
{
	struct hs_way *way = &finder->ways->rows[finder->ways->row_count];
	struct hs_place place = {0};
	struct hs_error *err;
	struct hs_str link;
	uint64_t edge = 0;
	bool found;

	err = hs_place_describe(&finder->tables, finder->graph, candidate->source, HS_NONE,
				finder->arena, &place, &found);
	if (err)
		return err;
	find_edge(finder, candidate->source, &edge);
	err = hs_place_link(&finder->tables, candidate->source, edge, false, finder->arena, &link);
	if (err)
		return err;
	way->rank = candidate->rank;
	way->steps = candidate->steps;
	if (!join(finder->arena, place.path, " → ", link, &way->path) ||
	    !join(finder->arena, place.label, "", link, &way->label))
		return &hs_enomem;
	finder->ways->row_count++;
	return NULL;
}

static struct hs_error *add_step(struct finder *finder, const struct hs_path *path, size_t number)
{
	struct hs_ways *ways = finder->ways;
	struct hs_way_step *step = &ways->steps[ways->step_count++];
	const struct hs_root *root = &finder->roots[path->root];
	hs_id object = number ? path->steps[number - 1].object : root->object;

	step->number = number;
	if (!hs_item_fill(&finder->tables, NULL, object, finder->arena, &step->item))
		return &hs_enomem;
	if (!number)
		return hs_place_root(&finder->tables, root, finder->arena, &step->label);
	return hs_place_link(&finder->tables,
			     number > 1 ? path->steps[number - 2].object : root->object,
			     path->steps[number - 1].edge, false, finder->arena, &step->label);
}

static struct hs_error *add_steps(struct finder *finder, const struct hs_path *path)
{
	struct hs_ways *ways = finder->ways;
	struct hs_error *err = NULL;

	ways->steps = hs_arena_array(finder->arena, STEPS_MAX, sizeof(*ways->steps));
	if (!ways->steps)
		return &hs_enomem;
	for (size_t i = 0; !err && i <= path->count; i++)
		if (path->count < STEPS_MAX || i < STEPS_MAX / 2 || i > path->count - STEPS_MAX / 2)
			err = add_step(finder, path, i);
	return err;
}

static struct hs_error *add_shortest(struct finder *finder)
{
	_cleanup_path_ struct hs_path path = {0};
	struct hs_way *way = &finder->ways->rows[0];
	struct hs_place place = {0};
	struct hs_error *err;
	bool found;

	err = hs_graph_path(finder->graph, finder->object, &path, &found);
	if (err || !found)
		return err;
	err = hs_place_describe(&finder->tables, finder->graph, finder->object, HS_NONE,
				finder->arena, &place, &found);
	if (err)
		return err;
	*way = (struct hs_way){
		.rank = finder->roots[path.root].rank,
		.path = place.path,
		.label = place.label,
		.steps = path.count,
	};
	finder->ways->row_count = 1;
	return add_steps(finder, &path);
}

static struct hs_error *find(struct finder *finder, size_t limit)
{
	struct hs_ways *ways = finder->ways;
	_cleanup_free_ struct candidate *candidates = NULL;
	struct hs_error *err;
	size_t count;

	if (!hs_item_fill(&finder->tables, NULL, finder->object, finder->arena, &ways->item) ||
	    !survey(finder) || !find_candidates(finder, &candidates, &count))
		return &hs_enomem;
	ways->rows = hs_arena_array(finder->arena, count + 1, sizeof(*ways->rows));
	if (!ways->rows)
		return &hs_enomem;
	err = add_shortest(finder);
	ways->row_total = ways->row_count + count;
	for (size_t i = 0; !err && i < count && (!limit || ways->row_count < limit); i++)
		err = add_way(finder, &candidates[i]);
	return err;
}

struct hs_error *hs_ways_create(const struct hs_snapshot *snap, const struct hs_graph *graph,
				hs_id object, size_t limit, struct hs_ways **ret)
{
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	_cleanup_finder_ struct finder finder = {
		.tables = hs_tables_of(snap), .graph = graph, .arena = arena, .object = object};
	struct hs_error *err;
	size_t count;

	finder.roots = hs_snapshot_roots(snap, &count);
	finder.ways = arena ? hs_arena_array(arena, 1, sizeof(*finder.ways)) : NULL;
	if (!finder.ways)
		return &hs_enomem;
	err = find(&finder, limit);
	if (err)
		return err;
	finder.ways->gaps = hs_snapshot_gap_total(snap);
	finder.ways->arena = hs_steal(arena);
	*ret = finder.ways;
	return NULL;
}

void hs_ways_destroy(struct hs_ways *ways)
{
	if (ways)
		hs_arena_destroy(ways->arena);
}
