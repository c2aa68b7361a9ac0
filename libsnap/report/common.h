/* SPDX-License-Identifier: MIT */
/* common.h: what every report has. */
#ifndef HS_REPORT_COMMON_H
#define HS_REPORT_COMMON_H

#include "libsnap/report/model.h"

/* "coverage": how much of the truth the report can know. */
void hs_report_coverage(struct hs_report *report, uint64_t gaps);

/* The same for people: a line at the end if anything is missing. */
void hs_report_coverage_line(struct hs_report *report, uint64_t gaps);

/* @label behind two blanks for each level of @depth, up to a limit: of a row of a tree. */
struct hs_value hs_report_indented(struct hs_report *report, uint32_t depth, struct hs_str label);

/* A number of bytes that is 0 where it is not known. */
struct hs_value hs_report_known_bytes(uint64_t bytes);

/* "by": the names of the classifiers. */
void hs_report_by(struct hs_report *report, const struct hs_classifier *const *by, size_t by_count);

/* The classifiers' names joined by ", ", NUL-terminated, in the report's own memory. */
struct hs_value hs_report_classifiers(struct hs_report *report,
				      const struct hs_classifier *const *by, size_t by_count);

/* The title of a column of classes: "Kind (class / dict of class)", as guppy has it, or "Type,
 * size". */
const char *hs_report_kind_title(struct hs_report *report, const struct hs_classifier *const *by,
				 size_t by_count);

/*
 * "threads", with their frames, and "roots", all that is held without a thread; for people, if
 * @text, the threads alone.  False if memory ran out.
 */
bool hs_report_threads(struct hs_report *report, const struct hs_snapshot *snap, bool text);

#endif
