/* SPDX-License-Identifier: MIT */
/* test_lines.c: location tables, made by hand as Objects/locations.md of CPython describes. */
#include "fake.h"

/* A code object whose first line is 100, with the location table @table. */
static hs_addr fake_code(struct fake *fake, const uint8_t *table, uint64_t size)
{
	const struct hs_layout *layout = fake->python.layout;
	hs_addr code = fake_alloc(fake, 512);
	hs_addr bytes = fake_alloc(fake, 32 + size);

	fake_u32(fake, code + layout->code_firstlineno, 100);
	fake_u64(fake, code + layout->code_linetable, bytes);
	fake_u64(fake, bytes + PY_SIZE, size);
	if (size)
		fake_put(fake, bytes + 32, table, size);
	return code;
}

static const uint8_t TABLE[] = {
	0x80 | 0 << 3 | 0,  0x12,		  /* short, 1 unit: same line */
	0x80 | 9 << 3 | 1,  0x12,		  /* short, 2 units: same line */
	0x80 | 10 << 3 | 0, 1,	      2,	  /* one line, delta 0 */
	0x80 | 11 << 3 | 0, 1,	      2,	  /* one line, delta 1: 101 */
	0x80 | 12 << 3 | 7, 1,	      2,	  /* one line, delta 2, 8 units: 103 */
	0x80 | 13 << 3 | 0, 7,			  /* no columns, delta -3: 100 */
	0x80 | 14 << 3 | 0, 0x40 | 8, 3, 1, 2, 3, /* long, delta (8 + 3 * 64) / 2: 200 */
	0x80 | 15 << 3 | 0,			  /* none */
	0x80 | 13 << 3 | 0, 2,			  /* delta 1: 201 */
};

static void each_kind_of_entry(void **state)
{
	static const uint32_t expected[] = {100, 100, 100, 100, 101, 103, 103, 103, 103,
					    103, 103, 103, 103, 100, 200, 0,   201};

	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct fake fake;
		hs_addr code;

		fake_create(&fake, FAKE_LAYOUTS[i]);
		code = fake_code(&fake, TABLE, sizeof(TABLE));
		for (size_t unit = 0; unit < sizeof(expected) / sizeof(expected[0]); unit++) {
			assert_int_equal(hs_code_line(&fake.python, code, (int64_t)unit * 2),
					 expected[unit]);
			assert_int_equal(hs_code_line(&fake.python, code, (int64_t)unit * 2 + 1),
					 expected[unit]);
		}
		/* Before the first instruction, and behind the last. */
		assert_int_equal(hs_code_line(&fake.python, code, -2), 100);
		assert_int_equal(hs_code_line(&fake.python, code, 34), 0);
		assert_int_equal(hs_code_line(&fake.python, code, INT64_MAX), 0);
		assert_int_equal(hs_code_line(&fake.python, code, INT64_MIN), 100);
		fake_destroy(&fake);
	}
}

static void tables_that_end_early(void **state)
{
	static const uint8_t endless[] = {0x80 | 14 << 3, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f};
	/* Deltas of -2^31 and so on: the line leaves what lines can be. */
	static const uint8_t below[] = {0x80 | 13 << 3, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x03};
	struct fake fake;
	hs_addr code;

	(void)state;
	fake_create(&fake, &hs_layout_3_11);
	for (uint64_t size = 0; size < sizeof(TABLE); size++) {
		code = fake_code(&fake, TABLE, size);
		assert_int_equal(hs_code_line(&fake.python, code, 32), 0);
	}
	assert_int_equal(hs_code_line(&fake.python, fake_code(&fake, endless, 8), 0), 0);
	assert_int_equal(hs_code_line(&fake.python, fake_code(&fake, below, 7), 0), 0);
	/* A length that memory does not have; no table; no code. */
	code = fake_code(&fake, TABLE, 0);
	fake_u64(&fake, fake.next - 32 + PY_SIZE, UINT32_MAX);
	assert_int_equal(hs_code_line(&fake.python, code, INT64_MAX), 0);
	fake_u64(&fake, code + fake.python.layout->code_linetable, UINT64_MAX);
	assert_int_equal(hs_code_line(&fake.python, code, 0), 0);
	assert_int_equal(hs_code_line(&fake.python, 0, 0), 0);
	assert_int_equal(hs_code_line(&fake.python, UINT64_MAX, 0), 0);
	fake_destroy(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_entry),
		cmocka_unit_test(tables_that_end_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
