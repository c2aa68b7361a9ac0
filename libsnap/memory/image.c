/* SPDX-License-Identifier: MIT */
/* image.c: pages copied from a target, found again by their address. */
#include "libsnap/memory/image.h"

#include "format/base/error.h"
#include "format/base/vector.h"

#include <sys/mman.h>

enum {
	/* Names and tables of programs and libraries: more would be a target that lies. */
	FETCHED_SLOTS = 16384,
	FETCH_PAGES = 16, /* neighbours that are fetched along */
};

struct hs_image *hs_image_create(void)
{
	return calloc(1, sizeof(struct hs_image));
}

void hs_image_destroy(struct hs_image *image)
{
	if (!image)
		return;
	if (image->spill)
		hs_spill_free(image->spill, image->data);
	else if (image->data)
		munmap(image->data, (size_t)image->slot_capacity << HS_PAGE_SHIFT);
	hs_spill_release(image->spill);
	for (size_t i = 0; i < HS_DIRECTORY_SIZE; i++)
		free(image->directory[i]);
	for (size_t i = 0; i < image->strings.size; i++)
		free(image->strings.data[i]);
	hs_vector_deinit(&image->strings);
	if (image->source)
		free(image->source->touched);
	free(image->source);
	free(image->page);
	hs_maps_deinit(&image->maps);
	free(image);
}

void hs_image_spill(struct hs_image *image, struct hs_spill *spill)
{
	image->spill = hs_spill_share(spill);
}

