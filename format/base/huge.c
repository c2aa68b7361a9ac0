/* SPDX-License-Identifier: MIT */
/* huge.c: large arrays on huge pages. */
#include "format/base/huge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	HUGE_PAGE = 2 << 20,
	WORTH_IT = 1 << 20, /* bytes from which a huge page pays */
};

void *hs_huge_alloc(size_t count, size_t size)
{
	size_t bytes;
	void *ret;

	if (__builtin_mul_overflow(count ? count : 1, size, &bytes) || bytes > SIZE_MAX - HUGE_PAGE)
		return NULL;
	if (bytes < WORTH_IT)
		return malloc(bytes);
	ret = aligned_alloc(HUGE_PAGE, (bytes + HUGE_PAGE - 1) & ~((size_t)HUGE_PAGE - 1));
	/* Only a wish; what fills no huge page takes small ones, or all of it would be there. */
	if (ret)
		madvise(ret, bytes & ~((size_t)HUGE_PAGE - 1), MADV_HUGEPAGE);
	return ret;
}

bool hs_huge_grow(void *array, size_t used, size_t count, size_t size)
{
	void **pointer = array;
	void *grown = hs_huge_alloc(count, size);

	if (!grown)
		return false;
	if (used)
		memcpy(grown, *pointer, used * size);
	free(*pointer);
	*pointer = grown;
	return true;
}
