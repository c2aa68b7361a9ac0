/* SPDX-License-Identifier: MIT */
/* fake.h: a heap of made-up objects in an image, laid out as a version of CPython does. */
#ifndef TESTS_PYTHON_FAKE_H
#define TESTS_PYTHON_FAKE_H

#include "hs_cmocka.h"

#include "libsnap/python/dict.h"
#include "libsnap/python/interp.h"
#include "libsnap/python/pymalloc.h"
#include "libsnap/python/text.h"
#include "libsnap/python/types.h"
#include "libsnap/python/visit/visit.h"

enum {
	FAKE_PAGES = 1024,
};

/* Where it lies. */
static const hs_addr FAKE_BASE = 0x7f0000000000;

struct fake {
	struct hs_python python;
	struct hs_image *image;
	hs_addr next; /* free */
	hs_addr object_type;
	hs_addr str_type;
};

/* @size bytes of zeros. */
static inline hs_addr fake_alloc(struct fake *fake, size_t size)
{
	hs_addr address = fake->next;

	fake->next += (size + 15) & ~(size_t)15;
	assert_true(fake->next <= FAKE_BASE + (hs_addr)FAKE_PAGES * HS_PAGE_SIZE);
	return address;
}

static inline void fake_put(struct fake *fake, hs_addr address, const void *data, size_t size)
{
	void *at = (void *)hs_image_at(fake->image, address, size);

	assert_non_null(at);
	if (size)
		memcpy(at, data, size);
}

static inline void fake_u64(struct fake *fake, hs_addr address, uint64_t value)
{
	fake_put(fake, address, &value, sizeof(value));
}

static inline void fake_u32(struct fake *fake, hs_addr address, uint32_t value)
{
	fake_put(fake, address, &value, sizeof(value));
}

static inline hs_addr fake_bytes(struct fake *fake, const void *data, size_t size)
{
	hs_addr address = fake_alloc(fake, size);

	fake_put(fake, address, data, size);
	return address;
}

/* An object of @size bytes in all. */
static inline hs_addr fake_object(struct fake *fake, hs_addr type, size_t size)
{
	hs_addr address = fake_alloc(fake, size);

	fake_u64(fake, address + PY_REFCNT, 1);
	fake_u64(fake, address + PY_TYPE, type);
	return address;
}

/* A static type; @meta 0: it is its own. */
static inline hs_addr fake_type(struct fake *fake, const char *name, hs_addr meta, hs_addr base,
				uint32_t flags)
{
	hs_addr type = fake_object(fake, meta, 1024);

	if (!meta)
		fake_u64(fake, type + PY_TYPE, type);
	fake_u64(fake, type + PY_TP_NAME, fake_bytes(fake, name, strlen(name) + 1));
	fake_u64(fake, type + PY_TP_BASICSIZE, 64);
	fake_u64(fake, type + PY_TP_FLAGS, flags);
	fake_u64(fake, type + PY_TP_BASE, base);
	return type;
}

static inline void fake_create(struct fake *fake, const struct hs_layout *layout)
{
	struct hs_python *python = &fake->python;
	hs_addr type;

	*fake = (struct fake){.next = FAKE_BASE};
	fake->image = hs_image_create();
	assert_non_null(hs_image_add(fake->image, FAKE_BASE, FAKE_PAGES));
	*python = (struct hs_python){
		.image = fake->image,
		.layout = layout,
		.build = hs_build_create(),
		.granules = hs_image_granule_count(fake->image),
		.subtype_traverse = 0x1234,
		.budget = 1 << 30,
	};
	assert_true(hs_types_init(python));
	python->marked.words = calloc(python->granules / 64 + 1, 8);
	python->odd.words = calloc(python->granules / 64 + 1, 8);
	python->tracked.words = calloc(python->granules / 64 + 1, 8);
	python->tracked_odd.words = calloc(python->granules / 64 + 1, 8);
	python->generation[0].words = calloc(python->granules / 64 + 1, 8);
	python->generation[1].words = calloc(python->granules / 64 + 1, 8);
	python->owned.words = calloc(python->granules / 64 + 1, 8);
	/* Bases are filled in as the interpreter does: `type` is an `object`, which is a `type`. */
	type = fake_type(fake, "type", 0, 0, PY_FLAG_TYPE_SUBCLASS);
	fake->object_type = fake_type(fake, "object", type, 0, 0);
	fake_u64(fake, type + PY_TP_BASE, fake->object_type);
	python->type_type = type;
	fake->str_type = fake_type(fake, "str", type, fake->object_type, PY_FLAG_UNICODE_SUBCLASS);
}

