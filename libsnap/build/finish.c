/* SPDX-License-Identifier: MIT */
/* finish.c: from what a producer said to a checked snapshot in the specified order. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/order.h"
#include "libsnap/build/builder.h"
#include <inttypes.h>

static struct hs_error *misuse_error(enum hs_build_misuse misuse)
{
	const char *what = "";

	switch (misuse) {
	case HS_BUILD_FINE:
		return NULL;
	case HS_BUILD_BAD_STRING:
		what = "a run names a string that does not exist";
		break;
	case HS_BUILD_BAD_SHAPE:
		what = "a shape has two runs that take the rest, or hides more runs than it has";
		break;
	case HS_BUILD_BAD_KIND:
		what = "a kind of label or value, strength, role or rank does not exist";
		break;
	case HS_BUILD_NO_SITE:
		what = "an object or a site names a site that does not exist";
		break;
	case HS_BUILD_NO_OBJECT:
		what = "a reference or value was added before the first object";
		break;
	case HS_BUILD_TOO_MANY:
		what = "there are more objects, types or shapes than 32 bits can number";
		break;
	case HS_BUILD_SPENT:
		what = "it was finished before";
		break;
	}
	return hs_error_create(HS_ERROR_FAILED, "building a snapshot: %s", what);
}

struct resolver {
	hs_build_resolve_fn *resolve; /* or NULL */
	void *context;
	uint32_t count; /* objects */
	struct hs_spill *spill;
};

/* Turn @keys into numbers below the count; @what is for the message. */
static struct hs_error *resolve_all(const struct resolver *resolver, uint32_t *keys, size_t count,
				    const char *what)
{
	for (size_t from = 0; from < count; from += HS_SPILL_STRIDE) {
		size_t end = count - from < HS_SPILL_STRIDE ? count : from + HS_SPILL_STRIDE;

		if (resolver->resolve)
			resolver->resolve(resolver->context, keys + from, end - from);
		for (size_t i = from; i < end; i++)
			if (keys[i] >= resolver->count)
				return hs_error_create(
					HS_ERROR_FAILED,
					"building a snapshot: %s %zu names no object", what, i);
		hs_spill_relieve(resolver->spill);
	}
	return NULL;
}

/*
 * The same for every HS_NONE-able field: @keys are the @count fields @stride bytes apart.  Those
 * that are HS_NONE stay so and are not shown to the producer.
 */
static struct hs_error *resolve_some(const struct resolver *resolver, void *first, size_t count,
				     size_t stride, const char *what)
{
	enum { PIECE = 1024 };
	uint32_t *fields[PIECE];
	uint32_t keys[PIECE];
	size_t filled = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t *field = (uint32_t *)((char *)first + i * stride);

		if (*field != HS_NONE) {
			fields[filled] = field;
			keys[filled++] = *field;
		}
		if (filled == PIECE || (filled && i + 1 == count)) {
			struct hs_error *err = resolve_all(resolver, keys, filled, what);

			if (err)
				return err;
			while (filled) {
				filled--;
				*fields[filled] = keys[filled];
			}
		}
		if (i % HS_SPILL_STRIDE == 0)
			hs_spill_relieve(resolver->spill);
	}
	return NULL;
}

static struct hs_error *resolve_keys(struct hs_build *build, const struct resolver *resolver)
{
	struct hs_columns *c = &build->snap->columns;
	struct hs_error *err;

	err = resolve_all(resolver, c->edges, build->edge_count, "reference");
	if (!err)
		err = resolve_some(resolver, c->owner, build->object_count, sizeof(*c->owner),
				   "owner");
	if (!err && build->types.size)
		err = resolve_some(resolver, &build->types.data->object, build->types.size,
				   sizeof(*build->types.data), "type");
	if (!err && build->extents.size)
		err = resolve_some(resolver, &build->extents.data->owner, build->extents.size,
				   sizeof(*build->extents.data), "extent");
	if (!err && build->roots.size)
		err = resolve_some(resolver, &build->roots.data->object, build->roots.size,
				   sizeof(*build->roots.data), "root");
	for (size_t i = 0; !err && i < build->roots.size; i++)
		if (build->roots.data[i].object == HS_NONE)
			err = hs_error_create(HS_ERROR_FAILED,
					      "building a snapshot: root %zu names no object", i);
	return err;
}

