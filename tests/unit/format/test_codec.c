/* SPDX-License-Identifier: MIT */
/* test_codec.c: codecs give back what they were given and refuse what they did not write. */
#include "hs_cmocka.h"

#include "format/codec.h"
#include "format/unpack.h"
#include <msgpack.h>
#include <stdlib.h>

static const uint64_t numbers[] = {
	0,	    1,
	127,	    128,
	16383,	    16384,
	UINT32_MAX, 1ULL << 32,
	1ULL << 56, (1ULL << 63) - 1,
	1ULL << 63, UINT64_MAX - 1,
	UINT64_MAX, 0,
};

enum { COUNT = sizeof(numbers) / sizeof(*numbers) };

typedef bool encode_fn(struct hs_bytes *bytes, const uint64_t *values, size_t count);
typedef bool decode_fn(struct hs_cursor cursor, uint64_t *values, size_t count);

static void check_codec(encode_fn *encode, decode_fn *decode)
{
	struct hs_bytes bytes = {0};
	uint64_t values[COUNT];

	assert_true(encode(&bytes, numbers, COUNT));
	assert_true(decode(hs_cursor_over(bytes.data, bytes.size), values, COUNT));
	assert_memory_equal(values, numbers, sizeof(numbers));
	for (size_t size = 0; size < bytes.size; size++) {
		uint8_t *part = malloc(size ? size : 1);

		memcpy(part, bytes.data, size);
		assert_false(decode(hs_cursor_over(part, size), values, COUNT));
		free(part);
	}
	assert_false(decode(hs_cursor_over(bytes.data, bytes.size), values, COUNT - 1));
	hs_bytes_deinit(&bytes);
}

