/* SPDX-License-Identifier: MIT */
/* image.h: pages copied from a target, found again by their address. */
#ifndef HS_MEMORY_IMAGE_H
#define HS_MEMORY_IMAGE_H

#include "format/base/prefetch.h"
#include "format/base/spill.h"
#include "format/base/vector.h"
#include "libsnap/memory/maps.h"

#include <string.h>

enum {
	HS_PAGE_SHIFT = 12, /* of ours: the system's are as large, or several of them */
	HS_PAGE_SIZE = 1 << HS_PAGE_SHIFT,
	HS_GRANULE_SHIFT = 4, /* allocators align objects to 16 bytes */
	HS_GRANULES_PER_PAGE = HS_PAGE_SIZE >> HS_GRANULE_SHIFT,
	HS_ADDRESS_BITS = 48, /* of x86-64 programs use 47, of aarch64 all */
	/* Slot numbers times granules per page stay below HS_NONE. */
	HS_IMAGE_MAX_SLOTS = (int)(UINT32_MAX / HS_GRANULES_PER_PAGE) - 1,
	HS_LEAF_BITS = 18, /* pages per leaf of the directory: 1 GiB */
	HS_DIRECTORY_SIZE = 1 << (HS_ADDRESS_BITS - HS_PAGE_SHIFT - HS_LEAF_BITS),
};

/* Read @pages pages at @addr, which do not change, to @buffer; false if that cannot be done. */
typedef bool hs_image_fetch_fn(void *context, hs_addr addr, uint64_t pages, void *buffer);

/*
 * Read pages, at @pages[0 .. count-1], to @buffer, one after the other; how many could be read
 * before the first that could not.
 */
typedef uint32_t hs_image_read_fn(void *context, const hs_addr *pages, uint32_t count,
				  void *buffer);

/* Where pages come from that have a slot already and are read when somebody wants them. */
struct hs_image_source {
	hs_image_read_fn *read;
	void *context;
	uint32_t end;	     /* slots from here on do not come from it */
	uint8_t *touched;    /* how often something was read into each block of the data */
	uint64_t filled;     /* pages */
	uint64_t unreadable; /* pages that turned out to be */
};

/* Flag of a directory's entry: the page has a slot, but was not read yet. */
#define HS_IMAGE_LATER (1u << 31)

/* An entry of its own: the target had the page, but it cannot be read. */
#define HS_IMAGE_ABSENT (HS_IMAGE_LATER | (HS_IMAGE_LATER - 2))

/*
 * Pages of a target, in slots.  Slots of neighbouring pages that were added together are
 * neighbours too.
 *
 *   address  0x7f12_3456_7890
 *            `---------' `--'           offset in the page
 *      directory -> leaf -> slot + 1    0: the page is not here; HS_IMAGE_LATER: not yet
 *
 *   data     | slot 0 | slot 1 | ...    4 KiB each
 *   granule  number of a 16-byte unit of data: slot * 256 + offset / 16
 *
 * Granules number every place where an object can begin densely, so that sets of objects are
 * bitmaps.  32 bits are enough for 64 GiB.
 */
struct hs_image {
	uint8_t *data;
	hs_addr *page; /* of each slot: the page's address */
	uint32_t slot_count;
	uint32_t slot_capacity;
	uint32_t *directory[HS_DIRECTORY_SIZE];
	struct hs_maps maps;		/* of the target when it was copied; owned */
	struct hs_spill *spill;		/* where the data lie, an owner of it; NULL: in memory */
	bool sealed;			/* the slots must not move any more */
	struct hs_image_source *source; /* NULL: all pages were read when they were added */
	hs_image_fetch_fn *fetch;
	void *fetch_context;
	HS_VECTOR(char *) strings; /* those that do not lie in neighbouring slots; owned */
};

/* An empty image, owned by the caller; NULL if memory ran out. */
struct hs_image *hs_image_create(void);
void hs_image_destroy(struct hs_image *image);

