/* SPDX-License-Identifier: MIT */
/* inspect.c: one object, and what is around it. */
#include "libsnap/analysis/item.h"
#include "libsnap/analysis/place.h"

#include "libsnap/graph/internal.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"

#include <stdlib.h>

struct inspector {
	struct hs_tables tables;
	const struct hs_graph *graph;
	struct hs_arena *arena;
	struct hs_inspection *view;
};

/* A reference that is to be told of. */
struct candidate {
	uint64_t edge;
	uint64_t retained; /* or 1 of what holds, 0 of what does not */
	hs_id source;
};

static int compare(const void *left, const void *right)
{
	const struct candidate *a = left;
	const struct candidate *b = right;

	if (a->retained != b->retained)
		return a->retained < b->retained ? 1 : -1;
	return (a->edge > b->edge) - (a->edge < b->edge);
}

/* Make links of the first @limit of @count candidates; @back: to what refers to the object. */
static struct hs_error *add_links(const struct inspector *inspector, struct candidate *candidates,
				  size_t count, size_t limit, bool back, struct hs_link **links,
				  size_t *link_count)
{
	const struct hs_objects *objects = inspector->tables.objects;
	struct hs_error *err = NULL;

	qsort(candidates, count, sizeof(*candidates), compare);
	if (limit && count > limit)
		count = limit;
	*links = hs_arena_array(inspector->arena, count ? count : 1, sizeof(**links));
	if (!*links)
		return &hs_enomem;
	for (size_t i = 0; !err && i < count; i++) {
		hs_id other = back ? candidates[i].source : objects->edges[candidates[i].edge];
		struct hs_link *link = &(*links)[i];

		link->holds = hs_graph_holds(inspector->graph, candidates[i].edge);
		if (!hs_item_fill(&inspector->tables, inspector->graph, other, inspector->arena,
				  &link->item))
			return &hs_enomem;
		err = hs_place_link(&inspector->tables, candidates[i].source, candidates[i].edge,
				    false, inspector->arena, &link->label);
	}
	*link_count = count;
	return err;
}

static struct hs_error *add_refs(const struct inspector *inspector, hs_id object, size_t limit)
{
	const struct hs_objects *objects = inspector->tables.objects;
	uint64_t first = objects->first_edge[object];
	size_t count = (size_t)(objects->first_edge[(size_t)object + 1] - first);
	_cleanup_free_ struct candidate *candidates = calloc(count + 1, sizeof(*candidates));

	if (!candidates)
		return &hs_enomem;
	for (size_t i = 0; i < count; i++)
		candidates[i] = (struct candidate){
			.edge = first + i,
			.source = object,
			.retained = hs_graph_retained(inspector->graph, objects->edges[first + i]),
		};
	inspector->view->ref_total = count;
	return add_links(inspector, candidates, count, limit, false, &inspector->view->refs,
			 &inspector->view->ref_count);
}

/* A source that refers to it several times is there several times, one behind the other. */
static struct hs_error *add_referrers(const struct inspector *inspector, hs_id object, size_t limit)
{
	const struct hs_objects *objects = inspector->tables.objects;
	size_t count;
	const hs_id *sources = hs_graph_referrers(inspector->graph, object, &count);
	_cleanup_free_ struct candidate *candidates = calloc(count + 1, sizeof(*candidates));
	uint64_t edge = 0;

	if (!candidates)
		return &hs_enomem;
	for (size_t i = 0; i < count; i++) {
		edge = i && sources[i] == sources[i - 1] ? edge + 1
							 : objects->first_edge[sources[i]];
		while (objects->edges[edge] != object)
			edge++;
		candidates[i] = (struct candidate){
			.edge = edge,
			.source = sources[i],
			.retained = hs_graph_holds(inspector->graph, edge),
		};
	}
	inspector->view->referrer_total = count;
	return add_links(inspector, candidates, count, limit, true, &inspector->view->referrers,
			 &inspector->view->referrer_count);
}

static bool is_listed(const struct inspector *inspector, hs_id object)
{
	size_t count;

	hs_graph_referrers(inspector->graph, object, &count);
	for (size_t i = 0; i < count; i++)
		if (hs_graph_referrer_holds(inspector->graph, object, i))
			return false;
	return true;
}

