/* SPDX-License-Identifier: MIT */
/* encode_tables.c: the header and the small tables as sections. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"
#include "format/base/strtab.h"
#include "format/tablefile.h"

const struct hs_column_name hs_column_names[HS_COLUMN_NAME_COUNT] = {
	{"address", HS_COLUMN_ADDRESS},
	{"type", HS_COLUMN_TYPE},
	{"size", HS_COLUMN_SIZE},
	{"allocated", HS_COLUMN_ALLOCATED},
	{"refcount", HS_COLUMN_REFCOUNT},
	{"flags", HS_COLUMN_FLAGS},
	{"generation", HS_COLUMN_GENERATION},
	{"owner", HS_COLUMN_OWNER},
	{"fingerprint", HS_COLUMN_FINGERPRINT},
	{"site", HS_COLUMN_SITE},
	{"edges", HS_COLUMN_EDGES},
};

/* Tables on their way into the file. */
struct encoder {
	const struct hs_snapshot *snap;
	struct hs_emitter *emitter;
	struct hs_strtab strings; /* the file's: the snapshot's and then names in tables */
	uint32_t *string_numbers; /* of the snapshot's strings in the file */
	uint64_t *values;	  /* of a column: as many as the largest table has rows */
	bool failed;		  /* memory ran out */
	struct hs_error *error;
	struct hs_chain *chain; /* NULL: the tables are written whole */
	bool matching;		/* of a chain: find common rows, write nothing */
	struct {
		const char *name;
		enum hs_codec codec;
		bool first;
		uint64_t *values;
	} held[HS_ROW_WIDTH]; /* of a chain: the columns of a table */
	size_t held_count;
};

static uint32_t number(struct encoder *encoder, struct hs_str str)
{
	uint32_t ret = 0;

	if (!hs_strtab_intern(&encoder->strings, str, &ret))
		encoder->failed = true;
	return ret;
}

/* A reference to a row or an object that may be none. */
static uint64_t optional(uint32_t reference)
{
	return reference == HS_NONE ? 0 : (uint64_t)reference + 1;
}

/* Give every string that is used a number before any table is written. */
static void number_strings(struct encoder *encoder)
{
	const struct hs_snapshot *snap = encoder->snap;

	for (uint32_t i = 0; i < snap->shape_count; i++)
		for (uint32_t j = 0; j < snap->shapes[i].count; j++) {
			const struct hs_run *run = &snap->shapes[i].runs[j];

			if (hs_label_has_name(run->kind))
				encoder->string_numbers[run->operand] =
					number(encoder, snap->strings[run->operand]);
		}
	for (uint32_t i = 0; i < snap->type_count; i++) {
		number(encoder, snap->types[i].name);
		number(encoder, snap->types[i].module);
	}
	for (size_t i = 0; i < snap->root_count; i++)
		number(encoder, snap->roots[i].name);
	for (uint32_t i = 0; i < snap->thread_count; i++)
		number(encoder, snap->threads[i].name);
	for (uint32_t i = 0; i < snap->frame_count; i++) {
		number(encoder, snap->frames[i].function);
		number(encoder, snap->frames[i].file);
	}
	for (size_t i = 0; i < snap->region_count; i++)
		number(encoder, snap->regions[i].name);
	for (size_t i = 0; i < snap->extent_count; i++) {
		number(encoder, snap->extents[i].allocator);
		number(encoder, snap->extents[i].state);
	}
	for (uint32_t i = 0; i < snap->site_count; i++)
		number(encoder, snap->sites[i].file);
	for (size_t i = 0; i < snap->info.gap_count; i++)
		number(encoder, snap->info.gaps[i].reason);
}

static void keep_error(struct encoder *encoder, struct hs_error *err)
{
	if (encoder->error)
		hs_error_destroy(err);
	else
		encoder->error = err;
}

/* Keep encoder->values until the rows can be compared with those of the base. */
static void hold_column(struct encoder *encoder, const char *name, enum hs_codec codec,
			size_t count, bool first)
{
	uint64_t *values = calloc(count + 1, sizeof(*values));

	if (!values) {
		keep_error(encoder, &hs_enomem);
		return;
	}
	memcpy(values, encoder->values, count * sizeof(*values));
	encoder->held[encoder->held_count].name = name;
	encoder->held[encoder->held_count].codec = codec;
	encoder->held[encoder->held_count].first = first;
	encoder->held[encoder->held_count++].values = values;
}

