/* SPDX-License-Identifier: MIT */
/* heap.h: a little heap that tests change and take snapshots of. */
#ifndef HS_TEST_HEAP_H
#define HS_TEST_HEAP_H

#include "hs_cmocka.h"

#include "format/base/vector.h"
#include "libsnap/build/build.h"
#include <stdio.h>
#include <stdlib.h>

struct heap_type {
	const char *name;
	const char *module;
	enum hs_role role;
	uint32_t object; /* that is the type; HS_NONE: none */
};

struct heap_ref {
	enum hs_label_kind kind;
	enum hs_strength strength;
	char name[24];
	uint32_t target;
	bool hidden;
};

struct heap_object {
	uint32_t type;
	uint64_t size;
	hs_addr address;
	uint32_t owner;
	uint16_t flags;
	uint64_t refcount;
	bool freed;
	uint64_t fingerprint;
	uint32_t line; /* of app.py, called by main.py:1, that allocated it; 0: not known */
	HS_VECTOR(struct heap_ref) refs;
};

struct heap_root {
	enum hs_root_rank rank;
	uint32_t object;
	char name[40];
	bool in_frame; /* of the one thread's one frame, main() */
};

struct heap {
	HS_VECTOR(struct heap_type) types;
	HS_VECTOR(struct heap_object) objects;
	HS_VECTOR(struct heap_root) roots;
	uint64_t gaps;
	uint64_t time_ns;
	uint64_t pid;
	uint64_t salt;
};

enum {
	HEAP_OVERHEAD = 16, /* bytes more that the allocator holds for each object */
};

/* The types that every heap has. */
enum {
	T_MODULE,
	T_DICT,
	T_LIST,
	T_STR,
	T_TYPE,
	T_WEAKREF,
	T_INT,
	T_METHOD,
	T_SESSION,
	T_APP,
};

static inline uint32_t heap_type(struct heap *heap, const char *name, const char *module,
				 enum hs_role role)
{
	assert_true(
		hs_vector_push(&heap->types, ((struct heap_type){name, module, role, HS_NONE})));
	return (uint32_t)heap->types.size - 1;
}

static inline void heap_init(struct heap *heap)
{
	*heap = (struct heap){.time_ns = 1767225600000000000U, .pid = 42};
	heap_type(heap, "module", "builtins", HS_ROLE_MODULE);
	heap_type(heap, "dict", "builtins", HS_ROLE_MAPPING);
	heap_type(heap, "list", "builtins", HS_ROLE_SEQUENCE);
	heap_type(heap, "str", "builtins", HS_ROLE_STRING);
	heap_type(heap, "type", "builtins", HS_ROLE_TYPE);
	heap_type(heap, "weakref", "builtins", HS_ROLE_WEAKREF);
	heap_type(heap, "int", "builtins", HS_ROLE_NUMBER);
	heap_type(heap, "method", "builtins", HS_ROLE_METHOD);
	heap_type(heap, "app.Session", "app", HS_ROLE_INSTANCE);
	heap_type(heap, "app.App", "app", HS_ROLE_INSTANCE);
}

static inline void heap_deinit(struct heap *heap)
{
	for (size_t i = 0; i < heap->objects.size; i++)
		hs_vector_deinit(&heap->objects.data[i].refs);
	hs_vector_deinit(&heap->objects);
	hs_vector_deinit(&heap->types);
	hs_vector_deinit(&heap->roots);
}

static inline uint32_t heap_object(struct heap *heap, uint32_t type, uint64_t size)
{
	struct heap_object object = {
		.type = type,
		.size = size,
		.address = 0x7f0000000000 + 64 * (uint64_t)heap->objects.size,
		.owner = HS_NONE,
	};

	assert_true(hs_vector_push(&heap->objects, object));
	return (uint32_t)heap->objects.size - 1;
}

static inline void heap_ref(struct heap *heap, uint32_t source, enum hs_label_kind kind,
			    const char *name, uint32_t target)
{
	struct heap_ref ref = {.kind = kind, .target = target};

	snprintf(ref.name, sizeof(ref.name), "%s", name);
	assert_true(hs_vector_push(&heap->objects.data[source].refs, ref));
}

