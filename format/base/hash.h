/* SPDX-License-Identifier: MIT */
/* hash.h: hashes for tables whose keys somebody else chose. */
#ifndef HS_BASE_HASH_H
#define HS_BASE_HASH_H

#include <stdint.h>

/*
 * A number that is another in every process: whoever makes up keys (a target, a file) cannot make
 * many of them fall into one place of a table.
 */
uint64_t hs_hash_seed(void);

/* Both halves of a product of 128 bits, folded into one number, as wyhash does. */
static inline uint64_t hs_hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* All bits of the hash depend on all of @key's, for any seed. */
static inline uint64_t hs_hash_u64(uint64_t key, uint64_t seed)
{
	return hs_hash_fold(hs_hash_fold(key ^ seed, 0x9e3779b97f4a7c15u) ^ seed,
			    0xd6e8feb86659fd93u);
}

#endif
