/* SPDX-License-Identifier: MIT */
/* unpack.c: a pull reader of MessagePack. */
#include "format/unpack.h"

#include "format/base/str.h"

/* The first bytes of MessagePack's items. */
enum {
	FIXMAP = 0x80, /* .. 0x8f */
	FIXARRAY = 0x90,
	FIXSTR = 0xa0,
	NIL = 0xc0,
	NEVER_USED = 0xc1,
	BIN8 = 0xc4,
	EXT8 = 0xc7,
	FLOAT32 = 0xca,
	UINT8 = 0xcc,
	INT8 = 0xd0,
	FIXEXT1 = 0xd4,
	STR8 = 0xd9,
	ARRAY16 = 0xdc,
	MAP16 = 0xde,
	NEGATIVE = 0xe0,
};

/* A count: inline in @first, or in 2 or 4 bytes after @first == @wide or @wide + 1. */
static bool read_count(struct hs_cursor *cursor, uint8_t fix, uint8_t wide, uint32_t *ret)
{
	struct hs_cursor at = *cursor;
	uint8_t first;
	uint64_t count;

	if (!hs_cursor_u8(&at, &first))
		return false;
	if ((first & 0xf0) == fix)
		count = first & 0x0f;
	else if (first != wide && first != wide + 1)
		return false;
	else if (!hs_cursor_big_endian(&at, first == wide ? 2 : 4, &count))
		return false;
	if (count > hs_cursor_left(&at))
		return false;
	*cursor = at;
	*ret = (uint32_t)count;
	return true;
}

bool hs_unpack_map(struct hs_cursor *cursor, uint32_t *count)
{
	return read_count(cursor, FIXMAP, MAP16, count);
}

bool hs_unpack_array(struct hs_cursor *cursor, uint32_t *count)
{
	return read_count(cursor, FIXARRAY, ARRAY16, count);
}

bool hs_unpack_uint(struct hs_cursor *cursor, uint64_t *ret)
{
	struct hs_cursor at = *cursor;
	uint8_t first;
	uint64_t value;

	if (!hs_cursor_u8(&at, &first))
		return false;
	if (first < FIXMAP)
		value = first;
	else if (first < UINT8 || first > UINT8 + 3)
		return false;
	else if (!hs_cursor_big_endian(&at, (size_t)1 << (first - UINT8), &value))
		return false;
	*cursor = at;
	*ret = value;
	return true;
}

bool hs_unpack_bytes(struct hs_cursor *cursor, struct hs_str *ret)
{
	struct hs_cursor at = *cursor;
	const uint8_t *data;
	uint8_t first;
	uint64_t size;

	if (!hs_cursor_u8(&at, &first))
		return false;
	if ((first & 0xe0) == FIXSTR)
		size = first & 0x1f;
	else if (first >= BIN8 && first < BIN8 + 3) {
		if (!hs_cursor_big_endian(&at, (size_t)1 << (first - BIN8), &size))
			return false;
	} else if (first >= STR8 && first < STR8 + 3) {
		if (!hs_cursor_big_endian(&at, (size_t)1 << (first - STR8), &size))
			return false;
	} else {
		return false;
	}
	if (!hs_cursor_take(&at, size, &data))
		return false;
	*cursor = at;
	*ret = (struct hs_str){.data = (const char *)data, .size = (size_t)size};
	return true;
}

static bool skip_bytes(struct hs_cursor *cursor, uint64_t size)
{
	const uint8_t *ignored;

	return hs_cursor_take(cursor, size, &ignored);
}

/* Skip a length of @width bytes, what it counts, and @extra bytes more. */
static bool skip_counted(struct hs_cursor *cursor, size_t width, size_t extra)
{
	uint64_t size;

	return hs_cursor_big_endian(cursor, width, &size) && skip_bytes(cursor, size + extra);
}

/* Skip an item's own bytes; *@items is the number of items that it consists of. */
static enum hs_unpack_result skip_one(struct hs_cursor *cursor, uint64_t *items)
{
	uint8_t first;
	bool whole;

	*items = 0;
	if (!hs_cursor_u8(cursor, &first))
		return HS_UNPACK_SHORT;
	if (first < FIXMAP || first >= NEGATIVE || (first >= NIL && first < BIN8)) {
		whole = true;
	} else if (first < FIXARRAY) {
		*items = 2 * (uint64_t)(first & 0x0f);
		whole = true;
	} else if (first < FIXSTR) {
		*items = first & 0x0f;
		whole = true;
	} else if (first < NIL) {
		whole = skip_bytes(cursor, first & 0x1f);
	} else if (first < EXT8) {
		whole = skip_counted(cursor, (size_t)1 << (first - BIN8), 0);
	} else if (first < FLOAT32) {
		whole = skip_counted(cursor, (size_t)1 << (first - EXT8), 1);
	} else if (first < UINT8) {
		whole = skip_bytes(cursor, first == FLOAT32 ? 4 : 8);
	} else if (first < FIXEXT1) {
		whole = skip_bytes(cursor, (uint64_t)1 << ((first - UINT8) % 4));
	} else if (first < STR8) {
		whole = skip_bytes(cursor, ((uint64_t)1 << (first - FIXEXT1)) + 1);
	} else if (first < ARRAY16) {
		whole = skip_counted(cursor, (size_t)1 << (first - STR8), 0);
	} else {
		whole = hs_cursor_big_endian(cursor, first % 2 ? 4 : 2, items);
		if (first >= MAP16)
			*items *= 2;
	}
	if (first == NEVER_USED)
		return HS_UNPACK_BAD;
	return whole ? HS_UNPACK_OK : HS_UNPACK_SHORT;
}

enum hs_unpack_result hs_unpack_skip(struct hs_cursor *cursor)
{
	uint64_t open[HS_UNPACK_DEPTH + 1] = {1}; /* items that are left, by depth */
	struct hs_cursor at = *cursor;
	size_t depth = 0;

	for (;;) {
		enum hs_unpack_result result;
		uint64_t items;

		while (!open[depth]) {
			if (!depth--) {
				*cursor = at;
				return HS_UNPACK_OK;
			}
		}
		open[depth]--;
		result = skip_one(&at, &items);
		if (result != HS_UNPACK_OK)
			return result;
		if (!items)
			continue;
		if (depth == HS_UNPACK_DEPTH)
			return HS_UNPACK_BAD;
		open[++depth] = items;
	}
}

bool hs_unpack_distinct(struct hs_cursor cursor, uint32_t keys)
{
	struct hs_str found[HS_UNPACK_KEYS];

	if (keys > HS_UNPACK_KEYS)
		return false;
	for (uint32_t i = 0; i < keys; i++) {
		if (!hs_unpack_bytes(&cursor, &found[i]) || hs_unpack_skip(&cursor) != HS_UNPACK_OK)
			return false;
		for (uint32_t j = 0; j < i; j++)
			if (hs_str_equal(found[i], found[j]))
				return false;
	}
	return true;
}

bool hs_unpack_find(struct hs_cursor *cursor, const char *key)
{
	struct hs_str wanted = hs_str_of(key);
	uint32_t keys;

	if (!hs_unpack_map(cursor, &keys))
		return false;
	for (uint32_t i = 0; i < keys; i++) {
		struct hs_str found;

		if (!hs_unpack_bytes(cursor, &found))
			return false;
		if (hs_str_equal(found, wanted))
			return true;
		if (hs_unpack_skip(cursor) != HS_UNPACK_OK)
			return false;
	}
	return false;
}
