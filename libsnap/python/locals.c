/* SPDX-License-Identifier: MIT */
/* locals.c: the local variables of a code object, in the order in which a frame has them. */
#include "libsnap/python/locals.h"

enum {
	MAX_SLOTS = 1 << 24, /* of one frame */
};

/* Add the variables with the names in the tuple at @tuple, as many as there are names. */
static bool add_part(struct hs_python *python, hs_addr tuple, struct hs_locals *locals)
{
	struct hs_local_part *part = &locals->parts[locals->part_count++];
	uint64_t count;

	if (!hs_image_u64(python->image, tuple + PY_SIZE, &count) || count > MAX_SLOTS)
		return false;
	part->names = hs_words_open(python->image, tuple + python->layout->tuple_items, count);
	part->named = (uint32_t)count;
	part->count = (uint32_t)count;
	return true;
}

bool hs_locals_open(struct hs_python *python, hs_addr code, struct hs_locals *ret)
{
	const struct hs_layout *layout = python->layout;
	bool old = layout->code_localsplusnames == HS_ABSENT;
	const uint32_t tuples[] = {
		old ? layout->code_varnames : layout->code_localsplusnames,
		layout->code_cellvars,
		layout->code_freevars,
	};
	uint32_t first = old ? layout->code_nlocals : layout->code_nlocalsplus;
	struct hs_locals locals = {0};

	for (size_t i = 0; i < (old ? 3 : 1); i++)
		if (!add_part(python, hs_python_word(python, code, tuples[i]), &locals))
			return false;
	/* Who makes code by hand can say that there are more than have names. */
	if (!hs_image_u32(python->image, code + first, &locals.parts[0].count) ||
	    !hs_image_u32(python->image, code + layout->code_stacksize, &locals.stack) ||
	    locals.parts[0].count > MAX_SLOTS || locals.stack > MAX_SLOTS)
		return false;
	for (size_t i = 0; i < locals.part_count; i++)
		locals.count += locals.parts[i].count;
	*ret = locals;
	return true;
}

hs_addr hs_locals_name(const struct hs_locals *locals, uint32_t i)
{
	for (size_t part = 0; part < locals->part_count; part++) {
		if (i < locals->parts[part].count)
			return i < locals->parts[part].named
				       ? hs_words_get(&locals->parts[part].names, i)
				       : 0;
		i -= locals->parts[part].count;
	}
	return 0;
}
