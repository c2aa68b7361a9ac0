/* SPDX-License-Identifier: MIT */
/* test_jsonl.c: every kind of label and flag as JSON lines, and writing to a full disk. */
#include "heap.h"

#include <heapsnap/export.h>

static char *export(const struct hs_snapshot *snap)
{
	const struct hs_exporter *jsonl = hs_exporter_find("jsonl");
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(jsonl);
	assert_non_null(stream);
	assert_null(hs_export(snap, jsonl, stream));
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void exporters_by_name(void **state)
{
	size_t count;
	const struct hs_exporter *const *all = hs_exporters(&count);

	(void)state;
	assert_true(count >= 1);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(hs_exporter_find(hs_exporter_name(all[i])), all[i]);
		assert_true(strlen(hs_exporter_summary(all[i])) > 0);
	}
	assert_null(hs_exporter_find("json"));
}

static void empty_heap(void **state)
{
	struct heap heap;
	struct hs_snapshot *snap;
	char *text;

	(void)state;
	heap_init(&heap);
	snap = heap_snapshot(&heap);
	text = export(snap);
	assert_string_equal(text, "");
	free(text);
	hs_snapshot_destroy(snap);
	heap_deinit(&heap);
}

/* Objects 1 .. 15 are what the one at 0x1000 refers to, in this order. */
static struct hs_snapshot *labelled(void)
{
	struct hs_build *build = hs_build_create();
	uint32_t type =
		hs_build_type(build, STR("a\"b\xed\xa0\x80"), STR(""), HS_ROLE_OTHER, HS_NONE);
	const struct hs_run runs[] = {
		{.kind = HS_LABEL_ATTRIBUTE,
		 .operand = hs_build_string(build, STR("x")),
		 .count = 1},
		{.kind = HS_LABEL_ITEM,
		 .operand = hs_build_string(build, STR("it's \\ \"\n")),
		 .count = 1},
		{.kind = HS_LABEL_INDEX, .operand = 5, .count = 2},
		{.kind = HS_LABEL_INDEX_DOWN, .operand = 1, .count = 2},
		{.kind = HS_LABEL_ENTRY, .count = 3},
		{.kind = HS_LABEL_OFFSET, .operand = 24, .count = 1},
		{.kind = HS_LABEL_VALUE},
		{.kind = HS_LABEL_LOCAL,
		 .operand = hs_build_string(build, STR("local")),
		 .count = 1},
		{.kind = HS_LABEL_NONE, .count = 1},
		{.kind = HS_LABEL_KEY},
	};
	uint32_t shape = hs_build_shape(build, runs, 10, 7);
	uint32_t none = hs_build_shape(build, NULL, 0, 0);
	uint32_t site = hs_build_site(build, STR("/srv/\x1b\"a.py"), 17,
				      hs_build_site(build, STR("b.py"), 1, 0));
	struct hs_snapshot *snap = NULL;

	for (uint32_t i = 0; i < 16; i++) {
		hs_build_object(build, &(struct hs_build_object){
					       .address = 0x1000 + 16 * (hs_addr)i,
					       .type = type,
					       .shape = i ? none : shape,
					       .size = 64 + i,
					       .allocated = i ? 0 : 80,
					       .visible = i ? 0 : 12,
					       .flags = (uint16_t)(i < 6 ? 1 << i : 63),
					       .generation = HS_GENERATION_NONE,
					       .owner = HS_NONE,
					       .site = i == 15 ? site : 0,
				       });
		for (uint32_t k = 1; !i && k < 16; k++)
			hs_build_edge(build, k);
	}
	hs_build_root(build, HS_ROOT_MODULE, 0, STR("m"), HS_NONE, HS_NONE);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	return snap;
}

static void every_label_and_flag(void **state)
{
	struct hs_snapshot *snap = labelled();
	char *text = export(snap);
	static const char *const flags[] = {"gc",     "tracked",    "immortal",
					    "static", "size_guess", "scanned"};
	const char *line;

	(void)state;
	line = "{\"id\":0,\"addr\":\"0x1000\",\"type\":\"a\\\"b\\ud800\",\"size\":64,"
	       "\"alloc\":80,\"refs\":[[1,\".x\"],[2,\"['it\\\\'s \\\\\\\\ \\\"\\u000a']\"],"
	       "[3,\"[5]\"],[4,\"[6]\"],[5,\"[2]\"],[6,\"[1]\"],[7,\"[*]\"],[8,\"key\"],"
	       "[9,\"[*]\"],[10,\"+24\"],[11,\"[*]\"],[12,\"[*]\"],[13,\"local\"],"
	       "[14,\"[*]\"],[15,\"key\"]],\"gc_refs\":12,\"flags\":[\"gc\"]}\n"
	       "{\"id\":1,\"addr\":\"0x1010\",";
	assert_memory_equal(text, line, strlen(line));
	line = text;
	for (size_t i = 0; i < 6; i++) {
		char expected[64];

		snprintf(expected, sizeof(expected), "\"flags\":[\"%s\"]}\n", flags[i]);
		line = strstr(line, "\"flags\"");
		assert_non_null(line);
		assert_memory_equal(line, expected, strlen(expected));
		line++;
	}
	assert_non_null(strstr(text, "{\"id\":15,\"addr\":\"0x10f0\",\"type\":\"a\\\"b\\ud800\","
				     "\"size\":79,\"alloc\":0,\"refs\":[],\"gc_refs\":0,\"flags\":["
				     "\"gc\",\"tracked\",\"immortal\",\"static\",\"size_guess\","
				     "\"scanned\"],\"site\":\"/srv/\\u001b\\\"a.py:17\"}\n"));
	free(text);
	hs_snapshot_destroy(snap);
}

