/* SPDX-License-Identifier: MIT */
/* wanted.h: which pages of a target are worth having. */
#ifndef HS_MEMORY_WANTED_H
#define HS_MEMORY_WANTED_H

#include "libsnap/memory/maps.h"

/* Pages of a mapping that somebody wants. */
enum hs_wanted {
	HS_WANT_NONE,
	HS_WANT_RESIDENT, /* present in memory */
	HS_WANT_PRESENT,  /* present in memory or swapped out */
	HS_WANT_CHANGED,  /* the same, and not as in the file */
	HS_WANT_ALL,
};

/*
 * Those that Python's objects and what belongs to them can lie in.  It keeps its objects in private
 * memory that can be written to; of programs and libraries their data is needed as a whole, for
 * pages that nobody has touched yet belong to it; of other files mapped privately only what differs
 * from the file; of what is shared nothing.
 */
enum hs_wanted hs_wanted(const struct hs_maps *maps, const struct hs_mapping *mapping);

#endif
