/* SPDX-License-Identifier: MIT */
/* copy.c: a stopped process into an image. */
#include "format/base/error.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/process.h"

#include <errno.h>
#include <sys/uio.h>

enum {
	/* Chunks below 1 MiB lose bandwidth; longer ones gain nothing. */
	CHUNK_PAGES = 4096,
	SPILL_CHUNK_PAGES = 512, /* where memory is to hold only what is at hand */
	MAX_RUNS = 1024,	 /* ranges that process_vm_readv() takes at a time (IOV_MAX) */
};

struct copy {
	struct hs_process *process;
	struct hs_image *image;
	uint64_t deadline;
	uint64_t unreadable;
	struct iovec runs[MAX_RUNS]; /* to be read next; the slots that they go to are neighbours */
	size_t run_count;
	uint64_t run_pages;
	uint64_t chunk_pages;
	bool full; /* memory ran out, or the image has no more slots */
	bool gone;
	bool late;
};

static bool has_failed(const struct copy *copy)
{
	return copy->full || copy->gone || copy->late;
}

/* Read @count ranges of @pages pages in all to where the image's last slots are. */
static ssize_t read_runs(struct copy *copy, const struct iovec *runs, size_t count, uint64_t pages)
{
	struct iovec local = {
		.iov_base = copy->image->data +
			    ((size_t)(copy->image->slot_count - pages) << HS_PAGE_SHIFT),
		.iov_len = (size_t)pages << HS_PAGE_SHIFT,
	};

	return process_vm_readv(hs_process_pid(copy->process), &local, 1, runs, count, 0);
}

/* Read one range, leaving out pages that cannot be read: guard pages, a file cut short. */
static void read_piecewise(struct copy *copy, hs_addr addr, uint64_t pages)
{
	while (pages && !has_failed(copy)) {
		struct iovec run = {(void *)(uintptr_t)addr, (size_t)pages << HS_PAGE_SHIFT};
		uint64_t done;
		ssize_t n;

		if (!hs_image_add(copy->image, addr, pages)) {
			copy->full = true;
			return;
		}
		n = read_runs(copy, &run, 1, pages);
		copy->gone = n < 0 && errno == ESRCH;
		done = n < 0 ? 0 : (uint64_t)n >> HS_PAGE_SHIFT;
		hs_image_drop(copy->image, pages - done);
		if (done == pages)
			return;
		copy->unreadable++;
		addr += (done + 1) << HS_PAGE_SHIFT;
		pages -= done + 1;
	}
}

/* Read the ranges gathered. */
static bool flush(struct copy *copy)
{
	uint64_t added = 0;
	ssize_t n = -1;

	for (size_t i = 0; i < copy->run_count && !copy->full; i++) {
		uint64_t pages = copy->runs[i].iov_len >> HS_PAGE_SHIFT;

		if (hs_image_add(copy->image, (hs_addr)(uintptr_t)copy->runs[i].iov_base, pages))
			added += pages;
		else
			copy->full = true;
	}
	if (!copy->full && copy->run_count)
		n = read_runs(copy, copy->runs, copy->run_count, added);
	if (n != (ssize_t)(added << HS_PAGE_SHIFT)) {
		hs_image_drop(copy->image, added);
		for (size_t i = 0; i < copy->run_count; i++)
			read_piecewise(copy, (hs_addr)(uintptr_t)copy->runs[i].iov_base,
				       copy->runs[i].iov_len >> HS_PAGE_SHIFT);
	}
	copy->run_count = 0;
	copy->run_pages = 0;
	copy->late = copy->deadline && hs_clock_monotonic() > copy->deadline;
	return !has_failed(copy);
}

static bool gather(void *context, hs_addr addr, uint64_t pages)
{
	struct copy *copy = context;

	while (pages) {
		uint64_t room = copy->chunk_pages - copy->run_pages;
		uint64_t piece = pages < room ? pages : room;

		copy->runs[copy->run_count++] = (struct iovec){
			(void *)(uintptr_t)addr,
			(size_t)piece << HS_PAGE_SHIFT,
		};
		copy->run_pages += piece;
		addr += piece << HS_PAGE_SHIFT;
		pages -= piece;
		if ((copy->run_pages == copy->chunk_pages || copy->run_count == MAX_RUNS) &&
		    !flush(copy))
			return false;
	}
	return true;
}

