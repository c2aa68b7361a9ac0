/* SPDX-License-Identifier: MIT */
/* prefetch.h: asking for memory before it is wanted. */
#ifndef HS_BASE_PREFETCH_H
#define HS_BASE_PREFETCH_H

/*
 * Have the processor fetch what lies at @at; any address will do.  gcc takes a function that does
 * nothing else for one without effects and leaves out calls of it; the empty statement keeps them.
 */
static inline void hs_prefetch(const void *at)
{
	__builtin_prefetch(at);
	__asm__ volatile("");
}

#endif
