/* SPDX-License-Identifier: MIT */
/* suspects.c: which classes are accused of what grew, and which are not. */
#include "libsnap/analysis/comparison.h"
#include "libsnap/analysis/holder.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"

#include <stdlib.h>

enum {
	SCORE_MIN = 16 << 10,	/* bytes; see hs_suspect in heapsnap/analysis.h */
	SCORE_HEAP_PART = 4000, /* and this part of the heap */
	SCORE_BEST_PART = 50,	/* and this part of the first suspect's */
	STEP_PART = 16, /* each step must have this part of what the steps have on average */
	LEVELLED_PART = 8,
	LEVELLING_PART = 4,
	LEVELLING_STEPS = 3,  /* that it takes to see something level off slowly */
	COMPANION_PART = 100, /* of the suspect's bytes that a companion must have */
	COMPANIONS_MAX = 8,
	SUSPECTS_MAX = 20,
	NS_PER_HOUR = 3600 * 1000000000LL,
};

struct candidate {
	uint32_t class_number;
	int64_t score;
};

/* The search for suspects. */
struct trial {
	struct hs_comparison *comparison;
	struct hs_diff *diff;
	size_t step_count;
	struct candidate *candidates;
	size_t count;
	uint8_t *suspected; /* by class */
	struct hs_holders holders;
	struct hs_companions companions;
};

static void trial_deinit(struct trial *trial)
{
	free(trial->candidates);
	free(trial->suspected);
	hs_holders_deinit(&trial->holders);
	hs_companions_deinit(&trial->companions);
}

#define _cleanup_trial_ __attribute__((cleanup(trial_deinit)))

static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left;
	const struct candidate *b = right;

	if (a->score != b->score)
		return a->score < b->score ? 1 : -1;
	return (a->class_number > b->class_number) - (a->class_number < b->class_number);
}

static int64_t least_score(const struct hs_diff *diff)
{
	int64_t part = (int64_t)(diff->input[diff->input_count - 1].bytes / SCORE_HEAP_PART);

	return part > SCORE_MIN ? part : SCORE_MIN;
}

static struct hs_diff_row *row_of(const struct trial *trial, uint32_t class_number)
{
	return hs_comparison_row(trial->comparison, class_number);
}

/* What was attributed to the class, step by step, in @steps; whether it grew in each of them. */
static bool fill_steps(const struct trial *trial, uint32_t class_number, int64_t last,
		       int64_t *steps)
{
	double sum = 0;
	bool grew = true;

	for (size_t i = 0; i < trial->step_count; i++) {
		steps[i] = hs_trace_score(&trial->comparison->trace, i, class_number);
		if (i + 1 == trial->step_count)
			steps[i] = last;
		sum += (double)steps[i];
	}
	for (size_t i = 0; i < trial->step_count; i++)
		grew = grew && steps[i] > 0 &&
		       (double)steps[i] * STEP_PART * (double)trial->step_count >= sum;
	return grew;
}

/* Whether what grew by @steps is coming to an end. */
static bool is_levelled(const int64_t *steps, size_t count)
{
	int64_t most = steps[0];
	bool falling = count >= LEVELLING_STEPS;

	for (size_t i = 1; i < count; i++) {
		most = steps[i] > most ? steps[i] : most;
		falling = falling && steps[i] < steps[i - 1];
	}
	return steps[count - 1] < most / LEVELLED_PART ||
	       (falling && steps[count - 1] < steps[0] / LEVELLING_PART);
}

static struct hs_error *dismiss(struct trial *trial, const struct hs_diff_row *row,
				enum hs_dismissal why, int64_t *steps)
{
	struct hs_diff *diff = trial->diff;

	if (!diff->dismissed)
		diff->dismissed =
			hs_arena_array(diff->arena, trial->count + 1, sizeof(*diff->dismissed));
	if (!diff->dismissed)
		return &hs_enomem;
	diff->dismissed[diff->dismissed_count++] =
		(struct hs_dismissed){.row = row, .why = why, .steps = steps};
	return NULL;
}

/*
 * The class that grew most, if no class is a candidate though the heap as a whole grew: its new
 * objects hang in containers that were replaced by others.
 */