static struct hs_error *add_dominator(const struct inspector *inspector, hs_id object)
{
	struct hs_inspection *view = inspector->view;
	hs_id dominator = hs_graph_dominator(inspector->graph, object);

	view->garbage = hs_graph_is_garbage(inspector->graph, object);
	if (dominator != HS_NONE)
		return hs_item_fill(&inspector->tables, inspector->graph, dominator,
				    inspector->arena, &view->dominator)
			       ? NULL
			       : &hs_enomem;
	if (hs_graph_is_entry(inspector->graph, object))
		view->freedom = HS_FREEDOM_ROOT;
	else if (view->flags & HS_OBJECT_LOST)
		view->freedom = HS_FREEDOM_LOST;
	else if (view->garbage)
		view->freedom = HS_FREEDOM_GARBAGE;
	else if (is_listed(inspector, object))
		view->freedom = HS_FREEDOM_LISTED;
	else
		view->freedom = HS_FREEDOM_SHARED;
	return NULL;
}

static bool add_sites(const struct inspector *inspector, hs_id object)
{
	const struct hs_tables *tables = &inspector->tables;
	struct hs_inspection *view = inspector->view;
	uint32_t site = tables->objects->site ? tables->objects->site[object] : HS_NONE;
	size_t count = 0;

	for (uint32_t at = site; at != HS_NONE; at = tables->sites[at].caller)
		count++;
	view->sites = hs_arena_array(inspector->arena, count ? count : 1, sizeof(*view->sites));
	if (!view->sites)
		return false;
	for (; view->site_count < count; site = tables->sites[site].caller) {
		struct hs_site *copy = &view->sites[view->site_count++];

		*copy = tables->sites[site];
		if (!hs_arena_str(inspector->arena, copy->file, &copy->file))
			return false;
	}
	return true;
}

static struct hs_error *add_referenced(const struct inspector *inspector, hs_id object)
{
	_cleanup_free_ uint64_t *found = NULL;
	struct hs_error *err = hs_references_find(inspector->tables.snap, &found);

	if (!err)
		inspector->view->referenced = found[object];
	return err;
}

static struct hs_error *look(const struct inspector *inspector, hs_id object, size_t limit)
{
	const struct hs_objects *objects = inspector->tables.objects;
	struct hs_inspection *view = inspector->view;
	struct hs_place place = {0};
	struct hs_error *err;
	bool found;

	if (!hs_item_fill(&inspector->tables, inspector->graph, object, inspector->arena,
			  &view->item))
		return &hs_enomem;
	view->allocated = objects->allocated ? objects->allocated[object] : 0;
	view->refcount = objects->refcount ? objects->refcount[object] : 0;
	view->flags = objects->flags ? objects->flags[object] : 0;
	view->counted = hs_is_counted(objects, object);
	err = add_referenced(inspector, object);
	if (!err)
		err = hs_place_describe(&inspector->tables, inspector->graph, object, HS_NONE,
					inspector->arena, &place, &found);
	if (err)
		return err;
	view->path = place.path;
	view->label = place.label;
	err = add_dominator(inspector, object);
	if (!err)
		err = add_refs(inspector, object, limit);
	if (!err)
		err = add_referrers(inspector, object, limit);
	if (!err && !add_sites(inspector, object))
		err = &hs_enomem;
	return err;
}

struct hs_error *hs_inspection_create(const struct hs_snapshot *snap, const struct hs_graph *graph,
				      hs_id object, size_t limit, struct hs_inspection **ret)
{
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	struct inspector inspector = {.tables = hs_tables_of(snap), .graph = graph, .arena = arena};
	struct hs_error *err;

	inspector.view = arena ? hs_arena_array(arena, 1, sizeof(*inspector.view)) : NULL;
	if (!inspector.view)
		return &hs_enomem;
	err = look(&inspector, object, limit);
	if (err)
		return err;
	inspector.view->gaps = hs_snapshot_gap_total(snap);
	inspector.view->arena = hs_steal(arena);
	*ret = inspector.view;
	return NULL;
}

void hs_inspection_destroy(struct hs_inspection *inspection)
{
	if (inspection)
		hs_arena_destroy(inspection->arena);
}
