/* SPDX-License-Identifier: MIT */
/* core_files.c: the programs and libraries that a core's process ran, as they are here and now. */
#include "libsnap/memory/core_files.h"

#include "format/base/error.h"
#include "libsnap/memory/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct hs_error *hs_core_files_init(struct hs_core_files *files, const char **names, size_t count,
				    const char *root)
{
	*files = (struct hs_core_files){.names = names, .count = count, .fd = -1};
	files->root = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (files->root < 0)
		return hs_error_errno(errno, "cannot open the folder %s", root ? root : "/");
	files->states = calloc(count + 1, sizeof(*files->states));
	return files->states ? NULL : &hs_enomem;
}

static void close_file(struct hs_core_files *files)
{
	if (files->fd >= 0)
		close(files->fd);
	files->fd = -1;
	files->open_file = 0;
}

void hs_core_files_deinit(struct hs_core_files *files)
{
	close_file(files);
	if (files->root >= 0)
		close(files->root);
	free(files->states);
}

static int open_file(const struct hs_core_files *files, size_t file)
{
	if (files->exe && file == files->exe_file)
		return hs_mapped_open_path(files->exe);
	return hs_mapped_open_below(files->root, files->names[file - 1]);
}

/* Whether the file in use begins with what the core has of it. */
static bool is_same(const struct hs_core_files *files, const uint8_t *page)
{
	uint8_t ours[HS_PAGE_SIZE];

	return !page || (hs_core_files_read(files, 0, ours, sizeof(ours)) &&
			 !memcmp(ours, page, sizeof(ours)));
}

bool hs_core_files_use(struct hs_core_files *files, size_t file, const uint8_t *page)
{
	struct stat status;

	if (!file || file > files->count)
		return false;
	if (files->open_file == file)
		return true;
	if (files->states[file - 1] > HS_CORE_FILE_GOOD)
		return false;
	close_file(files);
	files->fd = open_file(files, file);
	if (files->fd < 0 || fstat(files->fd, &status)) {
		close_file(files);
		files->states[file - 1] = HS_CORE_FILE_MISSING;
		return false;
	}
	files->size = (uint64_t)status.st_size;
	if (!is_same(files, page)) {
		close_file(files);
		files->states[file - 1] = HS_CORE_FILE_DIFFERS;
		return false;
	}
	files->states[file - 1] = HS_CORE_FILE_GOOD;
	files->open_file = file;
	return true;
}

bool hs_core_files_read(const struct hs_core_files *files, uint64_t offset, void *buffer,
			size_t size)
{
	uint8_t *to = buffer;
	uint64_t pages = (files->size + HS_PAGE_SIZE - 1) & ~(uint64_t)(HS_PAGE_SIZE - 1);

	if (offset > pages || size > pages - offset)
		return false;
	while (size && offset < files->size) {
		ssize_t n = pread(files->fd, to, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	memset(to, 0, size);
	return true;
}
