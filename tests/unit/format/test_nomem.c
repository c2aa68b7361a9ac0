/* SPDX-License-Identifier: MIT */
/* test_nomem.c: allocation number 1, 2, 3, ... fails; the error is clean and nothing leaks. */
#include "format/equal.h"
#include "format/model.h"

#include "format/base/error.h"
#include <errno.h>
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

static long until_failure = -1; /* allocations that succeed; negative: all */
static bool failure_lasts;	/* whether those after it fail, too */
static bool failed;

static bool fails(void)
{
	if (until_failure < 0)
		return false;
	if (until_failure > 0) {
		until_failure--;
		return false;
	}
	if (failed && !failure_lasts)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
	return fails() ? NULL : __real_realloc(pointer, size);
}

void *__wrap_reallocarray(void *pointer, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(pointer, count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

ZSTD_CCtx *__wrap_ZSTD_createCCtx(void)
{
	return fails() ? NULL : __real_ZSTD_createCCtx();
}

ZSTD_DCtx *__wrap_ZSTD_createDCtx(void)
{
	return fails() ? NULL : __real_ZSTD_createDCtx();
}

/* Runs @work with each of its allocations failing in turn; it returns whether it succeeded. */
static void fail_each(bool (*work)(void *context), void *context)
{
	for (int lasts = 0; lasts < 2; lasts++) {
		long number = 0;
		bool done;

		do {
			until_failure = number++;
			failure_lasts = lasts;
			failed = false;
			done = work(context);
			until_failure = -1;
			assert_int_equal(done, !failed);
		} while (failed);
		assert_true(number > 5);
	}
}

static bool succeeded(struct hs_error *err)
{
	if (!err)
		return true;
	assert_ptr_equal(err, &hs_enomem);
	hs_error_destroy(err);
	return false;
}

static bool build_one(void *context)
{
	struct hs_snapshot *snap = sample_snapshot(3000, 1);
	bool done = snap;

	(void)context;
	hs_snapshot_destroy(snap);
	return done;
}

static bool save_one(void *context)
{
	struct hs_save_options options = {.overwrite = true};

	return succeeded(hs_snapshot_save(context, "/tmp/heapsnap-test-nomem", &options));
}

struct bytes {
	const uint8_t *data;
	size_t size;
	const struct hs_snapshot *original;
};

static bool load_one(void *context)
{
	const struct bytes *bytes = context;
	struct hs_snapshot *snap = NULL;
	bool done = succeeded(hs_snapshot_load(bytes->data, bytes->size, "x", NULL, &snap));

	assert_int_equal(done, snap != NULL);
	if (done)
		assert_null(snapshots_differ(snap, bytes->original));
	hs_snapshot_destroy(snap);
	return done;
}

/* A file that stands on another. */
struct chained {
	struct hs_snapshot *base;
	struct hs_snapshot *snap;
	char path[64];
	char child[64];
};

static bool save_chained(void *context)
{
	struct chained *chained = context;
	struct hs_save_options options = {.overwrite = true, .base = chained->base};

	return succeeded(hs_snapshot_save(chained->snap, chained->child, &options));
}

static bool open_chained(void *context)
{
	const struct chained *chained = context;
	struct hs_open_options options = {.as_base = true};
	struct hs_snapshot *snap = NULL;
	bool done = succeeded(hs_snapshot_open(chained->child, &options, &snap));

	assert_int_equal(done, snap != NULL);
	if (done)
		assert_null(snapshots_differ(snap, chained->snap));
	hs_snapshot_destroy(snap);
	return done;
}

/* What `heapsnap flatten` does: open, and write whole. */
static bool flatten_chained(void *context)
{
	const struct chained *chained = context;
	struct hs_save_options options = {.overwrite = true};
	struct hs_snapshot *snap = NULL;
	bool done = succeeded(hs_snapshot_open(chained->child, NULL, &snap)) &&
		    succeeded(hs_snapshot_save(snap, "/tmp/heapsnap-test-nomem", &options));

	hs_snapshot_destroy(snap);
	return done;
}

/* A part of the columns, of several blocks; by one thread, so that it is always the same one that
 * fails. */
static bool open_some(void *context)
{
	struct hs_open_options options = {
		.columns = HS_COLUMN_TYPE | HS_COLUMN_SITE | HS_COLUMN_PREVIEW, .jobs = 1};
	struct hs_snapshot *snap = NULL;
	bool done = succeeded(hs_snapshot_open(context, &options, &snap));

	assert_int_equal(done, snap != NULL);
	hs_snapshot_destroy(snap);
	return done;
}

static bool replace_base(void *context)
{
	const struct chained *chained = context;
	struct hs_error *err = hs_output_check(chained->path, true);
	bool refused = err && err != &hs_enomem;

	assert_non_null(err);
	hs_error_destroy(err);
	return refused;
}

static bool verify_one(void *context)
{
	return succeeded(hs_snapshot_verify(context, NULL, NULL));
}

static bool make_errors(void *context)
{
	struct hs_error *err = hs_error_create(HS_ERROR_GONE, "a");
	bool done;

	(void)context;
	err = hs_error_wrap(err, "b");
	done = err != &hs_enomem && !strcmp(hs_error_message(err), "b: a");
	hs_error_destroy(err);
	return done;
}

static void building(void **state)
{
	(void)state;
	fail_each(build_one, NULL);
}

static void saving(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(3000, 1);

	(void)state;
	fail_each(save_one, snap);
	assert_int_equal(unlink("/tmp/heapsnap-test-nomem"), 0);
	hs_snapshot_destroy(snap);
}

static void loading(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(3000, 1);
	struct bytes bytes = {.original = snap};
	uint8_t *data = sample_bytes(snap, &bytes.size);

	(void)state;
	bytes.data = data;
	fail_each(load_one, &bytes);
	free(data);
	hs_snapshot_destroy(snap);
}

static void verifying(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(3000, 1);
	char path[64];

	(void)state;
	sample_path(path);
	assert_null(hs_snapshot_save(snap, path, NULL));
	fail_each(verify_one, path);
	sample_remove(path);
	hs_snapshot_destroy(snap);
}

static void opening(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(34000, 1);
	char path[64];

	(void)state;
	sample_path(path);
	assert_null(hs_snapshot_save(snap, path, NULL));
	fail_each(open_some, path);
	sample_remove(path);
	hs_snapshot_destroy(snap);
}

static void chaining(void **state)
{
	struct hs_open_options as_base = {.as_base = true};
	struct chained chained = {0};
	struct model model;
	struct hs_snapshot *first;

	(void)state;
	model_init(&model, 300, 3);
	sample_path(chained.path);
	snprintf(chained.child, sizeof(chained.child), "%s.child", chained.path);
	first = model_snapshot(&model);
	assert_null(hs_snapshot_save(first, chained.path, NULL));
	hs_snapshot_destroy(first);
	assert_null(hs_snapshot_open(chained.path, &as_base, &chained.base));
	model_go_on(&model, 20);
	model_go_on(&model, 20);
	chained.snap = model_snapshot(&model);
	fail_each(save_chained, &chained);
	fail_each(open_chained, &chained);
	fail_each(flatten_chained, &chained);
	assert_int_equal(unlink("/tmp/heapsnap-test-nomem"), 0);
	fail_each(replace_base, &chained);
	assert_int_equal(unlink(chained.child), 0);
	sample_remove(chained.path);
	model_deinit(&model);
	hs_snapshot_destroy(chained.snap);
	hs_snapshot_destroy(chained.base);
}

static void errors(void **state)
{
	(void)state;
	for (long number = 0; number < 2; number++) {
		until_failure = number;
		failed = false;
		failure_lasts = true;
		assert_false(make_errors(NULL));
		until_failure = -1;
	}
	assert_true(make_errors(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(building),  cmocka_unit_test(saving),	cmocka_unit_test(loading),
		cmocka_unit_test(verifying), cmocka_unit_test(opening), cmocka_unit_test(chaining),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
