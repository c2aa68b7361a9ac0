/* SPDX-License-Identifier: MIT */
/* tables.h: the inside of a snapshot. */
#ifndef HS_FORMAT_TABLES_H
#define HS_FORMAT_TABLES_H

#include "format/base/arena.h"
#include "format/base/spill.h"
#include "format/preview.h"
#include <heapsnap/snapshot.h>

/* The columns of hs_objects, writable, while they are being made. Zeroed memory is none. */
struct hs_columns {
	struct hs_spill *spill; /* where they lie, an owner of it; NULL: in memory */
	hs_addr *address;
	uint32_t *type;
	uint64_t *size;
	uint64_t *allocated;
	uint64_t *refcount;
	uint16_t *flags;
	uint8_t *generation;
	hs_id *owner;
	uint64_t *fingerprint;
	uint32_t *site;
	uint32_t *shape;
	uint32_t *visible;
	uint64_t *first_edge;
	hs_id *edges;
};

/* A column of @count elements of @size bytes, and to free it; NULL if there is no room. */
void *hs_columns_alloc(const struct hs_columns *columns, size_t count, size_t size);
void hs_columns_free(const struct hs_columns *columns, void *column);

/* Free all columns. */
void hs_columns_deinit(struct hs_columns *columns);

struct hs_raw_tables;

/* Whoever fills a snapshot writes to it; from then on it does not change. */
struct hs_snapshot {
	struct hs_arena *arena; /* of everything but the columns */
	struct hs_columns columns;
	struct hs_objects objects; /* the same columns, for readers */
	struct hs_previews previews;
	bool has_previews; /* whether there are some, loaded or not */
	struct hs_info info;
	const struct hs_str *strings; /* number 0 is the empty string */
	uint32_t string_count;
	const struct hs_type *types;
	uint32_t type_count;
	const struct hs_shape *shapes;
	uint32_t shape_count;
	const struct hs_root *roots;
	size_t root_count;
	const struct hs_thread *threads;
	uint32_t thread_count;
	const struct hs_frame *frames;
	uint32_t frame_count;
	const struct hs_region *regions;
	size_t region_count;
	const struct hs_extent *extents;
	size_t extent_count;
	const struct hs_collector *collectors;
	size_t collector_count;
	const struct hs_site *sites;
	uint32_t site_count;
	const struct hs_section_info *sections;
	size_t section_count;
	struct hs_str path;	   /* of the file; empty: it was not opened by name */
	uint64_t hash;		   /* of the file; what it says */
	struct hs_base base;	   /* of the file, if it has one */
	struct hs_raw_tables *raw; /* as the file has them; NULL: not kept */
};

/* An empty snapshot, owned by the caller; NULL if memory ran out. */
struct hs_snapshot *hs_snapshot_create(void);

/*
 * Make the columns visible in snap->objects.  Columns that a snapshot may lack and that hold
 * nothing but their default (allocated, refcount, generation, owner, fingerprint, site) are
 * dropped.
 */
void hs_snapshot_publish(struct hs_snapshot *snap, hs_id count, uint64_t edge_count);

static inline void hs_snapshot_destroy_pointer(struct hs_snapshot **snap)
{
	hs_snapshot_destroy(*snap);
}

#define _cleanup_snapshot_ __attribute__((cleanup(hs_snapshot_destroy_pointer)))

/* Whether the operand of a run of this kind is the number of a string. */
static inline bool hs_label_has_name(uint8_t kind)
{
	return kind == HS_LABEL_ATTRIBUTE || kind == HS_LABEL_ITEM || kind == HS_LABEL_LOCAL;
}

/* What a shape says about the number of references, for checking objects against it. */
struct hs_shape_bounds {
	uint64_t visible;  /* references in visible runs of a fixed count */
	uint64_t hidden;   /* the same of the other runs */
	bool visible_rest; /* whether one visible run takes as many as are left over */
	bool hidden_rest;
	bool valid; /* at most one such run in each part, first_hidden within the runs */
};

struct hs_shape_bounds hs_shape_bounds(const struct hs_shape *shape);

/* Whether an object with @degree references, the first @visible of them visible, fits. */
static inline bool hs_shape_fits(const struct hs_shape_bounds *bounds, uint64_t degree,
				 uint64_t visible)
{
	if (visible > degree)
		return false;
	return (bounds->visible_rest ? visible >= bounds->visible : visible == bounds->visible) &&
	       (bounds->hidden_rest ? degree - visible >= bounds->hidden
				    : degree - visible == bounds->hidden);
}

#endif
