/* SPDX-License-Identifier: MIT */
/* huge.h: large arrays whose first touch is cheap. */
#ifndef HS_BASE_HUGE_H
#define HS_BASE_HUGE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * An array of @count elements of @size bytes (one element if @count is 0), not initialised, to be
 * given to free(); NULL if memory ran out or the size overflows.  Large arrays lie on huge pages
 * where the system has them: else the page faults of the first touch would cost more than
 * computing what is stored.
 */
void *hs_huge_alloc(size_t count, size_t size);

/*
 * Make *@array, such an array or NULL, one of @count elements, of which the first @used are kept.
 * False, *@array being as before, if memory ran out.
 */
bool hs_huge_grow(void *array, size_t used, size_t count, size_t size);

#endif
