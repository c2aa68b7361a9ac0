/* SPDX-License-Identifier: MIT */
/* heap.h: from the image of a CPython process to a snapshot. */
#ifndef HS_PYTHON_HEAP_H
#define HS_PYTHON_HEAP_H

#include "libsnap/memory/phases.h"
#include "libsnap/python/python.h"
#include "libsnap/python/runtime.h"

/* What is known of the process and of how the image was taken. */
struct hs_heap_facts {
	uint64_t pid;
	uint64_t time_ns;
	uint64_t start_ticks;
	uint64_t resident; /* bytes */
	uint64_t pause_ns;
	uint64_t unreadable_pages;
	uint64_t cut_pages; /* that were cut off with the end of a core */
	uint64_t cut_page;  /* the address of one */
	uint64_t broken_lists;
	bool untried;	  /* made for a machine that this was never tried on */
	bool traces_torn; /* tracemalloc's tables were being changed */
	uint64_t tracked; /* objects on the collector's lists */
	uint32_t retries;
	const char *mode;	/* of the capture: "fork", "stop", "core" */
	bool of_core;		/* the mode is "core" */
	const char *reason;	/* why it was not forked, if it was meant to be; or NULL */
	uint32_t preview_bytes; /* of a value that are recorded at most; 0: no values are */
	bool redact;		/* leave out names that may tell of the target's data */
	char boot_id[64];
	char *command; /* arguments, each ended by NUL; owned by the caller */
	size_t command_size;
	struct hs_phases *phases; /* may be NULL */
};

/*
 * Begin to read @image, walk the collector's lists and read tracemalloc's tables: fills in
 * broken_lists, tracked and traces_torn.  @image stays the caller's and must outlive *@ret:
 * hs_python_destroy().
 */
struct hs_error *hs_heap_open(struct hs_image *image, const struct hs_runtime *runtime,
			      struct hs_heap_facts *facts, struct hs_python **ret) HS_MUST_CHECK;

/* Read everything.  The image is not needed any more after that, and had better be destroyed. */
struct hs_error *hs_heap_read(struct hs_python *python, const struct hs_heap_facts *facts,
			      hs_progress_fn *progress, void *context) HS_MUST_CHECK;

/* Make the snapshot of what was read; @python may only be destroyed after that. */
struct hs_error *hs_heap_finish(struct hs_python *python, const struct hs_heap_facts *facts,
				struct hs_snapshot **ret) HS_MUST_CHECK;

#endif