static inline void heap_hidden(struct heap *heap, uint32_t source, enum hs_label_kind kind,
			       uint32_t target)
{
	struct heap_ref ref = {.kind = kind, .target = target, .hidden = true};

	assert_true(hs_vector_push(&heap->objects.data[source].refs, ref));
}

static inline void heap_weak(struct heap *heap, uint32_t source, uint32_t target)
{
	struct heap_ref ref = {.kind = HS_LABEL_OFFSET, .strength = HS_WEAK, .target = target};

	assert_true(hs_vector_push(&heap->objects.data[source].refs, ref));
}

static inline void heap_root(struct heap *heap, enum hs_root_rank rank, uint32_t object,
			     const char *name)
{
	struct heap_root root = {.rank = rank, .object = object};

	root.in_frame = rank == HS_ROOT_THREAD;
	snprintf(root.name, sizeof(root.name), "%s", name);
	assert_true(hs_vector_push(&heap->roots, root));
}

/* Free @object alone; references to it go, too. */
static inline void heap_free(struct heap *heap, uint32_t object)
{
	heap->objects.data[object].freed = true;
}

/* The namespace dict of @owner. */
static inline uint32_t heap_namespace(struct heap *heap, uint32_t owner)
{
	uint32_t dict = heap_object(heap, T_DICT, 232);

	heap->objects.data[dict].owner = owner;
	heap_ref(heap, owner, HS_LABEL_ATTRIBUTE, "__dict__", dict);
	return dict;
}

/* namespace['name'] = value, the key being a string of its own. */
static inline void heap_set(struct heap *heap, uint32_t dict, const char *name, uint32_t value)
{
	heap_ref(heap, dict, HS_LABEL_ITEM, name, value);
	heap_hidden(heap, dict, HS_LABEL_KEY, heap_object(heap, T_STR, 50));
}

/* dict[key] = value, the key being hidden from the collector. */
static inline void heap_put(struct heap *heap, uint32_t dict, uint32_t key, uint32_t value)
{
	heap_ref(heap, dict, HS_LABEL_VALUE, "", value);
	heap_hidden(heap, dict, HS_LABEL_KEY, key);
}

static inline void heap_append(struct heap *heap, uint32_t list, uint32_t item)
{
	heap_ref(heap, list, HS_LABEL_INDEX, "", item);
}

/* A module that is a root, its namespace in *@ns. */
static inline uint32_t heap_module(struct heap *heap, const char *name, uint32_t *ns)
{
	uint32_t module = heap_object(heap, T_MODULE, 72);

	*ns = heap_namespace(heap, module);
	heap_root(heap, HS_ROOT_MODULE, module, name);
	return module;
}

/* Add the references of one part of @object; how many there are. */
static inline uint32_t heap_part(const struct heap *heap, const struct heap_object *object,
				 bool hidden, struct hs_build *build, struct hs_run *runs,
				 uint32_t *run_count, const uint32_t *keys, uint32_t *targets)
{
	uint32_t count = 0;
	uint32_t index = 0;

	for (size_t i = 0; i < object->refs.size; i++) {
		const struct heap_ref *ref = &object->refs.data[i];
		struct hs_run run = {
			.kind = (uint8_t)ref->kind, .strength = (uint8_t)ref->strength, .count = 1};

		if (ref->hidden != hidden || heap->objects.data[ref->target].freed)
			continue;
		if (ref->name[0])
			run.operand = hs_build_string(build, STR(ref->name));
		if (ref->kind == HS_LABEL_INDEX)
			run.operand = index++;
		targets[count++] = keys[ref->target];
		/* Join what one run can describe. */
		if (*run_count && count > 1 && runs[*run_count - 1].kind == run.kind &&
		    runs[*run_count - 1].strength == run.strength && !ref->name[0])
			runs[*run_count - 1].count++;
		else
			runs[(*run_count)++] = run;
	}
	return count;
}

static inline uint32_t heap_site(const struct heap_object *object, struct hs_build *build)
{
	if (!object->line)
		return 0;
	return hs_build_site(build, STR("app.py"), object->line,
			     hs_build_site(build, STR("main.py"), 1, 0));
}

