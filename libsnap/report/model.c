/* SPDX-License-Identifier: MIT */
/* model.c: building the tree that a report is. */
#include "libsnap/report/model.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"

struct hs_report *hs_report_create(const char *schema)
{
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	struct hs_report *report;

	if (!arena)
		return NULL;
	report = hs_arena_array(arena, 1, sizeof(*report));
	if (!report)
		return NULL;
	report->root = hs_arena_array(arena, 1, sizeof(*report->root));
	if (!report->root)
		return NULL;
	report->root->kind = HS_NODE_GROUP;
	report->root->audience = HS_FOR_ALL;
	report->arena = hs_steal(arena);
	hs_node_field_for(report, report->root, HS_FOR_JSON, "schema", NULL, hs_value_text(schema));
	return report;
}

void hs_report_destroy(struct hs_report *report)
{
	if (report)
		hs_arena_destroy(report->arena);
}

struct hs_error *hs_report_done(struct hs_report *report, struct hs_report **ret)
{
	if (report->failed) {
		hs_report_destroy(report);
		return &hs_enomem;
	}
	*ret = report;
	return NULL;
}

/* Zeroed memory of the report's; NULL, and remembered, if there is none. */
static void *allocate(struct hs_report *report, size_t count, size_t size)
{
	void *memory = hs_arena_array(report->arena, count, size);

	if (!memory)
		report->failed = true;
	return memory;
}

static struct hs_node *node_add(struct hs_report *report, struct hs_node *parent,
				enum hs_node_kind kind, const char *key, const char *title)
{
	struct hs_node *node = allocate(report, 1, sizeof(*node));

	if (!node || !parent)
		return NULL;
	node->kind = kind;
	node->audience = HS_FOR_ALL;
	node->key = key;
	node->title = title;
	if (parent->children.last)
		parent->children.last->next = node;
	else
		parent->children.first = node;
	parent->children.last = node;
	return node;
}

struct hs_node *hs_node_group(struct hs_report *report, struct hs_node *parent, const char *key,
			      const char *title)
{
	return node_add(report, parent, HS_NODE_GROUP, key, title);
}

struct hs_node *hs_node_list(struct hs_report *report, struct hs_node *parent, const char *key)
{
	return node_add(report, parent, HS_NODE_LIST, key, NULL);
}

void hs_node_field(struct hs_report *report, struct hs_node *parent, const char *key,
		   const char *title, struct hs_value value)
{
	hs_node_field_for(report, parent, HS_FOR_ALL, key, title, value);
}

void hs_node_field_for(struct hs_report *report, struct hs_node *parent, unsigned int audience,
		       const char *key, const char *title, struct hs_value value)
{
	struct hs_node *node = node_add(report, parent, HS_NODE_FIELD, key, title);

	if (!node)
		return;
	node->audience = audience;
	node->value = value;
}

struct hs_node *hs_node_table(struct hs_report *report, struct hs_node *parent, const char *key,
			      const char *title, const struct hs_table_column *columns,
			      size_t column_count, size_t row_count)
{
	struct hs_node *node = node_add(report, parent, HS_NODE_TABLE, key, title);
	size_t cells;

	if (!node)
		return NULL;
	node->table.columns = columns;
	node->table.column_count = column_count;
	node->table.text_rows = HS_TEXT_ROWS;
	if (!row_count)
		return node;
	if (__builtin_mul_overflow(row_count, column_count, &cells)) {
		report->failed = true;
		return NULL;
	}
	node->table.cells = allocate(report, cells, sizeof(*node->table.cells));
	if (!node->table.cells)
		return NULL;
	node->table.row_count = row_count;
	return node;
}

void hs_table_row(struct hs_node *table, size_t row, const struct hs_value *cells)
{
	if (!table)
		return;
	memcpy(table->table.cells + row * table->table.column_count, cells,
	       table->table.column_count * sizeof(*cells));
}

struct hs_node *hs_node_line(struct hs_report *report, struct hs_node *parent, unsigned int indent)
{
	struct hs_node *node = node_add(report, parent, HS_NODE_LINE, NULL, NULL);

	if (!node)
		return NULL;
	node->audience = HS_FOR_TEXT;
	node->line.indent = indent;
	return node;
}

void hs_line_styled(struct hs_report *report, struct hs_node *line, enum hs_style style,
		    struct hs_value value)
{
	struct hs_piece *piece = allocate(report, 1, sizeof(*piece));

	if (!piece || !line)
		return;
	piece->value = value;
	piece->style = style;
	if (line->line.last)
		line->line.last->next = piece;
	else
		line->line.first = piece;
	line->line.last = piece;
}

void hs_line_add(struct hs_report *report, struct hs_node *line, struct hs_value value)
{
	hs_line_styled(report, line, HS_STYLE_PLAIN, value);
}

void hs_line_text(struct hs_report *report, struct hs_node *line, const char *text)
{
	hs_line_add(report, line, hs_value_text(text));
}

struct hs_value hs_value_copy(struct hs_report *report, struct hs_str str)
{
	struct hs_value value = {.kind = HS_VALUE_STRING};

	if (!hs_arena_str(report->arena, str, &value.str)) {
		report->failed = true;
		return hs_value_null();
	}
	return value;
}

struct hs_value *hs_value_items(struct hs_report *report, size_t count)
{
	return allocate(report, count ? count : 1, sizeof(struct hs_value));
}

struct hs_value hs_value_numbers(struct hs_report *report, const uint64_t *numbers, size_t count)
{
	struct hs_value *items = hs_value_items(report, count);

	for (size_t i = 0; items && i < count; i++)
		items[i] = numbers[i] == HS_UNKNOWN ? hs_value_null()
						    : hs_value_number(HS_VALUE_U64, numbers[i]);
	return items ? hs_value_list(items, count) : hs_value_null();
}

struct hs_value hs_value_changes(struct hs_report *report, const int64_t *changes, size_t count)
{
	struct hs_value *items = hs_value_items(report, count);

	for (size_t i = 0; items && i < count; i++)
		items[i] = hs_value_signed(HS_VALUE_I64, changes[i]);
	return items ? hs_value_list(items, count) : hs_value_null();
}
