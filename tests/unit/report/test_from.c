/* SPDX-License-Identifier: MIT */
/* test_from.c: the reports of partitions, comparisons, snapshots, processes and dumps. */
#include "heap.h"
#include "report/capture.h"

static struct hs_report *partition_report(const struct heap *heap, const char *name)
{
	const struct hs_classifier *by = hs_classifier_find(name, strlen(name));
	struct hs_snapshot *snap = heap_snapshot(heap);
	struct hs_partition *partition = NULL;
	struct hs_report *report = NULL;

	assert_null(hs_partition_create(snap, &by, 1, HS_SIZE_SHALLOW, &partition));
	assert_null(hs_report_from_partition(partition, &report));
	hs_partition_destroy(partition);
	hs_snapshot_destroy(snap);
	return report;
}

static void fill(struct heap *heap)
{
	heap_init(heap);
	for (int i = 0; i < 3; i++)
		heap_object(heap, T_STR, 100);
	heap_namespace(heap, heap_object(heap, T_SESSION, 56));
	heap_object(heap, T_LIST, 412);
}

static void partition_is_guppys_table(void **state)
{
	struct heap heap;
	struct hs_report *report;
	char *text;

	(void)state;
	fill(&heap);
	report = partition_report(&heap, "kind");
	text = capture_as(report, HS_REPORT_TEXT);
	assert_string_equal(
		text, "Partition of a set of 6 objects. Total size = 1000 bytes.\n"
		      " Index  Count   %     Size   % Cumulative  % Kind (class / dict of class)\n"
		      "     0      1  17      412  41       412  41 list\n"
		      "     1      3  50      300  30       712  71 str\n"
		      "     2      1  17      232  23       944  94 dict of app.Session\n"
		      "     3      1  17       56   6      1000 100 app.Session\n");
	free(text);
	hs_report_destroy(report);
	report = partition_report(&heap, "module");
	text = capture_as(report, HS_REPORT_TEXT);
	assert_contains(text, "% Module\n");
	assert_not_contains(text, "Coverage");
	free(text);
	hs_report_destroy(report);
	heap_deinit(&heap);
}

static void partition_as_json_and_csv(void **state)
{
	struct heap heap;
	struct hs_report *report;
	char *text;

	(void)state;
	fill(&heap);
	heap.gaps = 2;
	report = partition_report(&heap, "kind");
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, "\"schema\": \"heapsnap.partition/1\"");
	assert_contains(text, "\"complete\": false");
	assert_contains(text, "\"gaps\": 2");
	assert_contains(text, "\"objects\": 6");
	assert_contains(text, "\"bytes\": 1000");
	assert_contains(text, "\"by\": [\"kind\"]");
	assert_contains(text, "{\"index\": 1, \"count\": 3, \"count_pct\": 50.0, \"bytes\": 300, "
			      "\"bytes_pct\": 30.0, \"cumulative_bytes\": 712, "
			      "\"cumulative_pct\": 71.2, \"kind\": \"str\"}");
	free(text);
	text = capture_as(report, HS_REPORT_CSV);
	assert_contains(text, "index,count,count_pct,bytes,bytes_pct,cumulative_bytes,"
			      "cumulative_pct,kind\n0,1,16.7,412,41.2,412,41.2,list\n");
	free(text);
	text = capture_as(report, HS_REPORT_TEXT);
	assert_contains(text, "\nCoverage: 2 things could not be read");
	free(text);
	hs_report_destroy(report);
	heap_deinit(&heap);
}

static void partition_of_many_kinds(void **state)
{
	struct heap heap;
	struct hs_report *report;
	char names[30][24];
	char *text;

	(void)state;
	heap_init(&heap);
	for (int i = 0; i < 30; i++) {
		snprintf(names[i], sizeof(names[i]), "app.Class%d", i);
		heap_object(&heap, heap_type(&heap, names[i], "app", HS_ROLE_INSTANCE), 100);
	}
	report = partition_report(&heap, "kind");
	text = capture_as(report, HS_REPORT_TEXT);
	assert_contains(text,
			"\n<20 more rows. Type e.g. 'heapsnap top FILE -n 0' to view all.>\n");
	free(text);
	hs_report_destroy(report);
	heap_deinit(&heap);
}

