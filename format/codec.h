/* SPDX-License-Identifier: MIT */
/* codec.h: columns of integers as bytes, before compression. */
#ifndef HS_FORMAT_CODEC_H
#define HS_FORMAT_CODEC_H

#include "format/base/cursor.h"
#include "format/base/vector.h"
#include <stdint.h>

/* Bytes of the longest LEB128 integer of 64 bits. */
enum { HS_VARINT_MAX = 10 };

/* Raw bytes being made.  Zeroed memory is empty. */
struct hs_bytes {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

void hs_bytes_deinit(struct hs_bytes *bytes);

/* Make room for @more further bytes; false if memory ran out. */
bool hs_bytes_reserve(struct hs_bytes *bytes, size_t more);

/* Append @value as LEB128; there must be room for HS_VARINT_MAX bytes. */
static inline void hs_bytes_varint(struct hs_bytes *bytes, uint64_t value)
{
	uint8_t *at = bytes->data + bytes->size;

	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	bytes->size = (size_t)(at - bytes->data);
}

/* A difference modulo 2^64, small in either direction, as a small unsigned number. */
static inline uint64_t hs_zigzag(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static inline uint64_t hs_unzigzag(uint64_t code)
{
	return code >> 1 ^ (0 - (code & 1));
}

/*
 * The codecs of spec/format.md.  Encoders append to @bytes and are false if memory ran out.
 * Decoders fill @values with @count values and are false if the bytes are not exactly that.
 */
bool hs_encode_varint(struct hs_bytes *bytes, const uint64_t *values, size_t count);
bool hs_decode_varint(struct hs_cursor cursor, uint64_t *values, size_t count);
bool hs_encode_delta(struct hs_bytes *bytes, const uint64_t *values, size_t count);
bool hs_decode_delta(struct hs_cursor cursor, uint64_t *values, size_t count);
bool hs_encode_words(struct hs_bytes *bytes, const uint64_t *values, size_t count);
bool hs_decode_words(struct hs_cursor cursor, uint64_t *values, size_t count);

/*
 * Planes: the first bytes of the LEB128 of all values, then the second ones of those that have one,
 * and so on.  Bytes of one kind compress better among themselves.
 */
struct hs_plane_writer {
	struct hs_bytes *bytes;
	size_t count;
	unsigned int longest;
	uint8_t *planes[HS_VARINT_MAX]; /* each has room for all */
	size_t sizes[HS_VARINT_MAX];
};

/*
 * Make ready to append up to @count values whose LEB128 has up to @longest bytes to @bytes, which
 * must be left alone until hs_planes_end().  False if memory ran out.
 */
bool hs_planes_begin(struct hs_plane_writer *writer, struct hs_bytes *bytes, size_t count,
		     unsigned int longest);

static inline void hs_planes_put(struct hs_plane_writer *writer, uint64_t value)
{
	unsigned int plane = 0;

	for (; value >= 0x80; value >>= 7, plane++)
		writer->planes[plane][writer->sizes[plane]++] = (uint8_t)(value | 0x80);
	writer->planes[plane][writer->sizes[plane]++] = (uint8_t)value;
}

/* Close the planes up.  @cuts receives where each ends in the bytes; how many there are. */
size_t hs_planes_end(struct hs_plane_writer *writer, size_t cuts[HS_VARINT_MAX]);

struct hs_plane_reader {
	const uint8_t *at[HS_VARINT_MAX];
};

/* Check that @cursor has exactly @count values in planes, and make ready to read them. */
bool hs_planes_open(struct hs_plane_reader *reader, struct hs_cursor cursor, size_t count);

/* The next value; may be called as often as there are values. */
static inline uint64_t hs_planes_next(struct hs_plane_reader *reader)
{
	unsigned int plane = 0;
	uint8_t byte = *reader->at[0]++;
	uint64_t value = byte & 0x7f;

	while (byte & 0x80) {
		byte = *reader->at[++plane]++;
		value |= (uint64_t)(byte & 0x7f) << 7 * plane;
	}
	return value;
}

/*
 * Distinct values in the order of their first occurrence, and where each value stands in it.
 * For values below a bound; zeroed memory is not initialised.
 */
struct hs_dictionary {
	uint32_t *places; /* by value: place + 1, 0 if it did not occur */
	size_t bound;
	uint32_t *values;
	size_t size;
	size_t capacity;
};

bool hs_dictionary_init(struct hs_dictionary *dictionary, size_t bound);
void hs_dictionary_deinit(struct hs_dictionary *dictionary);

/*
 * Encode @values, replacing each by its place among the distinct ones.  The dictionary holds these
 * until the next call.
 */
bool hs_encode_dictionary(struct hs_bytes *bytes, uint32_t *values, size_t count,
			  struct hs_dictionary *dictionary);

/*
 * The reverse: @values are set to values, @places, if not NULL, to their places.  @scratch has
 * room for @count values and receives the distinct ones, *@distinct of them.  Values are below
 * @bound.
 */
bool hs_decode_dictionary(struct hs_cursor cursor, uint64_t bound, uint32_t *values,
			  uint32_t *places, uint32_t *scratch, size_t count, size_t *distinct);

#endif
