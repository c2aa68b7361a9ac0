/* SPDX-License-Identifier: MIT */
/* test_words.c: arrays as far as they were copied. */
#include "hs_cmocka.h"

#include "libsnap/python/words.h"

static void words_are_believed_as_far_as_copied(void **state)
{
	const hs_addr base = 0x10000000;
	struct hs_image *image = hs_image_create();
	uint64_t *data = hs_image_add(image, base + HS_PAGE_SIZE, 1);
	struct hs_words words;

	(void)state;
	for (uint64_t i = 0; i < 512; i++)
		data[i] = 512 + i;
	data = hs_image_add(image, base, 1);
	for (uint64_t i = 0; i < 512; i++)
		data[i] = i;
	assert_int_equal(hs_words_limit(image, base, 1024), 1024);
	assert_int_equal(hs_words_limit(image, base, 1025), 1024);
	assert_int_equal(hs_words_limit(image, base, UINT64_MAX), 1024);
	assert_int_equal(hs_words_limit(image, base + 8, UINT64_MAX), 1023);
	assert_int_equal(hs_words_limit(image, base + 2 * HS_PAGE_SIZE - 8, 5), 1);
	assert_int_equal(hs_words_limit(image, base + 2 * HS_PAGE_SIZE, 5), 0);
	assert_int_equal(hs_words_limit(image, UINT64_MAX - 7, UINT64_MAX), 0);
	assert_int_equal(hs_words_limit(image, base, 0), 0);
	/* The pages were added in the wrong order: not one piece, but there. */
	words = hs_words_open(image, base, 1024);
	assert_null(words.data);
	for (uint64_t i = 0; i < 1024; i++)
		assert_int_equal(hs_words_get(&words, i), i);
	assert_int_equal(hs_words_get(&words, 1024), 0);
	words = hs_words_open(image, base, 512);
	assert_non_null(words.data);
	assert_int_equal(hs_words_get(&words, 511), 511);
	assert_null(hs_words_open(image, base, UINT64_MAX).data);
	assert_null(hs_words_open(image, base, 1ull << 61).data);
	assert_null(hs_words_open(image, base, 0).data);
	hs_image_destroy(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_believed_as_far_as_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
