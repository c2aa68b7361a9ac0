/* SPDX-License-Identifier: MIT */
/* pymalloc.c: walking arenas and pools. */
#include "libsnap/python/pymalloc.h"

#include "libsnap/python/interp.h"
#include "libsnap/python/words.h"

#include <stdlib.h>

enum {
	/* struct arena_object */
	ARENA_ADDRESS = 0,
	ARENA_POOL_ADDRESS = 8,
	ARENA_FREE_POOLS = 16,
	ARENA_TOTAL_POOLS = 20,
	ARENA_OBJECT_SIZE = 48,

	/* struct pool_header */
	POOL_COUNT = 0,
	POOL_FREEBLOCK = 8,
	POOL_ARENA = 32,
	POOL_SIZE_CLASS = 36,
	POOL_NEXT_OFFSET = 40,
	POOL_MAX_NEXT_OFFSET = 44,

	/* struct _obmalloc_state (3.12) */
	OBMALLOC_ARENAS = 512,
	OBMALLOC_MAX_ARENAS = 520,

	SIZE_CLASSES = 32,
	MAX_ARENA_POOLS = 1024, /* 16 MiB in pools of 16 KiB; the largest known has 2 MiB */
	MAX_POOL_BLOCKS = 1024, /* blocks of 16 bytes in 16 KiB, and some */
};

