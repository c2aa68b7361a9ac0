/* SPDX-License-Identifier: MIT */
/* capture.h: what a report looks like, as a string. */
#ifndef HS_TEST_CAPTURE_H
#define HS_TEST_CAPTURE_H

#include "hs_cmocka.h"

#include <heapsnap/report.h>
#include <stdio.h>
#include <stdlib.h>

/* @report rendered, owned by the caller. */
static inline char *capture(const struct hs_report *report, struct hs_render_options options)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	assert_null(hs_report_render(report, &options, stream));
	assert_int_equal(fclose(stream), 0);
	return text;
}

static inline char *capture_as(const struct hs_report *report, enum hs_report_format format)
{
	return capture(report, (struct hs_render_options){.format = format, .rows = -1});
}

static inline void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static inline void assert_not_contains(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

/* Nothing in @text acts on a terminal: no C0 controls but line feeds, no DEL, no C1. */
static inline void assert_harmless(const char *text)
{
	for (const char *at = text; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			fail_msg("control character %#x in: %s", c, text);
		if (c == 0xc2 && (unsigned char)at[1] < 0xa0)
			fail_msg("C1 control in: %s", text);
	}
}

#endif
