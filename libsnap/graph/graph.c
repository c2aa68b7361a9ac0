/* SPDX-License-Identifier: MIT */
/* graph.c: what is known of a snapshot's references: who refers to, reaches and holds what. */
#include "libsnap/graph/dominators.h"
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
	const uint64_t *sizes;
	/* Each of these is empty if it was not asked for. */
	struct hs_forest forest;
	struct hs_sources sources;
	uint64_t *unreached; /* a bit per object; NULL if the forest reaches all */
	struct hs_holding holding;
	struct hs_referrers referrers;
	struct hs_dominators dominators;
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

static bool mark_unreached(struct hs_graph *graph)
{
	const struct hs_forest *forest = &graph->forest;
	hs_id count = graph->objects->count;

	if (forest->reached == count)
		return true;
	graph->unreached = hs_bits_create(count);
	if (!graph->unreached)
		return false;
	for (hs_id i = forest->reached; i < count; i++)
		hs_bit_set(graph->unreached, forest->order[i]);
	return true;
}

static struct hs_error *create_paths(struct hs_graph *graph, const struct hs_graph_options *options)
{
	struct hs_error *err =
		hs_forest_init(&graph->forest, graph->snap, options->avoid, options->avoid_count);

	if (err)
		return err;
	if (!hs_sources_init(&graph->sources, graph->objects) || !mark_unreached(graph))
		return &hs_enomem;
	return NULL;
}

/* Dominators first: while they are made there is most in memory. */
static struct hs_error *create_parts(struct hs_graph *graph, uint32_t parts,
				     const struct hs_graph_options *options)
{
	struct hs_error *err = NULL;

	if (parts & (HS_GRAPH_REFERRERS | HS_GRAPH_RETAINED) &&
	    !hs_holding_init(&graph->holding, graph->snap))
		return &hs_enomem;
	if (parts & HS_GRAPH_RETAINED)
		err = hs_dominators_init(&graph->dominators, &graph->referrers, &graph->holding,
					 graph->sizes, options->jobs);
	else if (parts & HS_GRAPH_REFERRERS)
		err = hs_referrers_init(&graph->referrers, &graph->holding);
	if (!err && parts & HS_GRAPH_PATHS)
		err = create_paths(graph, options);
	return err;
}

struct hs_error *hs_graph_create(const struct hs_snapshot *snap,
				 const struct hs_graph_options *options, struct hs_graph **ret)
{
	static const struct hs_graph_options defaults;
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	struct hs_error *err;
	uint32_t parts;

	_cleanup_graph_ struct hs_graph *graph = NULL;
	if (!options)
		options = &defaults;
	parts = options->parts ? options->parts : HS_GRAPH_ALL;
	if (objects->count && (!objects->first_edge || !objects->edges))
		return hs_error_create(HS_ERROR_USAGE,
				       "the snapshot was opened without its references");
	if (objects->count && parts & HS_GRAPH_RETAINED && !options->sizes && !objects->size)
		return hs_error_create(HS_ERROR_USAGE,
				       "the snapshot was opened without the sizes of its objects");
	graph = calloc(1, sizeof(*graph));
	if (!graph)
		return &hs_enomem;
	graph->snap = snap;
	graph->objects = objects;
	graph->sizes = options->sizes ? options->sizes : objects->size;
	err = create_parts(graph, parts, options);
	if (err)
		return err;
	*ret = hs_steal(graph);
	return NULL;
}

void hs_graph_destroy(struct hs_graph *graph)
{
	if (!graph)
		return;
	hs_forest_deinit(&graph->forest);
	hs_sources_deinit(&graph->sources);
	free(graph->unreached);
	hs_holding_deinit(&graph->holding);
	hs_referrers_deinit(&graph->referrers);
	hs_dominators_deinit(&graph->dominators);
	free(graph);
}

const hs_id *hs_graph_referrers(const struct hs_graph *graph, hs_id object, size_t *count)
{
	uint32_t first = graph->referrers.first[object];

	*count = graph->referrers.first[(size_t)object + 1] - first;
	return graph->referrers.sources + first;
}

bool hs_graph_referrer_holds(const struct hs_graph *graph, hs_id object, size_t i)
{
	return !hs_bit(graph->referrers.idle, graph->referrers.first[object] + i);
}

bool hs_graph_holds(const struct hs_graph *graph, uint64_t edge)
{
	return !hs_bit(graph->holding.idle, edge);
}

bool hs_graph_is_entry(const struct hs_graph *graph, hs_id object)
{
	return hs_bit(graph->holding.entry, object);
}

hs_id hs_graph_dominator(const struct hs_graph *graph, hs_id object)
{
	return graph->dominators.dominator[object];
}

uint64_t hs_graph_retained(const struct hs_graph *graph, hs_id object)
{
	return graph->dominators.retained[object];
}

hs_id hs_graph_held(const struct hs_graph *graph, hs_id object)
{
	return graph->dominators.held[object];
}

bool hs_graph_is_garbage(const struct hs_graph *graph, hs_id object)
{
	return hs_dominators_part(&graph->dominators, object) == HS_GARBAGE;
}

struct hs_error *hs_graph_retained_set(const struct hs_graph *graph, const hs_id *set, size_t count,
				       uint64_t *bytes, hs_id *objects)
{
	return hs_dominators_retained_set(&graph->dominators, &graph->holding, graph->sizes, set,
					  count, bytes, objects)
		       ? NULL
		       : &hs_enomem;
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
	if (graph->unreached && hs_bit(graph->unreached, object))
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
