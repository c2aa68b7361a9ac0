/* SPDX-License-Identifier: MIT */
/* runtime.h: is this a Python process, which one, and where is its runtime? */
#ifndef HS_PYTHON_RUNTIME_H
#define HS_PYTHON_RUNTIME_H

#include "libsnap/memory/target.h"
#include "libsnap/python/layouts/layout.h"
#include "libsnap/python/tracemalloc.h"

struct hs_runtime {
	hs_addr address; /* _PyRuntime */
	const struct hs_layout *layout;
	uint16_t machine;	 /* that it was made for, as elf.h calls it */
	uint32_t hexversion;	 /* PY_VERSION_HEX as the program publishes it */
	bool dict_before_values; /* see backports.h */
	struct hs_tracemalloc tracemalloc;
};

/*
 * Find the runtime of CPython in a target with the mappings @maps.
 *
 * Errors: HS_ERROR_UNSUPPORTED with what was found instead (not Python, PyPy, a version or a build
 * that is not supported), HS_ERROR_PERMISSION, HS_ERROR_GONE or, of a core, HS_ERROR_DAMAGED.
 */
struct hs_error *hs_runtime_find(const struct hs_target *target, const struct hs_maps *maps,
				 struct hs_runtime *ret) HS_MUST_CHECK;

/*
 * Why a runtime that was made for such a machine is not to be read unless the user insists, in a
 * few words; NULL if it is one of those that this was tried on.
 */
const char *hs_runtime_untried(const struct hs_runtime *runtime);

/* What the names of a process's files tell of the Python it runs. */
struct hs_python_guess {
	bool python;
	bool pypy;
	bool debug;
	bool free_threaded;
	uint32_t major; /* 0: not told */
	uint32_t minor;
};

/* Judge the file name @path: .../python3.12, .../libpython3.13t.so.1.0; false if it is no Python.
 */
bool hs_python_guess(const char *path, struct hs_python_guess *ret);

/*
 * Whether process @pid has files mapped that are called like a Python's; if we may not look,
 * whether it calls itself so.
 */
bool hs_python_seems(pid_t pid);

/* One line why such a Python is not supported; NULL if it is, or if the name does not tell. */
char *hs_python_unsupported(const struct hs_python_guess *guess);

#endif
