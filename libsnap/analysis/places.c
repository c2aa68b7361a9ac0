/* SPDX-License-Identifier: MIT */
/* places.c: what took the place of another object of the earlier snapshot. */
#include "libsnap/analysis/keymap.h"
#include "libsnap/analysis/side.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"

#include <stdlib.h>

static bool can_pair(const struct hs_side *a, hs_id before, const struct hs_side *b, hs_id after)
{
	return !hs_is_kept(a, before) && !hs_is_kept(b, after) &&
	       hs_side_type(a, before) == hs_side_type(b, after) &&
	       hs_owners_agree(a, before, b, after);
}

static void pair(struct hs_side *a, hs_id before, struct hs_side *b, hs_id after)
{
	a->other[before] = after;
	b->other[after] = before;
}

static bool is_named(const struct hs_label *label)
{
	return label->kind == HS_LABEL_ATTRIBUTE || label->kind == HS_LABEL_ITEM ||
	       label->kind == HS_LABEL_LOCAL;
}

/* Where in an object of the earlier snapshot, one at a time, which name is. */
struct index {
	struct hs_arena *arena;
	struct hs_strtab names;
	hs_id object;		   /* HS_NONE: none yet */
	struct hs_keymap keys;	   /* name_key() of its references, each once */
	HS_VECTOR(uint32_t) slots; /* by number of the key: the first reference of that name */
};

static bool index_init(struct index *index)
{
	*index = (struct index){.object = HS_NONE, .arena = hs_arena_create()};
	return index->arena && hs_strtab_init(&index->names, index->arena);
}

static void index_deinit(struct index *index)
{
	hs_strtab_deinit(&index->names);
	hs_arena_destroy(index->arena);
	hs_keymap_deinit(&index->keys);
	hs_vector_deinit(&index->slots);
}

#define _cleanup_index_ __attribute__((cleanup(index_deinit)))

static bool name_key(struct index *index, const struct hs_label *label, uint64_t *ret)
{
	uint32_t name;

	if (!hs_strtab_intern(&index->names, label->name, &name))
		return false;
	*ret = (uint64_t)label->kind << 32 | name;
	return true;
}

static bool index_fill(struct index *index, struct hs_side *side, hs_id object)
{
	const struct hs_objects *objects = side->tables.objects;
	uint64_t degree = objects->first_edge[(size_t)object + 1] - objects->first_edge[object];

	hs_keymap_deinit(&index->keys);
	index->slots.size = 0;
	index->object = object;
	for (uint32_t slot = 0; slot < degree; slot++) {
		struct hs_label label = hs_side_label(side, object, slot);
		uint64_t key;
		uint32_t number;

		if (!is_named(&label))
			continue;
		if (!name_key(index, &label, &key) || !hs_keymap_intern(&index->keys, key, &number))
			return false;
		if (number == index->slots.size && !hs_vector_push(&index->slots, slot))
			return false;
	}
	return true;
}

/* The reference of @object of @side that @label names; UINT32_MAX if there is none. */
static bool find_name(struct index *index, struct hs_side *side, hs_id object,
		      const struct hs_label *label, uint32_t *ret)
{
	uint64_t key;
	uint32_t number;

	if (index->object != object && !index_fill(index, side, object))
		return false;
	if (!name_key(index, label, &key))
		return false;
	number = hs_keymap_find(&index->keys, key);
	*ret = number == UINT32_MAX ? UINT32_MAX : index->slots.data[number];
	return true;
}

/* Pair @after, a referent of the kept object @holder, with what @holder held by that name. */
static bool pair_referent(struct hs_side *a, struct hs_side *b, hs_id holder, uint32_t slot,
			  hs_id after, struct index *index)
{
	hs_id old = b->other[holder];
	const struct hs_objects *before = a->tables.objects;
	const hs_id *referents = before->edges + before->first_edge[old];
	uint64_t degree = before->first_edge[(size_t)old + 1] - before->first_edge[old];
	struct hs_label label = hs_side_label(b, holder, slot);
	struct hs_label found;

	if (!is_named(&label))
		return true;
	/* Mostly the names have kept their order. */
	if (slot < degree)
		found = hs_side_label(a, old, slot);
	if (slot >= degree || found.kind != label.kind || !hs_str_equal(found.name, label.name))
		if (!find_name(index, a, old, &label, &slot))
			return false;
	if (slot != UINT32_MAX && can_pair(a, referents[slot], b, after))
		pair(a, referents[slot], b, after);
	return true;
}

