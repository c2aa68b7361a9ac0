/* SPDX-License-Identifier: MIT */
/* heapsnap/report.h: from an analysis to text, JSON or CSV, by way of one report model. */
#ifndef HEAPSNAP_REPORT_H
#define HEAPSNAP_REPORT_H

#include <heapsnap/analysis.h>
#include <heapsnap/capture.h>
#include <heapsnap/query.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is to be said, without how: fields, groups and tables (libsnap/report/model.h). */
struct hs_report;

HS_EXPORT void hs_report_destroy(struct hs_report *report);

/* One function per analysis; on success *@ret is owned by the caller and stands on its own. */
HS_EXPORT struct hs_error *hs_report_from_partition(const struct hs_partition *partition,
						    struct hs_report **ret) HS_MUST_CHECK;
HS_EXPORT struct hs_error *hs_report_from_audit(const struct hs_audit *audit,
						struct hs_report **ret) HS_MUST_CHECK;
HS_EXPORT struct hs_error *hs_report_from_diff(const struct hs_diff *diff,
					       struct hs_report **ret) HS_MUST_CHECK;
HS_EXPORT struct hs_error *hs_report_from_inspection(const struct hs_inspection *view,
						     struct hs_report **ret) HS_MUST_CHECK;
HS_EXPORT struct hs_error *hs_report_from_tree(const struct hs_tree *tree,
					       struct hs_report **ret) HS_MUST_CHECK;
HS_EXPORT struct hs_error *hs_report_from_ways(const struct hs_ways *ways,
					       struct hs_report **ret) HS_MUST_CHECK;
HS_EXPORT struct hs_error *hs_report_from_merged(const struct hs_merged *merged,
						 struct hs_report **ret) HS_MUST_CHECK;
/* @verbose: with the threads and their frames in text, too. */
HS_EXPORT struct hs_error *hs_report_from_info(const struct hs_snapshot *snap, bool verbose,
					       struct hs_report **ret) HS_MUST_CHECK;
/* @snap was opened from @file by hs_snapshot_verify(). */
HS_EXPORT struct hs_error *hs_report_from_verify(const struct hs_snapshot *snap, const char *file,
						 struct hs_report **ret) HS_MUST_CHECK;
HS_EXPORT struct hs_error *hs_report_from_diagnosis(const struct hs_diagnosis *diagnosis,
						    struct hs_report **ret) HS_MUST_CHECK;
HS_EXPORT struct hs_error *hs_report_from_processes(const struct hs_python_process *processes,
						    size_t count,
						    struct hs_report **ret) HS_MUST_CHECK;

/* What became of one process that was to be dumped. */
struct hs_dump_result {
	pid_t pid;
	pid_t parent;	    /* 0: not a descendant of another that was dumped */
	const char *state;  /* in a word; not copied */
	const char *reason; /* of that state, one line; NULL: none */
	const char *file;   /* NULL: nothing was written */
	uint64_t objects;
	uint64_t bytes;
	uint64_t gaps;
	uint64_t time_ns; /* when it was frozen; 0: it was not */
	uint64_t pause_ns;
};
/* @gaps: what is missing in all of them together. */
HS_EXPORT struct hs_error *hs_report_from_dump(const struct hs_dump_result *results, size_t count,
					       uint64_t gaps, struct hs_report **ret) HS_MUST_CHECK;

/*
 * The rows of a query: @column_count @values each, one row after the other.  @gaps: of all
 * snapshots that were asked.
 */
HS_EXPORT struct hs_error *hs_report_from_query(const char *const *names, size_t column_count,
						const struct hs_query_value *values,
						size_t row_count, uint64_t gaps,
						struct hs_report **ret) HS_MUST_CHECK;

enum hs_report_format {
	HS_REPORT_TEXT,
	HS_REPORT_JSON,
	HS_REPORT_CSV, /* HS_ERROR_USAGE if the report is not one table */
};

struct hs_render_options {
	enum hs_report_format format;
	bool color; /* text: use terminal colours */
	/*
	 * Most rows of the table "rows"; all else is whole.  Negative: the format's default (text
	 * 10, JSON and CSV all); 0: all.
	 */
	int64_t rows;
	unsigned int width; /* text: columns of the terminal, to fold at; 0: do not fold */
};

/* Write @report to @out.  Bytes of a target come out escaped for the format. */
HS_EXPORT struct hs_error *hs_report_render(const struct hs_report *report,
					    const struct hs_render_options *options,
					    FILE *out) HS_MUST_CHECK;

/* How a target's string is made harmless. */
enum hs_escape {
	HS_ESCAPE_TEXT, /* control characters, bidi controls, surrogates, bad UTF-8: \n \x1b \ud800
			 */
	HS_ESCAPE_JSON, /* the inside of a JSON string; lone surrogates as \ud800 */
	HS_ESCAPE_CSV,	/* a whole CSV field (RFC 4180); a leading = + - @ gets a ' before it */
};

/*
 * @str escaped, NUL-terminated, owned by the caller; NULL if memory ran out.  At most @limit bytes
 * of the result are given, ended by "…" if that cut it; 0: no limit.
 */
HS_EXPORT char *hs_escape(struct hs_str str, enum hs_escape how, size_t limit);

#ifdef __cplusplus
}
#endif

#endif
