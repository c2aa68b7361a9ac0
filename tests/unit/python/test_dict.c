/* SPDX-License-Identifier: MIT */
/* test_dict.c: hash tables in all their forms, and ones that lie. */
#include "fake.h"

enum {
	LOG2_SIZE = 3, /* 8 slots, room for 5 entries */
	INDEX_BYTES = 8,
};

/* A keys object with @count entries of @words each. */
static hs_addr fake_keys(struct fake *fake, uint8_t kind, const uint64_t *entries, uint64_t count)
{
	const struct hs_layout *layout = fake->python.layout;
	unsigned int words = kind == PY_KEYS_GENERAL ? 3 : 2;
	const uint8_t head[3] = {LOG2_SIZE, 3, kind};
	hs_addr keys = fake_alloc(fake, layout->keys_indices + INDEX_BYTES + 5 * 24);

	fake_u64(fake, keys + layout->keys_refcount, 1);
	fake_put(fake, keys + layout->keys_log2_size, &head[0], 1);
	fake_put(fake, keys + layout->keys_log2_index_bytes, &head[1], 1);
	fake_put(fake, keys + layout->keys_kind, &head[2], 1);
	fake_u64(fake, keys + layout->keys_usable, 5 - count);
	fake_u64(fake, keys + layout->keys_nentries, count);
	fake_put(fake, keys + layout->keys_indices + INDEX_BYTES, entries, count * words * 8);
	return keys;
}

static hs_addr fake_dict(struct fake *fake, hs_addr keys, hs_addr values)
{
	hs_addr dict = fake_object(fake, fake->object_type, 64);

	fake_u64(fake, dict + PY_DICT_KEYS, keys);
	fake_u64(fake, dict + PY_DICT_VALUES, values);
	return dict;
}

static void general_and_unicode(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct fake fake;
		struct hs_dict dict;
		hs_addr at;

		fake_create(&fake, FAKE_LAYOUTS[i]);
		{
			/* The second entry was deleted: its value is gone. */
			uint64_t general[] = {11, fake_name(&fake, "one"),   0x1111,
					      12, fake_name(&fake, "two"),   0,
					      13, fake_name(&fake, "three"), 0x3333};
			uint64_t unicode[] = {fake_name(&fake, "one"),	 0x1111,
					      fake_name(&fake, "two"),	 0,
					      fake_name(&fake, "three"), 0x3333};

			for (uint8_t kind = PY_KEYS_GENERAL; kind <= PY_KEYS_UNICODE; kind++) {
				at = fake_dict(&fake,
					       fake_keys(&fake, kind, kind ? unicode : general, 3),
					       0);
				assert_true(hs_dict_open(&fake.python, at, &dict));
				assert_false(dict.split);
				assert_int_equal(dict.keys.nentries, 3);
				assert_int_equal(dict.keys.usable, 2);
				assert_int_equal(hs_keys_key(&dict.keys, 2),
						 kind ? unicode[4] : general[7]);
				assert_int_equal(hs_dict_value(&dict, 2), 0x3333);
				assert_int_equal(hs_dict_value(&dict, 1), 0);
				assert_int_equal(dict.keys.bytes, 32 + 8 + 5 * (kind ? 16 : 24));
				assert_int_equal(hs_dict_get(&fake.python, at, "three"), 0x3333);
				assert_int_equal(hs_dict_get(&fake.python, at, "two"), 0);
				assert_int_equal(hs_dict_get(&fake.python, at, "four"), 0);
			}
		}
		fake_destroy(&fake);
	}
}

static void split(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		static const uint8_t header[8] = {4, 2, 1, 1};
		struct fake fake;
		struct hs_dict dict;
		hs_addr keys;
		hs_addr values;
		uint64_t entries[6] = {0};
		hs_addr at;

		fake_create(&fake, FAKE_LAYOUTS[i]);
		entries[0] = fake_name(&fake, "first");
		entries[2] = fake_name(&fake, "second");
		entries[4] = fake_name(&fake, "third");
		keys = fake_keys(&fake, PY_KEYS_SPLIT, entries, 3);
		values = fake_alloc(&fake, 64);
		fake_put(&fake, values, header, fake.python.layout->values_first);
		fake_u64(&fake, values + fake.python.layout->values_first, 0xaaaa);
		fake_u64(&fake, values + fake.python.layout->values_first + 16, 0xcccc);
		at = fake_dict(&fake, keys, values);
		assert_true(hs_dict_open(&fake.python, at, &dict));
		assert_true(dict.split);
		assert_int_equal(hs_dict_value(&dict, 0), 0xaaaa);
		assert_int_equal(hs_dict_value(&dict, 1), 0);
		assert_int_equal(hs_dict_value(&dict, 2), 0xcccc);
		assert_int_equal(hs_dict_value(&dict, 1000), 0);
		assert_int_equal(hs_dict_get(&fake.python, at, "third"), 0xcccc);
		assert_int_equal(dict.embedded,
				 fake.python.layout->values_place == HS_VALUES_INLINE);
		fake_destroy(&fake);
	}
}

static void tables_that_lie(void **state)
{
	static const uint64_t absurd[] = {4, 6, 1 << 20, 1ull << 40, 1ull << 63, UINT64_MAX};
	struct fake fake;
	struct hs_dict dict;
	uint64_t entries[6] = {0};
	hs_addr keys;
	hs_addr at;

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	keys = fake_keys(&fake, PY_KEYS_UNICODE, entries, 3);
	at = fake_dict(&fake, keys, 0);
	for (uint32_t field = 16; field <= 24; field += 8) /* usable, nentries */
		for (size_t i = 1; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
			fake_u64(&fake, keys + field, absurd[i]);
			assert_false(hs_dict_open(&fake.python, at, &dict));
			assert_int_equal(hs_dict_get(&fake.python, at, "x"), 0);
			fake_u64(&fake, keys + field, 2);
		}
	assert_true(hs_dict_open(&fake.python, at, &dict));
	/* Sizes, their logarithms, the kind. */
	for (uint32_t field = 8; field <= 10; field++)
		for (unsigned int value = 45; value < 256; value += 30) {
			uint8_t old = field == 10 ? PY_KEYS_UNICODE : LOG2_SIZE;
			uint8_t byte = (uint8_t)value;

			fake_put(&fake, keys + field, &byte, 1);
			assert_false(hs_dict_open(&fake.python, at, &dict));
			fake_put(&fake, keys + field, &old, 1);
		}
	/* A table that is large, and not there, is read as far as it is there. */
	{
		uint8_t large = 40;

		fake_put(&fake, keys + 8, &large, 1);
		fake_u64(&fake, keys + 24, 1ull << 39);
		assert_true(hs_dict_open(&fake.python, at, &dict));
		assert_true(dict.keys.nentries < (uint64_t)FAKE_PAGES * HS_PAGE_SIZE);
		assert_int_equal(hs_dict_get(&fake.python, at, "x"), 0);
	}
	fake_u64(&fake, at + PY_DICT_KEYS, 0);
	assert_false(hs_dict_open(&fake.python, at, &dict));
	fake_u64(&fake, at + PY_DICT_KEYS, UINT64_MAX);
	assert_false(hs_dict_open(&fake.python, at, &dict));
	assert_false(hs_dict_open(&fake.python, 0, &dict));
	assert_false(hs_dict_open(&fake.python, UINT64_MAX - 7, &dict));
	fake_destroy(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(general_and_unicode),
		cmocka_unit_test(split),
		cmocka_unit_test(tables_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
