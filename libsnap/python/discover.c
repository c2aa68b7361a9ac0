/* SPDX-License-Identifier: MIT */
/* discover.c: finding all objects of a heap. */
#include "libsnap/python/discover.h"

#include "format/base/huge.h"
#include "libsnap/python/ahead.h"
#include "libsnap/python/interp.h"
#include "libsnap/python/visit/visit.h"

enum {
	GENERATION_STRIDE = 24, /* sizeof(struct gc_generation) */
	FLAG_BITS = 3,		/* the collector's own, in both words of PyGC_Head */
	PROGRESS_EVERY = 1 << 16,
};

static bool is_odd(hs_addr address)
{
	return address >> 3 & 1;
}

/*
 * Note that @owner is whose namespace @dict is.  Some share one (all instances of a class, by way
 * of self.__dict__): it is then the first's, by address, so that the answer is always the same.
 */
static void claim(struct hs_python *python, hs_addr dict, uint32_t owner)
{
	uint32_t granule = dict ? hs_image_granule(python->image, dict) : HS_NONE;

	/* HS_NONE, for nobody, is the largest number. */
	if (granule >= python->granules || owner >= hs_python_owner(python, granule))
		return;
	hs_bitmap_set(&python->owned, granule);
	if (!hs_map32_put(&python->owners, granule, owner))
		python->nomem = true;
}

/* The static types' dicts are kept away from the types; claim them when the type turns up. */
static void claim_type_dict(struct hs_python *python, hs_addr address, uint32_t granule)
{
	const struct hs_pytype *type = hs_type_at(python, address);

	if (type)
		claim(python, hs_type_dict(python, type), granule);
}

/* The type of the object at @address; NULL if what lies there cannot be an object. */
static struct hs_pytype *sound_type(struct hs_python *python, hs_addr address)
{
	uint64_t header[2];

	if (address & 7 || !hs_image_pair(python->image, address, header) ||
	    !hs_refcount_sound(python, header[0]))
		return NULL;
	return hs_type_at(python, header[1]);
}

uint32_t hs_discover(struct hs_python *python, hs_addr address)
{
	uint32_t granule = hs_image_granule(python->image, address);
	const struct hs_pytype *type;

	if (granule >= python->granules || address & 7)
		return HS_NONE;
	if (hs_bitmap_get(&python->marked, granule))
		return hs_bitmap_get(&python->odd, granule) == is_odd(address) ? granule : HS_NONE;
	type = sound_type(python, address);
	if (!type)
		return HS_NONE;
	if (!hs_vector_push(&python->queue, granule)) {
		python->nomem = true;
		return HS_NONE;
	}
	if (python->queue.size % HS_SPILL_STEPS == 0)
		hs_spill_relieve(python->image->spill);
	hs_bitmap_set(&python->marked, granule);
	if (is_odd(address))
		hs_bitmap_set(&python->odd, granule);
	if (type->flags & PY_FLAG_TYPE_SUBCLASS)
		claim_type_dict(python, address, granule);
	return granule;
}

uint32_t hs_discover_weak(struct hs_python *python, hs_addr address)
{
	uint32_t granule = hs_image_granule(python->image, address);

	if (python->strong_done || granule >= python->granules ||
	    hs_bitmap_get(&python->marked, granule))
		return hs_discover(python, address);
	if (!sound_type(python, address))
		return HS_NONE;
	if (!hs_vector_push(&python->weakly, address))
		python->nomem = true;
	return granule;
}

void hs_discover_weakly(struct hs_python *python)
{
	python->strong_done = true;
	for (size_t i = 0; i < python->weakly.size; i++)
		hs_discover(python, python->weakly.data[i]);
}

static hs_addr address_of(const struct hs_python *python, uint32_t granule)
{
	return hs_image_address(python->image, granule) +
	       (hs_bitmap_get(&python->odd, granule) ? 8 : 0);
}

/*
 * Describe the object at @address.  Some are smaller than their type's basic size says (a compact
 * str): at the end of a mapping only what is there may be read.
 */
static bool open_object(struct hs_python *python, hs_addr address, uint32_t granule,
			struct hs_object *ret)
{
	struct hs_object object = {.address = address, .granule = granule};
	uint64_t offset = address & (HS_PAGE_SIZE - 1);
	uint64_t left = HS_PAGE_SIZE - offset;
	/* What a granule is known of was read. */
	const uint8_t *here = python->image->data +
			      (granule / HS_GRANULES_PER_PAGE * (size_t)HS_PAGE_SIZE) + offset;
	hs_addr type_at;

