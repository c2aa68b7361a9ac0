/* SPDX-License-Identifier: MIT */
/* holder.c: which container holds the new objects of a class. */
#include "libsnap/analysis/holder.h"
#include "libsnap/analysis/place.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"

#include <stdlib.h>

static bool count_reference(struct hs_holders *holders, uint32_t class_number, hs_id container,
			    int64_t sign)
{
	uint32_t number;

	if (!hs_keymap_intern(&holders->keys, hs_site_key(class_number, container), &number))
		return false;
	if (number == holders->counts.size && !hs_vector_push(&holders->counts, 0))
		return false;
	holders->counts.data[number] += sign;
	return true;
}

/* Count the references of the kept object @source. */
static bool count_source(struct hs_holders *holders, const struct hs_side *side,
			 const struct hs_weakness *weakness, hs_id source, int64_t sign)
{
	const struct hs_objects *objects = side->tables.objects;
	uint64_t first = objects->first_edge[source];
	uint64_t end = objects->first_edge[(size_t)source + 1];
	hs_id container = sign > 0 ? source : side->other[source];

	if (container == HS_OPENED)
		return true;
	for (uint64_t edge = first; edge < end; edge++) {
		hs_id target = objects->edges[edge];

		if (!hs_is_head(side, target) || !holders->wanted[side->classes[target]])
			continue;
		if (hs_is_internal(side, source) && !hs_is_internal(side, target))
			continue;
		if (weakness->some[objects->shape[source]] &&
		    hs_weakness_slot(weakness, source, (uint32_t)(edge - first)))
			continue;
		/* A frame's own references come and go; whoever else refers to it holds it. */
		if (hs_tables_role(&side->tables, source) == HS_ROLE_FRAME)
			return true;
		if (!count_reference(holders, side->classes[target], container, sign))
			return false;
	}
	return true;
}

static bool count_side(struct hs_holders *holders, const struct hs_side *side, int64_t sign)
{
	struct hs_weakness weakness;
	bool done = true;

	if (!hs_weakness_init(&weakness, side->tables.snap))
		return false;
	for (hs_id source = 0; done && source < side->tables.objects->count; source++)
		if (hs_is_kept(side, source))
			done = count_source(holders, side, &weakness, source, sign);
	hs_weakness_deinit(&weakness);
	return done;
}

struct hs_error *hs_holders_init(struct hs_holders *holders, struct hs_growth *growth,
				 const uint8_t *wanted)
{
	*holders = (struct hs_holders){.growth = growth, .wanted = wanted};
	if (!count_side(holders, growth->a, -1) || !count_side(holders, growth->b, 1))
		return &hs_enomem;
	return NULL;
}

void hs_holders_deinit(struct hs_holders *holders)
{
	hs_keymap_deinit(&holders->keys);
	hs_vector_deinit(&holders->counts);
	*holders = (struct hs_holders){0};
}

/* The container with most of the class's heads; the one nearer to the roots if there are two. */
static hs_id find_best(const struct hs_holders *holders, uint32_t class_number, int64_t *held)
{
	hs_id best = HS_NONE;

	*held = 0;
	for (uint32_t i = 0; i < holders->keys.count; i++) {
		hs_id container = (hs_id)holders->keys.keys[i];
		int64_t count = holders->counts.data[i];

		if (holders->keys.keys[i] >> 32 != class_number || count < *held || count <= 0)
			continue;
		if (count > *held || container < best) {
			best = container;
			*held = count;
		}
	}
	return best;
}

/*
 * The only head of class @class_number that @container refers to, if it is a namespace that does
 * so by name: in head = Node(head), what holds all nodes is not the module but its head.
 */
static hs_id named_head(struct hs_side *side, uint32_t class_number, hs_id container)
{
	const struct hs_objects *objects = side->tables.objects;
	uint64_t first = objects->first_edge[container];
	uint64_t end = objects->first_edge[(size_t)container + 1];
	hs_id found = HS_NONE;

	if ((!objects->owner || objects->owner[container] == HS_NONE) &&
	    hs_tables_role(&side->tables, container) != HS_ROLE_MODULE)
		return HS_NONE;
	for (uint64_t edge = first; edge < end; edge++) {
		hs_id target = objects->edges[edge];
		struct hs_label label;

		if (!hs_is_head(side, target) || side->classes[target] != class_number)
			continue;
		label = hs_side_label(side, container, (uint32_t)(edge - first));
		if (found != HS_NONE || !label.name.size ||
		    hs_forest_source(side, target) != container)
			return HS_NONE;
		found = target;
	}
	return found;
}

