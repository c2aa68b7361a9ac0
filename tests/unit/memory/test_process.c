/* SPDX-License-Identifier: MIT */
/* test_process.c: what is read and copied of a live process, its files and its symbols. */
#include "child.h"

#include "libsnap/memory/elf.h"

#include <fcntl.h>
#include <gnu/libc-version.h>

enum {
	PAGES = 8,
	PAGE = HS_PAGE_SIZE,
};

static struct shared *shared;
static char path[64];

/* Pages 0 and 1 written, 2 read only, 3 without rights, 4 written, 5 never touched, 6 written. */
static void lay_out_pages(struct shared *s)
{
	uint8_t *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	madvise(at, PAGES * PAGE, MADV_NOHUGEPAGE);
	memset(at, 'a', 2 * PAGE);
	memset(at + 2 * PAGE, 'c', PAGE);
	memset(at + 4 * PAGE, 'e', PAGE);
	memset(at + 6 * PAGE, 'g', PAGE);
	mprotect(at + 2 * PAGE, PAGE, PROT_READ);
	mprotect(at + 3 * PAGE, PAGE, PROT_NONE);
	s->address = (uintptr_t)at;
	s->ready = true;
	for (;;)
		pause();
}

static struct hs_image *copy(struct hs_process *process, uint64_t *unreadable)
{
	struct hs_image *image = hs_image_create();

	assert_no_error(hs_process_stop(process, 5000));
	assert_no_error(hs_process_copy(process, image, 0, unreadable));
	hs_process_resume(process);
	hs_process_resident(process, &image->maps);
	return image;
}

static void what_is_present_is_copied(void **state)
{
	pid_t pid = child_start(lay_out_pages, shared);
	struct hs_process *process = open_process(pid);
	hs_addr base = shared->address;
	uint64_t unreadable = 77;
	struct hs_image *image = copy(process, &unreadable);
	const struct hs_mapping *mapping = hs_maps_find(&image->maps, base);
	char bytes[PAGE + 2];

	(void)state;
	assert_int_equal(*(const char *)hs_image_at(image, base, 2 * PAGE), 'a');
	assert_int_equal(*(const char *)hs_image_at(image, base + 2 * PAGE, PAGE), 'c');
	assert_null(hs_image_at(image, base + 3 * PAGE, 1));
	assert_int_equal(*(const char *)hs_image_at(image, base + 4 * PAGE, PAGE), 'e');
	assert_null(hs_image_at(image, base + 5 * PAGE, 1));
	assert_int_equal(*(const char *)hs_image_at(image, base + 6 * PAGE, PAGE), 'g');
	assert_null(hs_image_at(image, (uintptr_t)shared, 1));
	assert_int_equal(mapping->resident, 2 * PAGE);
	assert_int_equal(hs_maps_find(&image->maps, base + 2 * PAGE)->resident, PAGE);
	assert_int_equal(hs_maps_find(&image->maps, base + 4 * PAGE)->resident, 2 * PAGE);
	assert_int_equal(unreadable, 0);

	assert_true(hs_process_read(process, base + 2 * PAGE - 1, bytes, PAGE + 1));
	assert_true(bytes[0] == 'a' && bytes[1] == 'c');
	assert_false(hs_process_read(process, base + 2 * PAGE - 1, bytes, PAGE + 2));
	assert_false(hs_process_read(process, base + 3 * PAGE, bytes, 1));
	assert_false(hs_process_read(process, 0, bytes, 1));
	assert_false(hs_process_read(process, UINT64_MAX, bytes, 1));
	hs_image_destroy(image);
	hs_process_close(process);
	child_end(pid);
}

/* A file mapped privately, one of its pages changed; part of it was cut off. */
enum {
	INSTALL_GUARD = 102, /* MADV_GUARD_INSTALL of Linux 6.13, which older headers lack */
};

/* Page 1 of 3 is one that nobody may touch, as between threads' stacks. */
static void lay_out_guard(struct shared *s)
{
	uint8_t *at =
		mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(at, 3 * PAGE, MADV_NOHUGEPAGE);
	memset(at, 'a', 3 * PAGE);
	s->address = madvise(at + PAGE, PAGE, INSTALL_GUARD) ? 0 : (uintptr_t)at;
	s->ready = true;
	for (;;)
		pause();
}

static void guard_pages_are_not_missed(void **state)
{
	pid_t pid = child_start(lay_out_guard, shared);
	struct hs_process *process = open_process(pid);
	hs_addr base = shared->address;
	uint64_t unreadable = 77;

	(void)state;
	if (base) {
		struct hs_image *image = copy(process, &unreadable);

		assert_int_equal(*(const char *)hs_image_at(image, base, PAGE), 'a');
		assert_null(hs_image_at(image, base + PAGE, 1));
		assert_int_equal(*(const char *)hs_image_at(image, base + 2 * PAGE, PAGE), 'a');
		assert_int_equal(unreadable, 0);
		hs_image_destroy(image);
	}
	hs_process_close(process);
	child_end(pid);
	if (!base) {
		print_message("SKIPPED: this kernel has no guard pages inside mappings\n");
		skip();
	}
}