/* Emit encoder->values as column @name; a table's first column is never left out. */
static void emit_column(struct encoder *encoder, const char *name, enum hs_codec codec,
			size_t count, bool first)
{
	if (encoder->chain)
		hold_column(encoder, name, codec, count, first);
	else if (!encoder->error)
		keep_error(encoder, hs_emit_values(encoder->emitter, name, codec, encoder->values,
						   count, first));
}

/* Emit the column @name of @count rows whose row i has the value @expression. */
#define COLUMN(name, codec, count, first, expression)                                              \
	do {                                                                                       \
		for (size_t i = 0; i < (count); i++)                                               \
			encoder->values[i] = (expression);                                         \
		emit_column(encoder, name, codec, count, first);                                   \
	} while (0)

/* The number in the base of what has the number *@value; false: it is not there. */
static bool refer_to_base(const struct hs_chain *chain, struct hs_reference reference,
			  uint64_t *value)
{
	static const enum hs_row_group tables[] = {
		[HS_REFERS_STRING] = HS_ROWS_STRINGS,
		[HS_REFERS_THREAD] = HS_ROWS_THREADS,
		[HS_REFERS_FRAME] = HS_ROWS_FRAMES,
		[HS_REFERS_SITE] = HS_ROWS_SITES,
	};
	const hs_id *base;
	uint64_t number = *value - reference.optional;

	if (reference.to == HS_REFERS_NOT || (reference.optional && !*value))
		return true;
	base = reference.to == HS_REFERS_OBJECT ? chain->base_of
						: chain->maps[tables[reference.to]].base;
	*value = (uint64_t)base[number] + reference.optional;
	return base[number] != HS_NONE;
}

/* What match_row() needs. */
struct matching {
	const struct encoder *encoder;
	enum hs_row_group group;
	struct hs_reference references[HS_ROW_WIDTH];
};

static bool match_row(void *context, size_t row, uint64_t *values)
{
	const struct matching *matching = context;
	const struct encoder *encoder = matching->encoder;

	for (size_t i = 0; i < encoder->held_count; i++) {
		struct hs_reference reference = matching->references[i];

		if (matching->group == HS_ROWS_RUNS) /* it depends on the "kind", which is first */
			reference = hs_row_reference(HS_ROWS_RUNS, encoder->held[i].name,
						     encoder->held[0].values[row]);
		values[i] = encoder->held[i].values[row];
		if (!refer_to_base(encoder->chain, reference, &values[i]))
			return false;
	}
	return true;
}

/* Find the rows of the held columns among those of the base. */
static void match_rows(struct encoder *encoder, enum hs_row_group group, size_t rows)
{
	const struct hs_raw_tables *raw = encoder->chain->base->raw;
	struct hs_row_map *map = &encoder->chain->maps[group];
	struct matching matching = {.encoder = encoder, .group = group};
	const uint64_t *base[HS_ROW_WIDTH] = {0};
	size_t base_rows = 0;

	for (size_t i = 0; i < encoder->held_count; i++) {
		const struct hs_raw_column *column =
			hs_raw_tables_find(raw, group, encoder->held[i].name);

		matching.references[i] = hs_row_reference(group, encoder->held[i].name, 0);
		if (column) {
			base[i] = column->values;
			base_rows = column->count;
		}
	}
	if (!hs_row_map_init(map, rows, base_rows) ||
	    !hs_rows_match(map, base, encoder->held_count, match_row, &matching))
		keep_error(encoder, &hs_enomem);
}

/* Whether a table is that of the base: it is left out then. */
static bool is_identical(const struct encoder *encoder, enum hs_row_group group)
{
	const struct hs_row_map *maps = encoder->chain->maps;

	if (group == HS_ROWS_SHAPES || group == HS_ROWS_RUNS)
		return maps[HS_ROWS_SHAPES].identical && maps[HS_ROWS_RUNS].identical;
	return maps[group].identical;
}

/* Where a span of rows ends that are literals and then copies of neighbours. */
static size_t end_span(const struct hs_row_map *map, size_t row, uint64_t span[3])
{
	size_t start = row;

	while (row < map->rows && map->base[row] == HS_NONE)
		row++;
	span[0] = row - start;
	start = row;
	span[1] = row < map->rows ? map->base[row] : 0;
	while (row < map->rows && map->base[row] != HS_NONE &&
	       map->base[row] - span[1] == row - start)
		row++;
	span[2] = row - start;
	return row;
}