static struct hs_error *check_links(const struct hs_build *build)
{
	for (size_t i = 0; i < build->frames.size; i++)
		if (build->frames.data[i].thread >= build->threads.size)
			return hs_error_create(HS_ERROR_FAILED,
					       "building a snapshot: frame %zu has no thread", i);
	for (size_t i = 0; i < build->roots.size; i++) {
		const struct hs_root *root = &build->roots.data[i];

		if ((root->thread != HS_NONE && root->thread >= build->threads.size) ||
		    (root->frame != HS_NONE && root->frame >= build->frames.size))
			return hs_error_create(
				HS_ERROR_FAILED,
				"building a snapshot: root %zu has no such thread or frame", i);
	}
	return NULL;
}

static struct hs_error *misfit(const struct hs_build *build, uint32_t object)
{
	const struct hs_columns *c = &build->snap->columns;
	uint32_t type = c->type[object];
	uint64_t degree = c->first_edge[object + 1] - c->first_edge[object];

	if (type >= build->types.size)
		return hs_error_create(HS_ERROR_FAILED,
				       "building a snapshot: object 0x%" PRIx64 " has no type",
				       c->address[object]);
	return hs_error_create(HS_ERROR_FAILED,
			       "building a snapshot: object 0x%" PRIx64 " of type %.*s has %" PRIu64
			       " references, %" PRIu32
			       " of them visible: that does not fit its shape",
			       c->address[object], (int)build->types.data[type].name.size,
			       build->types.data[type].name.data, degree, c->visible[object]);
}

/* Check that types and shapes exist and that shapes fit the references. */
static struct hs_error *check_objects(const struct hs_build *build)
{
	const struct hs_columns *c = &build->snap->columns;

	_cleanup_free_ struct hs_shape_bounds *bounds =
		calloc(build->shapes.size + 1, sizeof(*bounds));
	if (!bounds)
		return &hs_enomem;
	for (size_t i = 0; i < build->shapes.size; i++)
		bounds[i] = hs_shape_bounds(&build->shapes.data[i]);
	for (uint32_t i = 0; i < build->object_count; i++) {
		if (i % HS_SPILL_STRIDE == 0)
			hs_spill_relieve(c->spill);
		if (c->type[i] >= build->types.size || c->shape[i] >= build->shapes.size ||
		    !hs_shape_fits(&bounds[c->shape[i]], c->first_edge[i + 1] - c->first_edge[i],
				   c->visible[i]))
			return misfit(build, i);
	}
	return NULL;
}

/* Bring a column of @c into the order of @order; NULL: it is in order, or there is none. */
#define PERMUTE(name, type)                                                                        \
	static bool permute_##name(const struct hs_columns *c, type **column, const hs_id *order,  \
				   size_t count)                                                   \
	{                                                                                          \
		type *ret;                                                                         \
                                                                                                   \
		if (!*column || !order)                                                            \
			return true;                                                               \
		ret = hs_columns_alloc(c, count, sizeof(*ret));                                    \
		if (!ret)                                                                          \
			return false;                                                              \
		for (size_t from = 0; from < count; from += HS_SPILL_STEPS) {                      \
			for (size_t i = from; i < count && i < from + HS_SPILL_STEPS; i++)         \
				ret[i] = (*column)[order[i]];                                      \
			hs_spill_relieve(c->spill);                                                \
		}                                                                                  \
		hs_columns_free(c, *column);                                                       \
		*column = ret;                                                                     \
		return true;                                                                       \
	}

