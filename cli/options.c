/* SPDX-License-Identifier: MIT */
/* options.c: the options of all commands, parsed and checked. */
#include "options.h"

#include "units.h"

#include <getopt.h>
#include <heapsnap/report.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* What is being parsed, and for whom. */
struct parser {
	const char *command;
	struct options *options;
};

/* One option. */
struct option_spec {
	uint32_t bit;
	char letter; /* 0: it has a long name only */
	const char *name;
	/* What help calls its argument; NULL: it takes none, "[=X]": it may be left out. */
	const char *argument;
	const char *summary;
	/* Take the argument; false, with the reason said, if it is wrong. NULL for a mere switch.
	 */
	bool (*parse)(struct parser *parser, const char *argument);
	size_t flag; /* of a switch: offset of its bool in struct options */
	/* Name number @i of those it takes, NULL behind the last; NULL if it is not of that kind.
	 */
	const char *(*choice)(size_t i);
};

static const char *classifier_choice(size_t i)
{
	size_t count;
	const struct hs_classifier *const *all = hs_classifiers(&count);

	return i < count ? hs_classifier_name(all[i]) : NULL;
}

static const char *exporter_choice(size_t i)
{
	size_t count;
	const struct hs_exporter *const *all = hs_exporters(&count);

	return i < count ? hs_exporter_name(all[i]) : NULL;
}

/* "@lead: jsonl, sqlite" in @buffer, cut to fit. */
static const char *list_choices(const char *lead, const char *(*choice)(size_t i), char *buffer,
				size_t size)
{
	const char *name;
	size_t used;

	snprintf(buffer, size, "%s", lead);
	for (size_t i = 0; (name = choice(i)); i++) {
		used = strlen(buffer);
		snprintf(buffer + used, size - used, "%s%s", i ? ", " : ": ", name);
	}
	return buffer;
}

/* Say what is wrong with the command line.  Always false. */
static bool HS_PRINTF(2, 3) complain(const struct parser *parser, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "heapsnap: %s: ", parser->command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (see: heapsnap help %s)\n", parser->command);
	return false;
}

/* Say that @word, as the user typed it, is not what @option takes.  Always false. */
static bool complain_of_word(const struct parser *parser, const char *option, const char *word,
			     const char *wanted)
{
	char *safe = hs_escape((struct hs_str){word, strlen(word)}, HS_ESCAPE_TEXT, 80);

	complain(parser, "%s: '%s' is not %s", option, safe ? safe : "?", wanted);
	free(safe);
	return false;
}

static bool parse_avoid(struct parser *parser, const char *argument)
{
	parser->options->avoid = argument;
	return true;
}

static bool parse_base(struct parser *parser, const char *argument)
{
	parser->options->base = argument;
	return true;
}

static bool parse_by(struct parser *parser, const char *argument)
{
	struct options *options = parser->options;
	const char *at = argument;
	char names[256];

	options->by_count = 0;
	for (;;) {
		size_t size = strcspn(at, ",");
		const struct hs_classifier *classifier = hs_classifier_find(at, size);
		const char *retained = hs_size_name(HS_SIZE_RETAINED);

		/* No way to sort objects into classes, but one to sort these. */
		if (size == strlen(retained) && !strncmp(at, retained, size)) {
			options->size = HS_SIZE_RETAINED;
			if (at[size] == '\0')
				return true;
			at += size + 1;
			continue;
		}
		if (!classifier)
			return complain_of_word(parser, "--by", argument,
						list_choices("a list of these", classifier_choice,
							     names, sizeof(names)));
		if (options->by_count == BY_MAX)
			return complain(parser, "--by: more than %d classifiers", (int)BY_MAX);
		options->by[options->by_count++] = classifier;
		if (at[size] == '\0')
			return true;
		at += size + 1;
	}
}

static bool parse_color(struct parser *parser, const char *argument)
{
	static const char *const names[] = {
		[COLOR_AUTO] = "auto",
		[COLOR_ALWAYS] = "always",
		[COLOR_NEVER] = "never",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(argument, names[i])) {
			parser->options->color = (enum color)i;
			return true;
		}
	}
	return complain_of_word(parser, "--color", argument, "auto, always or never");
}

static bool parse_fail_on(struct parser *parser, const char *argument)
{
	static const char word[] = "growth";
	uint64_t bytes = 0;

	if (strncmp(argument, word, sizeof(word) - 1) != 0)
		return complain_of_word(parser, "--fail-on", argument, "growth or growth=BYTES");
	argument += sizeof(word) - 1;
	if (*argument != '\0' && (*argument != '=' || !units_parse_bytes(argument + 1, &bytes)))
		return complain_of_word(parser, "--fail-on growth", argument,
					"=BYTES, such as =4096 or =10M");
	parser->options->fail_on_growth = true;
	parser->options->fail_on_bytes = bytes;
	return true;
}

