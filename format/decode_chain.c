/* SPDX-License-Identifier: MIT */
/* decode_chain.c: a snapshot's objects from those of its base and what differs. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/chain.h"
#include "format/order.h"
#include <inttypes.h>

static struct hs_error *damaged(const struct hs_file_image *image, const char *what)
{
	return hs_error_create(HS_ERROR_DAMAGED,
			       "damaged at byte %" PRIu64 ": what differs from the base %s",
			       image->sections[0].offset, what);
}

/* Read @count numbers of column @name; zeros if it is not there. */
static struct hs_error *read_values(const struct hs_section_view *view,
				    struct hs_inflater *inflater, const char *name,
				    enum hs_codec codec, uint64_t *values, size_t count)
{
	const struct hs_stored_column *column = hs_section_column(view, name);
	struct hs_cursor cursor;
	struct hs_error *err;
	bool whole;

	if (!column)
		return NULL;
	if (column->codec != (uint64_t)codec)
		return hs_column_damaged(view, column, "has a codec that does not exist");
	err = hs_column_inflate(view, column, inflater, &cursor);
	if (err)
		return err;
	whole = codec == HS_CODEC_DELTA ? hs_decode_delta(cursor, values, count)
					: hs_decode_varint(cursor, values, count);
	return whole ? NULL : hs_column_damaged(view, column, "has malformed values");
}

/* Read which of the base's objects changed and which are gone. */
static struct hs_error *read_changes(const struct hs_section_view *view,
				     struct hs_inflater *inflater, struct hs_chain *chain)
{
	const struct hs_stored_column *column = hs_section_column(view, "object");
	uint64_t bound = chain->base->objects.count;
	uint64_t count = 0;
	struct hs_error *err = hs_section_uint(view, "rows", &count);

	if (err)
		return err;
	if (count > bound || (count && (!column || column->raw < count)))
		return hs_section_damaged(view, "has an impossible number of objects");
	_cleanup_free_ uint64_t *objects = calloc((size_t)count + 1, sizeof(*objects));
	_cleanup_free_ uint64_t *gone = calloc((size_t)count + 1, sizeof(*gone));
	chain->changed = calloc((size_t)count + 1, sizeof(*chain->changed));
	chain->removed = calloc((size_t)count + 1, sizeof(*chain->removed));
	if (!objects || !gone || !chain->changed || !chain->removed)
		return &hs_enomem;
	err = read_values(view, inflater, "object", HS_CODEC_DELTA, objects, (size_t)count);
	if (!err)
		err = read_values(view, inflater, "gone", HS_CODEC_VARINT, gone, (size_t)count);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		if (objects[i] >= bound || (i && objects[i] <= objects[i - 1]) || gone[i] > 1)
			return hs_section_damaged(view, "has values out of range");
		if (gone[i])
			chain->removed[chain->removed_count++] = (hs_id)objects[i];
		else
			chain->changed[chain->changed_count++] = (hs_id)objects[i];
	}
	return NULL;
}

struct hs_error *hs_chain_read(const struct hs_file_image *image, struct hs_inflater *inflater,
			       struct hs_chain *chain)
{
	struct hs_section_view view;
	struct hs_error *err;
	size_t at = 0;

	while (at < image->count && image->sections[at].kind != HS_SECTION_BASE)
		at++;
	if (at == image->count)
		return damaged(image, "is missing");
	err = hs_section_view_init(image, at, 0, &view);
	if (!err)
		err = read_changes(&view, inflater, chain);
	if (!err)
		err = hs_section_uint(&view, "listed", &chain->listed);
	if (!err)
		err = hs_section_uint(&view, "listed_edges", &chain->listed_edges);
	if (err)
		return err;
	if (chain->listed < chain->changed_count ||
	    chain->listed >= HS_NONE - (uint64_t)chain->base->objects.count)
		return hs_section_damaged(&view, "has an impossible number of objects");
	return NULL;
}

