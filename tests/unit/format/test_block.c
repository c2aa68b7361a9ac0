/* SPDX-License-Identifier: MIT */
/* test_block.c: in which order a block lists objects and references. */
#include "hs_cmocka.h"

#include "format/block.h"
#include <string.h>

enum { OBJECTS = 8 };

struct fixture {
	uint32_t order[OBJECTS + 1];
	uint32_t starts[OBJECTS + 1];
	uint32_t scratch[HS_GROUPING_SCRATCH(OBJECTS)];
	struct hs_grouping grouping;
};

static void init(struct fixture *f)
{
	f->grouping = (struct hs_grouping){.order = f->order, .starts = f->starts};
	hs_grouping_init(&f->grouping, OBJECTS);
}

static void assert_grouped(const struct fixture *f, const uint32_t order[OBJECTS],
			   const uint32_t *starts, size_t groups)
{
	assert_memory_equal(f->order, order, sizeof(uint32_t) * OBJECTS);
	assert_int_equal(f->grouping.groups, groups);
	assert_memory_equal(f->starts, starts, sizeof(uint32_t) * (groups + 1));
}

static void groups_are_parted_in_turn(void **state)
{
	static const uint32_t types[] = {0, 1, 0, 2, 1, 0, 0, 1};
	static const uint32_t one_each[] = {5, 5, 5, 5, 5, 5, 5, 5};
	static const uint32_t shapes[] = {3, 0, 0, 3, 3, 0, 0, 1}; /* by place */
	struct fixture f;

	(void)state;
	init(&f);
	assert_grouped(&f, (const uint32_t[]){0, 1, 2, 3, 4, 5, 6, 7}, (const uint32_t[]){0, 8}, 1);
	hs_grouping_refine(&f.grouping, types, OBJECTS, f.scratch);
	assert_grouped(&f, (const uint32_t[]){0, 2, 5, 6, 1, 4, 7, 3},
		       (const uint32_t[]){0, 4, 7, 8}, 3);
	hs_grouping_refine(&f.grouping, one_each, OBJECTS, f.scratch);
	assert_grouped(&f, (const uint32_t[]){0, 2, 5, 6, 1, 4, 7, 3},
		       (const uint32_t[]){0, 4, 7, 8}, 3);
	hs_grouping_refine(&f.grouping, shapes, OBJECTS, f.scratch);
	assert_grouped(&f, (const uint32_t[]){2, 5, 0, 6, 4, 7, 1, 3},
		       (const uint32_t[]){0, 2, 4, 6, 7, 8}, 5);
}

static void every_object_a_group(void **state)
{
	static const uint32_t keys[] = {7, 6, 5, 4, 3, 2, 1, 0};
	struct fixture f;

	(void)state;
	init(&f);
	hs_grouping_refine(&f.grouping, keys, OBJECTS, f.scratch);
	assert_grouped(&f, (const uint32_t[]){7, 6, 5, 4, 3, 2, 1, 0},
		       (const uint32_t[]){0, 1, 2, 3, 4, 5, 6, 7, 8}, 8);
}

/* Keys that are too large for counting. */
static void large_keys(void **state)
{
	static const uint32_t keys[] = {UINT32_MAX, 5, UINT32_MAX, 7, 5, 1, 900000, 1};
	struct fixture f;

	(void)state;
	init(&f);
	hs_grouping_refine(&f.grouping, keys, OBJECTS, f.scratch);
	assert_grouped(&f, (const uint32_t[]){5, 7, 1, 4, 3, 6, 0, 2},
		       (const uint32_t[]){0, 2, 4, 5, 6, 8}, 5);
}

/* Two groups; the second has an object with more references than there are slots. */
static void references_by_slot(void **state)
{
	enum { MANY = HS_EDGE_SLOTS + 2, EDGES = 3 + 1 + MANY + 1 };
	static const uint32_t types[] = {0, 1, 0, 1, 1, 1, 1, 1};
	uint32_t first[OBJECTS + 1] = {0, 2, 3, 4, 4 + MANY, EDGES, EDGES, EDGES, EDGES};
	uint32_t scratch[2 * OBJECTS];
	uint32_t positions[EDGES + 1];
	struct fixture f;

	(void)state;
	init(&f);
	hs_grouping_refine(&f.grouping, types, OBJECTS, f.scratch);
	hs_block_order_edges(&f.grouping, first, scratch, positions);
	/* Objects 0 and 2 have two and one, objects 1, 3, 4 have one, many, one. */
	assert_memory_equal(positions, ((const uint32_t[]){0, 3, 1, 2, 4, 4 + MANY, 5, 6}),
			    8 * sizeof(uint32_t));
	assert_int_equal(positions[EDGES - 2], 4 + MANY - 2);
	assert_int_equal(positions[EDGES - 1], 4 + MANY - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_parted_in_turn),
		cmocka_unit_test(every_object_a_group),
		cmocka_unit_test(large_keys),
		cmocka_unit_test(references_by_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
