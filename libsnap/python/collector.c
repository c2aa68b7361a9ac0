/* SPDX-License-Identifier: MIT */
/*
 * collector.c: what the collector of each interpreter is set to, and what it has done.
 *
 *   generation   0  list, 16 bytes     16 threshold      20 count
 *   statistics   0  collections        8  collected      16 uncollectable
 *
 * The statistics of all generations stand one after the other in the collector's state.  From 3.15
 * on it points to rings instead, of the last 11 collections of generation 0 and the last 3 of each
 * other one, each followed by the number of the latest, whose figures count from the beginning:
 *
 *   collection   0  started, stopped   16 as above       40 candidates, duration, size of the heap
 *
 * (struct _gc_runtime_state of CPython; that of the rings was found by experiment.)
 */
#include "libsnap/python/interp.h"

enum {
	GENERATIONS = 3,
	GENERATION_SIZE = 24,
	GENERATION_THRESHOLD = 16,
	GENERATION_COUNT = 20,
	STATS_SIZE = 24,
	RING_ITEM_SIZE = 64,
	RING_ITEM_STATS = 16,
	RING_YOUNG = 11, /* collections */
	RING_OLD = 3,
};

/* Where the statistics of @generation are; 0 if they cannot be read. */
static hs_addr find_stats(const struct hs_python *python, hs_addr gc, uint32_t generation)
{
	const struct hs_layout *layout = python->layout;
	uint32_t length = RING_YOUNG;
	uint32_t latest;
	hs_addr ring;

	if (layout->gc_stats != HS_ABSENT)
		return gc + layout->gc_stats + (hs_addr)generation * STATS_SIZE;
	if (!hs_image_u64(python->image, gc + layout->gc_stat_rings, &ring) || !ring)
		return 0;
	for (uint32_t i = 0; i < generation; i++) {
		ring += (hs_addr)length * RING_ITEM_SIZE + sizeof(uint64_t);
		length = RING_OLD;
	}
	if (!hs_image_u32(python->image, ring + (hs_addr)length * RING_ITEM_SIZE, &latest))
		return 0;
	latest &= UINT8_MAX;
	return latest < length ? ring + (hs_addr)latest * RING_ITEM_SIZE + RING_ITEM_STATS : 0;
}

/* The 32-bit number at @address, 0 if it cannot be read or is negative. */
static uint32_t number_at(const struct hs_python *python, hs_addr address)
{
	uint32_t value;

	return hs_image_u32(python->image, address, &value) && value <= INT32_MAX ? value : 0;
}

static void add_collector(struct hs_python *python, hs_addr interp)
{
	const struct hs_layout *layout = python->layout;
	hs_addr gc = hs_interp_gc(python, interp);
	struct hs_collector row = {0};
	uint64_t number;

	if (hs_image_u64(python->image, interp + layout->interp_id, &number))
		row.interpreter = (uint32_t)number;
	if (number_at(python, gc + layout->gc_enabled))
		row.flags |= HS_COLLECTOR_ENABLED;
	if (number_at(python, gc + layout->gc_collecting))
		row.flags |= HS_COLLECTOR_WORKING;
	for (uint32_t i = 0; i < GENERATIONS; i++) {
		hs_addr generation = gc + python->generations + (hs_addr)i * GENERATION_SIZE;
		hs_addr stats = find_stats(python, gc, i);
		uint64_t done[3] = {0};

		row.generation = (uint8_t)i;
		row.threshold = number_at(python, generation + GENERATION_THRESHOLD);
		row.count = number_at(python, generation + GENERATION_COUNT);
		if (stats && !hs_image_read(python->image, stats, done, sizeof(done)))
			memset(done, 0, sizeof(done));
		row.collections = done[0];
		row.collected = done[1];
		row.uncollectable = done[2];
		hs_build_collector(python->build, &row);
	}
}

void hs_collectors_add(struct hs_python *python)
{
	hs_addr interp = hs_interp_first(python);

	for (; interp; interp = hs_interp_next(python, interp))
		if (hs_interp_owns_gc(python, interp))
			add_collector(python, interp);
}
