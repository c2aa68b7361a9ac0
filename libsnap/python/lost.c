/* SPDX-License-Identifier: MIT */
/* lost.c: objects that no reference leads to, found through the blocks they lie in. */
#include "libsnap/python/lost.h"

#include "libsnap/python/discover.h"
#include "libsnap/python/visit/visit.h"
#include "libsnap/python/words.h"

enum {
	GC_FINALIZED = 1, /* the only bit that may be set in the GC head of what is not tracked */
	DEBUG_SUFFIX = 8, /* bytes that debug hooks put behind a block, at least */
	INLINE_VALUES_HEADER = 8,
};

/* What an object takes from its block's beginning on. */
static uint64_t needed(struct hs_python *python, const struct hs_object *object)
{
	uint64_t size = hs_pre_header_size(python, object) + hs_body_size(python, object);

	if (object->type->flags & PY_FLAG_INLINE_VALUES &&
	    python->layout->values_place == HS_VALUES_INLINE) {
		/* capacity, a byte; the order in which attributes came, a byte each; the values */
		const uint8_t *capacity =
			hs_image_at(python->image, object->address + object->type->basicsize, 1);

		if (capacity)
			size += INLINE_VALUES_HEADER + 8ull * *capacity + ((*capacity + 7u) & ~7u);
	}
	return size;
}

static bool fits(struct hs_python *python, const struct hs_pool *pool,
		 const struct hs_object *object)
{
	const struct hs_pytype *type = object->type;
	uint64_t around = python->pymalloc->prefix;
	uint64_t size = needed(python, object);

	if (around)
		around += DEBUG_SUFFIX;
	if (size > pool->block_size || size + around > pool->block_size)
		return false;
	/* What has items may have had more. */
	if (type->itemsize || type->flags & PY_FLAG_UNICODE_SUBCLASS)
		return true;
	return pool->block_size - (size + around) < 1 << HS_GRANULE_SHIFT;
}

/* Whether the GC head of an object is one: on the collector's lists, or empty. */
static bool has_sound_head(const struct hs_python *python, hs_addr address)
{
	uint32_t granule = hs_image_granule(python->image, address);
	uint64_t words[2];

	if (granule < python->granules && hs_bitmap_get(&python->tracked, granule))
		return true;
	return hs_image_read(python->image, address - PY_GC_HEAD_SIZE, words, sizeof(words)) &&
	       !words[0] && !(words[1] & ~(uint64_t)GC_FINALIZED);
}

/* Whether there is an object at @offset of the block, or was. */
static enum hs_content look(struct hs_python *python, const struct hs_pool *pool, hs_addr block,
			    uint64_t offset)
{
	struct hs_object object = {.address = block + python->pymalloc->prefix + offset};
	uint64_t count;
	hs_addr type;

	if (!hs_image_u64(python->image, object.address + PY_REFCNT, &count) ||
	    !hs_image_u64(python->image, object.address + PY_TYPE, &type) || !type ||
	    !(object.type = hs_type_at(python, type)))
		return HS_CONTENT_OTHER;
	object.size = object.type->basicsize;
	object.body = hs_image_at(python->image, object.address, object.size);
	if (!object.body || object.type->flags & PY_FLAG_TYPE_SUBCLASS ||
	    hs_pre_header_size(python, &object) != offset)
		return HS_CONTENT_OTHER;
	/* From 3.14 on lists of what can be used again are linked where the count was. */
	if (!count || hs_maps_find(&python->image->maps, count))
		return HS_CONTENT_PARKED;
	if (!hs_refcount_sound(python, count) || !fits(python, pool, &object))
		return HS_CONTENT_OTHER;
	if (object.type->flags & PY_FLAG_HAVE_GC && !has_sound_head(python, object.address))
		return HS_CONTENT_OTHER;
	return HS_CONTENT_OBJECT;
}

/* The pool with the live block at @block that nobody has taken; NULL if there is no such. */
static const struct hs_pool *untaken_pool(const struct hs_python *python, hs_addr block)
{
	uint32_t slot = hs_image_slot_here(python->image, block);
	uint32_t granule;

	if (slot >= python->granules / HS_GRANULES_PER_PAGE || block % (1 << HS_GRANULE_SHIFT))
		return NULL;
	granule =
		slot * HS_GRANULES_PER_PAGE + (uint32_t)(block % HS_PAGE_SIZE >> HS_GRANULE_SHIFT);
	if (!hs_bitmap_get(&python->pymalloc->blocks, granule))
		return NULL;
	return hs_pool_of(python->pymalloc, granule);
}

