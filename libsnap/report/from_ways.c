/* SPDX-License-Identifier: MIT */
/* from_ways.c: why an object, or many objects, are alive, as a report. */
#include "libsnap/report/common.h"

#include "format/base/error.h"

static const struct hs_table_column way_columns[] = {
	{.key = "steps", .title = "Steps", .audience = HS_FOR_ALL},
	{.key = "rank", .title = "Root", .left = true, .audience = HS_FOR_ALL},
	{.key = "label", .audience = HS_FOR_DATA},
	{.key = "path", .title = "Path", .left = true, .audience = HS_FOR_ALL},
};

static const struct hs_table_column step_columns[] = {
	{.key = "number", .title = "Step", .audience = HS_FOR_ALL},
	{.key = "label", .title = "Label", .left = true, .audience = HS_FOR_ALL},
	{.key = "id", .audience = HS_FOR_DATA},
	{.key = "addr", .title = "Address", .audience = HS_FOR_ALL},
	{.key = "size", .title = "Size", .audience = HS_FOR_ALL},
	{.key = "type", .audience = HS_FOR_DATA},
	{.key = "kind", .title = "Kind", .left = true, .audience = HS_FOR_ALL},
	{.key = "value", .title = "Value", .left = true, .audience = HS_FOR_ALL},
};

static const struct hs_table_column merged_columns[] = {
	{.key = "count", .title = "Objects", .audience = HS_FOR_ALL},
	{.key = "count_pct", .title = "%", .min_width = 3, .audience = HS_FOR_ALL},
	{.key = "bytes", .title = "Size", .audience = HS_FOR_ALL},
	{.key = "own", .title = "Here", .audience = HS_FOR_ALL},
	{.key = "tree", .title = "Path", .left = true, .audience = HS_FOR_TEXT},
	{.key = "depth", .audience = HS_FOR_DATA},
	{.key = "parent", .audience = HS_FOR_DATA},
	{.key = "label", .audience = HS_FOR_DATA},
};

static const char *rank_name(enum hs_root_rank rank)
{
	switch (rank) {
	case HS_ROOT_MODULE:
		return "module";
	case HS_ROOT_INTERPRETER:
		return "interpreter";
	case HS_ROOT_THREAD:
		return "thread";
	case HS_ROOT_INTERNAL:
		return "internal";
	case HS_ROOT_RANK_COUNT:
		break;
	}
	return "";
}

static struct hs_value value_of(struct hs_report *report, const struct hs_item *item)
{
	return item->value.data ? hs_value_copy(report, item->value) : hs_value_null();
}

static void add_ways(struct hs_report *report, const struct hs_ways *ways)
{
	struct hs_node *table =
		hs_node_table(report, report->root, "rows", "Shortest paths", way_columns,
			      sizeof(way_columns) / sizeof(*way_columns), ways->row_count);
	struct hs_node *line;

	if (!table)
		return;
	if (!ways->row_count)
		table->audience = HS_FOR_DATA;
	for (size_t i = 0; i < ways->row_count; i++)
		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_number(HS_VALUE_COUNT, ways->rows[i].steps),
				     hs_value_text(rank_name(ways->rows[i].rank)),
				     hs_value_copy(report, ways->rows[i].label),
				     hs_value_copy(report, ways->rows[i].path),
			     });
	if (ways->row_count == ways->row_total)
		return;
	line = hs_node_line(report, report->root, 0);
	hs_line_text(report, line, "<");
	hs_line_add(report, line,
		    hs_value_number(HS_VALUE_COUNT, ways->row_total - ways->row_count));
	hs_line_text(report, line, " more; -n 0 shows all>");
}

static void add_steps(struct hs_report *report, const struct hs_ways *ways)
{
	struct hs_node *table =
		hs_node_table(report, report->root, "steps", "The shortest path", step_columns,
			      sizeof(step_columns) / sizeof(*step_columns), ways->step_count);

	if (!table)
		return;
	if (!ways->step_count)
		table->audience = HS_FOR_DATA;
	for (size_t i = 0; i < ways->step_count; i++) {
		const struct hs_way_step *step = &ways->steps[i];

		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_number(HS_VALUE_U64, step->number),
				     hs_value_copy(report, step->label),
				     hs_value_number(HS_VALUE_U64, step->item.id),
				     hs_value_number(HS_VALUE_ADDRESS, step->item.address),
				     hs_value_number(HS_VALUE_BYTES, step->item.size),
				     hs_value_copy(report, step->item.type),
				     hs_value_copy(report, step->item.kind),
				     value_of(report, &step->item),
			     });
	}
}

