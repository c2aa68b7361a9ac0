/* SPDX-License-Identifier: MIT */
/* decode_previews.c: the recorded values from their sections. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/previewfile.h"

/* A section on its way out of the file. */
struct decoder {
	const struct hs_file_image *image;
	struct hs_inflater *inflater;
	struct hs_previews *previews;
	hs_id objects;
	struct hs_section_view view;
	size_t first; /* of the section's rows */
	size_t count;
	uint64_t *values; /* of a column */
	size_t capacity;
};

bool hs_previews_present(const struct hs_file_image *image)
{
	for (size_t i = 0; i < image->count; i++)
		if (image->sections[i].kind == HS_SECTION_PREVIEWS)
			return true;
	return false;
}

static struct hs_error *damaged(const struct decoder *decoder, const char *name, const char *what)
{
	const struct hs_stored_column *column = hs_section_column(&decoder->view, name);

	if (!column)
		return hs_section_damaged(&decoder->view, "lacks the column \"%s\"", name);
	return hs_column_damaged(&decoder->view, column, what);
}

static bool decode(uint64_t codec, struct hs_cursor cursor, uint64_t *values, size_t count)
{
	if (codec == HS_CODEC_WORDS)
		return hs_decode_words(cursor, values, count);
	if (codec == HS_CODEC_DELTA)
		return hs_decode_delta(cursor, values, count);
	return hs_decode_varint(cursor, values, count);
}

/* Read @count values of column @name, zeros if it is not there; @words: in 8 bytes each. */
static struct hs_error *read_values(struct decoder *decoder, const char *name, size_t count,
				    bool words)
{
	const struct hs_stored_column *column = hs_section_column(&decoder->view, name);
	struct hs_cursor cursor;
	struct hs_error *err;

	if (!hs_vector_grow(&decoder->values, &decoder->capacity, sizeof(*decoder->values), count))
		return &hs_enomem;
	if (!column) {
		if (count)
			memset(decoder->values, 0, count * sizeof(*decoder->values));
		return NULL;
	}
	if (words ? column->codec != HS_CODEC_WORDS
		  : column->codec != HS_CODEC_VARINT && column->codec != HS_CODEC_DELTA)
		return damaged(decoder, name, "has a codec that does not exist");
	err = hs_column_inflate(&decoder->view, column, decoder->inflater, &cursor);
	if (err)
		return err;
	if (!decode(column->codec, cursor, decoder->values, count))
		return damaged(decoder, name, "has malformed values");
	return NULL;
}

/* The section's rows, all zero. */
static struct hs_error *make_rows(struct decoder *decoder)
{
	const struct hs_stored_column *column = hs_section_column(&decoder->view, "object");
	struct hs_previews *previews = decoder->previews;
	uint64_t rows = 0;
	struct hs_error *err = hs_section_uint(&decoder->view, "rows", &rows);

	if (err)
		return err;
	if (rows > decoder->objects || (rows && (!column || column->raw < rows)))
		return hs_section_damaged(&decoder->view, "has an impossible number of rows");
	decoder->first = previews->rows.size;
	decoder->count = (size_t)rows;
	if (!hs_vector_reserve(&previews->rows, decoder->first + decoder->count))
		return &hs_enomem;
	if (rows)
		memset(previews->rows.data + decoder->first, 0,
		       decoder->count * sizeof(*previews->rows.data));
	previews->rows.size += decoder->count;
	return NULL;
}

static struct hs_error *read_objects(struct decoder *decoder)
{
	struct hs_previews *previews = decoder->previews;
	struct hs_error *err = read_values(decoder, "object", decoder->count, false);

	for (size_t i = 0; !err && i < decoder->count; i++) {
		uint64_t object = decoder->values[i];

		if (object >= decoder->objects)
			return damaged(decoder, "object", "has values out of range");
		if (previews->row_of[object])
			return damaged(decoder, "object", "names an object twice");
		previews->rows.data[decoder->first + i].object = (hs_id)object;
		previews->row_of[object] = (uint32_t)(decoder->first + i) + 1;
	}
	return err;
}

/* Kinds that this reader does not know become 0, which is none. */
static struct hs_error *read_kinds(struct decoder *decoder)
{
	struct hs_preview_row *rows = decoder->previews->rows.data + decoder->first;
	struct hs_error *err = read_values(decoder, "kind", decoder->count, false);

