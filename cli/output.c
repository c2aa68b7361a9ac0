/* SPDX-License-Identifier: MIT */
/* output.c: where results go: standard output, or a file. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_is_stdout(const char *path)
{
	return !strcmp(path, "-");
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

/* Report that @path cannot be written, errno saying why.  Returns the exit code. */
static int fail_errno(struct terminal *terminal, const char *path, const char *what)
{
	int errnum = errno;
	int code = errnum == EACCES || errnum == EPERM ? HS_ERROR_PERMISSION : HS_ERROR_FAILED;
	char *name = output_quote(path);

	terminal_complain(terminal, code, "cannot write %s: %s%s", name ? name : "?", what,
			  strerror(errnum));
	free(name);
	return code;
}

/* Report that something stands at @path that is not to be replaced.  Returns the exit code. */
static int fail_exists(struct terminal *terminal, const char *path, const char *why)
{
	char *name = output_quote(path);

	terminal_complain(terminal, HS_ERROR_FAILED, "cannot write %s: %s", name ? name : "?", why);
	free(name);
	return HS_ERROR_FAILED;
}

/* The folder that @path lies in; owned by the caller, NULL if memory ran out. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int output_check(struct terminal *terminal, const char *path, bool force)
{
	struct stat status;
	char *folder;
	int code = 0;

	if (!lstat(path, &status)) {
		if (S_ISDIR(status.st_mode))
			return fail_exists(terminal, path, "it is a folder");
		/* Renaming over a device, a pipe or a link would take it away from others. */
		if (!S_ISREG(status.st_mode))
			return fail_exists(
				terminal, path,
				"it is no regular file (-o - writes to standard output)");
		if (!force)
			return fail_exists(terminal, path, "it exists (-f replaces it)");
	} else if (errno != ENOENT) {
		return fail_errno(terminal, path, "");
	}
	folder = folder_of(path);
	if (!folder || faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS))
		code = fail_errno(terminal, path, "its folder: ");
	free(folder);
	return code;
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

int output_finish(struct terminal *terminal)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return terminal_complain(terminal, HS_ERROR_FAILED, "cannot write standard output: %s",
				 errno ? strerror(errno) : "an earlier write failed");
}
