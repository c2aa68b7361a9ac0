/* SPDX-License-Identifier: MIT */
/* test_tree.c: the dominator tree, one object, and merged ways, as they are told. */
#include "heap.h"

#include <heapsnap/analysis.h>

struct fixture {
	struct heap heap;
	struct hs_snapshot *snap;
	struct hs_graph *graph;
	uint32_t ns;
	uint32_t cache;
	uint32_t head; /* of a linked list */
	uint32_t shared;
};

enum { SESSIONS = 12, LIST = 50 };

/*
 * app.CACHE, a list of sessions with .data each, and .user, which half of them share with main()'s
 * local variable; app.head, a linked list; a cycle of garbage.
 */
static void setup(struct fixture *f)
{
	uint32_t node, one, other;

	*f = (struct fixture){0};
	heap_init(&f->heap);
	heap_module(&f->heap, "app", &f->ns);
	f->cache = heap_object(&f->heap, T_LIST, 200);
	heap_set(&f->heap, f->ns, "CACHE", f->cache);
	f->shared = heap_object(&f->heap, T_STR, 1000);
	heap_root(&f->heap, HS_ROOT_THREAD, f->shared, "user");
	for (int i = 0; i < SESSIONS; i++) {
		uint32_t session = heap_object(&f->heap, T_SESSION, 48);

		heap_append(&f->heap, f->cache, session);
		heap_ref(&f->heap, session, HS_LABEL_ATTRIBUTE, "data",
			 heap_object(&f->heap, T_LIST, 100 + (uint64_t)i));
		if (i % 2)
			heap_ref(&f->heap, session, HS_LABEL_ATTRIBUTE, "user", f->shared);
	}
	node = f->head = heap_object(&f->heap, T_APP, 16);
	heap_set(&f->heap, f->ns, "head", node);
	for (int i = 1; i < LIST; i++) {
		uint32_t next = heap_object(&f->heap, T_APP, 16);

		heap_ref(&f->heap, node, HS_LABEL_ATTRIBUTE, "next", next);
		node = next;
	}
	one = heap_object(&f->heap, T_LIST, 7);
	other = heap_object(&f->heap, T_LIST, 8);
	heap_append(&f->heap, one, other);
	heap_append(&f->heap, other, one);
	f->snap = heap_snapshot(&f->heap);
	assert_null(hs_graph_create(f->snap, NULL, &f->graph));
}

static void teardown(struct fixture *f)
{
	hs_graph_destroy(f->graph);
	hs_snapshot_destroy(f->snap);
	heap_deinit(&f->heap);
}

static hs_id id_of(const struct fixture *f, uint32_t object)
{
	return heap_find(&f->heap, f->snap, object);
}

static void whole_tree(void **state)
{
	struct hs_tree *tree = NULL;
	struct fixture f;
	uint64_t top = 0;

	(void)state;
	setup(&f);
	assert_null(hs_tree_create(f.snap, f.graph, NULL, 0, 0, 0, &tree));
	assert_int_equal(tree->row_count, tree->row_total);
	/* All but the namespace and the garbage. */
	assert_int_equal(tree->row_count, hs_snapshot_objects(f.snap)->count - 3);
	assert_int_equal(tree->garbage_objects, 2);
	assert_int_equal(tree->garbage_bytes, 15);
	assert_str(tree->rows[0].label, "app");
	assert_str(tree->rows[1].label, ".CACHE");
	assert_int_equal(tree->rows[1].item.id, id_of(&f, f.cache));
	assert_str(tree->rows[2].label, "[11]");
	assert_str(tree->rows[3].label, ".data");
	assert_int_equal(tree->rows[3].depth, 3);
	for (size_t i = 0; i < tree->row_count; i++) {
		const struct hs_tree_row *row = &tree->rows[i];

		if (row->parent == SIZE_MAX) {
			top += row->item.retained;
			assert_int_equal(row->depth, 0);
			continue;
		}
		assert_true(row->parent < i);
		assert_int_equal(row->depth, tree->rows[row->parent].depth + 1);
		assert_true(row->item.retained <= tree->rows[row->parent].item.retained);
	}
	assert_int_equal(top, tree->bytes - tree->garbage_bytes);
	hs_tree_destroy(tree);
	teardown(&f);
}

