/* SPDX-License-Identifier: MIT */
/* terminal.h: what is said to people on standard error, and what the terminals can do. */
#ifndef HS_CLI_TERMINAL_H
#define HS_CLI_TERMINAL_H

#include "options.h"

#include <heapsnap/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Where messages and the progress bar go.  Standard error, always. */
struct terminal {
	bool quiet;
	bool verbose;
	bool bar;	  /* a bar may be drawn */
	bool drawn;	  /* one is on the screen now */
	uint64_t next_ns; /* no drawing before */
};

void terminal_init(struct terminal *terminal, const struct options *options);

/* Something worth knowing, unless -q.  One line, without the line feed. */
void terminal_note(struct terminal *terminal, const char *format, ...) HS_PRINTF(2, 3);

/* An explanation, with -v only.  One line, without the line feed. */
void terminal_explain(struct terminal *terminal, const char *format, ...) HS_PRINTF(2, 3);

/* Say what failed and free @err.  Returns the exit code for it. */
int terminal_fail(struct terminal *terminal, struct hs_error *err);

/* The same for a failure of our own; @format without "heapsnap: ". */
int terminal_complain(struct terminal *terminal, int exit_code, const char *format, ...)
	HS_PRINTF(3, 4);

/* An hs_progress_fn whose context is the struct terminal. */
void terminal_progress(void *context, const char *what, uint64_t done, uint64_t total);

/* Take the bar off the screen: the work is done. */
void terminal_progress_end(struct terminal *terminal);

/* Whether standard output may be coloured, and its width in columns: 0 if it is no terminal. */
bool terminal_color(enum color wish);
unsigned int terminal_width(void);

/* Nanoseconds of a clock that only goes forward. */
uint64_t terminal_clock(void);

#endif
