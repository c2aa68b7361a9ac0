/* SPDX-License-Identifier: MIT */
/*
 * arenas.c: finding pymalloc's arenas where nothing leads to them: before 3.12 the array that
 * lists them is a static variable, whose name a stripped program has no more.
 *
 * Objects that the collector tracks lead to some pools, and each of these knows its arena's index.
 * The variable is the word of the interpreter's data that points to an array in which there are
 * arenas around all these pools, each at its index.
 */
#include "libsnap/python/blocks.h"
#include "libsnap/python/programs.h"

#include <stdlib.h>

enum {
	ARENA_OBJECT_SIZE = 48,
	FIRST_ARENAS = 16,    /* that the array has room for at first; it is doubled */
	MAX_ARENAS = 1 << 24, /* 16 TiB in arenas of 1 MiB */
};

/* Something that looks like a pool in use. */
struct sighting {
	hs_addr pool;
	uint32_t arena;
};

/* The sightings of one arena. */
struct group {
	uint32_t arena;
	uint32_t count;
	hs_addr first;
	hs_addr last;
};

struct search {
	struct hs_python *python;
	HS_VECTOR(struct sighting) seen; /* by arena and address */
	HS_VECTOR(struct group) groups;	 /* the same */
	hs_addr best;			 /* address of the array */
	size_t best_score;		 /* sightings that it explains */
};

static void search_deinit(struct search *search)
{
	hs_vector_deinit(&search->seen);
	hs_vector_deinit(&search->groups);
}

static int compare_sightings(const void *left, const void *right)
{
	const struct sighting *a = left;
	const struct sighting *b = right;

	if (a->arena != b->arena)
		return a->arena < b->arena ? -1 : 1;
	return (a->pool > b->pool) - (a->pool < b->pool);
}

/* Whether the collector tracks an object in @slot. */
static bool has_tracked(const struct hs_python *python, uint32_t slot)
{
	enum { WORDS = HS_GRANULES_PER_PAGE / 64 };
	uint64_t found = 0;

	for (size_t i = 0; i < WORDS; i++)
		found |= python->tracked.words[(size_t)slot * WORDS + i];
	return found;
}

/* Look at the pools that tracked objects would lie in. */
static bool sight_pools(struct search *search)
{
	const struct hs_python *python = search->python;
	uint64_t mask = python->pymalloc->pool_size - 1;
	hs_addr last = 0;

	for (uint32_t slot = 0; slot < python->granules / HS_GRANULES_PER_PAGE; slot++) {
		struct sighting sighting = {.pool = python->image->page[slot] & ~mask};
		struct hs_pool_header header;

		if (!has_tracked(python, slot) || sighting.pool == last)
			continue;
		if (search->seen.size % HS_SPILL_STEPS == 0)
			hs_spill_relieve(python->image->spill);
		last = sighting.pool;
		if (!hs_pool_header_read(python, sighting.pool, &header) ||
		    header.arena >= MAX_ARENAS)
			continue;
		sighting.arena = header.arena;
		if (!hs_vector_push(&search->seen, sighting))
			return false;
	}
	if (search->seen.size)
		qsort(search->seen.data, search->seen.size, sizeof(*search->seen.data),
		      compare_sightings);
	return true;
}

/* Put neighbouring pools together that have the same index. */
static bool group_pools(struct search *search)
{
	for (size_t i = 0; i < search->seen.size; i++) {
		const struct sighting *at = &search->seen.data[i];
		struct group group = {at->arena, 1, at->pool, at->pool};
		struct group *last =
			search->groups.size ? &search->groups.data[search->groups.size - 1] : NULL;

		if (last && last->arena == at->arena &&
		    at->pool - last->first < search->python->pymalloc->arena_size) {
			last->count++;
			last->last = at->pool;
		} else if (!hs_vector_push(&search->groups, group)) {
			return false;
		}
	}
	return true;
}

/* Whether an array at @array has an arena around the pools of @group. */
static bool explains(const struct search *search, hs_addr array, const struct group *group)
{
	hs_addr arena;

	return hs_image_u64(search->python->image,
			    array + (hs_addr)group->arena * ARENA_OBJECT_SIZE, &arena) &&
	       arena && arena <= group->first &&
	       group->last - arena < search->python->pymalloc->arena_size;
}

static void try_array(struct search *search, hs_addr array)
{
	size_t score = 0;

	/* Most words are ruled out by a single look. */
	if (array % 8 || !array || !explains(search, array, &search->groups.data[0]) ||
	    !hs_python_spend(search->python, search->groups.size))
		return;
	for (size_t i = 0; i < search->groups.size; i++)
		if (explains(search, array, &search->groups.data[i]))
			score += search->groups.data[i].count;
	if (score > search->best_score) {
		search->best_score = score;
		search->best = array;
	}
}

/* Try the words of the data of the program that has the runtime. */
static void find_array(struct search *search)
{
	struct hs_image *image = search->python->image;
	struct hs_program_data data;
	size_t i = 0;

	while (hs_program_data_next(image, &i, &data)) {
		if (search->python->runtime < data.start || search->python->runtime >= data.end)
			continue;
		for (hs_addr word = data.start; word + 8 <= data.end; word += 8) {
			hs_addr array;

			if (!hs_python_spend(search->python, 1))
				return;
			if (hs_image_u64(image, word, &array))
				try_array(search, array);
		}
	}
}

/*
 * Without the array: an arena is what there is between its first pool and its last, as far as they
 * are seen or lie among those that are.
 */
static bool infer_arenas(struct search *search)
{
	struct hs_pymalloc *pymalloc = search->python->pymalloc;

	for (size_t i = 0; i < search->groups.size; i++) {
		const struct group *group = &search->groups.data[i];
		struct hs_pyarena arena = {
			.address = group->first,
			.size = group->last + pymalloc->pool_size - group->first,
			.first_pool = group->first,
			.untouched = group->last + pymalloc->pool_size,
			.index = group->arena,
		};

		hs_python_gap(search->python, "arena is known by its pools only", group->first);
		if (!hs_vector_push(&pymalloc->arenas, arena))
			return false;
	}
	return true;
}

/*
 * Elements of the array: at least up to the last arena seen, and as many as its block has room
 * for, which are a power of two.  (Arenas without tracked objects were not seen.)
 */
static uint64_t array_length(const struct search *search)
{
	const struct group *last = &search->groups.data[search->groups.size - 1];
	uint64_t least = (uint64_t)last->arena + 1;
	uint64_t room = hs_block_size(search->python, search->best, least * ARENA_OBJECT_SIZE) /
			ARENA_OBJECT_SIZE;
	uint64_t length = FIRST_ARENAS;

	while (2 * length <= room)
		length *= 2;
	return length < least ? least : length;
}

static bool find_arenas(struct search *search)
{
	if (!sight_pools(search) || !group_pools(search))
		return false;
	if (!search->groups.size)
		return true;
	find_array(search);
	/* Something else may happen to look like a pool. */
	if (search->best_score < search->seen.size - search->seen.size / 10)
		return infer_arenas(search);
	return hs_pymalloc_add_arenas(search->python, search->best, array_length(search));
}

bool hs_pymalloc_search(struct hs_python *python)
{
	struct search search = {.python = python};
	bool done = find_arenas(&search);

	search_deinit(&search);
	return done;
}
