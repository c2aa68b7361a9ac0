/* SPDX-License-Identifier: MIT */
/* section.c: looking into one section and at its columns. */
#include "format/section.h"

#include "format/base/error.h"
#include "format/base/str.h"
#include "format/unpack.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

const char *hs_section_name(uint64_t kind)
{
	static const char *const names[HS_SECTION_KIND_COUNT] = {
		[HS_SECTION_HEADER] = "header",
		[HS_SECTION_STRINGS] = "strings",
		[HS_SECTION_TYPES] = "types",
		[HS_SECTION_SHAPES] = "shapes",
		[HS_SECTION_ROOTS] = "roots",
		[HS_SECTION_THREADS] = "threads",
		[HS_SECTION_FRAMES] = "frames",
		[HS_SECTION_REGIONS] = "regions",
		[HS_SECTION_EXTENTS] = "extents",
		[HS_SECTION_GAPS] = "gaps",
		[HS_SECTION_BLOCK] = "blocks",
		[HS_SECTION_PREVIEWS] = "previews",
		[HS_SECTION_SITES] = "sites",
		[HS_SECTION_INDEX] = "index",
		[HS_SECTION_END] = "end",
		[HS_SECTION_BASE] = "base",
		[HS_SECTION_COLLECTOR] = "collector",
	};

	return kind < HS_SECTION_KIND_COUNT ? names[kind] : NULL;
}

/* How a section is called in messages. */
static void describe(const struct hs_section_view *view, char *text, size_t size)
{
	const char *name = hs_section_name(view->section->kind);

	if (view->section->kind == HS_SECTION_BLOCK)
		snprintf(text, size, "block %" PRIu32, view->number);
	else if (name)
		snprintf(text, size, "section \"%s\"", name);
	else
		snprintf(text, size, "section of kind %" PRIu64, view->section->kind);
}

struct hs_error *hs_section_damaged(const struct hs_section_view *view, const char *format, ...)
{
	char where[64];
	char what[160];
	va_list args;

	describe(view, where, sizeof(where));
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return hs_error_create(HS_ERROR_DAMAGED, "damaged at byte %" PRIu64 ": %s %s",
			       view->section->offset, where, what);
}

struct hs_error *hs_column_damaged(const struct hs_section_view *view,
				   const struct hs_stored_column *column, const char *text)
{
	enum { NAME_SHOWN = 64 };
	int size = column->name.size < NAME_SHOWN ? (int)column->name.size : NAME_SHOWN;
	char where[64];

	describe(view, where, sizeof(where));
	return hs_error_create(HS_ERROR_DAMAGED,
			       "damaged at byte %" PRIu64 ": column \"%.*s\" of %s %s",
			       column->offset, size, column->name.data, where, text);
}

static bool read_column(struct hs_cursor *cursor, struct hs_stored_column *column)
{
	uint32_t count;

	if (!hs_unpack_bytes(cursor, &column->name) || !hs_unpack_array(cursor, &count) ||
	    count < 4 || !hs_unpack_uint(cursor, &column->codec) ||
	    !hs_unpack_uint(cursor, &column->raw) || !hs_unpack_uint(cursor, &column->length) ||
	    !hs_unpack_uint(cursor, &column->hash))
		return false;
	for (uint32_t i = 4; i < count; i++)
		if (hs_unpack_skip(cursor) != HS_UNPACK_OK)
			return false;
	return true;
}

/* Read the table of columns; they lie end to end after the head and fill the section. */
static struct hs_error *read_columns(struct hs_section_view *view)
{
	uint64_t offset = view->section->offset + view->section->head;
	uint64_t end = view->section->offset + view->section->length;
	struct hs_cursor cursor;
	uint32_t count = 0;

	if (hs_section_find(view, "columns", &cursor) && !hs_unpack_map(&cursor, &count))
		return hs_section_damaged(view, "has a malformed table of columns");
	if (count > HS_MAX_COLUMNS)
		return hs_section_damaged(view, "has too many columns");
	for (uint32_t i = 0; i < count; i++) {
		struct hs_stored_column *column = &view->columns[i];

		if (!read_column(&cursor, column))
			return hs_section_damaged(view, "has a malformed column");
		for (uint32_t j = 0; j < i; j++)
			if (hs_str_equal(column->name, view->columns[j].name))
				return hs_column_damaged(view, column, "is there twice");
		column->offset = offset;
		if (column->length > end - offset)
			return hs_column_damaged(view, column, "goes on after its end");
		if (column->raw < column->length ||
		    (column->raw > HS_RAW_FREE &&
		     (column->raw - HS_RAW_FREE) / HS_RAW_PER_BYTE > column->length))
			return hs_column_damaged(view, column, "has an impossible length");
		offset += column->length;
	}
	if (offset != end)
		return hs_section_damaged(view, "has data that belongs to no column");
	view->column_count = count;
	return NULL;
}

/*
 * Find the keys of the head.  Where there is data, it is the value of the last key, a bin whose
 * length is in the head and whose bytes are all that follows.
 */
static struct hs_error *read_head(struct hs_section_view *view)
{
	const struct hs_section *section = view->section;
	const uint8_t *head = view->image->data + section->offset;
	struct hs_cursor cursor = hs_cursor_over(head, (size_t)section->length);
	uint64_t kind;
	uint32_t items;

