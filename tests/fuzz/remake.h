/* SPDX-License-Identifier: MIT */
/*
 * remake.h: a mutator of snapshot files that changes what a column says: its bytes before
 * compression.  Lengths, checksums and index are made to fit.
 */
#ifndef HS_TEST_REMAKE_H
#define HS_TEST_REMAKE_H

#include "format/base/error.h"
#include "format/base/str.h"
#include "rehash.h"
#include <msgpack.h>
#include <stdbool.h>
#include <stdlib.h>

/* Of libFuzzer, or of replay.c: change @size bytes at @data, which has room for @room. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

/* What libFuzzer calls in place of its own mutator; targets that have one define it. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed);

/* A file being made anew. */
struct remake {
	struct hs_file_image image;
	msgpack_sbuffer out;
	msgpack_packer packer;
	size_t section; /* whose column is changed */
	size_t column;
	uint8_t *raw; /* what it says now */
	size_t raw_size;
};

/* Choose a column, each as likely as the others; false: there is none. */
static inline bool remake_choose(struct remake *remake, unsigned int seed)
{
	struct hs_section_view view;
	size_t total = 0;
	struct hs_error *err;

	for (int round = 0; round < 2; round++) {
		size_t wanted = round && total ? seed % total : SIZE_MAX;
		size_t at = 0;

		for (size_t i = 0; i < remake->image.count; i++) {
			err = hs_section_view_init(&remake->image, i, 0, &view);
			if (err) {
				hs_error_destroy(err);
				return false;
			}
			if (wanted < at + view.column_count && wanted >= at) {
				remake->section = i;
				remake->column = wanted - at;
				return true;
			}
			at += view.column_count;
		}
		total = at;
	}
	return false;
}

/*
 * Change some numbers, mostly by one, so that there are as many as before: no high bit, which says
 * that LEB128 goes on, is touched.
 */
static inline void remake_numbers(uint8_t *raw, size_t size, unsigned int seed)
{
	unsigned int count = 1 + seed % 3;

	for (unsigned int i = 0; i < count; i++) {
		uint8_t *byte;
		uint8_t low;

		seed = seed * 1664525 + 1013904223; /* Knuth's */
		byte = &raw[(seed >> 8) % size];
		low = seed >> 30 == 3 ? (uint8_t)(seed >> 3)
				      : (uint8_t)(*byte + (seed >> 31 ? 1 : -1));
		*byte = (uint8_t)((*byte & 0x80) | (low & 0x7f));
	}
}

/* Take the raw bytes of the column that was chosen, and change them. */
static inline bool remake_mutate(struct remake *remake, size_t room, unsigned int seed)
{
	enum { MORE = 64 };
	struct hs_inflater inflater = {0};
	struct hs_section_view view;
	struct hs_cursor cursor = {0};
	size_t size = 0;
	struct hs_error *err = hs_section_view_init(&remake->image, remake->section, 0, &view);

	if (!err)
		err = hs_column_inflate(&view, &view.columns[remake->column], &inflater, &cursor);
	if (!err)
		size = hs_cursor_left(&cursor);
	remake->raw = !err && size <= room ? malloc(size + MORE) : NULL;
	if (remake->raw) {
		if (size)
			memcpy(remake->raw, cursor.at, size);
		remake->raw_size = size;
		if (size && seed % 2)
			remake_numbers(remake->raw, size, seed / 2);
		else
			remake->raw_size = LLVMFuzzerMutate(remake->raw, size, size + MORE);
	}
	hs_inflater_deinit(&inflater);
	hs_error_destroy(err);
	return remake->raw;
}

static inline void remake_bytes(struct remake *remake, const void *bytes, size_t size)
{
	msgpack_sbuffer_write(&remake->out, bytes, size);
}

static inline void remake_text(struct remake *remake, struct hs_str text)
{
	msgpack_pack_str(&remake->packer, text.size);
	msgpack_pack_str_body(&remake->packer, text.data, text.size);
}

/* The columns with their data, the changed one as it is now, not compressed. */
static inline size_t remake_columns(struct remake *remake, const struct hs_section_view *view)
{
	const uint8_t *data = remake->image.data;
	uint64_t total = 0;
	size_t head;

	remake_text(remake, hs_str_of("columns"));
	msgpack_pack_map(&remake->packer, view->column_count);
	for (size_t i = 0; i < view->column_count; i++) {
		struct hs_stored_column column = view->columns[i];

		if (i == remake->column) {
			column.raw = column.length = remake->raw_size;
			column.hash = XXH3_64bits(remake->raw, remake->raw_size);
		}
		remake_text(remake, column.name);
		msgpack_pack_array(&remake->packer, 4);
		msgpack_pack_uint64(&remake->packer, column.codec);
		msgpack_pack_uint64(&remake->packer, column.raw);
		msgpack_pack_uint64(&remake->packer, column.length);
		msgpack_pack_fix_uint64(&remake->packer, column.hash);
		total += column.length;
	}
	remake_text(remake, hs_str_of("data"));
	msgpack_pack_bin(&remake->packer, (size_t)total);
	head = remake->out.size;
	for (size_t i = 0; i < view->column_count; i++)
		if (i == remake->column)
			remake_bytes(remake, remake->raw, remake->raw_size);
		else
			remake_bytes(remake, data + view->columns[i].offset,
				     (size_t)view->columns[i].length);
	return head;
}

