/* SPDX-License-Identifier: MIT */
/* core.c: a process as the kernel, or gcore, wrote it to a file. */
#include "libsnap/memory/core.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/core_command.h"
#include "libsnap/memory/core_files.h"
#include "libsnap/memory/core_layout.h"
#include "libsnap/memory/elf.h"
#include "libsnap/memory/headroom.h"
#include "libsnap/memory/unpack.h"
#include "libsnap/memory/wanted.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	NOTES_LIMIT = 1 << 28, /* bytes: some kilobytes for each thread, and names of files */
	IN_PAGE = HS_PAGE_SIZE - 1,
};

/* Twice what an image can hold. */
#define UNPACK_LIMIT (1ull << 37)

/*
 * Of what the process had reserved, but never wrote to, the core has holes.  They read as zeros;
 * where so many bytes are one hole nobody will look, and numbering its pages would cost memory.
 */
#define HOLE_LIMIT (1ull << 28)

struct hs_core {
	struct hs_target target;
	const char *path;
	int fd;
	uint64_t size;
	bool was_cut; /* the compressed file ended early */
	uint64_t time_ns;
	struct hs_core_notes notes;
	struct hs_core_layout layout;
	struct hs_core_files files;
	struct hs_memory_watch watch;
};

static size_t index_of(const struct hs_core *core, const struct hs_mapping *mapping)
{
	return (size_t)(mapping - core->layout.maps.data);
}

/* The first page of file number @file, if the core has it. */
static bool read_first_page(const struct hs_core *core, uint64_t file, uint8_t *page)
{
	for (size_t i = 0; i < core->layout.maps.size; i++) {
		const struct hs_mapping *mapping = &core->layout.maps.data[i];
		const struct hs_core_part *part = &core->layout.parts[i];

		if (mapping->inode == file && !mapping->offset)
			return part->held >= HS_PAGE_SIZE &&
			       pread(core->fd, page, HS_PAGE_SIZE, (off_t)part->at) == HS_PAGE_SIZE;
	}
	return false;
}

/* Have the file behind @mapping in use, if it is the one that was mapped. */
static bool use_file(struct hs_core *core, const struct hs_mapping *mapping)
{
	uint8_t page[HS_PAGE_SIZE];

	if (!mapping->inode)
		return false;
	if (core->files.open_file == mapping->inode)
		return true;
	return hs_core_files_use(&core->files, mapping->inode,
				 read_first_page(core, mapping->inode, page) ? page : NULL);
}

/* Whether what the core does not hold of @mapping from its byte @at on is as it is in the file. */
static bool is_unchanged(const struct hs_core_part *part, const struct hs_mapping *mapping,
			 uint64_t at)
{
	if (!mapping->inode)
		return false;
	/* What was written to would have been written to the core. */
	if (at >= part->declared)
		return true;
	return !(mapping->flags & HS_REGION_WRITE) && !part->changed;
}

/* Read up to @size bytes at @addr that lie in one place: how many; 0 if there are none. */
static size_t read_piece(struct hs_core *core, hs_addr addr, void *buffer, size_t size)
{
	const struct hs_mapping *mapping = hs_maps_find(&core->layout.maps, addr);
	const struct hs_core_part *part;
	uint64_t at, end;
	ssize_t n;

	if (!mapping)
		return 0;
	part = &core->layout.parts[index_of(core, mapping)];
	at = addr - mapping->start;
	end = at < part->held	    ? part->held
	      : at < part->declared ? part->declared
				    : mapping->end - mapping->start;
	if (size > end - at)
		size = (size_t)(end - at);
	if (at < part->held) {
		do
			n = pread(core->fd, buffer, size, (off_t)(part->at + at));
		while (n < 0 && errno == EINTR);
		return n > 0 ? (size_t)n : 0;
	}
	/* Of other files than programs it cannot be told whether they are the same. */
	if (!is_unchanged(part, mapping, at) || !hs_maps_is_program(&core->layout.maps, mapping) ||
	    !use_file(core, mapping) ||
	    !hs_core_files_read(&core->files, mapping->offset + at, buffer, size))
		return 0;
	return size;
}