static void emit_spans(struct encoder *encoder, const struct hs_row_map *map, bool runs)
{
	static const char *const names[2][3] = {{"literal", "from", "copied"},
						{"run_literal", "run_from", "run_copied"}};
	uint64_t *values = encoder->values;
	size_t spans = 0;

	for (int part = 0; part < 3 && !encoder->error; part++) {
		spans = 0;
		for (size_t row = 0; row < map->rows;) {
			uint64_t span[3];

			row = end_span(map, row, span);
			values[spans++] = span[part];
		}
		keep_error(encoder, hs_emit_values(encoder->emitter, names[runs][part],
						   part == 1 ? HS_CODEC_DELTA : HS_CODEC_VARINT,
						   values, spans, part == 2));
	}
	hs_emit_field(encoder->emitter, runs ? "run_rows" : "rows", map->rows);
	hs_emit_field(encoder->emitter, runs ? "run_spans" : "spans", spans);
}

/* Emit what the held columns have in rows that are not the base's. */
static void emit_literals(struct encoder *encoder, enum hs_row_group group)
{
	const struct hs_row_map *map = &encoder->chain->maps[group];

	for (size_t i = 0; i < encoder->held_count && !encoder->error; i++) {
		struct hs_reference reference = hs_row_reference(group, encoder->held[i].name, 0);
		size_t used = 0;

		for (size_t row = 0; row < map->rows; row++) {
			uint64_t value = encoder->held[i].values[row];

			if (map->base[row] != HS_NONE)
				continue;
			if (reference.to == HS_REFERS_OBJECT && (value || !reference.optional))
				value = (uint64_t)encoder->chain
						->identity[value - reference.optional] +
					reference.optional;
			encoder->values[used++] = value;
		}
		keep_error(encoder, hs_emit_values(encoder->emitter, encoder->held[i].name,
						   encoder->held[i].codec, encoder->values, used,
						   encoder->held[i].first));
	}
}

/* Of a chain: the held columns are the @rows rows of @group. */
static void close_rows(struct encoder *encoder, enum hs_row_group group, size_t rows)
{
	if (!encoder->chain)
		return;
	if (!encoder->error && encoder->matching)
		match_rows(encoder, group, rows);
	else if (!encoder->error && !is_identical(encoder, group)) {
		emit_spans(encoder, &encoder->chain->maps[group], group == HS_ROWS_RUNS);
		emit_literals(encoder, group);
	}
	while (encoder->held_count)
		free(encoder->held[--encoder->held_count].values);
}

/* A table without rows is left out; of a chain, one that is the base's. */
static void emit_table(struct encoder *encoder, enum hs_section_kind kind, size_t rows)
{
	enum hs_row_group group = hs_row_group(kind);

	if (group != HS_ROWS_SHAPES && group != HS_ROWS_STRINGS)
		close_rows(encoder, group, rows);
	if (encoder->error || encoder->matching)
		return;
	if (encoder->chain ? is_identical(encoder, group) : !rows)
		return;
	if (!encoder->chain)
		hs_emit_field(encoder->emitter, "rows", rows);
	keep_error(encoder, hs_emit_section(encoder->emitter, kind));
}

/* What match_string() needs: strings by their bytes, the base's first. */
struct string_matching {
	struct encoder *encoder;
	struct hs_strtab table;
};

static bool match_string(void *context, size_t row, uint64_t *values)
{
	struct string_matching *matching = context;
	uint32_t same = 0;

	if (!hs_strtab_intern(&matching->table, matching->encoder->strings.strings.data[row],
			      &same))
		matching->encoder->failed = true;
	values[0] = same;
	return true;
}