static inline void heap_build_object(const struct heap *heap, const struct heap_object *object,
				     struct hs_build *build, const uint32_t *keys)
{
	size_t room = object->refs.size + 1;
	struct hs_run *runs = calloc(room, sizeof(*runs));
	uint32_t *targets = calloc(room, sizeof(*targets));
	uint32_t run_count = 0;
	uint32_t first_hidden;
	uint32_t visible;
	uint32_t hidden;

	assert_non_null(runs);
	assert_non_null(targets);
	visible = heap_part(heap, object, false, build, runs, &run_count, keys, targets);
	first_hidden = run_count;
	hidden = heap_part(heap, object, true, build, runs, &run_count, keys, targets + visible);
	hs_build_object(build,
			&(struct hs_build_object){
				.address = object->address,
				.type = object->type,
				.shape = hs_build_shape(build, runs, run_count, first_hidden),
				.size = object->size,
				.allocated = object->size + HEAP_OVERHEAD,
				.visible = visible,
				.flags = object->flags,
				.refcount = object->refcount,
				.generation = HS_GENERATION_NONE,
				.fingerprint = object->fingerprint,
				.site = heap_site(object, build),
				.owner = object->owner == HS_NONE ? HS_NONE : keys[object->owner],
			});
	for (uint32_t i = 0; i < visible + hidden; i++)
		hs_build_edge(build, targets[i]);
	free(runs);
	free(targets);
}

static inline void heap_build_roots(const struct heap *heap, struct hs_build *build,
				    const uint32_t *keys)
{
	uint32_t thread = hs_build_thread(build, 42, STR("MainThread"));
	uint32_t frame = hs_build_frame(build, thread, STR("main"), STR("app.py"), 3);

	for (size_t i = 0; i < heap->roots.size; i++) {
		const struct heap_root *root = &heap->roots.data[i];

		if (!heap->objects.data[root->object].freed)
			hs_build_root(build, root->rank, keys[root->object], STR(root->name),
				      root->in_frame ? thread : HS_NONE,
				      root->in_frame ? frame : HS_NONE);
	}
}

/* A snapshot of the heap as it is, owned by the caller. */
static inline struct hs_snapshot *heap_snapshot(const struct heap *heap)
{
	struct hs_build *build = hs_build_create();
	uint32_t *keys = calloc(heap->objects.size + 1, sizeof(*keys));
	struct hs_snapshot *snap = NULL;
	uint32_t count = 0;

	assert_non_null(build);
	assert_non_null(keys);
	for (size_t i = 0; i < heap->objects.size; i++)
		keys[i] = heap->objects.data[i].freed ? HS_NONE : count++;
	for (size_t i = 0; i < heap->types.size; i++) {
		const struct heap_type *type = &heap->types.data[i];

		hs_build_type(build, STR(type->name), STR(type->module), type->role,
			      type->object == HS_NONE ? HS_NONE : keys[type->object]);
	}
	for (size_t i = 0; i < heap->objects.size; i++)
		if (!heap->objects.data[i].freed)
			heap_build_object(heap, &heap->objects.data[i], build, keys);
	heap_build_roots(heap, build, keys);
	hs_build_info(build, &(struct hs_info){
				     .pid = heap->pid,
				     .salt = heap->salt,
				     .runtime = STR("cpython"),
				     .version = STR("3.12.1"),
				     .time_ns = heap->time_ns,
				     .mode = STR("stop"),
				     .resident = 1 << 20,
				     .pause_ns = 4200000,
			     });
	if (heap->gaps)
		hs_build_gap(build, "unreadable memory", heap->gaps, 0x7f0012345678);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	free(keys);
	return snap;
}

/* The ordinal in @snap of the object that is @object in the heap. */
static inline hs_id heap_find(const struct heap *heap, const struct hs_snapshot *snap,
			      uint32_t object)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);

	for (hs_id i = 0; i < objects->count; i++)
		if (objects->address[i] == heap->objects.data[object].address)
			return i;
	return HS_NONE;
}

#endif
