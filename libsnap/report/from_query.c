/* SPDX-License-Identifier: MIT */
/* from_query.c: the rows of a query as a report. */
#include "libsnap/report/common.h"
#include "libsnap/report/output.h"

#include "format/base/error.h"
#include "format/base/str.h"

#include <stdio.h>

/* Bytes that are no text, as SQL writes them: X'0a0b'. */
static struct hs_value blob_value(struct hs_report *report, struct hs_str data)
{
	const size_t size = 2 * data.size + 3;
	char *text = hs_arena_alloc(report->arena, size + 1);

	if (!text) {
		report->failed = true;
		return hs_value_null();
	}
	strcpy(text, "X'");
	for (size_t i = 0; i < data.size; i++)
		sprintf(text + 2 + 2 * i, "%02x", (unsigned char)data.data[i]);
	strcpy(text + size - 1, "'");
	return (struct hs_value){.kind = HS_VALUE_STRING, .str = {text, size}};
}

static struct hs_value cell_value(struct hs_report *report, const struct hs_query_value *value)
{
	switch (value->kind) {
	case HS_QUERY_INTEGER:
		return hs_value_signed(HS_VALUE_I64, value->integer);
	case HS_QUERY_REAL:
		return hs_value_real(value->real, HS_ALL_DECIMALS);
	case HS_QUERY_TEXT:
		return hs_value_copy(report, value->data);
	case HS_QUERY_BLOB:
		return blob_value(report, value->data);
	case HS_QUERY_NULL:
		break;
	}
	return hs_value_null();
}

/* The names of columns before @i that are like its own. */
static size_t namesakes(const char *const *names, size_t i)
{
	size_t found = 0;

	for (size_t k = 0; k < i; k++)
		found += !strcmp(names[k], names[i]);
	return found;
}

/* Each column once, aligned by what is in it; those that share a name are told apart: a, a:2. */
static struct hs_table_column *make_columns(struct hs_report *report, const char *const *names,
					    size_t count, const struct hs_query_value *values,
					    size_t rows)
{
	struct hs_table_column *columns =
		hs_arena_alloc(report->arena, (count + 1) * sizeof(*columns));

	for (size_t i = 0; columns && i < count; i++) {
		const size_t like = namesakes(names, i);
		const size_t size = strlen(names[i]) + 24;
		char *name = hs_arena_alloc(report->arena, size);

		if (!name)
			return NULL;
		snprintf(name, size, like ? "%s:%zu" : "%s", names[i], like + 1);
		columns[i] = (struct hs_table_column){
			.key = name,
			.title = name,
			.audience = HS_FOR_ALL,
		};
		for (size_t row = 0; row < rows && !columns[i].left; row++) {
			enum hs_query_kind kind = values[row * count + i].kind;

			columns[i].left = kind == HS_QUERY_TEXT || kind == HS_QUERY_BLOB;
		}
	}
	return columns;
}

struct hs_error *hs_report_from_query(const char *const *names, size_t column_count,
				      const struct hs_query_value *values, size_t row_count,
				      uint64_t gaps, struct hs_report **ret)
{
	struct hs_report *report = hs_report_create("heapsnap.sql/1");
	struct hs_table_column *columns;
	struct hs_node *table;

	if (!report)
		return &hs_enomem;
	hs_report_coverage(report, gaps);
	columns = make_columns(report, names, column_count, values, row_count);
	if (!columns)
		report->failed = true;
	table = columns ? hs_node_table(report, report->root, "rows", NULL, columns, column_count,
					row_count)
			: NULL;
	if (table) {
		table->table.limited = true;
		table->table.more = "-n 0 shows all.";
		for (size_t i = 0; i < row_count * column_count; i++)
			table->table.cells[i] = cell_value(report, &values[i]);
	}
	return hs_report_done(report, ret);
}
