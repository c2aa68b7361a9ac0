/* SPDX-License-Identifier: MIT */
/* decode_header.c: what the first section says about the file and the process. */
#include "format/base/error.h"
#include "format/base/str.h"
#include "format/tablefile.h"
#include "format/unpack.h"
#include <inttypes.h>
#include <stdio.h>

/* Features that this reader understands although older ones would misread them. */
static bool feature_is_known(struct hs_str feature)
{
	return hs_str_equal(feature, hs_str_of("base"));
}

static struct hs_error *newer(const char *what, struct hs_str name)
{
	return hs_error_create(HS_ERROR_NEWER,
			       "made by a newer version of the format (%s%.*s), this program "
			       "reads up to " HS_FORMAT_VERSION ": update heapsnap",
			       what, (int)(name.size < 64 ? name.size : 64), name.data);
}

/* Refuse what this reader would misread. */
static struct hs_error *check_version(const struct hs_section_view *view)
{
	struct hs_cursor cursor;
	uint64_t major;
	uint64_t minor = 0;
	uint32_t count;
	char number[32];
	struct hs_error *err = hs_section_uint(view, "major", &major);

	if (!err)
		err = hs_section_uint(view, "minor", &minor);
	if (err)
		return err;
	if (!major && minor < HS_FORMAT_MINOR)
		return hs_error_create(HS_ERROR_DAMAGED,
				       "written in version 0.%" PRIu64 " of the format, a draft "
				       "that differs from " HS_FORMAT_VERSION ": take it anew",
				       minor);
	if (major > HS_FORMAT_MAJOR) {
		snprintf(number, sizeof(number), "%" PRIu64, major);
		return newer("version ", hs_str_of(number));
	}
	if (!hs_section_find(view, "required", &cursor))
		return NULL;
	if (!hs_unpack_array(&cursor, &count))
		return hs_section_damaged(view, "has a malformed list \"required\"");
	for (uint32_t i = 0; i < count; i++) {
		struct hs_str feature;

		if (!hs_unpack_bytes(&cursor, &feature))
			return hs_section_damaged(view, "has a malformed list \"required\"");
		if (!feature_is_known(feature))
			return newer("it needs ", feature);
	}
	return NULL;
}

static struct hs_error *read_columns(const struct hs_section_view *view, uint32_t *ret)
{
	uint32_t columns = HS_MANDATORY_COLUMNS;
	struct hs_cursor cursor;
	uint32_t count;

	if (!hs_section_find(view, "object_columns", &cursor) || !hs_unpack_array(&cursor, &count))
		return hs_section_damaged(view, "lacks the list \"object_columns\"");
	for (uint32_t i = 0; i < count; i++) {
		struct hs_str name;

		if (!hs_unpack_bytes(&cursor, &name))
			return hs_section_damaged(view, "has a malformed list \"object_columns\"");
		for (size_t j = 0; j < HS_COLUMN_NAME_COUNT; j++)
			if (hs_str_equal(name, hs_str_of(hs_column_names[j].name)))
				columns |= hs_column_names[j].column;
	}
	*ret = columns;
	return NULL;
}

/* A number of the header that may be missing, which counts as 0. */
static struct hs_error *read_optional(const struct hs_section_view *view, const char *key,
				      uint64_t *ret)
{
	struct hs_cursor cursor;

	*ret = 0;
	if (hs_section_find(view, key, &cursor) && !hs_unpack_uint(&cursor, ret))
		return hs_section_damaged(view, "has a malformed number \"%s\"", key);
	return NULL;
}

/* The base, if there is one; its depth is not known yet, but not 0. */
static struct hs_error *read_base(const struct hs_section_view *view, struct hs_snapshot *snap,
				  bool *chained)
{
	struct hs_section_view map = *view;
	struct hs_str name = {0};
	struct hs_cursor cursor;

	*chained = hs_section_find(view, "base", &map.map);
	if (!*chained)
		return NULL;
	if (!hs_unpack_map(&map.map, &map.keys) || !hs_unpack_distinct(map.map, map.keys) ||
	    !hs_section_find(&map, "name", &cursor) || !hs_unpack_bytes(&cursor, &name) ||
	    !hs_section_find(&map, "hash", &cursor) || !hs_unpack_uint(&cursor, &snap->base.hash))
		return hs_section_damaged(view, "has a malformed map \"base\"");
	if (memchr(name.data, '\0', name.size))
		return hs_section_damaged(view, "names a base that cannot be a file");
	snap->base.depth = 1;
	return hs_arena_str(snap->arena, name, &snap->base.name) ? NULL : &hs_enomem;
}

