/* SPDX-License-Identifier: MIT */
/*
 * image_fill.c: pages of an image that are read when they are wanted.
 *
 * Most of what a process holds may be buffers that nobody will look into: so what is wanted is read
 * in groups of a few pages.  Where several groups of a block the size of a huge page were wanted
 * the rest of it will be, too: then the block is read as a whole, into a huge page, for the page
 * faults of small ones cost more than the copying.
 */
#include "libsnap/memory/image.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
	GROUP_PAGES = 16,
	BLOCK_SHIFT = 21,
	BLOCK_PAGES = 1 << (BLOCK_SHIFT - HS_PAGE_SHIFT),
	DENSE = 6, /* groups of a block */
};

bool hs_image_set_source(struct hs_image *image, hs_image_read_fn *read, void *context)
{
	struct hs_image_source *source = calloc(1, sizeof(*source));

	if (!source)
		return false;
	*source = (struct hs_image_source){
		.read = read,
		.context = context,
		.touched = calloc(HS_IMAGE_MAX_SLOTS / BLOCK_PAGES + 2, 1),
	};
	if (!source->touched) {
		free(source);
		return false;
	}
	image->source = source;
	return true;
}

static uint32_t *entry_of(const struct hs_image *image, hs_addr addr)
{
	return &image->directory[addr >> (HS_PAGE_SHIFT + HS_LEAF_BITS)]
				[(addr >> HS_PAGE_SHIFT) & ((1u << HS_LEAF_BITS) - 1)];
}

void hs_image_end_source(struct hs_image *image)
{
	for (uint32_t slot = 0; image->source && slot < image->slot_count; slot++) {
		uint32_t *entry = entry_of(image, image->page[slot]);

		if (*entry & HS_IMAGE_LATER)
			*entry = 0;
	}
}

uint64_t hs_image_page_count(const struct hs_image *image)
{
	return image->source ? image->source->filled : image->slot_count;
}

/* Read those of the slots @from .. @to-1 that are not there yet. */
static void read_slots(const struct hs_image *image, uint32_t from, uint32_t to)
{
	struct hs_image_source *source = image->source;

	while (from < to) {
		uint32_t end = from;
		uint32_t done;

		while (end < to && *entry_of(image, image->page[end]) & HS_IMAGE_LATER)
			end++;
		if (end == from) {
			from++;
			continue;
		}
		done = source->read(source->context, &image->page[from], end - from,
				    image->data + ((size_t)from << HS_PAGE_SHIFT));
		for (uint32_t i = from; i < from + done; i++)
			*entry_of(image, image->page[i]) = i + 1;
		source->filled += done;
		from += done;
		if (from < end) {
			*entry_of(image, image->page[from++]) = 0;
			source->unreadable++;
		}
	}
}

/*
 * Make place for a huge page where the slots @from .. @to-1, a block, lie.  What was read already
 * is read again: pointers into it stay good, for the source does not change.
 */
static void clear_block(const struct hs_image *image, uint32_t from, uint32_t to)
{
	uint8_t *at = image->data + ((size_t)from << HS_PAGE_SHIFT);
	size_t size = (size_t)(to - from) << HS_PAGE_SHIFT;

	if (madvise(at, size, MADV_DONTNEED))
		return;
	madvise(at, size, MADV_HUGEPAGE);
	for (uint32_t slot = from; slot < to; slot++) {
		uint32_t *entry = entry_of(image, image->page[slot]);

		if (*entry && !(*entry & HS_IMAGE_LATER)) {
			*entry |= HS_IMAGE_LATER;
			image->source->filled--;
		}
	}
}

/* See that there is room on the disk for the slots @from .. @to-1, with some neighbours. */
static bool commit(const struct hs_image *image, uint32_t from, uint32_t to)
{
	size_t begin = ((size_t)from << HS_PAGE_SHIFT) >> BLOCK_SHIFT << BLOCK_SHIFT;

	return !image->spill || hs_spill_commit(image->spill, image->data + begin,
						((size_t)to << HS_PAGE_SHIFT) - begin);
}

uint32_t hs_image_fill(const struct hs_image *image, hs_addr addr)
{
	uint32_t *entry = entry_of(image, addr);
	uint32_t slot = (*entry & ~HS_IMAGE_LATER) - 1;
	/* The block by addresses of ours, which the data need not begin with. */
	uint32_t skew = (uint32_t)((uintptr_t)image->data >> HS_PAGE_SHIFT) % BLOCK_PAGES;
	uint32_t block = (slot + skew) / BLOCK_PAGES;
	uint32_t from = slot / GROUP_PAGES * GROUP_PAGES;
	uint32_t to = from + GROUP_PAGES;

	if (!image->source)
		return HS_NONE;
	if (*entry == HS_IMAGE_ABSENT) {
		*entry = 0;
		image->source->unreadable++;
		return HS_NONE;
	}
	if (image->source->touched[block] < DENSE) {
		image->source->touched[block]++;
	} else {
		from = block ? block * BLOCK_PAGES - skew : 0;
		to = (block + 1) * BLOCK_PAGES - skew;
		if (!image->spill && to - from == BLOCK_PAGES && to <= image->source->end)
			clear_block(image, from, to);
	}
	if (to > image->source->end)
		to = image->source->end;
	if (!commit(image, from, to))
		return HS_NONE;
	read_slots(image, from, to);
	hs_spill_relieve(image->spill);
	return *entry & HS_IMAGE_LATER ? HS_NONE : *entry - 1;
}