static bool read_target(const struct hs_target *target, hs_addr addr, void *buffer, size_t size)
{
	uint8_t *to = buffer;

	while (size) {
		size_t n = read_piece(target->context, addr, to, size);

		if (!n) {
			errno = EFAULT;
			return false;
		}
		to += n;
		addr += n;
		size -= n;
	}
	return true;
}

static int open_target(const struct hs_target *target, const struct hs_mapping *mapping)
{
	struct hs_core *core = target->context;

	return use_file(core, mapping) ? fcntl(core->files.fd, F_DUPFD_CLOEXEC, 0) : -1;
}

static struct hs_error *unreadable_target(const struct hs_target *target)
{
	const struct hs_core *core = target->context;

	if (core->layout.cut || core->was_cut)
		return hs_error_create(HS_ERROR_DAMAGED,
				       "%s: it is truncated: what its Python needs first is not in "
				       "it",
				       core->path);
	return hs_error_create(HS_ERROR_DAMAGED,
			       "%s: the memory of its Python was left out when it was written (see "
			       "coredump_filter in core(5))",
			       core->path);
}

static const struct hs_target_operations operations = {
	.read = read_target,
	.open = open_target,
	.unreadable = unreadable_target,
};

uint32_t hs_core_read_pages(void *context, const hs_addr *pages, uint32_t count, void *buffer)
{
	struct hs_core *core = context;
	uint8_t *to = buffer;
	uint32_t done = 0;

	if (!hs_memory_watch(&core->watch, (uint64_t)count << HS_PAGE_SHIFT))
		return 0;
	while (done < count) {
		uint32_t end = done + 1;
		size_t size, n;

		while (end < count && pages[end] == pages[end - 1] + HS_PAGE_SIZE)
			end++;
		size = (size_t)(end - done) << HS_PAGE_SHIFT;
		n = read_piece(core, pages[done], to, size);
		/* A page is whole, or not there: the rest of one is read again with what follows.
		 */
		n >>= HS_PAGE_SHIFT;
		if (!n)
			return done;
		done += (uint32_t)n;
		to += n << HS_PAGE_SHIFT;
	}
	return done;
}

bool hs_core_is_starved(const struct hs_core *core)
{
	return core->watch.starved;
}

bool hs_core_fetch(void *context, hs_addr addr, uint64_t pages, void *buffer)
{
	struct hs_core *core = context;

	return read_target(&core->target, addr, buffer, (size_t)pages << HS_PAGE_SHIFT);
}

/* One walk over the pages worth having. */
struct walk {
	const struct hs_core *core;
	hs_core_pages_fn *each;
	void *context;
	struct hs_core_pages *counts;
};

/* Hand on what the core holds of a mapping, but for large holes; false to end the walk. */
static bool walk_held(struct walk *walk, const struct hs_mapping *mapping,
		      const struct hs_core_part *part)
{
	const bool writable = mapping->flags & HS_REGION_WRITE;
	uint64_t at = 0;

	while (at < part->held) {
		const int fd = walk->core->fd;
		off_t data = lseek(fd, (off_t)(part->at + at), SEEK_DATA);
		/* Behind the last data there is none: ENXIO.  Where holes are not known all is. */
		uint64_t hole = data < 0 ? (errno == ENXIO ? part->held - at : 0)
					 : (uint64_t)data - (part->at + at);
		uint64_t end;

		hole &= ~(uint64_t)IN_PAGE;
		if (hole > part->held - at)
			hole = part->held - at;
		if (hole && hole < HOLE_LIMIT &&
		    !walk->each(walk->context, mapping->start + at, hole >> HS_PAGE_SHIFT, false))
			return false;
		at += hole;
		if (at == part->held)
			break;
		data = lseek(fd, data < 0 ? (off_t)(part->at + at) : data, SEEK_HOLE);
		end = data < 0 || (uint64_t)data < part->at ? part->held
							    : (uint64_t)data - part->at;
		end = (end + IN_PAGE) & ~(uint64_t)IN_PAGE;
		if (end > part->held || end <= at)
			end = part->held;
		if (!walk->each(walk->context, mapping->start + at, (end - at) >> HS_PAGE_SHIFT,
				false))
			return false;
		walk->counts->written += writable ? (end - at) >> HS_PAGE_SHIFT : 0;
		at = end;
	}
	return true;
}