static bool find_unexplained(const struct trial *trial, struct candidate *ret)
{
	struct hs_comparison *comparison = trial->comparison;
	const struct hs_diff *diff = trial->diff;
	const struct hs_diff_input *last = &diff->input[diff->input_count - 1];
	int64_t grown = (int64_t)(last->bytes - last[-1].bytes);
	const struct hs_diff_row *row = diff->rows;
	uint32_t number;

	if (!diff->row_count || grown < least_score(diff) || row->delta_count <= 0 ||
	    row->delta_bytes < least_score(diff))
		return false;
	/* The name is there already. */
	if (!hs_strtab_intern(&comparison->names, row->kind, &number))
		return false;
	*ret = (struct candidate){number, row->delta_bytes};
	return true;
}

/* The classes that grew enough in the last step, by falling score. */
static void find_candidates(struct trial *trial)
{
	const struct hs_growth *growth = &trial->comparison->growth;
	struct candidate *candidates = trial->candidates;
	int64_t least = least_score(trial->diff);
	size_t used = 0;

	for (uint32_t i = 0; i < growth->class_count; i++) {
		const struct hs_diff_row *row = row_of(trial, i);

		if (row && row->delta_bytes > 0 && growth->classes[i].score >= least)
			candidates[used++] = (struct candidate){i, growth->classes[i].score};
	}
	if (!used && find_unexplained(trial, candidates))
		used = 1;
	qsort(candidates, used, sizeof(*candidates), compare_candidates);
	trial->count = used;
}

/* Dismiss those that did not grow at each step or levelled off, and those that are too many. */
static struct hs_error *sift(struct trial *trial)
{
	struct candidate *candidates = trial->candidates;
	size_t used = 0;

	for (size_t i = 0; i < trial->count; i++) {
		int64_t *steps =
			hs_arena_array(trial->diff->arena, trial->step_count, sizeof(*steps));
		struct hs_error *err = NULL;
		bool grew;

		if (!steps)
			return &hs_enomem;
		if (used == SUSPECTS_MAX ||
		    (used && candidates[i].score < candidates[0].score / SCORE_BEST_PART))
			break;
		grew = fill_steps(trial, candidates[i].class_number, candidates[i].score, steps);
		if (grew && !is_levelled(steps, trial->step_count))
			candidates[used++] = candidates[i];
		else
			err = dismiss(trial, row_of(trial, candidates[i].class_number),
				      grew ? HS_DISMISSAL_LEVELLED : HS_DISMISSAL_FLAT, steps);
		if (err)
			return err;
	}
	trial->count = used;
	return NULL;
}

/* The classes of what hangs below the suspect of class @class_number, most bytes first. */
static bool add_companions(const struct trial *trial, uint32_t class_number,
			   struct hs_suspect *suspect)
{
	const struct hs_companions *companions = &trial->companions;
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
	suspect->companions = hs_arena_array(trial->diff->arena, used + 1, sizeof(struct hs_str));
	if (!suspect->companions)
		return false;
	for (size_t i = 0; i < used; i++)
		suspect->companions[i] = row_of(trial, found[i].class_number)->kind;
	suspect->companion_count = used;
	return true;
}

static void add_slopes(const struct hs_diff *diff, struct hs_suspect *suspect)
{
	size_t last = diff->input_count - 1;
	const struct hs_diff_row *row = suspect->row;
	double count = (double)row->count[last] - (double)row->count[0];
	double bytes = (double)row->bytes[last] - (double)row->bytes[0];
	uint64_t begin = diff->input[0].time_ns;
	uint64_t end = diff->input[last].time_ns;

	suspect->step = (struct hs_slope){count / (double)last, bytes / (double)last};
	if (!begin || end <= begin)
		return;
	suspect->timed = true;
	suspect->hour.count = count * NS_PER_HOUR / (double)(end - begin);
	suspect->hour.bytes = bytes * NS_PER_HOUR / (double)(end - begin);
}

/* Copy the lengths of what was followed, or of what the last two say; what it is called is known.
 */
static bool add_lengths(const struct trial *trial, hs_id object, struct hs_suspect *suspect)
{
	const struct hs_comparison *comparison = trial->comparison;
	const struct hs_traced *traced = hs_trace_find(&comparison->trace, object);
	size_t count = trial->diff->input_count;
	uint64_t *length = hs_arena_array(trial->diff->arena, count, sizeof(*length));
	hs_id before = comparison->side[1].other[object];

	if (!length)
		return false;
	for (size_t i = 0; i < count; i++)
		length[i] = traced ? traced->length[i] : HS_UNKNOWN;
	if (!traced && before != HS_NONE && before != HS_OPENED)
		length[count - 2] = hs_container_length(&comparison->side[0], before);
	length[count - 1] = hs_container_length(&comparison->side[1], object);
	suspect->holder.length = length;
	return true;
}

