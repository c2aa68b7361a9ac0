/* SPDX-License-Identifier: MIT */
/* small.c: the tables of what there is little of: types, roots, threads, frames, sites, memory. */
#include "libsnap/query/table.h"

static void get_number(const struct hs_cursor *cursor, sqlite3_context *context)
{
	sqlite3_result_int64(context, (sqlite3_int64)cursor->at);
}

static uint64_t count_types(const struct hs_source *source)
{
	uint32_t count;

	hs_snapshot_types(source->snap, &count);
	return count;
}

static const struct hs_type *types_at(const struct hs_cursor *cursor)
{
	uint32_t count;

	return &hs_snapshot_types(cursor->source->snap, &count)[cursor->at];
}

static void get_types_name(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, types_at(cursor)->name);
}

static void get_types_module(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, types_at(cursor)->module);
}

static void get_types_object(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_id(context, types_at(cursor)->object);
}

static const struct hs_table_field types_fields[] = {
	{"id INTEGER", get_number},
	{"name TEXT", get_types_name},
	{"module TEXT", get_types_module},
	{"object INTEGER", get_types_object},
};

const struct hs_table hs_table_types = {
	.name = "types",
	HS_TABLE_FIELDS(types_fields),
	.count = count_types,
	.finds = {{0, HS_FIND_ROW}},
	.find_count = 1,
};

static const char *rank_name(enum hs_root_rank rank)
{
	static const char *const names[] = {"module", "interpreter", "thread", "internal"};

	return rank < HS_ROOT_RANK_COUNT ? names[rank] : NULL;
}

static uint64_t count_roots(const struct hs_source *source)
{
	size_t count;

	hs_snapshot_roots(source->snap, &count);
	return count;
}

static const struct hs_root *roots_at(const struct hs_cursor *cursor)
{
	size_t count;

	return &hs_snapshot_roots(cursor->source->snap, &count)[cursor->at];
}

static void get_roots_rank(const struct hs_cursor *cursor, sqlite3_context *context)
{
	sqlite3_result_text(context, rank_name(roots_at(cursor)->rank), -1, SQLITE_STATIC);
}

static void get_roots_name(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, roots_at(cursor)->name);
}

static void get_roots_object(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_id(context, roots_at(cursor)->object);
}

static void get_roots_thread(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_id(context, roots_at(cursor)->thread);
}

static void get_roots_frame(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_id(context, roots_at(cursor)->frame);
}

static const struct hs_table_field roots_fields[] = {
	{"rank TEXT", get_roots_rank},	      {"name TEXT", get_roots_name},
	{"object INTEGER", get_roots_object}, {"thread INTEGER", get_roots_thread},
	{"frame INTEGER", get_roots_frame},
};

const struct hs_table hs_table_roots = {
	.name = "roots",
	HS_TABLE_FIELDS(roots_fields),
	.count = count_roots,
};

static uint64_t count_threads(const struct hs_source *source)
{
	uint32_t count;

	hs_snapshot_threads(source->snap, &count);
	return count;
}

static const struct hs_thread *threads_at(const struct hs_cursor *cursor)
{
	uint32_t count;

	return &hs_snapshot_threads(cursor->source->snap, &count)[cursor->at];
}

static void get_threads_native_id(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, threads_at(cursor)->native_id);
}

static void get_threads_name(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, threads_at(cursor)->name);
}

static const struct hs_table_field threads_fields[] = {
	{"id INTEGER", get_number},
	{"native_id INTEGER", get_threads_native_id},
	{"name TEXT", get_threads_name},
};

const struct hs_table hs_table_threads = {
	.name = "threads",
	HS_TABLE_FIELDS(threads_fields),
	.count = count_threads,
	.finds = {{0, HS_FIND_ROW}},
	.find_count = 1,
};

static uint64_t count_frames(const struct hs_source *source)
{
	uint32_t count;

	hs_snapshot_frames(source->snap, &count);
	return count;
}

static const struct hs_frame *frames_at(const struct hs_cursor *cursor)
{
	uint32_t count;

	return &hs_snapshot_frames(cursor->source->snap, &count)[cursor->at];
}

static void get_frames_thread(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_id(context, frames_at(cursor)->thread);
}

static void get_frames_function(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, frames_at(cursor)->function);
}

static void get_frames_file(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, frames_at(cursor)->file);
}

static void get_frames_line(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, frames_at(cursor)->line);
}

static const struct hs_table_field frames_fields[] = {
	{"id INTEGER", get_number},
	{"thread INTEGER", get_frames_thread},
	{"function TEXT", get_frames_function},
	{"file TEXT", get_frames_file},
	{"line INTEGER", get_frames_line},
};

