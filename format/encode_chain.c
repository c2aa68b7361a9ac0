/* SPDX-License-Identifier: MIT */
/* encode_chain.c: what a snapshot's objects have that those of its base have not. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/hash.h"
#include "format/base/huge.h"
#include "format/base/str.h"
#include "format/chain.h"

void hs_chain_deinit(struct hs_chain *chain)
{
	for (size_t i = 0; i < HS_ROWS_COUNT; i++)
		hs_row_map_deinit(&chain->maps[i]);
	free(chain->changed);
	free(chain->removed);
	free(chain->base_of);
	free(chain->identity);
	free(chain->objects);
	*chain = (struct hs_chain){0};
}

bool hs_chain_same_process(const struct hs_info *a, const struct hs_info *b)
{
	return a->pid && a->boot_id.size && a->pid == b->pid && a->start_ticks == b->start_ticks &&
	       hs_str_equal(a->boot_id, b->boot_id);
}

/* Put the addresses of @objects into @slots, mask + 1 of them: ordinal + 1, 0 if free. */
static uint32_t *find_slot(const struct hs_objects *objects, uint32_t *slots, size_t mask,
			   hs_addr address, uint64_t seed)
{
	size_t slot = (size_t)hs_hash_u64(address, seed) & mask;

	while (slots[slot] && objects->address[slots[slot] - 1] != address)
		slot = (slot + 1) & mask;
	return &slots[slot];
}

struct hs_error *hs_chain_pair(struct hs_chain *chain, const struct hs_snapshot *snap)
{
	const struct hs_objects *base = &chain->base->objects;
	const struct hs_objects *objects = &snap->objects;
	uint64_t seed = hs_hash_seed();
	size_t count = 16;

	while (count < (size_t)base->count * 2)
		count *= 2;
	_cleanup_free_ uint32_t *slots = calloc(count, sizeof(*slots));
	_cleanup_free_ uint64_t *paired = calloc((size_t)base->count / 64 + 1, sizeof(*paired));
	chain->base_of = hs_huge_alloc(objects->count, sizeof(*chain->base_of));
	if (!slots || !paired || !chain->base_of)
		return &hs_enomem;
	for (hs_id i = 0; i < base->count; i++)
		*find_slot(base, slots, count - 1, base->address[i], seed) = i + 1;
	for (hs_id i = 0; i < objects->count; i++) {
		uint32_t *slot = find_slot(base, slots, count - 1, objects->address[i], seed);
		hs_id old = *slot ? *slot - 1 : HS_NONE;

		/* Addresses are distinct, or else whoever comes second is a new object. */
		if (old != HS_NONE && paired[old / 64] >> old % 64 & 1)
			old = HS_NONE;
		if (old != HS_NONE)
			paired[old / 64] |= (uint64_t)1 << old % 64;
		chain->base_of[i] = old;
	}
	return NULL;
}

/* Both snapshots, while they are compared. */
struct comparison {
	struct hs_chain *chain;
	const struct hs_objects *a; /* the base's */
	const struct hs_objects *b;
	hs_id *here;	   /* by base ordinal: the object; HS_NONE: it is gone */
	uint64_t *changed; /* a bit for each base ordinal */
};

/* The row of the base's @row here. */
static uint32_t here(const struct hs_chain *chain, enum hs_row_group group, uint32_t row)
{
	return row == HS_NONE ? HS_NONE : chain->maps[group].row[row];
}

/* Whether @object has the references, and calls them so, that @old had. */
static bool same_references(const struct comparison *c, hs_id old, hs_id object)
{
	const uint64_t *first = c->a->first_edge;
	uint64_t degree = first[old + 1] - first[old];
	const hs_id *left = c->a->edges + first[old];
	const hs_id *right = c->b->edges + c->b->first_edge[object];

	if (c->b->first_edge[object + 1] - c->b->first_edge[object] != degree ||
	    c->a->visible[old] != c->b->visible[object] ||
	    here(c->chain, HS_ROWS_SHAPES, c->a->shape[old]) != c->b->shape[object])
		return false;
	for (uint64_t i = 0; i < degree; i++)
		if (c->chain->base_of[right[i]] != left[i])
			return false;
	return true;
}

#define VALUE(objects, field, i, none) ((objects)->field ? (objects)->field[i] : (none))