/*
 * What the core does not hold of a mapping can be missed only if it can be written to: the rest is
 * taken from the file when somebody wants it, as constants are.
 */
static bool walk_rest(struct walk *walk, const struct hs_mapping *mapping,
		      const struct hs_core_part *part, bool program)
{
	const hs_addr declared = mapping->start + part->declared;
	const uint64_t pages = (mapping->end - declared) >> HS_PAGE_SHIFT;
	const uint64_t cut = (part->declared - part->held) >> HS_PAGE_SHIFT;
	const struct hs_core *core = walk->core;

	if (!(mapping->flags & HS_REGION_WRITE))
		return true;
	if (cut && !walk->counts->cut)
		walk->counts->cut_one = mapping->start + part->held;
	walk->counts->cut += cut;
	/* Other files: shared, or never written to. */
	if (!pages || (mapping->inode && !program))
		return true;
	if (!program || !use_file(core->target.context, mapping))
		return walk->each(walk->context, declared, pages, true);
	walk->counts->written += pages;
	return walk->each(walk->context, declared, pages, false);
}

bool hs_core_pages(const struct hs_core *core, hs_core_pages_fn *each, void *context,
		   struct hs_core_pages *ret)
{
	struct hs_core_pages counts = {0};
	struct walk walk = {.core = core, .each = each, .context = context, .counts = &counts};
	const struct hs_maps *maps = &core->layout.maps;

	for (size_t i = 0; i < maps->size; i++) {
		const struct hs_mapping *mapping = &maps->data[i];
		const struct hs_core_part *part = &core->layout.parts[i];
		enum hs_wanted wanted = hs_wanted(maps, mapping);

		/* vsyscall lies outside of what an image can hold. */
		if (wanted == HS_WANT_NONE || (mapping->end - 1) >> HS_ADDRESS_BITS)
			continue;
		if (!walk_held(&walk, mapping, part) ||
		    !walk_rest(&walk, mapping, part, hs_maps_is_program(maps, mapping)))
			return false;
	}
	*ret = counts;
	return true;
}

static void end_elf(Elf **elf)
{
	elf_end(*elf);
}

static struct hs_error *damaged(const struct hs_core *core, const char *why)
{
	return hs_error_create(HS_ERROR_DAMAGED, "%s: %s", core->path, why);
}

/* See that it is a core at all, of a machine like those that are known. */
static struct hs_error *check_header(const struct hs_core *core)
{
	Elf64_Ehdr header;
	ssize_t n = pread(core->fd, &header, sizeof(header), 0);

