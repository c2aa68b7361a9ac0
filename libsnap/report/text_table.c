/* SPDX-License-Identifier: MIT */
/* text_table.c: tables whose columns stand below their titles. */
#include "libsnap/report/text.h"

#include "libsnap/report/escape.h"

#include "format/base/cleanup.h"
#include "format/base/str.h"

#include <errno.h>
#include <stdlib.h>

enum {
	NAME_MIN = 12, /* columns that a name is left however narrow the terminal is */
};

/* For put_row(): the titles. */
#define TITLES SIZE_MAX

/* Which columns of the table are shown, and how wide. */
struct layout {
	const struct hs_table *table;
	size_t rows;
	size_t last;	 /* the last column that is shown */
	size_t flexible; /* the column that gives way; column_count: none */
	size_t *widths;
};

static bool is_shown(const struct hs_table *table, size_t column)
{
	return table->columns[column].audience & HS_FOR_TEXT;
}

static const struct hs_value *cell(const struct hs_table *table, size_t row, size_t column)
{
	return &table->cells[row * table->column_count + column];
}

/* Columns of the widest cell of @column in the rows shown, names cut to @limit. */
static size_t cells_width(const struct layout *layout, size_t column, struct hs_output *scratch,
			  size_t limit)
{
	size_t width = 0;

	for (size_t row = 0; row < layout->rows; row++) {
		size_t columns;

		scratch->size = 0;
		columns = hs_text_value(scratch, cell(layout->table, row, column), limit);
		width = columns > width ? columns : width;
	}
	return width;
}

static size_t column_width(const struct layout *layout, size_t column, struct hs_output *scratch)
{
	const struct hs_table_column *shape = &layout->table->columns[column];
	size_t width = cells_width(layout, column, scratch, HS_TEXT_NAME_MAX);
	size_t least =
		shape->min_width ? shape->min_width : hs_text_columns(hs_str_of(shape->title));

	return width > least ? width : least;
}

/* Take from the flexible column what the terminal does not have. */
static void fit(struct layout *layout, unsigned int width)
{
	size_t total = 0;
	size_t *name;

	if (!width || layout->flexible == layout->table->column_count)
		return;
	for (size_t i = 0; i < layout->table->column_count; i++)
		if (is_shown(layout->table, i))
			total += layout->widths[i] + (total ? 1 : 0);
	if (total <= width)
		return;
	name = &layout->widths[layout->flexible];
	*name = *name > total - width + NAME_MIN ? *name - (total - width) : NAME_MIN;
}

/*
 * Write one row, or the titles if @row is TITLES.  A title wider than its column sticks out to
 * the left as far as there is room, so that figures stay close together.
 */
static void put_row(struct hs_text *text, const struct layout *layout, size_t row,
		    struct hs_output *scratch)
{
	const struct hs_table *table = layout->table;
	size_t position = 0; /* columns written */
	size_t end = 0;	     /* where the column ends */

	for (size_t i = 0; i < table->column_count; i++) {
		size_t gap = position ? 1 : 0;
		size_t columns;

		if (!is_shown(table, i))
			continue;
		end += layout->widths[i] + (end ? 1 : 0);
		scratch->size = 0;
		if (row == TITLES) {
			hs_output_text(scratch, table->columns[i].title);
			columns = hs_text_columns(hs_output_str(scratch));
		} else {
			size_t limit = layout->widths[i];

			columns = hs_text_value(scratch, cell(table, row, i), limit);
		}
		if (!table->columns[i].left && position + gap + columns < end)
			gap = end - position - columns;
		if (i == layout->last && !columns)
			break;
		hs_output_repeat(text->out, ' ', gap);
		hs_output_bytes(text->out, scratch->data, scratch->size);
		position += gap + columns;
		if (table->columns[i].left && i != layout->last && position < end) {
			hs_output_repeat(text->out, ' ', end - position);
			position = end;
		}
	}
	hs_output_char(text->out, '\n');
}

static void put_more(struct hs_text *text, const struct hs_table *table, size_t rows)
{
	if (rows == table->row_count)
		return;
	hs_text_style_begin(text, HS_STYLE_FAINT);
	hs_output_format(text->out, "<%zu more row%s.%s%s>", table->row_count - rows,
			 table->row_count - rows == 1 ? "" : "s", table->more ? " " : "",
			 table->more ? table->more : "");
	hs_text_style_end(text, HS_STYLE_FAINT);
	hs_output_char(text->out, '\n');
}

void hs_text_table(struct hs_text *text, const struct hs_table *table)
{
	_cleanup_output_ struct hs_output scratch = {0};
	_cleanup_free_ size_t *widths = calloc(table->column_count, sizeof(*widths));
	struct layout layout = {
		.table = table,
		.rows = hs_render_rows(table, text->options, table->text_rows),
		.flexible = table->column_count,
		.widths = widths,
	};

	hs_output_init(&scratch, NULL);
	if (!widths) {
		hs_output_fail(text->out, ENOMEM);
		return;
	}
	for (size_t i = 0; i < table->column_count; i++) {
		if (!is_shown(table, i))
			continue;
		widths[i] = column_width(&layout, i, &scratch);
		layout.last = i;
		if (table->columns[i].left)
			layout.flexible = i;
	}
	fit(&layout, text->options->width);
	if (layout.rows || !table->row_count) {
		hs_text_style_begin(text, HS_STYLE_STRONG);
		put_row(text, &layout, TITLES, &scratch);
		hs_text_style_end(text, HS_STYLE_STRONG);
	}
	for (size_t row = 0; row < layout.rows; row++)
		put_row(text, &layout, row, &scratch);
	put_more(text, table, layout.rows);
	hs_output_fail(text->out, scratch.errnum);
}
