/* SPDX-License-Identifier: MIT */
/* capture.c: taking snapshots of processes, as the options say. */
#include "capture.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>

static void explain(void *context, const char *line)
{
	terminal_explain(context, "%s", line);
}

void capture_phase(void *context, const struct hs_phase *phase)
{
	struct terminal *terminal = context;
	char bytes[UNITS_MAX], time[UNITS_MAX], rate[48] = "";

	if (phase->bytes && phase->ns)
		snprintf(rate, sizeof(rate), "  %s at %.2f GB/s",
			 units_format_bytes(phase->bytes, bytes),
			 (double)phase->bytes / (double)phase->ns);
	else if (phase->objects)
		snprintf(rate, sizeof(rate), "  %" PRIu64 " objects at %.1f ns", phase->objects,
			 (double)phase->ns / (double)phase->objects);
	terminal_explain(terminal, "  %-8s %9s%s", phase->name,
			 units_format_duration(phase->ns, time), rate);
}

void capture_die_first(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "we");

	if (!file)
		return;
	fputs("1000", file);
	fclose(file);
}

struct hs_capture_options capture_options(const struct options *options, struct terminal *terminal)
{
	return (struct hs_capture_options){
		.mode = options->mode,
		.preview_bytes = options->values,
		.max_memory = options->max_memory,
		.redact = options->redact,
		.experimental = options->experimental,
		.exe = options->exe,
		.root = options->root,
		.explain = options->verbose ? explain : NULL,
		.progress = terminal_progress,
		.phase = capture_phase,
		.context = terminal,
	};
}
