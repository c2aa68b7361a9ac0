/* SPDX-License-Identifier: MIT */
/* analysis.h: what the analyses share. */
#ifndef HS_ANALYSIS_ANALYSIS_H
#define HS_ANALYSIS_ANALYSIS_H

#include <heapsnap/analysis.h>

/* Order by bytes; less than, equal to or greater than 0. */
int hs_str_compare(struct hs_str a, struct hs_str b);

#endif
