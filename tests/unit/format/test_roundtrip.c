/* SPDX-License-Identifier: MIT */
/* test_roundtrip.c: what is saved comes back the same. */
#include "format/base/jobs.h"
#include "format/equal.h"
#include "format/sample.h"

static void assert_same(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	const char *differs = snapshots_differ(a, b);

	if (differs)
		fail_msg("%s differ", differs);
}

static void assert_no_error(struct hs_error *err)
{
	if (err)
		fail_msg("%s", hs_error_message(err));
}

static void saved_comes_back(void **state)
{
	static const uint32_t counts[] = {0, 1, 2, 3, 7, 100, 5000, 32767, 32768, 32769, 100000};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct hs_snapshot *snap = sample_snapshot(counts[i], i);
		struct hs_snapshot *copy = NULL;
		char path[64];

		sample_path(path);
		assert_no_error(hs_snapshot_save(snap, path, NULL));
		assert_true(hs_snapshot_recognise(path));
		assert_no_error(hs_snapshot_open(path, NULL, &copy));
		assert_same(snap, copy);
		assert_no_error(hs_snapshot_verify(path, NULL, NULL));
		hs_snapshot_destroy(copy);
		hs_snapshot_destroy(snap);
		sample_remove(path);
	}
}

static void same_bytes_again(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(1000, 1);
	struct hs_snapshot *copy = NULL;
	size_t size;
	size_t size_again;
	uint8_t *bytes = sample_bytes(snap, &size);
	uint8_t *again;

	(void)state;
	assert_no_error(hs_snapshot_load(bytes, size, "a.snap", NULL, &copy));
	again = sample_bytes(copy, &size_again);
	assert_int_equal(size, size_again);
	assert_memory_equal(bytes, again, size);
	free(bytes);
	free(again);
	hs_snapshot_destroy(snap);
	hs_snapshot_destroy(copy);
}

static void columns_load_alone(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(70000, 1);
	const struct hs_objects *whole = hs_snapshot_objects(snap);
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);

	(void)state;
	for (uint32_t column = HS_COLUMN_ADDRESS; column <= HS_COLUMN_SITE; column *= 2) {
		struct hs_open_options options = {.columns = column};
		struct hs_snapshot *part = NULL;
		const struct hs_objects *o;

		assert_no_error(hs_snapshot_load(bytes, size, "a.snap", &options, &part));
		o = hs_snapshot_objects(part);
		assert_int_equal(o->count, whole->count);
#define CHECK(bit, field)                                                                          \
	do {                                                                                       \
		if (column != (bit))                                                               \
			assert_null(o->field);                                                     \
		else                                                                               \
			assert_memory_equal(o->field, whole->field,                                \
					    whole->count * sizeof(*o->field));                     \
	} while (0)
		CHECK(HS_COLUMN_ADDRESS, address);
		CHECK(HS_COLUMN_TYPE, type);
		CHECK(HS_COLUMN_SIZE, size);
		CHECK(HS_COLUMN_ALLOCATED, allocated);
		CHECK(HS_COLUMN_REFCOUNT, refcount);
		CHECK(HS_COLUMN_FLAGS, flags);
		CHECK(HS_COLUMN_GENERATION, generation);
		CHECK(HS_COLUMN_OWNER, owner);
		CHECK(HS_COLUMN_FINGERPRINT, fingerprint);
		CHECK(HS_COLUMN_SITE, site);
		CHECK(HS_COLUMN_EDGES, shape);
		CHECK(HS_COLUMN_EDGES, visible);
		CHECK(HS_COLUMN_EDGES, first_edge);
		CHECK(HS_COLUMN_EDGES, edges);
#undef CHECK
		assert_true(hs_snapshot_has_previews(part));
		assert_int_equal(part->previews.row_of != NULL, column == HS_COLUMN_PREVIEW);
		hs_snapshot_destroy(part);
	}
	free(bytes);
	hs_snapshot_destroy(snap);
}

/* The same bytes, whatever the number of threads that make them. */
static void jobs_write_alike(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(300000, 5);
	struct hs_save_options options = {.jobs = 1};
	size_t size;
	uint8_t *bytes = sample_bytes_with(snap, &options, &size);

	(void)state;
	for (options.jobs = 2; options.jobs <= HS_JOBS_MAX; options.jobs = 2 * options.jobs + 1) {
		size_t other_size;
		uint8_t *other = sample_bytes_with(snap, &options, &other_size);

		assert_int_equal(size, other_size);
		assert_memory_equal(bytes, other, size);
		free(other);
	}
	free(bytes);
	hs_snapshot_destroy(snap);
}

