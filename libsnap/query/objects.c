/* SPDX-License-Identifier: MIT */
/* objects.c: the table `objects`. */
#include "libsnap/query/table.h"

#include <stdio.h>
#include <string.h>

static const struct hs_objects *objects_of(const struct hs_cursor *cursor)
{
	return hs_snapshot_objects(cursor->source->snap);
}

static const struct hs_type *type_of(const struct hs_cursor *cursor)
{
	uint32_t count;

	return &hs_snapshot_types(cursor->source->snap,
				  &count)[objects_of(cursor)->type[cursor->at]];
}

static uint64_t count(const struct hs_source *source)
{
	return hs_snapshot_objects(source->snap)->count;
}

static void get_id(const struct hs_cursor *cursor, sqlite3_context *context)
{
	sqlite3_result_int64(context, (sqlite3_int64)cursor->at);
}

static void get_address(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_address(context, objects_of(cursor)->address[cursor->at]);
}

static void get_type(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, type_of(cursor)->name);
}

static void get_module(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, type_of(cursor)->module);
}

static void get_size(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, objects_of(cursor)->size[cursor->at]);
}

static void get_allocated(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const uint64_t *allocated = objects_of(cursor)->allocated;

	if (allocated)
		hs_result_u64(context, allocated[cursor->at]);
}

static void get_refs(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const uint64_t *first = objects_of(cursor)->first_edge;

	hs_result_u64(context, first[cursor->at + 1] - first[cursor->at]);
}

static void get_referrers(const struct hs_cursor *cursor, sqlite3_context *context)
{
	size_t referrers;

	if (!hs_source_graph(cursor->source)) {
		sqlite3_result_error_nomem(context);
		return;
	}
	hs_graph_referrers(cursor->source->graph, (hs_id)cursor->at, &referrers);
	hs_result_u64(context, referrers);
}

static void get_retained(const struct hs_cursor *cursor, sqlite3_context *context)
{
	if (hs_source_dominators(cursor->source))
		hs_result_u64(context,
			      hs_graph_retained(cursor->source->dominators, (hs_id)cursor->at));
	else
		sqlite3_result_error_nomem(context);
}

static void get_refcount(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const uint64_t *refcount = objects_of(cursor)->refcount;

	if (refcount)
		hs_result_u64(context, refcount[cursor->at]);
}

/* How many references to the object are found; false, and the query fails, if memory ran out. */
static bool find_references(const struct hs_cursor *cursor, sqlite3_context *context, uint64_t *ret)
{
	if (!hs_source_references(cursor->source)) {
		sqlite3_result_error_nomem(context);
		return false;
	}
	*ret = cursor->source->references[cursor->at];
	return true;
}

static void get_referenced(const struct hs_cursor *cursor, sqlite3_context *context)
{
	uint64_t found;

	if (find_references(cursor, context, &found))
		hs_result_u64(context, found);
}

static void get_unaccounted(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const struct hs_objects *objects = objects_of(cursor);
	uint64_t refcount;
	uint64_t found;

	if (!hs_is_counted(objects, (hs_id)cursor->at) || !find_references(cursor, context, &found))
		return;
	refcount = objects->refcount[cursor->at];
	hs_result_u64(context, refcount > found ? refcount - found : 0);
}

static void get_flags(const struct hs_cursor *cursor, sqlite3_context *context)
{
	static const struct {
		uint16_t flag;
		const char *name;
	} names[] = {
		{HS_OBJECT_GC, " gc"},
		{HS_OBJECT_TRACKED, " tracked"},
		{HS_OBJECT_IMMORTAL, " immortal"},
		{HS_OBJECT_STATIC, " static"},
		{HS_OBJECT_SIZE_GUESS, " guess"},
		{HS_OBJECT_SCANNED, " scanned"},
		{HS_OBJECT_LOST, " lost"},
	};
	const uint16_t *flags = objects_of(cursor)->flags;
	char text[64] = " ";

	if (!flags)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags[cursor->at] & names[i].flag)
			strcat(text, names[i].name + (text[1] == '\0'));
	sqlite3_result_text(context, text + 1, -1, SQLITE_TRANSIENT);
}

static void get_generation(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const uint8_t *generation = objects_of(cursor)->generation;

	if (generation && generation[cursor->at] != HS_GENERATION_NONE)
		sqlite3_result_int(context, generation[cursor->at]);
}

static void get_owner(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const hs_id *owner = objects_of(cursor)->owner;

	if (owner)
		hs_result_id(context, owner[cursor->at]);
}

static void get_site(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const uint32_t *site = objects_of(cursor)->site;

	if (site)
		hs_result_id(context, site[cursor->at]);
}

static void get_value(const struct hs_cursor *cursor, sqlite3_context *context)
{
	struct hs_preview preview;
	char text[2 * 64 + 4] = "0x";

	if (!hs_snapshot_preview(cursor->source->snap, (hs_id)cursor->at, &preview))
		return;
	switch (preview.kind) {
	case HS_PREVIEW_INTEGER:
		sqlite3_result_int64(context, preview.integer);
		break;
	case HS_PREVIEW_REAL:
		sqlite3_result_double(context, preview.real);
		break;
	case HS_PREVIEW_TEXT:
		hs_result_str(context, preview.data);
		break;
	case HS_PREVIEW_BYTES:
		sqlite3_result_blob64(context, preview.data.size ? preview.data.data : "",
				      preview.data.size, SQLITE_STATIC);
		break;
	case HS_PREVIEW_POSITIVE:
	case HS_PREVIEW_NEGATIVE: /* too large for a number: its magnitude, as far as recorded */
		if (preview.kind == HS_PREVIEW_NEGATIVE)
			strcpy(text, "-0x");
		for (size_t i = 0; i < preview.data.size && i < 60; i++)
			sprintf(text + strlen(text), "%02x", (unsigned char)preview.data.data[i]);
		sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
		break;
	case HS_PREVIEW_KIND_COUNT:
		break;
	}
}

static const struct hs_table_field fields[] = {
	{"id INTEGER", get_id},
	{"address TEXT", get_address},
	{"type TEXT", get_type},
	{"module TEXT", get_module},
	{"size INTEGER", get_size},
	{"allocated INTEGER", get_allocated},
	{"refs INTEGER", get_refs},
	{"referrers INTEGER", get_referrers},
	{"retained INTEGER", get_retained},
	{"refcount INTEGER", get_refcount},
	{"referenced INTEGER", get_referenced},
	{"unaccounted INTEGER", get_unaccounted},
	{"flags TEXT", get_flags},
	{"generation INTEGER", get_generation},
	{"owner INTEGER", get_owner},
	{"site INTEGER", get_site},
	{"value", get_value},
};

const struct hs_table hs_table_objects = {
	.name = "objects",
	HS_TABLE_FIELDS(fields),
	.count = count,
	.finds = {{0, HS_FIND_ROW}, {1, HS_FIND_ADDRESS}, {2, HS_FIND_TYPE}},
	.find_count = 3,
};
