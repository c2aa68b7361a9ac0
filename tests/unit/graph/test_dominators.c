/* SPDX-License-Identifier: MIT */
/* test_dominators.c: dominators, retained sizes and paths of random graphs, by their definitions.
 */
#include "heap.h"

#include <heapsnap/graph.h>

enum {
	SMALL = 9990, /* graphs of up to 40 objects */
	LARGE = 10,   /* of up to 2,000 */
	SMALL_OBJECTS = 40,
	LARGE_OBJECTS = 2000,
};

/* A snapshot and what of it is true by definition, found by trying. */
struct world {
	struct heap heap;
	struct hs_snapshot *snap;
	const struct hs_objects *objects;
	const struct hs_root *roots;
	size_t root_count;
	struct hs_graph *graph;
	uint8_t *idle;	/* by edge */
	uint8_t *entry; /* by object: alive by itself, or what something begins with */
	uint8_t *part;	/* by object: 1 held, 2 listed, 3 garbage */
	uint8_t *seen;
	hs_id *queue;
	hs_id *home;
};

static uint64_t state_of_random;

static uint32_t below(uint32_t limit)
{
	/* Marsaglia's xorshift64*. */
	state_of_random ^= state_of_random >> 12;
	state_of_random ^= state_of_random << 25;
	state_of_random ^= state_of_random >> 27;
	return (uint32_t)((state_of_random * 0x2545f4914f6cdd1dU) >> 33) % limit;
}

static void add_references(struct heap *heap, uint32_t first, uint32_t count)
{
	/* Few make much garbage, many make ways in common rare. */
	uint32_t edges = count * (1 + below(16)) / 8;

	for (uint32_t i = 0; i < edges; i++) {
		uint32_t source = first + below(count);
		uint32_t target = first + below(count);

		if (!below(8))
			target = source + 1 < first + count ? source + 1 : first;
		if (!below(6))
			heap_weak(heap, source, target);
		else if (!below(4))
			heap_hidden(heap, source, HS_LABEL_KEY, target);
		else
			heap_append(heap, source, target);
	}
}

static void make_heap(struct heap *heap, uint32_t count)
{
	uint32_t modules = below(3);
	uint32_t roots = below(4);
	uint32_t first;
	uint32_t table;
	uint32_t ns;

	static const uint32_t kinds[] = {T_LIST, T_APP, T_SESSION, T_METHOD};
	uint32_t frame, function;

	heap_init(heap);
	frame = heap_type(heap, "frame", "builtins", HS_ROLE_FRAME);
	function = heap_type(heap, "function", "builtins", HS_ROLE_FUNCTION);
	for (uint32_t i = 0; i < modules; i++)
		heap_module(heap, i ? "b" : "app", &ns);
	table = heap_object(heap, T_DICT, 100);
	heap_root(heap, HS_ROOT_INTERNAL, table, "interned strings");
	first = below(2) ? 0 : table + 1;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t type = below(20) ? kinds[below(4)] : below(2) ? frame : function;
		uint32_t object = heap_object(heap, type, below(100));

		if (!below(30))
			heap->objects.data[object].flags = HS_OBJECT_IMMORTAL;
		else if (!below(20))
			heap->objects.data[object].flags = HS_OBJECT_LOST;
	}
	if (below(2))
		for (uint32_t i = below(4); i > 0; i--) {
			uint32_t string = table + 1 + below(count);

			heap_put(heap, table, string, string);
		}
	/* The table has nothing but strings. */
	if (first < table)
		add_references(heap, first, table);
	add_references(heap, table + 1, count);
	for (uint32_t i = 0; i < modules; i++)
		heap_append(heap, 2 * i + 1, table + 1 + below(count));
	for (uint32_t i = 0; i < modules && below(2); i++)
		heap_append(heap, table + 1 + below(count), 2 * i + below(2));
	heap->types.data[T_APP].object = heap_object(heap, T_TYPE, below(100));
	heap->types.data[T_SESSION].object = heap_object(heap, T_TYPE, below(100));
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t class = heap->types.data[i ? T_APP : T_SESSION].object;

		heap_append(heap, table + 1 + below(count), class);
		heap_append(heap, class, table + 1 + below(count));
		if (modules && below(2))
			heap_append(heap, 1, class);
		if (modules > 1 && below(2))
			heap_append(heap, 3, class);
	}
	for (uint32_t i = 0; i < modules && below(2); i++) {
		uint32_t object = heap_object(heap, function, below(100));

		heap_append(heap, object, 2 * i + 1);
		heap_append(heap, 2 * i + 1, object);
		heap_append(heap, object, table + 1 + below(count));
		heap_append(heap, table + 1 + below(count), object);
		heap_append(heap, 1, object);
	}
	for (uint32_t i = 0; i < roots; i++)
		heap_root(heap, (enum hs_root_rank)(1 + below(3)),
			  below(8) || !modules ? table + 1 + below(count) : 1, "root");
}

