/* SPDX-License-Identifier: MIT */
/* from_audit.c: reference counts against the references that are there, as a report. */
#include "libsnap/report/common.h"

#include "format/base/error.h"

/* The columns; only the last one's title depends on what the audit is by. */
static const struct hs_table_column columns[] = {
	{.key = "unaccounted", .title = "Not found", .audience = HS_FOR_ALL},
	{.key = "concerned", .title = "In objects", .audience = HS_FOR_ALL},
	{.key = "objects", .title = "Of", .audience = HS_FOR_ALL},
	{.key = "refcount", .title = "Counted", .audience = HS_FOR_ALL},
	{.key = "referenced", .title = "Found", .audience = HS_FOR_ALL},
	{.key = "surplus", .audience = HS_FOR_DATA},
	{.key = "example", .title = "Example", .left = true, .audience = HS_FOR_ALL},
	{.key = "most", .audience = HS_FOR_DATA},
	{.key = "kind", .title = "Kind", .left = true, .audience = HS_FOR_ALL},
};

enum { COLUMN_COUNT = sizeof(columns) / sizeof(*columns) };

static void add_rows(struct hs_report *report, const struct hs_audit *audit)
{
	struct hs_table_column *own = hs_arena_copy(report->arena, columns, sizeof(columns));
	struct hs_node *table;

	if (!own) {
		report->failed = true;
		return;
	}
	own[COLUMN_COUNT - 1].title = hs_report_kind_title(report, audit->by, audit->by_count);
	table = hs_node_table(report, report->root, "rows", NULL, own, COLUMN_COUNT,
			      audit->row_count);
	if (!table)
		return;
	table->table.limited = true;
	table->table.more = "Type e.g. 'heapsnap top FILE --refs -n 0' to view all.";
	for (size_t i = 0; i < audit->row_count; i++) {
		const struct hs_audit_row *row = &audit->rows[i];

		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_number(HS_VALUE_COUNT, row->unaccounted),
				     hs_value_number(HS_VALUE_COUNT, row->concerned),
				     hs_value_number(HS_VALUE_COUNT, row->objects),
				     hs_value_number(HS_VALUE_COUNT, row->refcount),
				     hs_value_number(HS_VALUE_COUNT, row->referenced),
				     hs_value_number(HS_VALUE_COUNT, row->surplus),
				     row->concerned
					     ? hs_value_number(HS_VALUE_ADDRESS, row->example)
					     : hs_value_null(),
				     hs_value_number(HS_VALUE_COUNT, row->most),
				     hs_value_copy(report, row->kind),
			     });
	}
}

static void add_heading(struct hs_report *report, const struct hs_audit *audit)
{
	struct hs_node *line = hs_node_line(report, report->root, 0);

	hs_line_add(report, line, hs_value_number(HS_VALUE_COUNT, audit->refcount));
	hs_line_text(report, line, " references to ");
	hs_line_add(report, line, hs_value_number(HS_VALUE_COUNT, audit->objects));
	hs_line_text(report, line, " objects are counted, and ");
	hs_line_styled(report, line, HS_STYLE_STRONG,
		       hs_value_number(HS_VALUE_COUNT, audit->unaccounted));
	hs_line_text(report, line, " of them not found: native code holds these. Of ");
	hs_line_add(report, line, hs_value_number(HS_VALUE_COUNT, audit->uncounted));
	hs_line_text(report, line, " objects that are never freed the counts say nothing.");
}

struct hs_error *hs_report_from_audit(const struct hs_audit *audit, struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.references/1");
	const struct {
		const char *key;
		uint64_t value;
	} sums[] = {
		{"objects", audit->objects},	   {"refcount", audit->refcount},
		{"referenced", audit->referenced}, {"unaccounted", audit->unaccounted},
		{"surplus", audit->surplus},	   {"uncounted", audit->uncounted},
	};

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, audit->gaps);
	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++)
		hs_node_field_for(report, report->root, HS_FOR_JSON, sums[i].key, NULL,
				  hs_value_number(HS_VALUE_U64, sums[i].value));
	hs_report_by(report, audit->by, audit->by_count);
	add_heading(report, audit);
	add_rows(report, audit);
	hs_report_coverage_line(report, audit->gaps);
	return hs_report_done(report, ret);
}
