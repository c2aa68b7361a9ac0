/* SPDX-License-Identifier: MIT */
/* diff.c: two snapshots compared: rows by class, and suspects. */
#include "libsnap/analysis/analysis.h"
#include "libsnap/analysis/holder.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"

#include <stdlib.h>

enum {
	COLUMNS = HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_EDGES,
	SCORE_MIN = 16 << 10,	/* bytes; see hs_suspect in heapsnap/analysis.h */
	SCORE_HEAP_PART = 4000, /* and this part of the heap */
	SCORE_BEST_PART = 50,	/* and this part of the first suspect's */
	COMPANION_PART = 100,	/* of the suspect's bytes that a companion must have */
	COMPANIONS_MAX = 8,
	SUSPECTS_MAX = 20,
};

/* A comparison under way. */
struct work {
	struct hs_side side[2];
	struct hs_diff *diff;
	struct hs_strtab names;
	struct hs_diff_row *rows; /* by class number, later sorted */
	uint32_t *row_of;	  /* by class number: its sorted row */
	struct hs_growth growth;
	uint8_t *suspected; /* by class number */
};

static void work_deinit(struct work *work)
{
	hs_growth_deinit(&work->growth);
	hs_side_deinit(&work->side[0]);
	hs_side_deinit(&work->side[1]);
	hs_strtab_deinit(&work->names);
	free(work->row_of);
	free(work->suspected);
}

#define _cleanup_work_ __attribute__((cleanup(work_deinit)))

static bool find_internal(struct hs_side *side)
{
	side->internal = calloc((size_t)side->tables.objects->count + 1, 1);
	if (!side->internal)
		return false;
	for (hs_id i = side->forest->named; i < side->forest->reached; i++)
		side->internal[side->forest->order[i]] = 1;
	return true;
}

static struct hs_error *open_side(struct hs_side *side, const struct hs_snapshot *snap,
				  const struct hs_classifier *const *by, size_t by_count,
				  enum hs_size size, struct hs_strtab *names)
{
	const struct hs_graph_options paths = {.parts = HS_GRAPH_PATHS};
	struct hs_error *err;

	side->tables = hs_tables_of(snap);
	if (!hs_has_columns(side->tables.objects, COLUMNS))
		return hs_error_create(HS_ERROR_USAGE,
				       "the snapshot was opened without a column that comparing "
				       "needs");
	err = hs_size_values(side->tables.objects, size, &side->sizes);
	if (err)
		return err;
	err = hs_classify(snap, by, by_count, names, &side->classes);
	if (err)
		return err;
	err = hs_graph_create(snap, &paths, &side->graph);
	if (err)
		return err;
	side->forest = hs_graph_forest(side->graph);
	return find_internal(side) ? NULL : &hs_enomem;
}

/*
 * Whether @object of side @i is there on the other side, too, and in the same class.  A dict that
 * an instance has come to own has left one class and is new in another.
 */
static bool keeps_class(const struct work *work, size_t i, hs_id object)
{
	hs_id other = work->side[i].other[object];

	return other != HS_NONE && work->side[!i].classes[other] == work->side[i].classes[object];
}

