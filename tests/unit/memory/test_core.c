/* SPDX-License-Identifier: MIT */
/* test_core.c: what lies where in a core, and what is taken from files instead. */
#include "corefile.h"

#include "child.h"

#include "libsnap/memory/core.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

static uint8_t buffer[CORE_SIZE_MAX];
static char path[64];

/* Write what is in the buffer to a file and open it; the caller closes it. */
static struct hs_error *open_core(size_t size, const struct hs_core_options *options,
				  struct hs_core **ret)
{
	static const struct hs_core_options none;
	int fd = memfd_create("core", MFD_CLOEXEC);
	struct hs_error *err;

	assert_int_equal(write(fd, buffer, size), size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = hs_core_open(path, options ? options : &none, ret);
	close(fd);
	return err;
}

struct run {
	hs_addr addr;
	uint64_t pages;
	bool absent;
};

struct runs {
	struct run data[16];
	size_t count;
};

static bool take(void *context, hs_addr addr, uint64_t pages, bool absent)
{
	struct runs *runs = context;
	struct run *last = runs->count ? &runs->data[runs->count - 1] : NULL;

	/* Whether a page is data or a hole depends on the file system. */
	if (last && last->absent == absent && last->addr + (last->pages << HS_PAGE_SHIFT) == addr) {
		last->pages += pages;
		return true;
	}
	assert_true(runs->count < 16);
	runs->data[runs->count++] = (struct run){addr, pages, absent};
	return true;
}

static void assert_runs(const struct hs_core *core, const struct run *expected, size_t count,
			struct hs_core_pages *pages)
{
	struct runs runs = {.count = 0};