static bool is_root_module(const struct world *w, hs_id object)
{
	for (size_t i = 0; i < w->root_count; i++)
		if (w->roots[i].rank == HS_ROOT_MODULE && w->roots[i].object == object)
			return true;
	return false;
}

static bool refers(const struct world *w, hs_id source, hs_id target)
{
	for (uint64_t edge = w->objects->first_edge[source];
	     edge < w->objects->first_edge[source + 1]; edge++)
		if (w->objects->edges[edge] == target)
			return true;
	return false;
}

/* Whether @object is a class of, or a function with the globals, @namespace, and there. */
static bool is_home(const struct world *w, hs_id namespace, hs_id object)
{
	uint32_t count;
	const struct hs_type *types = hs_snapshot_types(w->snap, &count);
	hs_id module = w->objects->owner[namespace];

	if (!refers(w, namespace, object))
		return false;
	if (types[w->objects->type[object]].role == HS_ROLE_FUNCTION &&
	    refers(w, object, namespace))
		return true;
	for (uint32_t i = 0; i < count; i++)
		for (size_t k = 0; k < w->root_count; k++)
			if (types[i].object == object && w->roots[k].rank == HS_ROOT_MODULE &&
			    w->roots[k].object == module &&
			    hs_str_equal(w->roots[k].name, types[i].module))
				return true;
	return false;
}

/* Where @object is at home, HS_NONE if nowhere; the last of several. */
static hs_id find_home(const struct world *w, hs_id object)
{
	const hs_id *owners = w->objects->owner;
	hs_id home = HS_NONE;

	if (!owners)
		return HS_NONE;
	if (owners[object] != HS_NONE && is_root_module(w, owners[object]))
		return owners[object];
	for (hs_id ns = 0; ns < w->objects->count; ns++)
		if (owners[ns] != HS_NONE && is_root_module(w, owners[ns]) &&
		    is_home(w, ns, object))
			home = ns;
	return home;
}

static bool is_at_home(const struct world *w, hs_id object)
{
	return w->home[object] != HS_NONE;
}

/* The table is the first object that is a root called so and has references. */
static bool is_table(const struct world *w, hs_id object)
{
	for (size_t i = 0; i < w->root_count; i++)
		if (w->roots[i].object == object &&
		    hs_str_equal(w->roots[i].name, STR("interned strings")))
			return true;
	return false;
}

static bool is_idle(const struct world *w, hs_id source, uint64_t edge)
{
	hs_id target = w->objects->edges[edge];
	uint32_t slot = (uint32_t)(edge - w->objects->first_edge[source]);

	return hs_snapshot_label(w->snap, source, slot).strength == HS_WEAK ||
	       (is_at_home(w, target) && w->home[target] != source) || is_table(w, source);
}

/* Put what is alive by way of @object into the queue, within its part, leaving @without out. */
static size_t spread(struct world *w, hs_id object, hs_id without, uint8_t part, size_t end)
{
	size_t done = end;

	if (w->seen[object] || object == without)
		return end;
	w->seen[object] = 1;
	w->queue[end++] = object;
	for (; done < end; done++) {
		hs_id source = w->queue[done];

		for (uint64_t edge = w->objects->first_edge[source];
		     edge < w->objects->first_edge[source + 1]; edge++) {
			hs_id target = w->objects->edges[edge];

			if (w->idle[edge] || w->seen[target] || target == without ||
			    (w->part[target] && w->part[target] < part))
				continue;
			w->seen[target] = 1;
			w->queue[end++] = target;
		}
	}
	return end;
}

