/* SPDX-License-Identifier: MIT */
/* forest.c: the breadth-first spanning forest over which objects are reached from the roots. */
#include "libsnap/graph/internal.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/base/vector.h"

#include <stdlib.h>
#include <string.h>

/*
 * References that say little of why something is there: from an instance to its class, to a
 * module's namespace as globals, from a frame to whatever it has.  They are followed only where no
 * others lead.
 */
struct generic {
	hs_id class;	/* of the object at hand: a reference to it is generic; HS_NONE: none */
	bool namespace; /* those to namespaces of modules are */
	bool all;
};

/* An object with such references, @depth references behind its root. */
struct postponed {
	hs_id object;
	uint32_t depth;
};

/* A breadth-first search under way: order[0 .. done) is visited, order[done .. end) waits. */
struct search {
	const struct hs_snapshot *snap;
	const struct hs_objects *objects;
	const struct hs_type *types;
	const struct hs_weakness *weakness;
	struct hs_forest *forest;
	hs_id done;
	hs_id end;
	struct generic generic; /* of the object at hand */
	bool found;		/* a generic reference of it to something not seen yet */
	bool failed;		/* memory ran out */
	HS_VECTOR(struct postponed) postponed;
};

/* What forest->parent says before an object is seen. */
#define UNSEEN (UINT64_MAX - 2)

static void search_start(struct search *search, hs_id object, uint64_t parent)
{
	if (search->forest->parent[object] != UNSEEN)
		return;
	search->forest->parent[object] = parent;
	search->forest->order[search->end++] = object;
}

/* Whether @object is the namespace of a module. */
static bool is_globals(const struct search *search, hs_id object)
{
	const struct hs_objects *objects = search->objects;
	hs_id owner = objects->owner ? objects->owner[object] : HS_NONE;

	return owner != HS_NONE && search->types[objects->type[owner]].role == HS_ROLE_MODULE;
}

static bool is_generic(const struct search *search, hs_id target)
{
	const struct generic *generic = &search->generic;

	return target == generic->class || generic->all ||
	       (generic->namespace && is_globals(search, target));
}

static void visit_all(void *context, uint64_t edge, uint64_t end)
{
	struct search *search = context;
	const hs_id *edges = search->objects->edges;
	uint64_t *parent = search->forest->parent;

	for (; edge < end; edge++) {
		hs_id target = edges[edge];

		if (parent[target] != UNSEEN)
			continue;
		if (is_generic(search, target)) {
			search->found = true;
			continue;
		}
		parent[target] = edge;
		search->forest->order[search->end++] = target;
	}
}

/* Length of run @run, of @total references in the part that it belongs to. */
static uint64_t run_length(const struct hs_shape *shape, uint32_t run, uint64_t total)
{
	uint32_t start = run < shape->first_hidden ? 0 : shape->first_hidden;
	uint32_t end = run < shape->first_hidden ? shape->first_hidden : shape->count;
	uint64_t fixed = 0;

	if (shape->runs[run].count)
		return shape->runs[run].count;
	for (uint32_t i = start; i < end; i++)
		fixed += shape->runs[i].count;
	return total > fixed ? total - fixed : 0;
}

/*
 * Call @visit for the references of @object, whose runs are @shape's, that are weak, or for those
 * that are not: a stretch of edges at a time.
 */
static void visit_by_run(const struct hs_objects *objects, hs_id object,
			 const struct hs_shape *shape, bool weak,
			 void (*visit)(void *context, uint64_t edge, uint64_t end), void *context)
{
	uint64_t edge = objects->first_edge[object];
	uint64_t end = objects->first_edge[object + 1];
	uint64_t visible = objects->visible[object];

	for (uint32_t run = 0; run < shape->count && edge < end; run++) {
		uint64_t part = run < shape->first_hidden
					? visible
					: end - objects->first_edge[object] - visible;
		uint64_t length = run_length(shape, run, part);

		if (length > end - edge)
			length = end - edge;
		if ((shape->runs[run].strength == HS_WEAK) == weak)
			visit(context, edge, edge + length);
		edge += length;
	}
}

static struct generic generic_of(const struct search *search, hs_id object)
{
	const struct hs_type *type;

