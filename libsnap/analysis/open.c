/* SPDX-License-Identifier: MIT */
/* open.c: looking into the few heads that account for most of what came with their class. */
#include "libsnap/analysis/side.h"

#include "format/base/cleanup.h"

#include <stdlib.h>

/*
 *	kept ── Queue ── deque ──┬─ Message
 *	        head    .queue   ├─ Message
 *	                         └─ …
 *
 * One new queue with ten thousand messages: not queues grew but messages, and the deque holds
 * them.  Such a head is opened, with what leads by name to the container: they count as kept
 * objects that were empty before, and the messages become heads.
 */
enum {
	OPEN_BYTES = 16 << 10, /* that a head must have below it */
	OPEN_PART = 8,	       /* and which part of all heads of its class */
	MANY = 32, /* new referents without names that make a container worth looking into */
};

struct opening {
	struct hs_side *side;
	uint64_t *below;    /* by head: bytes of what hangs below, itself included */
	uint64_t *of_class; /* by class: the same for all heads of the class */
	uint32_t *children; /* in the forest, without names, of objects on a chain */
	uint8_t *chain;	    /* by object: CHAINED, NEEDED */
};

enum {
	CHAINED = 1 << 0, /* a head that matters, or led to by name from one */
	NEEDED = 1 << 1,  /* a large container, or leading to one */
};

static void opening_deinit(struct opening *opening)
{
	free(opening->below);
	free(opening->of_class);
	free(opening->children);
	free(opening->chain);
}

#define _cleanup_opening_ __attribute__((cleanup(opening_deinit)))

static bool opening_init(struct opening *opening, struct hs_side *side, size_t class_count)
{
	size_t count = (size_t)side->tables.objects->count + 1;

	opening->side = side;
	opening->below = calloc(count, sizeof(*opening->below));
	opening->of_class = calloc(class_count + 1, sizeof(*opening->of_class));
	opening->children = calloc(count, sizeof(*opening->children));
	opening->chain = calloc(count, 1);
	return opening->below && opening->of_class && opening->children && opening->chain;
}

static void add_up(struct opening *opening)
{
	const struct hs_side *side = opening->side;
	const struct hs_objects *objects = side->tables.objects;

	for (hs_id i = 0; i < objects->count; i++) {
		if (hs_is_kept(side, i))
			continue;
		opening->below[side->head[i]] += side->sizes[i];
		opening->of_class[side->classes[side->head[i]]] += side->sizes[i];
	}
}

static bool leads_by_name(struct hs_side *side, hs_id source, uint64_t edge)
{
	uint32_t slot = (uint32_t)(edge - side->tables.objects->first_edge[source]);
	enum hs_label_kind kind;

	kind = hs_side_label(side, source, slot).kind;
	return kind == HS_LABEL_ATTRIBUTE || kind == HS_LABEL_ITEM || kind == HS_LABEL_LOCAL;
}

/* Follow names from the heads that matter. */
static void follow_chains(struct opening *opening)
{
	struct hs_side *side = opening->side;

	for (hs_id i = 0; i < side->tables.objects->count; i++) {
		hs_id object = side->forest->order[i];
		hs_id source;

		if (hs_is_kept(side, object))
			continue;
		if (side->head[object] == object) {
			uint64_t least = opening->of_class[side->classes[object]] / OPEN_PART;

			if (opening->below[object] >= OPEN_BYTES && opening->below[object] >= least)
				opening->chain[object] = CHAINED;
			continue;
		}
		source = hs_forest_source(side, object);
		if (source == HS_NONE || !opening->chain[source])
			continue;
		if (leads_by_name(side, source, side->forest->parent[object]))
			opening->chain[object] = CHAINED;
		else
			opening->children[source]++;
	}
}

/* Namespaces belong to their owners and are none. */
static bool is_container(const struct hs_side *side, hs_id object)
{
	const hs_id *owners = side->tables.objects->owner;

	switch (hs_tables_role(&side->tables, object)) {
	case HS_ROLE_MAPPING:
	case HS_ROLE_SEQUENCE:
	case HS_ROLE_SET:
	case HS_ROLE_OTHER: /* a mapping that is not built in, for example */
	case HS_ROLE_INSTANCE:
		return !owners || owners[object] == HS_NONE;
	case HS_ROLE_TUPLE:
	case HS_ROLE_STRING:
	case HS_ROLE_BYTES:
	case HS_ROLE_NUMBER:
	case HS_ROLE_TYPE:
	case HS_ROLE_MODULE:
	case HS_ROLE_FUNCTION:
	case HS_ROLE_METHOD:
	case HS_ROLE_CODE:
	case HS_ROLE_CELL:
	case HS_ROLE_FRAME:
	case HS_ROLE_GENERATOR:
	case HS_ROLE_WEAKREF:
	case HS_ROLE_COUNT:
		return false;
	}
	return false;
}

/* Open what leads to a large container; whether there was any. */
static bool open_needed(struct opening *opening)
{
	struct hs_side *side = opening->side;
	bool opened = false;

	/* Backwards, so that what is led to comes first. */
	for (hs_id i = side->tables.objects->count; i-- > 0;) {
		hs_id object = side->forest->order[i];
		hs_id source;

		if (!opening->chain[object])
			continue;
		if (!(opening->chain[object] & NEEDED) &&
		    (opening->children[object] < MANY || !is_container(side, object)))
			continue;
		source = hs_forest_source(side, object);
		if (side->head[object] != object && source != HS_NONE)
			opening->chain[source] |= NEEDED;
		side->other[object] = HS_OPENED;
		opened = true;
	}
	return opened;
}

bool hs_open_heads(struct hs_side *side, size_t class_count)
{
	_cleanup_opening_ struct opening opening = {0};

	if (!opening_init(&opening, side, class_count))
		return false;
	add_up(&opening);
	follow_chains(&opening);
	return !open_needed(&opening) || hs_find_heads(side);
}
