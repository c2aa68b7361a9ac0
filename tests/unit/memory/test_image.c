/* SPDX-License-Identifier: MIT */
/* test_image.c: pages found again by their address, at every edge. */
#include "child.h"

#include "libsnap/memory/image.h"

#include <fcntl.h>

enum {
	BASE = 0x10000000,
};

static hs_addr top_page(void)
{
	return (1ull << HS_ADDRESS_BITS) - HS_PAGE_SIZE;
}

/* Pages filled with a pattern that tells where a byte came from. */
static uint8_t pattern(hs_addr addr)
{
	return (uint8_t)(addr ^ addr >> 12 ^ addr >> 20);
}

static bool add(struct hs_image *image, hs_addr addr, uint64_t pages)
{
	uint8_t *to = hs_image_add(image, addr, pages);

	for (uint64_t i = 0; to && i < pages << HS_PAGE_SHIFT; i++)
		to[i] = pattern(addr + i);
	return to;
}

static void assert_pattern(const struct hs_image *image, hs_addr addr, uint64_t size)
{
	const uint8_t *at = hs_image_at(image, addr, size);
	uint8_t *copy = malloc(size);

	assert_non_null(copy);
	assert_non_null(at);
	assert_true(hs_image_read(image, addr, copy, size));
	for (uint64_t i = 0; i < size; i++) {
		assert_int_equal(at[i], pattern(addr + i));
		assert_int_equal(copy[i], pattern(addr + i));
	}
	free(copy);
}

static void found_again(void **state)
{
	struct hs_image *image = hs_image_create();

	(void)state;
	assert_true(add(image, BASE, 3));
	assert_true(add(image, BASE + 0x10000, 1));
	assert_pattern(image, BASE, 1);
	assert_pattern(image, BASE + 5, HS_PAGE_SIZE);
	assert_pattern(image, BASE, 3 * HS_PAGE_SIZE);
	assert_pattern(image, BASE + 0x10fff, 1);
	assert_null(hs_image_at(image, BASE - 1, 1));
	assert_null(hs_image_at(image, BASE - 1, 2));
	assert_null(hs_image_at(image, BASE + 3 * HS_PAGE_SIZE, 1));
	assert_null(hs_image_at(image, BASE + 3 * HS_PAGE_SIZE - 4, 8));
	assert_null(hs_image_at(image, BASE + 1, 3 * HS_PAGE_SIZE));
	hs_image_destroy(image);
}

/* Pages added apart are neighbours by address only: copied they are whole, in place they are not.
 */
static void pages_elsewhere(void **state)
{
	struct hs_image *image = hs_image_create();
	uint8_t word[8];

	(void)state;
	assert_true(add(image, BASE + HS_PAGE_SIZE, 1));
	assert_true(add(image, BASE, 1));
	assert_null(hs_image_at(image, BASE + HS_PAGE_SIZE - 4, 8));
	assert_true(hs_image_read(image, BASE + HS_PAGE_SIZE - 4, word, 8));
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(word[i], pattern(BASE + HS_PAGE_SIZE - 4 + i));
	assert_false(hs_image_read(image, BASE + 2 * HS_PAGE_SIZE - 4, word, 8));
	hs_image_destroy(image);
}

static void edges_of_the_address_space(void **state)
{
	struct hs_image *image = hs_image_create();
	uint64_t word;

	(void)state;
	assert_true(add(image, 0, 1));
	assert_true(add(image, top_page(), 1));
	assert_pattern(image, 0, HS_PAGE_SIZE);
	assert_pattern(image, top_page(), HS_PAGE_SIZE);
	assert_null(hs_image_at(image, top_page() + 1, HS_PAGE_SIZE));
	assert_null(hs_image_at(image, 1ull << HS_ADDRESS_BITS, 1));
	assert_null(hs_image_at(image, UINT64_MAX, 1));
	/* Ranges that wrap around to address 0, where there is a page. */
	assert_null(hs_image_at(image, UINT64_MAX - 3, 8));
	assert_false(hs_image_u64(image, UINT64_MAX - 3, &word));
	assert_false(hs_image_read(image, UINT64_MAX - 3, &word, 8));
	assert_null(hs_image_at(image, 8, UINT64_MAX));
	assert_null(hs_image_at(image, 8, UINT64_MAX - 8));
	assert_null(hs_image_at(image, top_page(), 1ull << 63));
	assert_null(hs_image_add(image, top_page(), 2));
	assert_null(hs_image_add(image, 1ull << HS_ADDRESS_BITS, 1));
	assert_null(hs_image_add(image, UINT64_MAX & ~0xfffull, 1));
	assert_null(hs_image_add(image, BASE, UINT64_MAX));
	assert_null(hs_image_add(image, BASE, 1ull << 35));
	assert_int_equal(image->slot_count, 2);
	hs_image_destroy(image);
}

