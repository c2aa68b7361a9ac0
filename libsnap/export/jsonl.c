/* SPDX-License-Identifier: MIT */
/* jsonl.c: one line per object, references with their names included. */
#include "libsnap/export/exporter.h"
#include "libsnap/report/escape.h"

#include "format/base/arena.h"
#include "format/base/error.h"
#include "format/label.h"
#include "format/preview.h"
#include <errno.h>
#include <math.h>

/* A constant, whose length the compiler knows. */
#define put(out, text) hs_output_bytes((out), (text), sizeof(text) - 1)

/* What is being written, and what is worked out for the object at hand. */
struct writer {
	const struct hs_snapshot *snap;
	struct hs_output *out;
	struct hs_entry_keys keys;
	struct hs_bytes literal; /* scratch */
	bool first;		 /* no reference has been written yet */
};

/* The references of one part of an object, visible or hidden, and the runs that name them. */
struct part {
	const hs_id *targets;
	uint64_t count;
	const struct hs_run *runs;
	uint32_t run_count;
};

/* The types' names as JSON strings, escaped once for all their objects; NULL: memory ran out. */
static struct hs_str *escape_types(const struct hs_snapshot *snap, struct hs_arena *arena)
{
	const struct hs_type *types;
	struct hs_str *names;
	uint32_t count;

	types = hs_snapshot_types(snap, &count);
	names = hs_arena_array(arena, (size_t)count + 1, sizeof(*names));
	for (uint32_t i = 0; names && i < count; i++) {
		_cleanup_output_ struct hs_output name = {0};

		hs_output_init(&name, NULL);
		hs_escape_json(&name, types[i].name);
		if (name.errnum || !hs_arena_str(arena, hs_output_str(&name), &names[i]))
			return NULL;
	}
	return names;
}

/* ['name'] with quotes and backslashes of the name escaped, the whole then escaped for JSON. */
static void put_item(struct hs_output *out, struct hs_str name)
{
	size_t done = 0;

	put(out, "['");
	for (size_t i = 0; i < name.size; i++) {
		if (name.data[i] != '\'' && name.data[i] != '\\')
			continue;
		hs_escape_append(out, (struct hs_str){name.data + done, i - done}, HS_ESCAPE_JSON);
		if (name.data[i] == '\'')
			put(out, "\\\\'");
		else
			put(out, "\\\\\\\\");
		done = i + 1;
	}
	hs_escape_append(out, (struct hs_str){name.data + done, name.size - done}, HS_ESCAPE_JSON);
	put(out, "']");
}

static void put_index(struct hs_output *out, uint64_t index)
{
	put(out, "[");
	hs_output_u64(out, index);
	put(out, "]");
}

/* The value of @preview as a literal of Python. */
static void put_literal(struct writer *writer, const struct hs_preview *preview)
{
	writer->literal.size = 0;
	if (!hs_preview_write(preview, &writer->literal)) {
		hs_output_fail(writer->out, ENOMEM);
		return;
	}
	hs_escape_append(writer->out,
			 (struct hs_str){(const char *)writer->literal.data, writer->literal.size},
			 HS_ESCAPE_JSON);
}

/* [key], or [*] if the key, HS_NONE or an object, has no value recorded. */
static void put_entry(struct writer *writer, hs_id key)
{
	struct hs_preview preview;

	put(writer->out, "[");
	if (key != HS_NONE && hs_snapshot_preview(writer->snap, key, &preview))
		put_literal(writer, &preview);
	else
		put(writer->out, "*");
	put(writer->out, "]");
}

