/* SPDX-License-Identifier: MIT */
/* merge.c: the ways to many objects, those with the same names being one. */
#include "libsnap/analysis/item.h"
#include "libsnap/analysis/keymap.h"
#include "libsnap/analysis/place.h"

#include "libsnap/graph/bits.h"
#include "libsnap/graph/internal.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/base/str.h"

#include <stdlib.h>

enum { LABEL_STEPS = 24 }; /* of a longer label, the first and the last half are shown */

/* One place: what is reached from the place above by references of one name. */
struct node {
	uint32_t parent; /* HS_NONE: a root */
	uint32_t label;	 /* string */
	uint64_t count;
	uint64_t own;
	uint64_t bytes;
	uint32_t children; /* places below */
	uint32_t type;	   /* of the first object here */
	bool repeated;
};

struct merger {
	struct hs_tables tables;
	const struct hs_graph *graph;
	const struct hs_forest *forest;
	struct hs_arena *arena;	  /* what lasts */
	struct hs_arena *scratch; /* what does not */
	struct hs_strtab labels;
	struct hs_keymap places; /* parent and label, by number of the node */
	HS_VECTOR(struct node) nodes;
	uint64_t *members; /* a bit per object */
	uint64_t *needed;  /* the same: members and what leads to them */
	uint32_t *node_of; /* by object, if it is needed */
	hs_id *root_of;	   /* by object that is a root: which */
};

static void merger_deinit(struct merger *merger)
{
	hs_arena_destroy(merger->scratch);
	hs_strtab_deinit(&merger->labels);
	hs_keymap_deinit(&merger->places);
	hs_vector_deinit(&merger->nodes);
	free(merger->members);
	free(merger->needed);
	free(merger->node_of);
	free(merger->root_of);
}

#define _cleanup_merger_ __attribute__((cleanup(merger_deinit)))

static bool merger_init(struct merger *merger)
{
	hs_id count = merger->tables.objects->count;

	merger->scratch = hs_arena_create();
	merger->members = hs_bits_create(count);
	merger->needed = hs_bits_create(count);
	merger->node_of = hs_huge_alloc(count, sizeof(*merger->node_of));
	merger->root_of = hs_huge_alloc(count, sizeof(*merger->root_of));
	return merger->scratch && merger->members && merger->needed && merger->node_of &&
	       merger->root_of && hs_strtab_init(&merger->labels, merger->scratch);
}

/* Mark the members and what the ways to them lead over; count those that nothing reaches. */
static void mark(struct merger *merger, const hs_id *set, size_t count, struct hs_merged *merged)
{
	const uint64_t *sizes = merger->tables.objects->size;

	for (size_t i = 0; i < count; i++) {
		hs_id at = set[i];
		uint64_t edge;

		if (hs_bit(merger->members, at))
			continue;
		hs_bit_set(merger->members, at);
		merged->count++;
		merged->bytes += sizes[at];
		if (hs_graph_parent(merger->graph, at) == HS_PARENT_NONE) {
			merged->unreached++;
			merged->unreached_bytes += sizes[at];
			continue;
		}
		while (!hs_bit(merger->needed, at)) {
			hs_bit_set(merger->needed, at);
			edge = hs_graph_parent(merger->graph, at);
			if (edge >= HS_PARENT_NONE)
				break;
			at = hs_graph_edge_source(merger->graph, edge);
		}
	}
}

/* The root with the best name for each object that is one. */
static void find_roots(struct merger *merger)
{
	size_t count;
	const struct hs_root *roots = hs_snapshot_roots(merger->tables.snap, &count);

	for (size_t i = 0; i < count; i++)
		merger->root_of[roots[i].object] = HS_NONE;
	for (size_t i = 0; i < count; i++) {
		hs_id *best = &merger->root_of[roots[i].object];

		if (*best == HS_NONE || roots[i].rank < roots[*best].rank)
			*best = (hs_id)i;
	}
}

/*
 * Whether objects of @type that @label leads to below @parent are called like those there.  Of
 * places in containers two in a row are nothing special.
 */
static bool is_repetition(const struct merger *merger, uint32_t parent, uint32_t label,
			  uint32_t type)
{
	const struct node *node = parent == HS_NONE ? NULL : &merger->nodes.data[parent];

	return node && node->parent != HS_NONE && node->label == label && node->type == type;
}

/* The node below @parent with that label, which is made if there is none. */
static bool find_node(struct merger *merger, uint32_t parent, struct hs_str label, hs_id object,
		      uint32_t *ret)
{
	uint32_t type = merger->tables.objects->type[object];
	struct node node = {.parent = parent, .type = type};

	if (!hs_strtab_intern(&merger->labels, label, &node.label))
		return false;
	/* A linked list is one place, however long it is. */
	if (is_repetition(merger, parent, node.label, type) &&
	    (label.data[0] != '[' ||
	     is_repetition(merger, merger->nodes.data[parent].parent, node.label, type))) {
		merger->nodes.data[parent].repeated = true;
		*ret = parent;
		return true;
	}
	if (!hs_keymap_intern(&merger->places, (uint64_t)parent << 32 | node.label, ret))
		return false;
	if (*ret < merger->nodes.size)
		return true;
	if (parent != HS_NONE)
		merger->nodes.data[parent].children++;
	return hs_vector_push(&merger->nodes, node);
}