	if (!search->objects->type)
		return (struct generic){.class = HS_NONE};
	type = &search->types[search->objects->type[object]];
	switch (type->role) {
	case HS_ROLE_FRAME:
		return (struct generic){.class = HS_NONE, .all = true};
	case HS_ROLE_FUNCTION:
	case HS_ROLE_METHOD:
	case HS_ROLE_GENERATOR:
		return (struct generic){.class = type->object, .namespace = true};
	case HS_ROLE_OTHER:
	case HS_ROLE_INSTANCE:
	case HS_ROLE_MAPPING:
	case HS_ROLE_SEQUENCE:
	case HS_ROLE_TUPLE:
	case HS_ROLE_SET:
	case HS_ROLE_STRING:
	case HS_ROLE_BYTES:
	case HS_ROLE_NUMBER:
	case HS_ROLE_TYPE:
	case HS_ROLE_MODULE:
	case HS_ROLE_CODE:
	case HS_ROLE_CELL:
	case HS_ROLE_WEAKREF:
	case HS_ROLE_COUNT:
		break;
	}
	return (struct generic){.class = type->object};
}

static void visit(struct search *search, hs_id object)
{
	const struct hs_objects *objects = search->objects;
	const struct hs_shape *shapes;
	uint32_t shape = objects->shape[object];
	uint32_t count;

	if (!search->weakness->some[shape]) {
		visit_all(search, objects->first_edge[object], objects->first_edge[object + 1]);
		return;
	}
	shapes = hs_snapshot_shapes(search->snap, &count);
	visit_by_run(objects, object, &shapes[shape], false, visit_all, search);
}

/* Visit what is at @depth: order[done .. end). */
static void visit_depth(struct search *search, uint32_t depth)
{
	for (hs_id end = search->end; search->done < end;) {
		hs_id object = search->forest->order[search->done++];
		struct postponed postponed = {.object = object, .depth = depth};

		search->found = false;
		search->generic = generic_of(search, object);
		visit(search, object);
		if (search->found && !hs_vector_push(&search->postponed, postponed))
			search->failed = true;
	}
}

/*
 * Go on until nothing waits that is reached without further generic references.  What those of
 * @before[0 .. count) lead to, in the order of depths, comes in where its depth does.
 */
static void search_level(struct search *search, const struct postponed *before, size_t count)
{
	uint32_t depth = 0;
	size_t next = 0;

	while (search->done < search->end || next < count) {
		if (search->done == search->end)
			depth = before[next].depth;
		visit_depth(search, depth);
		search->generic = (struct generic){.class = HS_NONE};
		for (; next < count && before[next].depth == depth; next++)
			visit(search, before[next].object);
		depth++;
	}
}

/* Go on until nothing waits: first without generic references, then over one, and so on. */
static void search_run(struct search *search)
{
	search_level(search, NULL, 0);
	while (search->postponed.size) {
		struct postponed *before = search->postponed.data;
		size_t count = search->postponed.size;

		search->postponed.data = NULL;
		search->postponed.size = search->postponed.capacity = 0;
		search_level(search, before, count);
		free(before);
	}
}

static void search_roots(struct search *search)
{
	const struct hs_root *roots;
	size_t count;

	roots = hs_snapshot_roots(search->snap, &count);
	for (uint32_t rank = 0; rank < HS_ROOT_RANK_COUNT; rank++) {
		if (rank == HS_ROOT_INTERNAL)
			search->forest->named = search->end;
		for (size_t i = 0; i < count; i++)
			if (roots[i].rank == rank)
				search_start(search, roots[i].object, HS_PARENT_ROOT);
		search_run(search);
	}
	search->forest->reached = search->end;
}

/* What paths must not lead over counts as not reached; it is looked into all the same. */
static void search_avoided(struct search *search, const hs_id *avoid, size_t count)
{
	for (size_t i = 0; i < count; i++)
		search->forest->parent[avoid[i]] = UNSEEN;
	for (size_t i = 0; i < count; i++)
		search_start(search, avoid[i], HS_PARENT_NONE);
	search_run(search);
}

