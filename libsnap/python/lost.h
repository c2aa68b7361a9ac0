/* SPDX-License-Identifier: MIT */
/* lost.h: objects that no reference leads to, found through the blocks they lie in. */
#ifndef HS_PYTHON_LOST_H
#define HS_PYTHON_LOST_H

#include "libsnap/python/pymalloc.h"

/* What lies in a live block that nobody has taken. */
enum hs_content {
	HS_CONTENT_OBJECT,
	HS_CONTENT_PARKED, /* an object that was, and waits on a list to be used again */
	HS_CONTENT_OTHER,
};

/*
 * Look at the live block at @block of @pool; *@address is set to that of the object there.  It must
 * look like one in every respect: count, type, GC head, size.
 */
enum hs_content hs_block_content(struct hs_python *python, const struct hs_pool *pool,
				 hs_addr block, hs_addr *address);

/*
 * Queue what nothing else has led to but the data of the interpreter or of an extension module, as
 * roots: a variable, a struct in a small block to which one points, the interpreters' states.
 */
void hs_statics_add(struct hs_python *python);

/* Queue the objects in blocks that nobody has taken, one after the other, with all below them. */
void hs_lost_discover(struct hs_python *python, hs_progress_fn *progress, void *context);

/*
 * Take the blocks that are left: those that wait to be used again, and those to which an object of
 * a type that nobody described points.
 */
void hs_leftovers_take(struct hs_python *python);

#endif