static struct hs_error *copy_error(const struct copy *copy, pid_t pid)
{
	struct hs_error *err = hs_spill_check(copy->image->spill);

	if (err)
		return hs_error_wrap(err, "process %d", (int)pid);
	if (copy->late)
		return hs_process_too_slow(pid);
	if (copy->full && copy->image->slot_count >= HS_IMAGE_MAX_SLOTS - CHUNK_PAGES)
		return hs_error_create(HS_ERROR_FAILED,
				       "process %d: it has more than 64 GiB to copy, which is not "
				       "supported",
				       (int)pid);
	if (copy->full)
		return hs_error_create(HS_ERROR_FAILED,
				       "process %d: there is not enough memory for a copy of it",
				       (int)pid);
	/* What has been killed has no mappings, even if it is still stopped. */
	if (copy->gone || !copy->image->slot_count)
		return hs_error_create(HS_ERROR_GONE,
				       "process %d: it ended while it was being copied", (int)pid);
	return NULL;
}

struct hs_error *hs_process_copy(struct hs_process *process, struct hs_image *image,
				 uint64_t deadline, uint64_t *unreadable)
{
	struct copy *copy = calloc(1, sizeof(*copy));
	pid_t pid = hs_process_pid(process);
	struct hs_error *err;

	if (!copy)
		return &hs_enomem;
	copy->process = process;
	copy->image = image;
	copy->deadline = deadline;
	copy->chunk_pages = image->spill ? SPILL_CHUNK_PAGES : CHUNK_PAGES;
	hs_maps_deinit(&image->maps);
	err = hs_maps_read(pid, &image->maps);
	if (!err)
		err = hs_process_pages(process, &image->maps, deadline, gather, copy);
	if (!err) {
		if (!has_failed(copy))
			flush(copy);
		err = copy_error(copy, pid);
	}
	if (!err)
		*unreadable = copy->unreadable;
	free(copy);
	return err;
}

static bool note(void *context, hs_addr addr, uint64_t pages)
{
	struct copy *copy = context;

	copy->full = !hs_image_add_later(copy->image, addr, pages);
	return !copy->full;
}

struct hs_error *hs_process_copy_later(struct hs_process *process, struct hs_image *image)
{
	struct copy *copy = calloc(1, sizeof(*copy));
	pid_t pid = hs_process_pid(process);
	struct hs_error *err;

	if (!copy)
		return &hs_enomem;
	copy->process = process;
	copy->image = image;
	hs_maps_deinit(&image->maps);
	err = hs_maps_read(pid, &image->maps);
	if (!err)
		err = hs_process_pages(process, &image->maps, 0, note, copy);
	if (!err)
		err = copy_error(copy, pid);
	free(copy);
	return err;
}

uint32_t hs_process_read_pages(void *context, const hs_addr *pages, uint32_t count, void *buffer)
{
	struct hs_process *process = context;
	struct iovec runs[MAX_RUNS];
	size_t run_count = 0;
	struct iovec local = {.iov_base = buffer};
	ssize_t n;

	for (uint32_t i = 0; i < count; i++) {
		if (i && pages[i] == pages[i - 1] + HS_PAGE_SIZE) {
			runs[run_count - 1].iov_len += HS_PAGE_SIZE;
		} else if (run_count < MAX_RUNS) {
			runs[run_count++] =
				(struct iovec){(void *)(uintptr_t)pages[i], HS_PAGE_SIZE};
		} else {
			break;
		}
		local.iov_len += HS_PAGE_SIZE;
	}
	n = process_vm_readv(hs_process_pid(process), &local, 1, runs, run_count, 0);
	return n < 0 ? 0 : (uint32_t)(n >> HS_PAGE_SHIFT);
}
