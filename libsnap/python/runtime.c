/* SPDX-License-Identifier: MIT */
/* runtime.c: is this a Python process, which one, and where is its runtime? */
#include "libsnap/python/runtime.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/elf.h"
#include "libsnap/python/backports.h"
#include "libsnap/python/objects.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool hs_python_guess(const char *path, struct hs_python_guess *ret)
{
	const char *name = strrchr(path, '/');
	struct hs_python_guess guess = {0};
	const char *at;
	int used = 0;

	name = name ? name + 1 : path;
	if (!strncmp(name, "pypy", 4) || !strncmp(name, "libpypy", 7)) {
		ret->python = ret->pypy = true;
		return true;
	}
	if (!strncmp(name, "libpython", 9))
		at = name + 9;
	else if (!strncmp(name, "python", 6))
		at = name + 6;
	else
		return false;
	guess.python = true;
	if (sscanf(at, "%2u.%3u%n", &guess.major, &guess.minor, &used) == 2) {
		guess.free_threaded = at[used] == 't';
		guess.debug =
			at[used + guess.free_threaded] == 'd' || !strncmp(at + used, "-dbg", 4);
	} else if (*at && *at != '3' && *at != '2' && *at != ' ') {
		return false;
	} else {
		guess.major = guess.minor = 0;
	}
	*ret = guess;
	return true;
}

/* What begins @text and ends with the versions that are supported. */
static char *with_supported(const char *format, ...) HS_PRINTF(1, 2);

static char *with_supported(const char *format, ...)
{
	char versions[32];
	char *whole = NULL;
	char *text = NULL;
	va_list args;
	int size;

	va_start(args, format);
	size = vasprintf(&text, format, args);
	va_end(args);
	if (size < 0)
		return NULL;
	hs_layout_versions(versions, sizeof(versions));
	if (asprintf(&whole, "%s; supported are CPython %s", text, versions) < 0)
		whole = NULL;
	free(text);
	return whole;
}

char *hs_python_unsupported(const struct hs_python_guess *guess)
{
	if (guess->pypy)
		return with_supported("it runs PyPy");
	if (guess->free_threaded)
		return with_supported("it runs a free-threaded build of CPython %u.%u",
				      guess->major, guess->minor);
	if (guess->debug)
		return with_supported("it runs a debug build of CPython %u.%u", guess->major,
				      guess->minor);
	if (guess->major && (guess->major != 3 || !hs_layout_find(guess->minor, HS_ABSENT)))
		return with_supported("it runs CPython %u.%u", guess->major, guess->minor);
	return NULL;
}

/* What is known while the mappings are searched. */
struct search {
	const struct hs_target *target;
	const struct hs_maps *maps;
	hs_addr runtime;
	hs_addr version;	       /* Py_Version */
	hs_addr visit_dict;	       /* PyObject_VisitManagedDict() */
	const struct hs_mapping *file; /* that has the runtime */
	struct hs_python_guess guess;  /* from the file that has the runtime, or any */
};

/* Whether an earlier mapping was of the same file. */
static bool seen_before(const struct hs_maps *maps, size_t i)
{
	const struct hs_mapping *mapping = &maps->data[i];

	for (size_t k = 0; k < i; k++)
		if (maps->data[k].inode == mapping->inode &&
		    !strcmp(maps->data[k].name, mapping->name))
			return true;
	return false;
}

/* Look for the runtime in the files whose name is, or is not, that of a Python. */
static bool search_files(struct search *search, bool by_name)
{
	static const char *const names[] = {"_PyRuntime", "Py_Version",
					    "PyObject_VisitManagedDict"};
	const struct hs_maps *maps = search->maps;

	for (size_t i = 0; i < maps->size; i++) {
		const struct hs_mapping *mapping = &maps->data[i];
		struct hs_python_guess guess = {0};
		hs_addr found[3];
		bool python;

		if (!mapping->inode || mapping->name[0] != '/' || seen_before(maps, i))
			continue;
		python = hs_python_guess(mapping->name, &guess);
		if (python != by_name || (!python && !hs_maps_is_program(maps, mapping)))
			continue;
		if (python && (guess.major || guess.pypy || !search->guess.python))
			search->guess = guess;
		if (guess.pypy)
			return false;
		if (hs_elf_symbols(search->target, maps, mapping, names, 3, found) && found[0]) {
			search->file = mapping;
			search->runtime = found[0];
			search->version = found[1];
			search->visit_dict = found[2];
			return true;
		}
	}
	return false;
}

/* The error whose text is @why, which becomes the callee's; NULL: memory ran out. */
static struct hs_error *unsupported(const struct hs_target *target, char *why)
{
	struct hs_error *err;

	if (!why)
		return &hs_enomem;
	err = hs_error_create(HS_ERROR_UNSUPPORTED, "%s: %s", target->name, why);
	free(why);
	return err;
}

/*
 * The version: from _Py_DebugOffsets, which 3.13 put at the start of the runtime, else from the
 * constant that 3.11 began to export.
 */
static struct hs_error *read_version(struct search *search, uint32_t *hexversion,
				     bool *free_threaded)
{
	static const char cookie[8] = "xdebugpy";
	uint64_t head[3];

	*free_threaded = search->guess.free_threaded;
	if (!hs_target_read(search->target, search->runtime, head, sizeof(head)))
		return hs_target_unreadable(search->target);
	if (!memcmp(&head[0], cookie, sizeof(cookie))) {
		*hexversion = (uint32_t)head[1];
		*free_threaded = head[2];
		return NULL;
	}
	*hexversion = 0;
	if (search->version)
		hs_target_read(search->target, search->version, hexversion, sizeof(*hexversion));
	return NULL;
}

