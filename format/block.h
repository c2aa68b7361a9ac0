/* SPDX-License-Identifier: MIT */
/* block.h: objects with their references, in blocks that can be decoded one by one. */
#ifndef HS_FORMAT_BLOCK_H
#define HS_FORMAT_BLOCK_H

#include "format/codec.h"
#include "format/emit.h"
#include "format/section.h"
#include "format/tables.h"

/* Objects [first, first + objects) with their references. */
struct hs_block {
	uint64_t first;
	uint64_t objects;
	uint64_t first_edge;
	uint64_t edges;
	uint64_t next; /* the smallest ordinal that no edge before has led to as "the next" */
};

/*
 * An order in which the columns of a block list its objects, as groups of neighbours.  All arrays
 * have room for one element more than there are objects.
 */
struct hs_grouping {
	uint32_t *order;  /* the objects, counted from the block's first */
	uint32_t *starts; /* where each group begins in it; the number of objects behind the last */
	size_t groups;
};

/* Numbers of 32 bits that it takes to refine a grouping of so many objects. */
#define HS_GROUPING_SCRATCH(objects) (7 * (size_t)(objects) + 1)

/* Let all objects be one group, in their own order. */
void hs_grouping_init(struct hs_grouping *grouping, uint32_t objects);

/*
 * Part each group into those of equal key, by ascending keys; objects stay in their order
 * otherwise.
 * @keys[i] is that of the object in place i.  @scratch has room for HS_GROUPING_SCRATCH(@objects)
 * numbers.
 */
void hs_grouping_refine(struct hs_grouping *grouping, const uint32_t *keys, uint32_t objects,
			uint32_t *scratch);

/*
 * The order in which a block's references are listed: of each group the first references of all its
 * objects, then the second ones, up to HS_EDGE_SLOTS; then the others object by object.
 * @first[i] is where the references of object i begin, counted from the block's first reference,
 * @objects + 1 of them; @scratch has room for 2 * @objects.  @positions has room for one number
 * more than first[@objects], which it receives.
 */
void hs_block_order_edges(const struct hs_grouping *grouping, const uint32_t *first,
			  uint32_t *scratch, uint32_t *positions);

/* The key by which addresses are parted further: what is allocated, if that is little. */
static inline uint32_t hs_block_class(uint64_t allocated)
{
	return allocated < HS_ALLOCATED_CLASSES ? (uint32_t)allocated : HS_ALLOCATED_CLASSES;
}

/* The allocated size that a size lets expect: a multiple of 16, modulo 2^64. */
static inline uint64_t hs_block_round_size(uint64_t size)
{
	return (size + 15) & ~(uint64_t)15;
}

/* Writing. */
struct hs_block_encoder;

/* For blocks of @snap, which must outlive it, by way of @emitter; NULL if memory ran out. */
struct hs_block_encoder *hs_block_encoder_create(const struct hs_snapshot *snap,
						 struct hs_emitter *emitter);
void hs_block_encoder_destroy(struct hs_block_encoder *encoder);

/* The smallest ordinal that no root leads to: `next` of the first block. */
uint64_t hs_block_first_next(const struct hs_snapshot *snap);

/*
 * Begin with the block that begins at object @first; *@next, that of the block, becomes that of the
 * block behind it.  This goes by the order of the blocks; what remains to be done may be done for
 * several at a time, by an encoder each.
 */
struct hs_error *hs_block_begin(struct hs_block_encoder *encoder, hs_id first, uint64_t *next,
				struct hs_block *ret) HS_MUST_CHECK;

/* Give the emitter's section fields and columns of the block begun last. */
struct hs_error *hs_block_encode(struct hs_block_encoder *encoder,
				 const struct hs_block *block) HS_MUST_CHECK;

/*
 * Write all blocks of @snap, by up to @options->jobs threads: the same bytes, whatever their
 * number. What takes memory are the blocks that they are at.
 */
struct hs_error *hs_blocks_write(const struct hs_snapshot *snap, struct hs_emitter *emitter,
				 const struct hs_save_options *options) HS_MUST_CHECK;

/* Reading. */
struct hs_block_decoder;

/*
 * For the blocks of a file with the types and shapes of @snap, into its columns: those of @columns
 * (enum hs_column), which must be allocated.  There are @count objects.
 */
struct hs_block_decoder *hs_block_decoder_create(const struct hs_snapshot *snap, uint32_t columns,
						 hs_id count);
void hs_block_decoder_destroy(struct hs_block_decoder *decoder);

/* Read and check the ranges of the block in @view. */
struct hs_error *hs_block_read_range(const struct hs_section_view *view,
				     struct hs_block *ret) HS_MUST_CHECK;

/* Decode the block in @view, whose ranges lie within the columns. */
struct hs_error *hs_block_decode(struct hs_block_decoder *decoder,
				 const struct hs_section_view *view,
				 const struct hs_block *block) HS_MUST_CHECK;

#endif