static hs_id owner_in_base(const struct comparison *c, hs_id object)
{
	hs_id owner = VALUE(c->b, owner, object, HS_NONE);

	/* A new owner is none in the base, but not the same as none. */
	if (owner == HS_NONE)
		return HS_NONE;
	return c->chain->base_of[owner] == HS_NONE ? HS_NONE - 1 : c->chain->base_of[owner];
}

static bool same_site(const struct comparison *c, hs_id old, hs_id object)
{
	uint32_t site = VALUE(c->a, site, old, HS_NONE);

	/* A site that is not here any more is not none. */
	if (site != HS_NONE && here(c->chain, HS_ROWS_SITES, site) == HS_NONE)
		return false;
	return here(c->chain, HS_ROWS_SITES, site) == VALUE(c->b, site, object, HS_NONE);
}

static bool same_object(const struct comparison *c, hs_id old, hs_id object)
{
#define SAME(field, none) (!c->b->field || VALUE(c->a, field, old, none) == c->b->field[object])
	return here(c->chain, HS_ROWS_TYPES, c->a->type[old]) == c->b->type[object] &&
	       SAME(size, 0) && SAME(allocated, 0) && SAME(refcount, 0) && SAME(flags, 0) &&
	       SAME(generation, HS_GENERATION_NONE) && SAME(fingerprint, 0) &&
	       (!c->b->owner || VALUE(c->a, owner, old, HS_NONE) == owner_in_base(c, object)) &&
	       (!c->b->site || same_site(c, old, object)) && same_references(c, old, object);
#undef SAME
}

/* Give the queue's objects, which changed or are new, and what new ones they lead to identities. */
static void number_from(const struct comparison *c, hs_id *queue, size_t *visited, size_t *queued)
{
	struct hs_chain *chain = c->chain;

	while (*visited < *queued) {
		hs_id object = queue[(*visited)++];
		uint64_t end = c->b->first_edge[object + 1];

		for (uint64_t edge = c->b->first_edge[object]; edge < end; edge++) {
			hs_id target = c->b->edges[edge];

			if (chain->base_of[target] != HS_NONE || chain->identity[target] != HS_NONE)
				continue;
			chain->identity[target] = (hs_id)*queued;
			queue[(*queued)++] = target;
		}
	}
}

/*
 * Number new objects in the order in which those that changed lead to them, breadth first: then
 * most of the references to them are "the next one" (spec/format.md).
 */
static struct hs_error *number_objects(const struct comparison *c)
{
	struct hs_chain *chain = c->chain;
	hs_id count = c->b->count;
	size_t queued = 0;
	size_t visited = 0;

	hs_id *queue = hs_huge_alloc((size_t)chain->listed, sizeof(*queue));

	chain->objects = queue;
	chain->identity = hs_huge_alloc(count, sizeof(*chain->identity));
	if (!queue || !chain->identity)
		return &hs_enomem;
	memset(chain->identity, 0xff, count * sizeof(*chain->identity));
	for (size_t i = 0; i < chain->changed_count; i++)
		queue[queued++] = c->here[chain->changed[i]];
	number_from(c, queue, &visited, &queued);
	for (hs_id i = 0; i < count; i++) {
		if (chain->base_of[i] != HS_NONE) {
			chain->identity[i] = (hs_id)(chain->listed + chain->base_of[i]);
		} else if (chain->identity[i] == HS_NONE) {
			chain->identity[i] = (hs_id)queued;
			queue[queued++] = i;
			number_from(c, queue, &visited, &queued);
		}
	}
	return NULL;
}

/* Fill the lists of what changed and what is gone. */
static struct hs_error *list_changes(const struct comparison *c)
{
	struct hs_chain *chain = c->chain;
	size_t kept = 0;

