/* SPDX-License-Identifier: MIT */
/* room.c: whether there is memory for a copy of a process. */
#include "libsnap/python/room.h"

#include "format/base/error.h"
#include "libsnap/memory/headroom.h"

enum {
	SPARE_PAGES = 4096, /* for what the target allocates until it is stopped */
	PARSING_SHARE = 4,  /* parsing takes a quarter of the copy's size, at most */
};

static bool sum_pages(void *context, hs_addr addr, uint64_t pages)
{
	uint64_t *sum = context;

	(void)addr;
	*sum += pages;
	return true;
}

struct hs_error *hs_capture_room(struct hs_process *process, const struct hs_maps *maps,
				 uint64_t held, uint64_t *ret)
{
	struct hs_error *err;
	uint64_t pages = 0;

	err = hs_process_pages(process, maps, 0, sum_pages, &pages);
	if (err)
		return err;
	pages += pages / 16 + SPARE_PAGES;
	err = hs_capture_fits(hs_process_target(process)->name, pages, held);
	if (!err)
		*ret = pages;
	return err;
}

struct hs_error *hs_capture_fits(const char *name, uint64_t pages, uint64_t held)
{
	uint64_t need = (pages << HS_PAGE_SHIFT) + (pages << HS_PAGE_SHIFT) / PARSING_SHARE;
	uint64_t headroom = hs_memory_headroom("");

	headroom -= headroom < held ? headroom : held;
	if (need <= headroom)
		return NULL;
	return hs_error_create(HS_ERROR_FAILED,
			       "%s: a copy of it takes %llu MiB, and this machine or cgroup has "
			       "room for %llu MiB; free some, or run heapsnap outside the cgroup",
			       name, (unsigned long long)need >> 20,
			       (unsigned long long)headroom >> 20);
}
