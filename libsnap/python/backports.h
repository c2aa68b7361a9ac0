/* SPDX-License-Identifier: MIT */
/* backports.h: fixes that a build may have although its version does not. */
#ifndef HS_PYTHON_BACKPORTS_H
#define HS_PYTHON_BACKPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HS_BACKPORT_CODE = 160, /* bytes of a function that are enough to tell */
};

/*
 * Whether PyObject_VisitManagedDict() looks for an instance's dict before its inline values, as
 * CPython does from 3.13.13 and 3.14.4 on (gh-130327).  Debian has it in its 3.13.5, so the version
 * alone does not tell: @code is the beginning of that function, @size bytes, 0 if it is not known.
 */
bool hs_dict_before_values(uint32_t hexversion, const uint8_t *code, size_t size);

#endif
