/* SPDX-License-Identifier: MIT */
/* comparison.h: snapshots being compared, the last two of them at hand. */
#ifndef HS_ANALYSIS_COMPARISON_H
#define HS_ANALYSIS_COMPARISON_H

#include "libsnap/analysis/growth.h"
#include "libsnap/analysis/trace.h"

/* The objects of one snapshot, by class. */
struct hs_tally {
	uint64_t *count;
	uint64_t *bytes;
	size_t class_count; /* of classes that came later there are none */
};

struct hs_comparison {
	struct hs_sorting sorting;
	struct hs_diff *diff;
	struct hs_arena *scratch;
	struct hs_strtab names;	  /* of classes and types */
	struct hs_side side[2];	  /* the earlier and the later one */
	struct hs_growth growth;  /* from one to the other */
	struct hs_tally *tallies; /* by snapshot */
	struct hs_trace trace;
	struct hs_diff_row *rows; /* sorted */
	uint32_t *row_of;	  /* by class: its row, HS_NONE if it has none */
};

static inline struct hs_diff_row *hs_comparison_row(const struct hs_comparison *comparison,
						    uint32_t class_number)
{
	uint32_t row = comparison->row_of[class_number];

	return row == HS_NONE ? NULL : &comparison->rows[row];
}

/* After the last step: find the suspects and those dismissed, and give the verdict. */
struct hs_error *hs_suspects_find(struct hs_comparison *comparison) HS_MUST_CHECK;

#endif
