/* SPDX-License-Identifier: MIT */
/* test_lost.c: which objects are told to be lost, and which only wait to be collected. */
#include "hs_cmocka.h"

#include "libsnap/build/build.h"

/* A heap of objects of one type; references are strong unless they are told to be weak. */
struct scene {
	struct hs_build *build;
	uint32_t type;
	uint32_t strong; /* shapes: all references are so */
	uint32_t weak;
	uint32_t both; /* the first is weak and hidden ones are strong */
};

static void create(struct scene *scene)
{
	struct hs_run strong = {.kind = HS_LABEL_INDEX};
	struct hs_run weak = {.kind = HS_LABEL_NONE, .strength = HS_WEAK};
	struct hs_run both[] = {{.kind = HS_LABEL_NONE, .strength = HS_WEAK, .count = 1},
				{.kind = HS_LABEL_INDEX}};

	scene->build = hs_build_create();
	scene->strong = hs_build_shape(scene->build, &strong, 1, 1);
	scene->weak = hs_build_shape(scene->build, &weak, 1, 1);
	scene->both = hs_build_shape(scene->build, both, 2, 1);
	scene->type = hs_build_type(scene->build, STR("list"), STR("builtins"), HS_ROLE_SEQUENCE,
				    HS_NONE);
}

/* Add an object at 0x1000 more than the one before, which refers to @first and @second. */
static void add(struct scene *scene, uint32_t shape, uint64_t refcount, uint32_t first,
		uint32_t second)
{
	struct hs_build_object object = {
		.address = (hs_build_object_count(scene->build) + 1) * 0x1000ull,
		.type = scene->type,
		.shape = shape,
		.size = 16,
		.refcount = refcount,
		.owner = HS_NONE,
	};

	object.visible += first != HS_NONE;
	object.visible += second != HS_NONE && shape != scene->both;
	hs_build_object(scene->build, &object);
	if (first != HS_NONE)
		hs_build_edge(scene->build, first);
	if (second != HS_NONE)
		hs_build_edge(scene->build, second);
}

/* Finish; a bit for each object that is told to be lost. */
static uint64_t lost(struct scene *scene)
{
	const struct hs_objects *objects;
	struct hs_snapshot *snap = NULL;
	uint64_t bits = 0;

	assert_null(hs_build_finish(scene->build, NULL, NULL, &snap));
	objects = hs_snapshot_objects(snap);
	for (hs_id i = 0; i < objects->count; i++)
		if (objects->flags[i] & HS_OBJECT_LOST)
			bits |= 1ull << (objects->address[i] / 0x1000 - 1);
	hs_snapshot_destroy(snap);
	hs_build_destroy(scene->build);
	return bits;
}

static void root(struct scene *scene, uint32_t object)
{
	hs_build_root(scene->build, HS_ROOT_MODULE, object, STR("root"), HS_NONE, HS_NONE);
}

static void more_counts_than_references(void **state)
{
	struct scene scene;

	(void)state;
	create(&scene);
	root(&scene, 0);
	/* Held by many who are not seen, but also by a root. */
	add(&scene, scene.strong, 9, HS_NONE, HS_NONE);
	hs_build_reached(scene.build);
	/* 1 is lost; 2 hangs in it, and somebody holds it besides; 3 hangs in both. */
	add(&scene, scene.strong, 1, 2, 3);
	add(&scene, scene.strong, 2, 3, HS_NONE);
	add(&scene, scene.strong, 2, HS_NONE, HS_NONE);
	assert_int_equal(lost(&scene), 1 << 1 | 1 << 2);
}

static void garbage_is_not_lost(void **state)
{
	struct scene scene;

	(void)state;
	create(&scene);
	hs_build_reached(scene.build);
	add(&scene, scene.strong, 1, 1, HS_NONE); /* 0 and 1 refer to each other */
	add(&scene, scene.strong, 1, 0, 2);
	add(&scene, scene.strong, 1, HS_NONE, HS_NONE); /* 2 hangs in 1 */
	add(&scene, scene.strong, 1, 3, HS_NONE);	/* 3 refers to itself */
	add(&scene, scene.strong, 2, 4, HS_NONE);	/* so does 4, which somebody holds */
	assert_int_equal(lost(&scene), 1 << 4);
}

static void weak_references_hold_nothing(void **state)
{
	struct scene scene;

	(void)state;
	create(&scene);
	root(&scene, 0);
	add(&scene, scene.weak, 1, 1, HS_NONE);
	add(&scene, scene.both, 1, 2, 3);
	hs_build_reached(scene.build);
	/* 1 was reached, and so was 3, which is added late; 2 only weakly. */
	add(&scene, scene.strong, 1, HS_NONE, HS_NONE);
	add(&scene, scene.strong, 1, HS_NONE, HS_NONE);
	root(&scene, 3);
	assert_int_equal(lost(&scene), 1 << 2);
}

static void roots_that_come_late_reach_too(void **state)
{
	struct scene scene;

	(void)state;
	create(&scene);
	hs_build_reached(scene.build);
	add(&scene, scene.strong, 5, 1, HS_NONE);
	add(&scene, scene.strong, 5, HS_NONE, HS_NONE);
	root(&scene, 0);
	assert_int_equal(lost(&scene), 0);
}

static void who_does_not_tell_what_is_reached_loses_nothing(void **state)
{
	struct scene scene;

	(void)state;
	create(&scene);
	add(&scene, scene.strong, 5, HS_NONE, HS_NONE);
	assert_int_equal(lost(&scene), 0);
}

static void allocated_bytes_are_added_later(void **state)
{
	struct hs_snapshot *snap = NULL;
	struct scene scene;

	(void)state;
	create(&scene);
	add(&scene, scene.strong, 1, HS_NONE, HS_NONE);
	hs_build_allocated(scene.build, 0, 48);
	hs_build_allocated(scene.build, 0, 16);
	hs_build_allocated(scene.build, 1, 16); /* there is no such */
	assert_null(hs_build_finish(scene.build, NULL, NULL, &snap));
	assert_int_equal(hs_snapshot_objects(snap)->allocated[0], 64);
	hs_snapshot_destroy(snap);
	hs_build_destroy(scene.build);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_counts_than_references),
		cmocka_unit_test(garbage_is_not_lost),
		cmocka_unit_test(weak_references_hold_nothing),
		cmocka_unit_test(roots_that_come_late_reach_too),
		cmocka_unit_test(who_does_not_tell_what_is_reached_loses_nothing),
		cmocka_unit_test(allocated_bytes_are_added_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
