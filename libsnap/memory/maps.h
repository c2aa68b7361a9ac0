/* SPDX-License-Identifier: MIT */
/* maps.h: the mappings of a process, as /proc/PID/maps lists them. */
#ifndef HS_MEMORY_MAPS_H
#define HS_MEMORY_MAPS_H

#include <heapsnap/snapshot.h>
#include <sys/types.h>

/* One mapping: [start, end). */
struct hs_mapping {
	hs_addr start;
	hs_addr end;
	uint64_t offset;   /* in the file */
	uint64_t inode;	   /* 0: not backed by a file */
	uint64_t resident; /* bytes; filled in by hs_process_resident() */
	uint32_t flags;	   /* enum hs_region_flag */
	char *name;	   /* path, "[heap]" or ""; the kernel writes a line feed as \012 */
};

/* Mappings by ascending address. */
struct hs_maps {
	struct hs_mapping *data;
	size_t size;
	size_t capacity;
};

/* Read the mappings of process @pid; *@ret is owned by the caller: hs_maps_deinit(). */
struct hs_error *hs_maps_read(pid_t pid, struct hs_maps *ret) HS_MUST_CHECK;

/* The same from the text of such a file, for tests and fuzzing. */
struct hs_error *hs_maps_parse(const char *text, struct hs_maps *ret) HS_MUST_CHECK;

/* A copy of @maps in *@ret, owned by the caller; false if memory ran out. */
bool hs_maps_copy(const struct hs_maps *maps, struct hs_maps *ret);

void hs_maps_deinit(struct hs_maps *maps);

/* The mapping that contains @addr, NULL if none does. */
const struct hs_mapping *hs_maps_find(const struct hs_maps *maps, hs_addr addr);

/*
 * Whether the file behind @file is a program or library, by what of it is mapped: code; or, where
 * an emulator (qemu-user) runs it, which has the machine execute other code, its beginning
 * unchanged and data to be changed.
 */
bool hs_maps_is_program(const struct hs_maps *maps, const struct hs_mapping *file);

#endif
