/* SPDX-License-Identifier: MIT */
/* main.c: the command heapsnap: its table of commands, help and version. */
#include "command.h"
#include "output.h"

#include <fcntl.h>
#include <heapsnap/snapshot.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OPTIONS_ALL = OPTION_QUIET | OPTION_VERBOSE,
	OPTIONS_REPORT = OPTIONS_ALL | OPTION_JSON | OPTION_COLOR,
	OPTIONS_ROWS = OPTIONS_REPORT | OPTION_ROWS,
	OPTIONS_FILE = OPTIONS_ALL | OPTION_OUTPUT | OPTION_FORCE,
};

static const struct command commands[] = {
	{"dump",
	 "PID|--core CORE [--exe EXE] [--root DIR] [-o FILE] [-f] [--mode auto|fork|stop] "
	 "[--level N] [--jobs N] [--max-memory BYTES] [--values[=BYTES]] [--redact] "
	 "[--base OLD] [--subprocesses] "
	 "[--json] [--experimental]",
	 "take a snapshot of a running Python process, or from a core file",
	 OPTIONS_FILE | OPTION_MODE | OPTION_LEVEL | OPTION_JOBS | OPTION_MAX_MEMORY |
		 OPTION_VALUES | OPTION_REDACT | OPTION_EXPERIMENTAL | OPTION_BASE |
		 OPTION_SUBPROCESSES | OPTION_JSON | OPTION_CORE | OPTION_EXE | OPTION_ROOT,
	 1, 1, cmd_dump},
	{"top",
	 "FILE [--by CLASSIFIER[,...]] [--size SIZE] [--refs] [-n ROWS] [--jobs N] [--json|--csv]",
	 "what a snapshot's memory is made of; --refs: what native code refers to",
	 OPTIONS_ROWS | OPTION_CSV | OPTION_BY | OPTION_SIZE | OPTION_REFS | OPTION_JOBS, 1, 0,
	 cmd_top},
	{"diff",
	 "A B [C ...] [--by CLASSIFIER[,...]] [--size SIZE] [-n ROWS] [--jobs N] [--json] "
	 "[--fail-on growth[=BYTES]]",
	 "what grew from one snapshot to the next, and who holds it",
	 OPTIONS_ROWS | OPTION_BY | OPTION_SIZE | OPTION_FAIL_ON | OPTION_JOBS, OPERANDS_ANY,
	 OPERANDS_ANY - 2, cmd_diff},
	{"tree",
	 "FILE|PID [OBJECT|TYPE] [--levels N] [-n ROWS] [--jobs N] [--values[=BYTES]] "
	 "[--json|--csv]",
	 "who retains what: the dominator tree; what is below an object (0x7f... or #123); objects "
	 "of a "
	 "type",
	 OPTIONS_ROWS | OPTION_CSV | OPTION_LEVELS | OPTION_JOBS | OPTION_VALUES, 2, 1, cmd_tree},
	{"show", "FILE|PID OBJECT [-n ROWS] [--jobs N] [--values[=BYTES]] [--json]",
	 "one object (0x7f... or #123): value, sizes, who refers to it, what it refers to",
	 OPTIONS_ROWS | OPTION_JOBS | OPTION_VALUES, 2, 0, cmd_show},
	{"paths",
	 "FILE|PID OBJECT|TYPE[,...] [--avoid OBJECT|TYPE[,...]] [-n ROWS] [--jobs N] "
	 "[--values[=BYTES]] [--json]",
	 "why an object, or those of a type, are alive: the shortest paths from the roots",
	 OPTIONS_ROWS | OPTION_AVOID | OPTION_JOBS | OPTION_VALUES, 2, 0, cmd_paths},
	{"info", "FILE [-v] [--jobs N] [--json]",
	 "what a snapshot is, and how complete; -v: its threads, too", OPTIONS_REPORT | OPTION_JOBS,
	 1, 0, cmd_info},
	{"verify", "FILE [--jobs N] [--json]", "check every checksum and invariant of a snapshot",
	 OPTIONS_ALL | OPTION_JSON | OPTION_JOBS, 1, 0, cmd_verify},
	{"flatten", "FILE -o OUT [-f] [--level N] [--jobs N]",
	 "a snapshot that was written with --base, made whole",
	 OPTIONS_FILE | OPTION_LEVEL | OPTION_JOBS, 1, 0, cmd_flatten},
	{"export", "FILE --to FORMAT [-o OUT] [-f] [--jobs N]", "a snapshot in another format",
	 OPTIONS_FILE | OPTION_TO | OPTION_JOBS, 1, 0, cmd_export},
#ifdef HS_SQL
	{"sql", "FILE... [QUERY] [-n ROWS] [--jobs N] [--json|--csv]",
	 "ask snapshots questions in SQL; without QUERY what is typed or piped in",
	 OPTIONS_ROWS | OPTION_CSV | OPTION_JOBS, OPERANDS_SQL, OPERANDS_SQL - 1, cmd_sql},
#endif
	{"ps", "[-n ROWS] [--json|--csv]", "the Python processes of this machine",
	 OPTIONS_ROWS | OPTION_CSV, 0, 0, cmd_ps},
	{"doctor", "[PID] [--json]", "would a dump work here, and if not, why", OPTIONS_REPORT, 1,
	 1, cmd_doctor},
};

