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

/* Whether what would be written to @path replaced the file at @input, which is read. */
bool output_is_input(const char *path, const char *input);

/* Have @make make a report on @snap and print that.  Returns the exit code. */
typedef struct hs_error *output_make_fn(const struct options *options,
					const struct hs_snapshot *snap, struct hs_report **ret);
int output_report_on(struct terminal *terminal, const struct options *options,
		     const struct hs_snapshot *snap, output_make_fn *make);

/* The same on the snapshot in the file that the first operand names, opened with @columns (enum
 * hs_column; 0: all). */
int output_report_on_file(struct terminal *terminal, const struct options *options,
			  uint32_t columns, output_make_fn *make);

/* Print @report on standard output as the options say.  Returns the exit code. */
int output_report(struct terminal *terminal, const struct options *options,
		  const struct hs_report *report);

/* See whether all of standard output was written.  Returns 0, or 1 after saying why not. */
int output_finish(struct terminal *terminal);

/*
 * Whom a file is to belong to that root writes for somebody else: under sudo, to whoever called
 * it.  0 and 0 otherwise.
 */
void output_owner(uint32_t *uid, uint32_t *gid);

/*
 * @path as one word that a shell takes and a terminal survives; owned by the caller, NULL if
 * memory ran out.
 */
char *output_quote(const char *path);

#endif
