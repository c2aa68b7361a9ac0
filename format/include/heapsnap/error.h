/* SPDX-License-Identifier: MIT */
/* heapsnap/error.h: the one error type of the library. */
#ifndef HEAPSNAP_ERROR_H
#define HEAPSNAP_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What kind of failure it was.  The values are the exit codes of the command `heapsnap`, so that
 * scripts and programs tell failures apart in the same way.
 */
enum hs_error_code {
	HS_ERROR_FAILED = 1,	  /* anything without a code of its own: I/O, memory */
	HS_ERROR_USAGE = 2,	  /* the caller asked for something that makes no sense */
	HS_ERROR_UNSUPPORTED = 3, /* not a Python process, or one that is not supported */
	HS_ERROR_PERMISSION = 4,  /* the system refused; the message names the cause */
	HS_ERROR_GONE = 5,	  /* the target ended */
	HS_ERROR_DAMAGED = 6,	  /* not a snapshot, or damaged or truncated */
	HS_ERROR_NEWER = 7,	  /* the file was made by a newer format than this build reads */
};

/*
 * A failure.  Functions that can fail return `struct hs_error *`: NULL is success, anything else
 * is owned by the caller, who must pass it on or hand it to hs_error_destroy().  An out-parameter
 * of a function that failed is untouched.
 */
struct hs_error;

#if defined(__GNUC__)
#define HS_MUST_CHECK	     __attribute__((warn_unused_result))
#define HS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define HS_EXPORT	     __attribute__((visibility("default")))
#else
#define HS_MUST_CHECK
#define HS_PRINTF(fmt, args)
#define HS_EXPORT
#endif

/* What kind of failure @err is. */
HS_EXPORT enum hs_error_code hs_error_code(const struct hs_error *err);

/*
 * One line of UTF-8 without a line feed: what was tried, on what, why it failed, what can be done.
 * Control characters that came from a target or a file are escaped.  Lives as long as @err.
 */
HS_EXPORT const char *hs_error_message(const struct hs_error *err);

/* Free @err; NULL is accepted. */
HS_EXPORT void hs_error_destroy(struct hs_error *err);

#ifdef __cplusplus
}
#endif

#endif
