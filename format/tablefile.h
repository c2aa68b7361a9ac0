/* SPDX-License-Identifier: MIT */
/* tablefile.h: header and small tables, to and from their sections. */
#ifndef HS_FORMAT_TABLEFILE_H
#define HS_FORMAT_TABLEFILE_H

#include "format/chain.h"
#include "format/emit.h"
#include "format/section.h"
#include "format/tables.h"

/* What the header says beyond struct hs_info. */
struct hs_header {
	uint64_t objects;
	uint64_t edges;
	uint32_t columns; /* enum hs_column that the file has */
	bool chained;	  /* it has a base, which is in hs_snapshot.base */
};

/* Columns that every file has. */
enum {
	HS_MANDATORY_COLUMNS = HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_SIZE |
			       HS_COLUMN_FLAGS | HS_COLUMN_EDGES,
};

/* What columns are called in the header. */
struct hs_column_name {
	const char *name;
	enum hs_column column;
};

enum { HS_COLUMN_NAME_COUNT = 11 };
extern const struct hs_column_name hs_column_names[HS_COLUMN_NAME_COUNT];

/*
 * Write the header and all small tables of @snap; if @chain is not NULL, as what differs from those
 * of its base.
 */
struct hs_error *hs_tables_encode(const struct hs_snapshot *snap, struct hs_emitter *emitter,
				  struct hs_chain *chain) HS_MUST_CHECK;

/* Find the rows that the tables of @snap share with the base's, whose objects are paired. */
struct hs_error *hs_tables_match(const struct hs_snapshot *snap,
				 struct hs_chain *chain) HS_MUST_CHECK;

/* Read the header, the first section, into snap->info and *@ret. */
struct hs_error *hs_header_decode(const struct hs_file_image *image, struct hs_snapshot *snap,
				  struct hs_header *ret) HS_MUST_CHECK;

/*
 * Read all small tables into @snap and check that they fit each other and @objects, the number of
 * objects.  If @chain is not NULL, they are read as what differs from those of its base, and name
 * objects by identity.  If snap->raw is not NULL, their columns are kept there.
 */
struct hs_error *hs_tables_decode(const struct hs_file_image *image, uint64_t objects,
				  struct hs_inflater *inflater, struct hs_chain *chain,
				  struct hs_snapshot *snap) HS_MUST_CHECK;

#endif
