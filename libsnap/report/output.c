/* SPDX-License-Identifier: MIT */
/* output.c: a buffered writer to a stream or to memory that keeps its first failure. */
#include "libsnap/report/output.h"

#include "format/base/error.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

enum {
	FLUSH_AT = 1 << 16, /* bytes collected before they are handed to the stream */
};

void hs_output_init(struct hs_output *out, FILE *file)
{
	*out = (struct hs_output){.file = file};
}

void hs_output_deinit(struct hs_output *out)
{
	free(out->data);
	*out = (struct hs_output){0};
}

static void flush(struct hs_output *out)
{
	if (!out->size || out->errnum)
		return;
	errno = 0;
	if (fwrite(out->data, 1, out->size, out->file) != out->size)
		out->errnum = errno ? errno : EIO;
	out->size = 0;
}

struct hs_error *hs_output_finish(struct hs_output *out)
{
	if (out->file) {
		flush(out);
		errno = 0;
		if (!out->errnum && (fflush(out->file) || ferror(out->file)))
			out->errnum = errno ? errno : EIO;
	}
	if (!out->errnum)
		return NULL;
	if (out->errnum == ENOMEM)
		return &hs_enomem;
	return hs_error_errno(out->errnum, "cannot write the output");
}

char *hs_output_room(struct hs_output *out, size_t need)
{
	size_t room;
	size_t want;
	char *grown;

	if (out->errnum)
		return NULL;
	if (out->data && out->capacity - out->size >= need)
		return out->data + out->size;
	if (out->file && out->size >= FLUSH_AT) {
		flush(out);
		if (out->errnum)
			return NULL;
		if (out->capacity >= need)
			return out->data;
	}
	if (__builtin_add_overflow(out->size, need, &want)) {
		out->errnum = ENOMEM;
		return NULL;
	}
	room = out->capacity ? out->capacity : (out->file ? FLUSH_AT + 4096 : 64);
	while (room < want)
		if (__builtin_mul_overflow(room, (size_t)2, &room))
			room = want;
	grown = realloc(out->data, room);
	if (!grown) {
		out->errnum = ENOMEM;
		return NULL;
	}
	out->data = grown;
	out->capacity = room;
	return out->data + out->size;
}

void hs_output_bytes(struct hs_output *out, const void *data, size_t size)
{
	char *room;

	if (!size)
		return;
	room = hs_output_room(out, size);
	if (!room)
		return;
	memcpy(room, data, size);
	out->size += size;
}

void hs_output_repeat(struct hs_output *out, char c, size_t count)
{
	char *room = hs_output_room(out, count);

	if (!room || !count)
		return;
	memset(room, c, count);
	out->size += count;
}

void hs_output_u64(struct hs_output *out, uint64_t value)
{
	char digits[20];
	size_t start = sizeof(digits);

	do {
		digits[--start] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	hs_output_bytes(out, digits + start, sizeof(digits) - start);
}

void hs_output_i64(struct hs_output *out, int64_t value)
{
	if (value < 0)
		hs_output_char(out, '-');
	hs_output_u64(out, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void hs_output_hex(struct hs_output *out, uint64_t value)
{
	char digits[16];
	size_t start = sizeof(digits);

	do {
		digits[--start] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value);
	hs_output_bytes(out, digits + start, sizeof(digits) - start);
}

/* With as few digits as say which number it is, and the point that is wanted here. */
static void put_shortest(struct hs_output *out, double value)
{
	char text[64];
	size_t whole;
	int size = 0;

	for (int digits = 15; digits <= 17; digits++) {
		size = snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	whole = strspn(text, "-+0123456789e");
	hs_output_bytes(out, text, whole);
	if (whole == (size_t)size)
		return;
	if (!isfinite(value)) {
		hs_output_text(out, text + whole);
		return;
	}
	hs_output_char(out, '.');
	hs_output_text(out, text + whole + strcspn(text + whole, "0123456789"));
}

void hs_output_real(struct hs_output *out, double value, uint32_t decimals)
{
	enum { DECIMALS_MAX = 9 };
	char text[DBL_MAX_10_EXP + 32];
	size_t size;
	size_t whole;

	if (decimals == HS_ALL_DECIMALS) {
		put_shortest(out, value);
		return;
	}
	if (decimals > DECIMALS_MAX)
		decimals = DECIMALS_MAX;
	size = (size_t)snprintf(text, sizeof(text), "%.*f", (int)decimals, value);
	/* What the locale has for a point may be several bytes. */
	whole = strspn(text, "-0123456789");
	if (!decimals || !isfinite(value)) {
		hs_output_bytes(out, text, size);
		return;
	}
	hs_output_bytes(out, text, whole);
	hs_output_char(out, '.');
	hs_output_bytes(out, text + size - decimals, decimals);
}

void hs_output_format(struct hs_output *out, const char *format, ...)
{
	va_list args;
	char *room;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0) {
		out->errnum = out->errnum ? out->errnum : EINVAL;
		return;
	}
	room = hs_output_room(out, (size_t)length + 1);
	if (!room)
		return;
	va_start(args, format);
	vsnprintf(room, (size_t)length + 1, format, args);
	va_end(args);
	out->size += (size_t)length;
}
