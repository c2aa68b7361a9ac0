/* SPDX-License-Identifier: MIT */
/* test_audit.c: which references are found, and which are counted without being found. */
#include "heap.h"

#include <heapsnap/analysis.h>

/* A heap with a module app, in whose namespace the tests put things. */
struct scene {
	struct heap heap;
	uint32_t ns;
	struct hs_snapshot *snap;
	uint64_t *found;
};

static void begin(struct scene *scene)
{
	heap_init(&scene->heap);
	heap_module(&scene->heap, "app", &scene->ns);
}

static uint32_t add(struct scene *scene, uint32_t type, uint64_t refcount)
{
	uint32_t object = heap_object(&scene->heap, type, 50);

	scene->heap.objects.data[object].refcount = refcount;
	return object;
}

static void count(struct scene *scene)
{
	scene->snap = heap_snapshot(&scene->heap);
	assert_null(hs_references_find(scene->snap, &scene->found));
}

static void assert_found(const struct scene *scene, uint32_t object, uint64_t references)
{
	assert_int_equal(scene->found[heap_find(&scene->heap, scene->snap, object)], references);
}

static void end(struct scene *scene)
{
	free(scene->found);
	hs_snapshot_destroy(scene->snap);
	heap_deinit(&scene->heap);
}

static void references_of_objects(void **state)
{
	struct scene s = {0};
	uint32_t item, list;

	(void)state;
	begin(&s);
	list = add(&s, T_LIST, 1);
	item = add(&s, T_SESSION, 4);
	heap_set(&s.heap, s.ns, "list", list);
	for (int i = 0; i < 3; i++)
		heap_append(&s.heap, list, item);
	heap_hidden(&s.heap, list, HS_LABEL_KEY, item);
	heap_weak(&s.heap, list, item);
	count(&s);
	assert_found(&s, list, 1);
	assert_found(&s, item, 4);
	/* The module itself: the root's name says nothing of who holds it. */
	assert_found(&s, 0, 0);
	end(&s);
}

static void roots_hold(void **state)
{
	struct scene s = {0};
	uint32_t one;

	(void)state;
	begin(&s);
	one = add(&s, T_LIST, 4);
	heap_root(&s.heap, HS_ROOT_INTERPRETER, one, "atexit callbacks");
	heap_root(&s.heap, HS_ROOT_THREAD, one, "local");
	heap_root(&s.heap, HS_ROOT_THREAD, one, "<stack>");
	heap_root(&s.heap, HS_ROOT_INTERNAL, one, "data of library.so");
	count(&s);
	assert_found(&s, one, 4);
	end(&s);
}

/* What a frame has is not counted once more where the frame is an object that refers to it. */
static void frames_that_are_objects(void **state)
{
	struct scene s = {0};
	uint32_t frame, twice, elsewhere;

	(void)state;
	begin(&s);
	frame = add(&s, heap_type(&s.heap, "frame", "builtins", HS_ROLE_FRAME), 1);
	twice = add(&s, T_LIST, 3);
	elsewhere = add(&s, T_LIST, 2);
	heap_ref(&s.heap, frame, HS_LABEL_LOCAL, "a", twice);
	heap_ref(&s.heap, frame, HS_LABEL_LOCAL, "b", twice);
	heap_ref(&s.heap, frame, HS_LABEL_ATTRIBUTE, "f_back", elsewhere);
	heap_root(&s.heap, HS_ROOT_THREAD, twice, "a");
	heap_root(&s.heap, HS_ROOT_THREAD, twice, "b");
	heap_root(&s.heap, HS_ROOT_THREAD, twice, "<stack>");
	heap_root(&s.heap, HS_ROOT_THREAD, frame, "<frame>");
	count(&s);
	assert_found(&s, frame, 1);
	assert_found(&s, twice, 3);
	assert_found(&s, elsewhere, 1);
	end(&s);
}

/* A frame that a local variable refers to is not the one whose variable it is. */
static void frames_of_others(void **state)
{
	struct scene s = {0};
	uint32_t frame, one;

	(void)state;
	begin(&s);
	frame = add(&s, heap_type(&s.heap, "frame", "builtins", HS_ROLE_FRAME), 1);
	one = add(&s, T_LIST, 2);
	heap_ref(&s.heap, frame, HS_LABEL_LOCAL, "a", one);
	heap_root(&s.heap, HS_ROOT_THREAD, frame, "caller");
	heap_root(&s.heap, HS_ROOT_THREAD, one, "a");
	count(&s);
	assert_found(&s, one, 2);
	end(&s);
}

