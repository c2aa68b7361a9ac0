/* SPDX-License-Identifier: MIT */
/* threads.c: threads, their frames, and what these hold. */
#include "libsnap/python/interp.h"

#include "format/base/str.h"
#include "libsnap/python/visit/visit.h"

enum {
	MAX_THREADS = 1 << 20,
	MAX_FRAMES = 1 << 20, /* of one thread */
	MAX_EXCEPTIONS = 1 << 20,
	FRAME_WORDS = 10, /* that each takes at least: they cannot all lie upon each other */
	THREAD_WORDS = 30,
	OWNED_BY_C_STACK = 3, /* frames that stand for C code and run none of Python's */
};

hs_addr hs_instance_attribute(struct hs_python *python, hs_addr address, const char *name)
{
	struct hs_object object = {.address = address};
	struct hs_pytype *type;
	hs_addr type_at;
	hs_addr dict;

	if (!hs_image_u64(python->image, address + PY_TYPE, &type_at) ||
	    !(type = hs_type_at(python, type_at)))
		return 0;
	object.type = type;
	object.size = type->basicsize;
	object.body = hs_image_at(python->image, address, object.size);
	if (!object.body)
		return 0;
	dict = hs_instance_dict(python, &object);
	return dict ? hs_dict_get(python, dict, name) : hs_value_get(python, &object, name);
}

bool hs_int_value(struct hs_python *python, hs_addr address, uint64_t *ret)
{
	const uint8_t *body = hs_image_at(python->image, address, PY_INT_DIGITS + 8);
	uint32_t digits[2];
	uint64_t count;

	if (!body)
		return false;
	memcpy(&count, body + PY_SIZE, 8);
	/* 3.12: a tag, with the sign in the low bits: 0 is positive. */
	if (python->layout->int_tag != HS_ABSENT) {
		if (count & 2)
			return false;
		count >>= 3;
	}
	memcpy(digits, body + PY_INT_DIGITS, 8);
	if (count > 2)
		return false;
	*ret = (count > 0 ? digits[0] : 0) | (count > 1 ? (uint64_t)digits[1] << 30 : 0);
	return true;
}

/* The name that the module threading has for the thread that it knows as @ident. */
static void find_name(struct hs_python *python, hs_addr interp, uint64_t ident,
		      struct hs_text *name)
{
	hs_addr modules = 0;
	hs_addr threading;
	hs_addr active;
	struct hs_dict dict;

	hs_image_u64(python->image, interp + python->layout->interp_modules, &modules);
	threading = hs_dict_get(python, modules, "threading");
	if (!threading)
		return;
	active = hs_instance_attribute(python, threading, "_active");
	if (!active || !hs_dict_open(python, active, &dict) ||
	    !hs_python_spend(python, dict.keys.nentries))
		return;
	for (uint64_t i = 0; i < dict.keys.nentries; i++) {
		hs_addr thread = hs_dict_value(&dict, i);
		uint64_t key;

		if (thread && hs_int_value(python, hs_keys_key(&dict.keys, i), &key) &&
		    key == ident) {
			hs_text_read(python, hs_instance_attribute(python, thread, "_name"), name);
			return;
		}
	}
}

static void add_root(struct hs_python *python, hs_addr address, struct hs_str name, uint32_t thread,
		     uint32_t frame)
{
	uint32_t granule = address ? hs_discover(python, address) : HS_NONE;

	if (granule != HS_NONE)
		hs_build_root(python->build, HS_ROOT_THREAD, granule, name, thread, frame);
}

/* The same for a word that may be no object's address. */
static void add_word(struct hs_python *python, hs_addr word, const char *name, uint32_t thread,
		     uint32_t frame)
{
	uint32_t granule = word ? hs_discover_word(python, word) : HS_NONE;

	if (granule != HS_NONE)
		hs_build_root(python->build, HS_ROOT_THREAD, granule,
			      (struct hs_str){name, strlen(name)}, thread, frame);
}

static void add_named(struct hs_python *python, hs_addr address, const char *name, uint32_t thread,
		      uint32_t frame)
{
	add_root(python, address, (struct hs_str){name, strlen(name)}, thread, frame);
}

bool hs_is_dict(struct hs_python *python, hs_addr address)
{
	const struct hs_pytype *type;
	hs_addr type_at;

	if (!hs_image_u64(python->image, address + PY_TYPE, &type_at))
		return false;
	type = hs_type_at(python, type_at);
	return type && type->flags & PY_FLAG_DICT_SUBCLASS;
}

static bool is_code(struct hs_python *python, hs_addr address)
{
	const struct hs_pytype *type;
	hs_addr type_at;

	if (!hs_image_u64(python->image, address + PY_TYPE, &type_at))
		return false;
	type = hs_type_at(python, type_at);
	return type && type->rule && type->rule->role == HS_ROLE_CODE;
}

