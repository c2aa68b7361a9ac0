/* SPDX-License-Identifier: MIT */
/* dominators.c: the table `dominators`. */
#include "libsnap/query/table.h"

static uint64_t count(const struct hs_source *source)
{
	return hs_snapshot_objects(source->snap)->count;
}

/* The graph, worked out when it is first wanted; NULL, and the query fails, if memory ran out. */
static const struct hs_graph *graph_of(const struct hs_cursor *cursor, sqlite3_context *context)
{
	if (hs_source_dominators(cursor->source))
		return cursor->source->dominators;
	sqlite3_result_error_nomem(context);
	return NULL;
}

static void get_id(const struct hs_cursor *cursor, sqlite3_context *context)
{
	sqlite3_result_int64(context, (sqlite3_int64)cursor->at);
}

static void get_dominator(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const struct hs_graph *graph = graph_of(cursor, context);

	if (graph)
		hs_result_id(context, hs_graph_dominator(graph, (hs_id)cursor->at));
}

static void get_retained(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const struct hs_graph *graph = graph_of(cursor, context);

	if (graph)
		hs_result_u64(context, hs_graph_retained(graph, (hs_id)cursor->at));
}

static void get_held(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const struct hs_graph *graph = graph_of(cursor, context);

	if (graph)
		hs_result_u64(context, hs_graph_held(graph, (hs_id)cursor->at));
}

static void get_garbage(const struct hs_cursor *cursor, sqlite3_context *context)
{
	const struct hs_graph *graph = graph_of(cursor, context);

	if (graph)
		sqlite3_result_int(context, hs_graph_is_garbage(graph, (hs_id)cursor->at));
}

static const struct hs_table_field fields[] = {
	{"id INTEGER", get_id},
	{"dominator INTEGER", get_dominator},
	{"retained INTEGER", get_retained},
	{"held INTEGER", get_held},
	{"garbage INTEGER", get_garbage},
};

const struct hs_table hs_table_dominators = {
	.name = "dominators",
	HS_TABLE_FIELDS(fields),
	.count = count,
	.finds = {{0, HS_FIND_ROW}},
	.find_count = 1,
};
