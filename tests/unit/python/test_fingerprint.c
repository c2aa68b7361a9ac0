/* SPDX-License-Identifier: MIT */
/* test_fingerprint.c: equal values have equal fingerprints, others mostly have not. */
#include "fake.h"
#include "libsnap/python/fingerprint.h"

#include <stdio.h>

static uint64_t fingerprint(struct fake *fake, hs_addr address)
{
	struct hs_object object = {.address = address};
	hs_addr type = 0;

	assert_true(hs_image_u64(fake->image, address + PY_TYPE, &type));
	object.type = hs_type_at(&fake->python, type);
	assert_non_null(object.type);
	object.size = object.type->basicsize;
	object.body = hs_image_at(fake->image, address, object.size);
	return hs_fingerprint(&fake->python, &object);
}

static hs_addr make(struct fake *fake, const char *type, uint64_t number, const void *data,
		    size_t offset, size_t size)
{
	hs_addr at = fake_type(fake, type, fake->python.type_type, fake->object_type, 0);
	hs_addr object = fake_object(fake, at, 64 + size);

	fake_u64(fake, object + PY_SIZE, number);
	if (size)
		fake_put(fake, object + offset, data, size);
	return object;
}

static void equal_and_different(void **state)
{
	uint64_t seen[HS_FINGERPRINTS + 1] = {0};
	uint64_t used = 0;
	struct fake fake;

	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		fake_create(&fake, FAKE_LAYOUTS[i]);
		fake.python.salt = 42;
		for (int n = 0; n < 400; n++) {
			char name[32];
			uint64_t first;

			snprintf(name, sizeof(name), "value %d", n);
			first = fingerprint(&fake, fake_name(&fake, name));
			assert_in_range(first, 1, HS_FINGERPRINTS);
			assert_int_equal(fingerprint(&fake, fake_name(&fake, name)), first);
			seen[first]++;
		}
		fake_destroy(&fake);
	}
	/* Spread evenly: none has more than twice what it should. */
	for (size_t i = 1; i <= HS_FINGERPRINTS; i++) {
		used += seen[i] != 0;
		assert_in_range(seen[i], 0, 2 * 400 * FAKE_LAYOUT_COUNT / HS_FINGERPRINTS);
	}
	assert_int_equal(used, HS_FINGERPRINTS);
}

/* Fingerprints of @count values of one kind; how many differ from those with another salt. */
static void salt_counts(void **state)
{
	size_t differ = 0;
	struct fake fake;

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	for (uint32_t n = 0; n < 100; n++) {
		hs_addr bytes = make(&fake, "bytes", 4, &n, 32, sizeof(n));
		hs_addr number = make(&fake, "int", 1 << 3, &n, 24, sizeof(n));
		uint64_t a[2];

		fake.python.salt = 1;
		a[0] = fingerprint(&fake, bytes);
		a[1] = fingerprint(&fake, number);
		assert_in_range(a[0], 1, HS_FINGERPRINTS);
		assert_in_range(a[1], 1, HS_FINGERPRINTS);
		fake.python.salt = 2;
		differ += a[0] != fingerprint(&fake, bytes);
		differ += a[1] != fingerprint(&fake, number);
	}
	assert_in_range(differ, 180, 200);
	fake_destroy(&fake);
	assert_int_equal(hs_fingerprint_salt(1, 2, "b"), hs_fingerprint_salt(1, 2, "b"));
	assert_int_not_equal(hs_fingerprint_salt(1, 2, "b"), hs_fingerprint_salt(1, 3, "b"));
	assert_int_not_equal(hs_fingerprint_salt(1, 2, "b"), hs_fingerprint_salt(2, 2, "b"));
	assert_int_not_equal(hs_fingerprint_salt(1, 2, "b"), hs_fingerprint_salt(1, 2, "c"));
}

static void no_value(void **state)
{
	const double real = 0.5;
	struct fake fake;

	(void)state;
	fake_create(&fake, &hs_layout_3_13);
	assert_int_equal(fingerprint(&fake, make(&fake, "app.Thing", 0, NULL, 0, 0)), 0);
	assert_int_equal(fingerprint(&fake, make(&fake, "float", 0, &real, 16, 8)), 0);
	/* Lengths that lie. */
	assert_int_equal(fingerprint(&fake, make(&fake, "int", UINT64_MAX, NULL, 0, 0)), 0);
	assert_in_range(fingerprint(&fake, make(&fake, "bytes", UINT64_MAX, NULL, 0, 0)), 1,
			HS_FINGERPRINTS);
	fake_destroy(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_and_different),
		cmocka_unit_test(salt_counts),
		cmocka_unit_test(no_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
