/* SPDX-License-Identifier: MIT */
/* encode_block.c: from the columns of a snapshot to a block. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/block.h"
#include "format/tally.h"
#include <stdlib.h>

/* Rooms for a block's objects, and one more each; wide is where they begin. */
struct rooms {
	uint64_t *wide;
	uint32_t *places;
	uint32_t *order;
	uint32_t *starts;
	uint32_t *first;
	uint32_t *live;
	uint32_t *narrow;
	uint32_t *scratch;
};

static bool rooms_init(struct rooms *rooms, size_t objects)
{
	enum { WIDE = 1, NARROW = 6 };
	size_t each = objects + 1;
	size_t scratch = HS_GROUPING_SCRATCH(each);
	uint64_t *wide = malloc(each * (WIDE * sizeof(*wide) + NARROW * sizeof(uint32_t)) +
				scratch * sizeof(uint32_t));
	uint32_t *narrow;

	if (!wide)
		return false;
	narrow = (uint32_t *)(wide + WIDE * each);
	*rooms = (struct rooms){
		.wide = wide,
		.places = narrow,
		.order = narrow + each,
		.starts = narrow + 2 * each,
		.first = narrow + 3 * each,
		.live = narrow + 4 * each,
		.narrow = narrow + 5 * each,
		.scratch = narrow + NARROW * each,
	};
	return true;
}

struct hs_block_encoder {
	const struct hs_snapshot *snap;
	struct hs_emitter *emitter;
	struct rooms rooms;
	struct hs_dictionary dictionary;
	struct hs_shape_bounds *bounds;
	struct hs_grouping grouping; /* of the block, in the rooms */
	uint32_t *positions;	     /* of references, edge_capacity of them */
	hs_id *targets;		     /* of references; HS_NONE: the next object; later jumps */
	uint32_t *places;	     /* of references in the tally, in the block's order */
	size_t edge_capacity;
	struct hs_tally tally;
};

static size_t dictionary_bound(const struct hs_snapshot *snap)
{
	size_t bound = UINT16_MAX + 1;

	if (snap->type_count > bound)
		bound = snap->type_count;
	if (snap->shape_count > bound)
		bound = snap->shape_count;
	if (snap->site_count >= bound)
		bound = (size_t)snap->site_count + 1;
	return bound;
}

struct hs_block_encoder *hs_block_encoder_create(const struct hs_snapshot *snap,
						 struct hs_emitter *emitter)
{
	struct hs_block_encoder *encoder = calloc(1, sizeof(*encoder));
	size_t objects = snap->objects.count;

	if (!encoder)
		return NULL;
	encoder->snap = snap;
	encoder->emitter = emitter;
	encoder->bounds = calloc((size_t)snap->shape_count + 1, sizeof(*encoder->bounds));
	if (!encoder->bounds ||
	    !rooms_init(&encoder->rooms, objects < HS_BLOCK_OBJECTS ? objects : HS_BLOCK_OBJECTS) ||
	    !hs_dictionary_init(&encoder->dictionary, dictionary_bound(snap))) {
		hs_block_encoder_destroy(encoder);
		return NULL;
	}
	encoder->grouping.order = encoder->rooms.order;
	encoder->grouping.starts = encoder->rooms.starts;
	for (uint32_t i = 0; i < snap->shape_count; i++)
		encoder->bounds[i] = hs_shape_bounds(&snap->shapes[i]);
	return encoder;
}

uint64_t hs_block_first_next(const struct hs_snapshot *snap)
{
	uint64_t next = 0;

	for (size_t i = 0; i < snap->root_count; i++)
		if (next <= snap->roots[i].object)
			next = (uint64_t)snap->roots[i].object + 1;
	return next;
}

void hs_block_encoder_destroy(struct hs_block_encoder *encoder)
{
	if (!encoder)
		return;
	hs_dictionary_deinit(&encoder->dictionary);
	free(encoder->rooms.wide);
	free(encoder->bounds);
	free(encoder->positions);
	free(encoder->targets);
	free(encoder->places);
	hs_tally_deinit(&encoder->tally);
	free(encoder);
}

/* How far the block that begins at @first goes. */
static struct hs_block cut_block(const struct hs_block_encoder *encoder, hs_id first, uint64_t next)
{
	const struct hs_objects *objects = &encoder->snap->objects;
	uint64_t begin = objects->first_edge[first];
	struct hs_block ret = {.first = first, .first_edge = begin, .next = next};

