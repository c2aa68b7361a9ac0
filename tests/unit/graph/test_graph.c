/* SPDX-License-Identifier: MIT */
/* test_graph.c: referrers, the forest by rank of roots, weak references, paths. */
#include "heap.h"

#include <heapsnap/graph.h>

static uint32_t list(struct heap *heap)
{
	return heap_object(heap, T_LIST, 56);
}

struct fixture {
	struct heap heap;
	struct hs_snapshot *snap;
	struct hs_graph *graph;
};

static void freeze(struct fixture *f)
{
	f->snap = heap_snapshot(&f->heap);
	assert_null(hs_graph_create(f->snap, NULL, &f->graph));
}

static void fixture_deinit(struct fixture *f)
{
	hs_graph_destroy(f->graph);
	hs_snapshot_destroy(f->snap);
	heap_deinit(&f->heap);
}

/* Check @object's parent: an object of the heap. */
static void assert_parent(const struct fixture *f, uint32_t object, uint32_t parent)
{
	uint64_t edge = hs_graph_parent(f->graph, heap_find(&f->heap, f->snap, object));

	assert_true(edge < HS_PARENT_NONE);
	assert_int_equal(hs_graph_edge_source(f->graph, edge),
			 heap_find(&f->heap, f->snap, parent));
}

static uint64_t parent_of(const struct fixture *f, uint32_t object)
{
	return hs_graph_parent(f->graph, heap_find(&f->heap, f->snap, object));
}

static void empty_heap(void **state)
{
	struct fixture f = {0};

	(void)state;
	heap_init(&f.heap);
	freeze(&f);
	fixture_deinit(&f);
}

static void referrers_are_all_edges(void **state)
{
	struct fixture f = {0};
	uint32_t a, b, c;
	size_t count;
	const hs_id *sources;

	(void)state;
	heap_init(&f.heap);
	a = list(&f.heap);
	b = list(&f.heap);
	c = list(&f.heap);
	heap_append(&f.heap, a, c);
	heap_append(&f.heap, b, c);
	heap_append(&f.heap, b, c);
	heap_append(&f.heap, c, c);
	heap_root(&f.heap, HS_ROOT_INTERPRETER, a, "a");
	heap_root(&f.heap, HS_ROOT_INTERPRETER, b, "b");
	freeze(&f);
	sources = hs_graph_referrers(f.graph, heap_find(&f.heap, f.snap, c), &count);
	assert_int_equal(count, 4);
	assert_int_equal(sources[0], heap_find(&f.heap, f.snap, a));
	assert_int_equal(sources[1], heap_find(&f.heap, f.snap, b));
	assert_int_equal(sources[2], heap_find(&f.heap, f.snap, b));
	assert_int_equal(sources[3], heap_find(&f.heap, f.snap, c));
	hs_graph_referrers(f.graph, heap_find(&f.heap, f.snap, a), &count);
	assert_int_equal(count, 0);
	fixture_deinit(&f);
}

static size_t count_equal(const hs_id *ids, size_t count, hs_id wanted)
{
	size_t equal = 0;

	for (size_t i = 0; i < count; i++)
		equal += ids[i] == wanted;
	return equal;
}

/* How many references from @source to @target there are. */
static size_t count_edges(const struct hs_objects *objects, hs_id source, hs_id target)
{
	return count_equal(objects->edges + objects->first_edge[source],
			   (size_t)(objects->first_edge[source + 1] - objects->first_edge[source]),
			   target);
}

/* Every edge is found among its target's referrers, and its source is whose edge it is. */
static void sources_of_many_edges(void **state)
{
	struct fixture f = {0};
	const struct hs_objects *objects;
	uint64_t seen = 0;

	(void)state;
	heap_init(&f.heap);
	for (uint32_t i = 0; i < 700; i++)
		list(&f.heap);
	/* Runs of objects without references, and one with several hundred. */
	for (uint32_t i = 0; i < 700; i += 1 + (i % 7) * 20)
		for (uint32_t k = 0; k < (i == 0 ? 400 : i % 5); k++)
			heap_append(&f.heap, i, (i * 31 + k * 7) % 700);
	heap_root(&f.heap, HS_ROOT_INTERPRETER, 0, "a");
	freeze(&f);
	objects = hs_snapshot_objects(f.snap);
	for (hs_id i = 0; i < objects->count; i++) {
		size_t count;
		const hs_id *sources = hs_graph_referrers(f.graph, i, &count);

		for (size_t k = 0; k < count; k++)
			assert_int_equal(count_edges(objects, sources[k], i),
					 count_equal(sources, count, sources[k]));
		seen += count;
		for (uint64_t edge = objects->first_edge[i]; edge < objects->first_edge[i + 1];
		     edge++)
			assert_int_equal(hs_graph_edge_source(f.graph, edge), i);
	}
	assert_int_equal(seen, objects->edge_count);
	fixture_deinit(&f);
}

