/* SPDX-License-Identifier: MIT */
/* unpack.h: compressed files, as a file that can be read anywhere. */
#ifndef HS_MEMORY_UNPACK_H
#define HS_MEMORY_UNPACK_H

#include <heapsnap/error.h>
#include <stdbool.h>
#include <stdint.h>

/* What a file turned out to be. */
struct hs_unpacked {
	int fd;	  /* what it unpacks to, owned by the caller; -1: it is not compressed */
	bool cut; /* it ends in the middle: what came before is there */
};

/*
 * Unpack the file @fd, whose name for messages is @path, if its content is that of zstd or gzip: to
 * a file without a name in $TMPDIR, else /var/tmp.  That takes as much room there as the content
 * has without its pages of zeros, which become holes; at most @limit bytes are unpacked.
 *
 * Errors: HS_ERROR_DAMAGED (what is compressed does not match its checksum, or is not of its form),
 * HS_ERROR_UNSUPPORTED (another compression), HS_ERROR_FAILED (no room, more than the limit),
 * HS_ERROR_PERMISSION.
 */
struct hs_error *hs_unpack(int fd, const char *path, uint64_t limit,
			   struct hs_unpacked *ret) HS_MUST_CHECK;

#endif
