/* SPDX-License-Identifier: MIT */
/* cmd_diff.c: heapsnap diff A B: what grew, and who holds it. */
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
		return diff->explained >= options->fail_on_bytes;
	}
	return false;
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
	err = hs_report_from_diff(diff, &report);
	if (err)
		return terminal_fail(terminal, err);
	code = output_report(terminal, options, report);
	hs_report_destroy(report);
	if (code)
		return code;
	return is_failure(options, diff) ? EXIT_FOUND : EXIT_DONE;
}

/* Compare two open snapshots.  Returns the exit code. */
static int compare(struct terminal *terminal, const struct options *options,
		   const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	struct hs_diff *diff;
	struct hs_error *err;
	int code;

	err = hs_diff_create(a, b, options->operands, options->by, options->by_count, options->size,
			     &diff);
	if (err)
		return terminal_fail(terminal, err);
	code = print_diff(terminal, options, diff);
	if ((code == EXIT_DONE || code == EXIT_FOUND) && !options->json && diff->same_process) {
		char *name = output_quote(options->operands[1]);

		terminal_note(terminal,
			      "next: does it go on? heapsnap dump %" PRIu64
			      " -o LATER.snap, then heapsnap diff %s LATER.snap",
			      hs_snapshot_info(b)->pid, name ? name : "FILE");
		free(name);
	}
	hs_diff_destroy(diff);
	return code;
}

int cmd_diff(const struct options *options, struct terminal *terminal)
{
	struct hs_open_options open = {
		.jobs = options->jobs,
		.columns = HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | hs_size_column(options->size) |
			   HS_COLUMN_OWNER | HS_COLUMN_FINGERPRINT | HS_COLUMN_FLAGS |
			   HS_COLUMN_EDGES,
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	struct hs_snapshot *a, *b;
	struct hs_error *err;
	int code;

	for (size_t i = 0; i < options->by_count; i++)
		open.columns |= hs_classifier_columns(options->by[i]);
	err = hs_snapshot_open(options->operands[0], &open, &a);
	if (err)
		return terminal_fail(terminal, err);
	open.columns |= HS_COLUMN_PREVIEW; /* to name the entry of a dict that holds what grew */
	err = hs_snapshot_open(options->operands[1], &open, &b);
	if (err) {
		hs_snapshot_destroy(a);
		return terminal_fail(terminal, err);
	}
	code = compare(terminal, options, a, b);
	hs_snapshot_destroy(b);
	hs_snapshot_destroy(a);
	return code;
}