	while (ret.objects < HS_BLOCK_OBJECTS && ret.edges < HS_BLOCK_EDGES &&
	       first + ret.objects < objects->count) {
		uint64_t edges = objects->first_edge[first + ret.objects + 1] - begin;

		if (edges > UINT32_MAX && ret.objects)
			break;
		ret.edges = edges;
		ret.objects++;
	}
	return ret;
}

static struct hs_error *encode_dictionary(struct hs_block_encoder *encoder, const char *name,
					  uint32_t *values, size_t count)
{
	struct hs_emitter *emitter = encoder->emitter;

	if (!hs_encode_dictionary(&emitter->raw, values, count, &encoder->dictionary))
		return &hs_enomem;
	return hs_emit_column(emitter, name, HS_CODEC_DICTIONARY);
}

static struct hs_error *encode_type(struct hs_block_encoder *encoder, const struct hs_block *block)
{
	struct rooms *rooms = &encoder->rooms;
	struct hs_error *err;

	memcpy(rooms->places, encoder->snap->objects.type + block->first,
	       block->objects * sizeof(*rooms->places));
	err = encode_dictionary(encoder, "type", rooms->places, block->objects);
	if (err)
		return err;
	hs_grouping_init(&encoder->grouping, (uint32_t)block->objects);
	hs_grouping_refine(&encoder->grouping, rooms->places, (uint32_t)block->objects,
			   rooms->scratch);
	return NULL;
}

/* The values of a column of @width bytes an element, in the block's order. */
static void gather(const struct hs_block_encoder *encoder, const struct hs_block *block,
		   const void *column, size_t width, uint64_t *values)
{
	const char *base = (const char *)column + block->first * width;
	const uint32_t *order = encoder->rooms.order;

	if (width == sizeof(uint64_t))
		for (size_t i = 0; i < block->objects; i++)
			values[i] = ((const uint64_t *)(const void *)base)[order[i]];
	else if (width == sizeof(uint32_t))
		for (size_t i = 0; i < block->objects; i++)
			values[i] = ((const uint32_t *)(const void *)base)[order[i]];
	else if (width == sizeof(uint16_t))
		for (size_t i = 0; i < block->objects; i++)
			values[i] = ((const uint16_t *)(const void *)base)[order[i]];
	else
		for (size_t i = 0; i < block->objects; i++)
			values[i] = (uint8_t)base[order[i]];
}

static bool all_are(const uint64_t *values, size_t count, uint64_t value)
{
	for (size_t i = 0; i < count; i++)
		if (values[i] != value)
			return false;
	return true;
}

/* An optional column of small numbers. */
static struct hs_error *encode_small(struct hs_block_encoder *encoder, const struct hs_block *block,
				     const char *name, const void *column, size_t width,
				     uint64_t common)
{
	struct rooms *rooms = &encoder->rooms;

	if (!column)
		return NULL;
	gather(encoder, block, column, width, rooms->wide);
	if (all_are(rooms->wide, block->objects, common))
		return NULL;
	for (size_t i = 0; i < block->objects; i++)
		rooms->narrow[i] = (uint32_t)rooms->wide[i];
	return encode_dictionary(encoder, name, rooms->narrow, block->objects);
}

/* An optional column of 64-bit numbers, as varints or words. */
static struct hs_error *encode_large(struct hs_block_encoder *encoder, const struct hs_block *block,
				     const char *name, const uint64_t *column, enum hs_codec codec)
{
	struct hs_emitter *emitter = encoder->emitter;
	uint64_t *values = encoder->rooms.wide;
	bool done;

	if (!column)
		return NULL;
	gather(encoder, block, column, sizeof(*column), values);
	if (all_are(values, block->objects, 0))
		return NULL;
	done = codec == HS_CODEC_WORDS ? hs_encode_words(&emitter->raw, values, block->objects)
				       : hs_encode_varint(&emitter->raw, values, block->objects);
	return done ? hs_emit_column(emitter, name, codec) : &hs_enomem;
}

/*
 * By how many bytes for each visible reference the sizes of group @group are best told: by none, or
 * by a pointer if that makes them change less often.
 */
