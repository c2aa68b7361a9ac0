/* SPDX-License-Identifier: MIT */
/* test_pymalloc.c: arenas and pools walked from outside, sound and damaged ones. */
#include "arena.h"

#include "libsnap/python/programs.h"

#include <elf.h>

static uint64_t gap_count(struct fake *fake)
{
	struct hs_snapshot *snap = NULL;
	uint64_t gaps;

	assert_null(hs_build_finish(fake->python.build, NULL, NULL, &snap));
	gaps = hs_snapshot_gap_total(snap);
	hs_snapshot_destroy(snap);
	return gaps;
}

/* An image in which the types need not be objects of the snapshot. */
static void create(struct fake *fake, const struct hs_layout *layout)
{
	fake_create(fake, layout);
	hs_build_destroy(fake->python.build);
	fake->python.build = hs_build_create();
}

static uint64_t live_blocks(const struct hs_pymalloc *pymalloc)
{
	uint64_t live = 0;

	for (size_t i = 0; i < pymalloc->pools.size; i++)
		live += pymalloc->pools.data[i].live;
	return live;
}

static void pools_are_walked(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct fake fake;
		struct hs_pymalloc *pymalloc;

		if (FAKE_LAYOUTS[i]->interp_obmalloc == HS_ABSENT)
			continue;
		create(&fake, FAKE_LAYOUTS[i]);
		arena_make(&fake, 3);
		arena_make_pool(&fake, 0, 64, 10, 0x25);
		arena_make_pool(&fake, 2, 512, 31, 0);
		assert_true(hs_pymalloc_read(&fake.python));
		pymalloc = fake.python.pymalloc;
		assert_int_equal(pymalloc->arenas.size, 1);
		assert_int_equal(pymalloc->arenas.data[0].size, ARENA_SIZE);
		assert_int_equal(pymalloc->arenas.data[0].free_pools, 1);
		assert_int_equal(pymalloc->pools.size, 2);
		assert_int_equal(pymalloc->pools.data[0].live, 7);
		assert_int_equal(pymalloc->pools.data[1].live, 31);
		assert_int_equal(pymalloc->prefix, 0);
		assert_int_equal(gap_count(&fake), 0);
		fake_destroy(&fake);
	}
}

static void blocks_are_taken_once(void **state)
{
	struct fake fake;
	hs_addr block;

	(void)state;
	create(&fake, &hs_layout_3_12);
	arena_make(&fake, 1);
	arena_make_pool(&fake, 0, 96, 4, 0x4);
	assert_true(hs_pymalloc_read(&fake.python));
	block = arena_block(0, 96, 1);
	assert_int_equal(hs_block_size(&fake.python, block, 1), 96);
	assert_int_equal(hs_block_take(&fake.python, block, 1, HS_BLOCK_OBJECT), 96);
	assert_int_equal(hs_block_take(&fake.python, block, 1, HS_BLOCK_OBJECT), 0);
	/* a free one, the middle of one, one that was never handed out */
	assert_int_equal(hs_block_take(&fake.python, arena_block(0, 96, 2), 1, HS_BLOCK_OBJECT), 0);
	assert_int_equal(hs_block_take(&fake.python, block + 16, 1, HS_BLOCK_OBJECT), 0);
	assert_int_equal(hs_block_take(&fake.python, arena_block(0, 96, 9), 1, HS_BLOCK_OBJECT), 0);
	assert_int_equal(hs_buffer_take(&fake.python, 0, 8), 0);
	assert_int_equal(fake.python.pymalloc->pools.data[0].uses[HS_BLOCK_OBJECT], 1);
	fake_destroy(&fake);
}

