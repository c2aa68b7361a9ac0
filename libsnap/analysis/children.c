/* SPDX-License-Identifier: MIT */
/* children.c: the dominator tree from above. */
#include "libsnap/analysis/children.h"

#include "format/base/cleanup.h"
#include "format/base/huge.h"
#include "format/base/vector.h"

#include <stdlib.h>

bool hs_children_init(struct hs_children *children, const struct hs_graph *graph, hs_id count,
		      bool garbage)
{
	hs_id *first = calloc((size_t)count + 3, sizeof(*first));
	hs_id *filed = hs_huge_alloc(count, sizeof(*filed));

	*children = (struct hs_children){.first = first, .children = filed};
	if (!first || !filed)
		return false;
	/* Shifted by two, so that filling in leaves first[] as it shall be. */
	for (int fill = 0; fill < 2; fill++) {
		for (hs_id object = 0; object < count; object++) {
			hs_id dominator = hs_graph_dominator(graph, object);
			size_t row = hs_children_row(dominator);

			if (!garbage && dominator == HS_NONE && hs_graph_is_garbage(graph, object))
				continue;
			if (fill)
				filed[first[row + 1]++] = object;
			else
				first[row + 2]++;
		}
		for (size_t i = 2; !fill && i < (size_t)count + 3; i++)
			first[i] += first[i - 1];
	}
	return true;
}

void hs_children_deinit(struct hs_children *children)
{
	free(children->first);
	free(children->children);
	*children = (struct hs_children){0};
}

/* Where a walk down the tree is: below @object, at children[next]. */
struct level {
	hs_id object;
	hs_id next;
};

bool hs_children_add_up(const struct hs_children *children, const struct hs_graph *graph,
			const uint32_t *classes, size_t class_count, uint64_t *bytes)
{
	/* By class, how many of it are on the way from the top to where the walk is. */
	_cleanup_free_ hs_id *above = calloc(class_count + 1, sizeof(*above));
	HS_VECTOR(struct level) levels = {0};
	bool done = above && hs_vector_push(&levels, ((struct level){HS_NONE, children->first[0]}));

	while (done && levels.size) {
		struct level *level = &levels.data[levels.size - 1];
		hs_id object;

		if (level->next == children->first[hs_children_row(level->object) + 1]) {
			if (level->object != HS_NONE)
				above[classes[level->object]]--;
			levels.size--;
			continue;
		}
		object = children->children[level->next++];
		if (!above[classes[object]]++)
			bytes[classes[object]] += hs_graph_retained(graph, object);
		done = hs_vector_push(
			&levels,
			((struct level){object, children->first[hs_children_row(object)]}));
	}
	hs_vector_deinit(&levels);
	return done;
}