	for (hs_id i = 0; i < c->a->count; i++) {
		kept += c->here[i] != HS_NONE;
		chain->changed_count += c->changed[i / 64] >> i % 64 & 1;
	}
	chain->removed = hs_huge_alloc(c->a->count - kept, sizeof(*chain->removed));
	chain->changed = hs_huge_alloc(chain->changed_count, sizeof(*chain->changed));
	if (!chain->removed || !chain->changed)
		return &hs_enomem;
	chain->changed_count = 0;
	for (hs_id i = 0; i < c->a->count; i++) {
		if (c->here[i] == HS_NONE)
			chain->removed[chain->removed_count++] = i;
		else if (c->changed[i / 64] >> i % 64 & 1)
			chain->changed[chain->changed_count++] = i;
	}
	chain->listed = chain->changed_count + (c->b->count - kept);
	if (hs_chain_identities(chain) >= HS_NONE)
		return hs_error_create(HS_ERROR_FAILED, "there are too many objects for a base");
	return NULL;
}

struct hs_error *hs_chain_compare(struct hs_chain *chain, const struct hs_snapshot *snap)
{
	struct comparison c = {.chain = chain, .a = &chain->base->objects, .b = &snap->objects};
	struct hs_error *err;

	_cleanup_free_ hs_id *here_of = hs_huge_alloc(c.a->count, sizeof(*here_of));
	_cleanup_free_ uint64_t *changed = calloc((size_t)c.a->count / 64 + 1, sizeof(*changed));
	if (!here_of || !changed)
		return &hs_enomem;
	c.here = here_of;
	c.changed = changed;
	memset(here_of, 0xff, c.a->count * sizeof(*here_of));
	for (hs_id i = 0; i < c.b->count; i++) {
		hs_id old = chain->base_of[i];

		if (old == HS_NONE)
			continue;
		here_of[old] = i;
		if (!same_object(&c, old, i))
			changed[old / 64] |= (uint64_t)1 << old % 64;
	}
	err = list_changes(&c);
	return err ? err : number_objects(&c);
}

/* Allocate the columns of @chain->listed objects that @like has. */
static bool allocate(const struct hs_chain *chain, const struct hs_objects *like,
		     struct hs_columns *c)
{
	size_t count = (size_t)chain->listed;

#define ALLOCATE(field, number)                                                                    \
	(!like->field || (c->field = hs_huge_alloc((number), sizeof(*c->field))))
	return ALLOCATE(address, count) && ALLOCATE(type, count) && ALLOCATE(size, count) &&
	       ALLOCATE(allocated, count) && ALLOCATE(refcount, count) && ALLOCATE(flags, count) &&
	       ALLOCATE(generation, count) && ALLOCATE(owner, count) &&
	       ALLOCATE(fingerprint, count) && ALLOCATE(site, count) && ALLOCATE(shape, count) &&
	       ALLOCATE(visible, count) && ALLOCATE(first_edge, count + 1);
#undef ALLOCATE
}

/* Whether the shape and references of listed object @i, @object, are to be written. */
static bool has_references(const struct comparison *c, size_t i, hs_id object)
{
	return i >= c->chain->changed_count || !same_references(c, c->chain->changed[i], object);
}

/* Write listed object @i, which is @object, into the columns; its references are counted only. */
static void list_object(const struct comparison *c, size_t i, hs_id object, struct hs_columns *out)
{
	const struct hs_chain *chain = c->chain;
	bool changed = i < chain->changed_count;
	hs_id old = changed ? chain->changed[i] : 0;
	hs_id owner = VALUE(c->b, owner, object, HS_NONE);
	uint32_t site = VALUE(c->b, site, object, HS_NONE);
	bool references = has_references(c, i, object);

#define DIFFERENCE(field, none)                                                                    \
	do {                                                                                       \
		if (out->field)                                                                    \
			out->field[i] = (__typeof__(*out->field))(c->b->field[object] ^            \
								  (changed ? VALUE(c->a, field,    \
										   old, none) ^    \
										     (none)        \
									   : 0));                  \
	} while (0)
	DIFFERENCE(address, 0);
	DIFFERENCE(size, 0);
	DIFFERENCE(allocated, 0);
	DIFFERENCE(refcount, 0);
	DIFFERENCE(flags, 0);
	DIFFERENCE(generation, HS_GENERATION_NONE);
	DIFFERENCE(fingerprint, 0);
#undef DIFFERENCE
	out->type[i] = c->b->type[object];
	if (out->owner && changed && VALUE(c->a, owner, old, HS_NONE) == owner_in_base(c, object))
		out->owner[i] = HS_NONE;
	else if (out->owner && owner == HS_NONE)
		out->owner[i] = changed ? (hs_id)hs_chain_identities(chain) : HS_NONE;
	else if (out->owner)
		out->owner[i] = chain->identity[owner];
	if (out->site && changed && same_site(c, old, object))
		out->site[i] = HS_NONE;
	else if (out->site)
		out->site[i] = site == HS_NONE && changed
				       ? (uint32_t)chain->maps[HS_ROWS_SITES].rows
				       : site;
	out->shape[i] = references ? 1 + c->b->shape[object] : 0;
	out->visible[i] = references ? c->b->visible[object] : 0;
	out->first_edge[i + 1] =
		references ? c->b->first_edge[object + 1] - c->b->first_edge[object] : 0;
}

