/* SPDX-License-Identifier: MIT */
/* test_jobs.c: every piece is done once, and the first error is the one that is told. */
#include "hs_cmocka.h"

#include "format/base/error.h"
#include "format/base/jobs.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { PIECES = 1000 };

struct board {
	_Atomic unsigned int done[PIECES];
	_Atomic unsigned int busy[HS_JOBS_MAX];
	size_t bad[3]; /* pieces that fail */
};

static struct hs_error *mark(void *context, unsigned int job, size_t piece)
{
	struct board *board = context;

	assert_int_equal(board->busy[job]++, 0);
	board->done[piece]++;
	board->busy[job]--;
	for (size_t i = 0; i < 3; i++)
		if (board->bad[i] == piece)
			return hs_error_create(HS_ERROR_FAILED, "piece %zu", piece);
	return NULL;
}

static void each_once(void **state)
{
	(void)state;
	for (unsigned int jobs = 1; jobs <= 5; jobs++) {
		struct board board = {.bad = {PIECES, PIECES, PIECES}};

		assert_null(hs_jobs_run(jobs, PIECES, mark, &board));
		for (size_t i = 0; i < PIECES; i++)
			assert_int_equal(board.done[i], 1);
		assert_null(hs_jobs_run(jobs, 0, mark, &board));
	}
}

static void the_first_error(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		struct board board = {.bad = {700, 17, 18}};
		struct hs_error *err = hs_jobs_run(4, PIECES, mark, &board);

		assert_non_null(err);
		assert_string_equal(hs_error_message(err), "piece 17");
		hs_error_destroy(err);
		for (size_t i = 0; i <= 17; i++)
			assert_int_equal(board.done[i], 1);
	}
}

static void how_many(void **state)
{
	(void)state;
	assert_int_equal(hs_jobs_count(3, 2), 2);
	assert_int_equal(hs_jobs_count(3, 0), 1);
	assert_int_equal(hs_jobs_count(1000, 1000), HS_JOBS_MAX);
	assert_in_range(hs_jobs_count(0, 1000), 1, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_once),
		cmocka_unit_test(the_first_error),
		cmocka_unit_test(how_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
