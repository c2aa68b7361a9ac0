/* SPDX-License-Identifier: MIT */
/* decode_block.c: from a block to the columns of a snapshot. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/block.h"
#include <stdlib.h>

enum {
	/* Codes of references below are told from longer ones by their first byte. */
	SHORT_CODES = 0x80,
	/* What it takes sizes to decode. */
	SIZES = HS_COLUMN_SIZE | HS_COLUMN_ALLOCATED | HS_COLUMN_ADDRESS,
};

/* Rooms for a block's objects, and one more each; wide is where they begin. */
struct rooms {
	uint64_t *wide;
	uint64_t *sizes; /* in the block's order */
	uint32_t *places;
	uint32_t *order;
	uint32_t *starts;
	uint32_t *first;
	uint32_t *live;
	uint32_t *narrow;
	uint32_t *shapes;
	uint32_t *classes; /* of what is allocated */
	uint32_t *visible; /* numbers of visible references, in the block's order */
	uint32_t *scratch;
};

static bool rooms_init(struct rooms *rooms, size_t objects)
{
	enum { WIDE = 2, NARROW = 9 };
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
		.sizes = wide + each,
		.places = narrow,
		.order = narrow + each,
		.starts = narrow + 2 * each,
		.first = narrow + 3 * each,
		.live = narrow + 4 * each,
		.narrow = narrow + 5 * each,
		.shapes = narrow + 6 * each,
		.classes = narrow + 7 * each,
		.visible = narrow + 8 * each,
		.scratch = narrow + NARROW * each,
	};
	return true;
}

struct hs_block_decoder {
	const struct hs_snapshot *snap;
	uint32_t columns;
	hs_id count;
	struct hs_shape_bounds *bounds;
	struct rooms rooms;
	struct hs_inflater inflater;
	struct hs_inflater second;   /* for what is needed together with another column */
	struct hs_grouping grouping; /* of the block, in the rooms */
	uint32_t *positions;
	size_t edge_capacity;
	HS_VECTOR(hs_id) targets; /* by codes of references */
	HS_VECTOR(hs_id) jumps;
};

struct hs_block_decoder *hs_block_decoder_create(const struct hs_snapshot *snap, uint32_t columns,
						 hs_id count)
{
	struct hs_block_decoder *decoder = calloc(1, sizeof(*decoder));

	if (!decoder)
		return NULL;
	decoder->snap = snap;
	decoder->columns = columns;
	decoder->count = count;
	decoder->bounds = calloc((size_t)snap->shape_count + 1, sizeof(*decoder->bounds));
	if (!decoder->bounds ||
	    !rooms_init(&decoder->rooms,
			count < HS_MAX_BLOCK_OBJECTS ? count : HS_MAX_BLOCK_OBJECTS)) {
		hs_block_decoder_destroy(decoder);
		return NULL;
	}
	decoder->grouping.order = decoder->rooms.order;
	decoder->grouping.starts = decoder->rooms.starts;
	for (uint32_t i = 0; i < snap->shape_count; i++)
		decoder->bounds[i] = hs_shape_bounds(&snap->shapes[i]);
	return decoder;
}

void hs_block_decoder_destroy(struct hs_block_decoder *decoder)
{
	if (!decoder)
		return;
	hs_inflater_deinit(&decoder->inflater);
	hs_inflater_deinit(&decoder->second);
	hs_vector_deinit(&decoder->targets);
	hs_vector_deinit(&decoder->jumps);
	free(decoder->rooms.wide);
	free(decoder->bounds);
	free(decoder->positions);
	free(decoder);
}

struct hs_error *hs_block_read_range(const struct hs_section_view *view, struct hs_block *ret)
{
	const struct hs_stored_column *type = hs_section_column(view, "type");
	const struct hs_stored_column *edges = hs_section_column(view, "edges");
	struct hs_block block;
	struct hs_error *err = hs_section_uint(view, "first", &block.first);

