/* SPDX-License-Identifier: MIT */
/* from_verify.c: a file that was found in order, as a report. */
#include "libsnap/report/common.h"

#include "format/base/error.h"
#include "format/base/str.h"

struct hs_error *hs_report_from_verify(const struct hs_snapshot *snap, const char *file,
				       struct hs_report **ret)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	struct hs_report *report = hs_report_create("heapsnap.verify/1");
	struct hs_value name, objects_count, edges_count;
	struct hs_node *root, *line;

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, hs_snapshot_gap_total(snap));
	root = report->root;
	name = hs_value_copy(report, hs_str_of(file));
	objects_count = hs_value_number(HS_VALUE_COUNT, objects->count);
	edges_count = hs_value_number(HS_VALUE_COUNT, objects->edge_count);
	hs_node_field_for(report, root, HS_FOR_JSON, "file", NULL, name);
	hs_node_field_for(report, root, HS_FOR_JSON, "ok", NULL, hs_value_bool(true));
	hs_node_field_for(report, root, HS_FOR_JSON, "objects", NULL, objects_count);
	hs_node_field_for(report, root, HS_FOR_JSON, "edges", NULL, edges_count);
	line = hs_node_line(report, root, 0);
	hs_line_add(report, line, name);
	hs_line_text(report, line, ": ok, ");
	hs_line_add(report, line, objects_count);
	hs_line_text(report, line, " objects, ");
	hs_line_add(report, line, edges_count);
	hs_line_text(report, line, " references");
	return hs_report_done(report, ret);
}