/* The map of what is known about the process; missing keys are zero or empty. */
struct process {
	struct hs_section_view map; /* its keys */
	struct hs_arena *arena;
	bool failed;	/* memory ran out */
	bool malformed; /* a value of the wrong kind */
};

static void get_number(struct process *process, const char *key, uint64_t *ret)
{
	struct hs_cursor cursor;

	*ret = 0;
	if (hs_section_find(&process->map, key, &cursor) && !hs_unpack_uint(&cursor, ret))
		process->malformed = true;
}

static void get_string(struct process *process, const char *key, struct hs_str *ret)
{
	struct hs_str str = hs_str_of("");
	struct hs_cursor cursor;

	if (hs_section_find(&process->map, key, &cursor) && !hs_unpack_bytes(&cursor, &str))
		process->malformed = true;
	if (!hs_arena_str(process->arena, str, ret))
		process->failed = true;
}

static void get_command(struct process *process, struct hs_info *info)
{
	struct hs_str *command;
	struct hs_cursor cursor;
	uint32_t count = 0;

	if (hs_section_find(&process->map, "command", &cursor) && !hs_unpack_array(&cursor, &count))
		process->malformed = true;
	command = hs_arena_array(process->arena, count, sizeof(*command));
	if (!command) {
		process->failed = true;
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct hs_str str = hs_str_of("");

		if (!hs_unpack_bytes(&cursor, &str))
			process->malformed = true;
		if (!hs_arena_str(process->arena, str, &command[i]))
			process->failed = true;
	}
	info->command = command;
	info->command_count = count;
}

static struct hs_error *read_process(const struct hs_section_view *view, struct hs_snapshot *snap)
{
	struct process process = {.map = *view, .arena = snap->arena};
	struct hs_info *info = &snap->info;
	struct hs_cursor cursor;
	uint64_t retries = 0;

	process.map.keys = 0;
	if (hs_section_find(view, "process", &cursor)) {
		if (!hs_unpack_map(&cursor, &process.map.keys) ||
		    !hs_unpack_distinct(cursor, process.map.keys))
			return hs_section_damaged(view, "has a malformed map \"process\"");
		process.map.map = cursor;
	}
	get_number(&process, "pid", &info->pid);
	get_string(&process, "runtime", &info->runtime);
	get_string(&process, "version", &info->version);
	get_command(&process, info);
	get_number(&process, "time_ns", &info->time_ns);
	get_number(&process, "start_ticks", &info->start_ticks);
	get_string(&process, "boot_id", &info->boot_id);
	get_string(&process, "mode", &info->mode);
	get_string(&process, "reason", &info->reason);
	get_number(&process, "pause_ns", &info->pause_ns);
	get_number(&process, "copied", &info->copied);
	get_number(&process, "resident", &info->resident);
	get_number(&process, "retries", &retries);
	get_number(&process, "damaged", &info->damaged);
	info->retries = retries > UINT32_MAX ? UINT32_MAX : (uint32_t)retries;
	if (process.malformed)
		return hs_section_damaged(view, "has a malformed map \"process\"");
	return process.failed ? &hs_enomem : NULL;
}

struct hs_error *hs_header_decode(const struct hs_file_image *image, struct hs_snapshot *snap,
				  struct hs_header *ret)
{
	struct hs_section_view view;
	struct hs_header header = {0};
	uint64_t redacted = 0;
	struct hs_error *err;

	if (!image->count || image->sections[0].kind != HS_SECTION_HEADER)
		return hs_error_create(HS_ERROR_DAMAGED,
				       "damaged at byte %d: the first section is not a header",
				       HS_MAGIC_SIZE);
	err = hs_section_view_init(image, 0, 0, &view);
	if (!err)
		err = check_version(&view);
	if (!err)
		err = hs_section_uint(&view, "objects", &header.objects);
	if (!err)
		err = hs_section_uint(&view, "edges", &header.edges);
	if (!err)
		err = read_columns(&view, &header.columns);
	if (!err)
		err = read_process(&view, snap);
	if (!err)
		err = read_base(&view, snap, &header.chained);
	if (!err)
		err = read_optional(&view, "preview_bytes", &snap->info.preview_bytes);
	if (!err)
		err = read_optional(&view, "redacted", &redacted);
	if (!err)
		err = read_optional(&view, "fingerprint_salt", &snap->info.salt);
	if (err)
		return err;
	snap->info.redacted = redacted != 0;
	*ret = header;
	return NULL;
}
