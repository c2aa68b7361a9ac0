/* SPDX-License-Identifier: MIT */
/* common.c: what every report has. */
#include "libsnap/report/common.h"

#include "libsnap/report/output.h"

#include <string.h>

enum {
	INDENT_MAX = 20, /* levels that are indented in text; those below stay there */
};

void hs_report_coverage(struct hs_report *report, uint64_t gaps)
{
	struct hs_node *group = hs_node_group(report, report->root, "coverage", NULL);

	if (!group)
		return;
	group->audience = HS_FOR_JSON;
	hs_node_field(report, group, "complete", NULL, hs_value_bool(!gaps));
	hs_node_field(report, group, "gaps", NULL, hs_value_number(HS_VALUE_U64, gaps));
}

void hs_report_coverage_line(struct hs_report *report, uint64_t gaps)
{
	struct hs_node *line;

	if (!gaps)
		return;
	line = hs_node_line(report, report->root, 0);
	hs_line_text(report, line, "Coverage: ");
	hs_line_styled(report, line, HS_STYLE_STRONG, hs_value_number(HS_VALUE_COUNT, gaps));
	hs_line_text(report, line,
		     gaps == 1 ? " thing could not be read at capture ('heapsnap info FILE' says "
				 "what)."
			       : " things could not be read at capture ('heapsnap info FILE' says "
				 "which).");
}

struct hs_value hs_report_known_bytes(uint64_t bytes)
{
	return bytes ? hs_value_number(HS_VALUE_BYTES, bytes) : hs_value_null();
}

void hs_report_by(struct hs_report *report, const struct hs_classifier *const *by, size_t by_count)
{
	struct hs_value *names = hs_value_items(report, by_count);

	if (!names)
		return;
	for (size_t i = 0; i < by_count; i++)
		names[i] = hs_value_text(hs_classifier_name(by[i]));
	hs_node_field_for(report, report->root, HS_FOR_JSON, "by", NULL,
			  hs_value_list(names, by_count));
}

struct hs_value hs_report_classifiers(struct hs_report *report,
				      const struct hs_classifier *const *by, size_t by_count)
{
	_cleanup_output_ struct hs_output names = {0};

	hs_output_init(&names, NULL);
	for (size_t i = 0; i < by_count; i++) {
		hs_output_text(&names, i ? ", " : "");
		hs_output_text(&names, hs_classifier_name(by[i]));
	}
	if (names.errnum)
		report->failed = true;
	return hs_value_copy(report, hs_output_str(&names));
}

const char *hs_report_kind_title(struct hs_report *report, const struct hs_classifier *const *by,
				 size_t by_count)
{
	struct hs_value title;

	if (by_count == 1 && !strcmp(hs_classifier_name(by[0]), "kind"))
		return "Kind (class / dict of class)";
	title = hs_report_classifiers(report, by, by_count);
	if (title.kind != HS_VALUE_STRING)
		return "";
	/* The names are ours and in ASCII; the copy belongs to the report. */
	if (title.str.size && title.str.data[0] >= 'a' && title.str.data[0] <= 'z')
		((char *)(uintptr_t)title.str.data)[0] -= 'a' - 'A';
	return title.str.data;
}

struct hs_value hs_report_indented(struct hs_report *report, uint32_t depth, struct hs_str label)
{
	_cleanup_output_ struct hs_output text = {0};

	hs_output_init(&text, NULL);
	hs_output_repeat(&text, ' ', 2 * (size_t)(depth < INDENT_MAX ? depth : INDENT_MAX));
	hs_output_bytes(&text, label.data, label.size);
	if (text.errnum)
		report->failed = true;
	return hs_value_copy(report, hs_output_str(&text));
}
