/* SPDX-License-Identifier: MIT */
/* audit.c: reference counts against the references that are there. */
#include "libsnap/analysis/analysis.h"
#include "libsnap/analysis/classify.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"

#include <stdlib.h>

/* Add object by object to the rows of their classes. */
static void add_objects(struct hs_audit *audit, const struct hs_objects *objects,
			const uint64_t *found, const uint32_t *numbers)
{
	for (hs_id object = 0; object < objects->count; object++) {
		struct hs_audit_row *row = &audit->rows[numbers[object]];
		uint64_t refcount;
		uint64_t missing;

		if (!hs_is_counted(objects, object)) {
			audit->uncounted++;
			continue;
		}
		refcount = objects->refcount[object];
		missing = refcount > found[object] ? refcount - found[object] : 0;
		row->objects++;
		row->refcount += refcount;
		row->referenced += found[object];
		row->unaccounted += missing;
		row->surplus += found[object] + missing - refcount;
		row->concerned += missing > 0;
		if (missing > row->most) {
			row->most = missing;
			row->example = objects->address[object];
		}
	}
}

static int compare_rows(const void *left, const void *right)
{
	const struct hs_audit_row *a = left;
	const struct hs_audit_row *b = right;

	if (a->unaccounted != b->unaccounted)
		return a->unaccounted < b->unaccounted ? 1 : -1;
	if (a->objects != b->objects)
		return a->objects < b->objects ? 1 : -1;
	return hs_str_compare(a->kind, b->kind);
}

/* Name the rows, leave out those of nothing, add them up. */
static void finish_rows(struct hs_audit *audit, const struct hs_strtab *names)
{
	for (size_t i = 0; i < names->strings.size; i++) {
		struct hs_audit_row row = audit->rows[i];

		if (!row.objects)
			continue;
		row.kind = names->strings.data[i];
		audit->objects += row.objects;
		audit->refcount += row.refcount;
		audit->referenced += row.referenced;
		audit->unaccounted += row.unaccounted;
		audit->surplus += row.surplus;
		audit->rows[audit->row_count++] = row;
	}
	qsort(audit->rows, audit->row_count, sizeof(*audit->rows), compare_rows);
}

static struct hs_error *fill(struct hs_audit *audit, const struct hs_snapshot *snap,
			     struct hs_strtab *names)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	_cleanup_free_ uint64_t *found = NULL;
	struct hs_error *err;

	err = hs_classifiers_check(snap, "the snapshot", audit->by, audit->by_count);
	if (!err)
		err = hs_classify(snap, audit->by, audit->by_count, names, &numbers);
	if (!err)
		err = hs_references_find(snap, &found);
	if (err)
		return err;
	audit->rows = hs_arena_array(audit->arena, names->strings.size, sizeof(*audit->rows));
	if (!audit->rows)
		return &hs_enomem;
	add_objects(audit, hs_snapshot_objects(snap), found, numbers);
	finish_rows(audit, names);
	return NULL;
}

struct hs_error *hs_audit_create(const struct hs_snapshot *snap,
				 const struct hs_classifier *const *by, size_t by_count,
				 struct hs_audit **ret)
{
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	_cleanup_strtab_ struct hs_strtab names = {0};
	struct hs_error *err;

	if (hs_snapshot_objects(snap)->count && !hs_snapshot_objects(snap)->refcount)
		return hs_error_create(HS_ERROR_FAILED,
				       "the snapshot does not tell the reference counts of its "
				       "objects");
	if (!arena || !hs_strtab_init(&names, arena))
		return &hs_enomem;
	struct hs_audit *audit = hs_arena_array(arena, 1, sizeof(*audit));
	if (!audit)
		return &hs_enomem;
	audit->arena = arena;
	audit->by = hs_arena_copy(arena, by, by_count * sizeof(const void *));
	audit->by_count = by_count;
	audit->gaps = hs_snapshot_gap_total(snap);
	if (!audit->by)
		return &hs_enomem;
	err = fill(audit, snap, &names);
	if (err)
		return err;
	hs_steal(arena);
	*ret = audit;
	return NULL;
}

void hs_audit_destroy(struct hs_audit *audit)
{
	if (audit)
		hs_arena_destroy(audit->arena);
}