/* Before anything is added: have the data in @spill, of which the image becomes an owner. */
void hs_image_spill(struct hs_image *image, struct hs_spill *spill);

/*
 * Make room for @pages pages in all and touch the memory, so that adding them later costs no page
 * faults.  False if memory ran out.
 */
bool hs_image_reserve(struct hs_image *image, uint64_t pages);

/*
 * Add @pages pages from address @addr (page aligned) on, in neighbouring slots.  The caller fills
 * the memory returned, which stays valid until the next call.  NULL if memory or slots ran out,
 * if the range leaves the address space, or if one of the pages is here already.
 */
void *hs_image_add(struct hs_image *image, hs_addr addr, uint64_t pages);

/*
 * The same for pages that are read from @source when they are wanted, a few at a time; many where
 * many are wanted.  Set the source before the image is used.  False as above.
 */
bool hs_image_add_later(struct hs_image *image, hs_addr addr, uint64_t pages);
bool hs_image_set_source(struct hs_image *image, hs_image_read_fn *read, void *context);

/*
 * Pages that the target had and the source does not: they count as unreadable if somebody wants
 * them.  False as above.
 */
bool hs_image_add_absent(struct hs_image *image, hs_addr addr, uint64_t pages);

/* The source is no more: pages that nobody wanted are not here. */
void hs_image_end_source(struct hs_image *image);

/* Read the page that contains @addr, and its neighbours; its slot, or HS_NONE. */
uint32_t hs_image_fill(const struct hs_image *image, hs_addr addr);

/* Pages that were read. */
uint64_t hs_image_page_count(const struct hs_image *image);

/* Take back the last @pages pages added: they could not be read. */
void hs_image_drop(struct hs_image *image, uint64_t pages);

/*
 * From now on pointers into the image stay valid.  Pages of mappings that cannot be written to,
 * where names and tables of programs lie, are still fetched by @fetch when a string is wanted from
 * one that is missing: @fetch sees to it that they are what they were when the copy was made. False
 * if memory ran out.
 */
bool hs_image_seal(struct hs_image *image, hs_image_fetch_fn *fetch, void *context);

/* Slot of the page that contains @addr, HS_NONE if it is not here. */
static inline uint32_t hs_image_slot(const struct hs_image *image, hs_addr addr)
{
	const uint32_t *leaf;
	uint32_t slot;

	if (addr >> HS_ADDRESS_BITS)
		return HS_NONE;
	leaf = image->directory[addr >> (HS_PAGE_SHIFT + HS_LEAF_BITS)];
	if (!leaf)
		return HS_NONE;
	slot = leaf[(addr >> HS_PAGE_SHIFT) & ((1u << HS_LEAF_BITS) - 1)] - 1;
	if (__builtin_expect(slot & HS_IMAGE_LATER && slot != HS_NONE, 0))
		return hs_image_fill(image, addr);
	return slot;
}

/* The same, but HS_NONE also for a page that was not read yet: for words that may be anything. */
static inline uint32_t hs_image_slot_here(const struct hs_image *image, hs_addr addr)
{
	const uint32_t *leaf;
	uint32_t slot;

	if (addr >> HS_ADDRESS_BITS)
		return HS_NONE;
	leaf = image->directory[addr >> (HS_PAGE_SHIFT + HS_LEAF_BITS)];
	slot = leaf ? leaf[(addr >> HS_PAGE_SHIFT) & ((1u << HS_LEAF_BITS) - 1)] - 1 : HS_NONE;
	return slot & HS_IMAGE_LATER ? HS_NONE : slot;
}

/* Ask for the bytes at @addr, which may be anything, before somebody wants them: only a hint. */
static inline void hs_image_prefetch(const struct hs_image *image, hs_addr addr)
{
	uint32_t slot = hs_image_slot_here(image, addr);

	if (slot != HS_NONE)
		hs_prefetch(image->data + ((uint64_t)slot << HS_PAGE_SHIFT) +
			    (addr & (HS_PAGE_SIZE - 1)));
}

