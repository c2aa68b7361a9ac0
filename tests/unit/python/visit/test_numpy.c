/* SPDX-License-Identifier: MIT */
/* test_numpy.c: sizes of arrays of numpy 1 and 2, the objects in them, and arrays that lie. */
#include "../fake.h"

enum {
	ITEMS = 6, /* of an array of 2 by 3 */
	OWNS_DATA = 4,
	TYPE_DOUBLE = 12,
	TYPE_OBJECT = 17,
};

struct scene {
	struct fake fake;
	hs_addr array;
	hs_addr descr;
	hs_addr base;
	hs_addr items[ITEMS];
};

static void create(struct scene *scene, char major, uint32_t type_num, uint32_t flags)
{
	struct fake *fake = &scene->fake;
	hs_addr dimensions;
	hs_addr type;

	fake_create(fake, &hs_layout_3_13);
	fake->python.numpy_major = major;
	type = fake_type(fake, "numpy.ndarray", fake_type_type(fake), fake->object_type, 0);
	fake_u64(fake, type + PY_TP_BASICSIZE, 96);
	scene->array = fake_object(fake, type, 96);
	scene->descr = fake_object(fake, fake->object_type, 128);
	scene->base = fake_object(fake, fake->object_type, 32);
	fake_u32(fake, scene->descr + 28, type_num);
	fake_u32(fake, scene->descr + (major == '1' ? 32 : 40), 8);
	dimensions = fake_bytes(fake, (const uint64_t[]){2, 3}, 16);
	for (size_t i = 0; i < ITEMS; i++)
		scene->items[i] = fake_object(fake, fake->object_type, 32);
	fake_u64(fake, scene->array + 16, fake_bytes(fake, scene->items, sizeof(scene->items)));
	fake_u32(fake, scene->array + 24, 2);
	fake_u64(fake, scene->array + 32, dimensions);
	fake_u64(fake, scene->array + 48, scene->base);
	fake_u64(fake, scene->array + 56, scene->descr);
	fake_u32(fake, scene->array + 64, flags);
}

static uint64_t size_of(struct scene *scene)
{
	struct hs_object object = fake_open(&scene->fake, scene->array);
	bool guess;

	return hs_object_size(&scene->fake.python, &object, &guess);
}

static void sizes(void **state)
{
	(void)state;
	for (char major = '1'; major <= '2'; major++) {
		struct scene scene;

		create(&scene, major, TYPE_DOUBLE, OWNS_DATA);
		assert_int_equal(size_of(&scene), 96 + 2 * 16 + ITEMS * 8);
		/* A view has dimensions of its own, but no items. */
		fake_u32(&scene.fake, scene.array + 64, 0);
		assert_int_equal(size_of(&scene), 96 + 2 * 16);
		fake_destroy(&scene.fake);
	}
}

static void objects_of_the_owner(void **state)
{
	(void)state;
	for (char major = '1'; major <= '2'; major++) {
		struct scene scene;

		for (unsigned int owns = 0; owns < 2; owns++) {
			create(&scene, major, TYPE_OBJECT, owns ? OWNS_DATA : 0);
			fake_visit(&scene.fake, scene.array);
			assert_int_equal(scene.fake.python.visible, 0);
			assert_int_equal(fake_hidden(&scene.fake, scene.base), 1);
			assert_int_equal(fake_hidden(&scene.fake, scene.descr), 1);
			for (size_t i = 0; i < ITEMS; i++)
				assert_int_equal(fake_hidden(&scene.fake, scene.items[i]), owns);
			fake_destroy(&scene.fake);
		}
		/* Numbers are not taken for objects, even if they look like it. */
		create(&scene, major, TYPE_DOUBLE, OWNS_DATA);
		fake_visit(&scene.fake, scene.array);
		assert_int_equal(fake_hidden(&scene.fake, scene.items[0]), 0);
		fake_destroy(&scene.fake);
	}
}

static void arrays_that_lie(void **state)
{
	struct scene scene;
	hs_addr dimensions;

	(void)state;
	create(&scene, '2', TYPE_OBJECT, OWNS_DATA);
	dimensions = fake_bytes(&scene.fake, (const uint64_t[]){UINT64_MAX, 3}, 16);
	fake_u64(&scene.fake, scene.array + 32, dimensions);
	assert_int_equal(size_of(&scene), 96 + 2 * 16);
	fake_visit(&scene.fake, scene.array);
	fake_u64(&scene.fake, dimensions, 1ull << 40);
	fake_visit(&scene.fake, scene.array);
	fake_u64(&scene.fake, scene.descr + 40, 1ull << 60);
	fake_visit(&scene.fake, scene.array);
	assert_int_equal(size_of(&scene), 96);
	fake_u32(&scene.fake, scene.array + 24, UINT32_MAX);
	fake_visit(&scene.fake, scene.array);
	fake_destroy(&scene.fake);
	/* An item that is an array of items that are arrays of it. */
	create(&scene, '2', 0, OWNS_DATA);
	fake_u64(&scene.fake, scene.descr + 88,
		 fake_bytes(&scene.fake,
			    (const uint64_t[]){scene.descr, fake_tuple(&scene.fake, NULL, 0)}, 16));
	fake_visit(&scene.fake, scene.array);
	assert_int_equal(fake_hidden(&scene.fake, scene.items[0]), 0);
	fake_destroy(&scene.fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(objects_of_the_owner),
		cmocka_unit_test(arrays_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
