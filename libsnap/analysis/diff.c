/* SPDX-License-Identifier: MIT */
/* diff.c: snapshots compared, one with the next: rows by class, and suspects. */
#include "libsnap/analysis/analysis.h"
#include "libsnap/analysis/comparison.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"

#include <stdlib.h>

enum {
	COLUMNS = HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_OWNER | HS_COLUMN_FINGERPRINT |
		  HS_COLUMN_FLAGS | HS_COLUMN_EDGES,
};

static void comparison_deinit(struct hs_comparison *comparison)
{
	hs_growth_deinit(&comparison->growth);
	hs_trace_deinit(&comparison->trace);
	hs_side_deinit(&comparison->side[0]);
	hs_side_deinit(&comparison->side[1]);
	hs_strtab_deinit(&comparison->names);
	hs_arena_destroy(comparison->scratch);
	free(comparison->row_of);
}

#define _cleanup_comparison_ __attribute__((cleanup(comparison_deinit)))

/* Add up the objects of the later snapshot, number @number, by class. */
static bool tally(struct hs_comparison *comparison, size_t number)
{
	const struct hs_side *side = &comparison->side[1];
	size_t class_count = comparison->names.strings.size;
	struct hs_tally tally = {
		.count = hs_arena_array(comparison->scratch, class_count, sizeof(uint64_t)),
		.bytes = hs_arena_array(comparison->scratch, class_count, sizeof(uint64_t)),
		.class_count = class_count,
	};

	if (!tally.count || !tally.bytes)
		return false;
	for (hs_id object = 0; object < side->tables.objects->count; object++) {
		tally.count[side->classes[object]]++;
		tally.bytes[side->classes[object]] += side->sizes[object];
		comparison->diff->input[number].bytes += side->sizes[object];
	}
	comparison->tallies[number] = tally;
	return true;
}

static uint64_t tallied(const struct hs_tally *tally, const uint64_t *values, size_t class_number)
{
	return class_number < tally->class_count ? values[class_number] : 0;
}

/* A row for each class, not yet sorted; new, freed and survived are left out. */
static bool make_rows(struct hs_comparison *comparison)
{
	struct hs_diff *diff = comparison->diff;
	size_t classes = comparison->names.strings.size;
	size_t count = diff->input_count;

	comparison->rows = hs_arena_array(diff->arena, classes, sizeof(*comparison->rows));
	for (size_t i = 0; comparison->rows && i < classes; i++) {
		struct hs_diff_row *row = &comparison->rows[i];

		row->kind = comparison->names.strings.data[i];
		row->count = hs_arena_array(diff->arena, count, sizeof(uint64_t));
		row->bytes = hs_arena_array(diff->arena, count, sizeof(uint64_t));
		if (!row->count || !row->bytes)
			return false;
		for (size_t j = 0; j < count; j++) {
			const struct hs_tally *tally = &comparison->tallies[j];

			row->count[j] = tallied(tally, tally->count, i);
			row->bytes[j] = tallied(tally, tally->bytes, i);
		}
		row->delta_count = (int64_t)(row->count[count - 1] - row->count[count - 2]);
		row->delta_bytes = (int64_t)(row->bytes[count - 1] - row->bytes[count - 2]);
	}
	return comparison->rows != NULL;
}

/*
 * Whether @object of side @i is there on the other side, too, and in the same class.  A dict that
 * an instance has come to own has left one class and is new in another.
 */
static bool keeps_class(const struct hs_comparison *comparison, size_t i, hs_id object)
{
	hs_id other = comparison->side[i].other[object];

	return other != HS_NONE &&
	       comparison->side[!i].classes[other] == comparison->side[i].classes[object];
}

/* What is new, freed and kept, by class. */
static void count_changes(struct hs_comparison *comparison)
{
	for (size_t i = 0; i < 2; i++) {
		const struct hs_side *side = &comparison->side[i];
		hs_id count = side->tables.objects->count;

		for (hs_id object = 0; object < count; object++) {
			struct hs_diff_row *row = &comparison->rows[side->classes[object]];
			bool kept = keeps_class(comparison, i, object);

			row->freed += !i && !kept;
			row->added += i && !kept;
			row->survived += i && kept;
		}
	}
}

static int compare_rows(const void *left, const void *right)
{
	const struct hs_diff_row *a = left;
	const struct hs_diff_row *b = right;

	if (a->delta_bytes != b->delta_bytes)
		return a->delta_bytes < b->delta_bytes ? 1 : -1;
	if (a->delta_count != b->delta_count)
		return a->delta_count < b->delta_count ? 1 : -1;
	if (a->added != b->added)
		return a->added < b->added ? 1 : -1;
	return hs_str_compare(a->kind, b->kind);
}

