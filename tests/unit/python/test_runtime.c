/* SPDX-License-Identifier: MIT */
/* test_runtime.c: which Python a file name tells of, and which of them are supported. */
#include "hs_cmocka.h"

#include "libsnap/python/runtime.h"

#include <stdlib.h>

static void names(void **state)
{
	static const struct {
		const char *path;
		bool python;
		uint32_t major;
		uint32_t minor;
		bool pypy;
		bool debug;
		bool free_threaded;
		const char *unsupported; /* NULL: it is, or nothing is known */
	} cases[] = {
		{"/usr/bin/python3.12", true, 3, 12, 0, 0, 0, NULL},
		{"/usr/bin/python3.11", true, 3, 11, 0, 0, 0, NULL},
		{"python3.13", true, 3, 13, 0, 0, 0, NULL},
		{"/usr/lib/libpython3.12.so.1.0", true, 3, 12, 0, 0, 0, NULL},
		{"/usr/lib/libpython3.11.so.1.0 (deleted)", true, 3, 11, 0, 0, 0, NULL},
		{"/a/python3.11 (deleted)", true, 3, 11, 0, 0, 0, NULL},
		{"/usr/lib/libpython3.13t.so.1.0", true, 3, 13, 0, 0, 1, "free-threaded"},
		{"/usr/bin/python3.13t", true, 3, 13, 0, 0, 1, "free-threaded"},
		{"/usr/bin/python3.13td", true, 3, 13, 0, 1, 1, "free-threaded"},
		{"/usr/bin/python3.11d", true, 3, 11, 0, 1, 0, "debug build"},
		{"/usr/bin/python3.11-dbg", true, 3, 11, 0, 1, 0, "debug build"},
		{"/usr/bin/python3.10", true, 3, 10, 0, 0, 0, NULL},
		{"/usr/bin/python3.8", true, 3, 8, 0, 0, 0, NULL},
		{"/usr/bin/python3.7", true, 3, 7, 0, 0, 0, "CPython 3.7"},
		{"/usr/lib/libpython3.7m.so.1.0", true, 3, 7, 0, 0, 0, "CPython 3.7"},
		{"/usr/bin/python3.999", true, 3, 999, 0, 0, 0, "CPython 3.999"},
		{"/usr/bin/python2.7", true, 2, 7, 0, 0, 0, "CPython 2.7"},
		{"/usr/bin/python4.12", true, 4, 12, 0, 0, 0, "CPython 4.12"},
		{"/usr/bin/pypy3.9", true, 0, 0, 1, 0, 0, "PyPy"},
		{"/usr/lib/libpypy3-c.so", true, 0, 0, 1, 0, 0, "PyPy"},
		{"/usr/lib/libpypy3.9-c.so", true, 0, 0, 1, 0, 0, "PyPy"},
		{"/usr/bin/python", true, 0, 0, 0, 0, 0, NULL},
		{"/usr/bin/python3", true, 0, 0, 0, 0, 0, NULL},
		{"/usr/lib/libpython3.so", true, 0, 0, 0, 0, 0, NULL},
		{"/usr/bin/pythonista", false, 0, 0, 0, 0, 0, NULL},
		{"/usr/bin/ipython3", false, 0, 0, 0, 0, 0, NULL},
		{"/usr/bin/bpython", false, 0, 0, 0, 0, 0, NULL},
		{"/opt/python3.12/bin/uwsgi", false, 0, 0, 0, 0, 0, NULL},
		{"/usr/lib/x86_64-linux-gnu/libc.so.6", false, 0, 0, 0, 0, 0, NULL},
		{"/python3.12/", false, 0, 0, 0, 0, 0, NULL},
		{"[heap]", false, 0, 0, 0, 0, 0, NULL},
		{"", false, 0, 0, 0, 0, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hs_python_guess guess = {0};
		bool python = hs_python_guess(cases[i].path, &guess);
		char *why = hs_python_unsupported(&guess);

		if (python != cases[i].python || guess.major != cases[i].major ||
		    guess.minor != cases[i].minor || guess.pypy != cases[i].pypy ||
		    guess.debug != cases[i].debug || guess.free_threaded != cases[i].free_threaded)
			fail_msg("%s: judged wrongly", cases[i].path);
		if (!why != !cases[i].unsupported || (why && !strstr(why, cases[i].unsupported)))
			fail_msg("%s: %s", cases[i].path, why ? why : "supported");
		free(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