static void claim(struct world *w, hs_id object, uint8_t part)
{
	size_t end;

	if (w->part[object])
		return;
	memset(w->seen, 0, w->objects->count);
	end = spread(w, object, HS_NONE, part, 0);
	for (size_t i = 0; i < end; i++)
		if (!w->part[w->queue[i]])
			w->part[w->queue[i]] = part;
	w->entry[object] = 1;
}

/* What is listed and what garbage begins with is taken from the graph, and checked to be right. */
static void find_parts(struct world *w)
{
	hs_id count = w->objects->count;

	for (size_t i = 0; i < w->root_count; i++)
		if (!is_at_home(w, w->roots[i].object))
			claim(w, w->roots[i].object, 1);
	for (size_t i = 0; i < w->root_count; i++)
		claim(w, w->roots[i].object, 2);
	for (hs_id object = 0; object < count; object++)
		if (is_at_home(w, object))
			claim(w, object, 2);
	for (hs_id object = 0; object < count; object++)
		for (uint64_t edge = w->objects->first_edge[object];
		     is_table(w, object) && edge < w->objects->first_edge[object + 1]; edge++)
			claim(w, w->objects->edges[edge], 2);
	for (hs_id object = 0; object < count; object++) {
		if (!is_at_home(w, object))
			for (size_t i = 0; i < w->root_count; i++)
				w->entry[object] |= w->roots[i].object == object;
		w->entry[object] |= !!(w->objects->flags[object] & HS_OBJECT_IMMORTAL);
		w->entry[object] |= w->objects->flags[object] & HS_OBJECT_LOST && !w->part[object];
		assert_int_equal(hs_graph_is_garbage(w->graph, object), !w->part[object]);
	}
	/* Garbage of which each other object that leads to it can be led to as well: see below. */
	for (hs_id object = 0; object < count; object++) {
		if (w->part[object])
			continue;
		w->part[object] = 3;
		if (!w->entry[object] && hs_graph_dominator(w->graph, object) == HS_NONE)
			w->entry[object] = 2;
	}
}

/* Whether @object leads to all garbage that leads to it, and none of that is an entry. */
static bool leads_back(struct world *w, hs_id object)
{
	uint8_t *back = calloc(w->objects->count, 1);
	size_t end = 0;
	bool all = true;

	assert_non_null(back);
	back[object] = 1;
	w->queue[end++] = object;
	for (size_t done = 0; done < end; done++) {
		size_t count;
		const hs_id *sources = hs_graph_referrers(w->graph, w->queue[done], &count);

		for (size_t i = 0; i < count; i++) {
			if (back[sources[i]] ||
			    !hs_graph_referrer_holds(w->graph, w->queue[done], i))
				continue;
			back[sources[i]] = 1;
			w->queue[end++] = sources[i];
		}
	}
	memset(w->seen, 0, w->objects->count);
	spread(w, object, HS_NONE, 3, 0);
	for (hs_id other = 0; other < w->objects->count; other++)
		all = all && (!back[other] || (w->seen[other] && w->entry[other] != 1));
	free(back);
	return all;
}

/*
 * Garbage begins with what nothing says is alive, and what nothing dominates, unless that is for
 * being led to from two sides.
 */
static void check_beginnings(struct world *w)
{
	for (hs_id object = 0; object < w->objects->count; object++)
		if (w->entry[object] == 2 && !leads_back(w, object))
			w->entry[object] = 0;
}

/* Everything is alive by way of the entries. */
static size_t spread_all(struct world *w, hs_id without)
{
	size_t end = 0;

	memset(w->seen, 0, w->objects->count);
	for (uint8_t part = 1; part <= 3; part++)
		for (hs_id object = 0; object < w->objects->count; object++)
			if (w->entry[object] && w->part[object] == part)
				end = spread(w, object, without, part, end);
	return end;
}

