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
	/*
	 * What would go if it went: hs_graph_retained(), of shallow sizes.  Of a class it is the
	 * sum over those that no other of the class dominates: what they retain together is that at
	 * least, more if several of them hold something that nobody else does.  Of partitions
	 * alone.
	 */
	HS_SIZE_RETAINED = 2,
};

/* Its name, "shallow", "allocated", "retained", and the columns that it takes: enum hs_column. */
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
	uint64_t bytes;	   /* of all objects; of retained sizes the shallow ones */
	enum hs_size size; /* of which all bytes are sums */
	const struct hs_classifier *const *by;
	size_t by_count;
	struct hs_partition_row *rows;
	size_t row_count;
	uint64_t gaps;		/* things the capture could not do; 0: the snapshot is complete */
	struct hs_arena *arena; /* what the rows point into */
};

/*
 * Sort the objects of @snap by @by_count classifiers at once and add up their sizes; the columns
 * of @size must be there.  On success *@ret is owned by the
 * caller: hs_partition_destroy().  It does not refer to @snap any more.  HS_ERROR_FAILED with what
 * to do about it if a classifier is about sites and @snap has none.
 */
HS_EXPORT struct hs_error *hs_partition_create(const struct hs_snapshot *snap,
					       const struct hs_classifier *const *by,
					       size_t by_count, enum hs_size size,
					       struct hs_partition **ret) HS_MUST_CHECK;
HS_EXPORT void hs_partition_destroy(struct hs_partition *partition);

/*
 * By object, how many references to it @snap, opened with TYPE, FLAGS and EDGES, has that a
 * reference count would count: *@ret is owned by the caller, who frees it.
 *
 * These are the references of objects that are not weak, but for a table's in which the runtime has
 * each string once; those of roots but for modules by their names, which are in a table of modules.
 * What the object of a frame refers to is not counted for the frame once more, nor what an object
 * in the data of a program refers to for the data.
 *
 * More may be found than are counted: borrowed references, as many that a frame's stack has from
 * CPython 3.14 on, and words left over there from before; what the collector is told of twice; a
 * key that several dicts share.
 */
HS_EXPORT struct hs_error *hs_references_find(const struct hs_snapshot *snap,
					      uint64_t **ret) HS_MUST_CHECK;

/* Whether the reference count of @object is there and says anything: not of what is never freed. */
HS_EXPORT bool hs_is_counted(const struct hs_objects *objects, hs_id object);

/* One class of an audit; its objects are those that are counted: hs_is_counted(). */
struct hs_audit_row {
	struct hs_str kind;
	uint64_t objects;
	uint64_t refcount;    /* their reference counts together */
	uint64_t referenced;  /* references to them that are found */
	uint64_t unaccounted; /* what is counted and not found, object by object */
	uint64_t surplus;     /* what is found and not counted, object by object */
	uint64_t concerned;   /* objects that are counted more often than found */
	hs_addr example;      /* the object with most such; 0: none */
	uint64_t most;	      /* how many it has */
};

/*
 * Reference counts against the references that are there, by falling unaccounted, then falling
 * objects, then name.  What is not found is held by native code, in memory that is not an object's
 * or in local variables; there may be more of it than it seems, where more is found than counted.
 */
struct hs_audit {
	uint64_t objects; /* that are counted; these are sums of the rows */
	uint64_t refcount;
	uint64_t referenced;
	uint64_t unaccounted;
	uint64_t surplus;
	uint64_t uncounted; /* objects that are not */
	const struct hs_classifier *const *by;
	size_t by_count;
	struct hs_audit_row *rows;
	size_t row_count;
	uint64_t gaps;
	struct hs_arena *arena;
};

/*
 * @snap has the columns REFCOUNT, FLAGS, EDGES, TYPE, ADDRESS and those of the classifiers.  On
 * success *@ret is owned by the caller: hs_audit_destroy(); it does not refer to @snap any more.
 * HS_ERROR_FAILED if there are no reference counts in its file.
 */
