/* SPDX-License-Identifier: MIT */
/* cmd_verify.c: heapsnap verify: every checksum and every invariant of a file. */
#include "command.h"
#include "output.h"

#include <heapsnap/report.h>

int cmd_verify(const struct options *options, struct terminal *terminal)
{
	const struct hs_open_options open = {
		.jobs = options->jobs,
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	const char *file = options->operands[0];
	struct hs_snapshot *snap;
	struct hs_report *report;
	struct hs_error *err;
	int code;

	err = hs_snapshot_verify(file, &open, &snap);
	if (err)
		return terminal_fail(terminal, err);
	err = hs_report_from_verify(snap, file, &report);
	hs_snapshot_destroy(snap);
	if (err)
		return terminal_fail(terminal, err);
	code = output_report(terminal, options, report);
	hs_report_destroy(report);
	return code;
}