	assert_true(hs_core_pages(core, take, &runs, pages));
	assert_int_equal(runs.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(runs.data[i].addr, expected[i].addr);
		assert_int_equal(runs.data[i].pages, expected[i].pages);
		assert_int_equal(runs.data[i].absent, expected[i].absent);
	}
}

static void assert_mapping(const struct hs_core *core, size_t i, hs_addr start, hs_addr end,
			   uint32_t flags, const char *name)
{
	const struct hs_mapping *mapping = &hs_core_maps(core)->data[i];

	assert_true(i < hs_core_maps(core)->size);
	assert_int_equal(mapping->start, start);
	assert_int_equal(mapping->end, end);
	assert_int_equal(mapping->flags, flags);
	assert_string_equal(mapping->name, name);
	assert_true(!mapping->inode == !*name);
}

static bool reads(const struct hs_core *core, hs_addr addr, uint8_t expected)
{
	uint8_t byte = (uint8_t)~expected;

	return hs_target_read(hs_core_target(core), addr, &byte, 1) && byte == expected;
}

enum {
	R = HS_REGION_READ,
	W = HS_REGION_WRITE,
	X = HS_REGION_EXEC,
};

static void segments_alone(void **state)
{
	static const struct core_segment segments[] = {
		{0x20000, 0x2000, PF_R | PF_W, 0x2000, 2},
		{0x10000, 0x4000, PF_R | PF_W, 0x3000, 1}, /* the last page was left out */
		{0x12000, 0x1000, PF_R | PF_W, 0x1000, 9}, /* upon another */
		{0x30010, 0x1000, PF_R | PF_W, 0x1000, 9}, /* not at a page */
		{0x40000, 0x1000, PF_R, 0x1000, 3},
		{0x50000, 0x1000, 0, 0, 0},
	};
	static const struct run expected[] = {
		{0x10000, 3, false}, {0x13000, 1, true}, {0x20000, 2, false}, {0x40000, 1, false}};
	const struct core_notes notes = {.size = 0};
	struct hs_core_pages pages;
	struct hs_core_facts facts;
	struct hs_core *core;
	uint8_t bytes[2];
	size_t length;

	(void)state;
	assert_no_error(open_core(core_build(buffer, segments, 6, &notes), NULL, &core));
	assert_int_equal(hs_core_maps(core)->size, 4);
	assert_mapping(core, 0, 0x10000, 0x14000, R | W, "");
	assert_mapping(core, 1, 0x20000, 0x22000, R | W, "");
	assert_mapping(core, 2, 0x40000, 0x41000, R, "");
	assert_mapping(core, 3, 0x50000, 0x51000, 0, "");
	assert_runs(core, expected, 4, &pages);
	assert_int_equal(pages.written, 5);
	assert_int_equal(pages.cut, 0);
	assert_true(reads(core, 0x10000, 1) && reads(core, 0x12fff, 1) && reads(core, 0x21fff, 2));
	assert_false(reads(core, 0x13000, 0) || reads(core, 0x22000, 0) || reads(core, 0, 0));
	assert_false(hs_target_read(hs_core_target(core), 0x12fff, bytes, 2));
	assert_true(hs_core_holds(core, 0x12fff) && !hs_core_holds(core, 0x13000));
	hs_core_facts(core, &facts);
	assert_int_equal(facts.pid + facts.threads + facts.files + facts.cut, 0);
	assert_null(hs_core_arguments(core, &length));
	hs_core_close(core);
}

/* More segments than the header's field can say: the first section does, at the end of the file. */
static void counted_elsewhere(void **state)
{
	static const struct core_segment segments[] = {
		{0x10000, 0x1000, PF_R | PF_W, 0x1000, 1},
		{0x20000, 0x1000, PF_R | PF_W, 0x1000, 2},
	};
	const struct core_notes notes = {.size = 0};
	size_t size = core_build(buffer, segments, 2, &notes);
	const Elf64_Shdr section = {.sh_info = 3, .sh_size = 1};
	struct hs_core *core;
	Elf64_Ehdr header;

	(void)state;
	memcpy(&header, buffer, sizeof(header));
	header.e_phnum = PN_XNUM;
	header.e_shoff = size;
	header.e_shentsize = sizeof(section);
	header.e_shnum = 1;
	memcpy(buffer, &header, sizeof(header));
	memcpy(buffer + size, &section, sizeof(section));
	assert_no_error(open_core(size + sizeof(section), NULL, &core));
	assert_int_equal(hs_core_maps(core)->size, 2);
	assert_true(reads(core, 0x10000, 1) && reads(core, 0x20000, 2));
	hs_core_close(core);
}

static void cut_off(void **state)
{
	static const struct core_segment segments[] = {
		{0x10000, 0x3000, PF_R | PF_W, 0x3000, 1},
		{0x20000, 0x3000, PF_R | PF_W, 0x3000, 2},
		{0x30000, 0x1000, PF_R | PF_W, 0x1000, 3},
	};
	static const struct run expected[] = {{0x10000, 3, false}, {0x20000, 1, false}};
	const struct core_notes notes = {.size = 0};
	struct hs_core_pages pages;
	struct hs_core_facts facts;
	struct hs_core *core;
	size_t size = core_build(buffer, segments, 3, &notes);
	char byte;

	(void)state;
	assert_no_error(open_core(size - 0x2800, NULL, &core));
	assert_runs(core, expected, 2, &pages);
	assert_int_equal(pages.cut, 3);
	assert_int_equal(pages.cut_one, 0x21000);
	assert_true(reads(core, 0x20fff, 2));
	/* Half a page is none. */
	assert_false(reads(core, 0x21000, 2));
	hs_core_facts(core, &facts);
	assert_int_equal(facts.cut, 0x3000);
	assert_false(hs_target_read(hs_core_target(core), 0x30000, &byte, 1));
	assert_error(hs_target_unreadable(hs_core_target(core)), HS_ERROR_DAMAGED, "truncated");
	hs_core_close(core);
}

/* A file with a page of each of some bytes, and the core of who had it mapped. */
struct program {
	char folder[64];
	char file[96];
	uint8_t header[CORE_PAGE];
};

/* Pages: 0, the header; 1, code; 2 and 3, data that may be written to. */
static void program_create(struct program *program)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)program->header;
	Elf64_Phdr *segments = (Elf64_Phdr *)(void *)(program->header + sizeof(*header));
	uint8_t page[CORE_PAGE];
	int fd;

	memset(program->header, 0, sizeof(program->header));
	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_DYN;
	header->e_machine = EM_X86_64;
	header->e_version = EV_CURRENT;
	header->e_phoff = sizeof(*header);
	header->e_ehsize = sizeof(*header);
	header->e_phentsize = sizeof(*segments);
	header->e_phnum = 3;
	for (uint64_t i = 0; i < 3; i++)
		segments[i] = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = i == 0   ? PF_R
				   : i == 1 ? PF_R | PF_X
					    : PF_R | PF_W,
			.p_offset = i * CORE_PAGE,
			.p_vaddr = i * CORE_PAGE,
			.p_filesz = i == 2 ? 2 * CORE_PAGE - 100 : CORE_PAGE,
			.p_memsz = CORE_PAGE,
		};
	snprintf(program->folder, sizeof(program->folder), "/tmp/heapsnap-test-XXXXXX");
	assert_non_null(mkdtemp(program->folder));
	snprintf(program->file, sizeof(program->file), "%s/program", program->folder);
	fd = open(program->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, program->header, CORE_PAGE), CORE_PAGE);
	for (int i = 1; i < 4; i++) {
		memset(page, 0x10 * i, sizeof(page));
		assert_int_equal(write(fd, page, CORE_PAGE - (i == 3 ? 100 : 0)),
				 CORE_PAGE - (i == 3 ? 100 : 0));
	}
	close(fd);
}

