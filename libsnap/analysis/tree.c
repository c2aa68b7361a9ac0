/* SPDX-License-Identifier: MIT */
/* tree.c: the largest part of the dominator tree. */
#include "libsnap/analysis/children.h"
#include "libsnap/analysis/item.h"
#include "libsnap/analysis/place.h"

#include "libsnap/graph/bits.h"
#include "libsnap/graph/internal.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"
#include "format/base/vector.h"

#include <stdlib.h>

/*
 * A node that may be next: of the children of one object, sorted, the first that was not taken.
 * The largest of all candidates is at the top of a heap.
 */
struct candidate {
	uint64_t retained;
	hs_id object;
	hs_id next;    /* where its next sibling is in children[] */
	hs_id end;     /* and where they end */
	size_t parent; /* row */
};

struct grower {
	struct hs_tables tables;
	const struct hs_graph *graph;
	struct hs_arena *arena;
	const hs_id *tops; /* what is asked for; none: what nothing dominates */
	size_t top_count;
	size_t distinct;	     /* of them */
	uint64_t *is_top;	     /* a bit per object */
	uint32_t levels;	     /* 0: all */
	struct hs_children children; /* siblings are sorted when they are first looked at */
	HS_VECTOR(struct candidate) heap;
	HS_VECTOR(struct hs_tree_row) rows;
};

static void grower_deinit(struct grower *grower)
{
	hs_children_deinit(&grower->children);
	free(grower->is_top);
	hs_vector_deinit(&grower->heap);
	hs_vector_deinit(&grower->rows);
}

#define _cleanup_grower_ __attribute__((cleanup(grower_deinit)))

static bool is_before(const struct candidate *a, const struct candidate *b)
{
	return a->retained != b->retained ? a->retained > b->retained : a->object < b->object;
}

static bool heap_push(struct grower *grower, struct candidate candidate)
{
	struct candidate *data;
	size_t at = grower->heap.size;

	if (!hs_vector_push(&grower->heap, candidate))
		return false;
	data = grower->heap.data;
	for (; at && is_before(&candidate, &data[(at - 1) / 2]); at = (at - 1) / 2)
		data[at] = data[(at - 1) / 2];
	data[at] = candidate;
	return true;
}

static struct candidate heap_pop(struct grower *grower)
{
	struct candidate *data = grower->heap.data;
	struct candidate top = data[0];
	struct candidate last = data[--grower->heap.size];
	size_t size = grower->heap.size;
	size_t at = 0;

	for (size_t child; (child = 2 * at + 1) < size; at = child) {
		if (child + 1 < size && is_before(&data[child + 1], &data[child]))
			child++;
		if (!is_before(&data[child], &last))
			break;
		data[at] = data[child];
	}
	data[at] = last;
	return top;
}

static bool push_sibling(struct grower *grower, hs_id next, hs_id end, size_t parent)
{
	if (next == end)
		return true;
	return heap_push(grower, (struct candidate){
					 .object = grower->children.children[next],
					 .retained = hs_graph_retained(
						 grower->graph, grower->children.children[next]),
					 .next = next + 1,
					 .end = end,
					 .parent = parent,
				 });
}

static int compare_children(const void *left, const void *right, void *context)
{
	const struct hs_graph *graph = context;
	hs_id a = *(const hs_id *)left;
	hs_id b = *(const hs_id *)right;
	uint64_t bytes[2] = {hs_graph_retained(graph, a), hs_graph_retained(graph, b)};

	if (bytes[0] != bytes[1])
		return bytes[0] < bytes[1] ? 1 : -1;
	return (a > b) - (a < b);
}

/* The children of @object become candidates, below row @parent. */
static bool push_children(struct grower *grower, hs_id object, size_t parent)
{
	hs_id first = grower->children.first[hs_children_row(object)];
	hs_id end = grower->children.first[hs_children_row(object) + 1];

	qsort_r(grower->children.children + first, end - first, sizeof(first), compare_children,
		(void *)(uintptr_t)grower->graph);
	return push_sibling(grower, first, end, parent);
}

static bool is_namespace_of_dominator(const struct grower *grower, hs_id object)
{
	const hs_id *owners = grower->tables.objects->owner;
	hs_id dominator = hs_graph_dominator(grower->graph, object);

	return owners && dominator != HS_NONE && owners[object] == dominator &&
	       !hs_bit(grower->is_top, object);
}