static void duplicates_are_refused(void **state)
{
	struct hs_image *image = hs_image_create();

	(void)state;
	assert_true(add(image, BASE + 2 * HS_PAGE_SIZE, 1));
	assert_false(add(image, BASE + 2 * HS_PAGE_SIZE, 1));
	/* The pages before the one that is here already are taken back. */
	assert_false(add(image, BASE, 4));
	assert_int_equal(image->slot_count, 1);
	assert_null(hs_image_at(image, BASE, 1));
	assert_true(add(image, BASE, 2));
	assert_pattern(image, BASE, 2 * HS_PAGE_SIZE);
	assert_pattern(image, BASE + 2 * HS_PAGE_SIZE, HS_PAGE_SIZE);
	hs_image_destroy(image);
}

static void dropped_pages_are_gone(void **state)
{
	struct hs_image *image = hs_image_create();

	(void)state;
	assert_true(add(image, BASE, 4));
	hs_image_drop(image, 2);
	assert_pattern(image, BASE, 2 * HS_PAGE_SIZE);
	assert_null(hs_image_at(image, BASE + 2 * HS_PAGE_SIZE, 1));
	assert_true(add(image, BASE + 3 * HS_PAGE_SIZE, 1));
	assert_pattern(image, BASE + 3 * HS_PAGE_SIZE, HS_PAGE_SIZE);
	hs_image_destroy(image);
}

static void granules_and_addresses(void **state)
{
	struct hs_image *image = hs_image_create();

	(void)state;
	assert_true(hs_image_reserve(image, 10));
	assert_true(add(image, BASE, 2));
	assert_true(add(image, top_page(), 1));
	assert_int_equal(hs_image_granule_count(image), 3 * HS_GRANULES_PER_PAGE);
	for (hs_addr addr = BASE; addr < BASE + 2 * HS_PAGE_SIZE; addr += 8) {
		uint32_t granule = hs_image_granule(image, addr);

		assert_int_equal(granule, (addr - BASE) / 16);
		assert_int_equal(hs_image_address(image, granule), addr & ~15ull);
	}
	assert_int_equal(hs_image_address(image, hs_image_granule(image, top_page() + 0xfff)),
			 top_page() + 0xff0);
	assert_int_equal(hs_image_granule(image, BASE - 1), HS_NONE);
	assert_int_equal(hs_image_granule(image, UINT64_MAX), HS_NONE);
	assert_false(hs_image_reserve(image, UINT64_MAX));
	hs_image_destroy(image);
}

static void strings(void **state)
{
	struct hs_image *image = hs_image_create();
	char *second = hs_image_add(image, BASE + HS_PAGE_SIZE, 1);
	char *first;
	struct hs_str str = {.size = 77};

	(void)state;
	memset(second, 'b', HS_PAGE_SIZE);
	strcpy(second, "rest");
	first = hs_image_add(image, BASE, 1);
	memset(first, 'a', HS_PAGE_SIZE);
	strcpy(first, "short");
	assert_true(hs_image_string(image, BASE, 5, &str));
	assert_str(str, "short");
	assert_true(hs_image_string(image, BASE + 5, 0, &str));
	assert_str(str, "");
	assert_true(hs_image_string(image, BASE + HS_PAGE_SIZE - 2, 6, &str));
	assert_str(str, "aarest");
	str.size = 77;
	assert_false(hs_image_string(image, BASE, 4, &str));
	assert_false(hs_image_string(image, BASE + HS_PAGE_SIZE - 2, 5, &str));
	/* Neither of these ends where it can be read. */
	assert_false(hs_image_string(image, BASE + HS_PAGE_SIZE + 6, 1 << 20, &str));
	assert_false(hs_image_string(image, UINT64_MAX, 1 << 20, &str));
	assert_false(hs_image_string(image, 0, 1 << 20, &str));
	assert_int_equal(str.size, 77);
	hs_image_destroy(image);
}

