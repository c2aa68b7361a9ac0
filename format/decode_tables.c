/* SPDX-License-Identifier: MIT */
/* decode_tables.c: the small tables from their sections. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"
#include "format/tablefile.h"
#include <stdlib.h>

/* A table on its way out of the file. */
struct decoder {
	const struct hs_file_image *image;
	struct hs_inflater *inflater;
	struct hs_snapshot *snap;
	uint64_t objects;	/* below which numbers of objects are */
	struct hs_chain *chain; /* NULL: the tables are whole */
	enum hs_row_group group;
	bool present; /* whether the file has the table; else it has no rows */
	struct hs_section_view view;
	size_t rows;
	uint64_t *values; /* of a column */
	size_t capacity;
};

/* A row of a chain's base says something that the file does not allow. */
static struct hs_error *dangling(const char *name)
{
	return hs_error_create(
		HS_ERROR_DAMAGED,
		"damaged: a row that is the base's names in \"%s\" what is not there", name);
}

static struct hs_error *out_of_range(const struct decoder *decoder, const char *name)
{
	const struct hs_stored_column *column =
		decoder->present ? hs_section_column(&decoder->view, name) : NULL;

	if (!decoder->present)
		return dangling(name);
	if (!column)
		return hs_section_damaged(&decoder->view, "lacks the column \"%s\"", name);
	return hs_column_damaged(&decoder->view, column, "has values out of range");
}

/* Read @count values of column @name of the section; zeros if it is not there. */
static struct hs_error *read_stored(struct decoder *decoder, const char *name, size_t count)
{
	const struct hs_stored_column *column;
	struct hs_cursor cursor;
	struct hs_error *err;
	bool whole;

	if (!hs_vector_grow(&decoder->values, &decoder->capacity, sizeof(*decoder->values), count))
		return &hs_enomem;
	column = decoder->present ? hs_section_column(&decoder->view, name) : NULL;
	if (!column) {
		if (count)
			memset(decoder->values, 0, count * sizeof(*decoder->values));
		return NULL;
	}
	if (column->codec != HS_CODEC_VARINT && column->codec != HS_CODEC_DELTA)
		return hs_column_damaged(&decoder->view, column, "has a codec that does not exist");
	err = hs_column_inflate(&decoder->view, column, decoder->inflater, &cursor);
	if (err)
		return err;
	if (column->codec == HS_CODEC_DELTA)
		whole = hs_decode_delta(cursor, decoder->values, count);
	else
		whole = hs_decode_varint(cursor, decoder->values, count);
	if (!whole)
		return hs_column_damaged(&decoder->view, column, "has malformed values");
	return NULL;
}

/* What the spans of a table are called: its rows' or its runs'. */
struct span_names {
	const char *rows;
	const char *spans;
	const char *parts[3]; /* literal rows, then from which row of the base, copies */
};

/* The numbers of all spans, @count of each part, one part after the other. */
static struct hs_error *read_spans(struct decoder *decoder, const struct span_names *names,
				   size_t count, uint64_t **ret)
{
	_cleanup_free_ uint64_t *values = calloc(count * 3 + 1, sizeof(*values));

	if (!values)
		return &hs_enomem;
	for (size_t part = 0; part < 3; part++) {
		struct hs_error *err = read_stored(decoder, names->parts[part], count);

		if (err)
			return err;
		if (count)
			memcpy(values + part * count, decoder->values, count * sizeof(*values));
	}
	*ret = hs_steal(values);
	return NULL;
}

/* Enter the copies of the spans into @map, checking that they make up its rows. */
static struct hs_error *apply_spans(const struct decoder *decoder, const struct span_names *names,
				    const uint64_t *spans, size_t count, struct hs_row_map *map)
{
	uint64_t row = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t literals = spans[i];
		uint64_t from = spans[count + i];
		uint64_t copied = spans[2 * count + i];

		if (literals > map->rows - row || copied > map->rows - row - literals ||
		    from > map->base_rows || copied > map->base_rows - from)
			return out_of_range(decoder, names->parts[2]);
		row += literals;
		for (uint64_t j = 0; j < copied; j++) {
			if (map->row[from + j] != HS_NONE)
				return hs_section_damaged(&decoder->view,
							  "copies a row of the base twice");
			hs_row_map_copy(map, (size_t)(row + j), (size_t)(from + j));
		}
		row += copied;
	}
	if (row != map->rows)
		return hs_section_damaged(&decoder->view, "has spans that are not its rows");
	hs_row_map_close(map);
	return NULL;
}

