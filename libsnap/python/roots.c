/* SPDX-License-Identifier: MIT */
/* roots.c: what the interpreters hold. */
#include "libsnap/python/interp.h"
#include "libsnap/python/visit/visit.h"

#include <stdio.h>

enum {
	MAX_INTERPRETERS = 10000,
	ATEXIT_WORDS = 3,     /* of one function registered with atexit */
	DATA_MAX = 1 << 26,   /* bytes of a program's variables; CPython has less than one MiB */
	INTERNED_SAMPLE = 64, /* strings that tell the dict of interned strings */
	STATE_INTERNED = 3,   /* bits of PyASCIIObject.state */
};

hs_addr hs_interp_first(struct hs_python *python)
{
	hs_addr interp = 0;

	hs_image_u64(python->image, python->runtime + python->layout->runtime_interpreters_head,
		     &interp);
	python->interpreters = (struct hs_chain){0};
	if (interp)
		hs_chain_step(&python->interpreters, interp);
	return interp;
}

hs_addr hs_interp_next(struct hs_python *python, hs_addr interp)
{
	hs_addr next = 0;

	hs_image_u64(python->image, interp + python->layout->interp_next, &next);
	if (next && (!hs_chain_step(&python->interpreters, next) ||
		     python->interpreters.steps > MAX_INTERPRETERS)) {
		hs_python_gap(python, "list of interpreters does not end", interp);
		return 0;
	}
	return next;
}

hs_addr hs_interp_gc(const struct hs_python *python, hs_addr interp)
{
	const struct hs_layout *layout = python->layout;

	return layout->interp_gc == HS_ABSENT ? python->runtime + layout->runtime_gc
					      : interp + layout->interp_gc;
}

bool hs_interp_owns_gc(const struct hs_python *python, hs_addr interp)
{
	const struct hs_layout *layout = python->layout;

	return layout->interp_gc != HS_ABSENT ||
	       interp == hs_python_word(python, python->runtime, layout->runtime_interpreters_main);
}

static struct hs_str literal(const char *text)
{
	return (struct hs_str){.data = text, .size = strlen(text)};
}

struct hs_str hs_interp_name(struct hs_python *python, struct hs_str name)
{
	struct hs_text *text = &python->scratch;
	char prefix[48];
	int size;

	if (!python->interpreter)
		return name;
	size = snprintf(prefix, sizeof(prefix), "interpreter %llu%s",
			(unsigned long long)python->interpreter, name.size ? ": " : "");
	if (!hs_vector_reserve(text, (size_t)size + name.size)) {
		python->nomem = true;
		return name;
	}
	memcpy(text->data, prefix, (size_t)size);
	if (name.size)
		memcpy(text->data + size, name.data, name.size);
	text->size = (size_t)size + name.size;
	return hs_text_str(text);
}

static void add_root(struct hs_python *python, enum hs_root_rank rank, hs_addr address,
		     struct hs_str name)
{
	uint32_t granule = address ? hs_discover(python, address) : HS_NONE;

	if (granule != HS_NONE)
		hs_build_root(python->build, rank, granule, hs_interp_name(python, name), HS_NONE,
			      HS_NONE);
}

/* Every module by the name it has in sys.modules. */
static void add_modules(struct hs_python *python, hs_addr interp)
{
	struct hs_text name = {0};
	struct hs_dict dict;
	hs_addr modules = 0;

	hs_image_u64(python->image, interp + python->layout->interp_modules, &modules);
	if (!hs_dict_open(python, modules, &dict) ||
	    !hs_python_afford(python, dict.keys.nentries, modules))
		return;
	for (uint64_t i = 0; i < dict.keys.nentries; i++) {
		hs_addr value = hs_dict_value(&dict, i);

		if (value && hs_text_read(python, hs_keys_key(&dict.keys, i), &name))
			add_root(python, HS_ROOT_MODULE, value, hs_text_str(&name));
	}
	hs_text_deinit(&name);
}

