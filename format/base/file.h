/* SPDX-License-Identifier: MIT */
/* file.h: a file that appears whole or not at all. */
#ifndef HS_BASE_FILE_H
#define HS_BASE_FILE_H

#include <heapsnap/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes to a temporary file in the directory of its path, of mode 0600, that takes the path's
 * place at commit.  The first failure is kept; writing goes on doing nothing until commit reports
 * it.  Whatever fails, no part of a file stays behind and an existing file is untouched.
 */
struct hs_file_writer;

/*
 * Begin to write @path, "-" being standard output.  If the path exists already that is an error,
 * unless @overwrite.  On success *@ret is owned by the caller.
 */
struct hs_error *hs_file_writer_create(const char *path, bool overwrite,
				       struct hs_file_writer **ret) HS_MUST_CHECK;

/* Append @size bytes.  Buffered. */
void hs_file_writer_write(struct hs_file_writer *writer, const void *data, size_t size);

/* Bytes written so far. */
uint64_t hs_file_writer_offset(const struct hs_file_writer *writer);

/*
 * Make the file appear: write, fsync, rename.  @writer is spent whatever the result and may only
 * be destroyed.
 */
struct hs_error *hs_file_writer_commit(struct hs_file_writer *writer) HS_MUST_CHECK;

/* Free @writer; what was not committed is removed.  NULL is accepted. */
void hs_file_writer_destroy(struct hs_file_writer *writer);

static inline void hs_file_writer_destroy_pointer(struct hs_file_writer **writer)
{
	hs_file_writer_destroy(*writer);
}

#define _cleanup_file_writer_ __attribute__((cleanup(hs_file_writer_destroy_pointer)))

/*
 * A file mapped for reading.  *@ret is NULL for an empty file.  hs_file_unmap() ends it.  Only
 * regular files can be mapped; anything else is an error.
 */
struct hs_error *hs_file_map(const char *path, const void **ret, size_t *size) HS_MUST_CHECK;
void hs_file_unmap(const void *data, size_t size);

#endif
