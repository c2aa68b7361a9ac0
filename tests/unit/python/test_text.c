/* SPDX-License-Identifier: MIT */
/* test_text.c: str objects in all their forms. */
#include "fake.h"

static void assert_text(struct fake *fake, hs_addr str, const char *expected)
{
	struct hs_text text = {0};

	assert_true(hs_text_read(&fake->python, str, &text));
	assert_str(hs_text_str(&text), expected);
	hs_text_deinit(&text);
	assert_true(hs_text_equals(&fake->python, str, expected));
	assert_false(hs_text_equals(&fake->python, str, "something else that is longer"));
	assert_false(hs_text_equals(&fake->python, str, "\x01"));
}

static void assert_no_text(struct fake *fake, hs_addr address)
{
	struct hs_text text = {0};

	assert_false(hs_text_read(&fake->python, address, &text));
	assert_int_equal(text.size, 0);
	assert_false(hs_text_equals(&fake->python, address, ""));
	assert_int_equal(hs_text_number(&fake->python, address), HS_NONE);
	hs_text_deinit(&text);
}

static void all_forms(void **state)
{
	static const uint8_t latin[] = {'a', 0xe9, 0xff, 0x7f, 0x80};
	static const uint16_t two[] = {'x', 0x20ac, 0xd800, 0xdfff, 0x7ff, 0x800};
	static const uint32_t four[] = {0x1f600, 'y', 0x10ffff, 0xdc80};

	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct fake fake;

		fake_create(&fake, FAKE_LAYOUTS[i]);
		assert_text(&fake, fake_name(&fake, "hello"), "hello");
		assert_text(&fake, fake_name(&fake, ""), "");
		assert_text(&fake, fake_str(&fake, "plain", 5, 1, 0), "plain");
		assert_text(&fake, fake_str(&fake, latin, 5, 1, FAKE_COMPACT),
			    "a\u00e9\u00ff\x7f\xc2\x80");
		assert_text(&fake, fake_str(&fake, two, 6, 2, FAKE_COMPACT),
			    "x\u20ac\xed\xa0\x80\xed\xbf\xbf\u07ff\u0800");
		assert_text(&fake, fake_str(&fake, two, 2, 2, 0), "x\u20ac");
		assert_text(&fake, fake_str(&fake, four, 4, 4, FAKE_COMPACT),
			    "\U0001f600y\U0010ffff\xed\xb2\x80");
		fake_destroy(&fake);
	}
}

static void what_is_no_str(void **state)
{
	static const uint32_t beyond[] = {'a', 0x110000};
	struct fake fake;
	hs_addr str;

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	assert_no_text(&fake, 0);
	assert_no_text(&fake, UINT64_MAX - 15);
	assert_no_text(&fake, fake_object(&fake, fake.object_type, 64));
	assert_no_text(&fake, fake_object(&fake, 0x1234, 64));
	assert_no_text(&fake, fake_str(&fake, beyond, 2, 4, FAKE_COMPACT));
	for (uint32_t kind = 0; kind < 8; kind++)
		if (kind != 1 && kind != 2 && kind != 4)
			assert_no_text(&fake, fake_str(&fake, "", 0, kind, FAKE_COMPACT));
	str = fake_name(&fake, "long");
	fake_u64(&fake, str + PY_STR_LENGTH, HS_TEXT_LIMIT + 1);
	assert_no_text(&fake, str);
	fake_u64(&fake, str + PY_STR_LENGTH, UINT64_MAX);
	assert_no_text(&fake, str);
	/* Longer than what was copied, in either way of reading. */
	fake_u64(&fake, str + PY_STR_LENGTH, HS_TEXT_LIMIT);
	assert_no_text(&fake, str);
	fake_u32(&fake, str + PY_STR_STATE, 4 << 2 | FAKE_COMPACT);
	assert_no_text(&fake, str);
	str = fake_str(&fake, "x", 1, 1, 0);
	fake_u64(&fake, str + fake.python.layout->str_data, 0x1000);
	assert_no_text(&fake, str);
	fake_destroy(&fake);
}

static void numbers_are_remembered(void **state)
{
	struct fake fake;
	hs_addr a;
	uint32_t number;

	(void)state;
	fake_create(&fake, &hs_layout_3_13);
	a = fake_name(&fake, "name");
	number = hs_text_number(&fake.python, a);
	assert_str(hs_build_string_at(fake.python.build, number), "name");
	assert_int_equal(hs_text_number(&fake.python, fake_name(&fake, "name")), number);
	assert_int_not_equal(hs_text_number(&fake.python, fake_name(&fake, "other")), number);
	/* From the cache: the object is not read again. */
	fake_u64(&fake, a + PY_TYPE, 0);
	assert_int_equal(hs_text_number(&fake.python, a), number);
	fake_destroy(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms),
		cmocka_unit_test(what_is_no_str),
		cmocka_unit_test(numbers_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
