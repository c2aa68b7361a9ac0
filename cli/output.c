/* SPDX-License-Identifier: MIT */
/* output.c: where results go: standard output, or a file. */
#include "output.h"
#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_is_stdout(const char *path)
{
	return !strcmp(path, "-");
}

bool output_is_input(const char *path, const char *input)
{
	struct stat out, in;

	return !output_is_stdout(path) && !stat(path, &out) && !stat(input, &in) &&
	       out.st_dev == in.st_dev && out.st_ino == in.st_ino;
}

char *output_quote(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./+,:@%";
	size_t size = strlen(path);
	bool safe = size && path[0] != '-' && strspn(path, plain) == size;
	size_t room = 4 * size + 5; /* each ' becomes four bytes; ./ and two quotes around */
	char *quoted, *escaped, *to;

	if (safe)
		return strdup(path);
	to = quoted = malloc(room);
	if (!quoted)
		return NULL;
	*to++ = '\'';
	if (path[0] == '-') { /* else it would be taken for an option */
		*to++ = '.';
		*to++ = '/';
	}
	for (; *path; path++) {
		if (*path == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *path;
	}
	*to++ = '\'';
	escaped = hs_escape((struct hs_str){quoted, (size_t)(to - quoted)}, HS_ESCAPE_TEXT, 0);
	free(quoted);
	return escaped;
}

int output_report(struct terminal *terminal, const struct options *options,
		  const struct hs_report *report)
{
	struct hs_render_options render = {
		.format = HS_REPORT_TEXT,
		.color = terminal_color(options->color),
		.rows = options->rows,
		.width = terminal_width(),
	};
	struct hs_error *err;

	if (options->json)
		render.format = HS_REPORT_JSON;
	else if (options->csv)
		render.format = HS_REPORT_CSV;
	terminal_progress_end(terminal);
	err = hs_report_render(report, &render, stdout);
	return err ? terminal_fail(terminal, err) : output_finish(terminal);
}

int output_report_on(struct terminal *terminal, const struct options *options,
		     const struct hs_snapshot *snap, output_make_fn *make)
{
	struct hs_report *report;
	struct hs_error *err = make(options, snap, &report);
	int code;

	if (err)
		return terminal_fail(terminal, err);
	code = output_report(terminal, options, report);
	hs_report_destroy(report);
	return code;
}

int output_report_on_file(struct terminal *terminal, const struct options *options,
			  uint32_t columns, output_make_fn *make)
{
	const struct hs_open_options open = {
		.jobs = options->jobs,
		.columns = columns,
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	struct hs_snapshot *snap;
	struct hs_error *err;
	int code;

	err = hs_snapshot_open(options->operands[0], &open, &snap);
	if (err)
		return terminal_fail(terminal, err);
	code = output_report_on(terminal, options, snap, make);
	hs_snapshot_destroy(snap);
	return code;
}

int output_finish(struct terminal *terminal)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return terminal_complain(terminal, HS_ERROR_FAILED, "cannot write standard output: %s",
				 errno ? strerror(errno) : "an earlier write failed");
}

static bool read_id(const char *variable, uint32_t *ret)
{
	const char *text = getenv(variable);
	uint64_t value;

	if (!text || !units_parse_number(text, UINT32_MAX - 1, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

void output_owner(uint32_t *uid, uint32_t *gid)
{
	*uid = *gid = 0;
	if (geteuid() || !read_id("SUDO_UID", uid) || !read_id("SUDO_GID", gid))
		*uid = *gid = 0;
}