/* Find the strings among those of the base. */
static void match_strings(struct encoder *encoder)
{
	const struct hs_snapshot *base = encoder->chain->base;
	struct hs_row_map *map = &encoder->chain->maps[HS_ROWS_STRINGS];
	struct string_matching matching = {.encoder = encoder};
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	_cleanup_free_ uint64_t *numbers = calloc((size_t)base->string_count + 1, sizeof(*numbers));
	bool done = arena && numbers && hs_strtab_init(&matching.table, arena);

	for (uint32_t i = 0; done && i < base->string_count; i++) {
		uint32_t same = 0;

		done = hs_strtab_intern(&matching.table, base->strings[i], &same);
		numbers[i] = same;
	}
	done = done && hs_row_map_init(map, encoder->strings.strings.size, base->string_count) &&
	       hs_rows_match(map, (const uint64_t *const[]){numbers}, 1, match_string, &matching);
	hs_strtab_deinit(&matching.table);
	if (!done || encoder->failed)
		keep_error(encoder, &hs_enomem);
}

/* The strings to be written: all, or of a chain those that the base has not. */
static size_t list_strings(struct encoder *encoder, struct hs_str *ret)
{
	const struct hs_row_map *map =
		encoder->chain ? &encoder->chain->maps[HS_ROWS_STRINGS] : NULL;
	size_t count = 0;

	for (size_t i = 0; i < encoder->strings.strings.size; i++)
		if (!map || map->base[i] == HS_NONE)
			ret[count++] = encoder->strings.strings.data[i];
	return count;
}

static void emit_strings(struct encoder *encoder)
{
	struct hs_bytes *raw;
	size_t count;

	if (encoder->matching) {
		match_strings(encoder);
		return;
	}
	if (encoder->chain && is_identical(encoder, HS_ROWS_STRINGS))
		return;
	_cleanup_free_ struct hs_str *strings =
		calloc(encoder->strings.strings.size + 1, sizeof(*strings));
	if (!strings) {
		keep_error(encoder, &hs_enomem);
		return;
	}
	raw = &encoder->emitter->raw;
	count = list_strings(encoder, strings);
	if (encoder->chain)
		emit_spans(encoder, &encoder->chain->maps[HS_ROWS_STRINGS], false);
	for (size_t i = 0; i < count; i++)
		encoder->values[i] = strings[i].size;
	if (!encoder->error)
		keep_error(encoder, hs_emit_values(encoder->emitter, "length", HS_CODEC_VARINT,
						   encoder->values, count, true));
	for (size_t i = 0; i < count && !encoder->error; i++) {
		if (!hs_bytes_reserve(raw, strings[i].size)) {
			keep_error(encoder, &hs_enomem);
			break;
		}
		if (strings[i].size)
			memcpy(raw->data + raw->size, strings[i].data, strings[i].size);
		raw->size += strings[i].size;
	}
	if (!encoder->error && raw->size)
		keep_error(encoder, hs_emit_column(encoder->emitter, "bytes", HS_CODEC_BYTES));
	emit_table(encoder, HS_SECTION_STRINGS, count);
}

static void emit_types(struct encoder *encoder)
{
	const struct hs_type *types = encoder->snap->types;
	size_t count = encoder->snap->type_count;

	COLUMN("name", HS_CODEC_DELTA, count, true, number(encoder, types[i].name));
	COLUMN("module", HS_CODEC_DELTA, count, false, number(encoder, types[i].module));
	COLUMN("role", HS_CODEC_VARINT, count, false, types[i].role);
	COLUMN("object", HS_CODEC_VARINT, count, false, optional(types[i].object));
	emit_table(encoder, HS_SECTION_TYPES, count);
}

/* The runs of all shapes, one shape after the other. */
static size_t run_total(const struct hs_snapshot *snap)
{
	size_t total = 0;

	for (uint32_t i = 0; i < snap->shape_count; i++)
		total += snap->shapes[i].count;
	return total;
}

/* Field @expression of every `run` as a column. */
#define RUN_COLUMN(name, codec, first, expression)                                                 \
	do {                                                                                       \
		size_t out = 0;                                                                    \
                                                                                                   \
		for (uint32_t i = 0; i < snap->shape_count; i++)                                   \
			for (uint32_t j = 0; j < snap->shapes[i].count; j++) {                     \
				const struct hs_run *run = &snap->shapes[i].runs[j];               \
                                                                                                   \
				encoder->values[out++] = (expression);                             \
			}                                                                          \
		emit_column(encoder, name, codec, out, first);                                     \
	} while (0)

