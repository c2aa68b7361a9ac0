/* SPDX-License-Identifier: MIT */
/* test_output.c: names are quoted for a shell. */
#include "cli/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_names_are_quoted(void **state)
{
	static const char *const rows[][2] = {
		{"a.snap", "a.snap"},	   {"/var/tmp/a_1-2.snap", "/var/tmp/a_1-2.snap"},
		{"a b", "'a b'"},	   {"it's", "'it'\\''s'"},
		{"-f", "'./-f'"},	   {"$(x)", "'$(x)'"},
		{"\033[1m", "'\\x1b[1m'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *quoted = output_quote(rows[i][0]);

		assert_non_null(quoted);
		assert_string_equal(quoted, rows[i][1]);
		free(quoted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
