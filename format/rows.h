/* SPDX-License-Identifier: MIT */
/* rows.h: small tables as columns of numbers, and which rows are those of a chain's base. */
#ifndef HS_FORMAT_ROWS_H
#define HS_FORMAT_ROWS_H

#include "format/base/vector.h"
#include "format/layout.h"
#include <heapsnap/snapshot.h>

/* What is stored as rows: each table, and the runs of all shapes. */
enum hs_row_group {
	HS_ROWS_STRINGS,
	HS_ROWS_TYPES,
	HS_ROWS_SHAPES,
	HS_ROWS_RUNS,
	HS_ROWS_THREADS,
	HS_ROWS_FRAMES,
	HS_ROWS_ROOTS,
	HS_ROWS_REGIONS,
	HS_ROWS_EXTENTS,
	HS_ROWS_SITES,
	HS_ROWS_GAPS,
	HS_ROWS_COLLECTORS,
	HS_ROWS_COUNT,
};

enum { HS_ROW_WIDTH = 8 }; /* columns of a table, at most */

/* The rows of the section @kind (of shapes: not their runs). */
enum hs_row_group hs_row_group(enum hs_section_kind kind);

/* What the values of a column are the numbers of. */
enum hs_refers {
	HS_REFERS_NOT, /* they are just numbers */
	HS_REFERS_STRING,
	HS_REFERS_THREAD,
	HS_REFERS_FRAME,
	HS_REFERS_SITE,
	HS_REFERS_OBJECT,
};

struct hs_reference {
	enum hs_refers to;
	bool optional; /* 0 is none, others are one more */
};

/* @kind is the row's kind of a run's "operand"; else ignored. */
struct hs_reference hs_row_reference(enum hs_row_group group, const char *name, uint64_t kind);

/* A column of a table as the file has it. */
struct hs_raw_column {
	enum hs_row_group group;
	const char *name; /* a constant */
	uint64_t *values;
	size_t count;
};

/* The columns of all tables but the strings.  Zeroed memory is none. */
struct hs_raw_tables {
	HS_VECTOR(struct hs_raw_column) columns;
};

void hs_raw_tables_deinit(struct hs_raw_tables *tables);

/* Add a copy of @count @values; false if memory ran out. */
bool hs_raw_tables_add(struct hs_raw_tables *tables, enum hs_row_group group, const char *name,
		       const uint64_t *values, size_t count);

/* The column @name of @group; NULL if there is none. */
const struct hs_raw_column *hs_raw_tables_find(const struct hs_raw_tables *tables,
					       enum hs_row_group group, const char *name);

/*
 * Which rows of a table are copies of rows of the base's table.  No row of the base is copied
 * twice.  HS_NONE: none.
 */
struct hs_row_map {
	uint32_t *base; /* by row: that of the base */
	size_t rows;
	uint32_t *row; /* by row of the base */
	size_t base_rows;
	size_t literals; /* rows that are no copies */
	bool identical;	 /* to the base's table */
};

void hs_row_map_deinit(struct hs_row_map *map);

/* Make *@map one of @rows rows, none of them a copy of one of @base_rows; false: no memory. */
bool hs_row_map_init(struct hs_row_map *map, size_t rows, size_t base_rows);

/* Enter that @row is a copy of @base. */
static inline void hs_row_map_copy(struct hs_row_map *map, size_t row, size_t base)
{
	map->base[row] = (uint32_t)base;
	map->row[base] = (uint32_t)row;
}

/* Count the literals, when all copies are entered. */
void hs_row_map_close(struct hs_row_map *map);

/*
 * Find copies.  The base's rows are @base, @width columns (NULL: zeros).  @row fills @values with
 * those of a row of the table, in terms of the base, and is false if the base cannot have such a
 * row; it is called for one row after the other, the map being filled up to it.  False if memory
 * ran out.
 */
bool hs_rows_match(struct hs_row_map *map, const uint64_t *const *base, size_t width,
		   bool (*row)(void *context, size_t row, uint64_t *values), void *context);

#endif