static void emit_shapes(struct encoder *encoder)
{
	const struct hs_snapshot *snap = encoder->snap;

	COLUMN("runs", HS_CODEC_VARINT, snap->shape_count, true, snap->shapes[i].count);
	COLUMN("visible_runs", HS_CODEC_VARINT, snap->shape_count, false,
	       snap->shapes[i].first_hidden);
	close_rows(encoder, HS_ROWS_SHAPES, snap->shape_count);
	RUN_COLUMN("kind", HS_CODEC_VARINT, true, run->kind);
	RUN_COLUMN("strength", HS_CODEC_VARINT, false, run->strength);
	RUN_COLUMN("operand", HS_CODEC_DELTA, false,
		   hs_label_has_name(run->kind) ? encoder->string_numbers[run->operand]
						: run->operand);
	RUN_COLUMN("count", HS_CODEC_VARINT, false, run->count);
	close_rows(encoder, HS_ROWS_RUNS, run_total(snap));
	emit_table(encoder, HS_SECTION_SHAPES, snap->shape_count);
}

static void emit_roots(struct encoder *encoder)
{
	const struct hs_root *roots = encoder->snap->roots;
	size_t count = encoder->snap->root_count;

	COLUMN("object", HS_CODEC_DELTA, count, true, roots[i].object);
	COLUMN("rank", HS_CODEC_VARINT, count, false, roots[i].rank);
	COLUMN("name", HS_CODEC_DELTA, count, false, number(encoder, roots[i].name));
	COLUMN("thread", HS_CODEC_VARINT, count, false, optional(roots[i].thread));
	COLUMN("frame", HS_CODEC_VARINT, count, false, optional(roots[i].frame));
	emit_table(encoder, HS_SECTION_ROOTS, count);
}

static void emit_threads(struct encoder *encoder)
{
	const struct hs_thread *threads = encoder->snap->threads;
	const struct hs_frame *frames = encoder->snap->frames;
	size_t count = encoder->snap->thread_count;

	COLUMN("native_id", HS_CODEC_DELTA, count, true, threads[i].native_id);
	COLUMN("name", HS_CODEC_DELTA, count, false, number(encoder, threads[i].name));
	emit_table(encoder, HS_SECTION_THREADS, count);
	count = encoder->snap->frame_count;
	COLUMN("thread", HS_CODEC_VARINT, count, true, frames[i].thread);
	COLUMN("function", HS_CODEC_DELTA, count, false, number(encoder, frames[i].function));
	COLUMN("file", HS_CODEC_DELTA, count, false, number(encoder, frames[i].file));
	COLUMN("line", HS_CODEC_VARINT, count, false, frames[i].line);
	emit_table(encoder, HS_SECTION_FRAMES, count);
}

static void emit_memory(struct encoder *encoder)
{
	const struct hs_region *regions = encoder->snap->regions;
	const struct hs_extent *extents = encoder->snap->extents;
	size_t count = encoder->snap->region_count;

	COLUMN("start", HS_CODEC_DELTA, count, true, regions[i].start);
	COLUMN("size", HS_CODEC_VARINT, count, false, regions[i].end - regions[i].start);
	COLUMN("resident", HS_CODEC_VARINT, count, false, regions[i].resident);
	COLUMN("flags", HS_CODEC_VARINT, count, false, regions[i].flags);
	COLUMN("name", HS_CODEC_DELTA, count, false, number(encoder, regions[i].name));
	emit_table(encoder, HS_SECTION_REGIONS, count);
	count = encoder->snap->extent_count;
	COLUMN("start", HS_CODEC_DELTA, count, true, extents[i].start);
	COLUMN("size", HS_CODEC_VARINT, count, false, extents[i].size);
	COLUMN("bytes", HS_CODEC_VARINT, count, false, extents[i].bytes);
	COLUMN("count", HS_CODEC_VARINT, count, false, extents[i].count);
	COLUMN("allocator", HS_CODEC_VARINT, count, false, number(encoder, extents[i].allocator));
	COLUMN("state", HS_CODEC_VARINT, count, false, number(encoder, extents[i].state));
	COLUMN("owner", HS_CODEC_VARINT, count, false, optional(extents[i].owner));
	emit_table(encoder, HS_SECTION_EXTENTS, count);
}

