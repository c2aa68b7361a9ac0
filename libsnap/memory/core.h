/* SPDX-License-Identifier: MIT */
/* core.h: a process as the kernel, or gcore, wrote it to a file. */
#ifndef HS_MEMORY_CORE_H
#define HS_MEMORY_CORE_H

#include "libsnap/memory/image.h"
#include "libsnap/memory/target.h"

/*
 * A core file (ELF, of a machine of 64 bits with the lowest byte first), perhaps compressed.  It
 * does not hold all that the process had: of files that were mapped only what was changed, as a
 * rule.  The rest is read from these files, if they are still what they were.
 */
struct hs_core;

struct hs_core_options {
	const char *exe;  /* the program; NULL: by the path that the core has */
	const char *root; /* the folder that paths of the core begin in; NULL: "/" */
};

struct hs_core_facts {
	uint64_t pid;
	uint64_t threads;
	uint64_t time_ns;	  /* when the file was written */
	uint64_t cut;		  /* bytes that should follow behind the end of the file */
	hs_addr random;		  /* address of 16 bytes that no other process has; 0: not known */
	size_t files;		  /* that were mapped */
	size_t files_missing;	  /* of those that were looked for: not there */
	size_t files_differ;	  /* not what was mapped */
	const char *file_missing; /* one of those; NULL: there is none */
	const char *file_differs;
};

/*
 * Errors: HS_ERROR_DAMAGED (not a core, or nothing of it can be used), HS_ERROR_UNSUPPORTED (a core
 * of another kind of machine), HS_ERROR_PERMISSION, HS_ERROR_FAILED.  On success *@ret is owned by
 * the caller.  The strings of @options must outlive it.
 */
struct hs_error *hs_core_open(const char *path, const struct hs_core_options *options,
			      struct hs_core **ret) HS_MUST_CHECK;
void hs_core_close(struct hs_core *core); /* NULL is accepted */

const struct hs_target *hs_core_target(const struct hs_core *core);
/* Whether the core itself has what is at @addr. */
bool hs_core_holds(const struct hs_core *core, hs_addr addr);

const struct hs_maps *hs_core_maps(const struct hs_core *core);
/* The program's arguments, each ended by NUL, owned by the caller; NULL if they are not known. */
char *hs_core_arguments(const struct hs_core *core, size_t *size);

void hs_core_facts(const struct hs_core *core, struct hs_core_facts *ret);

struct hs_core_pages {
	uint64_t written; /* pages handed on that can be written to, and are not a hole */
	uint64_t cut;	  /* pages worth having that were cut off with the core's end */
	hs_addr cut_one;  /* one of these */
};

/*
 * Find the pages worth having: hs_wanted().  @each is called for runs of them by ascending address;
 * it returns false to end the walk, and this then does, too.  @absent: such were left out when the
 * core was written, as buffers that a program asks not to be dumped are.
 */
typedef bool hs_core_pages_fn(void *context, hs_addr addr, uint64_t pages, bool absent);
bool hs_core_pages(const struct hs_core *core, hs_core_pages_fn *each, void *context,
		   struct hs_core_pages *ret);

/* Memory ran out, nearly, while pages were read for an image: some were not. */
bool hs_core_is_starved(const struct hs_core *core);

/* For an image's source and for hs_image_seal(): @context is the core. */
hs_image_read_fn hs_core_read_pages;
hs_image_fetch_fn hs_core_fetch;

#endif
