/* SPDX-License-Identifier: MIT */
/* wanted.c: which pages of a target are worth having. */
#include "libsnap/memory/wanted.h"

#include <string.h>

enum hs_wanted hs_wanted(const struct hs_maps *maps, const struct hs_mapping *mapping)
{
	const uint32_t rights = mapping->flags & (HS_REGION_READ | HS_REGION_WRITE);

	/* The kernel's own pages, [vdso] and the like, cannot be copied. */
	if (mapping->flags & HS_REGION_SHARED || !(rights & HS_REGION_READ) ||
	    !strncmp(mapping->name, "[v", 2))
		return HS_WANT_NONE;
	if (rights == HS_REGION_READ && mapping->flags & HS_REGION_EXEC)
		return HS_WANT_NONE;
	if (!mapping->inode)
		return HS_WANT_PRESENT;
	if (!hs_maps_is_program(maps, mapping))
		return HS_WANT_CHANGED;
	return rights & HS_REGION_WRITE ? HS_WANT_ALL : HS_WANT_PRESENT;
}
