/* SPDX-License-Identifier: MIT */
/*
 * module.c: the tables as SQLite's virtual tables.  See https://sqlite.org/vtab.html for what each
 * function is to do.
 */
#include "libsnap/query/table.h"

#include <stdlib.h>
#include <string.h>

struct view {
	sqlite3_vtab base;
	const struct hs_module *module;
};

static int connect_table(sqlite3 *db, void *client, int argc, const char *const *argv,
			 sqlite3_vtab **ret, char **message)
{
	const struct hs_module *module = client;
	sqlite3_str *text = sqlite3_str_new(db);
	struct view *view;
	char *declaration;
	int code;

	(void)argc;
	(void)argv;
	(void)message;
	for (int i = 0; i < module->table->field_count; i++)
		sqlite3_str_appendf(text, "%s%s", i ? ", " : "CREATE TABLE x(",
				    module->table->fields[i].declaration);
	sqlite3_str_appendall(text, ")");
	declaration = sqlite3_str_finish(text);
	view = sqlite3_malloc(sizeof(*view));
	module->source->declaring = true;
	code = declaration && view ? sqlite3_declare_vtab(db, declaration) : SQLITE_NOMEM;
	module->source->declaring = false;
	sqlite3_free(declaration);
	if (code) {
		sqlite3_free(view);
		return code;
	}
	memset(view, 0, sizeof(*view));
	view->module = module;
	sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
	*ret = &view->base;
	return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

/* About how many rows @find leads to. */
static double rows_of(const struct hs_module *module, enum hs_find find)
{
	double all = (double)module->table->count(module->source) + 1;
	uint32_t types;

	switch (find) {
	case HS_FIND_ROW:
	case HS_FIND_ADDRESS:
		return 1;
	case HS_FIND_SOURCE:
	case HS_FIND_TARGET:
		return 4;
	case HS_FIND_TYPE:
		hs_snapshot_types(module->source->snap, &types);
		return all / (types + 1) + 1;
	case HS_FIND_ALL:
	case HS_FIND_BY_TYPE:
		break;
	}
	return all;
}

/* What finding the first of them takes, in rows. */
static double cost_of(const struct hs_module *module, enum hs_find find)
{
	double rows = rows_of(module, find);

	if (find == HS_FIND_ADDRESS) /* a look at every address, but a short one */
		return (double)module->table->count(module->source) / 50 + 1;
	return rows;
}

/*
 * Rows that come in the order wanted need not be sorted: by their number, or objects by type.  For
 * GROUP BY and DISTINCT alone any direction will do.
 */
static bool in_order(const struct hs_table *table, sqlite3_index_info *info, enum hs_find *find)
{
	const int distinct = sqlite3_vtab_distinct(info);

	if (info->nOrderBy != 1 || *find != HS_FIND_ALL ||
	    (info->aOrderBy[0].desc && distinct != 1 && distinct != 2))
		return false;
	for (int i = 0; i < table->find_count; i++) {
		if (table->finds[i].field != info->aOrderBy[0].iColumn)
			continue;
		if (table->finds[i].find == HS_FIND_TYPE) {
			*find = HS_FIND_BY_TYPE;
			return true;
		}
		return table->finds[i].find == HS_FIND_ROW ||
		       table->finds[i].find == HS_FIND_SOURCE;
	}
	return false;
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct hs_module *module = ((struct view *)base)->module;
	const struct hs_table *table = module->table;
	enum hs_find best = HS_FIND_ALL;
	int used = -1;

	for (int i = 0; i < info->nConstraint; i++) {
		if (!info->aConstraint[i].usable ||
		    info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ ||
		    strcmp(sqlite3_vtab_collation(info, i), "BINARY") != 0)
			continue;
		for (int k = 0; k < table->find_count; k++) {
			if (table->finds[k].field != info->aConstraint[i].iColumn ||
			    cost_of(module, table->finds[k].find) >= cost_of(module, best))
				continue;
			best = table->finds[k].find;
			used = i;
		}
	}
	if (used >= 0)
		info->aConstraintUsage[used].argvIndex = 1;
	info->orderByConsumed = in_order(table, info, &best);
	info->idxNum = (int)best;
	info->estimatedRows = (sqlite3_int64)rows_of(module, best);
	info->estimatedCost = cost_of(module, best);
	if (best == HS_FIND_ROW || best == HS_FIND_ADDRESS)
		info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	const struct hs_module *module = ((struct view *)base)->module;
	struct hs_cursor *cursor = sqlite3_malloc(sizeof(*cursor));

	if (!cursor)
		return SQLITE_NOMEM;
	memset(cursor, 0, sizeof(*cursor));
	cursor->source = module->source;
	cursor->table = module->table;
	*ret = &cursor->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
	sqlite3_free(cursor);
	return SQLITE_OK;
}

/* A number that names a row; false if @value is none that could. */
static bool read_row(sqlite3_value *value, uint64_t count, uint64_t *ret)
{
	const int type = sqlite3_value_numeric_type(value);
	const double real = sqlite3_value_double(value);

	/* 3.0 is 3; all that count can be are exact as such. */
	if ((type != SQLITE_INTEGER && type != SQLITE_FLOAT) || !(real >= 0) ||
	    real >= (double)count || real != (double)(uint64_t)real)
		return false;
	*ret = (uint64_t)real;
	return true;
}

/* An address as text, "0x7f…", which is what comparing it with the column would take. */
static bool read_address(sqlite3_value *value, hs_addr *ret)
{
	const char *text = (const char *)sqlite3_value_text(value);
	char *end;

	if (sqlite3_value_type(value) != SQLITE_TEXT || !text || strncmp(text, "0x", 2) != 0)
		return false;
	*ret = strtoull(text, &end, 16);
	return !*end;
}

/* From the first edge of @object to the last. */
static void walk_edges_of(struct hs_cursor *cursor, hs_id object)
{
	const struct hs_objects *objects = hs_snapshot_objects(cursor->source->snap);

	cursor->from = object;
	cursor->at = objects->first_edge[object];
	cursor->end = objects->first_edge[object + 1];
}

static int walk_edges_to(struct hs_cursor *cursor, hs_id object)
{
	size_t count;

	if (!hs_source_graph(cursor->source))
		return SQLITE_NOMEM;
	cursor->sources = hs_graph_referrers(cursor->source->graph, object, &count);
	cursor->end = count;
	cursor->to = object;
	return SQLITE_OK;
}

/* Objects by their type: all, or those whose type is called @name. */
static int walk_types(struct hs_cursor *cursor, sqlite3_value *name)
{
	struct hs_source *source = cursor->source;
	uint32_t rank;

	if (!hs_source_by_type(source))
		return SQLITE_NOMEM;
	cursor->objects = source->by_type;
	cursor->end = source->first_of[source->rank_count];
	if (!name)
		return SQLITE_OK;
	cursor->end = 0;
	if (sqlite3_value_type(name) != SQLITE_TEXT)
		return SQLITE_OK;
	rank = hs_source_find_type(source, (struct hs_str){(const char *)sqlite3_value_text(name),
							   (size_t)sqlite3_value_bytes(name)});
	if (rank != HS_NONE) {
		cursor->place = source->first_of[rank];
		cursor->end = source->first_of[rank + 1];
	}
	return SQLITE_OK;
}

/* Put the cursor on the row that its place, or its number, is of. */
static void settle(struct hs_cursor *cursor)
{
	const struct hs_objects *objects = hs_snapshot_objects(cursor->source->snap);

	if (cursor->objects && cursor->place < cursor->end)
		cursor->at = cursor->objects[cursor->place];
	if (cursor->sources && cursor->place < cursor->end) {
		/* One that refers to it several times is there several times, one behind the other.
		 */
		bool again = cursor->place && cursor->from == cursor->sources[cursor->place];

		cursor->from = cursor->sources[cursor->place];
		cursor->at = again ? cursor->at + 1 : objects->first_edge[cursor->from];
		while (objects->edges[cursor->at] != cursor->to)
			cursor->at++;
	} else if (cursor->table == &hs_table_edges && cursor->at < cursor->end) {
		while (objects->first_edge[cursor->from + 1] <= cursor->at)
			cursor->from++;
	}
}

static int filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
		  sqlite3_value **argv)
{
	struct hs_cursor *cursor = (struct hs_cursor *)base;
	struct hs_source *source = cursor->source;
	const hs_id objects = hs_snapshot_objects(source->snap)->count;
	int code = SQLITE_OK;
	hs_addr address;
	uint64_t row;

	(void)text;
	(void)argc;
	cursor->at = cursor->end = cursor->place = 0;
	cursor->from = 0;
	cursor->objects = NULL;
	cursor->sources = NULL;
	switch ((enum hs_find)plan) {
	case HS_FIND_ALL:
		if (cursor->table == &hs_table_diff && !hs_source_diff(source))
			return SQLITE_NOMEM;
		cursor->end = cursor->table->count(source);
		break;
	case HS_FIND_ROW:
		if (read_row(argv[0], cursor->table->count(source), &row)) {
			cursor->at = row;
			cursor->end = row + 1;
		}
		break;
	case HS_FIND_ADDRESS:
		row = read_address(argv[0], &address) ? hs_source_find_address(source, address)
						      : HS_NONE;
		if (row != HS_NONE) {
			cursor->at = row;
			cursor->end = row + 1;
		}
		break;
	case HS_FIND_TYPE:
	case HS_FIND_BY_TYPE:
		code = walk_types(cursor, plan == HS_FIND_TYPE ? argv[0] : NULL);
		break;
	case HS_FIND_SOURCE:
		if (read_row(argv[0], objects, &row))
			walk_edges_of(cursor, (hs_id)row);
		break;
	case HS_FIND_TARGET:
		if (read_row(argv[0], objects, &row))
			code = walk_edges_to(cursor, (hs_id)row);
		break;
	}
	if (!code)
		settle(cursor);
	return code;
}

static int next(sqlite3_vtab_cursor *base)
{
	struct hs_cursor *cursor = (struct hs_cursor *)base;

	if (cursor->objects || cursor->sources)
		cursor->place++;
	else
		cursor->at++;
	settle(cursor);
	return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *base)
{
	const struct hs_cursor *cursor = (struct hs_cursor *)base;

	return (cursor->objects || cursor->sources ? cursor->place : cursor->at) >= cursor->end;
}

static int get_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int field)
{
	const struct hs_cursor *cursor = (struct hs_cursor *)base;

	cursor->table->fields[field].get(cursor, context);
	return SQLITE_OK;
}

static int get_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((struct hs_cursor *)base)->at;
	return SQLITE_OK;
}

const sqlite3_module hs_query_module = {
	.xCreate = connect_table,
	.xConnect = connect_table,
	.xBestIndex = best_index,
	.xDisconnect = disconnect_table,
	.xDestroy = disconnect_table,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next,
	.xEof = at_end,
	.xColumn = get_column,
	.xRowid = get_rowid,
};