/* The name of reference @position of the @length references of @run, the first being @targets. */
static void put_label(struct writer *writer, const struct hs_run *run, const hs_id *targets,
		      uint64_t position, uint64_t length)
{
	const struct hs_snapshot *snap = writer->snap;
	struct hs_output *out = writer->out;

	switch ((enum hs_label_kind)run->kind) {
	case HS_LABEL_INDEX:
		put_index(out, run->operand + position);
		break;
	case HS_LABEL_INDEX_DOWN:
		put_index(out, run->operand + length - 1 - position);
		break;
	case HS_LABEL_ATTRIBUTE:
		put(out, ".");
		hs_escape_append(out, hs_snapshot_string(snap, run->operand), HS_ESCAPE_JSON);
		break;
	case HS_LABEL_ITEM:
		hs_entry_keys_next(&writer->keys);
		put_item(out, hs_snapshot_string(snap, run->operand));
		break;
	case HS_LABEL_VALUE:
		put_entry(writer, hs_entry_keys_next(&writer->keys));
		break;
	case HS_LABEL_LOCAL:
		hs_escape_append(out, hs_snapshot_string(snap, run->operand), HS_ESCAPE_JSON);
		break;
	case HS_LABEL_KEY:
		put(out, "key");
		break;
	case HS_LABEL_ENTRY:
		if (position % 2)
			put(out, "key");
		else
			put_entry(writer, position + 1 < length ? targets[position + 1] : HS_NONE);
		break;
	case HS_LABEL_OFFSET:
		put(out, "+");
		hs_output_u64(out, run->operand);
		break;
	case HS_LABEL_NONE:
	case HS_LABEL_COUNT:
		put(out, "[*]");
		break;
	}
}

/* References that the one run without a count takes. */
static uint64_t left_over(const struct part *part)
{
	uint64_t fixed = 0;

	for (uint32_t i = 0; i < part->run_count; i++)
		fixed += part->runs[i].count;
	return part->count > fixed ? part->count - fixed : 0;
}

static void put_part(struct writer *writer, const struct part *part)
{
	static const struct hs_run unnamed = {.kind = HS_LABEL_NONE};
	struct hs_output *out = writer->out;
	uint64_t at = 0;

	for (uint32_t i = 0; i <= part->run_count && at < part->count; i++) {
		const struct hs_run *run = i < part->run_count ? &part->runs[i] : &unnamed;
		const hs_id *targets = part->targets + at;
		uint64_t length = run->count ? run->count : left_over(part);

		/* Behind the last run: what no run names. */
		if (i == part->run_count || length > part->count - at)
			length = part->count - at;
		for (uint64_t position = 0; position < length; position++, at++) {
			if (writer->first)
				put(out, "[");
			else
				put(out, ",[");
			writer->first = false;
			hs_output_u64(out, targets[position]);
			put(out, ",\"");
			put_label(writer, run, targets, position, length);
			put(out, "\"]");
		}
	}
}

static void put_references(struct writer *writer, hs_id object)
{
	const struct hs_objects *objects = hs_snapshot_objects(writer->snap);
	uint64_t first_edge = objects->first_edge[object];
	uint64_t degree = objects->first_edge[(size_t)object + 1] - first_edge;
	const struct hs_shape *shape;
	uint32_t count;

	shape = &hs_snapshot_shapes(writer->snap, &count)[objects->shape[object]];
	struct part visible = {
		.targets = objects->edges + first_edge,
		.count = objects->visible[object],
		.runs = shape->runs,
		.run_count = shape->first_hidden,
	};
	struct part hidden = {
		.targets = visible.targets + visible.count,
		.count = degree - visible.count,
		.runs = shape->runs + shape->first_hidden,
		.run_count = shape->count - shape->first_hidden,
	};
	hs_entry_keys_init(&writer->keys, writer->snap, object);
	writer->first = true;
	put_part(writer, &visible);
	put_part(writer, &hidden);
}

static void put_flags(struct hs_output *out, uint16_t flags)
{
	static const struct {
		uint16_t flag;
		const char *name;
	} names[] = {
		{HS_OBJECT_GC, "\"gc\""},
		{HS_OBJECT_TRACKED, "\"tracked\""},
		{HS_OBJECT_IMMORTAL, "\"immortal\""},
		{HS_OBJECT_STATIC, "\"static\""},
		{HS_OBJECT_SIZE_GUESS, "\"size_guess\""},
		{HS_OBJECT_SCANNED, "\"scanned\""},
		{HS_OBJECT_LOST, "\"lost\""},
	};
	bool first = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(flags & names[i].flag))
			continue;
		hs_output_text(out, first ? "" : ",");
		hs_output_text(out, names[i].name);
		first = false;
	}
}

