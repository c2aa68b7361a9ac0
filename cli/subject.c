/* SPDX-License-Identifier: MIT */
/* subject.c: what a command is about: a snapshot in a file, or a process that is looked at now. */
#include "subject.h"
#include "capture.h"
#include "units.h"

#include <limits.h>
#include <string.h>

static bool is_process(const char *operand, pid_t *ret)
{
	uint64_t pid;

	if (!units_parse_number(operand, INT_MAX, &pid) || !pid || hs_snapshot_recognise(operand))
		return false;
	*ret = (pid_t)pid;
	return true;
}

/* Whether an object is called by its number in @list, which may be NULL. */
static bool has_number(const char *list)
{
	for (; list && *list; list += strcspn(list, ","), list += *list == ',')
		if (hs_object_is_called(list) && strncasecmp(list, "0x", 2) != 0)
			return true;
	return false;
}

/* What the command line asks for that cannot be.  Returns the exit code. */
static int check(struct terminal *terminal, const struct options *options, bool process)
{
	if (!process && options->values)
		return terminal_complain(terminal, HS_ERROR_USAGE,
					 "--values is for a process: a file has the values that it "
					 "was dumped with");
	if (process && (has_number(options->operands[1]) || has_number(options->avoid)))
		return terminal_complain(terminal, HS_ERROR_USAGE,
					 "objects of a process are called by their addresses, "
					 "0x7f...: numbers are those of one snapshot");
	return 0;
}

static struct hs_error *take(struct terminal *terminal, const struct options *options, pid_t pid,
			     struct hs_snapshot **ret)
{
	const struct hs_capture_options how = capture_options(options, terminal);
	char pause[UNITS_MAX];
	struct hs_error *err;

	capture_die_first();
	err = hs_capture_process(pid, &how, ret);
	terminal_progress_end(terminal);
	if (!err)
		terminal_note(terminal, "looked at process %d, which was stopped for %s", (int)pid,
			      units_format_duration(hs_snapshot_info(*ret)->pause_ns, pause));
	return err;
}

int subject_report(struct terminal *terminal, const struct options *options, uint32_t columns,
		   output_make_fn *make)
{
	struct hs_snapshot *snap = NULL;
	struct hs_error *err;
	pid_t pid = 0;
	bool process = is_process(options->operands[0], &pid);
	int code = check(terminal, options, process);

	if (code)
		return code;
	if (!process)
		return output_report_on_file(terminal, options, columns, make);
	err = take(terminal, options, pid, &snap);
	code = err ? terminal_fail(terminal, err) : output_report_on(terminal, options, snap, make);
	hs_snapshot_destroy(snap);
	return code;
}
