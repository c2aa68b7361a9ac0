/* SPDX-License-Identifier: MIT */
/* test_python.c: builds that are not laid out as the tables say are refused, with what was found.
 */
#include "fake.h"

#include "format/base/error.h"
#include "libsnap/python/runtime.h"

#include <string.h>

enum {
	SUBTYPE = 0x5678,
};

/* As much of an interpreter as is looked at before it is believed. */
struct scene {
	struct fake fake;
	struct hs_runtime runtime;
	hs_addr interp;
	hs_addr gc;
	hs_addr dict_type;
	hs_addr hexversion; /* sys.hexversion, an int */
	hs_addr abiflags;   /* the name of an item of sys.__dict__ */
	hs_addr entry;	    /* what the interpreter keeps of `type`; 0: nothing */
};

struct item {
	const char *name;
	hs_addr value;
};

/* A dict of str keys. */
static hs_addr make_dict(struct scene *scene, const struct item *items, size_t count)
{
	struct fake *fake = &scene->fake;
	const struct hs_layout *layout = fake->python.layout;
	const uint8_t head[3] = {5, 5, PY_KEYS_UNICODE};
	hs_addr keys = fake_alloc(fake, layout->keys_indices + 32 + count * 16);
	hs_addr dict = fake_object(fake, scene->dict_type, 64);

	fake_put(fake, keys + layout->keys_log2_size, &head[0], 1);
	fake_put(fake, keys + layout->keys_log2_index_bytes, &head[1], 1);
	fake_put(fake, keys + layout->keys_kind, &head[2], 1);
	fake_u64(fake, keys + layout->keys_nentries, count);
	for (size_t i = 0; i < count; i++) {
		hs_addr at = keys + layout->keys_indices + 32 + i * 16;

		fake_u64(fake, at, fake_name(fake, items[i].name));
		fake_u64(fake, at + 8, items[i].value);
	}
	fake_u64(fake, dict + PY_DICT_KEYS, keys);
	return dict;
}

static hs_addr sized_type(struct scene *scene, const char *name, uint64_t size)
{
	hs_addr type = fake_type(&scene->fake, name, fake_type_type(&scene->fake),
				 scene->fake.object_type, 0);

	fake_u64(&scene->fake, type + PY_TP_BASICSIZE, size);
	return type;
}

static hs_addr make_builtins(struct scene *scene)
{
	const struct hs_layout *layout = scene->fake.python.layout;
	const struct item items[] = {
		{"type", fake_type_type(&scene->fake)},
		{"str", scene->fake.str_type},
		{"dict", scene->dict_type},
		{"list", sized_type(scene, "list", 40)},
		{"tuple", sized_type(scene, "tuple", layout->tuple_items)},
		{"set", sized_type(scene, "set", 200)},
		{"int", sized_type(scene, "int", 24)},
		{"float", sized_type(scene, "float", 24)},
		{"bytes", sized_type(scene, "bytes", 33)},
		{"property", sized_type(scene, "property", 64)},
		{"BaseException", sized_type(scene, "BaseException", layout->exception_size)},
	};

	return make_dict(scene, items, sizeof(items) / sizeof(items[0]));
}

static hs_addr make_sys(struct scene *scene, uint32_t hexversion)
{
	struct fake *fake = &scene->fake;
	const struct hs_layout *layout = fake->python.layout;
	struct item items[2];

	/* Two digits of 30 bits. */
	scene->hexversion = fake_object(fake, fake->object_type, 40);
	fake_u64(fake, scene->hexversion + PY_SIZE, layout->int_tag == HS_ABSENT ? 2 : 2 << 3);
	fake_u32(fake, scene->hexversion + PY_INT_DIGITS, hexversion & 0x3fffffff);
	fake_u32(fake, scene->hexversion + PY_INT_DIGITS + 4, hexversion >> 30);
	scene->abiflags = fake_name(fake, "");
	items[0] = (struct item){"hexversion", scene->hexversion};
	items[1] = (struct item){"abiflags", scene->abiflags};
	return make_dict(scene, items, 2);
}

