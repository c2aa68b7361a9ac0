/* SPDX-License-Identifier: MIT */
/* place.c: a path from a root as text. */
#include "libsnap/analysis/place.h"

#include "libsnap/graph/internal.h"

#include "format/base/error.h"
#include "format/base/str.h"
#include "format/preview.h"

#include <stdio.h>

enum {
	SMALL_CONTAINER = 16, /* references up to which an index is worth a number */
	STEPS_MAX = 24,	      /* of a longer path, the first and last halves are shown */
};

struct writer {
	const struct hs_tables *tables;
	bool exact; /* indexes of large containers, too */
	bool failed;
	HS_VECTOR(char) path;
	HS_VECTOR(char) label;
};

static void put(struct writer *writer, bool label, struct hs_str str)
{
	for (size_t i = 0; i < str.size; i++) {
		bool done = label ? hs_vector_push(&writer->label, str.data[i])
				  : hs_vector_push(&writer->path, str.data[i]);

		if (!done) {
			writer->failed = true;
			return;
		}
	}
}

static void put_path(struct writer *writer, const char *text)
{
	put(writer, false, hs_str_of(text));
}

static void put_label(struct writer *writer, const char *text)
{
	put(writer, true, hs_str_of(text));
}

static void put_both(struct writer *writer, const char *text)
{
	put_path(writer, text);
	put_label(writer, text);
}

static void arrow(struct writer *writer)
{
	if (writer->path.size)
		put_path(writer, " → ");
}

/* "thread NAME, FUNCTION(): LOCAL", and as a label "FUNCTION().LOCAL". */
static void put_thread(struct writer *writer, const struct hs_root *root)
{
	const struct hs_thread *threads;
	const struct hs_frame *frames;
	char number[32];
	uint32_t count;

	threads = hs_snapshot_threads(writer->tables->snap, &count);
	put_path(writer, "thread");
	if (root->thread != HS_NONE) {
		const struct hs_thread *thread = &threads[root->thread];

		snprintf(number, sizeof(number), "%llu", (unsigned long long)thread->native_id);
		put_path(writer, " ");
		put(writer, false, thread->name.size ? thread->name : hs_str_of(number));
	}
	if (root->frame != HS_NONE) {
		frames = hs_snapshot_frames(writer->tables->snap, &count);
		put_path(writer, ", ");
		put(writer, false, frames[root->frame].function);
		put_path(writer, "()");
		put(writer, true, frames[root->frame].function);
		put_label(writer, "()");
	} else {
		put_label(writer, "thread");
	}
	if (!root->name.size)
		return;
	put_path(writer, ": ");
	put(writer, false, root->name);
	put_label(writer, ".");
	put(writer, true, root->name);
}

static void put_root(struct writer *writer, const struct hs_root *root)
{
	struct hs_str name = root->name.size ? root->name : hs_str_of("runtime");

	switch (root->rank) {
	case HS_ROOT_MODULE:
		put_path(writer, "module ");
		put(writer, false, name);
		put(writer, true, name);
		break;
	case HS_ROOT_THREAD:
		put_thread(writer, root);
		break;
	case HS_ROOT_INTERPRETER:
	case HS_ROOT_INTERNAL:
	case HS_ROOT_RANK_COUNT:
		put(writer, false, name);
		put(writer, true, name);
		break;
	}
}

/* 'name' with quotes and backslashes escaped. */
static void put_quoted(struct writer *writer, bool label, struct hs_str name)
{
	put(writer, label, hs_str_of("['"));
	for (size_t i = 0; i < name.size; i++) {
		if (name.data[i] == '\'' || name.data[i] == '\\')
			put(writer, label, hs_str_of("\\"));
		put(writer, label, (struct hs_str){name.data + i, 1});
	}
	put(writer, label, hs_str_of("']"));
}

static void put_number(struct writer *writer, const char *format, uint64_t number)
{
	char text[40];

	snprintf(text, sizeof(text), format, (unsigned long long)number);
	put_both(writer, text);
}

/* ['key'], if the key of the entry that @edge of @source refers to has its value recorded. */
static void put_entry(struct writer *writer, hs_id source, uint64_t edge)
{
	const struct hs_snapshot *snap = writer->tables->snap;
	uint64_t slot = edge - writer->tables->objects->first_edge[source];
	struct hs_preview preview;
	struct hs_bytes text = {0};
	hs_id key;

	key = hs_snapshot_has_previews(snap) ? hs_snapshot_key(snap, source, (uint32_t)slot)
					     : HS_NONE;
	if (key == HS_NONE || !hs_snapshot_preview(snap, key, &preview)) {
		put_both(writer, "[*]");
		return;
	}
	put_both(writer, "[");
	if (!hs_preview_write(&preview, &text))
		writer->failed = true;
	for (int label = 0; label < 2; label++)
		put(writer, label, (struct hs_str){(const char *)text.data, text.size});
	put_both(writer, "]");
	hs_bytes_deinit(&text);
}

static void put_attribute(struct writer *writer, struct hs_str name)
{
	put(writer, false, name);
	put_label(writer, ".");
	put(writer, true, name);
}