static uint64_t item_size(const struct hs_block_encoder *encoder, const struct hs_block *block,
			  size_t group)
{
	const struct hs_objects *objects = &encoder->snap->objects;
	const uint32_t *order = encoder->rooms.order;
	uint32_t end = encoder->grouping.starts[group + 1];
	uint64_t last = 0;
	uint64_t last_rest = 0;
	uint32_t changes = 0;
	uint32_t rest_changes = 0;

	for (uint32_t i = encoder->grouping.starts[group]; i < end; i++) {
		uint64_t object = block->first + order[i];
		uint64_t items = HS_ITEM_SIZE * (uint64_t)objects->visible[object];
		uint64_t size = objects->size[object];

		if (size < items)
			return 0;
		changes += size != last;
		rest_changes += size - items != last_rest;
		last = size;
		last_rest = size - items;
	}
	return rest_changes < changes ? HS_ITEM_SIZE : 0;
}

/* Sizes, for some groups without what their visible references take. */
static struct hs_error *encode_size(struct hs_block_encoder *encoder, const struct hs_block *block)
{
	const struct hs_objects *objects = &encoder->snap->objects;
	const struct hs_grouping *grouping = &encoder->grouping;
	struct hs_emitter *emitter = encoder->emitter;
	uint64_t *values = encoder->rooms.wide;
	struct hs_error *err;

	for (size_t i = 0; i < grouping->groups; i++)
		values[i] = item_size(encoder, block, i);
	err = hs_emit_values(emitter, "item_size", HS_CODEC_VARINT, values, grouping->groups,
			     false);
	if (err)
		return err;
	/* From the last group on, as there are no more groups than objects. */
	for (size_t group = grouping->groups; group-- > 0;) {
		uint64_t each = values[group];

		for (uint32_t i = grouping->starts[group + 1]; i-- > grouping->starts[group];) {
			uint64_t object = block->first + grouping->order[i];

			values[i] = objects->size[object] - each * objects->visible[object];
		}
	}
	if (all_are(values, block->objects, 0))
		return NULL;
	if (!hs_encode_varint(&emitter->raw, values, block->objects))
		return &hs_enomem;
	return hs_emit_column(emitter, "size", HS_CODEC_VARINT);
}

/* Fingerprints: small numbers as varints, as words if one of them is not small. */
static struct hs_error *encode_fingerprint(struct hs_block_encoder *encoder,
					   const struct hs_block *block)
{
	const uint64_t *column = encoder->snap->objects.fingerprint;
	bool small = true;

	for (size_t i = 0; column && i < block->objects; i++)
		small = small && column[block->first + i] < 1 << 14;
	return encode_large(encoder, block, "fingerprint", column,
			    small ? HS_CODEC_VARINT : HS_CODEC_WORDS);
}

/* Shapes, which part the groups of types. */
static struct hs_error *encode_shape(struct hs_block_encoder *encoder, const struct hs_block *block)
{
	uint32_t objects = (uint32_t)block->objects;
	const uint32_t *shapes = encoder->snap->objects.shape;
	size_t columns = encoder->emitter->column_count;
	struct hs_error *err = encode_small(encoder, block, "shape", shapes, sizeof(*shapes), 0);

	if (!err && encoder->emitter->column_count > columns)
		hs_grouping_refine(&encoder->grouping, encoder->rooms.narrow, objects,
				   encoder->rooms.scratch);
	return err;
}

/* Part the groups by what is allocated for the objects. */
static void refine_by_allocated(struct hs_block_encoder *encoder, const struct hs_block *block)
{
	const uint64_t *allocated = encoder->snap->objects.allocated;
	struct rooms *rooms = &encoder->rooms;

	if (!allocated)
		return;
	for (size_t i = 0; i < block->objects; i++)
		rooms->narrow[i] = hs_block_class(allocated[block->first + rooms->order[i]]);
	hs_grouping_refine(&encoder->grouping, rooms->narrow, (uint32_t)block->objects,
			   rooms->scratch);
}