/* What a path calls @object, below its dominator if that is where the path comes from. */
static struct hs_error *find_label(const struct grower *grower, hs_id object, struct hs_str *ret)
{
	uint64_t edge = hs_graph_parent(grower->graph, object);
	hs_id dominator = hs_graph_dominator(grower->graph, object);
	struct hs_place place;
	struct hs_error *err;
	bool found;

	if (dominator == HS_NONE || hs_bit(grower->is_top, object)) {
		err = hs_place_describe(&grower->tables, grower->graph, object, HS_NONE,
					grower->arena, &place, &found);
		if (!err)
			*ret = found ? place.label : hs_str_of("(garbage)");
		return err;
	}
	if (edge >= HS_PARENT_NONE) {
		*ret = hs_str_of("…");
		return NULL;
	}
	err = hs_place_link(&grower->tables, hs_graph_edge_source(grower->graph, edge), edge, false,
			    grower->arena, ret);
	if (!err && hs_graph_edge_source(grower->graph, edge) != dominator) {
		/* By way of something in between, one of several. */
		static const char between[] = "…";
		size_t size = sizeof(between) - 1 + ret->size;
		char *text = hs_arena_alloc(grower->arena, size);

		if (!text)
			return &hs_enomem;
		memcpy(text, between, sizeof(between) - 1);
		memcpy(text + sizeof(between) - 1, ret->data, ret->size);
		*ret = (struct hs_str){.data = text, .size = size};
	}
	return err;
}

static struct hs_error *add_row(struct grower *grower, const struct candidate *candidate)
{
	struct hs_tree_row row = {.parent = candidate->parent};
	struct hs_error *err;

	if (row.parent != SIZE_MAX)
		row.depth = grower->rows.data[row.parent].depth + 1;
	if (!hs_item_fill(&grower->tables, grower->graph, candidate->object, grower->arena,
			  &row.item))
		return &hs_enomem;
	err = find_label(grower, candidate->object, &row.label);
	if (!err && !hs_vector_push(&grower->rows, row))
		err = &hs_enomem;
	return err;
}

/* Each of what is asked for is a candidate; one that is named twice is one. */
static bool push_tops(struct grower *grower)
{
	for (size_t i = 0; i < grower->top_count; i++) {
		hs_id object = grower->tops[i];

		if (hs_bit(grower->is_top, object))
			continue;
		hs_bit_set(grower->is_top, object);
		grower->distinct++;
		if (!heap_push(grower, (struct candidate){
					       .object = object,
					       .retained = hs_graph_retained(grower->graph, object),
					       .parent = SIZE_MAX,
				       }))
			return false;
	}
	/* Of many one may be below another. */
	if (grower->distinct > 1)
		grower->levels = 1;
	return true;
}

/* Take the largest candidates, each with its children as further ones. */
static struct hs_error *grow(struct grower *grower, size_t limit)
{
	while (grower->heap.size && (!limit || grower->rows.size < limit)) {
		struct candidate candidate = heap_pop(grower);
		size_t below = candidate.parent;
		struct hs_error *err;

		if (!push_sibling(grower, candidate.next, candidate.end, candidate.parent))
			return &hs_enomem;
		if (!is_namespace_of_dominator(grower, candidate.object)) {
			below = grower->rows.size;
			err = add_row(grower, &candidate);
			if (err)
				return err;
		}
		if (grower->levels && below != SIZE_MAX &&
		    grower->rows.data[below].depth + 1 >= grower->levels)
			continue;
		if (!push_children(grower, candidate.object, below))
			return &hs_enomem;
	}
	return NULL;
}

/*
 * From the order of sizes to that of a tree: each row behind its parent or the siblings before it
 * with all that is below them.  Rows that have one parent are a list already.
 */