enum { LARGE_BYTES = 512 << 10 };

enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void print_overview(FILE *out)
{
	fputs("usage: heapsnap COMMAND [OPTION...] [OPERAND...]\n"
	      "Heap snapshots of running CPython processes, and what grew between them.\n\n",
	      out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("  help     explain a command: heapsnap help COMMAND\n"
	      "\nheapsnap --version prints the versions of program and file format.\n",
	      out);
}

static void print_command(const struct command *command, FILE *out)
{
	fprintf(out, "usage: heapsnap %s %s\n\n%s: %s\n\n", command->name, command->usage,
		command->name, command->summary);
	options_describe(command->options, out);
	fprintf(out, "  %-30s %s\n", "-h, --help", "this");
	fputs("\nexit codes: 0 done, 1 failed, 2 usage, 3 not a supported Python process,\n"
	      "4 permission, 5 the process ended, 6 not a snapshot or damaged, 7 newer format,\n"
	      "10 --fail-on found what it was told to look for\n",
	      out);
}

/* Say that there is no command @word.  Returns the exit code. */
static int unknown_command(const char *word)
{
	char *safe = hs_escape((struct hs_str){word, strlen(word)}, HS_ESCAPE_TEXT, 80);

	fprintf(stderr, "heapsnap: unknown %s '%s' (see: heapsnap help)\n",
		word[0] == '-' ? "option" : "command", safe ? safe : "?");
	free(safe);
	return HS_ERROR_USAGE;
}

/* Say that @word is one too many.  Returns the exit code. */
static int unexpected(const char *command, const char *word)
{
	char *safe = hs_escape((struct hs_str){word, strlen(word)}, HS_ESCAPE_TEXT, 80);

	fprintf(stderr,
		"heapsnap: %s: too many operands: '%s' is not expected (see: heapsnap help)\n",
		command, safe ? safe : "?");
	free(safe);
	return HS_ERROR_USAGE;
}

static int help(int argc, char **argv)
{
	const struct command *command;

	if (argc > 2)
		return unexpected("help", argv[2]);
	if (argc < 2 || !strcmp(argv[1], "help")) {
		print_overview(stdout);
		return EXIT_DONE;
	}
	command = find_command(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	print_command(command, stdout);
	return EXIT_DONE;
}

/* Run the command that argv[0] names.  Returns the exit code. */
static int run(int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	struct terminal terminal;
	struct options options;

	if (!command)
		return unknown_command(argv[0]);
	if (!options_parse(argc, argv, command->name, command->options, command->operands,
			   command->optional, &options))
		return HS_ERROR_USAGE;
	if (options.help) {
		print_command(command, stdout);
		return EXIT_DONE;
	}
	terminal_init(&terminal, &options);
	return command->run(&options, &terminal);
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stderr);
		return HS_ERROR_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(argc - 1, argv + 1);
	if (!strcmp(argv[1], "version") || !strcmp(argv[1], "--version")) {
		if (argc > 2)
			return unexpected("version", argv[2]);
		printf("heapsnap %s (format %s)\n", hs_version(), hs_format_version());
		return EXIT_DONE;
	}
	return run(argc - 1, argv + 1);
}

/*
 * See that descriptors 0, 1 and 2 are taken: a file opened later must not get one of them and then
 * find messages between its bytes.  Writing to a stand-in fails, and is reported as such.
 */
static void hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * Have large arrays returned to the system when they are freed: left to itself malloc() keeps those
 * of some megabytes for later use, and the target's machine is to have the memory.
 */
static void return_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, 4 * LARGE_BYTES);
}

int main(int argc, char **argv)
{
	const struct options none = {0};
	struct terminal terminal;
	int code;

	return_memory();
	hold_standard_descriptors();
	signal(SIGPIPE, SIG_DFL); /* whoever started us may have ignored it */
	signal(SIGXFSZ, SIG_IGN); /* a limit of files' sizes is an error like others */
	code = dispatch(argc, argv);
	if (code == EXIT_DONE) {
		terminal_init(&terminal, &none);
		code = output_finish(&terminal);
	}
	return code;
}
