/* SPDX-License-Identifier: MIT */
/* test_escape.c: hostile strings for the terminal, JSON and CSV. */
#include "hs_cmocka.h"

#include "libsnap/report/escape.h"
#include <stdlib.h>

#define BYTES(text) ((struct hs_str){.data = (text), .size = sizeof(text) - 1})

static void assert_escaped(struct hs_str str, enum hs_escape how, size_t limit,
			   const char *expected)
{
	char *text = hs_escape(str, how, limit);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void all(struct hs_str str, const char *text, const char *json, const char *csv)
{
	assert_escaped(str, HS_ESCAPE_TEXT, 0, text);
	assert_escaped(str, HS_ESCAPE_JSON, 0, json);
	assert_escaped(str, HS_ESCAPE_CSV, 0, csv);
}

static void harmless(void **state)
{
	(void)state;
	all(BYTES(""), "", "", "");
	all(BYTES("app.models.Session"), "app.models.Session", "app.models.Session",
	    "app.models.Session");
	all(BYTES("Größe → 😀"), "Größe → 😀", "Größe → 😀", "Größe → 😀");
}

static void controls(void **state)
{
	(void)state;
	all(BYTES("a\033[31mb"), "a\\x1b[31mb", "a\\u001b[31mb", "a\\x1b[31mb");
	all(BYTES("\n\r\t\b"), "\\n\\r\\t\\x08", "\\u000a\\u000d\\u0009\\u0008", "\\n\\r\\t\\x08");
	all(BYTES("a\0b"), "a\\x00b", "a\\u0000b", "a\\x00b");
	all(BYTES("\x7f"), "\\x7f", "\\u007f", "\\x7f");
	/* C1: CSI and NEL */
	all(BYTES("\xc2\x9b\xc2\x85"), "\\u009b\\u0085", "\\u009b\\u0085", "\\u009b\\u0085");
	/* no-break space is none */
	all(BYTES("\xc2\xa0"), "\xc2\xa0", "\xc2\xa0", "\xc2\xa0");
}

static void invisible_and_bidirectional(void **state)
{
	static const struct {
		const char *raw;
		const char *escaped;
	} points[] = {
		{"\u200b", "\\u200b"},	 {"\u200f", "\\u200f"}, {"\u2028", "\\u2028"},
		{"\u2029", "\\u2029"},	 {"\u202a", "\\u202a"}, {"\u202e", "\\u202e"},
		{"\u2066", "\\u2066"},	 {"\u2069", "\\u2069"}, {"\ufeff", "\\ufeff"},
		{"\xc2\xad", "\\u00ad"}, {"\u061c", "\\u061c"}, {"\u180e", "\\u180e"},
		{"\ufff9", "\\ufff9"},	 {"\ufffb", "\\ufffb"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		all(hs_str_of(points[i].raw), points[i].escaped, points[i].escaped,
		    points[i].escaped);
	/* Tags: beyond what four digits can say, in JSON two surrogates. */
	all(BYTES("\U000e0001\U000e007f"), "\\U000e0001\\U000e007f", "\\udb40\\udc01\\udb40\\udc7f",
	    "\\U000e0001\\U000e007f");
	all(BYTES("\ufff8\ufffc\U000dffff\U000e0080"), "\ufff8\ufffc\U000dffff\U000e0080",
	    "\ufff8\ufffc\U000dffff\U000e0080", "\ufff8\ufffc\U000dffff\U000e0080");
	all(BYTES("\u200a\u2010\u2027\u202f\u2065\u206a"), "\u200a\u2010\u2027\u202f\u2065\u206a",
	    "\u200a\u2010\u2027\u202f\u2065\u206a", "\u200a\u2010\u2027\u202f\u2065\u206a");
}

static void surrogates_and_bad_bytes(void **state)
{
	(void)state;
	all(BYTES("x\xed\xa0\x80y\xed\xbf\xbf"), "x\\ud800y\\udfff", "x\\ud800y\\udfff",
	    "x\\ud800y\\udfff");
	all(BYTES("\xff"), "\\xff", "\\ufffd", "\\xff");
	/* continuation alone, overlong, cut short, above U+10FFFF */
	all(BYTES("\x80"), "\\x80", "\\ufffd", "\\x80");
	all(BYTES("\xc0\xaf"), "\\xc0\\xaf", "\\ufffd\\ufffd", "\\xc0\\xaf");
	all(BYTES("\xe2\x82"), "\\xe2\\x82", "\\ufffd\\ufffd", "\\xe2\\x82");
	all(BYTES("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80", "\\ufffd\\ufffd\\ufffd\\ufffd",
	    "\\xf4\\x90\\x80\\x80");
	all(BYTES("\xe2\x82g"), "\\xe2\\x82g", "\\ufffd\\ufffdg", "\\xe2\\x82g");
}

static void quotes_and_fields(void **state)
{
	(void)state;
	all(BYTES("say \"hi\"\\"), "say \"hi\"\\", "say \\\"hi\\\"\\\\", "\"say \"\"hi\"\"\\\"");
	all(BYTES("a,b"), "a,b", "a,b", "\"a,b\"");
	all(BYTES("a;b"), "a;b", "a;b", "\"a;b\"");
	all(BYTES(" a"), " a", " a", "\" a\"");
	/* A line feed never gets as far as needing quotes. */
	assert_escaped(BYTES("a\nb"), HS_ESCAPE_CSV, 0, "a\\nb");
}

static void formulas(void **state)
{
	(void)state;
	all(BYTES("=1+1"), "=1+1", "=1+1", "'=1+1");
	all(BYTES("+1"), "+1", "+1", "'+1");
	all(BYTES("-1"), "-1", "-1", "'-1");
	all(BYTES("@SUM(A1)"), "@SUM(A1)", "@SUM(A1)", "'@SUM(A1)");
	all(BYTES("=cmd|'/c',\"x\""), "=cmd|'/c',\"x\"", "=cmd|'/c',\\\"x\\\"",
	    "\"'=cmd|'/c',\"\"x\"\"\"");
	all(BYTES("  =1"), "  =1", "  =1", "\"'  =1\"");
	all(BYTES("a=1"), "a=1", "a=1", "a=1");
	all(BYTES("\t=1"), "\\t=1", "\\u0009=1", "\\t=1");
}

static void limits(void **state)
{
	(void)state;
	assert_escaped(BYTES("abcdef"), HS_ESCAPE_TEXT, 6, "abcdef");
	assert_escaped(BYTES("abcdefg"), HS_ESCAPE_TEXT, 6, "abc…");
	assert_escaped(BYTES("abcdefg"), HS_ESCAPE_TEXT, 3, "…");
	assert_escaped(BYTES("abcdefg"), HS_ESCAPE_TEXT, 2, "");
	/* An escape is not cut in the middle, nor is a character. */
	assert_escaped(BYTES("ab\033cdef"), HS_ESCAPE_TEXT, 8, "ab…");
	assert_escaped(BYTES("ab\033cdef"), HS_ESCAPE_TEXT, 9, "ab\\x1b…");
	assert_escaped(BYTES("ääääää"), HS_ESCAPE_TEXT, 10, "äää…");
	/* A CSV field stays a field. */
	assert_escaped(BYTES("a,bcdefghijk"), HS_ESCAPE_CSV, 10, "\"a,bcd…\"");
	assert_escaped(BYTES("=abcdefghijk"), HS_ESCAPE_CSV, 10, "'=abcde…");
	assert_escaped(BYTES("\"\"\"\"\"\""), HS_ESCAPE_JSON, 8, "\\\"\\\"…");
}

static void columns_on_a_terminal(void **state)
{
	_cleanup_output_ struct hs_output out = {0};

	(void)state;
	assert_int_equal(hs_text_columns(BYTES("abc")), 3);
	assert_int_equal(hs_text_columns(BYTES("äöü")), 3);
	assert_int_equal(hs_text_columns(BYTES("漢字")), 4);
	assert_int_equal(hs_text_columns(BYTES("e\u0301")), 1);
	assert_int_equal(hs_text_columns(BYTES("\033")), 4);
	assert_int_equal(hs_escape_columns(&out, BYTES("漢字漢字"), 5), 5);
	assert_str(hs_output_str(&out), "漢字…");
	out.size = 0;
	assert_int_equal(hs_escape_columns(&out, BYTES("abcdef"), 6), 6);
	assert_str(hs_output_str(&out), "abcdef");
	out.size = 0;
	assert_int_equal(hs_escape_columns(&out, BYTES("abcdefg"), 6), 6);
	assert_str(hs_output_str(&out), "abcde…");
}

/* All byte pairs: the result is valid UTF-8 without anything unsafe, whatever comes in. */
static void every_pair_of_bytes(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 65536; i++) {
		const char raw[] = {(char)(i >> 8), (char)i};

		for (int how = HS_ESCAPE_TEXT; how <= HS_ESCAPE_CSV; how++) {
			char *text = hs_escape((struct hs_str){raw, 2}, (enum hs_escape)how, 0);

			assert_non_null(text);
			for (const char *at = text; *at; at++) {
				unsigned char c = (unsigned char)*at;

				assert_true(c >= 0x20 && c != 0x7f);
				if (c >= 0x80) {
					/* the one valid two-byte character there can be */
					assert_true(c >= 0xc2 && c < 0xe0);
					at++;
					assert_true(((unsigned char)*at & 0xc0) == 0x80);
					assert_true(c > 0xc2 || (unsigned char)*at >= 0xa0);
				}
			}
			free(text);
		}
	}
}

/* A megabyte of the worst, in linear time: the test would not end otherwise. */
static void a_megabyte(void **state)
{
	size_t size = 1 << 20;
	char *raw = malloc(size);

	(void)state;
	assert_non_null(raw);
	memset(raw, 0x1b, size);
	for (int how = HS_ESCAPE_TEXT; how <= HS_ESCAPE_CSV; how++) {
		char *text = hs_escape((struct hs_str){raw, size}, (enum hs_escape)how, 0);

		assert_non_null(text);
		assert_int_equal(strlen(text), size * (how == HS_ESCAPE_JSON ? 6 : 4));
		free(text);
		text = hs_escape((struct hs_str){raw, size}, (enum hs_escape)how, 100);
		assert_non_null(text);
		assert_true(strlen(text) <= 100);
		free(text);
	}
	free(raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harmless),
		cmocka_unit_test(controls),
		cmocka_unit_test(invisible_and_bidirectional),
		cmocka_unit_test(surrogates_and_bad_bytes),
		cmocka_unit_test(quotes_and_fields),
		cmocka_unit_test(formulas),
		cmocka_unit_test(limits),
		cmocka_unit_test(columns_on_a_terminal),
		cmocka_unit_test(every_pair_of_bytes),
		cmocka_unit_test(a_megabyte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