/*
 * Locals by name, and what lies on the evaluation stack.  How far that reaches is known of frames
 * that wait for a call to return; of the innermost, where the interpreter keeps it in a register,
 * every word of the stack is looked at: some may be left over from before.
 */
static void add_slots(struct hs_python *python, hs_addr iframe, hs_addr code, uint32_t thread,
		      uint32_t frame)
{
	const struct hs_layout *layout = python->layout;
	struct hs_text name = {0};
	uint32_t locals = 0;
	uint32_t stack = 0;
	uint32_t top;
	int64_t said = hs_frame_slots(python, iframe);
	hs_addr names = 0;

	hs_image_u32(python->image, code + layout->code_nlocalsplus, &locals);
	hs_image_u32(python->image, code + layout->code_stacksize, &stack);
	hs_image_u64(python->image, code + layout->code_localsplusnames, &names);
	if (locals >> 24 || stack >> 24)
		return;
	if (said < locals || said > locals + stack)
		said = locals + stack;
	top = (uint32_t)hs_python_limit(python, iframe + layout->iframe_localsplus, (uint64_t)said);
	for (uint32_t i = 0; i < top; i++) {
		hs_addr value = 0;
		hs_addr name_at = 0;

		hs_image_u64(python->image, iframe + layout->iframe_localsplus + i * 8ull, &value);
		value = hs_stack_ref(python, value);
		if (i < locals)
			hs_image_u64(python->image, names + layout->tuple_items + i * 8ull,
				     &name_at);
		if (i >= locals)
			add_word(python, value, "<stack>", thread, frame);
		else if (name_at && !python->redact && hs_text_read(python, name_at, &name))
			add_root(python, value, hs_text_str(&name), thread, frame);
		else
			add_named(python, value, "<local>", thread, frame);
	}
	hs_text_deinit(&name);
}

static bool is_among(struct hs_python *python, hs_addr word, hs_addr words, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		hs_addr other = 0;

		if (hs_image_u64(python->image, words + i * 8ull, &other) && other == word)
			return true;
	}
	return false;
}

/*
 * The variables of a frame of @code that keeps them in a dict: those of a class body or of exec().
 * A module's are found in the module.  Up to 3.12 a function's frame has a dict, too, once somebody
 * has asked for one, in which its local variables are called by the very names that @code has.
 */
static void add_namespace(struct hs_python *python, hs_addr address, hs_addr code, uint32_t thread,
			  uint32_t frame)
{
	const struct hs_layout *layout = python->layout;
	uint32_t granule = address ? hs_discover(python, address) : HS_NONE;
	struct hs_text name = {0};
	struct hs_dict dict;
	uint32_t locals = 0;
	hs_addr names = 0;

	if (granule == HS_NONE || python->redact || !hs_is_dict(python, address) ||
	    hs_map32_get(&python->owners, granule) != HS_NONE ||
	    !hs_dict_open(python, address, &dict))
		return;
	hs_image_u32(python->image, code + layout->code_nlocalsplus, &locals);
	hs_image_u64(python->image, code + layout->code_localsplusnames, &names);
	locals = locals >> 24 ? 0 : locals;
	for (uint64_t i = 0; i < dict.keys.nentries; i++) {
		hs_addr value = hs_dict_value(&dict, i);
		hs_addr key = hs_keys_key(&dict.keys, i);

		if (!hs_python_spend(python, 1ull + locals)) {
			hs_python_gap(python, "more references than the memory can hold", address);
			break;
		}
		if (value && !is_among(python, key, names + layout->tuple_items, locals) &&
		    hs_text_read(python, key, &name))
			add_root(python, value, hs_text_str(&name), thread, frame);
	}
	hs_text_deinit(&name);
}

/* Add the frame at @iframe; false if it is none of Python's. */
static bool add_frame(struct hs_python *python, hs_addr iframe, uint32_t thread)
{
	const struct hs_layout *layout = python->layout;
	struct hs_text function = {0};
	struct hs_text file = {0};
	hs_addr code = 0;
	hs_addr value = 0;
	uint64_t instruction = 0;
	uint32_t line;
	uint32_t frame;

	if (!hs_image_u64(python->image, iframe + layout->iframe_code, &code))
		return false;
	code = hs_stack_ref(python, code);
	if (!is_code(python, code))
		return false;
	hs_image_u64(python->image, iframe + layout->iframe_instruction, &instruction);
	line = hs_code_line(python, code, (int64_t)(instruction - code - layout->code_adaptive));
	hs_image_u64(python->image, code + layout->code_qualname, &value);
	hs_text_read(python, value, &function);
	hs_image_u64(python->image, code + layout->code_filename, &value);
	hs_text_read(python, value, &file);
	frame = hs_build_frame(python->build, thread, hs_text_str(&function),
			       python->redact ? hs_str_of(HS_REDACTED_FILE) : hs_text_str(&file),
			       line);
	hs_text_deinit(&function);
	hs_text_deinit(&file);
	add_slots(python, iframe, code, thread, frame);
	hs_image_u64(python->image, iframe + layout->iframe_locals, &value);
	add_named(python, value, "<locals>", thread, frame);
	add_namespace(python, value, code, thread, frame);
	hs_image_u64(python->image, iframe + layout->iframe_function, &value);
	add_named(python, hs_stack_ref(python, value), "<function>", thread, frame);
	add_named(python, code, "<code>", thread, frame);
	hs_image_u64(python->image, iframe + layout->iframe_frame_object, &value);
	add_named(python, value, "<frame>", thread, frame);
	return true;
}