/* All rows are the base's. */
static struct hs_error *copy_all(struct hs_row_map *map, size_t rows)
{
	if (!hs_row_map_init(map, rows, rows))
		return &hs_enomem;
	for (size_t i = 0; i < rows; i++)
		hs_row_map_copy(map, i, i);
	hs_row_map_close(map);
	return NULL;
}

/*
 * Of a chain: find out which of the open table's rows are those of the base, @base_rows.  @first is
 * the column that each literal row has a byte of at least.
 */
static struct hs_error *map_rows(struct decoder *decoder, bool runs, const char *first,
				 size_t base_rows)
{
	static const struct span_names names[2] = {
		{"rows", "spans", {"literal", "from", "copied"}},
		{"run_rows", "run_spans", {"run_literal", "run_from", "run_copied"}},
	};
	struct hs_row_map *map = &decoder->chain->maps[decoder->group];
	const struct span_names *name = &names[runs];
	const struct hs_stored_column *column;
	_cleanup_free_ uint64_t *values = NULL;
	uint64_t spans = 0;
	uint64_t rows = 0;
	struct hs_error *err;

	if (!decoder->present)
		return copy_all(map, base_rows);
	err = hs_section_uint(&decoder->view, name->rows, &rows);
	if (!err)
		err = hs_section_uint(&decoder->view, name->spans, &spans);
	if (err)
		return err;
	column = hs_section_column(&decoder->view, first);
	if (rows >= UINT32_MAX || rows > base_rows + (column ? column->raw : 0))
		return hs_section_damaged(&decoder->view, "has an impossible number of rows");
	column = hs_section_column(&decoder->view, name->parts[2]);
	if (spans && (!column || column->raw < spans))
		return hs_section_damaged(&decoder->view, "has an impossible number of spans");
	if (!hs_row_map_init(map, (size_t)rows, base_rows))
		return &hs_enomem;
	err = read_spans(decoder, name, (size_t)spans, &values);
	return err ? err : apply_spans(decoder, name, values, (size_t)spans, map);
}

/* How many rows the base's table has. */
static size_t base_rows(const struct decoder *decoder, const char *first)
{
	const struct hs_raw_column *column =
		hs_raw_tables_find(decoder->chain->base->raw, decoder->group, first);

	return column ? column->count : 0;
}

/* Of a chain: what is known of the open table's rows. */
static struct hs_error *open_rows(struct decoder *decoder, const char *first)
{
	struct hs_error *err =
		map_rows(decoder, false, first,
			 decoder->group == HS_ROWS_STRINGS ? decoder->chain->base->string_count
							   : base_rows(decoder, first));

	decoder->rows = decoder->chain->maps[decoder->group].rows;
	return err;
}

/* Begin to read the table of @kind, whose first column is @first. */
static struct hs_error *open_table(struct decoder *decoder, enum hs_section_kind kind,
				   const char *first)
{
	const struct hs_stored_column *column;
	uint64_t rows = 0;
	struct hs_error *err;

	decoder->present = false;
	decoder->group = hs_row_group(kind);
	decoder->rows = 0;
	for (size_t i = 0; i < decoder->image->count; i++) {
		if (decoder->image->sections[i].kind != (uint64_t)kind)
			continue;
		err = hs_section_view_init(decoder->image, i, 0, &decoder->view);
		if (err)
			return err;
		decoder->present = true;
		break;
	}
	if (decoder->chain)
		return open_rows(decoder, first);
	if (!decoder->present)
		return NULL;
	err = hs_section_uint(&decoder->view, "rows", &rows);
	if (err)
		return err;
	column = hs_section_column(&decoder->view, first);
	if (rows >= UINT32_MAX || (rows && (!column || column->raw < rows)))
		return hs_section_damaged(&decoder->view, "has an impossible number of rows");
	decoder->rows = (size_t)rows;
	return NULL;
}

