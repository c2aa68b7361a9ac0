/* SPDX-License-Identifier: MIT */
/* test_types.c: type objects, and what only looks like one. */
#include "fake.h"

static void the_first_types(void **state)
{
	struct fake fake;
	struct hs_pytype *str;

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	/* `object` needs `type`, which needs `object`. */
	str = hs_type_lookup(&fake.python, fake.str_type);
	assert_non_null(str);
	assert_int_equal(str->base->address, fake.object_type);
	assert_null(str->base->base);
	assert_int_equal(str->metatype->address, fake.python.type_type);
	assert_int_equal(str->metatype->base->address, fake.object_type);
	assert_ptr_equal(hs_type_at(&fake.python, fake.str_type), str);
	assert_int_equal(fake.python.type_count, 3);
	fake_destroy(&fake);
}

/* It stays refused, and asking again costs nothing. */
static void assert_unsound(struct fake *fake, hs_addr address)
{
	size_t count;

	assert_null(hs_type_at(&fake->python, address));
	count = fake->python.type_count;
	for (int i = 0; i < 100; i++)
		assert_null(hs_type_at(&fake->python, address));
	assert_int_equal(fake->python.type_count, count);
}

static void circles(void **state)
{
	struct fake fake;
	hs_addr meta;
	hs_addr a;
	hs_addr b;

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	meta = fake.python.type_type;
	/* of bases, of classes that Python made: all walks along bases would go on for ever */
	a = fake_type(&fake, "a", meta, 0, 0);
	b = fake_type(&fake, "b", meta, a, 0);
	fake_u64(&fake, a + PY_TP_BASE, b);
	fake_u64(&fake, a + PY_TP_TRAVERSE, fake.python.subtype_traverse);
	fake_u64(&fake, b + PY_TP_TRAVERSE, fake.python.subtype_traverse);
	assert_unsound(&fake, a);
	assert_unsound(&fake, b);
	/* with itself */
	a = fake_type(&fake, "c", meta, 0, 0);
	fake_u64(&fake, a + PY_TP_BASE, a);
	assert_unsound(&fake, a);
	/* of metatypes */
	a = fake_type(&fake, "d", meta, fake.object_type, PY_FLAG_TYPE_SUBCLASS);
	b = fake_type(&fake, "e", a, fake.object_type, PY_FLAG_TYPE_SUBCLASS);
	fake_u64(&fake, a + PY_TYPE, b);
	assert_unsound(&fake, a);
	assert_unsound(&fake, b);
	/* another that is its own */
	assert_unsound(&fake, fake_type(&fake, "type", 0, fake.object_type, PY_FLAG_TYPE_SUBCLASS));
	assert_non_null(hs_type_lookup(&fake.python, fake.str_type));
	fake_destroy(&fake);
}

static void what_makes_no_sense(void **state)
{
	static const struct {
		uint32_t offset;
		uint64_t value;
	} cases[] = {
		{PY_REFCNT, 0},
		{PY_REFCNT, 1ull << 41},
		{PY_TP_BASICSIZE, 8},
		{PY_TP_BASICSIZE, 1 << 21},
		{PY_TP_BASICSIZE, 1ull << 63},
		{PY_TP_ITEMSIZE, 1ull << 40},
		{PY_TP_NAME, 0},
		{PY_TP_NAME, UINT64_MAX},
		{PY_TP_BASE, 8},
		{PY_TYPE, 0},
		{PY_TYPE, 1},
	};
	struct fake fake;
	hs_addr meta;

	(void)state;
	fake_create(&fake, &hs_layout_3_13);
	meta = fake.python.type_type;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		hs_addr type = fake_type(&fake, "bad", meta, fake.object_type, 0);

		fake_u64(&fake, type + cases[i].offset, cases[i].value);
		assert_unsound(&fake, type);
	}
	/* whose class is no metatype; without a name; in the middle of words */
	assert_unsound(&fake, fake_type(&fake, "x", fake.str_type, fake.object_type, 0));
	assert_unsound(&fake, fake_type(&fake, "", meta, fake.object_type, 0));
	assert_unsound(&fake, fake.str_type + 4);
	for (hs_addr address = 0; address < 64; address++)
		assert_unsound(&fake, address);
	assert_unsound(&fake, UINT64_MAX - 7);
	fake_destroy(&fake);
}

/* Deeper than anything real: neither a stack that overflows nor work that grows with each try. */
static void a_long_chain(void **state)
{
	struct fake fake;
	hs_addr base;

	(void)state;
	fake_create(&fake, &hs_layout_3_11);
	base = fake.object_type;
	for (int i = 0; i < 3000; i++)
		base = fake_type(&fake, "deep", fake.python.type_type, base, 0);
	for (int i = 0; i < 100; i++)
		hs_type_lookup(&fake.python, base);
	assert_int_equal(fake.python.type_depth, 0);
	assert_true(fake.python.type_count < 3100);
	assert_non_null(hs_type_lookup(&fake.python, fake.str_type));
	fake_destroy(&fake);
}

/* Types beyond the bitmaps, in pages fetched after these were made, are none. */
static void in_a_page_fetched_later(void **state)
{
	struct fake fake;
	hs_addr type;

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	type = fake_type(&fake, "late", fake.python.type_type, fake.object_type, 0);
	fake.python.granules = hs_image_granule(fake.image, type);
	assert_unsound(&fake, type);
	fake_destroy(&fake);
}

static void slots(void **state)
{
	struct fake fake;
	const struct hs_pytype *type;
	hs_addr meta;
	hs_addr class;
	hs_addr record;

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	meta = fake.python.type_type;
	class = fake_type(&fake, "slotted", meta, fake.object_type, 0);
	fake_u64(&fake, class + PY_TP_TRAVERSE, fake.python.subtype_traverse);
	fake_u64(&fake, class + PY_TP_BASICSIZE, 32);
	/* Records follow the type object, which is as large as its metatype says. */
	fake_u64(&fake, meta + PY_TP_BASICSIZE, 512);
	/* The class says that it has very many; memory and basic size know better. */
	fake_u64(&fake, class + PY_SIZE, 1ull << 62);
	record = class + 512;
	for (unsigned int i = 0; i < 9; i++, record += PY_MEMBER_DEF_SIZE) {
		char name[] = {(char)('a' + i), 0};

		fake_u64(&fake, record + PY_MEMBER_NAME, fake_bytes(&fake, name, 2));
		fake_u32(&fake, record + PY_MEMBER_TYPE, i == 2 ? 1 : PY_T_OBJECT_EX);
		fake_u32(&fake, record + PY_MEMBER_OFFSET, i == 1 ? 1 << 30 : 16 + 8 * (i & 1));
	}
	type = hs_type_lookup(&fake.python, class);
	assert_non_null(type);
	assert_int_equal(type->slots.size, 4);
	for (size_t i = 0; i < type->slots.size; i++)
		assert_int_equal(type->slots.data[i].offset, i == 0 || i == 2 ? 16 : 24);
	fake_destroy(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_types),	   cmocka_unit_test(circles),
		cmocka_unit_test(what_makes_no_sense),	   cmocka_unit_test(a_long_chain),
		cmocka_unit_test(in_a_page_fetched_later), cmocka_unit_test(slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