/* The part of hs_image_at() for ranges of more than one page. */
const void *hs_image_at_pages(const struct hs_image *image, hs_addr addr, uint64_t size);

/* The @size bytes at @addr, NULL unless all are here, one after the other. @size is not 0. */
static inline const void *hs_image_at(const struct hs_image *image, hs_addr addr, uint64_t size)
{
	uint64_t offset = addr & (HS_PAGE_SIZE - 1);
	uint32_t slot;

	if (__builtin_expect(size > HS_PAGE_SIZE - offset, 0))
		return hs_image_at_pages(image, addr, size);
	slot = hs_image_slot(image, addr);
	if (slot == HS_NONE)
		return NULL;
	return image->data + ((uint64_t)slot << HS_PAGE_SHIFT) + offset;
}

/* Copy @size bytes from @addr to @buffer; false, with @buffer undefined, unless all are here. */
bool hs_image_read(const struct hs_image *image, hs_addr addr, void *buffer, uint64_t size);

/* Two words at once, such as begin an object. */
static inline bool hs_image_pair(const struct hs_image *image, hs_addr addr, uint64_t ret[2])
{
	uint32_t slot;

	if (__builtin_expect((addr & (HS_PAGE_SIZE - 1)) > HS_PAGE_SIZE - 16, 0))
		return hs_image_read(image, addr, ret, 16);
	slot = hs_image_slot(image, addr);
	if (slot == HS_NONE)
		return false;
	memcpy(ret, image->data + ((uint64_t)slot << HS_PAGE_SHIFT) + (addr & (HS_PAGE_SIZE - 1)),
	       16);
	return true;
}

static inline bool hs_image_u64(const struct hs_image *image, hs_addr addr, uint64_t *ret)
{
	const void *at = hs_image_at(image, addr, sizeof(*ret));

	if (!at)
		return false;
	memcpy(ret, at, sizeof(*ret));
	return true;
}

static inline bool hs_image_u32(const struct hs_image *image, hs_addr addr, uint32_t *ret)
{
	const void *at = hs_image_at(image, addr, sizeof(*ret));

	if (!at)
		return false;
	memcpy(ret, at, sizeof(*ret));
	return true;
}

/*
 * A NUL-terminated string of at most @limit bytes at @addr.  False unless it is here and ends.
 * ret->data lives as long as the image.
 */
bool hs_image_string(struct hs_image *image, hs_addr addr, size_t limit, struct hs_str *ret);

/*
 * hs_image_read() for what lies in mappings that cannot be written to: missing pages are fetched as
 * for strings.
 */
bool hs_image_read_constant(struct hs_image *image, hs_addr addr, void *buffer, uint64_t size);

/* The granule that contains @addr, HS_NONE if its page is not here. */
static inline uint32_t hs_image_granule(const struct hs_image *image, hs_addr addr)
{
	uint32_t slot = hs_image_slot(image, addr);

	if (slot == HS_NONE)
		return HS_NONE;
	return slot * HS_GRANULES_PER_PAGE +
	       (uint32_t)((addr & (HS_PAGE_SIZE - 1)) >> HS_GRANULE_SHIFT);
}

/* The address at which @granule begins. */
static inline hs_addr hs_image_address(const struct hs_image *image, uint32_t granule)
{
	return image->page[granule / HS_GRANULES_PER_PAGE] +
	       ((hs_addr)(granule % HS_GRANULES_PER_PAGE) << HS_GRANULE_SHIFT);
}

/* Granules of all slots. */
static inline uint64_t hs_image_granule_count(const struct hs_image *image)
{
	return (uint64_t)image->slot_count * HS_GRANULES_PER_PAGE;
}

/*
 * Keep the image in a file, for tests: mappings and pages, uncompressed, host byte order.  Not a
 * format anybody else should rely on.
 */
struct hs_error *hs_image_save(const struct hs_image *image, const char *path) HS_MUST_CHECK;
struct hs_error *hs_image_load(const char *path, struct hs_image **ret) HS_MUST_CHECK;

#endif
