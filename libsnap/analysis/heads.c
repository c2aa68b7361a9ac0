/* SPDX-License-Identifier: MIT */
/* heads.c: which new or freed object the others of its kind hang below. */
#include "libsnap/analysis/side.h"

#include "format/base/huge.h"

#include <string.h>

/*
 * The value that the key in @slot of @object belongs to, as a slot; UINT32_MAX if it cannot be
 * told. Keys follow their values at once (entries in turn) or, hidden from the collector, in the
 * same order as all the values.
 */
static uint32_t value_slot(struct hs_side *side, hs_id object, uint32_t slot)
{
	const struct hs_objects *objects = side->tables.objects;
	uint32_t degree = (uint32_t)(objects->first_edge[object + 1] - objects->first_edge[object]);
	uint32_t visible = objects->visible[object];
	struct hs_label label;

	if (hs_side_label(side, object, slot).kind != HS_LABEL_KEY)
		return UINT32_MAX;
	if (slot >= visible)
		return degree == 2 * visible ? slot - visible : UINT32_MAX;
	if (!slot)
		return UINT32_MAX;
	label = hs_side_label(side, object, slot - 1);
	return label.kind == HS_LABEL_VALUE ? slot - 1 : UINT32_MAX;
}

/* The head of @object, which hangs in the kept object @holder. */
static hs_id own_or_values_head(struct hs_side *side, hs_id object, hs_id holder, uint64_t edge)
{
	const struct hs_objects *objects = side->tables.objects;
	uint64_t first = objects->first_edge[holder];
	uint32_t slot;
	hs_id value;

	if (side->tables.types[objects->type[holder]].role != HS_ROLE_MAPPING)
		return object;
	slot = value_slot(side, holder, (uint32_t)(edge - first));
	if (slot == UINT32_MAX)
		return object;
	value = objects->edges[first + slot];
	/* Values come before their keys in the forest, so that this one's head is known. */
	return hs_is_kept(side, value) || side->head[value] == HS_NONE ? object : side->head[value];
}

/* The first referent of the weak reference @object that is not kept, HS_NONE if there is none. */
static hs_id weak_referent(struct hs_side *side, hs_id object)
{
	const struct hs_objects *objects = side->tables.objects;
	uint64_t first = objects->first_edge[object];
	uint32_t degree = (uint32_t)(objects->first_edge[object + 1] - first);

	for (uint32_t slot = 0; slot < degree; slot++) {
		hs_id target = objects->edges[first + slot];

		if (!hs_is_kept(side, target) &&
		    hs_side_label(side, object, slot).strength == HS_WEAK)
			return target;
	}
	return HS_NONE;
}

/* Put weak references that are heads below the heads of their referents. */
static void follow_weak_references(struct hs_side *side)
{
	hs_id count = side->tables.objects->count;

	for (hs_id object = 0; object < count; object++) {
		hs_id target;

		if (!hs_is_head(side, object) ||
		    hs_tables_role(&side->tables, object) != HS_ROLE_WEAKREF)
			continue;
		target = weak_referent(side, object);
		if (target != HS_NONE)
			side->head[object] = side->head[side->head[target]];
	}
	for (hs_id object = 0; object < count; object++)
		if (!hs_is_kept(side, object))
			side->head[object] = side->head[side->head[object]];
}

bool hs_find_heads(struct hs_side *side)
{
	const struct hs_objects *objects = side->tables.objects;
	const struct hs_forest *forest = side->forest;

	if (!side->head)
		side->head = hs_huge_alloc(objects->count, sizeof(*side->head));
	if (!side->head)
		return false;
	memset(side->head, 0xff, (size_t)objects->count * sizeof(*side->head));
	for (hs_id i = 0; i < objects->count; i++) {
		hs_id object = forest->order[i];
		uint64_t edge = forest->parent[object];
		hs_id holder;

		if (hs_is_kept(side, object))
			continue;
		if (edge == HS_PARENT_ROOT || edge == HS_PARENT_NONE) {
			side->head[object] = object;
			continue;
		}
		holder = hs_graph_edge_source(side->graph, edge);
		side->head[object] = hs_is_kept(side, holder)
					     ? own_or_values_head(side, object, holder, edge)
					     : side->head[holder];
	}
	follow_weak_references(side);
	return true;
}
