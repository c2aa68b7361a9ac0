/* SPDX-License-Identifier: MIT */
/* spill.c: large arrays that lie in a file. */
#include "format/base/spill.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/file.h"
#include "format/base/vector.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

/* How far the file must be able to go: what is reserved first can be as large. */
#define FAR (1ll << 36)

enum {
	SPILL_BITS = 41,     /* of address space that is set aside */
	ALIGNMENT = 2 << 20, /* of everything large */
	NEAR = 12 << 20,     /* what may come between two looks */
	LEAST = 16 << 20,    /* what there must be room for, or it would be slow */
	SHARE_NEAR = 16,     /* or such a part of the limit, if that is more */
};

struct piece {
	size_t offset;
	size_t size; /* 0: given back */
};

struct hs_spill {
	_Atomic unsigned int owners;
	int fd;
	int statm; /* of this process: what is resident */
	uint8_t *data;
	size_t used;
	uint64_t limit;
	uint64_t trigger; /* resident bytes from which on it is relieved */
	HS_VECTOR(struct piece) pieces;
	_Atomic uint64_t lacking; /* resident bytes, none of them of the file, beyond the limit */
	int full;		  /* errno of the disk; 0: there was room */
};

static void spill_destroy(struct hs_spill *spill)
{
	if (spill->data)
		munmap(spill->data, (size_t)1 << SPILL_BITS);
	if (spill->fd >= 0)
		close(spill->fd);
	if (spill->statm >= 0)
		close(spill->statm);
	hs_vector_deinit(&spill->pieces);
	free(spill);
}

static struct hs_error *open_spill(struct hs_spill *spill)
{
	struct statfs status;
	const char *folder;
	void *data;

	spill->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (spill->statm < 0)
		return hs_error_errno(errno, "cannot see how much memory is used");
	spill->fd = hs_file_temporary(&folder);
	if (spill->fd < 0 || fstatfs(spill->fd, &status))
		return hs_error_errno(
			errno, "cannot make a temporary file in %s (TMPDIR says where)", folder);
	if (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC)
		return hs_error_create(HS_ERROR_FAILED,
				       "%s is in memory, and a temporary file on a disk is wanted "
				       "(TMPDIR says where)",
				       folder);
	errno = posix_fallocate(spill->fd, FAR, 1);
	if (errno)
		return hs_error_errno(errno,
				      "a temporary file in %s cannot become large (TMPDIR says "
				      "where, ulimit -f how large)",
				      folder);
	fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FAR, 1);
	data = mmap(NULL, (size_t)1 << SPILL_BITS, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_NORESERVE, spill->fd, 0);
	if (data == MAP_FAILED)
		return hs_error_errno(errno, "cannot map a temporary file in %s", folder);
	spill->data = data;
	return NULL;
}

struct hs_error *hs_spill_create(uint64_t limit, struct hs_spill **ret)
{
	struct hs_spill *spill = calloc(1, sizeof(*spill));
	uint64_t near = limit / SHARE_NEAR > NEAR ? limit / SHARE_NEAR : NEAR;
	struct hs_error *err;

	if (!spill)
		return &hs_enomem;
	spill->owners = 1;
	spill->fd = -1;
	spill->limit = limit;
	spill->trigger = limit > near ? limit - near : 0;
	err = open_spill(spill);
	if (err) {
		spill_destroy(spill);
		return err;
	}
	*ret = spill;
	return NULL;
}

struct hs_spill *hs_spill_share(struct hs_spill *spill)
{
	if (spill)
		spill->owners++;
	return spill;
}

void hs_spill_release(struct hs_spill *spill)
{
	if (spill && !--spill->owners)
		spill_destroy(spill);
}

void *hs_spill_reserve(struct hs_spill *spill, size_t size)
{
	size_t begin = (spill->used + ALIGNMENT - 1) & ~((size_t)ALIGNMENT - 1);
	struct piece piece = {.offset = begin, .size = size ? size : 1};

	if (begin > (size_t)1 << SPILL_BITS || piece.size > ((size_t)1 << SPILL_BITS) - begin ||
	    !hs_vector_push(&spill->pieces, piece))
		return NULL;
	spill->used = begin + piece.size;
	return spill->data + begin;
}

bool hs_spill_commit(struct hs_spill *spill, const void *at, size_t size)
{
	size_t offset = (size_t)((const uint8_t *)at - spill->data);
	int errnum;

	/* Nobody is to try again and again. */
	if (spill->full)
		return false;
	do
		errnum = posix_fallocate(spill->fd, (off_t)offset, (off_t)size);
	while (errnum == EINTR);
	if (errnum)
		spill->full = errnum;
	return !errnum;
}

void *hs_spill_alloc(struct hs_spill *spill, size_t size)
{
	void *ret = hs_spill_reserve(spill, size);

	if (ret && !hs_spill_commit(spill, ret, size ? size : 1)) {
		hs_spill_free(spill, ret);
		return NULL;
	}
	hs_spill_relieve(spill);
	return ret;
}

static struct piece *find(struct hs_spill *spill, size_t offset)
{
	size_t low = 0;
	size_t high = spill->pieces.size;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (spill->pieces.data[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return &spill->pieces.data[low];
}

void hs_spill_free(struct hs_spill *spill, void *data)
{
	struct piece *piece;

	if (!data)
		return;
	piece = find(spill, (size_t)((uint8_t *)data - spill->data));
	madvise(data, piece->size, MADV_DONTNEED);
	/* If the file system cannot, the file stays as large as it is until its end. */
	fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)piece->offset,
		  (off_t)piece->size);
	piece->size = 0;
}

/* Bytes of this process that are resident. */
static bool resident(const struct hs_spill *spill, uint64_t *all)
{
	char text[128];
	ssize_t n = pread(spill->statm, text, sizeof(text) - 1, 0);
	unsigned long long pages;

	if (n <= 0)
		return false;
	text[n] = '\0';
	if (sscanf(text, "%*u %llu", &pages) != 1)
		return false;
	*all = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

void hs_spill_relieve(struct hs_spill *spill)
{
	uint64_t bytes;

	if (!spill || !resident(spill, &bytes) || bytes <= spill->trigger)
		return;
	madvise(spill->data, spill->used, MADV_DONTNEED);
	if (resident(spill, &bytes) && bytes + LEAST > spill->trigger &&
	    bytes + LEAST > spill->lacking)
		spill->lacking = bytes + LEAST;
}

bool hs_spill_failed(const struct hs_spill *spill)
{
	return spill && (spill->full || spill->lacking);
}

struct hs_error *hs_spill_check(struct hs_spill *spill)
{
	if (spill && spill->full)
		return hs_error_errno(spill->full,
				      "cannot write to a temporary file (TMPDIR says where)");
	if (spill && spill->lacking)
		return hs_error_create(
			HS_ERROR_FAILED,
			"to keep within %llu MiB of memory was not possible: at one "
			"point %llu MiB were needed, and more may be",
			(unsigned long long)spill->limit >> 20,
			(unsigned long long)(spill->lacking + spill->limit - spill->trigger) >> 20);
	return NULL;
}
