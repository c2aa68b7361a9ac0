/* SPDX-License-Identifier: MIT */
/* emit.c: MessagePack sections, their columns, index and trailer. */
#include "format/emit.h"

#include "format/base/error.h"
#include "format/base/str.h"
#include <stdlib.h>
#include <xxhash.h>
#include <zstd_errors.h>

void hs_packer_init(struct hs_packer *packer)
{
	msgpack_sbuffer_init(&packer->buffer);
	msgpack_packer_init(&packer->packer, &packer->buffer, msgpack_sbuffer_write);
	packer->failed = false;
}

void hs_packer_deinit(struct hs_packer *packer)
{
	msgpack_sbuffer_destroy(&packer->buffer);
}

void hs_pack_map(struct hs_packer *packer, size_t count)
{
	if (count > UINT32_MAX || msgpack_pack_map(&packer->packer, count))
		packer->failed = true;
}

void hs_pack_array(struct hs_packer *packer, size_t count)
{
	if (count > UINT32_MAX || msgpack_pack_array(&packer->packer, count))
		packer->failed = true;
}

void hs_pack_uint(struct hs_packer *packer, uint64_t value)
{
	if (msgpack_pack_uint64(&packer->packer, value))
		packer->failed = true;
}

void hs_pack_text(struct hs_packer *packer, const char *text)
{
	size_t size = strlen(text);

	if (msgpack_pack_str(&packer->packer, size) ||
	    msgpack_pack_str_body(&packer->packer, text, size))
		packer->failed = true;
}

void hs_pack_bin(struct hs_packer *packer, struct hs_str bytes)
{
	if (bytes.size > UINT32_MAX || msgpack_pack_bin(&packer->packer, bytes.size) ||
	    (bytes.size && msgpack_pack_bin_body(&packer->packer, bytes.data, bytes.size)))
		packer->failed = true;
}

struct hs_error *hs_emitter_init(struct hs_emitter *emitter, struct hs_file_writer *file, int level)
{
	*emitter = (struct hs_emitter){.file = file, .context = ZSTD_createCCtx()};
	if (!emitter->context)
		return &hs_enomem;
	ZSTD_CCtx_setParameter(emitter->context, ZSTD_c_compressionLevel, level);
	if (file)
		hs_file_writer_write(file, HS_MAGIC_BEGIN, HS_MAGIC_SIZE);
	return NULL;
}

void hs_emitter_deinit(struct hs_emitter *emitter)
{
	ZSTD_freeCCtx(emitter->context);
	hs_bytes_deinit(&emitter->raw);
	hs_bytes_deinit(&emitter->data);
	hs_vector_deinit(&emitter->index);
}

void hs_emit_field(struct hs_emitter *emitter, const char *key, uint64_t value)
{
	emitter->fields[emitter->field_count].key = key;
	emitter->fields[emitter->field_count++].value = value;
}

/*
 * Lengthen a frame of *@length bytes that is so dense that a reader would take it for a bomb: a
 * skippable frame follows it.  False if memory ran out.
 */
static bool pad(struct hs_emitter *emitter, size_t *length)
{
	enum { PAD_HEAD = 8 };
	static const uint8_t magic[4] = {0x50, 0x2a, 0x4d, 0x18};
	struct hs_bytes *data = &emitter->data;
	size_t raw = emitter->raw.size;
	size_t fill;
	uint8_t *at;

	if (raw <= HS_RAW_FREE || (raw - HS_RAW_FREE) / HS_RAW_PER_BYTE <= *length)
		return true;
	fill = (raw - HS_RAW_FREE) / HS_RAW_PER_BYTE - *length;
	if (!hs_bytes_reserve(data, *length + PAD_HEAD + fill))
		return false;
	at = data->data + data->size + *length;
	memset(at, 0, PAD_HEAD + fill);
	memcpy(at, magic, sizeof(magic));
	for (int i = 0; i < 4; i++)
		at[4 + i] = (uint8_t)(fill >> 8 * i);
	*length += PAD_HEAD + fill;
	return true;
}

/* Compress the raw bytes [@begin, @end) into a frame at @length behind the data; move @length on.
 */
static struct hs_error *deflate_part(struct hs_emitter *emitter, size_t begin, size_t end,
				     size_t *length)
{
	struct hs_bytes *data = &emitter->data;
	size_t bound = ZSTD_compressBound(end - begin);
	size_t result;

	if (ZSTD_isError(bound) || !hs_bytes_reserve(data, *length + bound))
		return &hs_enomem;
	result = ZSTD_compress2(emitter->context, data->data + data->size + *length, bound,
				emitter->raw.data + begin, end - begin);
	if (ZSTD_isError(result)) {
		if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
			return &hs_enomem;
		return hs_error_create(HS_ERROR_FAILED, "compressing a column: %s",
				       ZSTD_getErrorName(result));
	}
	*length += result;
	return NULL;
}