	if (!err)
		err = hs_section_uint(view, "objects", &block.objects);
	if (!err)
		err = hs_section_uint(view, "first_edge", &block.first_edge);
	if (!err)
		err = hs_section_uint(view, "edges", &block.edges);
	if (!err)
		err = hs_section_uint(view, "next", &block.next);
	if (err)
		return err;
	/* Each object takes a byte of "type" at least, each reference one of "edges". */
	if (!block.objects || block.objects > HS_MAX_BLOCK_OBJECTS || !type ||
	    type->raw < block.objects)
		return hs_section_damaged(view, "has an impossible number of objects");
	if (block.edges > UINT32_MAX || (block.edges && (!edges || edges->raw < block.edges)))
		return hs_section_damaged(view, "has an impossible number of references");
	*ret = block;
	return NULL;
}

/* What is being decoded. */
struct task {
	struct hs_block_decoder *decoder;
	const struct hs_section_view *view;
	const struct hs_block *block;
};

static struct hs_error *malformed(const struct task *task, const char *name)
{
	const struct hs_stored_column *column = hs_section_column(task->view, name);

	if (!column)
		return hs_section_damaged(task->view, "lacks values of column \"%s\"", name);
	return hs_column_damaged(task->view, column, "has malformed values");
}

/*
 * Find and decompress column @name with @inflater; *@codec is HS_CODEC_NONE if the block lacks it.
 */
static struct hs_error *open_with(const struct task *task, const char *name, uint64_t codecs_known,
				  struct hs_inflater *inflater, uint64_t *codec,
				  struct hs_cursor *cursor)
{
	const struct hs_stored_column *column = hs_section_column(task->view, name);

	*codec = HS_CODEC_NONE;
	if (!column)
		return NULL;
	if (column->codec >= HS_CODEC_NONE || !(codecs_known >> column->codec & 1))
		return hs_column_damaged(task->view, column, "has a codec that does not exist");
	*codec = column->codec;
	return hs_column_inflate(task->view, column, inflater, cursor);
}

static struct hs_error *open_column(const struct task *task, const char *name,
				    uint64_t codecs_known, uint64_t *codec,
				    struct hs_cursor *cursor)
{
	return open_with(task, name, codecs_known, &task->decoder->inflater, codec, cursor);
}

static uint64_t known(enum hs_codec codec)
{
	return (uint64_t)1 << codec;
}

/* The types of the block's objects, by which all other columns are grouped. */
static struct hs_error *decode_type(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	struct rooms *rooms = &decoder->rooms;
	uint32_t objects = (uint32_t)task->block->objects;
	struct hs_cursor cursor = {0};
	size_t distinct;
	uint64_t codec;
	struct hs_error *err =
		open_column(task, "type", known(HS_CODEC_DICTIONARY), &codec, &cursor);

	if (err)
		return err;
	if (!hs_decode_dictionary(cursor, decoder->snap->type_count, rooms->narrow, rooms->places,
				  rooms->live, objects, &distinct))
		return malformed(task, "type");
	if (decoder->columns & HS_COLUMN_TYPE)
		memcpy(decoder->snap->columns.type + task->block->first, rooms->narrow,
		       objects * sizeof(*rooms->narrow));
	hs_grouping_init(&decoder->grouping, objects);
	hs_grouping_refine(&decoder->grouping, rooms->places, objects, rooms->scratch);
	return NULL;
}

/*
 * A column of small numbers below @bound into @values, in the block's order.  @places, if not NULL,
 * receives their places among the distinct ones, if the block has the column.
 */
static struct hs_error *decode_small(const struct task *task, const char *name, uint64_t bound,
				     uint32_t common, uint32_t *values, uint32_t *places,
				     size_t *distinct)
{
	struct hs_block_decoder *decoder = task->decoder;
	size_t objects = (size_t)task->block->objects;
	struct hs_cursor cursor = {0};
	uint64_t codec;
	struct hs_error *err = open_column(task, name, known(HS_CODEC_DICTIONARY), &codec, &cursor);

	if (err)
		return err;
	*distinct = 0;
	if (codec == HS_CODEC_NONE) {
		for (size_t i = 0; i < objects; i++)
			values[i] = common;
		return NULL;
	}
	if (!hs_decode_dictionary(cursor, bound, values, places, decoder->rooms.live, objects,
				  distinct))
		return malformed(task, name);
	return NULL;
}

