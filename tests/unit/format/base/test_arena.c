/* SPDX-License-Identifier: MIT */
/* test_arena.c: memory that is handed out does not overlap and is aligned. */
#include "hs_cmocka.h"

#include "format/base/arena.h"

static void allocations_are_apart(void **state)
{
	static const size_t sizes[] = {1, 0, 15, 16, 17, 4000, 5000, 100, 1 << 21, 3, 70000};
	enum { ROUNDS = 300, COUNT = sizeof(sizes) / sizeof(*sizes) };
	struct hs_arena *arena = hs_arena_create();
	unsigned char *blocks[ROUNDS];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t size = i < 22 ? sizes[i % COUNT] : sizes[i % 5];

		blocks[i] = hs_arena_alloc(arena, size);
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % 16, 0);
		memset(blocks[i], i % 251, size);
	}
	for (int i = 0; i < ROUNDS; i++) {
		size_t size = i < 22 ? sizes[i % COUNT] : sizes[i % 5];

		for (size_t j = 0; j < size; j++)
			assert_int_equal(blocks[i][j], i % 251);
	}
	hs_arena_destroy(arena);
	hs_arena_destroy(NULL);
}

static void copies(void **state)
{
	struct hs_arena *arena = hs_arena_create();
	struct hs_str str = {.data = "a\0b", .size = 3};
	uint32_t *zeros = hs_arena_array(arena, 5, sizeof(*zeros));

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(zeros[i], 0);
	assert_true(hs_arena_str(arena, str, &str));
	assert_memory_equal(str.data, "a\0b\0", 4);
	assert_int_equal(str.size, 3);
	assert_non_null(hs_arena_copy(arena, NULL, 0));
	hs_arena_destroy(arena);
}

static void impossible_sizes(void **state)
{
	struct hs_arena *arena = hs_arena_create();

	(void)state;
	assert_null(hs_arena_alloc(arena, SIZE_MAX));
	assert_null(hs_arena_alloc(arena, SIZE_MAX - 20));
	assert_null(hs_arena_array(arena, SIZE_MAX / 2, 3));
	assert_non_null(hs_arena_alloc(arena, 1));
	hs_arena_destroy(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_are_apart),
		cmocka_unit_test(copies),
		cmocka_unit_test(impossible_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
