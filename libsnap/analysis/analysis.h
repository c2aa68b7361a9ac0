/* SPDX-License-Identifier: MIT */
/* analysis.h: what the analyses share. */
#ifndef HS_ANALYSIS_ANALYSIS_H
#define HS_ANALYSIS_ANALYSIS_H

#include <heapsnap/analysis.h>

/* Things the capture of @snap could not do, all reasons together. */
uint64_t hs_gap_total(const struct hs_snapshot *snap);

/* Order by bytes; less than, equal to or greater than 0. */
int hs_str_compare(struct hs_str a, struct hs_str b);

#endif