HS_EXPORT struct hs_error *hs_audit_create(const struct hs_snapshot *snap,
					   const struct hs_classifier *const *by, size_t by_count,
					   struct hs_audit **ret) HS_MUST_CHECK;
HS_EXPORT void hs_audit_destroy(struct hs_audit *audit);

/* What is not known of a number. */
#define HS_UNKNOWN UINT64_MAX

/* Who holds what grew. */
struct hs_holder {
	struct hs_str kind; /* of the holder */
	hs_addr address;
	struct hs_str path;  /* "module app -> _CACHE", steps for people (UTF-8 arrow) */
	struct hs_str label; /* "app._CACHE", one expression */
	uint64_t held;	     /* new objects of the suspect's kind that hang in it */
	/* By snapshot, how many items or entries it had; HS_UNKNOWN if it was not there or is no
	 * container. */
	uint64_t *length;
};

enum hs_verdict {
	HS_VERDICT_STABLE,
	HS_VERDICT_GROWTH, /* two snapshots: it grew */
	HS_VERDICT_LEAK,   /* three or more: it grew from each to the next */
};

/* Why something stays, as far as that can be told. */
enum hs_cause {
	HS_CAUSE_UNKNOWN,
	HS_CAUSE_CONTAINER,	 /* a container that is reached holds it */
	HS_CAUSE_LOST_REFERENCE, /* nothing seen holds it, yet its reference count says so */
	HS_CAUSE_GARBAGE,	 /* nothing holds it; it awaits a collection */
};

/* How the objects of one class changed. */
struct hs_diff_row {
	struct hs_str kind;
	uint64_t *count; /* by snapshot */
	uint64_t *bytes;
	/* From the last snapshot but one to the last. */
	uint64_t added;	    /* not there before */
	uint64_t freed;	    /* not there any more */
	uint64_t survived;  /* in both: same address and type, as far as seen value and owner */
	uint64_t ambiguous; /* could be survivors or replacements; 0 as long as nothing tells */
	int64_t delta_count;
	int64_t delta_bytes;
};

/* How much something grew in a given time, on average. */
struct hs_slope {
	double count; /* objects */
	double bytes;
};

/*
 * A class whose growth is not explained by that of another.
 *
 * Its new objects hang in objects that were there before (or in nothing); what is new below them,
 * and what their containers grew by for their sake, is attributed to it, less the same for its
 * freed objects.  To be a suspect a class must have grown in bytes, and what is attributed to it
 * must be at least 16 KiB, 0.025 % of the later heap and 2 % of what the first suspect has.
 *
 * Of three snapshots and more it must have grown like that from each to the next, and what holds it
 * must, as far back as it can be followed, have become longer each time; and it must not have
 * levelled off: grown by less than an eighth of the most that it ever did, or, of four and more,
 * each time by less than the time before, and by less than a quarter of the first time in the end.
 */
struct hs_suspect {
	const struct hs_diff_row *row;
	enum hs_verdict verdict;
	uint64_t attributed;  /* bytes of its growth with what hangs below, in the last step */
	int64_t *steps;	      /* the same for each step: from each snapshot to the next */
	struct hs_slope step; /* of the class's objects, per step */
	struct hs_slope hour; /* and per hour; 0 if @timed is not set */
	bool timed;	      /* whether the times of the snapshots tell */
	bool held;	      /* whether holder is filled in; else reason says why not */
	struct hs_holder holder;
	struct hs_str reason;
	enum hs_cause cause;
	struct hs_str *companions; /* classes that grew along with it, hanging below it */
	size_t companion_count;
};

/* Why a class that grew in the last step is no suspect. */
enum hs_dismissal {
	HS_DISMISSAL_FLAT,     /* it did not grow in an earlier step, or what holds it did not */
	HS_DISMISSAL_LEVELLED, /* it grows less and less */
};

