/* SPDX-License-Identifier: MIT */
/* test_preview.c: the values of made-up str, bytes, int and float objects. */
#include "fake.h"
#include "libsnap/python/preview.h"

enum { DIGIT_BITS = 30 };

/* The value of the object at @address of a type called @name, with flags @flags. */
static bool read_value(struct fake *fake, hs_addr address, struct hs_preview *ret)
{
	struct hs_object object = {.address = address};
	hs_addr type = 0;

	assert_true(hs_image_u64(fake->image, address + PY_TYPE, &type));
	object.type = hs_type_at(&fake->python, type);
	assert_non_null(object.type);
	object.size = object.type->basicsize;
	object.body = hs_image_at(fake->image, address, object.size);
	assert_non_null(object.body);
	return hs_preview_read(&fake->python, &object, &fake->python.scratch, ret);
}

static hs_addr make_type(struct fake *fake, const char *name, hs_addr base)
{
	return fake_type(fake, name, fake->python.type_type, base ? base : fake->object_type, 0);
}

static void assert_text(struct fake *fake, hs_addr str, const char *expected, uint64_t length)
{
	struct hs_preview preview;

	assert_true(read_value(fake, str, &preview));
	assert_int_equal(preview.kind, HS_PREVIEW_TEXT);
	assert_str(preview.data, expected);
	assert_int_equal(preview.length, length);
}

static void texts(void **state)
{
	static const uint16_t two[] = {'x', 0x20ac, 0xd800, 'y', 'z'};
	static const uint32_t four[] = {0x1f600, 0x1f601, 0x1f602};
	struct fake fake;
	hs_addr str;

	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		fake_create(&fake, FAKE_LAYOUTS[i]);
		fake.python.preview_bytes = 6;
		assert_text(&fake, fake_name(&fake, "hello"), "hello", 5);
		assert_text(&fake, fake_name(&fake, "hello!!"), "hello!", 7);
		assert_text(&fake, fake_name(&fake, ""), "", 0);
		/* Characters stay whole: the surrogate does not fit any more. */
		assert_text(&fake, fake_str(&fake, two, 5, 2, FAKE_COMPACT), "x\u20ac", 5);
		assert_text(&fake, fake_str(&fake, four, 3, 4, FAKE_COMPACT), "\U0001f600", 3);
		/* Longer than any name may be; only its beginning is there. */
		str = fake_name(&fake, "long string");
		fake_u64(&fake, str + PY_STR_LENGTH, 1ull << 40);
		assert_text(&fake, str, "long s", 1ull << 40);
		fake_destroy(&fake);
	}
}

static void bytes(void **state)
{
	struct hs_preview preview;
	struct fake fake;
	hs_addr object;

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	fake.python.preview_bytes = 4;
	object = fake_object(&fake, make_type(&fake, "bytes", 0), 64);
	fake_u64(&fake, object + PY_SIZE, 6);
	fake_put(&fake, object + 32,
		 "ab\0\xff"
		 "cd",
		 6);
	assert_true(read_value(&fake, object, &preview));
	assert_int_equal(preview.kind, HS_PREVIEW_BYTES);
	assert_int_equal(preview.data.size, 4);
	assert_memory_equal(preview.data.data, "ab\0\xff", 4);
	assert_int_equal(preview.length, 6);
	fake_u64(&fake, object + PY_SIZE, 0);
	assert_true(read_value(&fake, object, &preview));
	assert_int_equal(preview.data.size, 0);
	assert_int_equal(preview.length, 0);
	fake_destroy(&fake);
}

static hs_addr make_int(struct fake *fake, hs_addr type, bool negative, const uint32_t *digits,
			uint64_t count)
{
	hs_addr object = fake_object(fake, type, 64 + 4 * count);

	if (fake->python.layout->int_tag != HS_ABSENT)
		fake_u64(fake, object + fake->python.layout->int_tag,
			 count << 3 | (negative ? 2 : !count));
	else
		fake_u64(fake, object + PY_SIZE, negative ? -count : count);
	if (count)
		fake_put(fake, object + 24, digits, 4 * count);
	return object;
}