/* Where an object comes from. */
struct origin {
	hs_id base;   /* ordinal; HS_NONE: it is new */
	hs_id listed; /* number; HS_NONE: it is as it was */
};

/*
 * The snapshot being made.  Its objects are numbered in the order of the base, new ones behind
 * them, until their ordinals are known.
 */
struct merge {
	const struct hs_chain *chain;
	const struct hs_file_image *image;
	const struct hs_objects *base;
	const struct hs_objects *listed;
	struct hs_snapshot *snap;
	size_t count;
	size_t survivors;
	struct origin *origins; /* by number */
	hs_id *place;		/* by base ordinal: number; HS_NONE: it is gone */
	uint64_t *first_edge;	/* by number */
	hs_id *edges;
	hs_id *order;	 /* by ordinal: number; NULL: they are the same */
	hs_id *ordinals; /* by number */
};

static void merge_deinit(struct merge *merge)
{
	free(merge->origins);
	free(merge->place);
	free(merge->first_edge);
	free(merge->edges);
	free(merge->order);
	free(merge->ordinals);
}

/* The number of the object with @identity; HS_NONE if there is none. */
static hs_id number_of(const struct merge *merge, uint64_t identity)
{
	const struct hs_chain *chain = merge->chain;

	if (identity < chain->changed_count)
		return merge->place[chain->changed[identity]];
	if (identity < chain->listed)
		return (hs_id)(merge->survivors + (identity - chain->changed_count));
	if (identity - chain->listed < merge->base->count)
		return merge->place[identity - chain->listed];
	return HS_NONE;
}

/* Number the objects. */
static struct hs_error *number_objects(struct merge *merge, uint64_t expected)
{
	const struct hs_chain *chain = merge->chain;
	size_t added = (size_t)chain->listed - chain->changed_count;
	size_t removed = 0;
	size_t changed = 0;

	merge->survivors = merge->base->count - chain->removed_count;
	merge->count = merge->survivors + added;
	if (merge->count != expected)
		return damaged(merge->image, "does not give as many objects as the header says");
	merge->origins = hs_huge_alloc(merge->count, sizeof(*merge->origins));
	merge->place = hs_huge_alloc(merge->base->count, sizeof(*merge->place));
	if (!merge->origins || !merge->place)
		return &hs_enomem;
	for (hs_id i = 0; i < merge->base->count; i++) {
		struct origin *origin = &merge->origins[i - removed];

		if (removed < chain->removed_count && chain->removed[removed] == i) {
			merge->place[i] = HS_NONE;
			removed++;
			continue;
		}
		merge->place[i] = (hs_id)(i - removed);
		*origin = (struct origin){.base = i, .listed = HS_NONE};
		if (changed < chain->changed_count && chain->changed[changed] == i)
			origin->listed = (hs_id)changed++;
	}
	for (size_t i = 0; i < added; i++)
		merge->origins[merge->survivors + i] = (struct origin){
			.base = HS_NONE, .listed = (hs_id)(chain->changed_count + i)};
	return NULL;
}

/* Whether an object's shape and references are those that it has in the base. */
static bool keeps_references(const struct merge *merge, struct origin origin)
{
	return origin.listed == HS_NONE || !merge->listed->shape[origin.listed];
}

static struct hs_error *sum_edges(struct merge *merge, uint64_t expected)
{
	uint64_t total = 0;

	merge->first_edge = hs_huge_alloc(merge->count + 1, sizeof(*merge->first_edge));
	if (!merge->first_edge)
		return &hs_enomem;
	for (size_t i = 0; i < merge->count; i++) {
		struct origin origin = merge->origins[i];
		bool kept = keeps_references(merge, origin);
		const uint64_t *first = kept ? merge->base->first_edge : merge->listed->first_edge;
		hs_id at = kept ? origin.base : origin.listed;

		if (at == HS_NONE)
			return damaged(merge->image, "has a new object without a shape");
		merge->first_edge[i] = total;
		total += first[at + 1] - first[at];
	}
	merge->first_edge[merge->count] = total;
	if (total != expected)
		return damaged(merge->image, "does not give as many references as the header says");
	merge->edges = hs_huge_alloc((size_t)total, sizeof(*merge->edges));
	return merge->edges ? NULL : &hs_enomem;
}

