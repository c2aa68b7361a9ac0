/* SPDX-License-Identifier: MIT */
/* cmd_top.c: heapsnap top FILE: the objects of a snapshot by kind. */
#include "command.h"
#include "output.h"

#include <heapsnap/analysis.h>
#include <heapsnap/report.h>
#include <inttypes.h>
#include <stdlib.h>

/* Print the partition.  Returns the exit code. */
static int print_partition(struct terminal *terminal, const struct options *options,
			   const struct hs_snapshot *snap)
{
	struct hs_partition *partition;
	struct hs_report *report;
	struct hs_error *err;
	int code;

	err = hs_partition_create(snap, options->by, options->by_count, options->size, &partition);
	if (err)
		return terminal_fail(terminal, err);
	err = hs_report_from_partition(partition, &report);
	hs_partition_destroy(partition);
	if (err)
		return terminal_fail(terminal, err);
	code = output_report(terminal, options, report);
	hs_report_destroy(report);
	return code;
}

/* Print the audit of references.  Returns the exit code. */
static int print_audit(struct terminal *terminal, const struct options *options,
		       const struct hs_snapshot *snap)
{
	struct hs_audit *audit;
	struct hs_report *report;
	struct hs_error *err;
	int code;

	err = hs_audit_create(snap, options->by, options->by_count, &audit);
	if (err)
		return terminal_fail(terminal, err);
	err = hs_report_from_audit(audit, &report);
	hs_audit_destroy(audit);
	if (err)
		return terminal_fail(terminal, err);
	code = output_report(terminal, options, report);
	hs_report_destroy(report);
	return code;
}

/* What to do next: look at an object, or take another snapshot. */
static void suggest(struct terminal *terminal, const struct options *options, uint64_t pid)
{
	char *name = output_quote(options->operands[0]);

	if (options->refs)
		terminal_note(terminal, "next: heapsnap show %s ADDRESS", name ? name : "FILE");
	else
		terminal_note(terminal,
			      "next: heapsnap dump %" PRIu64
			      " -o LATER.snap, then heapsnap diff %s LATER.snap",
			      pid, name ? name : "FILE");
	free(name);
}

int cmd_top(const struct options *options, struct terminal *terminal)
{
	struct hs_open_options open = {
		.jobs = options->jobs,
		.columns = HS_COLUMN_TYPE | hs_size_column(options->size),
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	struct hs_snapshot *snap;
	struct hs_error *err;
	uint64_t pid;
	int code;

	for (size_t i = 0; i < options->by_count; i++)
		open.columns |= hs_classifier_columns(options->by[i]);
	if (options->refs)
		open.columns |=
			HS_COLUMN_ADDRESS | HS_COLUMN_FLAGS | HS_COLUMN_REFCOUNT | HS_COLUMN_EDGES;
	err = hs_snapshot_open(options->operands[0], &open, &snap);
	if (err)
		return terminal_fail(terminal, err);
	code = options->refs ? print_audit(terminal, options, snap)
			     : print_partition(terminal, options, snap);
	pid = hs_snapshot_info(snap)->pid;
	hs_snapshot_destroy(snap);
	if (!code && !options->json && !options->csv)
		suggest(terminal, options, pid);
	return code;
}