/* Mark what unreached objects refer to, other than themselves. */
static void mark_referents(const struct search *search, uint8_t *referred)
{
	const struct hs_objects *objects = search->objects;

	for (hs_id object = 0; object < objects->count; object++) {
		if (search->forest->parent[object] != UNSEEN)
			continue;
		for (uint64_t edge = objects->first_edge[object];
		     edge < objects->first_edge[object + 1]; edge++)
			if (objects->edges[edge] != object)
				referred[objects->edges[edge]] = 1;
	}
}

/* The last phase: what no root reaches. */
static bool search_rest(struct search *search)
{
	hs_id count = search->objects->count;
	_cleanup_free_ uint8_t *referred = NULL;

	if (search->end == count)
		return true;
	referred = calloc(count, 1);
	if (!referred)
		return false;
	mark_referents(search, referred);
	for (hs_id object = 0; object < count; object++)
		if (!referred[object])
			search_start(search, object, HS_PARENT_NONE);
	search_run(search);
	for (hs_id object = 0; object < count; object++) {
		search_start(search, object, HS_PARENT_NONE);
		search_run(search);
	}
	return true;
}

struct hs_error *hs_forest_init(struct hs_forest *forest, const struct hs_snapshot *snap,
				const hs_id *avoid, size_t avoid_count)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	size_t count = objects->count ? objects->count : 1;
	struct hs_weakness weakness;
	uint32_t type_count;
	struct search search = {
		.snap = snap,
		.objects = objects,
		.types = hs_snapshot_types(snap, &type_count),
		.weakness = &weakness,
		.forest = forest,
	};
	bool complete;

	forest->named = forest->reached = 0;
	forest->parent = hs_huge_alloc(count, sizeof(*forest->parent));
	forest->order = hs_huge_alloc(count, sizeof(*forest->order));
	if (!forest->parent || !forest->order || !hs_weakness_init(&weakness, snap))
		return &hs_enomem;
	for (hs_id i = 0; i < objects->count; i++)
		forest->parent[i] = UNSEEN;
	for (size_t i = 0; i < avoid_count; i++)
		forest->parent[avoid[i]] = HS_PARENT_NONE;
	search_roots(&search);
	search_avoided(&search, avoid, avoid_count);
	complete = search_rest(&search) && !search.failed;
	hs_weakness_deinit(&weakness);
	hs_vector_deinit(&search.postponed);
	return complete ? NULL : &hs_enomem;
}

void hs_forest_deinit(struct hs_forest *forest)
{
	free(forest->parent);
	free(forest->order);
	*forest = (struct hs_forest){0};
}

bool hs_weakness_init(struct hs_weakness *weakness, const struct hs_snapshot *snap)
{
	const struct hs_shape *shapes;
	uint32_t count;

	shapes = hs_snapshot_shapes(snap, &count);
	weakness->snap = snap;
	weakness->some = calloc(count ? count : 1, 1);
	if (!weakness->some)
		return false;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t run = 0; run < shapes[i].count; run++)
			weakness->some[i] |= shapes[i].runs[run].strength == HS_WEAK;
	return true;
}

void hs_weakness_deinit(struct hs_weakness *weakness)
{
	free(weakness->some);
	weakness->some = NULL;
}

bool hs_weakness_slot(const struct hs_weakness *weakness, hs_id object, uint32_t slot)
{
	return hs_snapshot_label(weakness->snap, object, slot).strength == HS_WEAK;
}

static void set_bits(void *context, uint64_t edge, uint64_t end)
{
	for (; edge < end; edge++)
		hs_bit_set(context, edge);
}

bool hs_mark_weak(const struct hs_snapshot *snap, uint64_t *bits)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	const struct hs_shape *shapes;
	struct hs_weakness weakness;
	uint32_t count;

	if (!hs_weakness_init(&weakness, snap))
		return false;
	shapes = hs_snapshot_shapes(snap, &count);
	for (hs_id object = 0; object < objects->count; object++)
		if (weakness.some[objects->shape[object]])
			visit_by_run(objects, object, &shapes[objects->shape[object]], true,
				     set_bits, bits);
	hs_weakness_deinit(&weakness);
	return true;
}
