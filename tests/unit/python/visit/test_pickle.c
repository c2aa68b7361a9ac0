/* SPDX-License-Identifier: MIT */
/* test_pickle.c: memos of picklers and unpicklers, by release and by size. */
#include "../fake.h"

struct scene {
	struct fake fake;
	hs_addr object;
	hs_addr remembered[2];
};

static void create(struct scene *scene, const struct hs_layout *layout, uint32_t hexversion,
		   const char *name, uint64_t basicsize)
{
	struct fake *fake = &scene->fake;
	hs_addr type;

	fake_create(fake, layout);
	fake->python.hexversion = hexversion;
	type = fake_collected(fake, name, fake->object_type, basicsize, 0x333);
	scene->object = fake_object(fake, type, basicsize);
	for (size_t i = 0; i < 2; i++)
		scene->remembered[i] = fake_object(fake, fake->object_type, 32);
}

/* PyMemTable: mask, used, allocated, entries (key, number); the first is free. */
static void add_memo(struct scene *scene, uint64_t allocated)
{
	struct fake *fake = &scene->fake;
	hs_addr memo = fake_alloc(fake, 32);
	hs_addr table = fake_alloc(fake, 4 * 16);

	fake_u64(fake, table + 16, scene->remembered[0]);
	fake_u64(fake, table + 48, scene->remembered[1]);
	fake_u64(fake, memo + 16, allocated);
	fake_u64(fake, memo + 24, table);
	fake_u64(fake, scene->object + 16, memo);
}

static const struct release {
	const struct hs_layout *layout;
	uint32_t hexversion;
	bool memo;	/* is visited */
	bool attribute; /* so is persistent_id_attr, which some do not have */
	uint64_t pickler;
	uint64_t unpickler;
	uint64_t read; /* where the stream's method is in the unpickler */
} RELEASES[] = {
	{&hs_layout_3_11, 0x030b02f0, false, false, 152, 272, 184},
	{&hs_layout_3_11, 0x030b06f0, false, false, 152, 272, 184},
	{&hs_layout_3_11, 0x030b07f0, true, false, 152, 272, 184},
	{&hs_layout_3_12, 0x030c00f0, false, false, 152, 272, 184},
	{&hs_layout_3_12, 0x030c01f0, true, false, 152, 272, 184},
	{&hs_layout_3_13, 0x030d00f0, true, false, 144, 264, 176},
	{&hs_layout_3_13, 0x030d02f0, true, false, 152, 272, 184},
	{&hs_layout_3_13, 0x030d05f0, true, true, 152, 272, 184},
	{&hs_layout_3_13, 0x030d12f0, true, true, 152, 296, 200},
	{&hs_layout_3_14, 0x030e0af0, true, true, 152, 296, 200},
	{&hs_layout_3_15, 0x030f02f0, true, true, 152, 304, 208},
};

static void picklers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(RELEASES) / sizeof(RELEASES[0]); i++) {
		const struct release *release = &RELEASES[i];
		struct hs_object object;
		struct scene scene;
		hs_addr write;
		hs_addr attribute;
		bool guess;

		create(&scene, release->layout, release->hexversion, "_pickle.Pickler",
		       release->pickler);
		write = fake_object(&scene.fake, scene.fake.object_type, 32);
		attribute = fake_object(&scene.fake, scene.fake.object_type, 32);
		add_memo(&scene, 4);
		fake_u64(&scene.fake, scene.object + release->pickler - 96, write);
		if (release->pickler == 152)
			fake_u64(&scene.fake, scene.object + 32, attribute);
		fake_visit(&scene.fake, scene.object);
		assert_int_equal(fake_seen(&scene.fake, write), 1);
		assert_int_equal(fake_seen(&scene.fake, attribute), release->attribute);
		for (size_t k = 0; k < 2; k++) {
			hs_addr key = scene.remembered[k];

			assert_int_equal(fake_seen(&scene.fake, key), release->memo);
			assert_int_equal(fake_hidden(&scene.fake, key), !release->memo);
		}
		object = fake_open(&scene.fake, scene.object);
		assert_int_equal(hs_object_size(&scene.fake.python, &object, &guess),
				 release->pickler + 32 + 4 * 16 + PY_GC_HEAD_SIZE);
		fake_destroy(&scene.fake);
	}
}

static void unpicklers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(RELEASES) / sizeof(RELEASES[0]); i++) {
		const struct release *release = &RELEASES[i];
		struct hs_object object;
		struct scene scene;
		hs_addr memo;
		hs_addr read;
		bool guess;

		create(&scene, release->layout, release->hexversion, "_pickle.Unpickler",
		       release->unpickler);
		read = fake_object(&scene.fake, scene.fake.object_type, 32);
		memo = fake_alloc(&scene.fake, 32);
		fake_u64(&scene.fake, memo, scene.remembered[0]);
		fake_u64(&scene.fake, memo + 16, scene.remembered[1]);
		fake_u64(&scene.fake, scene.object + 24, memo);
		fake_u64(&scene.fake, scene.object + 32, 3);
		fake_u64(&scene.fake, scene.object + release->read, read);
		/* encoding, errors, marks, their number, how many there is room for */
		fake_u64(&scene.fake, scene.object + release->read + 40,
			 fake_bytes(&scene.fake, "latin-1", 8));
		fake_u64(&scene.fake, scene.object + release->read + 56, 1);
		fake_u64(&scene.fake, scene.object + release->read + 72, 5);
		fake_visit(&scene.fake, scene.object);
		assert_int_equal(fake_seen(&scene.fake, read), 1);
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(fake_seen(&scene.fake, scene.remembered[k]),
					 release->memo);
		object = fake_open(&scene.fake, scene.object);
		assert_int_equal(hs_object_size(&scene.fake.python, &object, &guess),
				 release->unpickler + 3 * 8 + 5 * 8 + 8 + PY_GC_HEAD_SIZE);
		fake_destroy(&scene.fake);
	}
}

static void memos_that_lie(void **state)
{
	struct scene scene;

	(void)state;
	create(&scene, &hs_layout_3_14, 0x030e0af0, "_pickle.Pickler", 152);
	add_memo(&scene, UINT64_MAX / 2);
	fake_visit(&scene.fake, scene.object);
	assert_int_equal(fake_seen(&scene.fake, scene.remembered[0]), 0);
	fake_u64(&scene.fake, scene.object + 16, 0x123);
	fake_visit(&scene.fake, scene.object);
	assert_int_equal(scene.fake.python.visible, 0);
	fake_destroy(&scene.fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(picklers),
		cmocka_unit_test(unpicklers),
		cmocka_unit_test(memos_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
