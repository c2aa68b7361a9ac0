/* SPDX-License-Identifier: MIT */
/* headroom.h: how much memory this program may still take. */
#ifndef HS_MEMORY_HEADROOM_H
#define HS_MEMORY_HEADROOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Bytes that process @pid, 0 being this one, can allocate before the machine, or a memory cgroup
 * that it is in, has to kill somebody: page cache that can be dropped counts as free, swap does
 * not.  UINT64_MAX if nothing can be told.  @root stands before the paths that are read, "" but for
 * tests.
 */
uint64_t hs_memory_headroom(const char *root, pid_t pid);

/* Looks now and then how much memory is left while some is being filled.  All zero at first. */
struct hs_memory_watch {
	uint64_t unwatched; /* bytes filled since it last looked */
	bool starved;	    /* memory ran out, nearly */
};

/* @size bytes are about to be filled: false if they had better not be, now and from then on. */
bool hs_memory_watch(struct hs_memory_watch *watch, uint64_t size);

#endif