static bool is_used(const struct hs_diff_row *row, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (row->count[i])
			return true;
	return false;
}

/* Sort the rows, leave out classes without objects, and note where each class went. */
static bool sort_rows(struct hs_comparison *comparison)
{
	struct hs_diff *diff = comparison->diff;
	size_t count = comparison->names.strings.size;
	struct hs_diff_row *rows = comparison->rows;
	size_t used = 0;

	comparison->row_of = malloc((count + 1) * sizeof(*comparison->row_of));
	if (!comparison->row_of)
		return false;
	memset(comparison->row_of, 0xff, count * sizeof(*comparison->row_of));
	for (size_t i = 0; i < count; i++)
		if (is_used(&rows[i], diff->input_count))
			rows[used++] = rows[i];
	qsort(rows, used, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < used; i++) {
		uint32_t number;

		/* All names are there already. */
		if (!hs_strtab_intern(&comparison->names, rows[i].kind, &number))
			return false;
		comparison->row_of[number] = (uint32_t)i;
	}
	diff->rows = rows;
	diff->row_count = used;
	return true;
}

/* By how many objects each class grew in the step to snapshot number @number, in @deltas. */
static void find_deltas(const struct hs_comparison *comparison, size_t number, int64_t *deltas)
{
	const struct hs_tally *before = &comparison->tallies[number - 1];
	const struct hs_tally *after = &comparison->tallies[number];

	for (size_t i = 0; i < comparison->names.strings.size; i++)
		deltas[i] = (int64_t)(tallied(after, after->count, i) -
				      tallied(before, before->count, i));
}

/* Attribute what grew in the step to snapshot number @number. */
static struct hs_error *compare(struct hs_comparison *comparison, size_t number)
{
	struct hs_side *a = &comparison->side[0];
	struct hs_side *b = &comparison->side[1];
	size_t class_count = comparison->names.strings.size;
	_cleanup_free_ int64_t *deltas = calloc(class_count + 1, sizeof(*deltas));
	struct hs_error *err;

	if (!deltas || !hs_side_forget(a) || !hs_side_forget(b) || !hs_match_objects(a, b))
		return &hs_enomem;
	if (number + 1 == comparison->diff->input_count) {
		if (!make_rows(comparison))
			return &hs_enomem;
		count_changes(comparison);
	}
	err = hs_match_places(a, b);
	if (err)
		return err;
	find_deltas(comparison, number, deltas);
	if (!hs_find_heads(a) || !hs_find_heads(b) || !hs_open_heads(a, class_count) ||
	    !hs_open_heads(b, class_count) ||
	    !hs_growth_init(&comparison->growth, a, b, class_count, deltas) ||
	    !hs_trace_add(&comparison->trace, &comparison->growth))
		return &hs_enomem;
	return NULL;
}

/* Take in snapshot number @number. */
static struct hs_error *add(struct hs_comparison *comparison, const struct hs_snapshot *snap,
			    size_t number)
{
	struct hs_error *err;

	hs_growth_deinit(&comparison->growth);
	err = hs_side_open(&comparison->side[1], snap, &comparison->sorting, &comparison->names);
	if (err)
		return err;
	if (!tally(comparison, number))
		return &hs_enomem;
	if (number)
		err = compare(comparison, number);
	if (err || number + 1 < comparison->diff->input_count)
		return err;
	return sort_rows(comparison) ? hs_suspects_find(comparison) : &hs_enomem;
}

/* What is the later one for the moment will be the earlier one. */
static void shift(struct hs_comparison *comparison)
{
	hs_side_deinit(&comparison->side[0]);
	comparison->side[0] = comparison->side[1];
	comparison->side[1] = (struct hs_side){0};
}

static bool is_same_process(const struct hs_info *a, const struct hs_info *b)
{
	return a->pid == b->pid && a->start_ticks == b->start_ticks &&
	       hs_str_equal(a->boot_id, b->boot_id);
}

static bool fill_input(struct hs_diff *diff, size_t i, const struct hs_snapshot *snap,
		       const char *name)
{
	const struct hs_info *info = hs_snapshot_info(snap);
	struct hs_str file;

	if (!hs_arena_str(diff->arena, hs_str_of(name), &file))
		return false;
	diff->input[i] = (struct hs_diff_input){
		.file = file.data,
		.time_ns = info->time_ns,
		.objects = hs_snapshot_objects(snap)->count,
		.resident = info->resident,
		.gaps = hs_snapshot_gap_total(snap),
	};
	return true;
}

