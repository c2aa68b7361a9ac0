/* SPDX-License-Identifier: MIT */
/* escape.c: strings of a target made harmless for where they go. */
#include "libsnap/report/escape.h"

#include "format/base/utf8.h"

#include <stdlib.h>

static const char ellipsis[] = "…";

enum {
	UNIT_MAX = 12,	    /* bytes of the longest escaped character */
	ELLIPSIS_BYTES = 3, /* in UTF-8 */
};

/* One character of the source and what becomes of it. */
struct unit {
	size_t source; /* bytes of the source it takes */
	size_t size;   /* bytes of the result */
	size_t columns;
	char text[UNIT_MAX];
};

static bool is_plain(unsigned char c, enum hs_escape how)
{
	if (c < 0x20 || c >= 0x7f)
		return false;
	switch (how) {
	case HS_ESCAPE_TEXT:
		return true;
	case HS_ESCAPE_JSON:
		return c != '"' && c != '\\';
	case HS_ESCAPE_CSV:
		return c != '"';
	}
	return false;
}

/* Length of the run at @text whose bytes stay as they are. */
static size_t plain_run(const char *text, size_t size, enum hs_escape how)
{
	size_t i = 0;

	while (i < size && is_plain((unsigned char)text[i], how))
		i++;
	return i;
}

