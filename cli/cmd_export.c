/* SPDX-License-Identifier: MIT */
/* cmd_export.c: heapsnap export: a snapshot in a format of others. */
#include "command.h"
#include "output.h"

#include <heapsnap/export.h>
#include <stdlib.h>

/* Tell what was written. */
static void tell(struct terminal *terminal, const char *path)
{
	char *name = output_quote(path);

	terminal_note(terminal, "wrote %s", name ? name : "the file");
	free(name);
}

int cmd_export(const struct options *options, struct terminal *terminal)
{
	const struct hs_open_options open = {
		.jobs = options->jobs,
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	struct hs_save_options save = {.overwrite = options->force};
	const char *path = options->output ? options->output : "-";
	struct hs_snapshot *snap;
	struct hs_error *err;

	if (!options->to)
		return terminal_complain(
			terminal, HS_ERROR_USAGE,
			"export: --to FORMAT is missing (see: heapsnap help export)");
	if (output_is_input(path, options->operands[0]))
		return terminal_complain(terminal, HS_ERROR_USAGE,
					 "export: input and output are the same file");
	err = hs_output_check(path, options->force);
	if (!err)
		err = hs_snapshot_open(options->operands[0], &open, &snap);
	if (err)
		return terminal_fail(terminal, err);
	terminal_progress_end(terminal);
	output_owner(&save.owner_uid, &save.owner_gid);
	err = hs_export_save(snap, options->to, path, &save);
	hs_snapshot_destroy(snap);
	if (err)
		return terminal_fail(terminal, err);
	if (!output_is_stdout(path))
		tell(terminal, path);
	return EXIT_DONE;
}