/*
 * Functions registered with atexit: an array of pointers to {func, args, kwargs}; from 3.14 on a
 * list.
 */
static void add_atexit(struct hs_python *python, hs_addr interp)
{
	hs_addr callbacks = 0;
	uint32_t count = 0;
	uint64_t limit;

	hs_image_u64(python->image, interp + python->layout->interp_atexit_callbacks, &callbacks);
	if (python->layout->interp_atexit_count == HS_ABSENT) {
		add_root(python, HS_ROOT_INTERPRETER, callbacks, literal("atexit callbacks"));
		return;
	}
	hs_image_u32(python->image, interp + python->layout->interp_atexit_count, &count);
	limit = callbacks ? hs_python_limit(python, callbacks, count) : 0;
	for (uint64_t i = 0; i < limit; i++) {
		hs_addr callback = 0;

		hs_image_u64(python->image, callbacks + i * 8, &callback);
		if (callback && !hs_python_afford(python, ATEXIT_WORDS, callbacks))
			return;
		for (uint64_t k = 0; callback && k < ATEXIT_WORDS; k++) {
			hs_addr value = 0;

			hs_image_u64(python->image, callback + k * 8, &value);
			add_root(python, HS_ROOT_INTERPRETER, value, literal("atexit callback"));
		}
	}
}

static void add_collector(struct hs_python *python, hs_addr gc)
{
	const struct hs_layout *layout = python->layout;

	add_root(python, HS_ROOT_INTERPRETER, hs_python_word(python, gc, layout->gc_garbage),
		 literal("gc.garbage"));
	add_root(python, HS_ROOT_INTERPRETER, hs_python_word(python, gc, layout->gc_callbacks),
		 literal("gc.callbacks"));
}

static void add_state(struct hs_python *python, hs_addr interp)
{
	const struct hs_layout *layout = python->layout;
	const struct {
		uint32_t offset;
		const char *name;
	} fields[] = {
		{layout->interp_modules, "sys.modules"},
		{layout->interp_sysdict, "sys.__dict__"},
		{layout->interp_builtins, "builtins.__dict__"},
		{layout->interp_importlib, "importlib"},
		{layout->interp_import_func, "builtins.__import__"},
		{layout->interp_lazy_import_func, "builtins.__lazy_import__"},
		{layout->interp_lazy_imports_filter, "filter of lazy imports"},
		{layout->interp_lazy_modules, "lazy modules"},
		{layout->interp_lazy_pending_submodules, "submodules of lazy modules"},
		{layout->interp_modules_by_index, "modules by index"},
		{layout->interp_dict, "interpreter state"},
		{layout->interp_codec_search_path, "codec search path"},
		{layout->interp_codec_search_cache, "codec search cache"},
		{layout->interp_codec_error_registry, "codec error registry"},
		{layout->interp_before_forkers, "callbacks before fork"},
		{layout->interp_after_forkers_parent, "callbacks after fork in parent"},
		{layout->interp_after_forkers_child, "callbacks after fork in child"},
		{layout->interp_warnings_filters, "warnings filters"},
		{layout->interp_warnings_once_registry, "warnings registry"},
		{layout->interp_warnings_default_action, "warnings default action"},
		{layout->interp_warnings_context, "warnings context"},
		{layout->interp_audit_hooks, "audit hooks"},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		hs_addr value = hs_python_word(python, interp, fields[i].offset);

		add_root(python, HS_ROOT_INTERPRETER, value, literal(fields[i].name));
	}
	if (hs_interp_owns_gc(python, interp))
		add_collector(python, hs_interp_gc(python, interp));
	if (layout->interp_atexit_callbacks != HS_ABSENT)
		add_atexit(python, interp);
	add_root(python, HS_ROOT_INTERNAL,
		 hs_python_word(python, interp, layout->interp_interned_strings),
		 literal("interned strings"));
}

