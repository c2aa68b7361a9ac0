/* SPDX-License-Identifier: MIT */
/* test_hash.c: whatever keys are chosen, they spread. */
#include "hs_cmocka.h"

#include "format/base/hash.h"
#include <string.h>

enum { KEYS = 1 << 16 };

/* What 2^64 over the golden ratio has to be multiplied with to give 1. */
static uint64_t inverse(void)
{
	uint64_t ret = 1;

	for (int i = 0; i < 6; i++)
		ret *= 2 - 0x9e3779b97f4a7c15u * ret;
	return ret;
}

static void assert_spread(uint64_t (*key)(uint64_t i))
{
	static uint8_t places[KEYS];
	uint64_t seed = hs_hash_seed();

	memset(places, 0, sizeof(places));
	for (uint64_t i = 0; i < KEYS; i++)
		places[hs_hash_u64(key(i), seed) % KEYS]++;
	/* One key a place on average: twenty in one would take 10^14 tries with good luck. */
	for (size_t i = 0; i < KEYS; i++)
		assert_in_range(places[i], 0, 20);
}

static uint64_t consecutive(uint64_t i)
{
	return i;
}

static uint64_t addresses(uint64_t i)
{
	return 0x7f0000000000u + i * 4096;
}

static uint64_t high(uint64_t i)
{
	return i << 48;
}

/* These have the same middle bits when they are multiplied by the golden ratio alone. */
static uint64_t chosen(uint64_t i)
{
	return (i << 48 | 1) * inverse();
}

static void keys_spread(void **state)
{
	(void)state;
	assert_int_equal(inverse() * 0x9e3779b97f4a7c15u, 1);
	assert_spread(consecutive);
	assert_spread(addresses);
	assert_spread(high);
	assert_spread(chosen);
}

static void seed_stays(void **state)
{
	(void)state;
	assert_int_equal(hs_hash_seed(), hs_hash_seed());
	assert_int_not_equal(hs_hash_seed(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_spread),
		cmocka_unit_test(seed_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