/* Compress the raw bytes behind the data; *@length is what they take. */
static struct hs_error *deflate(struct hs_emitter *emitter, size_t *length)
{
	const struct hs_bytes *raw = &emitter->raw;
	struct hs_bytes *data = &emitter->data;
	struct hs_error *err = NULL;
	size_t result = 0;
	size_t begin = 0;

	for (size_t i = 0; !err && i + 1 < emitter->cut_count; i++) {
		err = deflate_part(emitter, begin, emitter->cuts[i], &result);
		begin = emitter->cuts[i];
	}
	emitter->cut_count = 0;
	if (!err)
		err = deflate_part(emitter, begin, raw->size, &result);
	if (err)
		return err;
	if (!pad(emitter, &result))
		return &hs_enomem;
	if (result >= raw->size) {
		if (raw->size)
			memcpy(data->data + data->size, raw->data, raw->size);
		result = raw->size;
	}
	*length = result;
	return NULL;
}

struct hs_error *hs_emit_column(struct hs_emitter *emitter, const char *name, enum hs_codec codec)
{
	struct hs_bytes *data = &emitter->data;
	size_t length = 0;
	struct hs_error *err = deflate(emitter, &length);

	if (err)
		return err;
	emitter->columns[emitter->column_count++] = (struct hs_stored_column){
		.name = hs_str_of(name),
		.codec = codec,
		.raw = emitter->raw.size,
		.length = length,
		.hash = XXH3_64bits(data->data + data->size, length),
	};
	data->size += length;
	emitter->raw.size = 0;
	return NULL;
}

struct hs_error *hs_emit_values(struct hs_emitter *emitter, const char *name, enum hs_codec codec,
				const uint64_t *values, size_t count, bool always)
{
	size_t i = 0;
	bool done;

	while (i < count && !values[i])
		i++;
	if (i == count && (!always || !count))
		return NULL;
	done = codec == HS_CODEC_DELTA ? hs_encode_delta(&emitter->raw, values, count)
				       : hs_encode_varint(&emitter->raw, values, count);
	return done ? hs_emit_column(emitter, name, codec) : &hs_enomem;
}

/* Write @head and @data and enter both into the index. */
static struct hs_error *write_section(struct hs_emitter *emitter, enum hs_section_kind kind,
				      const msgpack_sbuffer *head, const struct hs_bytes *data)
{
	struct hs_section section = {
		.kind = kind,
		.offset = hs_file_writer_offset(emitter->file),
		.length = head->size + data->size,
		.head = head->size,
		.hash = XXH3_64bits(head->data, head->size),
	};

	hs_file_writer_write(emitter->file, head->data, head->size);
	hs_file_writer_write(emitter->file, data->data, data->size);
	return hs_vector_push(&emitter->index, section) ? NULL : &hs_enomem;
}

static void pack_columns(struct hs_packer *packer, const struct hs_emitter *emitter)
{
	hs_pack_text(packer, "columns");
	hs_pack_map(packer, emitter->column_count);
	for (size_t i = 0; i < emitter->column_count; i++) {
		const struct hs_stored_column *column = &emitter->columns[i];

		hs_pack_text(packer, column->name.data);
		hs_pack_array(packer, 4);
		hs_pack_uint(packer, column->codec);
		hs_pack_uint(packer, column->raw);
		hs_pack_uint(packer, column->length);
		hs_pack_uint(packer, column->hash);
	}
	hs_pack_text(packer, "data");
	if (msgpack_pack_bin(&packer->packer, emitter->data.size))
		packer->failed = true;
}

/* The head of the section of fields and columns. */
static struct hs_error *make_head(struct hs_emitter *emitter, enum hs_section_kind kind,
				  struct hs_packer *packer)
{
	if (emitter->data.size > UINT32_MAX)
		return hs_error_create(HS_ERROR_FAILED, "section \"%s\" is larger than 4 GiB",
				       hs_section_name(kind));
	hs_pack_array(packer, 2);
	hs_pack_uint(packer, kind);
	hs_pack_map(packer, emitter->field_count + 2);
	for (size_t i = 0; i < emitter->field_count; i++) {
		hs_pack_text(packer, emitter->fields[i].key);
		hs_pack_uint(packer, emitter->fields[i].value);
	}
	pack_columns(packer, emitter);
	emitter->field_count = 0;
	emitter->column_count = 0;
	return packer->failed ? &hs_enomem : NULL;
}