static void integers(void **state)
{
	(void)state;
	check_codec(hs_encode_varint, hs_decode_varint);
	check_codec(hs_encode_delta, hs_decode_delta);
	check_codec(hs_encode_words, hs_decode_words);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(hs_unzigzag(hs_zigzag(numbers[i])), numbers[i]);
	assert_int_equal(hs_zigzag(0 - UINT64_C(1)), 1);
	assert_int_equal(hs_zigzag(1), 2);
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
	assert_int_equal(planes, HS_VARINT_MAX);
	assert_int_equal(cuts[0], count);
	assert_int_equal(cuts[planes - 1], bytes->size);
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

static void planes(void **state)
{
	static const uint8_t too_long[HS_VARINT_MAX] = {0x80, 0x80, 0x80, 0x80, 0x80,
							0x80, 0x80, 0x80, 0x80, 0x02};
	struct hs_bytes bytes = {0};
	struct hs_plane_writer writer;
	struct hs_plane_reader reader;
	size_t cuts[HS_VARINT_MAX];

	(void)state;
	check_codec(encode_planes, decode_planes);
	assert_true(hs_planes_begin(&writer, &bytes, 0, 5));
	assert_int_equal(hs_planes_end(&writer, cuts), 0);
	assert_true(hs_planes_open(&reader, hs_cursor_over(bytes.data, 0), 0));
	assert_false(hs_planes_open(&reader, hs_cursor_over(too_long, sizeof(too_long)), 1));
	hs_bytes_deinit(&bytes);
}

static void overlong_varints(void **state)
{
	static const uint8_t eleven[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					 0x80, 0x80, 0x80, 0x80, 0x00};
	static const uint8_t beyond[] = {0xff, 0xff, 0xff, 0xff, 0xff,
					 0xff, 0xff, 0xff, 0xff, 0x02};
	uint64_t value;

	(void)state;
	assert_false(hs_decode_varint(hs_cursor_over(eleven, sizeof(eleven)), &value, 1));
	assert_false(hs_decode_varint(hs_cursor_over(beyond, sizeof(beyond)), &value, 1));
}

static void dictionary(void **state)
{
	static const uint32_t original[] = {7, 7, 3, 900, 7, 0, 900, 3, 3, 7};
	static const uint32_t expected_places[] = {0, 0, 1, 2, 0, 3, 2, 1, 1, 0};
	enum { SIZE = sizeof(original) / sizeof(*original) };
	struct hs_dictionary encoder;
	struct hs_bytes bytes = {0};
	uint32_t values[SIZE];
	uint32_t places[SIZE];
	uint32_t scratch[SIZE];
	size_t distinct;

	(void)state;
	assert_true(hs_dictionary_init(&encoder, 901));
	for (int round = 0; round < 2; round++) {
		bytes.size = 0;
		memcpy(values, original, sizeof(values));
		assert_true(hs_encode_dictionary(&bytes, values, SIZE, &encoder));
		assert_memory_equal(values, expected_places, sizeof(values));
	}
	assert_true(hs_decode_dictionary(hs_cursor_over(bytes.data, bytes.size), 901, values,
					 places, scratch, SIZE, &distinct));
	assert_int_equal(distinct, 4);
	assert_memory_equal(values, original, sizeof(values));
	assert_memory_equal(places, expected_places, sizeof(values));
	assert_false(hs_decode_dictionary(hs_cursor_over(bytes.data, bytes.size), 900, values,
					  places, scratch, SIZE, &distinct));
	for (size_t size = 0; size < bytes.size; size++)
		assert_false(hs_decode_dictionary(hs_cursor_over(bytes.data, size), 901, values,
						  places, scratch, SIZE, &distinct));
	hs_bytes_deinit(&bytes);
	hs_dictionary_deinit(&encoder);
}

static void malformed_dictionaries(void **state)
{
	static const struct {
		size_t size;
		uint8_t bytes[6];
	} cases[] = {
		{4, {1, 2, 1, 1}},    /* refers to what has not occurred */
		{4, {1, 2, 0, 0}},    /* a second one that does not exist */
		{5, {2, 2, 2, 0, 1}}, /* one that never occurs */
		{5, {3, 2, 2, 2, 0}}, /* more distinct values than values */
		{5, {1, 2, 0, 1, 1}}, /* something behind the end */
		{4, {1, 1, 0, 1}},    /* a value below zero */
		{5, {2, 2, 0, 0, 0}}, /* one that occurs twice among them */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t values[2];
		uint32_t scratch[2];
		size_t distinct;

		assert_false(hs_decode_dictionary(hs_cursor_over(cases[i].bytes, cases[i].size), 10,
						  values, NULL, scratch, 2, &distinct));
	}
}

/* Values that differ in what is above sixteen bits alone. */
static void far_values(void **state)
{
	enum { BOUND = 1 << 20 };
	uint32_t values[] = {5, 65541, 5, 131077, 65541};
	uint32_t decoded[5];
	uint32_t scratch[5];
	struct hs_dictionary encoder;
	struct hs_bytes bytes = {0};
	size_t distinct;

	(void)state;
	assert_true(hs_dictionary_init(&encoder, BOUND));
	assert_true(hs_encode_dictionary(&bytes, values, 5, &encoder));
	assert_true(hs_decode_dictionary(hs_cursor_over(bytes.data, bytes.size), BOUND, decoded,
					 NULL, scratch, 5, &distinct));
	assert_int_equal(distinct, 3);
	assert_int_equal(decoded[3], 131077);
	hs_bytes_deinit(&bytes);
	hs_dictionary_deinit(&encoder);
}

/* Our reader skips what the library writes, item by item, and sees every cut. */
static void unpack_agrees_with_the_library(void **state)
{
	msgpack_sbuffer buffer;
	msgpack_packer packer;
	struct hs_cursor cursor;
	uint64_t number;
	struct hs_str text;
	uint32_t count;

	(void)state;
	msgpack_sbuffer_init(&buffer);
	msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
	msgpack_pack_array(&packer, 12);
	msgpack_pack_nil(&packer);
	msgpack_pack_double(&packer, 1.5);
	msgpack_pack_float(&packer, 1.5);
	msgpack_pack_int64(&packer, INT64_MIN);
	msgpack_pack_int(&packer, -1);
	msgpack_pack_str_with_body(&packer, "text", 4);
	msgpack_pack_bin_with_body(&packer, "\0\1", 2);
	msgpack_pack_ext_with_body(&packer, "abcd", 4, 1);
	msgpack_pack_ext_with_body(&packer, "abcde", 5, 1);
	msgpack_pack_map(&packer, 2);
	msgpack_pack_true(&packer);
	msgpack_pack_array(&packer, 20);
	for (size_t i = 0; i < 20; i++)
		msgpack_pack_uint64(&packer, numbers[i % COUNT]);
	msgpack_pack_str(&packer, 0);
	msgpack_pack_map(&packer, 0);
	for (size_t i = 0; i < 2; i++)
		msgpack_pack_uint64(&packer, i ? UINT64_MAX : 200);
	cursor = hs_cursor_over(buffer.data, buffer.size);
	assert_int_equal(hs_unpack_skip(&cursor), HS_UNPACK_OK);
	assert_int_equal(hs_cursor_left(&cursor), 0);
	for (size_t size = 0; size < buffer.size; size++) {
		cursor = hs_cursor_over(buffer.data, size);
		assert_int_equal(hs_unpack_skip(&cursor), HS_UNPACK_SHORT);
		assert_int_equal(hs_cursor_offset(&cursor), 0);
	}
	cursor = hs_cursor_over(buffer.data, buffer.size);
	assert_false(hs_unpack_map(&cursor, &count));
	assert_false(hs_unpack_uint(&cursor, &number));
	assert_true(hs_unpack_array(&cursor, &count));
	assert_int_equal(count, 12);
	for (int i = 0; i < 5; i++) {
		assert_false(hs_unpack_uint(&cursor, &number));
		assert_int_equal(hs_unpack_skip(&cursor), HS_UNPACK_OK);
	}
	assert_true(hs_unpack_bytes(&cursor, &text));
	assert_str(text, "text");
	assert_true(hs_unpack_bytes(&cursor, &text));
	assert_int_equal(text.size, 2);
	msgpack_sbuffer_destroy(&buffer);
}

static void hostile_msgpack(void **state)
{
	uint8_t deep[HS_UNPACK_DEPTH + 2];
	static const uint8_t huge_array[] = {0xdd, 0xff, 0xff, 0xff, 0xff, 0x00};
	static const uint8_t huge_bin[] = {0xc6, 0xff, 0xff, 0xff, 0xff, 0x00};
	static const uint8_t never[] = {0xc1};
	struct hs_cursor cursor = hs_cursor_over(huge_array, sizeof(huge_array));
	struct hs_str text;
	uint32_t count;

	(void)state;
	assert_false(hs_unpack_array(&cursor, &count));
	assert_int_equal(hs_unpack_skip(&cursor), HS_UNPACK_SHORT);
	cursor = hs_cursor_over(huge_bin, sizeof(huge_bin));
	assert_false(hs_unpack_bytes(&cursor, &text));
	assert_int_equal(hs_unpack_skip(&cursor), HS_UNPACK_SHORT);
	cursor = hs_cursor_over(never, sizeof(never));
	assert_int_equal(hs_unpack_skip(&cursor), HS_UNPACK_BAD);
	memset(deep, 0x91, sizeof(deep));
	cursor = hs_cursor_over(deep, sizeof(deep));
	assert_int_equal(hs_unpack_skip(&cursor), HS_UNPACK_BAD);
	deep[HS_UNPACK_DEPTH] = 0x01;
	cursor = hs_cursor_over(deep, sizeof(deep));
	assert_int_equal(hs_unpack_skip(&cursor), HS_UNPACK_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(planes),
		cmocka_unit_test(overlong_varints),
		cmocka_unit_test(dictionary),
		cmocka_unit_test(malformed_dictionaries),
		cmocka_unit_test(far_values),
		cmocka_unit_test(unpack_agrees_with_the_library),
		cmocka_unit_test(hostile_msgpack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