static hs_addr make_modules(struct scene *scene)
{
	struct fake *fake = &scene->fake;
	hs_addr class = fake_collected(fake, "ModuleSpec", fake->object_type, 64, SUBTYPE);
	hs_addr module = fake_object(fake, fake->object_type, 128);
	const struct item classes[] = {{"ModuleSpec", class}};
	const struct item modules[] = {{"_frozen_importlib", module}};

	fake_u64(fake, module + fake->python.layout->module_dict, make_dict(scene, classes, 1));
	return make_dict(scene, modules, 1);
}

/* From 3.12 on the dict of `type` is in a table of the interpreter's. */
static void give_type_its_dict(struct scene *scene)
{
	struct fake *fake = &scene->fake;
	const struct hs_layout *layout = fake->python.layout;
	const struct item items[] = {{"__mro__", fake->object_type}};
	hs_addr type = fake_type_type(fake);
	hs_addr dict = make_dict(scene, items, 1);

	if (layout->interp_types_builtins == HS_ABSENT) {
		fake_u64(fake, type + PY_TP_DICT, dict);
		return;
	}
	fake_u32(fake, type + PY_TP_FLAGS, PY_FLAG_TYPE_SUBCLASS | PY_FLAG_STATIC_BUILTIN);
	fake_u64(fake, type + PY_TP_SUBCLASSES, 3);
	scene->entry =
		scene->interp + layout->interp_types_builtins + 2ull * layout->types_entry_size;
	fake_u64(fake, scene->entry, type);
	fake_u64(fake, scene->entry + layout->types_entry_dict, dict);
}

static uint32_t usual_generations(const struct hs_layout *layout)
{
	return layout->minor >= 15 ? 8 : 24;
}

static void give_lists(struct scene *scene, uint32_t generations)
{
	struct fake *fake = &scene->fake;

	for (unsigned int i = 0; i < 3; i++) {
		hs_addr head = scene->gc + generations + 24 * i;

		fake_u64(fake, head, head);
		fake_u64(fake, head + 8, head);
	}
	if (fake->python.layout->gc_generation0 != HS_ABSENT)
		fake_u64(fake, scene->gc + fake->python.layout->gc_generation0,
			 scene->gc + generations);
}

static void publish(struct scene *scene)
{
	const struct hs_layout *layout = scene->fake.python.layout;

	for (size_t i = 0; i < layout->published_count; i++) {
		const struct hs_published *one = &layout->published[i];
		uint32_t value = one->value;

		if (one->field != HS_ABSENT)
			memcpy(&value, (const char *)layout + one->field, sizeof(value));
		fake_u64(&scene->fake, scene->runtime.address + one->position, value);
	}
}

static uint32_t hexversion_of(const struct hs_layout *layout)
{
	return 0x030000f0 | layout->minor << 16 | layout->since_micro << 8;
}

static void create(struct scene *scene, const struct hs_layout *layout)
{
	struct fake *fake = &scene->fake;
	hs_addr thread;

	*scene = (struct scene){0};
	fake_create(fake, layout);
	scene->runtime = (struct hs_runtime){.address = fake_alloc(fake, 4096), .layout = layout};
	scene->interp = fake_alloc(fake, 512 << 10);
	scene->gc = scene->interp + layout->interp_gc;
	thread = fake_alloc(fake, 1024);
	fake_u64(fake, scene->runtime.address + layout->runtime_interpreters_head, scene->interp);
	fake_u64(fake, scene->runtime.address + layout->runtime_interpreters_main, scene->interp);
	fake_u64(fake, scene->interp + layout->interp_threads_head, thread);
	fake_u64(fake, thread + layout->tstate_interp, scene->interp);
	fake_u64(fake, fake_type_type(fake) + PY_TP_BASICSIZE, layout->heap_type_size);
	fake_u64(fake, fake->str_type + PY_TP_BASICSIZE, layout->str_full_size);
	scene->dict_type = sized_type(scene, "dict", 48);
	fake_u64(fake, scene->interp + layout->interp_sysdict,
		 make_sys(scene, hexversion_of(layout)));
	fake_u64(fake, scene->interp + layout->interp_builtins, make_builtins(scene));
	fake_u64(fake, scene->interp + layout->interp_modules, make_modules(scene));
	give_type_its_dict(scene);
	give_lists(scene, usual_generations(layout));
	publish(scene);
}

