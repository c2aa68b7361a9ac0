/* SPDX-License-Identifier: MIT */
/* json.c: a report as one JSON document. */
#include "libsnap/report/escape.h"
#include "libsnap/report/render.h"

#include "format/base/str.h"

#include <math.h>

static void indent(struct hs_output *out, unsigned int depth)
{
	hs_output_char(out, '\n');
	hs_output_repeat(out, ' ', depth);
}

static void put_key(struct hs_output *out, const char *key)
{
	hs_escape_json(out, hs_str_of(key));
	hs_output_text(out, ": ");
}

static void put_real(struct hs_output *out, double value, uint32_t decimals)
{
	if (isfinite(value))
		hs_output_real(out, value, decimals);
	else
		hs_output_text(out, "null");
}

static void put_value(struct hs_output *out, const struct hs_value *value)
{
	char time[32];

	switch (value->kind) {
	case HS_VALUE_NULL:
		hs_output_text(out, "null");
		break;
	case HS_VALUE_BOOL:
		hs_output_text(out, value->boolean ? "true" : "false");
		break;
	case HS_VALUE_U64:
	case HS_VALUE_COUNT:
	case HS_VALUE_BYTES:
		hs_output_u64(out, value->u64);
		break;
	case HS_VALUE_I64:
	case HS_VALUE_COUNT_CHANGE:
	case HS_VALUE_BYTES_CHANGE:
		hs_output_i64(out, value->i64);
		break;
	case HS_VALUE_REAL:
		put_real(out, value->real, value->decimals);
		break;
	case HS_VALUE_PERCENT:
		put_real(out, value->real, 1);
		break;
	case HS_VALUE_STRING:
		hs_escape_json(out, value->str);
		break;
	case HS_VALUE_ADDRESS:
		hs_output_text(out, "\"0x");
		hs_output_hex(out, value->u64);
		hs_output_char(out, '"');
		break;
	case HS_VALUE_TIME:
		if (!value->u64) {
			hs_output_text(out, "null");
			break;
		}
		hs_render_time(value->u64, time);
		hs_escape_json(out, hs_str_of(time));
		break;
	case HS_VALUE_LIST:
		hs_output_char(out, '[');
		for (size_t i = 0; i < value->list.count; i++) {
			hs_output_text(out, i ? ", " : "");
			put_value(out, &value->list.items[i]);
		}
		hs_output_char(out, ']');
		break;
	}
}

static void put_row(struct hs_output *out, const struct hs_table *table, size_t row)
{
	const struct hs_value *cells = table->cells + row * table->column_count;
	bool first = true;

	hs_output_char(out, '{');
	for (size_t i = 0; i < table->column_count; i++) {
		if (!(table->columns[i].audience & HS_FOR_JSON))
			continue;
		hs_output_text(out, first ? "" : ", ");
		put_key(out, table->columns[i].key);
		put_value(out, &cells[i]);
		first = false;
	}
	hs_output_char(out, '}');
}

static void put_table(struct hs_output *out, const struct hs_table *table,
		      const struct hs_render_options *options, unsigned int depth)
{
	size_t rows = hs_render_rows(table, options, HS_ALL_ROWS);

	hs_output_char(out, '[');
	for (size_t i = 0; i < rows; i++) {
		hs_output_text(out, i ? "," : "");
		indent(out, depth + 1);
		put_row(out, table, i);
	}
	if (rows)
		indent(out, depth);
	hs_output_char(out, ']');
}

static void put_children(struct hs_output *out, const struct hs_node *node,
			 const struct hs_render_options *options, unsigned int depth);

static void put_node(struct hs_output *out, const struct hs_node *node,
		     const struct hs_render_options *options, unsigned int depth)
{
	switch (node->kind) {
	case HS_NODE_FIELD:
		put_value(out, &node->value);
		break;
	case HS_NODE_GROUP:
	case HS_NODE_LIST:
		put_children(out, node, options, depth);
		break;
	case HS_NODE_TABLE:
		put_table(out, &node->table, options, depth);
		break;
	case HS_NODE_LINE:
		break;
	}
}

static void put_children(struct hs_output *out, const struct hs_node *node,
			 const struct hs_render_options *options, unsigned int depth)
{
	bool list = node->kind == HS_NODE_LIST;
	bool first = true;

	hs_output_char(out, list ? '[' : '{');
	for (const struct hs_node *child = node->children.first; child; child = child->next) {
		if (!(child->audience & HS_FOR_JSON) || child->kind == HS_NODE_LINE)
			continue;
		hs_output_text(out, first ? "" : ",");
		indent(out, depth + 1);
		if (!list)
			put_key(out, child->key);
		put_node(out, child, options, depth + 1);
		first = false;
	}
	if (!first)
		indent(out, depth);
	hs_output_char(out, list ? ']' : '}');
}

struct hs_error *hs_render_json(const struct hs_report *report,
				const struct hs_render_options *options, struct hs_output *out)
{
	put_children(out, report->root, options, 0);
	hs_output_char(out, '\n');
	return NULL;
}