/* Shapes, which part the groups of types, in the order that this gives, into rooms->shapes. */
static struct hs_error *decode_shape(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	struct rooms *rooms = &decoder->rooms;
	uint32_t objects = (uint32_t)task->block->objects;
	uint32_t *by_object = rooms->first;
	size_t distinct;
	struct hs_error *err;

	if (!decoder->snap->shape_count)
		return hs_section_damaged(task->view, "has objects, but there are no shapes");
	err = decode_small(task, "shape", decoder->snap->shape_count, 0, rooms->shapes,
			   rooms->narrow, &distinct);
	if (err || !distinct)
		return err;
	for (uint32_t i = 0; i < objects; i++)
		by_object[rooms->order[i]] = rooms->shapes[i];
	hs_grouping_refine(&decoder->grouping, rooms->narrow, objects, rooms->scratch);
	for (uint32_t i = 0; i < objects; i++)
		rooms->shapes[i] = by_object[rooms->order[i]];
	return NULL;
}

static struct hs_error *decode_flags(const struct task *task)
{
	struct rooms *rooms = &task->decoder->rooms;
	uint16_t *out = task->decoder->snap->columns.flags + task->block->first;
	size_t distinct;
	struct hs_error *err =
		decode_small(task, "flags", UINT16_MAX + 1, 0, rooms->narrow, NULL, &distinct);

	for (size_t i = 0; !err && i < task->block->objects; i++)
		out[rooms->order[i]] = (uint16_t)rooms->narrow[i];
	return err;
}

static struct hs_error *decode_generation(const struct task *task)
{
	struct rooms *rooms = &task->decoder->rooms;
	uint8_t *out = task->decoder->snap->columns.generation + task->block->first;
	size_t distinct;
	struct hs_error *err = decode_small(task, "generation", UINT8_MAX + 1, HS_GENERATION_NONE,
					    rooms->narrow, NULL, &distinct);

	for (size_t i = 0; !err && i < task->block->objects; i++)
		out[rooms->order[i]] = (uint8_t)rooms->narrow[i];
	return err;
}

/*
 * A column of 64-bit numbers into @values, in the block's order; zeros if the block lacks it.
 * Where words are @wanted, varints will do.
 */
static struct hs_error *decode_large(const struct task *task, const char *name,
				     enum hs_codec wanted, uint64_t *values)
{
	uint64_t codecs = known(wanted) | (wanted == HS_CODEC_WORDS ? known(HS_CODEC_VARINT) : 0);
	size_t objects = (size_t)task->block->objects;
	struct hs_cursor cursor = {0};
	uint64_t codec;
	bool whole;
	struct hs_error *err = open_column(task, name, codecs, &codec, &cursor);

	if (err)
		return err;
	if (codec == HS_CODEC_NONE) {
		memset(values, 0, objects * sizeof(*values));
		return NULL;
	}
	if (codec == HS_CODEC_WORDS)
		whole = hs_decode_words(cursor, values, objects);
	else if (wanted == HS_CODEC_ALLOCATED)
		whole = hs_decode_delta(cursor, values, objects);
	else
		whole = hs_decode_varint(cursor, values, objects);
	return whole ? NULL : malformed(task, name);
}

/* Bring @values from the block's order into the column @out. */
static void scatter(const struct task *task, const uint64_t *values, uint64_t *out)
{
	const uint32_t *order = task->decoder->rooms.order;

	out += task->block->first;
	for (size_t i = 0; i < task->block->objects; i++)
		out[order[i]] = values[i];
}

static struct hs_error *decode_column(const struct task *task, const char *name,
				      enum hs_codec codec, uint64_t *out)
{
	uint64_t *values = task->decoder->rooms.wide;
	struct hs_error *err = decode_large(task, name, codec, values);

	if (!err)
		scatter(task, values, out);
	return err;
}

/* The next count that a shape leaves open; zero if the block lacks the column. */
static bool next_count(struct hs_cursor *cursor, bool present, uint64_t *ret)
{
	*ret = 0;
	return !present || hs_cursor_varint(cursor, ret);
}

