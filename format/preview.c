/* SPDX-License-Identifier: MIT */
/* preview.c: the recorded values of objects: kept, found and written as literals. */
#include "format/preview.h"

#include "format/base/huge.h"
#include "format/tables.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
	INTEGER_LIMB = 1000000000, /* base in which large integers are converted */
	REAL_DIGITS = 17,	   /* that tell any two numbers of double precision apart */
	REAL_EXPONENT = 16,	   /* from which on a number is written with an exponent */
	REAL_EXPONENT_LOW = -4,
};

void hs_previews_deinit(struct hs_previews *previews)
{
	hs_vector_deinit(&previews->rows);
	hs_bytes_deinit(&previews->data);
	free(previews->row_of);
	previews->row_of = NULL;
}

/* Characters that begin in @text. */
static uint64_t count_characters(struct hs_str text)
{
	uint64_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += ((uint8_t)text.data[i] & 0xc0) != 0x80;
	return count;
}

static uint64_t recorded_length(enum hs_preview_kind kind, struct hs_str data)
{
	return kind == HS_PREVIEW_TEXT ? count_characters(data) : data.size;
}

bool hs_previews_add(struct hs_previews *previews, hs_id object, const struct hs_preview *preview)
{
	struct hs_preview_row row = {.object = object, .kind = (uint8_t)preview->kind};

	if (preview->kind == HS_PREVIEW_INTEGER) {
		row.word = (uint64_t)preview->integer;
	} else if (preview->kind == HS_PREVIEW_REAL) {
		memcpy(&row.word, &preview->real, sizeof(row.word));
	} else {
		uint64_t recorded = recorded_length(preview->kind, preview->data);

		row.word = previews->data.size;
		row.size = (uint32_t)preview->data.size;
		row.more = preview->length > recorded ? preview->length - recorded : 0;
	}
	if (!hs_bytes_reserve(&previews->data, row.size) || !hs_vector_push(&previews->rows, row))
		return false;
	if (row.size)
		memcpy(previews->data.data + previews->data.size, preview->data.data, row.size);
	previews->data.size += row.size;
	return true;
}

bool hs_previews_index(struct hs_previews *previews, hs_id count)
{
	free(previews->row_of);
	previews->row_of = hs_huge_alloc(count, sizeof(*previews->row_of));
	if (!previews->row_of)
		return false;
	memset(previews->row_of, 0, count * sizeof(*previews->row_of));
	for (size_t i = 0; i < previews->rows.size; i++)
		previews->row_of[previews->rows.data[i].object] = (uint32_t)i + 1;
	return true;
}

bool hs_snapshot_has_previews(const struct hs_snapshot *snap)
{
	return snap->has_previews;
}

bool hs_snapshot_preview(const struct hs_snapshot *snap, hs_id object, struct hs_preview *ret)
{
	const struct hs_previews *previews = &snap->previews;
	const struct hs_preview_row *row;
	struct hs_preview preview = {0};

	if (!previews->row_of || !previews->row_of[object])
		return false;
	row = &previews->rows.data[previews->row_of[object] - 1];
	if (!row->kind) /* one of a newer writer */
		return false;
	preview.kind = (enum hs_preview_kind)row->kind;
	preview.data = (struct hs_str){.data = "", .size = 0};
	switch (preview.kind) {
	case HS_PREVIEW_INTEGER:
		preview.integer = (int64_t)row->word;
		break;
	case HS_PREVIEW_REAL:
		memcpy(&preview.real, &row->word, sizeof(preview.real));
		break;
	case HS_PREVIEW_TEXT:
	case HS_PREVIEW_BYTES:
	case HS_PREVIEW_POSITIVE:
	case HS_PREVIEW_NEGATIVE:
		if (row->size)
			preview.data = (struct hs_str){
				(const char *)previews->data.data + row->word, row->size};
		preview.cut = row->more != 0;
		preview.length = row->more + recorded_length(preview.kind, preview.data);
		break;
	case HS_PREVIEW_KIND_COUNT:
		break;
	}
	*ret = preview;
	return true;
}

static bool append(struct hs_bytes *out, const char *text, size_t size)
{
	if (!hs_bytes_reserve(out, size))
		return false;
	if (size)
		memcpy(out->data + out->size, text, size);
	out->size += size;
	return true;
}

static bool append_text(struct hs_bytes *out, const char *text)
{
	return append(out, text, strlen(text));
}

static bool write_text(struct hs_str text, bool cut, struct hs_bytes *out)
{
	bool done = append_text(out, "'");

	for (size_t i = 0; done && i < text.size; i++) {
		if (text.data[i] == '\'' || text.data[i] == '\\')
			done = append_text(out, "\\");
		done = done && append(out, &text.data[i], 1);
	}
	return done && append_text(out, cut ? "…'" : "'");
}

