/* SPDX-License-Identifier: MIT */
/* test_enomem.c: every allocation of a comparison, its report and its export fails in turn. */
#include "heap.h"

#include <heapsnap/export.h>
#include <heapsnap/report.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__)
#define OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_MALLOC 0
#endif
#endif
#ifndef OWN_MALLOC
#define OWN_MALLOC 1
#endif

#if OWN_MALLOC
/* The C library's own, behind the names that this program takes over. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static long left = -1; /* allocations that still succeed; negative: all */
static long live;      /* blocks allocated less blocks freed */

static bool refuse(void)
{
	return left >= 0 && left-- == 0;
}

static void *counted(void *memory)
{
	live += memory != NULL;
	return memory;
}

void *malloc(size_t size)
{
	return refuse() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return refuse() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size)
{
	void *grown = refuse() ? NULL : __libc_realloc(memory, size);

	live += !memory && grown;
	return grown;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return refuse() ? NULL : counted(__libc_memalign(alignment, size));
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *memory = aligned_alloc(alignment, size);

	if (!memory)
		return 12;
	*ret = memory;
	return 0;
}

void free(void *memory)
{
	live -= memory != NULL;
	__libc_free(memory);
}

/* Fail the first allocation from now on, the one after it, and so on, until @run succeeds. */
static void fail_in_turn(struct hs_error *(*run)(void *context), void *context)
{
	long round = 0;
	long before;
	bool done;

	do {
		struct hs_error *err;

		before = live;
		left = round++;
		err = run(context);
		done = left >= 0;
		left = -1;
		if (err) {
			assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
			hs_error_destroy(err);
		}
		if (live != before)
			fail_msg("allocation %ld failed: %ld blocks lost", round, live - before);
		assert_true(done ? !err : err != NULL);
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

	err = hs_diff_create(pair->before, pair->after, names, by, 2, &diff);
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

	err = hs_partition_create(pair->after, &by, 1, &partition);
	if (err)
		return err;
	err = hs_report_from_partition(partition, &report);
	if (!err)
		err = hs_report_render(report, &options, pair->out);
	hs_report_destroy(report);
	hs_partition_destroy(partition);
	return err;
}

static struct hs_error *inform(void *context)
{
	const struct hs_render_options options = {.format = HS_REPORT_TEXT, .rows = -1};
	struct pair *pair = context;
	struct hs_report *report = NULL;
	struct hs_error *err;

	err = hs_report_from_info(pair->after, &report);
	if (!err)
		err = hs_report_render(report, &options, pair->out);
	hs_report_destroy(report);
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
	uint32_t ns, cache, buffer;
	struct heap heap;

	(void)state;
	assert_non_null(pair.out);
	/* What the C library allocates once is not part of the test. */
	fputc('\n', pair.out);
	tzset();
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

		heap_append(&heap, cache, session);
		heap_set(&heap, heap_namespace(&heap, session), "x", heap_object(&heap, T_STR, 60));
		heap_weak(&heap, weakref, session);
		heap_append(&heap, cache, weakref);
	}
	heap.gaps = 1;
	pair.after = heap_snapshot(&heap);
	fail_in_turn(compare_and_report, &pair);
	fail_in_turn(partition_and_report, &pair);
	fail_in_turn(inform, &pair);
	fail_in_turn(export_all, &pair);
	hs_snapshot_destroy(pair.before);
	hs_snapshot_destroy(pair.after);
	heap_deinit(&heap);
	fclose(pair.out);
}
#else
/* The sanitizer has taken over the allocator already. */
static void every_allocation_fails(void **state)
{
	(void)state;
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
