/* SPDX-License-Identifier: MIT */
/* test_partition.c: classifiers, products of them, and the order of rows. */
#include "heap.h"

#include "libsnap/analysis/analysis.h"

static const struct hs_classifier *find(const char *name)
{
	const struct hs_classifier *found = hs_classifier_find(name, strlen(name));

	assert_non_null(found);
	return found;
}

static struct hs_partition *partition(const struct heap *heap, const char *first,
				      const char *second)
{
	const struct hs_classifier *by[] = {find(first), second ? find(second) : NULL};
	struct hs_snapshot *snap = heap_snapshot(heap);
	struct hs_partition *ret = NULL;

	assert_null(hs_partition_create(snap, by, second ? 2 : 1, HS_SIZE_SHALLOW, &ret));
	/* The rows stand on their own. */
	hs_snapshot_destroy(snap);
	return ret;
}

static void assert_row(const struct hs_partition *p, size_t row, const char *kind, uint64_t count,
		       uint64_t bytes)
{
	assert_true(row < p->row_count);
	assert_str(p->rows[row].kind, kind);
	assert_int_equal(p->rows[row].count, count);
	assert_int_equal(p->rows[row].bytes, bytes);
}

static void classifiers_by_name(void **state)
{
	size_t count;
	const struct hs_classifier *const *all = hs_classifiers(&count);

	(void)state;
	assert_true(count >= 4);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(find(hs_classifier_name(all[i])), all[i]);
		assert_true(strlen(hs_classifier_summary(all[i])) > 0);
		assert_true(hs_classifier_columns(all[i]) != 0);
	}
	assert_null(hs_classifier_find("kin", 3));
	assert_null(hs_classifier_find("kinds", 5));
	assert_ptr_equal(hs_classifier_find("kind,type", 4), find("kind"));
}

static void kinds_of_dicts(void **state)
{
	struct heap heap;
	struct hs_partition *p;
	uint32_t ordered;

	(void)state;
	heap_init(&heap);
	ordered = heap_type(&heap, "collections.OrderedDict", "collections", HS_ROLE_MAPPING);
	heap_namespace(&heap, heap_object(&heap, T_MODULE, 1));
	heap_namespace(&heap, heap_object(&heap, T_TYPE, 2));
	heap_namespace(&heap, heap_object(&heap, T_SESSION, 3));
	heap_object(&heap, T_DICT, 5000);
	heap_object(&heap, ordered, 4000);
	p = partition(&heap, "kind", NULL);
	assert_int_equal(p->objects, 8);
	assert_int_equal(p->bytes, 9000 + 3 * 232 + 6);
	assert_int_equal(p->row_count, 8);
	assert_row(p, 0, "dict (no owner)", 1, 5000);
	assert_row(p, 1, "collections.OrderedDict", 1, 4000);
	assert_row(p, 2, "dict of app.Session", 1, 232);
	assert_row(p, 3, "dict of module", 1, 232);
	assert_row(p, 4, "dict of type", 1, 232);
	assert_row(p, 5, "app.Session", 1, 3);
	assert_row(p, 6, "type", 1, 2);
	assert_row(p, 7, "module", 1, 1);
	hs_partition_destroy(p);
	p = partition(&heap, "type", NULL);
	assert_row(p, 0, "dict", 4, 5000 + 3 * 232);
	hs_partition_destroy(p);
	heap_deinit(&heap);
}

static void equal_names_are_one_class(void **state)
{
	struct heap heap;
	struct hs_partition *p;
	uint32_t twin;

	(void)state;
	heap_init(&heap);
	twin = heap_type(&heap, "app.Session", "app", HS_ROLE_INSTANCE);
	heap_object(&heap, T_SESSION, 10);
	heap_object(&heap, twin, 20);
	heap_namespace(&heap, heap_object(&heap, twin, 30));
	heap_namespace(&heap, heap_object(&heap, T_SESSION, 40));
	p = partition(&heap, "kind", NULL);
	assert_int_equal(p->row_count, 2);
	assert_row(p, 0, "dict of app.Session", 2, 464);
	assert_row(p, 1, "app.Session", 4, 100);
	hs_partition_destroy(p);
	heap_deinit(&heap);
}

