/* SPDX-License-Identifier: MIT */
/* cmd_flatten.c: heapsnap flatten: a snapshot that needs no other. */
#include "command.h"
#include "output.h"
#include "units.h"

#include <stdlib.h>
#include <sys/stat.h>

/* Tell what was written. */
static void tell(struct terminal *terminal, const char *path)
{
	char *name = output_quote(path);
	char size[UNITS_MAX];
	struct stat status;

	if (!output_is_stdout(path) && !stat(path, &status))
		terminal_note(terminal, "wrote %s: %s, and it needs no other file",
			      name ? name : "the file",
			      units_format_bytes((uint64_t)status.st_size, size));
	free(name);
}

int cmd_flatten(const struct options *options, struct terminal *terminal)
{
	const struct hs_open_options open = {
		.jobs = options->jobs,
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	struct hs_save_options save = {
		.level = options->level,
		.jobs = options->jobs,
		.overwrite = options->force,
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	const char *path = options->output;
	struct hs_snapshot *snap;
	struct hs_error *err;

	if (!path)
		return terminal_complain(terminal, HS_ERROR_USAGE,
					 "flatten: -o OUT is missing (see: heapsnap help flatten)");
	if (output_is_input(path, options->operands[0]))
		return terminal_complain(terminal, HS_ERROR_USAGE,
					 "flatten: input and output are the same file");
	err = hs_output_check(path, options->force);
	if (!err)
		err = hs_snapshot_open(options->operands[0], &open, &snap);
	if (err)
		return terminal_fail(terminal, err);
	output_owner(&save.owner_uid, &save.owner_gid);
	err = hs_snapshot_save(snap, path, &save);
	terminal_progress_end(terminal);
	hs_snapshot_destroy(snap);
	if (err)
		return terminal_fail(terminal, err);
	tell(terminal, path);
	return EXIT_DONE;
}