/* From a number in the base to the one that the same thing has here; false: it is not here. */
static bool refer_from_base(const struct hs_chain *chain, struct hs_reference reference,
			    uint64_t *value)
{
	static const enum hs_row_group tables[] = {
		[HS_REFERS_STRING] = HS_ROWS_STRINGS,
		[HS_REFERS_THREAD] = HS_ROWS_THREADS,
		[HS_REFERS_FRAME] = HS_ROWS_FRAMES,
		[HS_REFERS_SITE] = HS_ROWS_SITES,
	};
	uint64_t number = *value - reference.optional;
	const struct hs_row_map *map;

	if (reference.to == HS_REFERS_NOT || (reference.optional && !*value))
		return true;
	if (reference.to == HS_REFERS_OBJECT) {
		*value = chain->listed + number + reference.optional;
		return number < chain->base->objects.count;
	}
	map = &chain->maps[tables[reference.to]];
	if (number >= map->base_rows || map->row[number] == HS_NONE)
		return false;
	*value = (uint64_t)map->row[number] + reference.optional;
	return true;
}

/* Put the values of the base between the literal ones, which come first in decoder->values. */
static struct hs_error *insert_copies(struct decoder *decoder, const char *name)
{
	const struct hs_chain *chain = decoder->chain;
	const struct hs_row_map *map = &chain->maps[decoder->group];
	const struct hs_raw_column *column =
		hs_raw_tables_find(chain->base->raw, decoder->group, name);
	const struct hs_raw_column *kind =
		hs_raw_tables_find(chain->base->raw, decoder->group, "kind");
	struct hs_reference reference = hs_row_reference(decoder->group, name, 0);
	size_t literals = map->literals;

	for (size_t i = map->rows; i-- > 0;) {
		uint32_t row = map->base[i];
		uint64_t value = 0;

		if (row == HS_NONE) {
			decoder->values[i] = decoder->values[--literals];
			continue;
		}
		if (column)
			value = column->values[row];
		if (kind)
			reference = hs_row_reference(decoder->group, name, kind->values[row]);
		if (!refer_from_base(chain, reference, &value))
			return dangling(name);
		decoder->values[i] = value;
	}
	return NULL;
}

/* Read the @count values of column @name into decoder->values. */
static struct hs_error *read_values(struct decoder *decoder, const char *name, size_t count)
{
	struct hs_error *err;

	if (!decoder->chain) {
		err = read_stored(decoder, name, count);
	} else if (!hs_vector_grow(&decoder->values, &decoder->capacity, sizeof(*decoder->values),
				   count)) {
		err = &hs_enomem;
	} else {
		err = read_stored(decoder, name, decoder->chain->maps[decoder->group].literals);
		if (!err)
			err = insert_copies(decoder, name);
	}
	if (!err && decoder->snap->raw && decoder->group != HS_ROWS_STRINGS &&
	    !hs_raw_tables_add(decoder->snap->raw, decoder->group, name, decoder->values, count))
		err = &hs_enomem;
	return err;
}

/* The same as read_values(); each must be below @bound. */
static struct hs_error *read_below(struct decoder *decoder, const char *name, size_t count,
				   uint64_t bound)
{
	struct hs_error *err = read_values(decoder, name, count);

	for (size_t i = 0; !err && i < count; i++)
		if (decoder->values[i] >= bound)
			err = out_of_range(decoder, name);
	return err;
}

/* The same for rows that may be none: 0 is none, the others count from 1. */
static struct hs_error *read_optional(struct decoder *decoder, const char *name, size_t count,
				      uint64_t bound)
{
	return read_below(decoder, name, count, bound + 1);
}

static uint32_t optional(uint64_t value)
{
	return value ? (uint32_t)(value - 1) : HS_NONE;
}

/*
 * Read column @name of the open table with @read, and assign @expression, in which `value` is the
 * row's value, to @field of each row of @table.
 */
#define FILL(read, table, field, expression)                                                       \
	do {                                                                                       \
		if (!err)                                                                          \
			err = (read);                                                              \
		for (size_t i = 0; !err && i < decoder->rows; i++) {                               \
			uint64_t value = decoder->values[i];                                       \
                                                                                                   \
			(table)[i].field = (__typeof__((table)[i].field))(expression);             \
		}                                                                                  \
	} while (0)

