/* SPDX-License-Identifier: MIT */
/* hs_cmocka.h: cmocka with what it needs before it, and comparing struct hs_str. */
#ifndef HS_CMOCKA_H
#define HS_CMOCKA_H

/* The order matters: cmocka.h needs what comes before it. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "format/base/str.h"

#define STR(text) hs_str_of(text)

static inline void assert_str(struct hs_str str, const char *expected)
{
	assert_int_equal(str.size, strlen(expected));
	assert_memory_equal(str.data, expected, str.size);
}

#endif
