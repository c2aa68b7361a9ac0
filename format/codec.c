/* SPDX-License-Identifier: MIT */
/* codec.c: LEB128, differences, words, dictionaries. */
#include "format/codec.h"

#include <stdlib.h>

void hs_bytes_deinit(struct hs_bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct hs_bytes){0};
}

bool hs_bytes_reserve(struct hs_bytes *bytes, size_t more)
{
	size_t need;

	if (__builtin_add_overflow(bytes->size, more, &need))
		return false;
	return hs_vector_grow(&bytes->data, &bytes->capacity, 1, need ? need : 1);
}

static bool reserve_varints(struct hs_bytes *bytes, size_t count)
{
	size_t room;

	return !__builtin_mul_overflow(count, (size_t)HS_VARINT_MAX, &room) &&
	       hs_bytes_reserve(bytes, room);
}

bool hs_encode_varint(struct hs_bytes *bytes, const uint64_t *values, size_t count)
{
	if (!reserve_varints(bytes, count))
		return false;
	for (size_t i = 0; i < count; i++)
		hs_bytes_varint(bytes, values[i]);
	return true;
}

bool hs_decode_varint(struct hs_cursor cursor, uint64_t *values, size_t count)
{
	enum { AT_ONCE = sizeof(uint64_t) };
	size_t i = 0;

	while (i < count) {
		uint64_t word;

		/* Most values have one byte; look at several whether they all have. */
		if (count - i >= AT_ONCE && hs_cursor_left(&cursor) >= AT_ONCE) {
			memcpy(&word, cursor.at, AT_ONCE);
			if (!(word & UINT64_C(0x8080808080808080))) {
				for (size_t k = 0; k < AT_ONCE; k++)
					values[i + k] = cursor.at[k];
				cursor.at += AT_ONCE;
				i += AT_ONCE;
				continue;
			}
		}
		if (!hs_cursor_varint(&cursor, &values[i++]))
			return false;
	}
	return !hs_cursor_left(&cursor);
}

bool hs_encode_delta(struct hs_bytes *bytes, const uint64_t *values, size_t count)
{
	uint64_t last = 0;

	if (!reserve_varints(bytes, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		hs_bytes_varint(bytes, hs_zigzag(values[i] - last));
		last = values[i];
	}
	return true;
}

bool hs_decode_delta(struct hs_cursor cursor, uint64_t *values, size_t count)
{
	uint64_t last = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t code;

		if (!hs_cursor_varint(&cursor, &code))
			return false;
		last += hs_unzigzag(code);
		values[i] = last;
	}
	return !hs_cursor_left(&cursor);
}

bool hs_planes_begin(struct hs_plane_writer *writer, struct hs_bytes *bytes, size_t count,
		     unsigned int longest)
{
	size_t room;

	if (__builtin_mul_overflow(count, (size_t)longest, &room) || !hs_bytes_reserve(bytes, room))
		return false;
	*writer = (struct hs_plane_writer){.bytes = bytes, .count = count, .longest = longest};
	for (unsigned int plane = 0; plane < longest; plane++)
		writer->planes[plane] = bytes->data + bytes->size + plane * count;
	return true;
}

size_t hs_planes_end(struct hs_plane_writer *writer, size_t cuts[HS_VARINT_MAX])
{
	struct hs_bytes *bytes = writer->bytes;
	size_t count = 0;

	for (unsigned int plane = 0; plane < writer->longest && writer->sizes[plane]; plane++) {
		memmove(bytes->data + bytes->size, writer->planes[plane], writer->sizes[plane]);
		bytes->size += writer->sizes[plane];
		cuts[count++] = bytes->size;
	}
	return count;
}

/* How many of @count bytes say that another follows. */
static size_t count_continued(const uint8_t *bytes, size_t count)
{
	size_t continued = 0;

	for (size_t i = 0; i < count; i++)
		continued += bytes[i] >> 7;
	return continued;
}

bool hs_planes_open(struct hs_plane_reader *reader, struct hs_cursor cursor, size_t count)
{
	if (!count) /* the cursor may be one over nothing, which cannot be moved */
		return !hs_cursor_left(&cursor);
	for (unsigned int plane = 0; plane < HS_VARINT_MAX; plane++) {
		if (hs_cursor_left(&cursor) < count)
			return false;
		reader->at[plane] = cursor.at;
		cursor.at += count;
		/* The last of them has the 64th bit alone. */
		for (size_t i = 0; plane + 1 == HS_VARINT_MAX && i < count; i++)
			if (reader->at[plane][i] > 1)
				return false;
		count = count_continued(reader->at[plane], count);
	}
	return !count && !hs_cursor_left(&cursor);
}

