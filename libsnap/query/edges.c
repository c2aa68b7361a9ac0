/* SPDX-License-Identifier: MIT */
/* edges.c: the table `edges`. */
#include "libsnap/query/table.h"

#include <inttypes.h>
#include <stdio.h>

static const struct hs_objects *objects_of(const struct hs_cursor *cursor)
{
	return hs_snapshot_objects(cursor->source->snap);
}

static uint32_t slot_of(const struct hs_cursor *cursor)
{
	return (uint32_t)(cursor->at - objects_of(cursor)->first_edge[cursor->from]);
}

static uint64_t count(const struct hs_source *source)
{
	return hs_snapshot_objects(source->snap)->edge_count;
}

static void get_source(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_id(context, cursor->from);
}

static void get_target(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_id(context, objects_of(cursor)->edges[cursor->at]);
}

static void get_slot(const struct hs_cursor *cursor, sqlite3_context *context)
{
	sqlite3_result_int64(context, slot_of(cursor));
}

/* The key of the entry that the edge is the value of, if its value is recorded: "['name']", "[7]".
 */
static char *known_key(const struct hs_cursor *cursor)
{
	const struct hs_snapshot *snap = cursor->source->snap;
	hs_id key = hs_snapshot_key(snap, cursor->from, slot_of(cursor));
	struct hs_preview preview;

	if (key == HS_NONE || !hs_snapshot_preview(snap, key, &preview) || preview.cut)
		return NULL;
	if (preview.kind == HS_PREVIEW_TEXT && preview.data.size < INT32_MAX / 2)
		return sqlite3_mprintf("['%.*s']", (int)preview.data.size,
				       preview.data.size ? preview.data.data : "");
	if (preview.kind == HS_PREVIEW_INTEGER)
		return sqlite3_mprintf("[%lld]", (long long)preview.integer);
	return NULL;
}

/* As paths have it: ".name", "['name']", "[7]", "[*]", "key", "+24". */
static void get_label(const struct hs_cursor *cursor, sqlite3_context *context)
{
	struct hs_label label =
		hs_snapshot_label(cursor->source->snap, cursor->from, slot_of(cursor));
	const int size = label.name.size > INT32_MAX / 2 ? INT32_MAX / 2 : (int)label.name.size;
	const char *name = label.name.size ? label.name.data : "";
	char *text;

	switch (label.kind) {
	case HS_LABEL_ATTRIBUTE:
		text = sqlite3_mprintf(".%.*s", size, name);
		break;
	case HS_LABEL_ITEM:
		text = sqlite3_mprintf("['%.*s']", size, name);
		break;
	case HS_LABEL_LOCAL:
		text = sqlite3_mprintf("%.*s", size, name);
		break;
	case HS_LABEL_INDEX:
	case HS_LABEL_INDEX_DOWN:
		text = sqlite3_mprintf("[%llu]", (unsigned long long)label.index);
		break;
	case HS_LABEL_OFFSET:
		text = sqlite3_mprintf("+%llu", (unsigned long long)label.index);
		break;
	case HS_LABEL_KEY:
		sqlite3_result_text(context, "key", -1, SQLITE_STATIC);
		return;
	case HS_LABEL_VALUE:
		text = known_key(cursor);
		if (text)
			break;
		sqlite3_result_text(context, "[*]", -1, SQLITE_STATIC);
		return;
	case HS_LABEL_NONE:
	case HS_LABEL_ENTRY:
	case HS_LABEL_COUNT:
	default:
		sqlite3_result_text(context, "[*]", -1, SQLITE_STATIC);
		return;
	}
	if (text)
		sqlite3_result_text(context, text, -1, sqlite3_free);
	else
		sqlite3_result_error_nomem(context);
}

static void get_strength(const struct hs_cursor *cursor, sqlite3_context *context)
{
	static const char *const names[] = {"strong", "weak", "generic"};
	struct hs_label label =
		hs_snapshot_label(cursor->source->snap, cursor->from, slot_of(cursor));

	sqlite3_result_text(context, names[label.strength], -1, SQLITE_STATIC);
}

static void get_visible(const struct hs_cursor *cursor, sqlite3_context *context)
{
	sqlite3_result_int(context, slot_of(cursor) < objects_of(cursor)->visible[cursor->from]);
}

static const struct hs_table_field fields[] = {
	{"source INTEGER", get_source},	 {"target INTEGER", get_target},
	{"slot INTEGER", get_slot},	 {"label TEXT", get_label},
	{"strength TEXT", get_strength}, {"visible INTEGER", get_visible},
};

const struct hs_table hs_table_edges = {
	.name = "edges",
	HS_TABLE_FIELDS(fields),
	.count = count,
	.finds = {{0, HS_FIND_SOURCE}, {1, HS_FIND_TARGET}},
	.find_count = 2,
};
