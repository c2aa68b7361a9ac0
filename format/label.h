/* SPDX-License-Identifier: MIT */
/* label.h: the labels of one object's references, one after the other. */
#ifndef HS_FORMAT_LABEL_H
#define HS_FORMAT_LABEL_H

#include <heapsnap/snapshot.h>

/*
 * Where hs_snapshot_label() searches an object's runs from the first one each time, this goes on
 * from the run it was at: going through all references of an object, in either direction, takes as
 * long as it has references and runs.  Zeroed memory is a cursor that is nowhere.
 */
struct hs_label_cursor {
	const struct hs_snapshot *snap;
	hs_id object;
	uint32_t run;
	uint64_t start;	  /* slot of the run's first reference */
	uint64_t length;  /* of the run */
	uint64_t rest[2]; /* length of a run of count 0 among the visible, and the others */
};

/* The label of reference @slot of @object, which has that many. */
struct hs_label hs_label_at(struct hs_label_cursor *cursor, const struct hs_snapshot *snap,
			    hs_id object, uint32_t slot);

/*
 * The keys of an object's entries.  Where values and keys take turns (HS_LABEL_ENTRY) each key is
 * beside its value.  Else the keys are a run of their own, the last of its kind, in the same order
 * as the values (HS_LABEL_ITEM, HS_LABEL_VALUE) and as many.
 */
struct hs_entry_keys {
	const hs_id *keys; /* by number of the value; NULL: there is no such run */
	uint64_t values;   /* how many values have been asked for */
};

void hs_entry_keys_init(struct hs_entry_keys *keys, const struct hs_snapshot *snap, hs_id object);

/* The key of the next value of that run; to be called for each value in turn. */
static inline hs_id hs_entry_keys_next(struct hs_entry_keys *keys)
{
	return keys->keys ? keys->keys[keys->values++] : HS_NONE;
}

#endif