static void program_remove(struct program *program)
{
	unlink(program->file);
	rmdir(program->folder);
}

/* A core of who runs the program, as the file @name. */
static size_t program_core(const struct program *program, const char *name)
{
	static const struct core_segment segments[] = {
		{0x400000, 0x1000, PF_R, 0x1000, 0},
		{0x401000, 0x1000, PF_R | PF_X, 0, 0},
		{0x402000, 0x2000, PF_R | PF_W, 0, 0},
		{0x404000, 0x1000, PF_R | PF_W, 0x1000, 4},
	};
	const struct core_file files[] = {
		{0x400000, 0x401000, 0, name},
		{0x401000, 0x402000, 1, name},
		{0x402000, 0x404000, 2, name},
	};
	struct core_notes notes = {.size = 0};
	size_t size;

	core_note_process(&notes, 4711, "program with arguments  ");
	core_note_files(&notes, files, 3);
	size = core_build(buffer, segments, 4, &notes);
	memcpy(buffer + size - 2 * CORE_PAGE, program->header, CORE_PAGE);
	return size;
}

static void rest_from_files(void **state)
{
	static const struct run expected[] = {{0x400000, 1, false}, {0x402000, 3, false}};
	struct program program;
	struct hs_core_facts facts;
	struct hs_core_pages pages;
	struct hs_core *core;
	char *command;
	size_t size;

	(void)state;
	program_create(&program);
	assert_no_error(open_core(program_core(&program, program.file), NULL, &core));
	assert_mapping(core, 1, 0x401000, 0x402000, R | X, program.file);
	assert_runs(core, expected, 2, &pages);
	assert_true(reads(core, 0x401000, 0x10) && reads(core, 0x402000, 0x20) &&
		    reads(core, 0x403000, 0x30) && reads(core, 0x404000, 4));
	/* Behind the end of the file, on its last page. */
	assert_true(reads(core, 0x403fff, 0));
	hs_core_facts(core, &facts);
	assert_int_equal(facts.pid, 4711);
	assert_int_equal(facts.threads, 2);
	assert_int_equal(facts.files, 1);
	assert_int_equal(facts.files_missing + facts.files_differ, 0);
	command = hs_core_arguments(core, &size);
	assert_int_equal(size, sizeof("program with arguments"));
	assert_memory_equal(command, "program\0with\0arguments", size);
	free(command);
	hs_core_close(core);
	program_remove(&program);
}

static void files_elsewhere(void **state)
{
	static const struct run expected[] = {
		{0x400000, 1, false}, {0x402000, 2, true}, {0x404000, 1, false}};
	struct program program;
	struct hs_core_options options = {0};
	struct hs_core_facts facts;
	struct hs_core_pages pages;
	struct hs_core *core;
	size_t size;

	(void)state;
	program_create(&program);
	size = program_core(&program, "/program");
	assert_no_error(open_core(size, NULL, &core));
	assert_runs(core, expected, 3, &pages);
	assert_false(reads(core, 0x401000, 0x10) || reads(core, 0x402000, 0x20));
	hs_core_facts(core, &facts);
	assert_int_equal(facts.files_missing, 1);
	assert_string_equal(facts.file_missing, "/program");
	hs_core_close(core);

	options.root = program.folder;
	assert_no_error(open_core(size, &options, &core));
	assert_true(reads(core, 0x401000, 0x10) && reads(core, 0x402000, 0x20));
	hs_core_close(core);

	options = (struct hs_core_options){.exe = program.file};
	assert_no_error(open_core(size, &options, &core));
	assert_true(reads(core, 0x401000, 0x10) && reads(core, 0x402000, 0x20));
	hs_core_close(core);

	options.exe = "/bin/true";
	assert_error(open_core(size, &options, &core), HS_ERROR_FAILED, "is not the program");
	options.exe = program.folder;
	assert_error(open_core(size, &options, &core), HS_ERROR_FAILED, "regular file");
	options = (struct hs_core_options){.root = program.file};
	assert_error(open_core(size, &options, &core), HS_ERROR_FAILED, "cannot open the folder");
	program_remove(&program);
}

