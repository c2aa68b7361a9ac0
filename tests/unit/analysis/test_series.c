/* SPDX-License-Identifier: MIT */
/* test_series.c: what grows over several snapshots, and what only seems to. */
#include "diff_fixture.h"

/* A fixture whose module app has an empty dict of that name. */
static uint32_t init_with(struct fixture *f, const char *name)
{
	uint32_t dict;

	init(f);
	dict = heap_object(&f->heap, T_DICT, 64);
	heap_set(&f->heap, f->ns, name, dict);
	return dict;
}

static void growth_at_every_step(void **state)
{
	const struct hs_suspect *suspect;
	struct fixture f;
	uint32_t dict;

	(void)state;
	dict = init_with(&f, "SESSIONS");
	for (int i = 0; i < 4; i++) {
		put_sessions(&f, dict, 1000);
		next_snapshot(&f);
	}
	compare_series(&f);
	suspect = &f.diff->suspects[0];
	assert_int_equal(f.diff->verdict, HS_VERDICT_LEAK);
	assert_int_equal(f.diff->suspect_count, 1);
	assert_int_equal(suspect->verdict, HS_VERDICT_LEAK);
	assert_str(suspect->row->kind, "app.Session");
	assert_str(suspect->holder.label, "app.SESSIONS");
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(suspect->row->count[i], 1000 * (i + 1));
		assert_int_equal(suspect->holder.length[i], 1000 * (i + 1));
	}
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(suspect->steps[i], 1000 * (56 + 184 + 54 + 53 + 72 + 61 + 40));
	assert_true(suspect->step.count == 1000);
	assert_true(suspect->timed);
	assert_true(suspect->hour.count == 1000);
	assert_true(suspect->hour.bytes == 56000);
	assert_int_equal(suspect->row->added, 1000);
	assert_int_equal(suspect->row->survived, 3000);
	assert_int_equal(f.diff->dismissed_count, 0);
	deinit(&f);
}

/* A cache that fills up while something else leaks: the leak alone is accused. */
static void warm_up_beside_a_leak(void **state)
{
	struct fixture f;
	uint32_t leak, cache, type;

	(void)state;
	leak = init_with(&f, "SESSIONS");
	cache = heap_object(&f.heap, T_LIST, 56);
	heap_set(&f.heap, f.ns, "STYLES", cache);
	type = heap_type(&f.heap, "app.Style", "app", HS_ROLE_INSTANCE);
	for (int i = 0; i < 4; i++) {
		put_sessions(&f, leak, 500);
		/* Last it fills up in the last step, or before. */
		for (int j = 0; i != 1 && j < 5000; j++)
			heap_append(&f.heap, cache, heap_object(&f.heap, type, 100));
		next_snapshot(&f);
	}
	compare_series(&f);
	assert_int_equal(f.diff->verdict, HS_VERDICT_LEAK);
	assert_int_equal(f.diff->suspect_count, 1);
	assert_str(f.diff->suspects[0].row->kind, "app.Session");
	assert_int_equal(f.diff->dismissed_count, 1);
	assert_str(f.diff->dismissed[0].row->kind, "app.Style");
	assert_int_equal(f.diff->dismissed[0].why, HS_DISMISSAL_FLAT);
	assert_int_equal(f.diff->dismissed[0].steps[0], 0);
	assert_int_equal(f.diff->dismissed[0].steps[2], 500000);
	deinit(&f);
}

/* Add sessions as @added says, a snapshot after each; the verdict. */
static enum hs_verdict verdict_of(const int *added, size_t count)
{
	enum hs_verdict verdict;
	struct fixture f;
	uint32_t dict;

	dict = init_with(&f, "SESSIONS");
	next_snapshot(&f);
	for (size_t i = 0; i < count; i++) {
		put_sessions(&f, dict, added[i]);
		next_snapshot(&f);
	}
	compare_series(&f);
	verdict = f.diff->verdict;
	assert_int_equal(f.diff->dismissed_count, verdict == HS_VERDICT_STABLE);
	if (verdict == HS_VERDICT_STABLE)
		assert_int_equal(f.diff->dismissed[0].why, HS_DISMISSAL_LEVELLED);
	deinit(&f);
	return verdict;
}

