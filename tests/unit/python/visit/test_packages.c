/* SPDX-License-Identifier: MIT */
/* test_packages.c: dictionaries with several values a key, and how many pairs they claim. */
#include "../fake.h"

static void multidicts(void **state)
{
	struct fake fake;
	hs_addr type;
	hs_addr multidict;
	hs_addr words[2][4] = {{0}};

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	type = fake_collected(&fake, "multidict._multidict.MultiDict", fake.object_type, 992,
			      0x333);
	multidict = fake_object(&fake, type, 992);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 3; k++)
			words[i][k] = fake_object(&fake, fake.object_type, 32);
	/* Few pairs lie in the object itself, more in a block of their own. */
	for (unsigned int own = 0; own < 2; own++) {
		hs_addr pairs = own ? multidict + 64 : fake_alloc(&fake, sizeof(words));

		fake_put(&fake, pairs, words, sizeof(words));
		fake_u64(&fake, multidict + 32, 2);
		fake_u64(&fake, multidict + 56, pairs);
		fake_visit(&fake, multidict);
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(fake_seen(&fake, words[i][0]), 0);
			assert_int_equal(fake_hidden(&fake, words[i][0]), 1);
			assert_int_equal(fake_seen(&fake, words[i][1]), 1);
			assert_int_equal(fake_seen(&fake, words[i][2]), 1);
		}
	}
	fake_u64(&fake, multidict + 32, UINT64_MAX);
	fake_visit(&fake, multidict);
	assert_int_equal(fake.python.visible, 0);
	fake_destroy(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(multidicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
