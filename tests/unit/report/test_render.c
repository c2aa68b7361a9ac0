/* SPDX-License-Identifier: MIT */
/* test_render.c: one report model as text, JSON and CSV. */
#include "report/capture.h"

#include "libsnap/report/model.h"

#include <locale.h>

static const struct hs_table_column columns[] = {
	{.key = "count", .title = "Count", .min_width = 6, .audience = HS_FOR_ALL},
	{.key = "pair", .title = "Pair", .audience = HS_FOR_JSON},
	{.key = "note", .title = "Note", .left = true, .audience = HS_FOR_TEXT},
	{.key = "name", .title = "Name", .left = true, .audience = HS_FOR_ALL},
};

static struct hs_report *table_report(size_t rows, const char *name)
{
	struct hs_report *report = hs_report_create("test/1");
	struct hs_node *table;

	assert_non_null(report);
	table = hs_node_table(report, report->root, "rows", NULL, columns, 4, rows);
	assert_non_null(table);
	table->table.limited = true;
	for (size_t i = 0; i < rows; i++)
		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_number(HS_VALUE_U64, i * 1000),
				     hs_value_numbers(report, (uint64_t[]){i, i + 1}, 2),
				     hs_value_text(i % 2 ? "odd" : "even"),
				     hs_value_copy(report, hs_str_of(name)),
			     });
	return report;
}

static void tables(void **state)
{
	struct hs_report *report = table_report(2, "x");
	char *text;

	(void)state;
	text = capture_as(report, HS_REPORT_TEXT);
	assert_string_equal(text, " Count Note Name\n"
				  "     0 even x\n"
				  "  1000 odd  x\n");
	free(text);
	text = capture_as(report, HS_REPORT_JSON);
	assert_string_equal(text,
			    "{\n \"schema\": \"test/1\",\n \"rows\": [\n"
			    "  {\"count\": 0, \"pair\": [0, 1], \"name\": \"x\"},\n"
			    "  {\"count\": 1000, \"pair\": [1, 2], \"name\": \"x\"}\n ]\n}\n");
	free(text);
	text = capture_as(report, HS_REPORT_CSV);
	assert_string_equal(text, "count,name\n0,x\n1000,x\n");
	free(text);
	hs_report_destroy(report);
}

static size_t lines(const struct hs_report *report, enum hs_report_format format, int64_t rows)
{
	char *text = capture(report, (struct hs_render_options){.format = format, .rows = rows});
	size_t count = 0;

	for (const char *at = text; *at; at++)
		count += *at == '\n';
	free(text);
	return count;
}

static void limits_on_rows(void **state)
{
	struct hs_report *report = table_report(25, "x");
	char *text;

	(void)state;
	assert_int_equal(lines(report, HS_REPORT_TEXT, -1), 12);
	assert_int_equal(lines(report, HS_REPORT_TEXT, 0), 26);
	assert_int_equal(lines(report, HS_REPORT_TEXT, 3), 5);
	assert_int_equal(lines(report, HS_REPORT_TEXT, 100), 26);
	assert_int_equal(lines(report, HS_REPORT_CSV, -1), 26);
	assert_int_equal(lines(report, HS_REPORT_CSV, 0), 26);
	assert_int_equal(lines(report, HS_REPORT_CSV, 3), 4);
	assert_int_equal(lines(report, HS_REPORT_JSON, -1), 25 + 5);
	assert_int_equal(lines(report, HS_REPORT_JSON, 3), 3 + 5);
	text = capture_as(report, HS_REPORT_TEXT);
	assert_contains(text, "\n<15 more rows.>\n");
	free(text);
	text = capture(report, (struct hs_render_options){.format = HS_REPORT_TEXT, .rows = 24});
	assert_contains(text, "\n<1 more row.>\n");
	free(text);
	hs_report_destroy(report);
}

static void names_fit_the_terminal(void **state)
{
	const char *name = "a.very.long.module.name.that.does.not.fit.ABCDEFGHIJ";
	struct hs_report *report = table_report(1, name);
	struct hs_render_options narrow = {.format = HS_REPORT_TEXT, .rows = -1, .width = 40};
	char *text;

	(void)state;
	text = capture(report, narrow);
	assert_string_equal(text, " Count Note Name\n"
				  "     0 even a.very.long.module.name.tha…\n");
	free(text);
	narrow.width = 5; /* absurd: names keep a few columns */
	text = capture(report, narrow);
	assert_contains(text, "     0 even a.very.long…\n");
	free(text);
	text = capture_as(report, HS_REPORT_TEXT);
	assert_contains(text, name);
	free(text);
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, name);
	free(text);
	hs_report_destroy(report);
}

