/* SPDX-License-Identifier: MIT */
/* text.c: a report for people: fields, lines folded at the terminal's width. */
#include "libsnap/report/text.h"

#include "libsnap/report/escape.h"

#include "format/base/str.h"
#include "format/base/vector.h"

#include <errno.h>

static const char *style_code(enum hs_style style)
{
	switch (style) {
	case HS_STYLE_PLAIN:
		return "";
	case HS_STYLE_STRONG:
		return "\033[1m";
	case HS_STYLE_ALERT:
		return "\033[1;31m";
	case HS_STYLE_GOOD:
		return "\033[1;32m";
	case HS_STYLE_FAINT:
		return "\033[2m";
	}
	return "";
}

void hs_text_style_begin(struct hs_text *text, enum hs_style style)
{
	if (text->options->color)
		hs_output_text(text->out, style_code(style));
}

void hs_text_style_end(struct hs_text *text, enum hs_style style)
{
	if (text->options->color && style != HS_STYLE_PLAIN)
		hs_output_text(text->out, "\033[0m");
}

/* A line's text, and which style its parts have. */
struct span {
	size_t end; /* byte of the text at which the span ends */
	enum hs_style style;
};

struct folder {
	struct hs_text *text;
	const struct span *span; /* the one that the next byte is in */
	size_t at;		 /* bytes of the line written so far */
};

/* Write the bytes of @line up to @end, in their styles. */
static void folder_put(struct folder *folder, struct hs_str line, size_t end)
{
	while (folder->at < end) {
		size_t stop = folder->span->end < end ? folder->span->end : end;

		if (stop > folder->at) {
			hs_text_style_begin(folder->text, folder->span->style);
			hs_output_bytes(folder->text->out, line.data + folder->at,
					stop - folder->at);
			hs_text_style_end(folder->text, folder->span->style);
			folder->at = stop;
		}
		if (folder->at == folder->span->end && folder->at < end)
			folder->span++;
	}
}

static size_t word_end(struct hs_str line, size_t at)
{
	while (at < line.size && line.data[at] == ' ')
		at++;
	while (at < line.size && line.data[at] != ' ')
		at++;
	return at;
}

/* Write @line with a break before each word that would reach beyond the terminal's width. */
static void fold(struct hs_text *text, struct hs_str line, const struct span *spans,
		 unsigned int indent)
{
	struct folder folder = {.text = text, .span = spans};
	unsigned int width = text->options->width;
	size_t column = indent;

	hs_output_repeat(text->out, ' ', indent);
	while (folder.at < line.size) {
		size_t end = word_end(line, folder.at);
		struct hs_str word = {.data = line.data + folder.at, .size = end - folder.at};
		size_t columns = hs_text_columns(word);

		if (width && column > indent && column + columns > width) {
			/* The blanks before the word become the break. */
			while (folder.at < end && line.data[folder.at] == ' ') {
				folder.at++;
				columns--;
			}
			while (folder.span->end <= folder.at && folder.span->end < line.size)
				folder.span++;
			hs_output_char(text->out, '\n');
			hs_output_repeat(text->out, ' ', indent + 2);
			column = indent + 2;
		}
		folder_put(&folder, line, end);
		column += columns;
	}
	hs_output_char(text->out, '\n');
}

void hs_text_line(struct hs_text *text, const struct hs_node *node)
{
	_cleanup_output_ struct hs_output line = {0};
	HS_VECTOR(struct span) spans = {0};
	bool complete = true;

	hs_output_init(&line, NULL);
	for (const struct hs_piece *piece = node->line.first; piece; piece = piece->next) {
		hs_text_value(&line, &piece->value, HS_TEXT_NAME_MAX);
		complete = complete &&
			   hs_vector_push(&spans, ((struct span){line.size, piece->style}));
	}
	if (line.errnum || !complete)
		hs_output_fail(text->out, ENOMEM);
	else if (line.size)
		fold(text, hs_output_str(&line), spans.data, node->line.indent);
	else
		hs_output_char(text->out, '\n');
	hs_vector_deinit(&spans);
}

/* What is not known is not shown. */
static bool is_shown_field(const struct hs_node *node)
{
	return node->kind == HS_NODE_FIELD && (node->audience & HS_FOR_TEXT) && node->title &&
	       node->value.kind != HS_VALUE_NULL;
}

/* Fields that follow one another have their values below one another. */
static const struct hs_node *put_fields(struct hs_text *text, const struct hs_node *node,
					unsigned int indent)
{
	const struct hs_node *end = node;
	size_t width = 0;

	for (; end && end->kind == HS_NODE_FIELD; end = end->next)
		if (is_shown_field(end) && hs_text_columns(hs_str_of(end->title)) > width)
			width = hs_text_columns(hs_str_of(end->title));
	for (; node != end; node = node->next) {
		struct hs_node line = {.kind = HS_NODE_LINE};
		struct hs_piece value = {.value = node->value};
		struct hs_piece gap = {.value = hs_value_text("  "), .next = &value};
		struct hs_piece title = {.style = HS_STYLE_FAINT, .next = &gap};
		_cleanup_output_ struct hs_output padded = {0};

		if (!is_shown_field(node))
			continue;
		hs_output_init(&padded, NULL);
		hs_output_text(&padded, node->title);
		hs_output_repeat(&padded, ' ', width - hs_text_columns(hs_str_of(node->title)));
		title.value =
			(struct hs_value){.kind = HS_VALUE_STRING, .str = hs_output_str(&padded)};
		hs_output_fail(text->out, padded.errnum);
		line.line.first = &title;
		line.line.indent = indent;
		hs_text_line(text, &line);
	}
	return end;
}

static void put_title(struct hs_text *text, const char *title, unsigned int indent)
{
	hs_output_repeat(text->out, ' ', indent);
	hs_text_style_begin(text, HS_STYLE_STRONG);
	hs_output_text(text->out, title);
	hs_text_style_end(text, HS_STYLE_STRONG);
	hs_output_char(text->out, '\n');
}

static void put_children(struct hs_text *text, const struct hs_node *node, unsigned int indent);

/* Write @node, which is not a field. */
static void put_node(struct hs_text *text, const struct hs_node *node, unsigned int indent)
{
	if (node->title)
		put_title(text, node->title, indent);
	switch (node->kind) {
	case HS_NODE_LINE:
		hs_text_line(text, node);
		break;
	case HS_NODE_TABLE:
		hs_text_table(text, &node->table);
		break;
	case HS_NODE_GROUP:
	case HS_NODE_LIST:
		put_children(text, node, node->title ? indent + 2 : indent);
		break;
	case HS_NODE_FIELD:
		break;
	}
}

/* What has a title stands apart from what comes before and after it. */
static void put_children(struct hs_text *text, const struct hs_node *node, unsigned int indent)
{
	const struct hs_node *child = node->children.first;
	bool started = false;
	bool apart = false; /* the last child has a title */

	while (child) {
		bool field = child->kind == HS_NODE_FIELD;

		if (!(child->audience & HS_FOR_TEXT) || (field && !is_shown_field(child))) {
			child = child->next;
			continue;
		}
		if (started && (apart || (!field && child->title)))
			hs_output_char(text->out, '\n');
		started = true;
		apart = !field && child->title;
		if (field) {
			child = put_fields(text, child, indent);
		} else {
			put_node(text, child, indent);
			child = child->next;
		}
	}
}

struct hs_error *hs_render_text(const struct hs_report *report,
				const struct hs_render_options *options, struct hs_output *out)
{
	struct hs_text text = {.options = options, .out = out};

	put_children(&text, report->root, 0);
	return NULL;
}
