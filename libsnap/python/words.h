/* SPDX-License-Identifier: MIT */
/* words.h: an array of 8-byte words in an image. */
#ifndef HS_PYTHON_WORDS_H
#define HS_PYTHON_WORDS_H

#include "libsnap/memory/image.h"

/* Words at @address.  Most arrays lie in neighbouring slots, then @data points to all of it. */
struct hs_words {
	const struct hs_image *image;
	hs_addr address;
	const uint8_t *data; /* NULL: some pages are missing or elsewhere */
};

static inline struct hs_words hs_words_open(const struct hs_image *image, hs_addr address,
					    uint64_t count)
{
	struct hs_words words = {.image = image, .address = address};

	if (count && count < 1ull << (HS_ADDRESS_BITS - 3))
		words.data = hs_image_at(image, address, count * 8);
	return words;
}

enum { HS_AHEAD = 8 /* words of an array that are asked for before they are read */ };

/* Ask for what word @i, if it is one of @count, points to. */
static inline void hs_words_prefetch(const struct hs_words *words, uint64_t i, uint64_t count)
{
	uint64_t value;

	if (i >= count || !words->data)
		return;
	memcpy(&value, words->data + i * 8, sizeof(value));
	hs_image_prefetch(words->image, value);
}

/* Word @i, 0 if it is not in the image. */
static inline uint64_t hs_words_get(const struct hs_words *words, uint64_t i)
{
	uint64_t value = 0;

	if (words->image->spill && i % HS_SPILL_STEPS == 0)
		hs_spill_relieve(words->image->spill);
	if (words->data)
		memcpy(&value, words->data + i * 8, sizeof(value));
	else if (!hs_image_u64(words->image, words->address + i * 8, &value))
		return 0;
	return value;
}

/*
 * How many of @count words at @address are there: a length from the target is believed only as far
 * as pages were copied.  (An interpreter writes to all of an array that counts as its length.)
 */
uint64_t hs_words_limit(const struct hs_image *image, hs_addr address, uint64_t count);

#endif
