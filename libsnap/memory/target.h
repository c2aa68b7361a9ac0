/* SPDX-License-Identifier: MIT */
/* target.h: what bytes at an address and the files of a program are read from. */
#ifndef HS_MEMORY_TARGET_H
#define HS_MEMORY_TARGET_H

#include "libsnap/memory/maps.h"

struct hs_target;

/*
 * One kind of target: a live process, or a core.  To add a kind: write these functions, keep a
 * struct hs_target in what they work on, and hand it out.
 */
struct hs_target_operations {
	/* Copy @size bytes at @addr to @buffer; false, with errno set, unless all are there. */
	bool (*read)(const struct hs_target *target, hs_addr addr, void *buffer, size_t size);
	/*
	 * Open the file behind @mapping for reading: a regular one, and the one that was mapped as
	 * far as can be told.  The descriptor, or -1.
	 */
	int (*open)(const struct hs_target *target, const struct hs_mapping *mapping);
	/* Why what should be there cannot be read, after read() said so: errno is still its. */
	struct hs_error *(*unreadable)(const struct hs_target *target);
};

struct hs_target {
	const struct hs_target_operations *operations;
	void *context;
	const char *name; /* "process 4711", for messages */
};

static inline bool hs_target_read(const struct hs_target *target, hs_addr addr, void *buffer,
				  size_t size)
{
	return target->operations->read(target, addr, buffer, size);
}

static inline int hs_target_open(const struct hs_target *target, const struct hs_mapping *mapping)
{
	return target->operations->open(target, mapping);
}

static inline HS_MUST_CHECK struct hs_error *hs_target_unreadable(const struct hs_target *target)
{
	return target->operations->unreadable(target);
}

#endif
