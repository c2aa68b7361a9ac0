/* SPDX-License-Identifier: MIT */
/* python.c: one look at the heap of a CPython process: begin, check, end. */
#include "libsnap/python/python.h"

#include "format/base/error.h"
#include "libsnap/python/interp.h"
#include "libsnap/python/pymalloc.h"
#include "libsnap/python/runtime.h"
#include "libsnap/python/tracemalloc.h"
#include "libsnap/python/visit/visit.h"
#include "libsnap/python/words.h"

#include <stdio.h>

enum {
	MAX_INTERPRETERS = 10000,
	/*
	 * How often each word of the image may be looked at, on average.  Dicts are looked at
	 * twice, those of classes a few times more, and instances share keys.
	 */
	BUDGET_PER_WORD = 16,
	BUDGET_AT_LEAST = 1 << 20,
};

void hs_python_gap(struct hs_python *python, const char *reason, hs_addr example)
{
	hs_build_gap(python->build, reason, 1, example);
}

bool hs_python_spend(struct hs_python *python, uint64_t count)
{
	if (count > python->budget) {
		python->budget = 0;
		return false;
	}
	python->budget -= count;
	/* Whoever follows what the target says spends: nobody goes far without coming here. */
	if (python->image->spill && ++python->spends % HS_SPILL_STEPS == 0)
		hs_spill_relieve(python->image->spill);
	/* What it comes to is no good any more: end soon. */
	if (hs_spill_failed(python->image->spill)) {
		python->budget = 0;
		return false;
	}
	return true;
}

bool hs_python_afford(struct hs_python *python, uint64_t count, hs_addr address)
{
	if (hs_python_spend(python, count))
		return true;
	hs_python_gap(python, "more references than the memory can hold", address);
	return false;
}

uint64_t hs_python_limit(struct hs_python *python, hs_addr address, uint64_t count)
{
	/* What is not to be looked at need not be searched for either. */
	uint64_t affordable = count < python->budget ? count : python->budget;
	uint64_t limit = hs_words_limit(python->image, address, affordable);

	if (limit < affordable)
		hs_python_gap(python, "array goes on where nothing was copied", address);
	else if (limit < count)
		hs_python_gap(python, "more references than the memory can hold", address);
	/* Looking for the end of an array that lies costs as much as reading what is there. */
	hs_python_spend(python, limit + 1);
	return limit;
}

void hs_python_version(const struct hs_python *python, char *buffer, size_t size)
{
	snprintf(buffer, size, "%u.%u.%u", python->hexversion >> 24 & 0xff,
		 python->hexversion >> 16 & 0xff, python->hexversion >> 8 & 0xff);
}

static hs_addr word_at(const struct hs_python *python, hs_addr address)
{
	hs_addr value = 0;

	hs_image_u64(python->image, address, &value);
	return value;
}

static struct hs_error *mismatch(const struct hs_python *python, const char *what)
{
	return hs_error_create(
		HS_ERROR_UNSUPPORTED,
		"its memory is not laid out like that of CPython 3.%u: %s; a debug build, or one "
		"with changes of its own, is not supported",
		python->layout->minor, what);
}

/* 3.13 and later publish some offsets: ours must be the same. */
static struct hs_error *check_published(struct hs_python *python)
{
	const struct hs_layout *layout = python->layout;

	for (size_t i = 0; i < layout->published_count; i++) {
		const struct hs_published *published = &layout->published[i];
		uint32_t ours = published->value;
		uint64_t theirs = word_at(python, python->runtime + published->position);

		if (published->field != HS_ABSENT)
			memcpy(&ours, (const char *)layout + published->field, sizeof(ours));
		if (theirs != ours)
			return hs_error_create(
				HS_ERROR_UNSUPPORTED,
				"this build of CPython 3.%u is not supported: it publishes %llu "
				"for %s where %u is expected",
				layout->minor, (unsigned long long)theirs, published->name, ours);
	}
	return NULL;
}

/* The type `type`, by way of a dict that must be there; it is its own type. */
static bool find_type_type(struct hs_python *python, hs_addr interp)
{
	hs_addr dict = word_at(python, interp + python->layout->interp_sysdict);
	hs_addr dict_type = word_at(python, dict + PY_TYPE);
	hs_addr type = word_at(python, dict_type + PY_TYPE);
	struct hs_str name = hs_type_raw_name(python, dict_type);

	if (!type || word_at(python, type + PY_TYPE) != type || name.size != 4 ||
	    memcmp(name.data, "dict", 4) != 0)
		return false;
	python->type_type = type;
	/* Before all others: each has it for a metatype. */
	return hs_type_lookup(python, type);
}