/*
 * Whether the dict at @address is the one of all interned strings: each is its own value, and
 * marked as interned.
 */
static bool is_interned_dict(struct hs_python *python, hs_addr address)
{
	struct hs_dict dict;
	unsigned int seen = 0;

	if (!hs_dict_open(python, address, &dict))
		return false;
	for (uint64_t i = 0; i < dict.keys.nentries && seen < INTERNED_SAMPLE; i++) {
		hs_addr key = hs_keys_key(&dict.keys, i);
		uint32_t state = 0;

		if (!key)
			continue;
		if (hs_dict_value(&dict, i) != key ||
		    !hs_image_u32(python->image, key + PY_STR_STATE, &state) ||
		    !(state & STATE_INTERNED))
			return false;
		seen++;
	}
	return seen == INTERNED_SAMPLE;
}

/* Whether variables of a program may lie in @mapping, next to others of its variables. */
static bool is_data(const struct hs_mapping *mapping)
{
	return mapping->flags & HS_REGION_WRITE && mapping->name[0] != '[';
}

/* The first and the last of the mappings around the runtime that lie end to end with it. */
static const struct hs_mapping *find_data(const struct hs_maps *maps, hs_addr runtime,
					  const struct hs_mapping **last)
{
	const struct hs_mapping *first = hs_maps_find(maps, runtime);
	const struct hs_mapping *end = maps->data + maps->size;

	if (!first)
		return NULL;
	*last = first;
	while (first > maps->data && first[-1].end == first->start && is_data(&first[-1]))
		first--;
	while (*last + 1 < end && (*last)[1].start == (*last)->end && is_data(&(*last)[1]))
		++*last;
	return first;
}

/*
 * Up to 3.11 the dict of interned strings is known to a static variable alone: look for it among
 * the variables of the program.
 */
static void find_interned(struct hs_python *python, hs_addr interp)
{
	const struct hs_mapping *last = NULL;
	const struct hs_mapping *first = find_data(&python->image->maps, python->runtime, &last);
	hs_addr known = 0;
	hs_addr dict_type = 0;

	hs_image_u64(python->image, interp + python->layout->interp_sysdict, &known);
	if (!first || last->end - first->start > DATA_MAX ||
	    !hs_image_u64(python->image, known + PY_TYPE, &dict_type) ||
	    !hs_python_spend(python, (last->end - first->start) / 8))
		return;
	for (hs_addr at = first->start; at < last->end; at += 8) {
		hs_addr word = 0;
		hs_addr type = 0;

		if (!hs_image_u64(python->image, at, &word) || word & 7 ||
		    !hs_image_u64(python->image, word + PY_TYPE, &type) || type != dict_type ||
		    !is_interned_dict(python, word))
			continue;
		add_root(python, HS_ROOT_INTERNAL, word, literal("interned strings"));
		return;
	}
}

/* Call @add for each interpreter, the main one first; names of the others' roots say whose. */
static void for_each(struct hs_python *python,
		     void (*add)(struct hs_python *python, hs_addr interp))
{
	hs_addr main = 0;
	hs_addr interp;

	hs_image_u64(python->image, python->runtime + python->layout->runtime_interpreters_main,
		     &main);
	python->interpreter = 0;
	add(python, main);
	for (interp = hs_interp_first(python); interp; interp = hs_interp_next(python, interp)) {
		if (interp == main)
			continue;
		hs_image_u64(python->image, interp + python->layout->interp_id,
			     &python->interpreter);
		add(python, interp);
	}
	python->interpreter = 0;
}

void hs_roots_add(struct hs_python *python)
{
	hs_addr main = 0;

	for_each(python, add_modules);
	for_each(python, add_state);
	for_each(python, hs_thread_roots_add);
	hs_image_u64(python->image, python->runtime + python->layout->runtime_interpreters_main,
		     &main);
	if (python->layout->interp_interned_strings == HS_ABSENT)
		find_interned(python, main);
}
