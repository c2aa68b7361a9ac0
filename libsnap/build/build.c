/* SPDX-License-Identifier: MIT */
/* build.c: collecting what a producer says about a heap. */
#include "libsnap/build/build.h"

#include "format/base/hash.h"
#include "format/base/spill.h"
#include "format/base/str.h"
#include "libsnap/build/builder.h"
#include <stdlib.h>
#include <xxhash.h>

enum {
	FIRST_SHAPE_SLOTS = 256,
};

struct hs_build *hs_build_create(void)
{
	struct hs_build *build = calloc(1, sizeof(*build));

	if (!build)
		return NULL;
	build->snap = hs_snapshot_create();
	build->shape_slots = calloc(FIRST_SHAPE_SLOTS, sizeof(*build->shape_slots));
	build->shape_slot_count = FIRST_SHAPE_SLOTS;
	build->reached = HS_NONE;
	build->piles.address.deltas = true;
	build->piles.edges.deltas = true;
	build->shape_seed = hs_hash_seed();
	if (!build->snap || !build->shape_slots ||
	    !hs_strtab_init(&build->strings, build->snap->arena)) {
		hs_build_destroy(build);
		return NULL;
	}
	return build;
}

/* Do @each with every column. */
static void for_each_pile(struct hs_build_piles *piles,
			  void (*each)(struct hs_pile *pile, struct hs_spill *spill),
			  struct hs_spill *spill)
{
	struct hs_pile *all[] = {
		&piles->address,     &piles->type,  &piles->size,	&piles->allocated,
		&piles->refcount,    &piles->flags, &piles->generation, &piles->owner,
		&piles->fingerprint, &piles->site,  &piles->shape,	&piles->visible,
		&piles->degree,	     &piles->edges,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		each(all[i], spill);
}

static void destroy_pile(struct hs_pile *pile, struct hs_spill *spill)
{
	(void)spill;
	hs_pile_deinit(pile);
}

static void spill_pile(struct hs_pile *pile, struct hs_spill *spill)
{
	pile->spill = spill;
}

void hs_build_spill(struct hs_build *build, struct hs_spill *spill)
{
	build->snap->columns.spill = hs_spill_share(spill);
	for_each_pile(&build->piles, spill_pile, spill);
}

void hs_build_destroy(struct hs_build *build)
{
	if (!build)
		return;
	hs_vector_deinit(&build->types);
	hs_vector_deinit(&build->shapes);
	hs_vector_deinit(&build->roots);
	hs_vector_deinit(&build->threads);
	hs_vector_deinit(&build->frames);
	hs_vector_deinit(&build->regions);
	hs_vector_deinit(&build->extents);
	hs_vector_deinit(&build->sites);
	hs_vector_deinit(&build->collectors);
	hs_vector_deinit(&build->gaps);
	hs_strtab_deinit(&build->strings);
	hs_vector_deinit(&build->more);
	for_each_pile(&build->piles, destroy_pile, NULL);
	free(build->shape_slots);
	free(build->site_slots);
	hs_snapshot_destroy(build->snap);
	free(build);
}

uint32_t hs_build_string(struct hs_build *build, struct hs_str str)
{
	uint32_t ret = 0;

	if (!build->failed && !hs_strtab_intern(&build->strings, str, &ret))
		build->failed = true;
	return ret;
}

struct hs_str hs_build_string_at(const struct hs_build *build, uint32_t string)
{
	return build->strings.strings.data[string];
}

/* The interned copy of @str. */
static struct hs_str intern(struct hs_build *build, struct hs_str str)
{
	uint32_t string = hs_build_string(build, str);

	return build->strings.strings.data[string];
}

uint32_t hs_build_type(struct hs_build *build, struct hs_str name, struct hs_str module,
		       enum hs_role role, uint32_t object)
{
	struct hs_type type = {
		.name = intern(build, name),
		.module = intern(build, module),
		.role = role,
		.object = object,
	};

