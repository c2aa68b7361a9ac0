/* SPDX-License-Identifier: MIT */
/* str.h: small verbs on struct hs_str. */
#ifndef HS_BASE_STR_H
#define HS_BASE_STR_H

#include <heapsnap/snapshot.h>
#include <string.h>

/* The bytes of a C string, borrowed; NULL gives the empty string. */
static inline struct hs_str hs_str_of(const char *text)
{
	return (struct hs_str){.data = text ? text : "", .size = text ? strlen(text) : 0};
}

static inline bool hs_str_equal(struct hs_str a, struct hs_str b)
{
	return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

#endif
