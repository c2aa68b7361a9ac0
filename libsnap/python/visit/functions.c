/* SPDX-License-Identifier: MIT */
/* functions.c: functions, methods, code, descriptors and what else can be called. */
#include "libsnap/python/visit/visit.h"

#define AT(field) HS_LAYOUT_FIELD(field)

static const struct hs_field_rule function_fields[] = {
	{"__code__", AT(function_code), HS_FIELD_LAYOUT},
	{"__globals__", AT(function_globals), HS_FIELD_LAYOUT},
	{"__builtins__", AT(function_builtins), HS_FIELD_LAYOUT},
	{"__module__", AT(function_module), HS_FIELD_LAYOUT},
	{"__defaults__", AT(function_defaults), HS_FIELD_LAYOUT},
	{"__kwdefaults__", AT(function_kwdefaults), HS_FIELD_LAYOUT},
	{"__doc__", AT(function_doc), HS_FIELD_LAYOUT},
	{"__name__", AT(function_name), HS_FIELD_LAYOUT},
	{"__dict__", AT(function_dict), HS_FIELD_LAYOUT},
	{"__closure__", AT(function_closure), HS_FIELD_LAYOUT},
	{"__annotations__", AT(function_annotations), HS_FIELD_LAYOUT},
	{"__annotate__", AT(function_annotate), HS_FIELD_LAYOUT},
	{"__type_params__", AT(function_typeparams), HS_FIELD_LAYOUT},
	{"__qualname__", AT(function_qualname), HS_FIELD_LAYOUT},
	{0},
};

static const struct hs_field_rule method_fields[] = {
	{"__func__", 16, 0},
	{"__self__", 24, 0},
	{0},
};

static const struct hs_field_rule builtin_fields[] = {
	{"__self__", 24, 0},
	{"__module__", 32, 0},
	{0},
};

static const struct hs_field_rule builtin_method_fields[] = {
	{"__objclass__", 56, 0},
	{"__self__", 24, 0},
	{"__module__", 32, 0},
	{0},
};

static const struct hs_field_rule cell_fields[] = {{"cell_contents", 16, 0}, {0}};

static const struct hs_field_rule wrapper_fields[] = {
	{"__func__", 16, 0},
	{"__dict__", 24, 0},
	{0},
};

static const struct hs_field_rule property_fields[] = {
	{"fget", 16, 0},
	{"fset", 24, 0},
	{"fdel", 32, 0},
	{"__doc__", 40, 0},
	{"__name__", 48, HS_SINCE(10)},
	{0},
};

static const struct hs_field_rule descriptor_fields[] = {
	{"__objclass__", 16, 0},
	{"__name__", 24, HS_FIELD_HIDDEN},
	{"__qualname__", 32, HS_FIELD_HIDDEN},
	{0},
};

static const struct hs_field_rule method_wrapper_fields[] = {
	{"descriptor", 16, 0},
	{"__self__", 24, 0},
	{0},
};

static const struct hs_field_rule super_fields[] = {
	{"__self__", 24, 0},
	{"__thisclass__", 16, 0},
	{"__self_class__", 32, 0},
	{0},
};

static const struct hs_field_rule slice_fields[] = {
	{"start", 16, 0},
	{"stop", 24, 0},
	{"step", 32, 0},
	{0},
};

static const struct hs_field_rule partial_fields[] = {
	{"func", 16, 0}, {"args", 24, 0}, {"keywords", 32, 0}, {"__dict__", 40, 0}, {0},
};