/* A string by number, which was checked. */
static struct hs_str string_at(const struct decoder *decoder, uint64_t value)
{
	return decoder->snap->strings[value];
}

/* A column of numbers of strings. */
static struct hs_error *read_strings(struct decoder *decoder, const char *name)
{
	return read_below(decoder, name, decoder->rows, decoder->snap->string_count);
}

static struct hs_error *read_numbers(struct decoder *decoder, const char *name)
{
	return read_values(decoder, name, decoder->rows);
}

/* A string of the base, copied. */
static struct hs_error *copy_string(const struct decoder *decoder, uint32_t row, struct hs_str *ret)
{
	return hs_arena_str(decoder->snap->arena, decoder->chain->base->strings[row], ret)
		       ? NULL
		       : &hs_enomem;
}

/*
 * Cut @bytes into the strings whose lengths are in decoder->values; of a chain, between those that
 * the base has.
 */
static struct hs_error *cut_strings(struct decoder *decoder, struct hs_cursor bytes,
				    struct hs_str *strings)
{
	const struct hs_row_map *map =
		decoder->chain ? &decoder->chain->maps[HS_ROWS_STRINGS] : NULL;
	const char *data = hs_arena_copy(decoder->snap->arena, bytes.at, hs_cursor_left(&bytes));
	const uint64_t *length = decoder->values;

	if (!data)
		return &hs_enomem;
	for (size_t i = 0; i < decoder->rows; i++) {
		const uint8_t *ignored;

		if (map && map->base[i] != HS_NONE) {
			struct hs_error *err = copy_string(decoder, map->base[i], &strings[i]);

			if (err)
				return err;
			continue;
		}

		strings[i].data = data + hs_cursor_offset(&bytes);
		if (!hs_cursor_take(&bytes, *length, &ignored))
			return out_of_range(decoder, "length");
		strings[i].size = (size_t)*length++;
	}
	if (hs_cursor_left(&bytes))
		return out_of_range(decoder, "length");
	if (decoder->rows && strings[0].size)
		return hs_section_damaged(&decoder->view, "begins with a string that is not empty");
	return NULL;
}

static struct hs_error *decode_strings(struct decoder *decoder)
{
	const struct hs_stored_column *column = NULL;
	struct hs_cursor bytes = hs_cursor_over("", 0);
	struct hs_str *strings;
	struct hs_error *err = open_table(decoder, HS_SECTION_STRINGS, "length");

	if (!err)
		err = read_stored(decoder, "length",
				  decoder->chain ? decoder->chain->maps[HS_ROWS_STRINGS].literals
						 : decoder->rows);
	if (err)
		return err;
	strings = hs_arena_array(decoder->snap->arena, decoder->rows + 1, sizeof(*strings));
	if (!strings)
		return &hs_enomem;
	strings[0] = hs_str_of("");
	if (decoder->present)
		column = hs_section_column(&decoder->view, "bytes");
	if (column && column->codec != HS_CODEC_BYTES)
		return hs_column_damaged(&decoder->view, column, "has a codec that does not exist");
	if (column)
		err = hs_column_inflate(&decoder->view, column, decoder->inflater, &bytes);
	if (!err)
		err = cut_strings(decoder, bytes, strings);
	decoder->snap->strings = strings;
	decoder->snap->string_count = decoder->rows ? (uint32_t)decoder->rows : 1;
	return err;
}

static struct hs_error *decode_types(struct decoder *decoder)
{
	struct hs_type *types;
	struct hs_error *err = open_table(decoder, HS_SECTION_TYPES, "name");

	if (err)
		return err;
	types = hs_arena_array(decoder->snap->arena, decoder->rows, sizeof(*types));
	if (!types)
		return &hs_enomem;
	FILL(read_strings(decoder, "name"), types, name, string_at(decoder, value));
	FILL(read_strings(decoder, "module"), types, module, string_at(decoder, value));
	FILL(read_numbers(decoder, "role"), types, role,
	     value < HS_ROLE_COUNT ? value : HS_ROLE_OTHER);
	FILL(read_optional(decoder, "object", decoder->rows, decoder->objects), types, object,
	     optional(value));
	decoder->snap->types = types;
	decoder->snap->type_count = (uint32_t)decoder->rows;
	return err;
}

