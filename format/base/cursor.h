/* SPDX-License-Identifier: MIT */
/* cursor.h: reading bytes that somebody else wrote; nothing outside the bounds is touched. */
#ifndef HS_BASE_CURSOR_H
#define HS_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Position in [begin, end).  A read that fails leaves it where it was. */
struct hs_cursor {
	const uint8_t *at;
	const uint8_t *begin;
	const uint8_t *end;
};

static inline struct hs_cursor hs_cursor_over(const void *data, size_t size)
{
	const uint8_t *bytes = data;

	return (struct hs_cursor){.at = bytes, .begin = bytes, .end = bytes + size};
}

/* Bytes that are left. */
static inline size_t hs_cursor_left(const struct hs_cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

/* Bytes from the beginning. */
static inline size_t hs_cursor_offset(const struct hs_cursor *cursor)
{
	return (size_t)(cursor->at - cursor->begin);
}

/* Take @size bytes; *@ret points into what the cursor reads. */
static inline bool hs_cursor_take(struct hs_cursor *cursor, uint64_t size, const uint8_t **ret)
{
	if (size > hs_cursor_left(cursor))
		return false;
	*ret = cursor->at;
	cursor->at += size;
	return true;
}

static inline bool hs_cursor_u8(struct hs_cursor *cursor, uint8_t *ret)
{
	if (cursor->at == cursor->end)
		return false;
	*ret = *cursor->at++;
	return true;
}

/* An unsigned integer of @size bytes, most significant first. */
static inline bool hs_cursor_big_endian(struct hs_cursor *cursor, size_t size, uint64_t *ret)
{
	const uint8_t *bytes;
	uint64_t value = 0;

	if (!hs_cursor_take(cursor, size, &bytes))
		return false;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | bytes[i];
	*ret = value;
	return true;
}

static inline bool hs_cursor_u64_le(struct hs_cursor *cursor, uint64_t *ret)
{
	const uint8_t *bytes;
	uint64_t value = 0;

	if (!hs_cursor_take(cursor, sizeof(value), &bytes))
		return false;
	for (size_t i = sizeof(value); i-- > 0;)
		value = value << 8 | bytes[i];
	*ret = value;
	return true;
}

/* The general case of hs_cursor_varint(). */
bool hs_cursor_varint_slow(struct hs_cursor *cursor, uint64_t *ret);

/* An unsigned LEB128 integer of at most 64 bits; false also if it is longer. */
static inline bool hs_cursor_varint(struct hs_cursor *cursor, uint64_t *ret)
{
	if (__builtin_expect(cursor->at != cursor->end && *cursor->at < 0x80, 1)) {
		*ret = *cursor->at++;
		return true;
	}
	return hs_cursor_varint_slow(cursor, ret);
}

#endif
