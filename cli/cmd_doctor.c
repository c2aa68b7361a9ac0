/* SPDX-License-Identifier: MIT */
/* cmd_doctor.c: heapsnap doctor: would a dump work here, and if not, why? */
#include "command.h"
#include "output.h"
#include "units.h"

#include <heapsnap/capture.h>
#include <heapsnap/report.h>
#include <limits.h>

int cmd_doctor(const struct options *options, struct terminal *terminal)
{
	struct hs_diagnosis *diagnosis;
	struct hs_report *report;
	struct hs_error *err;
	uint64_t pid = 0;
	int code;

	if (options->operands[0] &&
	    (!units_parse_number(options->operands[0], INT_MAX, &pid) || !pid))
		return terminal_complain(terminal, HS_ERROR_USAGE,
					 "doctor: PID must be a number from 1 to %d", INT_MAX);
	err = hs_diagnose((pid_t)pid, &diagnosis);
	if (err)
		return terminal_fail(terminal, err);
	err = hs_report_from_diagnosis(diagnosis, &report);
	code = diagnosis->code;
	hs_diagnosis_destroy(diagnosis);
	if (err)
		return terminal_fail(terminal, err);
	if (output_report(terminal, options, report))
		code = HS_ERROR_FAILED;
	else if (pid && !code && !options->json)
		terminal_note(terminal, "next: heapsnap dump %llu", (unsigned long long)pid);
	hs_report_destroy(report);
	return code;
}
