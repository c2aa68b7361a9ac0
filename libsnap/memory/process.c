/* SPDX-License-Identifier: MIT */
/* process.c: a live process: read, copied.  How it is stopped: stop.c. */
#include "libsnap/memory/process.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/uio.h>
#include <time.h>

enum {
	/* Chunks below 1 MiB lose bandwidth; longer ones gain nothing. */
	COPY_CHUNK_PAGES = 4096,
	PAGEMAP_BATCH = 8192,	    /* entries read at a time */
	STAT_FLAGS = 9,		    /* as proc(5) counts fields */
	KERNEL_THREAD = 0x00200000, /* PF_KTHREAD of linux/sched.h */
	END_PATIENCE_MS = 100,	    /* for the threads of a process that is ending */
};

struct hs_process {
	pid_t pid;
	struct hs_stop stop;
};

/* State and number of threads of @pid, read at the same moment. */
static struct hs_error *read_state(pid_t pid, char *state, unsigned long *threads)
{
	_cleanup_free_ char *stat = NULL;
	struct hs_error *err;
	const char *at;

	err = hs_proc_read(pid, "stat", &stat, NULL);
	if (err)
		return err;
	/* Behind the command's bracket: the state, 16 numbers, the number of threads. */
	at = strrchr(stat, ')');
	if (!at || sscanf(at,
			  ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			  "%lu",
			  state, threads) != 2)
		return hs_error_create(HS_ERROR_FAILED,
				       "process %d: /proc/%d/stat is not of the kernel's form",
				       (int)pid, (int)pid);
	return NULL;
}

struct hs_error *hs_process_alive(pid_t pid)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	/*
	 * The main thread may end before the others when a process ends, and does when another
	 * thread calls execve() and takes its place.
	 */
	for (int i = 0;; i++) {
		unsigned long threads = 0;
		char state = '\0';
		struct hs_error *err = read_state(pid, &state, &threads);

		if (err || (state != 'Z' && state != 'X'))
			return err;
		if (threads <= 1)
			return hs_error_create(HS_ERROR_GONE,
					       "process %d: it has ended (its parent has not taken "
					       "note: a zombie)",
					       (int)pid);
		if (i == END_PATIENCE_MS)
			return hs_error_create(HS_ERROR_UNSUPPORTED,
					       "process %d: its main thread has ended while others "
					       "go on; such a process is not supported",
					       (int)pid);
		nanosleep(&nap, NULL);
	}
}

struct hs_error *hs_process_open(pid_t pid, struct hs_process **ret)
{
	struct hs_process *process;
	struct hs_error *err;
	uint64_t leader;
	uint64_t flags;
	uint64_t size;

	if (pid <= 0)
		return hs_error_create(HS_ERROR_UNSUPPORTED, "process %d: there is no such process",
				       (int)pid);
	err = hs_process_alive(pid);
	if (err)
		return err;
	if (hs_proc_status_field(pid, "Tgid", &leader) && leader != (uint64_t)pid)
		return hs_error_create(HS_ERROR_UNSUPPORTED,
				       "process %d: this is a thread; its process is %llu",
				       (int)pid, (unsigned long long)leader);
	if (!hs_proc_status_field(pid, "VmSize", &size)) {
		if (!hs_proc_stat_field(pid, STAT_FLAGS, &flags) || !(flags & KERNEL_THREAD))
			return hs_error_create(HS_ERROR_GONE, "process %d: it is just ending",
					       (int)pid);
		return hs_error_create(HS_ERROR_UNSUPPORTED,
				       "process %d: not a Python process (a kernel thread)",
				       (int)pid);
	}
	process = calloc(1, sizeof(*process));
	if (!process)
		return &hs_enomem;
	process->pid = pid;
	*ret = process;
	return NULL;
}

void hs_process_close(struct hs_process *process)
{
	if (!process)
		return;
	hs_stop_deinit(&process->stop);
	free(process);
}

pid_t hs_process_pid(const struct hs_process *process)
{
	return process->pid;
}