struct hs_error *hs_emit_section(struct hs_emitter *emitter, enum hs_section_kind kind)
{
	struct hs_packer packer;
	struct hs_error *err;

	hs_packer_init(&packer);
	err = make_head(emitter, kind, &packer);
	if (!err)
		err = write_section(emitter, kind, &packer.buffer, &emitter->data);
	hs_packer_deinit(&packer);
	emitter->data.size = 0;
	return err;
}

void hs_made_section_deinit(struct hs_made_section *made)
{
	msgpack_sbuffer_destroy(&made->head);
	hs_bytes_deinit(&made->data);
	*made = (struct hs_made_section){0};
}

struct hs_error *hs_emit_make(struct hs_emitter *emitter, enum hs_section_kind kind,
			      struct hs_made_section *ret)
{
	struct hs_packer packer;
	struct hs_error *err;

	hs_packer_init(&packer);
	err = make_head(emitter, kind, &packer);
	if (err) {
		hs_packer_deinit(&packer);
		return err;
	}
	*ret = (struct hs_made_section){
		.kind = kind,
		.head = packer.buffer,
		.data = emitter->data,
	};
	emitter->data = (struct hs_bytes){0};
	return NULL;
}

struct hs_error *hs_emit_made(struct hs_emitter *emitter, struct hs_made_section *made)
{
	struct hs_error *err = write_section(emitter, made->kind, &made->head, &made->data);

	hs_made_section_deinit(made);
	return err;
}

struct hs_error *hs_emit_map(struct hs_emitter *emitter, enum hs_section_kind kind,
			     const msgpack_sbuffer *map)
{
	const struct hs_bytes no_data = {0};
	struct hs_packer packer;
	struct hs_error *err;

	hs_packer_init(&packer);
	hs_pack_array(&packer, 2);
	hs_pack_uint(&packer, kind);
	if (msgpack_sbuffer_write(&packer.buffer, map->data, map->size))
		packer.failed = true;
	err = packer.failed ? &hs_enomem : write_section(emitter, kind, &packer.buffer, &no_data);
	hs_packer_deinit(&packer);
	return err;
}

static void pack_index(struct hs_packer *packer, const struct hs_emitter *emitter)
{
	hs_pack_array(packer, 2);
	hs_pack_uint(packer, HS_SECTION_INDEX);
	hs_pack_map(packer, 1);
	hs_pack_text(packer, "sections");
	hs_pack_array(packer, emitter->index.size);
	for (size_t i = 0; i < emitter->index.size; i++) {
		const struct hs_section *section = &emitter->index.data[i];

		hs_pack_array(packer, 5);
		hs_pack_uint(packer, section->kind);
		hs_pack_uint(packer, section->offset);
		hs_pack_uint(packer, section->length);
		hs_pack_uint(packer, section->head);
		hs_pack_uint(packer, section->hash);
	}
}

/* The end section says how long the file is, in nine bytes, whatever the length. */
static void pack_end(struct hs_packer *packer, uint64_t index_offset)
{
	enum { SIZE_BYTES = 9 };

	hs_pack_array(packer, 2);
	hs_pack_uint(packer, HS_SECTION_END);
	hs_pack_map(packer, 1);
	hs_pack_text(packer, "size");
	if (msgpack_pack_fix_uint64(&packer->packer, index_offset + packer->buffer.size +
							     SIZE_BYTES + HS_TRAILER_SIZE))
		packer->failed = true;
}

static void put_u64_le(uint8_t *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

struct hs_error *hs_emit_end(struct hs_emitter *emitter)
{
	uint64_t offset = hs_file_writer_offset(emitter->file);
	uint8_t trailer[HS_TRAILER_SIZE];
	struct hs_packer packer;
	bool failed;

	hs_packer_init(&packer);
	pack_index(&packer, emitter);
	pack_end(&packer, offset);
	failed = packer.failed;
	if (!failed) {
		put_u64_le(trailer, offset);
		put_u64_le(trailer + 8, XXH3_64bits(packer.buffer.data, packer.buffer.size));
		memcpy(trailer + 16, HS_MAGIC_END, HS_MAGIC_SIZE);
		hs_file_writer_write(emitter->file, packer.buffer.data, packer.buffer.size);
		hs_file_writer_write(emitter->file, trailer, sizeof(trailer));
	}
	hs_packer_deinit(&packer);
	return failed ? &hs_enomem : NULL;
}