static void emit_collectors(struct encoder *encoder)
{
	const struct hs_collector *collectors = encoder->snap->collectors;
	size_t count = encoder->snap->collector_count;

	COLUMN("interpreter", HS_CODEC_VARINT, count, true, collectors[i].interpreter);
	COLUMN("generation", HS_CODEC_VARINT, count, false, collectors[i].generation);
	COLUMN("threshold", HS_CODEC_VARINT, count, false, collectors[i].threshold);
	COLUMN("count", HS_CODEC_VARINT, count, false, collectors[i].count);
	COLUMN("collections", HS_CODEC_VARINT, count, false, collectors[i].collections);
	COLUMN("collected", HS_CODEC_VARINT, count, false, collectors[i].collected);
	COLUMN("uncollectable", HS_CODEC_VARINT, count, false, collectors[i].uncollectable);
	COLUMN("flags", HS_CODEC_VARINT, count, false, collectors[i].flags);
	emit_table(encoder, HS_SECTION_COLLECTOR, count);
}

static void emit_sites(struct encoder *encoder)
{
	const struct hs_site *sites = encoder->snap->sites;
	size_t count = encoder->snap->site_count;

	COLUMN("file", HS_CODEC_DELTA, count, true, number(encoder, sites[i].file));
	COLUMN("line", HS_CODEC_VARINT, count, false, sites[i].line);
	COLUMN("caller", HS_CODEC_DELTA, count, false, optional(sites[i].caller));
	emit_table(encoder, HS_SECTION_SITES, count);
}

static void emit_gaps(struct encoder *encoder)
{
	const struct hs_gap *gaps = encoder->snap->info.gaps;
	size_t count = encoder->snap->info.gap_count;

	COLUMN("reason", HS_CODEC_VARINT, count, true, number(encoder, gaps[i].reason));
	COLUMN("count", HS_CODEC_VARINT, count, false, gaps[i].count);
	COLUMN("example", HS_CODEC_VARINT, count, false, gaps[i].example);
	emit_table(encoder, HS_SECTION_GAPS, count);
}

static void pack_number(struct hs_packer *packer, const char *key, uint64_t value)
{
	hs_pack_text(packer, key);
	hs_pack_uint(packer, value);
}

static void pack_string(struct hs_packer *packer, const char *key, struct hs_str value)
{
	hs_pack_text(packer, key);
	hs_pack_bin(packer, value);
}

static void pack_process(struct hs_packer *packer, const struct hs_info *info)
{
	hs_pack_text(packer, "process");
	hs_pack_map(packer, 14);
	pack_number(packer, "pid", info->pid);
	pack_string(packer, "runtime", info->runtime);
	pack_string(packer, "version", info->version);
	hs_pack_text(packer, "command");
	hs_pack_array(packer, info->command_count);
	for (size_t i = 0; i < info->command_count; i++)
		hs_pack_bin(packer, info->command[i]);
	pack_number(packer, "time_ns", info->time_ns);
	pack_number(packer, "start_ticks", info->start_ticks);
	pack_string(packer, "boot_id", info->boot_id);
	pack_string(packer, "mode", info->mode);
	pack_string(packer, "reason", info->reason);
	pack_number(packer, "pause_ns", info->pause_ns);
	pack_number(packer, "copied", info->copied);
	pack_number(packer, "resident", info->resident);
	pack_number(packer, "retries", info->retries);
	pack_number(packer, "damaged", info->damaged);
}

/* The columns that @objects has: enum hs_column. */
static uint32_t columns_present(const struct hs_objects *objects)
{
	return HS_MANDATORY_COLUMNS | (objects->allocated ? HS_COLUMN_ALLOCATED : 0U) |
	       (objects->refcount ? HS_COLUMN_REFCOUNT : 0U) |
	       (objects->generation ? HS_COLUMN_GENERATION : 0U) |
	       (objects->owner ? HS_COLUMN_OWNER : 0U) |
	       (objects->fingerprint ? HS_COLUMN_FINGERPRINT : 0U) |
	       (objects->site ? HS_COLUMN_SITE : 0U);
}

/* Of a chain: without the base a reader would misread the rest. */
static void pack_base(struct hs_packer *packer, const struct hs_base *base)
{
	hs_pack_text(packer, "base");
	hs_pack_map(packer, 2);
	pack_string(packer, "name", base->name);
	pack_number(packer, "hash", base->hash);
}

