/* SPDX-License-Identifier: MIT */
/* from_diff_suspects.c: the verdict, and who is accused of what, as parts of a report. */
#include "libsnap/report/from_diff.h"

#include "format/base/str.h"

enum {
	DISMISSED_LINES = 3, /* of text */
};

const char *hs_verdict_name(enum hs_verdict verdict)
{
	switch (verdict) {
	case HS_VERDICT_STABLE:
		return "stable";
	case HS_VERDICT_GROWTH:
		return "growth";
	case HS_VERDICT_LEAK:
		return "leak";
	}
	return "";
}

static int64_t total_change(const struct hs_diff *diff)
{
	size_t last = diff->input_count - 1;

	return (int64_t)(diff->input[last].bytes - diff->input[last - 1].bytes);
}

static int64_t object_change(const struct hs_diff *diff)
{
	size_t last = diff->input_count - 1;

	return (int64_t)(diff->input[last].objects - diff->input[last - 1].objects);
}

/* "; the heap is 3.2 KiB larger (+12 objects)". */
static void add_balance(struct hs_report *report, struct hs_node *line, const struct hs_diff *diff)
{
	int64_t total = total_change(diff);
	int64_t objects = object_change(diff);

	if (!total && !objects) {
		hs_line_text(report, line, "the heap is as large as before");
		return;
	}
	hs_line_text(report, line, "the heap is ");
	hs_line_add(report, line, hs_bytes_of(hs_magnitude(total)));
	hs_line_text(report, line, total < 0 ? " smaller (" : " larger (");
	hs_line_add(report, line, hs_count_change(objects));
	hs_line_text(report, line, hs_magnitude(objects) == 1 ? " object)" : " objects)");
}

/* What it grew by in a step, on average over all. */
static int64_t mean_step(const struct hs_diff *diff, const struct hs_suspect *suspect)
{
	double sum = 0;

	for (size_t i = 0; i + 1 < diff->input_count; i++)
		sum += (double)suspect->steps[i];
	return (int64_t)(sum / (double)(diff->input_count - 1));
}

static uint64_t last_length(const struct hs_diff *diff, const struct hs_holder *holder)
{
	return holder->length ? holder->length[diff->input_count - 1] : HS_UNKNOWN;
}

/* "dict, 14,410 entries". */
static void add_kind_and_length(struct hs_report *report, struct hs_node *line,
				const struct hs_diff *diff, const struct hs_holder *holder)
{
	uint64_t length = last_length(diff, holder);

	hs_line_add(report, line, hs_value_copy(report, holder->kind));
	if (length == HS_UNKNOWN)
		return;
	hs_line_text(report, line, ", ");
	hs_line_add(report, line, hs_count(length));
	hs_line_text(report, line, length == 1 ? " entry" : " entries");
}

/* ", held by app._CACHE (dict, 14,410 entries)". */
static void add_who(struct hs_report *report, struct hs_node *line, const struct hs_diff *diff,
		    const struct hs_suspect *suspect)
{
	if (suspect->held) {
		hs_line_text(report, line, ", held by ");
		hs_line_styled(report, line, HS_STYLE_STRONG,
			       hs_value_copy(report, suspect->holder.label));
		hs_line_text(report, line, " (");
		add_kind_and_length(report, line, diff, &suspect->holder);
		hs_line_text(report, line, ")");
		return;
	}
	switch (suspect->cause) {
	case HS_CAUSE_LOST_REFERENCE:
		hs_line_text(report, line, ", held by nothing that is seen: references were lost");
		break;
	case HS_CAUSE_GARBAGE:
		hs_line_text(report, line, ", held by nothing: garbage");
		break;
	case HS_CAUSE_UNKNOWN:
	case HS_CAUSE_CONTAINER:
		hs_line_text(report, line, ", no holder found");
		break;
	}
}

