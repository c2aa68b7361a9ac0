/* SPDX-License-Identifier: MIT */
/* growth.c: attributing what grew to classes and containers. */
#include "libsnap/analysis/growth.h"

#include "format/base/cleanup.h"
#include "format/base/huge.h"

#include <stdlib.h>

/* Add to the number @key has in @keys; @list grows along with them. */
#define site_add(keys, list, key, ret)                                                             \
	(hs_keymap_intern((keys), (key), (ret)) &&                                                 \
	 (*(ret) < (list)->size || hs_vector_push((list), ((typeof(*(list)->data)){0}))))

/* A size, which may be anything that a file says, as far as it can be counted with a sign. */
static int64_t bytes_of(uint64_t size)
{
	return size < INT64_MAX ? (int64_t)size : INT64_MAX;
}

/* Sums of such sizes stop at the ends. */
static void add_bytes(int64_t *sum, int64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = more < 0 ? INT64_MIN : INT64_MAX;
}

/* Note that something that comes with heads of class @class_number hangs in @container. */
static bool add_site(struct hs_growth *growth, uint32_t class_number, hs_id container, int64_t sign)
{
	uint32_t site;

	if (!site_add(&growth->sites, &growth->site_counts, hs_site_key(class_number, container),
		      &site))
		return false;
	growth->site_counts.data[site] += sign;
	return true;
}

/* Count the objects of @side that are not kept, @sign is 1 for new ones and -1 for freed ones. */
static bool add_side(struct hs_growth *growth, struct hs_side *side, int64_t sign)
{
	const struct hs_objects *objects = side->tables.objects;

	for (hs_id object = 0; object < objects->count; object++) {
		uint32_t class_number;
		hs_id container;

		if (hs_is_kept(side, object))
			continue;
		class_number = side->classes[side->head[object]];
		add_bytes(&growth->classes[class_number].below,
			  sign * bytes_of(side->sizes[object]));
		if (side->head[object] == object)
			growth->classes[class_number].heads += sign;
		container = hs_forest_source(side, object);
		if (container == HS_NONE || !hs_is_kept(side, container))
			continue;
		/* Containers are called as in the later snapshot. */
		if (sign < 0)
			container = side->other[container];
		if (container != HS_OPENED && !add_site(growth, class_number, container, sign))
			return false;
	}
	return true;
}

/* For every container of the later snapshot its site with most objects; 0: none, else number + 1.
 */
static uint32_t *best_sites(const struct hs_growth *growth)
{
	uint32_t *best = calloc((size_t)growth->b->tables.objects->count + 1, sizeof(*best));

	if (!best)
		return NULL;
	for (uint32_t i = 0; i < growth->sites.count; i++) {
		hs_id container = (hs_id)growth->sites.keys[i];
		int64_t count = growth->site_counts.data[i];

		if (count > 0 &&
		    (!best[container] || count > growth->site_counts.data[best[container] - 1]))
			best[container] = i + 1;
	}
	return best;
}

/* Take off what objects were large that were opened and are gone. */
static void add_gone(struct hs_growth *growth)
{
	const struct hs_side *a = growth->a;

	for (hs_id object = 0; object < a->tables.objects->count; object++)
		if (a->other[object] == HS_OPENED)
			add_bytes(&growth->classes[a->classes[object]].own,
				  -bytes_of(a->sizes[object]));
}

/* Attribute what kept objects grew by. */
static bool add_kept(struct hs_growth *growth)
{
	const struct hs_side *b = growth->b;
	const uint64_t *before = growth->a->sizes;
	const uint64_t *after = b->sizes;
	_cleanup_free_ uint32_t *best = best_sites(growth);

	if (!best)
		return false;
	for (hs_id object = 0; object < b->tables.objects->count; object++) {
		struct hs_class_growth *class = &growth->classes[b->classes[object]];
		int64_t delta;

		if (!hs_is_kept(b, object))
			continue;
		delta = bytes_of(after[object]);
		if (b->other[object] != HS_OPENED)
			delta -= bytes_of(before[b->other[object]]);
		if (!delta)
			continue;
		if (best[object]) {
			uint64_t key = growth->sites.keys[best[object] - 1];

			add_bytes(&growth->classes[key >> 32].below, delta);
			continue;
		}
		/* A table of the runtime's own grows for the sake of what others hold. */
		if (hs_is_internal(b, object))
			continue;
		add_bytes(&class->own, delta);
		if (delta > class->grown_by) {
			class->grown_by = delta;
			class->grown = object;
		}
	}
	return true;
}

static int64_t score(const struct hs_class_growth *class, int64_t delta_count)
{
	int64_t total = class->own;

	if (class->heads <= 0 || delta_count <= 0)
		return total;
	if (delta_count >= class->heads)
		add_bytes(&total, class->below);
	else
		add_bytes(&total, (int64_t)((double)class->below *
					    ((double)delta_count / (double)class->heads)));
	return total;
}

bool hs_growth_init(struct hs_growth *growth, struct hs_side *a, struct hs_side *b,
		    size_t class_count, const int64_t *delta_count)
{
	*growth = (struct hs_growth){
		.a = a,
		.b = b,
		.class_count = class_count,
		.classes = calloc(class_count ? class_count : 1, sizeof(*growth->classes)),
	};
	if (!growth->classes)
		return false;
	for (size_t i = 0; i < class_count; i++)
		growth->classes[i].grown = HS_NONE;
	if (!add_side(growth, a, -1) || !add_side(growth, b, 1) || !add_kept(growth))
		return false;
	add_gone(growth);
	for (size_t i = 0; i < class_count; i++)
		growth->classes[i].score = score(&growth->classes[i], delta_count[i]);
	return true;
}

void hs_growth_deinit(struct hs_growth *growth)
{
	free(growth->classes);
	hs_keymap_deinit(&growth->sites);
	hs_vector_deinit(&growth->site_counts);
	*growth = (struct hs_growth){0};
}

static bool add_companions(struct hs_companions *companions, const struct hs_side *side,
			   const uint8_t *wanted, int64_t sign)
{
	const struct hs_objects *objects = side->tables.objects;

	for (hs_id object = 0; object < objects->count; object++) {
		uint32_t head;
		uint32_t number;

		if (hs_is_kept(side, object))
			continue;
		head = side->classes[side->head[object]];
		if (!wanted[head] || side->classes[object] == head)
			continue;
		if (!site_add(&companions->keys, &companions->bytes,
			      hs_site_key(head, side->classes[object]), &number))
			return false;
		add_bytes(&companions->bytes.data[number], sign * bytes_of(side->sizes[object]));
	}
	return true;
}

bool hs_companions_init(struct hs_companions *companions, const struct hs_growth *growth,
			const uint8_t *wanted)
{
	*companions = (struct hs_companions){0};
	return add_companions(companions, growth->a, wanted, -1) &&
	       add_companions(companions, growth->b, wanted, 1);
}

void hs_companions_deinit(struct hs_companions *companions)
{
	hs_keymap_deinit(&companions->keys);
	hs_vector_deinit(&companions->bytes);
}
