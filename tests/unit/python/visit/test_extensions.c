/* SPDX-License-Identifier: MIT */
/* test_extensions.c: rings, stacks and callbacks of extension types lie outside their bodies. */
#include "../fake.h"

static hs_addr item(struct fake *fake)
{
	return fake_object(fake, fake->object_type, 32);
}

static hs_addr of_type(struct fake *fake, const char *name, uint64_t basicsize)
{
	return fake_object(fake, fake_collected(fake, name, fake->object_type, basicsize, 0x444),
			   basicsize);
}

static uint64_t size_of(struct fake *fake, hs_addr address)
{
	struct hs_object object = fake_open(fake, address);
	bool guess;

	return hs_object_size(&fake->python, &object, &guess) - PY_GC_HEAD_SIZE;
}

/* A ring of four with three items, of which the last has come round. */
static void a_queue(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		uint32_t minor = FAKE_LAYOUTS[i]->minor;
		struct fake fake;
		hs_addr items[4];
		hs_addr queue;
		hs_addr ring;

		if (minor < 13)
			continue;
		fake_create(&fake, FAKE_LAYOUTS[i]);
		queue = of_type(&fake, "_queue.SimpleQueue", 72);
		ring = fake_alloc(&fake, sizeof(items));
		for (size_t k = 0; k < 4; k++) {
			items[k] = item(&fake);
			fake_u64(&fake, ring + 8 * k, items[k]);
		}
		fake_u64(&fake, queue + 32, 2);
		fake_u64(&fake, queue + 40, ring);
		fake_u64(&fake, queue + 48, 4);
		fake_u64(&fake, queue + 56, 3);
		fake_visit(&fake, queue);
		for (size_t k = 0; k < 4; k++)
			assert_int_equal(fake_seen(&fake, items[k]), k != 1);
		/* In the order of the queue. */
		assert_int_equal(fake.python.targets.data[2],
				 hs_image_granule(fake.image, items[0]));
		assert_int_equal(size_of(&fake, queue), minor >= 15 ? 72 + 4 * 8 : 72);

		/* One that claims more than it has room for. */
		fake_u64(&fake, queue + 32, 1000);
		fake_u64(&fake, queue + 56, UINT64_MAX);
		fake_visit(&fake, queue);
		assert_int_equal(fake.python.visible, 4);
		fake_destroy(&fake);
	}
}

static void a_connection(void **state)
{
	struct fake fake;
	hs_addr connection;
	hs_addr callback;
	hs_addr words[4];

	(void)state;
	fake_create(&fake, &hs_layout_3_14);
	connection = of_type(&fake, "sqlite3.Connection", 224);
	callback = fake_alloc(&fake, 24);
	for (size_t i = 0; i < 4; i++)
		words[i] = item(&fake);
	fake_u64(&fake, connection + 72, words[0]);
	fake_u64(&fake, callback, words[1]);
	fake_u64(&fake, callback + 8, words[2]);
	fake_u64(&fake, connection + 128, callback);
	/* The module's exceptions are borrowed. */
	fake_u64(&fake, connection + 144, words[3]);
	fake_visit(&fake, connection);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(fake_seen(&fake, words[i]), i < 3);
	fake_destroy(&fake);

	/* One too small to have all that. */
	fake_create(&fake, &hs_layout_3_14);
	connection = of_type(&fake, "sqlite3.Connection", 32);
	fake_visit(&fake, connection);
	assert_int_equal(fake.python.visible, 0);
	fake_destroy(&fake);
}

static void a_parser(void **state)
{
	static const uint64_t sizes[] = {72, 80, 88};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		bool has_parent = sizes[i] == 88;
		struct fake fake;
		hs_addr parser;
		hs_addr handlers;
		hs_addr handler;
		hs_addr intern;
		hs_addr parent;

		fake_create(&fake, &hs_layout_3_13);
		parser = of_type(&fake, "pyexpat.xmlparser", sizes[i]);
		handlers = fake_alloc(&fake, 22 * 8);
		handler = item(&fake);
		intern = item(&fake);
		parent = item(&fake);
		fake_u64(&fake, handlers + 21 * 8, handler);
		fake_u64(&fake, parser + sizes[i] - 8, handlers);
		fake_u64(&fake, parser + sizes[i] - 16, intern);
		if (has_parent)
			fake_u64(&fake, parser + 24, parent);
		fake_visit(&fake, parser);
		assert_int_equal(fake_seen(&fake, handler), 1);
		assert_int_equal(fake_seen(&fake, intern), 0);
		assert_int_equal(fake_hidden(&fake, intern), 1);
		assert_int_equal(fake_seen(&fake, parent), has_parent);
		fake_destroy(&fake);
	}
}

static void an_element_iterator(void **state)
{
	struct fake fake;
	hs_addr iterator;
	hs_addr stack;
	hs_addr parents[3];

	(void)state;
	fake_create(&fake, &hs_layout_3_12);
	iterator = of_type(&fake, "_elementtree._element_iterator", 64);
	stack = fake_alloc(&fake, 3 * 16);
	for (size_t i = 0; i < 3; i++) {
		parents[i] = item(&fake);
		fake_u64(&fake, stack + 16 * i, parents[i]);
	}
	fake_u64(&fake, iterator + 16, stack);
	fake_u64(&fake, iterator + 24, 2); /* in use */
	fake_u64(&fake, iterator + 32, 3);
	fake_visit(&fake, iterator);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(fake_seen(&fake, parents[i]), i < 2);
	fake_destroy(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queue),
		cmocka_unit_test(a_connection),
		cmocka_unit_test(a_parser),
		cmocka_unit_test(an_element_iterator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
