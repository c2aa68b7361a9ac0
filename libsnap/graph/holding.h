/* SPDX-License-Identifier: MIT */
/* holding.h: which references keep their target alive, and what is alive by itself. */
#ifndef HS_GRAPH_HOLDING_H
#define HS_GRAPH_HOLDING_H

#include "libsnap/graph/bits.h"

#include <heapsnap/graph.h>

/*
 * References that hold nothing are called idle here:
 *
 *  - weak ones;
 *  - those to the namespace of a module that is a root, but for the module's own: functions refer
 *    to it as their globals, wherever they are, and would else share in all of the module;
 *  - those to a class or a function from elsewhere than the namespace of a module that is a root,
 * if it is at home there: that refers to it, and the class is said to be of that module, or the
 *    function has the namespace for its globals.  Others import it, and instances have it for
 *    their class; it is the module's all the same;
 *  - those of a table in which the runtime lists strings, so as to have each once (a root's mapping
 *    of rank HS_ROOT_INTERNAL that has every key for its own value): a string that is listed
 * nowhere else goes when its last holder does.
 *
 * Alive by themselves are the objects of roots, but for the namespaces of modules that are roots
 * and what is at home in them, and what is never freed: immortal objects and those in the data of a
 * program.
 */
struct hs_holding {
	const struct hs_snapshot *snap;
	const struct hs_objects *objects;
	uint64_t *idle;	  /* by number of the edge */
	uint64_t *entry;  /* by object: alive by itself */
	uint64_t *module; /* by object: a module that is a root */
	uint64_t *homed;  /* by object: held by its home alone */
	hs_id *tables;	  /* those of listed strings */
	size_t table_count;
};

/* Needs HS_COLUMN_EDGES.  hs_holding_deinit() frees @holding, also after a failure. */
bool hs_holding_init(struct hs_holding *holding, const struct hs_snapshot *snap);
void hs_holding_deinit(struct hs_holding *holding);

/*
 * The tables in which the runtime lists strings: *@ret, *@count of them, is owned by the caller,
 * who frees it.  Needs HS_COLUMN_EDGES, better TYPE.  False if memory ran out.
 */
bool hs_find_listings(const struct hs_snapshot *snap, hs_id **ret, size_t *count);

/* Set the bit of each weak reference of @snap, by number of the edge. */
bool hs_mark_weak(const struct hs_snapshot *snap, uint64_t *bits);

#endif