/* Fetches pages full of names; counts what it was asked for. */
struct source {
	unsigned int calls;
	uint64_t pages;
	bool fails;
};

static bool fetch(void *context, hs_addr addr, uint64_t pages, void *buffer)
{
	struct source *source = context;

	(void)addr;
	source->calls++;
	source->pages += pages;
	if (source->fails)
		return false;
	memset(buffer, 0, (size_t)pages << HS_PAGE_SHIFT);
	strcpy(buffer, "fetched");
	return true;
}

static void fetched_when_wanted(void **state)
{
	struct hs_image *image = hs_image_create();
	struct source source = {.fails = true};
	struct hs_str str;
	const void *data;

	(void)state;
	assert_no_error(hs_maps_parse("10000000-10002000 r--p 0 0:1 5 /constant\n"
				      "10002000-10004000 rw-p 0 0:1 5 /writable\n"
				      "10004000-10005000 r--s 0 0:1 5 /shared\n"
				      "10005000-10105000 r--p 0 0:1 5 /long\n",
				      &image->maps));
	assert_true(add(image, BASE + HS_PAGE_SIZE, 1));
	assert_true(hs_image_seal(image, fetch, &source));
	data = image->data;
	assert_false(hs_image_string(image, BASE, 100, &str));
	assert_int_equal(image->slot_count, 1);
	source.fails = false;
	assert_true(hs_image_string(image, BASE, 100, &str));
	assert_str(str, "fetched");
	assert_int_equal(source.calls, 2);
	assert_int_equal(source.pages, 2); /* up to the page that is here */
	assert_true(hs_image_string(image, BASE, 100, &str));
	assert_int_equal(source.calls, 2);
	/* What may have changed since, and what is no mapping, is not fetched. */
	assert_false(hs_image_string(image, BASE + 2 * HS_PAGE_SIZE, 100, &str));
	assert_false(hs_image_string(image, BASE + 4 * HS_PAGE_SIZE, 100, &str));
	assert_false(hs_image_string(image, BASE - 1, 100, &str));
	assert_int_equal(source.calls, 2);
	assert_true(hs_image_string(image, BASE + 5 * HS_PAGE_SIZE, 100, &str));
	assert_int_equal(source.pages, 18); /* some neighbours, not all */
	assert_ptr_equal(image->data, data);
	/* No more room than was left at the time. */
	assert_null(hs_image_add(image, 0x40000000, 1 << 20));
	hs_image_destroy(image);
}

static void sealed_without_a_source(void **state)
{
	struct hs_image *image = hs_image_create();
	struct hs_str str;

	(void)state;
	assert_no_error(hs_maps_parse("10000000-10002000 r--p 0 0:1 5 /constant\n", &image->maps));
	assert_true(hs_image_seal(image, NULL, NULL));
	assert_false(hs_image_string(image, BASE, 100, &str));
	hs_image_destroy(image);
	hs_image_destroy(NULL);
}

/* A source of pages that counts what it is asked for, and cannot read one of them. */
struct page_source {
	uint64_t calls;
	uint64_t pages;
	hs_addr bad;
};

static uint32_t read_pattern(void *context, const hs_addr *pages, uint32_t count, void *buffer)
{
	struct page_source *source = context;
	uint8_t *to = buffer;

	source->calls++;
	for (uint32_t i = 0; i < count; i++) {
		if (pages[i] == source->bad)
			return i;
		for (uint32_t k = 0; k < HS_PAGE_SIZE; k++)
			*to++ = pattern(pages[i] + k);
		source->pages++;
	}
	return count;
}

