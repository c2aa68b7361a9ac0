/* SPDX-License-Identifier: MIT */
/* blocks.c: what the allocators hold for an object and for what it owns. */
#include "libsnap/python/blocks.h"

enum {
	/* The word before a block of glibc's malloc(): the chunk's size, and in its low bits: */
	CHUNK_PREVIOUS_IN_USE = 1 << 0,
	CHUNK_MAPPED = 1 << 1, /* it has a mapping of its own */
	CHUNK_FLAGS = 7,
	CHUNK_ALIGNMENT = 16,
	CHUNK_SIZE_MIN = 32,
	CHUNK_HEADER_SIZE = 16, /* of which the first word belongs to the chunk before */
};

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + CHUNK_ALIGNMENT - 1) & ~(uint64_t)(CHUNK_ALIGNMENT - 1);
}

/*
 * The size of glibc's chunk with the block at @address; 0 if there is none.  Its size must reach to
 * a chunk that knows the one before it to be in use.
 */
static uint64_t chunk_size(const struct hs_python *python, hs_addr address, uint64_t bytes)
{
	hs_addr chunk = address - CHUNK_HEADER_SIZE;
	uint64_t head;
	uint64_t next;
	uint64_t size;

	if (address % CHUNK_ALIGNMENT || !hs_image_u64(python->image, chunk + 8, &head))
		return 0;
	size = head & ~(uint64_t)CHUNK_FLAGS;
	if (size < CHUNK_SIZE_MIN || size % CHUNK_ALIGNMENT || size >> HS_ADDRESS_BITS ||
	    size - 8 < bytes)
		return 0;
	if (head & CHUNK_MAPPED)
		return chunk % HS_PAGE_SIZE || size % HS_PAGE_SIZE ? 0 : size;
	if (!hs_image_u64(python->image, chunk + size + 8, &next) ||
	    !(next & CHUNK_PREVIOUS_IN_USE))
		return 0;
	return size;
}

/* The same of any allocator that is not pymalloc. */
static uint64_t outside_size(const struct hs_python *python, hs_addr address, uint64_t bytes)
{
	const struct hs_mapping *mapping = hs_maps_find(&python->image->maps, address);
	uint64_t size;

	/* A program's data: the keys of empty dicts, for example. */
	if (!mapping || mapping->inode)
		return 0;
	size = chunk_size(python, address, bytes);
	return size ? size : round_up(bytes);
}

uint64_t hs_block_size(const struct hs_python *python, hs_addr address, uint64_t bytes)
{
	uint32_t granule = hs_image_granule(python->image, address - python->pymalloc->prefix);
	const struct hs_pool *pool;

	if (granule >= python->granules)
		return 0;
	pool = hs_pool_of(python->pymalloc, granule);
	if (pool)
		return pool->block_size;
	return outside_size(python, address - python->pymalloc->prefix,
			    bytes + python->pymalloc->prefix);
}

bool hs_block_take_small(struct hs_python *python, hs_addr address, enum hs_block_use use,
			 uint64_t *size)
{
	struct hs_pymalloc *pymalloc = python->pymalloc;
	struct hs_pool *pool;
	uint32_t granule;
	uint64_t *word;
	uint64_t bit;

	address -= pymalloc->prefix;
	granule = hs_image_granule(python->image, address);
	if (granule >= python->granules)
		return false;
	pool = hs_pool_of(pymalloc, granule);
	if (!pool)
		return false;
	word = &pymalloc->blocks.words[granule / 64];
	bit = 1ull << (granule % 64);
	*size = 0;
	if (*word & bit && !(address % (1 << HS_GRANULE_SHIFT))) {
		*word &= ~bit;
		pool->uses[use]++;
		*size = pool->block_size;
	}
	return true;
}

uint64_t hs_block_take(struct hs_python *python, hs_addr address, uint64_t bytes,
		       enum hs_block_use use)
{
	uint32_t prefix = python->pymalloc->prefix;
	uint32_t granule;
	uint64_t size;

	if (hs_block_take_small(python, address, use, &size))
		return size;
	address -= prefix;
	granule = hs_image_granule(python->image, address);
	if (granule >= python->granules || hs_bitmap_get(&python->pymalloc->blocks, granule))
		return 0;
	size = outside_size(python, address, bytes + prefix);
	if (size)
		hs_bitmap_set(&python->pymalloc->blocks, granule);
	return size;
}

