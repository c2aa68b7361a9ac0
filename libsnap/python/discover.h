/* SPDX-License-Identifier: MIT */
/* discover.h: finding all objects of a heap. */
#ifndef HS_PYTHON_DISCOVER_H
#define HS_PYTHON_DISCOVER_H

#include "libsnap/python/python.h"

/*
 * Walk the lists of the collector in every interpreter and note which objects are on them, in
 * which generation, and whose namespace a dict is.  *@objects counts them, *@broken the lists that
 * do not link up: then the collector was at work when the image was taken.
 */
void hs_discover_lists(struct hs_python *python, uint64_t *objects, uint64_t *broken);

/* Visit what is queued, and what that leads to, until nothing new is found. */
void hs_discover_run(struct hs_python *python, hs_progress_fn *progress, void *context);

/*
 * The object at @granule, which was found, to be looked at once more; false if it cannot be read.
 */
bool hs_discover_open(struct hs_python *python, uint32_t granule, struct hs_object *ret);

/*
 * The end of what roots reach over references that are not weak.  Queue what weak references lead
 * to, which was left out until now.
 */
void hs_discover_weakly(struct hs_python *python);

/* Queue the objects on the collector's lists that nothing has led to, one after the other. */
void hs_discover_unreached(struct hs_python *python, hs_progress_fn *progress, void *context);

/* Queue types that objects have but nothing refers to, as roots; true if there were any. */
bool hs_discover_types(struct hs_python *python);

/*
 * When all is found: what is needed of the image to tell the objects' addresses without it; and
 * these, in the order they were queued, from hs_build_column().  False or NULL if memory ran out.
 */
bool hs_discover_keep_pages(struct hs_python *python);
hs_addr *hs_discover_addresses(const struct hs_python *python);

/* For hs_build_finish(): granules to the numbers of objects, in the order they were queued. */
hs_build_resolve_fn hs_discover_resolve;

/* What hs_discover_resolve() needs; NULL if memory ran out. */
struct hs_ranks;
struct hs_ranks *hs_ranks_create(const struct hs_python *python);
void hs_ranks_destroy(struct hs_ranks *ranks);

#endif
