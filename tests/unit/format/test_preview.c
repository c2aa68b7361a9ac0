/* SPDX-License-Identifier: MIT */
/* test_preview.c: values as literals, values found again, the keys of entries. */
#include "format/equal.h"
#include "format/sample.h"
#include "format/section.h"

#include <math.h>

static void assert_literal(const struct hs_preview *preview, const char *expected)
{
	struct hs_bytes out = {0};

	assert_true(hs_preview_write(preview, &out));
	assert_str(((struct hs_str){(const char *)out.data, out.size}), expected);
	hs_bytes_deinit(&out);
}

static void assert_data(enum hs_preview_kind kind, const char *data, size_t size, bool cut,
			const char *expected)
{
	const struct hs_preview preview = {.kind = kind, .data = {data, size}, .cut = cut};

	assert_literal(&preview, expected);
}

static void texts_and_bytes(void **state)
{
	(void)state;
	assert_data(HS_PREVIEW_TEXT, "", 0, false, "''");
	assert_data(HS_PREVIEW_TEXT, "it's \\ \"\n", 9, false, "'it\\'s \\\\ \"\n'");
	assert_data(HS_PREVIEW_TEXT, "\xed\xa0\x80", 3, true, "'\xed\xa0\x80…'");
	assert_data(HS_PREVIEW_BYTES, "", 0, false, "b''");
	assert_data(HS_PREVIEW_BYTES, "a'\\\"\0\x1f\x7f\xff", 8, false,
		    "b'a\\'\\\\\"\\x00\\x1f\\x7f\\xff'");
	assert_data(HS_PREVIEW_BYTES, "GET", 3, true, "b'GET…'");
}

static void integers(void **state)
{
	static const int64_t numbers[] = {0, -1, 42, INT64_MAX, INT64_MIN};
	static const char *const expected[] = {"0", "-1", "42", "9223372036854775807",
					       "-9223372036854775808"};
	char large[513];

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct hs_preview preview = {.kind = HS_PREVIEW_INTEGER, .integer = numbers[i]};

		assert_literal(&preview, expected[i]);
	}
	assert_data(HS_PREVIEW_POSITIVE, "\x80\0\0\0\0\0\0\0", 8, false, "9223372036854775808");
	assert_data(HS_PREVIEW_NEGATIVE, "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9, false,
		    "-4722366482869645213695");
	/* 10**18: a limb of zeros in the middle */
	assert_data(HS_PREVIEW_POSITIVE, "\x0d\xe0\xb6\xb3\xa7\x64\x00\x07", 8, false,
		    "1000000000000000007");
	assert_data(HS_PREVIEW_POSITIVE, "\x01\x0a", 2, true, "0x10a…");
	assert_data(HS_PREVIEW_NEGATIVE, "\x1f", 1, true, "-0x1f…");
	memset(large, 0, sizeof(large));
	large[0] = 1;
	for (size_t size = 512; size <= 513; size++) {
		struct hs_preview preview = {.kind = HS_PREVIEW_POSITIVE, .data = {large, size}};
		struct hs_bytes out = {0};

		assert_true(hs_preview_write(&preview, &out));
		/* 2**4088 has 1231 digits. */
		assert_int_equal(out.size, size == 512 ? 1231 : 2 + 1 + 2 * 512);
		assert_memory_equal(out.data, size == 512 ? "4" : "0x100", size == 512 ? 1 : 5);
		hs_bytes_deinit(&out);
	}
}