/*
 * Whether what holds objects of class @class_number, @object, became longer in each step, as far
 * back as it can be followed; or larger, if it is itself what grew.
 */
static bool became_longer(const struct trial *trial, uint32_t class_number, hs_id object)
{
	const struct hs_comparison *comparison = trial->comparison;
	const struct hs_traced *traced = hs_trace_find(&comparison->trace, object);
	size_t count = trial->diff->input_count;
	const uint64_t *values;

	if (!traced)
		return true;
	values = traced->length;
	if (values[count - 1] == HS_UNKNOWN) {
		if (comparison->growth.classes[class_number].grown != object)
			return true;
		values = traced->size;
	}
	for (size_t i = 1; i < count; i++)
		if (values[i - 1] != HS_UNKNOWN && values[i] <= values[i - 1])
			return false;
	return true;
}

static struct hs_error *describe(struct trial *trial, const struct candidate *candidate)
{
	struct hs_diff *diff = trial->diff;
	struct hs_suspect *suspect = &diff->suspects[diff->suspect_count];
	hs_id object = HS_NONE;
	struct hs_error *err;

	*suspect = (struct hs_suspect){
		.row = row_of(trial, candidate->class_number),
		.verdict = diff->input_count > 2 ? HS_VERDICT_LEAK : HS_VERDICT_GROWTH,
		.attributed = (uint64_t)candidate->score,
		.steps = hs_arena_array(diff->arena, trial->step_count, sizeof(int64_t)),
	};
	if (!suspect->steps)
		return &hs_enomem;
	fill_steps(trial, candidate->class_number, candidate->score, suspect->steps);
	err = hs_holder_find(&trial->holders, candidate->class_number, diff->arena, suspect,
			     &object);
	if (err)
		return err;
	if (suspect->held && !became_longer(trial, candidate->class_number, object))
		return dismiss(trial, suspect->row, HS_DISMISSAL_FLAT, suspect->steps);
	if (suspect->held && !add_lengths(trial, object, suspect))
		return &hs_enomem;
	add_slopes(diff, suspect);
	if (!add_companions(trial, candidate->class_number, suspect))
		return &hs_enomem;
	diff->explained += suspect->attributed;
	diff->suspect_count++;
	return NULL;
}

/* Find out about the candidates that are left. */
static struct hs_error *examine(struct trial *trial)
{
	struct hs_comparison *comparison = trial->comparison;
	struct hs_diff *diff = trial->diff;
	struct hs_error *err;

	for (size_t i = 0; i < trial->count; i++)
		trial->suspected[trial->candidates[i].class_number] = 1;
	diff->suspects = hs_arena_array(diff->arena, trial->count + 1, sizeof(*diff->suspects));
	if (!diff->suspects)
		return &hs_enomem;
	if (!trial->count)
		return NULL;
	err = hs_holders_init(&trial->holders, &comparison->growth, trial->suspected);
	if (!err && !hs_companions_init(&trial->companions, &comparison->growth, trial->suspected))
		err = &hs_enomem;
	for (size_t i = 0; !err && i < trial->count; i++)
		err = describe(trial, &trial->candidates[i]);
	return err;
}

struct hs_error *hs_suspects_find(struct hs_comparison *comparison)
{
	struct hs_diff *diff = comparison->diff;
	_cleanup_trial_ struct trial trial = {
		.comparison = comparison,
		.diff = diff,
		.step_count = diff->input_count - 1,
		.candidates = calloc(comparison->growth.class_count + 1, sizeof(struct candidate)),
		.suspected = calloc(comparison->growth.class_count + 1, 1),
	};
	struct hs_error *err;

	if (!trial.candidates || !trial.suspected)
		return &hs_enomem;
	find_candidates(&trial);
	err = sift(&trial);
	if (!err)
		err = examine(&trial);
	if (!err && diff->suspect_count)
		diff->verdict = diff->suspects[0].verdict;
	return err;
}
