/* SPDX-License-Identifier: MIT */
/* model.h: a process for tests, snapshots of which are taken while it goes on. */
#ifndef HS_TEST_MODEL_H
#define HS_TEST_MODEL_H

#include "format/sample.h"

/* What is at an address; everything but the references' targets follows from the seed. */
struct model_slot {
	uint64_t seed; /* 0: nothing */
	uint32_t refcount;
	uint8_t generation;
	bool unnamed; /* its value was not recorded */
};

struct model {
	struct model_slot *slots;
	uint32_t count;
	uint32_t step; /* how often it went on; tables depend on it */
	uint64_t state;
};

static inline void model_init(struct model *model, uint32_t count, uint64_t seed)
{
	*model = (struct model){.count = count, .state = seed * 2654435761 + 88172645463325252};
	model->slots = calloc(count + 1, sizeof(*model->slots));
	for (uint32_t i = 0; model->slots && i < count; i++)
		if (sample_random(&model->state) % 8)
			model->slots[i].seed = sample_random(&model->state);
	if (model->slots && count) /* there is always something */
		model->slots[0].seed = 1;
}

static inline void model_deinit(struct model *model)
{
	free(model->slots);
}

/* Let one of @part objects be replaced, in its place or elsewhere, and as many change a little. */
static inline void model_go_on(struct model *model, uint32_t part)
{
	for (uint32_t i = 0; i < model->count; i++) {
		struct model_slot *slot = &model->slots[i];
		uint64_t random = sample_random(&model->state);

		if (i && random % part == 0) {
			uint64_t seed = sample_random(&model->state);
			uint32_t where = (uint32_t)(seed % model->count);

			if (random / part % 2) {
				slot->seed = 0;
				slot = &model->slots[random / part % 4 && where ? where : i];
			}
			*slot = (struct model_slot){.seed = seed};
		}
		if (random / 1024 % part == 0)
			slot->refcount += 1 + (uint32_t)(random / 65536 % 3);
		if (random / 4096 % part == 0)
			slot->generation = (uint8_t)(random / 65536 % 3);
		if (random / 16384 % part == 0)
			slot->unnamed = !slot->unnamed;
	}
	model->step++;
}

/* The slot of an object near @slot; there has to be one. */
static inline uint32_t model_find(const struct model *model, uint32_t slot)
{
	if (!model->count)
		return 0;
	slot %= model->count;
	while (!model->slots[slot].seed)
		slot = (slot + 1) % model->count;
	return slot;
}

static inline void model_describe(const struct model *model, struct hs_build *build)
{
	struct hs_str command[] = {STR("python3"), STR("app.py")};
	char name[32];
	uint32_t thread;

	hs_build_info(build, &(struct hs_info){
				     .pid = 4711,
				     .runtime = STR("cpython"),
				     .version = STR("3.12.1"),
				     .command = command,
				     .command_count = 2,
				     .time_ns = 1767225600000000000 + model->step * UINT64_C(60),
				     .start_ticks = 123456,
				     .boot_id = STR("6d9f6f3c-0000-4000-8000-000000000000"),
				     .mode = STR("fork"),
				     .resident = model->step << 22,
				     .preview_bytes = 32,
				     .salt = 77,
			     });
	/* Threads come and go, the first one, too. */
	for (uint32_t i = model->step; i < model->step + 3; i++) {
		snprintf(name, sizeof(name), "worker %u", i);
		thread = hs_build_thread(build, 4711 + i, STR(name));
		hs_build_frame(build, thread, STR("handle"), STR("/srv/app.py"), 40 + i);
		hs_build_frame(build, thread, STR("<module>"), STR("/srv/app.py"), 7);
	}
	for (uint32_t i = 0; i < 6; i++) {
		struct hs_region region = {.start = 0x7f0000000000 + (i << 20),
					   .end = 0x7f0000000000 + (i << 20) + 4096,
					   .resident = i == 3 ? model->step : 4096,
					   .flags = HS_REGION_READ,
					   .name = STR("[heap]")};

		if (i != model->step % 6)
			hs_build_region(build, &region);
	}
	snprintf(name, sizeof(name), "reason %u", model->step / 2);
	hs_build_gap(build, name, 3, 0x7f0000000040);
}

