/* SPDX-License-Identifier: MIT */
/* test_spill.c: arrays that lie in a file take little memory, and stay what they are. */
#include "format/base/spill.h"
#include "hs_cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20, WORDS = MIB / 8, SIZE = 256 /* MiB */ };

/* Of this process, now or at its peak since forget_peak(). */
static uint64_t memory_of(const char *field)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long kib = 0;
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			sscanf(line + strlen(field), ": %llu", &kib);
	fclose(file);
	return kib * 1024;
}

static void forget_peak(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "we");

	assert_non_null(file);
	fputs("5", file);
	fclose(file);
}

static void limit_is_kept_and_bytes_too(void **state)
{
	struct hs_spill *spill = NULL;
	uint64_t limit = memory_of("VmRSS") + 64 * MIB;
	uint64_t *other;
	uint64_t *data;

	(void)state;
	assert_null(hs_spill_create(limit, &spill));
	data = hs_spill_alloc(spill, (size_t)SIZE * MIB);
	other = hs_spill_alloc(spill, MIB);
	assert_non_null(data);
	assert_non_null(other);
	forget_peak();
	for (size_t i = 0; i < (size_t)SIZE * WORDS; i++) {
		assert_int_equal(data[i], 0);
		data[i] = i * 3;
		if (i % HS_SPILL_STRIDE == 0)
			hs_spill_relieve(spill);
	}
	for (size_t i = 0; i < (size_t)SIZE * WORDS; i++) {
		assert_int_equal(data[i], i * 3);
		if (i % HS_SPILL_STRIDE == 0)
			hs_spill_relieve(spill);
	}
	assert_true(memory_of("VmHWM") <= limit);
	assert_null(hs_spill_check(spill));
	hs_spill_free(spill, data);
	hs_spill_free(spill, NULL);
	other[7] = 7;
	assert_int_equal(other[7], 7);
	hs_spill_release(spill);
}

static void what_does_not_do_is_said(void **state)
{
	struct hs_spill *spill = NULL;
	struct hs_error *err;
	uint64_t *data;

	(void)state;
	assert_null(hs_spill_create(MIB, &spill));
	data = hs_spill_alloc(spill, MIB);
	assert_non_null(data);
	data[5] = 5;
	hs_spill_relieve(spill);
	assert_int_equal(data[5], 5);
	err = hs_spill_check(spill);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_FAILED);
	assert_non_null(strstr(hs_error_message(err), "within 1 MiB"));
	hs_error_destroy(err);
	hs_spill_release(spill);
}

/* More than there are addresses for. */
static void too_much_is_refused(void **state)
{
	struct hs_spill *spill = NULL;

	(void)state;
	assert_null(hs_spill_create(UINT64_MAX, &spill));
	assert_null(hs_spill_alloc(spill, (size_t)1 << 60));
	assert_non_null(hs_spill_alloc(spill, 0));
	hs_spill_release(spill);
	hs_spill_release(NULL);
	hs_spill_relieve(NULL);
	assert_null(hs_spill_check(NULL));
	assert_null(hs_spill_share(NULL));
}

static void every_owner_keeps_it(void **state)
{
	struct hs_spill *spill = NULL;
	uint64_t *data;

	(void)state;
	assert_null(hs_spill_create(UINT64_MAX, &spill));
	assert_ptr_equal(hs_spill_share(spill), spill);
	hs_spill_release(spill);
	data = hs_spill_reserve(spill, 64 * MIB);
	assert_non_null(data);
	assert_true(hs_spill_commit(spill, data + WORDS, MIB));
	data[WORDS] = 1;
	assert_int_equal(data[WORDS], 1);
	hs_spill_release(spill);
}

static void without_a_folder_there_is_none(void **state)
{
	struct hs_spill *spill = NULL;
	struct hs_error *err;

	(void)state;
	assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
	err = hs_spill_create(UINT64_MAX, &spill);
	assert_non_null(err);
	assert_non_null(strstr(hs_error_message(err), "/nonexistent"));
	hs_error_destroy(err);
	assert_int_equal(unsetenv("TMPDIR"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limit_is_kept_and_bytes_too),
		cmocka_unit_test(what_does_not_do_is_said),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(every_owner_keeps_it),
		cmocka_unit_test(without_a_folder_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
