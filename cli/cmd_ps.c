/* SPDX-License-Identifier: MIT */
/* cmd_ps.c: heapsnap ps: the Python processes of this machine. */
#include "command.h"
#include "output.h"

#include <heapsnap/capture.h>
#include <heapsnap/report.h>

int cmd_ps(const struct options *options, struct terminal *terminal)
{
	struct hs_python_process *processes;
	struct hs_report *report;
	struct hs_error *err;
	size_t count;
	int next = 0;
	int code;

	err = hs_python_processes(&processes, &count);
	if (err)
		return terminal_fail(terminal, err);
	for (size_t i = count; i > 0; i--)
		if (!processes[i - 1].unsupported)
			next = (int)processes[i - 1].pid;
	err = hs_report_from_processes(processes, count, &report);
	hs_python_processes_destroy(processes, count);
	if (err)
		return terminal_fail(terminal, err);
	code = output_report(terminal, options, report);
	hs_report_destroy(report);
	if (!code && next && !options->json && !options->csv)
		terminal_note(terminal, "next: heapsnap dump %d", next);
	return code;
}