/* Grow the data to @capacity slots; moves page tables, not bytes. */
static bool grow(struct hs_image *image, uint32_t capacity)
{
	size_t old_size = (size_t)image->slot_capacity << HS_PAGE_SHIFT;
	size_t new_size = (size_t)capacity << HS_PAGE_SHIFT;
	hs_addr *page = reallocarray(image->page, capacity, sizeof(*page));
	void *data;

	if (!page)
		return false;
	image->page = page;
	if (image->spill) {
		/* Addresses for all there may ever be. */
		if (!image->data)
			image->data = hs_spill_reserve(image->spill,
						       (size_t)HS_IMAGE_MAX_SLOTS << HS_PAGE_SHIFT);
		image->slot_capacity = image->data ? capacity : 0;
		return image->data;
	}
	if (image->data)
		data = mremap(image->data, old_size, new_size, MREMAP_MAYMOVE);
	else
		data = mmap(NULL, new_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (data == MAP_FAILED)
		return false;
	image->data = data;
	image->slot_capacity = capacity;
	/* What is read only in part takes small pages where it is not dense: see image_fill.c. */
	madvise(data, new_size, image->source ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
	return true;
}

static bool ensure(struct hs_image *image, uint64_t slots)
{
	uint64_t capacity = image->slot_capacity + (uint64_t)image->slot_capacity / 4;

	if (slots <= image->slot_capacity)
		return true;
	if (slots > HS_IMAGE_MAX_SLOTS || image->sealed)
		return false;
	if (capacity < slots)
		capacity = slots;
	if (capacity > HS_IMAGE_MAX_SLOTS)
		capacity = HS_IMAGE_MAX_SLOTS;
	return grow(image, (uint32_t)capacity);
}

bool hs_image_reserve(struct hs_image *image, uint64_t pages)
{
	uint8_t *from;

	if (!ensure(image, pages))
		return false;
	from = image->data + ((size_t)image->slot_count << HS_PAGE_SHIFT);
	if (image->spill)
		return pages <= image->slot_count ||
		       hs_spill_commit(image->spill, from,
				       (size_t)(pages - image->slot_count) << HS_PAGE_SHIFT);
	if (pages > image->slot_count)
		/* Older kernels lack it: then the copy itself takes the faults. */
		madvise(from, (size_t)(pages - image->slot_count) << HS_PAGE_SHIFT,
			MADV_POPULATE_WRITE);
	return true;
}

/* Where the slot of the page at @addr is noted; NULL if memory ran out. */
static uint32_t *entry_of(struct hs_image *image, hs_addr addr)
{
	uint32_t **leaf = &image->directory[addr >> (HS_PAGE_SHIFT + HS_LEAF_BITS)];

	if (!*leaf) {
		*leaf = calloc(1u << HS_LEAF_BITS, sizeof(**leaf));
		if (!*leaf)
			return NULL;
	}
	return &(*leaf)[(addr >> HS_PAGE_SHIFT) & ((1u << HS_LEAF_BITS) - 1)];
}

static bool can_have(hs_addr addr, uint64_t pages)
{
	return !(addr >> HS_ADDRESS_BITS) &&
	       pages <= ((1ull << HS_ADDRESS_BITS) - addr) >> HS_PAGE_SHIFT;
}

/* Give the pages slots, noted with @flags. */
static bool add(struct hs_image *image, hs_addr addr, uint64_t pages, uint32_t flags)
{
	if (!can_have(addr, pages) || !ensure(image, image->slot_count + pages))
		return false;
	for (uint64_t i = 0; i < pages; i++) {
		hs_addr page = addr + (i << HS_PAGE_SHIFT);
		uint32_t *entry = entry_of(image, page);

		if (!entry || *entry) {
			hs_image_drop(image, i);
			return false;
		}
		image->page[image->slot_count] = page;
		*entry = ++image->slot_count | flags;
	}
	return true;
}

void *hs_image_add(struct hs_image *image, hs_addr addr, uint64_t pages)
{
	uint32_t first = image->slot_count;
	uint8_t *at;

	if (!add(image, addr, pages, 0))
		return NULL;
	at = image->data + ((size_t)first << HS_PAGE_SHIFT);
	if (!image->spill)
		return at;
	if (!hs_spill_commit(image->spill, at, (size_t)pages << HS_PAGE_SHIFT)) {
		hs_image_drop(image, pages);
		return NULL;
	}
	hs_spill_relieve(image->spill);
	return at;
}

bool hs_image_add_later(struct hs_image *image, hs_addr addr, uint64_t pages)
{
	if (!image->source || !add(image, addr, pages, HS_IMAGE_LATER))
		return false;
	image->source->end = image->slot_count;
	return true;
}

bool hs_image_add_absent(struct hs_image *image, hs_addr addr, uint64_t pages)
{
	if (!image->source || !can_have(addr, pages))
		return false;
	for (uint64_t i = 0; i < pages; i++) {
		uint32_t *entry = entry_of(image, addr + (i << HS_PAGE_SHIFT));

		if (!entry || *entry)
			return false;
		*entry = HS_IMAGE_ABSENT;
	}
	return true;
}

void hs_image_drop(struct hs_image *image, uint64_t pages)
{
	while (pages--)
		*entry_of(image, image->page[--image->slot_count]) = 0;
}

const void *hs_image_at_pages(const struct hs_image *image, hs_addr addr, uint64_t size)
{
	uint32_t first = hs_image_slot(image, addr);
	uint64_t last;

	if (first == HS_NONE || __builtin_add_overflow(addr, size - 1, &last))
		return NULL;
	for (uint64_t i = 1; i <= (last >> HS_PAGE_SHIFT) - (addr >> HS_PAGE_SHIFT); i++)
		if (hs_image_slot(image, addr + (i << HS_PAGE_SHIFT)) != first + i)
			return NULL;
	return image->data + ((uint64_t)first << HS_PAGE_SHIFT) + (addr & (HS_PAGE_SIZE - 1));
}

bool hs_image_read(const struct hs_image *image, hs_addr addr, void *buffer, uint64_t size)
{
	uint8_t *to = buffer;

	while (size) {
		uint64_t piece = HS_PAGE_SIZE - (addr & (HS_PAGE_SIZE - 1));
		const void *at;

		if (piece > size)
			piece = size;
		at = hs_image_at(image, addr, piece);
		if (!at)
			return false;
		memcpy(to, at, piece);
		to += piece;
		addr += piece;
		size -= piece;
	}
	return true;
}

bool hs_image_seal(struct hs_image *image, hs_image_fetch_fn *fetch, void *context)
{
	size_t used;

	if (!ensure(image, (uint64_t)image->slot_count + FETCHED_SLOTS))
		return false;
	/* What was touched beforehand and not needed. */
	used = (size_t)image->slot_count << HS_PAGE_SHIFT;
	madvise(image->data + used, ((size_t)image->slot_capacity << HS_PAGE_SHIFT) - used,
		MADV_DONTNEED);
	image->fetch = fetch;
	image->fetch_context = context;
	image->sealed = true;
	return true;
}

/* Fetch the missing page that contains @addr, with some that follow. */
static bool fetch(struct hs_image *image, hs_addr addr)
{
	const struct hs_mapping *mapping = hs_maps_find(&image->maps, addr);
	hs_addr page = addr & ~(hs_addr)(HS_PAGE_SIZE - 1);
	uint64_t pages = 0;
	void *to;

	if (!image->fetch || !mapping || mapping->flags & (HS_REGION_WRITE | HS_REGION_SHARED))
		return false;
	while (pages < FETCH_PAGES && page + (pages << HS_PAGE_SHIFT) < mapping->end &&
	       hs_image_slot(image, page + (pages << HS_PAGE_SHIFT)) == HS_NONE)
		pages++;
	to = pages ? hs_image_add(image, page, pages) : NULL;
	if (!to)
		return false;
	if (image->fetch(image->fetch_context, page, pages, to))
		return true;
	hs_image_drop(image, pages);
	return false;
}

/* Length of the string at @addr; false if it does not end where it can be read. */
static bool string_size(struct hs_image *image, hs_addr addr, size_t limit, size_t *ret)
{
	size_t size = 0;

	for (;;) {
		size_t piece = HS_PAGE_SIZE - ((addr + size) & (HS_PAGE_SIZE - 1));
		const char *at = hs_image_at(image, addr + size, piece);
		size_t length;

		if (!at && fetch(image, addr + size))
			at = hs_image_at(image, addr + size, piece);
		if (!at)
			return false;
		length = strnlen(at, piece);
		size += length;
		if (size > limit)
			return false;
		if (length < piece)
			break;
	}
	*ret = size;
	return true;
}

bool hs_image_string(struct hs_image *image, hs_addr addr, size_t limit, struct hs_str *ret)
{
	const char *data;
	char *copy;
	size_t size;

	if (!string_size(image, addr, limit, &size))
		return false;
	data = hs_image_at(image, addr, size + 1);
	if (!data) {
		copy = malloc(size + 1);
		if (!copy || !hs_image_read(image, addr, copy, size + 1) ||
		    !hs_vector_push(&image->strings, copy)) {
			free(copy);
			return false;
		}
		data = copy;
	}
	*ret = (struct hs_str){.data = data, .size = size};
	return true;
}

bool hs_image_read_constant(struct hs_image *image, hs_addr addr, void *buffer, uint64_t size)
{
	for (hs_addr page = addr; page < addr + size; page = (page | (HS_PAGE_SIZE - 1)) + 1)
		if (!hs_image_at(image, page, 1) && !fetch(image, page))
			return false;
	return hs_image_read(image, addr, buffer, size);
}