/* Remove each object: what is not alive any more is what it retains. */
static void check_retained(struct world *w)
{
	hs_id count = w->objects->count;
	hs_id *nearest = malloc(((size_t)count + 1) * sizeof(*nearest));
	hs_id *held = calloc((size_t)count + 1, sizeof(*held));

	assert_non_null(nearest);
	assert_non_null(held);
	memset(nearest, 0xff, (size_t)count * sizeof(*nearest));
	assert_int_equal(spread_all(w, HS_NONE), count);
	for (hs_id object = 0; object < count; object++) {
		uint64_t bytes = 0;

		spread_all(w, object);
		for (hs_id other = 0; other < count; other++) {
			bytes += w->seen[other] ? 0 : w->objects->size[other];
			held[object] += !w->seen[other];
		}
		assert_int_equal(hs_graph_retained(w->graph, object), bytes);
		assert_int_equal(hs_graph_held(w->graph, object), held[object]);
		/* The nearest of several is the one that itself retains least. */
		for (hs_id other = 0; other < count; other++)
			if (other != object && !w->seen[other] &&
			    (nearest[other] == HS_NONE || held[object] < held[nearest[other]]))
				nearest[other] = object;
	}
	for (hs_id object = 0; object < count; object++)
		assert_int_equal(hs_graph_dominator(w->graph, object), nearest[object]);
	free(nearest);
	free(held);
}

/* The same for sets. */
static void check_sets(struct world *w)
{
	hs_id count = w->objects->count;

	for (int round = 0; round < 3; round++) {
		hs_id set[4];
		uint64_t bytes = 0;
		uint64_t expected = 0;
		hs_id objects = 0;
		hs_id gone = 0;

		for (size_t i = 0; i < 4; i++)
			set[i] = below(count);
		assert_null(hs_graph_retained_set(w->graph, set, 4, &bytes, &objects));
		memset(w->seen, 0, count);
		for (size_t i = 0; i < 4; i++)
			w->seen[set[i]] = 1;
		for (uint8_t part = 1; part <= 3; part++)
			for (hs_id object = 0; object < count; object++)
				if (w->entry[object] && w->part[object] == part)
					spread(w, object, HS_NONE, part, 0);
		/* Those of the set were marked so as not to be entered. */
		for (size_t i = 0; i < 4; i++)
			w->seen[set[i]] = 0;
		for (hs_id object = 0; object < count; object++) {
			gone += !w->seen[object];
			expected += w->seen[object] ? 0 : w->objects->size[object];
		}
		assert_int_equal(objects, gone);
		assert_int_equal(bytes, expected);
	}
}

/* Each reference is there the other way round, holding or not. */
static void check_referrers(const struct world *w)
{
	uint64_t total = 0;

	for (hs_id object = 0; object < w->objects->count; object++) {
		size_t count;
		const hs_id *sources = hs_graph_referrers(w->graph, object, &count);
		size_t at = 0;

		for (size_t i = 0; i < count; i++) {
			uint64_t edge = w->objects->first_edge[sources[i]];

			/* The next reference of this source, if the last was its, too. */
			at = i && sources[i] == sources[i - 1] ? at + 1 : 0;
			assert_true(!i || sources[i] >= sources[i - 1]);
			for (size_t skip = at;; edge++) {
				assert_true(edge < w->objects->first_edge[sources[i] + 1]);
				if (w->objects->edges[edge] == object && !skip--)
					break;
			}
			assert_int_equal(hs_graph_referrer_holds(w->graph, object, i),
					 !w->idle[edge]);
			assert_int_equal(hs_graph_holds(w->graph, edge), !w->idle[edge]);
		}
		total += count;
	}
	assert_int_equal(total, w->objects->edge_count);
}

