/* SPDX-License-Identifier: MIT */
/* command.h: what a command of heapsnap is. */
#ifndef HS_CLI_COMMAND_H
#define HS_CLI_COMMAND_H

#include "options.h"
#include "terminal.h"

/* Exit codes beyond those of enum hs_error_code (heapsnap/error.h). */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FOUND = 10, /* --fail-on found what it was told to look for */
};

/*
 * One command.  To add a command:
 *
 *   1. write cmd_<name>.c with its function, declare it below;
 *   2. add a row to the table in main.c; options it shares with others exist in options.c;
 *   3. describe its --json document in spec/json.md, its use in README.md;
 *   4. test it in tests/e2e/test_<name>.py.
 */
struct command {
	const char *name;
	const char *usage;   /* what follows the name: "FILE [--json]" */
	const char *summary; /* one line, no full stop */
	uint32_t options;    /* enum option_bit: the options it accepts */
	int operands;	     /* how many it takes at most */
	int optional;	     /* how many of them, the last ones, may be left out */
	/* Do it and return the exit code.  Operands and options have been checked. */
	int (*run)(const struct options *options, struct terminal *terminal);
};

int cmd_diff(const struct options *options, struct terminal *terminal);
int cmd_doctor(const struct options *options, struct terminal *terminal);
int cmd_dump(const struct options *options, struct terminal *terminal);
int cmd_export(const struct options *options, struct terminal *terminal);
int cmd_flatten(const struct options *options, struct terminal *terminal);
int cmd_info(const struct options *options, struct terminal *terminal);
int cmd_paths(const struct options *options, struct terminal *terminal);
int cmd_ps(const struct options *options, struct terminal *terminal);
int cmd_show(const struct options *options, struct terminal *terminal);
#ifdef HS_SQL
int cmd_sql(const struct options *options, struct terminal *terminal);
#endif
int cmd_top(const struct options *options, struct terminal *terminal);
int cmd_tree(const struct options *options, struct terminal *terminal);
int cmd_verify(const struct options *options, struct terminal *terminal);

#endif