/* Runs whose operand is the number of a string must name one that exists. */
static struct hs_error *check_runs(const struct decoder *decoder, const struct hs_run *runs,
				   size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (hs_label_has_name(runs[i].kind) &&
		    runs[i].operand >= decoder->snap->string_count)
			return out_of_range(decoder, "operand");
	return NULL;
}

static struct hs_error *decode_runs(struct decoder *decoder, size_t total, struct hs_run **ret)
{
	struct hs_run *runs = hs_arena_array(decoder->snap->arena, total, sizeof(*runs));
	size_t rows = decoder->rows;
	struct hs_error *err = NULL;

	if (!runs)
		return &hs_enomem;
	decoder->rows = total;
	FILL(read_numbers(decoder, "kind"), runs, kind,
	     value < HS_LABEL_COUNT ? value : HS_LABEL_NONE);
	FILL(read_numbers(decoder, "strength"), runs, strength,
	     value <= HS_GENERIC ? value : HS_GENERIC);
	FILL(read_below(decoder, "operand", total, (uint64_t)UINT32_MAX + 1), runs, operand, value);
	FILL(read_below(decoder, "count", total, (uint64_t)UINT32_MAX + 1), runs, count, value);
	if (!err)
		err = check_runs(decoder, runs, total);
	decoder->rows = rows;
	*ret = runs;
	return err;
}

/* Give each shape, whose number of runs is known, its runs. */
static struct hs_error *assign_runs(const struct decoder *decoder, struct hs_shape *shapes,
				    const struct hs_run *runs)
{
	for (size_t i = 0; i < decoder->rows; i++) {
		shapes[i].runs = runs;
		runs += shapes[i].count;
		if (!hs_shape_bounds(&shapes[i]).valid)
			return hs_section_damaged(&decoder->view,
						  "has a shape that contradicts itself");
	}
	return NULL;
}

/* Read the @total runs of @shapes. */
static struct hs_error *finish_shapes(struct decoder *decoder, struct hs_shape *shapes,
				      uint64_t total)
{
	struct hs_run *runs = NULL;
	struct hs_error *err = NULL;

	decoder->group = HS_ROWS_RUNS;
	if (decoder->chain)
		err = map_rows(decoder, true, "kind", base_rows(decoder, "kind"));
	if (!err && decoder->chain && decoder->chain->maps[HS_ROWS_RUNS].rows != total)
		err = out_of_range(decoder, "runs");
	if (!err)
		err = decode_runs(decoder, (size_t)total, &runs);
	if (!err)
		err = assign_runs(decoder, shapes, runs);
	decoder->snap->shapes = shapes;
	decoder->snap->shape_count = (uint32_t)decoder->rows;
	return err;
}

static struct hs_error *decode_shapes(struct decoder *decoder)
{
	const struct hs_stored_column *kind;
	struct hs_shape *shapes;
	uint64_t total = 0;
	struct hs_error *err = open_table(decoder, HS_SECTION_SHAPES, "runs");

	if (err)
		return err;
	shapes = hs_arena_array(decoder->snap->arena, decoder->rows, sizeof(*shapes));
	if (!shapes)
		return &hs_enomem;
	FILL(read_below(decoder, "runs", decoder->rows, UINT32_MAX), shapes, count, value);
	FILL(read_below(decoder, "visible_runs", decoder->rows, UINT32_MAX), shapes, first_hidden,
	     value);
	if (err)
		return err;
	for (size_t i = 0; i < decoder->rows; i++)
		total += shapes[i].count;
	if (decoder->chain)
		return finish_shapes(decoder, shapes, total);
	kind = decoder->present ? hs_section_column(&decoder->view, "kind") : NULL;
	if (total && (!kind || kind->raw < total))
		return hs_section_damaged(&decoder->view, "has an impossible number of runs");
	return finish_shapes(decoder, shapes, total);
}

static struct hs_error *decode_threads(struct decoder *decoder)
{
	struct hs_thread *threads;
	struct hs_error *err = open_table(decoder, HS_SECTION_THREADS, "native_id");