struct hs_error *hs_report_from_ways(const struct hs_ways *ways, struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.path/1");
	const struct hs_item *item = &ways->item;

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, ways->gaps);
	hs_node_field(report, report->root, "id", "Number",
		      hs_value_number(HS_VALUE_U64, item->id));
	hs_node_field(report, report->root, "addr", "Address",
		      hs_value_number(HS_VALUE_ADDRESS, item->address));
	hs_node_field(report, report->root, "type", NULL, hs_value_copy(report, item->type));
	hs_node_field(report, report->root, "kind", "Kind", hs_value_copy(report, item->kind));
	hs_node_field(report, report->root, "size", "Size",
		      hs_value_number(HS_VALUE_BYTES, item->size));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "reached", NULL,
			  hs_value_bool(ways->row_count > 0));
	add_steps(report, ways);
	hs_node_field_for(report, report->root, HS_FOR_JSON, "row_total", NULL,
			  hs_value_number(HS_VALUE_U64, ways->row_total));
	add_ways(report, ways);
	if (!ways->row_count)
		hs_line_text(report, hs_node_line(report, report->root, 0),
			     "No root leads to it: garbage that awaits a collection, lost, or "
			     "held only by what is to be avoided.");
	hs_report_coverage_line(report, ways->gaps);
	return hs_report_done(report, ret);
}

static void add_merged(struct hs_report *report, const struct hs_merged *merged)
{
	struct hs_node *table =
		hs_node_table(report, report->root, "rows", NULL, merged_columns,
			      sizeof(merged_columns) / sizeof(*merged_columns), merged->row_count);
	struct hs_node *line;

	if (!table)
		return;
	if (!merged->row_count)
		table->audience = HS_FOR_DATA;
	for (size_t i = 0; i < merged->row_count; i++) {
		const struct hs_merged_row *row = &merged->rows[i];

		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_number(HS_VALUE_COUNT, row->count),
				     hs_value_percent(row->count, merged->count),
				     hs_value_number(HS_VALUE_BYTES, row->bytes),
				     hs_value_number(HS_VALUE_COUNT, row->own),
				     hs_report_indented(report, row->depth, row->label),
				     hs_value_number(HS_VALUE_U64, row->depth),
				     row->parent == SIZE_MAX
					     ? hs_value_null()
					     : hs_value_number(HS_VALUE_U64, row->parent),
				     hs_value_copy(report, row->label),
			     });
	}
	if (merged->row_count == merged->row_total)
		return;
	line = hs_node_line(report, report->root, 0);
	hs_line_text(report, line, "<");
	hs_line_add(report, line,
		    hs_value_number(HS_VALUE_COUNT, merged->row_total - merged->row_count));
	hs_line_text(report, line, " places with fewer; -n 0 shows all>");
}

struct hs_error *hs_report_from_merged(const struct hs_merged *merged, struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.paths/1");
	struct hs_node *line;

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, merged->gaps);
	line = hs_node_line(report, report->root, 0);
	hs_line_add(report, line, hs_value_copy(report, merged->name));
	hs_line_text(report, line, ": ");
	hs_line_add(report, line, hs_value_number(HS_VALUE_COUNT, merged->count));
	hs_line_text(report, line, merged->count == 1 ? " object, " : " objects, ");
	hs_line_add(report, line, hs_value_number(HS_VALUE_BYTES, merged->bytes));
	if (merged->unreached) {
		hs_line_text(report, line, "; to ");
		hs_line_add(report, line, hs_value_number(HS_VALUE_COUNT, merged->unreached));
		hs_line_text(report, line, " of them no way leads");
	}
	hs_line_text(report, line, ".");
	hs_node_field_for(report, report->root, HS_FOR_JSON, "type", NULL,
			  hs_value_copy(report, merged->name));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "objects", NULL,
			  hs_value_number(HS_VALUE_U64, merged->count));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "bytes", NULL,
			  hs_value_number(HS_VALUE_U64, merged->bytes));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "unreached", NULL,
			  hs_value_number(HS_VALUE_U64, merged->unreached));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "unreached_bytes", NULL,
			  hs_value_number(HS_VALUE_U64, merged->unreached_bytes));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "row_total", NULL,
			  hs_value_number(HS_VALUE_U64, merged->row_total));
	add_merged(report, merged);
	hs_report_coverage_line(report, merged->gaps);
	return hs_report_done(report, ret);
}
