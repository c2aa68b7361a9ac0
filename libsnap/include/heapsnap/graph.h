/* SPDX-License-Identifier: MIT */
/* heapsnap/graph.h: a snapshot's references as a graph. */
#ifndef HEAPSNAP_GRAPH_H
#define HEAPSNAP_GRAPH_H

#include <heapsnap/snapshot.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Referrers of every object, and for every object the reference over which it is reached from the
 * roots.  Immutable; it refers to the snapshot, which must outlive it.
 */
struct hs_graph;

/* Needs HS_COLUMN_EDGES of @snap.  On success *@ret is owned by the caller. */
HS_EXPORT struct hs_error *hs_graph_create(const struct hs_snapshot *snap,
					   struct hs_graph **ret) HS_MUST_CHECK;
HS_EXPORT void hs_graph_destroy(struct hs_graph *graph);

/*
 * The references to @object: *@count numbers of edges (positions in hs_objects.edges), ascending.
 * hs_graph_edge_source() tells whose they are.
 */
HS_EXPORT const uint64_t *hs_graph_referrers(const struct hs_graph *graph, hs_id object,
					     size_t *count);
HS_EXPORT hs_id hs_graph_edge_source(const struct hs_graph *graph, uint64_t edge);

/* What hs_graph_parent() says of an object that is itself a root, and of one nothing reaches. */
#define HS_PARENT_ROOT UINT64_MAX
#define HS_PARENT_NONE (UINT64_MAX - 1)

/*
 * The edge by which @object is first reached, breadth first, from the roots of the lowest rank
 * that reach it at all over references that are not weak; or HS_PARENT_ROOT, HS_PARENT_NONE.
 */
HS_EXPORT uint64_t hs_graph_parent(const struct hs_graph *graph, hs_id object);

/* One step of a path. */
struct hs_step {
	hs_id object;	       /* where the step leads to */
	struct hs_label label; /* of the reference taken */
	uint64_t edge;	       /* its number, as hs_graph_parent() has it */
};

/* From a root to an object by way of hs_graph_parent(). */
struct hs_path {
	size_t root;	       /* index into the snapshot's roots */
	struct hs_step *steps; /* the first leads from the root's object; none if it is the root */
	size_t count;
};

/* The path to @object; *@found is false if nothing reaches it.  hs_path_deinit() frees it. */
HS_EXPORT struct hs_error *hs_graph_path(const struct hs_graph *graph, hs_id object,
					 struct hs_path *ret, bool *found) HS_MUST_CHECK;
HS_EXPORT void hs_path_deinit(struct hs_path *path);

#ifdef __cplusplus
}
#endif

#endif
