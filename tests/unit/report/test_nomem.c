/* SPDX-License-Identifier: MIT */
/* test_nomem.c: every allocation of a comparison, its report and its export fails in turn. */
#include "heap.h"

#include "format/base/error.h"

#include <heapsnap/export.h>
#include <heapsnap/report.h>
#include <zstd.h>

/* The linker puts these in place of the functions they are named after (tests/CMakeLists.txt). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__real_reallocarray(void *pointer, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
ZSTD_CCtx *__real_ZSTD_createCCtx(void);
ZSTD_DCtx *__real_ZSTD_createDCtx(void);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void *__wrap_reallocarray(void *pointer, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
ZSTD_CCtx *__wrap_ZSTD_createCCtx(void);
ZSTD_DCtx *__wrap_ZSTD_createDCtx(void);

static long left = -1; /* allocations that still succeed; negative: all */

static bool refuse(void)
{
	return left >= 0 && left-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
	return refuse() ? NULL : __real_realloc(pointer, size);
}

void *__wrap_reallocarray(void *pointer, size_t count, size_t size)
{
	return refuse() ? NULL : __real_reallocarray(pointer, count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return refuse() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
	return refuse() ? NULL : __real_strdup(text);
}

ZSTD_CCtx *__wrap_ZSTD_createCCtx(void)
{
	return __real_ZSTD_createCCtx();
}

ZSTD_DCtx *__wrap_ZSTD_createDCtx(void)
{
	return __real_ZSTD_createDCtx();
}

/*
 * Fail the first allocation from now on, then the second one, and so on, until @run succeeds.  That
 * nothing is lost, the sanitizer says.
 */
static void fail_in_turn(struct hs_error *(*run)(void *context), void *context)
{
	long round = 0;
	bool done;

	do {
		struct hs_error *err;

		left = round++;
		err = run(context);
		done = left >= 0;
		left = -1;
		assert_ptr_equal(err, done ? NULL : &hs_enomem);
	} while (!done);
	assert_true(round > 3);
}

struct pair {
	struct hs_snapshot *before, *after;
	FILE *out;
};

static struct hs_error *compare_and_report(void *context)
{
	static const char *const names[] = {"a.snap", "b.snap"};
	const struct hs_render_options options = {.format = HS_REPORT_TEXT, .rows = -1};
	const struct hs_classifier *by[] = {hs_classifier_find("kind", 4),
					    hs_classifier_find("size", 4)};
	struct pair *pair = context;
	struct hs_report *report = NULL;
	struct hs_diff *diff = NULL;
	struct hs_error *err;

	err = hs_diff_create(pair->before, pair->after, names, by, 2, HS_SIZE_SHALLOW, &diff);
	if (err)
		return err;
	err = hs_report_from_diff(diff, &report);
	if (!err)
		err = hs_report_render(report, &options, pair->out);
	hs_report_destroy(report);
	hs_diff_destroy(diff);
	return err;
}

static struct hs_error *partition_and_report(void *context)
{
	const struct hs_render_options options = {.format = HS_REPORT_JSON, .rows = -1};
	const struct hs_classifier *by = hs_classifier_find("module", 6);
	struct pair *pair = context;
	struct hs_report *report = NULL;
	struct hs_partition *partition = NULL;
	struct hs_error *err;

	err = hs_partition_create(pair->after, &by, 1, HS_SIZE_SHALLOW, &partition);
	if (err)
		return err;
	err = hs_report_from_partition(partition, &report);
	if (!err)
		err = hs_report_render(report, &options, pair->out);
	hs_report_destroy(report);
	hs_partition_destroy(partition);
	return err;
}

/* Render @report, unless there was an error before, and destroy it. */
static struct hs_error *render(struct hs_error *err, struct hs_report *report, FILE *out)
{
	const struct hs_render_options options = {.format = HS_REPORT_TEXT, .rows = -1};

	if (!err)
		err = hs_report_render(report, &options, out);
	hs_report_destroy(report);
	return err;
}

static struct hs_error *audit_and_report(void *context)
{
	const struct hs_classifier *by = hs_classifier_find("kind", 4);
	struct pair *pair = context;
	struct hs_report *report = NULL;
	struct hs_audit *audit = NULL;
	struct hs_error *err;

	err = hs_audit_create(pair->after, &by, 1, &audit);
	if (!err)
		err = hs_report_from_audit(audit, &report);
	err = render(err, report, pair->out);
	hs_audit_destroy(audit);
	return err;
}

static struct hs_error *inform(void *context)
{
	const struct hs_render_options options = {.format = HS_REPORT_TEXT, .rows = -1};
	struct pair *pair = context;
	struct hs_report *report = NULL;
	struct hs_error *err;

	err = hs_report_from_info(pair->after, true, &report);
	if (!err)
		err = hs_report_render(report, &options, pair->out);
	hs_report_destroy(report);
	return err;
}

static struct hs_error *retain_and_report(void *context)
{
	const struct hs_graph_options options = {.jobs = 1};
	struct pair *pair = context;
	struct hs_inspection *view = NULL;
	struct hs_report *report = NULL;
	struct hs_graph *graph = NULL;
	struct hs_tree *tree = NULL;
	struct hs_error *err;

	err = hs_graph_create(pair->after, &options, &graph);
	if (!err)
		err = hs_tree_create(pair->after, graph, NULL, 0, 0, 0, &tree);
	if (!err)
		err = hs_report_from_tree(tree, &report);
	err = render(err, report, pair->out);
	report = NULL;
	if (!err)
		err = hs_inspection_create(pair->after, graph, 2, 0, &view);
	if (!err)
		err = hs_report_from_inspection(view, &report);
	err = render(err, report, pair->out);
	hs_inspection_destroy(view);
	hs_tree_destroy(tree);
	hs_graph_destroy(graph);
	return err;
}

static struct hs_error *find_ways_and_report(void *context)
{
	const struct hs_graph_options options = {.parts = HS_GRAPH_REFERRERS | HS_GRAPH_PATHS};
	struct pair *pair = context;
	struct hs_merged *merged = NULL;
	struct hs_report *report = NULL;
	struct hs_graph *graph = NULL;
	struct hs_ways *ways = NULL;
	struct hs_error *err;
	size_t count = 0;
	hs_id *set = NULL;

	err = hs_graph_create(pair->after, &options, &graph);
	if (!err)
		err = hs_objects_find(pair->after, "str,#1", &set, &count);
	if (!err)
		err = hs_merged_create(pair->after, graph, set, count, "str", 0, &merged);
	if (!err)
		err = hs_report_from_merged(merged, &report);
	err = render(err, report, pair->out);
	report = NULL;
	if (!err)
		err = hs_ways_create(pair->after, graph, set[0], 0, &ways);
	if (!err)
		err = hs_report_from_ways(ways, &report);
	err = render(err, report, pair->out);
	hs_ways_destroy(ways);
	hs_merged_destroy(merged);
	hs_graph_destroy(graph);
	free(set);
	return err;
}

static struct hs_error *export_all(void *context)
{
	struct pair *pair = context;

	return hs_export(pair->after, hs_exporter_find("jsonl"), pair->out);
}

static void every_allocation_fails(void **state)
{
	struct pair pair = {.out = fopen("/dev/null", "w")};
	uint32_t ns, cache, buffer, frame;
	struct heap heap;

	(void)state;
	assert_non_null(pair.out);
	heap_init(&heap);
	heap_module(&heap, "app", &ns);
	buffer = heap_object(&heap, T_STR, 50);
	heap_set(&heap, ns, "buffer", buffer);
	heap_object(&heap, T_LIST, 56);
	pair.before = heap_snapshot(&heap);
	cache = heap_object(&heap, T_LIST, 56);
	heap_set(&heap, ns, "CACHE", cache);
	heap.objects.data[buffer].size = 100000;
	for (int i = 0; i < 100; i++) {
		uint32_t session = heap_object(&heap, T_SESSION, 1000);
		uint32_t weakref = heap_object(&heap, T_WEAKREF, 72);

		heap.objects.data[session].refcount = 2;
		heap_append(&heap, cache, session);
		heap_set(&heap, heap_namespace(&heap, session), "x", heap_object(&heap, T_STR, 60));
		heap_weak(&heap, weakref, session);
		heap_append(&heap, cache, weakref);
	}
	frame = heap_object(&heap, heap_type(&heap, "frame", "builtins", HS_ROLE_FRAME), 400);
	heap_ref(&heap, frame, HS_LABEL_LOCAL, "cache", cache);
	heap_root(&heap, HS_ROOT_THREAD, cache, "cache");
	heap_root(&heap, HS_ROOT_THREAD, frame, "<frame>");
	heap.gaps = 1;
	pair.after = heap_snapshot(&heap);
	fail_in_turn(compare_and_report, &pair);
	fail_in_turn(partition_and_report, &pair);
	fail_in_turn(audit_and_report, &pair);
	fail_in_turn(inform, &pair);
	fail_in_turn(retain_and_report, &pair);
	fail_in_turn(find_ways_and_report, &pair);
	fail_in_turn(export_all, &pair);
	hs_snapshot_destroy(pair.before);
	hs_snapshot_destroy(pair.after);
	heap_deinit(&heap);
	fclose(pair.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