/* All references, by number. */
static struct hs_error *merge_edges(struct merge *merge, uint64_t expected)
{
	struct hs_error *err = sum_edges(merge, expected);
	hs_id gone = 0;

	for (size_t i = 0; !err && i < merge->count; i++) {
		struct origin origin = merge->origins[i];
		uint64_t count = merge->first_edge[i + 1] - merge->first_edge[i];
		hs_id *out = merge->edges + merge->first_edge[i];
		const hs_id *edges;

		if (keeps_references(merge, origin)) {
			edges = merge->base->edges + merge->base->first_edge[origin.base];
			for (uint64_t j = 0; j < count; j++)
				gone |= (out[j] = merge->place[edges[j]]) == HS_NONE;
		} else {
			edges = merge->listed->edges + merge->listed->first_edge[origin.listed];
			for (uint64_t j = 0; j < count; j++)
				gone |= (out[j] = number_of(merge, edges[j])) == HS_NONE;
		}
	}
	return !err && gone ? damaged(merge->image, "refers to objects that are not there") : err;
}

/* In tables, from identities to numbers; false if one of them names nothing. */
static bool number_tables(const struct merge *merge)
{
	struct hs_snapshot *snap = merge->snap;
	struct hs_type *types = (struct hs_type *)(uintptr_t)snap->types;
	struct hs_root *roots = (struct hs_root *)(uintptr_t)snap->roots;
	struct hs_extent *extents = (struct hs_extent *)(uintptr_t)snap->extents;

	for (size_t i = 0; i < snap->root_count; i++)
		if ((roots[i].object = number_of(merge, roots[i].object)) == HS_NONE)
			return false;
	for (size_t i = 0; i < snap->type_count; i++)
		if (types[i].object != HS_NONE &&
		    (types[i].object = number_of(merge, types[i].object)) == HS_NONE)
			return false;
	for (size_t i = 0; i < snap->extent_count; i++)
		if (extents[i].owner != HS_NONE &&
		    (extents[i].owner = number_of(merge, extents[i].owner)) == HS_NONE)
			return false;
	return true;
}

/* From numbers to ordinals, also where the tables' columns were kept. */
static void renumber_tables(const struct merge *merge)
{
	struct hs_snapshot *snap = merge->snap;
	struct hs_type *types = (struct hs_type *)(uintptr_t)snap->types;
	struct hs_root *roots = (struct hs_root *)(uintptr_t)snap->roots;
	struct hs_extent *extents = (struct hs_extent *)(uintptr_t)snap->extents;

	for (size_t i = 0; i < snap->root_count; i++)
		roots[i].object = merge->ordinals[roots[i].object];
	for (size_t i = 0; i < snap->type_count; i++)
		if (types[i].object != HS_NONE)
			types[i].object = merge->ordinals[types[i].object];
	for (size_t i = 0; i < snap->extent_count; i++)
		if (extents[i].owner != HS_NONE)
			extents[i].owner = merge->ordinals[extents[i].owner];
	for (size_t i = 0; snap->raw && i < snap->raw->columns.size; i++) {
		struct hs_raw_column *column = &snap->raw->columns.data[i];
		struct hs_reference reference = hs_row_reference(column->group, column->name, 0);

		if (reference.to != HS_REFERS_OBJECT)
			continue;
		for (size_t j = 0; j < column->count; j++)
			if (!reference.optional || column->values[j])
				column->values[j] =
					merge->ordinals[number_of(
						merge, column->values[j] - reference.optional)] +
					(uint64_t)reference.optional;
	}
}