/*
 * How a reference is to name its @target.  An object that changed has two names: where it follows
 * in the base on the target before it, @last, that is a run that compresses to nothing; else its
 * number among the listed ones is near to those of others that changed.
 */
static hs_id name_target(const struct hs_chain *chain, const hs_id *numbers, hs_id last,
			 hs_id target)
{
	enum { NEAR = 2 };
	hs_id identity = chain->identity[target];

	if (numbers[target] == HS_NONE || (last != HS_NONE && identity - last + NEAR <= 2 * NEAR))
		return identity;
	return numbers[target];
}

/* The listed objects that changed, by object: their numbers. */
static hs_id *number_changed(const struct comparison *c)
{
	hs_id *numbers = hs_huge_alloc(c->b->count, sizeof(*numbers));

	if (!numbers)
		return NULL;
	memset(numbers, 0xff, c->b->count * sizeof(*numbers));
	for (size_t i = 0; i < c->chain->changed_count; i++)
		numbers[c->chain->objects[i]] = (hs_id)i;
	return numbers;
}

/* Sum up the numbers of references, and write these. */
static bool list_references(const struct comparison *c, struct hs_columns *out)
{
	size_t count = (size_t)c->chain->listed;

	_cleanup_free_ hs_id *numbers = number_changed(c);
	if (!numbers)
		return false;
	out->first_edge[0] = 0;
	for (size_t i = 0; i < count; i++)
		out->first_edge[i + 1] += out->first_edge[i];
	out->edges = hs_huge_alloc((size_t)out->first_edge[count], sizeof(*out->edges));
	if (!out->edges)
		return false;
	for (size_t i = 0; i < count; i++) {
		const hs_id *edges = c->b->edges + c->b->first_edge[c->chain->objects[i]];
		uint64_t first = out->first_edge[i];
		hs_id last = HS_NONE;

		for (uint64_t j = first; j < out->first_edge[i + 1]; j++) {
			hs_id target = edges[j - first];

			out->edges[j] = name_target(c->chain, numbers, last, target);
			last = c->chain->identity[target];
		}
	}
	return true;
}

static bool same_bytes(const struct hs_previews *a, const struct hs_preview_row *left,
		       const struct hs_previews *b, const struct hs_preview_row *right)
{
	if (left->kind != right->kind || left->more != right->more || left->size != right->size)
		return false;
	if (!hs_preview_has_data(left->kind))
		return left->word == right->word;
	return !left->size ||
	       !memcmp(a->data.data + left->word, b->data.data + right->word, left->size);
}

static const struct hs_preview_row *row_of(const struct hs_previews *previews, hs_id object)
{
	if (!previews->row_of || object == HS_NONE || !previews->row_of[object])
		return NULL;
	return &previews->rows.data[previews->row_of[object] - 1];
}

/* Add the value of @object, unless the base has it; false if memory ran out. */
static bool list_value(const struct hs_chain *chain, const struct hs_snapshot *snap, hs_id object,
		       struct hs_previews *out)
{
	const struct hs_previews *base = &chain->base->previews;
	const struct hs_preview_row *old =
		snap->info.preview_bytes ? row_of(base, chain->base_of[object]) : NULL;
	const struct hs_preview_row *row = row_of(&snap->previews, object);
	struct hs_preview_row copy = {.object = chain->identity[object]};

	if (row ? old && same_bytes(base, old, &snap->previews, row) : !old)
		return true;
	if (row) { /* else its kind 0 says that there is none any more */
		copy = *row;
		copy.object = chain->identity[object];
	}
	if (copy.size) {
		copy.word = out->data.size;
		if (!hs_bytes_reserve(&out->data, copy.size))
			return false;
		memcpy(out->data.data + out->data.size, snap->previews.data.data + row->word,
		       copy.size);
		out->data.size += copy.size;
	}
	return hs_vector_push(&out->rows, copy);
}

