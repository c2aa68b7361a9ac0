/* SPDX-License-Identifier: MIT */
/* dominators.c: the dominator tree and retained sizes. */
#include "libsnap/graph/dominators.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/base/jobs.h"
#include "format/base/prefetch.h"

#include <string.h>

/*
 * The algorithm of Lengauer and Tarjan, "A fast algorithm for finding dominators in a flowgraph"
 * (TOPLAS 1(1), 1979), in its simple form: O(m log n) whatever the graph is, which those that are
 * quicker on average (Semi-NCA, iteration) are not: a list of a million nodes whose values are in a
 * dict besides takes them a million steps for each value.
 *
 * Everything is by number of the search.  A vertex is linked once it was worked on, that is if its
 * number is @at or above: until then forest[] is its parent in the search's tree, from then on some
 * ancestor of it, ever higher.  dom[v] is at first the head of v's bucket, then, while v is in a
 * bucket, the next in that, at last what dominates v.
 */
struct tree {
	const struct hs_search *search;
	const struct hs_referrers *referrers;
	const uint64_t *begins; /* bit per object: the number 0 leads to it */
	hs_id *forest;
	hs_id *semi;  /* number of the semidominator, of linked vertices */
	hs_id *label; /* the one of least semi on the way up to the forest's root */
	hs_id *dom;
	hs_id at;
};

enum {
	AHEAD = 8,
	WORTH_A_THREAD = 100000, /* references */
};

/* Have forest[v] be the root of its tree and label[v] what is least on the way to it. */
static void compress(struct tree *tree, hs_id v)
{
	hs_id *forest = tree->forest;
	hs_id *label = tree->label;
	const hs_id *semi = tree->semi;
	hs_id below = 0;
	hs_id root;

	/* Up, turning the links round, and down again: no stack, however long the way is. */
	while (forest[v] >= tree->at) {
		hs_id above = forest[v];

		forest[v] = below;
		below = v;
		v = above;
	}
	root = forest[v];
	while (below) {
		hs_id next = forest[below];

		if (semi[label[v]] < semi[label[below]])
			label[below] = label[v];
		forest[below] = root;
		v = below;
		below = next;
	}
}

static hs_id evaluate(struct tree *tree, hs_id v)
{
	if (tree->forest[v] >= tree->at)
		compress(tree, v);
	return tree->label[v];
}

/* The least of what the referrers of the vertex @w, which is not linked yet, lead to. */
static hs_id semidominator(struct tree *tree, hs_id w)
{
	const struct hs_search *search = tree->search;
	const struct hs_referrers *referrers = tree->referrers;
	hs_id object = search->object[w];
	hs_id last = hs_search_part_end(search, w);
	hs_id least = tree->forest[w];

	for (uint32_t i = referrers->first[object]; least && i < referrers->first[object + 1];
	     i++) {
		hs_id v = search->number[referrers->sources[i]];

		if (v > last || hs_bit(referrers->idle, i))
			continue;
		if (v > w)
			v = tree->semi[evaluate(tree, v)];
		if (v < least)
			least = v;
	}
	return least;
}

/* Give those in the bucket of @parent, the last of which was just put there, what dominates them.
 */
static void empty_bucket(struct tree *tree, hs_id parent)
{
	hs_id v = tree->dom[parent];

	tree->dom[parent] = 0;
	while (v) {
		hs_id next = tree->dom[v];
		hs_id u = evaluate(tree, v);

		tree->dom[v] = tree->semi[u] < tree->semi[v] ? u : parent;
		v = next;
	}
}

static void prefetch(const struct tree *tree, hs_id w)
{
	const struct hs_search *search = tree->search;
	const struct hs_referrers *referrers = tree->referrers;

	if (w <= 3 * AHEAD)
		return;
	hs_prefetch(&referrers->first[search->object[w - 3 * AHEAD]]);
	hs_prefetch(&referrers->sources[referrers->first[search->object[w - 2 * AHEAD]]]);
	hs_prefetch(
		&search->number[referrers->sources[referrers->first[search->object[w - AHEAD]]]]);
}

static void find_dominators(struct tree *tree, hs_id count)
{
	const struct hs_search *search = tree->search;

	memset(tree->dom, 0, ((size_t)count + 1) * sizeof(*tree->dom));
	tree->semi[0] = tree->label[0] = 0;
	for (hs_id w = count; w > 0; w--) {
		hs_id parent = tree->forest[w];
		hs_id semi = 0;

		prefetch(tree, w);
		tree->at = w + 1;
		if (!hs_bit(tree->begins, search->object[w]))
			semi = semidominator(tree, w);
		tree->semi[w] = semi;
		tree->label[w] = w;
		tree->dom[w] = tree->dom[semi];
		tree->dom[semi] = w;
		tree->at = w;
		empty_bucket(tree, parent);
	}
	for (hs_id w = 1; w <= count; w++)
		if (tree->dom[w] != tree->semi[w])
			tree->dom[w] = tree->dom[tree->dom[w]];
}