bool hs_process_read(struct hs_process *process, hs_addr addr, void *buffer, size_t size)
{
	struct iovec local = {.iov_base = buffer, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = size};

	return process_vm_readv(process->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

struct hs_error *hs_process_stop(struct hs_process *process, uint32_t timeout_ms)
{
	return hs_stop_all(&process->stop, process->pid, timeout_ms);
}

void hs_process_resume(struct hs_process *process)
{
	hs_stop_release(&process->stop);
}

/*
 * Python keeps its objects in private memory; what is shared cannot hold them.  Code is needed
 * nowhere.  The kernel's own pages cannot be copied.
 */
static bool worth_copying(const struct hs_mapping *mapping)
{
	const uint32_t readable_only = HS_REGION_READ;
	const uint32_t writable = HS_REGION_READ | HS_REGION_WRITE;
	uint32_t rights = mapping->flags & ~(uint32_t)HS_REGION_EXEC;

	if (mapping->flags & HS_REGION_SHARED || !strncmp(mapping->name, "[v", 2))
		return false;
	if (rights == writable)
		return true;
	return mapping->flags == readable_only;
}

struct page_walk {
	int fd;
	hs_pages_fn *each;
	void *context;
	uint64_t entries[PAGEMAP_BATCH];
};

/* Writable data of a file counts as a whole: clean pages have no entry yet are needed. */
static bool is_present(const struct hs_mapping *mapping, uint64_t entry)
{
	const uint64_t present = 1ull << 63;
	const uint64_t swapped = 1ull << 62;

	return entry & (present | swapped) || (mapping->inode && mapping->flags & HS_REGION_WRITE);
}

/* Walk one mapping; 0, 1 to end the walk, or -1 with errno. */
static int walk_mapping(struct page_walk *walk, struct hs_mapping *mapping)
{
	hs_addr run = mapping->start;
	hs_addr addr = mapping->start;
	bool copy = worth_copying(mapping);

	mapping->resident = 0;
	while (addr < mapping->end) {
		uint64_t left = (mapping->end - addr) >> HS_PAGE_SHIFT;
		size_t want = left < PAGEMAP_BATCH ? (size_t)left : PAGEMAP_BATCH;
		ssize_t n = pread(walk->fd, walk->entries, want * sizeof(uint64_t),
				  (off_t)((addr >> HS_PAGE_SHIFT) * sizeof(uint64_t)));

		if (n < 0)
			return -1;
		if (n < (ssize_t)sizeof(uint64_t))
			break;
		for (size_t i = 0; i < (size_t)n / sizeof(uint64_t); i++, addr += HS_PAGE_SIZE) {
			if (walk->entries[i] >> 63)
				mapping->resident += HS_PAGE_SIZE;
			if (copy && is_present(mapping, walk->entries[i]))
				continue;
			if (addr > run &&
			    !walk->each(walk->context, mapping, run, (addr - run) >> HS_PAGE_SHIFT))
				return 1;
			run = addr + HS_PAGE_SIZE;
		}
	}
	if (addr > run && !walk->each(walk->context, mapping, run, (addr - run) >> HS_PAGE_SHIFT))
		return 1;
	return 0;
}

struct hs_error *hs_process_pages(struct hs_process *process, struct hs_maps *maps,
				  hs_pages_fn *each, void *context)
{
	_cleanup_free_ struct page_walk *walk = malloc(sizeof(*walk));
	_cleanup_fd_ int fd = hs_proc_open(process->pid, "pagemap", O_RDONLY);

	if (!walk)
		return &hs_enomem;
	if (fd < 0)
		return errno == EACCES || errno == EPERM
			       ? hs_process_refused(process->pid)
			       : hs_error_create(HS_ERROR_GONE, "process %d: it has ended",
						 (int)process->pid);
	*walk = (struct page_walk){.fd = fd, .each = each, .context = context};
	for (size_t i = 0; i < maps->size; i++) {
		int done;

		/* vsyscall lies outside what pagemap describes; reserved space holds nothing. */
		if (maps->data[i].start >> HS_ADDRESS_BITS || !(maps->data[i].flags & 7))
			continue;
		done = walk_mapping(walk, &maps->data[i]);
		if (done < 0)
			return hs_error_errno(errno, "process %d: cannot read its page map",
					      (int)process->pid);
		if (done)
			break;
	}
	return NULL;
}

struct copy {
	struct hs_process *process;
	struct hs_image *image;
	uint64_t unreadable;
	bool failed; /* memory ran out */
	bool gone;
};

/* Copy a run of at most COPY_CHUNK_PAGES pages, leaving out pages that cannot be read. */
static void copy_run(struct copy *copy, hs_addr addr, uint64_t pages)
{
	while (pages) {
		size_t size = (size_t)pages << HS_PAGE_SHIFT;
		void *to = hs_image_add(copy->image, addr, pages);
		struct iovec local = {.iov_base = to, .iov_len = size};
		struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = size};
		ssize_t n;
		uint64_t done;

		if (!to) {
			copy->failed = true;
			return;
		}
		n = process_vm_readv(copy->process->pid, &local, 1, &remote, 1, 0);
		if (n < 0 && errno == ESRCH) {
			hs_image_drop(copy->image, pages);
			copy->gone = true;
			return;
		}
		done = n < 0 ? 0 : (uint64_t)n >> HS_PAGE_SHIFT;
		if (done == pages)
			return;
		/* A guard page, or a file cut short: go on behind the page that fails. */
		hs_image_drop(copy->image, pages - done);
		copy->unreadable++;
		addr += (done + 1) << HS_PAGE_SHIFT;
		pages -= done + 1;
	}
}

static bool copy_pages(void *context, const struct hs_mapping *mapping, hs_addr addr,
		       uint64_t pages)
{
	struct copy *copy = context;

	(void)mapping;
	while (pages && !copy->failed && !copy->gone) {
		uint64_t piece = pages < COPY_CHUNK_PAGES ? pages : COPY_CHUNK_PAGES;

		copy_run(copy, addr, piece);
		addr += piece << HS_PAGE_SHIFT;
		pages -= piece;
	}
	return !copy->failed && !copy->gone;
}

struct hs_error *hs_process_copy(struct hs_process *process, struct hs_image *image,
				 uint64_t *unreadable)
{
	struct copy copy = {.process = process, .image = image};
	struct hs_error *err;

	hs_maps_deinit(&image->maps);
	err = hs_maps_read(process->pid, &image->maps);
	if (err)
		return err;
	err = hs_process_pages(process, &image->maps, copy_pages, &copy);
	if (err)
		return err;
	/* What has been killed has no mappings, even if it is still stopped. */
	if (copy.gone || !image->slot_count)
		return hs_error_create(HS_ERROR_GONE,
				       "process %d: it ended while it was being copied",
				       (int)process->pid);
	if (copy.failed)
		return hs_error_create(HS_ERROR_FAILED,
				       "process %d: there is not enough memory for a copy of it",
				       (int)process->pid);
	*unreadable = copy.unreadable;
	return NULL;
}