static void map_cut_file(struct shared *s)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint8_t *at;

	if (ftruncate(fd, 4 * PAGE))
		_exit(99);
	at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (ftruncate(fd, 2 * PAGE))
		_exit(99);
	at[0] = 'x';
	s->address = (uintptr_t)at;
	s->ready = true;
	for (;;)
		pause();
}

static void of_files_what_was_changed_is_copied(void **state)
{
	pid_t pid = child_start(map_cut_file, shared);
	struct hs_process *process = open_process(pid);
	uint64_t unreadable = 0;
	struct hs_image *image = copy(process, &unreadable);

	(void)state;
	unlink(path);
	assert_int_equal(unreadable, 0);
	assert_int_equal(*(const char *)hs_image_at(image, shared->address, PAGE), 'x');
	assert_null(hs_image_at(image, shared->address + PAGE, 1));
	assert_null(hs_image_at(image, shared->address + 2 * PAGE, 1));
	hs_image_destroy(image);
	hs_process_close(process);
	child_end(pid);
}

static bool take_first(void *context, hs_addr addr, uint64_t pages)
{
	unsigned int *calls = context;

	assert_true(addr && pages);
	++*calls;
	return false;
}

static void a_walk_can_be_ended(void **state)
{
	pid_t pid = child_start(lay_out_pages, shared);
	struct hs_process *process = open_process(pid);
	struct hs_maps maps;
	unsigned int calls = 0;

	(void)state;
	assert_no_error(hs_maps_read(pid, &maps));
	assert_no_error(hs_process_pages(process, &maps, 0, take_first, &calls));
	assert_int_equal(calls, 1);
	child_end(pid);
	assert_error(hs_process_pages(process, &maps, 0, take_first, &calls), HS_ERROR_GONE,
		     "ended");
	hs_maps_deinit(&maps);
	hs_process_close(process);
}

static void *show_own_number(void *unused)
{
	(void)unused;
	shared->address = (uintptr_t)gettid();
	shared->ready = true;
	for (;;)
		pause();
	return NULL;
}

static void start_one_thread(struct shared *s)
{
	pthread_t thread;

	(void)s;
	pthread_create(&thread, NULL, show_own_number, NULL);
	for (;;)
		pause();
}

static void end_at_once(struct shared *s)
{
	s->ready = true;
}

static void what_cannot_be_opened(void **state)
{
	struct hs_process *process = NULL;
	char expected[64];
	pid_t pid;

	(void)state;
	assert_error(hs_process_open(0, &process), HS_ERROR_UNSUPPORTED, "no such process");
	assert_error(hs_process_open(-1, &process), HS_ERROR_UNSUPPORTED, "no such process");
	assert_error(hs_process_open(0x3ffffff, &process), HS_ERROR_UNSUPPORTED, "no such process");
	pid = child_start(start_one_thread, shared);
	snprintf(expected, sizeof(expected), "its process is %d", (int)pid);
	assert_error(hs_process_open((pid_t)shared->address, &process), HS_ERROR_UNSUPPORTED,
		     expected);
	child_end(pid);
	pid = child_start(end_at_once, shared);
	assert_true(reaches_state(pid, 'Z', 5000));
	assert_error(hs_process_open(pid, &process), HS_ERROR_GONE, "zombie");
	child_end(pid);
	assert_null(process);
	hs_process_close(NULL);
}

static void refused_names_the_cause(void **state)
{
	pid_t pid = child_start(lay_out_pages, shared);
	struct hs_error *err = hs_process_refused(pid);

	(void)state;
	assert_int_equal(hs_error_code(err), HS_ERROR_PERMISSION);
	assert_null(strstr(hs_error_message(err), "traced"));
	hs_error_destroy(err);
	child_end(pid);
}

static void small_files(void **state)
{
	char *text = NULL;
	uint64_t number = 0;
	size_t size = 0;

	(void)state;
	prctl(PR_SET_NAME, ") R 1 (");
	assert_true(hs_proc_stat_field(getpid(), 4, &number));
	assert_int_equal(number, getppid());
	prctl(PR_SET_NAME, "test");
	assert_false(hs_proc_stat_field(getpid(), 400, &number));
	assert_true(hs_proc_status_field(getpid(), "Tgid", &number));
	assert_int_equal(number, getpid());
	assert_false(hs_proc_status_field(getpid(), "Tgi", &number));
	assert_false(hs_proc_status_field(getpid(), "gid", &number));
	assert_no_error(hs_proc_read(getpid(), "environ", &text, &size));
	assert_int_equal(text[size], '\0');
	free(text);
	assert_error(hs_proc_read(getpid(), "missing", &text, NULL), HS_ERROR_UNSUPPORTED,
		     "no such");
}