/* Find out the objects' ordinals. */
static struct hs_error *order_objects(struct merge *merge)
{
	_cleanup_free_ hs_addr *address = hs_huge_alloc(merge->count, sizeof(*address));
	struct hs_order_graph graph = {
		.count = (hs_id)merge->count,
		.address = address,
		.first_edge = merge->first_edge,
		.edges = merge->edges,
		.roots = merge->snap->roots,
		.root_count = merge->snap->root_count,
	};
	bool identity = false;
	struct hs_error *err;

	merge->ordinals = hs_huge_alloc(merge->count, sizeof(*merge->ordinals));
	if (!address || !merge->ordinals)
		return &hs_enomem;
	for (size_t i = 0; i < merge->count; i++) {
		struct origin origin = merge->origins[i];

		address[i] = (origin.base == HS_NONE ? 0 : merge->base->address[origin.base]) ^
			     (origin.listed == HS_NONE ? 0 : merge->listed->address[origin.listed]);
	}
	err = hs_order_compute(&graph, &identity, &merge->order);
	if (err)
		return err;
	for (size_t i = 0; i < merge->count; i++)
		merge->ordinals[identity ? i : merge->order[i]] = (hs_id)i;
	return NULL;
}

static struct origin origin_at(const struct merge *merge, size_t ordinal)
{
	return merge->origins[merge->order ? merge->order[ordinal] : ordinal];
}

/* A column whose listed values are the difference to those of the base. */
#define MERGE(bit, field, none)                                                                    \
	do {                                                                                       \
		if (!(columns & (bit)))                                                            \
			break;                                                                     \
		out->field = hs_huge_alloc(merge->count, sizeof(*out->field));                     \
		if (!out->field)                                                                   \
			return false;                                                              \
		for (size_t i = 0; i < merge->count; i++) {                                        \
			struct origin origin = origin_at(merge, i);                                \
			__typeof__(*out->field) value = (none);                                    \
                                                                                                   \
			if (origin.base != HS_NONE && merge->base->field)                          \
				value = merge->base->field[origin.base];                           \
			if (origin.listed != HS_NONE && merge->listed->field)                      \
				value ^= merge->listed->field[origin.listed] ^ (none);             \
			out->field[i] = value;                                                     \
		}                                                                                  \
	} while (0)

static bool merge_differences(const struct merge *merge, uint32_t columns)
{
	struct hs_columns *out = &merge->snap->columns;

	MERGE(HS_COLUMN_ADDRESS, address, 0);
	MERGE(HS_COLUMN_SIZE, size, 0);
	MERGE(HS_COLUMN_ALLOCATED, allocated, 0);
	MERGE(HS_COLUMN_REFCOUNT, refcount, 0);
	MERGE(HS_COLUMN_FLAGS, flags, 0);
	MERGE(HS_COLUMN_GENERATION, generation, HS_GENERATION_NONE);
	MERGE(HS_COLUMN_FINGERPRINT, fingerprint, 0);
	return true;
}

static struct hs_error *merge_types(const struct merge *merge)
{
	const struct hs_row_map *map = &merge->chain->maps[HS_ROWS_TYPES];
	uint32_t *out = hs_huge_alloc(merge->count, sizeof(*out));

	merge->snap->columns.type = out;
	if (!out)
		return &hs_enomem;
	for (size_t i = 0; i < merge->count; i++) {
		struct origin origin = origin_at(merge, i);

		out[i] = origin.listed != HS_NONE ? merge->listed->type[origin.listed]
						  : map->row[merge->base->type[origin.base]];
		if (out[i] == HS_NONE)
			return damaged(merge->image, "leaves an object without its type");
	}
	return NULL;
}

