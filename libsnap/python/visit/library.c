/* SPDX-License-Identifier: MIT */
/* library.c: types of the standard library's extension modules that a scan would misjudge. */
#include "libsnap/python/visit/visit.h"

static uint64_t array_size(struct hs_python *python, const struct hs_object *object)
{
	uint32_t itemsize = 0;

	/* arrayobject: allocated at 32, ob_descr at 40, whose itemsize is at 4 */
	hs_image_u32(python->image, hs_word(object, 40) + 4, &itemsize);
	return object->type->basicsize + hs_word(object, 32) * itemsize;
}

/* buffered: buffer at 56, buffer_size at 120 */
static uint64_t buffered_size(struct hs_python *python, const struct hs_object *object)
{
	(void)python;
	return object->type->basicsize + (hs_word(object, 56) ? hs_word(object, 120) : 0);
}

/* bytesio: buf, a bytes object, at 16; it is counted if nobody else refers to it (up to 3.11) */
static uint64_t bytesio_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr buffer = hs_word(object, 16);
	uint64_t refcount;
	uint64_t length;

	if (python->layout->minor >= 12 || !buffer ||
	    !hs_image_u64(python->image, buffer + PY_REFCNT, &refcount) || refcount != 1 ||
	    !hs_image_u64(python->image, buffer + PY_SIZE, &length))
		return object->type->basicsize;
	return object->type->basicsize + 33 + length;
}

static const struct hs_field_rule none[] = {{0}};

static const struct hs_field_rule pattern_fields[] = {
	{"groupindex", 32, 0},
	{"indexgroup", 40, 0},
	{"pattern", 48, 0},
	{0},
};

static const struct hs_field_rule match_fields[] = {
	{"string", 24, 0},
	{"re", 40, 0},
	{0},
};

static const struct hs_field_rule enumerate_fields[] = {
	{"iterator", 24, 0}, {"result", 32, 0}, {"index", 40, 0}, {"one", 48, HS_FIELD_HIDDEN}, {0},
};

static const struct hs_field_rule contextvar_fields[] = {
	{"name", 16, 0},
	{"default", 24, 0},
	{0},
};

static const struct hs_field_rule memoryview_fields[] = {
	{"buffer", 24, 0},
	{"obj", 64, HS_FIELD_HIDDEN},
	{0},
};

static const struct hs_rule rules[] = {
	{.name = "array.array", .role = HS_ROLE_BYTES, .fields = none, .size = array_size},
	{.name = "re.Pattern", .fields = pattern_fields},
	{.name = "re.Match", .fields = match_fields},
	{.name = "enumerate", .fields = enumerate_fields},
	{.name = "_contextvars.ContextVar", .fields = contextvar_fields},
	{.name = "ContextVar", .fields = contextvar_fields},
	{.name = "memoryview", .fields = memoryview_fields},
	{.name = "_io.BufferedReader", .size = buffered_size},
	{.name = "_io.BufferedWriter", .size = buffered_size},
	{.name = "_io.BufferedRandom", .size = buffered_size},
	{.name = "_io.BytesIO", .size = bytesio_size},
};

const struct hs_rule_family hs_rules_library = HS_RULE_FAMILY(rules);
