/* SPDX-License-Identifier: MIT */
/* children.h: the dominator tree from above. */
#ifndef HS_ANALYSIS_CHILDREN_H
#define HS_ANALYSIS_CHILDREN_H

#include <heapsnap/graph.h>

/* What each object dominates immediately, and what nothing does, as that of HS_NONE. */
struct hs_children {
	hs_id *first;	 /* object count + 2: where those of hs_children_row() begin */
	hs_id *children; /* by row, ascending */
};

static inline size_t hs_children_row(hs_id object)
{
	return object == HS_NONE ? 0 : (size_t)object + 1;
}

/*
 * @graph has HS_GRAPH_RETAINED; of @count objects.  @garbage: with the garbage that nothing
 * dominates.  False if memory ran out; hs_children_deinit() frees what there is in any case.
 */
bool hs_children_init(struct hs_children *children, const struct hs_graph *graph, hs_id count,
		      bool garbage);
void hs_children_deinit(struct hs_children *children);

/*
 * What the objects of each class retain together, at least: by class, the sum of the retained sizes
 * of those that no other of their class dominates.  @classes are by object, @bytes, zeroed, by
 * class, of which there are @class_count.
 */
bool hs_children_add_up(const struct hs_children *children, const struct hs_graph *graph,
			const uint32_t *classes, size_t class_count, uint64_t *bytes);

#endif