static const struct hs_field_rule code_fields[] = {
	{"co_consts", AT(code_consts), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_names", AT(code_names), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_exceptiontable", AT(code_exceptiontable), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_localsplusnames", AT(code_localsplusnames), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_localspluskinds", AT(code_localspluskinds), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_varnames", AT(code_varnames), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_cellvars", AT(code_cellvars), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_freevars", AT(code_freevars), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_filename", AT(code_filename), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_name", AT(code_name), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_qualname", AT(code_qualname), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_linetable", AT(code_linetable), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{"co_code", AT(code_code_cache), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{0},
};

/* 3.12 on: attributes that were asked for, kept in a block of their own. */
static void code_hidden(struct hs_python *python, const struct hs_object *object)
{
	static const char *const names[] = {"co_code", "co_varnames", "co_cellvars", "co_freevars"};
	hs_addr cached;

	if (python->layout->code_cached == HS_ABSENT)
		return;
	cached = hs_word(object, python->layout->code_cached);
	for (size_t i = 0; cached && i < sizeof(names) / sizeof(names[0]); i++) {
		hs_addr value = 0;

		hs_image_u64(python->image, cached + i * 8, &value);
		hs_visit_named(python, value, names[i]);
	}
}

enum {
	OPCACHE_SIZE = 32, /* sizeof(_PyOpcache) */
};

/* Until 3.10 the instructions are a bytes object, and what they have learnt is a table each. */
static uint64_t old_code_size(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_layout *layout = python->layout;
	uint64_t size = object->type->basicsize;
	uint64_t length = 0;

	if (hs_word(object, layout->code_cell2arg) &&
	    hs_image_u64(python->image, hs_word(object, layout->code_cellvars) + PY_SIZE, &length))
		size += 8 * length;
	if (hs_word(object, layout->code_opcache) &&
	    hs_image_u64(python->image, hs_word(object, layout->code_code_cache) + PY_SIZE,
			 &length))
		size += (uint64_t)OPCACHE_SIZE *
				(hs_half(object, layout->code_opcache_size) & 0xff) +
			length / 2;
	return size;
}

/* The frame of its last call is kept for the next one, with a reference count of 0. */
static uint64_t zombie_size(struct hs_python *python, hs_addr frame)
{
	uint64_t slots = 0;

	hs_image_u64(python->image, frame + PY_SIZE, &slots);
	return PY_GC_HEAD_SIZE + python->layout->frame_localsplus + 8 * (slots & UINT32_MAX);
}

static uint64_t old_code_buffers(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_layout *layout = python->layout;
	hs_addr zombie = hs_word(object, layout->code_zombie_frame);
	uint64_t size = hs_buffer_take(python, hs_word(object, layout->code_cell2arg), 8);

	size += hs_buffer_take(python, hs_word(object, layout->code_opcache_map), 8);
	size += hs_buffer_take(python, hs_word(object, layout->code_opcache), 8);
	if (zombie)
		size += hs_buffer_take(python, zombie - PY_GC_HEAD_SIZE,
				       zombie_size(python, zombie));
	return size;
}

static uint64_t code_size(struct hs_python *python, const struct hs_object *object)
{
	uint64_t size = python->layout->code_adaptive + 2 * hs_ob_size(object);
	hs_addr extra = hs_word(object, python->layout->code_extra);
	uint64_t extra_count;

	if (python->layout->code_adaptive == HS_ABSENT)
		size = old_code_size(python, object);
	else
		size = (size + 7) & ~(uint64_t)7;
	if (extra && hs_image_u64(python->image, extra, &extra_count) && extra_count < 1024)
		size += 8 + 8 * extra_count;
	return size;
}

static uint64_t code_buffers(struct hs_python *python, const struct hs_object *object)
{
	uint64_t size = hs_buffer_take(python, hs_word(object, python->layout->code_extra), 8);

	if (python->layout->code_cached != HS_ABSENT)
		size += hs_buffer_take(python, hs_word(object, python->layout->code_cached), 32);
	if (python->layout->code_adaptive == HS_ABSENT)
		size += old_code_buffers(python, object);
	return size;
}

static const struct hs_field_rule lru_fields[] = {
	{"cache", 72, 0},
	{"__wrapped__", 88, 0},
	{"cache_info_type", 112, HS_BEFORE(10)},
	{"__dict__", 120, HS_BEFORE(10)},
	{"kwd_mark", 112, HS_SINCE(10)},
	{"lru_list_elem_type", 120, HS_SINCE(10)},
	{"cache_info_type", 128, HS_SINCE(10)},
	{"__dict__", 136, HS_SINCE(10)},
	{0},
};

/*
 * The links of a bounded cache form a ring; its order is by last use.  From 3.10 on each reports
 * its type.
 */
static void lru_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr root = object->address;
	hs_addr link = hs_word(object, PY_LRU_LINK_NEXT);
	struct hs_chain chain = {0};

	hs_visit_begin(python, HS_LABEL_VALUE, 0);
	while (link && link != root) {
		const uint8_t *at = hs_image_at(python->image, link, PY_LRU_LINK_RESULT + 8);
		hs_addr words[3];

		if (!at || !hs_chain_step(&chain, link) || !hs_python_spend(python, 3)) {
			hs_python_gap(python, "lru_cache link cannot be read", link);
			return;
		}
		memcpy(&words[0], at + PY_LRU_LINK_KEY, 8);
		memcpy(&words[1], at + PY_LRU_LINK_RESULT, 8);
		memcpy(&words[2], at + PY_TYPE, 8);
		for (size_t i = 0; i < (python->layout->minor < 10 ? 2 : 3); i++)
			hs_visit(python, words[i], HS_LABEL_VALUE, 0);
		memcpy(&link, at + PY_LRU_LINK_NEXT, 8);
	}
}

static const struct hs_rule rules[] = {
	{.name = "function", .role = HS_ROLE_FUNCTION, .fields = function_fields},
	{.name = "method", .role = HS_ROLE_METHOD, .fields = method_fields},
	{.name = "builtin_function_or_method", .role = HS_ROLE_FUNCTION, .fields = builtin_fields},
	{.name = "builtin_method", .role = HS_ROLE_FUNCTION, .fields = builtin_method_fields},
	{.name = "cell", .role = HS_ROLE_CELL, .fields = cell_fields},
	{.name = "classmethod", .fields = wrapper_fields},
	{.name = "staticmethod", .fields = wrapper_fields},
	{.name = "property", .fields = property_fields},
	{.name = "member_descriptor", .fields = descriptor_fields},
	{.name = "getset_descriptor", .fields = descriptor_fields},
	{.name = "method_descriptor", .fields = descriptor_fields},
	{.name = "classmethod_descriptor", .fields = descriptor_fields},
	{.name = "wrapper_descriptor", .fields = descriptor_fields},
	{.name = "method-wrapper", .fields = method_wrapper_fields},
	{.name = "super", .fields = super_fields},
	{.name = "slice", .fields = slice_fields},
	{.name = "functools.partial", .fields = partial_fields},
	{.name = "functools._lru_cache_wrapper", .fields = lru_fields, .visit = lru_visit},
	{.name = "code",
	 .role = HS_ROLE_CODE,
	 .fields = code_fields,
	 .hidden = code_hidden,
	 .size = code_size,
	 .buffers = code_buffers},
};

const struct hs_rule_family hs_rules_functions = HS_RULE_FAMILY(rules);
