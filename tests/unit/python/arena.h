/* SPDX-License-Identifier: MIT */
/* arena.h: an arena of pymalloc in a made-up heap, with pools and blocks as the tests want them. */
#ifndef TESTS_PYTHON_ARENA_H
#define TESTS_PYTHON_ARENA_H

#include "fake.h"

#include "libsnap/python/blocks.h"

enum {
	ARENA_SIZE = 1 << 20,
	POOL_SIZE = 16 << 10,
	ARENA_OBJECT = 48,
};

/* The arena: the last MiB but one of the heap, a page beyond a pool's beginning. */
static const hs_addr ARENA = FAKE_BASE + 2 * ARENA_SIZE + HS_PAGE_SIZE;
static const hs_addr FIRST_POOL = FAKE_BASE + 2 * ARENA_SIZE + POOL_SIZE;

static inline hs_addr arena_pool(uint32_t number)
{
	return FIRST_POOL + number * (hs_addr)POOL_SIZE;
}

static inline hs_addr arena_block(uint32_t pool, uint32_t size, uint32_t number)
{
	return arena_pool(pool) + HS_POOL_HEADER_SIZE + (hs_addr)number * size;
}

/*
 * A pool of blocks of @size bytes, of which @carved were handed out; those in @freed, a bit each,
 * are free again.
 */
static inline void arena_make_pool(struct fake *fake, uint32_t number, uint32_t size,
				   uint32_t carved, uint64_t freed)
{
	hs_addr pool = arena_pool(number);
	hs_addr next = 0;

	for (uint32_t i = 0; i < carved; i++) {
		if (!(freed >> i & 1))
			continue;
		fake_u64(fake, arena_block(number, size, i), next);
		next = arena_block(number, size, i);
	}
	fake_u32(fake, pool, carved - (uint32_t)__builtin_popcountll(freed));
	fake_u64(fake, pool + 8, next);
	fake_u32(fake, pool + 32, 1); /* the arena's index */
	fake_u32(fake, pool + 36, size / 16 - 1);
	fake_u32(fake, pool + 40, HS_POOL_HEADER_SIZE + carved * size);
	fake_u32(fake, pool + 44, POOL_SIZE - size);
}

/*
 * The array of arenas, of which the one at index 1 is ours, with @touched pools; its state, as the
 * interpreter of 3.12 and later keeps it.
 */
static inline hs_addr arena_make(struct fake *fake, uint32_t touched)
{
	const struct hs_layout *layout = fake->python.layout;
	hs_addr array = fake_alloc(fake, 16 * ARENA_OBJECT);
	hs_addr arena = array + ARENA_OBJECT;
	hs_addr interp = fake_alloc(fake, 512 << 10);
	hs_addr state = fake_alloc(fake, 1024);

	fake->python.runtime = fake_alloc(fake, 4096);
	fake_u64(fake, fake->python.runtime + layout->runtime_interpreters_head, interp);
	if (layout->minor == 12)
		state = interp + layout->interp_obmalloc;
	else if (layout->interp_obmalloc != HS_ABSENT)
		fake_u64(fake, interp + layout->interp_obmalloc, state);
	fake_u64(fake, state + 512, array);
	fake_u32(fake, state + 520, 16);
	fake_u64(fake, arena, ARENA);
	fake_u64(fake, arena + 8, arena_pool(touched));
	fake_u32(fake, arena + 16, 63 - touched);
	fake_u32(fake, arena + 20, 63);
	return array;
}

#endif
