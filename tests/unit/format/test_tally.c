/* SPDX-License-Identifier: MIT */
/* test_tally.c: targets are counted, and the frequent ones get the smallest codes. */
#include "hs_cmocka.h"

#include "format/tally.h"

/* Count target @target @times times, all of which must give the same entry. */
static uint32_t count(struct hs_tally *tally, hs_id target, unsigned int times)
{
	uint32_t first = 0;

	for (unsigned int i = 0; i < times; i++) {
		uint32_t entry;

		assert_true(hs_tally_count(tally, target, &entry));
		if (!i)
			first = entry;
		assert_int_equal(entry, first);
	}
	return first;
}

static void frequent_targets_first(void **state)
{
	struct hs_tally tally = {0};
	uint32_t rare, first, second, most;

	(void)state;
	assert_true(hs_tally_begin(&tally));
	rare = count(&tally, 7, HS_FREQUENT - 1);
	first = count(&tally, 0, HS_FREQUENT);
	second = count(&tally, 5, HS_FREQUENT);
	most = count(&tally, UINT32_MAX - 2, HS_FREQUENT + 1);
	assert_true(hs_tally_rank(&tally));
	assert_int_equal(tally.frequent.size, 3);
	assert_int_equal(tally.frequent.data[0], most);
	assert_int_equal(tally.frequent.data[1], first);
	assert_int_equal(tally.frequent.data[2], second);
	assert_int_equal(tally.entries.data[rare].count, HS_EDGE_JUMP);
	assert_int_equal(tally.entries.data[most].count, HS_EDGE_CODES);
	assert_int_equal(tally.entries.data[second].count, HS_EDGE_CODES + 2);
	assert_int_equal(tally.entries.data[most].target, UINT32_MAX - 2);
	hs_tally_deinit(&tally);
}

/* More targets than the table has room for at first, and than it is kept for; then few again. */
static void tables_grow(void **state)
{
	enum { TARGETS = 600000, STEP = 7919 };
	struct hs_tally tally = {0};

	(void)state;
	for (uint32_t round = 0; round < 3; round++) {
		uint32_t targets = round == 1 ? TARGETS : 1000;

		assert_true(hs_tally_begin(&tally));
		for (uint32_t i = 0; i < targets; i++)
			assert_int_equal(count(&tally, i * STEP, 1), i);
		for (uint32_t i = 0; i < targets; i++)
			assert_int_equal(count(&tally, i * STEP, 1), i);
		assert_int_equal(tally.entries.size, targets);
		assert_true(hs_tally_rank(&tally));
		assert_int_equal(tally.frequent.size, 0);
	}
	hs_tally_deinit(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frequent_targets_first),
		cmocka_unit_test(tables_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