	if (!hs_unpack_array(&cursor, &items) || items != 2 || !hs_unpack_uint(&cursor, &kind) ||
	    kind != section->kind || !hs_unpack_map(&cursor, &view->keys))
		return hs_section_damaged(view, "is malformed");
	view->map = cursor;
	for (uint32_t i = 0; i < view->keys; i++) {
		struct hs_str key;
		struct hs_str data;

		if (!hs_unpack_bytes(&cursor, &key))
			return hs_section_damaged(view, "is malformed");
		if (i + 1 == view->keys && section->head < section->length) {
			if (!hs_str_equal(key, hs_str_of("data")) ||
			    !hs_unpack_bytes(&cursor, &data) ||
			    (const uint8_t *)data.data != head + section->head)
				return hs_section_damaged(view, "has misplaced data");
		} else if (hs_unpack_skip(&cursor) != HS_UNPACK_OK) {
			return hs_section_damaged(view, "is malformed");
		}
	}
	if (!hs_unpack_distinct(view->map, view->keys))
		return hs_section_damaged(view, "has a key twice, or more keys than there may be");
	if (hs_cursor_left(&cursor))
		return hs_section_damaged(view, "is shorter than the index says");
	return NULL;
}

struct hs_error *hs_section_view_init(const struct hs_file_image *image, size_t index,
				      uint32_t number, struct hs_section_view *ret)
{
	const struct hs_section *section = &image->sections[index];
	struct hs_error *err;

	ret->image = image;
	ret->section = section;
	ret->number = number;
	ret->column_count = 0;
	if (XXH3_64bits(image->data + section->offset, (size_t)section->head) != section->hash)
		return hs_section_damaged(ret, "fails its checksum");
	err = read_head(ret);
	return err ? err : read_columns(ret);
}

bool hs_section_find(const struct hs_section_view *view, const char *key, struct hs_cursor *value)
{
	struct hs_cursor cursor = view->map;
	struct hs_str wanted = hs_str_of(key);

	for (uint32_t i = 0; i < view->keys; i++) {
		struct hs_str found;

		if (!hs_unpack_bytes(&cursor, &found))
			return false;
		if (hs_str_equal(found, wanted)) {
			*value = cursor;
			return true;
		}
		if (hs_unpack_skip(&cursor) != HS_UNPACK_OK)
			return false;
	}
	return false;
}

struct hs_error *hs_section_uint(const struct hs_section_view *view, const char *key, uint64_t *ret)
{
	struct hs_cursor cursor;

	if (!hs_section_find(view, key, &cursor) || !hs_unpack_uint(&cursor, ret))
		return hs_section_damaged(view, "lacks the number \"%s\"", key);
	return NULL;
}

void hs_inflater_deinit(struct hs_inflater *inflater)
{
	ZSTD_freeDCtx(inflater->context);
	free(inflater->buffer);
	*inflater = (struct hs_inflater){0};
}

const struct hs_stored_column *hs_section_column(const struct hs_section_view *view,
						 const char *name)
{
	struct hs_str wanted = hs_str_of(name);

	for (size_t i = 0; i < view->column_count; i++)
		if (hs_str_equal(view->columns[i].name, wanted))
			return &view->columns[i];
	return NULL;
}

static struct hs_error *check_column(const struct hs_section_view *view,
				     const struct hs_stored_column *column)
{
	const uint8_t *stored = view->image->data + column->offset;

	if (XXH3_64bits(stored, (size_t)column->length) != column->hash)
		return hs_column_damaged(view, column, "fails its checksum");
	return NULL;
}

struct hs_error *hs_section_check_columns(const struct hs_section_view *view)
{
	struct hs_error *err = NULL;

	for (size_t i = 0; !err && i < view->column_count; i++)
		err = check_column(view, &view->columns[i]);
	return err;
}

static bool reserve(struct hs_inflater *inflater, size_t size)
{
	if (!inflater->context) {
		inflater->context = ZSTD_createDCtx();
		if (!inflater->context)
			return false;
	}
	if (size <= inflater->capacity)
		return true;
	free(inflater->buffer);
	inflater->capacity = 0;
	inflater->buffer = malloc(size);
	if (!inflater->buffer)
		return false;
	inflater->capacity = size;
	return true;
}

struct hs_error *hs_column_inflate(const struct hs_section_view *view,
				   const struct hs_stored_column *column,
				   struct hs_inflater *inflater, struct hs_cursor *ret)
{
	const uint8_t *stored = view->image->data + column->offset;
	struct hs_error *err = check_column(view, column);

	if (err)
		return err;
	if (column->raw == column->length) {
		*ret = hs_cursor_over(stored, (size_t)column->length);
		return NULL;
	}
	if (!reserve(inflater, (size_t)column->raw))
		return &hs_enomem;
	if (ZSTD_decompressDCtx(inflater->context, inflater->buffer, (size_t)column->raw, stored,
				(size_t)column->length) != column->raw)
		return hs_column_damaged(view, column, "cannot be decompressed");
	*ret = hs_cursor_over(inflater->buffer, (size_t)column->raw);
	return NULL;
}
