/* SPDX-License-Identifier: MIT */
/* image.c: magic, trailer and index of a snapshot file. */
#include "format/base/error.h"
#include "format/section.h"
#include "format/unpack.h"
#include <inttypes.h>
#include <stdlib.h>
#include <xxhash.h>

static struct hs_error *damaged(uint64_t offset, const char *what)
{
	return hs_error_create(HS_ERROR_DAMAGED, "damaged at byte %" PRIu64 ": %s", offset, what);
}

/*
 * The end is not where it should be.  Walk the sections from the beginning to tell a file that was
 * cut off from one that was changed or has something appended.
 */
static struct hs_error *explain_missing_end(const uint8_t *data, size_t size)
{
	struct hs_cursor cursor = hs_cursor_over(data, size);

	cursor.at += HS_MAGIC_SIZE;
	while (hs_cursor_left(&cursor)) {
		struct hs_cursor start = cursor;
		uint64_t kind = 0;
		uint32_t items = 0;

		switch (hs_unpack_skip(&cursor)) {
		case HS_UNPACK_OK:
			break;
		case HS_UNPACK_SHORT:
			return hs_error_create(HS_ERROR_DAMAGED,
					       "truncated at byte %zu: the section at byte %zu "
					       "goes on after the end of the file",
					       size, hs_cursor_offset(&start));
		case HS_UNPACK_BAD:
			return damaged(hs_cursor_offset(&start), "no section begins here");
		}
		if (!hs_unpack_array(&start, &items) || items != 2 ||
		    !hs_unpack_uint(&start, &kind))
			return damaged(hs_cursor_offset(&start), "no section begins here");
		if (kind == HS_SECTION_END)
			break;
	}
	if (hs_cursor_left(&cursor) < HS_TRAILER_SIZE)
		return hs_error_create(HS_ERROR_DAMAGED,
				       "truncated at byte %zu: the end of the file is missing",
				       size);
	return damaged(hs_cursor_offset(&cursor),
		       "the trailer is not intact or something was appended to the file");
}

static bool read_entry(struct hs_cursor *cursor, struct hs_section *section)
{
	uint32_t count;

	if (!hs_unpack_array(cursor, &count) || count < 5 ||
	    !hs_unpack_uint(cursor, &section->kind) || !hs_unpack_uint(cursor, &section->offset) ||
	    !hs_unpack_uint(cursor, &section->length) || !hs_unpack_uint(cursor, &section->head) ||
	    !hs_unpack_uint(cursor, &section->hash))
		return false;
	for (uint32_t i = 5; i < count; i++)
		if (hs_unpack_skip(cursor) != HS_UNPACK_OK)
			return false;
	return true;
}

/*
 * Whether there may be only one section of the kind, and there was one: @seen has a bit for each
 * kind.  Index and end are none of those that an index lists.
 */
static bool is_repeated(uint64_t kind, uint64_t *seen)
{
	const uint64_t many = UINT64_C(1) << HS_SECTION_BLOCK | UINT64_C(1) << HS_SECTION_PREVIEWS;
	uint64_t bit;

	if (kind >= HS_SECTION_KIND_COUNT)
		return false;
	bit = UINT64_C(1) << kind & ~many;
	if (*seen & bit)
		return true;
	*seen |= bit;
	return false;
}

/* Read the index's entries, which must lie end to end between the magic and the index. */
static struct hs_error *read_entries(struct hs_cursor cursor, struct hs_file_image *image)
{
	uint64_t seen = UINT64_C(1) << HS_SECTION_INDEX | UINT64_C(1) << HS_SECTION_END;
	uint64_t expected = HS_MAGIC_SIZE;
	uint32_t count;

	if (!hs_unpack_array(&cursor, &count))
		return damaged(image->index_offset, "the index has no list of sections");
	image->sections = calloc(count ? count : 1, sizeof(*image->sections));
	if (!image->sections)
		return &hs_enomem;
	image->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct hs_section *section = &image->sections[i];

