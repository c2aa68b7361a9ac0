/* SPDX-License-Identifier: MIT */
/* scan.c: types that nobody described: every word of the body that is an object's address. */
#include "libsnap/python/visit/visit.h"

static uint32_t name_of(const struct hs_pytype *type, uint64_t offset)
{
	for (size_t i = 0; i < type->fields.size; i++)
		if (type->fields.data[i].offset == offset)
			return type->fields.data[i].name;
	return HS_NONE;
}

/*
 * The part of the body that the type's C code defines: what Python classes put behind it (slots,
 * dict, weak reference list) is known exactly.
 */
void hs_visit_body(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_pytype *type = object->type;
	const struct hs_pytype *definer = type->definer;
	uint64_t offset = definer->itemsize ? PY_VAR_HEADER_SIZE : PY_HEADER_SIZE;

	/* Objects that are none can lie upon each other, each as large as its type likes. */
	if (!hs_python_afford(python, definer->basicsize / 8, object->address))
		return;
	for (; offset + 8 <= definer->basicsize; offset += 8) {
		uint32_t name = name_of(type, offset);

		/* Nobody counts a reference to oneself. */
		if ((int64_t)offset == definer->weaklistoffset ||
		    hs_word(object, offset) == object->address)
			continue;
		if ((int64_t)offset == definer->dictoffset)
			hs_visit_named(python, hs_word(object, offset), "__dict__");
		else if (name != HS_NONE)
			hs_visit_scan(python, hs_word(object, offset), HS_LABEL_ATTRIBUTE, name);
		else
			hs_visit_scan(python, hs_word(object, offset), HS_LABEL_OFFSET,
				      (uint32_t)offset);
	}
	if (definer->itemsize == 8) {
		uint64_t count = hs_python_limit(python, object->address + definer->basicsize,
						 hs_ob_size(object));

		for (uint64_t i = 0; i < count; i++) {
			uint64_t word = 0;

			hs_image_u64(python->image, object->address + definer->basicsize + i * 8,
				     &word);
			hs_visit_scan(python, word, HS_LABEL_INDEX, (uint32_t)i);
		}
	}
}
