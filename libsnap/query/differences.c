/* SPDX-License-Identifier: MIT */
/* differences.c: the table `diff`, of the first snapshot and the last. */
#include "libsnap/query/table.h"

static const struct hs_diff_row *row_of(const struct hs_cursor *cursor)
{
	return &cursor->source->diff->rows[cursor->at];
}

/* Before it was worked out nobody can tell. */
static uint64_t count(const struct hs_source *source)
{
	return source->diff ? source->diff->row_count : 0;
}

static void get_kind(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, row_of(cursor)->kind);
}

static void get_count_before(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, row_of(cursor)->count[0]);
}

static void get_count_after(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, row_of(cursor)->count[1]);
}

static void get_bytes_before(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, row_of(cursor)->bytes[0]);
}

static void get_bytes_after(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, row_of(cursor)->bytes[1]);
}

static void get_new(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, row_of(cursor)->added);
}

static void get_freed(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, row_of(cursor)->freed);
}

static void get_survived(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, row_of(cursor)->survived);
}

static void get_delta_count(const struct hs_cursor *cursor, sqlite3_context *context)
{
	sqlite3_result_int64(context, row_of(cursor)->delta_count);
}

static void get_delta_bytes(const struct hs_cursor *cursor, sqlite3_context *context)
{
	sqlite3_result_int64(context, row_of(cursor)->delta_bytes);
}

static const struct hs_table_field fields[] = {
	{"kind TEXT", get_kind},
	{"count_before INTEGER", get_count_before},
	{"count_after INTEGER", get_count_after},
	{"bytes_before INTEGER", get_bytes_before},
	{"bytes_after INTEGER", get_bytes_after},
	{"new INTEGER", get_new},
	{"freed INTEGER", get_freed},
	{"survived INTEGER", get_survived},
	{"delta_count INTEGER", get_delta_count},
	{"delta_bytes INTEGER", get_delta_bytes},
};

const struct hs_table hs_table_diff = {
	.name = "diff",
	HS_TABLE_FIELDS(fields),
	.count = count,
};
