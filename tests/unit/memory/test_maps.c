/* SPDX-License-Identifier: MIT */
/* test_maps.c: the kernel's list of mappings, real and hostile. */
#include "child.h"

#include "libsnap/memory/maps.h"

static const char LISTING[] =
	"55d0c0000000-55d0c0001000 r--p 00000000 08:01 1234                       "
	"/usr/bin/python3.11\n"
	"55d0c0001000-55d0c0003000 r-xp 00001000 08:01 1234                       "
	"/usr/bin/python3.11\n"
	"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"
	"7f0000001000-7f0000002000 rw-s 00002000 00:05 18446744073709551615       /memfd:a b "
	"(deleted)\n"
	"7f0000002000-7f0000003000 ---p 00000000 fe:00 7                          /a\\012b/  two  "
	"spaces\n"
	"7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

static void fields_and_names(void **state)
{
	static const struct {
		uint64_t inode;
		uint64_t offset;
		uint32_t flags;
		const char *name;
	} expected[] = {
		{1234, 0, HS_REGION_READ, "/usr/bin/python3.11"},
		{1234, 0x1000, HS_REGION_READ | HS_REGION_EXEC, "/usr/bin/python3.11"},
		{0, 0, HS_REGION_READ | HS_REGION_WRITE, ""},
		{UINT64_MAX, 0x2000, HS_REGION_READ | HS_REGION_WRITE | HS_REGION_SHARED,
		 "/memfd:a b (deleted)"},
		{7, 0, 0, "/a\\012b/  two  spaces"},
		{0, 0, HS_REGION_READ | HS_REGION_WRITE, "[stack]"},
		{0, 0, HS_REGION_EXEC, "[vsyscall]"},
	};
	struct hs_maps maps;

	(void)state;
	assert_no_error(hs_maps_parse(LISTING, &maps));
	assert_int_equal(maps.size, 7);
	for (size_t i = 0; i < maps.size; i++) {
		assert_int_equal(maps.data[i].inode, expected[i].inode);
		assert_int_equal(maps.data[i].offset, expected[i].offset);
		assert_int_equal(maps.data[i].flags, expected[i].flags);
		assert_string_equal(maps.data[i].name, expected[i].name);
	}
	hs_maps_deinit(&maps);
}

static void find(void **state)
{
	struct hs_maps maps;
	struct hs_maps none = {0};

	(void)state;
	assert_no_error(hs_maps_parse(LISTING, &maps));
	assert_null(hs_maps_find(&maps, 0));
	assert_null(hs_maps_find(&maps, 0x55d0bfffffff));
	assert_ptr_equal(hs_maps_find(&maps, 0x55d0c0000000), &maps.data[0]);
	assert_ptr_equal(hs_maps_find(&maps, 0x55d0c0000fff), &maps.data[0]);
	assert_ptr_equal(hs_maps_find(&maps, 0x55d0c0001000), &maps.data[1]);
	assert_null(hs_maps_find(&maps, 0x55d0c0003000));
	assert_ptr_equal(hs_maps_find(&maps, 0xffffffffff600fff), &maps.data[6]);
	assert_null(hs_maps_find(&maps, UINT64_MAX));
	assert_null(hs_maps_find(&none, 0x55d0c0000000));
	hs_maps_deinit(&maps);
}

/* Which of the files are programs, where the processor runs them and where an emulator does. */
static void programs(void **state)
{
	static const char listing[] = "10000-11000 r--p 00000000 08:01 1 /native\n"
				      "11000-12000 r-xp 00001000 08:01 1 /native\n"
				      "20000-21000 r--p 00000000 08:01 2 /emulated\n"
				      "21000-22000 ---p 00000000 00:00 0 \n"
				      "22000-23000 rw-p 00002000 08:01 2 /emulated\n"
				      "30000-31000 r--p 00000000 08:01 3 /read only\n"
				      "31000-32000 rw-p 00001000 08:01 1 /of the same number\n"
				      "40000-41000 rw-p 00000000 08:01 4 /written only\n"
				      "50000-51000 r--s 00000000 08:01 5 /shared\n"
				      "51000-52000 rw-p 00001000 08:01 5 /shared\n"
				      "60000-61000 r--p 00001000 08:01 6 /without its beginning\n"
				      "61000-62000 rw-p 00002000 08:01 6 /without its beginning\n";
	struct hs_maps maps;

	(void)state;
	assert_no_error(hs_maps_parse(listing, &maps));
	for (size_t i = 0; i < maps.size; i++)
		assert_int_equal(hs_maps_is_program(&maps, &maps.data[i]),
				 !strcmp(maps.data[i].name, "/native") ||
					 !strcmp(maps.data[i].name, "/emulated"));
	hs_maps_deinit(&maps);
}

static void empty_text_is_no_mapping(void **state)
{
	struct hs_maps maps;

	(void)state;
	assert_no_error(hs_maps_parse("", &maps));
	assert_int_equal(maps.size, 0);
	/* The last line need not end. */
	assert_no_error(hs_maps_parse("1000-2000 r--p 0 0:0 0 /x", &maps));
	assert_int_equal(maps.size, 1);
	assert_string_equal(maps.data[0].name, "/x");
	hs_maps_deinit(&maps);
}

static void what_the_kernel_does_not_write(void **state)
{
	static const char *const texts[] = {
		"\n",
		"garbage\n",
		"1000-2000\n",
		"1000-2000 r--\n",
		"1000-2000 r-- 0 0:0 0 /three\n",
		"1000-1000 r--p 0 0:0 0 /empty\n",
		"2000-1000 r--p 0 0:0 0 /backwards\n",
		"2000-3000 r--p 0 0:0 0 /a\n1000-2000 r--p 0 0:0 0 /unsorted\n",
		"1000-3000 r--p 0 0:0 0 /a\n2000-4000 r--p 0 0:0 0 /overlapping\n",
		"1000-2000 r--p 0 0:0 0 /a\n\n2000-3000 r--p 0 0:0 0 /b\n",
		"1000-2000 r--p x 0:0 0 /offset\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct hs_maps maps = {.size = 77};

		assert_error(hs_maps_parse(texts[i], &maps), HS_ERROR_FAILED, "kernel's form");
		assert_int_equal(maps.size, 77);
	}
}

static void our_own(void **state)
{
	struct hs_maps maps;
	const struct hs_mapping *mapping;
	int local = 0;

	(void)state;
	assert_no_error(hs_maps_read(getpid(), &maps));
	mapping = hs_maps_find(&maps, (uintptr_t)LISTING);
	assert_non_null(mapping);
	assert_int_equal(mapping->flags & HS_REGION_WRITE, 0);
	assert_true(mapping->inode);
	mapping = hs_maps_find(&maps, (uintptr_t)&local);
	assert_non_null(mapping);
	assert_true(mapping->flags & HS_REGION_WRITE);
	hs_maps_deinit(&maps);
	assert_error(hs_maps_read(0x3ffffff, &maps), HS_ERROR_UNSUPPORTED, "no such process");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_and_names),
		cmocka_unit_test(find),
		cmocka_unit_test(programs),
		cmocka_unit_test(empty_text_is_no_mapping),
		cmocka_unit_test(what_the_kernel_does_not_write),
		cmocka_unit_test(our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
