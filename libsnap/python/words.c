/* SPDX-License-Identifier: MIT */
/* words.c: an array of 8-byte words in an image. */
#include "libsnap/python/words.h"

uint64_t hs_words_limit(const struct hs_image *image, hs_addr address, uint64_t count)
{
	hs_addr end = address;

	while (count > (end - address) / 8) {
		if (hs_image_slot(image, end) == HS_NONE)
			return (end - address) / 8;
		end = (end | (HS_PAGE_SIZE - 1)) + 1;
	}
	return count;
}
