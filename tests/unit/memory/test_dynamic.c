/* SPDX-License-Identifier: MIT */
/* test_dynamic.c: symbols from what is mapped are those that the dynamic linker finds. */
#include "child.h"

#include "libsnap/memory/dynamic.h"
#include "libsnap/memory/process.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* This process's memory, of which some bytes are said to be others. */
struct memory {
	hs_addr begin; /* of what is lied about */
	size_t size;
	unsigned int seed; /* 0: nothing is */
};

static bool read_own(const struct hs_target *target, hs_addr addr, void *buffer, size_t size)
{
	struct memory *memory = target->context;
	char *bytes = buffer;
	FILE *file = fopen("/proc/self/mem", "rb");
	bool done =
		file && !fseeko(file, (off_t)addr, SEEK_SET) && fread(buffer, size, 1, file) == 1;

	if (file)
		fclose(file);
	for (size_t i = 0; done && memory->seed && i < size; i++)
		if (addr + i - memory->begin < memory->size && rand_r(&memory->seed) % 64 == 0)
			bytes[i] = (char)rand_r(&memory->seed);
	return done;
}

static const struct hs_target_operations operations = {.read = read_own};

static const struct hs_mapping *mapping_of(const struct hs_maps *maps, const void *function)
{
	const struct hs_mapping *mapping = hs_maps_find(maps, (uintptr_t)function);

	assert_non_null(mapping);
	return mapping;
}

static void the_linker_s_own(void **state)
{
	static const char *const names[] = {"malloc", "no_such_function", "getenv", "stdout"};
	struct memory memory = {0};
	const struct hs_target target = {&operations, &memory, "this process"};
	struct hs_maps maps = {0};
	hs_addr found[4];

	(void)state;
	assert_no_error(hs_maps_read(getpid(), &maps));
	/* In a sanitizer's build malloc() is another one: ask for libc's. */
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	assert_non_null(libc);
	assert_true(hs_dynamic_symbols(&target, &maps, mapping_of(&maps, dlsym(libc, "getenv")),
				       names, 4, found));
	assert_int_equal(found[0], (uintptr_t)dlsym(libc, "malloc"));
	assert_int_equal(found[1], 0);
	assert_int_equal(found[2], (uintptr_t)dlsym(libc, "getenv"));
	assert_int_equal(found[3], (uintptr_t)dlsym(libc, "stdout"));
	dlclose(libc);
	hs_maps_deinit(&maps);
}

static void no_such_thing(void **state)
{
	static const char *const names[] = {"malloc"};
	struct memory memory = {0};
	const struct hs_target target = {&operations, &memory, "this process"};
	char anonymous[] = "";
	const struct hs_mapping mapping = {.start = 4096, .end = 8192, .name = anonymous};
	struct hs_maps maps = {0};
	hs_addr found[1] = {1};

	(void)state;
	assert_no_error(hs_maps_read(getpid(), &maps));
	assert_false(hs_dynamic_symbols(&target, &maps, &mapping, names, 1, found));
	assert_int_equal(found[0], 0);
	hs_maps_deinit(&maps);
}

/* Whatever the tables say, the search ends. */
static void hostile_tables(void **state)
{
	enum { ROUNDS = 300 };
	static const char *const names[] = {"malloc", "no_such_function", "getenv"};
	struct memory memory = {0};
	const struct hs_target target = {&operations, &memory, "this process"};
	const struct hs_mapping *mapping;
	struct hs_maps maps = {0};
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	hs_addr found[3];

	(void)state;
	assert_non_null(libc);
	assert_no_error(hs_maps_read(getpid(), &maps));
	mapping = mapping_of(&maps, dlsym(libc, "getenv"));
	memory.begin = mapping->start & ~(hs_addr)0xffffff;
	memory.size = 0x2000000;
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		memory.seed = round;
		hs_dynamic_symbols(&target, &maps, mapping, names, 3, found);
	}
	dlclose(libc);
	hs_maps_deinit(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_linker_s_own),
		cmocka_unit_test(no_such_thing),
		cmocka_unit_test(hostile_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