/* Damage that costs the pool it is in, and no other. */
static void damaged_pools_are_left_out(void **state)
{
	enum { SELF, OUTSIDE, MISALIGNED, CLASS, OFFSET, LIMIT, COUNT, INDEX, KINDS };

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		hs_addr pool = arena_pool(0);
		struct fake fake;

		create(&fake, &hs_layout_3_13);
		arena_make(&fake, 2);
		arena_make_pool(&fake, 0, 48, 20, 0x3);
		arena_make_pool(&fake, 1, 48, 5, 0);
		if (kind == SELF)
			fake_u64(&fake, arena_block(0, 48, 1), arena_block(0, 48, 1));
		if (kind == OUTSIDE)
			fake_u64(&fake, arena_block(0, 48, 1), arena_block(1, 48, 1));
		if (kind == MISALIGNED)
			fake_u64(&fake, pool + 8, arena_block(0, 48, 1) + 8);
		if (kind == CLASS)
			fake_u32(&fake, pool + 36, 32);
		if (kind == OFFSET)
			fake_u32(&fake, pool + 40, HS_POOL_HEADER_SIZE + 20 * 48 + 16);
		if (kind == LIMIT)
			fake_u32(&fake, pool + 44, POOL_SIZE);
		if (kind == COUNT)
			fake_u32(&fake, pool, 21);
		if (kind == INDEX)
			fake_u32(&fake, pool + 32, 0);
		assert_true(hs_pymalloc_read(&fake.python));
		assert_int_equal(live_blocks(fake.python.pymalloc), 5);
		assert_int_equal(gap_count(&fake), 1);
		fake_destroy(&fake);
	}
}

/* One block off is a thread stopped in the middle of taking it; more are damage. */
static void counts_and_lists_are_compared(void **state)
{
	(void)state;
	for (uint32_t off = 0; off < 3; off++) {
		struct fake fake;

		create(&fake, &hs_layout_3_13);
		arena_make(&fake, 1);
		arena_make_pool(&fake, 0, 48, 20, 0xf);
		fake_u32(&fake, arena_pool(0), 16 + off);
		assert_true(hs_pymalloc_read(&fake.python));
		assert_int_equal(live_blocks(fake.python.pymalloc), 16);
		assert_int_equal(gap_count(&fake), off > 1 ? off : 0);
		fake_destroy(&fake);
	}
}

static void damaged_arenas_are_left_out(void **state)
{
	enum { ADDRESS, POOLS, UNTOUCHED, NOT_A_POOL, FREE, KINDS };

	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		struct fake fake;
		hs_addr arena;

		create(&fake, &hs_layout_3_12);
		arena = arena_make(&fake, 1) + ARENA_OBJECT;
		arena_make_pool(&fake, 0, 32, 3, 0);
		if (kind == ADDRESS)
			fake_u64(&fake, arena, ARENA + 8);
		if (kind == POOLS)
			fake_u32(&fake, arena + 20, 1 << 20);
		if (kind == UNTOUCHED)
			fake_u64(&fake, arena + 8, arena_pool(64));
		if (kind == NOT_A_POOL)
			fake_u64(&fake, arena + 8, arena_pool(1) + 4096);
		if (kind == FREE)
			fake_u32(&fake, arena + 16, 64);
		assert_true(hs_pymalloc_read(&fake.python));
		assert_int_equal(fake.python.pymalloc->pools.size, 0);
		/* Without arenas lost objects cannot be found, which is said. */
		assert_int_equal(gap_count(&fake), 1);
		fake_destroy(&fake);
	}
}

static void arenas_do_not_overlap(void **state)
{
	struct fake fake;
	hs_addr array;

	(void)state;
	create(&fake, &hs_layout_3_12);
	array = arena_make(&fake, 1);
	arena_make_pool(&fake, 0, 32, 3, 0);
	fake_u64(&fake, array + 2 * ARENA_OBJECT, ARENA + HS_PAGE_SIZE);
	fake_u64(&fake, array + 2 * ARENA_OBJECT + 8, arena_pool(1));
	fake_u32(&fake, array + 2 * ARENA_OBJECT + 20, 63);
	/* The same once more is no contradiction: interpreters share arenas. */
	fake_u64(&fake, array + 3 * ARENA_OBJECT, ARENA);
	fake_u64(&fake, array + 3 * ARENA_OBJECT + 8, arena_pool(1));
	fake_u32(&fake, array + 3 * ARENA_OBJECT + 20, 63);
	assert_true(hs_pymalloc_read(&fake.python));
	assert_int_equal(fake.python.pymalloc->arenas.size, 1);
	assert_int_equal(live_blocks(fake.python.pymalloc), 3);
	assert_int_equal(gap_count(&fake), 1);
	fake_destroy(&fake);
}