	for (size_t i = 0; !err && i < decoder->count; i++)
		rows[i].kind = decoder->values[i] < HS_PREVIEW_KIND_COUNT
				       ? (uint8_t)decoder->values[i]
				       : 0;
	return err;
}

/* Sizes, where the bytes lie in the data, and the bytes themselves. */
static struct hs_error *read_data(struct decoder *decoder)
{
	const struct hs_stored_column *column = hs_section_column(&decoder->view, "bytes");
	struct hs_preview_row *rows = decoder->previews->rows.data + decoder->first;
	struct hs_bytes *data = &decoder->previews->data;
	struct hs_cursor cursor = hs_cursor_over("", 0);
	uint64_t total = 0;
	struct hs_error *err = read_values(decoder, "size", decoder->count, false);

	if (!err && column && column->codec != HS_CODEC_BYTES)
		err = damaged(decoder, "bytes", "has a codec that does not exist");
	if (!err && column)
		err = hs_column_inflate(&decoder->view, column, decoder->inflater, &cursor);
	if (err)
		return err;
	for (size_t i = 0; i < decoder->count; i++) {
		uint64_t size = decoder->values[i];

		if (size > UINT32_MAX || size > hs_cursor_left(&cursor) - total ||
		    (size && !hs_preview_has_data(rows[i].kind)))
			return damaged(decoder, "size", "has values out of range");
		rows[i].size = (uint32_t)size;
		rows[i].word = data->size + total;
		total += size;
	}
	if (total != hs_cursor_left(&cursor))
		return damaged(decoder, "bytes", "has data that belongs to no object");
	if (!hs_bytes_reserve(data, total))
		return &hs_enomem;
	if (total)
		memcpy(data->data + data->size, cursor.at, total);
	data->size += total;
	return NULL;
}

static struct hs_error *read_more(struct decoder *decoder)
{
	struct hs_preview_row *rows = decoder->previews->rows.data + decoder->first;
	struct hs_error *err = read_values(decoder, "more", decoder->count, false);

	for (size_t i = 0; !err && i < decoder->count; i++) {
		if (decoder->values[i] > UINT64_MAX - rows[i].size)
			return damaged(decoder, "more", "has values out of range");
		rows[i].more = decoder->values[i];
	}
	return err;
}

/* The numbers of @kind, one for each row of that kind. */
static struct hs_error *read_numbers(struct decoder *decoder, const char *name,
				     enum hs_preview_kind kind)
{
	struct hs_preview_row *rows = decoder->previews->rows.data + decoder->first;
	size_t count = 0;
	struct hs_error *err;

	for (size_t i = 0; i < decoder->count; i++)
		count += rows[i].kind == kind;
	err = read_values(decoder, name, count, kind == HS_PREVIEW_REAL);
	count = 0;
	for (size_t i = 0; !err && i < decoder->count; i++) {
		if (rows[i].kind != kind)
			continue;
		rows[i].word = kind == HS_PREVIEW_INTEGER ? hs_unzigzag(decoder->values[count])
							  : decoder->values[count];
		count++;
	}
	return err;
}

static struct hs_error *decode_section(struct decoder *decoder)
{
	struct hs_error *err = make_rows(decoder);

	if (!err)
		err = read_objects(decoder);
	if (!err)
		err = read_kinds(decoder);
	if (!err)
		err = read_data(decoder);
	if (!err)
		err = read_more(decoder);
	if (!err)
		err = read_numbers(decoder, "integer", HS_PREVIEW_INTEGER);
	return err ? err : read_numbers(decoder, "real", HS_PREVIEW_REAL);
}

struct hs_error *hs_previews_decode(const struct hs_file_image *image, hs_id count,
				    struct hs_inflater *inflater, struct hs_snapshot *snap)
{
	struct decoder decoder = {
		.image = image,
		.inflater = inflater,
		.previews = &snap->previews,
		.objects = count,
	};
	uint32_t number = 0;
	struct hs_error *err = NULL;

	if (!hs_previews_present(image))
		return NULL;
	if (!hs_previews_index(&snap->previews, count))
		return &hs_enomem;
	for (size_t i = 0; !err && i < image->count; i++) {
		if (image->sections[i].kind != HS_SECTION_PREVIEWS)
			continue;
		err = hs_section_view_init(image, i, number++, &decoder.view);
		if (!err)
			err = decode_section(&decoder);
	}
	free(decoder.values);
	return err;
}