static bool is_namespace_of(const struct merger *merger, hs_id object, hs_id owner)
{
	const hs_id *owners = merger->tables.objects->owner;

	return owners && owners[object] == owner;
}

static struct hs_error *place(struct merger *merger, hs_id object)
{
	uint64_t edge = hs_graph_parent(merger->graph, object);
	hs_id source = HS_NONE;
	uint32_t *ret = &merger->node_of[object];
	struct hs_arena *scratch;
	struct hs_error *err;
	struct hs_str label;
	size_t count;

	scratch = merger->scratch;
	if (edge == HS_PARENT_ROOT) {
		const struct hs_root *roots = hs_snapshot_roots(merger->tables.snap, &count);

		err = hs_place_root(&merger->tables, &roots[merger->root_of[object]], scratch,
				    &label);
	} else {
		source = hs_graph_edge_source(merger->graph, edge);
		if (is_namespace_of(merger, object, source)) {
			*ret = merger->node_of[source];
			return NULL;
		}
		err = hs_place_link(&merger->tables, source, edge, true, scratch, &label);
	}
	if (err)
		return err;
	return find_node(merger, source == HS_NONE ? HS_NONE : merger->node_of[source], label,
			 object, ret)
		       ? NULL
		       : &hs_enomem;
}

static struct hs_error *build(struct merger *merger)
{
	const struct hs_forest *forest = merger->forest;
	const uint64_t *sizes = merger->tables.objects->size;

	for (hs_id i = 0; i < forest->reached; i++) {
		hs_id object = forest->order[i];
		struct hs_error *err;
		struct node *node;

		if (!hs_bit(merger->needed, object))
			continue;
		err = place(merger, object);
		if (err)
			return err;
		if (!hs_bit(merger->members, object))
			continue;
		node = &merger->nodes.data[merger->node_of[object]];
		node->own++;
		node->count++;
		node->bytes += sizes[object];
	}
	/* Nodes stand behind those above them. */
	for (size_t i = merger->nodes.size; i-- > 0;) {
		const struct node *node = &merger->nodes.data[i];

		if (node->parent == HS_NONE)
			continue;
		merger->nodes.data[node->parent].count += node->count;
		merger->nodes.data[node->parent].bytes += node->bytes;
	}
	return NULL;
}

/* A place has a row if objects of the set are there, or the ways part. */
static bool has_row(const struct node *node)
{
	return node->own || node->children != 1;
}

/* The nodes with rows in the order in which they are shown. */
struct order {
	const struct merger *merger;
	uint32_t *above; /* by node: the next one above that has a row; HS_NONE: none */
	uint32_t *nodes;
	size_t count;
};

static int compare(const void *left, const void *right, void *context)
{
	const struct merger *merger = context;
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;
	uint64_t counts[2] = {merger->nodes.data[a].count, merger->nodes.data[b].count};

	if (counts[0] != counts[1])
		return counts[0] < counts[1] ? 1 : -1;
	return (a > b) - (a < b);
}

/* Whether step @step of @count steps from below is left out of a label, being in the middle. */
static bool is_cut(size_t step, size_t count)
{
	return count > LABEL_STEPS && step >= LABEL_STEPS / 2 && step < count - LABEL_STEPS / 2;
}

/* The label of @node behind that of the row above it: all in between, too. */
static bool join_labels(struct merger *merger, uint32_t node, uint32_t above, struct hs_str *ret)
{
	static const char cut[] = "…";
	const struct node *nodes = merger->nodes.data;
	size_t count = 0;
	size_t size = sizeof(cut);
	size_t step = 0;
	char *text;

	for (uint32_t at = node; at != above; at = nodes[at].parent)
		count++;
	for (uint32_t at = node; at != above; at = nodes[at].parent, step++)
		if (!is_cut(step, count))
			size += merger->labels.strings.data[nodes[at].label].size + 1;
	text = hs_arena_alloc(merger->arena, size);
	if (!text)
		return false;
	/* From the end to the beginning. */
	*ret = (struct hs_str){.data = text + size};
	step = 0;
	for (uint32_t at = node; at != above; at = nodes[at].parent, step++) {
		struct hs_str label = merger->labels.strings.data[nodes[at].label];

		if (step == LABEL_STEPS / 2 && is_cut(step, count))
			label = hs_str_of(cut);
		else if (is_cut(step, count))
			continue;
		else if (nodes[at].repeated)
			text[--size] = '*';
		size -= label.size;
		memcpy(text + size, label.data, label.size);
	}
	ret->size = (size_t)(ret->data - (text + size));
	ret->data = text + size;
	return true;
}

