/* SPDX-License-Identifier: MIT */
/* side.h: one of two snapshots that are compared, object by object. */
#ifndef HS_ANALYSIS_SIDE_H
#define HS_ANALYSIS_SIDE_H

#include "libsnap/analysis/classify.h"
#include "libsnap/graph/bits.h"
#include "libsnap/graph/internal.h"

#include "format/label.h"

/*
 * Objects of the earlier snapshot that the later one does not have are freed, the others of the
 * later one are new; what both have is kept.  Every object that is not kept hangs below a head:
 *
 *	kept ── head ── x ── y        head, x, y: all new, or all freed
 *	root ── head ── x
 *
 * The head is what must be explained; the rest comes and goes with it.
 */
#define HS_OPENED (HS_NONE - 1)

struct hs_side {
	struct hs_tables tables;
	const uint64_t *sizes;	/* by object, those that count */
	struct hs_graph *graph; /* forest only */
	const struct hs_forest *forest;
	/*
	 * By object, a bit: whether only roots of rank HS_ROOT_INTERNAL reach it.  Such a table of
	 * the runtime's own lists what others hold, the interned strings for example; it holds only
	 * what nothing else reaches.
	 */
	uint64_t *internal;
	uint32_t *classes;    /* numbers of names that both sides share */
	uint32_t *type_names; /* by type, the same */
	/* The object of the other side that is this one; HS_NONE: not kept; HS_OPENED: see below.
	 */
	hs_id *other;
	hs_id *head;		       /* of objects that are not kept */
	struct hs_label_cursor labels; /* of hs_side_label() */
	hs_id last_source;	       /* of hs_forest_source() */
};

/* How objects are sorted and sized. */
struct hs_sorting {
	const struct hs_classifier *const *by;
	size_t by_count;
	enum hs_size size;
};

/*
 * Make @side one of @snap, which must outlive it; names of classes and types are numbered by
 * @names.  hs_side_deinit() frees @side, also after a failure.
 */
struct hs_error *hs_side_open(struct hs_side *side, const struct hs_snapshot *snap,
			      const struct hs_sorting *sorting,
			      struct hs_strtab *names) HS_MUST_CHECK;
void hs_side_deinit(struct hs_side *side);

/* Begin anew: nothing is kept.  False if memory ran out. */
bool hs_side_forget(struct hs_side *side);

/*
 * Fill in other[] of both, of which hs_side_forget() is true: the same address and a type of the
 * same name.  False if memory ran out.
 */
bool hs_match_objects(struct hs_side *a, struct hs_side *b);

/*
 * Keep also what took the place of another: a new object of the same type, reached under the same
 * name from the same kept object or root, where the old one was freed.  A cache that is built anew
 * and then put where the old one was is the same cache.
 */
struct hs_error *hs_match_places(struct hs_side *a, struct hs_side *b) HS_MUST_CHECK;

/*
 * Fill in head[].  A dict's key goes with its value, and a weak reference with its referent, if
 * these are not kept either.
 */
bool hs_find_heads(struct hs_side *side);

/*
 * The label of reference @slot of @object: quick if the last question was about the same object,
 * as it is if they are asked in the forest's order.
 */
static inline struct hs_label hs_side_label(struct hs_side *side, hs_id object, uint32_t slot)
{
	return hs_label_at(&side->labels, side->tables.snap, object, slot);
}

/*
 * Open the few heads that account for most of what came with their class: see open.c.  What is
 * opened counts as kept, though the other side does not have it.  False if memory ran out.
 */
bool hs_open_heads(struct hs_side *side, size_t class_count);

/*
 * The object from which the forest reaches @object, HS_NONE for its starting points.  Quick if the
 * last one that was asked about has the same, as in the forest's order.
 */
hs_id hs_forest_source(struct hs_side *side, hs_id object);

/*
 * How many things the container @object has: items, or entries of a mapping; UINT64_MAX if it is no
 * container.
 */
uint64_t hs_container_length(const struct hs_side *side, hs_id object);

static inline uint32_t hs_side_type(const struct hs_side *side, hs_id object)
{
	return side->type_names[side->tables.objects->type[object]];
}

static inline hs_id hs_side_owner(const struct hs_side *side, hs_id object)
{
	return side->tables.objects->owner ? side->tables.objects->owner[object] : HS_NONE;
}

static inline bool hs_is_kept(const struct hs_side *side, hs_id object)
{
	return side->other[object] != HS_NONE;
}

static inline bool hs_is_head(const struct hs_side *side, hs_id object)
{
	return !hs_is_kept(side, object) && side->head[object] == object;
}

static inline bool hs_is_internal(const struct hs_side *side, hs_id object)
{
	return hs_bit(side->internal, object);
}

/*
 * Whether two objects are the namespaces of objects of one type, or none is.  An interpreter gives
 * the memory of a dict to the next one that is made: what was an argument's is then an instance's.
 */
static inline bool hs_owners_agree(const struct hs_side *a, hs_id before, const struct hs_side *b,
				   hs_id after)
{
	hs_id old = hs_side_owner(a, before);
	hs_id new = hs_side_owner(b, after);

	if (old == HS_NONE || new == HS_NONE)
		return old == new;
	return hs_side_type(a, old) == hs_side_type(b, new);
}

#endif
