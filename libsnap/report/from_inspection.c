/* SPDX-License-Identifier: MIT */
/* from_inspection.c: one object, and what is around it, as a report. */
#include "libsnap/report/common.h"

#include "libsnap/report/output.h"

#include "format/base/error.h"

/* What references and referrers have in common. */
static const struct hs_table_column link_columns[] = {
	{.key = "label", .title = "Label", .left = true, .audience = HS_FOR_ALL},
	{.key = "id", .audience = HS_FOR_DATA},
	{.key = "addr", .title = "Address", .audience = HS_FOR_ALL},
	{.key = "size", .title = "Size", .audience = HS_FOR_ALL},
	{.key = "retained", .title = "Retained", .audience = HS_FOR_ALL},
	{.key = "holds", .title = "Holds", .left = true, .audience = HS_FOR_ALL},
	{.key = "type", .audience = HS_FOR_DATA},
	{.key = "kind", .title = "Kind", .left = true, .audience = HS_FOR_ALL},
	{.key = "value", .title = "Value", .left = true, .audience = HS_FOR_ALL},
};

static const struct hs_table_column site_columns[] = {
	{.key = "file", .title = "File", .left = true, .audience = HS_FOR_ALL},
	{.key = "line", .title = "Line", .audience = HS_FOR_ALL},
};

static const struct {
	uint16_t flag;
	const char *name;
} flags[] = {
	{HS_OBJECT_GC, "gc"},
	{HS_OBJECT_TRACKED, "tracked"},
	{HS_OBJECT_IMMORTAL, "immortal"},
	{HS_OBJECT_STATIC, "static"},
	{HS_OBJECT_SIZE_GUESS, "size_guess"},
	{HS_OBJECT_SCANNED, "scanned"},
	{HS_OBJECT_LOST, "lost"},
};

enum { FLAG_COUNT = sizeof(flags) / sizeof(flags[0]) };

static const char *freedom_text(enum hs_freedom freedom)
{
	switch (freedom) {
	case HS_FREEDOM_NONE:
		return NULL;
	case HS_FREEDOM_ROOT:
		return "nothing: it is alive by itself";
	case HS_FREEDOM_SHARED:
		return "nothing: several hold it that have nothing in common";
	case HS_FREEDOM_LISTED:
		return "nothing: the runtime's table of strings lists it";
	case HS_FREEDOM_LOST:
		return "nothing that is seen, but its reference count says that somebody does";
	case HS_FREEDOM_GARBAGE:
		return "nothing: garbage, which awaits a collection";
	}
	return NULL;
}

static const char *freedom_key(enum hs_freedom freedom)
{
	switch (freedom) {
	case HS_FREEDOM_NONE:
		return NULL;
	case HS_FREEDOM_ROOT:
		return "root";
	case HS_FREEDOM_SHARED:
		return "shared";
	case HS_FREEDOM_LISTED:
		return "listed";
	case HS_FREEDOM_LOST:
		return "lost";
	case HS_FREEDOM_GARBAGE:
		return "garbage";
	}
	return NULL;
}

static struct hs_value string_or_null(struct hs_report *report, struct hs_str str)
{
	return str.data ? hs_value_copy(report, str) : hs_value_null();
}

/* A name that is never empty is not known if it is. */
static struct hs_value name_or_null(struct hs_report *report, struct hs_str str)
{
	return str.size ? hs_value_copy(report, str) : hs_value_null();
}

static struct hs_value constant_or_null(const char *text)
{
	return text ? hs_value_text(text) : hs_value_null();
}

static void add_item(struct hs_report *report, struct hs_node *group, const struct hs_item *item)
{
	hs_node_field(report, group, "id", "Number", hs_value_number(HS_VALUE_U64, item->id));
	hs_node_field(report, group, "addr", "Address",
		      hs_value_number(HS_VALUE_ADDRESS, item->address));
	hs_node_field(report, group, "type", NULL, hs_value_copy(report, item->type));
	hs_node_field(report, group, "kind", "Kind", hs_value_copy(report, item->kind));
	if (item->value.data)
		hs_node_field_for(report, group, HS_FOR_TEXT, "value", "Value",
				  hs_value_copy(report, item->value));
	hs_node_field_for(report, group, HS_FOR_DATA, "value", NULL,
			  string_or_null(report, item->value));
	hs_node_field(report, group, "size", "Size", hs_value_number(HS_VALUE_BYTES, item->size));
	hs_node_field(report, group, "retained", "Retained",
		      hs_value_number(HS_VALUE_BYTES, item->retained));
	hs_node_field(report, group, "held", "Retained objects",
		      hs_value_number(HS_VALUE_COUNT, item->held));
}

static void add_flags(struct hs_report *report, uint16_t set)
{
	struct hs_value *names = hs_value_items(report, FLAG_COUNT);
	size_t count = 0;

	if (!names)
		return;
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (set & flags[i].flag)
			names[count++] = hs_value_text(flags[i].name);
	hs_node_field_for(report, report->root, HS_FOR_DATA, "flags", NULL,
			  hs_value_list(names, count));
	if (count)
		hs_node_field_for(report, report->root, HS_FOR_TEXT, "flags", "Flags",
				  hs_value_list(names, count));
}

/* In words, with the address, by which it can be looked at in turn. */
static struct hs_value dominator_text(struct hs_report *report, const struct hs_item *item)
{
	_cleanup_output_ struct hs_output text = {0};