/* Open snapshot number @i, which follows @before or nothing, and take it in. */
static struct hs_error *take(struct hs_comparison *comparison, const struct hs_diff_source *source,
			     size_t i, const struct hs_snapshot *before, struct hs_snapshot **snap)
{
	struct hs_diff *diff = comparison->diff;
	uint32_t columns = COLUMNS | hs_size_column(diff->size);
	struct hs_error *err;

	for (size_t j = 0; j < diff->by_count; j++)
		columns |= hs_classifier_columns(diff->by[j]);
	/* To name the entry of a dict that holds what grew. */
	if (i + 1 == source->count)
		columns |= HS_COLUMN_PREVIEW;
	err = source->open(source->context, i, columns, snap);
	if (err)
		return err;
	if (!fill_input(diff, i, *snap, source->names[i]))
		return &hs_enomem;
	if (before && !is_same_process(hs_snapshot_info(before), hs_snapshot_info(*snap)))
		diff->same_process = false;
	/* Of what was there before it need not be known where it came from. */
	if (i) {
		err = hs_classifiers_check(*snap, source->names[i], diff->by, diff->by_count);
		if (err)
			return err;
	}
	return add(comparison, *snap, i);
}

static struct hs_error *take_all(struct hs_comparison *comparison,
				 const struct hs_diff_source *source)
{
	struct hs_snapshot *before = NULL;
	struct hs_error *err = NULL;

	for (size_t i = 0; !err && i < source->count; i++) {
		struct hs_snapshot *snap = NULL;

		err = take(comparison, source, i, before, &snap);
		shift(comparison);
		if (before)
			source->close(source->context, before);
		before = snap;
	}
	shift(comparison);
	if (before)
		source->close(source->context, before);
	return err;
}

static bool comparison_init(struct hs_comparison *comparison, struct hs_diff *diff)
{
	comparison->diff = diff;
	comparison->sorting = (struct hs_sorting){diff->by, diff->by_count, diff->size};
	comparison->scratch = hs_arena_create();
	if (!comparison->scratch || !hs_strtab_init(&comparison->names, diff->arena) ||
	    !hs_trace_init(&comparison->trace, diff->input_count))
		return false;
	comparison->tallies = hs_arena_array(comparison->scratch, diff->input_count,
					     sizeof(*comparison->tallies));
	return comparison->tallies != NULL;
}

struct hs_error *hs_diff_stream(const struct hs_diff_source *source,
				const struct hs_classifier *const *by, size_t by_count,
				enum hs_size size, struct hs_diff **ret)
{
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	_cleanup_comparison_ struct hs_comparison comparison = {0};
	struct hs_diff *diff;
	struct hs_error *err;

	if (source->count < 2)
		return hs_error_create(HS_ERROR_USAGE, "it takes two snapshots to compare");
	diff = arena ? hs_arena_array(arena, 1, sizeof(*diff)) : NULL;
	if (!diff)
		return &hs_enomem;
	diff->arena = arena;
	diff->by = hs_arena_copy(arena, by, by_count * sizeof(const void *));
	diff->by_count = by_count;
	diff->size = size;
	diff->same_process = true;
	diff->input = hs_arena_array(arena, source->count, sizeof(*diff->input));
	diff->input_count = source->count;
	if (!diff->by || !diff->input || !comparison_init(&comparison, diff))
		return &hs_enomem;
	err = take_all(&comparison, source);
	if (err)
		return err;
	hs_steal(arena);
	*ret = diff;
	return NULL;
}

static struct hs_error *open_one_of_two(void *context, size_t i, uint32_t columns,
					struct hs_snapshot **ret)
{
	struct hs_snapshot *const *snaps = context;

	(void)columns;
	*ret = snaps[i];
	return NULL;
}

static void close_one_of_two(void *context, struct hs_snapshot *snap)
{
	(void)context;
	(void)snap;
}

struct hs_error *hs_diff_create(const struct hs_snapshot *a, const struct hs_snapshot *b,
				const char *const names[2], const struct hs_classifier *const *by,
				size_t by_count, enum hs_size size, struct hs_diff **ret)
{
	const struct hs_snapshot *snaps[] = {a, b};
	const struct hs_diff_source source = {
		.count = 2,
		.names = names,
		.open = open_one_of_two,
		.close = close_one_of_two,
		.context = (void *)snaps,
	};

	return hs_diff_stream(&source, by, by_count, size, ret);
}

void hs_diff_destroy(struct hs_diff *diff)
{
	if (diff)
		hs_arena_destroy(diff->arena);
}
