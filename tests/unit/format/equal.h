/* SPDX-License-Identifier: MIT */
/* equal.h: whether two snapshots say the same. */
#ifndef HS_TEST_EQUAL_H
#define HS_TEST_EQUAL_H

#include "format/base/str.h"
#include "format/tables.h"

/* NULL, or the name of the first table that differs. */
static inline const char *equal_column(const char *name, const void *a, const void *b,
				       uint64_t count, size_t size)
{
	if (!a != !b)
		return name;
	return !a || !count || !memcmp(a, b, count * size) ? NULL : name;
}

static inline const char *equal_objects(const struct hs_objects *a, const struct hs_objects *b)
{
	const char *differs = NULL;

	if (a->count != b->count || a->edge_count != b->edge_count)
		return "counts";
#define COLUMN(field, number)                                                                      \
	if (!differs)                                                                              \
	differs = equal_column(#field, a->field, b->field, number, sizeof(*a->field))
	COLUMN(address, a->count);
	COLUMN(type, a->count);
	COLUMN(size, a->count);
	COLUMN(allocated, a->count);
	COLUMN(refcount, a->count);
	COLUMN(flags, a->count);
	COLUMN(generation, a->count);
	COLUMN(owner, a->count);
	COLUMN(fingerprint, a->count);
	COLUMN(site, a->count);
	COLUMN(shape, a->count);
	COLUMN(visible, a->count);
	COLUMN(first_edge, (uint64_t)a->count + 1);
	COLUMN(edges, a->edge_count);
#undef COLUMN
	return differs;
}

static inline bool equal_labels(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	const struct hs_objects *objects = hs_snapshot_objects(a);

	for (hs_id i = 0; i < objects->count; i++) {
		uint64_t degree = objects->first_edge[i + 1] - objects->first_edge[i];

		for (uint32_t slot = 0; slot < degree; slot++) {
			struct hs_label left = hs_snapshot_label(a, i, slot);
			struct hs_label right = hs_snapshot_label(b, i, slot);

			if (left.kind != right.kind || left.strength != right.strength ||
			    left.index != right.index || !hs_str_equal(left.name, right.name))
				return false;
		}
	}
	return true;
}

static inline bool equal_previews(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	if (a->has_previews != b->has_previews)
		return false;
	for (hs_id i = 0; i < hs_snapshot_objects(a)->count; i++) {
		struct hs_preview left = {0};
		struct hs_preview right = {0};

		if (hs_snapshot_preview(a, i, &left) != hs_snapshot_preview(b, i, &right) ||
		    left.kind != right.kind || left.cut != right.cut ||
		    left.length != right.length || left.integer != right.integer ||
		    memcmp(&left.real, &right.real, sizeof(left.real)) != 0 ||
		    !hs_str_equal(left.data, right.data))
			return false;
	}
	return true;
}

static inline bool equal_roots(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	if (a->root_count != b->root_count)
		return false;
	for (size_t i = 0; i < a->root_count; i++)
		if (a->roots[i].rank != b->roots[i].rank ||
		    a->roots[i].object != b->roots[i].object ||
		    a->roots[i].thread != b->roots[i].thread ||
		    a->roots[i].frame != b->roots[i].frame ||
		    !hs_str_equal(a->roots[i].name, b->roots[i].name))
			return false;
	return true;
}

static inline bool equal_types(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	if (a->type_count != b->type_count)
		return false;
	for (uint32_t i = 0; i < a->type_count; i++)
		if (a->types[i].role != b->types[i].role ||
		    a->types[i].object != b->types[i].object ||
		    !hs_str_equal(a->types[i].name, b->types[i].name) ||
		    !hs_str_equal(a->types[i].module, b->types[i].module))
			return false;
	return true;
}

static inline bool equal_threads(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	if (a->thread_count != b->thread_count || a->frame_count != b->frame_count)
		return false;
	for (uint32_t i = 0; i < a->thread_count; i++)
		if (a->threads[i].native_id != b->threads[i].native_id ||
		    !hs_str_equal(a->threads[i].name, b->threads[i].name))
			return false;
	for (uint32_t i = 0; i < a->frame_count; i++)
		if (a->frames[i].thread != b->frames[i].thread ||
		    a->frames[i].line != b->frames[i].line ||
		    !hs_str_equal(a->frames[i].function, b->frames[i].function) ||
		    !hs_str_equal(a->frames[i].file, b->frames[i].file))
			return false;
	return true;
}

static inline bool equal_memory(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	if (a->region_count != b->region_count || a->extent_count != b->extent_count)
		return false;
	for (size_t i = 0; i < a->region_count; i++)
		if (a->regions[i].start != b->regions[i].start ||
		    a->regions[i].end != b->regions[i].end ||
		    a->regions[i].resident != b->regions[i].resident ||
		    a->regions[i].flags != b->regions[i].flags ||
		    !hs_str_equal(a->regions[i].name, b->regions[i].name))
			return false;
	for (size_t i = 0; i < a->extent_count; i++)
		if (a->extents[i].start != b->extents[i].start ||
		    a->extents[i].size != b->extents[i].size ||
		    a->extents[i].bytes != b->extents[i].bytes ||
		    a->extents[i].count != b->extents[i].count ||
		    a->extents[i].owner != b->extents[i].owner ||
		    !hs_str_equal(a->extents[i].allocator, b->extents[i].allocator) ||
		    !hs_str_equal(a->extents[i].state, b->extents[i].state))
			return false;
	return true;
}

static inline bool equal_sites(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	if (a->site_count != b->site_count)
		return false;
	for (uint32_t i = 0; i < a->site_count; i++)
		if (a->sites[i].line != b->sites[i].line ||
		    a->sites[i].caller != b->sites[i].caller ||
		    !hs_str_equal(a->sites[i].file, b->sites[i].file))
			return false;
	return true;
}

static inline bool equal_info(const struct hs_info *a, const struct hs_info *b)
{
	if (a->pid != b->pid || !hs_str_equal(a->runtime, b->runtime) ||
	    !hs_str_equal(a->version, b->version) || a->command_count != b->command_count ||
	    a->time_ns != b->time_ns || a->start_ticks != b->start_ticks ||
	    !hs_str_equal(a->boot_id, b->boot_id) || !hs_str_equal(a->mode, b->mode) ||
	    !hs_str_equal(a->reason, b->reason) || a->pause_ns != b->pause_ns ||
	    a->copied != b->copied || a->resident != b->resident || a->retries != b->retries ||
	    a->damaged != b->damaged || a->preview_bytes != b->preview_bytes ||
	    a->redacted != b->redacted || a->salt != b->salt || a->gap_count != b->gap_count)
		return false;
	for (size_t i = 0; i < a->command_count; i++)
		if (!hs_str_equal(a->command[i], b->command[i]))
			return false;
	for (size_t i = 0; i < a->gap_count; i++)
		if (!hs_str_equal(a->gaps[i].reason, b->gaps[i].reason) ||
		    a->gaps[i].count != b->gaps[i].count ||
		    a->gaps[i].example != b->gaps[i].example)
			return false;
	return true;
}

/* NULL if @a and @b say the same, else what differs first. */
static inline const char *snapshots_differ(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	const char *differs = equal_objects(hs_snapshot_objects(a), hs_snapshot_objects(b));

	if (differs)
		return differs;
	if (!equal_info(hs_snapshot_info(a), hs_snapshot_info(b)))
		return "info";
	if (!equal_types(a, b))
		return "types";
	if (!equal_roots(a, b))
		return "roots";
	if (!equal_threads(a, b))
		return "threads or frames";
	if (!equal_memory(a, b))
		return "regions or extents";
	if (!equal_sites(a, b))
		return "sites";
	if (!equal_previews(a, b))
		return "previews";
	return equal_labels(a, b) ? NULL : "labels";
}

#endif
