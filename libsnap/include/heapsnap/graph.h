/* SPDX-License-Identifier: MIT */
/* heapsnap/graph.h: a snapshot's references as a graph: who refers to, reaches and holds what. */
#ifndef HEAPSNAP_GRAPH_H
#define HEAPSNAP_GRAPH_H

#include <heapsnap/snapshot.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is to be known of a graph. */
enum hs_graph_part {
	HS_GRAPH_REFERRERS = 1 << 0, /* hs_graph_referrers(): 4 bytes an object, 4 a reference */
	HS_GRAPH_PATHS = 1 << 1,     /* hs_graph_parent(), hs_graph_path(): 12 bytes an object */
	/*
	 * hs_graph_dominator(), hs_graph_retained() and so on, with the referrers: 16 bytes an
	 * object more, 24 while they are made.
	 */
	HS_GRAPH_RETAINED = 1 << 2,
	HS_GRAPH_ALL = HS_GRAPH_REFERRERS | HS_GRAPH_PATHS | HS_GRAPH_RETAINED,
};

/* Zero means the default. */
struct hs_graph_options {
	uint32_t parts;	   /* enum hs_graph_part; 0: all */
	unsigned int jobs; /* threads; 0: as many as there are processors.  Results are the same */
	/* By object, what retained sizes are sums of; it must outlive the graph.  NULL: shallow
	 * sizes, HS_COLUMN_SIZE. */
	const uint64_t *sizes;
	/* Objects that paths must not lead to or over; needed for the call alone. */
	const hs_id *avoid;
	size_t avoid_count;
};

/* Immutable; it refers to the snapshot, which must outlive it. */
struct hs_graph;

/*
 * Needs HS_COLUMN_EDGES of @snap, and for HS_GRAPH_RETAINED better TYPE, OWNER and FLAGS, without
 * which less is known of what holds (below).  @options may be NULL.  On success *@ret is owned by
 * the caller.
 *
 * Errors: HS_ERROR_USAGE without the columns needed; HS_ERROR_FAILED if there are 2^32 references
 * or more and the referrers are wanted.
 */
HS_EXPORT struct hs_error *hs_graph_create(const struct hs_snapshot *snap,
					   const struct hs_graph_options *options,
					   struct hs_graph **ret) HS_MUST_CHECK;
HS_EXPORT void hs_graph_destroy(struct hs_graph *graph);

/*
 * What refers to @object: *@count objects, ascending; one that refers to it twice is there twice.
 * Owned by the graph.  Whether number @i of them holds it, hs_graph_referrer_holds() tells.
 */
HS_EXPORT const hs_id *hs_graph_referrers(const struct hs_graph *graph, hs_id object,
					  size_t *count);
HS_EXPORT bool hs_graph_referrer_holds(const struct hs_graph *graph, hs_id object, size_t i);

/*
 * What keeps what alive.
 *
 * A reference holds its target unless it is weak.  There are more that do not:
 *
 *  - those to what is at home in a module that is a root (HS_ROOT_MODULE) from elsewhere: to its
 *    namespace but for the module's own, and to a class or a function but for its namespace's, if
 *    that has it and the class is said to be of this module, or the function has the namespace for
 *    its globals.  A module is there anyway; who imports from it has no share in it, nor have all
 *    instances in their class, nor functions in all that is global to them;
 *  - those of a table in which the runtime has each string once: a root of rank HS_ROOT_INTERNAL
 *    that is a mapping of strings to themselves.  Such a string is freed with its last holder.
 *
 * Alive by themselves are the objects of roots, but for what is at home in modules, and what is
 * never freed: HS_OBJECT_IMMORTAL, HS_OBJECT_STATIC.  As every module is a root, none
 * is held by a registry, as sys.modules is, or by another that imports it.
 *
 * Garbage is what no root reaches.  It holds nothing that is alive.  What hangs together is below
 * the one that the others are reached from, one of the cycle if that is a cycle; objects with
 * HS_OBJECT_LOST, which somebody holds who is not seen, are below nothing.
 */

/* Whether reference number @edge (a position in hs_objects.edges) holds.  With REFERRERS. */
HS_EXPORT bool hs_graph_holds(const struct hs_graph *graph, uint64_t edge);

/* Whether @object is alive by itself.  With REFERRERS. */
HS_EXPORT bool hs_graph_is_entry(const struct hs_graph *graph, hs_id object);

/*
 * What follows is with HS_GRAPH_RETAINED.
 *
 * The immediate dominator of @object: the one object that every way to it leads over and that is
 * nearest to it; if that went, @object would.  HS_NONE if there is no such: it is alive by itself,
 * or several ways lead to it that have nothing in common.
 */
HS_EXPORT hs_id hs_graph_dominator(const struct hs_graph *graph, hs_id object);

/* Bytes of what would go if @object went: itself and all that it dominates; and how many objects.
 */
HS_EXPORT uint64_t hs_graph_retained(const struct hs_graph *graph, hs_id object);
HS_EXPORT hs_id hs_graph_held(const struct hs_graph *graph, hs_id object);

/* Whether no root reaches @object. */
HS_EXPORT bool hs_graph_is_garbage(const struct hs_graph *graph, hs_id object);

/*
 * The same for the @count objects @set, which may be any: what would go if all of them went at
 * once, which is more than what each of them retains if they hold something together.  Linear in
 * the size of the graph.
 */
HS_EXPORT struct hs_error *hs_graph_retained_set(const struct hs_graph *graph, const hs_id *set,
						 size_t count, uint64_t *bytes,
						 hs_id *objects) HS_MUST_CHECK;

/* What follows is with HS_GRAPH_PATHS.  The object whose reference number @edge is. */
HS_EXPORT hs_id hs_graph_edge_source(const struct hs_graph *graph, uint64_t edge);

/* What hs_graph_parent() says of an object that is itself a root, and of one nothing reaches. */
#define HS_PARENT_ROOT UINT64_MAX
#define HS_PARENT_NONE (UINT64_MAX - 1)

/*
 * The edge by which @object is first reached, breadth first, from the roots of the lowest rank that
 * reach it at all over references that are not weak; or HS_PARENT_ROOT, HS_PARENT_NONE.
 *
 * A way over fewer generic references comes before a shorter one.  These are, if the columns TYPE
 * and OWNER are there: from an instance to its class, from a function, a method or a generator to
 * the namespace of a module, and all of a frame's.
 */
HS_EXPORT uint64_t hs_graph_parent(const struct hs_graph *graph, hs_id object);

/* One step of a path. */
struct hs_step {
	hs_id object;	       /* where the step leads to */
	struct hs_label label; /* of the reference taken */
	uint64_t edge;	       /* its number, as hs_graph_parent() has it */
};

/* From a root to an object by way of hs_graph_parent(). */
struct hs_path {
	size_t root;	       /* index into the snapshot's roots */
	struct hs_step *steps; /* the first leads from the root's object; none if it is the root */
	size_t count;
};

/* The path to @object; *@found is false if nothing reaches it.  hs_path_deinit() frees it. */
HS_EXPORT struct hs_error *hs_graph_path(const struct hs_graph *graph, hs_id object,
					 struct hs_path *ret, bool *found) HS_MUST_CHECK;
HS_EXPORT void hs_path_deinit(struct hs_path *path);

#ifdef __cplusplus
}
#endif

#endif
