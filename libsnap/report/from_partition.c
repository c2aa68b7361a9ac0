/* SPDX-License-Identifier: MIT */
/* from_partition.c: a partition as a report: guppy's table. */
#include "libsnap/report/common.h"

#include "format/base/error.h"

enum {
	COLUMN_COUNT = 8,
	BYTES_COLUMN = 3, /* then its share, and the same of it and all before */
};

/* The columns; only the last one's title depends on what the partition is by. */
static const struct hs_table_column columns[COLUMN_COUNT] = {
	{.key = "index", .title = "Index", .min_width = 6, .audience = HS_FOR_ALL},
	{.key = "count", .title = "Count", .min_width = 6, .audience = HS_FOR_ALL},
	{.key = "count_pct", .title = "%", .min_width = 3, .audience = HS_FOR_ALL},
	{.key = "bytes", .title = "Size", .min_width = 8, .audience = HS_FOR_ALL},
	{.key = "bytes_pct", .title = "%", .min_width = 3, .audience = HS_FOR_ALL},
	{.key = "cumulative_bytes", .title = "Cumulative", .min_width = 9, .audience = HS_FOR_ALL},
	{.key = "cumulative_pct", .title = "%", .min_width = 3, .audience = HS_FOR_ALL},
	{.key = "kind", .title = "Kind", .left = true, .audience = HS_FOR_ALL},
};

static void add_rows(struct hs_report *report, const struct hs_partition *partition)
{
	struct hs_table_column *own = hs_arena_copy(report->arena, columns, sizeof(columns));
	struct hs_node *table;
	uint64_t cumulative = 0;

	if (!own) {
		report->failed = true;
		return;
	}
	own[COLUMN_COUNT - 1].title =
		hs_report_kind_title(report, partition->by, partition->by_count);
	/* What classes retain overlaps, so that sums of it say nothing. */
	if (partition->size == HS_SIZE_RETAINED) {
		own[BYTES_COLUMN].title = "Retained";
		own[BYTES_COLUMN + 2].audience = own[BYTES_COLUMN + 3].audience = 0;
	}
	table = hs_node_table(report, report->root, "rows", NULL, own, COLUMN_COUNT,
			      partition->row_count);
	if (!table)
		return;
	table->table.limited = true;
	table->table.more = "Type e.g. 'heapsnap top FILE -n 0' to view all.";
	for (size_t i = 0; i < partition->row_count; i++) {
		const struct hs_partition_row *row = &partition->rows[i];

		cumulative += row->bytes;
		hs_table_row(table, i,
			     (const struct hs_value[COLUMN_COUNT]){
				     hs_value_number(HS_VALUE_U64, i),
				     hs_value_number(HS_VALUE_U64, row->count),
				     hs_value_percent(row->count, partition->objects),
				     hs_value_number(HS_VALUE_U64, row->bytes),
				     hs_value_percent(row->bytes, partition->bytes),
				     hs_value_number(HS_VALUE_U64, cumulative),
				     hs_value_percent(cumulative, partition->bytes),
				     hs_value_copy(report, row->kind),
			     });
	}
}

struct hs_error *hs_report_from_partition(const struct hs_partition *partition,
					  struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.partition/1");
	struct hs_node *line;

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, partition->gaps);
	hs_node_field_for(report, report->root, HS_FOR_JSON, "objects", NULL,
			  hs_value_number(HS_VALUE_U64, partition->objects));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "bytes", NULL,
			  hs_value_number(HS_VALUE_U64, partition->bytes));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "size", NULL,
			  hs_value_text(hs_size_name(partition->size)));
	hs_report_by(report, partition->by, partition->by_count);
	line = hs_node_line(report, report->root, 0);
	hs_line_text(report, line, "Partition of a set of ");
	hs_line_add(report, line, hs_value_number(HS_VALUE_U64, partition->objects));
	hs_line_text(report, line,
		     partition->size == HS_SIZE_ALLOCATED ? " objects. Total allocated size = "
							  : " objects. Total size = ");
	hs_line_add(report, line, hs_value_number(HS_VALUE_U64, partition->bytes));
	hs_line_text(report, line, " bytes.");
	add_rows(report, partition);
	hs_report_coverage_line(report, partition->gaps);
	return hs_report_done(report, ret);
}