static bool has_dict_before_values(const struct search *search, uint16_t machine,
				   uint32_t hexversion)
{
	uint8_t code[HS_BACKPORT_CODE];
	bool known = machine == EM_X86_64 && search->visit_dict &&
		     hs_target_read(search->target, search->visit_dict, code, sizeof(code));

	return hs_dict_before_values(hexversion, code, known ? sizeof(code) : 0);
}

static hs_addr word_at(const struct search *search, hs_addr address, uint32_t offset)
{
	hs_addr value = 0;

	return address && offset != HS_ABSENT &&
			       hs_target_read(search->target, address + offset, &value, 8)
		       ? value
		       : 0;
}

/*
 * Whether the runtime looks as if it had the layout @layout: where the main interpreter should have
 * its sys.__dict__ there is an object whose type's type is its own, and that has the size which
 * `type` has in this version.  3.8 and 3.9 differ in the place, the others in the size.
 */
static bool looks_like(const struct search *search, const struct hs_layout *layout)
{
	hs_addr interp = word_at(search, search->runtime, layout->runtime_interpreters_main);
	hs_addr dict = word_at(search, interp, layout->interp_sysdict);
	hs_addr dict_type = word_at(search, dict, PY_TYPE);
	hs_addr type = word_at(search, dict_type, PY_TYPE);

	return type && word_at(search, type, PY_TYPE) == type &&
	       word_at(search, type, PY_TP_BASICSIZE) == layout->heap_type_size;
}

/*
 * Versions before 3.11 do not say which they are.  What their memory looks like tells it, also
 * where the program's name does not; whether it is true, sys.hexversion says once there is a copy.
 */
static const struct hs_layout *probe(const struct search *search)
{
	const struct hs_layout *layout;

	for (size_t i = 0; (layout = hs_layout_at(i)); i++)
		if (!layout->published && looks_like(search, layout))
			return layout;
	/* It may be just starting. */
	return search->guess.major ? hs_layout_find(search->guess.minor, HS_ABSENT) : NULL;
}

static struct hs_error *judge(struct search *search, struct hs_runtime *ret)
{
	const struct hs_target *target = search->target;
	struct hs_runtime runtime = {.address = search->runtime};
	struct hs_error *err;
	bool free_threaded;
	char *why;

	err = read_version(search, &runtime.hexversion, &free_threaded);
	if (err)
		return err;
	if (runtime.hexversion) {
		search->guess.major = runtime.hexversion >> 24;
		search->guess.minor = runtime.hexversion >> 16 & 0xff;
	}
	search->guess.free_threaded = free_threaded;
	why = hs_python_unsupported(&search->guess);
	if (why)
		return unsupported(target, why);
	if (runtime.hexversion && (runtime.hexversion & 0xf0) != 0xf0)
		return unsupported(target,
				   with_supported("it runs a pre-release of CPython %u.%u",
						  search->guess.major, search->guess.minor));
	runtime.layout = runtime.hexversion ? hs_layout_find(search->guess.minor,
							     runtime.hexversion >> 8 & 0xff)
					    : probe(search);
	if (!runtime.layout)
		return unsupported(
			target, with_supported("it runs a CPython whose version cannot be told"));
	runtime.machine = hs_elf_machine(target, search->maps, search->file);
	if (runtime.machine == EM_NONE)
		return unsupported(target,
				   strdup("its program is for a machine that does not have 64 "
					  "bits and the lowest byte first"));
	runtime.dict_before_values =
		has_dict_before_values(search, runtime.machine, runtime.hexversion);
	hs_tracemalloc_find(target, search->maps, search->file, runtime.address, runtime.layout,
			    &runtime.tracemalloc);
	*ret = runtime;
	return NULL;
}

const char *hs_runtime_untried(const struct hs_runtime *runtime)
{
	switch (runtime->machine) {
	case EM_X86_64:
#ifdef __x86_64__
		return NULL;
#else
		return "it is a program for x86-64 on a machine that heapsnap was never tried on";
#endif
	case EM_AARCH64:
		return "it is a program for aarch64, on which heapsnap was only tried under an "
		       "emulator";
	default:
		return "it is a program for a machine that heapsnap was never tried on";
	}
}

struct hs_error *hs_runtime_find(const struct hs_target *target, const struct hs_maps *maps,
				 struct hs_runtime *ret)
{
	struct search search = {.target = target, .maps = maps};
	char byte;

	if (search_files(&search, true) || (!search.guess.pypy && search_files(&search, false)))
		return judge(&search, ret);
	/* Without the right to look, nothing at all can be said. */
	if (maps->size && !hs_target_read(target, maps->data[0].start, &byte, 1) &&
	    (errno == EPERM || errno == EACCES))
		return hs_target_unreadable(target);
	if (search.guess.python) {
		char *why = hs_python_unsupported(&search.guess);

		return why ? unsupported(target, why)
			   : hs_error_create(HS_ERROR_UNSUPPORTED,
					     "%s: its Python has no symbol _PyRuntime "
					     "among its dynamic symbols",
					     target->name);
	}
	return hs_error_create(HS_ERROR_UNSUPPORTED,
			       "%s: not a Python process: none of its files has the symbol "
			       "_PyRuntime",
			       target->name);
}
