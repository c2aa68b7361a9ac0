/* SPDX-License-Identifier: MIT */
/* cmd_dump.c: heapsnap dump: a snapshot of a running process. */
#include "command.h"
#include "output.h"
#include "units.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void explain(void *context, const char *line)
{
	terminal_explain(context, "%s", line);
}

/* heapsnap-PID-YYYYMMDDTHHMMSS.snap, the time in UTC. */
static void default_name(pid_t pid, char *buffer, size_t size)
{
	time_t now = time(NULL);
	char stamp[32];
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &utc);
	snprintf(buffer, size, "heapsnap-%d-%s.snap", (int)pid, stamp);
}

/* Find out where the snapshot may go before the process is touched.  Returns the exit code. */
static int check_target(struct terminal *terminal, const char *path, bool force)
{
	struct hs_error *err;

	if (output_is_stdout(path) && isatty(STDOUT_FILENO))
		return terminal_complain(terminal, HS_ERROR_USAGE,
					 "dump: -o -: a snapshot is not for a terminal; "
					 "send it to a file or a pipe");
	err = hs_output_check(path, force);
	return err ? terminal_fail(terminal, err) : 0;
}

static uint64_t total_size(const struct hs_objects *objects)
{
	uint64_t bytes = 0;

	for (hs_id i = 0; i < objects->count; i++)
		bytes += objects->size[i];
	return bytes;
}

/* Tell what was written, how sure it is, and what to do with it. */
static void tell(struct terminal *terminal, const struct hs_snapshot *snap, const char *path)
{
	const struct hs_info *info = hs_snapshot_info(snap);
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	char count[UNITS_MAX], bytes[UNITS_MAX], pause[UNITS_MAX], size[UNITS_MAX];
	bool is_file = !output_is_stdout(path);
	char *name = is_file ? output_quote(path) : NULL;
	struct stat status;
	uint64_t gaps = hs_snapshot_gap_total(snap);

	if (!is_file || stat(path, &status))
		status.st_size = 0;
	terminal_note(terminal, "wrote %s: %s objects, %s%s%s; target stopped for %s",
		      is_file ? (name ? name : "?") : "standard output",
		      units_format_count(objects->count, count),
		      units_format_bytes(total_size(objects), bytes), status.st_size ? " in " : "",
		      status.st_size ? units_format_bytes((uint64_t)status.st_size, size) : "",
		      units_format_duration(info->pause_ns, pause));
	if (gaps || info->damaged)
		terminal_note(terminal,
			      "not complete: %s things could not be read, %" PRIu64
			      " stayed inconsistent (heapsnap info says which)",
			      units_format_count(gaps, count), info->damaged);
	if (name)
		terminal_note(terminal, "next: heapsnap top %s", name);
	free(name);
}

/*
 * A copy of the target takes memory.  Should the kernel run out of it all the same, it is to end
 * this program and not the target.
 */
static void die_first(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "we");

	if (!file)
		return;
	fputs("1000", file);
	fclose(file);
}

int cmd_dump(const struct options *options, struct terminal *terminal)
{
	const struct hs_capture_options capture = {
		.mode = options->mode,
		.preview_bytes = options->values,
		.redact = options->redact,
		.experimental = options->experimental,
		.explain = options->verbose ? explain : NULL,
		.progress = terminal_progress,
		.context = terminal,
	};
	struct hs_save_options save = {
		.level = options->level,
		.overwrite = options->force,
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	const char *path = options->output;
	struct hs_snapshot *snap;
	struct hs_error *err;
	char buffer[64];
	uint64_t pid;
	int code;

	if (!units_parse_number(options->operands[0], INT_MAX, &pid) || !pid)
		return terminal_complain(terminal, HS_ERROR_USAGE,
					 "dump: PID must be a number from 1 to %d", INT_MAX);
	if (!path) {
		default_name((pid_t)pid, buffer, sizeof(buffer));
		path = buffer;
	}
	code = check_target(terminal, path, options->force);
	if (code)
		return code;
	die_first();
	err = hs_capture_process((pid_t)pid, &capture, &snap);
	if (err)
		return terminal_fail(terminal, err);
	output_owner(&save.owner_uid, &save.owner_gid);
	err = hs_snapshot_save(snap, path, &save);
	terminal_progress_end(terminal);
	if (err)
		code = terminal_fail(terminal, err);
	else
		tell(terminal, snap, path);
	hs_snapshot_destroy(snap);
	return code;
}
