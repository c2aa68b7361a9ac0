/* SPDX-License-Identifier: MIT */
/* from_info.c: what a snapshot is and how it came about, as a report. */
#include "libsnap/report/common.h"

#include "format/base/error.h"
#include "format/base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct hs_table_column section_columns[] = {
	{.key = "name", .title = "Name", .left = true, .audience = HS_FOR_ALL},
	{.key = "bytes", .title = "Size", .min_width = 9, .audience = HS_FOR_ALL},
};

static const struct hs_table_column gap_columns[] = {
	{.key = "count", .title = "Count", .min_width = 9, .audience = HS_FOR_ALL},
	{.key = "example", .title = "Example", .min_width = 14, .audience = HS_FOR_ALL},
	{.key = "reason", .title = "Reason", .left = true, .audience = HS_FOR_ALL},
};

static const struct hs_table_column use_columns[] = {
	{.key = "allocator", .title = "Allocator", .left = true, .audience = HS_FOR_ALL},
	{.key = "state", .title = "Use", .left = true, .min_width = 18, .audience = HS_FOR_ALL},
	{.key = "count", .title = "Count", .min_width = 10, .audience = HS_FOR_ALL},
	{.key = "bytes", .title = "Size", .min_width = 10, .audience = HS_FOR_ALL},
	{.key = "bytes_pct", .title = "%", .min_width = 6, .audience = HS_FOR_ALL},
};

static const struct hs_table_column collector_columns[] = {
	{.key = "interpreter", .title = "Interpreter", .audience = HS_FOR_ALL},
	{.key = "generation", .title = "Generation", .audience = HS_FOR_ALL},
	{.key = "enabled", .title = "Enabled", .audience = HS_FOR_DATA},
	{.key = "working", .title = "At work", .audience = HS_FOR_DATA},
	{.key = "threshold", .title = "Threshold", .min_width = 9, .audience = HS_FOR_ALL},
	{.key = "count", .title = "Count", .min_width = 9, .audience = HS_FOR_ALL},
	{.key = "collections", .title = "Collections", .min_width = 11, .audience = HS_FOR_ALL},
	{.key = "collected", .title = "Collected", .min_width = 11, .audience = HS_FOR_ALL},
	{.key = "uncollectable", .title = "Uncollectable", .audience = HS_FOR_ALL},
};

enum {
	USES_MAX = 64, /* pairs of allocator and state that are told apart */
};

static struct hs_value string_or_null(struct hs_report *report, struct hs_str str)
{
	return str.size ? hs_value_copy(report, str) : hs_value_null();
}

static void add_process(struct hs_report *report, const struct hs_info *info)
{
	struct hs_node *group = hs_node_group(report, report->root, "process", "Process");
	struct hs_value *command = hs_value_items(report, info->command_count);

	for (size_t i = 0; command && i < info->command_count; i++)
		command[i] = hs_value_copy(report, info->command[i]);
	hs_node_field(report, group, "pid", "PID", hs_value_number(HS_VALUE_U64, info->pid));
	hs_node_field(report, group, "runtime", "Runtime", string_or_null(report, info->runtime));
	hs_node_field(report, group, "version", "Version", string_or_null(report, info->version));
	hs_node_field(report, group, "command", "Command",
		      hs_value_list(command, info->command_count));
	hs_node_field(report, group, "time", "Taken",
		      hs_value_number(HS_VALUE_TIME, info->time_ns));
}

static uint64_t size_total(const struct hs_objects *objects)
{
	uint64_t total = 0;

	for (hs_id i = 0; i < objects->count; i++)
		total += objects->size[i];
	return total;
}

static void add_heap(struct hs_report *report, const struct hs_snapshot *snap)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	struct hs_node *root = report->root;
	uint32_t threads;

	hs_node_field(report, root, "objects", "Objects",
		      hs_value_number(HS_VALUE_COUNT, objects->count));
	hs_node_field(report, root, "edges", "References",
		      objects->first_edge ? hs_value_number(HS_VALUE_COUNT, objects->edge_count)
					  : hs_value_null());
	hs_snapshot_threads(snap, &threads);
	hs_node_field_for(report, root, HS_FOR_TEXT, "threads", "Threads",
			  hs_value_number(HS_VALUE_COUNT, threads));
	hs_node_field(report, root, "bytes", "Size of the objects",
		      objects->size ? hs_value_number(HS_VALUE_BYTES, size_total(objects))
				    : hs_value_null());
}

static void add_capture(struct hs_report *report, const struct hs_info *info)
{
	struct hs_node *group = hs_node_group(report, report->root, "capture", "Capture");

	hs_node_field(report, group, "mode", "Mode", string_or_null(report, info->mode));
	hs_node_field(report, group, "reason", "Reason", string_or_null(report, info->reason));
	hs_node_field(report, group, "pause_ms", "Pause (ms)",
		      hs_value_real((double)info->pause_ns / 1e6, 3));
	hs_node_field(report, group, "copied", "Copied",
		      hs_value_number(HS_VALUE_BYTES, info->copied));
	hs_node_field(report, group, "retries", "Retries",
		      hs_value_number(HS_VALUE_U64, info->retries));
	hs_node_field(report, group, "damaged", "Damaged",
		      hs_value_number(HS_VALUE_U64, info->damaged));
}