static void filled_when_wanted(void **state)
{
	enum {
		PAGES = 2048,
	};
	struct hs_image *image = hs_image_create();
	struct page_source source = {.bad = BASE + 40 * HS_PAGE_SIZE};
	uint64_t before;

	(void)state;
	assert_false(hs_image_add_later(image, BASE, 1));
	assert_true(hs_image_set_source(image, read_pattern, &source));
	assert_true(hs_image_add_later(image, BASE, PAGES));
	assert_true(hs_image_add_later(image, BASE + 0x10000000, 1));
	assert_int_equal(source.calls, 0);
	assert_int_equal(hs_image_granule_count(image), (PAGES + 1) * HS_GRANULES_PER_PAGE);
	/* One page, and its neighbours; across the edge of what was read. */
	assert_pattern(image, BASE + 5, 100);
	assert_true(source.pages > 0 && source.pages <= 32);
	before = source.pages;
	assert_pattern(image, BASE + 7 * HS_PAGE_SIZE, 100);
	assert_int_equal(source.pages, before);
	assert_pattern(image, BASE + 12 * HS_PAGE_SIZE, 8 * HS_PAGE_SIZE);
	assert_int_equal(hs_image_page_count(image), source.pages);
	/* The page that cannot be read is not here; those around it are. */
	assert_pattern(image, BASE + 39 * HS_PAGE_SIZE, HS_PAGE_SIZE);
	assert_null(hs_image_at(image, source.bad, 1));
	assert_pattern(image, BASE + 41 * HS_PAGE_SIZE, HS_PAGE_SIZE);
	assert_int_equal(image->source->unreadable, 1);
	assert_pattern(image, BASE + 0x10000000, HS_PAGE_SIZE);
	hs_image_destroy(image);
}

/* What was seen of a block stays as it is when the whole of it is read. */
static void filled_densely(void **state)
{
	enum {
		PAGES = 4096,
		STEP = 16,
	};
	struct hs_image *image = hs_image_create();
	struct page_source source = {0};
	const uint8_t *first;

	(void)state;
	assert_true(hs_image_set_source(image, read_pattern, &source));
	assert_true(hs_image_add_later(image, BASE, PAGES));
	first = hs_image_at(image, BASE, 100);
	for (hs_addr addr = BASE; addr < BASE + PAGES * HS_PAGE_SIZE; addr += STEP * HS_PAGE_SIZE) {
		assert_pattern(image, addr, HS_PAGE_SIZE);
		assert_ptr_equal(hs_image_at(image, BASE, 100), first);
		assert_int_equal(first[99], pattern(BASE + 99));
	}
	assert_int_equal(hs_image_page_count(image), PAGES);
	/* Blocks were read at once, not in 256 groups. */
	assert_true(source.calls < 100);
	assert_pattern(image, BASE, PAGES * HS_PAGE_SIZE);
	hs_image_destroy(image);
}

static void the_source_ends(void **state)
{
	struct hs_image *image = hs_image_create();
	struct page_source source = {0};

	(void)state;
	assert_true(hs_image_set_source(image, read_pattern, &source));
	assert_true(hs_image_add_later(image, BASE, 100));
	assert_pattern(image, BASE, 10);
	hs_image_end_source(image);
	assert_pattern(image, BASE, HS_PAGE_SIZE);
	assert_null(hs_image_at(image, BASE + 99 * HS_PAGE_SIZE, 1));
	hs_image_destroy(image);
}

static char path[64];

static size_t save_sample(void)
{
	struct hs_image *image = hs_image_create();
	off_t size;
	int fd;

	unlink(path);
	assert_no_error(hs_maps_parse("10000000-10005000 rw-p 3000 0:1 5 /a b\n"
				      "20000000-20001000 ---p 0 0:0 0 \n",
				      &image->maps));
	image->maps.data[0].resident = 0x2000;
	assert_true(add(image, BASE, 2));
	assert_true(add(image, BASE + 4 * HS_PAGE_SIZE, 1));
	assert_no_error(hs_image_save(image, path));
	/* An image that is there is not written over. */
	assert_error(hs_image_save(image, path), HS_ERROR_FAILED, "cannot create");
	hs_image_destroy(image);
	fd = open(path, O_RDONLY);
	size = lseek(fd, 0, SEEK_END);
	close(fd);
	return (size_t)size;
}

