/* SPDX-License-Identifier: MIT */
/* layout.c: the versions of CPython that are known. */
#include "libsnap/python/layouts/layout.h"

const struct hs_layout *hs_layout_find(uint32_t minor, uint32_t micro)
{
	/* Layouts of one minor version follow each other, the newest last. */
	static const struct hs_layout *const layouts[] = {
		&hs_layout_3_11,   &hs_layout_3_12, &hs_layout_3_13,
		&hs_layout_3_14_0, &hs_layout_3_14, &hs_layout_3_15,
	};
	const struct hs_layout *found = NULL;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i]->minor == minor && layouts[i]->since_micro <= micro)
			found = layouts[i];
	return found;
}
