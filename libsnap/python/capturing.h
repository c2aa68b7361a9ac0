/* SPDX-License-Identifier: MIT */
/* capturing.h: the steps of a capture, for whoever takes several at a time. */
#ifndef HS_PYTHON_CAPTURING_H
#define HS_PYTHON_CAPTURING_H

#include <heapsnap/capture.h>
#include <stdbool.h>

/* The capture of one process. */
struct hs_capturing;

enum { HS_CAPTURING_ATTEMPTS = 6 /* at a consistent image: one, and five more */ };

/*
 * Find out what process @pid runs; it is not touched.  @options must outlive *@ret, which is owned
 * by the caller.  Errors: those of hs_capture_process().
 */
struct hs_error *hs_capturing_open(pid_t pid, const struct hs_capture_options *options,
				   struct hs_capturing **ret) HS_MUST_CHECK;
void hs_capturing_destroy(struct hs_capturing *capture);

/*
 * See that there is room, @held bytes being spoken for, and take what memory is needed before it is
 * frozen.  HS_ERROR_FAILED if there is none.
 */
struct hs_error *hs_capturing_prepare(struct hs_capturing *capture, uint64_t held) HS_MUST_CHECK;

/*
 * What a fork that waits to be read may come to cost besides: a copy of each page that the target
 * writes to meanwhile, at most of all that is its own.  0 if it is to be stopped for the copy.
 */
uint64_t hs_capturing_held(const struct hs_capturing *capture);

/*
 * Freeze it: in *@taken whether that was done, which is not if the moment is a bad one, but for the
 * @last try.  @patient: wait for a collection to end.
 */
struct hs_error *hs_capturing_freeze(struct hs_capturing *capture, bool last, bool patient,
				     bool *taken) HS_MUST_CHECK;

/*
 * Make the snapshot of what was frozen; if nothing was, or if it is not consistent, it is frozen
 * anew.  Once.
 */
struct hs_error *hs_capturing_read(struct hs_capturing *capture,
				   struct hs_snapshot **ret) HS_MUST_CHECK;

/*
 * A target that ends in the middle shows as all kinds of failures: @err, which may be NULL, or the
 * error that says so instead.
 */
struct hs_error *hs_capturing_explain(const struct hs_capturing *capture,
				      struct hs_error *err) HS_MUST_CHECK;

#endif