	if (n < 0)
		return hs_error_errno(errno, "%s: cannot read it", core->path);
	if (n < EI_NIDENT || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return damaged(core, "not a core: it is not an ELF file");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return hs_error_create(HS_ERROR_UNSUPPORTED,
				       "%s: it is of a machine that does not have 64 bits and the "
				       "lowest byte first",
				       core->path);
	if (n < (ssize_t)sizeof(header))
		return damaged(core, "the core is truncated in its header");
	if (le16toh(header.e_type) != ET_CORE)
		return damaged(core, "not a core: an ELF file of another kind");
	return NULL;
}

/* Read the notes of one segment, as far as the file has them; @left bytes of notes at most. */
static bool read_notes(struct hs_core *core, Elf *elf, const GElf_Phdr *header, uint64_t *left)
{
	uint64_t size = header->p_filesz;
	Elf_Data *data;

	if (header->p_offset >= core->size)
		return true;
	if (size > core->size - header->p_offset)
		size = core->size - header->p_offset;
	if (!size || size > *left)
		return true;
	*left -= size;
	data = elf_getdata_rawchunk(elf, (int64_t)header->p_offset, (size_t)size, ELF_T_NHDR);
	return !data || hs_core_notes_add(&core->notes, data);
}

static struct hs_error *read_headers(struct hs_core *core)
{
	hs_cleanup(end_elf) Elf *elf = NULL;
	_cleanup_free_ GElf_Phdr *headers = NULL;
	uint64_t notes_left = NOTES_LIMIT; /* segments may lie upon each other */
	size_t count = 0;
	size_t have = 0;
	struct hs_error *err;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return damaged(core, "libelf is of another version");
	elf = elf_begin(core->fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getphdrnum(elf, &count) || !count)
		return damaged(core, "the core's header is damaged or truncated");
	headers = calloc(count, sizeof(*headers));
	if (!headers)
		return &hs_enomem;
	while (have < count && gelf_getphdr(elf, (int)have, &headers[have]))
		have++;
	if (!have)
		return damaged(core, "the core's list of segments is damaged or truncated");
	for (size_t i = 0; i < have; i++)
		if (headers[i].p_type == PT_NOTE &&
		    !read_notes(core, elf, &headers[i], &notes_left))
			return &hs_enomem;
	err = hs_core_layout_create(headers, have, &core->notes, core->size, &core->layout);
	if (err)
		return hs_error_wrap(err, "%s", core->path);
	if (!core->layout.maps.size)
		return damaged(core, "the core has no memory in it");
	return NULL;
}

/* What the core file is, once it is unpacked. */
static struct hs_error *open_file(struct hs_core *core)
{
	struct hs_unpacked unpacked;
	struct hs_error *err;
	struct stat status;