static void hostile_type_names(void **state)
{
	struct heap heap;
	struct hs_report *report;
	char *text;

	(void)state;
	heap_init(&heap);
	heap_object(&heap, heap_type(&heap, "=x\033[2J\n\",\xff", "app", HS_ROLE_INSTANCE), 1);
	report = partition_report(&heap, "kind");
	text = capture_as(report, HS_REPORT_TEXT);
	assert_harmless(text);
	assert_contains(text, "=x\\x1b[2J\\n\",\\xff\n");
	free(text);
	text = capture_as(report, HS_REPORT_JSON);
	assert_harmless(text);
	assert_contains(text, "\"=x\\u001b[2J\\u000a\\\",\\ufffd\"");
	free(text);
	text = capture_as(report, HS_REPORT_CSV);
	assert_harmless(text);
	assert_contains(text, "\"'=x\\x1b[2J\\n\"\",\\xff\"\n");
	free(text);
	hs_report_destroy(report);
	heap_deinit(&heap);
}

/* A list in module app that gets @count sessions between the snapshots. */
static struct hs_report *diff_report(int count, uint64_t gaps)
{
	static const char *const names[] = {"a\033.snap", "b.snap"};
	const struct hs_classifier *by = hs_classifier_find("kind", 4);
	struct hs_snapshot *before, *after;
	struct hs_report *report = NULL;
	struct hs_diff *diff = NULL;
	struct heap heap;
	uint32_t ns, list;

	heap_init(&heap);
	heap_module(&heap, "app", &ns);
	list = heap_object(&heap, T_LIST, 56);
	heap_set(&heap, ns, "CACHE", list);
	before = heap_snapshot(&heap);
	for (int i = 0; i < count; i++) {
		uint32_t session = heap_object(&heap, T_SESSION, 24);

		heap_append(&heap, list, session);
		heap_ref(&heap, session, HS_LABEL_ATTRIBUTE, "name", heap_object(&heap, T_STR, 40));
	}
	heap.gaps = gaps;
	after = heap_snapshot(&heap);
	assert_null(hs_diff_create(before, after, names, &by, 1, HS_SIZE_SHALLOW, &diff));
	assert_null(hs_report_from_diff(diff, &report));
	hs_diff_destroy(diff);
	hs_snapshot_destroy(before);
	hs_snapshot_destroy(after);
	heap_deinit(&heap);
	return report;
}

static void growth_as_text(void **state)
{
	struct hs_report *report = diff_report(1024, 0);
	char *text = capture_as(report, HS_REPORT_TEXT);

	(void)state;
	assert_contains(text, "growth: 1,024 app.Session more (+64.0 KiB), held by app.CACHE "
			      "(list, 1,024 entries)\n");
	assert_contains(text, "  1. app.Session  +1,024 objects, +64.0 KiB with what hangs below "
			      "(+24.0 KiB of its own)\n");
	assert_contains(text, "     held by app.CACHE (list, 1,024 entries, before 0) at "
			      "0x7f0000000080\n");
	assert_contains(text, "     path: module app → CACHE\n");
	assert_contains(text, "     along with it: str\n");
	assert_contains(text, "a\\x1b.snap");
	assert_contains(text, "    1,025    +1,024   40.0 KiB   +40.0 KiB     1,024         0 "
			      "str\n");
	assert_contains(text, "<3 more rows. Type e.g. 'heapsnap diff A B -n 0' to view all.>");
	assert_harmless(text);
	free(text);
	hs_report_destroy(report);
}

