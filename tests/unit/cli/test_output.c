/* SPDX-License-Identifier: MIT */
/* test_output.c: places for output are checked beforehand; names are quoted for a shell. */
#include "cli/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct terminal terminal;

/* Every test works in a folder of its own, which is the current one. */
static int enter_folder(void **state)
{
	char folder[] = "/tmp/test_output.XXXXXX";
	const struct options quiet = {.quiet = true};

	terminal_init(&terminal, &quiet);
	*state = mkdtemp(folder) ? strdup(folder) : NULL;
	return *state ? chdir(*state) : -1;
}

static int leave_folder(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", (char *)*state);
	free(*state);
	return chdir("/") || system(command);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_only_force_replaces(void **state)
{
	(void)state;
	write_file("old", "theirs");
	assert_int_equal(output_check(&terminal, "old", false), HS_ERROR_FAILED);
	assert_int_equal(output_check(&terminal, "old", true), 0);
}

static void test_places_that_cannot_be_written(void **state)
{
	(void)state;
	assert_int_equal(output_check(&terminal, "no/such/folder", false), HS_ERROR_FAILED);
	assert_int_equal(output_check(&terminal, "/tmp", true), HS_ERROR_FAILED);
	assert_int_equal(output_check(&terminal, "/dev/null", true), HS_ERROR_FAILED);
	write_file("file", "");
	assert_int_equal(output_check(&terminal, "file/in-it", false), HS_ERROR_FAILED);
	assert_int_equal(symlink("nowhere", "link"), 0);
	assert_int_equal(output_check(&terminal, "link", true), HS_ERROR_FAILED);
	assert_int_equal(output_check(&terminal, "plain", false), 0);
	assert_int_equal(output_check(&terminal, "/tmp/plain-name-of-nothing", false), 0);
}

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

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(test_only_force_replaces),
		FOLDER_TEST(test_places_that_cannot_be_written),
		cmocka_unit_test(test_names_are_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
