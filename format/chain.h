/* SPDX-License-Identifier: MIT */
/* chain.h: a snapshot as what differs from another one, its base. */
#ifndef HS_FORMAT_CHAIN_H
#define HS_FORMAT_CHAIN_H

#include "format/emit.h"
#include "format/rows.h"
#include "format/section.h"
#include "format/tables.h"

/*
 * A snapshot and its base.  Objects are the same if they lie at the same address, whatever they
 * are: an object that took another's place is one that changed.
 *
 *   base ordinals    0 1 2 3 4 5 6 7      2 and 5 are gone, 1 and 6 changed, two are new
 *   listed objects   0: base 1   1: base 6   2: new   3: new
 *   identities       0 .. 3: listed objects;   4 + n: base ordinal n
 *
 * The file lists objects that changed, by ascending base ordinal, then new ones, in blocks like
 * those of other snapshots.  Whatever refers to an object does so by its identity.
 */
struct hs_chain {
	const struct hs_snapshot *base; /* not owned; its raw tables are there */
	struct hs_base file;		/* for writing: what the header says of it */
	struct hs_row_map maps[HS_ROWS_COUNT];
	hs_id *changed; /* base ordinals, ascending */
	size_t changed_count;
	hs_id *removed; /* base ordinals, ascending */
	size_t removed_count;
	uint64_t listed;       /* objects that changed and new ones */
	uint64_t listed_edges; /* their references */
	/* For writing only, by ordinal of the snapshot. */
	hs_id *base_of; /* base ordinal; HS_NONE: a new one */
	hs_id *identity;
	hs_id *objects; /* by number of the listed object: the object */
};

void hs_chain_deinit(struct hs_chain *chain);

/* Identities are below this, or name no object. */
static inline uint64_t hs_chain_identities(const struct hs_chain *chain)
{
	return chain->listed + chain->base->objects.count;
}

/* Whether both are snapshots of one process, and it is known which. */
bool hs_chain_same_process(const struct hs_info *a, const struct hs_info *b);

/* Writing.  After hs_tables_match() (tablefile.h): find out what changed, and number it. */
struct hs_error *hs_chain_compare(struct hs_chain *chain,
				  const struct hs_snapshot *snap) HS_MUST_CHECK;

/* Find the objects of @snap in the base. */
struct hs_error *hs_chain_pair(struct hs_chain *chain,
			       const struct hs_snapshot *snap) HS_MUST_CHECK;

/* The listed objects as a snapshot whose blocks and values are to be written. */
struct hs_error *hs_chain_list(const struct hs_chain *chain, const struct hs_snapshot *snap,
			       struct hs_snapshot **ret) HS_MUST_CHECK;

/* Write the section that says which objects these are. */
struct hs_error *hs_chain_emit(const struct hs_chain *chain,
			       struct hs_emitter *emitter) HS_MUST_CHECK;

/* Reading.  Read that section, for chain->base. */
struct hs_error *hs_chain_read(const struct hs_file_image *image, struct hs_inflater *inflater,
			       struct hs_chain *chain) HS_MUST_CHECK;

/*
 * An empty snapshot like that of hs_chain_list(), to decode blocks and values into, for @snap, the
 * tables of which are there.
 */
struct hs_snapshot *hs_chain_listed(const struct hs_chain *chain, const struct hs_snapshot *snap);

/*
 * Make the columns (@columns: enum hs_column) and values of @snap from the base and @listed, which
 * were read from @image, give the objects their ordinals, and name them by these in the tables.
 * There are @count of them with @edge_count references.
 */
struct hs_error *hs_chain_merge(const struct hs_chain *chain, const struct hs_file_image *image,
				const struct hs_snapshot *listed, uint32_t columns, uint64_t count,
				uint64_t edge_count, struct hs_snapshot *snap) HS_MUST_CHECK;

#endif
