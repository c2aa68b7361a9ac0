/* SPDX-License-Identifier: MIT */
/* test_error.c: messages are one harmless line, codes stay. */
#include "hs_cmocka.h"

#include "format/base/error.h"
#include <errno.h>
#include <stdlib.h>

static void assert_message(struct hs_error *err, enum hs_error_code code, const char *expected)
{
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), code);
	assert_string_equal(hs_error_message(err), expected);
	hs_error_destroy(err);
}

static void messages(void **state)
{
	(void)state;
	assert_message(hs_error_create(HS_ERROR_GONE, "process %d ended", 7), HS_ERROR_GONE,
		       "process 7 ended");
	assert_message(hs_error_errno(ENOENT, "%s", "a.snap"), HS_ERROR_FAILED,
		       "a.snap: No such file or directory");
	assert_message(hs_error_errno(EACCES, "a"), HS_ERROR_PERMISSION, "a: Permission denied");
	assert_message(hs_error_errno(EPERM, "a"), HS_ERROR_PERMISSION,
		       "a: Operation not permitted");
	assert_message(hs_error_wrap(hs_error_create(HS_ERROR_NEWER, "b"), "%c", 'a'),
		       HS_ERROR_NEWER, "a: b");
	assert_message(hs_error_create(HS_ERROR_USAGE, "%s", ""), HS_ERROR_USAGE, "");
	hs_error_destroy(NULL);
	hs_error_destroy(&hs_enomem);
	assert_string_equal(hs_error_message(&hs_enomem), "out of memory");
	assert_int_equal(hs_error_code(&hs_enomem), HS_ERROR_FAILED);
}

static void hostile_text_is_escaped(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{"a\nb", "a\\nb"},
		{"\x1b[31m\t\r\x7f", "\\x1b[31m\\x09\\x0d\\x7f"},
		{"\xc2\x9b", "\\u009b"}, /* a C1 control */
		{"\xe2\x80\xae"
		 "x",
		 "\\u202ex"},					       /* right-to-left override */
		{"\xf3\xa0\x81\x81", "\\U000e0041"},		       /* a tag */
		{"\xc2\xad", "\\u00ad"},			       /* a soft hyphen */
		{"\xed\xa0\x80", "\\ud800"},			       /* a lone surrogate */
		{"\xff\xc3", "\\xff\\xc3"},			       /* no UTF-8 */
		{"\xc0\x80\xe0\x80\x80", "\\xc0\\x80\\xe0\\x80\\x80"}, /* overlong */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},	       /* above U+10FFFF */
		{"gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8d \\",
		 "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8d \\"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_message(hs_error_create(HS_ERROR_FAILED, "%s", cases[i].text),
			       HS_ERROR_FAILED, cases[i].expected);
		/* Wrapping does not escape twice. */
		char twice[128] = "x: ";

		strcat(twice, cases[i].expected);
		assert_message(
			hs_error_wrap(hs_error_create(HS_ERROR_FAILED, "%s", cases[i].text), "x"),
			HS_ERROR_FAILED, twice);
	}
}

static void large_message(void **state)
{
	char *text = malloc(1000001);
	struct hs_error *err;

	(void)state;
	memset(text, '\x01', 1000000);
	text[1000000] = '\0';
	err = hs_error_create(HS_ERROR_FAILED, "%s", text);
	assert_int_equal(strlen(hs_error_message(err)), 4000000);
	hs_error_destroy(err);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(hostile_text_is_escaped),
		cmocka_unit_test(large_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