static void assert_accepted(struct scene *scene, uint32_t generations)
{
	struct hs_python *python;
	struct hs_error *err = hs_python_create(scene->fake.image, &scene->runtime, &python);

	if (err)
		fail_msg("3.%u: %s", scene->runtime.layout->minor, hs_error_message(err));
	assert_int_equal(python->generations, generations);
	assert_int_equal(python->subtype_traverse, SUBTYPE);
	assert_int_equal(python->hexversion, hexversion_of(scene->runtime.layout));
	hs_python_destroy(python);
	fake_destroy(&scene->fake);
}

/* Refused, and the message has @word in it. */
static void assert_refused(struct scene *scene, const char *word)
{
	struct hs_python *python;
	struct hs_error *err = hs_python_create(scene->fake.image, &scene->runtime, &python);

	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_UNSUPPORTED);
	if (!strstr(hs_error_message(err), word))
		fail_msg("3.%u: \"%s\" does not say \"%s\"", scene->runtime.layout->minor,
			 hs_error_message(err), word);
	hs_error_destroy(err);
	fake_destroy(&scene->fake);
}

static void sound_interpreters(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		struct scene scene;

		create(&scene, FAKE_LAYOUTS[i]);
		assert_accepted(&scene, usual_generations(FAKE_LAYOUTS[i]));
	}
}

static void published_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++)
		for (size_t k = 0; k < FAKE_LAYOUTS[i]->published_count; k++) {
			const struct hs_published *one = &FAKE_LAYOUTS[i]->published[k];
			struct scene scene;

			create(&scene, FAKE_LAYOUTS[i]);
			fake_u64(&scene.fake, scene.runtime.address + one->position, 777777);
			assert_refused(&scene, one->name);
		}
}

static void versions_and_builds(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		const struct hs_layout *layout = FAKE_LAYOUTS[i];
		struct scene scene;

		create(&scene, layout);
		fake_u32(&scene.fake, scene.hexversion + PY_INT_DIGITS, 0x02000000);
		assert_refused(&scene, "another version");

		create(&scene, layout);
		fake_u64(&scene.fake, scene.abiflags + PY_STR_LENGTH, 1);
		fake_put(&scene.fake, scene.abiflags + layout->str_ascii_size, "d", 1);
		assert_refused(&scene, "debug build");

		create(&scene, layout);
		fake_u64(&scene.fake, scene.dict_type + PY_TP_BASICSIZE, 64);
		assert_refused(&scene, "its type dict");

		create(&scene, layout);
		fake_u64(&scene.fake, scene.fake.str_type + PY_TP_BASICSIZE, 96);
		assert_refused(&scene, "its type str");
	}
}

static void structures_elsewhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		const struct hs_layout *layout = FAKE_LAYOUTS[i];
		struct scene scene;

		create(&scene, layout);
		fake_u64(&scene.fake, scene.interp + layout->interp_id, 5);
		assert_refused(&scene, "main interpreter");

		create(&scene, layout);
		fake_u64(&scene.fake, scene.interp + layout->interp_sysdict, scene.interp);
		assert_refused(&scene, "sys.__dict__");

		create(&scene, layout);
		fake_u64(&scene.fake, scene.interp + layout->interp_modules, 0);
		assert_refused(&scene, "import system");

		create(&scene, layout);
		if (scene.entry) {
			fake_u64(&scene.fake, scene.entry, 0);
			assert_refused(&scene, "dict of its type type");
		} else {
			fake_destroy(&scene.fake);
		}
	}
}

static void lists_of_the_collector(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAKE_LAYOUT_COUNT; i++) {
		const struct hs_layout *layout = FAKE_LAYOUTS[i];
		struct scene scene;

		create(&scene, layout);
		if (layout->gc_generation0 != HS_ABSENT)
			fake_u64(&scene.fake, scene.gc + layout->gc_generation0, scene.gc + 400);
		else
			fake_u64(&scene.fake, scene.gc + 24, scene.gc);
		assert_refused(&scene, "collector's lists");

		if (layout->minor >= 15)
			continue;
		create(&scene, layout);
		fake_u64(&scene.fake, scene.gc + 24, 0);
		give_lists(&scene, 20);
		assert_accepted(&scene, 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_interpreters),	  cmocka_unit_test(published_values),
		cmocka_unit_test(versions_and_builds),	  cmocka_unit_test(structures_elsewhere),
		cmocka_unit_test(lists_of_the_collector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
