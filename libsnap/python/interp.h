/* SPDX-License-Identifier: MIT */
/* interp.h: interpreters and threads of a runtime. */
#ifndef HS_PYTHON_INTERP_H
#define HS_PYTHON_INTERP_H

#include "libsnap/python/python.h"

/*
 * The interpreters, the newest first; 0 ends the list.  A list that does not end is cut after
 * HS_MAX_INTERPRETERS, and counted as damage.
 */
hs_addr hs_interp_first(struct hs_python *python);
hs_addr hs_interp_next(struct hs_python *python, hs_addr interp);

/* The collector's state of @interp. */
hs_addr hs_interp_gc(const struct hs_python *python, hs_addr interp);

/* Whether @interp has that for itself: until 3.8 all interpreters share the main one's. */
bool hs_interp_owns_gc(const struct hs_python *python, hs_addr interp);

/* Describe the collectors: a row for each generation. */
void hs_collectors_add(struct hs_python *python);

/* Name what the interpreters and threads hold: modules, state, frames and their locals. */
void hs_roots_add(struct hs_python *python);

/*
 * @name as the name of a root: of one of another interpreter than the main one with its number,
 * "interpreter 1: sys".  Valid until the next call.
 */
struct hs_str hs_interp_name(struct hs_python *python, struct hs_str name);

/* The roots that the threads of @interp hold. */
void hs_thread_roots_add(struct hs_python *python, hs_addr interp);

/*
 * The line that the instruction at @offset bytes into the code at @code belongs to; 0 if there is
 * none or the table cannot be read.
 */
uint32_t hs_code_line(struct hs_python *python, hs_addr code, int64_t offset);

/* The attribute @name in the dict or the values of the instance at @address; 0 if it has none. */
hs_addr hs_instance_attribute(struct hs_python *python, hs_addr address, const char *name);

/* Whether the object at @address is a dict, or of a class derived from it. */
bool hs_is_dict(struct hs_python *python, hs_addr address);

/* The value of a non-negative int of at most two digits (60 bits). */
bool hs_int_value(struct hs_python *python, hs_addr address, uint64_t *ret);

#endif
