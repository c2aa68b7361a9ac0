/* SPDX-License-Identifier: MIT */
/*
 * frame_objects.c: frames until 3.10, each of which is an object, and generators and coroutines,
 * which refer to theirs.
 */
#include "libsnap/python/locals.h"
#include "libsnap/python/visit/visit.h"

#define AT(field) HS_LAYOUT_FIELD(field)

static const struct hs_field_rule frame_fields[] = {
	{"f_back", AT(frame_back), HS_FIELD_LAYOUT},
	{"f_code", AT(frame_code), HS_FIELD_LAYOUT},
	{"f_builtins", AT(frame_builtins), HS_FIELD_LAYOUT},
	{"f_globals", AT(frame_globals), HS_FIELD_LAYOUT},
	{"f_locals", AT(frame_locals), HS_FIELD_LAYOUT},
	{"f_trace", AT(frame_trace), HS_FIELD_LAYOUT},
	{0},
};

/* 3.10 counts the words on the evaluation stack, with -1 for a frame that runs; before there is a
 * pointer to its end, then NULL. */
static uint32_t stack_depth(struct hs_python *python, const struct hs_object *object,
			    const struct hs_locals *locals)
{
	const struct hs_layout *layout = python->layout;
	hs_addr stack = object->address + layout->frame_localsplus + 8ull * locals->count;
	uint64_t depth = 0;

	if (layout->frame_stackdepth != HS_ABSENT)
		depth = hs_half(object, layout->frame_stackdepth);
	else if (hs_word(object, layout->frame_stacktop) > stack)
		depth = (hs_word(object, layout->frame_stacktop) - stack) / 8;
	return depth <= locals->stack ? (uint32_t)depth : 0;
}

/* Variables, then the evaluation stack as far as the frame tells: it does not while it runs. */
static void frame_visit(struct hs_python *python, const struct hs_object *object)
{
	struct hs_locals locals;

	if (hs_locals_open(python, hs_word(object, python->layout->frame_code), &locals))
		hs_visit_slots(python, object->address + python->layout->frame_localsplus,
			       (uint64_t)locals.count + stack_depth(python, object, &locals),
			       &locals);
}

/* The struct has room for one slot already. */
static uint64_t frame_size(struct hs_python *python, const struct hs_object *object)
{
	struct hs_locals locals;

	if (!hs_locals_open(python, hs_word(object, python->layout->frame_code), &locals))
		return object->type->basicsize;
	return object->type->basicsize + 8 * ((uint64_t)locals.count + locals.stack) - 8;
}

static const struct hs_field_rule generator_fields[] = {
	{"gi_frame", AT(generator_frame), HS_FIELD_LAYOUT},
	{"gi_code", AT(generator_code), HS_FIELD_LAYOUT},
	{"__name__", AT(generator_name), HS_FIELD_LAYOUT},
	{"__qualname__", AT(generator_qualname), HS_FIELD_LAYOUT},
	{"exception type", AT(generator_exc_type), HS_FIELD_LAYOUT},
	{"exception", AT(generator_exc_value), HS_FIELD_LAYOUT},
	{"exception traceback", AT(generator_exc_traceback), HS_FIELD_LAYOUT},
	{0},
};

static const struct hs_field_rule async_generator_fields[] = {
	{"finalizer", AT(generator_origin_or_finalizer), HS_FIELD_LAYOUT},
	{"ag_frame", AT(generator_frame), HS_FIELD_LAYOUT},
	{"ag_code", AT(generator_code), HS_FIELD_LAYOUT},
	{"__name__", AT(generator_name), HS_FIELD_LAYOUT},
	{"__qualname__", AT(generator_qualname), HS_FIELD_LAYOUT},
	{"exception type", AT(generator_exc_type), HS_FIELD_LAYOUT},
	{"exception", AT(generator_exc_value), HS_FIELD_LAYOUT},
	{"exception traceback", AT(generator_exc_traceback), HS_FIELD_LAYOUT},
	{0},
};

static const struct hs_rule rules[] = {
	{.name = "frame",
	 .versions = HS_BEFORE(11),
	 .role = HS_ROLE_FRAME,
	 .fields = frame_fields,
	 .visit = frame_visit,
	 .size = frame_size},
	{.name = "generator",
	 .versions = HS_BEFORE(11),
	 .role = HS_ROLE_GENERATOR,
	 .fields = generator_fields},
	{.name = "coroutine",
	 .versions = HS_BEFORE(11),
	 .role = HS_ROLE_GENERATOR,
	 .fields = generator_fields},
	{.name = "async_generator",
	 .versions = HS_BEFORE(11),
	 .role = HS_ROLE_GENERATOR,
	 .fields = async_generator_fields},
};

const struct hs_rule_family hs_rules_frame_objects = HS_RULE_FAMILY(rules);
