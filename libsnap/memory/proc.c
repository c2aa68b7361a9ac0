/* SPDX-License-Identifier: MIT */
/* proc.c: small files of /proc/PID. */
#include "libsnap/memory/proc.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/vector.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int hs_proc_open(pid_t pid, const char *file, int flags)
{
	char *path;
	int errnum;
	int fd;

	/* "root/" and any path of the target's may follow. */
	if (asprintf(&path, "/proc/%d/%s", (int)pid, file) < 0) {
		errno = ENOMEM;
		return -1;
	}
	fd = open(path, flags | O_CLOEXEC);
	errnum = errno;
	free(path);
	errno = errnum;
	return fd;
}

static struct hs_error *open_error(pid_t pid, const char *file, int errnum)
{
	if (errnum == ENOENT || errnum == ESRCH)
		return hs_error_create(HS_ERROR_UNSUPPORTED, "process %d: there is no such process",
				       (int)pid);
	return hs_error_errno(errnum, "process %d: cannot read /proc/%d/%s", (int)pid, (int)pid,
			      file);
}

struct hs_error *hs_proc_read(pid_t pid, const char *file, char **ret, size_t *size)
{
	_cleanup_fd_ int fd = hs_proc_open(pid, file, O_RDONLY);
	_cleanup_free_ char *text = NULL;
	size_t capacity = 0;
	size_t length = 0;

	if (fd < 0)
		return open_error(pid, file, errno);
	for (;;) {
		ssize_t n;

		if (!hs_vector_grow(&text, &capacity, 1, length + 4096))
			return &hs_enomem;
		n = read(fd, text + length, capacity - length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return open_error(pid, file, errno);
		if (n == 0)
			break;
		length += (size_t)n;
	}
	text[length] = '\0';
	*ret = hs_steal(text);
	if (size)
		*size = length;
	return NULL;
}

bool hs_proc_stat_field(pid_t pid, unsigned int number, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	struct hs_error *err;
	const char *at;

	err = hs_proc_read(pid, "stat", &text, NULL);
	if (err) {
		hs_error_destroy(err);
		return false;
	}
	/* Field 2 is the command in brackets, in which anything may stand. */
	at = strrchr(text, ')');
	for (unsigned int i = 2; at && i < number; i++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %" SCNu64, ret) == 1;
}

bool hs_proc_status_field(pid_t pid, const char *key, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t key_size = strlen(key);
	struct hs_error *err;

	err = hs_proc_read(pid, "status", &text, NULL);
	if (err) {
		hs_error_destroy(err);
		return false;
	}
	for (const char *line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (!strncmp(line, key, key_size) && line[key_size] == ':')
			return sscanf(line + key_size + 1, "%" SCNu64, ret) == 1;
	}
	return false;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t hs_clock_monotonic(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t hs_clock_realtime(void)
{
	return clock_ns(CLOCK_REALTIME);
}