static void order_of_rows(void **state)
{
	struct heap heap;
	struct hs_partition *p;

	(void)state;
	heap_init(&heap);
	heap_object(&heap, T_STR, 50);
	heap_object(&heap, T_STR, 50);
	heap_object(&heap, T_LIST, 100);
	heap_object(&heap, T_INT, 100);
	heap_object(&heap, T_SESSION, 101);
	p = partition(&heap, "kind", NULL);
	assert_row(p, 0, "app.Session", 1, 101);
	assert_row(p, 1, "str", 2, 100);
	assert_row(p, 2, "int", 1, 100);
	assert_row(p, 3, "list", 1, 100);
	hs_partition_destroy(p);
	heap_deinit(&heap);
}

static void other_classifiers(void **state)
{
	struct heap heap;
	struct hs_partition *p;
	uint32_t bare;

	(void)state;
	heap_init(&heap);
	bare = heap_type(&heap, "x", "", HS_ROLE_OTHER);
	heap_object(&heap, T_SESSION, 64);
	heap_object(&heap, T_APP, 64);
	heap_object(&heap, T_LIST, 72);
	heap_object(&heap, bare, 5);
	p = partition(&heap, "module", NULL);
	assert_row(p, 0, "app", 2, 128);
	assert_row(p, 1, "builtins", 1, 72);
	assert_row(p, 2, "(no module)", 1, 5);
	hs_partition_destroy(p);
	p = partition(&heap, "size", NULL);
	assert_row(p, 0, "64", 2, 128);
	assert_row(p, 1, "72", 1, 72);
	assert_row(p, 2, "5", 1, 5);
	hs_partition_destroy(p);
	p = partition(&heap, "module", "size");
	assert_row(p, 0, "app, 64", 2, 128);
	assert_row(p, 1, "builtins, 72", 1, 72);
	assert_int_equal(p->row_count, 3);
	assert_int_equal(p->by_count, 2);
	hs_partition_destroy(p);
	heap_deinit(&heap);
}

/* An object allocated at @line. */
static void object_at(struct heap *heap, uint32_t type, uint64_t size, uint32_t line)
{
	uint32_t object = heap_object(heap, type, size);

	heap->objects.data[object].line = line;
}

static void sites(void **state)
{
	struct heap heap;
	struct hs_partition *p;

	(void)state;
	heap_init(&heap);
	object_at(&heap, T_SESSION, 64, 3);
	object_at(&heap, T_LIST, 32, 3);
	object_at(&heap, T_LIST, 50, UINT32_MAX);
	heap_object(&heap, T_LIST, 5);
	p = partition(&heap, "site", NULL);
	assert_int_equal(p->row_count, 3);
	assert_row(p, 0, "app.py:3", 2, 96);
	assert_row(p, 1, "app.py:4294967295", 1, 50);
	assert_row(p, 2, "(not traced)", 1, 5);
	hs_partition_destroy(p);
	p = partition(&heap, "traceback", "type");
	assert_row(p, 0, "app.py:3 ← main.py:1, app.Session", 1, 64);
	assert_row(p, 3, "(not traced), list", 1, 5);
	hs_partition_destroy(p);
	heap_deinit(&heap);
}