static void hostile_names(void **state)
{
	struct hs_report *report = table_report(1, "\033]0;x\a\n\xed\xa0\x80\"=,\xc2\x9b");
	char *text;

	(void)state;
	for (int format = HS_REPORT_TEXT; format <= HS_REPORT_CSV; format++) {
		text = capture_as(report, (enum hs_report_format)format);
		assert_harmless(text);
		assert_contains(text, "\\ud800");
		free(text);
	}
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, "\"name\": \"\\u001b]0;x\\u0007\\u000a\\ud800\\\"=,\\u009b\"");
	free(text);
	hs_report_destroy(report);
}

static struct hs_report *fields_report(void)
{
	struct hs_report *report = hs_report_create("test/1");
	struct hs_node *group;
	struct hs_value *list;

	assert_non_null(report);
	hs_node_field(report, report->root, "size", "Size", hs_value_number(HS_VALUE_BYTES, 1536));
	hs_node_field(report, report->root, "objects", "Objects",
		      hs_value_number(HS_VALUE_COUNT, 1234567));
	hs_node_field(report, report->root, "delta", "Delta",
		      hs_value_signed(HS_VALUE_COUNT_CHANGE, -4800));
	hs_node_field(report, report->root, "grown", "Grown",
		      hs_value_signed(HS_VALUE_BYTES_CHANGE, 3 << 20));
	hs_node_field(report, report->root, "unknown", "Unknown", hs_value_null());
	hs_node_field(report, report->root, "hidden", NULL, hs_value_bool(true));
	group = hs_node_group(report, report->root, "details", "Details");
	hs_node_field(report, group, "pause", "Pause", hs_value_real(4.25, 2));
	hs_node_field(report, group, "share", "Share", hs_value_percent(1, 3));
	hs_node_field(report, group, "at", "At", hs_value_number(HS_VALUE_ADDRESS, 0x7f00aa));
	hs_node_field(report, group, "time", "Time",
		      hs_value_number(HS_VALUE_TIME, 1767225600999999999U));
	hs_node_field(report, group, "never", NULL, hs_value_number(HS_VALUE_TIME, 0));
	list = hs_value_items(report, 2);
	list[0] = hs_value_text("a");
	list[1] = hs_value_text("b c");
	hs_node_field(report, group, "list", "List", hs_value_list(list, 2));
	hs_node_field(report, report->root, "last", "Last", hs_value_bool(false));
	return report;
}

static void fields_as_text(void **state)
{
	struct hs_report *report = fields_report();
	char *text = capture_as(report, HS_REPORT_TEXT);

	(void)state;
	assert_string_equal(text, "Size     1.5 KiB\n"
				  "Objects  1,234,567\n"
				  "Delta    -4,800\n"
				  "Grown    +3.0 MiB\n"
				  "\n"
				  "Details\n"
				  "  Pause  4.25\n"
				  "  Share  33\n"
				  "  At     0x7f00aa\n"
				  "  Time   2026-01-01T00:00:00Z\n"
				  "  List   a b c\n"
				  "\n"
				  "Last  no\n");
	free(text);
	hs_report_destroy(report);
}

static void fields_as_json(void **state)
{
	struct hs_report *report = fields_report();
	char *text = capture_as(report, HS_REPORT_JSON);

	(void)state;
	assert_string_equal(text, "{\n \"schema\": \"test/1\",\n \"size\": 1536,\n"
				  " \"objects\": 1234567,\n \"delta\": -4800,\n"
				  " \"grown\": 3145728,\n \"unknown\": null,\n"
				  " \"hidden\": true,\n \"details\": {\n  \"pause\": 4.25,\n"
				  "  \"share\": 33.3,\n  \"at\": \"0x7f00aa\",\n"
				  "  \"time\": \"2026-01-01T00:00:00Z\",\n  \"never\": null,\n"
				  "  \"list\": [\"a\", \"b c\"]\n },\n \"last\": false\n}\n");
	free(text);
	hs_report_destroy(report);
}

static void byte_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{0, "Size  0 B\n"},
		{1023, "Size  1023 B\n"},
		{1024, "Size  1.0 KiB\n"},
		{102300, "Size  99.9 KiB\n"},
		{102400, "Size  100 KiB\n"},
		{1048575, "Size  1.0 MiB\n"},
		{1ULL << 40, "Size  1.0 TiB\n"},
		{UINT64_MAX, "Size  16.0 EiB\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct hs_report *report = hs_report_create("test/1");
		char *text;

		hs_node_field(report, report->root, "size", "Size",
			      hs_value_number(HS_VALUE_BYTES, sizes[i].bytes));
		text = capture_as(report, HS_REPORT_TEXT);
		assert_string_equal(text, sizes[i].text);
		free(text);
		hs_report_destroy(report);
	}
}

static struct hs_report *line_report(void)
{
	struct hs_report *report = hs_report_create("test/1");
	struct hs_node *line = hs_node_line(report, report->root, 2);

	hs_line_text(report, line, "held by ");
	hs_line_styled(report, line, HS_STYLE_ALERT, hs_value_text("app.CACHE and more"));
	hs_line_text(report, line, " since yesterday");
	hs_node_line(report, report->root, 0);
	return report;
}

