/* SPDX-License-Identifier: MIT */
/* graph.c: referrers of every object, and the way it is reached from the roots. */
#include "libsnap/graph/internal.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"

#include <stdlib.h>

enum {
	SOURCE_STEP = 64, /* edges between two entries of hs_sources.every */
};

struct hs_graph {
	const struct hs_snapshot *snap;
	const struct hs_objects *objects;
	struct hs_forest forest;
	struct hs_sources sources;
	uint64_t *first_referrer; /* object count + 1 offsets into referrers; NULL: left out */
	uint64_t *referrers;	  /* numbers of edges */
	uint8_t *unreached;	  /* a bit per object; NULL if all are reached */
};

bool hs_sources_init(struct hs_sources *sources, const struct hs_objects *objects)
{
	uint64_t entries = objects->edge_count / SOURCE_STEP + 2;
	uint64_t entry = 0;

	*sources = (struct hs_sources){
		.first_edge = objects->first_edge,
		.edge_count = objects->edge_count,
		.object_count = objects->count,
		.every = malloc(entries * sizeof(*sources->every)),
	};
	if (!sources->every)
		return false;
	for (hs_id object = 0; object < objects->count; object++)
		while (entry * SOURCE_STEP < objects->first_edge[object + 1])
			sources->every[entry++] = object;
	while (entry < entries)
		sources->every[entry++] = objects->count ? objects->count - 1 : 0;
	return true;
}

void hs_sources_deinit(struct hs_sources *sources)
{
	free(sources->every);
	sources->every = NULL;
}

hs_id hs_sources_find(const struct hs_sources *sources, uint64_t edge)
{
	hs_id low = sources->every[edge / SOURCE_STEP];
	hs_id high = sources->every[edge / SOURCE_STEP + 1];

	/* The last object of low .. high that begins at or before the edge. */
	while (low < high) {
		hs_id middle = high - (high - low) / 2;

		if (sources->first_edge[middle] <= edge)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* A counting sort of the edges by their target. */
static bool sort_referrers(struct hs_graph *graph)
{
	const struct hs_objects *objects = graph->objects;
	uint64_t *first = calloc((size_t)objects->count + 2, sizeof(*first));
	uint64_t *referrers = hs_huge_alloc(objects->edge_count, sizeof(*referrers));

	graph->first_referrer = first;
	graph->referrers = referrers;
	if (!first || !referrers)
		return false;
	/* Shifted by two, so that filling in leaves first[] as it shall be. */
	for (uint64_t edge = 0; edge < objects->edge_count; edge++)
		first[(size_t)objects->edges[edge] + 2]++;
	for (size_t i = 2; i < (size_t)objects->count + 2; i++)
		first[i] += first[i - 1];
	for (uint64_t edge = 0; edge < objects->edge_count; edge++)
		referrers[first[(size_t)objects->edges[edge] + 1]++] = edge;
	return true;
}

static bool mark_unreached(struct hs_graph *graph)
{
	const struct hs_forest *forest = &graph->forest;
	hs_id count = graph->objects->count;

	if (forest->reached == count)
		return true;
	graph->unreached = calloc((size_t)count / 8 + 1, 1);
	if (!graph->unreached)
		return false;
	for (hs_id i = forest->reached; i < count; i++) {
		hs_id object = forest->order[i];

		graph->unreached[object / 8] |= (uint8_t)(1U << object % 8);
	}
	return true;
}

static struct hs_error *create(const struct hs_snapshot *snap, bool referrers,
			       struct hs_graph **ret)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	struct hs_error *err;

	_cleanup_graph_ struct hs_graph *graph = NULL;
	if (objects->count && (!objects->first_edge || !objects->edges))
		return hs_error_create(HS_ERROR_USAGE,
				       "the snapshot was opened without its references");
	graph = calloc(1, sizeof(*graph));
	if (!graph)
		return &hs_enomem;
	graph->snap = snap;
	graph->objects = objects;
	err = hs_forest_init(&graph->forest, snap);
	if (err)
		return err;
	if (!hs_sources_init(&graph->sources, objects) || !mark_unreached(graph))
		return &hs_enomem;
	if (referrers && !sort_referrers(graph))
		return &hs_enomem;
	*ret = hs_steal(graph);
	return NULL;
}

struct hs_error *hs_graph_create(const struct hs_snapshot *snap, struct hs_graph **ret)
{
	return create(snap, true, ret);
}

struct hs_error *hs_graph_create_forest(const struct hs_snapshot *snap, struct hs_graph **ret)
{
	return create(snap, false, ret);
}

void hs_graph_destroy(struct hs_graph *graph)
{
	if (!graph)
		return;
	hs_forest_deinit(&graph->forest);
	hs_sources_deinit(&graph->sources);
	free(graph->first_referrer);
	free(graph->referrers);
	free(graph->unreached);
	free(graph);
}

const uint64_t *hs_graph_referrers(const struct hs_graph *graph, hs_id object, size_t *count)
{
	uint64_t first = graph->first_referrer[object];

	*count = graph->first_referrer[(size_t)object + 1] - first;
	return graph->referrers + first;
}

hs_id hs_graph_edge_source(const struct hs_graph *graph, uint64_t edge)
{
	return hs_sources_find(&graph->sources, edge);
}

const struct hs_forest *hs_graph_forest(const struct hs_graph *graph)
{
	return &graph->forest;
}

uint64_t hs_graph_parent(const struct hs_graph *graph, hs_id object)
{
	if (graph->unreached && graph->unreached[object / 8] & 1U << object % 8)
		return HS_PARENT_NONE;
	return graph->forest.parent[object];
}

/* The first root of the lowest rank whose object is @object: where the search began. */
static size_t find_root(const struct hs_snapshot *snap, hs_id object)
{
	const struct hs_root *roots;
	size_t count;
	size_t best;

	roots = hs_snapshot_roots(snap, &count);
	best = count;
	for (size_t i = 0; i < count; i++)
		if (roots[i].object == object &&
		    (best == count || roots[i].rank < roots[best].rank))
			best = i;
	return best;
}

struct hs_error *hs_graph_path(const struct hs_graph *graph, hs_id object, struct hs_path *ret,
			       bool *found)
{
	const struct hs_objects *objects = graph->objects;
	struct hs_path path = {0};
	hs_id at = object;

	if (hs_graph_parent(graph, object) == HS_PARENT_NONE) {
		*found = false;
		return NULL;
	}
	for (uint64_t edge; (edge = graph->forest.parent[at]) != HS_PARENT_ROOT; path.count++)
		at = hs_graph_edge_source(graph, edge);
	path.root = find_root(graph->snap, at);
	path.steps = calloc(path.count ? path.count : 1, sizeof(*path.steps));
	if (!path.steps)
		return &hs_enomem;
	at = object;
	for (size_t i = path.count; i-- > 0;) {
		uint64_t edge = graph->forest.parent[at];
		hs_id source = hs_graph_edge_source(graph, edge);
		uint32_t slot = (uint32_t)(edge - objects->first_edge[source]);

		path.steps[i].object = at;
		path.steps[i].edge = edge;
		path.steps[i].label = hs_snapshot_label(graph->snap, source, slot);
		at = source;
	}
	*ret = path;
	*found = true;
	return NULL;
}

void hs_path_deinit(struct hs_path *path)
{
	free(path->steps);
	*path = (struct hs_path){0};
}