/* Links do not lead out of the root, and what is no file is not opened. */
static void files_that_lead_elsewhere(void **state)
{
	struct program program;
	struct hs_core_options options = {0};
	struct hs_core *core;
	char link[128];

	(void)state;
	program_create(&program);
	options.root = program.folder;
	snprintf(link, sizeof(link), "%s/link", program.folder);
	assert_int_equal(symlink(program.file, link), 0);
	assert_no_error(open_core(program_core(&program, "/link"), &options, &core));
	assert_false(reads(core, 0x401000, 0x10));
	hs_core_close(core);
	assert_no_error(open_core(program_core(&program, "/../program"), &options, &core));
	assert_true(reads(core, 0x401000, 0x10));
	hs_core_close(core);
	unlink(link);
	assert_int_equal(mkfifo(link, 0600), 0);
	assert_no_error(open_core(program_core(&program, "/link"), &options, &core));
	assert_false(reads(core, 0x401000, 0x10));
	hs_core_close(core);
	unlink(link);
	program_remove(&program);
}

static void another_file(void **state)
{
	struct program program;
	struct hs_core_facts facts;
	struct hs_core *core;
	size_t size;

	(void)state;
	program_create(&program);
	size = program_core(&program, program.file);
	buffer[size - 2 * CORE_PAGE + 1000] ^= 1;
	assert_no_error(open_core(size, NULL, &core));
	assert_false(reads(core, 0x401000, 0x10) || reads(core, 0x402000, 0x20));
	hs_core_facts(core, &facts);
	assert_int_equal(facts.files_differ, 1);
	assert_string_equal(facts.file_differs, program.file);
	hs_core_close(core);
	program_remove(&program);
}

/* Mappings that the core only names: gcore leaves those out that were not written to. */
static void named_alone(void **state)
{
	static const struct core_segment segments[] = {
		{0x401000, 0x2000, PF_R, 0x2000, 7},
	};
	static const struct run expected[] = {{0x401000, 3, false}};
	struct program program;
	struct hs_core_pages pages;
	struct hs_core *core;
	struct core_file files[1];
	struct core_notes notes = {.size = 0};

	(void)state;
	program_create(&program);
	files[0] = (struct core_file){0x400000, 0x404000, 0, program.file};
	core_note_files(&notes, files, 1);
	assert_no_error(open_core(core_build(buffer, segments, 1, &notes), NULL, &core));
	assert_int_equal(hs_core_maps(core)->size, 3);
	assert_mapping(core, 0, 0x400000, 0x401000, R, program.file);
	assert_mapping(core, 1, 0x401000, 0x403000, R, program.file);
	assert_mapping(core, 2, 0x403000, 0x404000, R | W, program.file);
	assert_int_equal(hs_core_maps(core)->data[2].offset, 0x3000);
	assert_runs(core, expected, 1, &pages);
	assert_true(reads(core, 0x402000, 7) && reads(core, 0x403000, 0x30));
	hs_core_close(core);
	program_remove(&program);
}

/* What was cut off may have been changed, if it could be. */
static void cut_off_from_files(void **state)
{
	struct program program;
	static const struct core_segment segments[] = {
		{0x400000, 0x1000, PF_R, 0x1000, 0},
		{0x401000, 0x1000, PF_R | PF_X, 0x1000, 1},
		{0x402000, 0x1000, PF_R, 0x1000, 2}, /* was data, and is not to be written to now */
		{0x403000, 0x1000, PF_R | PF_W, 0x1000, 3},
	};
	struct hs_core *core;
	struct core_file files[1];
	struct core_notes notes = {.size = 0};
	size_t size;

	(void)state;
	program_create(&program);
	files[0] = (struct core_file){0x400000, 0x404000, 0, program.file};
	core_note_files(&notes, files, 1);
	size = core_build(buffer, segments, 4, &notes);
	memcpy(buffer + size - 4 * CORE_PAGE, program.header, CORE_PAGE);
	assert_no_error(open_core(size - 3 * CORE_PAGE, NULL, &core));
	assert_true(reads(core, 0x401000, 0x10));
	assert_false(reads(core, 0x402000, 0x20) || reads(core, 0x403000, 0x30));
	hs_core_close(core);
	program_remove(&program);
}