static void reals(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{0.0, "0.0"},
		{-0.0, "-0.0"},
		{1.0, "1.0"},
		{-1.5, "-1.5"},
		{0.1, "0.1"},
		{1.0 / 3, "0.3333333333333333"},
		{100.0, "100.0"},
		{123456.789, "123456.789"},
		{0.0001, "0.0001"},
		{0.00012345, "0.00012345"},
		{0.00001, "1e-05"},
		{1.25e-7, "1.25e-07"},
		{9007199254740993.0, "9007199254740992.0"},
		{1e15, "1000000000000000.0"},
		{1e16, "1e+16"},
		{1.2345678901234567e17, "1.2345678901234566e+17"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{5e-324, "5e-324"},
		{INFINITY, "inf"},
		{-INFINITY, "-inf"},
		{NAN, "nan"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct hs_preview preview = {.kind = HS_PREVIEW_REAL, .real = cases[i].value};

		assert_literal(&preview, cases[i].text);
	}
}

/* Object 0 with the runs @runs and as many references as there are others, 1, 2, 3 ... */
static struct hs_snapshot *holder(const struct hs_run *runs, uint32_t count, uint32_t hidden,
				  uint32_t visible, uint32_t degree)
{
	struct hs_build *build = hs_build_create();
	uint32_t type = hs_build_type(build, STR("dict"), STR(""), HS_ROLE_MAPPING, HS_NONE);
	uint32_t shape = hs_build_shape(build, runs, count, hidden);
	uint32_t none = hs_build_shape(build, NULL, 0, 0);
	struct hs_snapshot *snap = NULL;

	for (uint32_t i = 0; i <= degree; i++) {
		hs_build_object(build, &(struct hs_build_object){
					       .address = 0x1000 + 16 * (hs_addr)i,
					       .type = type,
					       .shape = i ? none : shape,
					       .visible = i ? 0 : visible,
					       .generation = HS_GENERATION_NONE,
					       .owner = HS_NONE,
				       });
		for (uint32_t k = 1; !i && k <= degree; k++)
			hs_build_edge(build, k);
	}
	hs_build_root(build, HS_ROOT_MODULE, 0, STR("m"), HS_NONE, HS_NONE);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	return snap;
}

/* @keys: of each reference, 0 standing for none. */
static void assert_keys(struct hs_snapshot *snap, const hs_id *keys, uint32_t degree)
{
	for (uint32_t slot = 0; slot < degree; slot++)
		assert_int_equal(hs_snapshot_key(snap, 0, slot), keys[slot] ? keys[slot] : HS_NONE);
	hs_snapshot_destroy(snap);
}

static void keys_of_entries(void **state)
{
	const struct hs_run turns[] = {{.kind = HS_LABEL_ATTRIBUTE, .count = 1},
				       {.kind = HS_LABEL_ENTRY}};
	const struct hs_run apart[] = {{.kind = HS_LABEL_KEY, .count = 2},
				       {.kind = HS_LABEL_VALUE},
				       {.kind = HS_LABEL_KEY}};
	const struct hs_run mixed[] = {{.kind = HS_LABEL_ITEM, .count = 1},
				       {.kind = HS_LABEL_VALUE, .count = 1},
				       {.kind = HS_LABEL_ATTRIBUTE, .count = 1},
				       {.kind = HS_LABEL_ITEM, .count = 1},
				       {.kind = HS_LABEL_KEY, .count = 3}};
	const struct hs_run fewer[] = {{.kind = HS_LABEL_VALUE, .count = 3},
				       {.kind = HS_LABEL_KEY, .count = 2}};
	const struct hs_run none[] = {{.kind = HS_LABEL_VALUE}};

	(void)state;
	assert_keys(holder(turns, 2, 2, 6, 6), (const hs_id[]){0, 3, 0, 5, 0, 0}, 6);
	assert_keys(holder(apart, 3, 2, 4, 6), (const hs_id[]){0, 0, 5, 6, 0, 0}, 6);
	assert_keys(holder(mixed, 5, 4, 4, 7), (const hs_id[]){5, 6, 0, 7, 0, 0, 0}, 7);
	assert_keys(holder(fewer, 2, 1, 3, 5), (const hs_id[]){0, 0, 0, 0, 0}, 5);
	assert_keys(holder(none, 1, 1, 3, 3), (const hs_id[]){0, 0, 0}, 3);
}

/* More values than one section takes. */
static void many_sections(void **state)
{
	enum { OBJECTS = 1100000 };
	struct hs_build *build = hs_build_create();
	uint32_t type = hs_build_type(build, STR("int"), STR(""), HS_ROLE_NUMBER, HS_NONE);
	uint32_t shape = hs_build_shape(build, NULL, 0, 0);
	struct hs_snapshot *snap = NULL;
	struct hs_snapshot *copy = NULL;
	struct hs_file_image image;
	size_t sections = 0;
	size_t size;
	uint8_t *bytes;

	(void)state;
	for (uint32_t i = 0; i < OBJECTS; i++) {
		struct hs_preview preview = {.kind = HS_PREVIEW_INTEGER, .integer = -(int64_t)i};

		hs_build_object(build, &(struct hs_build_object){
					       .address = 16 * (hs_addr)(i + 1),
					       .type = type,
					       .shape = shape,
					       .generation = HS_GENERATION_NONE,
					       .owner = HS_NONE,
				       });
		hs_build_preview(build, &preview);
	}
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	bytes = sample_bytes(snap, &size);
	assert_null(hs_file_image_init(bytes, size, &image));
	for (size_t i = 0; i < image.count; i++)
		sections += image.sections[i].kind == HS_SECTION_PREVIEWS;
	assert_int_equal(sections, 2);
	hs_file_image_deinit(&image);
	assert_null(hs_snapshot_load(bytes, size, "a.snap", NULL, &copy));
	assert_true(equal_previews(snap, copy));
	free(bytes);
	hs_snapshot_destroy(snap);
	hs_snapshot_destroy(copy);
}

/* What was opened without its values is saved without them, and says so. */
static void left_out(void **state)
{
	const struct hs_open_options options = {.columns = HS_COLUMN_EDGES * 2 - 1};
	struct hs_snapshot *snap = sample_snapshot(100, 1);
	struct hs_snapshot *part = NULL;
	struct hs_snapshot *again = NULL;
	struct hs_preview preview;
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);

	(void)state;
	assert_null(hs_snapshot_load(bytes, size, "a.snap", &options, &part));
	assert_true(hs_snapshot_has_previews(part));
	assert_int_equal(hs_snapshot_info(part)->preview_bytes, 32);
	for (hs_id i = 0; i < 100; i++)
		assert_false(hs_snapshot_preview(part, i, &preview));
	free(bytes);
	bytes = sample_bytes(part, &size);
	assert_null(hs_snapshot_load(bytes, size, "a.snap", NULL, &again));
	assert_false(hs_snapshot_has_previews(again));
	assert_int_equal(hs_snapshot_info(again)->preview_bytes, 0);
	free(bytes);
	hs_snapshot_destroy(snap);
	hs_snapshot_destroy(part);
	hs_snapshot_destroy(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_and_bytes), cmocka_unit_test(integers),
		cmocka_unit_test(reals),	   cmocka_unit_test(keys_of_entries),
		cmocka_unit_test(many_sections),   cmocka_unit_test(left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
