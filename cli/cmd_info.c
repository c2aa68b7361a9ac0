/* SPDX-License-Identifier: MIT */
/* cmd_info.c: heapsnap info: what a snapshot is and how complete. */
#include "command.h"
#include "output.h"

#include <heapsnap/report.h>
#include <stdlib.h>

int cmd_info(const struct options *options, struct terminal *terminal)
{
	const struct hs_open_options open = {
		.jobs = options->jobs,
		.columns = HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_SIZE | HS_COLUMN_EDGES |
			   HS_COLUMN_SITE,
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	struct hs_snapshot *snap;
	struct hs_report *report;
	struct hs_error *err;
	char *name;
	int code;

	err = hs_snapshot_open(options->operands[0], &open, &snap);
	if (err)
		return terminal_fail(terminal, err);
	err = hs_report_from_info(snap, options->verbose, &report);
	hs_snapshot_destroy(snap);
	if (err)
		return terminal_fail(terminal, err);
	code = output_report(terminal, options, report);
	hs_report_destroy(report);
	if (code || options->json)
		return code;
	name = output_quote(options->operands[0]);
	terminal_note(terminal, "next: heapsnap top %s", name ? name : "FILE");
	free(name);
	return code;
}
