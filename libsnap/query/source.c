/* SPDX-License-Identifier: MIT */
/* source.c: what tables need of a snapshot beside its columns, worked out when it is wanted. */
#include "libsnap/query/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool hs_source_graph(struct hs_source *source)
{
	const struct hs_graph_options options = {.parts = HS_GRAPH_REFERRERS};
	struct hs_error *err;

	if (source->graph)
		return true;
	err = hs_graph_create(source->snap, &options, &source->graph);
	hs_error_destroy(err);
	return !err;
}

bool hs_source_dominators(struct hs_source *source)
{
	const struct hs_graph_options options = {.parts = HS_GRAPH_RETAINED};
	struct hs_error *err;

	if (source->dominators)
		return true;
	err = hs_graph_create(source->snap, &options, &source->dominators);
	hs_error_destroy(err);
	return !err;
}

bool hs_source_references(struct hs_source *source)
{
	struct hs_error *err;

	if (source->references)
		return true;
	err = hs_references_find(source->snap, &source->references);
	hs_error_destroy(err);
	return !err;
}

bool hs_source_diff(struct hs_source *source)
{
	const struct hs_classifier *kind = hs_classifier_find("kind", 4);
	struct hs_error *err;

	if (source->diff)
		return true;
	err = hs_diff_create(source->snap, source->against, source->names, &kind, 1,
			     HS_SIZE_SHALLOW, &source->diff);
	hs_error_destroy(err);
	return !err;
}

static int compare(struct hs_str a, struct hs_str b)
{
	size_t least = a.size < b.size ? a.size : b.size;
	int order = least ? memcmp(a.data, b.data, least) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_types(const void *a, const void *b, void *context)
{
	const struct hs_type *types = context;
	const uint32_t left = *(const uint32_t *)a;
	const uint32_t right = *(const uint32_t *)b;
	int order = compare(types[left].name, types[right].name);

	return order ? order : (left > right) - (left < right);
}

bool hs_source_ranks(struct hs_source *source)
{
	uint32_t count;
	const struct hs_type *types = hs_snapshot_types(source->snap, &count);
	uint32_t *order, *rank;

	if (source->rank)
		return true;
	order = calloc((size_t)count + 1, sizeof(*order));
	rank = calloc((size_t)count + 1, sizeof(*rank));
	if (!order || !rank) {
		free(order);
		free(rank);
		return false;
	}
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_types, (void *)types);
	source->rank_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t type = order[i];

		/* Types of one name share their rank; order[] becomes what type_of_rank is. */
		if (!i || compare(types[type].name, types[order[source->rank_count - 1]].name) != 0)
			order[source->rank_count++] = type;
		rank[type] = source->rank_count - 1;
	}
	source->type_of_rank = order;
	source->rank = rank;
	return true;
}

bool hs_source_by_type(struct hs_source *source)
{
	const struct hs_objects *objects = hs_snapshot_objects(source->snap);
	uint32_t *first;
	hs_id *order;

	if (source->by_type)
		return true;
	if (!hs_source_ranks(source))
		return false;
	first = calloc((size_t)source->rank_count + 2, sizeof(*first));
	order = malloc(((size_t)objects->count + 1) * sizeof(*order));
	if (!first || !order) {
		free(first);
		free(order);
		return false;
	}
	/* A counting sort: first[rank + 1] runs through the places of a rank and ends behind it. */
	for (hs_id i = 0; i < objects->count; i++)
		first[source->rank[objects->type[i]] + 2]++;
	for (uint32_t i = 2; i < source->rank_count + 2; i++)
		first[i] += first[i - 1];
	for (hs_id i = 0; i < objects->count; i++)
		order[first[source->rank[objects->type[i]] + 1]++] = i;
	source->first_of = first;
	source->by_type = order;
	return true;
}

uint32_t hs_source_find_type(const struct hs_source *source, struct hs_str name)
{
	uint32_t count;
	const struct hs_type *types = hs_snapshot_types(source->snap, &count);
	uint32_t low = 0;
	uint32_t high = source->rank_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare(types[source->type_of_rank[middle]].name, name);

		if (!order)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return HS_NONE;
}

hs_id hs_source_find_address(const struct hs_source *source, hs_addr address)
{
	const struct hs_objects *objects = hs_snapshot_objects(source->snap);

	for (hs_id i = 0; i < objects->count; i++)
		if (objects->address[i] == address)
			return i;
	return HS_NONE;
}

void hs_source_deinit(struct hs_source *source)
{
	hs_graph_destroy(source->graph);
	hs_graph_destroy(source->dominators);
	hs_diff_destroy(source->diff);
	free(source->references);
	free(source->rank);
	free(source->type_of_rank);
	free(source->by_type);
	free(source->first_of);
}

void hs_result_id(sqlite3_context *context, uint32_t id)
{
	if (id == HS_NONE)
		sqlite3_result_null(context);
	else
		sqlite3_result_int64(context, id);
}

void hs_result_address(sqlite3_context *context, hs_addr address)
{
	char text[24];
	int size = snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);

	sqlite3_result_text(context, text, size, SQLITE_TRANSIENT);
}

void hs_result_str(sqlite3_context *context, struct hs_str str)
{
	sqlite3_result_text64(context, str.size ? str.data : "", str.size, SQLITE_STATIC,
			      SQLITE_UTF8);
}

void hs_result_u64(sqlite3_context *context, uint64_t value)
{
	if (value > INT64_MAX)
		sqlite3_result_double(context, (double)value);
	else
		sqlite3_result_int64(context, (sqlite3_int64)value);
}