static void data_that_is_an_object(void **state)
{
	struct scene s = {0};
	uint32_t type, dict, other;

	(void)state;
	begin(&s);
	type = add(&s, T_TYPE, 1);
	s.heap.objects.data[type].flags = HS_OBJECT_STATIC;
	dict = add(&s, T_DICT, 1);
	other = add(&s, T_DICT, 1);
	heap_ref(&s.heap, type, HS_LABEL_ATTRIBUTE, "__dict__", dict);
	heap_root(&s.heap, HS_ROOT_INTERNAL, dict, "data of python3");
	heap_root(&s.heap, HS_ROOT_INTERNAL, other, "data of python3");
	heap_root(&s.heap, HS_ROOT_INTERNAL, type, "data of python3");
	count(&s);
	assert_found(&s, dict, 1);
	assert_found(&s, other, 1);
	end(&s);
}

static void listed_strings(void **state)
{
	struct scene s = {0};
	uint32_t table, listed;

	(void)state;
	begin(&s);
	table = add(&s, T_DICT, 1);
	listed = add(&s, T_STR, 1);
	heap_put(&s.heap, table, listed, listed);
	heap_root(&s.heap, HS_ROOT_INTERNAL, table, "interned strings");
	heap_set(&s.heap, s.ns, "name", listed);
	count(&s);
	assert_found(&s, listed, 1);
	assert_found(&s, table, 1);
	end(&s);
}

static struct hs_audit *audit(const struct scene *scene)
{
	const struct hs_classifier *by = hs_classifier_find("type", 4);
	struct hs_audit *ret = NULL;

	assert_null(hs_audit_create(scene->snap, &by, 1, &ret));
	return ret;
}

static void rows_by_what_is_not_found(void **state)
{
	struct scene s = {0};
	struct hs_audit *a;
	uint32_t sessions[3];
	uint32_t list, never;

	(void)state;
	begin(&s);
	list = add(&s, T_LIST, 1);
	heap_set(&s.heap, s.ns, "list", list);
	for (uint64_t i = 0; i < 3; i++) {
		sessions[i] = add(&s, T_SESSION, i * i + 1);
		heap_append(&s.heap, list, sessions[i]);
	}
	/* Two whose counts say nothing, and one that is found twice more than it is counted. */
	never = add(&s, T_SESSION, 1000000);
	s.heap.objects.data[never].flags = HS_OBJECT_IMMORTAL;
	heap_append(&s.heap, list, never);
	never = add(&s, T_SESSION, 1000);
	s.heap.objects.data[never].flags = HS_OBJECT_STATIC;
	heap_append(&s.heap, list, sessions[0]);
	heap_append(&s.heap, list, sessions[0]);
	count(&s);
	a = audit(&s);
	assert_str(a->rows[0].kind, "app.Session");
	assert_int_equal(a->rows[0].objects, 3);
	assert_int_equal(a->rows[0].refcount, 1 + 2 + 5);
	assert_int_equal(a->rows[0].referenced, 3 + 1 + 1);
	assert_int_equal(a->rows[0].unaccounted, 0 + 1 + 4);
	assert_int_equal(a->rows[0].surplus, 2);
	assert_int_equal(a->rows[0].concerned, 2);
	assert_int_equal(a->rows[0].most, 4);
	assert_int_equal(a->rows[0].example, s.heap.objects.data[sessions[2]].address);
	assert_int_equal(a->unaccounted, 5);
	assert_int_equal(a->uncounted, 2);
	assert_int_equal(a->objects + a->uncounted, hs_snapshot_objects(s.snap)->count);
	for (size_t i = 1; i < a->row_count; i++) {
		assert_int_equal(a->rows[i].unaccounted, 0);
		assert_int_equal(a->rows[i].example, 0);
		assert_true(i < 2 || a->rows[i].objects <= a->rows[i - 1].objects);
	}
	hs_audit_destroy(a);
	end(&s);
}

static void without_counts(void **state)
{
	const struct hs_classifier *by = hs_classifier_find("type", 4);
	struct hs_audit *a = NULL;
	struct scene s = {0};
	struct hs_error *err;

	(void)state;
	begin(&s);
	count(&s);
	err = hs_audit_create(s.snap, &by, 1, &a);
	assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
	assert_null(a);
	hs_error_destroy(err);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_of_objects),     cmocka_unit_test(roots_hold),
		cmocka_unit_test(frames_that_are_objects),   cmocka_unit_test(frames_of_others),
		cmocka_unit_test(data_that_is_an_object),    cmocka_unit_test(listed_strings),
		cmocka_unit_test(rows_by_what_is_not_found), cmocka_unit_test(without_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
