/* SPDX-License-Identifier: MIT */
/* spill.h: large arrays that lie in a file, so that memory holds only what is being used of them.
 */
#ifndef HS_BASE_SPILL_H
#define HS_BASE_SPILL_H

#include <heapsnap/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A file without a name, all of it mapped.  Whoever works on what lies there calls
 * hs_spill_relieve() now and then: if this process has come near its limit, all that is there of
 * the file is dropped from its memory.  It comes back from the file as it is touched, so pointers
 * stay good.
 */
struct hs_spill;

/*
 * @limit: bytes of resident memory that this process is to keep within.  On success *@ret is owned
 * by the caller.  HS_ERROR_FAILED if there is no such file to be had, or only one in memory.
 */
struct hs_error *hs_spill_create(uint64_t limit, struct hs_spill **ret) HS_MUST_CHECK;

/* One owner more; one less, and none: everything in it is gone.  NULL is none. */
struct hs_spill *hs_spill_share(struct hs_spill *spill);
void hs_spill_release(struct hs_spill *spill);

/* @size bytes of zeros, on pages of their own, or NULL: if the disk is full, that is kept. */
void *hs_spill_alloc(struct hs_spill *spill, size_t size);

/*
 * The same, but there is no room for any byte until hs_spill_commit() made some for the @size bytes
 * at @at; false if the disk is full.  Begins where a huge page can.
 */
void *hs_spill_reserve(struct hs_spill *spill, size_t size);
bool hs_spill_commit(struct hs_spill *spill, const void *at, size_t size);

/* Give back what came from one of these; NULL is nothing. */
void hs_spill_free(struct hs_spill *spill, void *data);

/* After how much to call it: elements of arrays, one after the other; pages here and there. */
enum { HS_SPILL_STRIDE = 1 << 16, HS_SPILL_STEPS = 1 << 5 };

/* Also of threads that work on what lies there at the same time.  @spill may be NULL. */
void hs_spill_relieve(struct hs_spill *spill);

/* Whether it came to the worst: no room on the disk, or more memory needed than the limit. */
struct hs_error *hs_spill_check(struct hs_spill *spill) HS_MUST_CHECK;
bool hs_spill_failed(const struct hs_spill *spill);

#endif