/* The arguments as the kernel lays them out, longer than what it notes. */
static void arguments_from_the_stack(void **state)
{
	static const struct core_segment segments[] = {
		{0x7ff000000000, 0x3000, PF_R | PF_W, 0x3000, 0},
	};
	const hs_addr stack = 0x7ff000000000;
	const hs_addr strings = stack + 0x2000;
	const uint64_t words[] = {
		2,	   strings,   strings + 8,    0,	 strings + 0x800, 0,	  AT_PAGESZ,
		CORE_PAGE, AT_RANDOM, stack + 0x1f00, AT_EXECFN, strings + 0x900, AT_UID, 0,
		AT_NULL,   0};
	struct core_notes notes = {.size = 0};
	struct hs_core *core;
	uint8_t *bytes;
	char *command;
	size_t size;

	(void)state;
	core_note_process(&notes, 1, "cut");
	core_note(&notes, NT_AUXV, words + 6, sizeof(words) - 6 * sizeof(*words));
	size = core_build(buffer, segments, 1, &notes);
	bytes = buffer + size - 0x3000;
	memcpy(bytes + 0x1d00, words, sizeof(words));
	memset(bytes + 0x2000, 'a', 0x7ff);
	bytes[0x2007] = '\0';
	assert_no_error(open_core(size, NULL, &core));
	command = hs_core_arguments(core, &size);
	assert_non_null(command);
	assert_int_equal(size, 0x800);
	assert_string_equal(command, "aaaaaaa");
	assert_int_equal(strlen(command + 8), 0x7f7);
	free(command);
	hs_core_close(core);
}

static void refused(void **state)
{
	static const struct core_segment segments[] = {{0x10000, 0x1000, PF_R | PF_W, 0x1000, 1}};
	const struct core_notes notes = {.size = 0};
	struct hs_core *core = NULL;
	size_t size = core_build(buffer, segments, 1, &notes);

	(void)state;
	assert_error(open_core(0, NULL, &core), HS_ERROR_DAMAGED, "not a core");
	assert_error(open_core(20, NULL, &core), HS_ERROR_DAMAGED, "truncated");
	assert_error(open_core(64, NULL, &core), HS_ERROR_DAMAGED, "truncated");
	buffer[EI_CLASS] = ELFCLASS32;
	assert_error(open_core(size, NULL, &core), HS_ERROR_UNSUPPORTED, "64 bits");
	buffer[EI_CLASS] = ELFCLASS64;
	buffer[16] = ET_EXEC;
	assert_error(open_core(size, NULL, &core), HS_ERROR_DAMAGED, "another kind");
	buffer[0] = 'x';
	assert_error(open_core(size, NULL, &core), HS_ERROR_DAMAGED, "not a core");
	assert_error(hs_core_open("/dev/null", &(struct hs_core_options){0}, &core),
		     HS_ERROR_DAMAGED, "not a core");
	assert_error(hs_core_open("/no/such", &(struct hs_core_options){0}, &core), HS_ERROR_FAILED,
		     "cannot open");
	assert_null(core);
	size = core_build(buffer, segments, 0, &notes);
	assert_error(open_core(size, NULL, &core), HS_ERROR_DAMAGED, "no memory in it");
}

/* Lists of mappings that would take for ever are refused. */
static void too_many(void **state)
{
	const uint64_t count = 140000;
	const size_t size = 16 + count * 25;
	uint8_t *note = calloc(1, 20 + size + 4);
	const Elf64_Nhdr header = {5, (uint32_t)size, NT_FILE};
	const uint64_t words[2] = {count, CORE_PAGE};
	const struct core_notes none = {.size = 0};
	struct hs_core *core = NULL;
	int fd = memfd_create("core", MFD_CLOEXEC);
	Elf64_Phdr segment = {.p_type = PT_NOTE, .p_offset = 256, .p_filesz = 20 + size};
	Elf64_Ehdr elf;

	(void)state;
	assert_non_null(note);
	memcpy(note, &header, sizeof(header));
	memcpy(note + 12, "CORE", 5);
	memcpy(note + 20, words, sizeof(words));
	for (uint64_t i = 0; i < count; i++) {
		const uint64_t range[3] = {(i + 1) << 12, (i + 2) << 12, 0};

		memcpy(note + 36 + i * 24, range, sizeof(range));
	}
	core_build(buffer, NULL, 0, &none);
	memcpy(&elf, buffer, sizeof(elf));
	assert_int_equal(pwrite(fd, &elf, sizeof(elf), 0), sizeof(elf));
	assert_int_equal(pwrite(fd, &segment, sizeof(segment), sizeof(elf)), sizeof(segment));
	assert_int_equal(pwrite(fd, note, 20 + size, 256), 20 + size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_error(hs_core_open(path, &(struct hs_core_options){0}, &core), HS_ERROR_DAMAGED,
		     "mappings");
	free(note);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_alone),
		cmocka_unit_test(counted_elsewhere),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(rest_from_files),
		cmocka_unit_test(files_elsewhere),
		cmocka_unit_test(files_that_lead_elsewhere),
		cmocka_unit_test(another_file),
		cmocka_unit_test(named_alone),
		cmocka_unit_test(cut_off_from_files),
		cmocka_unit_test(arguments_from_the_stack),
		cmocka_unit_test(refused),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
