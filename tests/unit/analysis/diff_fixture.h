/* SPDX-License-Identifier: MIT */
/* diff_fixture.h: two snapshots of a heap that is made up, and what their difference says. */
#ifndef HS_TEST_DIFF_FIXTURE_H
#define HS_TEST_DIFF_FIXTURE_H

#include "heap.h"
#include <heapsnap/analysis.h>
#include <unistd.h>

enum {
	MANY = 2000,
};

enum {
	SNAPSHOTS_MAX = 16,
};

struct fixture {
	struct heap heap;
	struct hs_snapshot *before;
	struct hs_snapshot *series[SNAPSHOTS_MAX];
	size_t count; /* of them */
	size_t open;  /* how many the comparison has open at the moment, and had at most */
	size_t most;
	struct hs_diff *diff;
	uint32_t ns; /* of the module app */
	uint32_t module;
};

static inline void init(struct fixture *f)
{
	*f = (struct fixture){0};
	heap_init(&f->heap);
	f->module = heap_module(&f->heap, "app", &f->ns);
	/* A base of objects that has nothing to do with anything. */
	for (int i = 0; i < 50; i++)
		heap_set(&f->heap, f->ns, "", heap_object(&f->heap, T_STR, 60));
}

static inline void deinit(struct fixture *f)
{
	hs_diff_destroy(f->diff);
	hs_snapshot_destroy(f->before);
	for (size_t i = 0; i < f->count; i++)
		hs_snapshot_destroy(f->series[i]);
	heap_deinit(&f->heap);
}

/* One more of a series, an hour after the one before. */
static inline void next_snapshot(struct fixture *f)
{
	assert_true(f->count < SNAPSHOTS_MAX);
	f->heap.time_ns += 3600 * (uint64_t)1000000000;
	f->series[f->count++] = heap_snapshot(&f->heap);
}

static inline struct hs_error *open_of_series(void *context, size_t i, uint32_t columns,
					      struct hs_snapshot **ret)
{
	struct fixture *f = context;

	(void)columns;
	f->open++;
	f->most = f->open > f->most ? f->open : f->most;
	*ret = f->series[i];
	return NULL;
}

static inline void close_of_series(void *context, struct hs_snapshot *snap)
{
	struct fixture *f = context;

	(void)snap;
	f->open--;
}

static inline void compare_series(struct fixture *f)
{
	static const char *const names[SNAPSHOTS_MAX] = {"a.snap", "b.snap", "c.snap", "d.snap",
							 "e.snap", "f.snap", "g.snap", "h.snap"};
	const struct hs_classifier *by = hs_classifier_find("kind", 4);
	const struct hs_diff_source source = {
		.count = f->count,
		.names = names,
		.open = open_of_series,
		.close = close_of_series,
		.context = f,
	};

	assert_null(hs_diff_stream(&source, &by, 1, HS_SIZE_SHALLOW, &f->diff));
	assert_int_equal(f->open, 0);
	assert_int_equal(f->most, 2);
}

static inline void first_snapshot(struct fixture *f)
{
	f->before = heap_snapshot(&f->heap);
}

static inline void second_snapshot(struct fixture *f)
{
	static const char *const names[] = {"a.snap", "b.snap"};
	const struct hs_classifier *by = hs_classifier_find("kind", 4);
	struct hs_snapshot *after = heap_snapshot(&f->heap);

	assert_null(hs_diff_create(f->before, after, names, &by, 1, HS_SIZE_SHALLOW, &f->diff));
	/* The comparison stands on its own. */
	hs_snapshot_destroy(after);
	hs_snapshot_destroy(f->before);
	f->before = NULL;
}

static inline const struct hs_diff_row *row(const struct fixture *f, const char *kind)
{
	for (size_t i = 0; i < f->diff->row_count; i++)
		if (hs_str_equal(f->diff->rows[i].kind, STR(kind)))
			return &f->diff->rows[i];
	fail_msg("no row %s", kind);
	return NULL;
}

static inline bool has_companion(const struct hs_suspect *suspect, const char *kind)
{
	for (size_t i = 0; i < suspect->companion_count; i++)
		if (hs_str_equal(suspect->companions[i], STR(kind)))
			return true;
	return false;
}

/* The first suspect is @kind, held by an object of type @holder that is called @label. */
static inline void assert_first(const struct fixture *f, const char *kind, const char *holder,
				const char *path, const char *label)
{
	const struct hs_suspect *suspect = &f->diff->suspects[0];

	assert_int_equal(f->diff->verdict, HS_VERDICT_GROWTH);
	assert_true(f->diff->suspect_count >= 1);
	assert_str(suspect->row->kind, kind);
	assert_true(suspect->held);
	assert_str(suspect->holder.label, label);
	assert_str(suspect->holder.path, path);
	assert_str(suspect->holder.kind, holder);
	assert_int_not_equal(suspect->cause, HS_CAUSE_LOST_REFERENCE);
	assert_int_not_equal(suspect->cause, HS_CAUSE_GARBAGE);
}

static inline uint32_t address_of(const struct fixture *f, uint32_t object)
{
	return (uint32_t)f->heap.objects.data[object].address;
}

/* A session with a name and a dict that has a list and a string. */
static inline uint32_t new_session(struct heap *heap)
{
	uint32_t session = heap_object(heap, T_SESSION, 56);
	uint32_t data = heap_object(heap, T_DICT, 184);

	heap_ref(heap, session, HS_LABEL_ATTRIBUTE, "user", heap_object(heap, T_STR, 54));
	heap_ref(heap, session, HS_LABEL_ATTRIBUTE, "data", data);
	heap_put(heap, data, heap_object(heap, T_STR, 53), heap_object(heap, T_LIST, 72));
	return session;
}

static inline void put_sessions(struct fixture *f, uint32_t dict, int count)
{
	for (int i = 0; i < count; i++) {
		uint32_t key = heap_object(&f->heap, T_STR, 61);

		heap_put(&f->heap, dict, key, new_session(&f->heap));
	}
	f->heap.objects.data[dict].size += 40 * (uint64_t)count;
}

#endif