/* Write a step from @source; @owned: the source is the namespace of what came before. */
static void put_step(struct writer *writer, hs_id source, bool owned, bool general,
		     const struct hs_step *step)
{
	const struct hs_label *label = &step->label;
	const struct hs_objects *objects = writer->tables->objects;
	uint64_t degree = objects->first_edge[(size_t)source + 1] - objects->first_edge[source];

	arrow(writer);
	switch (label->kind) {
	case HS_LABEL_ATTRIBUTE:
	case HS_LABEL_LOCAL:
		put_attribute(writer, label->name);
		break;
	case HS_LABEL_ITEM:
		if (owned) {
			put_attribute(writer, label->name);
			break;
		}
		put_quoted(writer, false, label->name);
		put_quoted(writer, true, label->name);
		break;
	case HS_LABEL_INDEX:
		if (general || (degree > SMALL_CONTAINER && !writer->exact))
			put_both(writer, "[*]");
		else
			put_number(writer, "[%llu]", label->index);
		break;
	case HS_LABEL_OFFSET:
		put_number(writer, "+%llu", label->index);
		break;
	case HS_LABEL_KEY:
		put_path(writer, "key");
		put_label(writer, ".keys()[*]");
		break;
	case HS_LABEL_VALUE:
		if (general)
			put_both(writer, "[*]");
		else
			put_entry(writer, source, step->edge);
		break;
	case HS_LABEL_NONE:
	case HS_LABEL_ENTRY:
	case HS_LABEL_INDEX_DOWN:
	case HS_LABEL_COUNT:
		put_both(writer, "[*]");
		break;
	}
}

static bool is_namespace_of(const struct hs_tables *tables, hs_id object, hs_id owner)
{
	const hs_id *owners = tables->objects->owner;

	return owners && owners[object] == owner && owner != HS_NONE;
}

static void put_steps(struct writer *writer, const struct hs_path *path, hs_id root_object,
		      hs_id general)
{
	hs_id before = HS_NONE; /* where the source was reached from */
	hs_id source = root_object;
	bool is_general = source == general;

	for (size_t i = 0; i < path->count; i++) {
		const struct hs_step *step = &path->steps[i];
		bool cut = path->count > STEPS_MAX && i >= STEPS_MAX / 2 &&
			   i < path->count - STEPS_MAX / 2;

		if (cut && i == STEPS_MAX / 2) {
			arrow(writer);
			put_number(writer, "… (%llu steps)", path->count - STEPS_MAX);
		} else if (!cut && !is_namespace_of(writer->tables, step->object, source)) {
			put_step(writer, source, is_namespace_of(writer->tables, source, before),
				 is_general, step);
		}
		before = source;
		source = step->object;
		is_general = is_general || source == general;
	}
}

struct hs_error *hs_place_describe(const struct hs_tables *tables, const struct hs_graph *graph,
				   hs_id object, hs_id general, struct hs_arena *arena,
				   struct hs_place *ret, bool *found)
{
	const hs_id *owners = tables->objects->owner;
	struct writer writer = {.tables = tables};
	_cleanup_path_ struct hs_path path = {0};
	struct hs_place place = {0};
	const struct hs_root *roots;
	struct hs_error *err;
	size_t count;
	bool done;

	if (owners && owners[object] != HS_NONE &&
	    hs_graph_parent(graph, owners[object]) != HS_PARENT_NONE)
		object = owners[object];
	err = hs_graph_path(graph, object, &path, found);
	if (err || !*found)
		return err;
	roots = hs_snapshot_roots(tables->snap, &count);
	put_root(&writer, &roots[path.root]);
	put_steps(&writer, &path, roots[path.root].object, general);
	done = !writer.failed &&
	       hs_arena_str(arena, (struct hs_str){writer.path.data, writer.path.size},
			    &place.path) &&
	       hs_arena_str(arena, (struct hs_str){writer.label.data, writer.label.size},
			    &place.label);
	hs_vector_deinit(&writer.path);
	hs_vector_deinit(&writer.label);
	if (!done)
		return &hs_enomem;
	*ret = place;
	return NULL;
}

/* The label that was written, in @arena; the writer is spent. */
static struct hs_error *take_label(struct writer *writer, struct hs_arena *arena,
				   struct hs_str *ret)
{
	struct hs_str text = {writer->label.data, writer->label.size};
	bool done = !writer->failed && hs_arena_str(arena, text, ret);

	hs_vector_deinit(&writer->path);
	hs_vector_deinit(&writer->label);
	return done ? NULL : &hs_enomem;
}

struct hs_error *hs_place_link(const struct hs_tables *tables, hs_id source, uint64_t edge,
			       bool general, struct hs_arena *arena, struct hs_str *ret)
{
	const struct hs_objects *objects = tables->objects;
	uint32_t slot = (uint32_t)(edge - objects->first_edge[source]);
	struct writer writer = {.tables = tables, .exact = true};
	struct hs_step step = {
		.object = objects->edges[edge],
		.label = hs_snapshot_label(tables->snap, source, slot),
		.edge = edge,
	};
	bool owned = objects->owner && objects->owner[source] != HS_NONE;

	if (step.label.kind == HS_LABEL_KEY) {
		*ret = hs_str_of(general ? ".keys()[*]" : "key");
		return NULL;
	}
	put_step(&writer, source, owned, general, &step);
	return take_label(&writer, arena, ret);
}

struct hs_error *hs_place_root(const struct hs_tables *tables, const struct hs_root *root,
			       struct hs_arena *arena, struct hs_str *ret)
{
	struct writer writer = {.tables = tables};

	put_root(&writer, root);
	return take_label(&writer, arena, ret);
}