/* Mappings of a program whose header lies at FAKE_BASE - 8 pages and whose data is the heap. */
static const char PROGRAM[] =
	"7efffffe0000-7efffffe1000 r--p 00000000 08:01 7 /usr/bin/python3.11\n"
	"7efffffe1000-7effffff0000 r-xp 00001000 08:01 7 /usr/bin/python3.11\n"
	"7f0000000000-7f0000001000 rw-p 00010000 08:01 7 /usr/bin/python3.11\n"
	"7f0000001000-7f0000400000 rw-p 00000000 00:00 0 \n";
static const hs_addr HEADER = 0x7efffffe0000;

static void make_program(struct fake *fake, uint64_t data_size)
{
	Elf64_Ehdr elf = {.e_phoff = sizeof(elf), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2};
	Elf64_Phdr code = {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_memsz = 0x10000};
	Elf64_Phdr data = {.p_type = PT_LOAD,
			   .p_flags = PF_R | PF_W,
			   .p_vaddr = FAKE_BASE - HEADER,
			   .p_memsz = data_size};

	memcpy(elf.e_ident, ELFMAG, SELFMAG);
	elf.e_ident[EI_CLASS] = ELFCLASS64;
	assert_non_null(hs_image_add(fake->image, HEADER, 1));
	fake_put(fake, HEADER, &elf, sizeof(elf));
	fake_put(fake, HEADER + sizeof(elf), &code, sizeof(code));
	fake_put(fake, HEADER + sizeof(elf) + sizeof(code), &data, sizeof(data));
	assert_null(hs_maps_parse(PROGRAM, &fake->image->maps));
}

static void data_ends_where_the_program_says(void **state)
{
	struct hs_program_data data;
	struct fake fake;
	size_t i = 0;

	(void)state;
	create(&fake, &hs_layout_3_11);
	make_program(&fake, 0x5000);
	assert_true(hs_program_data_next(fake.image, &i, &data));
	assert_int_equal(data.start, FAKE_BASE);
	assert_int_equal(data.end, FAKE_BASE + 0x5000);
	assert_string_equal(data.file->name, "/usr/bin/python3.11");
	assert_false(hs_program_data_next(fake.image, &i, &data));
	fake_destroy(&fake);
}

/* Versions before 3.12: a tracked object leads to its pool, a variable to the array of arenas. */
static void arenas_are_found_by_their_pools(void **state)
{
	(void)state;
	for (int known = 0; known < 2; known++) {
		struct fake fake;
		hs_addr variable;
		hs_addr array;

		create(&fake, &hs_layout_3_11);
		fake_alloc(&fake, HS_PAGE_SIZE);
		variable = fake_alloc(&fake, 16);
		array = arena_make(&fake, 2);
		arena_make_pool(&fake, 0, 64, 8, 0);
		arena_make_pool(&fake, 1, 32, 8, 0);
		make_program(&fake, 0x200000);
		hs_bitmap_set(&fake.python.tracked,
			      hs_image_granule(fake.image, arena_block(0, 64, 3) + 16));
		if (known)
			fake_u64(&fake, variable, array);
		else
			memset((void *)hs_image_at(fake.image, array, 96), 0, 96);
		assert_true(hs_pymalloc_read(&fake.python));
		/* Without the array there are only the pools that tracked objects led to. */
		assert_int_equal(live_blocks(fake.python.pymalloc), known ? 16 : 8);
		assert_int_equal(gap_count(&fake), known ? 0 : 1);
		fake_destroy(&fake);
	}
}

