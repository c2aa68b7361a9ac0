/* SPDX-License-Identifier: MIT */
/* core_command.h: the arguments of the process that a core is of. */
#ifndef HS_MEMORY_CORE_COMMAND_H
#define HS_MEMORY_CORE_COMMAND_H

#include "libsnap/memory/core_notes.h"
#include "libsnap/memory/target.h"

/*
 * The arguments, each ended by NUL, in *@ret, owned by the caller: whole from the process's first
 * stack, or else what the kernel noted, which is cut and has blanks between them.  NULL if neither
 * is there, or memory ran out.
 */
char *hs_core_command(const struct hs_target *target, const struct hs_core_notes *notes,
		      size_t *size);

#endif
