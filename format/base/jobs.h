/* SPDX-License-Identifier: MIT */
/* jobs.h: the same work on many pieces, by several threads. */
#ifndef HS_BASE_JOBS_H
#define HS_BASE_JOBS_H

#include <heapsnap/error.h>
#include <stddef.h>

enum { HS_JOBS_MAX = 64 };

/* Do piece @piece, as thread number @job, of which only one works at a time. */
typedef struct hs_error *hs_job_fn(void *context, unsigned int job, size_t piece);

/* How many threads are worth while for @pieces: @wanted; if that is 0, processors we may use. */
unsigned int hs_jobs_count(unsigned int wanted, size_t pieces);

/*
 * Call @run for the pieces 0 .. @pieces-1, each once, by up to @jobs threads, of which the caller
 * is number 0.  After an error no further pieces are begun.  The error is that of the first piece
 * that has one, whatever the number of threads.
 */
struct hs_error *hs_jobs_run(unsigned int jobs, size_t pieces, hs_job_fn *run,
			     void *context) HS_MUST_CHECK;

#endif
