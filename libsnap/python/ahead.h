/* SPDX-License-Identifier: MIT */
/* ahead.h: asking for what the next objects of the queue consist of, before they are visited. */
#ifndef HS_PYTHON_AHEAD_H
#define HS_PYTHON_AHEAD_H

#include <stddef.h>
#include <stdint.h>

struct hs_python;

enum {
	HS_AHEAD_ARRAYS = 16, /* a power of two, more than objects are looked ahead for arrays */
};

/* The array of an object that is still to be visited. */
struct hs_ahead_array {
	size_t at;	       /* the object's place in the queue; another one: it has no array */
	const uint8_t *keys;   /* in the image: keys of a dict, whose entries are the array; NULL */
	const uint8_t *words;  /* in the image: one that points to something; NULL: not here */
	unsigned int per_item; /* words, each so many one of which points to something */
};

struct hs_ahead {
	struct hs_ahead_array arrays[HS_AHEAD_ARRAYS]; /* by the place in the queue, modulo */
};

/*
 * What objects consist of is cold, and chains of it make the processor wait: ask for the parts of
 * those behind place @at of the queue, one part after the other, while that one is being visited.
 */
void hs_ahead_of(struct hs_python *python, size_t at);

#endif