/* Numbers of visible references, in the block's order, into rooms->visible. */
static struct hs_error *decode_visible(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	struct rooms *rooms = &decoder->rooms;
	struct hs_cursor cursor = {0};
	uint64_t codec;
	struct hs_error *err =
		open_column(task, "visible", known(HS_CODEC_COUNTS), &codec, &cursor);

	for (size_t i = 0; !err && i < task->block->objects; i++) {
		const struct hs_shape_bounds *bounds = &decoder->bounds[rooms->shapes[i]];
		uint64_t more = 0;

		if (bounds->visible_rest && !next_count(&cursor, codec != HS_CODEC_NONE, &more))
			return malformed(task, "visible");
		if (bounds->visible > task->block->edges ||
		    more > task->block->edges - bounds->visible)
			return hs_section_damaged(task->view, "has too many references");
		rooms->visible[i] = (uint32_t)(bounds->visible + more);
	}
	if (!err && hs_cursor_left(&cursor))
		return malformed(task, "visible");
	return err;
}

/* Add to rooms->sizes what the visible references take, of which the groups say how much each. */
static struct hs_error *add_items(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	struct rooms *rooms = &decoder->rooms;
	const struct hs_grouping *grouping = &decoder->grouping;
	struct hs_cursor cursor = {0};
	uint64_t codec;
	struct hs_error *err =
		open_column(task, "item_size", known(HS_CODEC_VARINT), &codec, &cursor);

	if (err || codec == HS_CODEC_NONE)
		return err;
	for (size_t group = 0; group < grouping->groups; group++) {
		uint64_t each;

		if (!hs_cursor_varint(&cursor, &each))
			return malformed(task, "item_size");
		if (!each)
			continue;
		for (uint32_t i = grouping->starts[group]; i < grouping->starts[group + 1]; i++)
			rooms->sizes[i] += each * rooms->visible[i];
	}
	return hs_cursor_left(&cursor) ? malformed(task, "item_size") : NULL;
}

static struct hs_error *decode_sizes(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	struct rooms *rooms = &decoder->rooms;
	struct hs_error *err = decode_large(task, "size", HS_CODEC_VARINT, rooms->sizes);

	if (!err)
		err = add_items(task);
	if (err)
		return err;
	if (decoder->columns & HS_COLUMN_SIZE)
		scatter(task, rooms->sizes, decoder->snap->columns.size);
	if (!(decoder->columns & (HS_COLUMN_ALLOCATED | HS_COLUMN_ADDRESS)))
		return NULL;
	err = decode_large(task, "allocated", HS_CODEC_ALLOCATED, rooms->wide);
	if (err)
		return err;
	if (hs_section_column(task->view, "allocated"))
		for (size_t i = 0; i < task->block->objects; i++)
			rooms->wide[i] += hs_block_round_size(rooms->sizes[i]);
	if (decoder->columns & HS_COLUMN_ALLOCATED)
		scatter(task, rooms->wide, decoder->snap->columns.allocated);
	for (size_t i = 0; i < task->block->objects; i++)
		rooms->classes[i] = hs_block_class(rooms->wide[i]);
	return NULL;
}

/* The last column: its groups are parted by what is allocated for the objects. */
static struct hs_error *decode_address(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	struct rooms *rooms = &decoder->rooms;
	uint32_t objects = (uint32_t)task->block->objects;
	hs_addr *out = decoder->snap->columns.address + task->block->first;
	struct hs_plane_reader planes;
	struct hs_cursor cursor = {0};
	uint8_t shift = 0;
	uint64_t last = 0;
	uint64_t codec;
	struct hs_error *err =
		open_column(task, "address", known(HS_CODEC_ADDRESS), &codec, &cursor);

	if (err)
		return err;
	if (codec == HS_CODEC_NONE) {
		memset(out, 0, objects * sizeof(*out));
		return NULL;
	}
	if (!hs_cursor_u8(&cursor, &shift) || shift > 63 ||
	    !hs_planes_open(&planes, cursor, objects))
		return malformed(task, "address");
	hs_grouping_refine(&decoder->grouping, rooms->classes, objects, rooms->scratch);
	for (uint32_t i = 0; i < objects; i++) {
		last += hs_unzigzag(hs_planes_next(&planes));
		out[rooms->order[i]] = last << shift;
	}
	return NULL;
}