		if (!read_entry(&cursor, section))
			return damaged(image->index_offset, "the index has a malformed entry");
		if (section->offset != expected || section->head > section->length ||
		    section->length > image->index_offset - expected)
			return damaged(image->index_offset,
				       "the index's sections do not lie end to end");
		if (is_repeated(section->kind, &seen))
			return damaged(section->offset,
				       "a section of a kind that was there before");
		expected += section->length;
	}
	if (expected != image->index_offset)
		return damaged(expected, "something lies between the sections and the index");
	return NULL;
}

/* Take a section of @kind from @cursor; *@map is set to its map. */
static bool take_section(struct hs_cursor *cursor, uint64_t kind, struct hs_cursor *map)
{
	struct hs_cursor inner = *cursor;
	uint64_t found;
	uint32_t items;
	uint32_t keys;

	if (!hs_unpack_array(&inner, &items) || items != 2 || !hs_unpack_uint(&inner, &found) ||
	    found != kind || hs_unpack_skip(cursor) != HS_UNPACK_OK)
		return false;
	*map = inner;
	return hs_unpack_map(&inner, &keys) && hs_unpack_distinct(inner, keys);
}

/* Read index and end, which lie between the index's offset and the trailer. */
static struct hs_error *read_index(struct hs_file_image *image)
{
	struct hs_cursor cursor = hs_cursor_over(image->data, image->size - HS_TRAILER_SIZE);
	struct hs_cursor index;
	struct hs_cursor end;
	uint64_t size;

	cursor.at += image->index_offset;
	if (!take_section(&cursor, HS_SECTION_INDEX, &index) ||
	    !take_section(&cursor, HS_SECTION_END, &end) || hs_cursor_left(&cursor))
		return damaged(image->index_offset, "the index is malformed");
	if (!hs_unpack_find(&end, "size") || !hs_unpack_uint(&end, &size) || size != image->size)
		return damaged(image->index_offset, "the file has not the size that it says");
	if (!hs_unpack_find(&index, "sections"))
		return damaged(image->index_offset, "the index has no list of sections");
	return read_entries(index, image);
}

static struct hs_error *read_image(struct hs_file_image *image)
{
	const uint8_t *data = image->data;
	size_t size = image->size;
	struct hs_cursor trailer;

	if (size < HS_MAGIC_SIZE || memcmp(data, HS_MAGIC_BEGIN, HS_MAGIC_SIZE)) {
		if (size && size < HS_MAGIC_SIZE && !memcmp(data, HS_MAGIC_BEGIN, size))
			return hs_error_create(HS_ERROR_DAMAGED,
					       "truncated at byte %zu: nothing but a part of the "
					       "magic number is left",
					       size);
		return hs_error_create(HS_ERROR_DAMAGED, "not a heapsnap snapshot");
	}
	if (size < HS_MAGIC_SIZE + HS_TRAILER_SIZE ||
	    memcmp(data + size - HS_MAGIC_SIZE, HS_MAGIC_END, HS_MAGIC_SIZE))
		return explain_missing_end(data, size);
	trailer = hs_cursor_over(data + size - HS_TRAILER_SIZE, HS_TRAILER_SIZE);
	if (!hs_cursor_u64_le(&trailer, &image->index_offset) ||
	    !hs_cursor_u64_le(&trailer, &image->hash) || image->index_offset < HS_MAGIC_SIZE ||
	    image->index_offset > size - HS_TRAILER_SIZE)
		return damaged(size - HS_TRAILER_SIZE, "the trailer points nowhere");
	if (XXH3_64bits(data + image->index_offset,
			size - HS_TRAILER_SIZE - (size_t)image->index_offset) != image->hash)
		return damaged(image->index_offset, "the index fails its checksum");
	return read_index(image);
}

struct hs_error *hs_file_image_init(const void *data, size_t size, struct hs_file_image *ret)
{
	struct hs_file_image image = {.data = data, .size = size};
	struct hs_error *err = read_image(&image);

	if (err) {
		hs_file_image_deinit(&image);
		return err;
	}
	*ret = image;
	return NULL;
}

void hs_file_image_deinit(struct hs_file_image *image)
{
	free(image->sections);
	image->sections = NULL;
	image->count = 0;
}