/* Half-open ranges of characters that a terminal shows two columns wide. */
static bool is_wide(uint32_t point)
{
	static const uint32_t ranges[][2] = {
		{0x1100, 0x1160},   {0x2e80, 0x303f},	{0x3041, 0xa4d0},   {0xac00, 0xd7a4},
		{0xf900, 0xfb00},   {0xfe30, 0xfe70},	{0xff00, 0xff61},   {0xffe0, 0xffe7},
		{0x1f300, 0x1f650}, {0x1f900, 0x1fa00}, {0x20000, 0x3fffe},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (point >= ranges[i][0] && point < ranges[i][1])
			return true;
	return false;
}

/* Combining marks share the column of what they follow. */
static size_t point_columns(uint32_t point)
{
	if ((point >= 0x300 && point < 0x370) || (point >= 0x1ab0 && point < 0x1b00) ||
	    (point >= 0x20d0 && point < 0x2100) || (point >= 0xfe00 && point < 0xfe10) ||
	    (point >= 0xfe20 && point < 0xfe30))
		return 0;
	return is_wide(point) ? 2 : 1;
}

static void unit_escape(struct unit *unit, const char *prefix, uint32_t value, size_t digits)
{
	size_t at = strlen(prefix);

	memcpy(unit->text, prefix, at);
	for (size_t i = digits; i-- > 0;)
		unit->text[at++] = "0123456789abcdef"[value >> (4 * i) & 15];
	unit->size = at;
	unit->columns = at;
}

static void unit_pair(struct unit *unit, char first, char second)
{
	unit->text[0] = first;
	unit->text[1] = second;
	unit->size = 2;
	unit->columns = 2;
}

/* JSON has a character beyond U+FFFF as a surrogate pair; @offset is counted from U+10000. */
static void unit_surrogates(struct unit *unit, uint32_t offset)
{
	struct unit low;

	unit_escape(&low, "\\u", 0xdc00 | (offset & 0x3ff), 4);
	unit_escape(unit, "\\u", 0xd800 | offset >> 10, 4);
	memcpy(unit->text + unit->size, low.text, low.size);
	unit->size += low.size;
	unit->columns += low.columns;
}

static void unit_unsafe(struct unit *unit, uint32_t point, enum hs_escape how)
{
	if (how != HS_ESCAPE_JSON && point == '\n')
		unit_pair(unit, '\\', 'n');
	else if (how != HS_ESCAPE_JSON && point == '\r')
		unit_pair(unit, '\\', 'r');
	else if (how != HS_ESCAPE_JSON && point == '\t')
		unit_pair(unit, '\\', 't');
	else if (how != HS_ESCAPE_JSON && point < 0x80)
		unit_escape(unit, "\\x", point, 2);
	else if (point < 0x10000)
		unit_escape(unit, "\\u", point, 4);
	else if (how != HS_ESCAPE_JSON)
		unit_escape(unit, "\\U", point, 8);
	else
		unit_surrogates(unit, point - 0x10000);
}

/* Escape the first character at @text, @size > 0 bytes. */
static void unit_next(const char *text, size_t size, enum hs_escape how, struct unit *unit)
{
	unsigned char byte = (unsigned char)text[0];
	uint32_t point = 0;

	unit->source = hs_utf8_decode(text, size, &point);
	if (!unit->source) {
		unit->source = 1;
		if (how == HS_ESCAPE_JSON)
			unit_escape(unit, "\\u", 0xfffd, 4);
		else
			unit_escape(unit, "\\x", byte, 2);
	} else if (hs_utf8_is_unsafe(point)) {
		unit_unsafe(unit, point, how);
	} else if (how == HS_ESCAPE_JSON && (point == '"' || point == '\\')) {
		unit_pair(unit, '\\', (char)byte);
	} else if (how == HS_ESCAPE_CSV && point == '"') {
		unit_pair(unit, '"', '"');
	} else {
		memcpy(unit->text, text, unit->source);
		unit->size = unit->source;
		unit->columns = point_columns(point);
	}
}

static void append_inside(struct hs_output *out, struct hs_str str, enum hs_escape how)
{
	for (size_t at = 0; at < str.size;) {
		size_t run = plain_run(str.data + at, str.size - at, how);
		struct unit unit;

		hs_output_bytes(out, str.data + at, run);
		at += run;
		if (at == str.size)
			break;
		unit_next(str.data + at, str.size - at, how, &unit);
		hs_output_bytes(out, unit.text, unit.size);
		at += unit.source;
	}
}

/* Spreadsheets take a field that begins like this, blanks skipped, for a formula. */
static bool is_formula(struct hs_str str)
{
	size_t i = 0;

	while (i < str.size && str.data[i] == ' ')
		i++;
	return i < str.size && strchr("=+-@", str.data[i]) && str.data[i];
}

static bool csv_needs_quotes(struct hs_str str)
{
	if (!str.size)
		return false;
	if (str.data[0] == ' ' || str.data[str.size - 1] == ' ')
		return true;
	return memchr(str.data, '"', str.size) || memchr(str.data, ',', str.size) ||
	       memchr(str.data, ';', str.size);
}

void hs_escape_append(struct hs_output *out, struct hs_str str, enum hs_escape how)
{
	bool quotes = how == HS_ESCAPE_CSV && csv_needs_quotes(str);

	if (quotes)
		hs_output_char(out, '"');
	if (how == HS_ESCAPE_CSV && is_formula(str))
		hs_output_char(out, '\'');
	append_inside(out, str, how);
	if (quotes)
		hs_output_char(out, '"');
}

void hs_escape_json(struct hs_output *out, struct hs_str str)
{
	hs_output_char(out, '"');
	append_inside(out, str, HS_ESCAPE_JSON);
	hs_output_char(out, '"');
}

size_t hs_escape_columns(struct hs_output *out, struct hs_str str, size_t limit)
{
	size_t cut_size = out->size; /* the result up to where "…" still fits */
	size_t cut_columns = 0;
	size_t columns = 0;

	for (size_t at = 0; at < str.size;) {
		struct unit unit;

		unit_next(str.data + at, str.size - at, HS_ESCAPE_TEXT, &unit);
		if (limit && columns + unit.columns > limit) {
			out->size = cut_size;
			hs_output_text(out, ellipsis);
			return cut_columns + 1;
		}
		hs_output_bytes(out, unit.text, unit.size);
		columns += unit.columns;
		if (columns + 1 <= limit) {
			cut_size = out->size;
			cut_columns = columns;
		}
		at += unit.source;
	}
	return columns;
}

size_t hs_text_columns(struct hs_str str)
{
	size_t columns = 0;

	for (size_t at = 0; at < str.size;) {
		struct unit unit;

		unit_next(str.data + at, str.size - at, HS_ESCAPE_TEXT, &unit);
		columns += unit.columns;
		at += unit.source;
	}
	return columns;
}

/*
 * As much of the inside of @str as fits into @limit bytes together with "…"; all of it if it fits
 * without.
 */
static void append_limited(struct hs_output *out, struct hs_str str, enum hs_escape how,
			   size_t limit)
{
	size_t start = out->size;
	size_t cut = out->size;

	for (size_t at = 0; at < str.size;) {
		struct unit unit;

		unit_next(str.data + at, str.size - at, how, &unit);
		if (out->size - start + unit.size > limit) {
			out->size = cut;
			if (limit >= ELLIPSIS_BYTES)
				hs_output_text(out, ellipsis);
			return;
		}
		hs_output_bytes(out, unit.text, unit.size);
		if (out->size - start + ELLIPSIS_BYTES <= limit)
			cut = out->size;
		at += unit.source;
	}
}

char *hs_escape(struct hs_str str, enum hs_escape how, size_t limit)
{
	_cleanup_output_ struct hs_output out = {0};
	char *text;

	hs_output_init(&out, NULL);
	if (!limit) {
		hs_escape_append(&out, str, how);
	} else {
		bool quotes = how == HS_ESCAPE_CSV && csv_needs_quotes(str);
		bool formula = how == HS_ESCAPE_CSV && is_formula(str);
		size_t around = (quotes ? 2U : 0U) + (formula ? 1U : 0U);

		if (limit > around) {
			hs_output_text(&out, quotes ? "\"" : "");
			hs_output_text(&out, formula ? "'" : "");
			append_limited(&out, str, how, limit - around);
			hs_output_text(&out, quotes ? "\"" : "");
		}
	}
	hs_output_char(&out, '\0');
	if (out.errnum)
		return NULL;
	text = out.data;
	out.data = NULL;
	return text;
}
