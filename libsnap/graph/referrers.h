/* SPDX-License-Identifier: MIT */
/* referrers.h: the references the other way round. */
#ifndef HS_GRAPH_REFERRERS_H
#define HS_GRAPH_REFERRERS_H

#include "libsnap/graph/holding.h"

/* Compressed rows: what refers to object o is sources[first[o] .. first[o + 1]). */
struct hs_referrers {
	uint32_t *first; /* object count + 1 */
	hs_id *sources;	 /* ascending for each object; one that refers to it twice is there twice */
	uint64_t *idle;	 /* by place in sources: the reference does not hold */
};

/* hs_referrers_deinit() frees @referrers, also after a failure. */
struct hs_error *hs_referrers_init(struct hs_referrers *referrers,
				   const struct hs_holding *holding) HS_MUST_CHECK;
void hs_referrers_deinit(struct hs_referrers *referrers);

#endif
