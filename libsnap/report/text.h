/* SPDX-License-Identifier: MIT */
/* text.h: the parts of the text renderer: values, folded lines, tables. */
#ifndef HS_REPORT_TEXT_H
#define HS_REPORT_TEXT_H

#include "libsnap/report/render.h"

struct hs_text {
	const struct hs_render_options *options;
	struct hs_output *out;
};

enum {
	HS_TEXT_NAME_MAX = 500, /* columns of a name where the terminal sets no limit */
};

/*
 * Append @value as a person reads it; names are cut to @limit columns, 0: not at all.  @out must
 * collect in memory.  Returns the columns it takes.
 */
size_t hs_text_value(struct hs_output *out, const struct hs_value *value, size_t limit);

/* Switch the terminal to @style and back, if colours are wanted. */
void hs_text_style_begin(struct hs_text *text, enum hs_style style);
void hs_text_style_end(struct hs_text *text, enum hs_style style);

/* Each writes whole lines. */
void hs_text_line(struct hs_text *text, const struct hs_node *line);
void hs_text_table(struct hs_text *text, const struct hs_table *table);

#endif