int hs_test_symbol = 5;

static const struct hs_mapping *mapping_of(const struct hs_maps *maps, const void *address)
{
	const struct hs_mapping *mapping = hs_maps_find(maps, (uintptr_t)address);

	assert_non_null(mapping);
	return mapping;
}

static void symbols_of_program_and_library(void **state)
{
	static const char *const names[] = {"hs_test_symbol", "no_such_symbol", "main"};
	static const char *const libc_names[] = {"malloc_usable_size", "gnu_get_libc_version"};
	struct hs_process *self;
	struct hs_maps maps;
	hs_addr found[3] = {1, 1, 1};

	(void)state;
	assert_no_error(hs_process_open(getpid(), &self));
	assert_no_error(hs_maps_read(getpid(), &maps));
	assert_true(hs_elf_symbols(hs_process_target(self), &maps, mapping_of(&maps, names), names,
				   3, found));
	assert_int_equal(found[0], (uintptr_t)&hs_test_symbol);
	assert_int_equal(found[1], 0);
	assert_true(found[2]);
	assert_true(hs_elf_symbols(hs_process_target(self), &maps,
				   mapping_of(&maps, gnu_get_libc_version()), libc_names, 2,
				   found));
	assert_int_equal(found[1], (uintptr_t)gnu_get_libc_version);
	hs_maps_deinit(&maps);
	hs_process_close(self);
}

/* Give the file behind our mapping of it @size bytes of @content and ask for its symbols. */
static bool symbols_of(const void *content, size_t size, uint64_t inode_change)
{
	static const char *const names[] = {"main"};
	struct hs_maps maps;
	struct hs_mapping *mapping;
	struct hs_process *self;
	hs_addr found = 1;
	void *at;
	bool ok;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0700);

	assert_int_equal(ftruncate(fd, PAGE), 0);
	at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(write(fd, content, size), size);
	assert_no_error(hs_maps_read(getpid(), &maps));
	mapping = (struct hs_mapping *)mapping_of(&maps, at);
	mapping->inode += inode_change;
	assert_no_error(hs_process_open(getpid(), &self));
	ok = hs_elf_symbols(hs_process_target(self), &maps, mapping, names, 1, &found);
	assert_true(!ok || !inode_change);
	if (!ok)
		assert_int_equal(found, 0);
	hs_process_close(self);
	hs_maps_deinit(&maps);
	munmap(at, PAGE);
	close(fd);
	unlink(path);
	return ok;
}

static void hostile_files(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);
	uint8_t *program = malloc((size_t)size);
	uint64_t random = 88172645463325252u;

	(void)state;
	assert_non_null(program);
	assert_int_equal(pread(fd, program, (size_t)size, 0), size);
	close(fd);
	if (size > 1 << 22)
		size = 1 << 22;
	assert_false(symbols_of("", 0, 0));
	assert_false(symbols_of("garbage", 7, 0));
	assert_false(symbols_of("\177ELF", 4, 0));
	assert_false(symbols_of(program, 40, 0));
	assert_false(symbols_of(program, (size_t)size, 1));
	/* Cut short, and with its headers damaged: whatever it says, it must return. */
	for (size_t cut = 64; cut < (size_t)size; cut = cut * 2 + 7)
		symbols_of(program, cut, 0);
	for (int i = 0; i < 100; i++) {
		uint8_t header[64];

		memcpy(header, program, sizeof(header));
		for (int k = 0; k < 3; k++) {
			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			program[16 + random % 48] = (uint8_t)(random >> 32);
		}
		symbols_of(program, (size_t)size, 0);
		memcpy(program, header, sizeof(header));
	}
	free(program);
}

static int create(void **state)
{
	(void)state;
	shared = shared_create();
	snprintf(path, sizeof(path), "/tmp/heapsnap-test-process-%d", (int)getpid());
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	return munmap(shared, sizeof(*shared));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_present_is_copied),
		cmocka_unit_test(guard_pages_are_not_missed),
		cmocka_unit_test(of_files_what_was_changed_is_copied),
		cmocka_unit_test(a_walk_can_be_ended),
		cmocka_unit_test(what_cannot_be_opened),
		cmocka_unit_test(refused_names_the_cause),
		cmocka_unit_test(small_files),
		cmocka_unit_test(symbols_of_program_and_library),
		cmocka_unit_test(hostile_files),
	};

	return cmocka_run_group_tests(tests, create, destroy);
}
