/* SPDX-License-Identifier: MIT */
/*
 * fuzz_codec.c: what a codec makes of bytes it writes again, in no more bytes, and reads as the
 * same values; what it writes it reads.
 *
 * The first byte of an input says which codec, the second how many values.
 */
#include "format/codec.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stop(const char *why)
{
	fprintf(stderr, "%s\n", why);
	abort();
}

static bool encode_planes(struct hs_bytes *bytes, const uint64_t *values, size_t count)
{
	struct hs_plane_writer writer;
	size_t cuts[HS_VARINT_MAX];
	size_t planes;

	if (!hs_planes_begin(&writer, bytes, count, HS_VARINT_MAX))
		return false;
	for (size_t i = 0; i < count; i++)
		hs_planes_put(&writer, values[i]);
	planes = hs_planes_end(&writer, cuts);
	if (planes > HS_VARINT_MAX || (planes && cuts[planes - 1] != bytes->size))
		stop("planes do not end where they end");
	return true;
}

static bool decode_planes(struct hs_cursor cursor, uint64_t *values, size_t count)
{
	struct hs_plane_reader reader;

	if (!hs_planes_open(&reader, cursor, count))
		return false;
	for (size_t i = 0; i < count; i++)
		values[i] = hs_planes_next(&reader);
	return true;
}

static const struct codec {
	bool (*encode)(struct hs_bytes *bytes, const uint64_t *values, size_t count);
	bool (*decode)(struct hs_cursor cursor, uint64_t *values, size_t count);
} codecs[] = {
	{hs_encode_varint, hs_decode_varint},
	{hs_encode_delta, hs_decode_delta},
	{hs_encode_words, hs_decode_words},
	{encode_planes, decode_planes},
};

enum { CODECS = sizeof(codecs) / sizeof(*codecs), BOUND = 1000 };

/* Encode @values and see that they come back; @most: bytes that this may take, if not 0. */
static void check(const struct codec *codec, const uint64_t *values, size_t count, size_t most)
{
	struct hs_bytes bytes = {0};
	uint64_t *again = calloc(count + 1, sizeof(*again));

	if (!again || !codec->encode(&bytes, values, count))
		stop("memory");
	if (most && bytes.size > most)
		stop("what was read is longer written again");
	if (!codec->decode(hs_cursor_over(bytes.data, bytes.size), again, count) ||
	    (count && memcmp(values, again, count * sizeof(*values)) != 0))
		stop("what was written reads differently");
	hs_bytes_deinit(&bytes);
	free(again);
}

/* The same for a dictionary, whose values are below a bound. */
static void check_dictionary(struct hs_cursor cursor, size_t count)
{
	uint32_t *rooms = calloc(4 * (count + 1), sizeof(*rooms));
	uint32_t *places = rooms + count + 1;
	uint32_t *again = places + count + 1;
	uint32_t *scratch = again + count + 1;
	struct hs_dictionary dictionary;
	struct hs_bytes bytes = {0};
	size_t distinct;
	size_t found;

	if (!rooms || !hs_dictionary_init(&dictionary, BOUND))
		stop("memory");
	if (hs_decode_dictionary(cursor, BOUND, rooms, places, scratch, count, &distinct)) {
		memcpy(again, rooms, count * sizeof(*rooms));
		if (!hs_encode_dictionary(&bytes, again, count, &dictionary))
			stop("memory");
		if (!hs_decode_dictionary(hs_cursor_over(bytes.data, bytes.size), BOUND, again,
					  places, scratch, count, &found))
			stop("a dictionary that was written cannot be read");
		if (found > distinct || memcmp(rooms, again, count * sizeof(*rooms)) != 0)
			stop("a dictionary that was written reads differently");
	}
	hs_bytes_deinit(&bytes);
	hs_dictionary_deinit(&dictionary);
	free(rooms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct codec *codec;
	struct hs_cursor cursor;
	uint64_t *values;
	size_t count;

	if (size < 2)
		return 0;
	cursor = hs_cursor_over(data + 2, size - 2);
	if (data[0] % (CODECS + 1) == CODECS) {
		check_dictionary(cursor, data[1]);
		return 0;
	}
	codec = &codecs[data[0] % (CODECS + 1)];
	count = data[1];
	values = calloc(count + size, sizeof(*values));
	if (!values)
		stop("memory");
	if (codec->decode(cursor, values, count))
		check(codec, values, count, size - 2);
	/* The same bytes as values. */
	count = (size - 2) / sizeof(*values);
	if (count)
		memcpy(values, data + 2, count * sizeof(*values));
	check(codec, values, count, 0);
	free(values);
	return 0;
}