static void growth_as_json(void **state)
{
	struct hs_report *report = diff_report(1024, 1);
	char *text = capture_as(report, HS_REPORT_JSON);

	(void)state;
	assert_contains(text, "\"schema\": \"heapsnap.diff/1\"");
	assert_contains(text, "\"complete\": false");
	assert_contains(text, "\"file\": \"a\\u001b.snap\"");
	assert_contains(text, "\"verdict\": \"growth\"");
	assert_contains(text, "\"rank\": 1");
	assert_contains(text, "\"count\": [0, 1024]");
	assert_contains(text, "\"bytes\": [0, 24576]");
	assert_contains(text, "\"delta_count\": 1024");
	assert_contains(text, "\"label\": \"app.CACHE\"");
	assert_contains(text, "\"path\": \"module app → CACHE\"");
	assert_contains(text, "\"address\": \"0x7f0000000080\"");
	assert_contains(text, "\"companions\": [\"str\"]");
	assert_contains(text, "\"held\": 1024,\n    \"length\": [0, 1024]");
	assert_contains(text, "\"steps\": [65536]");
	assert_contains(text, "\"dismissed\": []");
	assert_contains(text, "\"new\": 1024, \"freed\": 0, \"survived\": 0, \"ambiguous\": 0");
	assert_contains(text, "\"resident\": {\n  \"delta\": 0\n }");
	free(text);
	text = capture_as(report, HS_REPORT_CSV);
	assert_contains(text, "kind,count_before,count_after,delta_count,bytes_before,"
			      "bytes_after,delta_bytes,new,freed,survived,ambiguous\n"
			      "str,1,1025,1024,50,41010,40960,1024,0,1,0\n");
	free(text);
	hs_report_destroy(report);
}

/* The number of rows asked for limits the classes, not the two snapshots. */
static void growth_in_one_row(void **state)
{
	struct hs_report *report = diff_report(1024, 0);
	struct hs_render_options options = {.format = HS_REPORT_JSON, .rows = 1};
	char *text = capture(report, options);

	(void)state;
	assert_contains(text, "\"file\": \"b.snap\"");
	assert_contains(text, "\"kind\": \"str\", \"count\"");
	assert_not_contains(text, "\"kind\": \"module\"");
	free(text);
	options.format = HS_REPORT_TEXT;
	text = capture(report, options);
	assert_contains(text, "\nafter ");
	assert_contains(text, " str\n<4 more rows. ");
	free(text);
	hs_report_destroy(report);
}

static void stable_as_text_and_json(void **state)
{
	struct hs_report *report = diff_report(0, 0);
	char *text = capture_as(report, HS_REPORT_TEXT);

	(void)state;
	assert_contains(text, "stable: nothing suspicious grew; the heap is as large as before\n");
	free(text);
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, "\"verdict\": \"stable\"");
	assert_contains(text, "\"suspects\": []");
	free(text);
	hs_report_destroy(report);
	report = diff_report(3, 0);
	text = capture_as(report, HS_REPORT_TEXT);
	assert_contains(text,
			"stable: nothing suspicious grew; the heap is 192 B larger (+6 objects)\n");
	free(text);
	hs_report_destroy(report);
}

static void a_resident_set_that_is_not_known(void **state)
{
	struct hs_diff_input input[] = {{.file = "a"}, {.file = "b", .resident = 4096}};
	struct hs_diff diff = {.input = input, .input_count = 2};
	struct hs_report *report = NULL;
	char *text;

	(void)state;
	assert_null(hs_report_from_diff(&diff, &report));
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, "\"resident\": null, \"file\": \"a\"");
	assert_contains(text, "\"resident\": 4096, \"file\": \"b\"");
	assert_contains(text, "\"resident\": {}");
	free(text);
	hs_report_destroy(report);
}

static void info_of_a_snapshot(void **state)
{
	struct hs_report *report = NULL;
	struct hs_snapshot *snap;
	struct heap heap;
	char *text;

	(void)state;
	fill(&heap);
	heap.gaps = 7;
	snap = heap_snapshot(&heap);
	assert_null(hs_report_from_info(snap, true, &report));
	hs_snapshot_destroy(snap);
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, "\"schema\": \"heapsnap.info/1\"");
	assert_contains(text, "\"pid\": 42");
	assert_contains(text, "\"runtime\": \"cpython\"");
	assert_contains(text, "\"time\": \"2026-01-01T00:00:00Z\"");
	assert_contains(text, "\"command\": []");
	assert_contains(text, "\"objects\": 6");
	assert_contains(text, "\"edges\": 1");
	assert_contains(text, "\"bytes\": 1000");
	assert_contains(text, "\"sections\": []");
	assert_contains(text, "\"mode\": \"stop\"");
	assert_contains(text, "\"reason\": null");
	assert_contains(text, "\"pause_ms\": 4.200");
	assert_contains(text, "\"total\": 1048576");
	assert_contains(text, "{\"count\": 7, \"example\": \"0x7f0012345678\", "
			      "\"reason\": \"unreadable memory\"}");
	free(text);
	text = capture(report, (struct hs_render_options){.format = HS_REPORT_JSON, .rows = 1});
	assert_contains(text, "\"reason\": \"unreadable memory\"}");
	free(text);
	text = capture_as(report, HS_REPORT_TEXT);
	assert_contains(text, "What is missing\n");
	assert_contains(text, "        7 0x7f0012345678 unreadable memory\n");
	assert_not_contains(text, "Sections");
	free(text);
	hs_report_destroy(report);
	heap_deinit(&heap);
}

