/* SPDX-License-Identifier: MIT */
/* core_notes.c: what the notes of a core say of the process. */
#include "libsnap/memory/core_notes.h"

#include "format/base/cursor.h"

#include <endian.h>

enum {
	/* struct elf_prpsinfo and elf_prstatus of linux/elfcore.h, on machines of 64 bits */
	PRPSINFO_SIZE = 136,
	PRPSINFO_PID = 24,
	PRPSINFO_COMMAND = 56,
	PRSTATUS_SIZE_AT_LEAST = 112,
};

static void read_process(struct hs_core_notes *notes, const uint8_t *data, size_t size)
{
	uint32_t pid;

	if (size < PRPSINFO_SIZE || notes->pid)
		return;
	memcpy(&pid, data + PRPSINFO_PID, sizeof(pid));
	notes->pid = le32toh(pid);
	memcpy(notes->command, data + PRPSINFO_COMMAND, HS_CORE_COMMAND - 1);
	notes->command[HS_CORE_COMMAND - 1] = '\0';
}

static void read_auxv(struct hs_core_notes *notes, const uint8_t *data, size_t size)
{
	struct hs_cursor cursor = hs_cursor_over(data, size);
	uint64_t key, value;

	memcpy(notes->vector, data, size < sizeof(notes->vector) ? size : sizeof(notes->vector));
	while (hs_cursor_u64_le(&cursor, &key) && hs_cursor_u64_le(&cursor, &value) &&
	       key != AT_NULL) {
		if (key == AT_ENTRY)
			notes->entry = value;
		else if (key == AT_RANDOM)
			notes->random = value;
		else if (key == AT_EXECFN)
			notes->file_name = value;
	}
}

static bool add_range(struct hs_core_notes *notes, struct hs_core_range range, const char *name)
{
	range.name = strdup(name);
	if (range.name && hs_vector_push(&notes->ranges, range))
		return true;
	free(range.name);
	return false;
}

/*
 * NT_FILE:  u64 count, page size;  count times u64 start, end, offset in pages;  count names, each
 * ended by NUL.
 */
static bool read_files(struct hs_core_notes *notes, const uint8_t *data, size_t size)
{
	struct hs_cursor cursor = hs_cursor_over(data, size);
	struct hs_cursor names = cursor;
	const uint8_t *table;
	uint64_t count, page_size, bytes;

	if (!hs_cursor_u64_le(&cursor, &count) || !hs_cursor_u64_le(&cursor, &page_size) ||
	    __builtin_mul_overflow(count, (uint64_t)24, &bytes))
		return true;
	names = cursor;
	if (!hs_cursor_take(&names, bytes, &table))
		return true;
	for (uint64_t i = 0; i < count; i++) {
		struct hs_core_range range = {0};
		const uint8_t *name = names.at;
		size_t length = strnlen((const char *)name, hs_cursor_left(&names));

		if (!hs_cursor_u64_le(&cursor, &range.start) ||
		    !hs_cursor_u64_le(&cursor, &range.end) ||
		    !hs_cursor_u64_le(&cursor, &range.offset) ||
		    !hs_cursor_take(&names, length + 1, &name))
			return true;
		if (__builtin_mul_overflow(range.offset, page_size, &range.offset))
			continue;
		if (!add_range(notes, range, (const char *)name))
			return false;
	}
	return true;
}

bool hs_core_notes_add(struct hs_core_notes *notes, Elf_Data *data)
{
	size_t offset = 0;
	size_t name_at, data_at, next;
	GElf_Nhdr note;

	while ((next = gelf_getnote(data, offset, &note, &name_at, &data_at)) > offset) {
		const uint8_t *bytes = (const uint8_t *)data->d_buf + data_at;
		const char *name = (const char *)data->d_buf + name_at;

		offset = next;
		if (note.n_namesz != sizeof("CORE") || memcmp(name, "CORE", sizeof("CORE")) != 0)
			continue;
		if (note.n_type == NT_PRPSINFO)
			read_process(notes, bytes, note.n_descsz);
		else if (note.n_type == NT_PRSTATUS)
			notes->threads += note.n_descsz >= PRSTATUS_SIZE_AT_LEAST;
		else if (note.n_type == NT_AUXV)
			read_auxv(notes, bytes, note.n_descsz);
		else if (note.n_type == NT_FILE && !read_files(notes, bytes, note.n_descsz))
			return false;
	}
	return true;
}

void hs_core_notes_deinit(struct hs_core_notes *notes)
{
	for (size_t i = 0; i < notes->ranges.size; i++)
		free(notes->ranges.data[i].name);
	hs_vector_deinit(&notes->ranges);
}
