/* SPDX-License-Identifier: MIT */
/*
 * fuzz_core.c: what a core has been read as hangs together, and is the same however it is read.
 *
 * An input is a core, perhaps compressed.  It may name files of this machine.
 */
#include "format/base/error.h"
#include "libsnap/memory/core.h"

#include <fcntl.h>
#include <heapsnap/capture.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	PAGES_AT_MOST = 4096, /* to be looked at */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	const struct hs_core *core;
	struct hs_image *image;
	hs_addr end; /* of what was handed on */
	uint64_t pages;
};

static void stop(const char *why)
{
	fprintf(stderr, "%s\n", why);
	abort();
}

static bool add(void *context, hs_addr addr, uint64_t pages, bool absent)
{
	struct walk *walk = context;
	const struct hs_mapping *mapping = hs_maps_find(hs_core_maps(walk->core), addr);

	if (!pages || addr < walk->end || addr % HS_PAGE_SIZE)
		stop("runs of pages are not in order");
	walk->end = addr + (pages << HS_PAGE_SHIFT);
	if (!mapping || walk->end < addr || walk->end > mapping->end)
		stop("a run of pages lies in no mapping");
	if (pages > PAGES_AT_MOST - walk->pages)
		return false;
	walk->pages += pages;
	if (absent ? !hs_image_add_absent(walk->image, addr, pages)
		   : !hs_image_add_later(walk->image, addr, pages))
		stop("pages cannot be added");
	return true;
}

static void check_maps(const struct hs_maps *maps)
{
	for (size_t i = 0; i < maps->size; i++) {
		const struct hs_mapping *mapping = &maps->data[i];

		if (mapping->start >= mapping->end ||
		    (mapping->start | mapping->end) % HS_PAGE_SIZE || !mapping->name ||
		    (i && mapping->start < mapping[-1].end))
			stop("mappings are not in order");
	}
}

/* Each page alone, and through the image, which reads many at a time. */
static void check_pages(const struct walk *walk)
{
	uint8_t page[HS_PAGE_SIZE];

	for (uint32_t slot = 0; slot < walk->image->slot_count; slot++) {
		hs_addr addr = walk->image->page[slot];
		const void *at = hs_image_at(walk->image, addr, HS_PAGE_SIZE);
		bool can = hs_target_read(hs_core_target(walk->core), addr, page, sizeof(page));

		if (can != (at != NULL) || (can && memcmp(at, page, sizeof(page)) != 0))
			stop("a page reads differently in two ways");
	}
}

static void check_core(struct hs_core *core)
{
	struct walk walk = {.core = core, .image = hs_image_create()};
	struct hs_core_facts facts;
	struct hs_core_pages pages;
	size_t size;
	char *command;

	if (!walk.image || !hs_image_set_source(walk.image, hs_core_read_pages, core))
		stop("memory");
	check_maps(hs_core_maps(core));
	if (hs_core_pages(core, add, &walk, &pages) && pages.written > walk.pages)
		stop("more pages can be written to than there are");
	check_pages(&walk);
	hs_core_facts(core, &facts);
	if (facts.files_missing + facts.files_differ > facts.files)
		stop("more files are missing than there are");
	command = hs_core_arguments(core, &size);
	if (command && (!size || command[size - 1]))
		stop("arguments do not end");
	free(command);
	hs_image_destroy(walk.image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hs_core_options options = {0};
	struct hs_snapshot *snap = NULL;
	struct hs_core *core = NULL;
	struct hs_error *err;
	char path[32];
	int fd = memfd_create("core", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		stop("memory");
	setenv("TMPDIR", "/dev/shm", 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = hs_core_open(path, &options, &core);
	if (!err)
		check_core(core);
	hs_error_destroy(err);
	hs_core_close(core);
	/* None of these has a Python in it. */
	err = hs_capture_core(path, NULL, &snap);
	if (!err)
		stop("a snapshot was made");
	hs_error_destroy(err);
	close(fd);
	return 0;
}
