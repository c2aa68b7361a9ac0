/* SPDX-License-Identifier: MIT */
/* layout.c: the versions of CPython that are known. */
#include "libsnap/python/layouts/layout.h"

const struct hs_layout *hs_layout_find(uint32_t minor)
{
	static const struct hs_layout *const layouts[] = {
		&hs_layout_3_11,
		&hs_layout_3_12,
		&hs_layout_3_13,
	};

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i]->minor == minor)
			return layouts[i];
	return NULL;
}

const char *hs_layout_field_name(uint32_t field)
{
	static const struct {
		uint32_t field;
		const char *name;
	} names[] = {
#define NAME(name) {HS_LAYOUT_FIELD(name), #name},
		HS_LAYOUT_FIELDS(NAME)
#undef NAME
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].field == field)
			return names[i].name;
	return "?";
}