static bool write_bytes(struct hs_str bytes, bool cut, struct hs_bytes *out)
{
	bool done = append_text(out, "b'");

	for (size_t i = 0; done && i < bytes.size; i++) {
		uint8_t byte = (uint8_t)bytes.data[i];
		char text[8];

		if (byte < 0x20 || byte >= 0x7f)
			snprintf(text, sizeof(text), "\\x%02x", byte);
		else
			snprintf(text, sizeof(text), byte == '\'' || byte == '\\' ? "\\%c" : "%c",
				 byte);
		done = append_text(out, text);
	}
	return done && append_text(out, cut ? "…'" : "'");
}

/* A magnitude, or the first bytes of one, in hexadecimal. */
static bool write_hexadecimal(struct hs_str magnitude, bool cut, struct hs_bytes *out)
{
	bool done = append_text(out, "0x");

	for (size_t i = 0; done && i < magnitude.size; i++) {
		char text[4];

		snprintf(text, sizeof(text), i ? "%02x" : "%x", (uint8_t)magnitude.data[i]);
		done = append_text(out, text);
	}
	return done && append_text(out, cut ? "…" : "");
}

/* A whole magnitude in decimal: byte after byte into limbs, the least significant first. */
static bool write_decimal(struct hs_str magnitude, struct hs_bytes *out)
{
	HS_VECTOR(uint32_t) limbs = {0};
	char text[16];
	bool done = hs_vector_push(&limbs, 0);

	for (size_t i = 0; done && i < magnitude.size; i++) {
		uint64_t carry = (uint8_t)magnitude.data[i];

		for (size_t k = 0; k < limbs.size; k++) {
			carry += (uint64_t)limbs.data[k] << 8;
			limbs.data[k] = (uint32_t)(carry % INTEGER_LIMB);
			carry /= INTEGER_LIMB;
		}
		if (carry)
			done = hs_vector_push(&limbs, (uint32_t)carry);
	}
	for (size_t k = limbs.size; done && k-- > 0;) {
		snprintf(text, sizeof(text), k + 1 == limbs.size ? "%" PRIu32 : "%09" PRIu32,
			 limbs.data[k]);
		done = append_text(out, text);
	}
	hs_vector_deinit(&limbs);
	return done;
}

/* The shortest digits that tell @value, which is finite, from all others, and its exponent. */
static void find_digits(double value, char digits[REAL_DIGITS + 1], int *exponent)
{
	char text[40];
	size_t count = 0;
	const char *at;

	for (int precision = 0; precision < REAL_DIGITS; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, value);
		if (strtod(text, NULL) == value)
			break;
	}
	/* The program may have set a locale in which the point is something else. */
	for (at = text; *at && *at != 'e'; at++)
		if (*at >= '0' && *at <= '9' && count < REAL_DIGITS)
			digits[count++] = *at;
	while (count > 1 && digits[count - 1] == '0')
		count--;
	digits[count] = '\0';
	*exponent = *at ? atoi(at + 1) : 0;
}

/* As repr() of Python has it. */
static bool write_real(double value, struct hs_bytes *out)
{
	char digits[REAL_DIGITS + 1];
	char text[64];
	int exponent;
	int count;
	int used;

	if (isnan(value))
		return append_text(out, "nan");
	if (signbit(value) && !append_text(out, "-"))
		return false;
	if (isinf(value))
		return append_text(out, "inf");
	find_digits(fabs(value), digits, &exponent);
	count = (int)strlen(digits);
	if (exponent < REAL_EXPONENT_LOW || exponent >= REAL_EXPONENT) {
		snprintf(text, sizeof(text), "%c%s%se%c%02d", digits[0], count > 1 ? "." : "",
			 digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
	} else if (exponent < 0) {
		snprintf(text, sizeof(text), "0.%.*s%s", -exponent - 1, "000", digits);
	} else {
		used = exponent + 1 < count ? exponent + 1 : count;
		snprintf(text, sizeof(text), "%.*s%.*s.%s", used, digits, exponent + 1 - used,
			 "0000000000000000", used < count ? digits + used : "0");
	}
	return append_text(out, text);
}

bool hs_preview_write(const struct hs_preview *preview, struct hs_bytes *out)
{
	char number[32];

	switch (preview->kind) {
	case HS_PREVIEW_TEXT:
		return write_text(preview->data, preview->cut, out);
	case HS_PREVIEW_BYTES:
		return write_bytes(preview->data, preview->cut, out);
	case HS_PREVIEW_INTEGER:
		snprintf(number, sizeof(number), "%" PRId64, preview->integer);
		return append_text(out, number);
	case HS_PREVIEW_REAL:
		return write_real(preview->real, out);
	case HS_PREVIEW_POSITIVE:
	case HS_PREVIEW_NEGATIVE:
		if (preview->kind == HS_PREVIEW_NEGATIVE && !append_text(out, "-"))
			return false;
		if (preview->cut || preview->data.size > HS_PREVIEW_DECIMAL_BYTES)
			return write_hexadecimal(preview->data, preview->cut, out);
		return write_decimal(preview->data, out);
	case HS_PREVIEW_KIND_COUNT:
		break;
	}
	return true;
}