	hs_output_init(&text, NULL);
	hs_output_bytes(&text, item->kind.data, item->kind.size);
	hs_output_text(&text, " at 0x");
	hs_output_hex(&text, item->address);
	if (text.errnum)
		report->failed = true;
	return hs_value_copy(report, hs_output_str(&text));
}

static void add_dominator(struct hs_report *report, const struct hs_inspection *view)
{
	struct hs_node *group;

	if (view->freedom == HS_FREEDOM_NONE) {
		group = hs_node_group(report, report->root, "dominator", NULL);
		if (group)
			group->audience = HS_FOR_DATA;
		add_item(report, group, &view->dominator);
		hs_node_field_for(report, report->root, HS_FOR_TEXT, "dominator", "Dominator",
				  dominator_text(report, &view->dominator));
	} else {
		hs_node_field_for(report, report->root, HS_FOR_DATA, "dominator", NULL,
				  hs_value_null());
		hs_node_field_for(report, report->root, HS_FOR_TEXT, "dominator", "Dominator",
				  hs_value_text(freedom_text(view->freedom)));
	}
	hs_node_field_for(report, report->root, HS_FOR_DATA, "undominated", NULL,
			  constant_or_null(freedom_key(view->freedom)));
}

static void add_links(struct hs_report *report, const char *key, const char *title,
		      const struct hs_link *links, size_t count, uint64_t total)
{
	struct hs_node *table = hs_node_table(report, report->root, key, title, link_columns,
					      sizeof(link_columns) / sizeof(*link_columns), count);
	struct hs_node *line;

	if (!table)
		return;
	if (!count)
		table->audience = HS_FOR_DATA;
	table->table.text_rows = HS_ALL_ROWS;
	for (size_t i = 0; i < count; i++) {
		const struct hs_item *item = &links[i].item;

		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_copy(report, links[i].label),
				     hs_value_number(HS_VALUE_U64, item->id),
				     hs_value_number(HS_VALUE_ADDRESS, item->address),
				     hs_value_number(HS_VALUE_BYTES, item->size),
				     hs_value_number(HS_VALUE_BYTES, item->retained),
				     hs_value_bool(links[i].holds),
				     hs_value_copy(report, item->type),
				     hs_value_copy(report, item->kind),
				     string_or_null(report, item->value),
			     });
	}
	if (count == total)
		return;
	line = hs_node_line(report, report->root, 0);
	hs_line_text(report, line, "<");
	hs_line_add(report, line, hs_value_number(HS_VALUE_COUNT, total - count));
	hs_line_text(report, line, " more; -n 0 shows all>");
}

static void add_sites(struct hs_report *report, const struct hs_inspection *view)
{
	struct hs_node *table = hs_node_table(report, report->root, "sites",
					      "Allocated at, the innermost call first",
					      site_columns, 2, view->site_count);

	if (!table)
		return;
	if (!view->site_count)
		table->audience = HS_FOR_DATA;
	for (size_t i = 0; i < view->site_count; i++)
		hs_table_row(table, i,
			     (const struct hs_value[]){
				     hs_value_copy(report, view->sites[i].file),
				     view->sites[i].line
					     ? hs_value_number(HS_VALUE_U64, view->sites[i].line)
					     : hs_value_null(),
			     });
}

/* How many references to it are found, and how many not, if that can be told. */
static void add_references(struct hs_report *report, const struct hs_inspection *view)
{
	uint64_t missing =
		view->refcount > view->referenced ? view->refcount - view->referenced : 0;

	hs_node_field(report, report->root, "referenced", "References found",
		      hs_value_number(HS_VALUE_COUNT, view->referenced));
	hs_node_field_for(report, report->root, HS_FOR_DATA, "unaccounted", NULL,
			  view->counted ? hs_value_number(HS_VALUE_U64, missing) : hs_value_null());
	if (view->counted && missing)
		hs_node_field_for(report, report->root, HS_FOR_TEXT, "unaccounted", "Not found",
				  hs_value_number(HS_VALUE_COUNT, missing));
}

struct hs_error *hs_report_from_inspection(const struct hs_inspection *view, struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.object/1");

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, view->gaps);
	add_item(report, report->root, &view->item);
	hs_node_field(report, report->root, "allocated", "Allocated",
		      hs_report_known_bytes(view->allocated));
	hs_node_field(report, report->root, "refcount", "Reference count",
		      view->refcount ? hs_value_number(HS_VALUE_COUNT, view->refcount)
				     : hs_value_null());
	add_references(report, view);
	add_flags(report, view->flags);
	hs_node_field_for(report, report->root, HS_FOR_DATA, "garbage", NULL,
			  hs_value_bool(view->garbage));
	hs_node_field(report, report->root, "path", "Path", name_or_null(report, view->path));
	hs_node_field(report, report->root, "label", "Expression",
		      name_or_null(report, view->label));
	add_dominator(report, view);
	hs_node_field_for(report, report->root, HS_FOR_DATA, "ref_count", NULL,
			  hs_value_number(HS_VALUE_U64, view->ref_total));
	add_links(report, "refs", "Refers to", view->refs, view->ref_count, view->ref_total);
	hs_node_field_for(report, report->root, HS_FOR_DATA, "referrer_count", NULL,
			  hs_value_number(HS_VALUE_U64, view->referrer_total));
	add_links(report, "referrers", "Referred to by", view->referrers, view->referrer_count,
		  view->referrer_total);
	add_sites(report, view);
	hs_report_coverage_line(report, view->gaps);
	return hs_report_done(report, ret);
}
