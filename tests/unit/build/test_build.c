/* SPDX-License-Identifier: MIT */
/* test_build.c: what a producer says arrives in the tables, in the specified order. */
#include "hs_cmocka.h"

#include "libsnap/build/build.h"
#include <stdio.h>

static uint32_t list_shape(struct hs_build *build)
{
	struct hs_run items = {.kind = HS_LABEL_INDEX};

	return hs_build_shape(build, &items, 1, 1);
}

static void add(struct hs_build *build, hs_addr address, uint32_t type, uint32_t shape,
		const uint32_t *targets, uint32_t count)
{
	struct hs_build_object object = {
		.address = address,
		.type = type,
		.shape = shape,
		.size = 16 + address % 100,
		.generation = HS_GENERATION_NONE,
		.owner = HS_NONE,
		.visible = count,
	};

	hs_build_object(build, &object);
	for (uint32_t i = 0; i < count; i++)
		hs_build_edge(build, targets[i]);
}

static void build_empty(void **state)
{
	struct hs_build *build = hs_build_create();
	struct hs_snapshot *snap = NULL;

	(void)state;
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	assert_int_equal(hs_snapshot_objects(snap)->count, 0);
	assert_int_equal(hs_snapshot_objects(snap)->first_edge[0], 0);
	assert_str(hs_snapshot_info(snap)->runtime, "");
	hs_snapshot_destroy(snap);
}

/*
 * Added in the order of addresses; the roots are number 4, then 1.
 *
 *   4 -> 3, 0      0 -> 4      1 -> 3      2 -> 5      5 -> 2      3 -> nothing
 */
static struct hs_snapshot *build_graph(void)
{
	struct hs_build *build = hs_build_create();
	uint32_t type = hs_build_type(build, STR("list"), STR("builtins"), HS_ROLE_SEQUENCE, 3);
	uint32_t shape = list_shape(build);
	struct hs_snapshot *snap = NULL;

	add(build, 0x1000, type, shape, (uint32_t[]){4}, 1);
	add(build, 0x1010, type, shape, (uint32_t[]){3}, 1);
	add(build, 0x1020, type, shape, (uint32_t[]){5}, 1);
	add(build, 0x1030, type, shape, NULL, 0);
	add(build, 0x1040, type, shape, (uint32_t[]){3, 0}, 2);
	add(build, 0x1018, type, shape, (uint32_t[]){2}, 1);
	hs_build_root(build, HS_ROOT_MODULE, 4, STR("app"), HS_NONE, HS_NONE);
	hs_build_root(build, HS_ROOT_INTERNAL, 1, STR("x"), HS_NONE, HS_NONE);
	assert_int_equal(hs_build_object_count(build), 6);
	assert_int_equal(hs_build_edge_count(build), 6);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	return snap;
}

static void order_is_breadth_first(void **state)
{
	static const hs_addr addresses[] = {0x1040, 0x1010, 0x1030, 0x1000, 0x1018, 0x1020};
	static const hs_id edges[] = {2, 3, 2, 0, 5, 4};
	static const uint64_t first_edge[] = {0, 2, 3, 3, 4, 5, 6};
	struct hs_snapshot *snap = build_graph();
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	const struct hs_root *roots;
	size_t root_count;
	uint32_t type_count;

	(void)state;
	assert_int_equal(objects->count, 6);
	assert_int_equal(objects->edge_count, 6);
	assert_memory_equal(objects->address, addresses, sizeof(addresses));
	assert_memory_equal(objects->edges, edges, sizeof(edges));
	assert_memory_equal(objects->first_edge, first_edge, sizeof(first_edge));
	for (hs_id i = 0; i < objects->count; i++)
		assert_int_equal(objects->size[i], 16 + addresses[i] % 100);
	roots = hs_snapshot_roots(snap, &root_count);
	assert_int_equal(root_count, 2);
	assert_int_equal(roots[0].object, 0);
	assert_int_equal(roots[1].object, 1);
	assert_int_equal(hs_snapshot_types(snap, &type_count)->object, 2);
	assert_null(objects->owner);
	assert_null(objects->allocated);
	hs_snapshot_destroy(snap);
}