/* Whatever the number of threads, the tables are the same, and so is the error. */
static void jobs_do_not_matter(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(200000, 3);
	struct hs_error *first = NULL;
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);

	(void)state;
	for (unsigned int jobs = 1; jobs <= 4; jobs++) {
		const struct hs_open_options options = {.jobs = jobs};
		struct hs_snapshot *loaded;

		assert_no_error(hs_snapshot_load(bytes, size, "a", &options, &loaded));
		assert_same(snap, loaded);
		hs_snapshot_destroy(loaded);
	}
	for (size_t i = size / 4; i < size; i += size / 8)
		bytes[i] ^= 1;
	for (unsigned int jobs = 1; jobs <= 4; jobs++) {
		const struct hs_open_options options = {.jobs = jobs};
		struct hs_snapshot *loaded;
		struct hs_error *err = hs_snapshot_load(bytes, size, "a", &options, &loaded);

		assert_non_null(err);
		if (!first) {
			first = err;
			continue;
		}
		assert_string_equal(hs_error_message(err), hs_error_message(first));
		hs_error_destroy(err);
	}
	hs_error_destroy(first);
	free(bytes);
	hs_snapshot_destroy(snap);
}

static void sections_add_up(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(1000, 1);
	struct hs_snapshot *copy = NULL;
	const struct hs_section_info *sections;
	size_t count;
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);
	uint64_t sum = 0;

	(void)state;
	hs_snapshot_sections(snap, &count);
	assert_int_equal(count, 0);
	assert_no_error(hs_snapshot_load(bytes, size, "a.snap", NULL, &copy));
	sections = hs_snapshot_sections(copy, &count);
	assert_string_equal(sections[0].name, "header");
	assert_string_equal(sections[count - 1].name, "index");
	for (size_t i = 0; i < count; i++)
		sum += sections[i].bytes;
	assert_int_equal(sum, size);
	free(bytes);
	hs_snapshot_destroy(snap);
	hs_snapshot_destroy(copy);
}

/* One list with more references than a block may otherwise have, all of them the same. */
static void giant_list(void **state)
{
	enum { EDGES = 3000000 };
	struct hs_build *build = hs_build_create();
	struct hs_run items = {.kind = HS_LABEL_INDEX};
	struct hs_build_object object = {
		.address = 16,
		.type = hs_build_type(build, STR("list"), STR("builtins"), HS_ROLE_SEQUENCE, 0),
		.shape = hs_build_shape(build, &items, 1, 1),
		.visible = EDGES,
		.owner = HS_NONE,
		.size = UINT64_C(1) << 40,
	};
	struct hs_snapshot *snap = NULL;
	struct hs_snapshot *copy = NULL;
	size_t size;
	uint8_t *bytes;

	(void)state;
	hs_build_object(build, &object);
	for (int i = 0; i < EDGES; i++)
		hs_build_edge(build, 1);
	object.address = 32;
	object.visible = 0;
	hs_build_object(build, &object);
	assert_no_error(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	bytes = sample_bytes(snap, &size);
	assert_in_range(size, 1, EDGES / 500);
	assert_no_error(hs_snapshot_load(bytes, size, "a.snap", NULL, &copy));
	assert_same(snap, copy);
	free(bytes);
	hs_snapshot_destroy(snap);
	hs_snapshot_destroy(copy);
}

static void saving_needs_columns(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(10, 1);
	struct hs_open_options options = {.columns = HS_COLUMN_TYPE};
	struct hs_save_options level = {.level = 20};
	struct hs_snapshot *part = NULL;
	struct hs_error *err;
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);

	(void)state;
	assert_no_error(hs_snapshot_load(bytes, size, "a.snap", &options, &part));
	err = hs_snapshot_save(part, "/tmp/never", NULL);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_USAGE);
	hs_error_destroy(err);
	err = hs_snapshot_save(snap, "/tmp/never", &level);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_USAGE);
	hs_error_destroy(err);
	free(bytes);
	hs_snapshot_destroy(snap);
	hs_snapshot_destroy(part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(saved_comes_back),	cmocka_unit_test(same_bytes_again),
		cmocka_unit_test(columns_load_alone),	cmocka_unit_test(sections_add_up),
		cmocka_unit_test(jobs_do_not_matter),	cmocka_unit_test(giant_list),
		cmocka_unit_test(saving_needs_columns), cmocka_unit_test(jobs_write_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
