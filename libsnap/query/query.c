/* SPDX-License-Identifier: MIT */
/* query.c: SQL over snapshots. */
#include "libsnap/query/table.h"

#include <heapsnap/query.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_SNAPSHOTS = 10, /* as many databases as SQLite attaches at most */
	MAX_COLUMNS = 2000, /* of a result: SQLite's own limit */
};

static const struct hs_table *const tables[] = {
	&hs_table_objects, &hs_table_edges,   &hs_table_dominators, &hs_table_types,
	&hs_table_roots,   &hs_table_threads, &hs_table_frames,	    &hs_table_sites,
	&hs_table_regions, &hs_table_extents,
};

enum { TABLE_COUNT = sizeof(tables) / sizeof(tables[0]) };

struct hs_query {
	sqlite3 *db;
	struct hs_source sources[MAX_SNAPSHOTS];
	struct hs_module modules[MAX_SNAPSHOTS][TABLE_COUNT + 1]; /* the last is `diff` */
	size_t count;
	char *message;
	const char **columns; /* of the result; owned, as are they */
	size_t column_count;
	bool interrupted;
};

static void forget_columns(struct hs_query *query)
{
	for (size_t i = 0; i < query->column_count; i++)
		free((char *)query->columns[i]);
	free(query->columns);
	query->columns = NULL;
	query->column_count = 0;
}

/* Note why something failed.  Always false. */
static bool fail(struct hs_query *query, const char *why)
{
	free(query->message);
	query->message = strdup(why);
	return false;
}

/* Run what is known to be right. */
static bool execute(struct hs_query *query, const char *format, ...)
{
	char *message = NULL;
	va_list args;
	char *sql;
	int code;

	va_start(args, format);
	sql = sqlite3_vmprintf(format, args);
	va_end(args);
	code = sql ? sqlite3_exec(query->db, sql, NULL, NULL, &message) : SQLITE_NOMEM;
	if (code)
		fail(query, message ? message : sqlite3_errstr(code));
	sqlite3_free(message);
	sqlite3_free(sql);
	return !code;
}

/* Have table @k of snapshot @i in the database, as s1.objects; of the first as objects, too. */
static bool add_table(struct hs_query *query, size_t i, size_t k, const struct hs_table *table)
{
	struct hs_module *module = &query->modules[i][k];
	char name[64];
	int code;

	*module = (struct hs_module){.table = table, .source = &query->sources[i]};
	snprintf(name, sizeof(name), "snapshot%zu_%s", i + 1, table->name);
	code = sqlite3_create_module(query->db, name, &hs_query_module, module);
	if (code)
		return fail(query, sqlite3_errstr(code));
	if (table != &hs_table_diff &&
	    !execute(query, "CREATE VIRTUAL TABLE s%d.%s USING %s", (int)i + 1, table->name, name))
		return false;
	return i || execute(query, "CREATE VIRTUAL TABLE main.%s USING %s", table->name, name);
}

