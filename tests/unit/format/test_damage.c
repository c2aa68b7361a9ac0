/* SPDX-License-Identifier: MIT */
/* test_damage.c: every flipped bit and every truncation is reported, of chains, too. */
#include "format/chainfile.h"
#include "format/model.h"
#include "format/section.h"
#include <fcntl.h>

/*
 * Load, onto @base if that is not NULL, and expect HS_ERROR_DAMAGED; the message is the caller's to
 * free.
 */
static char *expect_damage_onto(const struct hs_snapshot *base, const uint8_t *bytes, size_t size)
{
	struct hs_snapshot *snap = NULL;
	struct hs_error *err =
		hs_snapshot_load_onto(bytes, size, "a.snap", base, NULL, false, &snap);
	char *message;

	assert_non_null(err);
	assert_null(snap);
	assert_int_equal(hs_error_code(err), HS_ERROR_DAMAGED);
	message = strdup(hs_error_message(err));
	hs_error_destroy(err);
	return message;
}

static char *expect_damage(const uint8_t *bytes, size_t size)
{
	return expect_damage_onto(NULL, bytes, size);
}

static void flip(uint8_t *bytes, size_t bit)
{
	bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

/* Flip one bit, and have it seen. */
static void check_flip(const struct hs_snapshot *base, uint8_t *bytes, size_t size, size_t bit)
{
	char *message;

	flip(bytes, bit);
	message = expect_damage_onto(base, bytes, size);
	assert_non_null(strstr(message, bit < 64 ? "not a heapsnap snapshot" : "at byte "));
	free(message);
	flip(bytes, bit);
}

/* Leave out the end, wherever it begins, and have it seen. */
static void check_truncations(const struct hs_snapshot *base, const uint8_t *bytes, size_t size)
{
	for (size_t kept = 0; kept < size; kept++) {
		uint8_t *part = malloc(kept ? kept : 1); /* so that ASan sees each overrun */
		char expected[64];
		char *message;

		memcpy(part, bytes, kept);
		message = expect_damage_onto(base, part, kept);
		snprintf(expected, sizeof(expected), "a.snap: truncated at byte %zu: ", kept);
		if (!kept)
			strcpy(expected, "a.snap: not a heapsnap snapshot");
		if (strncmp(message, expected, strlen(expected)))
			fail_msg("%s", message);
		free(message);
		free(part);
	}
}

static void each_bit(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(40, 1);
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++)
		check_flip(NULL, bytes, size, bit);
	free(bytes);
	hs_snapshot_destroy(snap);
}

/* Of a larger file, whose columns are compressed: all bits of header, index and trailer, and many
 * others. */
static void many_bits(void **state)
{
	enum { OBJECTS = 700, FLIPS = 10000 };
	struct hs_snapshot *snap = sample_snapshot(OBJECTS, 1);
	uint64_t random = 88172645463325252;
	struct hs_file_image image;
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);

	(void)state;
	assert_null(hs_file_image_init(bytes, size, &image));
	for (size_t bit = 0; bit < image.sections[1].offset * 8; bit++)
		check_flip(NULL, bytes, size, bit);
	for (size_t bit = image.index_offset * 8; bit < size * 8; bit++)
		check_flip(NULL, bytes, size, bit);
	hs_file_image_deinit(&image);
	for (int i = 0; i < FLIPS; i++)
		check_flip(NULL, bytes, size, sample_random(&random) % (size * 8));
	free(bytes);
	hs_snapshot_destroy(snap);
}

static void each_truncation(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(40, 1);
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);

	(void)state;
	check_truncations(NULL, bytes, size);
	free(bytes);
	hs_snapshot_destroy(snap);
}

/* A file, and one that stands on it. */
struct chained {
	char path[64];
	char top[80];
	struct hs_snapshot *base;
};

static void chained_init(struct chained *chained)
{
	enum { OBJECTS = 8 };
	struct hs_open_options as_base = {.as_base = true};
	struct hs_save_options options = {0};
	struct hs_snapshot *snap;
	struct model model;

	sample_path(chained->path);
	snprintf(chained->top, sizeof(chained->top), "%s.top", chained->path);
	model_init(&model, OBJECTS, 3);
	snap = model_snapshot(&model);
	assert_null(hs_snapshot_save(snap, chained->path, NULL));
	hs_snapshot_destroy(snap);
	assert_null(hs_snapshot_open(chained->path, &as_base, &chained->base));
	for (int i = 0; i < 3; i++)
		model_go_on(&model, 4);
	snap = model_snapshot(&model);
	options.base = chained->base;
	assert_null(hs_snapshot_save(snap, chained->top, &options));
	hs_snapshot_destroy(snap);
	model_deinit(&model);
}

static void chained_deinit(struct chained *chained)
{
	hs_snapshot_destroy(chained->base);
	unlink(chained->top);
	sample_remove(chained->path);
}

