/* SPDX-License-Identifier: MIT */
/* terminal.c: what is said to people on standard error, and what the terminals can do. */
#include "terminal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
	BAR_CELLS = 30,
	BAR_DELAY_NS = 500 * 1000 * 1000,    /* short work shows no bar */
	BAR_INTERVAL_NS = 100 * 1000 * 1000, /* between two drawings */
};

uint64_t terminal_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Whether @fd is a terminal that understands escape sequences. */
static bool is_capable(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

void terminal_init(struct terminal *terminal, const struct options *options)
{
	*terminal = (struct terminal){
		.quiet = options->quiet,
		.verbose = options->verbose,
		.bar = !options->quiet && is_capable(STDERR_FILENO),
		.next_ns = terminal_clock() + BAR_DELAY_NS,
	};
}

static void print_line(struct terminal *terminal, const char *prefix, const char *format,
		       va_list args)
{
	terminal_progress_end(terminal);
	fputs(prefix, stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void terminal_note(struct terminal *terminal, const char *format, ...)
{
	va_list args;

	if (terminal->quiet)
		return;
	va_start(args, format);
	print_line(terminal, "", format, args);
	va_end(args);
}

void terminal_explain(struct terminal *terminal, const char *format, ...)
{
	va_list args;

	if (!terminal->verbose)
		return;
	va_start(args, format);
	print_line(terminal, "", format, args);
	va_end(args);
}

int terminal_complain(struct terminal *terminal, int exit_code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(terminal, "heapsnap: ", format, args);
	va_end(args);
	return exit_code;
}

int terminal_fail(struct terminal *terminal, struct hs_error *err)
{
	int code = (int)hs_error_code(err);

	terminal_complain(terminal, code, "%s", hs_error_message(err));
	hs_error_destroy(err);
	return code;
}

void terminal_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
	struct terminal *terminal = context;
	char cells[BAR_CELLS + 1];
	unsigned int full, percent;
	uint64_t now;

	if (!terminal->bar || !total)
		return;
	now = terminal_clock();
	if (now < terminal->next_ns)
		return;
	terminal->next_ns = now + BAR_INTERVAL_NS;
	terminal->drawn = true;

	if (done > total)
		done = total;
	full = (unsigned int)((double)done / (double)total * BAR_CELLS);
	percent = (unsigned int)((double)done / (double)total * 100);
	memset(cells, ' ', BAR_CELLS);
	memset(cells, '=', full);
	cells[BAR_CELLS] = '\0';
	fprintf(stderr, "\r[%s] %3u %% %s\033[K", cells, percent, what);
	fflush(stderr);
}

void terminal_progress_end(struct terminal *terminal)
{
	if (terminal->drawn)
		fputs("\r\033[K", stderr);
	terminal->drawn = false;
}

bool terminal_color(enum color wish)
{
	const char *no_color = getenv("NO_COLOR");

	if (no_color && *no_color)
		return false;
	switch (wish) {
	case COLOR_ALWAYS:
		return true;
	case COLOR_NEVER:
		return false;
	case COLOR_AUTO:
		break;
	}
	return is_capable(STDOUT_FILENO);
}

unsigned int terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}
