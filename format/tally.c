/* SPDX-License-Identifier: MIT */
/* tally.c: how often the references of a block lead to the same targets. */
#include "format/tally.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_BITS = 14,
	/* A table beyond this is given back, or each small block after a large one would clear it.
	 */
	KEPT_BITS = 20,
	LAST_BITS = 31,
};

void hs_tally_deinit(struct hs_tally *tally)
{
	hs_vector_deinit(&tally->entries);
	hs_vector_deinit(&tally->frequent);
	free(tally->table);
	*tally = (struct hs_tally){0};
}

bool hs_tally_begin(struct hs_tally *tally)
{
	tally->entries.size = 0;
	tally->frequent.size = 0;
	if (tally->table && tally->bits <= KEPT_BITS) {
		memset(tally->table, 0, sizeof(*tally->table) << tally->bits);
		return true;
	}
	free(tally->table);
	tally->bits = FIRST_BITS;
	tally->table = calloc((size_t)1 << FIRST_BITS, sizeof(*tally->table));
	return tally->table;
}

/* Where @target is in the table, or where it would be. */
static uint32_t *find(const struct hs_tally *tally, hs_id target)
{
	size_t mask = ((size_t)1 << tally->bits) - 1;
	size_t at = target * 0x9e3779b1U >> (32 - tally->bits);

	while (tally->table[at] && tally->entries.data[tally->table[at] - 1].target != target)
		at = (at + 1) & mask;
	return &tally->table[at];
}

/* Double the table. */
static bool grow(struct hs_tally *tally)
{
	uint32_t *table;

	if (tally->bits == LAST_BITS)
		return false;
	table = calloc((size_t)2 << tally->bits, sizeof(*table));
	if (!table)
		return false;
	free(tally->table);
	tally->table = table;
	tally->bits++;
	for (size_t i = 0; i < tally->entries.size; i++)
		*find(tally, tally->entries.data[i].target) = (uint32_t)i + 1;
	return true;
}

bool hs_tally_count(struct hs_tally *tally, hs_id target, uint32_t *entry)
{
	uint32_t *place = find(tally, target);

	if (*place) {
		*entry = *place - 1;
		tally->entries.data[*entry].count++;
		return true;
	}
	if (!hs_vector_push(&tally->entries, ((struct hs_tally_entry){target, 1})))
		return false;
	*entry = (uint32_t)tally->entries.size - 1;
	*place = *entry + 1;
	return tally->entries.size <= (size_t)1 << (tally->bits - 1) || grow(tally);
}

/* An entry that is frequent. */
struct candidate {
	uint32_t count;
	uint32_t entry;
};

static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left;
	const struct candidate *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

bool hs_tally_rank(struct hs_tally *tally)
{
	struct candidate *candidates;
	size_t count = 0;
	bool done;

	for (size_t i = 0; i < tally->entries.size; i++)
		count += tally->entries.data[i].count >= HS_FREQUENT;
	candidates = calloc(count + 1, sizeof(*candidates));
	if (!candidates)
		return false;
	count = 0;
	for (uint32_t i = 0; i < tally->entries.size; i++) {
		struct hs_tally_entry *entry = &tally->entries.data[i];

		if (entry->count >= HS_FREQUENT)
			candidates[count++] = (struct candidate){entry->count, i};
		entry->count = HS_EDGE_JUMP;
	}
	qsort(candidates, count, sizeof(*candidates), compare_candidates);
	done = true;
	for (uint32_t i = 0; done && i < count; i++) {
		tally->entries.data[candidates[i].entry].count = HS_EDGE_CODES + i;
		done = hs_vector_push(&tally->frequent, candidates[i].entry);
	}
	free(candidates);
	return done;
}