	if (left >= PY_HEADER_SIZE)
		memcpy(&type_at, here + PY_TYPE, sizeof(type_at));
	else if (!hs_image_u64(python->image, address + PY_TYPE, &type_at))
		return false;
	object.type = hs_type_at(python, type_at);
	if (!object.type)
		return false;
	object.size = object.type->basicsize;
	object.body = object.size <= left ? here : hs_image_at(python->image, address, object.size);
	if (!object.body) {
		object.size = left;
		object.body = here;
	}
	*ret = object;
	return true;
}

bool hs_discover_open(struct hs_python *python, uint32_t granule, struct hs_object *ret)
{
	return open_object(python, address_of(python, granule), granule, ret);
}

void hs_discover_run(struct hs_python *python, hs_progress_fn *progress, void *context)
{
	for (; python->visited < python->queue.size && !python->nomem; python->visited++) {
		uint32_t granule = python->queue.data[python->visited];
		struct hs_object object;

		hs_ahead_of(python, python->visited);
		if (python->visited % HS_SPILL_STEPS == 0)
			hs_spill_relieve(python->image->spill);
		if (progress && python->visited % PROGRESS_EVERY == 0)
			progress(context, "reading objects", python->visited, python->queue.size);
		/* It was looked at when it was queued and the image does not change. */
		if (open_object(python, address_of(python, granule), granule, &object))
			hs_visit_object(python, &object);
	}
}

/* Note whose namespace a dict is, before any dict is visited. */
static void claim_namespace(struct hs_python *python, hs_addr address, uint32_t granule)
{
	struct hs_object object;

	/* Otherwise it will not be part of the snapshot, and cannot own what is. */
	if (!sound_type(python, address) || !open_object(python, address, granule, &object) ||
	    !(object.type->dictoffset || object.type->flags & PY_FLAG_MANAGED_DICT))
		return;
	claim(python, hs_instance_dict(python, &object), granule);
}

static void note_tracked(struct hs_python *python, hs_addr address, unsigned int generation)
{
	uint32_t granule = hs_image_granule(python->image, address);

	if (granule >= python->granules)
		return;
	hs_bitmap_set(&python->tracked, granule);
	if (is_odd(address))
		hs_bitmap_set(&python->tracked_odd, granule);
	if (generation & 1)
		hs_bitmap_set(&python->generation[0], granule);
	if (generation & 2)
		hs_bitmap_set(&python->generation[1], granule);
	claim_namespace(python, address, granule);
}

/*
 * Walk the list whose sentinel lies at @head; false if it does not link up.  All lists together
 * have no more than @limit objects.
 */
static bool walk_list(struct hs_python *python, hs_addr head, unsigned int generation,
		      uint64_t limit, uint64_t *objects)
{
	hs_addr previous = head;
	hs_addr node;

	if (!hs_image_u64(python->image, head, &node))
		return false;
	node &= ~(hs_addr)FLAG_BITS;
	while (node != head) {
		uint64_t words[2];

		if (*objects >= limit || !hs_image_pair(python->image, node, words) ||
		    (words[1] & ~(hs_addr)FLAG_BITS) != previous)
			return false;
		note_tracked(python, node + PY_GC_HEAD_SIZE, generation);
		if (++*objects % HS_SPILL_STEPS == 0)
			hs_spill_relieve(python->image->spill);
		previous = node;
		node = words[0] & ~(hs_addr)FLAG_BITS;
	}
	return true;
}

void hs_discover_lists(struct hs_python *python, uint64_t *objects, uint64_t *broken)
{
	const uint64_t limit = hs_image_granule_count(python->image);
	hs_addr interp = hs_interp_first(python);

	*objects = 0;
	*broken = 0;
	for (; interp; interp = hs_interp_next(python, interp)) {
		hs_addr gc = hs_interp_gc(python, interp);

		if (!hs_interp_owns_gc(python, interp))
			continue;
		for (unsigned int i = 0; i < 3; i++)
			if (!walk_list(python, gc + python->generations + i * GENERATION_STRIDE, i,
				       limit, objects))
				++*broken;
		if (!walk_list(python, gc + python->layout->gc_permanent_generation,
			       HS_GENERATION_PERMANENT, limit, objects))
			++*broken;
	}
}

