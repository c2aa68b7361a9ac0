/* SPDX-License-Identifier: MIT */
/* test_units.c: numbers and sizes as people write and read them. */
#include "cli/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_numbers_are_digits_only(void **state)
{
	static const char *const wrong[] = {"",	   " 1",  "1 ",	   "+1",  "-1",
					    "0x1", "1e3", "1,000", "1.0", "18446744073709551616"};
	uint64_t number = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(units_parse_number(wrong[i], UINT64_MAX, &number));
	assert_int_equal(number, 42);
	assert_true(units_parse_number("18446744073709551615", UINT64_MAX, &number));
	assert_true(number == UINT64_MAX);
	assert_true(units_parse_number("007", 7, &number));
	assert_int_equal(number, 7);
	assert_false(units_parse_number("8", 7, &number));
}

static void test_bytes_take_binary_suffixes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} right[] = {
		{"0", 0},	    {"4096", 4096},
		{"64K", 64 << 10},  {"64KiB", 64 << 10},
		{"3M", 3 << 20},    {"2GiB", 2ULL << 30},
		{"1T", 1ULL << 40}, {"16777215T", 16777215ULL << 40},
	};
	static const char *const wrong[] = {"",	   "K",	  "1KB",  "1k",	       "1 K",
					    "-1K", "1Ki", "1.5M", "16777216T", "1MiBs"};
	uint64_t bytes = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		assert_true(units_parse_bytes(right[i].text, &bytes));
		assert_true(bytes == right[i].bytes);
	}
	bytes = 42;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(units_parse_bytes(wrong[i], &bytes));
	assert_int_equal(bytes, 42);
}

static void test_counts_are_grouped(void **state)
{
	char buffer[UNITS_MAX];

	(void)state;
	assert_string_equal(units_format_count(0, buffer), "0");
	assert_string_equal(units_format_count(999, buffer), "999");
	assert_string_equal(units_format_count(1000, buffer), "1,000");
	assert_string_equal(units_format_count(1034221, buffer), "1,034,221");
	assert_string_equal(units_format_count(UINT64_MAX, buffer), "18,446,744,073,709,551,615");
}

static void test_sizes_never_reach_1024_of_a_unit(void **state)
{
	char buffer[UNITS_MAX];

	(void)state;
	assert_string_equal(units_format_bytes(0, buffer), "0 bytes");
	assert_string_equal(units_format_bytes(1023, buffer), "1023 bytes");
	assert_string_equal(units_format_bytes(1024, buffer), "1.0 KiB");
	assert_string_equal(units_format_bytes((1 << 20) - 1, buffer), "1.0 MiB");
	assert_string_equal(units_format_bytes(96888422, buffer), "92.4 MiB");
	assert_string_equal(units_format_bytes(UINT64_MAX, buffer), "16.0 EiB");
}

static void test_durations(void **state)
{
	char buffer[UNITS_MAX];

	(void)state;
	assert_string_equal(units_format_duration(340000, buffer), "0.3 ms");
	assert_string_equal(units_format_duration(74100000, buffer), "74 ms");
	assert_string_equal(units_format_duration(12300000000, buffer), "12.3 s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_digits_only),
		cmocka_unit_test(test_bytes_take_binary_suffixes),
		cmocka_unit_test(test_counts_are_grouped),
		cmocka_unit_test(test_sizes_never_reach_1024_of_a_unit),
		cmocka_unit_test(test_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