/* Add up below each object; what dominates it has a lower number. */
static bool add_up(struct hs_dominators *dominators, const struct hs_search *search,
		   const hs_id *dom, const uint64_t *sizes)
{
	hs_id count = search->holding->objects->count;
	uint64_t *retained = hs_huge_alloc(count, sizeof(*retained));
	hs_id *held = hs_huge_alloc(count, sizeof(*held));

	dominators->retained = retained;
	dominators->held = held;
	if (!retained || !held)
		return false;
	for (hs_id object = 0; object < count; object++) {
		retained[object] = sizes[object];
		held[object] = 1;
	}
	for (hs_id w = count; w > 0; w--) {
		hs_id object = search->object[w];
		hs_id above = search->object[dom[w]];

		if (w > AHEAD) {
			hs_prefetch(&retained[search->object[w - AHEAD]]);
			hs_prefetch(&held[search->object[w - AHEAD]]);
		}
		if (above == HS_NONE)
			continue;
		retained[above] += retained[object];
		held[above] += held[object];
	}
	return true;
}

static bool mark_parts(struct hs_dominators *dominators, const struct hs_search *search)
{
	const uint16_t *flags = search->holding->objects->flags;
	hs_id count = search->holding->objects->count;

	dominators->reached = search->end[HS_LISTED];
	dominators->begins = hs_bits_create(count);
	if (!dominators->begins)
		return false;
	for (hs_id w = 1; w <= count; w++) {
		hs_id object = search->object[w];
		bool lost = w > dominators->reached && flags && flags[object] & HS_OBJECT_LOST;

		if (!search->parent[w] || lost || hs_bit(search->holding->entry, object))
			hs_bit_set(dominators->begins, object);
	}
	for (enum hs_part part = HS_LISTED; part < HS_PART_COUNT; part++) {
		hs_id before = search->end[part - 1];

		if (search->end[part] == before)
			continue;
		dominators->part[part] = hs_bits_create(count);
		if (!dominators->part[part])
			return false;
		for (hs_id w = before + 1; w <= search->end[part]; w++)
			hs_bit_set(dominators->part[part], search->object[w]);
	}
	return true;
}

/* From numbers to objects.  What was the objects' numbers becomes what dominates them. */
static bool finish(struct hs_dominators *dominators, struct hs_search *search, const hs_id *dom,
		   const uint64_t *sizes)
{
	hs_id count = search->holding->objects->count;

	if (!add_up(dominators, search, dom, sizes))
		return false;
	for (hs_id w = 1; w <= count; w++)
		search->number[search->object[w]] = search->object[dom[w]];
	dominators->dominator = hs_steal(search->number);
	return true;
}

struct beginning {
	struct hs_search search;
	struct hs_referrers *referrers;
	const struct hs_holding *holding;
};

static struct hs_error *begin(void *context, unsigned int job, size_t piece)
{
	struct beginning *beginning = context;

	(void)job;
	return piece ? hs_referrers_init(beginning->referrers, beginning->holding)
		     : hs_search_init(&beginning->search, beginning->holding);
}

static struct hs_error *build(struct hs_dominators *dominators, struct hs_search *search,
			      const struct hs_referrers *referrers, const uint64_t *sizes)
{
	hs_id count = search->holding->objects->count;
	_cleanup_free_ hs_id *dom = hs_huge_alloc((size_t)count + 1, sizeof(*dom));
	struct tree tree = {
		.search = search,
		.referrers = referrers,
		.forest = search->parent,
		.semi = search->work,
		.dom = dom,
	};

	tree.label = hs_huge_alloc((size_t)count + 1, sizeof(*tree.label));
	if (!dom || !tree.label || !mark_parts(dominators, search)) {
		free(tree.label);
		return &hs_enomem;
	}
	tree.begins = dominators->begins;
	find_dominators(&tree, count);
	/* What is not needed any more makes room for what is. */
	free(tree.label);
	free(hs_steal(search->parent));
	free(hs_steal(search->work));
	return finish(dominators, search, dom, sizes) ? NULL : &hs_enomem;
}

struct hs_error *hs_dominators_init(struct hs_dominators *dominators,
				    struct hs_referrers *referrers,
				    const struct hs_holding *holding, const uint64_t *sizes,
				    unsigned int jobs)
{
	struct beginning beginning = {.referrers = referrers, .holding = holding};
	struct hs_error *err;

	*dominators = (struct hs_dominators){0};
	*referrers = (struct hs_referrers){0};
	if (!jobs && holding->objects->edge_count < WORTH_A_THREAD)
		jobs = 1;
	err = hs_jobs_run(hs_jobs_count(jobs, 2), 2, begin, &beginning);
	if (!err)
		err = build(dominators, &beginning.search, referrers, sizes);
	hs_search_deinit(&beginning.search);
	return err;
}

void hs_dominators_deinit(struct hs_dominators *dominators)
{
	free(dominators->dominator);
	free(dominators->retained);
	free(dominators->held);
	free(dominators->begins);
	for (size_t i = 0; i < HS_PART_COUNT; i++)
		free(dominators->part[i]);
	*dominators = (struct hs_dominators){0};
}