static bool check_interpreters(struct hs_python *python, hs_addr *ret)
{
	const struct hs_layout *layout = python->layout;
	hs_addr main = word_at(python, python->runtime + layout->runtime_interpreters_main);
	hs_addr interp = word_at(python, python->runtime + layout->runtime_interpreters_head);
	hs_addr thread;

	for (int i = 0; interp && interp != main && i < MAX_INTERPRETERS; i++)
		interp = word_at(python, interp + layout->interp_next);
	if (!interp || interp != main || word_at(python, main + layout->interp_id))
		return false;
	thread = word_at(python, main + layout->interp_threads_head);
	if (thread && word_at(python, thread + layout->tstate_interp) != main)
		return false;
	*ret = main;
	return true;
}

/* Whether the list with the sentinel at @head begins and ends there; the low bits are flags. */
static bool links_up(const struct hs_python *python, hs_addr head)
{
	hs_addr first = word_at(python, head) & ~(hs_addr)3;
	hs_addr last = word_at(python, head + 8) & ~(hs_addr)3;

	return first && last && (word_at(python, first + 8) & ~(hs_addr)3) == head &&
	       (word_at(python, last) & ~(hs_addr)3) == head;
}

/*
 * Where the generations' lists begin differs between builds of one version: Debian's 3.13 has them
 * four bytes earlier, for its PyGC_Head is aligned otherwise.  The collector keeps a pointer to the
 * first, except in the first releases of 3.14; it is right even when a list is just being changed.
 */
static bool find_generations(struct hs_python *python, hs_addr interp)
{
	static const uint32_t usual[] = {24, 20};
	hs_addr gc = hs_interp_gc(python, interp);
	hs_addr first = 0;

	if (python->layout->gc_generation0 != HS_ABSENT)
		first = word_at(python, gc + python->layout->gc_generation0);
	for (size_t i = 0; !first && i < sizeof(usual) / sizeof(usual[0]); i++)
		if (links_up(python, gc + usual[i]))
			first = gc + usual[i];
	if (first < gc + 8 || first > gc + 24 || first & 3)
		return false;
	python->generations = (uint32_t)(first - gc);
	return true;
}

/*
 * From 3.12 on the dicts of the interpreter's own types are kept in its state, far behind what
 * other checks look at.
 */
static bool has_static_dicts(struct hs_python *python)
{
	const struct hs_pytype *type = hs_type_lookup(python, python->type_type);
	hs_addr dict = type ? hs_type_dict(python, type) : 0;

	return dict && hs_dict_get(python, dict, "__mro__");
}

/* A class written in Python that every interpreter has tells where their tp_traverse is. */
static bool find_subtype_traverse(struct hs_python *python, hs_addr interp)
{
	hs_addr modules = word_at(python, interp + python->layout->interp_modules);
	hs_addr module = hs_dict_get(python, modules, "_frozen_importlib");
	hs_addr dict = word_at(python, module + python->layout->module_dict);
	hs_addr class = hs_dict_get(python, dict, "ModuleSpec");

	python->subtype_traverse = class ? word_at(python, class + PY_TP_TRAVERSE) : 0;
	return python->subtype_traverse;
}

/*
 * Until 3.10 the function that looks keys up tells whether all keys of a dict are str.  That of the
 * subclasses of `object` has ints for keys, whatever the program does.
 */
static bool find_lookdict(struct hs_python *python)
{
	hs_addr object = word_at(python, python->type_type + PY_TP_BASE);
	hs_addr dict = word_at(python, object + PY_TP_SUBCLASSES);
	hs_addr keys = word_at(python, dict + PY_DICT_KEYS);

	if (python->layout->keys_lookup == HS_ABSENT)
		return true;
	python->lookdict = word_at(python, keys + python->layout->keys_lookup);
	return python->lookdict;
}

/* Basic sizes give away builds whose objects have other fields. */
static const char *check_sizes(struct hs_python *python, hs_addr interp)
{
	const struct {
		const char *name;
		uint32_t size;
	} expected[] = {
		{"type", python->layout->heap_type_size},
		{"str", python->layout->str_full_size},
		{"dict", 48},
		{"list", 40},
		{"tuple", python->layout->tuple_items},
		{"set", 200},
		{"int", 24},
		{"float", 24},
		{"bytes", 33},
		{"property", python->layout->property_size},
		{"BaseException", python->layout->exception_size},
	};
	hs_addr builtins = word_at(python, interp + python->layout->interp_builtins);

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		hs_addr type = hs_dict_get(python, builtins, expected[i].name);

		if (!type || word_at(python, type + PY_TP_BASICSIZE) != expected[i].size)
			return expected[i].name;
	}
	return NULL;
}

static struct hs_error *check_version(struct hs_python *python, hs_addr interp)
{
	hs_addr sys = word_at(python, interp + python->layout->interp_sysdict);
	hs_addr flags = hs_dict_get(python, sys, "abiflags");
	uint64_t version = 0;

