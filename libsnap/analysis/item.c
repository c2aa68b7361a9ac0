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

/* What a user calls, being looked up. */
struct search {
	struct hs_tables tables;
	bool *used; /* by type: whether it has objects */
	HS_VECTOR(hs_id) found;
};

static void search_deinit(struct search *search)
{
	free(search->used);
	hs_vector_deinit(&search->found);
}

#define _cleanup_search_ __attribute__((cleanup(search_deinit)))

static bool search_init(struct search *search, const struct hs_snapshot *snap)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	uint32_t count;

	search->tables = hs_tables_of(snap);
	hs_snapshot_types(snap, &count);
	search->used = calloc((size_t)count + 1, sizeof(*search->used));
	for (hs_id object = 0; search->used && object < objects->count; object++)
		search->used[objects->type[object]] = true;
	return search->used;
}

/* Whether there are objects of a type of that name. */
static bool is_type(const struct search *search, struct hs_str name)
{
	const struct hs_type *types;
	uint32_t count;

	types = hs_snapshot_types(search->tables.snap, &count);
	for (uint32_t i = 0; i < count; i++)
		if (search->used[i] && hs_str_equal(types[i].name, name))
			return true;
	return false;
}

static struct hs_error *add_type(struct search *search, struct hs_str name)
{
	const struct hs_tables *tables = &search->tables;

	for (hs_id object = 0; object < tables->objects->count; object++)
		if (hs_str_equal(tables->types[tables->objects->type[object]].name, name) &&
		    !hs_vector_push(&search->found, object))
			return &hs_enomem;
	return NULL;
}

/* Look up what @text begins with, the first of a list; *@size is what of it that takes. */
static struct hs_error *add_first(struct search *search, const char *text, size_t *size)
{
	size_t first = strcspn(text, ",");
	struct hs_str name = {.data = text, .size = strlen(text)};
	struct hs_error *err;
	hs_id object = HS_NONE;

	*size = first;
	if (hs_object_is_called(text)) {
		_cleanup_free_ char *word = strndup(text, first);

		if (!word)
			return &hs_enomem;
		err = hs_object_find(search->tables.snap, word, &object);
		if (!err && !hs_vector_push(&search->found, object))
			err = &hs_enomem;
		return err;
	}
	/* Names may hold commas: the longest that is one. */
	for (;;) {
		if (is_type(search, name)) {
			*size = name.size;
			return add_type(search, name);
		}
		if (name.size == first)
			break;
		do
			name.size--;
		while (text[name.size] != ',');
	}
	return hs_error_create(HS_ERROR_FAILED,
			       "the snapshot has no object of type '%.*s' ('heapsnap top FILE --by "
			       "type' lists the types it has)",
			       (int)(first < 256 ? first : 256), text);
}

struct hs_error *hs_objects_find(const struct hs_snapshot *snap, const char *text, hs_id **ret,
				 size_t *count)
{
	_cleanup_search_ struct search search = {0};
	size_t size;

	if (!search_init(&search, snap))
		return &hs_enomem;
	for (const char *at = text;; at += size + 1) {
		struct hs_error *err = add_first(&search, at, &size);

		if (err)
			return err;
		if (at[size] == '\0')
			break;
	}
	*ret = hs_steal(search.found.data);
	*count = search.found.size;
	return NULL;
}
