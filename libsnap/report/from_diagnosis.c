/* SPDX-License-Identifier: MIT */
/* from_diagnosis.c: what is in the way of a snapshot as a report. */
#include "libsnap/report/common.h"

#include "format/base/error.h"
#include "format/base/str.h"

static const struct hs_table_column columns[] = {
	{.key = "check", .title = "Check", .left = true, .audience = HS_FOR_ALL},
	{.key = "state", .title = "State", .left = true, .audience = HS_FOR_ALL},
	{.key = "text", .title = "Found", .left = true, .audience = HS_FOR_ALL},
};

enum {
	COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]),
};

static const char *state_name(enum hs_check_state state)
{
	switch (state) {
	case HS_CHECK_GOOD:
		return "good";
	case HS_CHECK_NOTE:
		return "note";
	case HS_CHECK_BAD:
		return "bad";
	}
	return "bad";
}

struct hs_error *hs_report_from_diagnosis(const struct hs_diagnosis *diagnosis,
					  struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.doctor/1");
	struct hs_node *table;
	struct hs_node *line;

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, 0);
	line = hs_node_line(report, report->root, 0);
	if (!diagnosis->pid)
		hs_line_text(report, line, "What decides here about taking snapshots:");
	else if (diagnosis->code)
		hs_line_text(report, line, "A snapshot of this process cannot be taken now.");
	else
		hs_line_text(report, line, "A snapshot of this process can be taken.");
	hs_node_field_for(report, report->root, HS_FOR_JSON, "pid", NULL,
			  diagnosis->pid ? hs_value_number(HS_VALUE_U64, (uint64_t)diagnosis->pid)
					 : hs_value_null());
	hs_node_field_for(report, report->root, HS_FOR_JSON, "possible", NULL,
			  hs_value_bool(!diagnosis->code));
	table = hs_node_table(report, report->root, "rows", NULL, columns, COLUMN_COUNT,
			      diagnosis->count);
	for (size_t i = 0; table && i < diagnosis->count; i++)
		hs_table_row(table, i,
			     (const struct hs_value[COLUMN_COUNT]){
				     hs_value_text(diagnosis->checks[i].name),
				     hs_value_text(state_name(diagnosis->checks[i].state)),
				     hs_value_copy(report, hs_str_of(diagnosis->checks[i].text)),
			     });
	return hs_report_done(report, ret);
}
