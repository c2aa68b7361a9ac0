/* SPDX-License-Identifier: MIT */
/* sample.h: snapshots for tests, and comparing them. */
#ifndef HS_TEST_SAMPLE_H
#define HS_TEST_SAMPLE_H

#include "hs_cmocka.h"

#include "format/tables.h"
#include "libsnap/build/build.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A small generator of numbers, the same everywhere (xorshift64). */
static inline uint64_t sample_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Says everything that a producer can say, hostile names included.  NULL if memory ran out. */
static inline void sample_describe(struct hs_build *build)
{
	static const char surrogate[] = "esc\x1b[31m\xed\xa0\x80\"'\\\n";
	struct hs_str command[] = {STR("python3"), STR("app.py"), STR("\x1b]0;x\x07")};
	struct hs_info info = {
		.pid = 4711,
		.runtime = STR("cpython"),
		.version = STR("3.12.1"),
		.command = command,
		.command_count = 3,
		.time_ns = 1767225600000000000,
		.start_ticks = 123456,
		.boot_id = STR("6d9f6f3c-0000-4000-8000-000000000000"),
		.mode = STR("stop"),
		.reason = STR("fork is not possible here"),
		.pause_ns = 4200000,
		.copied = 1 << 20,
		.resident = 1 << 22,
		.retries = 1,
		.damaged = 2,
		.preview_bytes = 32,
		.redacted = true,
		.salt = 0xfedcba9876543210,
	};
	uint32_t thread = hs_build_thread(build, 4711, STR("MainThread"));
	struct hs_region region = {.start = 0x7f0000000000,
				   .end = 0x7f0000100000,
				   .resident = 4096,
				   .flags = HS_REGION_READ | HS_REGION_WRITE,
				   .name = STR("[heap]")};
	struct hs_extent extent = {.start = 0x7f0000001000,
				   .size = 512,
				   .allocator = STR("pymalloc"),
				   .state = STR("free"),
				   .owner = HS_NONE};

	hs_build_info(build, &info);
	hs_build_thread(build, 4712, STR(surrogate));
	hs_build_frame(build, thread, STR("handle"), STR("/srv/app.py"), 42);
	hs_build_frame(build, thread, STR("<module>"), STR("/srv/app.py"), 7);
	hs_build_region(build, &region);
	region.start = 0x1000;
	region.end = 0x2000;
	hs_build_region(build, &region);
	hs_build_extent(build, &extent);
	hs_build_gap(build, "unknown type", 3, 0x7f0000000040);
	hs_build_string(build, STR(surrogate));
}

struct sample_shapes {
	uint32_t list;
	uint32_t dict;
	uint32_t namespace;
	uint32_t instance;
	uint32_t leaf;
	uint32_t weak;
};

static inline struct sample_shapes sample_make_shapes(struct hs_build *build)
{
	uint32_t a = hs_build_string(build, STR("a"));
	uint32_t b = hs_build_string(build, STR("it's"));
	struct hs_run list[] = {{.kind = HS_LABEL_INDEX_DOWN}};
	struct hs_run dict[] = {{.kind = HS_LABEL_ENTRY}, {.kind = HS_LABEL_KEY}};
	struct hs_run namespace[] = {{.kind = HS_LABEL_ITEM, .operand = a, .count = 1},
				     {.kind = HS_LABEL_ITEM, .operand = b, .count = 1},
				     {.kind = HS_LABEL_KEY, .count = 2}};
	struct hs_run instance[] = {{.kind = HS_LABEL_ATTRIBUTE, .operand = a, .count = 1},
				    {.kind = HS_LABEL_OFFSET, .operand = 16, .count = 2}};
	struct hs_run weak[] = {{.kind = HS_LABEL_NONE, .count = 1},
				{.kind = HS_LABEL_NONE, .strength = HS_WEAK},
				{.kind = HS_LABEL_LOCAL, .operand = b, .count = 1}};

	return (struct sample_shapes){
		.list = hs_build_shape(build, list, 1, 1),
		.dict = hs_build_shape(build, dict, 2, 1),
		.namespace = hs_build_shape(build, namespace, 3, 2),
		.instance = hs_build_shape(build, instance, 2, 2),
		.leaf = hs_build_shape(build, NULL, 0, 0),
		.weak = hs_build_shape(build, weak, 3, 1),
	};
}

