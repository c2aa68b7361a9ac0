/* SPDX-License-Identifier: MIT */
/* csv.c: a report's one table as comma-separated values (RFC 4180, lines ended by LF). */
#include "libsnap/report/escape.h"
#include "libsnap/report/render.h"

#include "format/base/error.h"
#include "format/base/str.h"

#include <math.h>

static void put_real(struct hs_output *out, double value, uint32_t decimals)
{
	if (isfinite(value))
		hs_output_real(out, value, decimals);
}

static void put_value(struct hs_output *out, const struct hs_value *value);

/* Items separated by blanks; a report marks columns of lists for JSON alone where it matters. */
static void put_list(struct hs_output *out, const struct hs_value *value)
{
	_cleanup_output_ struct hs_output inside = {0};

	hs_output_init(&inside, NULL);
	for (size_t i = 0; i < value->list.count; i++) {
		const struct hs_value *item = &value->list.items[i];

		hs_output_text(&inside, i ? " " : "");
		if (item->kind == HS_VALUE_STRING)
			hs_output_bytes(&inside, item->str.data, item->str.size);
		else
			put_value(&inside, item);
	}
	hs_output_fail(out, inside.errnum);
	hs_escape_append(out, hs_output_str(&inside), HS_ESCAPE_CSV);
}

static void put_value(struct hs_output *out, const struct hs_value *value)
{
	char time[32];

	switch (value->kind) {
	case HS_VALUE_NULL:
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
		hs_escape_append(out, value->str, HS_ESCAPE_CSV);
		break;
	case HS_VALUE_ADDRESS:
		hs_output_text(out, "0x");
		hs_output_hex(out, value->u64);
		break;
	case HS_VALUE_TIME:
		if (value->u64) {
			hs_render_time(value->u64, time);
			hs_output_text(out, time);
		}
		break;
	case HS_VALUE_LIST:
		put_list(out, value);
		break;
	}
}

static void put_row(struct hs_output *out, const struct hs_table *table,
		    const struct hs_value *cells)
{
	bool first = true;

	for (size_t i = 0; i < table->column_count; i++) {
		if (!(table->columns[i].audience & HS_FOR_CSV))
			continue;
		hs_output_text(out, first ? "" : ",");
		if (cells)
			put_value(out, &cells[i]);
		else
			hs_escape_append(out, hs_str_of(table->columns[i].key), HS_ESCAPE_CSV);
		first = false;
	}
	hs_output_char(out, '\n');
}

struct hs_error *hs_render_csv(const struct hs_report *report,
			       const struct hs_render_options *options, struct hs_output *out)
{
	const struct hs_table *table = NULL;
	size_t tables = 0;
	size_t rows;

	for (const struct hs_node *node = report->root->children.first; node; node = node->next) {
		if (node->kind != HS_NODE_TABLE || !(node->audience & HS_FOR_CSV))
			continue;
		table = &node->table;
		tables++;
	}
	if (tables != 1)
		return hs_error_create(HS_ERROR_USAGE,
				       "this output is not one table and has no form as CSV; "
				       "use --json instead");
	put_row(out, table, NULL);
	rows = hs_render_rows(table, options, HS_ALL_ROWS);
	for (size_t i = 0; i < rows; i++)
		put_row(out, table, table->cells + i * table->column_count);
	return NULL;
}