	if ((unsigned int)role >= HS_ROLE_COUNT)
		hs_build_blame(build, HS_BUILD_BAD_KIND);
	if (build->types.size >= HS_NONE) {
		hs_build_blame(build, HS_BUILD_TOO_MANY);
		return 0;
	}
	if (!hs_vector_push(&build->types, type)) {
		build->failed = true;
		return 0;
	}
	return (uint32_t)build->types.size - 1;
}

static bool runs_equal(const struct hs_run *a, const struct hs_run *b, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (a[i].kind != b[i].kind || a[i].strength != b[i].strength ||
		    a[i].operand != b[i].operand || a[i].count != b[i].count)
			return false;
	return true;
}

static uint64_t hash_shape(const struct hs_shape *shape, uint64_t seed)
{
	uint64_t hash = ((uint64_t)shape->first_hidden << 32 | shape->count) ^ seed;

	for (uint32_t i = 0; i < shape->count; i++) {
		const struct hs_run *run = &shape->runs[i];
		uint64_t words[2] = {(uint64_t)run->operand << 32 | run->count,
				     (uint64_t)run->kind << 8 | run->strength};

		hash = XXH3_64bits_withSeed(words, sizeof(words), hash);
	}
	return hash;
}

/* The slot of @shape, or the free slot where it belongs. */
static size_t find_shape(const struct hs_build *build, const struct hs_shape *shape)
{
	size_t mask = build->shape_slot_count - 1;
	size_t slot = (size_t)hash_shape(shape, build->shape_seed) & mask;

	for (; build->shape_slots[slot]; slot = (slot + 1) & mask) {
		const struct hs_shape *other = &build->shapes.data[build->shape_slots[slot] - 1];

		if (other->count == shape->count && other->first_hidden == shape->first_hidden &&
		    runs_equal(other->runs, shape->runs, shape->count))
			break;
	}
	return slot;
}

static bool grow_shape_slots(struct hs_build *build)
{
	size_t count = build->shape_slot_count * 2;
	uint32_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return false;
	free(build->shape_slots);
	build->shape_slots = slots;
	build->shape_slot_count = count;
	for (size_t i = 0; i < build->shapes.size; i++)
		slots[find_shape(build, &build->shapes.data[i])] = (uint32_t)i + 1;
	return true;
}

static void check_shape(struct hs_build *build, const struct hs_shape *shape)
{
	if (!hs_shape_bounds(shape).valid)
		hs_build_blame(build, HS_BUILD_BAD_SHAPE);
	for (uint32_t i = 0; i < shape->count; i++) {
		const struct hs_run *run = &shape->runs[i];

		if (run->kind >= HS_LABEL_COUNT || run->strength > HS_GENERIC)
			hs_build_blame(build, HS_BUILD_BAD_KIND);
		if (hs_label_has_name(run->kind) && run->operand >= build->strings.strings.size)
			hs_build_blame(build, HS_BUILD_BAD_STRING);
	}
}

static bool add_shape(struct hs_build *build, const struct hs_shape *shape, size_t slot)
{
	struct hs_shape copy = *shape;

	copy.runs =
		hs_arena_copy(build->snap->arena, shape->runs, shape->count * sizeof(*shape->runs));
	if (!copy.runs || !hs_vector_push(&build->shapes, copy))
		return false;
	build->shape_slots[slot] = (uint32_t)build->shapes.size;
	return build->shapes.size * 2 < build->shape_slot_count || grow_shape_slots(build);
}

uint32_t hs_build_shape(struct hs_build *build, const struct hs_run *runs, uint32_t count,
			uint32_t first_hidden)
{
	struct hs_shape shape = {.runs = runs, .count = count, .first_hidden = first_hidden};
	size_t slot;

	if (build->failed)
		return 0;
	slot = find_shape(build, &shape);
	if (build->shape_slots[slot])
		return build->shape_slots[slot] - 1;
	check_shape(build, &shape);
	if (build->shapes.size >= HS_NONE) {
		hs_build_blame(build, HS_BUILD_TOO_MANY);
		return 0;
	}
	if (!add_shape(build, &shape, slot)) {
		build->failed = true;
		return 0;
	}
	return (uint32_t)build->shapes.size - 1;
}

/* The object added last has all its references. */
static bool end_object(struct hs_build *build)
{
	size_t degree = build->edge_count - build->first_edge;

	build->first_edge = build->edge_count;
	return !build->object_count || hs_pile_push(&build->piles.degree, degree);
}

void hs_build_object(struct hs_build *build, const struct hs_build_object *object)
{
	struct hs_build_piles *p = &build->piles;
	uint32_t i = build->object_count;

	if (build->failed || build->misuse == HS_BUILD_TOO_MANY)
		return;
	if (i == HS_NONE) {
		hs_build_blame(build, HS_BUILD_TOO_MANY);
		return;
	}
	if (object->site > build->sites.size)
		hs_build_blame(build, HS_BUILD_NO_SITE);
	/* What is HS_NONE most of the time becomes 0. */
	if (!end_object(build) ||
	    (!build->addresses_later && !hs_pile_push(&p->address, object->address)) ||
	    !hs_pile_push(&p->type, object->type) || !hs_pile_push(&p->size, object->size) ||
	    !hs_pile_push(&p->allocated, object->allocated - object->size) ||
	    !hs_pile_push(&p->refcount, object->refcount) ||
	    !hs_pile_push(&p->flags, object->flags) ||
	    !hs_pile_push(&p->generation, object->generation) ||
	    !hs_pile_push(&p->owner, (uint32_t)(object->owner + 1)) ||
	    !hs_pile_push(&p->fingerprint, object->fingerprint) ||
	    !hs_pile_push(&p->site, object->site) || !hs_pile_push(&p->shape, object->shape) ||
	    !hs_pile_push(&p->visible, object->visible)) {
		build->failed = true;
		return;
	}
	build->object_count++;
}

void hs_build_preview(struct hs_build *build, const struct hs_preview *preview)
{
	if (build->failed)
		return;
	if (!build->object_count) {
		hs_build_blame(build, HS_BUILD_NO_OBJECT);
		return;
	}
	if (preview->kind < HS_PREVIEW_TEXT || preview->kind >= HS_PREVIEW_KIND_COUNT) {
		hs_build_blame(build, HS_BUILD_BAD_KIND);
		return;
	}
	if (!hs_previews_add(&build->snap->previews, build->object_count - 1, preview))
		build->failed = true;
}

void hs_build_edges(struct hs_build *build, const uint32_t *targets, size_t count)
{
	if (build->failed || !count)
		return;
	if (!build->object_count) {
		hs_build_blame(build, HS_BUILD_NO_OBJECT);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (!hs_pile_push(&build->piles.edges, targets[i])) {
			build->failed = true;
			return;
		}
	}
	build->edge_count += count;
}

void hs_build_edge(struct hs_build *build, uint32_t target)
{
	hs_build_edges(build, &target, 1);
}

/* Lay @pile out as a column of elements of @size bytes; NULL if memory ran out. */
static void *lay_out(struct hs_build *build, struct hs_pile *pile, size_t size)
{
	/* No column is NULL, and an element more does no harm. */
	void *column =
		hs_columns_alloc(&build->snap->columns, (size_t)hs_pile_count(pile) + 1, size);

	if (column)
		hs_pile_take(pile, column, size);
	return column;
}

#define LAY_OUT(build, name)                                                                       \
	((build)->snap->columns.name =                                                             \
		 lay_out((build), &(build)->piles.name, sizeof(*(build)->snap->columns.name)))

bool hs_build_close_columns(struct hs_build *build)
{
	struct hs_columns *c = &build->snap->columns;
	uint64_t edge = 0;

	if (!end_object(build) || (!build->addresses_later && !LAY_OUT(build, address)) ||
	    !LAY_OUT(build, edges) || !LAY_OUT(build, type) || !LAY_OUT(build, shape) ||
	    !LAY_OUT(build, visible) || !LAY_OUT(build, refcount) || !LAY_OUT(build, flags) ||
	    !LAY_OUT(build, owner))
		return false;
	c->first_edge = lay_out(build, &build->piles.degree, sizeof(*c->first_edge));
	if (!c->first_edge)
		return false;
	for (uint32_t i = 0; i < build->object_count; i++) {
		uint64_t degree = c->first_edge[i];

		c->first_edge[i] = edge;
		edge += degree;
		c->owner[i]--;
		if (i % HS_SPILL_STRIDE == 0)
			hs_spill_relieve(c->spill);
	}
	c->first_edge[build->object_count] = edge;
	return true;
}

bool hs_build_lay_out_size(struct hs_build *build)
{
	return LAY_OUT(build, size);
}

bool hs_build_lay_out_allocated(struct hs_build *build)
{
	struct hs_columns *c = &build->snap->columns;

	/* What was kept is how much more it is than the size. */
	if (!LAY_OUT(build, allocated))
		return false;
	for (uint32_t i = 0; i < build->object_count; i++) {
		c->allocated[i] += c->size[i];
		if (i % HS_SPILL_STRIDE == 0)
			hs_spill_relieve(c->spill);
	}
	for (size_t i = 0; i < build->more.size; i++)
		c->allocated[build->more.data[i].object] += build->more.data[i].bytes;
	return true;
}

bool hs_build_lay_out_generation(struct hs_build *build)
{
	return LAY_OUT(build, generation);
}

bool hs_build_lay_out_fingerprint(struct hs_build *build)
{
	return LAY_OUT(build, fingerprint);
}

bool hs_build_lay_out_site(struct hs_build *build)
{
	if (!build->sites.size)
		return true;
	if (!LAY_OUT(build, site))
		return false;
	for (uint32_t i = 0; i < build->object_count; i++)
		build->snap->columns.site[i]--; /* 0 becomes HS_NONE */
	return true;
}

void hs_build_omit_addresses(struct hs_build *build)
{
	build->addresses_later = true;
}

void hs_build_relieve(const struct hs_build *build)
{
	hs_spill_relieve(build->snap->columns.spill);
}

void *hs_build_column(const struct hs_build *build, size_t count, size_t size)
{
	return hs_columns_alloc(&build->snap->columns, count, size);
}

void hs_build_addresses(struct hs_build *build, hs_addr *addresses)
{
	hs_columns_free(&build->snap->columns, build->snap->columns.address);
	build->snap->columns.address = addresses;
}

void hs_build_allocated(struct hs_build *build, uint32_t object, uint64_t bytes)
{
	const struct hs_build_more more = {object, bytes};

	if (!build->failed && object < build->object_count && !hs_vector_push(&build->more, more))
		build->failed = true;
}

void hs_build_reached(struct hs_build *build)
{
	build->reached = build->object_count;
}

uint32_t hs_build_object_count(const struct hs_build *build)
{
	return build->object_count;
}

uint64_t hs_build_edge_count(const struct hs_build *build)
{
	return build->edge_count;
}

void hs_build_root(struct hs_build *build, enum hs_root_rank rank, uint32_t object,
		   struct hs_str name, uint32_t thread, uint32_t frame)
{
	struct hs_root root = {
		.rank = rank,
		.object = object,
		.name = intern(build, name),
		.thread = thread,
		.frame = frame,
	};