/* Equal sites are one, and lead to what called them. */
static void sites_are_interned(void **state)
{
	struct hs_build *build = hs_build_create();
	struct hs_build_object object = {
		.address = 32,
		.type = hs_build_type(build, STR("list"), STR(""), HS_ROLE_SEQUENCE, HS_NONE),
		.shape = list_shape(build),
		.owner = HS_NONE,
	};
	uint32_t outer = hs_build_site(build, STR("a.py"), 3, 0);
	uint32_t inner = hs_build_site(build, STR("b.py"), 3, outer);
	struct hs_snapshot *snap = NULL;
	const struct hs_objects *objects;
	const struct hs_site *sites;
	uint32_t count;

	(void)state;
	for (uint32_t line = 10; line < 3000; line++) {
		uint32_t number = hs_build_site(build, STR("b.py"), line, outer);

		assert_int_equal(number, hs_build_site(build, STR("b.py"), line, outer));
		assert_true(number > inner);
		assert_int_not_equal(number, hs_build_site(build, STR("b.py"), line, inner));
		assert_int_not_equal(number, hs_build_site(build, STR("b.py"), line, 0));
	}
	assert_int_equal(outer, hs_build_site(build, STR("a.py"), 3, 0));
	/* The order of the snapshot is another. */
	object.site = inner;
	hs_build_object(build, &object);
	object.address = 16;
	object.site = 0;
	hs_build_object(build, &object);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	objects = hs_snapshot_objects(snap);
	sites = hs_snapshot_sites(snap, &count);
	assert_int_equal(count, 2 + 3 * (3000 - 10));
	assert_int_equal(objects->site[0], HS_NONE);
	assert_str(sites[objects->site[1]].file, "b.py");
	assert_int_equal(sites[objects->site[1]].line, 3);
	assert_int_equal(sites[objects->site[1]].caller, outer - 1);
	assert_int_equal(sites[outer - 1].caller, HS_NONE);
	hs_snapshot_destroy(snap);
}

enum { RANDOM_OBJECTS = 500 };

/* A random graph that depends on @seed only. */
struct random_graph {
	uint32_t degree[RANDOM_OBJECTS];
	uint32_t targets[RANDOM_OBJECTS][4];
	uint32_t roots[3];
	uint32_t number[RANDOM_OBJECTS]; /* in the order of adding */
};

static uint64_t random_next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

static void make_graph(struct random_graph *graph, uint64_t seed)
{
	for (uint32_t i = 0; i < RANDOM_OBJECTS; i++) {
		graph->degree[i] = (uint32_t)(random_next(&seed) % 4);
		for (uint32_t j = 0; j < 4; j++)
			graph->targets[i][j] = (uint32_t)(random_next(&seed) % RANDOM_OBJECTS);
	}
	for (uint32_t i = 0; i < 3; i++)
		graph->roots[i] = (uint32_t)(random_next(&seed) % RANDOM_OBJECTS);
}

/* The order of the specification, by its words: object numbers by ordinal. */
static void expected_order(const struct random_graph *graph, uint32_t order[RANDOM_OBJECTS])
{
	bool queued[RANDOM_OBJECTS] = {false};
	uint32_t count = 0;

	for (uint32_t i = 0; i < 3; i++)
		if (!queued[graph->roots[i]]) {
			queued[graph->roots[i]] = true;
			order[count++] = graph->roots[i];
		}
	for (uint32_t taken = 0; taken < RANDOM_OBJECTS; taken++) {
		for (uint32_t i = 0; taken == count; i++) /* addresses ascend with i */
			if (!queued[i]) {
				queued[i] = true;
				order[count++] = i;
			}
		for (uint32_t j = 0; j < graph->degree[order[taken]]; j++) {
			uint32_t target = graph->targets[order[taken]][j];

			if (!queued[target]) {
				queued[target] = true;
				order[count++] = target;
			}
		}
	}
}

static void look_up(void *context, uint32_t *keys, size_t count)
{
	const struct random_graph *graph = context;

	for (size_t i = 0; i < count; i++)
		keys[i] = graph->number[keys[i]];
}

