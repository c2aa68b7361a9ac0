/* SPDX-License-Identifier: MIT */
/* classify.h: what a classifier is, and numbering objects by their classes. */
#ifndef HS_ANALYSIS_CLASSIFY_H
#define HS_ANALYSIS_CLASSIFY_H

#include "format/base/arena.h"
#include "format/base/strtab.h"

#include <heapsnap/analysis.h>

/* A snapshot's tables at hand. */
struct hs_tables {
	const struct hs_snapshot *snap;
	const struct hs_objects *objects;
	const struct hs_type *types;
	const struct hs_site *sites;
	uint32_t site_count;
};

struct hs_tables hs_tables_of(const struct hs_snapshot *snap);

static inline enum hs_role hs_tables_role(const struct hs_tables *tables, hs_id object)
{
	return tables->types[tables->objects->type[object]].role;
}

/* Whether @objects has those of @columns (enum hs_column) that every file has. */
bool hs_has_columns(const struct hs_objects *objects, uint32_t columns);

/*
 * A way to sort objects into classes.  To add a classifier:
 *
 *   1. write its two functions in classify.c and add a row to the table there;
 *   2. test it in tests/unit/analysis/test_classify.c;
 *   3. name it in the README's list for --by.
 */
struct hs_classifier {
	const char *name;
	const char *summary;
	uint32_t columns; /* enum hs_column */
	bool needs_sites; /* says nothing of snapshots without sites */
	/* The key of an object's class.  Classes with equal names may have several keys. */
	uint64_t (*class_of)(const struct hs_tables *tables, hs_id object);
	/* The name of the class with key @key; in @arena if it has to be made. */
	bool (*class_name)(const struct hs_tables *tables, uint64_t key, struct hs_arena *arena,
			   struct hs_str *ret);
};

/*
 * Whether @snap, called @name in messages, has what the classifiers need beyond columns:
 * HS_ERROR_FAILED with what to do about it if not.
 */
struct hs_error *hs_classifiers_check(const struct hs_snapshot *snap, const char *name,
				      const struct hs_classifier *const *by,
				      size_t by_count) HS_MUST_CHECK;

/*
 * Number the objects of @snap by the names of their classes: *@ret, an array of as many numbers of
 * @names as there are objects, is owned by the caller, who frees it.  Several snapshots may be
 * numbered by the same @names.
 *
 * Errors: HS_ERROR_USAGE if @snap was opened without a column that is needed.
 */
struct hs_error *hs_classify(const struct hs_snapshot *snap, const struct hs_classifier *const *by,
			     size_t by_count, struct hs_strtab *names,
			     uint32_t **ret) HS_MUST_CHECK;

#define _cleanup_strtab_ __attribute__((cleanup(hs_strtab_deinit)))

#endif