/* The owner's ordinal; false if the owner is gone. */
static bool owner_of(const struct merge *merge, struct origin origin, hs_id *ret)
{
	hs_id now = HS_NONE;
	hs_id before = HS_NONE;
	hs_id number;

	if (origin.listed != HS_NONE && merge->listed->owner)
		now = merge->listed->owner[origin.listed];
	if (origin.base != HS_NONE && merge->base->owner)
		before = merge->base->owner[origin.base];
	*ret = HS_NONE;
	if (now == hs_chain_identities(merge->chain) || (now == HS_NONE && before == HS_NONE))
		return true;
	number = now == HS_NONE ? merge->place[before] : number_of(merge, now);
	if (number == HS_NONE)
		return false;
	*ret = merge->ordinals[number];
	return true;
}

static struct hs_error *merge_owners(const struct merge *merge)
{
	hs_id *out = hs_huge_alloc(merge->count, sizeof(*out));

	merge->snap->columns.owner = out;
	if (!out)
		return &hs_enomem;
	for (size_t i = 0; i < merge->count; i++)
		if (!owner_of(merge, origin_at(merge, i), &out[i]))
			return damaged(merge->image, "leaves an object without its owner");
	return NULL;
}

static struct hs_error *merge_sites(const struct merge *merge)
{
	const struct hs_row_map *map = &merge->chain->maps[HS_ROWS_SITES];
	uint32_t *out = hs_huge_alloc(merge->count, sizeof(*out));

	merge->snap->columns.site = out;
	if (!out)
		return &hs_enomem;
	for (size_t i = 0; i < merge->count; i++) {
		struct origin origin = origin_at(merge, i);
		uint32_t now = HS_NONE;
		uint32_t before = HS_NONE;

		if (origin.listed != HS_NONE && merge->listed->site)
			now = merge->listed->site[origin.listed];
		if (origin.base != HS_NONE && merge->base->site)
			before = merge->base->site[origin.base];
		out[i] = HS_NONE;
		if (now != HS_NONE) /* one past the last: none any more */
			out[i] = now < merge->snap->site_count ? now : HS_NONE;
		else if (before != HS_NONE && (out[i] = map->row[before]) == HS_NONE)
			return damaged(merge->image, "leaves an object without its site");
	}
	return NULL;
}

/* The shapes, and how many references are visible. */
static struct hs_error *merge_shapes(const struct merge *merge)
{
	const struct hs_row_map *map = &merge->chain->maps[HS_ROWS_SHAPES];
	struct hs_columns *out = &merge->snap->columns;

	_cleanup_free_ struct hs_shape_bounds *bounds =
		calloc((size_t)merge->snap->shape_count + 1, sizeof(*bounds));
	out->shape = hs_huge_alloc(merge->count, sizeof(*out->shape));
	out->visible = hs_huge_alloc(merge->count, sizeof(*out->visible));
	if (!bounds || !out->shape || !out->visible)
		return &hs_enomem;
	for (uint32_t i = 0; i < merge->snap->shape_count; i++)
		bounds[i] = hs_shape_bounds(&merge->snap->shapes[i]);
	for (size_t i = 0; i < merge->count; i++) {
		struct origin origin = origin_at(merge, i);

		if (!keeps_references(merge, origin)) {
			out->shape[i] = merge->listed->shape[origin.listed] - 1;
			out->visible[i] = merge->listed->visible[origin.listed];
			continue;
		}
		out->shape[i] = map->row[merge->base->shape[origin.base]];
		out->visible[i] = merge->base->visible[origin.base];
		if (out->shape[i] == HS_NONE ||
		    !hs_shape_fits(&bounds[out->shape[i]],
				   merge->base->first_edge[origin.base + 1] -
					   merge->base->first_edge[origin.base],
				   out->visible[i]))
			return damaged(merge->image, "leaves an object without its shape");
	}
	return NULL;
}

/* The references, from numbers to ordinals. */
static struct hs_error *place_edges(const struct merge *merge)
{
	struct hs_columns *out = &merge->snap->columns;
	uint64_t total = 0;

