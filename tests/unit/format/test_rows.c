/* SPDX-License-Identifier: MIT */
/* test_rows.c: which rows of a table are rows of another. */
#include "hs_cmocka.h"

#include "format/rows.h"

/* Rows of one column. */
static bool value_at(void *context, size_t row, uint64_t *values)
{
	const uint64_t *rows = context;

	values[0] = rows[row];
	return rows[row] != UINT64_MAX; /* which the base cannot have */
}

static struct hs_row_map match(const uint64_t *base, size_t base_rows, uint64_t *rows, size_t count)
{
	struct hs_row_map map = {0};

	assert_true(hs_row_map_init(&map, count, base_rows));
	assert_true(hs_rows_match(&map, &base, 1, value_at, rows));
	for (size_t i = 0; i < count; i++) {
		if (map.base[i] == HS_NONE)
			continue;
		assert_int_equal(base[map.base[i]], rows[i]);
		assert_int_equal(map.row[map.base[i]], i); /* none is copied twice */
	}
	return map;
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define EXPECT(map, ...)                                                                           \
	do {                                                                                       \
		const uint32_t expected_[] = {__VA_ARGS__};                                        \
		assert_int_equal((map).rows, COUNT(expected_));                                    \
		assert_memory_equal((map).base, expected_, sizeof(expected_));                     \
		hs_row_map_deinit(&(map));                                                         \
	} while (0)

static void rows_are_found(void **state)
{
	const uint64_t base[] = {10, 11, 12, 13};
	uint64_t same[] = {10, 11, 12, 13};
	uint64_t changed[] = {10, 99, 12, 13};
	uint64_t inserted[] = {10, UINT64_MAX, 11, 12, 13};
	uint64_t moved[] = {12, 13, 10};
	struct hs_row_map map = match(base, 4, same, 4);

	(void)state;
	assert_true(map.identical);
	assert_int_equal(map.literals, 0);
	EXPECT(map, 0, 1, 2, 3);
	map = match(base, 4, changed, 4);
	assert_false(map.identical);
	assert_int_equal(map.literals, 1);
	EXPECT(map, 0, HS_NONE, 2, 3);
	map = match(base, 4, inserted, 5);
	EXPECT(map, 0, HS_NONE, 1, 2, 3);
	map = match(base, 4, moved, 3);
	assert_false(map.identical);
	EXPECT(map, 2, 3, 0);
}

static void equal_rows_are_told_apart(void **state)
{
	const uint64_t base[] = {7, 7, 8, 7};
	uint64_t fewer[] = {7, 8, 7};
	uint64_t more[] = {7, 7, 7, 7, 7};
	struct hs_row_map map = match(base, 4, fewer, 3);

	(void)state;
	EXPECT(map, 0, 2, 3);
	map = match(base, 4, more, 5);
	EXPECT(map, 0, 1, 3, HS_NONE, HS_NONE);
}

static void empty_tables(void **state)
{
	uint64_t rows[] = {1, 2};
	struct hs_row_map map = match(NULL, 0, rows, 2);

	(void)state;
	EXPECT(map, HS_NONE, HS_NONE);
	map = match(rows, 2, NULL, 0);
	assert_false(map.identical);
	assert_int_equal(map.row[0], HS_NONE);
	hs_row_map_deinit(&map);
	map = match(NULL, 0, NULL, 0);
	assert_true(map.identical);
	hs_row_map_deinit(&map);
}

/* A column that the base lacks is 0 in every row. */
static void missing_columns(void **state)
{
	const uint64_t *base = NULL;
	uint64_t rows[] = {5, 0, 0};
	struct hs_row_map map = {0};

	(void)state;
	assert_true(hs_row_map_init(&map, 3, 2));
	assert_true(hs_rows_match(&map, &base, 1, value_at, rows));
	EXPECT(map, HS_NONE, 0, 1);
}

/* What would take hours, were each row compared with each. */
static void many_equal_rows(void **state)
{
	enum { ROWS = 1 << 20 };
	uint64_t *base = calloc(ROWS, sizeof(*base));
	uint64_t *rows = calloc(ROWS, sizeof(*rows));
	struct hs_row_map map;

	(void)state;
	assert_non_null(base);
	assert_non_null(rows);
	for (size_t i = 0; i < ROWS; i += 2)
		rows[i] = 1;
	map = match(base, ROWS, rows, ROWS);
	assert_int_equal(map.literals, ROWS / 2);
	hs_row_map_deinit(&map);
	free(base);
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found),  cmocka_unit_test(equal_rows_are_told_apart),
		cmocka_unit_test(empty_tables),	   cmocka_unit_test(missing_columns),
		cmocka_unit_test(many_equal_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
