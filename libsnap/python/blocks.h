/* SPDX-License-Identifier: MIT */
/* blocks.h: what the allocators hold for an object and for what it owns. */
#ifndef HS_PYTHON_BLOCKS_H
#define HS_PYTHON_BLOCKS_H

#include "libsnap/python/pymalloc.h"

/*
 * How many bytes the allocator holds for the block at @address, of which at least @bytes were asked
 * for.  A block of pymalloc is as large as those of its pool, one of glibc's malloc() as its header
 * says; of an allocator that is not known it is taken to be @bytes, rounded up to 16.  0 if it is
 * no allocator's: part of a program's data, or free.
 */
uint64_t hs_block_size(const struct hs_python *python, hs_addr address, uint64_t bytes);

/* The same once for each block: from then on it is known to be used for @use, and 0. */
uint64_t hs_block_take(struct hs_python *python, hs_addr address, uint64_t bytes,
		       enum hs_block_use use);

/*
 * The same for a block of pymalloc's, whatever was asked for: in *@size what hs_block_take() says.
 * False if @address is no pool's.
 */
bool hs_block_take_small(struct hs_python *python, hs_addr address, enum hs_block_use use,
			 uint64_t *size);

/* hs_block_take() for something that an object owns; 0 if @address is 0. */
uint64_t hs_buffer_take(struct hs_python *python, hs_addr address, uint64_t bytes);

/* Describe how all arenas are used: an extent for each arena and use. */
void hs_blocks_describe(struct hs_python *python);

#endif