/* As hs_graph_parent() has it. */
static bool is_generic(const struct world *w, hs_id source, hs_id target)
{
	uint32_t count;
	const struct hs_type *types = hs_snapshot_types(w->snap, &count);
	const struct hs_type *type = &types[w->objects->type[source]];
	hs_id owner = w->objects->owner ? w->objects->owner[target] : HS_NONE;

	return type->role == HS_ROLE_FRAME || type->object == target ||
	       (type->role == HS_ROLE_METHOD && owner != HS_NONE &&
		types[w->objects->type[owner]].role == HS_ROLE_MODULE);
}

#define COST_STEP    1U
#define COST_GENERIC (1U << 12)
#define COST_RANK    (1U << 24)
#define COST_NONE    UINT32_MAX

/* Lower what anything costs over @source until nothing changes; whether anything did. */
static bool relax(const struct world *w, hs_id source, uint32_t *cost)
{
	bool changed = false;

	for (uint64_t edge = w->objects->first_edge[source];
	     cost[source] != COST_NONE && edge < w->objects->first_edge[source + 1]; edge++) {
		hs_id target = w->objects->edges[edge];
		uint32_t slot = (uint32_t)(edge - w->objects->first_edge[source]);
		uint32_t now = cost[source] + COST_STEP +
			       (is_generic(w, source, target) ? COST_GENERIC : 0U);

		if (now >= cost[target] ||
		    hs_snapshot_label(w->snap, source, slot).strength == HS_WEAK)
			continue;
		cost[target] = now;
		changed = true;
	}
	return changed;
}

static uint32_t *least_costs(const struct world *w)
{
	uint32_t *cost = malloc(((size_t)w->objects->count + 1) * sizeof(*cost));
	bool changed = true;

	assert_non_null(cost);
	memset(cost, 0xff, (size_t)w->objects->count * sizeof(*cost));
	for (size_t i = 0; i < w->root_count; i++) {
		uint32_t of_root = (uint32_t)w->roots[i].rank * COST_RANK;

		if (of_root < cost[w->roots[i].object])
			cost[w->roots[i].object] = of_root;
	}
	while (changed) {
		changed = false;
		for (hs_id object = 0; object < w->objects->count; object++)
			changed = relax(w, object, cost) || changed;
	}
	return cost;
}

/* Each path is a way that is there, and there is none that is better. */
static void check_paths(const struct world *w)
{
	uint32_t *cost = least_costs(w);

	for (hs_id object = 0; object < w->objects->count; object++) {
		struct hs_path path = {0};
		bool found = false;
		uint32_t mine;
		hs_id at;

		assert_null(hs_graph_path(w->graph, object, &path, &found));
		assert_int_equal(found, cost[object] != COST_NONE);
		if (!found)
			continue;
		at = w->roots[path.root].object;
		mine = (uint32_t)w->roots[path.root].rank * COST_RANK;
		for (size_t i = 0; i < path.count; i++) {
			hs_id next = path.steps[i].object;

			assert_in_range(path.steps[i].edge, w->objects->first_edge[at],
					w->objects->first_edge[at + 1] - 1);
			assert_int_equal(w->objects->edges[path.steps[i].edge], next);
			assert_int_not_equal(path.steps[i].label.strength, HS_WEAK);
			mine += COST_STEP + (is_generic(w, at, next) ? COST_GENERIC : 0U);
			at = next;
		}
		assert_int_equal(at, object);
		assert_int_equal(mine, cost[object]);
		hs_path_deinit(&path);
	}
	free(cost);
}