/* The level of modules, and what is held by several or by threads. */
static void first_level(void **state)
{
	struct hs_tree *tree = NULL;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_null(hs_tree_create(f.snap, f.graph, NULL, 0, 1, 0, &tree));
	assert_int_equal(tree->row_count, 2);
	assert_str(tree->rows[0].label, "app");
	assert_str(tree->rows[1].item.type, "str");
	hs_tree_destroy(tree);
	assert_null(hs_tree_create(f.snap, f.graph, NULL, 0, 2, 0, &tree));
	for (size_t i = 0; i < tree->row_count; i++)
		assert_in_range(tree->rows[i].depth, 0, 1);
	assert_true(tree->row_count > 2);
	hs_tree_destroy(tree);
	teardown(&f);
}

/* With a limit there are the largest ones, each with those above it. */
static void part_of_a_tree(void **state)
{
	struct hs_tree *tree = NULL;
	struct fixture f;
	hs_id cache;

	(void)state;
	setup(&f);
	cache = id_of(&f, f.cache);
	assert_null(hs_tree_create(f.snap, f.graph, &cache, 1, 0, 4, &tree));
	assert_int_equal(tree->row_count, 4);
	assert_int_equal(tree->row_total, 1 + 2 * SESSIONS);
	assert_int_equal(tree->objects, 1 + 2 * SESSIONS);
	assert_str(tree->rows[0].label, "app.CACHE");
	for (size_t i = 1; i < 4; i++) {
		assert_int_equal(tree->rows[i].parent, 0);
		assert_str(tree->rows[i].item.kind, "app.Session");
		assert_int_equal(tree->rows[i].item.retained, 48 + 100 + SESSIONS - i);
	}
	hs_tree_destroy(tree);
	teardown(&f);
}

/* All of a type, one of which holds the others: the largest first, and what they hold together. */
static void objects_of_a_type(void **state)
{
	struct hs_tree *tree = NULL;
	struct fixture f;
	hs_id *set = NULL;
	size_t count;

	(void)state;
	setup(&f);
	assert_null(hs_objects_find(f.snap, "list,#0,list", &set, &count));
	assert_null(hs_tree_create(f.snap, f.graph, set, count, 0, 4, &tree));
	assert_int_equal(tree->row_total, SESSIONS + 1 + 2 + 1);
	assert_int_equal(tree->row_count, 4);
	assert_str(tree->rows[0].label, "app");
	assert_str(tree->rows[1].label, "app.CACHE");
	assert_str(tree->rows[2].label, "app.CACHE[11].data");
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(tree->rows[i].depth, 0);
	/* All but the string that is a thread's. */
	assert_int_equal(tree->objects, hs_snapshot_objects(f.snap)->count - 1);
	hs_tree_destroy(tree);
	free(set);
	teardown(&f);
}

static void assert_finds(const struct hs_snapshot *snap, const char *what, size_t wanted)
{
	hs_id *set = NULL;
	size_t count;

	assert_null(hs_objects_find(snap, what, &set, &count));
	assert_int_equal(count, wanted);
	free(set);
}

static void assert_finds_none(const struct hs_snapshot *snap, const char *what, const char *missing)
{
	hs_id *set = NULL;
	size_t count;
	struct hs_error *err = hs_objects_find(snap, what, &set, &count);

	assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
	assert_non_null(strstr(hs_error_message(err), missing));
	hs_error_destroy(err);
}

