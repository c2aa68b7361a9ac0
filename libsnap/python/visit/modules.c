/* SPDX-License-Identifier: MIT */
/*
 * modules.c: modules, and what extensions keep in theirs.  A function of the extension visits that
 * state; scanning it for objects comes close.  Such functions leave out what cannot be part of a
 * cycle, names and numbers, except those of the modules in the table.
 */
#include "libsnap/python/visit/visit.h"

#define AT(field) HS_LAYOUT_FIELD(field)

enum {
	MAX_STATE = 1 << 20, /* bytes; the largest in the standard library has 4 KiB */
	MAX_CONDITIONS = 64, /* of decimal: there are 9 and 5 */
	CONDITION_SIZE = 32, /* DecCondMap: name, full name, flag, exception */
	CONDITION_EXCEPTION = 24,
	DECIMAL_SIGNALS = 176, /* in the state of decimal: arrays of conditions */
	DECIMAL_CONDITIONS = 184,
	ZONEINFO_CACHE = 48, /* in the state of zoneinfo */
};

/* What the traverse function of a module does that others do not. */
struct habit {
	const char *module;
	uint32_t versions; /* HS_SINCE(), HS_BEFORE() */
	bool nothing;	   /* there is no such function */
	bool everything;   /* it visits names and numbers, too */
	bool type;	   /* it visits the type `module` */
	bool skips;	   /* it leaves out the word at `skipped` */
	uint32_t skipped;
	void (*visit)(struct hs_python *python, hs_addr state);
};

/* An exception for each condition; the array ends with one that has no name. */
static void visit_conditions(struct hs_python *python, hs_addr map, uint64_t first)
{
	for (uint64_t i = first; i < MAX_CONDITIONS; i++) {
		hs_addr at = map + i * CONDITION_SIZE;
		hs_addr name = 0;
		hs_addr exception = 0;

		if (!hs_image_u64(python->image, at, &name) || !name ||
		    !hs_image_u64(python->image, at + CONDITION_EXCEPTION, &exception))
			return;
		hs_visit_scan(python, exception, HS_LABEL_NONE, 0);
	}
}

static void decimal_visit(struct hs_python *python, hs_addr state)
{
	hs_addr signals = 0;
	hs_addr conditions = 0;

	hs_image_u64(python->image, state + DECIMAL_SIGNALS, &signals);
	hs_image_u64(python->image, state + DECIMAL_CONDITIONS, &conditions);
	visit_conditions(python, signals, 0);
	/* The first is a signal, too. */
	visit_conditions(python, conditions, 1);
}

/* The zones used last: a list of nodes {next, previous, key, zone}. */
static void zoneinfo_visit(struct hs_python *python, hs_addr state)
{
	struct hs_chain chain = {0};
	hs_addr node = 0;

	hs_image_u64(python->image, state + ZONEINFO_CACHE, &node);
	while (node) {
		hs_addr words[4];

		if (!hs_image_read(python->image, node, words, sizeof(words)) ||
		    !hs_chain_step(&chain, node) || !hs_python_spend(python, 2))
			return;
		hs_visit_scan(python, words[2], HS_LABEL_NONE, 0);
		hs_visit_scan(python, words[3], HS_LABEL_NONE, 0);
		node = words[0];
	}
}

/* The array of functions to be called in the end, each with its arguments. */
static void atexit_visit(struct hs_python *python, hs_addr state)
{
	hs_addr callbacks = 0;
	uint32_t count = 0;

	hs_image_u64(python->image, state, &callbacks);
	hs_image_u32(python->image, state + 8, &count);
	for (uint32_t i = 0; i < count; i++) {
		hs_addr callback = 0;
		hs_addr words[3];

		if (!hs_python_afford(python, 4, callbacks))
			return;
		hs_image_u64(python->image, callbacks + 8ull * i, &callback);
		if (!callback || !hs_image_read(python->image, callback, words, sizeof(words)))
			continue;
		for (size_t k = 0; k < 3; k++)
			hs_visit_scan(python, words[k], HS_LABEL_NONE, 0);
	}
}