/* Nothing but reading is allowed: no file is opened or written, no setting changed. */
static int authorize(void *context, int action, const char *first, const char *second,
		     const char *database, const char *trigger)
{
	const struct hs_query *query = context;

	(void)database;
	(void)trigger;
	for (size_t i = 0; i < query->count; i++)
		if (query->sources[i].declaring)
			return SQLITE_OK;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return second && !strcmp(second, "load_extension") ? SQLITE_DENY : SQLITE_OK;
	case SQLITE_PRAGMA:
		return first && (!strcmp(first, "table_info") || !strcmp(first, "table_xinfo") ||
				 !strcmp(first, "table_list") || !strcmp(first, "database_list"))
			       ? SQLITE_OK
			       : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static bool set_up(struct hs_query *query)
{
	/* Temporary results stay in memory: a snapshot's strings are to come to no other file. */
	if (!execute(query, "PRAGMA temp_store = MEMORY"))
		return false;
	for (size_t i = 0; i < query->count; i++) {
		if (!execute(query, "ATTACH ':memory:' AS s%d", (int)i + 1))
			return false;
		for (size_t k = 0; k < TABLE_COUNT; k++)
			if (!add_table(query, i, k, tables[k]))
				return false;
	}
	if (query->count > 1 && !add_table(query, 0, TABLE_COUNT, &hs_table_diff))
		return false;
	/* These, which list tables and columns, are made when they are first used. */
	if (!execute(query,
		     "SELECT 1 FROM pragma_table_list t, pragma_table_xinfo(t.name) LIMIT 1"))
		return false;
	sqlite3_set_authorizer(query->db, authorize, query);
	return true;
}

bool hs_query_create(const struct hs_snapshot *const *snaps, const char *const *names, size_t count,
		     struct hs_query **ret)
{
	struct hs_query *query = calloc(1, sizeof(*query));

	*ret = query;
	if (!query)
		return false;
	if (!count || count > MAX_SNAPSHOTS)
		return fail(query, "1 to 10 snapshots can be looked at together");
	query->count = count;
	for (size_t i = 0; i < count; i++)
		query->sources[i].snap = snaps[i];
	query->sources[0].against = snaps[count - 1];
	query->sources[0].names[0] = names[0];
	query->sources[0].names[1] = names[count - 1];
	if (sqlite3_open_v2(":memory:", &query->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL))
		return fail(query, query->db ? sqlite3_errmsg(query->db) : "out of memory");
	return set_up(query);
}

void hs_query_destroy(struct hs_query *query)
{
	if (!query)
		return;
	sqlite3_close(query->db);
	for (size_t i = 0; i < query->count; i++)
		hs_source_deinit(&query->sources[i]);
	forget_columns(query);
	free(query->message);
	free(query);
}

static struct hs_query_value value_of(sqlite3_stmt *statement, int column)
{
	struct hs_query_value value = {0};

	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_INTEGER:
		value.kind = HS_QUERY_INTEGER;
		value.integer = sqlite3_column_int64(statement, column);
		break;
	case SQLITE_FLOAT:
		value.kind = HS_QUERY_REAL;
		value.real = sqlite3_column_double(statement, column);
		break;
	case SQLITE_TEXT:
		value.kind = HS_QUERY_TEXT;
		value.data.data = (const char *)sqlite3_column_text(statement, column);
		value.data.size = (size_t)sqlite3_column_bytes(statement, column);
		break;
	case SQLITE_BLOB:
		value.kind = HS_QUERY_BLOB;
		value.data.data = sqlite3_column_blob(statement, column);
		value.data.size = (size_t)sqlite3_column_bytes(statement, column);
		break;
	default:
		break;
	}
	return value;
}

static bool keep_columns(struct hs_query *query, sqlite3_stmt *statement)
{
	const size_t count = (size_t)sqlite3_column_count(statement);

	forget_columns(query);
	query->columns = calloc(count + 1, sizeof(*query->columns));
	if (!query->columns)
		return fail(query, "out of memory");
	for (; query->column_count < count; query->column_count++) {
		const char *name = sqlite3_column_name(statement, (int)query->column_count);

		query->columns[query->column_count] = name ? strdup(name) : NULL;
		if (!query->columns[query->column_count])
			return fail(query, "out of memory");
	}
	return true;
}

static bool run_statement(struct hs_query *query, sqlite3_stmt *statement, hs_query_row_fn *row,
			  void *context)
{
	struct hs_query_value *values;
	bool go_on = keep_columns(query, statement);
	int code = SQLITE_DONE;

	values = calloc(query->column_count + 1, sizeof(*values));
	if (!values)
		return fail(query, "out of memory");
	while (go_on && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		for (size_t i = 0; i < query->column_count; i++)
			values[i] = value_of(statement, (int)i);
		go_on = row(context, query->column_count, query->columns, values);
	}
	free(values);
	if (code == SQLITE_INTERRUPT)
		query->interrupted = true;
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		return fail(query,
			    code == SQLITE_INTERRUPT ? "interrupted" : sqlite3_errmsg(query->db));
	return go_on;
}

bool hs_query_run(struct hs_query *query, const char **sql, hs_query_row_fn *row, void *context)
{
	sqlite3_stmt *statement = NULL;
	bool done;

	query->interrupted = false;
	forget_columns(query);
	if (sqlite3_prepare_v2(query->db, *sql, -1, &statement, sql))
		return fail(query, sqlite3_errmsg(query->db));
	if (!statement) /* a comment, or white space */
		return true;
	done = run_statement(query, statement, row, context);
	sqlite3_finalize(statement);
	return done;
}

const char *const *hs_query_columns(const struct hs_query *query, size_t *count)
{
	*count = query->column_count;
	return query->columns;
}

const char *hs_query_message(const struct hs_query *query)
{
	return query && query->message ? query->message : "out of memory";
}

void hs_query_interrupt(struct hs_query *query)
{
	sqlite3_interrupt(query->db);
}

bool hs_query_interrupted(const struct hs_query *query)
{
	return query->interrupted;
}

bool hs_query_complete(const char *sql)
{
	return sqlite3_complete(sql);
}
