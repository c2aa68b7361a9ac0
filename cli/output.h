/* SPDX-License-Identifier: MIT */
/* output.h: where results go: standard output, or a file. */
#ifndef HS_CLI_OUTPUT_H
#define HS_CLI_OUTPUT_H

#include "options.h"
#include "terminal.h"

#include <heapsnap/report.h>
#include <stdbool.h>

/* Whether @path means standard output. */
bool output_is_stdout(const char *path);

/*
 * Find out, before any work is done, whether a file can come to be at @path: its folder exists and
 * can be written to, and nothing is there that @force does not allow to replace.  Returns 0, or
 * the exit code of a failure that has been reported.
 */
int output_check(struct terminal *terminal, const char *path, bool force);

/* Print @report on standard output as the options say.  Returns the exit code. */
int output_report(struct terminal *terminal, const struct options *options,
		  const struct hs_report *report);

/* See whether all of standard output was written.  Returns 0, or 1 after saying why not. */
int output_finish(struct terminal *terminal);

/*
 * @path as one word that a shell takes and a terminal survives; owned by the caller, NULL if
 * memory ran out.
 */
char *output_quote(const char *path);

#endif
