/* SPDX-License-Identifier: MIT */
/* tracemalloc.h: where objects were allocated, from the tables of the target's own tracer. */
#ifndef HS_PYTHON_TRACEMALLOC_H
#define HS_PYTHON_TRACEMALLOC_H

#include "libsnap/memory/target.h"

struct hs_layout;
struct hs_python;

/*
 * Where the module tracemalloc keeps its state: addresses of variables, 0 where not known.
 *
 * 3.12 put it into the runtime.  Before, only the configuration is a symbol that programs export;
 * the others are known if the file has its full symbol table.
 */
struct hs_tracemalloc {
	hs_addr config;
	hs_addr traces; /* of the pointer to the table */
	hs_addr lock;	/* of the lock of the tables, or of the pointer to it */
};

/*
 * Find the state in a target whose runtime, at @runtime, belongs to the file behind
 * @mapping.  All zero if nothing is traced.
 */
void hs_tracemalloc_find(const struct hs_target *target, const struct hs_maps *maps,
			 const struct hs_mapping *mapping, hs_addr runtime,
			 const struct hs_layout *layout, struct hs_tracemalloc *ret);

/* Whether a thread of the target, which stands still, holds the lock: the tables may be torn. */
bool hs_tracemalloc_busy(const struct hs_target *target, const struct hs_layout *layout,
			 const struct hs_tracemalloc *place);

/*
 * Read all traces, if anything is traced.  False if the tables do not add up: they were being
 * changed when the image was taken.
 */
bool hs_tracemalloc_read(struct hs_python *python, const struct hs_tracemalloc *place);

/* The builder's number of the site that allocated the block at @address; 0 if it is not known. */
uint32_t hs_tracemalloc_site(const struct hs_python *python, hs_addr address);

struct hs_traces;
void hs_traces_destroy(struct hs_traces *traces);

#endif
