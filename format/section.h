/* SPDX-License-Identifier: MIT */
/* section.h: the framing of a snapshot file, read from bytes in memory. */
#ifndef HS_FORMAT_SECTION_H
#define HS_FORMAT_SECTION_H

#include "format/base/cursor.h"
#include "format/layout.h"
#include <heapsnap/snapshot.h>
#include <zstd.h>

/* Where a section lies, as the index has it. */
struct hs_section {
	uint64_t kind;
	uint64_t offset; /* in the file */
	uint64_t length; /* bytes in all */
	uint64_t head;	 /* bytes before the data of its columns */
	uint64_t hash;	 /* XXH3 of the head */
};

/*
 * A file whose magic, trailer and index are in order: its sections lie end to end from the magic
 * to the index, each within the file.
 */
struct hs_file_image {
	const uint8_t *data; /* not owned */
	size_t size;
	struct hs_section *sections; /* without index and end */
	size_t count;
	uint64_t index_offset;
	uint64_t hash; /* XXH3 of index and end, and so of all that the file says */
};

/* Fill *@ret from @size bytes at @data. HS_ERROR_DAMAGED says where and what. */
struct hs_error *hs_file_image_init(const void *data, size_t size,
				    struct hs_file_image *ret) HS_MUST_CHECK;
void hs_file_image_deinit(struct hs_file_image *image);

/* A column as it is stored. */
struct hs_stored_column {
	struct hs_str name;
	uint64_t codec;
	uint64_t raw;	 /* bytes before compression */
	uint64_t offset; /* in the file */
	uint64_t length; /* bytes there */
	uint64_t hash;	 /* XXH3 of them */
};

/* A section whose head is intact and well-formed. */
struct hs_section_view {
	const struct hs_file_image *image;
	const struct hs_section *section;
	uint32_t number;      /* among the sections of its kind */
	struct hs_cursor map; /* at the first key */
	uint32_t keys;
	struct hs_stored_column columns[HS_MAX_COLUMNS];
	size_t column_count;
};

/* Check the head of section @index of @image, the @number-th of its kind, and look into it. */
struct hs_error *hs_section_view_init(const struct hs_file_image *image, size_t index,
				      uint32_t number, struct hs_section_view *ret) HS_MUST_CHECK;

/* The value of key @key of the section's map: false if it is not there. */
bool hs_section_find(const struct hs_section_view *view, const char *key, struct hs_cursor *value);

/* The same for an integer that must be there. */
struct hs_error *hs_section_uint(const struct hs_section_view *view, const char *key,
				 uint64_t *ret) HS_MUST_CHECK;

/* "damaged at byte OFFSET: section KIND: TEXT" */
struct hs_error *hs_section_damaged(const struct hs_section_view *view, const char *format, ...)
	HS_PRINTF(2, 3);

/* The same for a column. */
struct hs_error *hs_column_damaged(const struct hs_section_view *view,
				   const struct hs_stored_column *column, const char *text);

/* What decompressing needs; one for each thread.  Zeroed memory is valid. */
struct hs_inflater {
	ZSTD_DCtx *context;
	uint8_t *buffer;
	size_t capacity;
};

void hs_inflater_deinit(struct hs_inflater *inflater);

/* The column called @name, NULL if the section has none. */
const struct hs_stored_column *hs_section_column(const struct hs_section_view *view,
						 const char *name);

/*
 * Check and decompress @column.  *@ret reads its raw bytes, which stay valid until the next call
 * with the same @inflater.
 */
struct hs_error *hs_column_inflate(const struct hs_section_view *view,
				   const struct hs_stored_column *column,
				   struct hs_inflater *inflater,
				   struct hs_cursor *ret) HS_MUST_CHECK;

/* Check the hashes of everything in @view's columns without decompressing. */
struct hs_error *hs_section_check_columns(const struct hs_section_view *view) HS_MUST_CHECK;

/* What a kind of section is called; NULL for unknown ones. */
const char *hs_section_name(uint64_t kind);

#endif