/* A name that holds a comma is one name. */
static void names_with_commas(void **state)
{
	struct hs_snapshot *snap;
	struct heap heap;
	uint32_t pair, half;

	(void)state;
	heap_init(&heap);
	pair = heap_type(&heap, "app.Pair[int, app.Half[a,b]]", "app", HS_ROLE_INSTANCE);
	half = heap_type(&heap, "app.Pair[int", "app", HS_ROLE_INSTANCE);
	heap_type(&heap, "str,list", "app", HS_ROLE_INSTANCE); /* which has no objects */
	for (int i = 0; i < 3; i++)
		heap_object(&heap, pair, 8);
	heap_object(&heap, half, 8);
	heap_object(&heap, T_STR, 8);
	heap_object(&heap, T_LIST, 8);
	snap = heap_snapshot(&heap);
	assert_finds(snap, "app.Pair[int, app.Half[a,b]]", 3);
	assert_finds(snap, "str,app.Pair[int, app.Half[a,b]],#0", 1 + 3 + 1);
	assert_finds(snap, "app.Pair[int", 1);
	assert_finds(snap, "app.Pair[int,str", 2);
	assert_finds(snap, "str,list", 2);
	assert_finds_none(snap, "app.Pair[int, app.Half[a", "' app.Half[a'");
	assert_finds_none(snap, "str,", "''");
	assert_finds_none(snap, "", "''");
	assert_finds_none(snap, "app.Half,str", "'app.Half'");
	hs_snapshot_destroy(snap);
	heap_deinit(&heap);
}

static void one_object(void **state)
{
	struct hs_inspection *view = NULL;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_null(hs_inspection_create(f.snap, f.graph, id_of(&f, f.shared), 3, &view));
	assert_int_equal(view->freedom, HS_FREEDOM_ROOT);
	assert_int_equal(view->item.retained, 1000);
	assert_int_equal(view->referrer_total, SESSIONS / 2);
	assert_int_equal(view->referrer_count, 3);
	assert_str(view->referrers[0].label, ".user");
	assert_true(view->referrers[0].holds);
	assert_int_equal(view->allocated, 1000 + HEAP_OVERHEAD);
	hs_inspection_destroy(view);
	assert_null(hs_inspection_create(f.snap, f.graph, id_of(&f, f.cache), 0, &view));
	assert_int_equal(view->freedom, HS_FREEDOM_NONE);
	assert_str(view->dominator.kind, "dict of module");
	assert_str(view->label, "app.CACHE");
	assert_int_equal(view->ref_count, SESSIONS);
	assert_str(view->refs[0].label, "[11]");
	assert_int_equal(view->refs[0].item.retained, 48 + 111);
	hs_inspection_destroy(view);
	teardown(&f);
}

static struct hs_merged *merge(const struct fixture *f, const char *what, size_t limit)
{
	struct hs_merged *merged = NULL;
	hs_id *set = NULL;
	size_t count;

	assert_null(hs_objects_find(f->snap, what, &set, &count));
	assert_null(hs_merged_create(f->snap, f->graph, set, count, what, limit, &merged));
	free(set);
	return merged;
}

static void merged_ways(void **state)
{
	struct hs_merged *merged;
	struct fixture f;

	(void)state;
	setup(&f);
	merged = merge(&f, "list", 0);
	assert_int_equal(merged->count, SESSIONS + 3);
	assert_int_equal(merged->unreached, 2);
	assert_int_equal(merged->row_count, 2);
	assert_str(merged->rows[0].label, "app.CACHE");
	assert_int_equal(merged->rows[0].count, SESSIONS + 1);
	assert_int_equal(merged->rows[0].own, 1);
	assert_str(merged->rows[1].label, "[*].data");
	assert_int_equal(merged->rows[1].own, SESSIONS);
	assert_int_equal(merged->rows[1].parent, 0);
	hs_merged_destroy(merged);
	merged = merge(&f, "app.App,list", 1);
	assert_int_equal(merged->row_count, 1);
	assert_int_equal(merged->row_total, 5);
	assert_str(merged->rows[0].label, "app");
	assert_int_equal(merged->rows[0].count, LIST + SESSIONS + 1);
	hs_merged_destroy(merged);
	/* The head is a place of its own, all others are one. */
	merged = merge(&f, "app.App", 0);
	assert_int_equal(merged->row_count, 2);
	assert_str(merged->rows[0].label, "app.head");
	assert_str(merged->rows[1].label, ".next*");
	assert_int_equal(merged->rows[1].own, LIST - 1);
	hs_merged_destroy(merged);
	teardown(&f);
}