/* Fill in the shape of an object of kind @kind and return how many references it has. */
static inline uint32_t sample_object(const struct sample_shapes *shapes, uint32_t kind,
				     uint64_t random, struct hs_build_object *object)
{
	object->visible = 0;
	switch (kind) {
	case 0:
		object->shape = shapes->list;
		return object->visible = random % 50 ? (uint32_t)(random % 13) : 300;
	case 1:
		object->shape = shapes->dict;
		object->visible = (uint32_t)(random % 7);
		return object->visible * (random / 64 % 2 ? 2 : 1);
	case 2:
		object->shape = shapes->namespace;
		object->visible = 2;
		return 4;
	case 3:
		object->shape = shapes->instance;
		return object->visible = 3;
	case 4:
		object->shape = shapes->weak;
		object->visible = 1;
		return 2 + (uint32_t)(random % 2);
	default:
		object->shape = shapes->leaf;
		return 0;
	}
}

/* A value of any kind for the object added last, or none. */
static inline void sample_preview(struct hs_build *build, uint64_t random)
{
	static const char text[] = "it's \\ \x1b[2J \xed\xa0\x80 \xe2\x82\xac text that goes on";
	static const char magnitude[] = "\x81\x02\x03\x04\x05\x06\x07\x08\x09";
	static const double reals[] = {0.5, -0.0, 1e300, 123456789.25, 1e-5, 1.0 / 3, 1e16, 0.1};
	struct hs_preview preview = {.kind = (enum hs_preview_kind)(random % 8)};

	random /= 8;
	switch (random % 4 ? preview.kind : HS_PREVIEW_TEXT) {
	case HS_PREVIEW_TEXT:
		preview.kind = HS_PREVIEW_TEXT;
		preview.data = (struct hs_str){text, random % 2 ? 19 : sizeof(text) - 1};
		preview.length = 33;
		break;
	case HS_PREVIEW_BYTES:
		preview.data = (struct hs_str){(const char *)&random, sizeof(random)};
		preview.length = random % 3 ? 8 : 1 << 20;
		break;
	case HS_PREVIEW_INTEGER:
		preview.integer =
			(int64_t)((random << random % 64) * (random % 2 ? 1 : UINT64_MAX));
		break;
	case HS_PREVIEW_REAL:
		preview.real = reals[random % (sizeof(reals) / sizeof(*reals))];
		break;
	case HS_PREVIEW_POSITIVE:
	case HS_PREVIEW_NEGATIVE:
		preview.data = (struct hs_str){magnitude, 8 + random % 2};
		preview.length = preview.data.size + (random % 5 ? 0 : 1000);
		break;
	case HS_PREVIEW_KIND_COUNT:
	default:
		return;
	}
	hs_build_preview(build, &preview);
}

/* One of a few sites that share callers, or none. */
static inline uint32_t sample_site(struct hs_build *build, uint64_t random)
{
	uint32_t outer = hs_build_site(build, STR("/srv/app.py"), 7, 0);
	uint32_t inner =
		hs_build_site(build, STR("/srv/it's \"\xed\xa0\x80.py"), UINT32_MAX, outer);

	if (random % 3 == 0)
		return 0;
	return hs_build_site(build, STR("<frozen os>"), (uint32_t)(random % 17),
			     random % 2 ? inner : outer);
}

