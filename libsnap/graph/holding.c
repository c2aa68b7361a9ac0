/* SPDX-License-Identifier: MIT */
/* holding.c: which references keep their target alive, and what is alive by itself. */
#include "libsnap/graph/internal.h"

#include "format/base/cleanup.h"

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

static bool add_table(struct hs_holding *holding, hs_id object)
{
	const struct hs_objects *objects = holding->objects;
	hs_id *tables;

	for (size_t i = 0; i < holding->table_count; i++)
		if (holding->tables[i] == object)
			return true;
	tables = reallocarray(holding->tables, holding->table_count + 1, sizeof(*tables));
	if (!tables)
		return false;
	holding->tables = tables;
	tables[holding->table_count++] = object;
	for (uint64_t edge = objects->first_edge[object];
	     edge < objects->first_edge[(size_t)object + 1]; edge++)
		hs_bit_set(holding->idle, edge);
	return true;
}

static bool find_tables(struct hs_holding *holding)
{
	const struct hs_objects *objects = holding->objects;
	const struct hs_type *types;
	const struct hs_root *roots;
	uint32_t type_count;
	size_t count;

	roots = hs_snapshot_roots(holding->snap, &count);
	types = hs_snapshot_types(holding->snap, &type_count);
	for (size_t i = 0; objects->type && i < count; i++)
		if (roots[i].rank == HS_ROOT_INTERNAL &&
		    types[objects->type[roots[i].object]].role == HS_ROLE_MAPPING &&
		    is_listing(objects, roots[i].object) && !add_table(holding, roots[i].object))
			return false;
	return true;
}

/* References to namespaces from elsewhere than their module. */
static bool mark_namespaces(struct hs_holding *holding)
{
	const struct hs_objects *objects = holding->objects;
	_cleanup_free_ uint64_t *namespace = hs_bits_create(objects->count);

	if (!namespace)
		return false;
	for (hs_id object = 0; object < objects->count; object++)
		if (hs_holding_is_namespace(holding, object))
			hs_bit_set(namespace, object);
	for (hs_id object = 0; object < objects->count; object++) {
		uint64_t end = objects->first_edge[(size_t)object + 1];

		for (uint64_t edge = objects->first_edge[object]; edge < end; edge++) {
			hs_id target = objects->edges[edge];

			if (hs_bit(namespace, target) && objects->owner[target] != object)
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
		if (!hs_holding_is_namespace(holding, roots[i].object))
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
	};
	if (!holding->idle || !holding->entry || !holding->module)
		return false;
	roots = hs_snapshot_roots(snap, &count);
	for (size_t i = 0; i < count; i++)
		if (roots[i].rank == HS_ROOT_MODULE)
			hs_bit_set(holding->module, roots[i].object);
	mark_entries(holding);
	if (objects->owner && !mark_namespaces(holding))
		return false;
	return hs_mark_weak(snap, holding->idle) && find_tables(holding);
}

void hs_holding_deinit(struct hs_holding *holding)
{
	free(holding->idle);
	free(holding->entry);
	free(holding->module);
	free(holding->tables);
	*holding = (struct hs_holding){0};
}