const struct hs_table hs_table_frames = {
	.name = "frames",
	HS_TABLE_FIELDS(frames_fields),
	.count = count_frames,
	.finds = {{0, HS_FIND_ROW}},
	.find_count = 1,
};

static uint64_t count_sites(const struct hs_source *source)
{
	uint32_t count;

	hs_snapshot_sites(source->snap, &count);
	return count;
}

static const struct hs_site *sites_at(const struct hs_cursor *cursor)
{
	uint32_t count;

	return &hs_snapshot_sites(cursor->source->snap, &count)[cursor->at];
}

static void get_sites_file(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, sites_at(cursor)->file);
}

static void get_sites_line(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, sites_at(cursor)->line);
}

static void get_sites_caller(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_id(context, sites_at(cursor)->caller);
}

static const struct hs_table_field sites_fields[] = {
	{"id INTEGER", get_number},
	{"file TEXT", get_sites_file},
	{"line INTEGER", get_sites_line},
	{"caller INTEGER", get_sites_caller},
};

const struct hs_table hs_table_sites = {
	.name = "sites",
	HS_TABLE_FIELDS(sites_fields),
	.count = count_sites,
	.finds = {{0, HS_FIND_ROW}},
	.find_count = 1,
};

static const char *permissions(uint32_t flags)
{
	static const char *const names[] = {"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"};

	return names[flags & (HS_REGION_READ | HS_REGION_WRITE | HS_REGION_EXEC)];
}

static uint64_t count_regions(const struct hs_source *source)
{
	size_t count;

	hs_snapshot_regions(source->snap, &count);
	return count;
}

static const struct hs_region *regions_at(const struct hs_cursor *cursor)
{
	size_t count;

	return &hs_snapshot_regions(cursor->source->snap, &count)[cursor->at];
}

static void get_regions_start(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_address(context, regions_at(cursor)->start);
}

static void get_regions_end(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_address(context, regions_at(cursor)->end);
}

static void get_regions_size(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, regions_at(cursor)->end - regions_at(cursor)->start);
}

static void get_regions_resident(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, regions_at(cursor)->resident);
}

static void get_regions_permissions(const struct hs_cursor *cursor, sqlite3_context *context)
{
	sqlite3_result_text(context, permissions(regions_at(cursor)->flags), -1, SQLITE_STATIC);
}

static void get_regions_shared(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, (regions_at(cursor)->flags & HS_REGION_SHARED) != 0);
}

static void get_regions_name(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, regions_at(cursor)->name);
}

static const struct hs_table_field regions_fields[] = {
	{"start TEXT", get_regions_start},
	{"end TEXT", get_regions_end},
	{"size INTEGER", get_regions_size},
	{"resident INTEGER", get_regions_resident},
	{"permissions TEXT", get_regions_permissions},
	{"shared INTEGER", get_regions_shared},
	{"name TEXT", get_regions_name},
};

const struct hs_table hs_table_regions = {
	.name = "regions",
	HS_TABLE_FIELDS(regions_fields),
	.count = count_regions,
};

static uint64_t count_extents(const struct hs_source *source)
{
	size_t count;

	hs_snapshot_extents(source->snap, &count);
	return count;
}

static const struct hs_extent *extents_at(const struct hs_cursor *cursor)
{
	size_t count;

	return &hs_snapshot_extents(cursor->source->snap, &count)[cursor->at];
}

static void get_extents_start(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_address(context, extents_at(cursor)->start);
}

static void get_extents_size(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, extents_at(cursor)->size);
}

static void get_extents_bytes(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, extents_at(cursor)->bytes);
}

static void get_extents_count(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_u64(context, extents_at(cursor)->count);
}

static void get_extents_allocator(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, extents_at(cursor)->allocator);
}

static void get_extents_state(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_str(context, extents_at(cursor)->state);
}

static void get_extents_owner(const struct hs_cursor *cursor, sqlite3_context *context)
{
	hs_result_id(context, extents_at(cursor)->owner);
}

static const struct hs_table_field extents_fields[] = {
	{"start TEXT", get_extents_start},	   {"size INTEGER", get_extents_size},
	{"bytes INTEGER", get_extents_bytes},	   {"count INTEGER", get_extents_count},
	{"allocator TEXT", get_extents_allocator}, {"state TEXT", get_extents_state},
	{"owner INTEGER", get_extents_owner},
};

const struct hs_table hs_table_extents = {
	.name = "extents",
	HS_TABLE_FIELDS(extents_fields),
	.count = count_extents,
};
