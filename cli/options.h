/* SPDX-License-Identifier: MIT */
/* options.h: the options of all commands, parsed and checked. */
#ifndef HS_CLI_OPTIONS_H
#define HS_CLI_OPTIONS_H

#include <heapsnap/analysis.h>
#include <heapsnap/capture.h>
#include <heapsnap/export.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One bit for every option there is, for struct command. */
enum option_bit {
	OPTION_BY = 1 << 0,
	OPTION_COLOR = 1 << 1,
	OPTION_CSV = 1 << 2,
	OPTION_FAIL_ON = 1 << 3,
	OPTION_FORCE = 1 << 4,
	OPTION_JSON = 1 << 5,
	OPTION_LEVEL = 1 << 6,
	OPTION_MODE = 1 << 7,
	OPTION_OUTPUT = 1 << 8,
	OPTION_QUIET = 1 << 9,
	OPTION_REDACT = 1 << 13,
	OPTION_EXPERIMENTAL = 1 << 16,
	OPTION_ROWS = 1 << 10,
	OPTION_TO = 1 << 11,
	OPTION_SIZE = 1 << 15,
	OPTION_SUBPROCESSES = 1 << 17,
	OPTION_BASE = 1 << 18,
	OPTION_VALUES = 1 << 14,
	OPTION_VERBOSE = 1 << 12,
	OPTION_JOBS = 1 << 19,
	OPTION_CORE = 1 << 20,
	OPTION_EXE = 1 << 21,
	OPTION_ROOT = 1 << 22,
	OPTION_MAX_MEMORY = 1 << 23,
	OPTION_AVOID = 1 << 24,
	OPTION_LEVELS = 1 << 25,
	OPTION_REFS = 1 << 26,
};

enum color {
	COLOR_AUTO = 0,
	COLOR_ALWAYS,
	COLOR_NEVER,
};

enum {
	BY_MAX = 8,		/* classifiers at once */
	OPERANDS_SQL = 11,	/* what sql takes at most */
	OPERANDS_ANY = INT_MAX, /* as many as somebody likes to give */
	VALUES_DEFAULT = 32,	/* bytes of each value, for --values alone */
};

struct options {
	const char *avoid;			/* NULL: not given */
	const char *base;			/* NULL: not given */
	const struct hs_classifier *by[BY_MAX]; /* --by, or the default: kind */
	size_t by_count;
	enum color color;
	const char *core; /* NULL: not given; so are exe and root */
	bool csv;
	const char *exe;
	bool fail_on_growth;
	uint64_t fail_on_bytes; /* --fail-on growth=BYTES; 0: any growth */
	bool force;
	bool json;
	int level;	     /* 0: not given */
	unsigned int jobs;   /* 0: not given */
	uint64_t max_memory; /* 0: not given */
	uint32_t levels;     /* of a tree; 0: not given */
	enum hs_capture_mode mode;
	const char *output; /* NULL: not given */
	bool quiet;
	bool redact;
	bool refs;
	bool experimental;
	const char *root;
	int64_t rows; /* negative: not given */
	enum hs_size size;
	bool subprocesses;
	const struct hs_exporter *to;
	uint32_t values; /* bytes of each value; 0: not given */
	bool verbose;

	bool help;		     /* asked for: nothing else was checked */
	const char *const *operands; /* of the command line; NULL behind the last */
	int operand_count;
};

/*
 * Parse the arguments of command @name, argv[0] being the name itself, of which those in @accepted
 * (enum option_bit) are allowed, and @operands operands, the last @optional of which may be left
 * out.  Options and operands may come in any order.  A mistake is explained on standard error,
 * naming the word it is about; false then.
 */
bool options_parse(int argc, char **argv, const char *name, uint32_t accepted, int operands,
		   int optional, struct options *ret);

/* Describe the options in @accepted on @out, one a line. */
void options_describe(uint32_t accepted, FILE *out);

#endif
