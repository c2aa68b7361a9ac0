/* SPDX-License-Identifier: MIT */
/* order.c: breadth-first order. */
#include "format/order.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/base/spill.h"
#include <stdlib.h>

struct walk {
	const struct hs_order_graph *graph;
	uint64_t *seen; /* a bit per object */
	hs_id *order;	/* objects by ordinal: also the queue */
	hs_id queued;
	hs_id visited;
};

static inline void enqueue(struct walk *walk, hs_id object)
{
	uint64_t bit = 1ULL << (object % 64);

	if (walk->seen[object / 64] & bit)
		return;
	walk->seen[object / 64] |= bit;
	walk->order[walk->queued++] = object;
}

static void visit_queue(struct walk *walk)
{
	const struct hs_order_graph *graph = walk->graph;

	while (walk->visited < walk->queued) {
		hs_id object = walk->order[walk->visited++];
		uint64_t end = graph->first_edge[object + 1];

		if (walk->visited % HS_SPILL_STEPS == 0)
			hs_spill_relieve(graph->spill);

		for (uint64_t edge = graph->first_edge[object]; edge < end; edge++)
			enqueue(walk, graph->edges[edge]);
	}
}

struct place {
	hs_addr address;
	hs_id object;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;

	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	return left->object < right->object ? -1 : left->object > right->object;
}

/* Visit what no root reaches, by ascending address. */
static struct hs_error *visit_unreached(struct walk *walk)
{
	const struct hs_order_graph *graph = walk->graph;
	size_t count = graph->count - walk->queued;
	size_t filled = 0;
	bool sorted = true;

	if (!count)
		return NULL;
	_cleanup_free_ struct place *places = hs_huge_alloc(count, sizeof(*places));
	if (!places)
		return &hs_enomem;
	for (hs_id i = 0; i < graph->count; i++) {
		if (walk->seen[i / 64] >> (i % 64) & 1)
			continue;
		places[filled] = (struct place){.address = graph->address[i], .object = i};
		if (filled && places[filled - 1].address > places[filled].address)
			sorted = false;
		filled++;
	}
	if (!sorted)
		qsort(places, count, sizeof(*places), compare_places);
	for (size_t i = 0; i < count; i++) {
		enqueue(walk, places[i].object);
		visit_queue(walk);
	}
	return NULL;
}

struct hs_error *hs_order_compute(const struct hs_order_graph *graph, bool *identity, hs_id **ret)
{
	struct hs_error *err;
	bool same = true;

	_cleanup_free_ uint64_t *seen = calloc(graph->count / 64 + 1, sizeof(*seen));
	_cleanup_free_ hs_id *order = hs_huge_alloc(graph->count, sizeof(*order));
	if (!seen || !order)
		return &hs_enomem;
	struct walk walk = {.graph = graph, .seen = seen, .order = order};
	for (size_t i = 0; i < graph->root_count; i++)
		enqueue(&walk, graph->roots[i].object);
	visit_queue(&walk);
	err = visit_unreached(&walk);
	if (err)
		return err;
	for (hs_id i = 0; same && i < graph->count; i++)
		same = order[i] == i;
	*identity = same;
	*ret = same ? NULL : hs_steal(order);
	return NULL;
}