/* "leak: 4,800 app.Session per step (+2.2 MiB), held by …". */
static void add_accusation(struct hs_report *report, struct hs_node *line,
			   const struct hs_diff *diff)
{
	const struct hs_suspect *suspect = &diff->suspects[0];
	bool steps = diff->input_count > 2;
	int64_t grown = steps ? (int64_t)suspect->step.count : suspect->row->delta_count;

	hs_line_styled(report, line, HS_STYLE_ALERT, hs_value_text(hs_verdict_name(diff->verdict)));
	hs_line_text(report, line, ": ");
	if (grown > 0) {
		hs_line_add(report, line, hs_count((uint64_t)grown));
		hs_line_text(report, line, " ");
		hs_line_styled(report, line, HS_STYLE_STRONG,
			       hs_value_copy(report, suspect->row->kind));
		hs_line_text(report, line, steps ? " per step (" : " more (");
	} else {
		hs_line_styled(report, line, HS_STYLE_STRONG,
			       hs_value_copy(report, suspect->row->kind));
		hs_line_text(report, line, steps ? " larger with each step (" : " larger (");
	}
	hs_line_add(report, line, hs_bytes_change(mean_step(diff, suspect)));
	hs_line_text(report, line, ")");
	add_who(report, line, diff, suspect);
	if (diff->suspect_count == 1)
		return;
	hs_line_text(report, line, "; ");
	hs_line_add(report, line, hs_count(diff->suspect_count - 1));
	hs_line_text(report, line, diff->suspect_count == 2 ? " more suspect" : " more suspects");
}

void hs_report_verdict(struct hs_report *report, const struct hs_diff *diff)
{
	struct hs_node *line = hs_node_line(report, report->root, 0);

	if (diff->verdict != HS_VERDICT_STABLE) {
		add_accusation(report, line, diff);
		return;
	}
	hs_line_styled(report, line, HS_STYLE_GOOD, hs_value_text("stable"));
	hs_line_text(report, line,
		     diff->input_count > 2 ? ": nothing grew at every step; since the last but one "
					   : ": nothing suspicious grew; ");
	add_balance(report, line, diff);
}

static struct hs_value companions(struct hs_report *report, const struct hs_suspect *suspect)
{
	struct hs_value *items = hs_value_items(report, suspect->companion_count);

	for (size_t i = 0; items && i < suspect->companion_count; i++)
		items[i] = hs_value_copy(report, suspect->companions[i]);
	return hs_value_list(items, suspect->companion_count);
}

