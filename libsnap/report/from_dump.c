/* SPDX-License-Identifier: MIT */
/* from_dump.c: what was dumped, and what was not, as a report. */
#include "libsnap/report/common.h"

#include "format/base/error.h"
#include "format/base/str.h"

static const struct hs_table_column columns[] = {
	{.key = "pid", .title = "PID", .min_width = 7, .audience = HS_FOR_ALL},
	{.key = "parent", .audience = HS_FOR_DATA},
	{.key = "state", .title = "State", .left = true, .audience = HS_FOR_ALL},
	{.key = "reason", .audience = HS_FOR_DATA},
	{.key = "objects", .title = "Objects", .min_width = 9, .audience = HS_FOR_ALL},
	{.key = "bytes", .title = "Size", .min_width = 9, .audience = HS_FOR_ALL},
	{.key = "gaps", .audience = HS_FOR_DATA},
	{.key = "offset_ms", .audience = HS_FOR_DATA},
	{.key = "pause_ms", .audience = HS_FOR_DATA},
	{.key = "file", .title = "File", .left = true, .audience = HS_FOR_ALL},
};

enum {
	COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]),
	MS_DECIMALS = 3,
};

static struct hs_value string_or_null(struct hs_report *report, const char *text)
{
	return text ? hs_value_copy(report, hs_str_of(text)) : hs_value_null();
}

static struct hs_value milliseconds(uint64_t ns)
{
	return hs_value_real((double)ns / 1e6, MS_DECIMALS);
}

/* When the first and the last of them were frozen; both 0 if none was. */
static void find_span(const struct hs_dump_result *results, size_t count, uint64_t *first,
		      uint64_t *last)
{
	*first = *last = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t time = results[i].time_ns;

		if (time && (!*first || time < *first))
			*first = time;
		if (time > *last)
			*last = time;
	}
}

static void fill_row(struct hs_report *report, struct hs_node *table, size_t row,
		     const struct hs_dump_result *result, uint64_t first)
{
	bool there = result->time_ns;
	const struct hs_value null = hs_value_null();

	hs_table_row(table, row,
		     (const struct hs_value[COLUMN_COUNT]){
			     hs_value_number(HS_VALUE_U64, (uint64_t)result->pid),
			     result->parent
				     ? hs_value_number(HS_VALUE_U64, (uint64_t)result->parent)
				     : null,
			     hs_value_text(result->state),
			     string_or_null(report, result->reason),
			     there ? hs_value_number(HS_VALUE_COUNT, result->objects) : null,
			     there ? hs_value_number(HS_VALUE_BYTES, result->bytes) : null,
			     there ? hs_value_number(HS_VALUE_COUNT, result->gaps) : null,
			     there ? milliseconds(result->time_ns - first) : null,
			     there ? milliseconds(result->pause_ns) : null,
			     string_or_null(report, result->file),
		     });
}

struct hs_error *hs_report_from_dump(const struct hs_dump_result *results, size_t count,
				     uint64_t gaps, struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.dump/1");
	struct hs_node *table;
	uint64_t first;
	uint64_t last;

	if (!report)
		return &hs_enomem;
	find_span(results, count, &first, &last);
	hs_report_coverage(report, gaps);
	hs_node_field_for(report, report->root, HS_FOR_JSON, "time", NULL,
			  hs_value_number(HS_VALUE_TIME, first));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "spread_ms", NULL,
			  milliseconds(last - first));
	table = hs_node_table(report, report->root, "rows", NULL, columns, COLUMN_COUNT, count);
	if (table) {
		table->table.limited = true;
		table->table.text_rows = HS_ALL_ROWS;
	}
	for (size_t i = 0; table && i < count; i++)
		fill_row(report, table, i, &results[i], first);
	return hs_report_done(report, ret);
}