static struct hs_error *emit_header(const struct hs_snapshot *snap, struct hs_emitter *emitter,
				    const struct hs_chain *chain)
{
	uint32_t columns = columns_present(&snap->objects);
	bool left_out = snap->has_previews && !snap->previews.row_of;
	uint64_t preview_bytes = left_out ? 0 : snap->info.preview_bytes;
	struct hs_packer packer;
	struct hs_error *err;

	hs_packer_init(&packer);
	hs_pack_map(&packer, 8u + (preview_bytes != 0) + snap->info.redacted +
				     (snap->info.salt != 0) + (chain != NULL));
	pack_number(&packer, "major", HS_FORMAT_MAJOR);
	pack_number(&packer, "minor", HS_FORMAT_MINOR);
	hs_pack_text(&packer, "required");
	hs_pack_array(&packer, chain ? 1 : 0);
	if (chain)
		hs_pack_text(&packer, "base");
	if (chain) /* early, where it is found without reading far (chainfile.c) */
		pack_base(&packer, &chain->file);
	hs_pack_text(&packer, "writer");
	hs_pack_text(&packer, "heapsnap " HS_VERSION);
	pack_number(&packer, "objects", snap->objects.count);
	pack_number(&packer, "edges", snap->objects.edge_count);
	hs_pack_text(&packer, "object_columns");
	hs_pack_array(&packer, (size_t)__builtin_popcount(columns));
	for (size_t i = 0; i < HS_COLUMN_NAME_COUNT; i++)
		if (columns & hs_column_names[i].column)
			hs_pack_text(&packer, hs_column_names[i].name);
	pack_process(&packer, &snap->info);
	if (preview_bytes)
		pack_number(&packer, "preview_bytes", preview_bytes);
	if (snap->info.redacted)
		pack_number(&packer, "redacted", 1);
	if (snap->info.salt)
		pack_number(&packer, "fingerprint_salt", snap->info.salt);
	err = packer.failed ? &hs_enomem : hs_emit_map(emitter, HS_SECTION_HEADER, &packer.buffer);
	hs_packer_deinit(&packer);
	return err;
}

static size_t largest_table(const struct encoder *encoder)
{
	const struct hs_snapshot *snap = encoder->snap;
	const size_t sizes[] = {
		encoder->strings.strings.size,
		snap->type_count,
		snap->shape_count,
		run_total(snap),
		snap->root_count,
		snap->thread_count,
		snap->frame_count,
		snap->region_count,
		snap->extent_count,
		snap->collector_count,
		snap->site_count,
		snap->info.gap_count,
	};
	size_t largest = 1;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (sizes[i] > largest)
			largest = sizes[i];
	return largest;
}

static struct hs_error *emit_tables(struct encoder *encoder)
{
	number_strings(encoder);
	if (encoder->failed)
		return &hs_enomem;
	_cleanup_free_ uint64_t *values = calloc(largest_table(encoder) + 1, sizeof(*values));
	if (!values)
		return &hs_enomem;
	encoder->values = values;
	emit_strings(encoder);
	emit_types(encoder);
	emit_shapes(encoder);
	emit_threads(encoder);
	emit_roots(encoder);
	emit_memory(encoder);
	emit_collectors(encoder);
	emit_sites(encoder);
	emit_gaps(encoder);
	return encoder->error;
}

static struct hs_error *encode(const struct hs_snapshot *snap, struct hs_emitter *emitter,
			       struct hs_chain *chain, bool matching)
{
	struct encoder encoder = {
		.snap = snap, .emitter = emitter, .chain = chain, .matching = matching};
	struct hs_error *err;

	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	_cleanup_free_ uint32_t *string_numbers =
		calloc((size_t)snap->string_count + 1, sizeof(*string_numbers));
	if (!arena || !string_numbers || !hs_strtab_init(&encoder.strings, arena))
		return &hs_enomem;
	encoder.string_numbers = string_numbers;
	err = emit_tables(&encoder);
	hs_strtab_deinit(&encoder.strings);
	return err;
}

struct hs_error *hs_tables_encode(const struct hs_snapshot *snap, struct hs_emitter *emitter,
				  struct hs_chain *chain)
{
	struct hs_error *err = emit_header(snap, emitter, chain);

	return err ? err : encode(snap, emitter, chain, false);
}

struct hs_error *hs_tables_match(const struct hs_snapshot *snap, struct hs_chain *chain)
{
	return encode(snap, NULL, chain, true);
}
