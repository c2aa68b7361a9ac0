/* SPDX-License-Identifier: MIT */
/* item.h: an object as it is listed. */
#ifndef HS_ANALYSIS_ITEM_H
#define HS_ANALYSIS_ITEM_H

#include "libsnap/analysis/classify.h"

/* Fill in @ret, with what must be made in @arena; @graph has HS_GRAPH_RETAINED, or is NULL. */
bool hs_item_fill(const struct hs_tables *tables, const struct hs_graph *graph, hs_id object,
		  struct hs_arena *arena, struct hs_item *ret);

#endif
