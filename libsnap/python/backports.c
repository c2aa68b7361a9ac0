/* SPDX-License-Identifier: MIT */
/*
 * backports.c: fixes that a build may have although its version does not, told by the machine code
 * of x86-64 that it runs.
 */
#include "libsnap/python/backports.h"

#include "libsnap/python/objects.h"

/* Length of the longest instruction looked for. */
enum { LONGEST = 5 };

/*
 * A load or comparison of the word at PY_MANAGED_DICT from a register's target: REX.W, 8B or 83 /7,
 * an address of register and byte.  What lies on the stack (%rsp, %rbp) is something else.
 */
static bool reads_dict(const uint8_t *at)
{
	bool wide = (at[0] & 0xf8) == 0x48;
	bool extended = at[0] & 1; /* %r8 to %r15 */
	bool load = at[1] == 0x8b;
	bool compare = at[1] == 0x83 && (at[2] & 0x38) == 0x38;
	unsigned int base = at[2] & 7;

	return wide && (load || compare) && at[2] >> 6 == 1 && base != 4 &&
	       (base != 5 || extended) && (int8_t)at[3] == PY_MANAGED_DICT;
}

/* A test of PY_FLAG_INLINE_VALUES in the lowest byte of a register: A8 or F6 /0 and the bit. */
static bool tests_inline_values(const uint8_t *at)
{
	return (at[0] == 0xa8 && at[1] == PY_FLAG_INLINE_VALUES) ||
	       (at[0] == 0xf6 && (at[1] & 0xf8) == 0xc0 && at[2] == PY_FLAG_INLINE_VALUES);
}

bool hs_dict_before_values(uint32_t hexversion, const uint8_t *code, size_t size)
{
	uint32_t fixed = hexversion >> 16 == 0x030d ? 0x030d0d : 0x030e04;

	if (hexversion >> 8 >= fixed)
		return true;
	for (size_t i = 0; i + LONGEST <= size; i++) {
		if (tests_inline_values(code + i))
			return false;
		if (reads_dict(code + i))
			return true;
	}
	return false;
}
