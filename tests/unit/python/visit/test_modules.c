/* SPDX-License-Identifier: MIT */
/* test_modules.c: what the collector sees of the state that extensions keep in their modules. */
#include "../fake.h"

enum {
	WORDS = 4,
};

struct scene {
	struct fake fake;
	hs_addr module_type;
	hs_addr module;
	hs_addr state;
	hs_addr list;	/* of a kind that the collector handles */
	hs_addr string; /* and of one that it does not */
	hs_addr late;	/* as list, in the second word */
};

/* A module called @name with the words (list, late, string, no object). */
static void create(struct scene *scene, const struct hs_layout *layout, const char *name)
{
	struct fake *fake = &scene->fake;
	hs_addr list_type;

	fake_create(fake, layout);
	list_type = fake_collected(fake, "list", fake->object_type, 40, 0x111);
	scene->module_type = fake_collected(fake, "module", fake->object_type, 104, 0x222);
	scene->list = fake_object(fake, list_type, 64);
	scene->late = fake_object(fake, list_type, 64);
	scene->string = fake_name(fake, "interned");
	scene->state = fake_alloc(fake, 512);
	fake_u64(fake, scene->state, scene->list);
	fake_u64(fake, scene->state + 8, scene->late);
	fake_u64(fake, scene->state + 16, scene->string);
	fake_u64(fake, scene->state + 24, 0x1234567);
	scene->module = fake_object(fake, scene->module_type, 128);
	fake_u64(fake, scene->module + layout->module_name, fake_name(fake, name));
	fake_u64(fake, scene->module + layout->module_state, scene->state);
	if (layout->module_state_size != HS_ABSENT) {
		fake_u64(fake, scene->module + layout->module_state_size, WORDS * 8);
	} else {
		hs_addr def = fake_alloc(fake, 128);

		fake_u64(fake, def + PY_MODULE_DEF_SIZE_FIELD, WORDS * 8);
		fake_u64(fake, def + PY_MODULE_DEF_TRAVERSE, 0x333);
		fake_u64(fake, scene->module + layout->module_def, def);
	}
}

static void names_and_numbers_are_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct scene scene;

		create(&scene, FAKE_LAYOUTS[i], "_other");
		fake_visit(&scene.fake, scene.module);
		assert_int_equal(fake_seen(&scene.fake, scene.list), 1);
		assert_int_equal(fake_seen(&scene.fake, scene.late), 1);
		assert_int_equal(fake_seen(&scene.fake, scene.string), 0);
		assert_int_equal(fake_hidden(&scene.fake, scene.string), 1);
		assert_int_equal(fake_seen(&scene.fake, scene.module_type), 0);
		fake_destroy(&scene.fake);
	}
}

static void but_not_by_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct scene scene;

		create(&scene, FAKE_LAYOUTS[i], "select");
		fake_visit(&scene.fake, scene.module);
		assert_int_equal(fake_seen(&scene.fake, scene.list), 1);
		assert_int_equal(fake_seen(&scene.fake, scene.string), 1);
		assert_int_equal(fake_hidden(&scene.fake, scene.string), 0);
		fake_destroy(&scene.fake);

		create(&scene, FAKE_LAYOUTS[i], "_random");
		fake_visit(&scene.fake, scene.module);
		assert_int_equal(fake_seen(&scene.fake, scene.list), 1);
		assert_int_equal(fake_seen(&scene.fake, scene.late), 0);
		assert_int_equal(fake_hidden(&scene.fake, scene.late), 1);
		fake_destroy(&scene.fake);

		create(&scene, FAKE_LAYOUTS[i], "_curses_panel");
		fake_visit(&scene.fake, scene.module);
		assert_int_equal(fake_seen(&scene.fake, scene.module_type), 1);
		fake_destroy(&scene.fake);
	}
}

/* What has no function for it is not visited; 3.15 has that function elsewhere. */
static void none_is_blind(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct scene scene;
		hs_addr def = 0;

		create(&scene, FAKE_LAYOUTS[i], "_other");
		if (FAKE_LAYOUTS[i]->module_def != HS_ABSENT) {
			hs_image_u64(scene.fake.image, scene.module + FAKE_LAYOUTS[i]->module_def,
				     &def);
			fake_u64(&scene.fake, def + PY_MODULE_DEF_TRAVERSE, 0);
		}
		fake_visit(&scene.fake, scene.module);
		assert_int_equal(fake_seen(&scene.fake, scene.list), !def);
		assert_int_equal(fake_hidden(&scene.fake, scene.list), !!def);
		fake_destroy(&scene.fake);
	}
}

/* decimal has its exceptions in arrays of (name, full name, flag, exception), zoneinfo a list. */
static void states_with_more_behind(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		bool has_decimal = FAKE_LAYOUTS[i]->minor >= 13;
		bool has_zones = FAKE_LAYOUTS[i]->minor >= 12;
		struct scene scene;
		hs_addr map;

		create(&scene, FAKE_LAYOUTS[i], "_decimal");
		map = fake_alloc(&scene.fake, 128);
		fake_u64(&scene.fake, map, 1);
		fake_u64(&scene.fake, map + 24, scene.string);
		fake_u64(&scene.fake, map + 32, 1);
		fake_u64(&scene.fake, map + 56, scene.late);
		fake_u64(&scene.fake, scene.state + 176, map);
		fake_u64(&scene.fake, scene.state + 184, map);
		fake_visit(&scene.fake, scene.module);
		/* The first condition is among the signals already. */
		assert_int_equal(fake_seen(&scene.fake, scene.string), has_decimal);
		assert_int_equal(fake_seen(&scene.fake, scene.late), 1 + (has_decimal ? 2 : 0));
		fake_destroy(&scene.fake);

		create(&scene, FAKE_LAYOUTS[i], "_zoneinfo");
		map = fake_alloc(&scene.fake, 64);
		fake_u64(&scene.fake, map, map); /* a ring: a list that does not end */
		fake_u64(&scene.fake, map + 16, scene.string);
		fake_u64(&scene.fake, map + 24, scene.list);
		fake_u64(&scene.fake, scene.state + 48, map);
		fake_visit(&scene.fake, scene.module);
		assert_int_equal(fake_seen(&scene.fake, scene.list), has_zones ? 2 : 1);
		fake_destroy(&scene.fake);
	}
}

static void sizes_that_lie(void **state)
{
	static const uint64_t sizes[] = {0, 7, UINT64_MAX, 1ull << 40};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct scene scene;

		create(&scene, &hs_layout_3_15, "_other");
		fake_u64(&scene.fake, scene.module + hs_layout_3_15.module_state_size, sizes[i]);
		fake_visit(&scene.fake, scene.module);
		assert_int_equal(fake_seen(&scene.fake, scene.list), 0);
		fake_destroy(&scene.fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers_are_left_out),
		cmocka_unit_test(but_not_by_all),
		cmocka_unit_test(none_is_blind),
		cmocka_unit_test(states_with_more_behind),
		cmocka_unit_test(sizes_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