/* The last column: it is listed in an order of its own. */
static struct hs_error *encode_address(struct hs_block_encoder *encoder,
				       const struct hs_block *block)
{
	struct hs_emitter *emitter = encoder->emitter;
	uint64_t *values = encoder->rooms.wide;
	struct hs_plane_writer planes;
	uint64_t last = 0;
	uint64_t bits = 0;
	unsigned int shift;

	refine_by_allocated(encoder, block);
	gather(encoder, block, encoder->snap->objects.address, sizeof(*values), values);
	for (size_t i = 0; i < block->objects; i++)
		bits |= values[i];
	if (!bits)
		return NULL;
	shift = (unsigned int)__builtin_ctzll(bits);
	if (!hs_bytes_reserve(&emitter->raw, 1))
		return &hs_enomem;
	emitter->raw.data[emitter->raw.size++] = (uint8_t)shift;
	if (!hs_planes_begin(&planes, &emitter->raw, block->objects, HS_VARINT_MAX))
		return &hs_enomem;
	for (size_t i = 0; i < block->objects; i++) {
		hs_planes_put(&planes, hs_zigzag((values[i] >> shift) - last));
		last = values[i] >> shift;
	}
	emitter->cut_count = hs_planes_end(&planes, emitter->cuts);
	return hs_emit_column(emitter, "address", HS_CODEC_ADDRESS);
}

static struct hs_error *encode_allocated(struct hs_block_encoder *encoder,
					 const struct hs_block *block)
{
	const struct hs_objects *objects = &encoder->snap->objects;
	struct hs_emitter *emitter = encoder->emitter;
	uint64_t *values = encoder->rooms.wide;

	if (!objects->allocated)
		return NULL;
	gather(encoder, block, objects->allocated, sizeof(*values), values);
	if (all_are(values, block->objects, 0))
		return NULL;
	for (size_t i = 0; i < block->objects; i++)
		values[i] -=
			hs_block_round_size(objects->size[block->first + encoder->rooms.order[i]]);
	if (!hs_encode_delta(&emitter->raw, values, block->objects))
		return &hs_enomem;
	return hs_emit_column(emitter, "allocated", HS_CODEC_ALLOCATED);
}

static struct hs_error *encode_owner(struct hs_block_encoder *encoder, const struct hs_block *block)
{
	const hs_id *owners = encoder->snap->objects.owner;
	struct hs_emitter *emitter = encoder->emitter;
	uint64_t *values = encoder->rooms.wide;
	uint64_t last = block->first;

	if (!owners)
		return NULL;
	for (size_t i = 0; i < block->objects; i++) {
		hs_id owner = owners[block->first + encoder->rooms.order[i]];

		values[i] = owner == HS_NONE ? 0 : 1 + hs_zigzag(owner - last);
		if (owner != HS_NONE)
			last = owner;
	}
	if (all_are(values, block->objects, 0))
		return NULL;
	if (!hs_encode_varint(&emitter->raw, values, block->objects))
		return &hs_enomem;
	return hs_emit_column(emitter, "owner", HS_CODEC_OWNER);
}

static struct hs_error *encode_site(struct hs_block_encoder *encoder, const struct hs_block *block)
{
	const uint32_t *sites = encoder->snap->objects.site;
	struct rooms *rooms = &encoder->rooms;
	bool any = false;

	if (!sites)
		return NULL;
	for (size_t i = 0; i < block->objects; i++) {
		/* From HS_NONE to 0, from others to one more. */
		rooms->narrow[i] = sites[block->first + rooms->order[i]] + 1;
		any |= rooms->narrow[i] != 0;
	}
	return any ? encode_dictionary(encoder, "site", rooms->narrow, block->objects) : NULL;
}

/* The numbers of references that the objects' shapes leave open. */
static struct hs_error *encode_counts(struct hs_block_encoder *encoder,
				      const struct hs_block *block, bool hidden)
{
	const struct hs_objects *objects = &encoder->snap->objects;
	struct hs_emitter *emitter = encoder->emitter;
	uint64_t *values = encoder->rooms.wide;
	size_t count = 0;

	for (size_t i = 0; i < block->objects; i++) {
		uint64_t object = block->first + encoder->rooms.order[i];
		const struct hs_shape_bounds *bounds = &encoder->bounds[objects->shape[object]];
		uint64_t degree = objects->first_edge[object + 1] - objects->first_edge[object];
		uint64_t visible = objects->visible[object];

		if (!hidden && bounds->visible_rest)
			values[count++] = visible - bounds->visible;
		else if (hidden && bounds->hidden_rest)
			values[count++] = degree - visible == visible
						  ? 0
						  : 1 + (degree - visible - bounds->hidden);
	}
	if (all_are(values, count, 0))
		return NULL;
	if (!hs_encode_varint(&emitter->raw, values, count))
		return &hs_enomem;
	return hs_emit_column(emitter, hidden ? "hidden" : "visible", HS_CODEC_COUNTS);
}

