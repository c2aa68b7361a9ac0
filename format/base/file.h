/* SPDX-License-Identifier: MIT */
/* file.h: a file that appears whole or not at all. */
#ifndef HS_BASE_FILE_H
#define HS_BASE_FILE_H

#include <heapsnap/snapshot.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes to a file in the directory of its path, of mode 0600, that has no name until it takes the
 * path's place at commit.  The first failure is kept; writing goes on doing nothing until commit
 * reports it.  Whatever fails, no part of a file stays behind and an existing file is untouched.
 *
 * Where the file system has no files without names (O_TMPFILE), it has a temporary name, and as
 * long as it has, SIGINT, SIGTERM, SIGHUP and SIGQUIT are held back from the calling thread: when
 * one comes, the name is removed first.  A writer stays with the thread that created it.
 */
struct hs_file_writer;

/*
 * Begin to write @path, "-" being standard output.  What hs_file_check() refuses is an
 * error.  On success *@ret is owned by the caller.
 */
struct hs_error *hs_file_writer_create(const char *path, bool overwrite,
				       struct hs_file_writer **ret) HS_MUST_CHECK;

/*
 * hs_output_check() (heapsnap/snapshot.h) without regard to what stands on a snapshot that is
 * there.
 */
struct hs_error *hs_file_check(const char *path, bool overwrite) HS_MUST_CHECK;

/* Have the file belong to somebody else; standard output stays whose it is.  Takes privileges. */
void hs_file_writer_give(struct hs_file_writer *writer, uint32_t uid, uint32_t gid);

/* Append @size bytes.  Buffered. */
void hs_file_writer_write(struct hs_file_writer *writer, const void *data, size_t size);

/* Bytes written so far. */
uint64_t hs_file_writer_offset(const struct hs_file_writer *writer);

/* Nanoseconds spent in waiting for the system to write. */
uint64_t hs_file_writer_spent(const struct hs_file_writer *writer);

/*
 * Make the file appear: write, fsync, link or rename.  @writer is spent whatever the result and may
 * only be destroyed.
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
 * The bytes of the file at @path; *@ret is NULL for an empty file.  hs_file_release() frees them.
 * Only regular files are read; anything else is HS_ERROR_DAMAGED: not a snapshot.
 *
 * Files up to 1 GiB are read, larger ones are mapped: should somebody truncate a mapped file
 * meanwhile, the process gets SIGBUS.
 */
struct hs_error *hs_file_read(const char *path, const void **ret, size_t *size) HS_MUST_CHECK;
void hs_file_release(const void *data, size_t size);

/*
 * A new file without a name, for what is needed meanwhile, in $TMPDIR or else /var/tmp: *@folder is
 * set to which.  Its descriptor; -1, with errno, if there is none to be had.
 */
int hs_file_temporary(const char **folder);

#endif