static void fill_rows(struct work *work)
{
	for (size_t i = 0; i < 2; i++) {
		const struct hs_side *side = &work->side[i];
		const struct hs_objects *objects = side->tables.objects;

		for (hs_id object = 0; object < objects->count; object++) {
			struct hs_diff_row *row = &work->rows[side->classes[object]];
			bool kept = keeps_class(work, i, object);

			row->count[i]++;
			row->bytes[i] += side->sizes[object];
			row->freed += !i && !kept;
			row->added += i && !kept;
			row->survived += i && kept;
			work->diff->input[i].bytes += side->sizes[object];
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

/* Count the classes; afterwards rows and *@deltas are by class number, rows not yet sorted. */
static struct hs_error *make_rows(struct work *work, int64_t **deltas)
{
	size_t count = work->names.strings.size;
	_cleanup_free_ int64_t *delta_count = calloc(count, sizeof(*delta_count));

	work->rows = hs_arena_array(work->diff->arena, count, sizeof(*work->rows));
	if (!work->rows || !delta_count)
		return &hs_enomem;
	fill_rows(work);
	for (size_t i = 0; i < count; i++) {
		struct hs_diff_row *row = &work->rows[i];

		row->kind = work->names.strings.data[i];
		row->delta_count = (int64_t)(row->count[1] - row->count[0]);
		row->delta_bytes = (int64_t)(row->bytes[1] - row->bytes[0]);
		delta_count[i] = row->delta_count;
	}
	*deltas = hs_steal(delta_count);
	return NULL;
}

/* Sort the rows, leave out classes without objects, and note where each class went. */
static bool sort_rows(struct work *work)
{
	size_t count = work->names.strings.size;
	size_t used = 0;

	work->row_of = calloc(count, sizeof(*work->row_of));
	if (!work->row_of)
		return false;
	for (size_t i = 0; i < count; i++)
		if (work->rows[i].count[0] || work->rows[i].count[1])
			work->rows[used++] = work->rows[i];
	qsort(work->rows, used, sizeof(*work->rows), compare_rows);
	for (size_t i = 0; i < used; i++) {
		uint32_t number;

		/* All names are there already. */
		if (!hs_strtab_intern(&work->names, work->rows[i].kind, &number))
			return false;
		work->row_of[number] = (uint32_t)i;
	}
	work->diff->rows = work->rows;
	work->diff->row_count = used;
	return true;
}

static int64_t least_score(const struct work *work)
{
	int64_t part = (int64_t)(work->diff->input[1].bytes / SCORE_HEAP_PART);

	return part > SCORE_MIN ? part : SCORE_MIN;
}

static struct hs_diff_row *row_of(const struct work *work, uint32_t class_number)
{
	return &work->rows[work->row_of[class_number]];
}

static bool is_suspect(const struct work *work, uint32_t class_number)
{
	const struct hs_class_growth *class = &work->growth.classes[class_number];

	return class->score >= least_score(work) && row_of(work, class_number)->delta_bytes > 0;
}

struct candidate {
	uint32_t class_number;
	int64_t score;
};

static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left;
	const struct candidate *b = right;

	if (a->score != b->score)
		return a->score < b->score ? 1 : -1;
	return (a->class_number > b->class_number) - (a->class_number < b->class_number);
}

/*
 * The class that grew most, if no class is a suspect though the heap as a whole grew: its new
 * objects hang in containers that were replaced by others.
 */
static bool find_unexplained(struct work *work, struct candidate *ret)
{
	const struct hs_diff *diff = work->diff;
	int64_t grown = (int64_t)(diff->input[1].bytes - diff->input[0].bytes);
	const struct hs_diff_row *row = diff->rows;
	uint32_t number;

	if (!diff->row_count || grown < least_score(work) || row->delta_count <= 0 ||
	    row->delta_bytes < least_score(work))
		return false;
	/* The name is there already. */
	if (!hs_strtab_intern(&work->names, row->kind, &number))
		return false;
	*ret = (struct candidate){number, row->delta_bytes};
	return true;
}

/* The suspects' classes by falling score; @candidates has room for all classes. */
static size_t find_candidates(struct work *work, struct candidate *candidates)
{
	size_t used = 0;

	for (uint32_t i = 0; i < work->growth.class_count; i++) {
		const struct hs_diff_row *row = row_of(work, i);

		if ((row->count[0] || row->count[1]) && is_suspect(work, i))
			candidates[used++] = (struct candidate){i, work->growth.classes[i].score};
	}
	if (!used)
		return find_unexplained(work, candidates);
	qsort(candidates, used, sizeof(*candidates), compare_candidates);
	for (size_t i = 0; i < used; i++)
		if (i == SUSPECTS_MAX ||
		    candidates[i].score < candidates[0].score / SCORE_BEST_PART)
			return i;
	return used;
}

/* The classes of what hangs below the suspect of class @class_number, most bytes first. */
static bool add_companions(const struct work *work, const struct hs_companions *companions,
			   uint32_t class_number, struct hs_suspect *suspect)
{
	int64_t least = (int64_t)(suspect->attributed / COMPANION_PART);
	_cleanup_free_ struct candidate *found = NULL;
	size_t used = 0;

	found = calloc((size_t)companions->keys.count + 1, sizeof(*found));
	if (!found)
		return false;
	for (uint32_t i = 0; i < companions->keys.count; i++) {
		int64_t bytes = companions->bytes.data[i];

		if (companions->keys.keys[i] >> 32 == class_number && bytes > 0 && bytes >= least)
			found[used++] =
				(struct candidate){(uint32_t)companions->keys.keys[i], bytes};
	}
	qsort(found, used, sizeof(*found), compare_candidates);
	used = used < COMPANIONS_MAX ? used : COMPANIONS_MAX;
	suspect->companions = hs_arena_array(work->diff->arena, used + 1, sizeof(struct hs_str));
	if (!suspect->companions)
		return false;
	for (size_t i = 0; i < used; i++)
		suspect->companions[i] = row_of(work, found[i].class_number)->kind;
	suspect->companion_count = used;
	return true;
}

static struct hs_error *describe_suspects(struct work *work, const struct candidate *candidates,
					  size_t count, const struct hs_holders *holders,
					  const struct hs_companions *companions)
{
	struct hs_diff *diff = work->diff;
	struct hs_suspect *suspects;

	suspects = hs_arena_array(diff->arena, count + 1, sizeof(*suspects));
	if (!suspects)
		return &hs_enomem;
	for (size_t i = 0; i < count; i++) {
		uint32_t number = candidates[i].class_number;
		struct hs_error *err;

		suspects[i].row = row_of(work, number);
		suspects[i].attributed = (uint64_t)candidates[i].score;
		diff->explained += suspects[i].attributed;
		err = hs_holder_find(holders, number, diff->arena, &suspects[i]);
		if (err)
			return err;
		if (!add_companions(work, companions, number, &suspects[i]))
			return &hs_enomem;
	}
	diff->suspects = suspects;
	diff->suspect_count = count;
	diff->verdict = count ? HS_VERDICT_GROWTH : HS_VERDICT_STABLE;
	return NULL;
}

static struct hs_error *find_suspects(struct work *work)
{
	size_t class_count = work->growth.class_count;
	_cleanup_free_ struct candidate *candidates = NULL;
	struct hs_companions companions = {0};
	struct hs_holders holders = {0};
	struct hs_error *err = NULL;
	size_t count;

	candidates = calloc(class_count + 1, sizeof(*candidates));
	work->suspected = calloc(class_count + 1, 1);
	if (!candidates || !work->suspected)
		return &hs_enomem;
	count = find_candidates(work, candidates);
	for (size_t i = 0; i < count; i++)
		work->suspected[candidates[i].class_number] = 1;
	if (count) {
		err = hs_holders_init(&holders, &work->growth, work->suspected);
		if (!err && !hs_companions_init(&companions, &work->growth, work->suspected))
			err = &hs_enomem;
	}
	if (!err)
		err = describe_suspects(work, candidates, count, &holders, &companions);
	hs_holders_deinit(&holders);
	hs_companions_deinit(&companions);
	return err;
}

static struct hs_error *compare(struct work *work)
{
	struct hs_side *a = &work->side[0];
	struct hs_side *b = &work->side[1];
	size_t class_count = work->names.strings.size;
	_cleanup_free_ int64_t *delta_count = NULL;
	struct hs_error *err;

	if (!hs_match_objects(a, b))
		return &hs_enomem;
	err = make_rows(work, &delta_count);
	if (err)
		return err;
	err = hs_match_places(a, b);
	if (err)
		return err;
	if (!hs_find_heads(a) || !hs_find_heads(b) || !hs_open_heads(a, class_count) ||
	    !hs_open_heads(b, class_count) ||
	    !hs_growth_init(&work->growth, a, b, class_count, delta_count) || !sort_rows(work))
		return &hs_enomem;
	return find_suspects(work);
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

struct hs_error *hs_diff_create(const struct hs_snapshot *a, const struct hs_snapshot *b,
				const char *const names[2], const struct hs_classifier *const *by,
				size_t by_count, enum hs_size size, struct hs_diff **ret)
{
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	_cleanup_work_ struct work work = {0};
	struct hs_diff *diff;
	struct hs_error *err;

	if (!arena)
		return &hs_enomem;
	diff = hs_arena_array(arena, 1, sizeof(*diff));
	if (!diff || !hs_strtab_init(&work.names, arena))
		return &hs_enomem;
	work.diff = diff;
	diff->arena = arena;
	diff->by = hs_arena_copy(arena, by, by_count * sizeof(const void *));
	diff->by_count = by_count;
	diff->size = size;
	diff->same_process = is_same_process(hs_snapshot_info(a), hs_snapshot_info(b));
	if (!diff->by || !fill_input(diff, 0, a, names[0]) || !fill_input(diff, 1, b, names[1]))
		return &hs_enomem;
	/* Of what was there before it need not be known where it came from. */
	err = hs_classifiers_check(b, names[1], by, by_count);
	if (!err)
		err = open_side(&work.side[0], a, by, by_count, size, &work.names);
	if (!err)
		err = open_side(&work.side[1], b, by, by_count, size, &work.names);
	if (!err)
		err = compare(&work);
	if (err)
		return err;
	hs_steal(arena);
	*ret = diff;
	return NULL;
}

void hs_diff_destroy(struct hs_diff *diff)
{
	if (diff)
		hs_arena_destroy(diff->arena);
}