/* The section whose column was changed; *@head: how long its head is. */
static inline void remake_section(struct remake *remake, size_t *head)
{
	const struct hs_section *section = &remake->image.sections[remake->section];
	struct hs_section_view view;
	struct hs_error *err = hs_section_view_init(&remake->image, remake->section, 0, &view);
	size_t start = remake->out.size;
	struct hs_cursor cursor = view.map;

	hs_error_destroy(err); /* there was none the first time */
	msgpack_pack_array(&remake->packer, 2);
	msgpack_pack_uint64(&remake->packer, section->kind);
	msgpack_pack_map(&remake->packer, view.keys);
	for (uint32_t i = 0; i < view.keys; i++) {
		struct hs_cursor begin = cursor;
		struct hs_str key = {0};

		if (!hs_unpack_bytes(&cursor, &key) || hs_unpack_skip(&cursor) != HS_UNPACK_OK)
			break;
		if (!hs_str_equal(key, hs_str_of("columns")) &&
		    !hs_str_equal(key, hs_str_of("data")))
			remake_bytes(remake, begin.at, (size_t)(cursor.at - begin.at));
	}
	*head = remake_columns(remake, &view) - start;
}

/* Index, end and trailer for the sections at @entries. */
static inline void remake_end(struct remake *remake, const struct hs_section *entries)
{
	uint64_t index = remake->out.size;
	uint64_t numbers[2];

	msgpack_pack_array(&remake->packer, 2);
	msgpack_pack_uint64(&remake->packer, HS_SECTION_INDEX);
	msgpack_pack_map(&remake->packer, 1);
	remake_text(remake, hs_str_of("sections"));
	msgpack_pack_array(&remake->packer, remake->image.count);
	for (size_t i = 0; i < remake->image.count; i++) {
		msgpack_pack_array(&remake->packer, 5);
		msgpack_pack_uint64(&remake->packer, entries[i].kind);
		msgpack_pack_uint64(&remake->packer, entries[i].offset);
		msgpack_pack_uint64(&remake->packer, entries[i].length);
		msgpack_pack_uint64(&remake->packer, entries[i].head);
		msgpack_pack_fix_uint64(&remake->packer, entries[i].hash);
	}
	msgpack_pack_array(&remake->packer, 2);
	msgpack_pack_uint64(&remake->packer, HS_SECTION_END);
	msgpack_pack_map(&remake->packer, 1);
	remake_text(remake, hs_str_of("size"));
	msgpack_pack_fix_uint64(&remake->packer, remake->out.size + 9 + HS_TRAILER_SIZE);
	numbers[0] = index;
	numbers[1] = XXH3_64bits(remake->out.data + index, remake->out.size - index);
	for (int i = 0; i < 2; i++)
		for (int shift = 0; shift < 64; shift += 8)
			remake_bytes(remake, &(uint8_t){(uint8_t)(numbers[i] >> shift)}, 1);
	remake_bytes(remake, HS_MAGIC_END, HS_MAGIC_SIZE);
}

static inline void remake_file(struct remake *remake)
{
	struct hs_section *entries = calloc(remake->image.count + 1, sizeof(*entries));

	if (!entries)
		return;
	remake_bytes(remake, HS_MAGIC_BEGIN, HS_MAGIC_SIZE);
	for (size_t i = 0; i < remake->image.count; i++) {
		const struct hs_section *section = &remake->image.sections[i];
		size_t offset = remake->out.size;
		size_t head = (size_t)section->head;

		if (i == remake->section)
			remake_section(remake, &head);
		else
			remake_bytes(remake, remake->image.data + section->offset,
				     (size_t)section->length);
		entries[i] = (struct hs_section){
			.kind = section->kind,
			.offset = offset,
			.length = remake->out.size - offset,
			.head = head,
			.hash = XXH3_64bits(remake->out.data + offset, head),
		};
	}
	remake_end(remake, entries);
	free(entries);
}

/*
 * Change a column of the snapshot file of @size bytes at @data, which has room for @room.  Returns
 * its size then, 0 if that could not be done.
 */
static inline size_t remake(uint8_t *data, size_t size, size_t room, unsigned int seed)
{
	struct remake remake = {0};
	size_t done = 0;
	struct hs_error *err;

	rehash(data, size);
	err = hs_file_image_init(data, size, &remake.image);
	if (err) {
		hs_error_destroy(err);
		return 0;
	}
	msgpack_sbuffer_init(&remake.out);
	msgpack_packer_init(&remake.packer, &remake.out, msgpack_sbuffer_write);
	if (remake_choose(&remake, seed) && remake_mutate(&remake, room, seed / 64)) {
		remake_file(&remake);
		done = remake.out.size <= room ? remake.out.size : 0;
	}
	if (done)
		memcpy(data, remake.out.data, done);
	free(remake.raw);
	msgpack_sbuffer_destroy(&remake.out);
	hs_file_image_deinit(&remake.image);
	return done;
}

#endif
