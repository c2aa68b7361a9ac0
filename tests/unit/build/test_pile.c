/* SPDX-License-Identifier: MIT */
/* test_pile.c: what is pushed comes out again, whatever it is and however much. */
#include "hs_cmocka.h"

#include "libsnap/build/pile.h"

#include <stdlib.h>
#include <string.h>

static uint64_t state_of_random = 88172645463325252ull;

static uint64_t random_u64(void)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return state_of_random;
}

/* Kinds of columns: all the same, narrow, narrow with exceptions, wide, running along. */
static uint64_t value_of(unsigned int kind, uint64_t i)
{
	uint64_t number = random_u64();

	switch (kind) {
	case 0:
		return 42;
	case 1:
		return number & 0xff;
	case 2:
		return number % 50 ? 1000 + (number & 0xffff) : number;
	case 3:
		return number;
	case 4:
		return 0x7f0000000000 + i * 64 + (number & 0x3ff0);
	case 5:
		return number % 97 ? number % 3 : UINT64_MAX - number % 3;
	default:
		return (number & 1 ? 0x550000000000 : 0x7f0000000000) + (number & 0xfff0);
	}
}

enum { KINDS = 7 };

static void check(unsigned int kind, bool deltas, uint64_t count)
{
	uint64_t *values = calloc(count + 1, sizeof(*values));
	uint64_t *out = calloc(count + 1, sizeof(*out));
	struct hs_pile pile = {.deltas = deltas};

	assert_non_null(values);
	assert_non_null(out);
	for (uint64_t i = 0; i < count; i++) {
		values[i] = value_of(kind, i);
		assert_true(hs_pile_push(&pile, values[i]));
	}
	assert_int_equal(hs_pile_count(&pile), count);
	out[count] = 4711;
	hs_pile_take(&pile, out, sizeof(*out));
	assert_memory_equal(out, values, count * sizeof(*out));
	assert_int_equal(out[count], 4711);
	assert_int_equal(hs_pile_count(&pile), 0);
	free(values);
	free(out);
}

static void everything_comes_out_again(void **state)
{
	static const uint64_t counts[] = {
		0, 1, HS_PILE_BLOCK - 1, HS_PILE_BLOCK, HS_PILE_BLOCK + 1, 40 * HS_PILE_BLOCK + 7,
	};

	(void)state;
	for (unsigned int kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			check(kind, false, counts[i]);
			check(kind, true, counts[i]);
		}
}

static void elements_of_every_size(void **state)
{
	const size_t count = 2 * HS_PILE_BLOCK + 3;

	(void)state;
	for (size_t size = 1; size <= 8; size *= 2) {
		uint64_t mask = size < 8 ? (1ull << 8 * size) - 1 : UINT64_MAX;
		uint8_t *out = malloc(count * size);
		struct hs_pile pile = {0};

		assert_non_null(out);
		for (size_t i = 0; i < count; i++)
			assert_true(hs_pile_push(&pile, (i * 0x9e3779b97f4a7c15ull) & mask));
		hs_pile_take(&pile, out, size);
		for (size_t i = 0; i < count; i++) {
			uint64_t value = 0;

			memcpy(&value, out + i * size, size);
			assert_int_equal(value, (i * 0x9e3779b97f4a7c15ull) & mask);
		}
		free(out);
	}
}

static void a_pile_that_nobody_takes(void **state)
{
	struct hs_pile pile = {0};

	(void)state;
	for (uint64_t i = 0; i < 5 * HS_PILE_BLOCK; i++)
		assert_true(hs_pile_push(&pile, i));
	hs_pile_deinit(&pile);
	assert_int_equal(hs_pile_count(&pile), 0);
	/* It can be used again, and freed again. */
	assert_true(hs_pile_push(&pile, 1));
	hs_pile_deinit(&pile);
	hs_pile_deinit(&pile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_out_again),
		cmocka_unit_test(elements_of_every_size),
		cmocka_unit_test(a_pile_that_nobody_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
