/* SPDX-License-Identifier: MIT */
/* from_tree.c: the dominator tree as a report. */
#include "libsnap/report/common.h"

#include "format/base/error.h"

static const struct hs_table_column columns[] = {
	{.key = "retained", .title = "Retained", .audience = HS_FOR_ALL},
	{.key = "retained_pct", .title = "%", .min_width = 3, .audience = HS_FOR_ALL},
	{.key = "held", .title = "Objects", .audience = HS_FOR_ALL},
	{.key = "size", .title = "Size", .audience = HS_FOR_ALL},
	{.key = "addr", .title = "Address", .left = true, .audience = HS_FOR_ALL},
	{.key = "tree", .title = "Name", .left = true, .audience = HS_FOR_TEXT},
	{.key = "depth", .audience = HS_FOR_DATA},
	{.key = "parent", .audience = HS_FOR_DATA},
	{.key = "id", .audience = HS_FOR_DATA},
	{.key = "label", .audience = HS_FOR_DATA},
	{.key = "type", .audience = HS_FOR_DATA},
	{.key = "kind", .title = "Kind", .left = true, .audience = HS_FOR_ALL},
	{.key = "value", .audience = HS_FOR_DATA},
};

static void add_rows(struct hs_report *report, const struct hs_tree *tree)
{
	struct hs_node *table = hs_node_table(report, report->root, "rows", NULL, columns,
					      sizeof(columns) / sizeof(*columns), tree->row_count);

	if (!table)
		return;
	for (size_t i = 0; i < tree->row_count; i++) {
		const struct hs_tree_row *row = &tree->rows[i];
		const struct hs_item *item = &row->item;

		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_number(HS_VALUE_BYTES, item->retained),
				     hs_value_percent(item->retained, tree->bytes),
				     hs_value_number(HS_VALUE_COUNT, item->held),
				     hs_value_number(HS_VALUE_BYTES, item->size),
				     hs_value_number(HS_VALUE_ADDRESS, item->address),
				     hs_report_indented(report, row->depth, row->label),
				     hs_value_number(HS_VALUE_U64, row->depth),
				     row->parent == SIZE_MAX
					     ? hs_value_null()
					     : hs_value_number(HS_VALUE_U64, row->parent),
				     hs_value_number(HS_VALUE_U64, item->id),
				     hs_value_copy(report, row->label),
				     hs_value_copy(report, item->type),
				     hs_value_copy(report, item->kind),
				     item->value.data ? hs_value_copy(report, item->value)
						      : hs_value_null(),
			     });
	}
}

static void add_heading(struct hs_report *report, const struct hs_tree *tree)
{
	struct hs_node *line = hs_node_line(report, report->root, 0);

	hs_line_add(report, line, hs_value_number(HS_VALUE_COUNT, tree->objects));
	hs_line_text(report, line, " objects, ");
	hs_line_add(report, line, hs_value_number(HS_VALUE_BYTES, tree->bytes));
	if (tree->garbage_objects) {
		hs_line_text(report, line, "; not in the tree: garbage, ");
		hs_line_add(report, line, hs_value_number(HS_VALUE_COUNT, tree->garbage_objects));
		hs_line_text(report, line, " objects, ");
		hs_line_add(report, line, hs_value_number(HS_VALUE_BYTES, tree->garbage_bytes));
	}
	hs_line_text(report, line, ".");
}

struct hs_error *hs_report_from_tree(const struct hs_tree *tree, struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.tree/1");
	struct hs_node *garbage;
	struct hs_node *line;

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, tree->gaps);
	add_heading(report, tree);
	hs_node_field_for(report, report->root, HS_FOR_JSON, "objects", NULL,
			  hs_value_number(HS_VALUE_U64, tree->objects));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "bytes", NULL,
			  hs_value_number(HS_VALUE_U64, tree->bytes));
	garbage = hs_node_group(report, report->root, "garbage", NULL);
	if (garbage)
		garbage->audience = HS_FOR_JSON;
	hs_node_field(report, garbage, "objects", NULL,
		      hs_value_number(HS_VALUE_U64, tree->garbage_objects));
	hs_node_field(report, garbage, "bytes", NULL,
		      hs_value_number(HS_VALUE_U64, tree->garbage_bytes));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "row_total", NULL,
			  hs_value_number(HS_VALUE_U64, tree->row_total));
	add_rows(report, tree);
	if (tree->row_count < tree->row_total) {
		line = hs_node_line(report, report->root, 0);
		hs_line_text(report, line, "<");
		hs_line_add(report, line,
			    hs_value_number(HS_VALUE_COUNT, tree->row_total - tree->row_count));
		hs_line_text(report, line,
			     " smaller ones. Type e.g. 'heapsnap tree FILE -n 100' to view more, "
			     "'heapsnap tree FILE 0x7f...' what is below one.>");
	}
	hs_report_coverage_line(report, tree->gaps);
	return hs_report_done(report, ret);
}