/* How many objects have a site; null if that is not known of any. */
static struct hs_value traced_total(const struct hs_snapshot *snap)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	uint64_t traced = 0;
	uint32_t sites;

	hs_snapshot_sites(snap, &sites);
	if (!sites || !objects->site)
		return hs_value_null();
	for (hs_id i = 0; i < objects->count; i++)
		traced += objects->site[i] != HS_NONE;
	return hs_value_number(HS_VALUE_COUNT, traced);
}

/* What was recorded of the objects' contents, and what was left out to tell less of them. */
static void add_contents(struct hs_report *report, const struct hs_snapshot *snap)
{
	const struct hs_info *info = hs_snapshot_info(snap);
	struct hs_node *group = hs_node_group(report, report->root, "contents", "Contents");
	struct hs_value traced = traced_total(snap);
	bool values = hs_snapshot_has_previews(snap);

	hs_node_field_for(report, group, HS_FOR_JSON, "values", NULL, hs_value_bool(values));
	hs_node_field_for(report, group, HS_FOR_TEXT, "values", "Values",
			  hs_value_text(values ? "recorded" : "not recorded"));
	hs_node_field_for(report, group, values ? HS_FOR_TEXT | HS_FOR_JSON : HS_FOR_JSON,
			  "value_bytes", "At most of each",
			  values ? hs_value_number(HS_VALUE_BYTES, info->preview_bytes)
				 : hs_value_null());
	hs_node_field_for(report, group, HS_FOR_JSON, "traced", NULL, traced);
	hs_node_field_for(report, group, HS_FOR_TEXT, "traced", "Objects with a site",
			  traced.kind == HS_VALUE_NULL ? hs_value_text("not recorded") : traced);
	hs_node_field_for(report, group, HS_FOR_JSON, "redacted", NULL,
			  hs_value_bool(info->redacted));
	if (info->redacted)
		hs_node_field_for(
			report, group, HS_FOR_TEXT, "redacted", "Left out",
			hs_value_text("names of attributes, local variables and threads, paths of "
				      "files, the command line"));
}

/* One way in which memory of an allocator is used, in all. */
struct use {
	struct hs_str allocator;
	struct hs_str state;
	uint64_t bytes;
	uint64_t count;
};

/* Add up the extents by allocator and state, in the order in which they come; how many these are.
 */
static size_t sum_uses(const struct hs_snapshot *snap, struct use *uses)
{
	const struct hs_extent *extents;
	size_t used = 0;
	size_t count;

	extents = hs_snapshot_extents(snap, &count);
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;

		while (k < used && !(hs_str_equal(uses[k].allocator, extents[i].allocator) &&
				     hs_str_equal(uses[k].state, extents[i].state)))
			k++;
		if (k == USES_MAX)
			continue;
		if (k == used)
			uses[used++] = (struct use){.allocator = extents[i].allocator,
						    .state = extents[i].state};
		uses[k].bytes += extents[i].bytes;
		uses[k].count += extents[i].count;
	}
	return used;
}

static int compare_uses(const void *left, const void *right)
{
	const struct use *a = left;
	const struct use *b = right;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

/* What the allocators' memory is used for. */
static void add_uses(struct hs_report *report, const struct hs_snapshot *snap)
{
	struct use uses[USES_MAX];
	size_t count = sum_uses(snap, uses);
	struct hs_node *table = hs_node_table(report, report->root, "allocators",
					      "Memory of allocators", use_columns, 5, count);
	uint64_t total = 0;

	if (!table)
		return;
	if (!count)
		table->audience = HS_FOR_DATA;
	qsort(uses, count, sizeof(*uses), compare_uses);
	for (size_t i = 0; i < count; i++)
		total += uses[i].bytes;
	for (size_t i = 0; i < count; i++)
		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_copy(report, uses[i].allocator),
				     hs_value_copy(report, uses[i].state),
				     uses[i].count ? hs_value_number(HS_VALUE_COUNT, uses[i].count)
						   : hs_value_null(),
				     hs_value_number(HS_VALUE_BYTES, uses[i].bytes),
				     hs_value_percent(uses[i].bytes, total),
			     });
}

/* Whether garbage is collected, in a word. */
static const char *collector_word(const struct hs_collector *collectors, size_t count)
{
	bool enabled = false;

	for (size_t i = 0; i < count; i++) {
		if (collectors[i].flags & HS_COLLECTOR_WORKING)
			return "at work when the snapshot was taken";
		if (collectors[i].generation == 0 && collectors[i].threshold)
			enabled |= collectors[i].flags & HS_COLLECTOR_ENABLED;
	}
	return enabled ? "enabled" : "disabled: cycles of garbage stay";
}