static bool parse_jobs(struct parser *parser, const char *argument)
{
	uint64_t jobs;

	if (!units_parse_number(argument, 64, &jobs) || !jobs)
		return complain_of_word(parser, "--jobs", argument, "a number from 1 to 64");
	parser->options->jobs = (unsigned int)jobs;
	return true;
}

static bool parse_level(struct parser *parser, const char *argument)
{
	uint64_t level;

	if (!units_parse_number(argument, 19, &level) || !level)
		return complain_of_word(parser, "--level", argument, "a number from 1 to 19");
	parser->options->level = (int)level;
	return true;
}

static bool parse_max_memory(struct parser *parser, const char *argument)
{
	uint64_t bytes;

	if (!units_parse_bytes(argument, &bytes) || !bytes)
		return complain_of_word(parser, "--max-memory", argument,
					"a size, such as 256M or 1GiB");
	parser->options->max_memory = bytes;
	return true;
}

static bool parse_levels(struct parser *parser, const char *argument)
{
	uint64_t levels;

	if (!units_parse_number(argument, UINT32_MAX, &levels))
		return complain_of_word(parser, "--levels", argument, "a number, 0 for all");
	parser->options->levels = (uint32_t)levels;
	return true;
}

static bool parse_mode(struct parser *parser, const char *argument)
{
	if (!strcmp(argument, "auto"))
		parser->options->mode = HS_CAPTURE_AUTO;
	else if (!strcmp(argument, "fork"))
		parser->options->mode = HS_CAPTURE_FORK;
	else if (!strcmp(argument, "stop"))
		parser->options->mode = HS_CAPTURE_STOP;
	else
		return complain_of_word(parser, "--mode", argument, "auto, fork or stop");
	return true;
}

static bool parse_path(struct parser *parser, const char *option, const char *argument,
		       const char **ret)
{
	if (*argument == '\0')
		return complain(parser, "%s: the name is empty", option);
	*ret = argument;
	return true;
}

static bool parse_core(struct parser *parser, const char *argument)
{
	return parse_path(parser, "--core", argument, &parser->options->core);
}

static bool parse_exe(struct parser *parser, const char *argument)
{
	return parse_path(parser, "--exe", argument, &parser->options->exe);
}

static bool parse_root(struct parser *parser, const char *argument)
{
	return parse_path(parser, "--root", argument, &parser->options->root);
}

static bool parse_output(struct parser *parser, const char *argument)
{
	return parse_path(parser, "-o", argument, &parser->options->output);
}

static bool parse_rows(struct parser *parser, const char *argument)
{
	uint64_t rows;

	if (!units_parse_number(argument, INT64_MAX, &rows))
		return complain_of_word(parser, "-n", argument, "a number of rows, 0 for all");
	parser->options->rows = (int64_t)rows;
	return true;
}

static bool parse_size(struct parser *parser, const char *argument)
{
	if (!strcmp(argument, hs_size_name(HS_SIZE_SHALLOW)))
		parser->options->size = HS_SIZE_SHALLOW;
	else if (!strcmp(argument, hs_size_name(HS_SIZE_ALLOCATED)))
		parser->options->size = HS_SIZE_ALLOCATED;
	else if (!strcmp(argument, hs_size_name(HS_SIZE_RETAINED)))
		parser->options->size = HS_SIZE_RETAINED;
	else
		return complain_of_word(parser, "--size", argument,
					"shallow, allocated or retained");
	return true;
}

static bool parse_to(struct parser *parser, const char *argument)
{
	char names[256];

	parser->options->to = hs_exporter_find(argument);
	if (parser->options->to)
		return true;
	return complain_of_word(
		parser, "--to", argument,
		list_choices("one of these", exporter_choice, names, sizeof(names)));
}

static bool parse_values(struct parser *parser, const char *argument)
{
	uint64_t bytes = VALUES_DEFAULT;

	if (argument && (!units_parse_bytes(argument, &bytes) || !bytes || bytes > HS_PREVIEW_MAX))
		return complain_of_word(parser, "--values", argument, "a size from 1 to 1M");
	parser->options->values = (uint32_t)bytes;
	return true;
}

#define SWITCH(member) .flag = offsetof(struct options, member)

