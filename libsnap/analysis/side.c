/* SPDX-License-Identifier: MIT */
/* side.c: one of two snapshots that are compared. */
#include "libsnap/analysis/side.h"

#include "libsnap/analysis/analysis.h"

#include "format/base/error.h"
#include "format/base/huge.h"

#include <stdlib.h>
#include <string.h>

enum {
	COLUMNS = HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_EDGES,
};

static bool find_internal(struct hs_side *side)
{
	side->internal = hs_bits_create(side->tables.objects->count);
	if (!side->internal)
		return false;
	for (hs_id i = side->forest->named; i < side->forest->reached; i++)
		hs_bit_set(side->internal, side->forest->order[i]);
	return true;
}

static bool name_types(struct hs_side *side, struct hs_strtab *names)
{
	uint32_t count;

	hs_snapshot_types(side->tables.snap, &count);
	side->type_names = calloc(count ? count : 1, sizeof(*side->type_names));
	for (uint32_t i = 0; side->type_names && i < count; i++)
		if (!hs_strtab_intern(names, side->tables.types[i].name, &side->type_names[i]))
			return false;
	return side->type_names != NULL;
}

struct hs_error *hs_side_open(struct hs_side *side, const struct hs_snapshot *snap,
			      const struct hs_sorting *sorting, struct hs_strtab *names)
{
	const struct hs_graph_options paths = {.parts = HS_GRAPH_PATHS};
	struct hs_error *err;

	*side = (struct hs_side){.tables = hs_tables_of(snap)};
	if (!hs_has_columns(side->tables.objects, COLUMNS))
		return hs_error_create(HS_ERROR_USAGE,
				       "the snapshot was opened without a column that comparing "
				       "needs");
	err = hs_size_values(side->tables.objects, sorting->size, &side->sizes);
	if (err)
		return err;
	err = hs_classify(snap, sorting->by, sorting->by_count, names, &side->classes);
	if (err)
		return err;
	err = hs_graph_create(snap, &paths, &side->graph);
	if (err)
		return err;
	side->forest = hs_graph_forest(side->graph);
	return find_internal(side) && name_types(side, names) ? NULL : &hs_enomem;
}

void hs_side_deinit(struct hs_side *side)
{
	hs_graph_destroy(side->graph);
	free(side->internal);
	free(side->classes);
	free(side->type_names);
	free(side->other);
	free(side->head);
	*side = (struct hs_side){0};
}

bool hs_side_forget(struct hs_side *side)
{
	hs_id count = side->tables.objects->count;

	if (!side->other)
		side->other = hs_huge_alloc(count, sizeof(*side->other));
	if (!side->other)
		return false;
	memset(side->other, 0xff, (size_t)count * sizeof(*side->other));
	return true;
}

hs_id hs_forest_source(struct hs_side *side, hs_id object)
{
	const uint64_t *first_edge = side->tables.objects->first_edge;
	uint64_t edge = side->forest->parent[object];
	hs_id source = side->last_source;

	if (edge == HS_PARENT_ROOT || edge == HS_PARENT_NONE)
		return HS_NONE;
	if (edge < first_edge[source] || edge >= first_edge[(size_t)source + 1])
		side->last_source = source = hs_graph_edge_source(side->graph, edge);
	return source;
}

/* Of @total references of a part of @shape, those of runs @start .. @end-1 that name things. */
static uint64_t count_things(const struct hs_shape *shape, uint32_t start, uint32_t end,
			     uint64_t total)
{
	uint64_t fixed = 0;
	uint64_t things = 0;

	for (uint32_t i = start; i < end; i++)
		fixed += shape->runs[i].count;
	for (uint32_t i = start; i < end; i++) {
		uint64_t length = shape->runs[i].count;

		if (!length)
			length = total > fixed ? total - fixed : 0;
		switch ((enum hs_label_kind)shape->runs[i].kind) {
		case HS_LABEL_NONE:
		case HS_LABEL_INDEX:
		case HS_LABEL_INDEX_DOWN:
		case HS_LABEL_ITEM:
		case HS_LABEL_VALUE:
			things += length;
			break;
		case HS_LABEL_ENTRY:
			things += length / 2;
			break;
		case HS_LABEL_ATTRIBUTE:
		case HS_LABEL_KEY:
		case HS_LABEL_OFFSET:
		case HS_LABEL_LOCAL:
		case HS_LABEL_COUNT:
			break;
		}
	}
	return things;
}

/* Whether objects of @role have lengths; of others references without names tell. */
static bool is_container(enum hs_role role)
{
	return role == HS_ROLE_MAPPING || role == HS_ROLE_SEQUENCE || role == HS_ROLE_SET ||
	       role == HS_ROLE_TUPLE;
}

uint64_t hs_container_length(const struct hs_side *side, hs_id object)
{
	const struct hs_objects *objects = side->tables.objects;
	uint64_t degree = objects->first_edge[(size_t)object + 1] - objects->first_edge[object];
	uint64_t visible = objects->visible[object];
	const struct hs_shape *shape;
	uint64_t length;
	uint32_t count;

	shape = &hs_snapshot_shapes(side->tables.snap, &count)[objects->shape[object]];
	length = count_things(shape, 0, shape->first_hidden, visible) +
		 count_things(shape, shape->first_hidden, shape->count, degree - visible);
	return length || is_container(hs_tables_role(&side->tables, object)) ? length : UINT64_MAX;
}
