/* SPDX-License-Identifier: MIT */
/* from_diff.c: what grew, and who holds it, as a report. */
#include "libsnap/report/from_diff.h"

#include "format/base/error.h"
#include "format/base/str.h"

static const struct hs_table_column input_columns[] = {
	{.key = "which", .title = "", .left = true, .audience = HS_FOR_TEXT},
	{.key = "time", .title = "Taken", .min_width = 20, .audience = HS_FOR_ALL},
	{.key = "objects", .title = "Objects", .min_width = 11, .audience = HS_FOR_ALL},
	{.key = "bytes", .title = "Size", .min_width = 10, .audience = HS_FOR_ALL},
	{.key = "resident", .title = "Resident", .min_width = 10, .audience = HS_FOR_ALL},
	{.key = "file", .title = "File", .left = true, .audience = HS_FOR_ALL},
};

/* What changed since the first snapshot is for comparisons of more than two. */
enum { SINCE_FIRST = 9 };

static const struct hs_table_column row_columns[] = {
	{.key = "kind", .audience = HS_FOR_DATA},
	{.key = "count", .audience = HS_FOR_JSON},
	{.key = "bytes", .audience = HS_FOR_JSON},
	{.key = "count_before", .title = "Count", .min_width = 9, .audience = HS_FOR_CSV},
	{.key = "count_after",
	 .title = "Count",
	 .min_width = 9,
	 .audience = HS_FOR_TEXT | HS_FOR_CSV},
	{.key = "delta_count", .title = "Change", .min_width = 9, .audience = HS_FOR_ALL},
	{.key = "bytes_before", .title = "Size", .audience = HS_FOR_CSV},
	{.key = "bytes_after",
	 .title = "Size",
	 .min_width = 10,
	 .audience = HS_FOR_TEXT | HS_FOR_CSV},
	{.key = "delta_bytes", .title = "Change", .min_width = 11, .audience = HS_FOR_ALL},
	[SINCE_FIRST] = {.key = "since_first",
			 .title = "Since first",
			 .min_width = 11,
			 .audience = HS_FOR_TEXT},
	{.key = "new", .title = "New", .min_width = 9, .audience = HS_FOR_ALL},
	{.key = "freed", .title = "Freed", .min_width = 9, .audience = HS_FOR_ALL},
	{.key = "survived", .audience = HS_FOR_DATA},
	{.key = "ambiguous", .audience = HS_FOR_DATA},
	{.key = "kind", .title = "Kind", .left = true, .audience = HS_FOR_TEXT},
};

enum {
	INPUT_COLUMNS = sizeof(input_columns) / sizeof(input_columns[0]),
	ROW_COLUMNS = sizeof(row_columns) / sizeof(row_columns[0]),
};

static void add_inputs(struct hs_report *report, const struct hs_diff *diff)
{
	struct hs_node *table = hs_node_table(report, report->root, "snapshots", NULL,
					      input_columns, INPUT_COLUMNS, diff->input_count);

	if (!table)
		return;
	table->audience = HS_FOR_TEXT | HS_FOR_JSON;
	for (size_t i = 0; i < diff->input_count; i++) {
		const struct hs_diff_input *input = &diff->input[i];
		struct hs_value which = hs_value_number(HS_VALUE_U64, i + 1);

		if (diff->input_count == 2)
			which = hs_value_text(i ? "after" : "before");
		hs_table_row(table, i,
			     (const struct hs_value[INPUT_COLUMNS]){
				     which,
				     hs_value_number(HS_VALUE_TIME, input->time_ns),
				     hs_count(input->objects),
				     hs_bytes_of(input->bytes),
				     hs_report_known_bytes(input->resident),
				     hs_value_copy(report, hs_str_of(input->file)),
			     });
	}
}

/* Rows that are worth showing at first: what grew, and what came and went as much. */
static size_t growing_rows(const struct hs_diff *diff)
{
	size_t rows = 0;

	while (rows < diff->row_count && rows < HS_TEXT_ROWS && diff->rows[rows].delta_bytes >= 0 &&
	       (diff->rows[rows].delta_bytes || diff->rows[rows].added))
		rows++;
	return rows;
}

static void fill_row(struct hs_report *report, const struct hs_diff *diff, size_t number,
		     struct hs_node *table, bool since_first)
{
	const struct hs_diff_row *row = &diff->rows[number];
	size_t last = diff->input_count - 1;
	struct hs_value kind = hs_value_copy(report, row->kind);
	struct hs_value cells[ROW_COLUMNS];
	size_t used = 0;