/* The table of options.  To add one: a bit and a member in options.h, a row here. */
static const struct option_spec specs[] = {
	{OPTION_OUTPUT, 'o', "output", "FILE", "write to FILE; - is standard output",
	 .parse = parse_output},
	{OPTION_FORCE, 'f', "force", NULL, "replace FILE if it exists", SWITCH(force)},
	{OPTION_BASE, 0, "base", "OLD",
	 "write only what differs from the snapshot OLD, which has to be kept",
	 .parse = parse_base},
	{OPTION_TO, 0, "to", "FORMAT", "the format to write", .parse = parse_to,
	 .choice = exporter_choice},
	{OPTION_CORE, 0, "core", "CORE", "take it from a core file, not from a process",
	 .parse = parse_core},
	{OPTION_EXE, 0, "exe", "EXE", "the program that the core is of, if it is elsewhere now",
	 .parse = parse_exe},
	{OPTION_ROOT, 0, "root", "DIR", "the folder that the paths in the core begin in",
	 .parse = parse_root},
	{OPTION_MODE, 0, "mode", "MODE", "how to hold the process: auto, fork, stop",
	 .parse = parse_mode},
	{OPTION_LEVEL, 0, "level", "N", "compression, 1 (fast) to 19 (small); 3 if not given",
	 .parse = parse_level},
	{OPTION_VALUES, 0, "values", "[=BYTES]",
	 "record values of str, bytes, int, float; 32 bytes of each if not given",
	 .parse = parse_values},
	{OPTION_MAX_MEMORY, 0, "max-memory", "BYTES",
	 "keep within so much memory, by way of a temporary file; takes longer",
	 .parse = parse_max_memory},
	{OPTION_EXPERIMENTAL, 0, "experimental", NULL,
	 "go on where this was never tried: programs for other machines than x86-64",
	 SWITCH(experimental)},
	{OPTION_REDACT, 0, "redact", NULL,
	 "leave out names of attributes, locals and threads, paths, the command line",
	 SWITCH(redact)},
	{OPTION_SUBPROCESSES, 0, "subprocesses", NULL,
	 "the process's Python descendants, too, a file each: FILE-PID.snap", SWITCH(subprocesses)},
	{OPTION_BY, 0, "by", "CLASSIFIER[,...]", "what to sort objects by, kind if not given",
	 .parse = parse_by, .choice = classifier_choice},
	{OPTION_AVOID, 0, "avoid", "OBJECT|TYPE[,...]", "objects that paths must not lead over",
	 .parse = parse_avoid},
	{OPTION_SIZE, 0, "size", "SIZE",
	 "what counts: shallow (of the object alone), allocated (for it and its buffers) or, for "
	 "top, "
	 "retained (what would go if it went; --by retained is the same)",
	 .parse = parse_size},
	{OPTION_REFS, 0, "refs", NULL,
	 "reference counts against the references found: what native code holds", SWITCH(refs)},
	{OPTION_ROWS, 'n', "rows", "ROWS", "rows to show, 0 for all; text shows 10",
	 .parse = parse_rows},
	{OPTION_LEVELS, 0, "levels", "N",
	 "levels of the tree to show, 0 for all; 1: modules, and what none holds alone",
	 .parse = parse_levels},
	{OPTION_JOBS, 0, "jobs", "N",
	 "threads that read or write the file; one for each processor, up to 8, if not given",
	 .parse = parse_jobs},
	{OPTION_JSON, 0, "json", NULL, "one JSON document", SWITCH(json)},
	{OPTION_CSV, 0, "csv", NULL, "comma-separated values", SWITCH(csv)},
	{OPTION_FAIL_ON, 0, "fail-on", "growth[=BYTES]",
	 "exit with 10 if there are suspects (with BYTES or more attributed in all)",
	 .parse = parse_fail_on},
	{OPTION_COLOR, 0, "color", "WHEN", "colours: auto, always, never", .parse = parse_color},
	{OPTION_QUIET, 'q', "quiet", NULL, "say nothing but errors", SWITCH(quiet)},
	{OPTION_VERBOSE, 'v', "verbose", NULL, "explain what is done", SWITCH(verbose)},
};

enum {
	SPEC_COUNT = sizeof(specs) / sizeof(*specs),
	CODE_HELP = 256,
	CODE_FIRST = 257, /* what getopt_long returns for specs[0] */
};

/* Whether an option takes an argument, in the words of getopt_long. */
static int argument_of(const struct option_spec *spec)
{
	if (!spec->argument)
		return no_argument;
	return spec->argument[0] == '[' ? optional_argument : required_argument;
}

/* What getopt_long wants to know about the options in @accepted; -h and --help come on top. */
static void describe_for_getopt(uint32_t accepted, struct option *longs, char *shorts)
{
	*shorts++ = ':'; /* tell a missing argument from an unknown option */
	*shorts++ = 'h';
	*longs++ = (struct option){"help", no_argument, NULL, CODE_HELP};
	for (int i = 0; i < SPEC_COUNT; i++) {
		const struct option_spec *spec = &specs[i];

		if (!(spec->bit & accepted))
			continue;
		*longs++ = (struct option){spec->name, argument_of(spec), NULL, CODE_FIRST + i};
		if (!spec->letter)
			continue;
		*shorts++ = spec->letter;
		if (spec->argument)
			*shorts++ = ':';
	}
	*longs = (struct option){0};
	*shorts = '\0';
}

