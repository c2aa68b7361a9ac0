/* SPDX-License-Identifier: MIT */
/* trace.h: classes and containers followed from snapshot to snapshot. */
#ifndef HS_ANALYSIS_TRACE_H
#define HS_ANALYSIS_TRACE_H

#include "libsnap/analysis/growth.h"

#include "format/base/arena.h"

/*
 * Two snapshots are in memory at a time, and what is to be known of those before them in the end is
 * kept here: what each step attributed to each class, and how long the containers were that grew.
 */
struct hs_trace {
	size_t snapshot_count;
	struct hs_arena *arena; /* scratch */
	struct hs_trace_step *steps;
	size_t step_count; /* that are over */
	HS_VECTOR(struct hs_traced) containers;
};

struct hs_trace_step {
	int64_t *scores; /* by class */
	size_t class_count;
};

/* A container, as of the later snapshot of the last step. */
struct hs_traced {
	hs_id object;
	uint64_t *length; /* by snapshot; HS_UNKNOWN: not known */
	uint64_t *size;	  /* the same, in bytes */
};

bool hs_trace_init(struct hs_trace *trace, size_t snapshot_count);
void hs_trace_deinit(struct hs_trace *trace);

/* A step is over.  False if memory ran out. */
bool hs_trace_add(struct hs_trace *trace, const struct hs_growth *growth);

/* What step @step attributed to class @class_number. */
int64_t hs_trace_score(const struct hs_trace *trace, size_t step, uint32_t class_number);

/* The container @object of the last snapshot; NULL if it was not followed. */
const struct hs_traced *hs_trace_find(const struct hs_trace *trace, hs_id object);

#endif