	if (err)
		return err;
	threads = hs_arena_array(decoder->snap->arena, decoder->rows, sizeof(*threads));
	if (!threads)
		return &hs_enomem;
	FILL(read_numbers(decoder, "native_id"), threads, native_id, value);
	FILL(read_strings(decoder, "name"), threads, name, string_at(decoder, value));
	decoder->snap->threads = threads;
	decoder->snap->thread_count = (uint32_t)decoder->rows;
	return err;
}

static struct hs_error *decode_frames(struct decoder *decoder)
{
	struct hs_frame *frames;
	struct hs_error *err = open_table(decoder, HS_SECTION_FRAMES, "thread");

	if (err)
		return err;
	frames = hs_arena_array(decoder->snap->arena, decoder->rows, sizeof(*frames));
	if (!frames)
		return &hs_enomem;
	FILL(read_below(decoder, "thread", decoder->rows, decoder->snap->thread_count), frames,
	     thread, value);
	FILL(read_strings(decoder, "function"), frames, function, string_at(decoder, value));
	FILL(read_strings(decoder, "file"), frames, file, string_at(decoder, value));
	FILL(read_below(decoder, "line", decoder->rows, (uint64_t)UINT32_MAX + 1), frames, line,
	     value);
	decoder->snap->frames = frames;
	decoder->snap->frame_count = (uint32_t)decoder->rows;
	return err;
}

static struct hs_error *decode_roots(struct decoder *decoder)
{
	struct hs_root *roots;
	struct hs_error *err = open_table(decoder, HS_SECTION_ROOTS, "object");

	if (err)
		return err;
	roots = hs_arena_array(decoder->snap->arena, decoder->rows, sizeof(*roots));
	if (!roots)
		return &hs_enomem;
	FILL(read_below(decoder, "object", decoder->rows, decoder->objects), roots, object, value);
	FILL(read_numbers(decoder, "rank"), roots, rank,
	     value < HS_ROOT_RANK_COUNT ? value : HS_ROOT_INTERNAL);
	FILL(read_strings(decoder, "name"), roots, name, string_at(decoder, value));
	FILL(read_optional(decoder, "thread", decoder->rows, decoder->snap->thread_count), roots,
	     thread, optional(value));
	FILL(read_optional(decoder, "frame", decoder->rows, decoder->snap->frame_count), roots,
	     frame, optional(value));
	decoder->snap->roots = roots;
	decoder->snap->root_count = decoder->rows;
	return err;
}

static struct hs_error *decode_regions(struct decoder *decoder)
{
	struct hs_region *regions;
	struct hs_error *err = open_table(decoder, HS_SECTION_REGIONS, "start");

	if (err)
		return err;
	regions = hs_arena_array(decoder->snap->arena, decoder->rows, sizeof(*regions));
	if (!regions)
		return &hs_enomem;
	FILL(read_numbers(decoder, "start"), regions, start, value);
	FILL(read_numbers(decoder, "size"), regions, end, regions[i].start + value);
	FILL(read_numbers(decoder, "resident"), regions, resident, value);
	FILL(read_numbers(decoder, "flags"), regions, flags, value);
	FILL(read_strings(decoder, "name"), regions, name, string_at(decoder, value));
	for (size_t i = 0; !err && i < decoder->rows; i++)
		if (regions[i].end < regions[i].start)
			err = out_of_range(decoder, "size");
	decoder->snap->regions = regions;
	decoder->snap->region_count = decoder->rows;
	return err;
}

static struct hs_error *decode_extents(struct decoder *decoder)
{
	struct hs_extent *extents;
	struct hs_error *err = open_table(decoder, HS_SECTION_EXTENTS, "start");

	if (err)
		return err;
	extents = hs_arena_array(decoder->snap->arena, decoder->rows, sizeof(*extents));
	if (!extents)
		return &hs_enomem;
	FILL(read_numbers(decoder, "start"), extents, start, value);
	FILL(read_numbers(decoder, "size"), extents, size, value);
	FILL(read_numbers(decoder, "bytes"), extents, bytes, value);
	FILL(read_numbers(decoder, "count"), extents, count, value);
	FILL(read_strings(decoder, "allocator"), extents, allocator, string_at(decoder, value));
	FILL(read_strings(decoder, "state"), extents, state, string_at(decoder, value));
	FILL(read_optional(decoder, "owner", decoder->rows, decoder->objects), extents, owner,
	     optional(value));
	decoder->snap->extents = extents;
	decoder->snap->extent_count = decoder->rows;
	return err;
}

