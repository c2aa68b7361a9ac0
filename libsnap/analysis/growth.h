/* SPDX-License-Identifier: MIT */
/* growth.h: which classes are to be held responsible for what grew. */
#ifndef HS_ANALYSIS_GROWTH_H
#define HS_ANALYSIS_GROWTH_H

#include "libsnap/analysis/keymap.h"
#include "libsnap/analysis/side.h"

/*
 * How growth is attributed.
 *
 * 1. The bytes of every new object go to the class of its head, those of every freed object come
 *    off the class of its head in the earlier snapshot.  Churn, as many new as freed, cancels out.
 * 2. What kept objects grew by goes to the class most objects in them belong to (a list grows for
 *    its items' sake), and to their own class if none does.  Tables that only internal roots reach
 *    (of interned strings) grow on nobody's account then.
 * 3. A class whose heads became more by more than the class as a whole did has moved rather than
 *    grown; its share is scaled down accordingly, to nothing if the class did not grow.
 */
struct hs_class_growth {
	int64_t heads; /* new ones less freed ones */
	int64_t below; /* bytes of heads and what hangs below */
	int64_t own;   /* bytes that kept objects of this class grew by on their own account */
	hs_id grown;   /* the kept one that grew most, or HS_NONE */
	int64_t grown_by;
	int64_t score; /* bytes attributed */
};

struct hs_growth {
	struct hs_side *a, *b;
	struct hs_class_growth *classes;
	size_t class_count;
	/*
	 * What hangs directly in kept containers, new less freed, by the class it is attributed to
	 * and the container as of the later snapshot: hs_site_key().
	 */
	struct hs_keymap sites;
	HS_VECTOR(int64_t) site_counts;
};

static inline uint64_t hs_site_key(uint32_t class_number, hs_id container)
{
	return (uint64_t)class_number << 32 | container;
}

/* @delta_count: by class, how many objects more there are. False if memory ran out. */
bool hs_growth_init(struct hs_growth *growth, struct hs_side *a, struct hs_side *b,
		    size_t class_count, const int64_t *delta_count);
void hs_growth_deinit(struct hs_growth *growth);

/*
 * For each class of which @wanted is set, the classes of what hangs below its heads, and by how
 * many bytes that became more: keys hs_site_key(head's class, class).
 */
struct hs_companions {
	struct hs_keymap keys;
	HS_VECTOR(int64_t) bytes;
};

bool hs_companions_init(struct hs_companions *companions, const struct hs_growth *growth,
			const uint8_t *wanted);
void hs_companions_deinit(struct hs_companions *companions);

#endif
