/* SPDX-License-Identifier: MIT */
/* test_instance.c: attributes of instances: inline values or a dict of them, slots behind items. */
#include "../fake.h"

enum {
	BASIC_SIZE = 32,
	META_SIZE = 512,  /* behind it lie the records of a class's slots */
	SUBTYPE = 0x1234, /* tp_traverse of Python's classes in made-up heaps */
};

struct scene {
	struct fake fake;
	hs_addr class;
	hs_addr instance;
	hs_addr value;
	hs_addr dict;
};

/* A class written in Python, and room for one instance of it with words before. */
static void create(struct scene *scene, const struct hs_layout *layout, uint32_t flags)
{
	struct fake *fake = &scene->fake;

	fake_create(fake, layout);
	scene->class = fake_collected(fake, "Class", fake->object_type, BASIC_SIZE, SUBTYPE);
	fake_u32(fake, scene->class + PY_TP_FLAGS, PY_FLAG_HAVE_GC | PY_FLAG_HEAPTYPE | flags);
	fake_alloc(fake, 64);
	scene->instance = fake_object(fake, scene->class, 256);
	scene->value = fake_object(fake, fake->object_type, 32);
	scene->dict = fake_object(fake, fake->object_type, 64);
}

/* An instance whose dict was asked for, and whose values still count. */
static void create_with_both(struct scene *scene, const struct hs_layout *layout)
{
	const uint8_t header[] = {1, 1, 1, 1}; /* capacity, size, embedded, valid */

	create(scene, layout, PY_FLAG_MANAGED_DICT | PY_FLAG_INLINE_VALUES);
	fake_u64(&scene->fake, scene->class + PY_TP_DICTOFFSET, (uint64_t)-1);
	fake_u64(&scene->fake, scene->instance + (hs_addr)(int64_t)PY_MANAGED_DICT, scene->dict);
	fake_put(&scene->fake, scene->instance + BASIC_SIZE, header, sizeof(header));
	fake_u64(&scene->fake, scene->instance + BASIC_SIZE + layout->values_first, scene->value);
}

static void dict_or_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct scene scene;

		if (FAKE_LAYOUTS[i]->values_place != HS_VALUES_INLINE)
			continue;
		for (int first = 0; first < 2; first++) {
			create_with_both(&scene, FAKE_LAYOUTS[i]);
			scene.fake.python.dict_before_values = first;
			fake_visit(&scene.fake, scene.instance);
			assert_int_equal(fake_seen(&scene.fake, scene.dict), first);
			assert_int_equal(fake_seen(&scene.fake, scene.value), !first);
			/* The dict is held all the same. */
			assert_int_equal(fake_hidden(&scene.fake, scene.dict), !first);
			assert_int_equal(fake_seen(&scene.fake, scene.class), 1);
			fake_destroy(&scene.fake);
		}
	}
}

/* A record of a slot at 24, with @flags, behind the class's type object. */
static void add_slot(struct scene *scene, uint32_t flags)
{
	struct fake *fake = &scene->fake;
	hs_addr record = scene->class + META_SIZE;

	fake_u64(fake, fake_type_type(fake) + PY_TP_BASICSIZE, META_SIZE);
	fake_u64(fake, scene->class + PY_SIZE, 1);
	fake_u64(fake, record + PY_MEMBER_NAME, fake_bytes(fake, "slot", 5));
	fake_u32(fake, record + PY_MEMBER_TYPE, PY_T_OBJECT_EX);
	fake_u64(fake, record + PY_MEMBER_OFFSET, 24);
	fake_u32(fake, record + PY_MEMBER_FLAGS, flags);
}

/* Three items of 4 bytes, rounded up to words, push a slot of 3.15 back if it says so. */
static void slots_behind_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		for (uint32_t flags = 0; flags <= PY_MEMBER_AFTER_ITEMS;
		     flags += PY_MEMBER_AFTER_ITEMS) {
			bool behind = FAKE_LAYOUTS[i]->minor >= 15 && flags;
			struct scene scene;

			create(&scene, FAKE_LAYOUTS[i], 0);
			fake_u64(&scene.fake, scene.class + PY_TP_ITEMSIZE, 4);
			add_slot(&scene, flags);
			fake_u64(&scene.fake, scene.instance + PY_SIZE, 3);
			fake_u64(&scene.fake, scene.instance + 24 + (behind ? 16 : 0), scene.value);
			fake_visit(&scene.fake, scene.instance);
			assert_int_equal(fake_seen(&scene.fake, scene.value), 1);
			fake_destroy(&scene.fake);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dict_or_values),
		cmocka_unit_test(slots_behind_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
