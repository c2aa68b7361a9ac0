/* SPDX-License-Identifier: MIT */
/* unpack.h: reading MessagePack in place, without allocating what a length field asks for. */
#ifndef HS_FORMAT_UNPACK_H
#define HS_FORMAT_UNPACK_H

#include "format/base/cursor.h"
#include <heapsnap/snapshot.h>

enum {
	HS_UNPACK_DEPTH = 16, /* how deep arrays and maps may nest */
	HS_UNPACK_KEYS = 64,  /* of a map */
};

/*
 * Each reads one item and is false, the cursor staying where it is, if the item is of another
 * kind or does not lie within the bounds.  A map's or array's count is at most the number of bytes
 * that are left.
 */
bool hs_unpack_map(struct hs_cursor *cursor, uint32_t *count);
bool hs_unpack_array(struct hs_cursor *cursor, uint32_t *count);
bool hs_unpack_uint(struct hs_cursor *cursor, uint64_t *ret);

/* A str or a bin; *@ret points into what the cursor reads. */
bool hs_unpack_bytes(struct hs_cursor *cursor, struct hs_str *ret);

enum hs_unpack_result {
	HS_UNPACK_OK,
	HS_UNPACK_SHORT, /* the item goes on after the end */
	HS_UNPACK_BAD,	 /* no MessagePack, or nested too deep */
};

/* Skip an item with all it contains. */
enum hs_unpack_result hs_unpack_skip(struct hs_cursor *cursor);

/* Whether the @keys keys at @cursor, each with its value, are at most HS_UNPACK_KEYS and differ. */
bool hs_unpack_distinct(struct hs_cursor cursor, uint32_t keys);

/* Enter the map at @cursor, up to the value of @key; false if there is no such map, or no such key.
 */
bool hs_unpack_find(struct hs_cursor *cursor, const char *key);

#endif