	if ((unsigned int)rank >= HS_ROOT_RANK_COUNT)
		hs_build_blame(build, HS_BUILD_BAD_KIND);
	if (!hs_vector_push(&build->roots, root))
		build->failed = true;
}

uint32_t hs_build_thread(struct hs_build *build, uint64_t native_id, struct hs_str name)
{
	struct hs_thread thread = {.native_id = native_id, .name = intern(build, name)};

	if (!hs_vector_push(&build->threads, thread)) {
		build->failed = true;
		return 0;
	}
	return (uint32_t)build->threads.size - 1;
}

uint32_t hs_build_frame(struct hs_build *build, uint32_t thread, struct hs_str function,
			struct hs_str file, uint32_t line)
{
	struct hs_frame frame = {
		.thread = thread,
		.function = intern(build, function),
		.file = intern(build, file),
		.line = line,
	};

	if (!hs_vector_push(&build->frames, frame)) {
		build->failed = true;
		return 0;
	}
	return (uint32_t)build->frames.size - 1;
}

void hs_build_region(struct hs_build *build, const struct hs_region *region)
{
	struct hs_region copy = *region;

	copy.name = intern(build, region->name);
	if (!hs_vector_push(&build->regions, copy))
		build->failed = true;
}

void hs_build_extent(struct hs_build *build, const struct hs_extent *extent)
{
	struct hs_extent copy = *extent;

	copy.allocator = intern(build, extent->allocator);
	copy.state = intern(build, extent->state);
	if (!hs_vector_push(&build->extents, copy))
		build->failed = true;
}

void hs_build_collector(struct hs_build *build, const struct hs_collector *collector)
{
	if (!hs_vector_push(&build->collectors, *collector))
		build->failed = true;
}

void hs_build_gap(struct hs_build *build, const char *reason, uint64_t count, hs_addr example)
{
	struct hs_gap gap = {
		.reason = intern(build, hs_str_of(reason)),
		.count = count,
		.example = example,
	};

	if (build->failed)
		return;
	for (size_t i = 0; i < build->gaps.size; i++) {
		if (build->gaps.data[i].reason.data != gap.reason.data)
			continue;
		build->gaps.data[i].count += count;
		if (!build->gaps.data[i].example)
			build->gaps.data[i].example = example;
		return;
	}
	if (!hs_vector_push(&build->gaps, gap))
		build->failed = true;
}

void hs_build_info(struct hs_build *build, const struct hs_info *info)
{
	struct hs_info copy = *info;
	struct hs_str *command;

	copy.gaps = NULL;
	copy.gap_count = 0;
	copy.runtime = intern(build, info->runtime);
	copy.version = intern(build, info->version);
	copy.boot_id = intern(build, info->boot_id);
	copy.mode = intern(build, info->mode);
	copy.reason = intern(build, info->reason);
	command = hs_arena_array(build->snap->arena, info->command_count, sizeof(*command));
	if (!command) {
		build->failed = true;
		return;
	}
	for (size_t i = 0; i < info->command_count; i++)
		command[i] = intern(build, info->command[i]);
	copy.command = command;
	build->info = copy;
}
