/* SPDX-License-Identifier: MIT */
/* chainfile.h: the files of a chain: finding bases, opening one after the other, keeping them. */
#ifndef HS_FORMAT_CHAINFILE_H
#define HS_FORMAT_CHAINFILE_H

#include <heapsnap/snapshot.h>

/* Open the file at @path, and before it the files that it stands on. */
struct hs_error *hs_chain_open(const char *path, const struct hs_open_options *options, bool verify,
			       struct hs_snapshot **ret) HS_MUST_CHECK;

/*
 * hs_snapshot_load() or hs_snapshot_verify() (@verify) of a file that may stand on @base, which was
 * opened with hs_open_options.as_base; NULL: it has to be whole.
 */
struct hs_error *hs_snapshot_load_onto(const void *data, size_t size, const char *name,
				       const struct hs_snapshot *base,
				       const struct hs_open_options *options, bool verify,
				       struct hs_snapshot **ret) HS_MUST_CHECK;

/* Whether the file at @path may be replaced: not if a snapshot in its folder stands on it. */
struct hs_error *hs_chain_guard(const char *path) HS_MUST_CHECK;

/*
 * How a file at @path, or standard output ("-"), is to call @base: by its name alone if they share
 * a folder or @redacted, else by its whole path.  Owned by the caller; NULL if memory ran out.
 */
char *hs_chain_name(const struct hs_snapshot *base, const char *path, bool redacted);

/* Whether both paths are of one file, which is there. */
bool hs_chain_same_file(const char *a, const char *b);

#endif
