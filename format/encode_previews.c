/* SPDX-License-Identifier: MIT */
/* encode_previews.c: the recorded values as sections. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/previewfile.h"

enum {
	SECTION_ROWS = 1 << 20, /* with which a section is closed */
	SECTION_BYTES = 1 << 26,
};

/* Values on their way into the file. */
struct encoder {
	const struct hs_previews *previews;
	struct hs_emitter *emitter;
	const struct hs_preview_row **rows; /* of the section, by kind, then by object */
	size_t count;
	uint64_t bytes;	  /* of their data */
	uint64_t *values; /* of a column */
};

/* Emit what @rows say of those of the kind @only, or of all if it is 0, as a column. */
#define COLUMN(name, codec, always, only, expression)                                              \
	({                                                                                         \
		size_t used_ = 0;                                                                  \
                                                                                                   \
		for (size_t i = 0; i < encoder->count; i++) {                                      \
			const struct hs_preview_row *row = encoder->rows[i];                       \
                                                                                                   \
			if (!(only) || row->kind == (only))                                        \
				encoder->values[used_++] = (expression);                           \
		}                                                                                  \
		hs_emit_values(encoder->emitter, name, codec, encoder->values, used_, always);     \
	})

static struct hs_error *emit_reals(struct encoder *encoder)
{
	struct hs_emitter *emitter = encoder->emitter;
	size_t used = 0;

	for (size_t i = 0; i < encoder->count; i++)
		if (encoder->rows[i]->kind == HS_PREVIEW_REAL)
			encoder->values[used++] = encoder->rows[i]->word;
	if (!used)
		return NULL;
	if (!hs_encode_words(&emitter->raw, encoder->values, used))
		return &hs_enomem;
	return hs_emit_column(emitter, "real", HS_CODEC_WORDS);
}

static struct hs_error *emit_data(struct encoder *encoder)
{
	struct hs_bytes *raw = &encoder->emitter->raw;

	if (!encoder->bytes)
		return NULL;
	if (!hs_bytes_reserve(raw, encoder->bytes))
		return &hs_enomem;
	for (size_t i = 0; i < encoder->count; i++) {
		const struct hs_preview_row *row = encoder->rows[i];

		if (!row->size)
			continue;
		memcpy(raw->data + raw->size, encoder->previews->data.data + row->word, row->size);
		raw->size += row->size;
	}
	return hs_emit_column(encoder->emitter, "bytes", HS_CODEC_BYTES);
}

static struct hs_error *emit_section(struct encoder *encoder)
{
	struct hs_error *err;

	if (!encoder->count)
		return NULL;
	hs_emit_field(encoder->emitter, "rows", encoder->count);
	err = COLUMN("object", HS_CODEC_DELTA, true, 0, row->object);
	if (!err)
		err = COLUMN("kind", HS_CODEC_VARINT, false, 0, row->kind);
	if (!err)
		err = COLUMN("size", HS_CODEC_VARINT, false, 0, row->size);
	if (!err)
		err = COLUMN("more", HS_CODEC_VARINT, false, 0, row->more);
	if (!err)
		err = COLUMN("integer", HS_CODEC_VARINT, false, HS_PREVIEW_INTEGER,
			     hs_zigzag(row->word));
	if (!err)
		err = emit_reals(encoder);
	if (!err)
		err = emit_data(encoder);
	if (!err)
		err = hs_emit_section(encoder->emitter, HS_SECTION_PREVIEWS);
	encoder->count = 0;
	encoder->bytes = 0;
	return err;
}

/* Add the values of @kind, by object: values of one kind are alike and compress well together. */
static struct hs_error *emit_kind(struct encoder *encoder, unsigned int kind, hs_id objects)
{
	struct hs_error *err = NULL;

	for (hs_id i = 0; !err && i < objects; i++) {
		const struct hs_preview_row *row;

		if (!encoder->previews->row_of[i])
			continue;
		row = &encoder->previews->rows.data[encoder->previews->row_of[i] - 1];
		if (row->kind != kind)
			continue;
		encoder->rows[encoder->count++] = row;
		encoder->bytes += row->size;
		if (encoder->count == SECTION_ROWS || encoder->bytes >= SECTION_BYTES)
			err = emit_section(encoder);
	}
	return err;
}

struct hs_error *hs_previews_encode(const struct hs_previews *previews, hs_id count,
				    struct hs_emitter *emitter)
{
	size_t room = previews->rows.size < SECTION_ROWS ? previews->rows.size : SECTION_ROWS;
	struct encoder encoder = {.previews = previews, .emitter = emitter};
	struct hs_error *err = NULL;

	if (!previews->row_of)
		return NULL;
	_cleanup_free_ const struct hs_preview_row **rows = calloc(room, sizeof(*rows));
	_cleanup_free_ uint64_t *values = calloc(room, sizeof(*values));
	if (!rows || !values)
		return &hs_enomem;
	encoder.rows = rows;
	encoder.values = values;
	for (unsigned int kind = 0; !err && kind < HS_PREVIEW_KIND_COUNT; kind++)
		err = emit_kind(&encoder, kind, count);
	return err ? err : emit_section(&encoder);
}
