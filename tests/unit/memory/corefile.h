/* SPDX-License-Identifier: MIT */
/* corefile.h: small cores, made for the tests. */
#ifndef TESTS_MEMORY_COREFILE_H
#define TESTS_MEMORY_COREFILE_H

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	CORE_PAGE = 4096,
	CORE_SIZE_MAX = 1 << 18,
	CORE_NOTES_MAX = 1 << 14,
};

struct core_segment {
	uint64_t address;
	uint64_t size;
	uint32_t flags;
	uint64_t bytes; /* that the core has of it */
	uint8_t fill;
};

struct core_notes {
	uint8_t data[CORE_NOTES_MAX];
	size_t size;
};

/* What NT_FILE says of one mapping. */
struct core_file {
	uint64_t start;
	uint64_t end;
	uint64_t page; /* of the file that it begins with */
	const char *name;
};

static inline void core_note(struct core_notes *notes, uint32_t kind, const void *data, size_t size)
{
	const Elf64_Nhdr header = {5, (uint32_t)size, kind};

	memcpy(notes->data + notes->size, &header, sizeof(header));
	memcpy(notes->data + notes->size + sizeof(header), "CORE\0\0\0", 8);
	if (size)
		memcpy(notes->data + notes->size + sizeof(header) + 8, data, size);
	notes->size += sizeof(header) + 8 + (size + 3) / 4 * 4;
}

static inline void core_note_process(struct core_notes *notes, uint32_t pid, const char *command)
{
	uint8_t info[136] = {0};
	uint8_t status[336] = {0};

	memcpy(info + 24, &pid, sizeof(pid));
	memcpy(info + 56, command, strnlen(command, 80));
	core_note(notes, NT_PRPSINFO, info, sizeof(info));
	core_note(notes, NT_PRSTATUS, status, sizeof(status));
	core_note(notes, NT_PRSTATUS, status, sizeof(status));
}

static inline void core_note_files(struct core_notes *notes, const struct core_file *files,
				   uint64_t count)
{
	uint8_t data[CORE_NOTES_MAX / 2];
	uint64_t words[2] = {count, CORE_PAGE};
	size_t at = sizeof(words);

	memcpy(data, words, sizeof(words));
	for (uint64_t i = 0; i < count; i++, at += 24)
		memcpy(data + at, &files[i], 24);
	for (uint64_t i = 0; i < count; i++) {
		memcpy(data + at, files[i].name, strlen(files[i].name) + 1);
		at += strlen(files[i].name) + 1;
	}
	core_note(notes, NT_FILE, data, at);
}

/* Put a core together in @buffer of CORE_SIZE_MAX bytes; how many it takes. */
static inline size_t core_build(uint8_t *buffer, const struct core_segment *segments, size_t count,
				const struct core_notes *notes)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)(count + 1),
	};
	Elf64_Phdr note = {
		.p_type = PT_NOTE,
		.p_offset = sizeof(header) + (count + 1) * sizeof(note),
		.p_filesz = notes->size,
	};
	size_t at = (note.p_offset + notes->size + CORE_PAGE - 1) / CORE_PAGE * CORE_PAGE;

	memset(buffer, 0, at);
	memcpy(buffer, &header, sizeof(header));
	memcpy(buffer + sizeof(header), &note, sizeof(note));
	memcpy(buffer + note.p_offset, notes->data, notes->size);
	for (size_t i = 0; i < count; i++) {
		const Elf64_Phdr segment = {
			.p_type = PT_LOAD,
			.p_flags = segments[i].flags,
			.p_offset = at,
			.p_vaddr = segments[i].address,
			.p_filesz = segments[i].bytes,
			.p_memsz = segments[i].size,
		};

		memcpy(buffer + sizeof(header) + (i + 1) * sizeof(segment), &segment,
		       sizeof(segment));
		memset(buffer + at, segments[i].fill, segments[i].bytes);
		at += segments[i].bytes;
	}
	return at;
}

#endif
