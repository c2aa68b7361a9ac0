/* SPDX-License-Identifier: MIT */
/* test_atoms.c: how large numbers and buffers are, by release. */
#include "../fake.h"

static uint64_t size_of(struct fake *fake, hs_addr address)
{
	struct hs_object object = fake_open(fake, address);
	bool guess;

	return hs_object_size(&fake->python, &object, &guess);
}

static hs_addr number(struct fake *fake, uint64_t digits)
{
	const struct hs_layout *layout = fake->python.layout;
	hs_addr type = fake_type(fake, "int", fake_type_type(fake), fake->object_type, 0);
	hs_addr object;

	fake_u64(fake, type + PY_TP_BASICSIZE, PY_INT_DIGITS);
	object = fake_object(fake, type, 64);
	fake_u64(fake, object + PY_SIZE, layout->int_tag == HS_ABSENT ? digits : digits << 3);
	return object;
}

static void integers(void **state)
{
	static const struct {
		const struct hs_layout *layout;
		uint32_t hexversion;
		uint64_t zero;
	} releases[] = {
		{&hs_layout_3_11, 0x030b00f0, 24}, {&hs_layout_3_11, 0x030b01f0, 24},
		{&hs_layout_3_11, 0x030b02f0, 28}, {&hs_layout_3_12, 0x030c00f0, 28},
		{&hs_layout_3_14, 0x030e00f0, 28}, {&hs_layout_3_15, 0x030f00f0, 28},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		struct fake fake;

		fake_create(&fake, releases[i].layout);
		fake.python.hexversion = releases[i].hexversion;
		assert_int_equal(size_of(&fake, number(&fake, 0)), releases[i].zero);
		assert_int_equal(size_of(&fake, number(&fake, 1)), 28);
		assert_int_equal(size_of(&fake, number(&fake, 5)), 44);
		fake_destroy(&fake);
	}
}

/* The buffer of 3.15 is a bytes object, with its header. */
static void byte_arrays(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		uint64_t header = FAKE_LAYOUTS[i]->minor >= 15 ? 33 : 0;
		struct fake fake;
		hs_addr type;
		hs_addr object;

		fake_create(&fake, FAKE_LAYOUTS[i]);
		type = fake_type(&fake, "bytearray", fake_type_type(&fake), fake.object_type, 0);
		object = fake_object(&fake, type, 64);
		assert_int_equal(size_of(&fake, object), 64);
		fake_u64(&fake, object + 24, 100);
		assert_int_equal(size_of(&fake, object), 164 + header);
		fake_destroy(&fake);
	}
}

/* From 3.14 on the first word has flags; of what was freed it is a pointer. */
static void counts_of_references(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		bool flags = FAKE_LAYOUTS[i]->minor >= 14;
		struct fake fake;

		fake_create(&fake, FAKE_LAYOUTS[i]);
		assert_true(hs_refcount_sound(&fake.python, 1));
		assert_true(hs_refcount_sound(&fake.python, 0xc0000000));
		assert_false(hs_refcount_sound(&fake.python, 0));
		assert_false(hs_refcount_sound(&fake.python, 0x7f1234567890));
		assert_int_equal(hs_refcount_sound(&fake.python, 0x00010000c0000000), flags);
		assert_int_equal(hs_refcount_sound(&fake.python, 0x0005000000000003), flags);
		if (flags) {
			assert_int_equal(hs_refcount(&fake.python, 0x0005000000000003), 3);
			assert_false(hs_refcount_sound(&fake.python, 0x0005000000000000));
		}
		fake_destroy(&fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(byte_arrays),
		cmocka_unit_test(counts_of_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
