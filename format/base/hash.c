/* SPDX-License-Identifier: MIT */
/* hash.c: hashes for tables whose keys somebody else chose. */
#include "format/base/hash.h"

#include <sys/auxv.h>
#include <xxhash.h>

uint64_t hs_hash_seed(void)
{
	enum { RANDOM_BYTES = 16 }; /* that the kernel gives every program */
	unsigned long random = getauxval(AT_RANDOM);

	return random ? XXH3_64bits((const void *)random, RANDOM_BYTES) : 0;
}