static struct hs_error *decode_owner(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	const uint64_t *codes = decoder->rooms.wide;
	hs_id *out = decoder->snap->columns.owner + task->block->first;
	uint64_t last = task->block->first;
	struct hs_error *err = decode_large(task, "owner", HS_CODEC_OWNER, decoder->rooms.wide);

	for (size_t i = 0; !err && i < task->block->objects; i++) {
		hs_id owner = HS_NONE;

		if (codes[i]) {
			last += hs_unzigzag(codes[i] - 1);
			if (last >= decoder->count)
				return malformed(task, "owner");
			owner = (hs_id)last;
		}
		out[decoder->rooms.order[i]] = owner;
	}
	return err;
}

static struct hs_error *decode_site(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	struct rooms *rooms = &decoder->rooms;
	uint32_t *out = decoder->snap->columns.site + task->block->first;
	size_t distinct;
	struct hs_error *err = decode_small(task, "site", (uint64_t)decoder->snap->site_count + 1,
					    0, rooms->narrow, NULL, &distinct);

	for (size_t i = 0; !err && i < task->block->objects; i++)
		out[rooms->order[i]] = rooms->narrow[i] ? rooms->narrow[i] - 1 : HS_NONE;
	return err;
}

/* From numbers of visible references in rooms->visible to all, by object, in rooms->first. */
static struct hs_error *decode_degrees(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	struct rooms *rooms = &decoder->rooms;
	struct hs_cursor cursor = {0};
	uint64_t codec;
	struct hs_error *err = open_column(task, "hidden", known(HS_CODEC_COUNTS), &codec, &cursor);

	for (size_t i = 0; !err && i < task->block->objects; i++) {
		const struct hs_shape_bounds *bounds = &decoder->bounds[rooms->shapes[i]];
		uint64_t visible = rooms->visible[i];
		uint64_t hidden = bounds->hidden;
		uint64_t code = 0;

		if (bounds->hidden_rest) {
			if (!next_count(&cursor, codec != HS_CODEC_NONE, &code))
				return malformed(task, "hidden");
			if (code > task->block->edges + 1 || (!code && visible < hidden))
				return malformed(task, "hidden");
			hidden = code ? hidden + (code - 1) : visible;
		}
		if (hidden > task->block->edges - visible)
			return hs_section_damaged(task->view, "has too many references");
		rooms->first[rooms->order[i]] = (uint32_t)(visible + hidden);
	}
	if (!err && hs_cursor_left(&cursor))
		return malformed(task, "hidden");
	return err;
}

/* From numbers of references in rooms->first to offsets, there and in the column. */
static struct hs_error *sum_degrees(const struct task *task)
{
	struct rooms *rooms = &task->decoder->rooms;
	uint64_t *out = task->decoder->snap->columns.first_edge + task->block->first;
	uint64_t total = 0;

	for (size_t i = 0; i < task->block->objects; i++) {
		uint32_t degree = rooms->first[i];

		if (degree > task->block->edges - total)
			return hs_section_damaged(task->view, "has too many references");
		rooms->first[i] = (uint32_t)total;
		out[i] = task->block->first_edge + total;
		total += degree;
	}
	if (total != task->block->edges)
		return hs_section_damaged(task->view, "has too few references");
	rooms->first[task->block->objects] = (uint32_t)total;
	return NULL;
}

static bool reserve_edges(struct hs_block_decoder *decoder, size_t count)
{
	if (count <= decoder->edge_capacity)
		return true;
	free(decoder->positions);
	decoder->edge_capacity = 0;
	decoder->positions = calloc(count + 1, sizeof(*decoder->positions));
	if (!decoder->positions)
		return false;
	decoder->edge_capacity = count;
	return true;
}

/*
 * Let the new ones among @count references lead to @next and those behind it; returns what comes
 * then.  Without branches, for nobody can foresee which are new.
 */