PERMUTE(u8, uint8_t)
PERMUTE(u16, uint16_t)
PERMUTE(u32, uint32_t)
PERMUTE(u64, uint64_t)

static bool permute_objects(struct hs_columns *c, const hs_id *order, size_t count)
{
	return permute_u64(c, &c->address, order, count) &&
	       permute_u32(c, &c->type, order, count) &&
	       permute_u64(c, &c->refcount, order, count) &&
	       permute_u16(c, &c->flags, order, count) && permute_u32(c, &c->owner, order, count) &&
	       permute_u32(c, &c->shape, order, count) && permute_u32(c, &c->visible, order, count);
}

/* The columns that nothing depends on: laid out only now, for they take more memory so. */
static bool settle_rest(struct hs_build *build, const hs_id *order)
{
	struct hs_columns *c = &build->snap->columns;
	size_t count = build->object_count;

	return hs_build_lay_out_size(build) && hs_build_lay_out_allocated(build) &&
	       permute_u64(c, &c->size, order, count) &&
	       permute_u64(c, &c->allocated, order, count) && hs_build_lay_out_generation(build) &&
	       permute_u8(c, &c->generation, order, count) && hs_build_lay_out_fingerprint(build) &&
	       permute_u64(c, &c->fingerprint, order, count) && hs_build_lay_out_site(build) &&
	       permute_u32(c, &c->site, order, count);
}

/* Bring the references into the new order of their sources and renumber their targets. */
static bool permute_edges(struct hs_columns *c, const hs_id *order, const hs_id *rank, size_t count,
			  size_t edge_count)
{
	uint64_t *first = hs_columns_alloc(c, count + 1, sizeof(*first));
	hs_id *edges = hs_columns_alloc(c, edge_count, sizeof(*edges));
	uint64_t out = 0;

	if (!first || !edges) {
		hs_columns_free(c, first);
		hs_columns_free(c, edges);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t end = c->first_edge[order[i] + 1];

		first[i] = out;
		for (uint64_t edge = c->first_edge[order[i]]; edge < end; edge++)
			edges[out++] = rank[c->edges[edge]];
		if (i % HS_SPILL_STEPS == 0)
			hs_spill_relieve(c->spill);
	}
	first[count] = out;
	hs_columns_free(c, c->first_edge);
	hs_columns_free(c, c->edges);
	c->first_edge = first;
	c->edges = edges;
	return true;
}

/* Renumber everything so that object @order[i] becomes object i. */
static bool renumber(struct hs_build *build, const hs_id *order)
{
	struct hs_columns *c = &build->snap->columns;
	uint32_t count = build->object_count;

	_cleanup_free_ hs_id *rank = hs_huge_alloc(count, sizeof(*rank));
	if (!rank)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		rank[order[i]] = i;
		if (i % HS_SPILL_STRIDE == 0)
			hs_spill_relieve(c->spill);
	}
	if (!permute_edges(c, order, rank, count, build->edge_count) ||
	    !permute_objects(c, order, count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (c->owner[i] != HS_NONE)
			c->owner[i] = rank[c->owner[i]];
		if (i % HS_SPILL_STRIDE == 0)
			hs_spill_relieve(c->spill);
	}
	for (size_t i = 0; i < build->roots.size; i++)
		build->roots.data[i].object = rank[build->roots.data[i].object];
	for (size_t i = 0; i < build->types.size; i++)
		if (build->types.data[i].object != HS_NONE)
			build->types.data[i].object = rank[build->types.data[i].object];
	for (size_t i = 0; i < build->snap->previews.rows.size; i++)
		build->snap->previews.rows.data[i].object =
			rank[build->snap->previews.rows.data[i].object];
	for (size_t i = 0; i < build->extents.size; i++)
		if (build->extents.data[i].owner != HS_NONE)
			build->extents.data[i].owner = rank[build->extents.data[i].owner];
	return true;
}

