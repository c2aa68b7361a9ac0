/* SPDX-License-Identifier: MIT */
/* mapped.h: files whose paths a target gave. */
#ifndef HS_MEMORY_MAPPED_H
#define HS_MEMORY_MAPPED_H

#include "libsnap/memory/maps.h"

/* The file behind a mapping of process @pid, for reading, if it is still that file; or -1. */
int hs_mapped_open(pid_t pid, const struct hs_mapping *mapping);

/*
 * The regular file that @path is below the folder @root, a descriptor, for reading; links in the
 * path do not lead out of it.  -1, with errno set, if there is no such.
 */
int hs_mapped_open_below(int root, const char *path);

/* The same for a path that the user gave. */
int hs_mapped_open_path(const char *path);

#endif