static struct hs_error *decode_collectors(struct decoder *decoder)
{
	struct hs_collector *collectors;
	struct hs_error *err = open_table(decoder, HS_SECTION_COLLECTOR, "interpreter");

	if (err)
		return err;
	collectors = hs_arena_array(decoder->snap->arena, decoder->rows, sizeof(*collectors));
	if (!collectors)
		return &hs_enomem;
	FILL(read_below(decoder, "interpreter", decoder->rows, (uint64_t)UINT32_MAX + 1),
	     collectors, interpreter, value);
	FILL(read_below(decoder, "generation", decoder->rows, UINT8_MAX + 1), collectors,
	     generation, value);
	FILL(read_numbers(decoder, "threshold"), collectors, threshold, value);
	FILL(read_numbers(decoder, "count"), collectors, count, value);
	FILL(read_numbers(decoder, "collections"), collectors, collections, value);
	FILL(read_numbers(decoder, "collected"), collectors, collected, value);
	FILL(read_numbers(decoder, "uncollectable"), collectors, uncollectable, value);
	FILL(read_numbers(decoder, "flags"), collectors, flags, value);
	decoder->snap->collectors = collectors;
	decoder->snap->collector_count = decoder->rows;
	return err;
}

/* A caller stands before what it calls, so that every way up ends. */
static struct hs_error *check_callers(const struct decoder *decoder)
{
	for (size_t i = 0; i < decoder->rows; i++)
		if (decoder->values[i] > i)
			return out_of_range(decoder, "caller");
	return NULL;
}

static struct hs_error *decode_sites(struct decoder *decoder)
{
	struct hs_site *sites;
	struct hs_error *err = open_table(decoder, HS_SECTION_SITES, "file");

	if (err)
		return err;
	sites = hs_arena_array(decoder->snap->arena, decoder->rows, sizeof(*sites));
	if (!sites)
		return &hs_enomem;
	FILL(read_strings(decoder, "file"), sites, file, string_at(decoder, value));
	FILL(read_below(decoder, "line", decoder->rows, (uint64_t)UINT32_MAX + 1), sites, line,
	     value);
	FILL(read_numbers(decoder, "caller"), sites, caller, optional(value));
	if (!err)
		err = check_callers(decoder);
	decoder->snap->sites = sites;
	decoder->snap->site_count = (uint32_t)decoder->rows;
	return err;
}

static struct hs_error *decode_gaps(struct decoder *decoder)
{
	struct hs_gap *gaps;
	struct hs_error *err = open_table(decoder, HS_SECTION_GAPS, "reason");

	if (err)
		return err;
	gaps = hs_arena_array(decoder->snap->arena, decoder->rows, sizeof(*gaps));
	if (!gaps)
		return &hs_enomem;
	FILL(read_strings(decoder, "reason"), gaps, reason, string_at(decoder, value));
	FILL(read_numbers(decoder, "count"), gaps, count, value);
	FILL(read_numbers(decoder, "example"), gaps, example, value);
	decoder->snap->info.gaps = gaps;
	decoder->snap->info.gap_count = decoder->rows;
	return err;
}

struct hs_error *hs_tables_decode(const struct hs_file_image *image, uint64_t objects,
				  struct hs_inflater *inflater, struct hs_chain *chain,
				  struct hs_snapshot *snap)
{
	/* Those that others refer to come first. */
	static struct hs_error *(*const tables[])(struct decoder *) = {
		decode_strings, decode_types, decode_shapes,	 decode_threads,
		decode_frames,	decode_roots, decode_regions,	 decode_extents,
		decode_sites,	decode_gaps,  decode_collectors,
	};
	struct decoder decoder = {
		.image = image,
		.inflater = inflater,
		.snap = snap,
		.objects = objects,
		.chain = chain,
	};
	struct hs_error *err = NULL;

	for (size_t i = 0; !err && i < sizeof(tables) / sizeof(*tables); i++)
		err = tables[i](&decoder);
	free(decoder.values);
	return err;
}
