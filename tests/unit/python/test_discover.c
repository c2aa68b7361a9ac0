/* SPDX-License-Identifier: MIT */
/* test_discover.c: the collector's lists, with its flags in their links, and broken ones. */
#include "fake.h"

#include "libsnap/python/discover.h"

enum {
	LISTS = 4, /* three generations, and what was frozen */
	EACH = 3,
	OLD_SPACE = 1, /* flag in the next pointer of 3.14.0 to 3.14.4 */
};

struct scene {
	struct fake fake;
	hs_addr heads[LISTS];
	hs_addr objects[LISTS][EACH];
};

static uint64_t word_at(const struct scene *scene, hs_addr address)
{
	uint64_t word = 0;

	assert_true(hs_image_u64(scene->fake.image, address, &word));
	return word;
}

/* Put @objects on the list at @head; @flags go into each link forwards. */
static void link_up(struct scene *scene, hs_addr head, const hs_addr *objects, uint64_t flags)
{
	hs_addr previous = head;

	for (size_t i = 0; i <= EACH; i++) {
		hs_addr node = i < EACH ? objects[i] - PY_GC_HEAD_SIZE : head;

		fake_u64(&scene->fake, previous, node | (previous == head ? 0 : flags));
		fake_u64(&scene->fake, node + 8, previous);
		previous = node;
	}
}

static void create(struct scene *scene, const struct hs_layout *layout, uint32_t generations,
		   uint64_t flags)
{
	struct fake *fake = &scene->fake;
	hs_addr interp;

	fake_create(fake, layout);
	fake->python.generations = generations;
	fake->python.runtime = fake_alloc(fake, 4096);
	interp = fake_alloc(fake, layout->interp_gc + 512);
	fake_u64(fake, fake->python.runtime + layout->runtime_interpreters_head, interp);
	for (size_t i = 0; i < LISTS; i++) {
		scene->heads[i] = interp + layout->interp_gc +
				  (i < 3 ? generations + 24 * i : layout->gc_permanent_generation);
		for (size_t k = 0; k < EACH; k++) {
			fake_alloc(fake, 16);
			scene->objects[i][k] = fake_object(fake, fake->object_type, 32);
		}
		link_up(scene, scene->heads[i], scene->objects[i], flags);
	}
}

static unsigned int generation(const struct scene *scene, hs_addr object)
{
	const struct hs_python *python = &scene->fake.python;
	uint32_t granule = hs_image_granule(scene->fake.image, object);

	assert_true(hs_bitmap_get(&python->tracked, granule));
	return hs_bitmap_get(&python->generation[0], granule) +
	       2u * hs_bitmap_get(&python->generation[1], granule);
}

static void assert_all_found(struct scene *scene)
{
	uint64_t objects;
	uint64_t broken;

	hs_discover_lists(&scene->fake.python, &objects, &broken);
	assert_int_equal(objects, LISTS * EACH);
	assert_int_equal(broken, 0);
	for (unsigned int i = 0; i < LISTS; i++)
		for (size_t k = 0; k < EACH; k++)
			assert_int_equal(generation(scene, scene->objects[i][k]), i);
}

static void all_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		const struct hs_layout *layout = FAKE_LAYOUTS[i];
		struct scene scene;

		create(&scene, layout, layout->minor >= 15 ? 8 : 24, 0);
		assert_all_found(&scene);
		fake_destroy(&scene.fake);
	}
}

/* Debian's 3.13, whose lists begin in the middle of a word. */
static void lists_at_odd_addresses(void **state)
{
	struct scene scene;

	(void)state;
	create(&scene, &hs_layout_3_13, 20, 0);
	assert_all_found(&scene);
	fake_destroy(&scene.fake);
}

static void increments(void **state)
{
	struct scene scene;

	(void)state;
	create(&scene, &hs_layout_3_14_0, 24, OLD_SPACE);
	assert_all_found(&scene);
	/* Some in one space, some in the other, some marked as unreachable. */
	fake_u64(&scene.fake, scene.objects[1][1] - 16,
		 word_at(&scene, scene.objects[1][1] - 16) & ~1ull);
	fake_u64(&scene.fake, scene.objects[2][0] - 16,
		 word_at(&scene, scene.objects[2][0] - 16) | 2);
	/* A finalizer was called. */
	fake_u64(&scene.fake, scene.objects[0][2] - 8,
		 word_at(&scene, scene.objects[0][2] - 8) | 1);
	assert_all_found(&scene);
	fake_destroy(&scene.fake);
}

static void broken_lists(void **state)
{
	uint64_t objects;
	uint64_t broken;
	struct scene scene;

	(void)state;
	/* In the middle of a collection the words backwards hold counts. */
	create(&scene, &hs_layout_3_14, 24, 0);
	fake_u64(&scene.fake, scene.objects[2][1] - 8, 2 << 2 | 2);
	hs_discover_lists(&scene.fake.python, &objects, &broken);
	assert_int_equal(broken, 1);
	assert_int_equal(objects, LISTS * EACH - 2);
	fake_destroy(&scene.fake);

	/* A ring that does not come back. */
	create(&scene, &hs_layout_3_14, 24, 0);
	fake_u64(&scene.fake, scene.objects[0][2] - 16, scene.objects[0][1] - 16);
	fake_u64(&scene.fake, scene.objects[0][1] - 8, scene.objects[0][2] - 16);
	hs_discover_lists(&scene.fake.python, &objects, &broken);
	assert_int_equal(broken, 1);
	fake_destroy(&scene.fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_versions),
		cmocka_unit_test(lists_at_odd_addresses),
		cmocka_unit_test(increments),
		cmocka_unit_test(broken_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
