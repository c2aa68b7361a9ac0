/* SPDX-License-Identifier: MIT */
/* test_output.c: output files appear whole or not at all, and names are quoted for a shell. */
#include "cli/output.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static void assert_file(const char *path, const char *text)
{
	char found[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(found, 1, sizeof(found) - 1, file), strlen(text));
	fclose(file);
	assert_string_equal(found, text);
}

/* How many names are in the current folder. */
static int count_files(void)
{
	FILE *list = popen("ls -A | wc -l", "r");
	int count = -1;

	assert_non_null(list);
	assert_int_equal(fscanf(list, "%d", &count), 1);
	pclose(list);
	return count;
}

static void test_a_file_appears_at_commit(void **state)
{
	struct output_file file;
	struct stat status;

	(void)state;
	umask(0);
	assert_int_equal(output_begin(&terminal, "new", &file), 0);
	fputs("whole", file.stream);
	assert_int_not_equal(access("new", F_OK), 0);
	assert_int_equal(output_commit(&terminal, &file, false), 0);
	output_abandon(&file);
	assert_file("new", "whole");
	assert_int_equal(stat("new", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(count_files(), 1);
}

static void test_what_is_abandoned_leaves_nothing(void **state)
{
	struct output_file file;

	(void)state;
	assert_int_equal(output_begin(&terminal, "new", &file), 0);
	fputs("half", file.stream);
	output_abandon(&file);
	assert_int_equal(count_files(), 0);
}

static void test_a_file_made_meanwhile_is_kept(void **state)
{
	struct output_file file;

	(void)state;
	assert_int_equal(output_check(&terminal, "new", false), 0);
	assert_int_equal(output_begin(&terminal, "new", &file), 0);
	write_file("new", "theirs");
	assert_int_equal(output_commit(&terminal, &file, false), HS_ERROR_FAILED);
	output_abandon(&file);
	assert_file("new", "theirs");
	assert_int_equal(count_files(), 1);
}

static void test_force_replaces(void **state)
{
	struct output_file file;

	(void)state;
	write_file("old", "theirs");
	assert_int_equal(output_check(&terminal, "old", false), HS_ERROR_FAILED);
	assert_int_equal(output_check(&terminal, "old", true), 0);
	assert_int_equal(output_begin(&terminal, "old", &file), 0);
	fputs("ours", file.stream);
	assert_int_equal(output_commit(&terminal, &file, true), 0);
	output_abandon(&file);
	assert_file("old", "ours");
}

static void test_a_full_disk_is_seen(void **state)
{
	struct output_file file;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(output_begin(&terminal, "new", &file), 0);
	fclose(file.stream);
	file.stream = full;
	fputs("lost", file.stream);
	assert_int_equal(output_commit(&terminal, &file, false), HS_ERROR_FAILED);
	output_abandon(&file);
	assert_int_equal(count_files(), 0);
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
		FOLDER_TEST(test_a_file_appears_at_commit),
		FOLDER_TEST(test_what_is_abandoned_leaves_nothing),
		FOLDER_TEST(test_a_file_made_meanwhile_is_kept),
		FOLDER_TEST(test_force_replaces),
		FOLDER_TEST(test_a_full_disk_is_seen),
		FOLDER_TEST(test_places_that_cannot_be_written),
		cmocka_unit_test(test_names_are_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
