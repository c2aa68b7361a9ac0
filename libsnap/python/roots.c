/* SPDX-License-Identifier: MIT */
/* roots.c: what the interpreters hold. */
#include "libsnap/python/interp.h"
#include "libsnap/python/visit/visit.h"

enum {
	MAX_INTERPRETERS = 10000,
	MAX_ATEXIT = 100000,
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

static struct hs_str literal(const char *text)
{
	return (struct hs_str){.data = text, .size = strlen(text)};
}

static void add_root(struct hs_python *python, enum hs_root_rank rank, hs_addr address,
		     struct hs_str name)
{
	uint32_t granule = address ? hs_discover(python, address) : HS_NONE;

	if (granule != HS_NONE)
		hs_build_root(python->build, rank, granule, name, HS_NONE, HS_NONE);
}

/* Every module by the name it has in sys.modules. */
static void add_modules(struct hs_python *python, hs_addr modules)
{
	struct hs_text name = {0};
	struct hs_dict dict;

	if (!hs_dict_open(python, modules, &dict))
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

	hs_image_u64(python->image, interp + python->layout->interp_atexit_callbacks, &callbacks);
	if (python->layout->interp_atexit_count == HS_ABSENT) {
		add_root(python, HS_ROOT_INTERPRETER, callbacks, literal("atexit callbacks"));
		return;
	}
	hs_image_u32(python->image, interp + python->layout->interp_atexit_count, &count);
	for (uint32_t i = 0; callbacks && i < count && i < MAX_ATEXIT; i++) {
		hs_addr callback = 0;

		hs_image_u64(python->image, callbacks + i * 8ull, &callback);
		for (uint64_t k = 0; callback && k < 3; k++) {
			hs_addr value = 0;

			hs_image_u64(python->image, callback + k * 8, &value);
			add_root(python, HS_ROOT_INTERPRETER, value, literal("atexit callback"));
		}
	}
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
		{layout->interp_gc + layout->gc_garbage, "gc.garbage"},
		{layout->interp_gc + layout->gc_callbacks, "gc.callbacks"},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		hs_addr value = 0;

		if (fields[i].offset == HS_ABSENT)
			continue;
		hs_image_u64(python->image, interp + fields[i].offset, &value);
		add_root(python, HS_ROOT_INTERPRETER, value, literal(fields[i].name));
	}
	add_atexit(python, interp);
	if (layout->interp_interned_strings != HS_ABSENT) {
		hs_addr interned = 0;

		hs_image_u64(python->image, interp + layout->interp_interned_strings, &interned);
		add_root(python, HS_ROOT_INTERNAL, interned, literal("interned strings"));
	}
}

void hs_roots_add(struct hs_python *python)
{
	hs_addr interp;

	for (interp = hs_interp_first(python); interp; interp = hs_interp_next(python, interp)) {
		hs_addr modules = 0;

		hs_image_u64(python->image, interp + python->layout->interp_modules, &modules);
		add_modules(python, modules);
	}
	for (interp = hs_interp_first(python); interp; interp = hs_interp_next(python, interp))
		add_state(python, interp);
	for (interp = hs_interp_first(python); interp; interp = hs_interp_next(python, interp))
		hs_thread_roots_add(python, interp);
}