static uint64_t number_new(hs_id *edges, size_t count, uint64_t next)
{
	for (size_t i = 0; i < count; i++) {
		bool is_new = edges[i] == HS_NONE;

		edges[i] = is_new ? (hs_id)next : edges[i];
		next += is_new;
	}
	return next;
}

/* Put in the references to the object that is next in order. */
static bool fill_next(const struct task *task)
{
	const struct hs_block *block = task->block;
	const uint32_t *first = task->decoder->rooms.first;
	hs_id *edges = task->decoder->snap->columns.edges + block->first_edge;
	uint64_t next = block->next;

	if (next > task->decoder->count)
		return false;
	for (uint32_t i = 0; i < block->objects; i++) {
		if (next <= block->first + i)
			next = block->first + i + 1;
		/* Behind the block it is behind all that follow: they need not be looked at one by
		 * one. */
		if (next >= block->first + block->objects) {
			next = number_new(edges + first[i], first[block->objects] - first[i], next);
			break;
		}
		next = number_new(edges + first[i], first[i + 1] - first[i], next);
	}
	return next <= task->decoder->count;
}

/* The targets that codes of references stand for, by code. */
static struct hs_error *decode_targets(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	struct hs_cursor cursor = {0};
	uint64_t last = 0;
	uint64_t codec;
	struct hs_error *err = open_with(task, "targets", known(HS_CODEC_DELTA), &decoder->second,
					 &codec, &cursor);

	if (err)
		return err;
	decoder->targets.size = 0;
	/* One byte each at least; short codes are looked up without asking whether they are there.
	 */
	if (!hs_vector_reserve(&decoder->targets,
			       HS_EDGE_CODES + SHORT_CODES + hs_cursor_left(&cursor)))
		return &hs_enomem;
	memset(decoder->targets.data, 0, SHORT_CODES * sizeof(*decoder->targets.data));
	decoder->targets.data[HS_EDGE_NEW] = HS_NONE;
	decoder->targets.size = HS_EDGE_CODES;
	while (hs_cursor_left(&cursor)) {
		uint64_t code;

		if (!hs_cursor_varint(&cursor, &code))
			return malformed(task, "targets");
		last += hs_unzigzag(code);
		if (last >= decoder->count)
			return malformed(task, "targets");
		decoder->targets.data[decoder->targets.size++] = (hs_id)last;
	}
	return NULL;
}

/* The targets of the @count references that jump. */
static struct hs_error *decode_jumps(const struct task *task, size_t count)
{
	struct hs_block_decoder *decoder = task->decoder;
	uint64_t last = task->block->first;
	struct hs_plane_reader planes;
	struct hs_cursor cursor = hs_cursor_over("", 0);
	uint64_t codec;
	struct hs_error *err =
		open_with(task, "jumps", known(HS_CODEC_PLANES), &decoder->second, &codec, &cursor);

	if (err)
		return err;
	if (!hs_vector_reserve(&decoder->jumps, count + 1))
		return &hs_enomem;
	if (!hs_planes_open(&planes, cursor, count))
		return malformed(task, "jumps");
	for (size_t i = 0; i < count; i++) {
		last += hs_unzigzag(hs_planes_next(&planes));
		if (last >= decoder->count)
			return malformed(task, "jumps");
		decoder->jumps.data[i] = (hs_id)last;
	}
	decoder->jumps.data[count] = 0;
	return NULL;
}

/* How many of @count bytes are @byte. */
static size_t count_bytes(const uint8_t *bytes, size_t count, uint8_t byte)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += bytes[i] == byte;
	return found;
}

/*
 * From codes to targets, those of new references becoming HS_NONE.  Short codes are looked up
 * without branches, for nobody can foresee which code follows which.
 */