	cells[used++] = kind;
	cells[used++] = hs_value_numbers(report, row->count, diff->input_count);
	cells[used++] = hs_value_numbers(report, row->bytes, diff->input_count);
	cells[used++] = hs_count(row->count[last - 1]);
	cells[used++] = hs_count(row->count[last]);
	cells[used++] = hs_count_change(row->delta_count);
	cells[used++] = hs_bytes_of(row->bytes[last - 1]);
	cells[used++] = hs_bytes_of(row->bytes[last]);
	cells[used++] = hs_bytes_change(row->delta_bytes);
	if (since_first)
		cells[used++] = hs_bytes_change((int64_t)(row->bytes[last] - row->bytes[0]));
	cells[used++] = hs_count(row->added);
	cells[used++] = hs_count(row->freed);
	cells[used++] = hs_count(row->survived);
	cells[used++] = hs_count(row->ambiguous);
	cells[used] = kind;
	hs_table_row(table, number, cells);
}

/* The columns of the rows: all, or those without the change since the first snapshot. */
static const struct hs_table_column *choose_columns(struct hs_report *report, bool since_first)
{
	struct hs_table_column *columns;

	if (since_first)
		return row_columns;
	columns = hs_arena_copy(report->arena, row_columns, sizeof(row_columns));
	if (columns)
		memmove(columns + SINCE_FIRST, columns + SINCE_FIRST + 1,
			(ROW_COLUMNS - SINCE_FIRST - 1) * sizeof(*columns));
	else
		report->failed = true;
	return columns;
}

static void add_rows(struct hs_report *report, const struct hs_diff *diff)
{
	bool since_first = diff->input_count > 2;
	const struct hs_table_column *columns = choose_columns(report, since_first);
	struct hs_node *table;

	if (!columns)
		return;
	table = hs_node_table(report, report->root, "rows", NULL, columns,
			      since_first ? ROW_COLUMNS : ROW_COLUMNS - 1, diff->row_count);
	if (!table)
		return;
	table->table.more = "Type e.g. 'heapsnap diff A B -n 0' to view all.";
	table->table.limited = true;
	table->table.text_rows = growing_rows(diff);
	for (size_t i = 0; i < diff->row_count; i++)
		fill_row(report, diff, i, table, since_first);
}

/* How the resident set changed in the last step, if that is known. */
static void add_resident(struct hs_report *report, const struct hs_diff *diff)
{
	struct hs_node *group = hs_node_group(report, report->root, "resident", NULL);
	uint64_t before = diff->input[diff->input_count - 2].resident;
	uint64_t after = diff->input[diff->input_count - 1].resident;

	if (group)
		group->audience = HS_FOR_JSON;
	if (before && after)
		hs_node_field(report, group, "delta", NULL,
			      hs_bytes_change((int64_t)(after - before)));
}

static uint64_t all_gaps(const struct hs_diff *diff)
{
	uint64_t gaps = 0;

	for (size_t i = 0; i < diff->input_count; i++)
		if (__builtin_add_overflow(gaps, diff->input[i].gaps, &gaps))
			return UINT64_MAX;
	return gaps;
}

struct hs_error *hs_report_from_diff(const struct hs_diff *diff, struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.diff/1");
	uint64_t gaps = all_gaps(diff);

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, gaps);
	hs_report_verdict(report, diff);
	if (!diff->same_process)
		hs_line_text(report, hs_node_line(report, report->root, 0),
			     "The snapshots are of different processes: objects cannot be followed "
			     "from one to the other, compare the totals only.");
	hs_node_line(report, report->root, 0);
	add_inputs(report, diff);
	hs_node_field_for(report, report->root, HS_FOR_JSON, "size", NULL,
			  hs_value_text(hs_size_name(diff->size)));
	hs_report_by(report, diff->by, diff->by_count);
	hs_node_field_for(report, report->root, HS_FOR_JSON, "same_process", NULL,
			  hs_value_bool(diff->same_process));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "verdict", NULL,
			  hs_value_text(hs_verdict_name(diff->verdict)));
	hs_report_suspects(report, diff);
	hs_node_line(report, report->root, 0);
	add_rows(report, diff);
	add_resident(report, diff);
	hs_report_coverage_line(report, gaps);
	return hs_report_done(report, ret);
}
