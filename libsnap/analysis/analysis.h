/* SPDX-License-Identifier: MIT */
/* analysis.h: what the analyses share. */
#ifndef HS_ANALYSIS_ANALYSIS_H
#define HS_ANALYSIS_ANALYSIS_H

#include <heapsnap/analysis.h>

/* Order by bytes; less than, equal to or greater than 0. */
int hs_str_compare(struct hs_str a, struct hs_str b);

/* *@ret is set to the sizes of @objects that count; an error if they are not there. */
struct hs_error *hs_size_values(const struct hs_objects *objects, enum hs_size size,
				const uint64_t **ret) HS_MUST_CHECK;

#endif