/* Sizes of glibc's chunks, believed only if the next chunk agrees. */
static void chunks_say_their_size(void **state)
{
	hs_addr chunk = FAKE_BASE + 0x1000;
	struct fake fake;

	(void)state;
	create(&fake, &hs_layout_3_12);
	arena_make(&fake, 0);
	make_program(&fake, 0);
	fake.next = chunk;
	assert_true(hs_pymalloc_read(&fake.python));
	fake_u64(&fake, chunk + 8, 0x421);
	fake_u64(&fake, chunk + 0x420 + 8, 0x31);
	assert_int_equal(hs_block_size(&fake.python, chunk + 16, 1000), 0x420);
	/* It is too small for so much: then what is asked for counts, rounded up. */
	assert_int_equal(hs_block_size(&fake.python, chunk + 16, 0x41a), 0x420);
	assert_int_equal(hs_block_size(&fake.python, chunk + 16, 0x501), 0x510);
	/* The next one knows it to be free. */
	fake_u64(&fake, chunk + 0x420 + 8, 0x30);
	assert_int_equal(hs_block_size(&fake.python, chunk + 16, 100), 112);
	/* A mapping of its own. */
	fake_u64(&fake, chunk + 8, 0x21002);
	assert_int_equal(hs_block_size(&fake.python, chunk + 16, 100), 0x21000);
	assert_int_equal(hs_block_take(&fake.python, chunk + 16, 100, HS_BLOCK_BUFFER), 0x21000);
	assert_int_equal(hs_block_take(&fake.python, chunk + 16, 100, HS_BLOCK_BUFFER), 0);
	/* The program's own data is set aside by nobody. */
	assert_int_equal(hs_block_size(&fake.python, FAKE_BASE + 16, 100), 0);
	fake_destroy(&fake);
}

/* Every byte of the arena is accounted for, whatever was taken. */
static void arenas_are_described(void **state)
{
	static const struct {
		const char *name;
		uint64_t bytes;
		uint64_t count;
	} expected[] = {
		{"objects", 64, 1},
		{"buffers of objects", 2 * 64, 2},
		{"unexplained", 4 * 64, 4},
		{"free blocks", 248 * 64, 248},
		{"free pools", POOL_SIZE, 1},
		{"untouched pools", 61 * POOL_SIZE, 61},
		{"overhead", ARENA_SIZE - 63 * POOL_SIZE + 64, 0},
	};
	const struct hs_extent *extents;
	struct hs_snapshot *snap = NULL;
	struct fake fake;
	uint64_t total = 0;
	size_t count;

	(void)state;
	create(&fake, &hs_layout_3_12);
	arena_make(&fake, 2);
	arena_make_pool(&fake, 0, 64, 10, 0x7);
	assert_true(hs_pymalloc_read(&fake.python));
	hs_block_take(&fake.python, arena_block(0, 64, 3), 1, HS_BLOCK_OBJECT);
	hs_buffer_take(&fake.python, arena_block(0, 64, 4), 1);
	hs_buffer_take(&fake.python, arena_block(0, 64, 5), 1);
	hs_blocks_describe(&fake.python);
	assert_null(hs_build_finish(fake.python.build, NULL, NULL, &snap));
	extents = hs_snapshot_extents(snap, &count);
	assert_int_equal(count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < count; i++) {
		assert_str(extents[i].allocator, "pymalloc");
		assert_str(extents[i].state, expected[i].name);
		assert_int_equal(extents[i].start, ARENA);
		assert_int_equal(extents[i].size, ARENA_SIZE);
		assert_int_equal(extents[i].bytes, expected[i].bytes);
		assert_int_equal(extents[i].count, expected[i].count);
		total += extents[i].bytes;
	}
	assert_int_equal(total, ARENA_SIZE);
	hs_snapshot_destroy(snap);
	fake_destroy(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pools_are_walked),
		cmocka_unit_test(blocks_are_taken_once),
		cmocka_unit_test(damaged_pools_are_left_out),
		cmocka_unit_test(counts_and_lists_are_compared),
		cmocka_unit_test(damaged_arenas_are_left_out),
		cmocka_unit_test(arenas_do_not_overlap),
		cmocka_unit_test(data_ends_where_the_program_says),
		cmocka_unit_test(arenas_are_found_by_their_pools),
		cmocka_unit_test(chunks_say_their_size),
		cmocka_unit_test(arenas_are_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