/* Build the graph, adding its objects in an order that depends on @seed; 0: by number. */
static struct hs_snapshot *build_random(struct random_graph *graph, uint64_t seed)
{
	struct hs_build *build = hs_build_create();
	uint32_t type = hs_build_type(build, STR("t"), STR(""), HS_ROLE_OTHER, HS_NONE);
	uint32_t shape = list_shape(build);
	struct hs_snapshot *snap = NULL;
	uint32_t order[RANDOM_OBJECTS];

	for (uint32_t i = 0; i < RANDOM_OBJECTS; i++) {
		uint32_t j = seed ? (uint32_t)(random_next(&seed) % (i + 1)) : i;

		order[i] = order[j];
		order[j] = i;
	}
	for (uint32_t i = 0; i < RANDOM_OBJECTS; i++) {
		graph->number[order[i]] = i;
		add(build, 0x1000 + order[i] * UINT64_C(16), type, shape, graph->targets[order[i]],
		    graph->degree[order[i]]);
	}
	for (uint32_t i = 0; i < 3; i++)
		hs_build_root(build, HS_ROOT_MODULE, graph->roots[i], STR("r"), HS_NONE, HS_NONE);
	assert_null(hs_build_finish(build, look_up, graph, &snap));
	hs_build_destroy(build);
	return snap;
}

/* Whatever the order of adding, the snapshot is the same, in the specified order. */
static void order_is_a_function_of_the_graph(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 30; seed++) {
		struct random_graph graph;
		uint32_t order[RANDOM_OBJECTS];
		uint32_t rank[RANDOM_OBJECTS];
		struct hs_snapshot *snap;
		const struct hs_objects *objects;

		make_graph(&graph, seed);
		expected_order(&graph, order);
		for (uint32_t i = 0; i < RANDOM_OBJECTS; i++)
			rank[order[i]] = i;
		snap = build_random(&graph, seed % 3 * seed);
		objects = hs_snapshot_objects(snap);
		for (uint32_t i = 0; i < RANDOM_OBJECTS; i++) {
			const hs_id *edges = objects->edges + objects->first_edge[i];

			assert_int_equal(objects->address[i], 0x1000 + order[i] * 16);
			for (uint32_t j = 0; j < graph.degree[order[i]]; j++)
				assert_int_equal(edges[j], rank[graph.targets[order[i]][j]]);
		}
		hs_snapshot_destroy(snap);
	}
}

static void labels_follow_the_shape(void **state)
{
	static const struct {
		enum hs_label_kind kind;
		const char *name;
		uint64_t index;
	} expected[] = {
		{HS_LABEL_ATTRIBUTE, "a", 0}, {HS_LABEL_INDEX, "", 7}, {HS_LABEL_INDEX, "", 6},
		{HS_LABEL_INDEX, "", 5},      {HS_LABEL_ITEM, "k", 0}, {HS_LABEL_VALUE, "", 0},
		{HS_LABEL_KEY, "", 0},	      {HS_LABEL_VALUE, "", 0}, {HS_LABEL_OFFSET, "", 24},
		{HS_LABEL_OFFSET, "", 24},
	};
	struct hs_build *build = hs_build_create();
	struct hs_run runs[] = {
		{.kind = HS_LABEL_ATTRIBUTE,
		 .operand = hs_build_string(build, STR("a")),
		 .count = 1},
		{.kind = HS_LABEL_INDEX_DOWN, .operand = 5},
		{.kind = HS_LABEL_ITEM, .operand = hs_build_string(build, STR("k")), .count = 1},
		{.kind = HS_LABEL_ENTRY, .count = 3},
		{.kind = HS_LABEL_OFFSET, .operand = 24, .strength = HS_WEAK},
	};
	uint32_t shape = hs_build_shape(build, runs, 5, 3);
	uint32_t type = hs_build_type(build, STR("t"), STR("m"), HS_ROLE_INSTANCE, HS_NONE);
	struct hs_build_object object = {
		.address = 8, .type = type, .shape = shape, .visible = 5, .owner = HS_NONE};
	struct hs_snapshot *snap = NULL;

	(void)state;
	assert_int_equal(hs_build_shape(build, runs, 5, 3), shape);
	assert_int_not_equal(hs_build_shape(build, runs, 5, 2), shape);
	hs_build_object(build, &object);
	for (int i = 0; i < 10; i++)
		hs_build_edge(build, 0);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	for (uint32_t i = 0; i < 10; i++) {
		struct hs_label label = hs_snapshot_label(snap, 0, i);

		assert_int_equal(label.kind, expected[i].kind);
		assert_str(label.name, expected[i].name);
		assert_int_equal(label.index, expected[i].index);
		assert_int_equal(label.strength, i < 8 ? HS_STRONG : HS_WEAK);
	}
	hs_snapshot_destroy(snap);
}