/* What the collectors are set to, in JSON and in full, and what they have done. */
static void add_collectors(struct hs_report *report, const struct hs_snapshot *snap, bool verbose)
{
	const struct hs_collector *collectors;
	struct hs_node *table;
	size_t count;

	collectors = hs_snapshot_collectors(snap, &count);
	if (count)
		hs_node_field_for(report, report->root, HS_FOR_TEXT, "collector", "Collector",
				  hs_value_text(collector_word(collectors, count)));
	table = hs_node_table(report, report->root, "collector", "Collector", collector_columns,
			      sizeof(collector_columns) / sizeof(*collector_columns), count);
	if (!table)
		return;
	if (!count || !verbose)
		table->audience = HS_FOR_DATA;
	for (size_t i = 0; i < count; i++) {
		const struct hs_collector *row = &collectors[i];

		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_number(HS_VALUE_U64, row->interpreter),
				     hs_value_number(HS_VALUE_U64, row->generation),
				     hs_value_bool(row->flags & HS_COLLECTOR_ENABLED),
				     hs_value_bool(row->flags & HS_COLLECTOR_WORKING),
				     hs_value_number(HS_VALUE_COUNT, row->threshold),
				     hs_value_number(HS_VALUE_COUNT, row->count),
				     hs_value_number(HS_VALUE_COUNT, row->collections),
				     hs_value_number(HS_VALUE_COUNT, row->collected),
				     hs_value_number(HS_VALUE_COUNT, row->uncollectable),
			     });
	}
}

/* What the file was written against; JSON has null if it stands for itself. */
static void add_base(struct hs_report *report, const struct hs_snapshot *snap)
{
	const struct hs_base *base = hs_snapshot_base(snap);
	char hash[32];
	struct hs_node *group;

	if (!base) {
		hs_node_field_for(report, report->root, HS_FOR_JSON, "base", NULL, hs_value_null());
		return;
	}
	snprintf(hash, sizeof(hash), "%016" PRIx64, base->hash);
	group = hs_node_group(report, report->root, "base",
			      "Base: the rest is in another snapshot");
	hs_node_field(report, group, "name", "Name", hs_value_copy(report, base->name));
	hs_node_field(report, group, "hash", "Hash", hs_value_copy(report, hs_str_of(hash)));
	hs_node_field(report, group, "depth", "Snapshots behind this one",
		      hs_value_number(HS_VALUE_COUNT, base->depth));
}

static void add_sections(struct hs_report *report, const struct hs_snapshot *snap)
{
	const struct hs_section_info *sections;
	struct hs_node *table;
	size_t count;

	sections = hs_snapshot_sections(snap, &count);
	table = hs_node_table(report, report->root, "sections", "Sections of the file",
			      section_columns, 2, count);
	if (!table)
		return;
	if (!count)
		table->audience = HS_FOR_DATA;
	for (size_t i = 0; i < count; i++) {
		struct hs_str name = {sections[i].name, __builtin_strlen(sections[i].name)};

		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_copy(report, name),
				     hs_value_number(HS_VALUE_BYTES, sections[i].bytes),
			     });
	}
}

static void add_gaps(struct hs_report *report, const struct hs_info *info)
{
	struct hs_node *table = hs_node_table(report, report->root, "gaps", "What is missing",
					      gap_columns, 3, info->gap_count);

	if (!table)
		return;
	if (!info->gap_count)
		table->audience = HS_FOR_DATA;
	for (size_t i = 0; i < info->gap_count; i++) {
		const struct hs_gap *gap = &info->gaps[i];

		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_number(HS_VALUE_COUNT, gap->count),
				     gap->example ? hs_value_number(HS_VALUE_ADDRESS, gap->example)
						  : hs_value_null(),
				     hs_value_copy(report, gap->reason),
			     });
	}
}

struct hs_error *hs_report_from_info(const struct hs_snapshot *snap, bool verbose,
				     struct hs_report **ret)
{
	const struct hs_info *info = hs_snapshot_info(snap);
	struct hs_report *report = hs_report_create("heapsnap.info/1");
	struct hs_node *resident;
	uint64_t gaps;

	if (!report)
		return &hs_enomem;
	gaps = hs_snapshot_gap_total(snap);
	hs_report_coverage(report, gaps);
	add_process(report, info);
	add_heap(report, snap);
	resident = hs_node_group(report, report->root, "resident", NULL);
	hs_node_field(report, resident, "total", "Resident memory",
		      hs_report_known_bytes(info->resident));
	add_capture(report, info);
	add_contents(report, snap);
	if (!hs_report_threads(report, snap, verbose)) {
		hs_report_destroy(report);
		return &hs_enomem;
	}
	add_uses(report, snap);
	add_collectors(report, snap, verbose);
	add_base(report, snap);
	add_sections(report, snap);
	add_gaps(report, info);
	if (!gaps)
		hs_line_text(report, hs_node_line(report, report->root, 0),
			     "Coverage: complete; nothing was left out at capture.");
	return hs_report_done(report, ret);
}