static bool reserve_edges(struct hs_block_encoder *encoder, size_t count)
{
	if (count <= encoder->edge_capacity)
		return true;
	free(encoder->positions);
	free(encoder->targets);
	free(encoder->places);
	encoder->edge_capacity = 0;
	encoder->positions = calloc(count + 1, sizeof(*encoder->positions));
	encoder->targets = calloc(count, sizeof(*encoder->targets));
	encoder->places = calloc(count, sizeof(*encoder->places));
	if (!encoder->positions || !encoder->targets || !encoder->places)
		return false;
	encoder->edge_capacity = count;
	return true;
}

/*
 * Copy the block's references; those to the object that is next in order become HS_NONE.  What is
 * next after the block.
 */
static uint64_t elide_next(struct hs_block_encoder *encoder, const struct hs_block *block)
{
	const struct hs_objects *objects = &encoder->snap->objects;
	struct rooms *rooms = &encoder->rooms;
	uint64_t next = block->next;

	for (uint32_t i = 0; i < block->objects; i++) {
		uint64_t object = block->first + i;
		uint64_t end = objects->first_edge[object + 1];

		rooms->first[i] = (uint32_t)(objects->first_edge[object] - block->first_edge);
		if (next <= object)
			next = object + 1;
		for (uint64_t edge = objects->first_edge[object]; edge < end; edge++) {
			hs_id target = objects->edges[edge];

			encoder->targets[edge - block->first_edge] =
				target == next ? HS_NONE : target;
			next += target == next;
		}
	}
	rooms->first[block->objects] = (uint32_t)block->edges;
	return next;
}

/*
 * Count the targets of references that are neither new nor the same as the one before.  The
 * places of these are HS_EDGE_JUMP + the entry, those of the others HS_EDGE_NEW and HS_EDGE_SAME.
 */
static bool count_targets(struct hs_block_encoder *encoder, const struct hs_block *block)
{
	uint64_t last = block->first;

	if (!hs_tally_begin(&encoder->tally))
		return false;
	for (size_t i = 0; i < block->edges; i++) {
		hs_id target = encoder->targets[encoder->positions[i]];

		if (target == HS_NONE) {
			encoder->places[i] = HS_EDGE_NEW;
		} else if (target == last) {
			encoder->places[i] = HS_EDGE_SAME;
		} else {
			if (!hs_tally_count(&encoder->tally, target, &encoder->places[i]))
				return false;
			encoder->places[i] += HS_EDGE_JUMP;
			last = target;
		}
	}
	return true;
}

static struct hs_error *encode_jumps(struct hs_block_encoder *encoder, const struct hs_block *block,
				     size_t count)
{
	enum { LONGEST = 5 }; /* bytes of one jump: 33 bits */
	struct hs_emitter *emitter = encoder->emitter;
	struct hs_plane_writer planes;
	uint64_t last = block->first;

	if (!count)
		return NULL;
	if (!hs_planes_begin(&planes, &emitter->raw, count, LONGEST))
		return &hs_enomem;
	for (size_t i = 0; i < count; i++) {
		hs_planes_put(&planes, hs_zigzag(encoder->targets[i] - last));
		last = encoder->targets[i];
	}
	emitter->cut_count = hs_planes_end(&planes, emitter->cuts);
	return hs_emit_column(emitter, "jumps", HS_CODEC_PLANES);
}

static struct hs_error *encode_targets(struct hs_block_encoder *encoder)
{
	struct hs_emitter *emitter = encoder->emitter;
	const struct hs_tally *tally = &encoder->tally;
	uint64_t last = 0;

	if (!tally->frequent.size)
		return NULL;
	if (!hs_bytes_reserve(&emitter->raw, tally->frequent.size * HS_VARINT_MAX))
		return &hs_enomem;
	for (size_t i = 0; i < tally->frequent.size; i++) {
		uint64_t target = tally->entries.data[tally->frequent.data[i]].target;

		hs_bytes_varint(&emitter->raw, hs_zigzag(target - last));
		last = target;
	}
	return hs_emit_column(emitter, "targets", HS_CODEC_DELTA);
}

