/* SPDX-License-Identifier: MIT */
/* internal.h: what the files of graph/ share, and the part of it that analyses may use. */
#ifndef HS_GRAPH_INTERNAL_H
#define HS_GRAPH_INTERNAL_H

#include "libsnap/graph/holding.h"

#include <heapsnap/graph.h>

/*
 * A spanning forest of the objects over references that are not weak.
 *
 * Phase r (0 .. HS_ROOT_RANK_COUNT-1) starts from the roots of rank r in table order and goes
 * breadth first through what no earlier phase reached; first without generic references (see
 * hs_graph_parent()), then over one, then over two, and so on.  Objects that no root reaches form a
 * last phase: first those that nothing refers to, then the others in order of their ordinals, are
 * its starting points.
 */
struct hs_forest {
	/*
	 * The edge by which an object was reached, HS_PARENT_ROOT or, at a starting point of the
	 * last phase, HS_PARENT_NONE.
	 */
	uint64_t *parent;
	hs_id *order;  /* all objects, each behind its parent */
	hs_id named;   /* the first so many of order are reached from roots above INTERNAL */
	hs_id reached; /* the first so many of order are reached from roots */
};

/*
 * Needs HS_COLUMN_EDGES of @snap, better TYPE and OWNER, too.  The @avoid_count objects @avoid are
 * not reached by roots.  hs_forest_deinit() frees @forest, also after a failure.
 */
struct hs_error *hs_forest_init(struct hs_forest *forest, const struct hs_snapshot *snap,
				const hs_id *avoid, size_t avoid_count) HS_MUST_CHECK;
void hs_forest_deinit(struct hs_forest *forest);

/*
 * From the number of an edge to the object whose it is: the source of every 64th edge, and a
 * search among the few objects from there on.
 */
struct hs_sources {
	const uint64_t *first_edge; /* of the snapshot */
	hs_id *every;
	uint64_t edge_count;
	hs_id object_count;
};

bool hs_sources_init(struct hs_sources *sources, const struct hs_objects *objects);
void hs_sources_deinit(struct hs_sources *sources);
hs_id hs_sources_find(const struct hs_sources *sources, uint64_t edge);

/* Which references of an object are weak, by its shape. */
struct hs_weakness {
	const struct hs_snapshot *snap;
	uint8_t *some; /* per shape: whether it has a weak run */
};

bool hs_weakness_init(struct hs_weakness *weakness, const struct hs_snapshot *snap);
void hs_weakness_deinit(struct hs_weakness *weakness);

/* Whether reference @slot of @object, whose shape has a weak run, is weak. */
bool hs_weakness_slot(const struct hs_weakness *weakness, hs_id object, uint32_t slot);

/* That of a graph with HS_GRAPH_PATHS. */
const struct hs_forest *hs_graph_forest(const struct hs_graph *graph);

#define _cleanup_graph_ __attribute__((cleanup(hs_graph_destroy_pointer)))
#define _cleanup_path_	__attribute__((cleanup(hs_path_deinit)))

static inline void hs_graph_destroy_pointer(struct hs_graph **graph)
{
	hs_graph_destroy(*graph);
}

#endif
