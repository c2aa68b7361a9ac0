/* SPDX-License-Identifier: MIT */
/* huge.h: large arrays whose first touch is cheap. */
#ifndef HS_BASE_HUGE_H
#define HS_BASE_HUGE_H

#include <stddef.h>

/*
 * An array of @count elements of @size bytes (one element if @count is 0), not initialised, to be
 * given to free(); NULL if memory ran out or the size overflows.  Large arrays lie on huge pages
 * where the system has them: else the page faults of the first touch would cost more than
 * computing what is stored.
 */
void *hs_huge_alloc(size_t count, size_t size);

#endif