static void gaps_and_strings_are_interned(void **state)
{
	struct hs_build *build = hs_build_create();
	struct hs_snapshot *snap = NULL;
	char text[16];

	(void)state;
	assert_int_equal(hs_build_string(build, STR("")), 0);
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 1; i < 2000; i++) {
			snprintf(text, sizeof(text), "s%u", i);
			assert_int_equal(hs_build_string(build, STR(text)), i);
			assert_str(hs_build_string_at(build, i), text);
		}
	hs_build_gap(build, "lost", 2, 0);
	hs_build_gap(build, "torn", 1, 0x10);
	hs_build_gap(build, "lost", 3, 0x20);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	assert_int_equal(hs_snapshot_info(snap)->gap_count, 2);
	assert_str(hs_snapshot_info(snap)->gaps[0].reason, "lost");
	assert_int_equal(hs_snapshot_info(snap)->gaps[0].count, 5);
	assert_int_equal(hs_snapshot_info(snap)->gaps[0].example, 0x20);
	assert_int_equal(hs_snapshot_string_count(snap), 2002);
	hs_snapshot_destroy(snap);
}

static void halve(void *context, uint32_t *keys, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++)
		keys[i] = keys[i] % 2 ? HS_NONE : keys[i] / 2;
}

/* Keys are twice the number; odd ones name nothing. */
static struct hs_error *finish_keyed(uint32_t edge, uint32_t owner, uint32_t type_object,
				     uint32_t root, struct hs_snapshot **ret)
{
	struct hs_build *build = hs_build_create();
	uint32_t type = hs_build_type(build, STR("t"), STR(""), HS_ROLE_TYPE, type_object);
	struct hs_build_object object = {
		.address = 8, .type = type, .shape = list_shape(build), .owner = owner};
	struct hs_error *err;

	hs_build_object(build, &object);
	object.address = 16;
	object.visible = 1;
	hs_build_object(build, &object);
	hs_build_edge(build, edge);
	hs_build_root(build, HS_ROOT_MODULE, root, STR("r"), HS_NONE, HS_NONE);
	err = hs_build_finish(build, halve, NULL, ret);
	hs_build_destroy(build);
	return err;
}

static void keys_are_resolved(void **state)
{
	struct hs_snapshot *snap = NULL;
	uint32_t count;

	(void)state;
	assert_null(finish_keyed(0, 2, 2, 2, &snap));
	assert_int_equal(hs_snapshot_objects(snap)->address[0], 16);
	assert_int_equal(hs_snapshot_objects(snap)->edges[0], 1);
	assert_int_equal(hs_snapshot_objects(snap)->owner[0], 0);
	assert_int_equal(hs_snapshot_types(snap, &count)->object, 0);
	hs_snapshot_destroy(snap);
	for (int field = 0; field < 4; field++) {
		struct hs_error *err = finish_keyed(field == 0, field == 1 ? 1 : HS_NONE,
						    field == 2 ? 7 : HS_NONE, field == 3, &snap);

		assert_non_null(err);
		assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
		assert_non_null(strstr(hs_error_message(err), "names no object"));
		hs_error_destroy(err);
	}
}

static void expect_failure(struct hs_build *build, const char *part)
{
	struct hs_snapshot *snap = NULL;
	struct hs_error *err = hs_build_finish(build, NULL, NULL, &snap);

	assert_non_null(err);
	assert_null(snap);
	assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
	if (!strstr(hs_error_message(err), part))
		fail_msg("\"%s\" lacks \"%s\"", hs_error_message(err), part);
	hs_error_destroy(err);
	hs_build_destroy(build);
}