/* The references' codes, and the targets that these leave to "jumps", *@count of them. */
static struct hs_error *encode_codes(struct hs_block_encoder *encoder, const struct hs_block *block,
				     hs_id *jumps, size_t *count)
{
	enum { LONGEST = 5 }; /* bytes of one code: 33 bits */
	struct hs_emitter *emitter = encoder->emitter;
	const struct hs_tally *tally = &encoder->tally;
	struct hs_plane_writer planes;
	size_t jumped = 0;

	if (!hs_planes_begin(&planes, &emitter->raw, block->edges, LONGEST))
		return &hs_enomem;
	for (size_t i = 0; i < block->edges; i++) {
		uint32_t code = encoder->places[i];

		if (code >= HS_EDGE_JUMP) {
			const struct hs_tally_entry *entry =
				&tally->entries.data[code - HS_EDGE_JUMP];

			code = entry->count;
			if (code == HS_EDGE_JUMP)
				jumps[jumped++] = entry->target;
		}
		hs_planes_put(&planes, code);
	}
	emitter->cut_count = hs_planes_end(&planes, emitter->cuts);
	*count = jumped;
	return hs_emit_column(emitter, "edges", HS_CODEC_PLANES);
}

static struct hs_error *encode_edges(struct hs_block_encoder *encoder, const struct hs_block *block)
{
	struct rooms *rooms = &encoder->rooms;
	size_t jumps = 0;
	struct hs_error *err;

	if (!block->edges)
		return NULL;
	hs_block_order_edges(&encoder->grouping, rooms->first, rooms->scratch, encoder->positions);
	if (!count_targets(encoder, block) || !hs_tally_rank(&encoder->tally))
		return &hs_enomem;
	/* All targets are in the tally now, so that their room serves the jumps. */
	err = encode_codes(encoder, block, encoder->targets, &jumps);
	if (!err)
		err = encode_targets(encoder);
	return err ? err : encode_jumps(encoder, block, jumps);
}

static struct hs_error *encode_columns(struct hs_block_encoder *encoder,
				       const struct hs_block *block)
{
	const struct hs_objects *objects = &encoder->snap->objects;
	struct hs_error *err = encode_type(encoder, block);

	if (!err)
		err = encode_shape(encoder, block);
	if (!err)
		err = encode_size(encoder, block);
	if (!err)
		err = encode_allocated(encoder, block);
	if (!err)
		err = encode_large(encoder, block, "refcount", objects->refcount, HS_CODEC_VARINT);
	if (!err)
		err = encode_small(encoder, block, "flags", objects->flags, sizeof(*objects->flags),
				   0);
	if (!err)
		err = encode_small(encoder, block, "generation", objects->generation,
				   sizeof(*objects->generation), HS_GENERATION_NONE);
	if (!err)
		err = encode_owner(encoder, block);
	if (!err)
		err = encode_fingerprint(encoder, block);
	if (!err)
		err = encode_site(encoder, block);
	if (!err)
		err = encode_counts(encoder, block, false);
	if (!err)
		err = encode_counts(encoder, block, true);
	if (!err)
		err = encode_edges(encoder, block);
	return err ? err : encode_address(encoder, block);
}

struct hs_error *hs_block_begin(struct hs_block_encoder *encoder, hs_id first, uint64_t *next,
				struct hs_block *ret)
{
	struct hs_block block = cut_block(encoder, first, *next);

	if (!reserve_edges(encoder, block.edges))
		return &hs_enomem;
	*next = elide_next(encoder, &block);
	*ret = block;
	return NULL;
}

struct hs_error *hs_block_encode(struct hs_block_encoder *encoder, const struct hs_block *block)
{
	hs_emit_field(encoder->emitter, "first", block->first);
	hs_emit_field(encoder->emitter, "objects", block->objects);
	hs_emit_field(encoder->emitter, "first_edge", block->first_edge);
	hs_emit_field(encoder->emitter, "edges", block->edges);
	hs_emit_field(encoder->emitter, "next", block->next);
	return encode_columns(encoder, block);
}