static void add_holder(struct hs_report *report, struct hs_node *parent, const struct hs_diff *diff,
		       const struct hs_suspect *suspect)
{
	const struct hs_holder *holder = &suspect->holder;
	struct hs_node *group;

	if (!suspect->held) {
		hs_node_field(report, parent, "holder", NULL, hs_value_null());
		return;
	}
	group = hs_node_group(report, parent, "holder", NULL);
	hs_node_field(report, group, "kind", NULL, hs_value_copy(report, holder->kind));
	hs_node_field(report, group, "address", NULL,
		      hs_value_number(HS_VALUE_ADDRESS, holder->address));
	hs_node_field(report, group, "path", NULL, hs_value_copy(report, holder->path));
	hs_node_field(report, group, "label", NULL, hs_value_copy(report, holder->label));
	hs_node_field(report, group, "held", NULL, hs_count(holder->held));
	hs_node_field(report, group, "length", NULL,
		      holder->length ? hs_value_numbers(report, holder->length, diff->input_count)
				     : hs_value_null());
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

static void add_slope(struct hs_report *report, struct hs_node *parent, const char *key,
		      const struct hs_slope *slope)
{
	struct hs_node *group = hs_node_group(report, parent, key, NULL);

	hs_node_field(report, group, "count", NULL, hs_value_real(slope->count, 1));
	hs_node_field(report, group, "bytes", NULL, hs_value_real(slope->bytes, 1));
}

static void add_evidence(struct hs_report *report, struct hs_node *parent,
			 const struct hs_diff *diff, const struct hs_suspect *suspect)
{
	struct hs_node *evidence = hs_node_group(report, parent, "evidence", NULL);

	hs_node_field(report, evidence, "attributed_bytes", NULL, hs_bytes_of(suspect->attributed));
	hs_node_field(report, evidence, "steps", NULL,
		      hs_value_changes(report, suspect->steps, diff->input_count - 1));
	add_slope(report, evidence, "per_step", &suspect->step);
	if (suspect->timed)
		add_slope(report, evidence, "per_hour", &suspect->hour);
	else
		hs_node_field(report, evidence, "per_hour", NULL, hs_value_null());
	if (!suspect->held)
		hs_node_field(report, evidence, "reason", NULL,
			      hs_value_copy(report, suspect->reason));
}

static void add_suspect(struct hs_report *report, struct hs_node *list, const struct hs_diff *diff,
			size_t number)
{
	const struct hs_suspect *suspect = &diff->suspects[number];
	const struct hs_diff_row *row = suspect->row;
	struct hs_node *group = hs_node_group(report, list, NULL, NULL);

	hs_node_field(report, group, "rank", NULL, hs_count(number + 1));
	hs_node_field(report, group, "kind", NULL, hs_value_copy(report, row->kind));
	hs_node_field(report, group, "count", NULL,
		      hs_value_numbers(report, row->count, diff->input_count));
	hs_node_field(report, group, "bytes", NULL,
		      hs_value_numbers(report, row->bytes, diff->input_count));
	hs_node_field(report, group, "delta_count", NULL, hs_count_change(row->delta_count));
	hs_node_field(report, group, "delta_bytes", NULL, hs_bytes_change(row->delta_bytes));
	add_holder(report, group, diff, suspect);
	hs_node_field(report, group, "companions", NULL, companions(report, suspect));
	hs_node_field(report, group, "verdict", NULL,
		      hs_value_text(hs_verdict_name(suspect->verdict)));
	hs_node_field(report, group, "cause", NULL, cause_name(suspect->cause));
	add_evidence(report, group, diff, suspect);
}

/* "held by app._CACHE (dict, 14,410 entries, before 9,610) at 0x7f…", and the path. */
static void add_holder_lines(struct hs_report *report, const struct hs_diff *diff,
			     const struct hs_suspect *suspect)
{
	const struct hs_holder *holder = &suspect->holder;
	struct hs_node *line = hs_node_line(report, report->root, 5);

	if (!suspect->held) {
		hs_line_text(report, line, "no holder: ");
		hs_line_add(report, line, hs_value_copy(report, suspect->reason));
		return;
	}
	hs_line_text(report, line, "held by ");
	hs_line_styled(report, line, HS_STYLE_STRONG, hs_value_copy(report, holder->label));
	hs_line_text(report, line, " (");
	add_kind_and_length(report, line, diff, holder);
	if (holder->length && holder->length[diff->input_count - 2] != HS_UNKNOWN) {
		hs_line_text(report, line, ", before ");
		hs_line_add(report, line, hs_count(holder->length[diff->input_count - 2]));
	}
	hs_line_text(report, line, ") at ");
	hs_line_add(report, line, hs_value_number(HS_VALUE_ADDRESS, holder->address));
	line = hs_node_line(report, report->root, 5);
	hs_line_text(report, line, "path: ");
	hs_line_add(report, line, hs_value_copy(report, holder->path));
}

/* "each step: +2.2 MiB, +2.1 MiB; per hour: 14,400 objects, +6.6 MiB". */
static void add_step_line(struct hs_report *report, const struct hs_diff *diff,
			  const struct hs_suspect *suspect)
{
	struct hs_node *line;

	if (diff->input_count == 2)
		return;
	line = hs_node_line(report, report->root, 5);
	hs_line_text(report, line, "step by step: ");
	for (size_t i = 0; i + 1 < diff->input_count; i++) {
		hs_line_text(report, line, i ? ", " : "");
		hs_line_add(report, line, hs_bytes_change(suspect->steps[i]));
	}
	if (!suspect->timed)
		return;
	hs_line_text(report, line, "; per hour: ");
	hs_line_add(report, line, hs_count_change((int64_t)suspect->hour.count));
	hs_line_text(report, line, " objects");
}

static void add_suspect_lines(struct hs_report *report, const struct hs_diff *diff, size_t number)
{
	const struct hs_suspect *suspect = &diff->suspects[number];
	const struct hs_diff_row *row = suspect->row;
	struct hs_node *line = hs_node_line(report, report->root, 2);

	hs_line_add(report, line, hs_value_number(HS_VALUE_U64, number + 1));
	hs_line_text(report, line, ". ");
	hs_line_styled(report, line, HS_STYLE_ALERT, hs_value_copy(report, row->kind));
	hs_line_text(report, line, "  ");
	hs_line_add(report, line, hs_count_change(row->delta_count));
	hs_line_text(report, line,
		     hs_magnitude(row->delta_count) == 1 ? " object, " : " objects, ");
	hs_line_add(report, line, hs_bytes_change((int64_t)suspect->attributed));
	if (row->delta_bytes >= 0 && (uint64_t)row->delta_bytes < suspect->attributed) {
		hs_line_text(report, line, " with what hangs below (");
		hs_line_add(report, line, hs_bytes_change(row->delta_bytes));
		hs_line_text(report, line, " of its own)");
	}
	add_holder_lines(report, diff, suspect);
	add_step_line(report, diff, suspect);
	if (!suspect->companion_count)
		return;
	line = hs_node_line(report, report->root, 5);
	hs_line_text(report, line, "along with it: ");
	for (size_t i = 0; i < suspect->companion_count; i++) {
		hs_line_text(report, line, i ? ", " : "");
		hs_line_add(report, line, hs_value_copy(report, suspect->companions[i]));
	}
}

static const char *dismissal_name(enum hs_dismissal why)
{
	switch (why) {
	case HS_DISMISSAL_FLAT:
		return "flat";
	case HS_DISMISSAL_LEVELLED:
		return "levelled";
	}
	return "";
}

static void add_dismissed(struct hs_report *report, const struct hs_diff *diff)
{
	struct hs_node *list = hs_node_list(report, report->root, "dismissed");

	if (list)
		list->audience = HS_FOR_JSON;
	for (size_t i = 0; i < diff->dismissed_count; i++) {
		const struct hs_dismissed *dismissed = &diff->dismissed[i];
		struct hs_node *group = hs_node_group(report, list, NULL, NULL);

		hs_node_field(report, group, "kind", NULL,
			      hs_value_copy(report, dismissed->row->kind));
		hs_node_field(report, group, "reason", NULL,
			      hs_value_text(dismissal_name(dismissed->why)));
		hs_node_field(report, group, "steps", NULL,
			      hs_value_changes(report, dismissed->steps, diff->input_count - 1));
	}
}

/* "not accused: protocol.Style, +105 KiB in the last step, but not at every step". */
static void add_dismissed_lines(struct hs_report *report, const struct hs_diff *diff)
{
	if (diff->dismissed_count)
		hs_node_line(report, report->root, 0);
	for (size_t i = 0; i < diff->dismissed_count && i < DISMISSED_LINES; i++) {
		const struct hs_dismissed *dismissed = &diff->dismissed[i];
		struct hs_node *line = hs_node_line(report, report->root, 2);

		hs_line_text(report, line, "not accused: ");
		hs_line_add(report, line, hs_value_copy(report, dismissed->row->kind));
		hs_line_text(report, line, ", ");
		hs_line_add(report, line, hs_bytes_change(dismissed->steps[diff->input_count - 2]));
		hs_line_text(report, line,
			     dismissed->why == HS_DISMISSAL_FLAT
				     ? " in the last step, but not at every step"
				     : " in the last step, less and less");
	}
}

void hs_report_suspects(struct hs_report *report, const struct hs_diff *diff)
{
	struct hs_node *list = hs_node_list(report, report->root, "suspects");

	if (list)
		list->audience = HS_FOR_JSON;
	for (size_t i = 0; i < diff->suspect_count; i++)
		add_suspect(report, list, diff, i);
	add_dismissed(report, diff);
	for (size_t i = 0; i < diff->suspect_count; i++) {
		hs_node_line(report, report->root, 0);
		add_suspect_lines(report, diff, i);
	}
	add_dismissed_lines(report, diff);
}
