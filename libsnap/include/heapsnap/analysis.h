/* SPDX-License-Identifier: MIT */
/* heapsnap/analysis.h: partitions and differences, as plain structs. */
#ifndef HEAPSNAP_ANALYSIS_H
#define HEAPSNAP_ANALYSIS_H

#include <heapsnap/graph.h>
#include <heapsnap/snapshot.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A way to sort objects into classes: "kind", "type", "module", "size", "site", "traceback".  The
 * names stand in one table, libsnap/analysis/classify.c.
 */
struct hs_classifier;

/* The classifier called @name (not NUL-terminated, @size bytes), NULL if there is none. */
HS_EXPORT const struct hs_classifier *hs_classifier_find(const char *name, size_t size);

/* All classifiers; *@count of them. */
HS_EXPORT const struct hs_classifier *const *hs_classifiers(size_t *count);
HS_EXPORT const char *hs_classifier_name(const struct hs_classifier *classifier);
HS_EXPORT const char *hs_classifier_summary(const struct hs_classifier *classifier);

/* Columns that @classifier needs: enum hs_column. */
HS_EXPORT uint32_t hs_classifier_columns(const struct hs_classifier *classifier);

/* Which size of an object counts. */
enum hs_size {
	HS_SIZE_SHALLOW = 0,   /* what the runtime says: HS_COLUMN_SIZE */
	HS_SIZE_ALLOCATED = 1, /* what the allocator holds for it: HS_COLUMN_ALLOCATED */
};

/* Its name, "shallow" or "allocated", and the column that it takes: enum hs_column. */
HS_EXPORT const char *hs_size_name(enum hs_size size);
HS_EXPORT uint32_t hs_size_column(enum hs_size size);

/* One class of a partition. */
struct hs_partition_row {
	struct hs_str kind; /* the class's name; names of several classifiers are joined by ", " */
	uint64_t count;	    /* objects */
	uint64_t bytes;
};

/* A partition of a snapshot's objects, by falling bytes, then falling count, then name. */
struct hs_partition {
	uint64_t objects;
	uint64_t bytes;
	enum hs_size size; /* of which all bytes are sums */
	const struct hs_classifier *const *by;
	size_t by_count;
	struct hs_partition_row *rows;
	size_t row_count;
	uint64_t gaps;		/* things the capture could not do; 0: the snapshot is complete */
	struct hs_arena *arena; /* what the rows point into */
};

/*
 * Sort the objects of @snap by @by_count classifiers at once and add up their sizes; the column
 * of @size must be there.  On success *@ret is owned by the
 * caller: hs_partition_destroy().  It does not refer to @snap any more.  HS_ERROR_FAILED with what
 * to do about it if a classifier is about sites and @snap has none.
 */
HS_EXPORT struct hs_error *hs_partition_create(const struct hs_snapshot *snap,
					       const struct hs_classifier *const *by,
					       size_t by_count, enum hs_size size,
					       struct hs_partition **ret) HS_MUST_CHECK;
HS_EXPORT void hs_partition_destroy(struct hs_partition *partition);

/* Who holds what grew. */
struct hs_holder {
	struct hs_str kind; /* of the holder */
	hs_addr address;
	struct hs_str path;  /* "module app -> _CACHE", steps for people (UTF-8 arrow) */
	struct hs_str label; /* "app._CACHE", one expression */
	uint64_t held;	     /* new objects of the suspect's kind that hang in it */
};

enum hs_verdict {
	HS_VERDICT_STABLE,
	HS_VERDICT_GROWTH,
};

/* Why something stays, as far as that can be told. */
enum hs_cause {
	HS_CAUSE_UNKNOWN,
	HS_CAUSE_CONTAINER,	 /* a container that is reached holds it */
	HS_CAUSE_LOST_REFERENCE, /* nothing seen holds it, yet its reference count says so */
	HS_CAUSE_GARBAGE,	 /* nothing holds it; it awaits a collection */
};

/* How the objects of one class changed from the first snapshot to the second. */
struct hs_diff_row {
	struct hs_str kind;
	uint64_t count[2];
	uint64_t bytes[2];
	uint64_t added;	    /* not there before */
	uint64_t freed;	    /* not there any more */
	uint64_t survived;  /* in both: same address and type, as far as seen value and owner */
	uint64_t ambiguous; /* could be survivors or replacements; 0 as long as nothing tells */
	int64_t delta_count;
	int64_t delta_bytes;
};

/*
 * A class whose growth is not explained by that of another.
 *
 * Its new objects hang in objects that were there before (or in nothing); what is new below them,
 * and what their containers grew by for their sake, is attributed to it, less the same for its
 * freed objects.  To be a suspect a class must have grown in bytes, and what is attributed to it
 * must be at least 16 KiB, 0.025 % of the later heap and 2 % of what the first suspect has.
 */
struct hs_suspect {
	const struct hs_diff_row *row;
	uint64_t attributed; /* bytes of its growth with what hangs below */
	bool held;	     /* whether holder is filled in; else reason says why not */
	struct hs_holder holder;
	struct hs_str reason;
	enum hs_cause cause;
	struct hs_str *companions; /* classes that grew along with it, hanging below it */
	size_t companion_count;
};

struct hs_diff_input {
	const char *file; /* as the user called it */
	uint64_t time_ns;
	uint64_t objects;
	uint64_t bytes;
	uint64_t resident;
	uint64_t gaps;
};

struct hs_diff {
	struct hs_diff_input input[2];
	const struct hs_classifier *const *by;
	size_t by_count;
	enum hs_size size; /* of which all bytes are sums */
	enum hs_verdict verdict;
	bool same_process;	  /* whether both are of one process, as far as can be told */
	struct hs_diff_row *rows; /* all classes that occur, by falling delta_bytes */
	size_t row_count;
	struct hs_suspect *suspects; /* by falling attributed bytes */
	size_t suspect_count;
	uint64_t explained; /* bytes: growth of the suspects with what hangs below */
	struct hs_arena *arena;
};

/*
 * Compare @a, the earlier, with @b, both with the columns ADDRESS, TYPE, EDGES, that of @size,
 * those of the classifiers, and better OWNER, which helps to name holders, FINGERPRINT, and FLAGS,
 * without which what nobody holds is not told from garbage. Objects are matched by address and
 * type; those whose values differ are not the same.  @names are the files' names for the report. On
 * success *@ret is owned by the caller: hs_diff_destroy(); it refers to neither snapshot any more.
 */
HS_EXPORT struct hs_error *hs_diff_create(const struct hs_snapshot *a, const struct hs_snapshot *b,
					  const char *const names[2],
					  const struct hs_classifier *const *by, size_t by_count,
					  enum hs_size size, struct hs_diff **ret) HS_MUST_CHECK;
HS_EXPORT void hs_diff_destroy(struct hs_diff *diff);

#ifdef __cplusplus
}
#endif

#endif
