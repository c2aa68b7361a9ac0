/* SPDX-License-Identifier: MIT */
/* item.c: an object as it is listed, and as a user calls it. */
#include "libsnap/analysis/item.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"
#include "format/base/vector.h"
#include "format/preview.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool read_value(const struct hs_tables *tables, hs_id object, struct hs_arena *arena,
		       struct hs_str *ret)
{
	struct hs_preview preview;
	struct hs_bytes text = {0};
	bool done;

	if (!hs_snapshot_has_previews(tables->snap) ||
	    !hs_snapshot_preview(tables->snap, object, &preview))
		return true;
	done = hs_preview_write(&preview, &text) &&
	       hs_arena_str(arena, (struct hs_str){(const char *)text.data, text.size}, ret);
	hs_bytes_deinit(&text);
	return done;
}

bool hs_item_fill(const struct hs_tables *tables, const struct hs_graph *graph, hs_id object,
		  struct hs_arena *arena, struct hs_item *ret)
{
	const struct hs_classifier *kind = hs_classifier_find("kind", 4);
	const struct hs_objects *objects = tables->objects;
	struct hs_item item = {
		.id = object,
		.address = objects->address[object],
		.type = tables->types[objects->type[object]].name,
		.size = objects->size[object],
		.retained = graph ? hs_graph_retained(graph, object) : 0,
		.held = graph ? hs_graph_held(graph, object) : 0,
	};

	if (!hs_arena_str(arena, item.type, &item.type) ||
	    !kind->class_name(tables, kind->class_of(tables, object), arena, &item.kind) ||
	    !hs_arena_str(arena, item.kind, &item.kind) ||
	    !read_value(tables, object, arena, &item.value))
		return false;
	*ret = item;
	return true;
}

bool hs_object_is_called(const char *text)
{
	return *text == '#' || (*text >= '0' && *text <= '9');
}

/* All of @text is a number of base @base that fits. */
static bool read_number(const char *text, int base, uint64_t *ret)
{
	char *end;

	/* strtoull takes signs and blanks, too. */
	if (!((*text >= '0' && *text <= '9') || (base == 16 && *text >= 'a' && *text <= 'f') ||
	      (base == 16 && *text >= 'A' && *text <= 'F')))
		return false;
	errno = 0;
	*ret = strtoull(text, &end, base);
	return !errno && !*end;
}

struct hs_error *hs_object_find(const struct hs_snapshot *snap, const char *text, hs_id *ret)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	bool address = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	uint64_t number;

	if (!(address ? read_number(text + 2, 16, &number)
		      : read_number(text + (text[0] == '#'), 10, &number)))
		return hs_error_create(HS_ERROR_USAGE,
				       "an object is written as its address, 0x7f..., or its "
				       "number, #123 (in quotes for a shell)");
	if (!address && number >= objects->count)
		return hs_error_create(HS_ERROR_FAILED,
				       "there is no object #%" PRIu64
				       ": the snapshot has %u, from #0 on",
				       number, objects->count);
	if (!address) {
		*ret = (hs_id)number;
		return NULL;
	}
	for (hs_id object = 0; object < objects->count; object++) {
		if (objects->address[object] != number)
			continue;
		*ret = object;
		return NULL;
	}
	return hs_error_create(HS_ERROR_FAILED, "no object of the snapshot begins at 0x%" PRIx64,
			       number);
}

/* Objects that were found. */
struct hs_ids {
	hs_id *data;
	size_t size;
	size_t capacity;
};

static struct hs_error *add_type(const struct hs_tables *tables, const char *type,
				 struct hs_ids *found)
{
	size_t before = found->size;
	struct hs_str name;

	for (hs_id object = 0; object < tables->objects->count; object++) {
		name = tables->types[tables->objects->type[object]].name;
		if (hs_str_equal(name, hs_str_of(type)) && !hs_vector_push(found, object))
			return &hs_enomem;
	}
	if (found->size > before)
		return NULL;
	return hs_error_create(HS_ERROR_FAILED,
			       "the snapshot has no object of type '%s' ('heapsnap top FILE --by "
			       "type' lists the types it has)",
			       type);
}

struct hs_error *hs_objects_find(const struct hs_snapshot *snap, const char *text, hs_id **ret,
				 size_t *count)
{
	struct hs_tables tables = hs_tables_of(snap);
	_cleanup_free_ char *copy = strdup(text);
	struct hs_ids found = {0};
	struct hs_error *err = NULL;
	char *rest = copy;
	hs_id object = HS_NONE;

	if (!copy)
		return &hs_enomem;
	for (char *name; !err && (name = strsep(&rest, ","));) {
		if (!hs_object_is_called(name)) {
			err = add_type(&tables, name, &found);
			continue;
		}
		err = hs_object_find(snap, name, &object);
		if (!err && !hs_vector_push(&found, object))
			err = &hs_enomem;
	}
	if (err) {
		hs_vector_deinit(&found);
		return err;
	}
	*ret = found.data;
	*count = found.size;
	return NULL;
}
