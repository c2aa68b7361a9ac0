/* SPDX-License-Identifier: MIT */
/* pile.c: a column that grows, kept small until it is whole. */
#include "libsnap/build/pile.h"

#include "format/base/spill.h"

#include <stdlib.h>
#include <string.h>

enum {
	SLAB_SIZE = 1 << 20,
	HEAD_SIZE = 11,
	EXCEPTION_SIZE = 10,
	LARGEST_BLOCK = HEAD_SIZE + 8 * HS_PILE_BLOCK + 8, /* with what is written along */
};

struct hs_pile_slab {
	struct hs_pile_slab *next;
	size_t used;
	uint8_t data[SLAB_SIZE - 16];
};

_Static_assert(sizeof(((struct hs_pile_slab *)0)->data) > LARGEST_BLOCK, "a block fits a slab");

static const uint8_t widths[] = {0, 1, 2, 3, 4, 8};

enum { WIDTH_COUNT = sizeof(widths) };

static void free_slab(const struct hs_pile *pile, struct hs_pile_slab *slab)
{
	if (pile->spill)
		hs_spill_free(pile->spill, slab);
	else
		free(slab);
}

static void free_slabs(struct hs_pile *pile)
{
	while (pile->first) {
		struct hs_pile_slab *next = pile->first->next;

		free_slab(pile, pile->first);
		pile->first = next;
	}
	pile->tail = NULL;
}

void hs_pile_deinit(struct hs_pile *pile)
{
	free_slabs(pile);
	free(pile->block);
	*pile = (struct hs_pile){.deltas = pile->deltas, .spill = pile->spill};
}

/* Bytes of @value without the zeros at its upper end. */
static unsigned int bytes_of(uint64_t value)
{
	return value ? (71 - (unsigned int)__builtin_clzll(value)) / 8 : 0;
}

/* Differences to the value before, the sign in the lowest bit. */
static void make_deltas(struct hs_pile *pile)
{
	for (uint32_t i = 0; i < HS_PILE_BLOCK; i++) {
		uint64_t value = pile->block[i];
		uint64_t delta = value - pile->last;

		pile->last = value;
		pile->block[i] = delta << 1 ^ (delta >> 63 ? UINT64_MAX : 0);
	}
}

static void undo_deltas(uint64_t *values, uint32_t count, uint64_t *last)
{
	for (uint32_t i = 0; i < count; i++) {
		*last += values[i] >> 1 ^ (values[i] & 1 ? UINT64_MAX : 0);
		values[i] = *last;
	}
}

