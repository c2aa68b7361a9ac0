/* SPDX-License-Identifier: MIT */
/* test_terminal.c: the progress bar and messages, seen on a pseudo-terminal. */
#include "cli/terminal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Standard error while it leads elsewhere, and what was written there. */
struct detour {
	int saved;
	int reading;
	char text[4096];
};

static void begin(struct detour *detour, bool to_terminal)
{
	int writing;

	if (to_terminal) {
		detour->reading = posix_openpt(O_RDWR | O_NOCTTY);
		assert_true(detour->reading >= 0);
		assert_int_equal(grantpt(detour->reading), 0);
		assert_int_equal(unlockpt(detour->reading), 0);
		writing = open(ptsname(detour->reading), O_RDWR | O_NOCTTY);
	} else {
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		detour->reading = ends[0];
		writing = ends[1];
	}
	assert_true(writing >= 0);
	assert_int_equal(fcntl(detour->reading, F_SETFL, O_NONBLOCK), 0);
	fflush(stderr);
	detour->saved = dup(STDERR_FILENO);
	assert_true(dup2(writing, STDERR_FILENO) >= 0);
	close(writing);
}

static const char *finish(struct detour *detour)
{
	size_t used = 0;
	ssize_t got;

	fflush(stderr);
	while ((got = read(detour->reading, detour->text + used, sizeof(detour->text) - 1 - used)) >
	       0)
		used += (size_t)got;
	detour->text[used] = '\0';
	dup2(detour->saved, STDERR_FILENO);
	close(detour->saved);
	close(detour->reading);
	return detour->text;
}

static void wait_ms(long ms)
{
	const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&time, NULL);
}

static void test_long_work_shows_a_bar_and_takes_it_away(void **state)
{
	const struct options options = {0};
	struct terminal terminal;
	struct detour detour;
	const char *text;

	(void)state;
	setenv("TERM", "xterm", 1);
	begin(&detour, true);
	terminal_init(&terminal, &options);
	terminal_progress(&terminal, "copying", 1, 4);
	wait_ms(520);
	terminal_progress(&terminal, "copying", 2, 4);
	terminal_progress(&terminal, "copying", 3, 4); /* too soon after the one before */
	terminal_note(&terminal, "done");
	terminal_progress_end(&terminal);
	text = finish(&detour);
	assert_null(strstr(text, "25 %"));
	assert_non_null(strstr(text, "[===============               ]  50 % copying"));
	assert_null(strstr(text, "75 %"));
	assert_non_null(strstr(text, "\r\033[Kdone"));
}

static void test_no_bar_without_a_terminal(void **state)
{
	static const struct {
		bool to_terminal;
		const char *term;
		struct options options;
	} cases[] = {
		{false, "xterm", {.quiet = false}},
		{true, "dumb", {.quiet = false}},
		{true, "xterm", {.quiet = true}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct terminal terminal;
		struct detour detour;

		setenv("TERM", cases[i].term, 1);
		begin(&detour, cases[i].to_terminal);
		terminal_init(&terminal, &cases[i].options);
		wait_ms(510);
		terminal_progress(&terminal, "copying", 1, 2);
		terminal_progress_end(&terminal);
		assert_string_equal(finish(&detour), "");
	}
}

static void test_quiet_and_verbose(void **state)
{
	static const struct {
		struct options options;
		const char *text;
	} cases[] = {
		{{.quiet = false}, "note\nheapsnap: broken\n"},
		{{.quiet = true}, "heapsnap: broken\n"},
		{{.verbose = true}, "note\nwhy\nheapsnap: broken\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct terminal terminal;
		struct detour detour;

		begin(&detour, false);
		terminal_init(&terminal, &cases[i].options);
		terminal_note(&terminal, "note");
		terminal_explain(&terminal, "why");
		assert_int_equal(terminal_complain(&terminal, 5, "broken"), 5);
		assert_string_equal(finish(&detour), cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_work_shows_a_bar_and_takes_it_away),
		cmocka_unit_test(test_no_bar_without_a_terminal),
		cmocka_unit_test(test_quiet_and_verbose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