static const struct habit habits[] = {
	{.module = "_ctypes", .everything = true},
	{.module = "_curses_panel", .versions = HS_BEFORE(9), .skips = true, .skipped = 8},
	{.module = "_curses_panel",
	 .versions = HS_SINCE(9) | HS_BEFORE(10),
	 .type = true,
	 .skips = true,
	 .skipped = 8},
	{.module = "_curses_panel", .versions = HS_SINCE(10), .type = true},
	{.module = "_decimal", .versions = HS_SINCE(13), .visit = decimal_visit},
	{.module = "_functools", .everything = true},
	{.module = "_hmac", .everything = true, .type = true},
	{.module = "_posixsubprocess", .versions = HS_BEFORE(10), .everything = true},
	{.module = "_random", .skips = true, .skipped = 8},
	{.module = "_zoneinfo",
	 .versions = HS_SINCE(12),
	 .everything = true,
	 .visit = zoneinfo_visit},
	{.module = "atexit", .versions = HS_BEFORE(10), .visit = atexit_visit},
	{.module = "posix", .everything = true},
	{.module = "pyexpat", .everything = true},
	{.module = "readline", .everything = true},
	{.module = "select", .everything = true},
};

static const struct habit blind = {.nothing = true};

static const struct habit *find_habit(struct hs_python *python, const struct hs_object *object)
{
	static const struct habit none = {0};
	hs_addr name = hs_word(object, python->layout->module_name);

	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++)
		if (hs_versions_have(habits[i].versions, python->layout->minor) &&
		    hs_text_equals(python, name, habits[i].module))
			return &habits[i];
	return &none;
}

/* Bytes of an extension module's state: until 3.14 the module's definition says it. */
static uint64_t state_size(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_layout *layout = python->layout;
	uint64_t size = 0;
	hs_addr def;

	if (layout->module_state_size != HS_ABSENT)
		return hs_word(object, layout->module_state_size);
	def = hs_word(object, layout->module_def);
	if (def)
		hs_image_u64(python->image, def + PY_MODULE_DEF_SIZE_FIELD, &size);
	return size;
}

/* Whether @word is the address of an object of a kind that the collector handles. */
static bool is_collectable(struct hs_python *python, hs_addr word)
{
	const struct hs_pytype *type;
	hs_addr type_at;

	if (hs_discover_word(python, word) == HS_NONE ||
	    !hs_image_u64(python->image, word + PY_TYPE, &type_at))
		return false;
	type = hs_type_at(python, type_at);
	return type && type->flags & PY_FLAG_HAVE_GC;
}

/* Whether the module's definition has a function that visits its state. */
static bool has_traverse(struct hs_python *python, const struct hs_object *object)
{
	hs_addr def = hs_python_word(python, object->address, python->layout->module_def);

	return !def || hs_python_word(python, def, PY_MODULE_DEF_TRAVERSE);
}

/* What the module's function visits of its state, or what it leaves out. */
static void scan_state(struct hs_python *python, const struct hs_object *object, bool visited)
{
	hs_addr state = hs_word(object, python->layout->module_state);
	uint64_t size = state_size(python, object);
	const struct habit *habit;

	if (!state || size > MAX_STATE || !hs_python_afford(python, size / 8, object->address))
		return;
	habit = has_traverse(python, object) ? find_habit(python, object) : &blind;
	if (visited && habit->type)
		hs_visit_named(python, object->type->address, "__class__");
	for (uint64_t offset = 0; offset + 8 <= size; offset += 8) {
		bool skipped = habit->skips && habit->skipped == offset;
		hs_addr word = 0;

		hs_image_u64(python->image, state + offset, &word);
		if (word && visited == (!skipped && !habit->nothing &&
					(habit->everything || is_collectable(python, word))))
			hs_visit_scan(python, word, HS_LABEL_OFFSET, (uint32_t)offset);
	}
	if (visited && habit->visit)
		habit->visit(python, state);
}

static void module_visit(struct hs_python *python, const struct hs_object *object)
{
	scan_state(python, object, true);
}

static void module_hidden(struct hs_python *python, const struct hs_object *object)
{
	scan_state(python, object, false);
}

static uint64_t module_buffers(struct hs_python *python, const struct hs_object *object)
{
	return hs_buffer_take(python, hs_word(object, python->layout->module_state),
			      state_size(python, object));
}

static const struct hs_field_rule module_fields[] = {
	{"__dict__", AT(module_dict), HS_FIELD_LAYOUT},
	{"__name__", AT(module_name), HS_FIELD_LAYOUT | HS_FIELD_HIDDEN},
	{0},
};

static const struct hs_rule rules[] = {
	{.name = "module",
	 .role = HS_ROLE_MODULE,
	 .fields = module_fields,
	 .visit = module_visit,
	 .hidden = module_hidden,
	 .buffers = module_buffers,
	 .subclass_keeps_role = true},
};

const struct hs_rule_family hs_rules_modules = HS_RULE_FAMILY(rules);