/* Words are written and read whole, so what follows is written later and may be read along. */
static void put(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

static uint64_t get(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* What @width bytes can hold. */
static uint64_t mask_of(unsigned int width)
{
	return width < 8 ? (1ull << 8 * width) - 1 : UINT64_MAX;
}

/* How many of the values less @least do not fit @width bytes. */
static uint32_t count_exceptions(const uint64_t *values, uint64_t least, unsigned int width)
{
	uint64_t mask = mask_of(width);
	uint32_t count = 0;

	for (uint32_t i = 0; i < HS_PILE_BLOCK; i++)
		count += values[i] - least > mask;
	return count;
}

/*
 * The width with which the block, whose values are from @least to @most, takes the least;
 * *@exceptions do not fit it.
 */
static unsigned int choose_width(const uint64_t *values, uint64_t least, uint64_t most,
				 uint32_t *exceptions)
{
	unsigned int enough = bytes_of(most - least);
	unsigned int best = 8;
	size_t best_size = SIZE_MAX;

	/* Exceptions only ever make it more. */
	for (size_t i = 0; i < WIDTH_COUNT && (size_t)widths[i] * HS_PILE_BLOCK < best_size; i++) {
		uint32_t count =
			widths[i] < enough ? count_exceptions(values, least, widths[i]) : 0;
		size_t size = (size_t)widths[i] * HS_PILE_BLOCK + (size_t)EXCEPTION_SIZE * count;

		if (size < best_size) {
			best_size = size;
			best = widths[i];
			*exceptions = count;
		}
	}
	return best;
}

/* The values less @least, @width bytes each; those that are larger stand behind them. */
static uint8_t *pack_values(const uint64_t *values, uint64_t least, unsigned int width,
			    uint32_t exceptions, uint8_t *to)
{
	uint64_t mask = mask_of(width);

	for (uint32_t i = 0; width && i < HS_PILE_BLOCK; i++, to += width)
		put(to, values[i] - least);
	for (uint32_t i = 0; exceptions; i++) {
		if (values[i] - least <= mask)
			continue;
		put(to, i);
		put(to + 2, values[i] - least);
		to += EXCEPTION_SIZE;
		exceptions--;
	}
	return to;
}

static bool new_slab(struct hs_pile *pile)
{
	struct hs_pile_slab *slab =
		pile->spill ? hs_spill_alloc(pile->spill, sizeof(*slab)) : malloc(sizeof(*slab));

	if (!slab)
		return false;
	slab->next = NULL;
	slab->used = 0;
	if (pile->tail)
		pile->tail->next = slab;
	else
		pile->first = slab;
	pile->tail = slab;
	return true;
}

/* Pack the block that is full. */
static bool seal(struct hs_pile *pile)
{
	uint64_t least = UINT64_MAX;
	uint64_t most = 0;
	uint32_t exceptions = 0;
	unsigned int width;
	uint8_t *at;

	if ((!pile->tail || sizeof(pile->tail->data) - pile->tail->used < LARGEST_BLOCK) &&
	    !new_slab(pile))
		return false;
	if (pile->deltas)
		make_deltas(pile);
	for (uint32_t i = 0; i < HS_PILE_BLOCK; i++) {
		least = pile->block[i] < least ? pile->block[i] : least;
		most = pile->block[i] > most ? pile->block[i] : most;
	}
	width = choose_width(pile->block, least, most, &exceptions);
	at = pile->tail->data + pile->tail->used;
	put(at, least);
	put(at + 8, exceptions | (uint64_t)width << 16);
	at = pack_values(pile->block, least, width, exceptions, at + HEAD_SIZE);
	pile->tail->used = (size_t)(at - pile->tail->data);
	pile->packed += HS_PILE_BLOCK;
	pile->next = pile->block;
	return true;
}

bool hs_pile_turn(struct hs_pile *pile)
{
	if (pile->block)
		return seal(pile);
	pile->block = malloc(HS_PILE_BLOCK * sizeof(*pile->block));
	if (!pile->block)
		return false;
	pile->next = pile->block;
	pile->end = pile->block + HS_PILE_BLOCK;
	return true;
}

/* The values of the block at @at; where it ends. */
static const uint8_t *unpack(const uint8_t *at, uint64_t *values)
{
	uint64_t least = get(at);
	uint32_t exceptions = (uint32_t)get(at + 8) & 0xffff;
	unsigned int width = at[10];
	uint64_t mask = mask_of(width);

	at += HEAD_SIZE;
	for (uint32_t i = 0; i < HS_PILE_BLOCK; i++, at += width)
		values[i] = least + (width ? get(at) & mask : 0);
	for (; exceptions; exceptions--, at += EXCEPTION_SIZE)
		values[get(at) & 0xffff] = least + get(at + 2);
	return at;
}

/* Narrow @count values to elements of @size bytes at @to; where they end. */
static uint8_t *store(const uint64_t *values, uint32_t count, uint8_t *to, size_t size)
{
	/* The lower bytes: this is little-endian.  Sizes written out are no calls. */
	switch (size) {
	case 1:
		for (uint32_t i = 0; i < count; i++)
			to[i] = (uint8_t)values[i];
		break;
	case 2:
		for (uint32_t i = 0; i < count; i++)
			memcpy(to + 2 * (size_t)i, &values[i], 2);
		break;
	case 4:
		for (uint32_t i = 0; i < count; i++)
			memcpy(to + 4 * (size_t)i, &values[i], 4);
		break;
	default:
		memcpy(to, values, 8 * (size_t)count);
		break;
	}
	return to + count * size;
}

void hs_pile_take(struct hs_pile *pile, void *to, size_t size)
{
	uint64_t values[HS_PILE_BLOCK];
	uint64_t last = 0;
	size_t blocks = 0;
	uint8_t *out = to;

	while (pile->first) {
		struct hs_pile_slab *slab = pile->first;
		const uint8_t *at = slab->data;

		while (at < slab->data + slab->used) {
			at = unpack(at, values);
			if (pile->deltas)
				undo_deltas(values, HS_PILE_BLOCK, &last);
			out = store(values, HS_PILE_BLOCK, out, size);
			if (++blocks % (HS_SPILL_STRIDE / HS_PILE_BLOCK) == 0)
				hs_spill_relieve(pile->spill);
		}
		pile->first = slab->next;
		free_slab(pile, slab);
	}
	if (pile->next != pile->block)
		store(pile->block, (uint32_t)(pile->next - pile->block), out, size);
	hs_pile_deinit(pile);
}
