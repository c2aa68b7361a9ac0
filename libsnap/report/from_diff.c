/* SPDX-License-Identifier: MIT */
/* from_diff.c: what grew, and who holds it, as a report. */
#include "libsnap/report/common.h"

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

static struct hs_value count(uint64_t value)
{
	return hs_value_number(HS_VALUE_COUNT, value);
}

static struct hs_value bytes(uint64_t value)
{
	return hs_value_number(HS_VALUE_BYTES, value);
}

static struct hs_value count_change(int64_t value)
{
	return hs_value_signed(HS_VALUE_COUNT_CHANGE, value);
}

static struct hs_value bytes_change(int64_t value)
{
	return hs_value_signed(HS_VALUE_BYTES_CHANGE, value);
}

static uint64_t magnitude(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static int64_t total_change(const struct hs_diff *diff)
{
	return (int64_t)(diff->input[1].bytes - diff->input[0].bytes);
}

/* Who has what grew: "; 97 % of it is held by app._CACHE". */
static void add_share(struct hs_report *report, struct hs_node *line,
		      const struct hs_suspect *suspect, int64_t total)
{
	uint64_t whole = total > 0 ? (uint64_t)total : 0;
	uint64_t part = suspect->attributed < whole ? suspect->attributed : whole;

	hs_line_text(report, line, "; ");
	if (whole) {
		hs_line_add(report, line, hs_value_percent(part, whole));
		hs_line_text(report, line, " % of it is ");
	} else {
		hs_line_add(report, line, bytes(suspect->attributed));
		hs_line_text(report, line, " more is ");
	}
	if (suspect->held) {
		hs_line_text(report, line, "held by ");
		hs_line_styled(report, line, HS_STYLE_STRONG,
			       hs_value_copy(report, suspect->holder.label));
	} else {
		hs_line_styled(report, line, HS_STYLE_STRONG,
			       hs_value_copy(report, suspect->row->kind));
		hs_line_text(report, line,
			     suspect->cause == HS_CAUSE_LOST_REFERENCE
				     ? " objects that nothing seen holds: references were lost"
				     : " objects that no root is seen to reach");
	}
}

/* ": the heap is 3.2 KiB larger, +12 objects". */
static void add_balance(struct hs_report *report, struct hs_node *line, int64_t total,
			int64_t objects)
{
	if (!total && !objects) {
		hs_line_text(report, line, ": the heap is as large as before");
		return;
	}
	hs_line_text(report, line, ": the heap is ");
	hs_line_add(report, line, bytes(magnitude(total)));
	hs_line_text(report, line, total < 0 ? " smaller, " : " larger, ");
	hs_line_add(report, line, count_change(objects));
	hs_line_text(report, line, magnitude(objects) == 1 ? " object" : " objects");
}

/* The first line: the answer in plain English. */
static void add_answer(struct hs_report *report, const struct hs_diff *diff)
{
	struct hs_node *line = hs_node_line(report, report->root, 0);
	int64_t total = total_change(diff);
	int64_t objects = (int64_t)(diff->input[1].objects - diff->input[0].objects);

	if (diff->verdict == HS_VERDICT_STABLE) {
		hs_line_styled(report, line, HS_STYLE_GOOD, hs_value_text("Stable"));
		add_balance(report, line, total, objects);
		hs_line_text(report, line, "; nothing suspicious grew.");
		return;
	}
	if (total > 0 && objects > 0) {
		hs_line_styled(report, line, HS_STYLE_ALERT, hs_value_text("Grew"));
		hs_line_text(report, line, " by ");
		hs_line_add(report, line, bytes((uint64_t)total));
		hs_line_text(report, line,
			     diff->size == HS_SIZE_ALLOCATED ? " allocated in " : " in ");
		hs_line_add(report, line, count((uint64_t)objects));
		hs_line_text(report, line, objects == 1 ? " object" : " objects");
	} else {
		hs_line_styled(report, line, HS_STYLE_ALERT, hs_value_text("Some kinds grew"));
		add_balance(report, line, total, objects);
	}
	add_share(report, line, &diff->suspects[0], total);
	hs_line_text(report, line, ".");
}

static void add_inputs(struct hs_report *report, const struct hs_diff *diff)
{
	struct hs_node *table = hs_node_table(report, report->root, "snapshots", NULL,
					      input_columns, INPUT_COLUMNS, 2);

	if (!table)
		return;
	table->audience = HS_FOR_TEXT | HS_FOR_JSON;
	for (size_t i = 0; i < 2; i++) {
		const struct hs_diff_input *input = &diff->input[i];

		hs_table_row(table, i,
			     (const struct hs_value[INPUT_COLUMNS]){
				     hs_value_text(i ? "after" : "before"),
				     hs_value_number(HS_VALUE_TIME, input->time_ns),
				     count(input->objects),
				     bytes(input->bytes),
				     hs_report_known_bytes(input->resident),
				     hs_value_copy(report, hs_str_of(input->file)),
			     });
	}
}

static struct hs_value companions(struct hs_report *report, const struct hs_suspect *suspect)
{
	struct hs_value *items = hs_value_items(report, suspect->companion_count);

	for (size_t i = 0; items && i < suspect->companion_count; i++)
		items[i] = hs_value_copy(report, suspect->companions[i]);
	return hs_value_list(items, suspect->companion_count);
}

static void add_holder(struct hs_report *report, struct hs_node *parent,
		       const struct hs_suspect *suspect)
{
	struct hs_node *group;

	if (!suspect->held) {
		hs_node_field(report, parent, "holder", NULL, hs_value_null());
		return;
	}
	group = hs_node_group(report, parent, "holder", NULL);
	hs_node_field(report, group, "kind", NULL, hs_value_copy(report, suspect->holder.kind));
	hs_node_field(report, group, "address", NULL,
		      hs_value_number(HS_VALUE_ADDRESS, suspect->holder.address));
	hs_node_field(report, group, "path", NULL, hs_value_copy(report, suspect->holder.path));
	hs_node_field(report, group, "label", NULL, hs_value_copy(report, suspect->holder.label));
	hs_node_field(report, group, "held", NULL, count(suspect->holder.held));
}

static struct hs_value cause_name(enum hs_cause cause)
{
	switch (cause) {
	case HS_CAUSE_CONTAINER:
		return hs_value_text("container");
	case HS_CAUSE_LOST_REFERENCE:
		return hs_value_text("lost-reference");
	case HS_CAUSE_GARBAGE:
		return hs_value_text("garbage");
	case HS_CAUSE_UNKNOWN:
		break;
	}
	return hs_value_null();
}

static void add_suspect(struct hs_report *report, struct hs_node *list, size_t rank,
			const struct hs_suspect *suspect)
{
	const struct hs_diff_row *row = suspect->row;
	struct hs_node *group = hs_node_group(report, list, NULL, NULL);
	struct hs_node *evidence;

	hs_node_field(report, group, "rank", NULL, count(rank));
	hs_node_field(report, group, "kind", NULL, hs_value_copy(report, row->kind));
	hs_node_field(report, group, "count", NULL,
		      hs_value_pair(report, row->count[0], row->count[1]));
	hs_node_field(report, group, "bytes", NULL,
		      hs_value_pair(report, row->bytes[0], row->bytes[1]));
	hs_node_field(report, group, "delta_count", NULL, count_change(row->delta_count));
	hs_node_field(report, group, "delta_bytes", NULL, bytes_change(row->delta_bytes));
	add_holder(report, group, suspect);
	hs_node_field(report, group, "companions", NULL, companions(report, suspect));
	hs_node_field(report, group, "verdict", NULL, hs_value_text("growth"));
	hs_node_field(report, group, "cause", NULL, cause_name(suspect->cause));
	evidence = hs_node_group(report, group, "evidence", NULL);
	hs_node_field(report, evidence, "attributed_bytes", NULL, bytes(suspect->attributed));
	if (!suspect->held)
		hs_node_field(report, evidence, "reason", NULL,
			      hs_value_copy(report, suspect->reason));
}

/* "held by dict at 0x7f…: module app → _CACHE (app._CACHE)". */
static void add_holder_lines(struct hs_report *report, const struct hs_suspect *suspect)
{
	struct hs_node *line = hs_node_line(report, report->root, 5);

	if (!suspect->held) {
		hs_line_text(report, line, "no holder: ");
		hs_line_add(report, line, hs_value_copy(report, suspect->reason));
		return;
	}
	hs_line_text(report, line, "held by ");
	hs_line_styled(report, line, HS_STYLE_STRONG, hs_value_copy(report, suspect->holder.label));
	hs_line_text(report, line, ", a ");
	hs_line_add(report, line, hs_value_copy(report, suspect->holder.kind));
	hs_line_text(report, line, " at ");
	hs_line_add(report, line, hs_value_number(HS_VALUE_ADDRESS, suspect->holder.address));
	line = hs_node_line(report, report->root, 5);
	hs_line_text(report, line, "path: ");
	hs_line_add(report, line, hs_value_copy(report, suspect->holder.path));
}

static void add_suspect_lines(struct hs_report *report, size_t rank,
			      const struct hs_suspect *suspect)
{
	const struct hs_diff_row *row = suspect->row;
	struct hs_node *line = hs_node_line(report, report->root, 2);

	hs_line_add(report, line, hs_value_number(HS_VALUE_U64, rank));
	hs_line_text(report, line, ". ");
	hs_line_styled(report, line, HS_STYLE_ALERT, hs_value_copy(report, row->kind));
	hs_line_text(report, line, "  ");
	hs_line_add(report, line, count_change(row->delta_count));
	hs_line_text(report, line, magnitude(row->delta_count) == 1 ? " object, " : " objects, ");
	hs_line_add(report, line, bytes_change((int64_t)suspect->attributed));
	hs_line_text(report, line, " with what hangs below (");
	hs_line_add(report, line, bytes_change(row->delta_bytes));
	hs_line_text(report, line, " of its own)");
	add_holder_lines(report, suspect);
	if (!suspect->companion_count)
		return;
	line = hs_node_line(report, report->root, 5);
	hs_line_text(report, line, "along with it: ");
	for (size_t i = 0; i < suspect->companion_count; i++) {
		hs_line_text(report, line, i ? ", " : "");
		hs_line_add(report, line, hs_value_copy(report, suspect->companions[i]));
	}
}

static void add_suspects(struct hs_report *report, const struct hs_diff *diff)
{
	struct hs_node *list = hs_node_list(report, report->root, "suspects");

	if (list)
		list->audience = HS_FOR_JSON;
	for (size_t i = 0; i < diff->suspect_count; i++)
		add_suspect(report, list, i + 1, &diff->suspects[i]);
	for (size_t i = 0; i < diff->suspect_count; i++) {
		hs_node_line(report, report->root, 0);
		add_suspect_lines(report, i + 1, &diff->suspects[i]);
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

static void add_rows(struct hs_report *report, const struct hs_diff *diff)
{
	struct hs_node *table = hs_node_table(report, report->root, "rows", NULL, row_columns,
					      ROW_COLUMNS, diff->row_count);

	if (!table)
		return;
	table->table.more = "Type e.g. 'heapsnap diff A B -n 0' to view all.";
	table->table.limited = true;
	table->table.text_rows = growing_rows(diff);
	for (size_t i = 0; i < diff->row_count; i++) {
		const struct hs_diff_row *row = &diff->rows[i];
		struct hs_value kind = hs_value_copy(report, row->kind);

		hs_table_row(table, i,
			     (const struct hs_value[ROW_COLUMNS]){
				     kind,
				     hs_value_pair(report, row->count[0], row->count[1]),
				     hs_value_pair(report, row->bytes[0], row->bytes[1]),
				     count(row->count[0]),
				     count(row->count[1]),
				     count_change(row->delta_count),
				     bytes(row->bytes[0]),
				     bytes(row->bytes[1]),
				     bytes_change(row->delta_bytes),
				     count(row->added),
				     count(row->freed),
				     count(row->survived),
				     count(row->ambiguous),
				     kind,
			     });
	}
}

/* How the resident set changed, if it is known of both. */
static void add_resident(struct hs_report *report, const struct hs_diff *diff)
{
	struct hs_node *group = hs_node_group(report, report->root, "resident", NULL);
	uint64_t before = diff->input[0].resident;
	uint64_t after = diff->input[1].resident;

	if (group)
		group->audience = HS_FOR_JSON;
	if (before && after)
		hs_node_field(report, group, "delta", NULL,
			      bytes_change((int64_t)(after - before)));
}

static const char *verdict_name(enum hs_verdict verdict)
{
	switch (verdict) {
	case HS_VERDICT_STABLE:
		return "stable";
	case HS_VERDICT_GROWTH:
		return "growth";
	}
	return "";
}

struct hs_error *hs_report_from_diff(const struct hs_diff *diff, struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.diff/1");
	uint64_t gaps;

	if (!report)
		return &hs_enomem;
	if (__builtin_add_overflow(diff->input[0].gaps, diff->input[1].gaps, &gaps))
		gaps = UINT64_MAX;
	hs_report_coverage(report, gaps);
	add_answer(report, diff);
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
			  hs_value_text(verdict_name(diff->verdict)));
	add_suspects(report, diff);
	hs_node_line(report, report->root, 0);
	add_rows(report, diff);
	add_resident(report, diff);
	hs_report_coverage_line(report, gaps);
	return hs_report_done(report, ret);
}