	/* Not waiting for who would write to a FIFO. */
	core->fd = open(core->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (core->fd < 0 || fstat(core->fd, &status))
		return hs_error_errno(errno, "cannot open %s", core->path);
	if (!S_ISREG(status.st_mode))
		return damaged(core, "not a core: it is not a regular file");
	core->time_ns =
		(uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec;
	err = hs_unpack(core->fd, core->path, UNPACK_LIMIT, &unpacked);
	if (err)
		return err;
	if (unpacked.fd >= 0) {
		close(core->fd);
		core->fd = unpacked.fd;
		core->was_cut = unpacked.cut;
		if (fstat(core->fd, &status))
			return hs_error_errno(errno, "cannot read %s", core->path);
	}
	core->size = (uint64_t)status.st_size;
	return NULL;
}

/* The number of the file that is the program; 0 if that is not known. */
static uint64_t find_exe(const struct hs_core *core)
{
	const struct hs_maps *maps = &core->layout.maps;
	const struct hs_mapping *entry = hs_maps_find(maps, core->notes.entry);

	if (core->notes.entry && entry && entry->inode)
		return entry->inode;
	for (size_t i = 0; i < maps->size; i++)
		if (maps->data[i].inode && hs_maps_is_program(maps, &maps->data[i]))
			return maps->data[i].inode;
	return 0;
}

/* The program that the user named must be there, and be the one that the core is of. */
static struct hs_error *check_exe(struct hs_core *core, const char *exe)
{
	const uint64_t file = find_exe(core);
	uint8_t page[HS_PAGE_SIZE];

	if (!file)
		return damaged(core, "it does not say which program it is of, so --exe is of no "
				     "use");
	core->files.exe = exe;
	core->files.exe_file = file;
	if (hs_core_files_use(&core->files, file, read_first_page(core, file, page) ? page : NULL))
		return NULL;
	if (core->files.states[file - 1] == HS_CORE_FILE_DIFFERS)
		return hs_error_create(HS_ERROR_FAILED,
				       "%s is not the program that %s is of, which was %s", exe,
				       core->path, core->layout.files[file - 1]);
	return hs_error_create(HS_ERROR_FAILED, "cannot open %s, or it is no regular file", exe);
}

/*
 * The rights of mappings that the core only names are those that the program's file has; and what
 * the file lets be written to, but was cut off, may have been.
 */
static void ask_files(struct hs_core *core)
{
	const struct hs_maps *maps = &core->layout.maps;

	for (size_t i = 0; i < maps->size; i++) {
		struct hs_core_part *part = &core->layout.parts[i];
		struct hs_mapping *mapping = &core->layout.maps.data[i];
		uint32_t rights;

		if (!mapping->inode || (!part->no_segment && part->held == part->declared))
			continue;
		part->changed = true;
		if (!hs_maps_is_program(maps, mapping) || !use_file(core, mapping))
			continue;
		if (hs_elf_rights(core->files.fd, mapping->offset, &rights))
			part->changed = rights & HS_REGION_WRITE;
		else
			rights = HS_REGION_READ;
		if (part->no_segment)
			mapping->flags = rights;
	}
}

static struct hs_error *fill(struct hs_core *core, const struct hs_core_options *options)
{
	struct hs_error *err = open_file(core);

	if (!err)
		err = check_header(core);
	if (!err)
		err = read_headers(core);
	if (!err)
		err = hs_core_files_init(&core->files, core->layout.files, core->layout.file_count,
					 options->root);
	if (!err && options->exe)
		err = check_exe(core, options->exe);
	if (!err)
		ask_files(core);
	return err;
}

struct hs_error *hs_core_open(const char *path, const struct hs_core_options *options,
			      struct hs_core **ret)
{
	struct hs_core *core = calloc(1, sizeof(*core));
	struct hs_error *err;

	if (!core)
		return &hs_enomem;
	core->path = path;
	core->fd = -1;
	core->files.root = core->files.fd = -1;
	core->target = (struct hs_target){
		.operations = &operations,
		.context = core,
		.name = path,
	};
	err = fill(core, options);
	if (err)
		hs_core_close(core);
	else
		*ret = core;
	return err;
}

void hs_core_close(struct hs_core *core)
{
	if (!core)
		return;
	hs_core_files_deinit(&core->files);
	hs_core_layout_deinit(&core->layout);
	hs_core_notes_deinit(&core->notes);
	if (core->fd >= 0)
		close(core->fd);
	free(core);
}

const struct hs_target *hs_core_target(const struct hs_core *core)
{
	return &core->target;
}

bool hs_core_holds(const struct hs_core *core, hs_addr addr)
{
	const struct hs_mapping *mapping = hs_maps_find(&core->layout.maps, addr);

	return mapping && addr - mapping->start < core->layout.parts[index_of(core, mapping)].held;
}

const struct hs_maps *hs_core_maps(const struct hs_core *core)
{
	return &core->layout.maps;
}

char *hs_core_arguments(const struct hs_core *core, size_t *size)
{
	return hs_core_command(&core->target, &core->notes, size);
}

void hs_core_facts(const struct hs_core *core, struct hs_core_facts *ret)
{
	struct hs_core_facts facts = {
		.pid = core->notes.pid,
		.threads = core->notes.threads,
		.time_ns = core->time_ns,
		.cut = core->layout.cut,
		.random = core->notes.random,
		.files = core->files.count,
	};

	/* How much is missing is not known where what was compressed ends early. */
	if (core->was_cut && !facts.cut)
		facts.cut = 1;
	for (size_t i = 0; i < core->files.count; i++) {
		if (core->files.states[i] == HS_CORE_FILE_MISSING) {
			facts.files_missing++;
			facts.file_missing = core->files.names[i];
		} else if (core->files.states[i] == HS_CORE_FILE_DIFFERS) {
			facts.files_differ++;
			facts.file_differs = core->files.names[i];
		}
	}
	*ret = facts;
}
