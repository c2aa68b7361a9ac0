/* SPDX-License-Identifier: MIT */
/* headroom.c: how much memory this program may still take. */
#include "libsnap/memory/headroom.h"

#include "format/base/cleanup.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	WATCH_EVERY = 32 << 20, /* bytes filled */
	WATCH_LEFT = 48 << 20,	/* for what is made of them, and for others */
};

static void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

#define _cleanup_stream_ hs_cleanup(close_stream)

static FILE *open_below(const char *root, const char *format, const char *a, const char *b)
{
	_cleanup_free_ char *below = NULL;
	_cleanup_free_ char *path = NULL;

	if (asprintf(&below, format, a, b) < 0) {
		below = NULL;
		return NULL;
	}
	if (asprintf(&path, "%s%s", root, below) < 0) {
		path = NULL;
		return NULL;
	}
	return fopen(path, "re");
}

/* The number behind @key in a file of lines "key number". */
static bool find_number(FILE *file, const char *key, uint64_t *ret)
{
	char line[256];
	size_t size = strlen(key);

	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, size) && sscanf(line + size, "%*[: \t]%" SCNu64, ret) == 1)
			return true;
	return false;
}

static uint64_t machine_headroom(const char *root)
{
	_cleanup_stream_ FILE *file = open_below(root, "%s%s", "/proc/meminfo", "");
	uint64_t kib;

	if (!file || !find_number(file, "MemAvailable", &kib))
		return UINT64_MAX;
	return kib * 1024;
}

/* A number of one file of a cgroup; false for "max" too. */
static bool read_number(const char *root, const char *folder, const char *name, uint64_t *ret)
{
	_cleanup_stream_ FILE *file = open_below(root, "%s/%s", folder, name);

	return file && fscanf(file, "%" SCNu64, ret) == 1;
}

/* The names of the two versions of memory cgroups. */
struct cgroup_files {
	const char *mount;
	const char *limit;
	const char *usage;
	const char *cache; /* in memory.stat */
};

static const struct cgroup_files version_1 = {
	"/sys/fs/cgroup/memory",
	"memory.limit_in_bytes",
	"memory.usage_in_bytes",
	"total_inactive_file",
};
static const struct cgroup_files version_2 = {
	"/sys/fs/cgroup",
	"memory.max",
	"memory.current",
	"inactive_file",
};

static uint64_t folder_headroom(const char *root, const struct cgroup_files *files,
				const char *folder)
{
	_cleanup_stream_ FILE *stat = open_below(root, "%s/%s", folder, "memory.stat");
	uint64_t cache = 0;
	uint64_t limit;
	uint64_t usage;

	if (!read_number(root, folder, files->limit, &limit) ||
	    !read_number(root, folder, files->usage, &usage))
		return UINT64_MAX;
	if (stat && find_number(stat, files->cache, &cache))
		usage -= cache < usage ? cache : usage;
	return limit > usage ? limit - usage : 0;
}

/* The least that a cgroup of ours, or one above it, leaves. */
static uint64_t cgroup_headroom(const char *root, const struct cgroup_files *files,
				const char *path)
{
	_cleanup_free_ char *folder = NULL;
	uint64_t least = UINT64_MAX;
	size_t mount = strlen(files->mount);

	if (asprintf(&folder, "%s%s", files->mount, path) < 0) {
		folder = NULL;
		return UINT64_MAX;
	}
	for (;;) {
		uint64_t left = folder_headroom(root, files, folder);
		char *slash = strrchr(folder, '/');

		if (left < least)
			least = left;
		if (strlen(folder) <= mount || !slash || (size_t)(slash - folder) < mount)
			return least;
		*slash = '\0';
	}
}

/* /proc/PID/cgroup of @pid. */
static FILE *open_cgroups(const char *root, pid_t pid)
{
	char name[32] = "self";

	if (pid)
		snprintf(name, sizeof(name), "%d", (int)pid);
	return open_below(root, "/proc/%s/%s", name, "cgroup");
}

uint64_t hs_memory_headroom(const char *root, pid_t pid)
{
	_cleanup_stream_ FILE *file = open_cgroups(root, pid);
	uint64_t least = machine_headroom(root);
	char line[4096];

	/* Lines "number:controllers:path"; version 2 has number 0 and names no controllers. */
	while (file && fgets(line, sizeof(line), file)) {
		const struct cgroup_files *files = NULL;
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		uint64_t left;

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		if (!strncmp(line, "0:", 2))
			files = &version_2;
		else if (strstr(controllers, "memory"))
			files = &version_1;
		if (!files)
			continue;
		left = cgroup_headroom(root, files, path);
		if (left < least)
			least = left;
	}
	return least;
}

bool hs_memory_watch(struct hs_memory_watch *watch, uint64_t size)
{
	if (watch->unwatched >= WATCH_EVERY) {
		watch->unwatched = 0;
		watch->starved |= hs_memory_headroom("", 0) < WATCH_LEFT;
	}
	watch->unwatched += size;
	return !watch->starved;
}
