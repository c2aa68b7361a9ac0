/* SPDX-License-Identifier: MIT */
/* builder.h: the inside of a snapshot under construction. */
#ifndef HS_BUILD_BUILDER_H
#define HS_BUILD_BUILDER_H

#include "format/base/strtab.h"
#include "format/base/vector.h"
#include "format/tables.h"
#include "libsnap/build/build.h"
#include "libsnap/build/pile.h"

/* What a producer did wrong first. */
enum hs_build_misuse {
	HS_BUILD_FINE,
	HS_BUILD_BAD_STRING, /* a run's operand is not the number of a string */
	HS_BUILD_BAD_SHAPE,  /* two runs of one part take the rest, or first_hidden > count */
	HS_BUILD_BAD_KIND,  /* a kind of label or value, strength, role, rank that does not exist */
	HS_BUILD_NO_SITE,   /* a site that does not exist */
	HS_BUILD_NO_OBJECT, /* a reference or a value before the first object */
	HS_BUILD_TOO_MANY,  /* objects, types or shapes do not fit 32 bits */
	HS_BUILD_SPENT,	    /* finished twice */
};

/* Bytes allocated for an object that was added before. */
struct hs_build_more {
	uint32_t object;
	uint64_t bytes;
};

struct hs_build {
	struct hs_snapshot *snap; /* its arena is being filled */
	bool failed;		  /* memory ran out */
	enum hs_build_misuse misuse;
	struct hs_strtab strings;

	/* The columns, until hs_build_close_columns() lays them out in snap->columns. */
	struct hs_build_piles {
		struct hs_pile address, type, size, allocated, refcount, flags, generation, owner,
			fingerprint, site, shape, visible, degree, edges;
	} piles;
	HS_VECTOR(struct hs_build_more) more; /* what was told of objects later */
	bool addresses_later;		      /* hs_build_addresses() gives them */
	uint32_t object_count;
	uint32_t reached; /* the first so many objects; HS_NONE: not told */
	size_t edge_count;
	size_t first_edge; /* of the object added last */

	HS_VECTOR(struct hs_type) types;
	HS_VECTOR(struct hs_shape) shapes;
	uint32_t *shape_slots; /* open addressing: number + 1, 0 if free */
	size_t shape_slot_count;
	uint64_t shape_seed; /* of their hash */
	HS_VECTOR(struct hs_root) roots;
	HS_VECTOR(struct hs_thread) threads;
	HS_VECTOR(struct hs_frame) frames;
	HS_VECTOR(struct hs_region) regions;
	HS_VECTOR(struct hs_extent) extents;
	HS_VECTOR(struct hs_site) sites;
	uint32_t *site_slots; /* open addressing: number, 0 if free */
	size_t site_slot_count;
	uint64_t site_seed; /* of their hash */
	HS_VECTOR(struct hs_collector) collectors;
	HS_VECTOR(struct hs_gap) gaps;
	struct hs_info info;
};

/* Keep what a producer did wrong first. */
static inline void hs_build_blame(struct hs_build *build, enum hs_build_misuse what)
{
	if (build->misuse == HS_BUILD_FINE)
		build->misuse = what;
}
/* Give the flag HS_OBJECT_LOST to those it is due to. False: no memory. */
bool hs_build_mark_lost(struct hs_build *build);

/*
 * End the columns and lay out those that decide the order of the objects; first_edge has its last
 * element.  False: no memory.
 */
bool hs_build_close_columns(struct hs_build *build);

/*
 * Lay out the others, each when it is its turn to be put in order; what is allocated after the size
 * and before that is in order.  False: no memory.
 */
bool hs_build_lay_out_size(struct hs_build *build);
bool hs_build_lay_out_allocated(struct hs_build *build);
bool hs_build_lay_out_generation(struct hs_build *build);
bool hs_build_lay_out_fingerprint(struct hs_build *build);
bool hs_build_lay_out_site(struct hs_build *build); /* NULL if there are no sites */

#endif
