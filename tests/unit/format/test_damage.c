/* SPDX-License-Identifier: MIT */
/* test_damage.c: every flipped bit and every truncation is reported. */
#include "format/sample.h"

/* Load and expect HS_ERROR_DAMAGED; the message is the caller's to free. */
static char *expect_damage(const uint8_t *bytes, size_t size)
{
	struct hs_snapshot *snap = NULL;
	struct hs_error *err = hs_snapshot_load(bytes, size, "a.snap", NULL, &snap);
	char *message;

	assert_non_null(err);
	assert_null(snap);
	assert_int_equal(hs_error_code(err), HS_ERROR_DAMAGED);
	message = strdup(hs_error_message(err));
	hs_error_destroy(err);
	return message;
}

static void each_bit(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(40, 1);
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++) {
		char *message;

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		message = expect_damage(bytes, size);
		assert_non_null(strstr(message, bit < 64 ? "not a heapsnap snapshot" : "at byte "));
		free(message);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(bytes);
	hs_snapshot_destroy(snap);
}

static void each_truncation(void **state)
{
	struct hs_snapshot *snap = sample_snapshot(40, 1);
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);

	(void)state;
	for (size_t kept = 0; kept < size; kept++) {
		uint8_t *part = malloc(kept ? kept : 1); /* so that ASan sees each overrun */
		char expected[64];
		char *message;

		memcpy(part, bytes, kept);
		message = expect_damage(part, kept);
		snprintf(expected, sizeof(expected), "a.snap: truncated at byte %zu: ", kept);
		if (!kept)
			strcpy(expected, "a.snap: not a heapsnap snapshot");
		if (strncmp(message, expected, strlen(expected)))
			fail_msg("%s", message);
		free(message);
		free(part);
	}
	free(bytes);
	hs_snapshot_destroy(snap);
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
		cmocka_unit_test(each_truncation),
		cmocka_unit_test(something_appended),
		cmocka_unit_test(partial_loads_see_their_damage),
		cmocka_unit_test(messages_name_the_place),
		cmocka_unit_test(other_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