static hs_addr innermost_frame(struct hs_python *python, hs_addr tstate)
{
	const struct hs_layout *layout = python->layout;
	hs_addr at = tstate + layout->tstate_current_frame;
	hs_addr frame = 0;

	if (layout->tstate_current_frame == HS_ABSENT) {
		hs_addr cframe = 0;

		/* _PyCFrame, on the C stack: its current_frame is behind a byte until 3.11 */
		hs_image_u64(python->image, tstate + layout->tstate_cframe, &cframe);
		at = cframe + layout->cframe_current_frame;
	}
	hs_image_u64(python->image, at, &frame);
	return frame;
}

static void add_frames(struct hs_python *python, hs_addr tstate, uint32_t thread)
{
	const struct hs_layout *layout = python->layout;
	hs_addr frame = innermost_frame(python, tstate);
	struct hs_chain chain = {0};

	while (frame) {
		const uint8_t *owner = hs_image_at(python->image, frame + layout->iframe_owner, 1);

		if (!owner || !hs_chain_step(&chain, frame) || chain.steps > MAX_FRAMES ||
		    !hs_python_spend(python, FRAME_WORDS)) {
			hs_python_gap(python, "chain of frames cannot be followed", frame);
			return;
		}
		if (*owner < OWNED_BY_C_STACK && !add_frame(python, frame, thread))
			hs_python_gap(python, "frame is not sound", frame);
		if (!hs_image_u64(python->image, frame + layout->iframe_previous, &frame))
			return;
	}
}

static void add_state(struct hs_python *python, hs_addr tstate, uint32_t thread)
{
	const struct hs_layout *layout = python->layout;
	const struct {
		uint32_t offset;
		const char *name;
	} fields[] = {
		{layout->tstate_current_exception, "<exception>"},
		{layout->tstate_dict, "<thread state>"},
		{layout->tstate_async_exc, "<exception to raise>"},
		{layout->tstate_context, "<context>"},
		{layout->tstate_async_gen_firstiter, "<asynchronous generator hook>"},
		{layout->tstate_async_gen_finalizer, "<asynchronous generator hook>"},
		{layout->tstate_profile_object, "<profiler>"},
		{layout->tstate_trace_object, "<tracer>"},
	};
	struct hs_chain chain = {0};
	hs_addr item = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		hs_addr value = 0;

		hs_image_u64(python->image, tstate + fields[i].offset, &value);
		add_named(python, value, fields[i].name, thread, HS_NONE);
	}
	/* _PyErr_StackItem: the exception being handled, the item before */
	hs_image_u64(python->image, tstate + layout->tstate_exc_info, &item);
	while (item && hs_chain_step(&chain, item) && chain.steps < MAX_EXCEPTIONS) {
		hs_addr value = 0;

		hs_image_u64(python->image, item, &value);
		add_named(python, value, "<exception being handled>", thread, HS_NONE);
		if (!hs_image_u64(python->image, item + 8, &item))
			return;
	}
}

void hs_thread_roots_add(struct hs_python *python, hs_addr interp)
{
	const struct hs_layout *layout = python->layout;
	struct hs_chain chain = {0};
	hs_addr tstate = 0;

	hs_image_u64(python->image, interp + layout->interp_threads_head, &tstate);
	while (tstate) {
		struct hs_text name = {0};
		uint64_t native_id = 0;
		uint64_t ident = 0;
		uint32_t thread;

		if (!hs_chain_step(&chain, tstate) || chain.steps > MAX_THREADS ||
		    !hs_python_spend(python, THREAD_WORDS)) {
			hs_python_gap(python, "list of threads does not end", tstate);
			return;
		}
		hs_image_u64(python->image, tstate + layout->tstate_native_thread_id, &native_id);
		hs_image_u64(python->image, tstate + layout->tstate_thread_id, &ident);
		find_name(python, interp, ident, &name);
		thread = hs_build_thread(python->build, native_id,
					 hs_interp_name(python, hs_text_str(&name)));
		hs_text_deinit(&name);
		add_frames(python, tstate, thread);
		add_state(python, tstate, thread);
		if (!hs_image_u64(python->image, tstate + layout->tstate_next, &tstate))
			return;
	}
}
