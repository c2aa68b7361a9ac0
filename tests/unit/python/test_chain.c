/* SPDX-License-Identifier: MIT */
/* test_chain.c: lists that go round in circles. */
#include "hs_cmocka.h"

#include "libsnap/python/chain.h"

/* A tail of @tail nodes that leads into a circle of @circle. */
static void assert_circle_found(uint64_t tail, uint64_t circle)
{
	struct hs_chain chain = {0};
	uint64_t steps = 0;
	uint64_t node = 1;

	while (hs_chain_step(&chain, node)) {
		steps++;
		assert_true(steps <= 3 * (tail + circle) + 3);
		node = node < tail + circle ? node + 1 : tail + 1;
	}
	assert_true(steps >= tail + circle);
}

static void circles_are_noticed(void **state)
{
	struct hs_chain chain = {0};

	(void)state;
	for (uint64_t tail = 0; tail < 70; tail++)
		for (uint64_t circle = 1; circle < 70; circle++)
			assert_circle_found(tail, circle);
	for (uint64_t node = 1; node < 100000; node++)
		assert_true(hs_chain_step(&chain, node));
	assert_int_equal(chain.steps, 99999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(circles_are_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