	out->first_edge = hs_huge_alloc(merge->count + 1, sizeof(*out->first_edge));
	out->edges = hs_huge_alloc((size_t)merge->first_edge[merge->count], sizeof(*out->edges));
	if (!out->first_edge || !out->edges)
		return &hs_enomem;
	for (size_t i = 0; i < merge->count; i++) {
		size_t number = merge->order ? merge->order[i] : i;
		uint64_t end = merge->first_edge[number + 1];

		out->first_edge[i] = total;
		for (uint64_t j = merge->first_edge[number]; j < end; j++)
			out->edges[total++] = merge->ordinals[merge->edges[j]];
	}
	out->first_edge[merge->count] = total;
	return NULL;
}

static bool copy_value(const struct hs_previews *from, const struct hs_preview_row *row,
		       hs_id object, struct hs_previews *out)
{
	struct hs_preview_row copy = *row;

	copy.object = object;
	if (hs_preview_has_data(row->kind)) {
		copy.word = out->data.size;
		if (!hs_bytes_reserve(&out->data, row->size))
			return false;
		if (row->size)
			memcpy(out->data.data + out->data.size, from->data.data + row->word,
			       row->size);
		out->data.size += row->size;
	}
	return hs_vector_push(&out->rows, copy);
}

static const struct hs_preview_row *row_of(const struct hs_previews *previews, hs_id object)
{
	if (!previews->row_of || !previews->row_of[object])
		return NULL;
	return &previews->rows.data[previews->row_of[object] - 1];
}

/*
 * The values: those of the base, if the file has values of any length, unless there is another, or
 * none any more, which is of kind 0.
 */
static struct hs_error *merge_values(const struct merge *merge, const struct hs_snapshot *listed)
{
	const struct hs_previews *base = &merge->chain->base->previews;
	struct hs_previews *out = &merge->snap->previews;
	bool done = true;

	for (size_t i = 0; done && i < merge->count; i++) {
		struct origin origin = origin_at(merge, i);
		uint64_t identity =
			origin.base == HS_NONE ? origin.listed : merge->chain->listed + origin.base;
		const struct hs_preview_row *row = row_of(&listed->previews, (hs_id)identity);

		if (row)
			done = !row->kind || copy_value(&listed->previews, row, (hs_id)i, out);
		else if (merge->snap->info.preview_bytes && origin.base != HS_NONE &&
			 (row = row_of(base, origin.base)) && row->kind)
			done = copy_value(base, row, (hs_id)i, out);
	}
	merge->snap->has_previews = out->rows.size != 0;
	if (done && out->rows.size)
		done = hs_previews_index(out, (hs_id)merge->count);
	return done ? NULL : &hs_enomem;
}

/* With the objects in their order, the rest. */
static struct hs_error *merge_columns(const struct merge *merge, const struct hs_snapshot *listed,
				      uint32_t columns)
{
	struct hs_error *err = merge_differences(merge, columns) ? NULL : &hs_enomem;

	if (!err)
		err = merge_types(merge);
	if (!err && columns & HS_COLUMN_OWNER)
		err = merge_owners(merge);
	if (!err && columns & HS_COLUMN_SITE)
		err = merge_sites(merge);
	if (!err)
		err = merge_shapes(merge);
	if (!err)
		err = place_edges(merge);
	if (!err)
		err = merge_values(merge, listed);
	return err;
}

struct hs_error *hs_chain_merge(const struct hs_chain *chain, const struct hs_file_image *image,
				const struct hs_snapshot *listed, uint32_t columns, uint64_t count,
				uint64_t edge_count, struct hs_snapshot *snap)
{
	struct merge merge = {
		.chain = chain,
		.image = image,
		.base = &chain->base->objects,
		.listed = &listed->objects,
		.snap = snap,
	};
	struct hs_error *err = number_objects(&merge, count);

	if (!err)
		err = merge_edges(&merge, edge_count);
	if (!err && !number_tables(&merge))
		err = damaged(image, "has a table that names an object that is not there");
	if (!err)
		err = order_objects(&merge);
	if (!err) {
		renumber_tables(&merge);
		err = merge_columns(&merge, listed, columns);
	}
	merge_deinit(&merge);
	return err;
}