	if (!hs_int_value(python, hs_dict_get(python, sys, "hexversion"), &version))
		return mismatch(python, "sys.hexversion cannot be read");
	python->hexversion = (uint32_t)version;
	if (version >> 16 != (0x300u | python->layout->minor))
		return mismatch(python, "sys.hexversion is of another version");
	if ((version & 0xf0) != 0xf0)
		return hs_error_create(HS_ERROR_UNSUPPORTED,
				       "it runs a pre-release of CPython 3.%u, which is not "
				       "supported",
				       python->layout->minor);
	if (flags && hs_text_equals(python, flags, "d"))
		return hs_error_create(HS_ERROR_UNSUPPORTED,
				       "it runs a debug build of CPython 3.%u, which is not "
				       "supported",
				       python->layout->minor);
	return NULL;
}

static struct hs_error *check(struct hs_python *python)
{
	struct hs_error *err;
	const char *type;
	hs_addr interp;

	err = check_published(python);
	if (err)
		return err;
	if (!check_interpreters(python, &interp))
		return mismatch(python, "no main interpreter where it should be (is it just "
					"starting or ending?)");
	if (!find_type_type(python, interp))
		return mismatch(python, "no dict where sys.__dict__ should be");
	if (!find_subtype_traverse(python, interp))
		return mismatch(python, "the import system's classes are not where they should be");
	err = check_version(python, interp);
	if (err)
		return err;
	type = check_sizes(python, interp);
	if (type)
		return hs_error_create(HS_ERROR_UNSUPPORTED,
				       "this build of CPython 3.%u is not supported: its type %s "
				       "has another size than expected (a debug build?)",
				       python->layout->minor, type);
	if (!has_static_dicts(python))
		return mismatch(python, "the dict of its type type is not where it should be");
	if (!find_lookdict(python))
		return mismatch(python, "the subclasses of object are not where they should be");
	if (!find_generations(python, interp))
		return mismatch(python, "the collector's lists are not where they should be");
	return NULL;
}

static bool create_bitmap(struct hs_python *python, struct hs_bitmap *map)
{
	map->words = calloc((size_t)(python->granules / 64) + 1, sizeof(*map->words));
	return map->words;
}

/* Room for the tables. */
static bool allocate(struct hs_python *python)
{
	python->granules = hs_image_granule_count(python->image);
	python->budget =
		python->granules * (1 << HS_GRANULE_SHIFT) / 8 * BUDGET_PER_WORD + BUDGET_AT_LEAST;
	python->build = hs_build_create();
	if (python->build && python->image->spill)
		hs_build_spill(python->build, python->image->spill);
	if (python->build)
		hs_build_omit_addresses(python->build);
	return python->build && hs_types_init(python) && create_bitmap(python, &python->marked) &&
	       create_bitmap(python, &python->odd) && create_bitmap(python, &python->tracked) &&
	       create_bitmap(python, &python->tracked_odd) &&
	       create_bitmap(python, &python->generation[0]) &&
	       create_bitmap(python, &python->generation[1]) &&
	       create_bitmap(python, &python->owned);
}

struct hs_error *hs_python_create(struct hs_image *image, const struct hs_runtime *runtime,
				  struct hs_python **ret)
{
	struct hs_python *python = calloc(1, sizeof(*python));
	struct hs_error *err;

	if (!python)
		return &hs_enomem;
	*python = (struct hs_python){
		.image = image,
		.layout = &python->own_layout,
		.runtime = runtime->address,
		.dict_before_values = runtime->dict_before_values,
		/* No function lies there: until it is known, no class is one of Python's. */
		.subtype_traverse = 1,
	};
	hs_layout_adapt(runtime->layout, runtime->machine, &python->own_layout);
	err = allocate(python) ? check(python) : &hs_enomem;
	if (err) {
		hs_python_destroy(python);
		return err;
	}
	*ret = python;
	return NULL;
}

static void free_bitmap(struct hs_bitmap *map)
{
	free(map->words);
	map->words = NULL;
}

void hs_python_forget(struct hs_python *python)
{
	hs_pymalloc_destroy(python->pymalloc);
	python->pymalloc = NULL;
	free_bitmap(&python->odd);
	free_bitmap(&python->tracked);
	free_bitmap(&python->tracked_odd);
	free_bitmap(&python->generation[0]);
	free_bitmap(&python->generation[1]);
	free_bitmap(&python->owned);
	hs_vector_deinit(&python->queue);
	hs_vector_deinit(&python->scanned);
	hs_vector_deinit(&python->weakly);
	hs_vector_deinit(&python->runs);
	hs_vector_deinit(&python->targets);
	hs_vector_deinit(&python->scratch);
	free(python->pages);
	python->pages = NULL;
	hs_map32_deinit(&python->owners);
	hs_map32_deinit(&python->strings);
	hs_traces_destroy(python->traces);
	python->traces = NULL;
}

void hs_python_destroy(struct hs_python *python)
{
	if (!python)
		return;
	hs_python_forget(python);
	hs_types_destroy(python);
	hs_build_destroy(python->build);
	free_bitmap(&python->marked);
	free(python);
}