static void damage_of_what_stands_on_a_base(void **state)
{
	struct chained chained;
	struct hs_snapshot *snap = NULL;
	uint8_t *bytes;
	size_t size;

	(void)state;
	chained_init(&chained);
	bytes = sample_read(chained.top, &size);
	assert_null(hs_snapshot_load_onto(bytes, size, "a.snap", chained.base, NULL, false, &snap));
	assert_int_equal(hs_snapshot_base(snap)->depth, 1);
	hs_snapshot_destroy(snap);
	for (size_t bit = 0; bit < size * 8; bit++)
		check_flip(chained.base, bytes, size, bit);
	check_truncations(chained.base, bytes, size);
	free(bytes);
	chained_deinit(&chained);
}

/* Open the file that stands on a damaged one. */
static void expect_damaged_base(const struct chained *chained)
{
	struct hs_snapshot *snap = NULL;
	struct hs_error *err = hs_snapshot_open(chained->top, NULL, &snap);

	assert_non_null(err);
	assert_null(snap);
	assert_int_equal(hs_error_code(err), HS_ERROR_DAMAGED);
	assert_non_null(strstr(hs_error_message(err), "its base"));
	hs_error_destroy(err);
}

static void damage_of_a_base(void **state)
{
	struct chained chained;
	uint8_t *bytes;
	size_t size;
	int fd;

	(void)state;
	chained_init(&chained);
	bytes = sample_read(chained.path, &size);
	fd = open(chained.path, O_WRONLY);
	assert_true(fd >= 0);
	for (size_t bit = 0; bit < size * 8; bit++) {
		flip(bytes, bit);
		assert_int_equal(pwrite(fd, &bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
		expect_damaged_base(&chained);
		flip(bytes, bit);
		assert_int_equal(pwrite(fd, &bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
	}
	while (size) {
		assert_int_equal(ftruncate(fd, (off_t)--size), 0);
		expect_damaged_base(&chained);
	}
	close(fd);
	free(bytes);
	chained_deinit(&chained);
}

static void something_appended(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(40, 1);
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);
	char *message;

	(void)state;
	bytes = realloc(bytes, size * 2);
	memcpy(bytes + size, bytes, size);
	message = expect_damage(bytes, size + 1);
	assert_non_null(strstr(message, "appended"));
	free(message);
	free(expect_damage(bytes, size * 2));
	free(bytes);
	hs_snapshot_destroy(snap);
}

static void partial_loads_see_their_damage(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(2000, 1);
	struct hs_open_options options = {.columns = HS_COLUMN_TYPE | HS_COLUMN_SIZE};
	size_t undamaged = 0;
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);

	(void)state;
	for (size_t at = 0; at < size; at += 7) {
		struct hs_snapshot *part = NULL;
		struct hs_error *err;

		bytes[at] ^= 4;
		err = hs_snapshot_load(bytes, size, "a.snap", &options, &part);
		bytes[at] ^= 4;
		if (err) {
			hs_error_destroy(err);
			continue;
		}
		/* What was not asked for may be damaged; the rest is right. */
		undamaged++;
		assert_memory_equal(hs_snapshot_objects(part)->size, snap->objects.size,
				    2000 * sizeof(uint64_t));
		assert_memory_equal(hs_snapshot_objects(part)->type, snap->objects.type,
				    2000 * sizeof(uint32_t));
		hs_snapshot_destroy(part);
	}
	assert_true(undamaged > 0);
	free(bytes);
	hs_snapshot_destroy(snap);
}

static void messages_name_the_place(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(2000, 1);
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);
	uint8_t *found = memmem(bytes, size,
				"\xa5"
				"edges\x94",
				7);
	char *message;

	(void)state;
	assert_non_null(found);
	bytes[size * 3 / 4] ^= 1;
	message = expect_damage(bytes, size);
	assert_non_null(strstr(message, "a.snap: damaged at byte "));
	assert_non_null(strstr(message, " of block 0 fails its checksum"));
	free(message);
	free(bytes);
	hs_snapshot_destroy(snap);
}

static void other_files(void **state)
{
	struct hs_snapshot *snap = NULL;
	struct hs_error *err;
	char path[64];

	(void)state;
	sample_path(path);
	err = hs_snapshot_open(path, NULL, &snap);
	assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
	assert_non_null(strstr(hs_error_message(err), "No such file"));
	hs_error_destroy(err);
	assert_false(hs_snapshot_recognise(path));
	fclose(fopen(path, "w"));
	assert_false(hs_snapshot_recognise(path));
	err = hs_snapshot_verify(path, NULL, NULL);
	assert_int_equal(hs_error_code(err), HS_ERROR_DAMAGED);
	hs_error_destroy(err);
	err = hs_snapshot_open("/tmp", NULL, &snap);
	assert_int_equal(hs_error_code(err), HS_ERROR_DAMAGED);
	assert_non_null(strstr(hs_error_message(err), "not a regular file"));
	hs_error_destroy(err);
	sample_remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bit),
		cmocka_unit_test(many_bits),
		cmocka_unit_test(each_truncation),
		cmocka_unit_test(damage_of_what_stands_on_a_base),
		cmocka_unit_test(damage_of_a_base),
		cmocka_unit_test(something_appended),
		cmocka_unit_test(partial_loads_see_their_damage),
		cmocka_unit_test(messages_name_the_place),
		cmocka_unit_test(other_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