static void ways_to_one(void **state)
{
	struct hs_ways *ways = NULL;
	struct fixture f;

	(void)state;
	setup(&f);
	/* A module comes before a thread, though the way from it is longer. */
	assert_null(hs_ways_create(f.snap, f.graph, id_of(&f, f.shared), 2, &ways));
	assert_int_equal(ways->row_count, 2);
	assert_int_equal(ways->row_total, SESSIONS / 2);
	assert_str(ways->rows[0].label, "app.CACHE[1].user");
	assert_str(ways->rows[1].label, "app.CACHE[3].user");
	assert_int_equal(ways->rows[0].rank, HS_ROOT_MODULE);
	assert_int_equal(ways->rows[0].steps, 4);
	assert_int_equal(ways->step_count, 5);
	assert_str(ways->steps[4].label, ".user");
	hs_ways_destroy(ways);
	teardown(&f);
}

static void what_a_class_retains(void **state)
{
	const struct hs_classifier *kind = hs_classifier_find("kind", 4);
	struct hs_partition *partition = NULL;
	struct fixture f;
	size_t seen = 0;

	(void)state;
	setup(&f);
	assert_null(hs_partition_create(f.snap, &kind, 1, HS_SIZE_RETAINED, &partition));
	for (size_t i = 0; i < partition->row_count; i++) {
		const struct hs_partition_row *row = &partition->rows[i];

		/* A list of nodes that hold each other counts once. */
		if (hs_str_equal(row->kind, STR("app.App"))) {
			assert_int_equal(row->bytes, 16 * LIST);
			seen++;
		}
		if (hs_str_equal(row->kind, STR("app.Session"))) {
			assert_int_equal(row->bytes, 12 * 148 + 66);
			seen++;
		}
		/* The cache with all in it, and the garbage. */
		if (hs_str_equal(row->kind, STR("list"))) {
			assert_int_equal(row->bytes, 200 + 12 * 148 + 66 + 15);
			seen++;
		}
	}
	assert_int_equal(seen, 3);
	hs_partition_destroy(partition);
	teardown(&f);
}

static void names_of_objects(void **state)
{
	static const char *const wrong[] = {"", "#", "#-1", "0x", "0x7g", "# 1", "1 ", "0x 1"};
	static const char *const missing[] = {"#99999", "0x12", "18446744073709551615"};
	struct fixture f;
	char text[40];
	hs_id id = 0;

	(void)state;
	setup(&f);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct hs_error *err = hs_object_find(f.snap, wrong[i], &id);

		assert_int_equal(hs_error_code(err), HS_ERROR_USAGE);
		hs_error_destroy(err);
	}
	for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++) {
		struct hs_error *err = hs_object_find(f.snap, missing[i], &id);

		assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
		hs_error_destroy(err);
	}
	snprintf(text, sizeof(text), "0x%llX",
		 (unsigned long long)f.heap.objects.data[f.cache].address);
	assert_null(hs_object_find(f.snap, text, &id));
	assert_int_equal(id, id_of(&f, f.cache));
	assert_null(hs_object_find(f.snap, "#3", &id));
	assert_int_equal(id, 3);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_level),		cmocka_unit_test(objects_of_a_type),
		cmocka_unit_test(whole_tree),		cmocka_unit_test(part_of_a_tree),
		cmocka_unit_test(names_with_commas),	cmocka_unit_test(one_object),
		cmocka_unit_test(merged_ways),		cmocka_unit_test(ways_to_one),
		cmocka_unit_test(what_a_class_retains), cmocka_unit_test(names_of_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
