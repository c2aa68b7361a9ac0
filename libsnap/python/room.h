/* SPDX-License-Identifier: MIT */
/* room.h: whether there is memory for a copy of a process. */
#ifndef HS_PYTHON_ROOM_H
#define HS_PYTHON_ROOM_H

#include "libsnap/memory/process.h"

/*
 * How many pages a copy of @process with the mappings @maps may come to, with some to spare for
 * what it allocates meanwhile.  HS_ERROR_FAILED, with the figures, if this machine or cgroup has no
 * room for so many and for reading them besides @held bytes that are spoken for; other errors as of
 * hs_process_pages().
 */
struct hs_error *hs_capture_room(struct hs_process *process, const struct hs_maps *maps,
				 uint64_t held, uint64_t *pages) HS_MUST_CHECK;

/* The same for @pages pages of what is called @name. */
struct hs_error *hs_capture_fits(const char *name, uint64_t pages, uint64_t held) HS_MUST_CHECK;

#endif
