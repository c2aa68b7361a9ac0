/* SPDX-License-Identifier: MIT */
/* partition.c: a snapshot's objects by class. */
#include "libsnap/analysis/analysis.h"
#include "libsnap/analysis/children.h"
#include "libsnap/analysis/classify.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"

#include <stdlib.h>
#include <string.h>

int hs_str_compare(struct hs_str a, struct hs_str b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int order = size ? memcmp(a.data, b.data, size) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_rows(const void *left, const void *right)
{
	const struct hs_partition_row *a = left;
	const struct hs_partition_row *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return hs_str_compare(a->kind, b->kind);
}

/* What the objects of each class retain; *@ret is owned by the caller, who frees it. */
static struct hs_error *find_retained(const struct hs_snapshot *snap, const uint32_t *numbers,
				      size_t class_count, uint64_t **ret)
{
	const struct hs_graph_options options = {.parts = HS_GRAPH_RETAINED};
	struct hs_children children = {0};
	_cleanup_free_ uint64_t *bytes = calloc(class_count + 1, sizeof(*bytes));
	struct hs_graph *graph = NULL;
	struct hs_error *err;

	if (!bytes)
		return &hs_enomem;
	err = hs_graph_create(snap, &options, &graph);
	if (!err && (!hs_children_init(&children, graph, hs_snapshot_objects(snap)->count, true) ||
		     !hs_children_add_up(&children, graph, numbers, class_count, bytes)))
		err = &hs_enomem;
	hs_children_deinit(&children);
	hs_graph_destroy(graph);
	if (!err)
		*ret = hs_steal(bytes);
	return err;
}

/* Add up the classes, or take what they retain, if that is not NULL; those without objects (names
 * of other classifiers) are left out. */
static bool fill_rows(struct hs_partition *partition, const struct hs_objects *objects,
		      const uint64_t *sizes, const struct hs_strtab *names, const uint32_t *numbers,
		      const uint64_t *retained)
{
	struct hs_partition_row *rows;
	size_t used = 0;

	rows = hs_arena_array(partition->arena, names->strings.size, sizeof(*rows));
	if (!rows)
		return false;
	for (hs_id i = 0; i < objects->count; i++) {
		rows[numbers[i]].count++;
		rows[numbers[i]].bytes += sizes[i];
		partition->bytes += sizes[i];
	}
	if (retained)
		for (size_t i = 0; i < names->strings.size; i++)
			rows[i].bytes = retained[i];
	for (size_t i = 0; i < names->strings.size; i++) {
		if (!rows[i].count)
			continue;
		rows[used] = rows[i];
		rows[used++].kind = names->strings.data[i];
	}
	qsort(rows, used, sizeof(*rows), compare_rows);
	partition->objects = objects->count;
	partition->rows = rows;
	partition->row_count = used;
	return true;
}

struct hs_error *hs_partition_create(const struct hs_snapshot *snap,
				     const struct hs_classifier *const *by, size_t by_count,
				     enum hs_size size, struct hs_partition **ret)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	_cleanup_strtab_ struct hs_strtab names = {0};
	_cleanup_free_ uint32_t *numbers = NULL;
	_cleanup_free_ uint64_t *retained = NULL;
	struct hs_partition *partition;
	const uint64_t *sizes;
	struct hs_error *err;

	err = hs_size_values(objects, size == HS_SIZE_RETAINED ? HS_SIZE_SHALLOW : size, &sizes);
	if (err)
		return err;
	if (!arena || !hs_strtab_init(&names, arena))
		return &hs_enomem;
	partition = hs_arena_array(arena, 1, sizeof(*partition));
	if (!partition)
		return &hs_enomem;
	partition->arena = arena;
	partition->by = hs_arena_copy(arena, by, by_count * sizeof(const void *));
	partition->by_count = by_count;
	partition->size = size;
	partition->gaps = hs_snapshot_gap_total(snap);
	if (!partition->by)
		return &hs_enomem;
	err = hs_classifiers_check(snap, "the snapshot", by, by_count);
	if (!err)
		err = hs_classify(snap, by, by_count, &names, &numbers);
	if (!err && size == HS_SIZE_RETAINED)
		err = find_retained(snap, numbers, names.strings.size, &retained);
	if (err)
		return err;
	if (!fill_rows(partition, objects, sizes, &names, numbers, retained))
		return &hs_enomem;
	hs_steal(arena);
	*ret = partition;
	return NULL;
}

void hs_partition_destroy(struct hs_partition *partition)
{
	if (partition)
		hs_arena_destroy(partition->arena);
}
