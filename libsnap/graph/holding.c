/* SPDX-License-Identifier: MIT */
/* holding.c: which references keep their target alive, and what is alive by itself. */
#include "libsnap/graph/internal.h"

#include "format/base/cleanup.h"
#include "format/base/huge.h"
#include "format/base/vector.h"

#include <string.h>

/* Whether the mapping @object has every key for its own value. */
static bool is_listing(const struct hs_objects *objects, hs_id object)
{
	const hs_id *edges = objects->edges + objects->first_edge[object];
	uint64_t degree = objects->first_edge[(size_t)object + 1] - objects->first_edge[object];
	bool apart = true; /* all values, then all keys */
	bool turns = true; /* value, key, value, key */

	if (!degree || degree % 2)
		return false;
	for (uint64_t i = 0; (apart || turns) && i < degree / 2; i++) {
		apart = apart && edges[i] == edges[i + degree / 2];
		turns = turns && edges[2 * i] == edges[2 * i + 1];
	}
	return apart || turns;
}

bool hs_find_listings(const struct hs_snapshot *snap, hs_id **ret, size_t *ret_count)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	/* Each is looked at once, though it may be a root many times. */
	_cleanup_free_ uint64_t *seen = hs_bits_create(objects->count);
	HS_VECTOR(hs_id) tables = {0};
	const struct hs_type *types;
	const struct hs_root *roots;
	uint32_t type_count;
	size_t count;

	if (!seen)
		return false;
	roots = hs_snapshot_roots(snap, &count);
	types = hs_snapshot_types(snap, &type_count);
	for (size_t i = 0; objects->type && i < count; i++) {
		hs_id object = roots[i].object;

		if (roots[i].rank != HS_ROOT_INTERNAL ||
		    types[objects->type[object]].role != HS_ROLE_MAPPING || hs_bit(seen, object))
			continue;
		hs_bit_set(seen, object);
		if (is_listing(objects, object) && !hs_vector_push(&tables, object)) {
			hs_vector_deinit(&tables);
			return false;
		}
	}
	*ret = tables.data;
	*ret_count = tables.size;
	return true;
}

static bool find_tables(struct hs_holding *holding)
{
	const struct hs_objects *objects = holding->objects;

	if (!hs_find_listings(holding->snap, &holding->tables, &holding->table_count))
		return false;
	for (size_t i = 0; i < holding->table_count; i++) {
		hs_id table = holding->tables[i];

		for (uint64_t edge = objects->first_edge[table];
		     edge < objects->first_edge[(size_t)table + 1]; edge++)
			hs_bit_set(holding->idle, edge);
	}
	return true;
}

static bool is_namespace(const struct hs_holding *holding, hs_id object)
{
	const hs_id *owners = holding->objects->owner;

	return owners && owners[object] != HS_NONE && hs_bit(holding->module, owners[object]);
}

/* The namespaces of the modules that are roots, by name. */
struct named {
	struct hs_str name;
	hs_id module;
	hs_id namespace;
};

static int compare_modules(const void *left, const void *right)
{
	const struct named *a = left;
	const struct named *b = right;

	return (a->module > b->module) - (a->module < b->module);
}

