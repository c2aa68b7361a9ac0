/* SPDX-License-Identifier: MIT */
/* locals.h: the local variables of a code object, in the order in which a frame has them. */
#ifndef HS_PYTHON_LOCALS_H
#define HS_PYTHON_LOCALS_H

#include "libsnap/python/python.h"
#include "libsnap/python/words.h"

/* Variables with names in one tuple. */
struct hs_local_part {
	struct hs_words names;
	uint32_t named; /* those that have one */
	uint32_t count;
};

/* Local variables, cells and free variables; until 3.10 their names are in a tuple each. */
struct hs_locals {
	struct hs_local_part parts[3];
	size_t part_count;
	uint32_t count; /* of all */
	uint32_t stack; /* words of the evaluation stack, at most */
};

/* Those of the code object at @code; false if what lies there makes no sense. */
bool hs_locals_open(struct hs_python *python, hs_addr code, struct hs_locals *ret);

/* The str with the name of variable @i; 0 if there is none. */
hs_addr hs_locals_name(const struct hs_locals *locals, uint32_t i);

#endif