static const struct option_spec *spec_of_code(int code)
{
	if (code >= CODE_FIRST)
		return &specs[code - CODE_FIRST];
	for (int i = 0; i < SPEC_COUNT; i++)
		if (specs[i].letter == code)
			return &specs[i];
	return NULL;
}

/* Explain why getopt_long did not like @word.  Always false. */
static bool complain_of_option(const struct parser *parser, const char *word, bool missing)
{
	char letter[3] = {'-', (char)optopt, '\0'};
	char *safe;

	/*
	 * A letter, which may stand in a group (-qx), so that @word may be the one before it; of
	 * long options optopt is 0 or a code of ours.
	 */
	if (optopt && optopt < CODE_HELP)
		word = letter;
	safe = hs_escape((struct hs_str){word, strlen(word)}, HS_ESCAPE_TEXT, 80);
	complain(parser, missing ? "%s needs an argument" : "unknown option %s", safe ? safe : "?");
	free(safe);
	return false;
}

static bool parse_options(struct parser *parser, int argc, char **argv, uint32_t accepted)
{
	struct option longs[SPEC_COUNT + 2];
	char shorts[2 * SPEC_COUNT + 3];

	describe_for_getopt(accepted, longs, shorts);
	optind = 0; /* 0 makes glibc begin anew, whatever was parsed before */
	opterr = 0;
	for (;;) {
		int code = getopt_long(argc, argv, shorts, longs, NULL);
		const struct option_spec *spec;

		if (code == -1)
			return true;
		if (code == '?' || code == ':') {
			/* After a missing argument optind may be one past the end. */
			int at = optind > argc ? argc - 1 : optind - 1;

			return complain_of_option(parser, argv[at], code == ':');
		}
		if (code == 'h' || code == CODE_HELP) {
			parser->options->help = true;
			return true;
		}
		spec = spec_of_code(code);
		if (spec->parse) {
			if (!spec->parse(parser, optarg))
				return false;
		} else {
			*(bool *)((char *)parser->options + spec->flag) = true;
		}
	}
}

/* Check what options say together, and fill in defaults. */
static bool check_options(struct parser *parser)
{
	struct options *options = parser->options;

	if (options->json && options->csv)
		return complain(parser, "--json and --csv exclude each other");
	if (options->values && options->redact)
		return complain(parser, "--values and --redact exclude each other");
	if (options->base && options->subprocesses)
		return complain(parser, "--base and --subprocesses exclude each other");
	if (options->max_memory && (options->base || options->subprocesses))
		return complain(parser, "--max-memory excludes --base and --subprocesses");
	if ((options->exe || options->root) && !options->core)
		return complain(parser, "--exe and --root need --core");
	if (options->core && (options->mode != HS_CAPTURE_AUTO || options->subprocesses))
		return complain(parser, "--core excludes --mode and --subprocesses");
	if (options->refs && options->size != HS_SIZE_SHALLOW)
		return complain(parser, "--refs counts references, not sizes: it excludes --size");
	if (options->quiet && options->verbose)
		return complain(parser, "-q and -v exclude each other");
	if (!options->by_count)
		options->by[options->by_count++] = hs_classifier_find("kind", strlen("kind"));
	return true;
}

bool options_parse(int argc, char **argv, const char *name, uint32_t accepted, int operands,
		   int optional, struct options *ret)
{
	struct options options = {.rows = -1};
	struct parser parser = {.command = name, .options = &options};
	int given;

	if (!parse_options(&parser, argc, argv, accepted))
		return false;
	if (!options.help) {
		if (!check_options(&parser))
			return false;
		given = argc - optind;
		if (given < operands - optional)
			return complain(&parser, "%s",
					given ? "an operand is missing"
					      : "nothing to work on was named");
		if (given > operands)
			return complain_of_word(&parser, "too many operands",
						argv[optind + operands], "expected");
		options.operands = (const char *const *)argv + optind;
		options.operand_count = given;
	}
	*ret = options;
	return true;
}

void options_describe(uint32_t accepted, FILE *out)
{
	for (int i = 0; i < SPEC_COUNT; i++) {
		const struct option_spec *spec = &specs[i];
		const char *summary = spec->summary;
		char left[64], names[256];

		if (!(spec->bit & accepted))
			continue;
		if (spec->choice)
			summary = list_choices(summary, spec->choice, names, sizeof(names));
		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", spec->letter ? '-' : ' ',
			 spec->letter ? spec->letter : ' ', spec->letter ? ',' : ' ', spec->name,
			 argument_of(spec) == required_argument ? " " : "",
			 spec->argument ? spec->argument : "");
		fprintf(out, "  %-30s %s\n", left, summary);
	}
}
