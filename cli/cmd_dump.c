/* SPDX-License-Identifier: MIT */
/* cmd_dump.c: heapsnap dump: a snapshot of a running process, or from a core file. */
#include "capture.h"
#include "command.h"
#include "output.h"
#include "units.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Find out where the snapshot may go before the process is touched.  Returns the exit code. */
static int check_target(struct terminal *terminal, const char *path, bool force)
{
	struct hs_error *err;

	if (output_is_stdout(path) && isatty(STDOUT_FILENO))
		return terminal_complain(terminal, HS_ERROR_USAGE,
					 "dump: -o -: a snapshot is not for a terminal; "
					 "send it to a file or a pipe");
	err = hs_output_check(path, force);
	return err ? terminal_fail(terminal, err) : 0;
}

/* Tell what is missing, or the most frequent of it. */
static void tell_gaps(struct terminal *terminal, const struct hs_info *info)
{
	const struct hs_gap *most = info->gaps;
	char count[UNITS_MAX], times[UNITS_MAX + 16] = "", more[64] = "";
	char *reason;

	if (!info->gap_count)
		return;
	for (size_t i = 1; i < info->gap_count; i++)
		if (info->gaps[i].count > most->count)
			most = &info->gaps[i];
	if (most->count > 1)
		snprintf(times, sizeof(times), " (%s times)",
			 units_format_count(most->count, count));
	if (info->gap_count > 1)
		snprintf(more, sizeof(more), "; and more, which heapsnap info lists");
	reason = hs_escape(most->reason, HS_ESCAPE_TEXT, 0);
	terminal_note(terminal, "not complete: %s%s%s", reason ? reason : "?", times, more);
	free(reason);
}

/* Tell what was written, and how sure it is. */
static void tell(struct terminal *terminal, const struct hs_snapshot *snap, const char *path)
{
	const struct hs_info *info = hs_snapshot_info(snap);
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	char count[UNITS_MAX], bytes[UNITS_MAX], pause[UNITS_MAX], size[UNITS_MAX];
	bool is_core = info->mode.size == 4 && !memcmp(info->mode.data, "core", 4);
	bool is_file = !output_is_stdout(path);
	char *name = is_file ? output_quote(path) : NULL;
	struct stat status;

	if (!is_file || stat(path, &status))
		status.st_size = 0;
	terminal_note(terminal, "wrote %s: %s objects, %s%s%s%s%s",
		      is_file ? (name ? name : "?") : "standard output",
		      units_format_count(objects->count, count),
		      units_format_bytes(hs_snapshot_bytes(snap), bytes),
		      status.st_size ? " in " : "",
		      status.st_size ? units_format_bytes((uint64_t)status.st_size, size) : "",
		      is_core ? ", from a core" : "; target stopped for ",
		      is_core ? "" : units_format_duration(info->pause_ns, pause));
	tell_gaps(terminal, info);
	free(name);
}

/* Tell that there is something to take care of. */
static void tell_base(struct terminal *terminal, const char *path)
{
	char *name = output_quote(path);

	terminal_note(terminal, "it holds only what differs from %s, which is needed to open it",
		      name ? name : "its base");
	free(name);
}

/* What is dumped, and what has become of it so far. */
struct dump {
	struct terminal *terminal;
	const struct options *options;
	const char *output; /* NULL: default names */
	pid_t root;
	struct hs_snapshot *base; /* NULL: none */
	time_t begun;
	struct hs_dump_result *results; /* with reasons and files that are ours */
	size_t count;
	size_t written;
	uint64_t gaps;
	int code; /* of the first failure; 0: none */
	bool nomem;
};

static void dump_deinit(struct dump *dump)
{
	for (size_t i = 0; i < dump->count; i++) {
		free((char *)(uintptr_t)dump->results[i].reason);
		free((char *)(uintptr_t)dump->results[i].file);
	}
	free(dump->results);
	hs_snapshot_destroy(dump->base);
}

/*
 * Open the base, before the process is touched: what makes it impossible is better said now.  @name
 * is NULL if that of the snapshot is not known yet.  Returns the exit code.
 */
static int open_base(struct dump *dump, const char *name)
{
	const struct hs_open_options open = {
		.as_base = true,
		.progress = terminal_progress,
		.progress_context = dump->terminal,
	};
	const char *path = dump->options->base;
	struct hs_error *err;
	uint64_t pid;

	if (!path)
		return 0;
	err = hs_snapshot_open(path, &open, &dump->base);
	terminal_progress_end(dump->terminal);
	if (err)
		return terminal_fail(dump->terminal, err);
	if (name && output_is_input(name, path))
		return terminal_complain(dump->terminal, HS_ERROR_USAGE,
					 "dump: a snapshot cannot take the place of its own base");
	pid = hs_snapshot_info(dump->base)->pid;
	/* Of which process a core is will be seen. */
	if (dump->root && pid != (uint64_t)dump->root)
		return terminal_complain(dump->terminal, HS_ERROR_USAGE,
					 "dump: --base is a snapshot of process %" PRIu64
					 ", not of %d",
					 pid, (int)dump->root);
	return 0;
}

