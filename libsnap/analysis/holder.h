/* SPDX-License-Identifier: MIT */
/* holder.h: which container holds the new objects of a class. */
#ifndef HS_ANALYSIS_HOLDER_H
#define HS_ANALYSIS_HOLDER_H

#include "libsnap/analysis/growth.h"

/* References from kept containers to heads of the classes asked about. */
struct hs_holders {
	struct hs_growth *growth;
	const uint8_t *wanted;	   /* per class: whether it is asked about */
	struct hs_keymap keys;	   /* hs_site_key(class, container of the later snapshot) */
	HS_VECTOR(int64_t) counts; /* referred to now, less referred to before */
};

/* Count the references to heads of each class of which @wanted, which must outlive it, is set. */
struct hs_error *hs_holders_init(struct hs_holders *holders, struct hs_growth *growth,
				 const uint8_t *wanted) HS_MUST_CHECK;
void hs_holders_deinit(struct hs_holders *holders);

/*
 * Find out who holds the new objects of class @class_number and fill in the holder of @suspect, or
 * the reason why there is none; *@object is the holder, of the later snapshot, or HS_NONE.  Strings
 * are in @arena.
 *
 * It is the kept container with most references to them.  If that has not even half of them, each
 * hangs in a container of its own: then it is the nearest object above that has, and the label
 * says [*] for the many.  If it is a namespace that refers to one of them alone, and by name, then
 * it is that one, with all the others below it.
 */
struct hs_error *hs_holder_find(const struct hs_holders *holders, uint32_t class_number,
				struct hs_arena *arena, struct hs_suspect *suspect,
				hs_id *object) HS_MUST_CHECK;

#endif
