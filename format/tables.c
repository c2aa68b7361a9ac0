/* SPDX-License-Identifier: MIT */
/* tables.c: making, reading and freeing the tables of a snapshot. */
#include "format/tables.h"

#include "format/base/cleanup.h"
#include "format/base/huge.h"
#include "format/layout.h"
#include "format/rows.h"
#include <stdlib.h>
#include <string.h>

void *hs_columns_alloc(const struct hs_columns *columns, size_t count, size_t size)
{
	size_t bytes;

	if (!columns->spill)
		return hs_huge_alloc(count, size);
	return __builtin_mul_overflow(count, size, &bytes) ? NULL
							   : hs_spill_alloc(columns->spill, bytes);
}

void hs_columns_free(const struct hs_columns *columns, void *column)
{
	if (columns->spill)
		hs_spill_free(columns->spill, column);
	else
		free(column);
}

void hs_columns_deinit(struct hs_columns *columns)
{
	hs_columns_free(columns, columns->address);
	hs_columns_free(columns, columns->type);
	hs_columns_free(columns, columns->size);
	hs_columns_free(columns, columns->allocated);
	hs_columns_free(columns, columns->refcount);
	hs_columns_free(columns, columns->flags);
	hs_columns_free(columns, columns->generation);
	hs_columns_free(columns, columns->owner);
	hs_columns_free(columns, columns->fingerprint);
	hs_columns_free(columns, columns->site);
	hs_columns_free(columns, columns->shape);
	hs_columns_free(columns, columns->visible);
	hs_columns_free(columns, columns->first_edge);
	hs_columns_free(columns, columns->edges);
	hs_spill_release(columns->spill);
	*columns = (struct hs_columns){0};
}

struct hs_snapshot *hs_snapshot_create(void)
{
	struct hs_snapshot *snap = calloc(1, sizeof(*snap));

	if (!snap)
		return NULL;
	snap->arena = hs_arena_create();
	if (!snap->arena) {
		free(snap);
		return NULL;
	}
	return snap;
}

void hs_snapshot_destroy(struct hs_snapshot *snap)
{
	if (!snap)
		return;
	hs_columns_deinit(&snap->columns);
	hs_previews_deinit(&snap->previews);
	if (snap->raw)
		hs_raw_tables_deinit(snap->raw);
	free(snap->raw);
	hs_arena_destroy(snap->arena);
	free(snap);
}

static bool all_equal(const void *column, size_t bytes, unsigned char byte)
{
	const unsigned char *data = column;

	return bytes && data[0] == byte && !memcmp(data, data + 1, bytes - 1);
}

/*
 * Free the column *@column, one of @columns, of @count elements of @size bytes, if all its bytes
 * are
 * @byte.
 */
static void drop_default(const struct hs_columns *columns, void *column, size_t count, size_t size,
			 unsigned char byte)
{
	void **pointer = column;

	if (*pointer && (!count || all_equal(*pointer, count * size, byte))) {
		hs_columns_free(columns, *pointer);
		*pointer = NULL;
	}
	hs_spill_relieve(columns->spill);
}

void hs_snapshot_publish(struct hs_snapshot *snap, hs_id count, uint64_t edge_count)
{
	struct hs_columns *columns = &snap->columns;

	drop_default(columns, &columns->allocated, count, sizeof(*columns->allocated), 0);
	drop_default(columns, &columns->refcount, count, sizeof(*columns->refcount), 0);
	drop_default(columns, &columns->generation, count, sizeof(*columns->generation),
		     HS_GENERATION_NONE);
	drop_default(columns, &columns->owner, count, sizeof(*columns->owner), 0xff);
	drop_default(columns, &columns->fingerprint, count, sizeof(*columns->fingerprint), 0);
	drop_default(columns, &columns->site, count, sizeof(*columns->site), 0xff);
	snap->objects = (struct hs_objects){
		.count = count,
		.address = columns->address,
		.type = columns->type,
		.size = columns->size,
		.allocated = columns->allocated,
		.refcount = columns->refcount,
		.flags = columns->flags,
		.generation = columns->generation,
		.owner = columns->owner,
		.fingerprint = columns->fingerprint,
		.site = columns->site,
		.shape = columns->shape,
		.visible = columns->visible,
		.first_edge = columns->first_edge,
		.edges = columns->edges,
		.edge_count = columns->edges ? edge_count : 0,
	};
}