/* Two threads, roots in an order that is nobody's; names that would clear a screen. */
static struct hs_snapshot *threaded(void)
{
	struct hs_build *build = hs_build_create();
	uint32_t type = hs_build_type(build, STR("app.Shop"), STR("app"), HS_ROLE_OTHER, HS_NONE);
	uint32_t shape = hs_build_shape(build, NULL, 0, 0);
	uint32_t first = hs_build_thread(build, 77, STR("worker\x1b[2J"));
	uint32_t second = hs_build_thread(build, 0, STR(""));
	uint32_t inner = hs_build_frame(build, first, STR("inner"), STR("a.py"), 3);
	uint32_t outer = hs_build_frame(build, first, STR("outer"), STR("a.py"), 0);
	uint32_t other = hs_build_frame(build, second, STR("main"), STR("b.py"), 9);
	struct hs_snapshot *snap = NULL;
	char name[16];

	for (uint32_t i = 0; i < 3; i++)
		hs_build_object(build, &(struct hs_build_object){
					       .address = 0x1000 + 16 * (hs_addr)i,
					       .type = type,
					       .shape = shape,
					       .generation = HS_GENERATION_NONE,
					       .owner = HS_NONE,
				       });
	hs_build_root(build, HS_ROOT_THREAD, 0, STR("<context>"), second, HS_NONE);
	hs_build_root(build, HS_ROOT_THREAD, 1, STR("x"), first, outer);
	hs_build_root(build, HS_ROOT_INTERNAL, 2, STR("interned strings"), HS_NONE, HS_NONE);
	hs_build_root(build, HS_ROOT_THREAD, 2, STR("<code>"), first, inner);
	hs_build_root(build, HS_ROOT_MODULE, 1, STR("app"), HS_NONE, HS_NONE);
	for (int i = 0; i < 13; i++) {
		snprintf(name, sizeof(name), "local%d", i);
		hs_build_root(build, HS_ROOT_THREAD, 1, STR(name), second, other);
	}
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	return snap;
}

static void threads_and_roots(void **state)
{
	struct hs_report *report = NULL;
	struct hs_snapshot *snap = threaded();
	char *text;

	(void)state;
	assert_null(hs_report_from_info(snap, false, &report));
	text = capture_as(report, HS_REPORT_TEXT);
	assert_not_contains(text, "worker");
	free(text);
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, "\"native_id\": 77");
	assert_contains(text, "\"name\": \"worker\\u001b[2J\"");
	assert_contains(text, "\"native_id\": null");
	assert_contains(text, "\"line\": null");
	assert_contains(text, "\"locals\": [\n      {\"name\": \"x\", \"object\": 1, "
			      "\"address\": \"0x1010\", \"type\": \"app.Shop\"}\n");
	assert_contains(text, "{\"name\": \"<code>\", \"object\": 2,");
	assert_contains(text, "{\"rank\": \"internal\", \"name\": \"interned strings\", "
			      "\"object\": 2, \"address\": \"0x1020\"");
	assert_contains(text, "{\"rank\": \"module\", \"name\": \"app\", \"object\": 1,");
	free(text);
	hs_report_destroy(report);
	assert_null(hs_report_from_info(snap, true, &report));
	text = capture_as(report, HS_REPORT_TEXT);
	assert_contains(text,
			"Thread worker\\x1b[2J (77)\n  inner at a.py:3\n"
			"  outer at a.py: x\n\nThread without a name\n  main at b.py:9: local0,");
	assert_contains(text, "local11, …\n");
	assert_not_contains(text, "local12");
	free(text);
	hs_report_destroy(report);
	hs_snapshot_destroy(snap);
}