static void misuse_is_reported(void **state)
{
	struct hs_run two_rests[] = {{.kind = HS_LABEL_INDEX}, {.kind = HS_LABEL_KEY}};
	struct hs_run unknown = {.kind = HS_LABEL_COUNT};
	struct hs_run nameless = {.kind = HS_LABEL_ITEM, .operand = 99};
	struct hs_run three = {.kind = HS_LABEL_INDEX, .count = 3};
	struct hs_build *build = hs_build_create();

	(void)state;
	hs_build_shape(build, two_rests, 2, 2);
	expect_failure(build, "two runs that take the rest");
	build = hs_build_create();
	hs_build_shape(build, two_rests, 2, 3);
	expect_failure(build, "hides more runs");
	build = hs_build_create();
	hs_build_site(build, STR("a.py"), 1, 1);
	expect_failure(build, "names a site that does not exist");
	build = hs_build_create();
	hs_build_object(build, &(struct hs_build_object){.owner = HS_NONE, .site = 1});
	expect_failure(build, "names a site that does not exist");
	build = hs_build_create();
	hs_build_shape(build, &unknown, 1, 1);
	expect_failure(build, "kind");
	build = hs_build_create();
	hs_build_shape(build, &nameless, 1, 1);
	expect_failure(build, "string");
	build = hs_build_create();
	hs_build_edge(build, 0);
	expect_failure(build, "before the first object");
	build = hs_build_create();
	add(build, 0x20, 0, list_shape(build), NULL, 0);
	expect_failure(build, "0x20 has no type");
	build = hs_build_create();
	add(build, 0x20, hs_build_type(build, STR("t"), STR(""), HS_ROLE_OTHER, HS_NONE),
	    hs_build_shape(build, &three, 1, 1), (uint32_t[]){0, 0}, 2);
	expect_failure(build, "type t has 2 references, 2 of them visible");
	build = hs_build_create();
	hs_build_frame(build, 0, STR("f"), STR("g"), 1);
	expect_failure(build, "frame 0 has no thread");
}

static void whole_info_is_kept(void **state)
{
	struct hs_str command[] = {STR("python3"), STR("app.py")};
	struct hs_info info = {
		.pid = 7, .runtime = STR("cpython"), .command = command, .command_count = 2};
	struct hs_build *build = hs_build_create();
	uint32_t thread = hs_build_thread(build, 70, STR("main"));
	struct hs_region region = {.start = 0x1000, .end = 0x2000, .name = STR("[heap]")};
	struct hs_extent extent = {
		.start = 0x10, .size = 2, .state = STR("free"), .owner = HS_NONE};
	struct hs_snapshot *snap = NULL;
	uint32_t count;
	size_t size;

	(void)state;
	hs_build_info(build, &info);
	assert_int_equal(hs_build_frame(build, thread, STR("f"), STR("app.py"), 3), 0);
	hs_build_region(build, &region);
	hs_build_extent(build, &extent);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	assert_int_equal(hs_snapshot_info(snap)->pid, 7);
	assert_int_equal(hs_snapshot_info(snap)->command_count, 2);
	assert_str(hs_snapshot_info(snap)->command[1], "app.py");
	assert_str(hs_snapshot_info(snap)->mode, "");
	assert_str(hs_snapshot_threads(snap, &count)->name, "main");
	assert_str(hs_snapshot_frames(snap, &count)->function, "f");
	assert_str(hs_snapshot_regions(snap, &size)->name, "[heap]");
	assert_str(hs_snapshot_extents(snap, &size)->state, "free");
	assert_str(hs_snapshot_extents(snap, &size)->allocator, "");
	hs_snapshot_destroy(snap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(build_empty),
		cmocka_unit_test(order_is_breadth_first),
		cmocka_unit_test(sites_are_interned),
		cmocka_unit_test(order_is_a_function_of_the_graph),
		cmocka_unit_test(labels_follow_the_shape),
		cmocka_unit_test(gaps_and_strings_are_interned),
		cmocka_unit_test(keys_are_resolved),
		cmocka_unit_test(misuse_is_reported),
		cmocka_unit_test(whole_info_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
