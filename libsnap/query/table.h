/* SPDX-License-Identifier: MIT */
/* table.h: one kind of rows of a snapshot, for SQLite. */
#ifndef HS_QUERY_TABLE_H
#define HS_QUERY_TABLE_H

#include <heapsnap/analysis.h>
#include <heapsnap/graph.h>
#include <heapsnap/snapshot.h>
#include <sqlite3.h>

/* A snapshot with what is worked out when it is first wanted. */
struct hs_source {
	const struct hs_snapshot *snap;
	struct hs_graph *graph;	     /* NULL: nobody wanted referrers yet */
	struct hs_graph *dominators; /* NULL: nobody wanted what objects retain yet */
	uint64_t *references;	     /* hs_references_find(); NULL: nobody wanted it yet */
	uint32_t *rank;		     /* of each type's name among them in order; NULL: not yet */
	uint32_t *type_of_rank;	     /* a type of each name */
	uint32_t rank_count;
	hs_id *by_type;	    /* objects by the rank of their type, then by id; NULL: not yet */
	uint32_t *first_of; /* rank_count + 1 places in by_type */
	const struct hs_snapshot *against; /* for `diff`: the last snapshot; NULL */
	const char *names[2];
	struct hs_diff *diff; /* NULL: not yet */
	bool declaring;	      /* a table of it is being told to SQLite, at any time anew */
};

/* What a cursor walks over. */
struct hs_cursor {
	sqlite3_vtab_cursor base;
	struct hs_source *source;
	const struct hs_table *table;
	uint64_t at;	      /* the row: an object, an edge, a type... */
	uint64_t end;	      /* of at, or of place */
	const hs_id *objects; /* rows are these objects, by place; NULL */
	const hs_id *sources; /* rows are these objects' edges to `to`, by place; NULL */
	hs_id to;
	uint64_t place;
	hs_id from; /* edges: the object that edge number at is of */
};

struct hs_table_field {
	const char *declaration; /* "size INTEGER" */
	void (*get)(const struct hs_cursor *cursor, sqlite3_context *context);
};

/* Ways to find rows, which a table may have beside going through them all. */
enum hs_find {
	HS_FIND_ALL,
	HS_FIND_ROW,	 /* by the row's number */
	HS_FIND_ADDRESS, /* objects */
	HS_FIND_TYPE,	 /* objects, by the type's name */
	HS_FIND_BY_TYPE, /* all objects, ordered by it */
	HS_FIND_SOURCE,	 /* edges */
	HS_FIND_TARGET,
};

/*
 * To add a table: its fields and their functions in one file of this folder, and its row in the
 * list of query.c; to add a column, a row of the fields and its function.
 */
struct hs_table {
	const char *name;
	const struct hs_table_field *fields;
	int field_count;
	uint64_t (*count)(const struct hs_source *source);
	struct {
		int field;
		enum hs_find find;
	} finds[3];
	int find_count;
};

#define HS_TABLE_FIELDS(array) (array), (int)(sizeof(array) / sizeof((array)[0]))

extern const struct hs_table hs_table_objects;
extern const struct hs_table hs_table_edges;
extern const struct hs_table hs_table_dominators;
extern const struct hs_table hs_table_types;
extern const struct hs_table hs_table_roots;
extern const struct hs_table hs_table_threads;
extern const struct hs_table hs_table_frames;
extern const struct hs_table hs_table_sites;
extern const struct hs_table hs_table_regions;
extern const struct hs_table hs_table_extents;
extern const struct hs_table hs_table_diff;

/* For sqlite3_create_module(): its client data is a struct hs_module. */
extern const sqlite3_module hs_query_module;
struct hs_module {
	const struct hs_table *table;
	struct hs_source *source;
};

/* False if memory ran out, as from the others. */
bool hs_source_graph(struct hs_source *source);
bool hs_source_dominators(struct hs_source *source);
bool hs_source_references(struct hs_source *source);
bool hs_source_ranks(struct hs_source *source);
bool hs_source_by_type(struct hs_source *source);
bool hs_source_diff(struct hs_source *source);
void hs_source_deinit(struct hs_source *source);

/* The rank of the type's name @name; HS_NONE: there is no such type.  Needs the ranks. */
uint32_t hs_source_find_type(const struct hs_source *source, struct hs_str name);

/* The object at @address; HS_NONE. */
hs_id hs_source_find_address(const struct hs_source *source, hs_addr address);

/* Results: NULL for HS_NONE; addresses as "0x7f…"; strings that live as long as the snapshot. */
void hs_result_id(sqlite3_context *context, uint32_t id);
void hs_result_address(sqlite3_context *context, hs_addr address);
void hs_result_str(sqlite3_context *context, struct hs_str str);
void hs_result_u64(sqlite3_context *context, uint64_t value);

#endif