/* Pages that are known not to be there count once somebody wants them, each once. */
static void absent(void **state)
{
	struct page_source source = {0};
	struct hs_image *image = hs_image_create();
	uint64_t word;

	(void)state;
	assert_non_null(image);
	assert_false(hs_image_add_absent(image, BASE, 1));
	assert_true(hs_image_set_source(image, read_pattern, &source));
	assert_true(hs_image_add_later(image, BASE, 1));
	assert_true(hs_image_add_absent(image, BASE + HS_PAGE_SIZE, 3));
	assert_false(hs_image_add_absent(image, BASE, 1));
	assert_false(hs_image_add_absent(image, 1ull << HS_ADDRESS_BITS, 1));
	assert_false(hs_image_add_absent(image, (1ull << HS_ADDRESS_BITS) - HS_PAGE_SIZE, 2));
	assert_int_equal(image->slot_count, 1);
	assert_true(hs_image_u64(image, BASE, &word));
	assert_int_equal(hs_image_slot_here(image, BASE + HS_PAGE_SIZE), HS_NONE);
	assert_int_equal(image->source->unreadable, 0);
	assert_false(hs_image_u64(image, BASE + HS_PAGE_SIZE - 4, &word));
	assert_false(hs_image_u64(image, BASE + HS_PAGE_SIZE, &word));
	assert_int_equal(image->source->unreadable, 1);
	assert_false(hs_image_u64(image, BASE + 3 * HS_PAGE_SIZE, &word));
	assert_int_equal(image->source->unreadable, 2);
	hs_image_end_source(image);
	assert_false(hs_image_u64(image, BASE + 2 * HS_PAGE_SIZE, &word));
	hs_image_destroy(image);
}

static void saved_and_loaded(void **state)
{
	struct hs_image *image;

	(void)state;
	save_sample();
	assert_no_error(hs_image_load(path, &image));
	unlink(path);
	assert_int_equal(image->maps.size, 2);
	assert_string_equal(image->maps.data[0].name, "/a b");
	assert_int_equal(image->maps.data[0].offset, 0x3000);
	assert_int_equal(image->maps.data[0].inode, 5);
	assert_int_equal(image->maps.data[0].resident, 0x2000);
	assert_int_equal(image->maps.data[0].flags, HS_REGION_READ | HS_REGION_WRITE);
	assert_int_equal(image->maps.data[1].flags, 0);
	assert_int_equal(image->slot_count, 3);
	assert_pattern(image, BASE, 2 * HS_PAGE_SIZE);
	assert_pattern(image, BASE + 4 * HS_PAGE_SIZE, HS_PAGE_SIZE);
	hs_image_destroy(image);
	assert_error(hs_image_load(path, &image), HS_ERROR_FAILED, "cannot open");
}

static void cut_short(void **state)
{
	size_t size = save_sample();
	struct hs_image *image = NULL;

	(void)state;
	/* All of the tables, some of the pages. */
	for (size_t at = size - 1;; at -= at > 300 ? at / 4 : 1) {
		assert_int_equal(truncate(path, (off_t)at), 0);
		assert_error(hs_image_load(path, &image), HS_ERROR_DAMAGED, "not a whole image");
		if (!at)
			break;
	}
	assert_null(image);
	unlink(path);
}

static void damaged(void **state)
{
	static const struct {
		unsigned int at; /* word of the file */
		uint64_t value;
	} cases[] = {
		{0, 0},				  /* magic */
		{1, UINT64_MAX},		  /* mappings */
		{2, UINT64_MAX},		  /* slots */
		{2, 1ull << 40}, {9, UINT64_MAX}, /* a name's size */
		{9, 1 << 19},
	};
	struct hs_image *image = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd;

		save_sample();
		fd = open(path, O_WRONLY);
		assert_int_equal(pwrite(fd, &cases[i].value, 8, 8 * cases[i].at), 8);
		close(fd);
		assert_error(hs_image_load(path, &image), HS_ERROR_DAMAGED, "not a whole image");
	}
	assert_null(image);
	unlink(path);
}

static int name_file(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/heapsnap-test-image-%d", (int)getpid());
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_again),
		cmocka_unit_test(pages_elsewhere),
		cmocka_unit_test(edges_of_the_address_space),
		cmocka_unit_test(duplicates_are_refused),
		cmocka_unit_test(dropped_pages_are_gone),
		cmocka_unit_test(granules_and_addresses),
		cmocka_unit_test(strings),
		cmocka_unit_test(fetched_when_wanted),
		cmocka_unit_test(sealed_without_a_source),
		cmocka_unit_test(filled_when_wanted),
		cmocka_unit_test(filled_densely),
		cmocka_unit_test(the_source_ends),
		cmocka_unit_test(absent),
		cmocka_unit_test(saved_and_loaded),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, name_file, NULL);
}