/* The types, a new one in front of them at every third step. */
static inline uint32_t model_types(const struct model *model, struct hs_build *build,
				   const uint32_t *keys)
{
	static const char *const names[] = {"list",	   "dict",    "dict",
					    "app.Session", "weakref", "str"};
	uint32_t first = HS_NONE;
	char name[32];

	for (uint32_t i = 0; i < model->step / 3; i++) {
		snprintf(name, sizeof(name), "app.Loaded%u", model->step / 3 - i);
		hs_build_type(build, STR(name), STR("app"), HS_ROLE_INSTANCE, HS_NONE);
	}
	for (uint32_t i = 0; i < 6; i++) {
		uint32_t type = hs_build_type(build, (struct hs_str){names[i], strlen(names[i])},
					      STR("builtins"), (enum hs_role)i,
					      i % 2 ? keys[model_find(model, i * 7)] : HS_NONE);

		first = first == HS_NONE ? type : first;
	}
	return first;
}

static inline void model_object(const struct model *model, uint32_t at, struct hs_build *build,
				const uint32_t *keys, const struct sample_shapes *shapes,
				uint32_t first_type)
{
	const struct model_slot *slot = &model->slots[at];
	uint64_t random = slot->seed;
	uint32_t kind = (uint32_t)(random % 6);
	uint64_t state = random;
	struct hs_build_object object = {
		.address = 0x7f0000000000 + at * UINT64_C(64) + (at % 97 ? 0 : 8),
		.type = first_type + kind,
		.size = kind == 5 ? 49 + random / 64 % 90 : 56 + kind * 8,
		.allocated = random / 16 % 10 ? 64 + kind * 16 : 0,
		.refcount = random / 32 % 20 ? random / 128 % 5 + slot->refcount : UINT32_MAX,
		.flags = (uint16_t)(kind < 4 ? HS_OBJECT_GC | HS_OBJECT_TRACKED : 0),
		.generation = kind < 4 ? slot->generation : HS_GENERATION_NONE,
		.owner = kind == 2 && slot->generation != 1
				 ? keys[model_find(model, (uint32_t)(random / 512))]
				 : HS_NONE,
		.fingerprint = kind == 5 ? random >> 59 : 0,
		.site = slot->generation ? sample_site(build, random / 4096) : 0,
	};
	uint32_t edges = sample_object(shapes, kind, random / 1024, &object);

	hs_build_object(build, &object);
	if (!slot->unnamed)
		sample_preview(build, random / 2048);
	for (uint32_t j = 0; j < edges; j++) {
		uint64_t target = sample_random(&state);

		target = target % 4 ? at + target / 4 % 9 : target / 4;
		hs_build_edge(build, keys[model_find(model, (uint32_t)(target % model->count))]);
	}
}

/* A snapshot of what is there now, written against nothing; NULL if memory ran out. */
static inline struct hs_snapshot *model_snapshot(const struct model *model)
{
	struct hs_build *build = hs_build_create();
	uint32_t *keys = calloc(model->count + 1, sizeof(*keys));
	struct hs_snapshot *snap = NULL;
	uint32_t used = 0;

	if (build && keys) {
		struct sample_shapes shapes;
		uint32_t type;

		for (uint32_t i = 0; i < model->count; i++)
			keys[i] = model->slots[i].seed ? used++ : HS_NONE;
		model_describe(model, build);
		if (model->step % 2) /* the strings of shapes get other numbers */
			hs_build_string(build, STR("odd"));
		shapes = sample_make_shapes(build);
		type = model_types(model, build, keys);
		for (uint32_t i = 0; i < model->count; i++)
			if (model->slots[i].seed)
				model_object(model, i, build, keys, &shapes, type);
		for (uint32_t i = 0; i < 5; i++) {
			uint32_t at = model_find(model, i * model->count / 5 + model->step % 2);
			struct hs_extent extent = {.start = 0x7f0000001000 + i * 4096,
						   .size = 4096,
						   .bytes = 64 * i,
						   .allocator = STR("pymalloc"),
						   .state = STR("free"),
						   .owner = i % 2 ? keys[at] : HS_NONE};

			hs_build_root(build, i % 2 ? HS_ROOT_THREAD : HS_ROOT_MODULE, keys[at],
				      i % 2 ? STR("x") : STR("app"), i % 2 ? i / 2 : HS_NONE,
				      i % 2 ? i : HS_NONE);
			hs_build_extent(build, &extent);
		}
		hs_error_destroy(hs_build_finish(build, NULL, NULL, &snap));
	}
	hs_build_destroy(build);
	free(keys);
	return snap;
}

#endif