void hs_discover_unreached(struct hs_python *python, hs_progress_fn *progress, void *context)
{
	for (uint64_t i = 0; i < (python->granules + 63) / 64; i++) {
		uint64_t left = python->tracked.words[i] & ~python->marked.words[i];

		for (; left; left &= left - 1) {
			uint32_t granule = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(left);
			hs_addr address = hs_image_address(python->image, granule);

			if (hs_bitmap_get(&python->tracked_odd, granule))
				address += 8;
			/* An earlier one of this word may have led to it. */
			if (hs_bitmap_get(&python->marked, granule))
				continue;
			if (hs_discover(python, address) == HS_NONE)
				hs_python_gap(python, "object on a collector's list is not sound",
					      address);
			hs_discover_run(python, progress, context);
		}
	}
}

bool hs_discover_types(struct hs_python *python)
{
	size_t before = python->queue.size;

	/* By index: visiting may add types, and the table may move. */
	for (size_t i = 0; i < python->type_capacity; i++) {
		const struct hs_pytype *type = python->types[i];
		uint32_t granule;

		if (!type || type->unsound || hs_bitmap_get(&python->marked, type->granule))
			continue;
		granule = hs_discover(python, type->address);
		if (granule != HS_NONE)
			hs_build_root(python->build, HS_ROOT_INTERNAL, granule,
				      hs_type_raw_name(python, type->address), HS_NONE, HS_NONE);
	}
	return python->queue.size > before;
}

/*
 * Rank of a marked granule among the marked ones, and from there its place in the queue.  A count
 * for every 64 granules makes it two look-ups.
 */
struct hs_ranks {
	const struct hs_bitmap *marked;
	uint64_t granules;
	uint32_t *before; /* marked granules before each word of the bitmap */
	uint32_t *place;  /* by rank: place in the queue */
};

static uint32_t rank_of(const struct hs_ranks *ranks, uint32_t granule)
{
	uint64_t word = ranks->marked->words[granule / 64];
	uint64_t below = word & ((1ull << (granule % 64)) - 1);

	return ranks->before[granule / 64] + (uint32_t)__builtin_popcountll(below);
}

bool hs_discover_keep_pages(struct hs_python *python)
{
	size_t bytes = ((size_t)python->granules / HS_GRANULES_PER_PAGE + 1) * sizeof(hs_addr);

	python->pages = malloc(bytes);
	if (!python->pages)
		return false;
	memcpy(python->pages, python->image->page, bytes - sizeof(hs_addr));
	return true;
}

hs_addr *hs_discover_addresses(const struct hs_python *python)
{
	hs_addr *addresses = hs_build_column(python->build, python->queue.size, sizeof(*addresses));

	for (size_t i = 0; addresses && i < python->queue.size; i++) {
		uint32_t granule = python->queue.data[i];

		addresses[i] = python->pages[granule / HS_GRANULES_PER_PAGE] +
			       ((hs_addr)(granule % HS_GRANULES_PER_PAGE) << HS_GRANULE_SHIFT) +
			       (hs_bitmap_get(&python->odd, granule) ? 8 : 0);
		if (i % HS_SPILL_STRIDE == 0)
			hs_build_relieve(python->build);
	}
	return addresses;
}

struct hs_ranks *hs_ranks_create(const struct hs_python *python)
{
	uint64_t words = (python->granules + 63) / 64;
	struct hs_ranks *ranks = calloc(1, sizeof(*ranks));
	uint32_t sum = 0;

	if (!ranks)
		return NULL;
	ranks->marked = &python->marked;
	ranks->granules = python->granules;
	ranks->before = calloc(words ? words : 1, sizeof(*ranks->before));
	ranks->place = calloc(python->queue.size ? python->queue.size : 1, sizeof(*ranks->place));
	if (!ranks->before || !ranks->place) {
		hs_ranks_destroy(ranks);
		return NULL;
	}
	for (uint64_t i = 0; i < words; i++) {
		ranks->before[i] = sum;
		sum += (uint32_t)__builtin_popcountll(ranks->marked->words[i]);
	}
	for (size_t i = 0; i < python->queue.size; i++) {
		ranks->place[rank_of(ranks, python->queue.data[i])] = (uint32_t)i;
		if (i % HS_SPILL_STRIDE == 0)
			hs_build_relieve(python->build);
	}
	return ranks;
}

void hs_ranks_destroy(struct hs_ranks *ranks)
{
	if (!ranks)
		return;
	free(ranks->before);
	free(ranks->place);
	free(ranks);
}

void hs_discover_resolve(void *context, uint32_t *keys, size_t count)
{
	const struct hs_ranks *ranks = context;

	for (size_t i = 0; i < count; i++) {
		if (keys[i] >= ranks->granules || !hs_bitmap_get(ranks->marked, keys[i]))
			keys[i] = HS_NONE;
		else
			keys[i] = ranks->place[rank_of(ranks, keys[i])];
	}
}