static void lines_are_folded(void **state)
{
	struct hs_report *report = line_report();
	struct hs_render_options options = {.format = HS_REPORT_TEXT, .rows = -1};
	char *text;

	(void)state;
	text = capture(report, options);
	assert_string_equal(text, "  held by app.CACHE and more since yesterday\n\n");
	free(text);
	options.width = 24;
	text = capture(report, options);
	assert_string_equal(text, "  held by app.CACHE and\n"
				  "    more since yesterday\n\n");
	free(text);
	options.color = true;
	text = capture(report, options);
	assert_string_equal(text, "  held by \033[1;31mapp.CACHE\033[0m\033[1;31m and\033[0m\n"
				  "    \033[1;31mmore\033[0m since yesterday\n\n");
	free(text);
	options.width = 1; /* a word a line, and no endless loop */
	options.color = false;
	text = capture(report, options);
	assert_string_equal(text, "  held\n    by\n    app.CACHE\n    and\n    more\n    since\n"
				  "    yesterday\n\n");
	free(text);
	hs_report_destroy(report);
}

static void lines_are_for_text_alone(void **state)
{
	struct hs_report *report = line_report();
	char *text = capture_as(report, HS_REPORT_JSON);

	(void)state;
	assert_string_equal(text, "{\n \"schema\": \"test/1\"\n}\n");
	free(text);
	hs_report_destroy(report);
}

static void csv_needs_one_table(void **state)
{
	const struct hs_render_options options = {.format = HS_REPORT_CSV, .rows = -1};
	struct hs_report *report = line_report();
	struct hs_error *err;

	(void)state;
	err = hs_report_render(report, &options, stdout);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_USAGE);
	hs_error_destroy(err);
	hs_node_table(report, report->root, "a", NULL, columns, 4, 0);
	hs_node_table(report, report->root, "b", NULL, columns, 4, 0);
	err = hs_report_render(report, &options, stdout);
	assert_non_null(err);
	hs_error_destroy(err);
	hs_report_destroy(report);
}

static void full_disk_is_reported(void **state)
{
	const struct hs_render_options options = {.format = HS_REPORT_JSON, .rows = -1};
	struct hs_report *report = table_report(10000, "some name");
	FILE *full = fopen("/dev/full", "w");
	struct hs_error *err;

	(void)state;
	if (!full)
		skip();
	err = hs_report_render(report, &options, full);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
	assert_contains(hs_error_message(err), "No space left");
	hs_error_destroy(err);
	fclose(full);
	hs_report_destroy(report);
}

/* Make a locale whose decimal point is a comma and switch to it; false if that cannot be done. */
static bool use_comma(char *folder)
{
	char command[128];

	if (!mkdtemp(folder))
		return false;
	snprintf(command, sizeof(command), "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 2>/dev/null",
		 folder);
	return !system(command) && !setenv("LOCPATH", folder, 1) &&
	       setlocale(LC_NUMERIC, "de_DE.UTF-8");
}

static void locales_do_not_matter(void **state)
{
	struct hs_report *report = hs_report_create("test/1");
	char folder[] = "/tmp/locale-XXXXXX";
	char remove[64];
	char *text;
	bool comma;

	(void)state;
	assert_non_null(report);
	hs_node_field(report, report->root, "real", "Real", hs_value_real(-1234.5, 3));
	hs_node_field(report, report->root, "part", "Part", hs_value_percent(1, 8));
	hs_node_field(report, report->root, "size", "Size", hs_value_number(HS_VALUE_BYTES, 2560));
	comma = use_comma(folder);
	if (comma) {
		char number[8];

		snprintf(number, sizeof(number), "%.1f", 0.5);
		assert_string_equal(number, "0,5");
	}
	text = capture_as(report, HS_REPORT_JSON);
	assert_contains(text, "\"real\": -1234.500");
	assert_contains(text, "\"part\": 12.5");
	free(text);
	text = capture_as(report, HS_REPORT_TEXT);
	assert_contains(text, "Real  -1234.500\n");
	assert_contains(text, "Part  12\n");
	assert_contains(text, "Size  2.5 KiB\n");
	free(text);
	setlocale(LC_NUMERIC, "C");
	snprintf(remove, sizeof(remove), "rm -r %s", folder);
	assert_int_equal(system(remove), 0);
	hs_report_destroy(report);
	if (!comma) /* the machine lacks the sources of locales */
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(limits_on_rows),
		cmocka_unit_test(names_fit_the_terminal),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(fields_as_text),
		cmocka_unit_test(fields_as_json),
		cmocka_unit_test(byte_sizes),
		cmocka_unit_test(lines_are_folded),
		cmocka_unit_test(lines_are_for_text_alone),
		cmocka_unit_test(csv_needs_one_table),
		cmocka_unit_test(full_disk_is_reported),
		cmocka_unit_test(locales_do_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