/* A short way from an internal root loses against a long one from a module. */
static void lower_ranks_first(void **state)
{
	struct fixture f = {0};
	uint32_t ns, module, far, object, interned;

	(void)state;
	heap_init(&f.heap);
	interned = list(&f.heap);
	object = list(&f.heap);
	heap_append(&f.heap, interned, object);
	heap_root(&f.heap, HS_ROOT_INTERNAL, interned, "interned");
	module = heap_module(&f.heap, "app", &ns);
	far = list(&f.heap);
	heap_set(&f.heap, ns, "far", far);
	heap_append(&f.heap, far, object);
	freeze(&f);
	assert_parent(&f, object, far);
	assert_parent(&f, far, ns);
	assert_parent(&f, ns, module);
	assert_int_equal(parent_of(&f, module), HS_PARENT_ROOT);
	assert_int_equal(parent_of(&f, interned), HS_PARENT_ROOT);
	fixture_deinit(&f);
}

/* A root of a higher rank that a lower one reaches is not a root to paths. */
static void root_reached_from_lower_rank(void **state)
{
	struct fixture f = {0};
	uint32_t ns, inner;

	(void)state;
	heap_init(&f.heap);
	inner = list(&f.heap);
	heap_root(&f.heap, HS_ROOT_THREAD, inner, "local");
	heap_module(&f.heap, "app", &ns);
	heap_set(&f.heap, ns, "inner", inner);
	freeze(&f);
	assert_parent(&f, inner, ns);
	fixture_deinit(&f);
}

static void weak_references_do_not_reach(void **state)
{
	struct fixture f = {0};
	uint32_t ns, weakref, target, callback, only_weak, holder;
	size_t count;

	(void)state;
	heap_init(&f.heap);
	heap_module(&f.heap, "app", &ns);
	weakref = heap_object(&f.heap, T_WEAKREF, 72);
	target = list(&f.heap);
	callback = list(&f.heap);
	only_weak = list(&f.heap);
	holder = list(&f.heap);
	heap_set(&f.heap, ns, "ref", weakref);
	heap_weak(&f.heap, weakref, target);
	heap_ref(&f.heap, weakref, HS_LABEL_ATTRIBUTE, "__callback__", callback);
	heap_weak(&f.heap, weakref, only_weak);
	heap_set(&f.heap, ns, "holder", holder);
	heap_append(&f.heap, holder, list(&f.heap));
	heap_append(&f.heap, holder, target);
	freeze(&f);
	assert_parent(&f, target, holder);
	assert_parent(&f, callback, weakref);
	assert_int_equal(parent_of(&f, only_weak), HS_PARENT_NONE);
	hs_graph_referrers(f.graph, heap_find(&f.heap, f.snap, only_weak), &count);
	assert_int_equal(count, 1);
	fixture_deinit(&f);
}

/* A weak run without a count, and one among the hidden references. */
static void weak_runs_of_any_length(void **state)
{
	struct hs_build *build = hs_build_create();
	const struct hs_run runs[] = {
		{.kind = HS_LABEL_ATTRIBUTE, .strength = HS_STRONG, .count = 1},
		{.kind = HS_LABEL_INDEX, .strength = HS_WEAK, .count = 0},
		{.kind = HS_LABEL_ATTRIBUTE, .strength = HS_STRONG, .count = 1},
		{.kind = HS_LABEL_KEY, .strength = HS_WEAK, .count = 0},
		{.kind = HS_LABEL_KEY, .strength = HS_STRONG, .count = 1},
	};
	uint32_t type = hs_build_type(build, STR("x"), STR(""), HS_ROLE_OTHER, HS_NONE);
	uint32_t shape = hs_build_shape(build, runs, 5, 3);
	uint32_t none = hs_build_shape(build, NULL, 0, 0);
	struct hs_snapshot *snap = NULL;
	struct hs_graph *graph = NULL;

	(void)state;
	for (uint32_t i = 0; i < 9; i++) {
		hs_build_object(build, &(struct hs_build_object){
					       .address = 0x1000 + 16 * (hs_addr)i,
					       .type = type,
					       .shape = i ? none : shape,
					       .visible = i ? 0 : 5,
					       .owner = HS_NONE,
				       });
		for (uint32_t k = 1; !i && k < 9; k++)
			hs_build_edge(build, k);
	}
	hs_build_root(build, HS_ROOT_MODULE, 0, STR("m"), HS_NONE, HS_NONE);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	assert_null(hs_graph_create(snap, NULL, &graph));
	for (hs_id i = 1; i < 9; i++) {
		hs_addr address = hs_snapshot_objects(snap)->address[i];
		/* Objects 1, 5 and 8 of those added hang on strong references. */
		bool strong = address == 0x1010 || address == 0x1050 || address == 0x1080;

		if (strong)
			assert_int_equal(hs_graph_edge_source(graph, hs_graph_parent(graph, i)), 0);
		else
			assert_int_equal(hs_graph_parent(graph, i), HS_PARENT_NONE);
	}
	hs_graph_destroy(graph);
	hs_snapshot_destroy(snap);
}