static struct hs_error *order_objects(struct hs_build *build)
{
	const struct hs_columns *c = &build->snap->columns;
	struct hs_order_graph graph = {
		.count = build->object_count,
		.address = c->address,
		.first_edge = c->first_edge,
		.edges = c->edges,
		.roots = build->roots.data,
		.root_count = build->roots.size,
		.spill = c->spill,
	};
	_cleanup_free_ hs_id *order = NULL;
	bool identity;
	struct hs_error *err;

	err = hs_order_compute(&graph, &identity, &order);
	if (err)
		return err;
	if (!identity && !renumber(build, order))
		return &hs_enomem;
	return settle_rest(build, identity ? NULL : order) ? NULL : &hs_enomem;
}

/* Copy the vector into the arena as the snapshot's table. */
#define KEEP(build, vector, table, number)                                                         \
	((build)->snap->number = (__typeof__((build)->snap->number))(build)->vector.size,          \
	 (build)->snap->table =                                                                    \
		 hs_arena_copy((build)->snap->arena, (build)->vector.data,                         \
			       (build)->vector.size * sizeof(*(build)->vector.data)))

static bool keep_tables(struct hs_build *build)
{
	struct hs_snapshot *snap = build->snap;

	snap->info = build->info;
	snap->info.gap_count = build->gaps.size;
	snap->info.gaps = hs_arena_copy(snap->arena, build->gaps.data,
					build->gaps.size * sizeof(*build->gaps.data));
	return snap->info.gaps && KEEP(build, strings.strings, strings, string_count) &&
	       KEEP(build, types, types, type_count) && KEEP(build, shapes, shapes, shape_count) &&
	       KEEP(build, roots, roots, root_count) &&
	       KEEP(build, threads, threads, thread_count) &&
	       KEEP(build, frames, frames, frame_count) &&
	       KEEP(build, regions, regions, region_count) &&
	       KEEP(build, extents, extents, extent_count) &&
	       KEEP(build, collectors, collectors, collector_count) &&
	       KEEP(build, sites, sites, site_count);
}

static bool index_previews(struct hs_build *build)
{
	struct hs_previews *previews = &build->snap->previews;

	build->snap->has_previews = previews->rows.size != 0;
	return !build->snap->has_previews || hs_previews_index(previews, build->object_count);
}

/* Strings nobody set are the empty string, not NULL. */
static void fill_info(struct hs_build *build)
{
	struct hs_str empty = build->strings.strings.data[0];
	struct hs_str *fields[] = {&build->info.runtime, &build->info.version, &build->info.boot_id,
				   &build->info.mode, &build->info.reason};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!fields[i]->data)
			*fields[i] = empty;
}

struct hs_error *hs_build_finish(struct hs_build *build, hs_build_resolve_fn *resolve,
				 void *context, struct hs_snapshot **ret)
{
	struct resolver resolver = {.resolve = resolve, .context = context};
	struct hs_error *err;

	if (!build->snap)
		return misuse_error(HS_BUILD_SPENT);
	if (build->failed)
		return &hs_enomem;
	if (build->misuse != HS_BUILD_FINE)
		return misuse_error(build->misuse);
	if (!hs_build_close_columns(build))
		return &hs_enomem;
	resolver.count = build->object_count;
	resolver.spill = build->snap->columns.spill;
	err = resolve_keys(build, &resolver);
	if (!err)
		err = check_links(build);
	if (!err)
		err = check_objects(build);
	if (!err && !hs_build_mark_lost(build))
		err = &hs_enomem;
	if (!err)
		err = order_objects(build);
	if (err)
		return err;
	fill_info(build);
	if (!keep_tables(build) || !index_previews(build))
		return &hs_enomem;
	hs_snapshot_publish(build->snap, build->object_count, build->edge_count);
	*ret = hs_steal(build->snap);
	return NULL;
}