static int compare_names(const void *left, const void *right)
{
	struct hs_str a = ((const struct named *)left)->name;
	struct hs_str b = ((const struct named *)right)->name;
	size_t size = a.size < b.size ? a.size : b.size;
	int order = size ? memcmp(a.data, b.data, size) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* The namespace of @module, HS_NONE if it does not refer to it. */
static hs_id namespace_of(const struct hs_objects *objects, hs_id module)
{
	for (uint64_t edge = objects->first_edge[module];
	     edge < objects->first_edge[(size_t)module + 1]; edge++)
		if (objects->owner[objects->edges[edge]] == module)
			return objects->edges[edge];
	return HS_NONE;
}

/* Fill in @home of classes: where they say that they are from, whether they are there or not. */
static bool ask_classes(const struct hs_holding *holding, hs_id *home)
{
	const struct hs_type *types;
	const struct hs_root *roots;
	size_t used = 0;
	size_t count;
	uint32_t type_count;

	roots = hs_snapshot_roots(holding->snap, &count);
	types = hs_snapshot_types(holding->snap, &type_count);
	_cleanup_free_ struct named *named = calloc(count + 1, sizeof(*named));

	if (!named)
		return false;
	for (size_t i = 0; i < count; i++)
		if (roots[i].rank == HS_ROOT_MODULE)
			named[used++] = (struct named){roots[i].name, roots[i].object, HS_NONE};
	/* Some have several names, and are looked at once. */
	qsort(named, used, sizeof(*named), compare_modules);
	for (size_t i = 0; i < used; i++)
		named[i].namespace = i && named[i].module == named[i - 1].module
					     ? named[i - 1].namespace
					     : namespace_of(holding->objects, named[i].module);
	qsort(named, used, sizeof(*named), compare_names);
	for (uint32_t i = 0; i < type_count; i++) {
		const struct named key = {.name = types[i].module};
		const struct named *found;

		found = types[i].object == HS_NONE
				? NULL
				: bsearch(&key, named, used, sizeof(*named), compare_names);
		if (found)
			home[types[i].object] = found->namespace;
	}
	return true;
}

/* Whether @object is a function whose globals @namespace is. */
static bool is_function_of(const struct hs_holding *holding, hs_id object, hs_id namespace)
{
	const struct hs_objects *objects = holding->objects;
	const struct hs_type *types;
	uint32_t count;

	types = hs_snapshot_types(holding->snap, &count);
	if (types[objects->type[object]].role != HS_ROLE_FUNCTION)
		return false;
	for (uint64_t edge = objects->first_edge[object];
	     edge < objects->first_edge[(size_t)object + 1]; edge++)
		if (objects->edges[edge] == namespace)
			return true;
	return false;
}

/* Who is at home in @namespace, which is itself at home in its module. */
static void welcome(struct hs_holding *holding, hs_id *home, hs_id namespace)
{
	const struct hs_objects *objects = holding->objects;

	hs_bit_set(holding->homed, namespace);
	home[namespace] = objects->owner[namespace];
	for (uint64_t edge = objects->first_edge[namespace];
	     edge < objects->first_edge[(size_t) namespace + 1]; edge++) {
		hs_id object = objects->edges[edge];

		if (home[object] != namespace && !is_function_of(holding, object, namespace))
			continue;
		home[object] = namespace;
		hs_bit_set(holding->homed, object);
	}
}

/* References from elsewhere to what is at home somewhere. */
static bool mark_strangers(struct hs_holding *holding)
{
	const struct hs_objects *objects = holding->objects;
	_cleanup_free_ hs_id *home = hs_huge_alloc(objects->count, sizeof(*home));

	if (!home)
		return false;
	memset(home, 0xff, (size_t)objects->count * sizeof(*home));
	if (!ask_classes(holding, home))
		return false;
	for (hs_id object = 0; object < objects->count; object++)
		if (is_namespace(holding, object))
			welcome(holding, home, object);
	for (hs_id object = 0; object < objects->count; object++) {
		uint64_t end = objects->first_edge[(size_t)object + 1];

		for (uint64_t edge = objects->first_edge[object]; edge < end; edge++) {
			hs_id target = objects->edges[edge];

			if (hs_bit(holding->homed, target) && home[target] != object)
				hs_bit_set(holding->idle, edge);
		}
	}
	return true;
}

static void mark_entries(struct hs_holding *holding)
{
	const struct hs_objects *objects = holding->objects;
	const uint16_t *flags = objects->flags;
	const struct hs_root *roots;
	size_t count;

	roots = hs_snapshot_roots(holding->snap, &count);
	for (size_t i = 0; i < count; i++)
		if (!hs_bit(holding->homed, roots[i].object))
			hs_bit_set(holding->entry, roots[i].object);
	for (hs_id object = 0; flags && object < objects->count; object++)
		if (flags[object] & (HS_OBJECT_IMMORTAL | HS_OBJECT_STATIC))
			hs_bit_set(holding->entry, object);
}

bool hs_holding_init(struct hs_holding *holding, const struct hs_snapshot *snap)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	const struct hs_root *roots;
	size_t count;

	*holding = (struct hs_holding){
		.snap = snap,
		.objects = objects,
		.idle = hs_bits_create(objects->edge_count),
		.entry = hs_bits_create(objects->count),
		.module = hs_bits_create(objects->count),
		.homed = hs_bits_create(objects->count),
	};
	if (!holding->idle || !holding->entry || !holding->module || !holding->homed)
		return false;
	roots = hs_snapshot_roots(snap, &count);
	for (size_t i = 0; i < count; i++)
		if (roots[i].rank == HS_ROOT_MODULE)
			hs_bit_set(holding->module, roots[i].object);
	if (objects->owner && objects->type && !mark_strangers(holding))
		return false;
	mark_entries(holding);
	return hs_mark_weak(snap, holding->idle) && find_tables(holding);
}

void hs_holding_deinit(struct hs_holding *holding)
{
	free(holding->idle);
	free(holding->entry);
	free(holding->module);
	free(holding->homed);
	free(holding->tables);
	*holding = (struct hs_holding){0};
}
