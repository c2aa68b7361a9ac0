/* SPDX-License-Identifier: MIT */
/* test_file.c: a file appears whole, exclusively and private, or not at all. */
#include "hs_cmocka.h"

#include "format/base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static bool plain; /* a file system without files that have no name */

/* In place of the C library's. */
int openat(int directory, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (plain && (flags & __O_TMPFILE)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, directory, path, flags, mode);
}

static int enter_folder(void **state)
{
	plain = *state != NULL;
	strcpy(folder, "/tmp/heapsnap-test-XXXXXX");
	return !mkdtemp(folder) || chdir(folder);
}

static size_t entries(void)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

/* Whatever a test did, nothing but "a" may be left. */
static int leave_folder(void **state)
{
	(void)state;
	unlink("a");
	unlink("link");
	return chdir("/") || rmdir(folder);
}

static char *content(const char *path)
{
	static char text[64];
	FILE *file = fopen(path, "r");
	size_t size;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

static struct hs_error *write_text(const char *path, bool overwrite, const char *text)
{
	struct hs_file_writer *writer = NULL;
	struct hs_error *err = hs_file_writer_create(path, overwrite, &writer);

	if (err)
		return err;
	hs_file_writer_write(writer, text, strlen(text));
	assert_int_equal(hs_file_writer_offset(writer), strlen(text));
	err = hs_file_writer_commit(writer);
	hs_file_writer_destroy(writer);
	return err;
}

static void expect_error(struct hs_error *err, enum hs_error_code code, const char *part)
{
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), code);
	if (!strstr(hs_error_message(err), part))
		fail_msg("%s", hs_error_message(err));
	hs_error_destroy(err);
}

static void appears_at_commit(void **state)
{
	struct hs_file_writer *writer = NULL;
	struct stat status;

	(void)state;
	umask(0);
	assert_null(hs_file_writer_create("a", false, &writer));
	hs_file_writer_write(writer, "one", 3);
	assert_int_equal(access("a", F_OK), -1);
	assert_null(hs_file_writer_commit(writer));
	hs_file_writer_destroy(writer);
	assert_string_equal(content("a"), "one");
	assert_int_equal(stat("a", &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(entries(), 1);
}

static void abandoned_leaves_nothing(void **state)
{
	struct hs_file_writer *writer = NULL;

	(void)state;
	assert_null(hs_file_writer_create("a", false, &writer));
	hs_file_writer_write(writer, "one", 3);
	hs_file_writer_destroy(writer);
	hs_file_writer_destroy(NULL);
	assert_int_equal(entries(), 0);
}

static void existing_is_kept(void **state)
{
	struct hs_file_writer *writer = NULL;

	(void)state;
	assert_null(write_text("a", false, "old"));
	expect_error(write_text("a", false, "new"), HS_ERROR_FAILED, "exists already");
	assert_string_equal(content("a"), "old");
	assert_null(write_text("a", true, "new"));
	assert_string_equal(content("a"), "new");
	assert_int_equal(unlink("a"), 0);
	/* One that comes into being in between is kept as well. */
	assert_null(hs_file_writer_create("a", false, &writer));
	assert_null(write_text("a", false, "other"));
	expect_error(hs_file_writer_commit(writer), HS_ERROR_FAILED, "exists already");
	hs_file_writer_destroy(writer);
	assert_string_equal(content("a"), "other");
	assert_int_equal(entries(), 1);
}

/* Neither followed nor replaced. */
static void links_are_kept(void **state)
{
	(void)state;
	assert_int_equal(symlink("a", "link"), 0);
	expect_error(write_text("link", false, "x"), HS_ERROR_FAILED, "not a regular file");
	expect_error(write_text("link", true, "x"), HS_ERROR_FAILED, "not a regular file");
	assert_int_equal(access("a", F_OK), -1);
}

static void odd_paths(void **state)
{
	static const struct {
		const char *path;
		const char *said;
	} rows[] = {
		{"no/such/folder", "No such file"},
		{"/tmp/", "not the name of a file"},
		{".", "is a folder"},
		{"..", "is a folder"},
		{"/dev/null", "not a regular file"},
		{"a/in-it", "Not a directory"},
	};
	char name[300];

	(void)state;
	assert_null(write_text("a", false, ""));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		expect_error(write_text(rows[i].path, true, ""), HS_ERROR_FAILED, rows[i].said);
		/* The check beforehand finds the same. */
		expect_error(hs_output_check(rows[i].path, true), HS_ERROR_FAILED, rows[i].said);
	}
	assert_null(hs_output_check("a", true));
	expect_error(hs_output_check("a", false), HS_ERROR_FAILED, "exists already");
	assert_null(hs_output_check("b", false));
	assert_null(hs_output_check("-", false));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	expect_error(write_text(name, false, ""), HS_ERROR_FAILED, "name too long");
	expect_error(hs_output_check(name, false), HS_ERROR_FAILED, "name too long");
	assert_int_equal(entries(), 1);
}

/* The disk is full: said, and nothing stays.  A limit on file sizes stands for it. */
static void full_disk(void **state)
{
	struct rlimit limit;
	struct rlimit small;
	char *data = calloc(1, 1 << 20);
	struct hs_file_writer *writer = NULL;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = (struct rlimit){.rlim_cur = 600000, .rlim_max = limit.rlim_max};
	assert_null(hs_file_writer_create("a", false, &writer));
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 3; i++)
		hs_file_writer_write(writer, data, 300000);
	setrlimit(RLIMIT_FSIZE, &limit);
	expect_error(hs_file_writer_commit(writer), HS_ERROR_FAILED, "writing a: File too large");
	hs_file_writer_destroy(writer);
	free(data);
	assert_int_equal(entries(), 0);
}

