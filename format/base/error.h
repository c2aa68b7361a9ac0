/* SPDX-License-Identifier: MIT */
/* error.h: making errors.  What others see of them is in heapsnap/error.h. */
#ifndef HS_BASE_ERROR_H
#define HS_BASE_ERROR_H

#include <heapsnap/error.h>

/* Memory ran out.  Static, so that reporting it needs none; hs_error_destroy() leaves it alone. */
extern struct hs_error hs_enomem;

/* A new error; hs_enomem if there is no memory for it.  @format without a final line feed. */
struct hs_error *hs_error_create(enum hs_error_code code, const char *format, ...) HS_PRINTF(2, 3);

/* The same, with ": " and what errno says appended. EACCES and EPERM give HS_ERROR_PERMISSION. */
struct hs_error *hs_error_errno(int errnum, const char *format, ...) HS_PRINTF(2, 3);

/* Put "context: " before the message of @err, which is consumed; the code stays. */
struct hs_error *hs_error_wrap(struct hs_error *err, const char *format, ...) HS_PRINTF(2, 3);

#endif