static bool resolve_codes(const struct task *task, struct hs_plane_reader *planes)
{
	struct hs_block_decoder *decoder = task->decoder;
	hs_id *out = decoder->snap->columns.edges + task->block->first_edge;
	const hs_id *targets = decoder->targets.data;
	const hs_id *jump = decoder->jumps.data;
	const uint32_t *positions = decoder->positions;
	uint64_t bound = decoder->targets.size;
	hs_id last = (hs_id)task->block->first;
	uint64_t beyond = 0;

	for (size_t i = 0; i < task->block->edges; i++) {
		uint64_t code = *planes->at[0];
		hs_id target;

		if (code < SHORT_CODES) {
			planes->at[0]++;
			target = targets[code];
			target = code == HS_EDGE_SAME ? last : target;
			target = code == HS_EDGE_JUMP ? *jump : target;
			jump += code == HS_EDGE_JUMP;
			beyond |= code >= bound;
		} else {
			code = hs_planes_next(planes);
			if (code < SHORT_CODES || code >= bound)
				return false;
			target = targets[code];
		}
		last = code == HS_EDGE_NEW ? last : target;
		out[positions[i]] = target;
	}
	return !beyond;
}

static struct hs_error *decode_edges(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	const struct rooms *rooms = &decoder->rooms;
	size_t edges = (size_t)task->block->edges;
	struct hs_plane_reader planes;
	struct hs_cursor cursor = {0};
	uint64_t codec;
	struct hs_error *err = open_column(task, "edges", known(HS_CODEC_PLANES), &codec, &cursor);

	if (err || !edges)
		return err;
	if (!reserve_edges(decoder, edges))
		return &hs_enomem;
	if (!hs_planes_open(&planes, cursor, edges))
		return malformed(task, "edges");
	err = decode_targets(task);
	if (!err)
		err = decode_jumps(task, count_bytes(planes.at[0], edges, HS_EDGE_JUMP));
	if (err)
		return err;
	hs_block_order_edges(&decoder->grouping, rooms->first, rooms->scratch, decoder->positions);
	return resolve_codes(task, &planes) && fill_next(task) ? NULL : malformed(task, "edges");
}

/* Numbers of references, references. */
static struct hs_error *decode_references(const struct task *task)
{
	struct hs_block_decoder *decoder = task->decoder;
	struct rooms *rooms = &decoder->rooms;
	uint32_t *shapes = decoder->snap->columns.shape + task->block->first;
	uint32_t *visible = decoder->snap->columns.visible + task->block->first;
	struct hs_error *err;

	for (size_t i = 0; i < task->block->objects; i++) {
		shapes[rooms->order[i]] = rooms->shapes[i];
		visible[rooms->order[i]] = rooms->visible[i];
	}
	err = decode_degrees(task);
	if (!err)
		err = sum_degrees(task);
	return err ? err : decode_edges(task);
}

struct hs_error *hs_block_decode(struct hs_block_decoder *decoder,
				 const struct hs_section_view *view, const struct hs_block *block)
{
	const struct task task = {.decoder = decoder, .view = view, .block = block};
	const struct hs_columns *out = &decoder->snap->columns;
	uint32_t columns = decoder->columns;
	struct hs_error *err = decode_type(&task);

	if (!err && columns & ~(uint32_t)HS_COLUMN_TYPE)
		err = decode_shape(&task);
	if (!err && columns & (SIZES | HS_COLUMN_EDGES))
		err = decode_visible(&task);
	if (!err && columns & SIZES)
		err = decode_sizes(&task);
	if (!err && columns & HS_COLUMN_REFCOUNT)
		err = decode_column(&task, "refcount", HS_CODEC_VARINT, out->refcount);
	if (!err && columns & HS_COLUMN_FLAGS)
		err = decode_flags(&task);
	if (!err && columns & HS_COLUMN_GENERATION)
		err = decode_generation(&task);
	if (!err && columns & HS_COLUMN_OWNER)
		err = decode_owner(&task);
	if (!err && columns & HS_COLUMN_FINGERPRINT)
		err = decode_column(&task, "fingerprint", HS_CODEC_WORDS, out->fingerprint);
	if (!err && columns & HS_COLUMN_SITE)
		err = decode_site(&task);
	if (!err && columns & HS_COLUMN_EDGES)
		err = decode_references(&task);
	if (!err && columns & HS_COLUMN_ADDRESS)
		err = decode_address(&task);
	return err;
}