static void large_and_small_writes(void **state)
{
	enum { PIECES = 2000 };
	struct hs_file_writer *writer = NULL;
	uint8_t *data = malloc(600000);
	const uint8_t *mapped;
	const void *start;
	uint64_t total = 0;
	size_t size;

	(void)state;
	for (size_t i = 0; i < 600000; i++)
		data[i] = (uint8_t)(i * 7 % 251);
	assert_null(hs_file_writer_create("a", false, &writer));
	for (size_t i = 0; i < PIECES; i++) {
		hs_file_writer_write(writer, data + i, i % 100 ? i : 600000 - i);
		total += i % 100 ? i : 600000 - i;
	}
	assert_int_equal(hs_file_writer_offset(writer), total);
	assert_null(hs_file_writer_commit(writer));
	hs_file_writer_destroy(writer);
	assert_null(hs_file_read("a", &start, &size));
	assert_int_equal(size, total);
	mapped = start;
	for (size_t i = 0; i < PIECES; i++) {
		assert_memory_equal(mapped, data + i, i % 100 ? i : 600000 - i);
		mapped += i % 100 ? i : 600000 - i;
	}
	hs_file_release(start, size);
	free(data);
}

/* A child that is killed by @signal while it writes, or replaces, a file of some size. */
static void kill_writer(int signal_number, bool overwrite)
{
	struct hs_file_writer *writer = NULL;
	char *data = calloc(1, 300000);
	int ends[2];
	int status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		if (hs_file_writer_create("a", overwrite, &writer))
			_exit(1);
		for (int i = 0; i < 100000; i++) {
			hs_file_writer_write(writer, data, 300000);
			if (write(ends[1], "", 1) != 1 || hs_file_writer_offset(writer) > 100 << 20)
				_exit(1);
		}
		_exit(1);
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(read(ends[0], data, 1), 1);
	assert_int_equal(kill(child, signal_number), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), signal_number);
	close(ends[0]);
	close(ends[1]);
	free(data);
}

static void killed_leaves_nothing(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		kill_writer(signals[i], false);
		assert_int_equal(entries(), 0);
	}
	assert_null(write_text("a", false, "old"));
	kill_writer(SIGTERM, true);
	assert_int_equal(entries(), 1);
	assert_string_equal(content("a"), "old");
}

/* Signals that come while none is held back, or that are ignored, are none of our business. */
static void ignored_signals(void **state)
{
	struct hs_file_writer *writer = NULL;
	sigset_t mask;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	assert_null(hs_file_writer_create("a", false, &writer));
	raise(SIGHUP);
	hs_file_writer_write(writer, "one", 3);
	assert_null(hs_file_writer_commit(writer));
	hs_file_writer_destroy(writer);
	assert_string_equal(content("a"), "one");
	signal(SIGHUP, SIG_DFL);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
	assert_int_equal(sigisemptyset(&mask), 1);
}

static void standard_output(void **state)
{
	int ends[2];
	char text[16] = {0};
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		_exit(write_text("-", false, "piped") != NULL);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], text, sizeof(text)), 5);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(text, "piped");
}

static void reading(void **state)
{
	const void *data = "";
	size_t size = 1;

	(void)state;
	assert_null(write_text("a", false, ""));
	assert_null(hs_file_read("a", &data, &size));
	assert_null(data);
	assert_int_equal(size, 0);
	hs_file_release(data, size);
	expect_error(hs_file_read("b", &data, &size), HS_ERROR_FAILED, "b: No such file");
	expect_error(hs_file_read(".", &data, &size), HS_ERROR_DAMAGED, "not a regular file");
	assert_int_equal(mkfifo("link", 0600), 0);
	expect_error(hs_file_read("link", &data, &size), HS_ERROR_DAMAGED, "not a regular file");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)
/* Once where files without names can be had, once where not. */
#define TESTS(name)                                                                                \
	TEST(name),                                                                                \
	{                                                                                          \
		"plain " #name, name, enter_folder, leave_folder, (void *)"plain"                  \
	}
	const struct CMUnitTest tests[] = {
		TESTS(appears_at_commit),
		TESTS(abandoned_leaves_nothing),
		TESTS(existing_is_kept),
		TESTS(links_are_kept),
		TESTS(odd_paths),
		TESTS(full_disk),
		TESTS(killed_leaves_nothing),
		TESTS(ignored_signals),
		TEST(standard_output),
		TEST(large_and_small_writes),
		TEST(reading),
	};
#undef TESTS
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