/* A float that waits, in 3.8 to 3.13: where its type was there is the next one's address. */
static bool is_parked_float(const struct hs_python *python, const struct hs_pool *pool,
			    hs_addr block)
{
	enum { FLOAT_SIZE = 24 };
	uint32_t prefix = python->pymalloc->prefix;
	uint64_t size = FLOAT_SIZE + (prefix ? prefix + DEBUG_SUFFIX : 0);
	const struct hs_pool *next;
	uint64_t words[2];

	if (pool->block_size < size || pool->block_size - size >= 1 << HS_GRANULE_SHIFT ||
	    !hs_image_read(python->image, block + prefix, words, sizeof(words)) || words[0])
		return false;
	next = words[1] ? untaken_pool(python, words[1] - prefix) : pool;
	return next && next->block_size == pool->block_size;
}

enum hs_content hs_block_content(struct hs_python *python, const struct hs_pool *pool,
				 hs_addr block, hs_addr *address)
{
	static const uint8_t offsets[] = {0, PY_GC_HEAD_SIZE, PY_GC_HEAD_SIZE + PY_PRE_HEADER_SIZE};

	for (size_t i = 0; i < sizeof(offsets); i++) {
		enum hs_content content = HS_CONTENT_OTHER;

		if (python->pymalloc->prefix + offsets[i] + PY_HEADER_SIZE <= pool->block_size)
			content = look(python, pool, block, offsets[i]);
		if (content == HS_CONTENT_OTHER)
			continue;
		*address = block + python->pymalloc->prefix + offsets[i];
		return content;
	}
	return is_parked_float(python, pool, block) ? HS_CONTENT_PARKED : HS_CONTENT_OTHER;
}

/* What is done with each live block that nobody has taken. */
typedef void block_fn(struct hs_python *python, const struct hs_pool *pool, hs_addr block,
		      hs_progress_fn *progress, void *context);

static void for_each_untaken(struct hs_python *python, block_fn *each, hs_progress_fn *progress,
			     void *context)
{
	struct hs_pymalloc *pymalloc = python->pymalloc;

	for (size_t i = 0; i < pymalloc->pools.size; i++) {
		const struct hs_pool *pool = &pymalloc->pools.data[i];
		uint32_t taken = 0;

		if (i % HS_SPILL_STEPS == 0)
			hs_spill_relieve(python->image->spill);
		for (size_t use = 0; use < HS_BLOCK_USES; use++)
			taken += pool->uses[use];
		if (taken == pool->live)
			continue;
		for (uint32_t k = 0; k < pool->carved; k++) {
			hs_addr block =
				pool->address + HS_POOL_HEADER_SIZE + (hs_addr)k * pool->block_size;

			if (untaken_pool(python, block))
				each(python, pool, block, progress, context);
		}
	}
}

static void discover_lost(struct hs_python *python, const struct hs_pool *pool, hs_addr block,
			  hs_progress_fn *progress, void *context)
{
	hs_addr address;

	if (hs_block_content(python, pool, block, &address) != HS_CONTENT_OBJECT)
		return;
	hs_discover(python, address);
	hs_discover_run(python, progress, context);
}

void hs_lost_discover(struct hs_python *python, hs_progress_fn *progress, void *context)
{
	for_each_untaken(python, discover_lost, progress, context);
}

static void take_parked(struct hs_python *python, const struct hs_pool *pool, hs_addr block,
			hs_progress_fn *progress, void *context)
{
	hs_addr address;

	(void)progress;
	(void)context;
	if (hs_block_content(python, pool, block, &address) == HS_CONTENT_PARKED)
		hs_block_take(python, block + python->pymalloc->prefix, 1, HS_BLOCK_PARKED);
}

/*
 * The blocks to which an object of a type that nobody described points belong to it, and so do
 * those to which these point.
 */
static uint64_t take_owned(struct hs_python *python, hs_addr from, uint64_t bytes)
{
	HS_VECTOR(hs_addr) found = {0};
	uint64_t taken = 0;
	size_t done = 0;

	for (;;) {
		uint64_t count = hs_python_limit(python, from, bytes / 8);
		struct hs_words words = hs_words_open(python->image, from, count);

		for (uint64_t i = 0; i < count; i++) {
			hs_addr word = hs_words_get(&words, i);
			uint64_t size;

			if (!untaken_pool(python, word - python->pymalloc->prefix))
				continue;
			size = hs_buffer_take(python, word, 1);
			taken += size;
			if (size && !hs_vector_push(&found, word))
				python->nomem = true;
		}
		if (done == found.size)
			break;
		from = found.data[done++];
		bytes = hs_block_size(python, from, 1) - python->pymalloc->prefix;
	}
	hs_vector_deinit(&found);
	return taken;
}

void hs_leftovers_take(struct hs_python *python)
{
	for_each_untaken(python, take_parked, NULL, NULL);
	for (size_t i = 0; i < python->scanned.size; i++) {
		uint32_t number = python->scanned.data[i];
		struct hs_object object;

		if (i % HS_SPILL_STEPS == 0)
			hs_spill_relieve(python->image->spill);
		if (hs_discover_open(python, python->queue.data[number], &object))
			hs_build_allocated(
				python->build, number,
				take_owned(python, object.address, hs_body_size(python, &object)));
	}
}