static bool list_values(const struct hs_chain *chain, const struct hs_snapshot *snap,
			struct hs_previews *out)
{
	/* Values that were left out when the snapshot was opened are left out here, too. */
	if (snap->has_previews && !snap->previews.row_of)
		return true;
	for (hs_id i = 0; i < snap->objects.count; i++)
		if (!list_value(chain, snap, i, out))
			return false;
	return !out->rows.size || hs_previews_index(out, (hs_id)hs_chain_identities(chain));
}

/* The tables that blocks refer to, and where the references to new objects begin. */
static bool borrow_tables(const struct hs_chain *chain, const struct hs_snapshot *snap,
			  struct hs_snapshot *listed)
{
	struct hs_shape *shapes =
		hs_arena_array(listed->arena, (size_t)snap->shape_count + 1, sizeof(*shapes));
	struct hs_root *root = hs_arena_array(listed->arena, 1, sizeof(*root));

	if (!shapes || !root)
		return false;
	if (snap->shape_count)
		memcpy(shapes + 1, snap->shapes, snap->shape_count * sizeof(*shapes));
	listed->shapes = shapes;
	listed->shape_count = snap->shape_count + 1;
	listed->type_count = snap->type_count;
	listed->site_count = snap->site_count + 1;
	if (chain->changed_count)
		root->object = (hs_id)chain->changed_count - 1;
	listed->roots = root;
	listed->root_count = chain->changed_count != 0;
	return true;
}

struct hs_snapshot *hs_chain_listed(const struct hs_chain *chain, const struct hs_snapshot *snap)
{
	struct hs_snapshot *listed = hs_snapshot_create();

	if (listed && borrow_tables(chain, snap, listed))
		return listed;
	hs_snapshot_destroy(listed);
	return NULL;
}

struct hs_error *hs_chain_list(const struct hs_chain *chain, const struct hs_snapshot *snap,
			       struct hs_snapshot **ret)
{
	struct comparison c = {.chain = (struct hs_chain *)(uintptr_t)chain,
			       .a = &chain->base->objects,
			       .b = &snap->objects};
	_cleanup_snapshot_ struct hs_snapshot *listed = hs_chain_listed(chain, snap);
	size_t edges;

	if (!listed || !allocate(chain, c.b, &listed->columns))
		return &hs_enomem;
	for (size_t i = 0; i < chain->listed; i++)
		list_object(&c, i, chain->objects[i], &listed->columns);
	if (!list_references(&c, &listed->columns) || !list_values(chain, snap, &listed->previews))
		return &hs_enomem;
	edges = (size_t)listed->columns.first_edge[chain->listed];
	hs_snapshot_publish(listed, (hs_id)chain->listed, edges);
	*ret = hs_steal(listed);
	return NULL;
}

struct hs_error *hs_chain_emit(const struct hs_chain *chain, struct hs_emitter *emitter)
{
	size_t count = chain->changed_count + chain->removed_count;
	size_t changed = 0;
	size_t removed = 0;
	struct hs_error *err;

	_cleanup_free_ uint64_t *objects = calloc(count + 1, sizeof(*objects));
	_cleanup_free_ uint64_t *gone = calloc(count + 1, sizeof(*gone));
	if (!objects || !gone)
		return &hs_enomem;
	for (size_t i = 0; i < count; i++) {
		gone[i] = changed == chain->changed_count ||
			  (removed < chain->removed_count &&
			   chain->removed[removed] < chain->changed[changed]);
		objects[i] = gone[i] ? chain->removed[removed++] : chain->changed[changed++];
	}
	hs_emit_field(emitter, "rows", count);
	hs_emit_field(emitter, "listed", chain->listed);
	hs_emit_field(emitter, "listed_edges", chain->listed_edges);
	err = hs_emit_values(emitter, "object", HS_CODEC_DELTA, objects, count, true);
	if (!err)
		err = hs_emit_values(emitter, "gone", HS_CODEC_VARINT, gone, count, false);
	return err ? err : hs_emit_section(emitter, HS_SECTION_BASE);
}