static uint32_t half(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t word(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

bool hs_pool_header_parse(const uint8_t *at, hs_addr address, uint64_t pool_size,
			  struct hs_pool_header *ret)
{
	struct hs_pool_header header;
	uint32_t next;

	if (half(at + POOL_SIZE_CLASS) >= SIZE_CLASSES)
		return false;
	header.live = half(at + POOL_COUNT);
	header.freeblock = word(at + POOL_FREEBLOCK);
	header.arena = half(at + POOL_ARENA);
	header.block_size = (half(at + POOL_SIZE_CLASS) + 1) * 16;
	next = half(at + POOL_NEXT_OFFSET);
	/* One block is carved when the pool is put to use, the next one along with it. */
	if (next < HS_POOL_HEADER_SIZE + header.block_size || next > pool_size ||
	    half(at + POOL_MAX_NEXT_OFFSET) != pool_size - header.block_size ||
	    (header.freeblock &&
	     (header.freeblock < address || header.freeblock - address >= pool_size)))
		return false;
	header.carved = (next - HS_POOL_HEADER_SIZE) / header.block_size;
	if ((next - HS_POOL_HEADER_SIZE) % header.block_size || header.live > header.carved)
		return false;
	*ret = header;
	return true;
}

bool hs_pool_header_read(const struct hs_python *python, hs_addr address,
			 struct hs_pool_header *ret)
{
	const uint8_t *at = hs_image_at(python->image, address, HS_POOL_HEADER_SIZE);
	struct hs_pool_header header;

	if (!at || !hs_pool_header_parse(at, address, python->pymalloc->pool_size, &header) ||
	    !header.live)
		return false;
	*ret = header;
	return true;
}

/* What the element of the array at @at says, if that makes sense. */
static bool read_arena(const struct hs_python *python, const uint8_t *at, struct hs_pyarena *ret)
{
	uint64_t pool_size = python->pymalloc->pool_size;
	uint32_t total = half(at + ARENA_TOTAL_POOLS);
	struct hs_pyarena arena = {
		.address = word(at + ARENA_ADDRESS),
		.untouched = word(at + ARENA_POOL_ADDRESS),
		.size = pool_size,
	};
	hs_addr end;

	if (!arena.address || arena.address & (HS_PAGE_SIZE - 1) ||
	    arena.address >> HS_ADDRESS_BITS || !total || total > MAX_ARENA_POOLS ||
	    half(at + ARENA_FREE_POOLS) > total)
		return false;
	/* A power of two; one pool is lost where the arena does not begin at a pool's beginning. */
	while (arena.size < total * pool_size)
		arena.size *= 2;
	arena.first_pool = (arena.address + pool_size - 1) & ~(pool_size - 1);
	end = arena.first_pool + total * pool_size;
	if (end > arena.address + arena.size || arena.untouched < arena.first_pool ||
	    arena.untouched > end || (arena.untouched - arena.first_pool) % pool_size)
		return false;
	*ret = arena;
	return true;
}

bool hs_pymalloc_add_arenas(struct hs_python *python, hs_addr array, uint64_t count)
{
	enum { WORDS = ARENA_OBJECT_SIZE / 8 };

	if (count > UINT32_MAX / WORDS)
		return true;
	count = hs_python_limit(python, array, count * WORDS) / WORDS;
	for (uint64_t i = 0; i < count; i++) {
		uint8_t at[ARENA_OBJECT_SIZE];
		struct hs_pyarena arena;

		if (!hs_image_read(python->image, array + i * sizeof(at), at, sizeof(at)) ||
		    !read_arena(python, at, &arena))
			continue;
		arena.index = (uint32_t)i;
		if (!hs_vector_push(&python->pymalloc->arenas, arena))
			return false;
	}
	return true;
}

/* The arenas of every interpreter that has its own; the others use those of the main one. */
static bool add_known_arenas(struct hs_python *python)
{
	const struct hs_layout *layout = python->layout;
	hs_addr interp;

	if (layout->interp_obmalloc == HS_ABSENT)
		return true;
	for (interp = hs_interp_first(python); interp; interp = hs_interp_next(python, interp)) {
		hs_addr state = interp + layout->interp_obmalloc;
		hs_addr array = 0;
		uint32_t count = 0;

		/* Embedded in 3.12, a pointer from then on. */
		if (layout->minor > 12 && !hs_image_u64(python->image, state, &state))
			continue;
		if (hs_image_u64(python->image, state + OBMALLOC_ARENAS, &array) && array &&
		    hs_image_u32(python->image, state + OBMALLOC_MAX_ARENAS, &count) &&
		    !hs_pymalloc_add_arenas(python, array, count))
			return false;
	}
	return true;
}

static int compare_arenas(const void *left, const void *right)
{
	const struct hs_pyarena *a = left;
	const struct hs_pyarena *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

/* Sort the arenas; of those that overlap only the first is believed. */
static void sort_arenas(struct hs_python *python)
{
	struct hs_pymalloc *pymalloc = python->pymalloc;
	struct hs_pyarena *arenas = pymalloc->arenas.data;
	size_t used = 0;

	if (!pymalloc->arenas.size)
		return;
	qsort(arenas, pymalloc->arenas.size, sizeof(*arenas), compare_arenas);
	for (size_t i = 0; i < pymalloc->arenas.size; i++) {
		if (used && arenas[i].address < arenas[used - 1].address + arenas[used - 1].size) {
			/* Interpreters that share their arenas all tell of them. */
			if (arenas[i].address != arenas[used - 1].address)
				hs_python_gap(python, "arenas overlap", arenas[i].address);
			continue;
		}
		arenas[used++] = arenas[i];
	}
	pymalloc->arenas.size = used;
}

/* Which blocks of a pool are free. */
struct free_blocks {
	uint64_t words[MAX_POOL_BLOCKS / 64];
	uint32_t count;
};

/* Follow the list of free blocks; false if it leaves the pool or goes round in a circle. */
static bool find_free(const struct hs_python *python, const struct hs_pool *pool, hs_addr block,
		      struct free_blocks *free)
{
	memset(free, 0, sizeof(*free));
	while (block) {
		hs_addr offset = block - pool->address - HS_POOL_HEADER_SIZE;
		uint32_t i = (uint32_t)offset / pool->block_size;

		if (offset >= (hs_addr)pool->carved * pool->block_size ||
		    i * pool->block_size != offset || free->words[i / 64] >> (i % 64) & 1)
			return false;
		free->words[i / 64] |= 1ull << (i % 64);
		free->count++;
		if (!hs_image_u64(python->image, block, &block))
			return false;
	}
	return true;
}

/* Note the blocks that are not free. */
static void mark_live(struct hs_python *python, const struct hs_pool *pool,
		      const struct free_blocks *free)
{
	struct hs_bitmap *blocks = &python->pymalloc->blocks;
	uint64_t bytes = HS_POOL_HEADER_SIZE + (uint64_t)pool->carved * pool->block_size;
	bool dense = hs_image_at(python->image, pool->address, bytes);
	hs_addr block = pool->address + HS_POOL_HEADER_SIZE;
	uint32_t granule = hs_image_granule(python->image, block);

	for (uint32_t i = 0; i < pool->carved; i++) {
		if (!dense)
			granule = hs_image_granule(python->image, block);
		if (!(free->words[i / 64] >> (i % 64) & 1) && granule < python->granules)
			hs_bitmap_set(blocks, granule);
		granule += pool->block_size >> HS_GRANULE_SHIFT;
		block += pool->block_size;
	}
}

static void note_slots(struct hs_python *python, hs_addr pool, uint32_t number)
{
	struct hs_pymalloc *pymalloc = python->pymalloc;

	for (hs_addr page = pool; page < pool + pymalloc->pool_size; page += HS_PAGE_SIZE) {
		uint32_t slot = hs_image_slot(python->image, page);

		if (slot < python->granules / HS_GRANULES_PER_PAGE)
			pymalloc->pool_of_slot[slot] = number + 1;
	}
}

/*
 * Add the pool at @address if it is in use; *@off counts the blocks by which lists and counts
 * disagree.  False if memory ran out.
 */
static bool walk_pool(struct hs_python *python, struct hs_pyarena *arena, hs_addr address,
		      uint64_t *off)
{
	struct hs_pymalloc *pymalloc = python->pymalloc;
	struct hs_pool_header header;
	struct hs_pool pool = {.address = address};
	struct free_blocks free;
	uint32_t count;

	/* A page that is not there was never written to, and a count of 0 is a free pool. */
	if (!hs_image_u32(python->image, address + POOL_COUNT, &count) || !count) {
		arena->free_pools++;
		return true;
	}
	if (!hs_pool_header_read(python, address, &header) || header.arena != arena->index) {
		hs_python_gap(python, "pool of small blocks is not sound", address);
		return true;
	}
	pool.block_size = (uint16_t)header.block_size;
	pool.carved = (uint16_t)header.carved;
	if (!find_free(python, &pool, header.freeblock, &free)) {
		hs_python_gap(python, "list of free blocks is not sound", address);
		return true;
	}
	pool.live = (uint16_t)(pool.carved - free.count);
	*off += pool.live > header.live ? pool.live - header.live : header.live - pool.live;
	mark_live(python, &pool, &free);
	note_slots(python, address, (uint32_t)pymalloc->pools.size);
	return hs_vector_push(&pymalloc->pools, pool);
}

static bool walk_arena(struct hs_python *python, struct hs_pyarena *arena, uint64_t *off)
{
	struct hs_pymalloc *pymalloc = python->pymalloc;

	arena->first = (uint32_t)pymalloc->pools.size;
	for (hs_addr pool = arena->first_pool; pool < arena->untouched;
	     pool += pymalloc->pool_size) {
		if (!hs_python_spend(python, 1)) {
			hs_python_gap(python, "more arenas than the memory can hold", pool);
			break;
		}
		if (pymalloc->pools.size % HS_SPILL_STEPS == 0)
			hs_spill_relieve(python->image->spill);
		if (!walk_pool(python, arena, pool, off))
			return false;
	}
	arena->count = (uint32_t)pymalloc->pools.size - arena->first;
	return true;
}

static bool walk(struct hs_python *python)
{
	struct hs_pymalloc *pymalloc = python->pymalloc;
	uint64_t off = 0;

	for (size_t i = 0; i < pymalloc->arenas.size; i++)
		if (!walk_arena(python, &pymalloc->arenas.data[i], &off))
			return false;
	/*
	 * The thread that runs may be stopped in the middle of taking a block or giving it back:
	 * it counts first and then changes the list.
	 */
	if (off > 1)
		hs_build_gap(python->build, "blocks by which pools and their lists disagree", off,
			     0);
	return true;
}

/*
 * Whether debug hooks are on: they put an identification and seven bytes of 0xfd before what was
 * asked for, which shows before the GC head of a dict that must be there.
 */
static uint32_t find_prefix(const struct hs_python *python)
{
	static const uint8_t fence[7] = {0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd, 0xfd};
	hs_addr interp = 0;
	hs_addr dict = 0;
	const uint8_t *at;

	hs_image_u64(python->image, python->runtime + python->layout->runtime_interpreters_main,
		     &interp);
	hs_image_u64(python->image, interp + python->layout->interp_sysdict, &dict);
	at = hs_image_at(python->image, dict - PY_GC_HEAD_SIZE - sizeof(fence), sizeof(fence));
	return at && !memcmp(at, fence, sizeof(fence)) ? HS_DEBUG_PREFIX : 0;
}

bool hs_pymalloc_read(struct hs_python *python)
{
	uint64_t slots = python->granules / HS_GRANULES_PER_PAGE;
	struct hs_pymalloc *pymalloc = calloc(1, sizeof(*pymalloc));

	if (!pymalloc)
		return false;
	python->pymalloc = pymalloc;
	pymalloc->pool_size = hs_pool_size(python->layout->minor);
	pymalloc->arena_size = python->layout->minor < 10 ? 256 << 10 : 1 << 20;
	pymalloc->pool_of_slot = calloc(slots + 1, sizeof(*pymalloc->pool_of_slot));
	pymalloc->blocks.words =
		calloc((size_t)(python->granules / 64) + 1, sizeof(*pymalloc->blocks.words));
	if (!pymalloc->pool_of_slot || !pymalloc->blocks.words)
		return false;
	pymalloc->prefix = find_prefix(python);
	if (!add_known_arenas(python))
		return false;
	if (!pymalloc->arenas.size && !hs_pymalloc_search(python))
		return false;
	if (!pymalloc->arenas.size)
		hs_python_gap(python,
			      "small objects are not in pymalloc's arenas: those that nothing "
			      "refers to are not seen",
			      0);
	sort_arenas(python);
	return walk(python);
}

void hs_pymalloc_destroy(struct hs_pymalloc *pymalloc)
{
	if (!pymalloc)
		return;
	hs_vector_deinit(&pymalloc->arenas);
	hs_vector_deinit(&pymalloc->pools);
	free(pymalloc->pool_of_slot);
	free(pymalloc->blocks.words);
	free(pymalloc);
}