static void unreached_objects(void **state)
{
	struct fixture f = {0};
	uint32_t a, b, ns;

	(void)state;
	heap_init(&f.heap);
	heap_module(&f.heap, "app", &ns);
	a = list(&f.heap);
	b = list(&f.heap);
	heap_append(&f.heap, a, b);
	heap_append(&f.heap, b, a);
	freeze(&f);
	assert_int_equal(parent_of(&f, a), HS_PARENT_NONE);
	assert_int_equal(parent_of(&f, b), HS_PARENT_NONE);
	fixture_deinit(&f);
}

static void path_with_labels(void **state)
{
	struct fixture f = {0};
	struct hs_path path = {0};
	uint32_t ns, cache, item, lost;
	bool found = false;

	(void)state;
	heap_init(&f.heap);
	heap_root(&f.heap, HS_ROOT_INTERNAL, heap_object(&f.heap, T_STR, 50), "interned");
	heap_module(&f.heap, "app", &ns);
	cache = list(&f.heap);
	heap_set(&f.heap, ns, "cache", cache);
	heap_append(&f.heap, cache, heap_object(&f.heap, T_STR, 50));
	item = heap_object(&f.heap, T_STR, 50);
	heap_append(&f.heap, cache, item);
	lost = list(&f.heap);
	freeze(&f);
	assert_null(hs_graph_path(f.graph, heap_find(&f.heap, f.snap, item), &path, &found));
	assert_true(found);
	assert_int_equal(path.root, 1);
	assert_int_equal(path.count, 3);
	assert_int_equal(path.steps[0].label.kind, HS_LABEL_ATTRIBUTE);
	assert_str(path.steps[0].label.name, "__dict__");
	assert_int_equal(path.steps[1].label.kind, HS_LABEL_ITEM);
	assert_str(path.steps[1].label.name, "cache");
	assert_int_equal(path.steps[2].label.kind, HS_LABEL_INDEX);
	assert_int_equal(path.steps[2].label.index, 1);
	assert_int_equal(path.steps[2].object, heap_find(&f.heap, f.snap, item));
	hs_path_deinit(&path);
	assert_null(hs_graph_path(f.graph, heap_find(&f.heap, f.snap, lost), &path, &found));
	assert_false(found);
	fixture_deinit(&f);
}

/* The path of a root has no steps; of roots with one object the one with the lowest rank counts. */
static void path_of_root(void **state)
{
	struct fixture f = {0};
	struct hs_path path = {0};
	uint32_t ns, module;
	bool found = false;

	(void)state;
	heap_init(&f.heap);
	module = heap_object(&f.heap, T_MODULE, 72);
	ns = heap_namespace(&f.heap, module);
	heap_root(&f.heap, HS_ROOT_THREAD, module, "local");
	heap_root(&f.heap, HS_ROOT_MODULE, module, "app");
	(void)ns;
	freeze(&f);
	assert_null(hs_graph_path(f.graph, heap_find(&f.heap, f.snap, module), &path, &found));
	assert_true(found);
	assert_int_equal(path.root, 1);
	assert_int_equal(path.count, 0);
	hs_path_deinit(&path);
	fixture_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_heap),
		cmocka_unit_test(referrers_are_all_edges),
		cmocka_unit_test(sources_of_many_edges),
		cmocka_unit_test(lower_ranks_first),
		cmocka_unit_test(root_reached_from_lower_rank),
		cmocka_unit_test(weak_references_do_not_reach),
		cmocka_unit_test(weak_runs_of_any_length),
		cmocka_unit_test(unreached_objects),
		cmocka_unit_test(path_with_labels),
		cmocka_unit_test(path_of_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
