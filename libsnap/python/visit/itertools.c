/* SPDX-License-Identifier: MIT */
/* itertools.c: iterators whose size or references a scan would misjudge. */
#include "libsnap/python/visit/visit.h"

static uint64_t tuple_length(struct hs_python *python, hs_addr tuple)
{
	uint64_t length = 0;

	hs_image_u64(python->image, tuple + PY_SIZE, &length);
	return length;
}

/* productobject: an index per pool */
static uint64_t product_size(struct hs_python *python, const struct hs_object *object)
{
	return object->type->basicsize + 8 * tuple_length(python, hs_word(object, 16));
}

/* combinationsobject and cwrobject: r indices; r at 40 */
static uint64_t combinations_size(struct hs_python *python, const struct hs_object *object)
{
	(void)python;
	return object->type->basicsize + 8 * hs_word(object, 40);
}

/* permutationsobject: indices for the whole pool and r cycles; r at 48 */
static uint64_t permutations_size(struct hs_python *python, const struct hs_object *object)
{
	return object->type->basicsize +
	       8 * (tuple_length(python, hs_word(object, 16)) + hs_word(object, 48));
}

static const struct hs_field_rule product_fields[] = {{"pools", 16, 0}, {"result", 32, 0}, {0}};
static const struct hs_field_rule combinations_fields[] = {{"pool", 16, 0}, {"result", 32, 0}, {0}};
static const struct hs_field_rule permutations_fields[] = {{"pool", 16, 0}, {"result", 40, 0}, {0}};

static const struct hs_field_rule groupby_fields[] = {
	{"iterator", 16, 0},
	{"key", 24, 0},
	{"target key", 32, 0},
	{"current key", 40, 0},
	{"current value", 48, 0},
	/* The current grouper, at 56, is borrowed and may be gone. */
	{0},
};

enum {
	TEE_VALUES = 57, /* LINKCELLS */
};

/* teedataobject: it at 16, numread (int) at 24, nextlink at 32, values from 40 on */
static void tee_visit(struct hs_python *python, const struct hs_object *object)
{
	uint32_t count = hs_half(object, 24);

	hs_visit_named(python, hs_word(object, 16), "iterator");
	hs_visit_items(python, object->address + 40, count < TEE_VALUES ? count : TEE_VALUES, 0);
	hs_visit_named(python, hs_word(object, 32), "next");
}

static const struct hs_rule rules[] = {
	{.name = "itertools.product", .fields = product_fields, .size = product_size},
	{.name = "itertools.combinations",
	 .fields = combinations_fields,
	 .size = combinations_size},
	{.name = "itertools.combinations_with_replacement",
	 .fields = combinations_fields,
	 .size = combinations_size},
	{.name = "itertools.permutations",
	 .fields = permutations_fields,
	 .size = permutations_size},
	{.name = "itertools.groupby", .fields = groupby_fields},
	{.name = "itertools._tee_dataobject", .visit = tee_visit},
};

const struct hs_rule_family hs_rules_itertools = HS_RULE_FAMILY(rules);