/*
 * Of the nodes with rows, sorted by count, the first @limit; a parent has at least its children's
 * count and a lower number, so that it is among them if they are.  Then in the order of a tree.
 */
static bool add_rows(struct merger *merger, struct order *order, size_t limit,
		     struct hs_merged *merged)
{
	size_t count = limit && limit < order->count ? limit : order->count;
	uint32_t *row_of = calloc(merger->nodes.size + 1, sizeof(*row_of));
	size_t *child = calloc(count + 1, sizeof(*child)); /* + 1; of those at depth 0 at [count] */
	size_t *sibling = calloc(count + 1, sizeof(*sibling));
	size_t *up = calloc(count + 1, sizeof(*up));
	size_t *place_of = calloc(count + 1, sizeof(*place_of));
	bool done = row_of && child && sibling && up && place_of;

	merged->rows = hs_arena_array(merger->arena, count + 1, sizeof(*merged->rows));
	done = done && merged->rows;
	for (size_t i = 0; done && i < count; i++)
		row_of[order->nodes[i]] = (uint32_t)i;
	for (size_t i = count; done && i-- > 0;) {
		uint32_t above = order->above[order->nodes[i]];

		up[i] = above == HS_NONE ? count : row_of[above];
		sibling[i] = child[up[i]];
		child[up[i]] = i + 1;
	}
	for (size_t i = done ? child[count] : 0; done && i;) {
		const struct node *node = &merger->nodes.data[order->nodes[i - 1]];
		struct hs_merged_row *row = &merged->rows[merged->row_count];

		*row = (struct hs_merged_row){
			.parent = SIZE_MAX,
			.count = node->count,
			.own = node->own,
			.bytes = node->bytes,
		};
		if (up[i - 1] != count) {
			row->parent = place_of[up[i - 1]];
			row->depth = merged->rows[row->parent].depth + 1;
		}
		place_of[i - 1] = merged->row_count++;
		done = join_labels(merger, order->nodes[i - 1], order->above[order->nodes[i - 1]],
				   &row->label);
		if (child[i - 1]) {
			i = child[i - 1];
			continue;
		}
		while (i && !sibling[i - 1])
			i = up[i - 1] == count ? 0 : up[i - 1] + 1;
		i = i ? sibling[i - 1] : 0;
	}
	free(row_of);
	free(child);
	free(sibling);
	free(up);
	free(place_of);
	return done;
}

static bool show(struct merger *merger, size_t limit, struct hs_merged *merged)
{
	size_t count = merger->nodes.size;
	_cleanup_free_ uint32_t *above = calloc(count + 1, sizeof(*above));
	_cleanup_free_ uint32_t *nodes = calloc(count + 1, sizeof(*nodes));
	struct order order = {.merger = merger, .above = above, .nodes = nodes};

	if (!above || !nodes)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t parent = merger->nodes.data[i].parent;

		above[i] = parent == HS_NONE			  ? HS_NONE
			   : has_row(&merger->nodes.data[parent]) ? parent
								  : above[parent];
		if (has_row(&merger->nodes.data[i]))
			nodes[order.count++] = i;
	}
	qsort_r(nodes, order.count, sizeof(*nodes), compare, merger);
	merged->row_total = order.count;
	return add_rows(merger, &order, limit, merged);
}

static struct hs_error *merge(struct merger *merger, const hs_id *set, size_t count, size_t limit,
			      struct hs_merged *merged)
{
	struct hs_error *err;

	if (!merger_init(merger))
		return &hs_enomem;
	mark(merger, set, count, merged);
	find_roots(merger);
	err = build(merger);
	if (err)
		return err;
	return show(merger, limit, merged) ? NULL : &hs_enomem;
}

struct hs_error *hs_merged_create(const struct hs_snapshot *snap, const struct hs_graph *graph,
				  const hs_id *set, size_t count, const char *name, size_t limit,
				  struct hs_merged **ret)
{
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	_cleanup_merger_ struct merger merger = {
		.tables = hs_tables_of(snap),
		.graph = graph,
		.forest = hs_graph_forest(graph),
		.arena = arena,
	};
	struct hs_merged *merged = arena ? hs_arena_array(arena, 1, sizeof(*merged)) : NULL;
	struct hs_error *err;

	if (!merged || !hs_arena_str(arena, hs_str_of(name), &merged->name))
		return &hs_enomem;
	err = merge(&merger, set, count, limit, merged);
	if (err)
		return err;
	merged->gaps = hs_snapshot_gap_total(snap);
	merged->arena = hs_steal(arena);
	*ret = merged;
	return NULL;
}

void hs_merged_destroy(struct hs_merged *merged)
{
	if (merged)
		hs_arena_destroy(merged->arena);
}
