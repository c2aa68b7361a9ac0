/* SPDX-License-Identifier: MIT */
/* from_processes.c: the machine's Python processes as a report. */
#include "libsnap/report/common.h"
#include "libsnap/report/output.h"

#include "format/base/error.h"
#include "format/base/str.h"

static const struct hs_table_column columns[] = {
	{.key = "pid", .title = "PID", .min_width = 7, .audience = HS_FOR_ALL},
	{.key = "version", .title = "Python", .left = true, .audience = HS_FOR_ALL},
	{.key = "supported", .audience = HS_FOR_DATA},
	{.key = "reason", .audience = HS_FOR_DATA},
	{.key = "resident", .title = "Resident", .min_width = 9, .audience = HS_FOR_ALL},
	{.key = "supported", .title = "Supported", .left = true, .audience = HS_FOR_TEXT},
	{.key = "command", .title = "Command", .left = true, .audience = HS_FOR_TEXT},
	{.key = "command", .audience = HS_FOR_DATA},
};

enum {
	COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]),
};

static struct hs_value string_or_null(struct hs_report *report, const char *text)
{
	return text ? hs_value_copy(report, hs_str_of(text)) : hs_value_null();
}

/* "yes", or "no: " and why not. */
static struct hs_value support(struct hs_report *report, const char *unsupported)
{
	_cleanup_output_ struct hs_output text = {0};

	if (!unsupported)
		return hs_value_text("yes");
	hs_output_init(&text, NULL);
	hs_output_text(&text, "no: ");
	hs_output_text(&text, unsupported);
	if (text.errnum)
		report->failed = true;
	return hs_value_copy(report, hs_output_str(&text));
}

/* The kernel's form of a command line, each argument ended by NUL, as a list of strings. */
static struct hs_value command_list(struct hs_report *report, struct hs_str command)
{
	struct hs_value whole = hs_value_copy(report, command);
	struct hs_value *items;
	size_t count = 0;
	size_t at = 0;

	if (whole.kind != HS_VALUE_STRING)
		return whole;
	if (command.size && !command.data[command.size - 1])
		command.size--;
	if (!command.size)
		return hs_value_list(NULL, 0);
	for (size_t i = 0; i <= command.size; i++)
		count += i == command.size || !command.data[i];
	items = hs_value_items(report, count);
	if (!items)
		return hs_value_null();
	for (size_t i = 0; i < count; i++) {
		const char *start = whole.str.data + at;
		size_t size = strnlen(start, command.size - at);

		items[i] = (struct hs_value){.kind = HS_VALUE_STRING, .str = {start, size}};
		at += size + 1;
	}
	return hs_value_list(items, count);
}

/* The same as one line for people. */
static struct hs_value command_line(struct hs_report *report, struct hs_str command)
{
	struct hs_value line = hs_value_copy(report, command);
	char *text;

	if (line.kind != HS_VALUE_STRING)
		return line;
	text = (char *)(uintptr_t)line.str.data;
	while (line.str.size && !text[line.str.size - 1])
		line.str.size--;
	for (size_t i = 0; i < line.str.size; i++)
		if (!text[i])
			text[i] = ' ';
	return line;
}

struct hs_error *hs_report_from_processes(const struct hs_python_process *processes, size_t count,
					  struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.ps/1");
	struct hs_node *table;

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, 0);
	if (!count)
		hs_line_text(report, hs_node_line(report, report->root, 0),
			     "No Python process to be seen.");
	table = hs_node_table(report, report->root, "rows", NULL, columns, COLUMN_COUNT, count);
	if (table) {
		table->table.limited = true;
		table->table.text_rows = HS_ALL_ROWS;
	}
	if (table && !count)
		table->audience = HS_FOR_DATA;
	for (size_t i = 0; table && i < count; i++) {
		const struct hs_python_process *process = &processes[i];

		hs_table_row(table, i,
			     (const struct hs_value[COLUMN_COUNT]){
				     hs_value_number(HS_VALUE_U64, (uint64_t)process->pid),
				     string_or_null(report, process->version),
				     hs_value_bool(!process->unsupported),
				     string_or_null(report, process->unsupported),
				     hs_value_number(HS_VALUE_BYTES, process->resident),
				     support(report, process->unsupported),
				     command_line(report, process->command),
				     command_list(report, process->command),
			     });
	}
	return hs_report_done(report, ret);
}