/*
 * The name of the file for process @pid, owned by the caller; NULL if memory ran out.  Of several
 * processes each has a file of its own: FILE-PID, or FILE-PID.snap if FILE ends in .snap.
 */
static char *name_of(const struct dump *dump, pid_t pid)
{
	static const char suffix[] = ".snap";
	const size_t suffix_size = sizeof(suffix) - 1;
	const char *output = dump->output;
	size_t size = output ? strlen(output) : 0;
	char *name;
	char stamp[32];
	struct tm utc;
	int done;

	if (!output) {
		gmtime_r(&dump->begun, &utc);
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &utc);
		done = asprintf(&name, "heapsnap-%d-%s.snap", (int)pid, stamp);
	} else if (!dump->options->subprocesses) {
		return strdup(output);
	} else {
		bool cut = size > suffix_size && !strcmp(output + size - suffix_size, suffix);

		done = asprintf(&name, "%.*s-%d%s", (int)(cut ? size - suffix_size : size), output,
				(int)pid, cut ? suffix : "");
	}
	return done < 0 ? NULL : name;
}

static struct hs_dump_result *add_result(struct dump *dump, pid_t pid, pid_t parent)
{
	struct hs_dump_result *grown = reallocarray(dump->results, dump->count + 1, sizeof(*grown));

	if (!grown) {
		dump->nomem = true;
		return NULL;
	}
	dump->results = grown;
	grown[dump->count] = (struct hs_dump_result){.pid = pid, .parent = parent};
	return &grown[dump->count++];
}

/* Note why there is no snapshot, and free @err. */
static void add_failure(struct dump *dump, struct hs_dump_result *result, struct hs_error *err,
			bool foreign)
{
	bool ended = hs_error_code(err) == HS_ERROR_GONE && result->pid != dump->root;

	result->state = foreign ? "skipped" : ended ? "ended" : "failed";
	result->reason = strdup(hs_error_message(err));
	dump->gaps += !foreign;
	if (!foreign && !ended) {
		int code = terminal_fail(dump->terminal, err);

		dump->code = dump->code ? dump->code : code;
		return;
	}
	terminal_note(dump->terminal, "%s: %s", result->state, hs_error_message(err));
	hs_error_destroy(err);
}

/* Threads that write, 0: as many as there are processors; each takes memory. */
static unsigned int jobs_of(const struct options *options)
{
	enum { FEW = 2 };

	return options->max_memory && !options->jobs ? FEW : options->jobs;
}

/* Save @snap, and free it. */
static void write_snapshot(struct dump *dump, struct hs_dump_result *result,
			   struct hs_snapshot *snap)
{
	struct hs_save_options save = {
		.level = dump->options->level,
		.jobs = jobs_of(dump->options),
		.overwrite = dump->options->force,
		.base = dump->base,
		.progress = terminal_progress,
		.progress_context = dump->terminal,
		.phase = capture_phase,
		.phase_context = dump->terminal,
	};
	char *name = name_of(dump, result->pid);
	struct hs_error *err;

	if (!name) {
		dump->nomem = true;
		hs_snapshot_destroy(snap);
		return;
	}
	output_owner(&save.owner_uid, &save.owner_gid);
	err = hs_snapshot_save(snap, name, &save);
	terminal_progress_end(dump->terminal);
	if (err) {
		free(name);
		add_failure(dump, result, err, false);
	} else {
		const struct hs_info *info = hs_snapshot_info(snap);

		tell(dump->terminal, snap, name);
		if (dump->base)
			tell_base(dump->terminal, dump->options->base);
		result->state = "written";
		result->file = name;
		result->objects = hs_snapshot_objects(snap)->count;
		result->bytes = hs_snapshot_bytes(snap);
		result->gaps = hs_snapshot_gap_total(snap) + info->damaged;
		result->time_ns = info->time_ns;
		result->pause_ns = info->pause_ns;
		dump->gaps += result->gaps;
		dump->written++;
	}
	hs_snapshot_destroy(snap);
}

static void on_captured(void *context, const struct hs_captured *captured)
{
	struct dump *dump = context;
	struct hs_dump_result *result = add_result(dump, captured->pid, captured->parent);

	if (!result) {
		hs_error_destroy(captured->error);
		hs_snapshot_destroy(captured->snapshot);
		return;
	}
	result->state = "failed";
	terminal_progress_end(dump->terminal);
	if (captured->error)
		add_failure(dump, result, captured->error, captured->foreign);
	else
		write_snapshot(dump, result, captured->snapshot);
}

