/* SPDX-License-Identifier: MIT */
/* test_map32.c: a hash map keeps what it is given. */
#include "hs_cmocka.h"

#include "libsnap/python/map32.h"

static void map_keeps_what_is_put(void **state)
{
	struct hs_map32 map = {0};

	(void)state;
	assert_int_equal(hs_map32_get(&map, 0), UINT32_MAX);
	for (uint32_t i = 0; i < 100000; i++)
		assert_true(hs_map32_put(&map, i * 4096, i));
	assert_int_equal(map.size, 100000);
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(hs_map32_get(&map, i * 4096), i);
	assert_int_equal(hs_map32_get(&map, 1), UINT32_MAX);
	assert_int_equal(hs_map32_get(&map, UINT32_MAX - 1), UINT32_MAX);
	assert_true(hs_map32_put(&map, 4096, 7));
	assert_int_equal(map.size, 100000);
	assert_int_equal(hs_map32_get(&map, 4096), 7);
	assert_true(hs_map32_put(&map, UINT32_MAX - 1, 8));
	assert_int_equal(hs_map32_get(&map, UINT32_MAX - 1), 8);
	hs_map32_deinit(&map);
	assert_int_equal(hs_map32_get(&map, 4096), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_keeps_what_is_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