bool hs_encode_words(struct hs_bytes *bytes, const uint64_t *values, size_t count)
{
	size_t room;

	if (__builtin_mul_overflow(count, sizeof(*values), &room) || !hs_bytes_reserve(bytes, room))
		return false;
	for (size_t i = 0; i < count; i++)
		for (unsigned int shift = 0; shift < 64; shift += 8)
			bytes->data[bytes->size++] = (uint8_t)(values[i] >> shift);
	return true;
}

bool hs_decode_words(struct hs_cursor cursor, uint64_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!hs_cursor_u64_le(&cursor, &values[i]))
			return false;
	return !hs_cursor_left(&cursor);
}

bool hs_dictionary_init(struct hs_dictionary *dictionary, size_t bound)
{
	*dictionary = (struct hs_dictionary){.bound = bound};
	dictionary->places = calloc(bound ? bound : 1, sizeof(*dictionary->places));
	return dictionary->places;
}

void hs_dictionary_deinit(struct hs_dictionary *dictionary)
{
	free(dictionary->places);
	free(dictionary->values);
	*dictionary = (struct hs_dictionary){0};
}

/* Find the distinct values among @values. */
static bool collect(struct hs_dictionary *dictionary, const uint32_t *values, size_t count)
{
	for (size_t i = 0; i < dictionary->size; i++)
		dictionary->places[dictionary->values[i]] = 0;
	dictionary->size = 0;
	for (size_t i = 0; i < count; i++) {
		if (dictionary->places[values[i]])
			continue;
		if (!hs_vector_grow(&dictionary->values, &dictionary->capacity,
				    sizeof(*dictionary->values), dictionary->size + 1))
			return false;
		dictionary->values[dictionary->size++] = values[i];
		dictionary->places[values[i]] = (uint32_t)dictionary->size;
	}
	return true;
}

bool hs_encode_dictionary(struct hs_bytes *bytes, uint32_t *values, size_t count,
			  struct hs_dictionary *dictionary)
{
	uint64_t last = 0;
	uint32_t used = 0;

	if (!collect(dictionary, values, count) ||
	    !reserve_varints(bytes, dictionary->size + count + 1))
		return false;
	hs_bytes_varint(bytes, dictionary->size);
	for (size_t i = 0; i < dictionary->size; i++) {
		hs_bytes_varint(bytes, hs_zigzag(dictionary->values[i] - last));
		last = dictionary->values[i];
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t place = dictionary->places[values[i]];

		if (place > used) {
			used = place;
			hs_bytes_varint(bytes, 0);
		} else {
			hs_bytes_varint(bytes, place);
		}
		values[i] = place - 1;
	}
	return true;
}

static int compare_values(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/*
 * Whether no value occurs twice: such a dictionary would part what is equal.  Hardly ever do they
 * have to be sorted for that, in @room.
 */
static bool are_distinct(const uint32_t *values, size_t count, uint32_t *room)
{
	enum { BITS = 1 << 16 };
	uint64_t seen[BITS / 64] = {0};
	size_t i;

	for (i = 0; i < count; i++) {
		uint64_t bit = UINT64_C(1) << values[i] % 64;
		uint64_t *word = &seen[values[i] % BITS / 64];

		if (*word & bit)
			break;
		*word |= bit;
	}
	if (i == count)
		return true;
	memcpy(room, values, count * sizeof(*values));
	qsort(room, count, sizeof(*room), compare_values);
	for (i = 1; i < count; i++)
		if (room[i] == room[i - 1])
			return false;
	return true;
}

bool hs_decode_dictionary(struct hs_cursor cursor, uint64_t bound, uint32_t *values,
			  uint32_t *places, uint32_t *scratch, size_t count, size_t *distinct)
{
	uint64_t last = 0;
	uint64_t code;
	uint64_t size;
	uint64_t used = 0;

	if (!hs_cursor_varint(&cursor, &size) || size > count)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!hs_cursor_varint(&cursor, &code))
			return false;
		last += hs_unzigzag(code);
		if (last >= bound)
			return false;
		scratch[i] = (uint32_t)last;
	}
	if (!are_distinct(scratch, (size_t)size, values))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!hs_cursor_varint(&cursor, &code))
			return false;
		if (!code) {
			if (used == size)
				return false;
			code = ++used;
		} else if (code > used) {
			return false;
		}
		values[i] = scratch[code - 1];
		if (places)
			places[i] = (uint32_t)code - 1;
	}
	*distinct = (size_t)size;
	return used == size && !hs_cursor_left(&cursor);
}