/* What a root is called, as one string: rank, thread, function, name. */
static bool root_key(const struct hs_side *side, const struct hs_root *root, struct hs_strtab *keys,
		     uint32_t *ret)
{
	const struct hs_thread *threads;
	const struct hs_frame *frames;
	struct hs_str parts[4];
	uint64_t thread = 0;
	uint32_t count;
	uint32_t number;

	threads = hs_snapshot_threads(side->tables.snap, &count);
	if (root->thread != HS_NONE)
		thread = threads[root->thread].native_id;
	frames = hs_snapshot_frames(side->tables.snap, &count);
	parts[0] = (struct hs_str){(const char *)&root->rank, sizeof(root->rank)};
	parts[1] = (struct hs_str){(const char *)&thread, sizeof(thread)};
	parts[2] = root->frame == HS_NONE ? (struct hs_str){"", 0} : frames[root->frame].function;
	parts[3] = root->name;
	*ret = 0;
	/* The number of what came before, then the next part: equal only if all parts are. */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		_cleanup_free_ char *text = malloc(sizeof(*ret) + parts[i].size);

		if (!text)
			return false;
		memcpy(text, ret, sizeof(*ret));
		if (parts[i].size)
			memcpy(text + sizeof(*ret), parts[i].data, parts[i].size);
		if (!hs_strtab_intern(keys, (struct hs_str){text, sizeof(*ret) + parts[i].size},
				      &number))
			return false;
		*ret = number;
	}
	return true;
}

/* Roots below this rank have names that mean the same in both snapshots. */
static bool is_named_root(const struct hs_root *root)
{
	return root->rank < HS_ROOT_INTERNAL;
}

/* Pair the objects of new roots with those of freed roots of the same name. */
static bool pair_roots(struct hs_side *a, struct hs_side *b)
{
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	_cleanup_strtab_ struct hs_strtab keys = {0};
	_cleanup_keymap_ struct hs_keymap known = {0}; /* names of roots, in order of objects[] */
	HS_VECTOR(hs_id) objects = {0};
	const struct hs_root *roots;
	bool done = arena && hs_strtab_init(&keys, arena);
	uint32_t key;
	uint32_t number;
	size_t count;

	roots = hs_snapshot_roots(a->tables.snap, &count);
	for (size_t i = 0; done && i < count; i++) {
		if (!is_named_root(&roots[i]) || hs_is_kept(a, roots[i].object))
			continue;
		done = root_key(a, &roots[i], &keys, &key) &&
		       hs_keymap_intern(&known, key, &number);
		if (done && number == objects.size)
			done = hs_vector_push(&objects, roots[i].object);
	}
	roots = hs_snapshot_roots(b->tables.snap, &count);
	for (size_t i = 0; done && objects.size && i < count; i++) {
		if (!is_named_root(&roots[i]) || hs_is_kept(b, roots[i].object))
			continue;
		done = root_key(b, &roots[i], &keys, &key);
		number = done ? hs_keymap_find(&known, key) : UINT32_MAX;
		if (number != UINT32_MAX && can_pair(a, objects.data[number], b, roots[i].object))
			pair(a, objects.data[number], b, roots[i].object);
	}
	hs_vector_deinit(&objects);
	return done;
}

struct hs_error *hs_match_places(struct hs_side *a, struct hs_side *b)
{
	const struct hs_objects *objects = b->tables.objects;
	_cleanup_index_ struct index index;

	if (!index_init(&index) || !pair_roots(a, b))
		return &hs_enomem;
	/* In the forest's order, for a pair's own referents may be pairs in turn. */
	for (hs_id i = 0; i < b->forest->reached; i++) {
		hs_id object = b->forest->order[i];
		uint64_t edge = b->forest->parent[object];
		hs_id holder;

		if (hs_is_kept(b, object) || edge == HS_PARENT_ROOT)
			continue;
		holder = hs_graph_edge_source(b->graph, edge);
		if (hs_is_kept(b, holder) &&
		    !pair_referent(a, b, holder, (uint32_t)(edge - objects->first_edge[holder]),
				   object, &index))
			return &hs_enomem;
	}
	return NULL;
}
