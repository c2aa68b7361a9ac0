/* SPDX-License-Identifier: MIT */
/* place.h: where an object is, in words. */
#ifndef HS_ANALYSIS_PLACE_H
#define HS_ANALYSIS_PLACE_H

#include "libsnap/analysis/classify.h"

/* A path in the two forms in which it is shown. */
struct hs_place {
	struct hs_str path;  /* "module app → CACHE → [*] → items" */
	struct hs_str label; /* "app.CACHE[*].items" */
};

/*
 * Describe the path by which @graph reaches @object; *@found is false if no root does.
 *
 * The namespaces of modules, classes and instances do not show: what lies in them is an attribute
 * of their owner, and a namespace itself is called like its owner.  An index shows as a number if
 * the container is small and as [*] if one element stands for many: in large containers, and
 * everywhere from @general on (an object on the path, or HS_NONE).  The middle of very long paths
 * is left out.  The strings are in @arena.
 */
struct hs_error *hs_place_describe(const struct hs_tables *tables, const struct hs_graph *graph,
				   hs_id object, hs_id general, struct hs_arena *arena,
				   struct hs_place *ret, bool *found) HS_MUST_CHECK;

/*
 * What reference number @edge, one of @source's, is called: .name, ['key'], [3], key, +24, [*].
 * @general: one of many, [*] for any place in a container.
 */
struct hs_error *hs_place_link(const struct hs_tables *tables, hs_id source, uint64_t edge,
			       bool general, struct hs_arena *arena,
			       struct hs_str *ret) HS_MUST_CHECK;

/* What a root is called: "app", "main().local". */
struct hs_error *hs_place_root(const struct hs_tables *tables, const struct hs_root *root,
			       struct hs_arena *arena, struct hs_str *ret) HS_MUST_CHECK;

#endif