/* The line that allocated the object, if that is known. */
static void put_site(struct writer *writer, hs_id object)
{
	const struct hs_objects *objects = hs_snapshot_objects(writer->snap);
	const struct hs_site *site;
	uint32_t count;

	if (!objects->site || objects->site[object] == HS_NONE)
		return;
	site = &hs_snapshot_sites(writer->snap, &count)[objects->site[object]];
	put(writer->out, ",\"site\":\"");
	hs_escape_append(writer->out, site->file, HS_ESCAPE_JSON);
	put(writer->out, ":");
	hs_output_u64(writer->out, site->line);
	put(writer->out, "\"");
}

/* Bytes as text: each is the character of its number. */
static void put_latin1(struct writer *writer, struct hs_str bytes)
{
	writer->literal.size = 0;
	if (!hs_bytes_reserve(&writer->literal, 2 * bytes.size)) {
		hs_output_fail(writer->out, ENOMEM);
		return;
	}
	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t byte = (uint8_t)bytes.data[i];

		if (byte >= 0x80)
			writer->literal.data[writer->literal.size++] = (uint8_t)(0xc0 | byte >> 6);
		writer->literal.data[writer->literal.size++] =
			byte >= 0x80 ? (uint8_t)(0x80 | (byte & 0x3f)) : byte;
	}
	hs_escape_json(writer->out,
		       (struct hs_str){(const char *)writer->literal.data, writer->literal.size});
}

/* JSON has numbers, but none that are no number or infinite; a cut number is none either. */
static bool is_json_number(const struct hs_preview *preview)
{
	if (preview->kind == HS_PREVIEW_REAL)
		return isfinite(preview->real);
	return !preview->cut && preview->data.size <= HS_PREVIEW_DECIMAL_BYTES;
}

/* What is recorded of the object's value, and, if that is not all, how long all of it is. */
static void put_value(struct writer *writer, hs_id object)
{
	struct hs_output *out = writer->out;
	struct hs_preview preview;

	if (!hs_snapshot_preview(writer->snap, object, &preview))
		return;
	put(out, ",\"value\":");
	switch (preview.kind) {
	case HS_PREVIEW_TEXT:
		hs_escape_json(out, preview.data);
		break;
	case HS_PREVIEW_BYTES:
		put_latin1(writer, preview.data);
		break;
	case HS_PREVIEW_INTEGER:
	case HS_PREVIEW_REAL:
	case HS_PREVIEW_POSITIVE:
	case HS_PREVIEW_NEGATIVE:
	case HS_PREVIEW_KIND_COUNT:
		hs_output_text(out, is_json_number(&preview) ? "" : "\"");
		put_literal(writer, &preview);
		hs_output_text(out, is_json_number(&preview) ? "" : "\"");
		break;
	}
	if (preview.cut) {
		put(out, ",\"length\":");
		hs_output_u64(out, preview.length);
	}
}

struct hs_error *hs_export_jsonl(const struct hs_snapshot *snap, struct hs_output *out)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	struct writer writer = {.snap = snap, .out = out};
	_cleanup_arena_ struct hs_arena *arena = hs_arena_create();
	struct hs_str *types = arena ? escape_types(snap, arena) : NULL;

	if (!types)
		return &hs_enomem;
	for (hs_id i = 0; i < objects->count && !out->errnum; i++) {
		struct hs_str type = types[objects->type[i]];

		put(out, "{\"id\":");
		hs_output_u64(out, i);
		put(out, ",\"addr\":\"0x");
		hs_output_hex(out, objects->address[i]);
		put(out, "\",\"type\":");
		hs_output_bytes(out, type.data, type.size);
		put(out, ",\"size\":");
		hs_output_u64(out, objects->size[i]);
		put(out, ",\"alloc\":");
		hs_output_u64(out, objects->allocated ? objects->allocated[i] : 0);
		put(out, ",\"refs\":[");
		put_references(&writer, i);
		put(out, "],\"gc_refs\":");
		hs_output_u64(out, objects->visible[i]);
		put(out, ",\"flags\":[");
		put_flags(out, objects->flags[i]);
		put(out, "]");
		put_site(&writer, i);
		put_value(&writer, i);
		put(out, "}\n");
	}
	hs_bytes_deinit(&writer.literal);
	return NULL;
}
