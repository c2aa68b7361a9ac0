/* SPDX-License-Identifier: MIT */
/* room.h: whether there is memory to capture a process. */
#ifndef HS_PYTHON_ROOM_H
#define HS_PYTHON_ROOM_H

#include "libsnap/memory/process.h"

/* What of a process would be read, as estimated without stopping it. */
struct hs_room {
	uint64_t pages; /* worth copying, with some to spare for what it allocates meanwhile */
	/*
	 * Bytes that are read of a fork, where only what is wanted is: Python's pools of small
	 * blocks, of which a sample is looked at; the heap of malloc(), that is "[heap]", as a
	 * whole; the data of programs.  Large buffers are never looked into.  What else is read,
	 * such as the items of very long lists, is not seen beforehand: that memory does not run
	 * out over it is watched while it is read (hs_frozen.watch).
	 */
	uint64_t heap;
	uint64_t blocks; /* of small memory that are in use: objects, and some that are not */
};

/* Look at @process, of CPython 3.@minor, with the mappings @maps.  Errors: hs_process_pages()'s. */
struct hs_error *hs_room_look(struct hs_process *process, const struct hs_maps *maps,
			      uint32_t minor, struct hs_room *ret) HS_MUST_CHECK;

/*
 * Bytes that this program comes to need: what it copies, and what it makes of that, which takes as
 * much as room.c says for objects of usual sizes.
 */
uint64_t hs_room_need(const struct hs_room *room, bool fork);

/*
 * About the same, if what is read and what is made of it lies in a file, and memory holds only what
 * is at hand: what is kept for each object until all are in order, and sets of objects.
 */
uint64_t hs_room_least(const struct hs_room *room);

/*
 * HS_ERROR_FAILED, with the figures, if the process @name cannot be captured so in @bound bytes, or
 * if there are only @headroom.
 */
struct hs_error *hs_room_check_bound(const char *name, const struct hs_room *room, uint64_t bound,
				     uint64_t headroom) HS_MUST_CHECK;

/*
 * Whether a process with the memory cgroup's headroom @headroom can be forked: each page that it
 * writes to while the fork is read takes one more, of its own share and not of ours.
 */
bool hs_room_to_fork(const struct hs_room *room, uint64_t headroom);

/*
 * HS_ERROR_FAILED, with the figures, if the process @name cannot be captured in @headroom bytes of
 * which
 * @held are spoken for.
 */
struct hs_error *hs_room_check(const char *name, const struct hs_room *room, bool fork,
			       uint64_t held, uint64_t headroom) HS_MUST_CHECK;

#endif
