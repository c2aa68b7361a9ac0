/* SPDX-License-Identifier: MIT */
/* pages.c: which pages of a process are there, and which of them are worth copying. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/process.h"
#include "libsnap/memory/wanted.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

enum {
	BATCH = 8192, /* entries of the page map, or regions, asked for at a time */
	/* Larger mappings take the older interface too long: it has an entry for every page. */
	RESIDENT_LIMIT_SHIFT = 36,
};

/*
 * PAGEMAP_SCAN of Linux 6.7, which passes over what is not mapped without looking at each page.
 * Numbers and layout are those of linux/fs.h, whose older versions lack them.
 */
struct scan_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

struct scan_request {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t regions;
	uint64_t region_count;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan_request)

enum {
	SCAN_FILE = 1 << 2,
	SCAN_PRESENT = 1 << 3,
	SCAN_SWAPPED = 1 << 4,
	SCAN_GUARD = 1 << 8, /* Linux 6.15; such pages count as swapped out, too */
};

/* Bits of an entry of /proc/PID/pagemap. */
#define ENTRY_GUARD   (1ull << 58)
#define ENTRY_FILE    (1ull << 61)
#define ENTRY_SWAPPED (1ull << 62)
#define ENTRY_PRESENT (1ull << 63)

struct walk {
	int fd;
	bool no_scan;  /* the kernel has no PAGEMAP_SCAN */
	bool no_guard; /* or it has, but no category for guard pages */
	uint64_t deadline;
	hs_pages_fn *each;
	void *context;
	/* the run being put together */
	hs_addr start;
	hs_addr end;
	union {
		uint64_t entries[BATCH];
		struct scan_region regions[BATCH];
	};
};

/* Hand on the run put together so far; false if the walk is to end. */
static bool flush(struct walk *walk)
{
	hs_addr start = walk->start;
	hs_addr end = walk->end;

	walk->start = walk->end = 0;
	return start == end || walk->each(walk->context, start, (end - start) >> HS_PAGE_SHIFT);
}

static bool add(struct walk *walk, hs_addr start, hs_addr end)
{
	if (start == walk->end && walk->start != walk->end) {
		walk->end = end;
		return true;
	}
	if (!flush(walk))
		return false;
	walk->start = start;
	walk->end = end;
	return true;
}

static bool is_late(const struct walk *walk)
{
	return walk->deadline && hs_clock_monotonic() > walk->deadline;
}

/* What a walk over one mapping came to. */
enum outcome {
	WALKED,
	ENDED,	/* the caller wanted no more */
	FAILED, /* errno says why; ETIMEDOUT: the deadline has passed */
};

static enum outcome scan(struct walk *walk, const struct hs_mapping *mapping, enum hs_wanted wanted)
{
	struct scan_request request = {
		.size = sizeof(request),
		.start = mapping->start,
		.end = mapping->end,
		.regions = (uint64_t)(uintptr_t)walk->regions,
		.region_count = BATCH,
		.category_anyof_mask =
			wanted == HS_WANT_RESIDENT ? SCAN_PRESENT : SCAN_PRESENT | SCAN_SWAPPED,
		.return_mask = SCAN_PRESENT,
	};

	/* Newer versions of the C library put such pages into threads' stacks: nobody may read
	 * them. */
	if (!walk->no_guard)
		request.category_mask |= SCAN_GUARD;
	if (wanted == HS_WANT_CHANGED)
		request.category_mask |= SCAN_FILE;
	request.category_inverted = request.category_mask;
	while (request.start < mapping->end) {
		int count = ioctl(walk->fd, SCAN_IOCTL, &request);

		if (count < 0)
			return FAILED;
		for (int i = 0; i < count; i++)
			if (!add(walk, walk->regions[i].start, walk->regions[i].end))
				return ENDED;
		if (is_late(walk)) {
			errno = ETIMEDOUT;
			return FAILED;
		}
		request.start = request.walk_end;
	}
	return WALKED;
}

static bool is_wanted(uint64_t entry, enum hs_wanted wanted)
{
	if (entry & ENTRY_GUARD)
		return false;
	switch (wanted) {
	case HS_WANT_NONE:
		return false;
	case HS_WANT_RESIDENT:
		return entry & ENTRY_PRESENT;
	case HS_WANT_PRESENT:
		return entry & (ENTRY_PRESENT | ENTRY_SWAPPED);
	case HS_WANT_CHANGED:
		return entry & (ENTRY_PRESENT | ENTRY_SWAPPED) && !(entry & ENTRY_FILE);
	case HS_WANT_ALL:
		return true;
	}
	return false;
}

/* The same by the older interface: an entry of eight bytes for every page. */
static enum outcome read_entries(struct walk *walk, const struct hs_mapping *mapping,
				 enum hs_wanted wanted)
{
	/* The system's own pages, which are larger than ours on some machines. */
	const hs_addr page = (hs_addr)sysconf(_SC_PAGESIZE);
	hs_addr addr = mapping->start;