/* What is written per reference is what hs_snapshot_label() says. */
static void labels_agree_with_the_snapshot(void **state)
{
	struct hs_snapshot *snap = labelled();
	char *text = export(snap);
	const char *at = text;

	(void)state;
	for (uint32_t slot = 0; slot < 15; slot++) {
		struct hs_label label = hs_snapshot_label(snap, 0, slot);
		char expected[32] = "";

		snprintf(expected, sizeof(expected), "[%u,\"", slot + 1);
		at = strstr(at, expected);
		assert_non_null(at);
		at += strlen(expected);
		if (label.kind == HS_LABEL_INDEX) {
			snprintf(expected, sizeof(expected), "[%u]\"", (unsigned)label.index);
			assert_memory_equal(at, expected, strlen(expected));
		} else if (label.kind == HS_LABEL_KEY) {
			assert_memory_equal(at, "key\"", 4);
		} else if (label.kind == HS_LABEL_VALUE || label.kind == HS_LABEL_NONE) {
			assert_memory_equal(at, "[*]\"", 4);
		}
	}
	free(text);
	hs_snapshot_destroy(snap);
}

static void full_disk_is_reported(void **state)
{
	struct hs_snapshot *snap = labelled();
	FILE *full = fopen("/dev/full", "w");
	struct hs_error *err;

	(void)state;
	if (!full)
		skip();
	err = hs_export(snap, hs_exporter_find("jsonl"), full);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
	hs_error_destroy(err);
	fclose(full);
	hs_snapshot_destroy(snap);
}

/* A list of objects with values: what JSON has of each, and one of them as a key. */
static void values(void **state)
{
	static const char infinite[] = "\"inf\"";
	static const struct {
		struct hs_preview preview;
		const char *expected;
	} cases[] = {
		{{.kind = HS_PREVIEW_TEXT, .data = {"it's\n\x1b\xed\xa0\x80", 9}, .length = 7},
		 "\"it's\\u000a\\u001b\\ud800\""},
		{{.kind = HS_PREVIEW_TEXT, .data = {"abc", 3}, .length = 70},
		 "\"abc\",\"length\":70"},
		{{.kind = HS_PREVIEW_BYTES, .data = {"a\"\0\xe9", 4}, .length = 4},
		 "\"a\\\"\\u0000\u00e9\""},
		{{.kind = HS_PREVIEW_INTEGER, .integer = -7}, "-7"},
		{{.kind = HS_PREVIEW_POSITIVE, .data = {"\1\0\0\0\0\0\0\0\0", 9}, .length = 9},
		 "18446744073709551616"},
		{{.kind = HS_PREVIEW_NEGATIVE, .data = {"\1\2", 2}, .length = 90},
		 "\"-0x102…\",\"length\":90"},
		{{.kind = HS_PREVIEW_REAL, .real = 0.5}, "0.5"},
		{{.kind = HS_PREVIEW_REAL, .real = __builtin_inf()}, infinite},
	};
	enum { COUNT = sizeof(cases) / sizeof(cases[0]) };
	const struct hs_run entries[] = {{.kind = HS_LABEL_ENTRY}};
	struct hs_build *build = hs_build_create();
	uint32_t type = hs_build_type(build, STR("t"), STR(""), HS_ROLE_OTHER, HS_NONE);
	uint32_t shape = hs_build_shape(build, entries, 1, 1);
	uint32_t none = hs_build_shape(build, NULL, 0, 0);
	struct hs_snapshot *snap = NULL;
	char *text;
	char *line;

	(void)state;
	for (uint32_t i = 0; i <= COUNT; i++) {
		hs_build_object(build, &(struct hs_build_object){
					       .address = 0x1000 + 16 * (hs_addr)i,
					       .type = type,
					       .shape = i ? none : shape,
					       .visible = i ? 0 : COUNT,
					       .generation = HS_GENERATION_NONE,
					       .owner = HS_NONE,
				       });
		if (i)
			hs_build_preview(build, &cases[i - 1].preview);
		for (uint32_t k = 1; !i && k <= COUNT; k++)
			hs_build_edge(build, k);
	}
	hs_build_root(build, HS_ROOT_MODULE, 0, STR("m"), HS_NONE, HS_NONE);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	text = export(snap);
	line = text;
	assert_non_null(strstr(text,
			       "\"refs\":[[1,\"['abc…']\"],[2,\"key\"],[3,\"[-7]\"],[4,\"key\"],"
			       "[5,\"[-0x102…]\"],[6,\"key\"],[7,\"[inf]\"],[8,\"key\"]]"));
	for (uint32_t i = 0; i < COUNT; i++) {
		char expected[100];

		line = strchr(line, '\n') + 1;
		snprintf(expected, sizeof(expected), "\"flags\":[],\"value\":%s}\n",
			 cases[i].expected);
		if (!strstr(line, expected))
			fail_msg("%s is not in %s", expected, line);
	}
	free(text);
	hs_snapshot_destroy(snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exporters_by_name),
		cmocka_unit_test(empty_heap),
		cmocka_unit_test(every_label_and_flag),
		cmocka_unit_test(values),
		cmocka_unit_test(labels_agree_with_the_snapshot),
		cmocka_unit_test(full_disk_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
