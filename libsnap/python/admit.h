/* SPDX-License-Identifier: MIT */
/* admit.h: what all captures have in common before they begin. */
#ifndef HS_PYTHON_ADMIT_H
#define HS_PYTHON_ADMIT_H

#include "libsnap/memory/image.h"
#include "libsnap/python/runtime.h"

#include <heapsnap/capture.h>

/* HS_ERROR_USAGE if the options contradict each other. */
struct hs_error *hs_capture_check(const struct hs_capture_options *options) HS_MUST_CHECK;

/*
 * An image to read into, within the memory that the options allow; *@ret is owned by the caller.
 */
struct hs_error *hs_capture_image_create(const struct hs_capture_options *options,
					 struct hs_image **ret) HS_MUST_CHECK;

/*
 * The end of reading @name, with @err or without: what the limit of memory, or a full disk, has to
 * say.  @spill is released.
 */
struct hs_error *hs_capture_end_spill(struct hs_spill *spill, struct hs_error *err,
				      const char *name) HS_MUST_CHECK;

/* Hand a line of explanation to who wants it. */
void hs_capture_explain(const struct hs_capture_options *options, const char *format, ...)
	HS_PRINTF(2, 3);
void hs_capture_explain_runtime(const struct hs_capture_options *options,
				const struct hs_runtime *runtime);

/*
 * Machines that this was never tried on are read only if the user insists: HS_ERROR_UNSUPPORTED,
 * about @name, or *@untried says that it is one.
 */
struct hs_error *hs_capture_admit(const struct hs_capture_options *options,
				  const struct hs_runtime *runtime, const char *name,
				  bool *untried) HS_MUST_CHECK;

#endif