	while (addr < mapping->end) {
		uint64_t left = (mapping->end - addr) / page;
		size_t want = left < BATCH ? (size_t)left : BATCH;
		ssize_t n = pread(walk->fd, walk->entries, want * sizeof(uint64_t),
				  (off_t)(addr / page * sizeof(uint64_t)));

		if (n < 0)
			return FAILED;
		if (n < (ssize_t)sizeof(uint64_t))
			return WALKED;
		for (size_t i = 0; i < (size_t)n / sizeof(uint64_t); i++, addr += page)
			if (is_wanted(walk->entries[i], wanted) && !add(walk, addr, addr + page))
				return ENDED;
		if (is_late(walk)) {
			errno = ETIMEDOUT;
			return FAILED;
		}
	}
	return WALKED;
}

static enum outcome walk_mapping(struct walk *walk, const struct hs_mapping *mapping,
				 enum hs_wanted wanted)
{
	enum outcome outcome = WALKED;

	/* vsyscall lies outside what the page map describes. */
	if (wanted == HS_WANT_NONE || mapping->start >> HS_ADDRESS_BITS)
		return WALKED;
	if (wanted == HS_WANT_ALL)
		return add(walk, mapping->start, mapping->end) && flush(walk) ? WALKED : ENDED;
	if (!walk->no_scan) {
		outcome = scan(walk, mapping, wanted);
		if (outcome == FAILED && errno == EINVAL && !walk->no_guard) {
			walk->no_guard = true;
			outcome = scan(walk, mapping, wanted);
		}
		if (outcome == FAILED && (errno == ENOTTY || errno == EINVAL))
			walk->no_scan = true;
	}
	if (walk->no_scan)
		outcome = read_entries(walk, mapping, wanted);
	if (outcome == WALKED && !flush(walk))
		outcome = ENDED;
	return outcome;
}

static struct hs_error *open_walk(struct hs_process *process, struct walk **ret)
{
	pid_t pid = hs_process_pid(process);
	int fd = hs_proc_open(pid, "pagemap", O_RDONLY);
	struct walk *walk;

	if (fd < 0)
		return errno == EACCES || errno == EPERM
			       ? hs_process_refused(pid)
			       : hs_error_create(HS_ERROR_GONE, "process %d: it has ended",
						 (int)pid);
	walk = malloc(sizeof(*walk));
	if (!walk) {
		close(fd);
		return &hs_enomem;
	}
	walk->fd = fd;
	walk->no_scan = walk->no_guard = false;
	walk->deadline = 0;
	walk->start = walk->end = 0;
	*ret = walk;
	return NULL;
}

static void close_walk(struct walk **walk)
{
	if (*walk)
		close((*walk)->fd);
	free(*walk);
}

static struct hs_error *walk_error(pid_t pid)
{
	if (errno == ETIMEDOUT)
		return hs_process_too_slow(pid);
	/* It has no memory any more, though it may not look ended yet. */
	if (errno == ESRCH)
		return hs_error_create(HS_ERROR_GONE, "process %d: it has ended", (int)pid);
	return hs_error_errno(errno, "process %d: cannot read its page map", (int)pid);
}

struct hs_error *hs_process_pages(struct hs_process *process, const struct hs_maps *maps,
				  uint64_t deadline, hs_pages_fn *each, void *context)
{
	hs_cleanup(close_walk) struct walk *walk = NULL;
	struct hs_error *err = open_walk(process, &walk);

	if (err)
		return err;
	walk->deadline = deadline;
	walk->each = each;
	walk->context = context;
	for (size_t i = 0; i < maps->size; i++) {
		const struct hs_mapping *mapping = &maps->data[i];

		switch (walk_mapping(walk, mapping, hs_wanted(maps, mapping))) {
		case WALKED:
			break;
		case ENDED:
			return NULL;
		case FAILED:
			return walk_error(hs_process_pid(process));
		}
	}
	return NULL;
}

static bool count_resident(void *context, hs_addr addr, uint64_t pages)
{
	uint64_t *sum = context;

	(void)addr;
	*sum += pages << HS_PAGE_SHIFT;
	return true;
}

void hs_process_resident(struct hs_process *process, struct hs_maps *maps)
{
	hs_cleanup(close_walk) struct walk *walk = NULL;
	struct hs_error *err = open_walk(process, &walk);

	/* It may have ended since it was copied; then nothing of it is resident. */
	if (err) {
		hs_error_destroy(err);
		return;
	}
	walk->each = count_resident;
	for (size_t i = 0; i < maps->size; i++) {
		struct hs_mapping *mapping = &maps->data[i];

		mapping->resident = 0;
		if (walk->no_scan && (mapping->end - mapping->start) >> RESIDENT_LIMIT_SHIFT)
			continue;
		walk->context = &mapping->resident;
		walk_mapping(walk, mapping, HS_WANT_RESIDENT);
	}
}
