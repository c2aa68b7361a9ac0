/* SPDX-License-Identifier: MIT */
/* rehash.h: make the checksums of a changed snapshot file right again. */
#ifndef HS_TEST_REHASH_H
#define HS_TEST_REHASH_H

#include "format/section.h"
#include "format/unpack.h"
#include <xxhash.h>

enum {
	REHASH_UINT64 = 0xcf, /* MessagePack's first byte of a 64-bit integer */
};

/* Replace the 64-bit integer at @cursor; integers that are written shorter stay. */
static inline void rehash_put(uint8_t *at, uint64_t value)
{
	if (*at != REHASH_UINT64)
		return;
	for (int i = 0; i < 8; i++)
		at[1 + i] = (uint8_t)(value >> (56 - 8 * i));
}

/* Put the hashes of the columns of the section [@offset, @offset + @length) into its head. */
static inline void rehash_columns(uint8_t *data, size_t offset, size_t length, size_t head)
{
	struct hs_cursor cursor = hs_cursor_over(data + offset, length);
	size_t at = offset + head;
	size_t left = length - head;
	uint64_t ignored;
	uint32_t count;

	if (!hs_unpack_array(&cursor, &count) || !hs_unpack_uint(&cursor, &ignored) ||
	    !hs_unpack_find(&cursor, "columns") || !hs_unpack_map(&cursor, &count))
		return;
	for (uint32_t i = 0; i < count; i++) {
		struct hs_str name;
		uint64_t stored;
		uint32_t items;

		if (!hs_unpack_bytes(&cursor, &name) || !hs_unpack_array(&cursor, &items) ||
		    items < 4 || !hs_unpack_uint(&cursor, &ignored) ||
		    !hs_unpack_uint(&cursor, &ignored) || !hs_unpack_uint(&cursor, &stored) ||
		    stored > left || !hs_cursor_left(&cursor))
			return;
		rehash_put(data + offset + hs_cursor_offset(&cursor),
			   XXH3_64bits(data + at, (size_t)stored));
		if (!hs_unpack_uint(&cursor, &ignored))
			return;
		at += (size_t)stored;
		left -= (size_t)stored;
	}
}

/* Put right the entry of one section at @cursor, and the section. */
static inline bool rehash_entry(uint8_t *data, size_t size, struct hs_cursor *cursor)
{
	uint64_t kind;
	uint64_t offset;
	uint64_t length;
	uint64_t head;
	uint64_t hash;
	uint32_t items;

	if (!hs_unpack_array(cursor, &items) || items != 5 || !hs_unpack_uint(cursor, &kind) ||
	    !hs_unpack_uint(cursor, &offset) || !hs_unpack_uint(cursor, &length) ||
	    !hs_unpack_uint(cursor, &head) || offset > size || length > size - offset ||
	    head > length || !hs_cursor_left(cursor))
		return false;
	rehash_columns(data, (size_t)offset, (size_t)length, (size_t)head);
	rehash_put(data + hs_cursor_offset(cursor), XXH3_64bits(data + offset, (size_t)head));
	return hs_unpack_uint(cursor, &hash);
}

/* Make all hashes in the file of @size bytes at @data right, as far as its framing is readable. */
static inline void rehash(uint8_t *data, size_t size)
{
	struct hs_cursor cursor = hs_cursor_over(data, size);
	struct hs_cursor trailer;
	uint64_t index;
	uint64_t hash;
	uint32_t count;
	uint64_t kind;

	if (size < HS_MAGIC_SIZE + HS_TRAILER_SIZE)
		return;
	trailer = hs_cursor_over(data + size - HS_TRAILER_SIZE, HS_TRAILER_SIZE);
	if (!hs_cursor_u64_le(&trailer, &index) || index > size - HS_TRAILER_SIZE)
		return;
	cursor.at += index;
	if (hs_unpack_array(&cursor, &count) && hs_unpack_uint(&cursor, &kind) &&
	    hs_unpack_find(&cursor, "sections") && hs_unpack_array(&cursor, &count))
		for (uint32_t i = 0; i < count && rehash_entry(data, size, &cursor); i++)
			continue;
	hash = XXH3_64bits(data + index, size - HS_TRAILER_SIZE - (size_t)index);
	for (int i = 0; i < 8; i++)
		data[size - 16 + (size_t)i] = (uint8_t)(hash >> 8 * i);
}

#endif