struct hs_dismissed {
	const struct hs_diff_row *row;
	enum hs_dismissal why;
	int64_t *steps; /* as of suspects */
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
	struct hs_diff_input *input; /* in the order in which they are compared */
	size_t input_count;	     /* two at least */
	const struct hs_classifier *const *by;
	size_t by_count;
	enum hs_size size; /* of which all bytes are sums */
	enum hs_verdict verdict;
	bool same_process;	  /* whether all are of one process, as far as can be told */
	struct hs_diff_row *rows; /* all classes that occur, by falling delta_bytes */
	size_t row_count;
	struct hs_suspect *suspects; /* by falling attributed bytes */
	size_t suspect_count;
	uint64_t explained; /* bytes: growth of the suspects with what hangs below, last step */
	struct hs_dismissed *dismissed;
	size_t dismissed_count;
	struct hs_arena *arena;
};

/* Snapshots that are opened one after the other; two at most are open at once. */
struct hs_diff_source {
	size_t count;		  /* two at least */
	const char *const *names; /* the files' names for the report */
	/*
	 * Open snapshot number @i with @columns (enum hs_column), or more.  May be called more than
	 * once for each.  An error is that of the comparison.
	 */
	struct hs_error *(*open)(void *context, size_t i, uint32_t columns,
				 struct hs_snapshot **ret);
	void (*close)(void *context, struct hs_snapshot *snap);
	void *context;
};

/*
 * Compare snapshots: from each to the next, and over all of them.  Objects are matched by address
 * and type; those whose values differ are not the same.  On success *@ret is owned by the caller:
 * hs_diff_destroy().
 *
 * Of each the columns ADDRESS, TYPE, EDGES, that of @size, those of the classifiers are wanted, and
 * OWNER, which helps to name holders, FINGERPRINT, and FLAGS, without which what nobody holds is
 * not told from garbage; of the last PREVIEW, too.
 */
HS_EXPORT struct hs_error *hs_diff_stream(const struct hs_diff_source *source,
					  const struct hs_classifier *const *by, size_t by_count,
					  enum hs_size size, struct hs_diff **ret) HS_MUST_CHECK;

/* The same for two that are open, @a the earlier; the result refers to neither any more. */
HS_EXPORT struct hs_error *hs_diff_create(const struct hs_snapshot *a, const struct hs_snapshot *b,
					  const char *const names[2],
					  const struct hs_classifier *const *by, size_t by_count,
					  enum hs_size size, struct hs_diff **ret) HS_MUST_CHECK;
HS_EXPORT void hs_diff_destroy(struct hs_diff *diff);

/* An object as it is listed. */
struct hs_item {
	hs_id id;
	hs_addr address;
	struct hs_str type;
	struct hs_str kind;  /* its class for the classifier "kind": "dict of app.Session" */
	struct hs_str value; /* as Python would write it; data NULL: not recorded */
	uint64_t size;	     /* bytes, as the following */
	uint64_t retained;   /* what would go if it went: hs_graph_retained() */
	hs_id held;	     /* how many objects that are, itself included */
};

/*
 * The object that a user calls @text: an address (0x7f...), or an ordinal (#123 or 123).
 * HS_ERROR_USAGE if it is neither, HS_ERROR_FAILED if @snap has no such object.
 */
HS_EXPORT struct hs_error *hs_object_find(const struct hs_snapshot *snap, const char *text,
					  hs_id *ret) HS_MUST_CHECK;

/*
 * The objects that a user calls @text: objects as for hs_object_find() and names of types, which
 * mean all objects of those, separated by commas.  A name that holds a comma is meant by it if
 * there is such a type, the longest one.  *@ret, an array of *@count of them, is owned by the
 * caller, who frees it.  HS_ERROR_FAILED if there are none of a name.
 */
HS_EXPORT struct hs_error *hs_objects_find(const struct hs_snapshot *snap, const char *text,
					   hs_id **ret, size_t *count) HS_MUST_CHECK;

