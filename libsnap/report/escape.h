/* SPDX-License-Identifier: MIT */
/* escape.h: strings of a target made harmless for where they go. */
#ifndef HS_REPORT_ESCAPE_H
#define HS_REPORT_ESCAPE_H

#include "libsnap/report/output.h"

#include <heapsnap/report.h>

/*
 * The rules, by destination.  "Unsafe" are the characters of hs_utf8_is_unsafe().
 *
 *              text           JSON              CSV
 *   unsafe     \n \r \t \x1b  \u001b            as text
 *              \u0085 \u202e  \u0085 \u202e
 *   surrogate  \ud800         \ud800            \ud800
 *   bad byte   \xff           \ufffd            \xff
 *   " and \    as they are    \" \\             field quoted, " doubled
 *   = + - @    as they are    as they are       ' put before, if first in the field
 *   others     as they are    as they are       as they are
 */

/* Append @str, escaped: for JSON without the quotes around it, for CSV as a whole field. */
void hs_escape_append(struct hs_output *out, struct hs_str str, enum hs_escape how);

/* Append @str as a JSON string, quotes included. */
void hs_escape_json(struct hs_output *out, struct hs_str str);

/*
 * Append @str escaped for text, in at most @limit columns of a terminal, ended by "…" if that cut
 * it; 0: no limit.  @out must be collecting in memory.  Returns the columns it takes.
 */
size_t hs_escape_columns(struct hs_output *out, struct hs_str str, size_t limit);

/* Columns that the text @str, escaped already, takes on a terminal. */
size_t hs_text_columns(struct hs_str str);

#endif