static void levelling_off(void **state)
{
	(void)state;
	assert_int_equal(verdict_of((const int[]){4000, 400}, 2), HS_VERDICT_STABLE);
	assert_int_equal(verdict_of((const int[]){4000, 2000}, 2), HS_VERDICT_LEAK);
	assert_int_equal(verdict_of((const int[]){4000, 2000, 900}, 3), HS_VERDICT_STABLE);
	assert_int_equal(verdict_of((const int[]){4000, 800, 900}, 3), HS_VERDICT_LEAK);
	assert_int_equal(verdict_of((const int[]){800, 900, 4000, 2000}, 4), HS_VERDICT_LEAK);
}

/* Two containers fill up, one after the other, with objects of one class. */
static void one_class_in_two_containers(void **state)
{
	struct fixture f;
	uint32_t first, second;

	(void)state;
	first = init_with(&f, "FIRST");
	second = heap_object(&f.heap, T_DICT, 64);
	heap_set(&f.heap, f.ns, "SECOND", second);
	next_snapshot(&f);
	put_sessions(&f, first, 1000);
	put_sessions(&f, second, 1);
	next_snapshot(&f);
	put_sessions(&f, second, 1000);
	next_snapshot(&f);
	put_sessions(&f, first, 1000);
	next_snapshot(&f);
	compare_series(&f);
	assert_int_equal(f.diff->verdict, HS_VERDICT_STABLE);
	assert_int_equal(f.diff->dismissed_count, 1);
	assert_int_equal(f.diff->dismissed[0].why, HS_DISMISSAL_FLAT);
	deinit(&f);
}

/* A buffer that grows at each step is a leak without new objects; one that grew once is none. */
static void buffers(void **state)
{
	struct fixture f;
	uint32_t leak, once, type;

	(void)state;
	init(&f);
	type = heap_type(&f.heap, "bytearray", "builtins", HS_ROLE_BYTES);
	leak = heap_object(&f.heap, type, 1000);
	once = heap_object(&f.heap, T_STR, 1000);
	heap_set(&f.heap, f.ns, "BUFFER", leak);
	heap_set(&f.heap, f.ns, "ONCE", once);
	for (int i = 1; i < 5; i++) {
		f.heap.objects.data[leak].size = 100000 * (uint64_t)i;
		f.heap.objects.data[once].size = i < 4 ? 1000 : 200000;
		next_snapshot(&f);
	}
	compare_series(&f);
	assert_int_equal(f.diff->verdict, HS_VERDICT_LEAK);
	assert_int_equal(f.diff->suspect_count, 1);
	assert_str(f.diff->suspects[0].holder.label, "app.BUFFER");
	assert_int_equal(f.diff->suspects[0].holder.length[3], HS_UNKNOWN);
	assert_int_equal(f.diff->dismissed_count, 1);
	deinit(&f);
}

/* A container that came in between is followed from then on. */
static void a_container_that_is_new(void **state)
{
	const struct hs_suspect *suspect;
	struct fixture f;
	uint32_t first, dict = 0;

	(void)state;
	first = init_with(&f, "FIRST");
	for (int i = 0; i < 4; i++) {
		if (i == 1) {
			dict = heap_object(&f.heap, T_DICT, 64);
			heap_set(&f.heap, f.ns, "SESSIONS", dict);
		}
		put_sessions(&f, i ? dict : first, 1000);
		next_snapshot(&f);
	}
	compare_series(&f);
	suspect = &f.diff->suspects[0];
	assert_int_equal(f.diff->verdict, HS_VERDICT_LEAK);
	assert_str(suspect->holder.label, "app.SESSIONS");
	assert_int_equal(suspect->holder.length[0], HS_UNKNOWN);
	assert_int_equal(suspect->holder.length[2], 2000);
	assert_int_equal(suspect->holder.length[3], 3000);
	deinit(&f);
}

static void one_is_too_few(void **state)
{
	const struct hs_classifier *by = hs_classifier_find("kind", 4);
	const struct hs_diff_source source = {.count = 1};
	struct hs_diff *diff = NULL;
	struct hs_error *err;

	(void)state;
	err = hs_diff_stream(&source, &by, 1, HS_SIZE_SHALLOW, &diff);
	assert_int_equal(hs_error_code(err), HS_ERROR_USAGE);
	hs_error_destroy(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growth_at_every_step),
		cmocka_unit_test(warm_up_beside_a_leak),
		cmocka_unit_test(levelling_off),
		cmocka_unit_test(one_class_in_two_containers),
		cmocka_unit_test(buffers),
		cmocka_unit_test(a_container_that_is_new),
		cmocka_unit_test(one_is_too_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
