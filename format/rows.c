/* SPDX-License-Identifier: MIT */
/* rows.c: finding the rows that a table has in common with another. */
#include "format/rows.h"

#include "format/base/cleanup.h"
#include "format/base/hash.h"
#include "format/tables.h"

enum hs_row_group hs_row_group(enum hs_section_kind kind)
{
	switch (kind) {
	case HS_SECTION_STRINGS:
		return HS_ROWS_STRINGS;
	case HS_SECTION_TYPES:
		return HS_ROWS_TYPES;
	case HS_SECTION_SHAPES:
		return HS_ROWS_SHAPES;
	case HS_SECTION_ROOTS:
		return HS_ROWS_ROOTS;
	case HS_SECTION_THREADS:
		return HS_ROWS_THREADS;
	case HS_SECTION_FRAMES:
		return HS_ROWS_FRAMES;
	case HS_SECTION_REGIONS:
		return HS_ROWS_REGIONS;
	case HS_SECTION_EXTENTS:
		return HS_ROWS_EXTENTS;
	case HS_SECTION_GAPS:
		return HS_ROWS_GAPS;
	case HS_SECTION_SITES:
		return HS_ROWS_SITES;
	case HS_SECTION_COLLECTOR:
		return HS_ROWS_COLLECTORS;
	case HS_SECTION_HEADER:
	case HS_SECTION_BLOCK:
	case HS_SECTION_PREVIEWS:
	case HS_SECTION_INDEX:
	case HS_SECTION_END:
	case HS_SECTION_BASE:
	case HS_SECTION_KIND_COUNT:
		break;
	}
	return HS_ROWS_COUNT;
}

struct hs_reference hs_row_reference(enum hs_row_group group, const char *name, uint64_t kind)
{
	static const struct {
		enum hs_row_group group;
		const char *name;
		struct hs_reference reference;
	} references[] = {
		{HS_ROWS_TYPES, "name", {HS_REFERS_STRING, false}},
		{HS_ROWS_TYPES, "module", {HS_REFERS_STRING, false}},
		{HS_ROWS_TYPES, "object", {HS_REFERS_OBJECT, true}},
		{HS_ROWS_THREADS, "name", {HS_REFERS_STRING, false}},
		{HS_ROWS_FRAMES, "thread", {HS_REFERS_THREAD, false}},
		{HS_ROWS_FRAMES, "function", {HS_REFERS_STRING, false}},
		{HS_ROWS_FRAMES, "file", {HS_REFERS_STRING, false}},
		{HS_ROWS_ROOTS, "object", {HS_REFERS_OBJECT, false}},
		{HS_ROWS_ROOTS, "name", {HS_REFERS_STRING, false}},
		{HS_ROWS_ROOTS, "thread", {HS_REFERS_THREAD, true}},
		{HS_ROWS_ROOTS, "frame", {HS_REFERS_FRAME, true}},
		{HS_ROWS_REGIONS, "name", {HS_REFERS_STRING, false}},
		{HS_ROWS_EXTENTS, "allocator", {HS_REFERS_STRING, false}},
		{HS_ROWS_EXTENTS, "state", {HS_REFERS_STRING, false}},
		{HS_ROWS_EXTENTS, "owner", {HS_REFERS_OBJECT, true}},
		{HS_ROWS_SITES, "file", {HS_REFERS_STRING, false}},
		{HS_ROWS_SITES, "caller", {HS_REFERS_SITE, true}},
		{HS_ROWS_GAPS, "reason", {HS_REFERS_STRING, false}},
	};
	const struct hs_reference none = {HS_REFERS_NOT, false};

	if (group == HS_ROWS_RUNS && !strcmp(name, "operand"))
		return kind < HS_LABEL_COUNT && hs_label_has_name((uint8_t)kind)
			       ? (struct hs_reference){HS_REFERS_STRING, false}
			       : none;
	for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++)
		if (references[i].group == group && !strcmp(references[i].name, name))
			return references[i].reference;
	return none;
}

void hs_raw_tables_deinit(struct hs_raw_tables *tables)
{
	for (size_t i = 0; i < tables->columns.size; i++)
		free(tables->columns.data[i].values);
	hs_vector_deinit(&tables->columns);
}

bool hs_raw_tables_add(struct hs_raw_tables *tables, enum hs_row_group group, const char *name,
		       const uint64_t *values, size_t count)
{
	struct hs_raw_column column = {.group = group, .name = name, .count = count};

	column.values = calloc(count + 1, sizeof(*values));
	if (!column.values)
		return false;
	if (count)
		memcpy(column.values, values, count * sizeof(*values));
	if (hs_vector_push(&tables->columns, column))
		return true;
	free(column.values);
	return false;
}

