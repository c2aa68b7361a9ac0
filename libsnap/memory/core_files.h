/* SPDX-License-Identifier: MIT */
/* core_files.h: the programs and libraries that a core's process ran, as they are here and now. */
#ifndef HS_MEMORY_CORE_FILES_H
#define HS_MEMORY_CORE_FILES_H

#include "libsnap/memory/image.h"

/* What was found out about a file. */
enum hs_core_file_state {
	HS_CORE_FILE_UNKNOWN, /* nobody looked */
	HS_CORE_FILE_GOOD,
	HS_CORE_FILE_MISSING,
	HS_CORE_FILE_DIFFERS,
};

struct hs_core_files {
	const char **names; /* paths, not owned; file number n is names[n - 1] */
	uint8_t *states;    /* enum hs_core_file_state */
	size_t count;
	int root;	 /* the folder that paths begin in */
	const char *exe; /* stands for file number exe_file; NULL: nothing does */
	size_t exe_file;
	size_t open_file; /* the one that is kept open; 0: none */
	int fd;
	uint64_t size;
};

/* Where to look: @root is NULL for "/".  @names must outlive @files. */
struct hs_error *hs_core_files_init(struct hs_core_files *files, const char **names, size_t count,
				    const char *root) HS_MUST_CHECK;
void hs_core_files_deinit(struct hs_core_files *files);

/*
 * Have file number @file open, as files->fd.  @page is its first page as the core has it, NULL if
 * it does not: then it is taken for what was mapped.  False if it is not here, is no regular file,
 * or begins with something else.
 */
bool hs_core_files_use(struct hs_core_files *files, size_t file, const uint8_t *page);

/*
 * Read @size bytes at @offset of the file in use; what lies behind its end, on its last page, is
 * zero.  False if not all can be read.
 */
bool hs_core_files_read(const struct hs_core_files *files, uint64_t offset, void *buffer,
			size_t size);

#endif
