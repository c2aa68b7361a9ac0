/* SPDX-License-Identifier: MIT */
/* room.c: whether there is memory to capture a process. */
#include "libsnap/python/room.h"

#include "format/base/error.h"
#include "libsnap/memory/proc.h"
#include "libsnap/python/pymalloc.h"

#include <sys/uio.h>

enum {
	SPARE_PAGES = 1024,	  /* for what the target allocates until it is stopped */
	NEED_PERCENT = 200,	  /* of what is copied: the copy, and what is made of it */
	LEAST_SHARE = 32,	  /* of the heap: sets of what begins where, of 16 bytes each */
	LEAST_EACH = 12,	  /* bytes for each object: three orders of them */
	LEAST_BYTES = 60 << 20,	  /* and for what is at hand */
	NEED_BYTES = 32 << 20,	  /* the least, for the program itself */
	SAMPLES = 2048,		  /* pools that are looked at, about */
	BATCH = 512,		  /* of them, at a time */
	WRITTEN_SHARE = 8,	  /* of its heap that a target writes to while a fork is read */
	WRITTEN_BYTES = 16 << 20, /* but at least so much */
};

struct look {
	struct hs_process *process;
	const struct hs_maps *maps;
	uint64_t pool_size;
	uint64_t stride; /* each so many pools one is looked at */
	uint64_t pages;
	uint64_t heap; /* bytes of [heap] and of programs */
	uint64_t pools;
	uint64_t seen;
	uint64_t found;
	uint64_t live; /* blocks in those */
	size_t count;
	hs_addr batch[BATCH];
};

/* Count the pools of the batch that are Python's. */
static void look_at_batch(struct look *look)
{
	uint8_t headers[BATCH][HS_POOL_HEADER_SIZE];
	struct iovec remote[BATCH];
	struct iovec local = {headers, look->count * HS_POOL_HEADER_SIZE};
	struct hs_pool_header header;
	ssize_t n;

	for (size_t i = 0; i < look->count; i++)
		remote[i] = (struct iovec){(void *)(uintptr_t)look->batch[i], HS_POOL_HEADER_SIZE};
	n = process_vm_readv(hs_process_pid(look->process), &local, 1, remote, look->count, 0);
	/* What lies behind one that is no longer there was not read: it does not count. */
	for (size_t i = 0; n > 0 && i < (size_t)n / HS_POOL_HEADER_SIZE; i++) {
		look->seen++;
		if (!hs_pool_header_parse(headers[i], look->batch[i], look->pool_size, &header))
			continue;
		look->found++;
		look->live += header.live;
	}
	look->count = 0;
}

static bool is_counted_whole(const struct hs_mapping *mapping)
{
	return mapping->inode || !strcmp(mapping->name, "[heap]");
}

static bool look_at_run(void *context, hs_addr addr, uint64_t pages)
{
	struct look *look = context;
	const hs_addr end = addr + (pages << HS_PAGE_SHIFT);
	const struct hs_mapping *mapping = hs_maps_find(look->maps, addr);

	look->pages += pages;
	if (mapping && is_counted_whole(mapping)) {
		look->heap += pages << HS_PAGE_SHIFT;
		return true;
	}
	addr = (addr + look->pool_size - 1) & ~(look->pool_size - 1);
	for (; addr < end; addr += look->pool_size) {
		if (look->pools++ % look->stride)
			continue;
		look->batch[look->count++] = addr;
		if (look->count == BATCH)
			look_at_batch(look);
	}
	return true;
}

struct hs_error *hs_room_look(struct hs_process *process, const struct hs_maps *maps,
			      uint32_t minor, struct hs_room *ret)
{
	struct look look = {
		.process = process,
		.maps = maps,
		.pool_size = hs_pool_size(minor),
		.stride = 1,
	};
	struct hs_error *err;
	uint64_t kib = 0;

	if (hs_proc_status_field(hs_process_pid(process), "RssAnon", &kib))
		look.stride += kib * 1024 / look.pool_size / SAMPLES;
	err = hs_process_pages(process, maps, 0, look_at_run, &look);
	if (err)
		return err;
	if (look.count)
		look_at_batch(&look);
	if (look.seen)
		look.heap += look.pools * look.found / look.seen * look.pool_size;
	ret->pages = look.pages + look.pages / 32 + SPARE_PAGES;
	ret->heap = look.heap;
	ret->blocks = look.seen ? look.pools * look.live / look.seen : 0;
	return NULL;
}

uint64_t hs_room_need(const struct hs_room *room, bool fork)
{
	uint64_t copied = fork ? room->heap : room->pages << HS_PAGE_SHIFT;
	/* The spare is reserved, but nothing is made of it. */
	uint64_t need = fork ? copied / 100 * NEED_PERCENT
			     : copied + room->heap / 100 * (NEED_PERCENT - 100);

	return need + NEED_BYTES;
}

bool hs_room_to_fork(const struct hs_room *room, uint64_t headroom)
{
	return headroom > room->heap / WRITTEN_SHARE &&
	       headroom - room->heap / WRITTEN_SHARE > WRITTEN_BYTES;
}

/* That @need bytes are not to be had. */
static struct hs_error *no_room(const char *name, uint64_t need, uint64_t left)
{
	return hs_error_create(HS_ERROR_FAILED,
			       "%s: to capture it takes %llu MiB, and this machine or cgroup has "
			       "room for %llu MiB; free some, or run heapsnap outside the cgroup",
			       name, (unsigned long long)need >> 20,
			       (unsigned long long)left >> 20);
}

struct hs_error *hs_room_check(const char *name, const struct hs_room *room, bool fork,
			       uint64_t held, uint64_t headroom)
{
	uint64_t need = hs_room_need(room, fork);
	uint64_t left = headroom > held ? headroom - held : 0;

	return need <= left ? NULL : no_room(name, need, left);
}

uint64_t hs_room_least(const struct hs_room *room)
{
	return room->heap / LEAST_SHARE + room->blocks * LEAST_EACH + LEAST_BYTES;
}

struct hs_error *hs_room_check_bound(const char *name, const struct hs_room *room, uint64_t bound,
				     uint64_t headroom)
{
	uint64_t need = hs_room_least(room);

	if (need > headroom)
		return no_room(name, need, headroom);
	if (need <= bound)
		return NULL;
	return hs_error_create(HS_ERROR_FAILED,
			       "%s: to capture it takes at least %llu MiB of memory, and only %llu "
			       "MiB are allowed",
			       name, (unsigned long long)need >> 20,
			       (unsigned long long)bound >> 20);
}