const struct hs_raw_column *hs_raw_tables_find(const struct hs_raw_tables *tables,
					       enum hs_row_group group, const char *name)
{
	for (size_t i = 0; i < tables->columns.size; i++)
		if (tables->columns.data[i].group == group &&
		    !strcmp(tables->columns.data[i].name, name))
			return &tables->columns.data[i];
	return NULL;
}

void hs_row_map_deinit(struct hs_row_map *map)
{
	free(map->base);
	free(map->row);
	*map = (struct hs_row_map){0};
}

bool hs_row_map_init(struct hs_row_map *map, size_t rows, size_t base_rows)
{
	hs_row_map_deinit(map);
	map->base = calloc(rows + 1, sizeof(*map->base));
	map->row = calloc(base_rows + 1, sizeof(*map->row));
	if (!map->base || !map->row)
		return false;
	memset(map->base, 0xff, (rows + 1) * sizeof(*map->base));
	memset(map->row, 0xff, (base_rows + 1) * sizeof(*map->row));
	map->rows = rows;
	map->base_rows = base_rows;
	return true;
}

void hs_row_map_close(struct hs_row_map *map)
{
	map->literals = 0;
	map->identical = map->rows == map->base_rows;
	for (size_t i = 0; i < map->rows; i++) {
		map->literals += map->base[i] == HS_NONE;
		map->identical = map->identical && map->base[i] == i;
	}
}

/*
 * The base's rows by what they say: open addressing, each slot heading the list of all rows that
 * say the same, in ascending order.
 */
struct index {
	const uint64_t *const *base;
	size_t width;
	uint32_t *slots; /* row + 1, 0 if free */
	size_t mask;
	uint32_t *next; /* by row: the next one that says the same; HS_NONE */
	uint64_t seed;
};

static uint64_t base_value(const struct index *index, size_t column, size_t row)
{
	return index->base[column] ? index->base[column][row] : 0;
}

static bool is_row(const struct index *index, size_t row, const uint64_t *values)
{
	for (size_t i = 0; i < index->width; i++)
		if (base_value(index, i, row) != values[i])
			return false;
	return true;
}

static uint32_t *find_slot(const struct index *index, const uint64_t *values)
{
	uint64_t hash = index->seed;
	size_t slot;

	for (size_t i = 0; i < index->width; i++)
		hash = hs_hash_u64(values[i] + hash, index->seed + i);
	slot = (size_t)hash & index->mask;
	while (index->slots[slot] && !is_row(index, index->slots[slot] - 1, values))
		slot = (slot + 1) & index->mask;
	return &index->slots[slot];
}

static bool index_init(struct index *index, size_t rows)
{
	size_t slots = 16;

	while (slots < rows * 2)
		slots *= 2;
	index->mask = slots - 1;
	index->seed = hs_hash_seed();
	index->slots = calloc(slots, sizeof(*index->slots));
	index->next = calloc(rows + 1, sizeof(*index->next));
	if (!index->slots || !index->next)
		return false;
	for (size_t row = rows; row-- > 0;) {
		uint64_t values[HS_ROW_WIDTH];
		uint32_t *slot;

		for (size_t i = 0; i < index->width; i++)
			values[i] = base_value(index, i, row);
		slot = find_slot(index, values);
		index->next[row] = *slot ? *slot - 1 : HS_NONE;
		*slot = (uint32_t)row + 1;
	}
	return true;
}

/* The first row that says this and is not copied yet.  Slots keep pointing to one that did. */
static uint32_t find_row(struct index *index, const struct hs_row_map *map, const uint64_t *values)
{
	uint32_t *slot = find_slot(index, values);
	uint32_t row = *slot ? *slot - 1 : HS_NONE;

	while (row != HS_NONE && map->row[row] != HS_NONE)
		row = index->next[row];
	if (row != HS_NONE)
		*slot = row + 1;
	else if (*slot) /* none is left: do not look again */
		index->next[*slot - 1] = HS_NONE;
	return row;
}

bool hs_rows_match(struct hs_row_map *map, const uint64_t *const *base, size_t width,
		   bool (*row)(void *context, size_t row, uint64_t *values), void *context)
{
	struct index index = {.base = base, .width = width};
	bool done = index_init(&index, map->base_rows);
	size_t next = 0;

	for (size_t i = 0; done && i < map->rows; i++) {
		uint64_t values[HS_ROW_WIDTH];
		uint32_t found = HS_NONE;

		if (!row(context, i, values))
			continue;
		/* Runs are cheap: what follows the last row copied is preferred. */
		if (next < map->base_rows && map->row[next] == HS_NONE &&
		    is_row(&index, next, values))
			found = (uint32_t)next;
		else
			found = find_row(&index, map, values);
		if (found == HS_NONE)
			continue;
		hs_row_map_copy(map, i, found);
		next = (size_t)found + 1;
	}
	free(index.slots);
	free(index.next);
	if (done)
		hs_row_map_close(map);
	return done;
}
