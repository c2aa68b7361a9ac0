/* SPDX-License-Identifier: MIT */
/* heapsnap/query.h: SQL over snapshots.  In libsnapsql.a, which needs SQLite; not in libsnap. */
#ifndef HEAPSNAP_QUERY_H
#define HEAPSNAP_QUERY_H

#include <heapsnap/snapshot.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Snapshots as tables of a SQLite database that cannot be written to.  Nothing is copied: rows are
 * made from the snapshots' columns as they are read.
 *
 * Tables of the first snapshot are called `objects`, `edges`, `dominators`, `types`, `roots`,
 * `threads`, `frames`, `sites`, `regions`, `extents`; of all, also of the first, `s1.objects`,
 * `s2.objects` and so on.  If there are several, `diff` has a row for each kind of object,
 * comparing the first with the last.  Look-ups by objects.id, .address and .type and by
 * edges.source and .target are fast; those by edges.target read all references once before.
 */
struct hs_query;

/*
 * @snaps were opened with all columns but, if values are not wanted, PREVIEW; at most 10 of them.
 * They must outlive *@ret, which is owned by the caller.  @names are what `diff` calls their files.
 * Errors: HS_ERROR_FAILED.  Functions of a query are for one thread at a time.
 */
bool hs_query_create(const struct hs_snapshot *const *snaps, const char *const *names, size_t count,
		     struct hs_query **ret) HS_MUST_CHECK;
void hs_query_destroy(struct hs_query *query);

enum hs_query_kind {
	HS_QUERY_NULL,
	HS_QUERY_INTEGER,
	HS_QUERY_REAL,
	HS_QUERY_TEXT, /* bytes of a target, maybe: see struct hs_str */
	HS_QUERY_BLOB,
};

struct hs_query_value {
	enum hs_query_kind kind;
	int64_t integer;
	double real;
	struct hs_str data; /* TEXT, BLOB */
};

/*
 * A row of a result.  @names, of the columns, and @values live as long as the call does.  False
 * ends the query.
 */
typedef bool hs_query_row_fn(void *context, size_t count, const char *const *names,
			     const struct hs_query_value *values);

/*
 * Run the first statement of *@sql, which is moved behind it.  False if that failed:
 * hs_query_message() says why.
 */
bool hs_query_run(struct hs_query *query, const char **sql, hs_query_row_fn *row,
		  void *context) HS_MUST_CHECK;

/* The names of the result's columns of the statement run last, also if it had no rows. */
const char *const *hs_query_columns(const struct hs_query *query, size_t *count);

/* Why the last call failed, one line; lives until the next call. */
const char *hs_query_message(const struct hs_query *query);

/* End what is being run, from a signal's handler or another thread. */
void hs_query_interrupt(struct hs_query *query);
bool hs_query_interrupted(const struct hs_query *query);

/* Whether @sql ends with a whole statement: for those who read it line by line. */
bool hs_query_complete(const char *sql);

#ifdef __cplusplus
}
#endif

#endif
