/* SPDX-License-Identifier: MIT */
/* layout.c: the versions of CPython that are known. */
#include "libsnap/python/layouts/layout.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

/* By ascending version, none in between left out; those of one minor version by ascending micro. */
static const struct hs_layout *const layouts[] = {
	&hs_layout_3_8,	 &hs_layout_3_9,    &hs_layout_3_10, &hs_layout_3_11, &hs_layout_3_12,
	&hs_layout_3_13, &hs_layout_3_14_0, &hs_layout_3_14, &hs_layout_3_15,
};

enum {
	LAYOUTS = sizeof(layouts) / sizeof(layouts[0]),
};

const struct hs_layout *hs_layout_at(size_t i)
{
	return i < LAYOUTS ? layouts[i] : NULL;
}

const struct hs_layout *hs_layout_find(uint32_t minor, uint32_t micro)
{
	const struct hs_layout *found = NULL;

	for (size_t i = 0; i < LAYOUTS; i++)
		if (layouts[i]->minor == minor && layouts[i]->since_micro <= micro)
			found = layouts[i];
	return found;
}

void hs_layout_adapt(const struct hs_layout *layout, uint16_t machine, struct hs_layout *ret)
{
	/* sizeof(pthread_mutex_t) of glibc: 40 on x86-64, 48 on aarch64. */
	const uint32_t growth = machine == EM_AARCH64 ? 2 * (48 - 40) : 0;

	*ret = *layout;
#define ADAPT(member)                                                                              \
	if (!strncmp(#member, "interp_", 7) && layout->member != HS_ABSENT &&                      \
	    layout->member > layout->interp_gil)                                                   \
		ret->member += growth;
	HS_LAYOUT_FIELDS(ADAPT)
#undef ADAPT
}

const char *hs_layout_versions(char *buffer, size_t size)
{
	snprintf(buffer, size, "3.%u to 3.%u", layouts[0]->minor, layouts[LAYOUTS - 1]->minor);
	return buffer;
}
