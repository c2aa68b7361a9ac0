/* SPDX-License-Identifier: MIT */
/* threads.c: threads, their frames, and what these hold. */
#include "libsnap/python/interp.h"

#include "format/base/str.h"
#include "libsnap/python/locals.h"
#include "libsnap/python/visit/visit.h"

enum {
	MAX_THREADS = 1 << 20,
	MAX_FRAMES = 1 << 20, /* of one thread */
	MAX_EXCEPTIONS = 1 << 20,
	FRAME_WORDS = 10, /* that each takes at least: they cannot all lie upon each other */
	THREAD_WORDS = 30,
	OWNED_BY_C_STACK = 3, /* frames that stand for C code and run none of Python's */

	/* struct pthread of glibc; other libraries have no list node behind the second word */
	PTHREAD_TCB = 0,
	PTHREAD_SELF = 16,
	PTHREAD_TID = 720,
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

/* What the module threading has for the thread that it knows as @ident; 0 if nothing. */
static hs_addr find_thread(struct hs_python *python, hs_addr interp, uint64_t ident)
{
	hs_addr modules = hs_python_word(python, interp, python->layout->interp_modules);
	hs_addr threading = hs_dict_get(python, modules, "threading");
	hs_addr active;
	struct hs_dict dict;

	if (!threading)
		return 0;
	active = hs_instance_attribute(python, threading, "_active");
	if (!active || !hs_dict_open(python, active, &dict) ||
	    !hs_python_spend(python, dict.keys.nentries))
		return 0;
	for (uint64_t i = 0; i < dict.keys.nentries; i++) {
		hs_addr thread = hs_dict_value(&dict, i);
		uint64_t key;

		if (thread && hs_int_value(python, hs_keys_key(&dict.keys, i), &key) &&
		    key == ident)
			return thread;
	}
	return 0;
}

/*
 * The kernel's number of a thread, which its state has from 3.11 on.  Before, the module threading
 * knows it of the threads that are its own; else glibc does: @ident is the address of its struct
 * pthread, which has its own address twice and, further on, the number.
 */
static uint64_t find_native_id(struct hs_python *python, hs_addr tstate, hs_addr thread,
			       uint64_t ident)
{
	uint64_t id = 0;
	uint32_t tid = 0;

	if (python->layout->tstate_native_thread_id != HS_ABSENT)
		return hs_python_word(python, tstate, python->layout->tstate_native_thread_id);
	if (thread &&
	    hs_int_value(python, hs_instance_attribute(python, thread, "_native_id"), &id))
		return id;
	if (hs_python_word(python, ident, PTHREAD_TCB) == ident &&
	    hs_python_word(python, ident, PTHREAD_SELF) == ident &&
	    hs_python_word(python, ident, PTHREAD_SELF + 8) != ident)
		hs_image_u32(python->image, ident + PTHREAD_TID, &tid);
	return tid;
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

/* A frame, in any of the forms that the versions give it. */
struct frame {
	hs_addr code;
	int64_t offset; /* bytes into the code of the instruction that it is at */
	hs_addr slots;	/* address of its variables, behind which its evaluation stack lies */
	int64_t top; /* words of both, as far as it says; less than there are variables: it does not
		      */
	hs_addr locals; /* the dict of its variables, of a class body, module or exec() */
	hs_addr function;
	hs_addr object;
	hs_addr previous;
	bool of_c; /* it stands for C code and runs none of Python's */
};

/*
 * Variables by name, and what lies on the evaluation stack.  How far that reaches is not known of
 * frames that are running, where the interpreter keeps it in a register; until 3.10 nor of those
 * that wait for a call to return.  Then every word of the stack is looked at: some may be left over
 * from before.
 */
static void add_slots(struct hs_python *python, const struct frame *frame,
		      const struct hs_locals *locals, uint32_t thread, uint32_t number)
{
	uint64_t top = (uint64_t)locals->count + locals->stack;
	struct hs_text name = {0};

	if (frame->top >= locals->count && (uint64_t)frame->top < top)
		top = (uint64_t)frame->top;
	top = hs_python_limit(python, frame->slots, top);
	for (uint32_t i = 0; i < top; i++) {
		hs_addr value = 0;

		hs_image_u64(python->image, frame->slots + i * 8ull, &value);
		value = hs_stack_ref(python, value);
		if (i >= locals->count)
			add_word(python, value, "<stack>", thread, number);
		else if (value && !python->redact &&
			 hs_text_read(python, hs_locals_name(locals, i), &name))
			add_root(python, value, hs_text_str(&name), thread, number);
		else
			add_named(python, value, "<local>", thread, number);
	}
	hs_text_deinit(&name);
}

static bool is_among(hs_addr name, const struct hs_locals *locals)
{
	for (uint32_t i = 0; i < locals->count; i++)
		if (hs_locals_name(locals, i) == name)
			return true;
	return false;
}

/*
 * The variables of a frame that keeps them in a dict: those of a class body or of exec().  A
 * module's are found in the module.  Up to 3.12 a function's frame has a dict, too, once somebody
 * has asked for one, in which its local variables are called by the very names that its code has.
 */
static void add_namespace(struct hs_python *python, hs_addr address, const struct hs_locals *locals,
			  uint32_t thread, uint32_t frame)
{
	uint32_t granule = address ? hs_discover(python, address) : HS_NONE;
	struct hs_text name = {0};
	struct hs_dict dict;

	if (granule == HS_NONE || python->redact || !hs_is_dict(python, address) ||
	    hs_python_owner(python, granule) != HS_NONE || !hs_dict_open(python, address, &dict))
		return;
	for (uint64_t i = 0; i < dict.keys.nentries; i++) {
		hs_addr value = hs_dict_value(&dict, i);
		hs_addr key = hs_keys_key(&dict.keys, i);

		if (!hs_python_spend(python, 1ull + locals->count)) {
			hs_python_gap(python, "more references than the memory can hold", address);
			break;
		}
		if (value && !is_among(key, locals) && hs_text_read(python, key, &name))
			add_root(python, value, hs_text_str(&name), thread, frame);
	}
	hs_text_deinit(&name);
}

/* Describe the _PyInterpreterFrame at @at, as they are from 3.11 on; false if it is not there. */
static bool open_iframe(struct hs_python *python, hs_addr at, struct frame *ret)
{
	const struct hs_layout *layout = python->layout;
	const uint8_t *owner = hs_image_at(python->image, at + layout->iframe_owner, 1);
	struct frame frame = {
		.code = hs_stack_ref(python, hs_python_word(python, at, layout->iframe_code)),
		.slots = at + layout->iframe_localsplus,
		.locals = hs_python_word(python, at, layout->iframe_locals),
		.function =
			hs_stack_ref(python, hs_python_word(python, at, layout->iframe_function)),
		.object = hs_python_word(python, at, layout->iframe_frame_object),
		.previous = hs_python_word(python, at, layout->iframe_previous),
		.of_c = owner && *owner >= OWNED_BY_C_STACK,
	};

	if (!owner)
		return false;
	frame.offset = (int64_t)(hs_python_word(python, at, layout->iframe_instruction) -
				 frame.code - layout->code_adaptive);
	frame.top = hs_frame_slots(python, at);
	*ret = frame;
	return true;
}

/* The same for the frame object at @at, as they are until 3.10. */
static bool open_frame_object(struct hs_python *python, hs_addr at, struct frame *ret)
{
	const struct hs_layout *layout = python->layout;
	uint32_t instruction;

	if (!hs_image_u32(python->image, at + layout->frame_lasti, &instruction))
		return false;
	*ret = (struct frame){
		.code = hs_python_word(python, at, layout->frame_code),
		/* In 3.10 it is counted in instructions. */
		.offset = (int64_t)(int32_t)instruction * (layout->minor < 10 ? 1 : 2),
		.slots = at + layout->frame_localsplus,
		.locals = hs_python_word(python, at, layout->frame_locals),
		.object = at,
		.previous = hs_python_word(python, at, layout->frame_back),
	};
	return true;
}

/* Add @frame; false if its code is not sound. */
static bool add_frame(struct hs_python *python, const struct frame *frame, uint32_t thread)
{
	const struct hs_layout *layout = python->layout;
	uint32_t name =
		layout->code_qualname == HS_ABSENT ? layout->code_name : layout->code_qualname;
	struct hs_text function = {0};
	struct hs_text file = {0};
	struct hs_locals locals;
	uint32_t number;

	if (!is_code(python, frame->code) || !hs_locals_open(python, frame->code, &locals))
		return false;
	hs_text_read(python, hs_python_word(python, frame->code, name), &function);
	hs_text_read(python, hs_python_word(python, frame->code, layout->code_filename), &file);
	number = hs_build_frame(python->build, thread, hs_text_str(&function),
				python->redact ? hs_str_of(HS_REDACTED_FILE) : hs_text_str(&file),
				hs_code_line(python, frame->code, frame->offset));
	hs_text_deinit(&function);
	hs_text_deinit(&file);
	add_slots(python, frame, &locals, thread, number);
	add_named(python, frame->locals, "<locals>", thread, number);
	add_namespace(python, frame->locals, &locals, thread, number);
	add_named(python, frame->function, "<function>", thread, number);
	add_named(python, frame->code, "<code>", thread, number);
	add_named(python, frame->object, "<frame>", thread, number);
	return true;
}

static hs_addr innermost_frame(struct hs_python *python, hs_addr tstate)
{
	const struct hs_layout *layout = python->layout;

	if (layout->tstate_frame != HS_ABSENT)
		return hs_python_word(python, tstate, layout->tstate_frame);
	if (layout->tstate_current_frame != HS_ABSENT)
		return hs_python_word(python, tstate, layout->tstate_current_frame);
	/* _PyCFrame, on the C stack: its current_frame is behind a byte until 3.11 */
	return hs_python_word(python, hs_python_word(python, tstate, layout->tstate_cframe),
			      layout->cframe_current_frame);
}

static void add_frames(struct hs_python *python, hs_addr tstate, uint32_t thread)
{
	bool objects = python->layout->tstate_frame != HS_ABSENT;
	hs_addr at = innermost_frame(python, tstate);
	struct hs_chain chain = {0};
	struct frame frame;

	for (; at; at = frame.previous) {
		if (!hs_chain_step(&chain, at) || chain.steps > MAX_FRAMES ||
		    !hs_python_spend(python, FRAME_WORDS) ||
		    !(objects ? open_frame_object(python, at, &frame)
			      : open_iframe(python, at, &frame))) {
			hs_python_gap(python, "chain of frames cannot be followed", at);
			return;
		}
		if (!frame.of_c && !add_frame(python, &frame, thread))
			hs_python_gap(python, "frame is not sound", at);
	}
}

static void add_state(struct hs_python *python, hs_addr tstate, uint32_t thread)
{
	const struct hs_layout *layout = python->layout;
	const struct {
		uint32_t offset;
		const char *name;
	} fields[] = {
		{layout->tstate_current_exception_type, "<exception type>"},
		{layout->tstate_current_exception, "<exception>"},
		{layout->tstate_current_exception_traceback, "<exception traceback>"},
		{layout->tstate_dict, "<thread state>"},
		{layout->tstate_async_exc, "<exception to raise>"},
		{layout->tstate_context, "<context>"},
		{layout->tstate_async_gen_firstiter, "<asynchronous generator hook>"},
		{layout->tstate_async_gen_finalizer, "<asynchronous generator hook>"},
		{layout->tstate_profile_object, "<profiler>"},
		{layout->tstate_trace_object, "<tracer>"},
	};
	struct hs_chain chain = {0};
	hs_addr item;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		add_named(python, hs_python_word(python, tstate, fields[i].offset), fields[i].name,
			  thread, HS_NONE);
	item = hs_python_word(python, tstate, layout->tstate_exc_info);
	while (item && hs_chain_step(&chain, item) && chain.steps < MAX_EXCEPTIONS) {
		add_named(python, hs_python_word(python, item, layout->exc_item_type),
			  "<type of the exception being handled>", thread, HS_NONE);
		add_named(python, hs_python_word(python, item, layout->exc_item_value),
			  "<exception being handled>", thread, HS_NONE);
		add_named(python, hs_python_word(python, item, layout->exc_item_traceback),
			  "<traceback of the exception being handled>", thread, HS_NONE);
		item = hs_python_word(python, item, layout->exc_item_previous);
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
		uint64_t ident;
		hs_addr object;
		uint32_t thread;

		if (!hs_chain_step(&chain, tstate) || chain.steps > MAX_THREADS ||
		    !hs_python_spend(python, THREAD_WORDS)) {
			hs_python_gap(python, "list of threads does not end", tstate);
			return;
		}
		ident = hs_python_word(python, tstate, layout->tstate_thread_id);
		object = find_thread(python, interp, ident);
		if (object && !python->redact)
			hs_text_read(python, hs_instance_attribute(python, object, "_name"), &name);
		thread = hs_build_thread(python->build,
					 find_native_id(python, tstate, object, ident),
					 hs_interp_name(python, hs_text_str(&name)));
		hs_text_deinit(&name);
		add_frames(python, tstate, thread);
		add_state(python, tstate, thread);
		if (!hs_image_u64(python->image, tstate + layout->tstate_next, &tstate))
			return;
	}
}
