/* SPDX-License-Identifier: MIT */
/* subject.h: what a command is about: a snapshot in a file, or a process that is looked at now. */
#ifndef HS_CLI_SUBJECT_H
#define HS_CLI_SUBJECT_H

#include "output.h"

/*
 * output_report_on_file(), but that the first operand may also be the PID of a process: of that a
 * snapshot is taken, which is in memory alone.  A number is one unless a snapshot is called so.
 */
int subject_report(struct terminal *terminal, const struct options *options, uint32_t columns,
		   output_make_fn *make);

#endif
