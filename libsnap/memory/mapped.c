/* SPDX-License-Identifier: MIT */
/* mapped.c: files whose paths a target gave. */
#include "libsnap/memory/mapped.h"

#include "format/base/cleanup.h"
#include "libsnap/memory/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Open what @place, a descriptor that only names it, is: a regular file, and no other kind, for the
 * path came from the target and opening a device or a FIFO does things.
 */
static int open_regular(int place, const uint64_t *inode)
{
	char path[32];
	struct stat st;

	if (place < 0 || fstat(place, &st))
		return -1;
	if (!S_ISREG(st.st_mode) || (inode && st.st_ino != *inode)) {
		errno = ENOENT;
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Name @path as who has its root at @root sees it. */
static int name_below(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	/* Before Linux 5.6: no links at the end of the path, at least. */
	if (fd < 0 && errno == ENOSYS)
		fd = openat(root, path + strspn(path, "/"), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

int hs_mapped_open(pid_t pid, const struct hs_mapping *mapping)
{
	_cleanup_fd_ int below = -1;
	_cleanup_fd_ int link = -1;
	_cleanup_fd_ int root = -1;
	char path[64];
	int fd;

	/* By the kernel's own link, which works for deleted files too but needs privileges. */
	snprintf(path, sizeof(path), "map_files/%" PRIx64 "-%" PRIx64, mapping->start,
		 mapping->end);
	link = hs_proc_open(pid, path, O_PATH);
	fd = open_regular(link, &mapping->inode);
	if (fd >= 0)
		return fd;
	root = hs_proc_open(pid, "root", O_PATH | O_DIRECTORY);
	below = root < 0 ? -1 : name_below(root, mapping->name);
	return open_regular(below, &mapping->inode);
}

int hs_mapped_open_below(int root, const char *path)
{
	_cleanup_fd_ int place = name_below(root, path);

	return open_regular(place, NULL);
}

int hs_mapped_open_path(const char *path)
{
	_cleanup_fd_ int place = open(path, O_PATH | O_CLOEXEC);

	return open_regular(place, NULL);
}
