/* SPDX-License-Identifier: MIT */
/*
 * frames.c: frame objects, generators, coroutines, and the frames inside them, from 3.11 on; those
 * of versions before stand in frame_objects.c.
 */
#include "libsnap/python/locals.h"
#include "libsnap/python/visit/visit.h"

#define AT(field) HS_LAYOUT_FIELD(field)

enum {
	OWNED_BY_FRAME_OBJECT = 2, /* _PyInterpreterFrame.owner */
};

int64_t hs_frame_slots(struct hs_python *python, hs_addr frame)
{
	const struct hs_layout *layout = python->layout;
	uint32_t top = 0;
	hs_addr end = 0;

	if (layout->iframe_stackpointer == HS_ABSENT) {
		hs_image_u32(python->image, frame + layout->iframe_stacktop, &top);
		return (int32_t)top;
	}
	hs_image_u64(python->image, frame + layout->iframe_stackpointer, &end);
	return end ? (int64_t)(end - frame - layout->iframe_localsplus) / 8 : 0;
}

void hs_visit_slots(struct hs_python *python, hs_addr first, uint64_t count,
		    const struct hs_locals *locals)
{
	struct hs_words slots;

	count = hs_python_limit(python, first, count);
	slots = hs_words_open(python->image, first, count);
	for (uint32_t i = 0; i < count; i++) {
		hs_addr value = hs_stack_ref(python, hs_words_get(&slots, i));
		uint32_t name = HS_NONE;

		if (i < locals->count && !python->redact)
			name = hs_text_number(python, hs_locals_name(locals, i));
		if (name == HS_NONE)
			hs_visit(python, value, HS_LABEL_NONE, 0);
		else
			hs_visit(python, value, HS_LABEL_LOCAL, name);
	}
}

static void visit_slots(struct hs_python *python, hs_addr frame, hs_addr code)
{
	int64_t count = hs_frame_slots(python, frame);
	struct hs_locals locals;

	if (count > 0 && hs_locals_open(python, code, &locals) &&
	    count <= (int64_t)locals.count + locals.stack)
		hs_visit_slots(python, frame + python->layout->iframe_localsplus, (uint64_t)count,
			       &locals);
}

void hs_visit_frame(struct hs_python *python, hs_addr frame)
{
	const struct hs_layout *layout = python->layout;
	const uint8_t *at = hs_image_at(python->image, frame, layout->iframe_localsplus);
	hs_addr word;

	if (!at) {
		hs_python_gap(python, "frame cannot be read", frame);
		return;
	}
	memcpy(&word, at + layout->iframe_frame_object, 8);
	hs_visit_named(python, word, "frame");
	memcpy(&word, at + layout->iframe_locals, 8);
	hs_visit_named(python, word, "f_locals");
	memcpy(&word, at + layout->iframe_function, 8);
	hs_visit_named(python, hs_stack_ref(python, word), "function");
	memcpy(&word, at + layout->iframe_code, 8);
	hs_visit_named(python, hs_stack_ref(python, word), "f_code");
	visit_slots(python, frame, hs_stack_ref(python, word));
}

static const struct hs_field_rule frame_fields[] = {
	{"f_back", AT(frame_back), HS_FIELD_LAYOUT},
	{"f_trace", AT(frame_trace), HS_FIELD_LAYOUT},
	{"f_extra_locals", AT(frame_extra_locals), HS_FIELD_LAYOUT},
	{"f_locals_cache", AT(frame_locals_cache), HS_FIELD_LAYOUT},
	{"f_overwritten_fast_locals", AT(frame_overwritten_fast_locals), HS_FIELD_LAYOUT},
	{0},
};

static void frame_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr frame = hs_word(object, python->layout->frame_iframe);
	const uint8_t *owner = hs_image_at(python->image, frame + python->layout->iframe_owner, 1);

	if (owner && *owner == OWNED_BY_FRAME_OBJECT)
		hs_visit_frame(python, frame);
}

/* The code that the frame at @frame runs. */
static hs_addr frame_code(struct hs_python *python, hs_addr frame)
{
	uint64_t word = 0;

	hs_image_u64(python->image, frame + python->layout->iframe_code, &word);
	return hs_stack_ref(python, word);
}

static uint64_t slots_size(struct hs_python *python, hs_addr code)
{
	struct hs_locals locals;
	uint64_t size = python->layout->iframe_localsplus;

	if (hs_locals_open(python, code, &locals))
		size += 8 * ((uint64_t)locals.count + locals.stack);
	return size;
}

static uint64_t frame_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr frame = hs_word(object, python->layout->frame_iframe);

	return python->layout->frame_data + slots_size(python, frame_code(python, frame));
}

static const struct hs_field_rule generator_fields[] = {
	{"gi_code", AT(generator_code), HS_FIELD_LAYOUT},
	{"__name__", AT(generator_name), HS_FIELD_LAYOUT},
	{"__qualname__", AT(generator_qualname), HS_FIELD_LAYOUT},
	{"exception", AT(generator_exc_value), HS_FIELD_LAYOUT},
	{0},
};

static const struct hs_field_rule async_generator_fields[] = {
	{"finalizer", AT(generator_origin_or_finalizer), HS_FIELD_LAYOUT},
	{"ag_code", AT(generator_code), HS_FIELD_LAYOUT},
	{"__name__", AT(generator_name), HS_FIELD_LAYOUT},
	{"__qualname__", AT(generator_qualname), HS_FIELD_LAYOUT},
	{"exception", AT(generator_exc_value), HS_FIELD_LAYOUT},
	{0},
};

static void generator_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr frame = object->address + python->layout->generator_iframe;
	const uint8_t *state =
		hs_image_at(python->image, object->address + python->layout->generator_state, 1);

	if (!state)
		return;
	if ((int8_t)*state < python->layout->generator_cleared)
		hs_visit_frame(python, frame);
	else if (python->layout->minor >= 14) /* a frame gone leaves its code */
		hs_visit_named(python, frame_code(python, frame), "f_code");
}

static uint64_t generator_size(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_layout *layout = python->layout;
	hs_addr code = layout->generator_code == HS_ABSENT
			       ? frame_code(python, object->address + layout->generator_iframe)
			       : hs_word(object, layout->generator_code);

	return layout->generator_iframe + slots_size(python, code);
}

static const struct hs_rule rules[] = {
	{.name = "frame",
	 .versions = HS_SINCE(11),
	 .role = HS_ROLE_FRAME,
	 .fields = frame_fields,
	 .visit = frame_visit,
	 .size = frame_size},
	{.name = "generator",
	 .versions = HS_SINCE(11),
	 .role = HS_ROLE_GENERATOR,
	 .fields = generator_fields,
	 .visit = generator_visit,
	 .size = generator_size},
	{.name = "coroutine",
	 .versions = HS_SINCE(11),
	 .role = HS_ROLE_GENERATOR,
	 .fields = generator_fields,
	 .visit = generator_visit,
	 .size = generator_size},
	{.name = "async_generator",
	 .versions = HS_SINCE(11),
	 .role = HS_ROLE_GENERATOR,
	 .fields = async_generator_fields,
	 .visit = generator_visit,
	 .size = generator_size},
};

const struct hs_rule_family hs_rules_frames = HS_RULE_FAMILY(rules);