static bool arrange(struct grower *grower, struct hs_tree *tree)
{
	size_t count = grower->rows.size;
	size_t *child = calloc(count + 1, sizeof(*child)); /* the first, + 1; of none at [count] */
	size_t *sibling = calloc(count + 1, sizeof(*sibling));
	size_t *place = calloc(count + 1, sizeof(*place));
	size_t at = 0;

	tree->rows = hs_arena_array(grower->arena, count ? count : 1, sizeof(*tree->rows));
	if (!child || !sibling || !place || !tree->rows) {
		free(child);
		free(sibling);
		free(place);
		return false;
	}
	for (size_t i = count; i-- > 0;) {
		size_t parent = grower->rows.data[i].parent;

		parent = parent == SIZE_MAX ? count : parent;
		sibling[i] = child[parent];
		child[parent] = i + 1;
	}
	for (size_t i = child[count]; i;) {
		struct hs_tree_row row = grower->rows.data[i - 1];

		place[i - 1] = at;
		row.parent = row.parent == SIZE_MAX ? SIZE_MAX : place[row.parent];
		tree->rows[at++] = row;
		if (child[i - 1]) {
			i = child[i - 1];
			continue;
		}
		while (i && !sibling[i - 1])
			i = grower->rows.data[i - 1].parent + 1; /* SIZE_MAX: 0 */
		i = i ? sibling[i - 1] : 0;
	}
	tree->row_count = at;
	free(child);
	free(sibling);
	free(place);
	return true;
}

static void add_up(const struct grower *grower, struct hs_tree *tree)
{
	const struct hs_objects *objects = grower->tables.objects;

	for (hs_id object = 0; object < objects->count; object++) {
		bool garbage = hs_graph_is_garbage(grower->graph, object);

		tree->objects++;
		tree->bytes += objects->size[object];
		tree->garbage_objects += garbage;
		tree->garbage_bytes += garbage ? objects->size[object] : 0;
	}
}

/* The same of what is asked for: how much would go if all of that went. */
static struct hs_error *add_up_tops(const struct grower *grower, struct hs_tree *tree)
{
	hs_id held;
	struct hs_error *err = hs_graph_retained_set(grower->graph, grower->tops, grower->top_count,
						     &tree->bytes, &held);

	if (!err)
		tree->objects = held;
	return err;
}

/* How many rows there would be without a limit. */
static bool count_rows(const struct grower *grower, uint64_t *ret)
{
	HS_VECTOR(hs_id) stack = {0};
	hs_id top = grower->top_count ? grower->tops[0] : HS_NONE;
	bool done = hs_vector_push(&stack, top);

	*ret = 0;
	while (done && stack.size) {
		hs_id object = stack.data[--stack.size];
		hs_id end = grower->children.first[hs_children_row(object) + 1];

		*ret += object != HS_NONE && !is_namespace_of_dominator(grower, object);
		for (hs_id i = grower->children.first[hs_children_row(object)]; done && i < end;
		     i++)
			done = hs_vector_push(&stack, grower->children.children[i]);
	}
	hs_vector_deinit(&stack);
	return done;
}

static struct hs_error *make(struct grower *grower, size_t limit, struct hs_tree *tree)
{
	struct hs_error *err;
	bool done;

	grower->is_top = hs_bits_create(grower->tables.objects->count);
	if (!grower->is_top || !hs_children_init(&grower->children, grower->graph,
						 grower->tables.objects->count, false))
		return &hs_enomem;
	done = grower->top_count ? push_tops(grower) : push_children(grower, HS_NONE, SIZE_MAX);
	if (!done)
		return &hs_enomem;
	err = grow(grower, limit);
	if (err)
		return err;
	add_up(grower, tree);
	if (grower->top_count)
		err = add_up_tops(grower, tree);
	tree->row_total = grower->distinct;
	if (!err && grower->distinct < 2 && !count_rows(grower, &tree->row_total))
		err = &hs_enomem;
	if (!err && !arrange(grower, tree))
		err = &hs_enomem;
	return err;
}

struct hs_error *hs_tree_create(const struct hs_snapshot *snap, const struct hs_graph *graph,
				const hs_id *tops, size_t top_count, uint32_t levels, size_t limit,
				struct hs_tree **ret)
{
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	_cleanup_grower_ struct grower grower = {
		.tables = hs_tables_of(snap),
		.graph = graph,
		.arena = arena,
		.tops = tops,
		.top_count = top_count,
		.levels = levels,
	};
	struct hs_tree *tree = arena ? hs_arena_array(arena, 1, sizeof(*tree)) : NULL;
	struct hs_error *err;

	if (!tree)
		return &hs_enomem;
	err = make(&grower, limit, tree);
	if (err)
		return err;
	tree->gaps = hs_snapshot_gap_total(snap);
	tree->arena = hs_steal(arena);
	*ret = tree;
	return NULL;
}

void hs_tree_destroy(struct hs_tree *tree)
{
	if (tree)
		hs_arena_destroy(tree->arena);
}
