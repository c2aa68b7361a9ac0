/* SPDX-License-Identifier: MIT */
/* from_diff.h: the parts of a report on what grew. */
#ifndef HS_REPORT_FROM_DIFF_H
#define HS_REPORT_FROM_DIFF_H

#include "libsnap/report/common.h"

/* The first line: the verdict in words. */
void hs_report_verdict(struct hs_report *report, const struct hs_diff *diff);

/* "suspects" and "dismissed", and the same for people. */
void hs_report_suspects(struct hs_report *report, const struct hs_diff *diff);

const char *hs_verdict_name(enum hs_verdict verdict);

static inline struct hs_value hs_count(uint64_t value)
{
	return hs_value_number(HS_VALUE_COUNT, value);
}

static inline struct hs_value hs_bytes_of(uint64_t value)
{
	return hs_value_number(HS_VALUE_BYTES, value);
}

static inline struct hs_value hs_count_change(int64_t value)
{
	return hs_value_signed(HS_VALUE_COUNT_CHANGE, value);
}

static inline struct hs_value hs_bytes_change(int64_t value)
{
	return hs_value_signed(HS_VALUE_BYTES_CHANGE, value);
}

static inline uint64_t hs_magnitude(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

#endif
