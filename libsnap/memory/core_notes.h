/* SPDX-License-Identifier: MIT */
/* core_notes.h: what the notes of a core say of the process. */
#ifndef HS_MEMORY_CORE_NOTES_H
#define HS_MEMORY_CORE_NOTES_H

#include "format/base/vector.h"

#include <gelf.h>
#include <heapsnap/snapshot.h>

enum {
	HS_CORE_COMMAND = 81, /* bytes that the kernel keeps of it, and a NUL */
};

/* A part of a file that was mapped: NT_FILE. */
struct hs_core_range {
	hs_addr start;
	hs_addr end;
	uint64_t offset; /* in the file */
	char *name;
};

/* All zero at first. */
struct hs_core_notes {
	uint64_t pid; /* NT_PRPSINFO; 0: there is none */
	char command[HS_CORE_COMMAND];
	uint64_t threads;   /* NT_PRSTATUS */
	hs_addr entry;	    /* NT_AUXV: where the program begins to run; 0: not known */
	hs_addr random;	    /* the same: 16 bytes that the kernel gave this process alone */
	hs_addr file_name;  /* the same: the program's path, behind the environment */
	uint8_t vector[64]; /* how it begins */
	HS_VECTOR(struct hs_core_range) ranges;
};

/* Add what the notes in @data say.  What is not of its form is passed over.  False: no memory. */
bool hs_core_notes_add(struct hs_core_notes *notes, Elf_Data *data);

void hs_core_notes_deinit(struct hs_core_notes *notes);

#endif