uint64_t hs_buffer_take(struct hs_python *python, hs_addr address, uint64_t bytes)
{
	return address ? hs_block_take(python, address, bytes, HS_BLOCK_BUFFER) : 0;
}

/* What the bytes of an arena are. */
enum state {
	STATE_OBJECTS = HS_BLOCK_OBJECT,
	STATE_BUFFERS = HS_BLOCK_BUFFER,
	STATE_STRUCTURES = HS_BLOCK_STRUCTURE,
	STATE_PARKED = HS_BLOCK_PARKED,
	STATE_UNEXPLAINED,
	STATE_FREE_BLOCKS,
	STATE_FREE_POOLS,
	STATE_UNTOUCHED,
	STATE_UNREADABLE,
	STATE_OVERHEAD, /* pools' headers, and what is too small for a block or a pool */
	STATE_COUNT,
};

static const char *const state_names[STATE_COUNT] = {
	[STATE_OBJECTS] = "objects",
	[STATE_BUFFERS] = "buffers of objects",
	[STATE_STRUCTURES] = "structures",
	[STATE_PARKED] = "free lists",
	[STATE_UNEXPLAINED] = "unexplained",
	[STATE_FREE_BLOCKS] = "free blocks",
	[STATE_FREE_POOLS] = "free pools",
	[STATE_UNTOUCHED] = "untouched pools",
	[STATE_UNREADABLE] = "unreadable pools",
	[STATE_OVERHEAD] = "overhead",
};

struct account {
	uint64_t bytes[STATE_COUNT];
	uint64_t count[STATE_COUNT];
};

static void add(struct account *account, enum state state, uint64_t count, uint64_t size)
{
	account->count[state] += count;
	account->bytes[state] += count * size;
}

static void add_pool(struct account *account, const struct hs_pool *pool, uint64_t pool_size)
{
	uint64_t room = (pool_size - HS_POOL_HEADER_SIZE) / pool->block_size;
	uint64_t known = 0;

	for (int use = 0; use < HS_BLOCK_USES; use++) {
		add(account, (enum state)use, pool->uses[use], pool->block_size);
		known += pool->uses[use];
	}
	add(account, STATE_UNEXPLAINED, pool->live - known, pool->block_size);
	add(account, STATE_FREE_BLOCKS, room - pool->live, pool->block_size);
}

static void describe_arena(struct hs_python *python, const struct hs_pyarena *arena)
{
	const struct hs_pymalloc *pymalloc = python->pymalloc;
	uint64_t pools = (arena->address + arena->size - arena->first_pool) / pymalloc->pool_size;
	uint64_t touched = (arena->untouched - arena->first_pool) / pymalloc->pool_size;
	struct account account = {0};
	uint64_t known = 0;

	for (uint32_t i = 0; i < arena->count; i++)
		add_pool(&account, &pymalloc->pools.data[arena->first + i], pymalloc->pool_size);
	add(&account, STATE_FREE_POOLS, arena->free_pools, pymalloc->pool_size);
	add(&account, STATE_UNTOUCHED, pools - touched, pymalloc->pool_size);
	add(&account, STATE_UNREADABLE, touched - arena->count - arena->free_pools,
	    pymalloc->pool_size);
	for (int i = 0; i < STATE_OVERHEAD; i++)
		known += account.bytes[i];
	add(&account, STATE_OVERHEAD, 1, arena->size - known);
	for (int i = 0; i < STATE_COUNT; i++) {
		struct hs_extent extent = {
			.start = arena->address,
			.size = arena->size,
			.bytes = account.bytes[i],
			.count = i == STATE_OVERHEAD ? 0 : account.count[i],
			.allocator = {"pymalloc", strlen("pymalloc")},
			.state = {state_names[i], strlen(state_names[i])},
			.owner = HS_NONE,
		};

		if (extent.bytes)
			hs_build_extent(python->build, &extent);
	}
}

void hs_blocks_describe(struct hs_python *python)
{
	const struct hs_pymalloc *pymalloc = python->pymalloc;

	for (size_t i = 0; i < pymalloc->arenas.size; i++)
		describe_arena(python, &pymalloc->arenas.data[i]);
}
