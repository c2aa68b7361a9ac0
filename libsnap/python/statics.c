/* SPDX-License-Identifier: MIT */
/*
 * statics.c: what the data of the interpreter and of extension modules leads to.
 *
 * C code keeps objects in variables that nothing describes, and in structs that variables point
 * to.  So every word of such data is looked at; it counts if it is the address of an object that
 * nothing else has led to.
 */
#include "libsnap/python/lost.h"

#include "libsnap/python/interp.h"
#include "libsnap/python/programs.h"
#include "libsnap/python/visit/visit.h"

#include <stdio.h>

enum {
	MAX_THREADS = 1 << 20,
	MAX_STATE_SIZE = 4 << 20, /* of an interpreter or a thread; the largest known has 0.4 MiB */
	WORDS_PER_PAGE = HS_PAGE_SIZE / 8,
};

struct statics {
	struct hs_python *python;
	char name[256];		    /* of the roots found */
	HS_VECTOR(hs_addr) structs; /* blocks that were taken, to be looked at */
	size_t done;
};

static void add_root(struct statics *statics, hs_addr address)
{
	struct hs_python *python = statics->python;
	uint32_t granule = hs_discover(python, address);

	if (granule != HS_NONE)
		hs_build_root(python->build, HS_ROOT_INTERNAL, granule,
			      (struct hs_str){statics->name, strlen(statics->name)}, HS_NONE,
			      HS_NONE);
}

/* Whether the collector tracks an object at @granule that was not reached yet. */
static bool is_unreached(const struct hs_python *python, uint32_t granule, hs_addr word)
{
	return hs_bitmap_get(&python->tracked, granule) &&
	       hs_bitmap_get(&python->tracked_odd, granule) == (word >> 3 & 1) &&
	       !hs_bitmap_get(&python->marked, granule);
}

static void try_word(struct statics *statics, hs_addr word)
{
	struct hs_python *python = statics->python;
	struct hs_pymalloc *pymalloc = python->pymalloc;
	uint32_t slot = hs_image_slot_here(python->image, word);
	const struct hs_pool *pool;
	uint32_t granule;
	hs_addr address = 0;
	hs_addr block;

	if (word & 7 || slot >= python->granules / HS_GRANULES_PER_PAGE)
		return;
	granule = slot * HS_GRANULES_PER_PAGE + (uint32_t)(word % HS_PAGE_SIZE >> HS_GRANULE_SHIFT);
	if (is_unreached(python, granule, word)) {
		add_root(statics, word);
		return;
	}
	pool = hs_pool_of(pymalloc, granule);
	if (!pool || word < pool->address + HS_POOL_HEADER_SIZE)
		return;
	block = word - (word - pool->address - HS_POOL_HEADER_SIZE) % pool->block_size;
	granule = hs_image_granule(python->image, block);
	if (granule >= python->granules || !hs_bitmap_get(&pymalloc->blocks, granule))
		return;
	switch (hs_block_content(python, pool, block, &address)) {
	case HS_CONTENT_OBJECT:
		if (address == word)
			add_root(statics, word);
		break;
	case HS_CONTENT_PARKED:
		break;
	case HS_CONTENT_OTHER:
		if (word == block + pymalloc->prefix &&
		    hs_block_take(python, word, 1, HS_BLOCK_STRUCTURE) &&
		    !hs_vector_push(&statics->structs, word))
			python->nomem = true;
		break;
	}
}

/* Try the words from @from to @to, as far as they are there. */
static void try_range(struct statics *statics, hs_addr from, hs_addr to)
{
	while (from < to) {
		hs_addr end = (from | (HS_PAGE_SIZE - 1)) + 1;
		const uint8_t *at;

		if (end > to)
			end = to;
		hs_spill_relieve(statics->python->image->spill);
		at = end - from >= 8 ? hs_image_at(statics->python->image, from, end - from) : NULL;
		if (at && !hs_python_spend(statics->python, (end - from) / 8))
			return;
		for (uint64_t i = 0; at && i + 8 <= end - from; i += 8) {
			hs_addr word;

			memcpy(&word, at + i, sizeof(word));
			if (word)
				try_word(statics, word);
		}
		from = end;
	}
}

/* What the structs found point to. */
static void try_structs(struct statics *statics)
{
	struct hs_python *python = statics->python;

	while (statics->done < statics->structs.size) {
		hs_addr at = statics->structs.data[statics->done++];
		uint64_t size = hs_block_size(python, at, 1) - python->pymalloc->prefix;

		try_range(statics, at, at + size);
	}
}

static void try_programs(struct statics *statics)
{
	struct hs_python *python = statics->python;
	struct hs_program_data data;
	size_t i = 0;

	while (hs_program_data_next(python->image, &i, &data)) {
		const char *base = strrchr(data.file->name, '/');

		base = base ? base + 1 : data.file->name;
		snprintf(statics->name, sizeof(statics->name), "data of %s",
			 python->redact ? HS_REDACTED_FILE : base);
		try_range(statics, data.start, data.end);
		try_structs(statics);
	}
}

/* The state at @at, if it is a block of its own; else it is part of the interpreter's data. */
static void try_state(struct statics *statics, hs_addr at, const char *name)
{
	uint64_t size = hs_block_size(statics->python, at, HS_PAGE_SIZE / 8);

	if (size > MAX_STATE_SIZE)
		size = MAX_STATE_SIZE;
	snprintf(statics->name, sizeof(statics->name), "%s", name);
	try_range(statics, at, at + size);
	try_structs(statics);
}

static void try_states(struct statics *statics)
{
	struct hs_python *python = statics->python;
	const struct hs_layout *layout = python->layout;
	hs_addr interp;

	for (interp = hs_interp_first(python); interp; interp = hs_interp_next(python, interp)) {
		struct hs_chain chain = {0};
		hs_addr thread = 0;

		try_state(statics, interp, "state of an interpreter");
		hs_image_u64(python->image, interp + layout->interp_threads_head, &thread);
		while (thread && hs_chain_step(&chain, thread) && chain.steps < MAX_THREADS &&
		       hs_python_spend(python, 1)) {
			try_state(statics, thread, "state of a thread");
			if (!hs_image_u64(python->image, thread + layout->tstate_next, &thread))
				break;
		}
	}
}

void hs_statics_add(struct hs_python *python)
{
	struct statics statics = {.python = python};

	try_programs(&statics);
	try_states(&statics);
	hs_vector_deinit(&statics.structs);
}
