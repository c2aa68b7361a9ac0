/* SPDX-License-Identifier: MIT */
/* cmd_export.c: heapsnap export: a snapshot in a format of others. */
#include "command.h"
#include "output.h"

#include <heapsnap/export.h>
#include <stdlib.h>

static int export_to_stdout(struct terminal *terminal, const struct options *options,
			    const struct hs_snapshot *snap)
{
	struct hs_error *err;

	terminal_progress_end(terminal);
	err = hs_export(snap, options->to, stdout);
	return err ? terminal_fail(terminal, err) : output_finish(terminal);
}

static int export_to_file(struct terminal *terminal, const struct options *options,
			  const struct hs_snapshot *snap)
{
	struct output_file file;
	struct hs_error *err;
	int code;

	code = output_begin(terminal, options->output, &file);
	if (code)
		return code;
	err = hs_export(snap, options->to, file.stream);
	if (err)
		code = terminal_fail(terminal, err);
	else
		code = output_commit(terminal, &file, options->force);
	output_abandon(&file);
	if (!code) {
		char *name = output_quote(options->output);

		terminal_note(terminal, "wrote %s", name ? name : "the file");
		free(name);
	}
	return code;
}

int cmd_export(const struct options *options, struct terminal *terminal)
{
	const struct hs_open_options open = {
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	bool to_file = options->output && !output_is_stdout(options->output);
	struct hs_snapshot *snap;
	struct hs_error *err;
	int code;

	if (!options->to)
		return terminal_complain(
			terminal, HS_ERROR_USAGE,
			"export: --to FORMAT is missing (see: heapsnap help export)");
	if (to_file) {
		code = output_check(terminal, options->output, options->force);
		if (code)
			return code;
	}
	err = hs_snapshot_open(options->operands[0], &open, &snap);
	if (err)
		return terminal_fail(terminal, err);
	if (to_file)
		code = export_to_file(terminal, options, snap);
	else
		code = export_to_stdout(terminal, options, snap);
	hs_snapshot_destroy(snap);
	return code;
}