static void integers(void **state)
{
	static const uint32_t all = (1u << DIGIT_BITS) - 1;
	static const uint32_t whole[] = {all, all, 7, 0};
	static const uint32_t large[] = {0x01020304, 0, 0, 0, 0x3fffffff};
	struct hs_preview preview;
	struct fake fake;
	hs_addr type;

	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		fake_create(&fake, FAKE_LAYOUTS[i]);
		fake.python.preview_bytes = 9;
		type = make_type(&fake, "int", 0);
		assert_true(read_value(&fake, make_int(&fake, type, false, whole, 0), &preview));
		assert_int_equal(preview.kind, HS_PREVIEW_INTEGER);
		assert_int_equal(preview.integer, 0);
		assert_true(read_value(&fake, make_int(&fake, type, true, whole, 1), &preview));
		assert_int_equal(preview.integer, -(int64_t)all);
		assert_true(read_value(&fake, make_int(&fake, type, true, whole, 3), &preview));
		assert_int_equal(preview.kind, HS_PREVIEW_INTEGER);
		assert_int_equal(preview.integer, -INT64_MAX);
		/* 150 bits: 19 bytes, of which 9 are kept */
		assert_true(read_value(&fake, make_int(&fake, type, true, large, 5), &preview));
		assert_int_equal(preview.kind, HS_PREVIEW_NEGATIVE);
		assert_int_equal(preview.length, 19);
		assert_int_equal(preview.data.size, 9);
		assert_memory_equal(preview.data.data, "\x3f\xff\xff\xff\0\0\0\0\0", 9);
		fake.python.preview_bytes = 100;
		assert_true(read_value(&fake, make_int(&fake, type, false, large, 5), &preview));
		assert_int_equal(preview.kind, HS_PREVIEW_POSITIVE);
		assert_int_equal(preview.data.size, 19);
		assert_memory_equal(preview.data.data + 15, "\x01\x02\x03\x04", 4);
		fake_destroy(&fake);
	}
}

/* An int that claims more digits than there is memory. */
static void lying_integer(void **state)
{
	struct hs_preview preview;
	struct fake fake;
	hs_addr object;

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	fake.python.preview_bytes = 32;
	object = make_int(&fake, make_type(&fake, "int", 0), false, NULL, 0);
	fake_u64(&fake, object + PY_SIZE, UINT64_MAX << 3);
	assert_false(read_value(&fake, object, &preview));
	fake_u64(&fake, object + PY_SIZE, 1ull << 40);
	assert_false(read_value(&fake, object, &preview));
	fake_destroy(&fake);
}

static void reals_and_subclasses(void **state)
{
	const double value = -0.1;
	struct hs_preview preview;
	struct fake fake;
	hs_addr object;
	hs_addr type;

	(void)state;
	fake_create(&fake, &hs_layout_3_13);
	fake.python.preview_bytes = 32;
	type = make_type(&fake, "float", 0);
	object = fake_object(&fake, make_type(&fake, "app.Metres", type), 64);
	fake_put(&fake, object + 16, &value, sizeof(value));
	assert_true(read_value(&fake, object, &preview));
	assert_int_equal(preview.kind, HS_PREVIEW_REAL);
	assert_memory_equal(&preview.real, &value, sizeof(value));
	/* What is no such type has no value; neither has bool, though it is an int. */
	object = fake_object(&fake, make_type(&fake, "app.Other", 0), 64);
	assert_false(read_value(&fake, object, &preview));
	type = make_type(&fake, "int", 0);
	object = fake_object(&fake, make_type(&fake, "bool", type), 64);
	assert_false(read_value(&fake, object, &preview));
	fake_destroy(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(bytes),
		cmocka_unit_test(integers),
		cmocka_unit_test(lying_integer),
		cmocka_unit_test(reals_and_subclasses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