static inline void sample_add_objects(struct hs_build *build, uint32_t count, uint64_t seed)
{
	struct sample_shapes shapes = sample_make_shapes(build);
	uint64_t state = seed * 2654435761 + 88172645463325252;
	uint32_t first_type = hs_build_type(build, STR("list"), STR("builtins"), HS_ROLE_SEQUENCE,
					    count ? 0 : HS_NONE);

	hs_build_type(build, STR("dict"), STR("builtins"), HS_ROLE_MAPPING, HS_NONE);
	hs_build_type(build, STR("dict"), STR("builtins"), HS_ROLE_MAPPING, HS_NONE);
	hs_build_type(build, STR("app.Session"), STR("app"), HS_ROLE_INSTANCE,
		      count ? count - 1 : HS_NONE);
	hs_build_type(build, STR("weakref"), STR("builtins"), HS_ROLE_WEAKREF, HS_NONE);
	hs_build_type(build, STR("str"), STR("builtins"), HS_ROLE_STRING, HS_NONE);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t random = sample_random(&state);
		uint32_t kind = (uint32_t)(random % 6);
		struct hs_build_object object = {
			.address = 0x7f0000000000 + i * UINT64_C(64) + (random / 8 % 100 ? 0 : 8),
			.type = first_type + kind,
			.size = kind == 5 ? 49 + random / 64 % 90 : 56 + kind * 8,
			.allocated = random / 16 % 10 ? 64 + kind * 16 : 0,
			.refcount = random / 32 % 20 ? random / 128 % 5 : UINT32_MAX,
			.flags = (uint16_t)(kind < 4 ? HS_OBJECT_GC | HS_OBJECT_TRACKED : 0),
			.generation = kind < 4 ? HS_GENERATION_2 : HS_GENERATION_NONE,
			.owner = kind == 2 ? (uint32_t)(random / 512 % count) : HS_NONE,
			.fingerprint = kind == 5 ? random >> (seed % 2 ? 0 : 59) : 0,
			.site = sample_site(build, random / 4096),
		};
		uint32_t edges = sample_object(&shapes, kind, random / 1024, &object);

		if (random % 10007 == 0)
			object.size = UINT64_MAX - random % 100;
		hs_build_object(build, &object);
		sample_preview(build, random / 2048);
		for (uint32_t j = 0; j < edges; j++) {
			uint64_t target = sample_random(&state);

			/* Mostly near: then there is something to compress. */
			target = target % 4 ? i + target / 4 % 9 : target / 4;
			hs_build_edge(build, (uint32_t)(target % count));
		}
	}
}

/* A snapshot of @count objects that depends on @seed only; NULL if memory ran out. */
static inline struct hs_snapshot *sample_snapshot(uint32_t count, uint64_t seed)
{
	struct hs_build *build = hs_build_create();
	struct hs_snapshot *snap = NULL;
	struct hs_error *err;

	if (!build)
		return NULL;
	sample_describe(build);
	sample_add_objects(build, count, seed);
	if (count) {
		hs_build_root(build, HS_ROOT_THREAD, count / 2, STR("x"), 0, 1);
		hs_build_root(build, HS_ROOT_MODULE, 0, STR("app"), HS_NONE, HS_NONE);
		hs_build_root(build, HS_ROOT_INTERNAL, count / 2, STR(""), 1, HS_NONE);
	}
	err = hs_build_finish(build, NULL, NULL, &snap);
	hs_build_destroy(build);
	hs_error_destroy(err);
	return snap;
}

/* A path in a fresh directory of the test's own, which sample_remove() removes. */
static inline void sample_path(char path[64])
{
	strcpy(path, "/tmp/heapsnap-test-XXXXXX");
	assert_non_null(mkdtemp(path));
	strcat(path, "/a.snap");
}

static inline void sample_remove(char path[64])
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
}

/* The bytes of the file at @path, owned by the caller. */
static inline uint8_t *sample_read(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*size = (size_t)ftell(file);
	rewind(file);
	data = malloc(*size + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *size, file), *size);
	fclose(file);
	return data;
}

/* The bytes of @snap as a file, owned by the caller, saved as @options say. */
static inline uint8_t *sample_bytes_with(const struct hs_snapshot *snap,
					 const struct hs_save_options *options, size_t *size)
{
	char path[64];
	uint8_t *data;

	sample_path(path);
	assert_null(hs_snapshot_save(snap, path, options));
	data = sample_read(path, size);
	sample_remove(path);
	return data;
}

static inline uint8_t *sample_bytes(const struct hs_snapshot *snap, size_t *size)
{
	return sample_bytes_with(snap, NULL, size);
}

#endif