/* Say how far apart several snapshots are, and what is next. */
static void conclude(struct dump *dump)
{
	char count[UNITS_MAX], spread[UNITS_MAX];
	uint64_t first = UINT64_MAX;
	uint64_t last = 0;
	char *name = NULL;

	for (size_t i = 0; i < dump->count; i++) {
		const struct hs_dump_result *result = &dump->results[i];

		if (!result->file)
			continue;
		if (!name && !output_is_stdout(result->file))
			name = output_quote(result->file);
		if (result->time_ns < first)
			first = result->time_ns;
		if (result->time_ns > last)
			last = result->time_ns;
	}
	if (dump->written > 1)
		terminal_note(dump->terminal, "%s snapshots, all taken within %s",
			      units_format_count(dump->written, count),
			      units_format_duration(last - first, spread));
	if (name)
		terminal_note(dump->terminal, "next: heapsnap top %s", name);
	free(name);
}

static void take(struct dump *dump)
{
	const struct options *options = dump->options;
	const struct hs_capture_options how = capture_options(options, dump->terminal);
	struct hs_captured captured = {.pid = dump->root};
	struct hs_error *err;

	if (options->core)
		err = hs_capture_core(options->core, &how, &captured.snapshot);
	else if (options->subprocesses)
		err = hs_capture_tree(dump->root, &how, on_captured, dump);
	else
		err = hs_capture_process(dump->root, &how, &captured.snapshot);
	if (!err && options->core)
		captured.pid = (pid_t)hs_snapshot_info(captured.snapshot)->pid;
	if (err)
		dump->code = terminal_fail(dump->terminal, err);
	else if (!options->subprocesses)
		on_captured(dump, &captured);
}

/* Nothing at all was written, and nothing has failed: the first reason is as good as any. */
static void check_written(struct dump *dump)
{
	if (dump->nomem && !dump->code)
		dump->code = terminal_complain(dump->terminal, HS_ERROR_FAILED,
					       "dump: there is not enough memory");
	if (!dump->written && !dump->code)
		dump->code = terminal_complain(
			dump->terminal, HS_ERROR_UNSUPPORTED,
			"process %d: neither it nor a descendant of it is a Python process",
			(int)dump->root);
}

static int report(struct dump *dump)
{
	struct hs_report *report;
	struct hs_error *err = hs_report_from_dump(dump->results, dump->count, dump->gaps, &report);
	int code;

	if (err)
		return terminal_fail(dump->terminal, err);
	code = output_report(dump->terminal, dump->options, report);
	hs_report_destroy(report);
	return code;
}

/* What the command line asks for, and whether that can be written.  Returns the exit code. */
static int check(struct dump *dump)
{
	const struct options *options = dump->options;
	bool streams = options->output && output_is_stdout(options->output);
	const char *operand = options->operands[0];
	uint64_t pid = 0;
	char *name;
	int code;

	if (!operand == !options->core)
		return terminal_complain(dump->terminal, HS_ERROR_USAGE,
					 "dump: it takes either a PID or --core CORE (see: "
					 "heapsnap help dump)");
	if (operand && (!units_parse_number(operand, INT_MAX, &pid) || !pid))
		return terminal_complain(dump->terminal, HS_ERROR_USAGE,
					 "dump: PID must be a number from 1 to %d", INT_MAX);
	if (streams && (options->subprocesses || options->json))
		return terminal_complain(
			dump->terminal, HS_ERROR_USAGE,
			"dump: -o - takes one snapshot and nothing else: leave out "
			"%s",
			options->subprocesses ? "--subprocesses" : "--json");
	if (options->core && options->output && output_is_input(options->output, options->core))
		return terminal_complain(dump->terminal, HS_ERROR_USAGE,
					 "dump: core and snapshot are the same file");
	dump->root = (pid_t)pid;
	/* The default name of a core's snapshot is known when the core has been read. */
	if (options->core && !options->output)
		return open_base(dump, NULL);
	name = name_of(dump, dump->root);
	code = name ? check_target(dump->terminal, name, options->force) : HS_ERROR_FAILED;
	if (!code)
		code = open_base(dump, name);
	free(name);
	return code;
}

int cmd_dump(const struct options *options, struct terminal *terminal)
{
	struct dump dump = {
		.terminal = terminal,
		.options = options,
		.output = options->output,
		.begun = time(NULL),
	};
	int code = check(&dump);

	if (code) {
		dump_deinit(&dump);
		return code;
	}
	capture_die_first();
	take(&dump);
	check_written(&dump);
	conclude(&dump);
	code = dump.code;
	if (options->json && dump.count) {
		int printed = report(&dump);

		code = code ? code : printed;
	}
	dump_deinit(&dump);
	return code;
}
