/* SPDX-License-Identifier: MIT */
/* vector.h: a typed array that grows. */
#ifndef HS_BASE_VECTOR_H
#define HS_BASE_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * HS_VECTOR(uint32_t) numbers = {0};
 * if (!hs_vector_push(&numbers, 7))
 *         return &hs_enomem;
 * hs_vector_deinit(&numbers);
 */
#define HS_VECTOR(type)                                                                            \
	struct {                                                                                   \
		type *data;                                                                        \
		size_t size;                                                                       \
		size_t capacity;                                                                   \
	}

/*
 * Grow *@data, an array of elements of @element bytes, so that it has room for @need of them.
 * Doubles, so that pushing is amortised constant.  False if memory ran out or the size overflows;
 * the array is then as before.
 */
static inline bool hs_vector_grow(void *data, size_t *capacity, size_t element, size_t need)
{
	size_t room = *capacity ? *capacity : 16;
	size_t bytes;
	void *old;
	void *grown;

	if (need <= *capacity)
		return true;
	while (room < need)
		if (__builtin_mul_overflow(room, (size_t)2, &room))
			return false;
	if (__builtin_mul_overflow(room, element, &bytes))
		return false;
	/* The pointer is of another type than void *: an access as such would break aliasing rules.
	 */
	memcpy(&old, data, sizeof(old));
	grown = realloc(old, bytes);
	if (!grown)
		return false;
	memcpy(data, &grown, sizeof(grown));
	*capacity = room;
	return true;
}

/* Make room for @need elements in all. */
#define hs_vector_reserve(vector, need)                                                            \
	hs_vector_grow(&(vector)->data, &(vector)->capacity, sizeof(*(vector)->data), (need))

/* Append @value; false if memory ran out. */
#define hs_vector_push(vector, value)                                                              \
	(((vector)->size < (vector)->capacity || hs_vector_reserve((vector), (vector)->size + 1))  \
		 ? ((vector)->data[(vector)->size++] = (value), true)                              \
		 : false)

#define hs_vector_deinit(vector)                                                                   \
	do {                                                                                       \
		free((vector)->data);                                                              \
		(vector)->data = NULL;                                                             \
		(vector)->size = (vector)->capacity = 0;                                           \
	} while (0)

#endif