/* What is to be avoided leads nowhere. */
static void check_avoiding(const struct world *w)
{
	hs_id avoid[3] = {below(w->objects->count), below(w->objects->count),
			  below(w->objects->count)};
	const struct hs_graph_options options = {
		.parts = HS_GRAPH_PATHS, .avoid = avoid, .avoid_count = 3};
	struct hs_graph *graph = NULL;
	size_t found = 0;
	size_t end = 0;

	assert_null(hs_graph_create(w->snap, &options, &graph));
	memset(w->seen, 0, w->objects->count);
	for (size_t i = 0; i < 3; i++)
		w->seen[avoid[i]] = 1;
	for (size_t i = 0; i < w->root_count; i++) {
		if (w->seen[w->roots[i].object])
			continue;
		w->seen[w->roots[i].object] = 1;
		w->queue[end++] = w->roots[i].object;
	}
	for (size_t done = 0; done < end; done++)
		for (uint64_t edge = w->objects->first_edge[w->queue[done]];
		     edge < w->objects->first_edge[w->queue[done] + 1]; edge++) {
			hs_id source = w->queue[done];
			hs_id target = w->objects->edges[edge];
			uint32_t slot = (uint32_t)(edge - w->objects->first_edge[source]);

			if (w->seen[target] ||
			    hs_snapshot_label(w->snap, source, slot).strength == HS_WEAK)
				continue;
			w->seen[target] = 1;
			w->queue[end++] = target;
		}
	for (hs_id object = 0; object < w->objects->count; object++)
		found += hs_graph_parent(graph, object) != HS_PARENT_NONE;
	for (size_t i = 0; i < end; i++)
		assert_int_not_equal(hs_graph_parent(graph, w->queue[i]), HS_PARENT_NONE);
	assert_int_equal(found, end);
	hs_graph_destroy(graph);
}

/* One thread or two make the same of it. */
static void check_jobs(const struct world *w)
{
	const struct hs_graph_options options = {.parts = HS_GRAPH_RETAINED, .jobs = 2};
	struct hs_graph *graph = NULL;

	assert_null(hs_graph_create(w->snap, &options, &graph));
	for (hs_id object = 0; object < w->objects->count; object++) {
		assert_int_equal(hs_graph_dominator(graph, object),
				 hs_graph_dominator(w->graph, object));
		assert_int_equal(hs_graph_retained(graph, object),
				 hs_graph_retained(w->graph, object));
	}
	hs_graph_destroy(graph);
}

static void world_init(struct world *w, uint32_t count)
{
	const struct hs_graph_options options = {.jobs = 1};
	size_t room;

	*w = (struct world){0};
	make_heap(&w->heap, count);
	w->snap = heap_snapshot(&w->heap);
	w->objects = hs_snapshot_objects(w->snap);
	w->roots = hs_snapshot_roots(w->snap, &w->root_count);
	assert_null(hs_graph_create(w->snap, &options, &w->graph));
	room = (size_t)w->objects->count + 1;
	w->idle = calloc((size_t)w->objects->edge_count + 1, 1);
	w->entry = calloc(room, 1);
	w->part = calloc(room, 1);
	w->seen = calloc(room, 1);
	w->queue = calloc(room, sizeof(*w->queue));
	w->home = calloc(room, sizeof(*w->home));
	assert_true(w->idle && w->entry && w->part && w->seen && w->queue && w->home);
	for (hs_id object = 0; object < w->objects->count; object++)
		w->home[object] = find_home(w, object);
	for (hs_id object = 0; object < w->objects->count; object++)
		for (uint64_t edge = w->objects->first_edge[object];
		     edge < w->objects->first_edge[object + 1]; edge++)
			w->idle[edge] = is_idle(w, object, edge);
	find_parts(w);
	check_beginnings(w);
}

static void world_deinit(struct world *w)
{
	free(w->idle);
	free(w->entry);
	free(w->part);
	free(w->seen);
	free(w->queue);
	free(w->home);
	hs_graph_destroy(w->graph);
	hs_snapshot_destroy(w->snap);
	heap_deinit(&w->heap);
}

static void check_graphs(uint32_t graphs, uint32_t objects)
{
	for (uint32_t i = 0; i < graphs; i++) {
		struct world w;

		state_of_random = 0x9e3779b97f4a7c15U * (i + 1);
		world_init(&w, 1 + below(objects));
		check_retained(&w);
		check_sets(&w);
		check_referrers(&w);
		check_paths(&w);
		check_avoiding(&w);
		if (i % 16 == 0)
			check_jobs(&w);
		world_deinit(&w);
	}
}

static void small_graphs(void **state)
{
	(void)state;
	check_graphs(SMALL, SMALL_OBJECTS);
}

static void large_graphs(void **state)
{
	(void)state;
	check_graphs(LARGE, LARGE_OBJECTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_graphs),
		cmocka_unit_test(large_graphs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
