/* SPDX-License-Identifier: MIT */
/* cmd_diff.c: heapsnap diff A B [C ...]: what grew, and who holds it. */
#include "command.h"
#include "output.h"

#include <heapsnap/analysis.h>
#include <heapsnap/report.h>
#include <inttypes.h>
#include <stdlib.h>

/* Whether the difference is what --fail-on was told to look for. */
static bool is_failure(const struct options *options, const struct hs_diff *diff)
{
	if (!options->fail_on_growth)
		return false;
	switch (diff->verdict) {
	case HS_VERDICT_STABLE:
		return false;
	case HS_VERDICT_GROWTH:
	case HS_VERDICT_LEAK:
		return diff->explained >= options->fail_on_bytes;
	}
	return false;
}

/* Who gives the snapshots in another order than time's sees what grew as what was freed. */
static void check_order(struct terminal *terminal, const struct hs_diff *diff)
{
	for (size_t i = 1; i < diff->input_count; i++) {
		const struct hs_diff_input *before = &diff->input[i - 1];
		const struct hs_diff_input *after = &diff->input[i];

		if (after->time_ns >= before->time_ns)
			continue;
		char *name = output_quote(after->file);
		char *other = output_quote(before->file);
		terminal_note(terminal, "warning: %s was taken before %s; give the older one first",
			      name ? name : "a snapshot", other ? other : "that before it");
		free(name);
		free(other);
		return;
	}
}

/* Print the difference.  Returns the exit code. */
static int print_diff(struct terminal *terminal, const struct options *options,
		      const struct hs_diff *diff)
{
	struct hs_report *report;
	struct hs_error *err;
	int code;

	if (!diff->same_process)
		terminal_note(terminal,
			      "warning: these are snapshots of two different processes; objects at "
			      "the same address have nothing to do with each other");
	check_order(terminal, diff);
	err = hs_report_from_diff(diff, &report);
	if (err)
		return terminal_fail(terminal, err);
	code = output_report(terminal, options, report);
	hs_report_destroy(report);
	if (code)
		return code;
	return is_failure(options, diff) ? EXIT_FOUND : EXIT_DONE;
}

/* What opening snapshots takes. */
struct files {
	const struct options *options;
	struct terminal *terminal;
	uint64_t pid; /* of the one opened last */
};

static struct hs_error *open_file(void *context, size_t i, uint32_t columns,
				  struct hs_snapshot **ret)
{
	struct files *files = context;
	const struct hs_open_options open = {
		.jobs = files->options->jobs,
		.columns = columns,
		.progress = terminal_progress,
		.progress_context = files->terminal,
	};
	struct hs_error *err = hs_snapshot_open(files->options->operands[i], &open, ret);

	if (!err)
		files->pid = hs_snapshot_info(*ret)->pid;
	return err;
}

static void close_file(void *context, struct hs_snapshot *snap)
{
	(void)context;
	hs_snapshot_destroy(snap);
}

/* What to do next, on standard error. */
static void say_next(const struct files *files, const struct hs_diff *diff)
{
	const struct hs_suspect *suspect = diff->suspects;
	char *name = output_quote(diff->input[diff->input_count - 1].file);

	if (diff->verdict == HS_VERDICT_LEAK && suspect->held)
		terminal_note(files->terminal,
			      "next: what holds it? heapsnap show %s 0x%" PRIx64
			      ", heapsnap paths %s 0x%" PRIx64,
			      name ? name : "FILE", suspect->holder.address, name ? name : "FILE",
			      suspect->holder.address);
	else if (diff->verdict != HS_VERDICT_LEAK)
		terminal_note(files->terminal,
			      "next: does it go on? heapsnap dump %" PRIu64
			      " -o LATER.snap, then heapsnap diff %s LATER.snap",
			      files->pid, name ? name : "FILE");
	free(name);
}

int cmd_diff(const struct options *options, struct terminal *terminal)
{
	struct files files = {.options = options, .terminal = terminal};
	const struct hs_diff_source source = {
		.count = (size_t)options->operand_count,
		.names = options->operands,
		.open = open_file,
		.close = close_file,
		.context = &files,
	};
	struct hs_diff *diff;
	struct hs_error *err;
	int code;

	err = hs_diff_stream(&source, options->by, options->by_count, options->size, &diff);
	if (err)
		return terminal_fail(terminal, err);
	code = print_diff(terminal, options, diff);
	if ((code == EXIT_DONE || code == EXIT_FOUND) && !options->json && diff->same_process)
		say_next(&files, diff);
	hs_diff_destroy(diff);
	return code;
}