static void processes(void **state)
{
	static const char command[] = "python3\0-c\0print('\033')\0";
	char version[] = "3.12.1";
	char reason[] = "PyPy is not supported";
	struct hs_python_process list[] = {
		{.pid = 12,
		 .resident = 1 << 20,
		 .version = version,
		 .command = {command, sizeof(command) - 1}},
		{.pid = 1234567, .unsupported = reason, .command = {"", 0}},
	};
	struct hs_report *report = NULL;
	char *text;

	(void)state;
	assert_null(hs_report_from_processes(list, 2, &report));
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, "\"schema\": \"heapsnap.ps/1\"");
	assert_contains(text, "{\"pid\": 12, \"version\": \"3.12.1\", \"supported\": true, "
			      "\"reason\": null, \"resident\": 1048576, \"command\": "
			      "[\"python3\", \"-c\", \"print('\\u001b')\"]}");
	assert_contains(text, "\"supported\": false, \"reason\": \"PyPy is not supported\", "
			      "\"resident\": 0, \"command\": []}");
	free(text);
	text = capture_as(report, HS_REPORT_TEXT);
	assert_harmless(text);
	assert_contains(text, "     12 3.12.1   1.0 MiB yes                       python3 -c "
			      "print('\\x1b')\n");
	assert_contains(text, "1234567 -            0 B no: PyPy is not supported\n");
	free(text);
	hs_report_destroy(report);
	assert_null(hs_report_from_processes(NULL, 0, &report));
	text = capture_as(report, HS_REPORT_TEXT);
	assert_string_equal(text, "No Python process to be seen.\n");
	free(text);
	hs_report_destroy(report);
}

static void dumps(void **state)
{
	const struct hs_dump_result results[] = {
		{.pid = 12,
		 .state = "written",
		 .file = "a\033-12.snap",
		 .objects = 1000,
		 .bytes = 1 << 20,
		 .gaps = 2,
		 .time_ns = 1767225600002500000,
		 .pause_ns = 1250000},
		{.pid = 13, .parent = 12, .state = "skipped", .reason = "not a Python process"},
		{.pid = 14,
		 .parent = 12,
		 .state = "written",
		 .file = "a-14.snap",
		 .time_ns = 1767225600000000000},
	};
	struct hs_report *report = NULL;
	char *text;

	(void)state;
	assert_null(hs_report_from_dump(results, 3, 2, &report));
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, "\"schema\": \"heapsnap.dump/1\"");
	assert_contains(text, "\"complete\": false,\n  \"gaps\": 2\n");
	assert_contains(text, "\"time\": \"2026-01-01T00:00:00Z\"");
	assert_contains(text, "\"spread_ms\": 2.500");
	assert_contains(text, "{\"pid\": 12, \"parent\": null, \"state\": \"written\", \"reason\": "
			      "null, \"objects\": 1000, \"bytes\": 1048576, \"gaps\": 2, "
			      "\"offset_ms\": 2.500, \"pause_ms\": 1.250, \"file\": "
			      "\"a\\u001b-12.snap\"}");
	assert_contains(text, "{\"pid\": 13, \"parent\": 12, \"state\": \"skipped\", \"reason\": "
			      "\"not a Python process\", \"objects\": null, \"bytes\": null, "
			      "\"gaps\": null, \"offset_ms\": null, \"pause_ms\": null, \"file\": "
			      "null}");
	free(text);
	hs_report_destroy(report);
	assert_null(hs_report_from_dump(&results[1], 1, 0, &report));
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, "\"time\": null");
	assert_contains(text, "\"spread_ms\": 0.000");
	free(text);
	hs_report_destroy(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partition_is_guppys_table),
		cmocka_unit_test(partition_as_json_and_csv),
		cmocka_unit_test(partition_of_many_kinds),
		cmocka_unit_test(hostile_type_names),
		cmocka_unit_test(growth_as_text),
		cmocka_unit_test(growth_as_json),
		cmocka_unit_test(growth_in_one_row),
		cmocka_unit_test(stable_as_text_and_json),
		cmocka_unit_test(a_resident_set_that_is_not_known),
		cmocka_unit_test(info_of_a_snapshot),
		cmocka_unit_test(threads_and_roots),
		cmocka_unit_test(processes),
		cmocka_unit_test(dumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