/* Whether so much hangs below @object anyway that it explains nothing. */
static bool is_too_general(const struct hs_side *side, hs_id object)
{
	const hs_id *owners = side->tables.objects->owner;

	if (side->forest->parent[object] == HS_PARENT_ROOT)
		return true;
	if (owners && owners[object] != HS_NONE)
		object = owners[object];
	return hs_tables_role(&side->tables, object) == HS_ROLE_MODULE;
}

/* How many of the class's new objects, or only of its heads, are at or below each object. */
static uint32_t *count_below(const struct hs_side *side, uint32_t class_number, bool heads_only)
{
	hs_id count = side->tables.objects->count;
	uint32_t *below = calloc((size_t)count + 1, sizeof(*below));

	for (hs_id i = count; below && i-- > 0;) {
		hs_id object = side->forest->order[i];
		uint64_t edge = side->forest->parent[object];

		below[object] +=
			side->classes[object] == class_number &&
			(heads_only ? hs_is_head(side, object) : !hs_is_kept(side, object));
		if (below[object] && edge != HS_PARENT_ROOT && edge != HS_PARENT_NONE)
			below[hs_graph_edge_source(side->graph, edge)] += below[object];
	}
	return below;
}

/*
 * The object farthest from the roots at or below which are at least half of the class's new
 * objects, or only of its heads; *@ret stays if there is none that explains anything.
 */
static bool find_common(const struct hs_side *side, uint32_t class_number, bool heads_only,
			hs_id *ret, int64_t *held)
{
	_cleanup_free_ uint32_t *below = count_below(side, class_number, heads_only);
	uint64_t total = 0;

	if (!below)
		return false;
	for (hs_id i = 0; i < side->tables.objects->count; i++)
		total += side->classes[i] == class_number &&
			 (heads_only ? hs_is_head(side, i) : !hs_is_kept(side, i));
	for (hs_id i = side->forest->reached; total && i-- > 0;) {
		hs_id object = side->forest->order[i];

		if (below[object] < (total + 1) / 2)
			continue;
		if (!is_too_general(side, object)) {
			*ret = object;
			*held = below[object];
		}
		break;
	}
	return true;
}

/*
 * One of the class's new heads, the first in the forest; HS_NONE if there is none.  If no root
 * reaches most of them, it is the first of these: the others may be due to a variable of C code
 * that nobody cleared.
 */
static hs_id first_head(const struct hs_side *side, uint32_t class_number)
{
	hs_id first[2] = {HS_NONE, HS_NONE}; /* reached, unreached */
	hs_id count[2] = {0, 0};

	for (hs_id i = 0; i < side->tables.objects->count; i++) {
		hs_id object = side->forest->order[i];
		bool unreached = i >= side->forest->reached;

		if (!hs_is_head(side, object) || side->classes[object] != class_number)
			continue;
		if (!count[unreached]++)
			first[unreached] = object;
	}
	return first[count[1] > count[0]];
}

static bool is_lost(const struct hs_side *side, hs_id object)
{
	const uint16_t *flags = side->tables.objects->flags;

	return flags && flags[object] & HS_OBJECT_LOST;
}

/* How many more heads of class @class_number there are of which references were lost. */
static int64_t lost_heads(const struct hs_growth *growth, uint32_t class_number)
{
	const struct hs_side *const sides[] = {growth->a, growth->b};
	int64_t lost = 0;

	for (size_t i = 0; i < 2; i++)
		for (hs_id object = 0; object < sides[i]->tables.objects->count; object++)
			if (is_lost(sides[i], object) && hs_is_head(sides[i], object) &&
			    sides[i]->classes[object] == class_number)
				lost += i ? 1 : -1;
	return lost;
}

static void call_lost(struct hs_suspect *suspect)
{
	suspect->cause = HS_CAUSE_LOST_REFERENCE;
	suspect->reason =
		hs_str_of("references to them were lost: nothing that is seen holds them, "
			  "yet their reference counts say that somebody does, native "
			  "code that forgot to let go of them or keeps them unseen");
}

