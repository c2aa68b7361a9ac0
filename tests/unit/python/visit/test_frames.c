/* SPDX-License-Identifier: MIT */
/* test_frames.c: what suspended, running and finished generators refer to. */
#include "../fake.h"

enum {
	LOCALS = 2,
	STACK = 3,
	OWNED_BY_FRAME_OBJECT = 2,
	NULL_REF = 1,	       /* from 3.14 on */
	COUNTED_ELSEWHERE = 1, /* the tag of a reference that is not counted */
	NUMBER = 7 << 2 | 3,   /* a tagged number */
};

struct scene {
	struct fake fake;
	hs_addr code;
	hs_addr function;
	hs_addr values[LOCALS + STACK];
	hs_addr generator;
	hs_addr frame; /* in the generator */
};

static bool is_tagged(const struct scene *scene)
{
	return scene->fake.python.layout->minor >= 14;
}

static void make_code(struct scene *scene)
{
	struct fake *fake = &scene->fake;
	const struct hs_layout *layout = fake->python.layout;
	hs_addr type = fake_type(fake, "code", fake_type_type(fake), fake->object_type, 0);
	hs_addr names[LOCALS] = {fake_name(fake, "first"), fake_name(fake, "second")};

	scene->code = fake_object(fake, type, 512);
	fake_u32(fake, scene->code + layout->code_nlocalsplus, LOCALS);
	fake_u32(fake, scene->code + layout->code_stacksize, STACK);
	fake_u64(fake, scene->code + layout->code_localsplusnames, fake_tuple(fake, names, LOCALS));
}

/* Say that @count words are in use; less than 0: the frame runs. */
static void set_top(struct scene *scene, int count)
{
	const struct hs_layout *layout = scene->fake.python.layout;

	if (is_tagged(scene))
		fake_u64(&scene->fake, scene->frame + layout->iframe_stackpointer,
			 count < 0 ? 0
				   : scene->frame + layout->iframe_localsplus + 8 * (hs_addr)count);
	else
		fake_u32(&scene->fake, scene->frame + layout->iframe_stacktop, (uint32_t)count);
}

static void set_state(struct scene *scene, int state)
{
	const struct hs_layout *layout = scene->fake.python.layout;
	int8_t byte = (int8_t)state;

	fake_put(&scene->fake, scene->generator + layout->generator_state, &byte, 1);
}

static int suspended(const struct hs_layout *layout)
{
	return layout->minor >= 15 ? 1 : layout->minor >= 13 ? -2 : -1;
}

static void create(struct scene *scene, const struct hs_layout *layout)
{
	struct fake *fake = &scene->fake;
	hs_addr type;

	fake_create(fake, layout);
	make_code(scene);
	scene->function = fake_object(fake, fake->object_type, 32);
	type = fake_collected(fake, "generator", fake->object_type,
			      layout->generator_iframe + layout->iframe_localsplus, 0x999);
	scene->generator = fake_object(fake, type, 1024);
	scene->frame = scene->generator + layout->generator_iframe;
	fake_u64(fake, scene->frame + layout->iframe_code,
		 scene->code | (is_tagged(scene) ? COUNTED_ELSEWHERE : 0));
	fake_u64(fake, scene->frame + layout->iframe_function, scene->function);
	for (uint64_t i = 0; i < LOCALS + STACK; i++) {
		scene->values[i] = fake_object(fake, fake->object_type, 32);
		fake_u64(fake, scene->frame + layout->iframe_localsplus + 8 * i, scene->values[i]);
	}
	set_top(scene, LOCALS + 1);
	set_state(scene, suspended(layout));
}

static void suspended_generators(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct scene scene;

		create(&scene, FAKE_LAYOUTS[i]);
		fake_visit(&scene.fake, scene.generator);
		assert_int_equal(fake_seen(&scene.fake, scene.code), 1);
		assert_int_equal(fake_seen(&scene.fake, scene.function), 1);
		for (int k = 0; k < LOCALS + STACK; k++)
			assert_int_equal(fake_seen(&scene.fake, scene.values[k]), k <= LOCALS);
		fake_destroy(&scene.fake);
	}
}

static void words_with_tags(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		const struct hs_layout *layout = FAKE_LAYOUTS[i];
		struct scene scene;
		hs_addr slots;

		if (layout->minor < 14)
			continue;
		create(&scene, layout);
		slots = scene.frame + layout->iframe_localsplus;
		fake_u64(&scene.fake, slots, scene.values[0] | COUNTED_ELSEWHERE);
		fake_u64(&scene.fake, slots + 8, NULL_REF);
		fake_u64(&scene.fake, slots + 16, NUMBER);
		fake_u64(&scene.fake, slots + 24, scene.values[3] | 2);
		set_top(&scene, LOCALS + 2);
		fake_visit(&scene.fake, scene.generator);
		assert_int_equal(fake_seen(&scene.fake, scene.values[0]), 1);
		assert_int_equal(fake_seen(&scene.fake, scene.values[3]), 0);
		/* Code, function and one local. */
		assert_int_equal(scene.fake.python.visible, 3);
		fake_destroy(&scene.fake);
	}
}

static void tops_that_make_no_sense(void **state)
{
	static const int tops[] = {-1, 0, LOCALS + STACK + 1, 1 << 20};

	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct scene scene;

		create(&scene, FAKE_LAYOUTS[i]);
		for (size_t k = 0; k < sizeof(tops) / sizeof(tops[0]); k++) {
			set_top(&scene, tops[k]);
			fake_visit(&scene.fake, scene.generator);
			assert_int_equal(fake_seen(&scene.fake, scene.code), 1);
			assert_int_equal(fake_seen(&scene.fake, scene.values[0]), 0);
		}
		fake_destroy(&scene.fake);
	}
}

/* Of a generator that has ended 3.14 keeps the code. */
static void cleared_generators(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		const struct hs_layout *layout = FAKE_LAYOUTS[i];
		struct scene scene;

		create(&scene, layout);
		set_state(&scene, layout->generator_cleared);
		fake_visit(&scene.fake, scene.generator);
		assert_int_equal(fake_seen(&scene.fake, scene.code), layout->minor >= 14);
		assert_int_equal(fake_seen(&scene.fake, scene.function), 0);
		assert_int_equal(fake_seen(&scene.fake, scene.values[0]), 0);
		fake_destroy(&scene.fake);
	}
}

static void sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		const struct hs_layout *layout = FAKE_LAYOUTS[i];
		struct hs_object object;
		struct scene scene;
		bool guess;

		create(&scene, layout);
		if (layout->generator_code != HS_ABSENT)
			fake_u64(&scene.fake, scene.generator + layout->generator_code, scene.code);
		object = fake_open(&scene.fake, scene.generator);
		assert_int_equal(hs_object_size(&scene.fake.python, &object, &guess),
				 layout->generator_iframe + layout->iframe_localsplus +
					 8 * (LOCALS + STACK) + PY_GC_HEAD_SIZE);
		assert_false(guess);
		fake_destroy(&scene.fake);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suspended_generators),
		cmocka_unit_test(words_with_tags),
		cmocka_unit_test(tops_that_make_no_sense),
		cmocka_unit_test(cleared_generators),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
