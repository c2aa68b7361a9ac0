/* SPDX-License-Identifier: MIT */
/* references.c: how many references there are to each object. */
#include "libsnap/analysis/classify.h"

#include "libsnap/graph/bits.h"
#include "libsnap/graph/internal.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/base/vector.h"

#include <stdlib.h>
#include <string.h>

/* References being counted. */
struct counting {
	struct hs_tables tables;
	const struct hs_root *roots;
	size_t root_count;
	uint64_t *found; /* by object */
	uint64_t *idle;	 /* by number of the edge: weak */
	uint64_t
		*object; /* by object: a table of listed strings, or a frame that was looked into */
	uint64_t *inside;	    /* by object: what lies in the data of a program refers to it */
	HS_VECTOR(hs_id) held;	    /* by a frame, as its roots say */
	HS_VECTOR(hs_id) referents; /* of a frame that is an object */
};

static void counting_deinit(struct counting *counting)
{
	free(counting->found);
	free(counting->idle);
	free(counting->object);
	free(counting->inside);
	hs_vector_deinit(&counting->held);
	hs_vector_deinit(&counting->referents);
}

#define _cleanup_counting_ __attribute__((cleanup(counting_deinit)))

/* Tables in which the runtime has each string once do not count as holders of them. */
static bool mark_listings(struct counting *counting)
{
	size_t count;
	hs_id *tables;

	if (!hs_find_listings(counting->tables.snap, &tables, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		hs_bit_set(counting->object, tables[i]);
	free(tables);
	return true;
}

static void count_edges(struct counting *counting)
{
	const struct hs_objects *objects = counting->tables.objects;

	for (hs_id object = 0; object < objects->count; object++) {
		bool inside = objects->flags && objects->flags[object] & HS_OBJECT_STATIC;
		uint64_t end = objects->first_edge[(size_t)object + 1];

		if (hs_bit(counting->object, object))
			continue;
		for (uint64_t edge = objects->first_edge[object]; edge < end; edge++) {
			if (hs_bit(counting->idle, edge))
				continue;
			counting->found[objects->edges[edge]]++;
			if (inside)
				hs_bit_set(counting->inside, objects->edges[edge]);
		}
	}
}

static int compare_ids(const void *left, const void *right)
{
	hs_id a = *(const hs_id *)left;
	hs_id b = *(const hs_id *)right;

	return (a > b) - (a < b);
}

/*
 * The referents of the frame that @root is, if it is an object of its own, and was not seen yet:
 * the last root of its frame.
 */
static bool look_into_frame(struct counting *counting, const struct hs_root *root)
{
	const struct hs_objects *objects = counting->tables.objects;
	hs_id object = root->object;

	counting->referents.size = 0;
	if (hs_tables_role(&counting->tables, object) != HS_ROLE_FRAME ||
	    hs_bit(counting->object, object))
		return true;
	hs_bit_set(counting->object, object);
	for (uint64_t edge = objects->first_edge[object];
	     edge < objects->first_edge[(size_t)object + 1]; edge++)
		if (!hs_bit(counting->idle, edge) &&
		    !hs_vector_push(&counting->referents, objects->edges[edge]))
			return false;
	return true;
}

/*
 * The roots first .. end-1 are of one frame.  What it has is seen twice where the frame is an
 * object that refers to it, too, as until CPython 3.10: such references are counted by now.
 */
static bool count_frame(struct counting *counting, size_t first, size_t end)
{
	size_t k = 0;

	counting->held.size = 0;
	if (!look_into_frame(counting, &counting->roots[end - 1]))
		return false;
	for (size_t i = first; i < end; i++)
		if (!hs_vector_push(&counting->held, counting->roots[i].object))
			return false;
	qsort(counting->held.data, counting->held.size, sizeof(hs_id), compare_ids);
	if (counting->referents.size)
		qsort(counting->referents.data, counting->referents.size, sizeof(hs_id),
		      compare_ids);
	for (size_t i = 0; i < counting->held.size; i++) {
		hs_id object = counting->held.data[i];

		while (k < counting->referents.size && counting->referents.data[k] < object)
			k++;
		if (k < counting->referents.size && counting->referents.data[k] == object)
			k++;
		else
			counting->found[object]++;
	}
	return true;
}

/* Modules are roots by name; what holds them is the table of modules. */
static bool count_roots(struct counting *counting)
{
	const struct hs_root *roots = counting->roots;
	size_t end;

	for (size_t i = 0; i < counting->root_count; i = end) {
		hs_id object = roots[i].object;

		end = i + 1;
		if (roots[i].frame != HS_NONE) {
			while (end < counting->root_count && roots[end].frame == roots[i].frame)
				end++;
			if (!count_frame(counting, i, end))
				return false;
			continue;
		}
		/* The same word is seen as part of the object there, and as data. */
		if (roots[i].rank != HS_ROOT_MODULE &&
		    !(roots[i].rank == HS_ROOT_INTERNAL && hs_bit(counting->inside, object)))
			counting->found[object]++;
	}
	return true;
}

struct hs_error *hs_references_find(const struct hs_snapshot *snap, uint64_t **ret)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	_cleanup_counting_ struct counting counting = {.tables = hs_tables_of(snap)};

	if (!hs_has_columns(objects, HS_COLUMN_TYPE | HS_COLUMN_EDGES))
		return hs_error_create(HS_ERROR_USAGE, "the snapshot was opened without a column "
						       "that counting references needs");
	counting.roots = hs_snapshot_roots(snap, &counting.root_count);
	counting.found = hs_huge_alloc(objects->count, sizeof(*counting.found));
	counting.idle = hs_bits_create(objects->edge_count);
	counting.object = hs_bits_create(objects->count);
	counting.inside = hs_bits_create(objects->count);
	if (!counting.found || !counting.idle || !counting.object || !counting.inside ||
	    !hs_mark_weak(snap, counting.idle) || !mark_listings(&counting))
		return &hs_enomem;
	memset(counting.found, 0, (size_t)objects->count * sizeof(*counting.found));
	count_edges(&counting);
	if (!count_roots(&counting))
		return &hs_enomem;
	*ret = hs_steal(counting.found);
	return NULL;
}

bool hs_is_counted(const struct hs_objects *objects, hs_id object)
{
	return objects->refcount &&
	       !(objects->flags &&
		 objects->flags[object] & (HS_OBJECT_IMMORTAL | HS_OBJECT_STATIC));
}