static inline void fake_destroy(struct fake *fake)
{
	struct hs_python *python = &fake->python;

	hs_types_destroy(python);
	hs_build_destroy(python->build);
	free(python->marked.words);
	free(python->odd.words);
	free(python->tracked.words);
	free(python->tracked_odd.words);
	free(python->generation[0].words);
	free(python->generation[1].words);
	free(python->owned.words);
	hs_vector_deinit(&python->runs);
	hs_vector_deinit(&python->targets);
	hs_vector_deinit(&python->queue);
	hs_vector_deinit(&python->scanned);
	hs_vector_deinit(&python->weakly);
	hs_pymalloc_destroy(python->pymalloc);
	hs_vector_deinit(&python->scratch);
	hs_map32_deinit(&python->owners);
	hs_map32_deinit(&python->strings);
	hs_image_destroy(fake->image);
}

enum {
	FAKE_COMPACT = 1 << 5, /* bits of PyASCIIObject.state */
	FAKE_ASCII = 1 << 6,
};

/* A str of @length characters of @kind bytes each. */
static inline hs_addr fake_str(struct fake *fake, const void *data, uint64_t length, uint32_t kind,
			       uint32_t form)
{
	const struct hs_layout *layout = fake->python.layout;
	size_t size = (size_t)length * kind;
	hs_addr str = fake_object(fake, fake->str_type, layout->str_full_size + size + 8);

	fake_u64(fake, str + PY_STR_LENGTH, length);
	fake_u32(fake, str + PY_STR_STATE, kind << 2 | form);
	if (!(form & FAKE_COMPACT))
		fake_u64(fake, str + layout->str_data, fake_bytes(fake, data, size));
	else if (size)
		fake_put(fake,
			 str + (form & FAKE_ASCII ? layout->str_ascii_size
						  : layout->str_compact_size),
			 data, size);
	return str;
}

static inline hs_addr fake_name(struct fake *fake, const char *text)
{
	return fake_str(fake, text, strlen(text), 1, FAKE_COMPACT | FAKE_ASCII);
}

/* The type `type`. */
static inline hs_addr fake_type_type(const struct fake *fake)
{
	return fake->python.type_type;
}

/* A static type that the collector handles, by the traverse function @traverse. */
static inline hs_addr fake_collected(struct fake *fake, const char *name, hs_addr base,
				     uint64_t basicsize, uint64_t traverse)
{
	hs_addr type = fake_type(fake, name, fake_type_type(fake), base, PY_FLAG_HAVE_GC);

	fake_u64(fake, type + PY_TP_BASICSIZE, basicsize);
	fake_u64(fake, type + PY_TP_TRAVERSE, traverse);
	return type;
}

/* A tuple of @count items, of any type. */
static inline hs_addr fake_tuple(struct fake *fake, const hs_addr *items, uint64_t count)
{
	uint32_t first = fake->python.layout->tuple_items;
	hs_addr tuple = fake_object(fake, fake->object_type, first + count * 8 + 8);

	fake_u64(fake, tuple + PY_SIZE, count);
	fake_put(fake, tuple + first, items, count * 8);
	return tuple;
}

/* The object at @address as its visitor gets it. */
static inline struct hs_object fake_open(struct fake *fake, hs_addr address)
{
	struct hs_object object = {.address = address};
	hs_addr type = 0;

	assert_true(hs_image_u64(fake->image, address + PY_TYPE, &type));
	object.granule = hs_image_granule(fake->image, address);
	object.type = hs_type_at(&fake->python, type);
	assert_non_null(object.type);
	object.size = object.type->basicsize;
	object.body = hs_image_at(fake->image, address, object.size);
	assert_non_null(object.body);
	return object;
}

static inline void fake_visit(struct fake *fake, hs_addr address)
{
	struct hs_object object = fake_open(fake, address);

	hs_visit_object(&fake->python, &object);
}

/* How often what was visited last refers to @target, as the collector sees it, and beyond that. */
static inline unsigned int fake_seen(const struct fake *fake, hs_addr target)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < fake->python.visible; i++)
		count += fake->python.targets.data[i] == hs_image_granule(fake->image, target);
	return count;
}

static inline unsigned int fake_hidden(const struct fake *fake, hs_addr target)
{
	unsigned int count = 0;

	for (size_t i = fake->python.visible; i < fake->python.targets.size; i++)
		count += fake->python.targets.data[i] == hs_image_granule(fake->image, target);
	return count;
}

static const struct hs_layout *const FAKE_LAYOUTS[] = {
	&hs_layout_3_11,   &hs_layout_3_12, &hs_layout_3_13,
	&hs_layout_3_14_0, &hs_layout_3_14, &hs_layout_3_15,
};

enum {
	FAKE_LAYOUT_COUNT = sizeof(FAKE_LAYOUTS) / sizeof(FAKE_LAYOUTS[0]),
};

#endif