/* Whether @text is written like an object, not like a type. */
HS_EXPORT bool hs_object_is_called(const char *text);

/* A reference, seen from one of its ends; @item is at the other. */
struct hs_link {
	struct hs_item item;
	struct hs_str label; /* ".name", "['key']", "[3]", "key", "[*]" */
	bool holds;	     /* hs_graph_holds() */
};

/* Why nothing dominates an object. */
enum hs_freedom {
	HS_FREEDOM_NONE,    /* something does */
	HS_FREEDOM_ROOT,    /* a root, or never freed: alive by itself */
	HS_FREEDOM_SHARED,  /* held from several sides that have nothing in common */
	HS_FREEDOM_LISTED,  /* nothing but a table of the runtime's that lists it */
	HS_FREEDOM_LOST,    /* HS_OBJECT_LOST: nobody is seen who holds it, but somebody does */
	HS_FREEDOM_GARBAGE, /* it awaits collection, with all below it */
};

/* One object, and what is around it. */
struct hs_inspection {
	struct hs_item item;
	uint64_t allocated;  /* 0: not known */
	uint64_t refcount;   /* 0: not known */
	uint64_t referenced; /* references to it that are found: hs_references_find() */
	bool counted;	     /* whether its reference count says anything: hs_is_counted() */
	uint16_t flags;	     /* enum hs_object_flag */
	bool garbage;
	enum hs_freedom freedom;
	struct hs_item dominator; /* if freedom is NONE */
	struct hs_str path;	  /* as in hs_holder; both empty if no root reaches it */
	struct hs_str label;
	/* The references by falling retained size of what they lead to, then in their order. */
	struct hs_link *refs;
	size_t ref_count;
	uint64_t ref_total;	   /* there are more if a limit was given */
	struct hs_link *referrers; /* those that hold it first, then by ordinal */
	size_t referrer_count;
	uint64_t referrer_total;
	struct hs_site *sites; /* where it was allocated, innermost first; none: not known */
	size_t site_count;
	uint64_t gaps;
	struct hs_arena *arena;
};

/*
 * Look at @object of @snap, opened with all columns, whose @graph has all parts. At most @limit
 * references and referrers are told of; 0: all.  On success *@ret is owned by the caller:
 * hs_inspection_destroy(); it refers to neither any more.
 */
HS_EXPORT struct hs_error *hs_inspection_create(const struct hs_snapshot *snap,
						const struct hs_graph *graph, hs_id object,
						size_t limit,
						struct hs_inspection **ret) HS_MUST_CHECK;
HS_EXPORT void hs_inspection_destroy(struct hs_inspection *inspection);

/* One object of the dominator tree. */
struct hs_tree_row {
	struct hs_item item;
	uint32_t depth;	     /* 0 of those that nothing dominates, or that were asked for */
	size_t parent;	     /* row number, SIZE_MAX of those at depth 0 */
	struct hs_str label; /* what it is called below its parent, or from the roots */
};

/*
 * The largest part of the dominator tree, by retained sizes: an object is there only if the one
 * above it is.  Rows come parents before children, these by falling retained size.  Namespaces do
 * not show, what they hold is their owner's.
 */
struct hs_tree {
	/* Of the snapshot, or what would go if all that is asked for went. */
	uint64_t objects;
	uint64_t bytes;
	uint64_t garbage_objects; /* of the snapshot; they are not in the tree */
	uint64_t garbage_bytes;
	struct hs_tree_row *rows;
	size_t row_count;
	uint64_t row_total; /* how many there would be with all levels, without a limit */
	uint64_t gaps;
	struct hs_arena *arena;
};

/*
 * The dominator tree of @snap with ADDRESS, TYPE, SIZE, OWNER, FLAGS, EDGES, better PREVIEW: from
 * the roots if @top_count is 0; below the object @tops[0] if that is 1; if there are more, these
 * alone.
 * @levels levels of it, 0: all, with at most @limit rows, 0: all.  @graph has all parts.  On
 * success
 * *@ret is owned by the caller: hs_tree_destroy(); it refers to none of them any more.
 */
