/* SPDX-License-Identifier: MIT */
/* error.c: errors with a message of one harmless line. */
#include "format/base/error.h"

#include "format/base/cleanup.h"
#include "format/base/utf8.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hs_error {
	enum hs_error_code code;
	const char *message; /* text, or a constant */
	char text[];
};

struct hs_error hs_enomem = {.code = HS_ERROR_FAILED, .message = "out of memory"};

/* What one byte of a message becomes at most: \xff, a fourth of \u202e and its kind. */
enum { ESCAPED_MAX = 4 };

enum hs_error_code hs_error_code(const struct hs_error *err)
{
	return err->code;
}

const char *hs_error_message(const struct hs_error *err)
{
	return err->message;
}

void hs_error_destroy(struct hs_error *err)
{
	if (err != &hs_enomem)
		free(err);
}

/*
 * Copy @text to @out so that it is one line of UTF-8 that does nothing to a terminal.  Escaping
 * what has been escaped changes nothing, for backslashes stay.
 */
static void escape(char *out, const char *text, size_t size)
{
	while (size) {
		uint32_t point;
		size_t length = hs_utf8_decode(text, size, &point);

		if (length && !hs_utf8_is_unsafe(point)) {
			memcpy(out, text, length);
			out += length;
		} else if (length > 3) {
			out += sprintf(out, "\\U%08x", point);
		} else if (length > 1) {
			out += sprintf(out, "\\u%04x", point);
		} else if (length && point == '\n') {
			out += sprintf(out, "\\n");
		} else {
			out += sprintf(out, "\\x%02x", (unsigned char)*text);
		}
		if (!length)
			length = 1;
		text += length;
		size -= length;
	}
	*out = '\0';
}

static struct hs_error *create(enum hs_error_code code, const char *text, size_t size)
{
	struct hs_error *err;
	size_t bytes;

	if (__builtin_mul_overflow(size, (size_t)ESCAPED_MAX, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*err) + 1, &bytes))
		return &hs_enomem;
	err = malloc(bytes);
	if (!err)
		return &hs_enomem;
	err->code = code;
	err->message = err->text;
	escape(err->text, text, size);
	return err;
}

/* The error "PREFIX: SUFFIX", without the colon if @suffix is NULL. */
static struct hs_error *create_joined(enum hs_error_code code, const char *suffix,
				      const char *format, va_list args)
{
	char *text = NULL;
	char *joined = NULL;
	struct hs_error *err = &hs_enomem;

	if (vasprintf(&text, format, args) < 0)
		return err;
	if (!suffix) {
		err = create(code, text, strlen(text));
	} else if (asprintf(&joined, "%s: %s", text, suffix) >= 0) {
		err = create(code, joined, strlen(joined));
		free(joined);
	}
	free(text);
	return err;
}

struct hs_error *hs_error_create(enum hs_error_code code, const char *format, ...)
{
	struct hs_error *err;
	va_list args;

	va_start(args, format);
	err = create_joined(code, NULL, format, args);
	va_end(args);
	return err;
}

struct hs_error *hs_error_errno(int errnum, const char *format, ...)
{
	enum hs_error_code code = HS_ERROR_FAILED;
	char text[128];
	struct hs_error *err;
	va_list args;

	if (errnum == EACCES || errnum == EPERM)
		code = HS_ERROR_PERMISSION;
	va_start(args, format);
	err = create_joined(code, strerror_r(errnum, text, sizeof(text)), format, args);
	va_end(args);
	return err;
}

struct hs_error *hs_error_wrap(struct hs_error *err, const char *format, ...)
{
	struct hs_error *wrapped;
	va_list args;

	va_start(args, format);
	wrapped = create_joined(err->code, err->message, format, args);
	va_end(args);
	if (wrapped == &hs_enomem)
		return err; /* the cause without its context is better than nothing */
	hs_error_destroy(err);
	return wrapped;
}
