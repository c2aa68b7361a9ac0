/* SPDX-License-Identifier: MIT */
/* core_layout.h: the mappings of a core, and which part of each lies where in it. */
#ifndef HS_MEMORY_CORE_LAYOUT_H
#define HS_MEMORY_CORE_LAYOUT_H

#include "libsnap/memory/core_notes.h"
#include "libsnap/memory/maps.h"

/*
 * Where the bytes of one mapping are:
 *
 *   start          held              declared                end
 *     |-- in the core --|-- cut off with --|-- never written ---|
 *                          the core's end      to the core
 */
struct hs_core_part {
	uint64_t at;	   /* place in the core of the mapping's first byte */
	uint64_t held;	   /* bytes */
	uint64_t declared; /* bytes, of which the first are held */
	bool no_segment;   /* known from the list of files alone: its rights are not known */
	bool changed;	   /* what was cut off may be something else than in the file */
};

struct hs_core_layout {
	/* hs_mapping.inode: 1 + the number of the file, for cores do not have inodes */
	struct hs_maps maps;
	struct hs_core_part *parts; /* of each mapping */
	const char **files;	    /* paths, which belong to the notes */
	size_t file_count;
	uint64_t cut; /* bytes that should follow behind the end of the core */
};

/*
 * Lay out the @count segments, of any kind, of a core of @size bytes.  Segments and ranges of files
 * that lie upon others, or not at whole pages, are left out.  HS_ERROR_DAMAGED if there are more
 * than any process has.
 */
struct hs_error *hs_core_layout_create(const GElf_Phdr *segments, size_t count,
				       const struct hs_core_notes *notes, uint64_t size,
				       struct hs_core_layout *ret) HS_MUST_CHECK;
void hs_core_layout_deinit(struct hs_core_layout *layout);

#endif