/* A chain of lines deeper than a name shows. */
static void deep_traceback(void **state)
{
	enum { DEPTH = 1000, SHOWN = 64 };
	const struct hs_classifier *by = find("traceback");
	struct hs_build *build = hs_build_create();
	struct hs_build_object object = {
		.address = 16,
		.type = hs_build_type(build, STR("x"), STR(""), HS_ROLE_OTHER, HS_NONE),
		.shape = hs_build_shape(build, NULL, 0, 0),
		.owner = HS_NONE,
	};
	struct hs_snapshot *snap = NULL;
	struct hs_partition *p = NULL;

	(void)state;
	for (uint32_t i = 1; i <= DEPTH; i++)
		object.site = hs_build_site(build, STR("f"), i, object.site);
	hs_build_object(build, &object);
	assert_null(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	assert_null(hs_partition_create(snap, &by, 1, HS_SIZE_SHALLOW, &p));
	assert_int_equal(p->row_count, 1);
	assert_memory_equal(p->rows[0].kind.data, "f:1000 ← f:999 ← ", 19);
	assert_int_equal(p->rows[0].kind.size, sizeof("f:1000") - 1 +
						       (SHOWN - 1) * (sizeof(" ← f:999") - 1) +
						       sizeof(" ← …") - 1);
	hs_partition_destroy(p);
	hs_snapshot_destroy(snap);
}

/* Where nothing was traced at all the error says what to do. */
static void no_sites(void **state)
{
	const struct hs_classifier *by[] = {find("kind"), find("site")};
	struct hs_partition *p = NULL;
	struct hs_snapshot *snap;
	struct hs_error *err;
	struct heap heap;

	(void)state;
	heap_init(&heap);
	heap_object(&heap, T_LIST, 5);
	snap = heap_snapshot(&heap);
	err = hs_partition_create(snap, by, 2, HS_SIZE_SHALLOW, &p);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
	assert_non_null(strstr(hs_error_message(err), "-X tracemalloc"));
	assert_null(strstr(hs_error_message(err), "heapsnap info"));
	hs_error_destroy(err);
	assert_null(hs_partition_create(snap, by, 1, HS_SIZE_SHALLOW, &p));
	hs_partition_destroy(p);
	hs_snapshot_destroy(snap);
	heap.gaps = 1;
	snap = heap_snapshot(&heap);
	err = hs_partition_create(snap, by, 2, HS_SIZE_SHALLOW, &p);
	assert_non_null(strstr(hs_error_message(err), "heapsnap info"));
	hs_error_destroy(err);
	hs_snapshot_destroy(snap);
	heap_deinit(&heap);
}

static void empty_heap(void **state)
{
	struct heap heap;
	struct hs_partition *p;

	(void)state;
	heap_init(&heap);
	heap.gaps = 3;
	p = partition(&heap, "kind", NULL);
	assert_int_equal(p->row_count, 0);
	assert_int_equal(p->objects, 0);
	assert_int_equal(p->gaps, 3);
	hs_partition_destroy(p);
	heap_deinit(&heap);
}

static void sizes_that_count(void **state)
{
	const struct hs_classifier *by = find("type");
	struct hs_partition *shallow = NULL;
	struct hs_partition *allocated = NULL;
	const uint64_t *sizes = NULL;
	struct hs_snapshot *snap;
	struct hs_error *err;
	struct heap heap;

	(void)state;
	heap_init(&heap);
	for (unsigned int i = 0; i < 5; i++)
		heap_object(&heap, i % 2 ? T_STR : T_LIST, 64 + i);
	snap = heap_snapshot(&heap);
	assert_null(hs_partition_create(snap, &by, 1, HS_SIZE_SHALLOW, &shallow));
	assert_null(hs_partition_create(snap, &by, 1, HS_SIZE_ALLOCATED, &allocated));
	assert_true(allocated->objects > 2);
	assert_int_equal(allocated->size, HS_SIZE_ALLOCATED);
	assert_int_equal(allocated->bytes, shallow->bytes + HEAP_OVERHEAD * shallow->objects);
	hs_partition_destroy(shallow);
	hs_partition_destroy(allocated);
	hs_snapshot_destroy(snap);
	heap_deinit(&heap);
	/* A snapshot that does not say what was allocated. */
	err = hs_size_values(&(struct hs_objects){.count = 1}, HS_SIZE_ALLOCATED, &sizes);
	assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
	assert_non_null(strstr(hs_error_message(err), "allocated"));
	hs_error_destroy(err);
}

static void nothing_to_sort_by(void **state)
{
	struct heap heap;
	struct hs_snapshot *snap;
	struct hs_partition *p = NULL;
	struct hs_error *err;

	(void)state;
	heap_init(&heap);
	snap = heap_snapshot(&heap);
	err = hs_partition_create(snap, NULL, 0, HS_SIZE_SHALLOW, &p);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_USAGE);
	assert_null(p);
	hs_error_destroy(err);
	hs_snapshot_destroy(snap);
	heap_deinit(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sites),
		cmocka_unit_test(deep_traceback),
		cmocka_unit_test(no_sites),
		cmocka_unit_test(classifiers_by_name),
		cmocka_unit_test(kinds_of_dicts),
		cmocka_unit_test(equal_names_are_one_class),
		cmocka_unit_test(order_of_rows),
		cmocka_unit_test(other_classifiers),
		cmocka_unit_test(empty_heap),
		cmocka_unit_test(nothing_to_sort_by),
		cmocka_unit_test(sizes_that_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