/* Say why no root reaches @object. */
static void explain_unreached(struct hs_side *side, hs_id object, struct hs_suspect *suspect)
{
	for (hs_id above = object; above != HS_NONE; above = hs_forest_source(side, above)) {
		if (!is_lost(side, above))
			continue;
		call_lost(suspect);
		return;
	}
	if (side->tables.objects->flags) {
		suspect->cause = HS_CAUSE_GARBAGE;
		suspect->reason = hs_str_of("nothing holds them: garbage that awaits a collection");
		return;
	}
	suspect->reason = hs_str_of("no root reaches them: garbage not yet collected, or held by "
				    "native code");
}

/*
 * Fill in the holder: @object, and the way to @innermost, which is @object itself or something
 * below it that stands for many of its kind.
 */
static struct hs_error *fill_in(struct hs_side *side, hs_id object, hs_id innermost, uint64_t held,
				struct hs_arena *arena, struct hs_suspect *suspect)
{
	const struct hs_objects *objects = side->tables.objects;
	struct hs_place place;
	struct hs_error *err;
	struct hs_str kind;

	err = hs_place_describe(&side->tables, side->graph, innermost,
				innermost == object ? HS_NONE : object, arena, &place,
				&suspect->held);
	if (err)
		return err;
	if (!suspect->held) {
		explain_unreached(side, object, suspect);
		return NULL;
	}
	if (!hs_arena_str(arena, side->tables.types[objects->type[object]].name, &kind))
		return &hs_enomem;
	suspect->holder = (struct hs_holder){
		.kind = kind,
		.address = objects->address[object],
		.path = place.path,
		.label = place.label,
		.held = held ? held : 1,
	};
	return NULL;
}

/* The same if @object is not one of the new objects but contains them. */
static struct hs_error *fill_container(struct hs_side *side, hs_id object, hs_id innermost,
				       uint64_t held, struct hs_arena *arena,
				       struct hs_suspect *suspect)
{
	struct hs_error *err = fill_in(side, object, innermost, held, arena, suspect);

	if (!err && suspect->held)
		suspect->cause = HS_CAUSE_CONTAINER;
	return err;
}

static struct hs_error *find_holder(const struct hs_holders *holders, uint32_t class_number,
				    struct hs_arena *arena, struct hs_suspect *suspect,
				    hs_id *holder)
{
	struct hs_side *side = holders->growth->b;
	const struct hs_class_growth *class = &holders->growth->classes[class_number];
	int64_t held;
	hs_id innermost;
	hs_id object;

	if (class->grown != HS_NONE && class->own > class->score / 2) {
		*holder = class->grown;
		return fill_in(side, class->grown, class->grown, 1, arena, suspect);
	}
	if (class->heads > 0 && 2 * lost_heads(holders->growth, class_number) >= class->heads) {
		call_lost(suspect);
		return NULL;
	}
	innermost = object = find_best(holders, class_number, &held);
	if (object != HS_NONE) {
		hs_id named = named_head(side, class_number, object);

		if (held < (class->heads + 1) / 2) {
			if (!find_common(side, class_number, true, &object, &held))
				return &hs_enomem;
		} else if (named != HS_NONE) {
			innermost = object = named;
		}
		*holder = object;
		return fill_container(side, object, innermost, (uint64_t)held, arena, suspect);
	}
	object = first_head(side, class_number);
	if (object == HS_NONE) {
		/* All hang below new objects of other classes. */
		if (!find_common(side, class_number, false, &object, &held))
			return &hs_enomem;
		*holder = object;
		if (object != HS_NONE)
			return fill_container(side, object, object, (uint64_t)held, arena, suspect);
	}
	/* A head without referrers is a root, a frame's local variable for example, or adrift. */
	*holder = object;
	if (object != HS_NONE)
		return fill_in(side, object, object, (uint64_t)held, arena, suspect);
	suspect->reason = hs_str_of("its new objects hang in many others that are new themselves");
	return NULL;
}

struct hs_error *hs_holder_find(const struct hs_holders *holders, uint32_t class_number,
				struct hs_arena *arena, struct hs_suspect *suspect, hs_id *object)
{
	*object = HS_NONE;
	return find_holder(holders, class_number, arena, suspect, object);
}