const struct hs_base *hs_snapshot_base(const struct hs_snapshot *snap)
{
	return snap->base.depth ? &snap->base : NULL;
}

struct hs_shape_bounds hs_shape_bounds(const struct hs_shape *shape)
{
	struct hs_shape_bounds ret = {.valid = shape->first_hidden <= shape->count};

	for (uint32_t i = 0; i < shape->count; i++) {
		bool hidden = i >= shape->first_hidden;
		bool *rest = hidden ? &ret.hidden_rest : &ret.visible_rest;

		if (shape->runs[i].count) {
			*(hidden ? &ret.hidden : &ret.visible) += shape->runs[i].count;
			continue;
		}
		if (*rest)
			ret.valid = false;
		*rest = true;
	}
	return ret;
}

const struct hs_info *hs_snapshot_info(const struct hs_snapshot *snap)
{
	return &snap->info;
}

uint64_t hs_snapshot_gap_total(const struct hs_snapshot *snap)
{
	const struct hs_info *info = hs_snapshot_info(snap);
	uint64_t total = 0;

	for (size_t i = 0; i < info->gap_count; i++)
		if (__builtin_add_overflow(total, info->gaps[i].count, &total))
			return UINT64_MAX;
	return total;
}

const struct hs_objects *hs_snapshot_objects(const struct hs_snapshot *snap)
{
	return &snap->objects;
}

uint64_t hs_snapshot_bytes(const struct hs_snapshot *snap)
{
	const struct hs_objects *objects = &snap->objects;
	uint64_t bytes = 0;

	for (hs_id i = 0; objects->size && i < objects->count; i++) {
		bytes += objects->size[i];
		if (i % HS_SPILL_STRIDE == 0)
			hs_spill_relieve(snap->columns.spill);
	}
	return bytes;
}

const struct hs_type *hs_snapshot_types(const struct hs_snapshot *snap, uint32_t *count)
{
	*count = snap->type_count;
	return snap->types;
}

const struct hs_shape *hs_snapshot_shapes(const struct hs_snapshot *snap, uint32_t *count)
{
	*count = snap->shape_count;
	return snap->shapes;
}

const struct hs_root *hs_snapshot_roots(const struct hs_snapshot *snap, size_t *count)
{
	*count = snap->root_count;
	return snap->roots;
}

const struct hs_thread *hs_snapshot_threads(const struct hs_snapshot *snap, uint32_t *count)
{
	*count = snap->thread_count;
	return snap->threads;
}

const struct hs_frame *hs_snapshot_frames(const struct hs_snapshot *snap, uint32_t *count)
{
	*count = snap->frame_count;
	return snap->frames;
}

const struct hs_region *hs_snapshot_regions(const struct hs_snapshot *snap, size_t *count)
{
	*count = snap->region_count;
	return snap->regions;
}

const struct hs_extent *hs_snapshot_extents(const struct hs_snapshot *snap, size_t *count)
{
	*count = snap->extent_count;
	return snap->extents;
}

const struct hs_collector *hs_snapshot_collectors(const struct hs_snapshot *snap, size_t *count)
{
	*count = snap->collector_count;
	return snap->collectors;
}

const struct hs_site *hs_snapshot_sites(const struct hs_snapshot *snap, uint32_t *count)
{
	*count = snap->site_count;
	return snap->sites;
}

struct hs_str hs_snapshot_string(const struct hs_snapshot *snap, uint32_t string)
{
	return snap->strings[string];
}

uint32_t hs_snapshot_string_count(const struct hs_snapshot *snap)
{
	return snap->string_count;
}

const struct hs_section_info *hs_snapshot_sections(const struct hs_snapshot *snap, size_t *count)
{
	*count = snap->section_count;
	return snap->sections;
}

const char *hs_version(void)
{
	return HS_VERSION;
}

const char *hs_format_version(void)
{
	return HS_FORMAT_VERSION;
}