HS_EXPORT struct hs_error *hs_tree_create(const struct hs_snapshot *snap,
					  const struct hs_graph *graph, const hs_id *tops,
					  size_t top_count, uint32_t levels, size_t limit,
					  struct hs_tree **ret) HS_MUST_CHECK;
HS_EXPORT void hs_tree_destroy(struct hs_tree *tree);

/* A way by which an object is reached. */
struct hs_way {
	enum hs_root_rank rank; /* of its root */
	struct hs_str path;	/* as in hs_holder */
	struct hs_str label;
	uint64_t steps; /* references */
};

/* One step of the shortest way; number 0 is the root's object. */
struct hs_way_step {
	uint64_t number;
	struct hs_item item; /* without retained and held */
	struct hs_str label; /* of the reference to it, of the first step that of the root */
};

/* Why an object is alive. */
struct hs_ways {
	struct hs_item item; /* without retained and held */
	/* The shortest way to it (hs_graph_path()), then by way of others that refer to it, one
	 * each, by rank, then length; those that lead over the object itself are none. */
	struct hs_way *rows;
	size_t row_count;
	uint64_t row_total; /* how many there would be without a limit */
	/* Of the first: all but the middle of a very long one, as the numbers tell. */
	struct hs_way_step *steps;
	size_t step_count;
	uint64_t gaps;
	struct hs_arena *arena;
};

/*
 * The ways to @object of @snap, which has the columns ADDRESS, TYPE, SIZE, EDGES, better OWNER and
 * PREVIEW; of @graph it takes the paths and referrers. At most @limit rows, 0: all.  On success
 * *@ret is owned by the caller: hs_ways_destroy(); it refers to neither any more.
 */
HS_EXPORT struct hs_error *hs_ways_create(const struct hs_snapshot *snap,
					  const struct hs_graph *graph, hs_id object, size_t limit,
					  struct hs_ways **ret) HS_MUST_CHECK;
HS_EXPORT void hs_ways_destroy(struct hs_ways *ways);

/* Objects of a set that are reached alike, and those that are reached by way of these. */
struct hs_merged_row {
	struct hs_str label; /* "app._CACHE[*].items"; below another row what comes behind that's */
	uint32_t depth;
	size_t parent;	/* row number, SIZE_MAX at depth 0 */
	uint64_t count; /* objects of the set at or below this place */
	uint64_t own;	/* at this place */
	uint64_t bytes; /* shallow size of those at or below */
};

/*
 * The shortest ways to many objects, those with the same names being one: a tree with counts.
 * Places in containers are [*]; a name that leads from an object to another of its type, over and
 * over, shows once, with a * behind it.
 */
struct hs_merged {
	struct hs_str name; /* of the set */
	uint64_t count;	    /* objects of the set */
	uint64_t bytes;
	uint64_t unreached; /* that no root reaches, or only over what is to be avoided */
	uint64_t unreached_bytes;
	struct hs_merged_row *rows; /* parents first, then by falling count */
	size_t row_count;
	uint64_t row_total;
	uint64_t gaps;
	struct hs_arena *arena;
};

/*
 * Merge the ways to the @count objects @set of @snap, with columns as for hs_ways_create(), of
 * whose
 * @graph it takes the paths. @name says what they are.  At most @limit rows, those of most objects;
 * 0: all.  On success *@ret is owned by the caller: hs_merged_destroy().
 */
HS_EXPORT struct hs_error *hs_merged_create(const struct hs_snapshot *snap,
					    const struct hs_graph *graph, const hs_id *set,
					    size_t count, const char *name, size_t limit,
					    struct hs_merged **ret) HS_MUST_CHECK;
HS_EXPORT void hs_merged_destroy(struct hs_merged *merged);

#ifdef __cplusplus
}
#endif

#endif
