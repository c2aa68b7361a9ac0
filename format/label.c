/* SPDX-License-Identifier: MIT */
/* label.c: how one reference of an object is called. */
#include "format/label.h"
#include "format/tables.h"

/* The label of reference @position of a run that has @length of them. */
static struct hs_label label_in_run(const struct hs_snapshot *snap, const struct hs_run *run,
				    uint64_t position, uint64_t length)
{
	struct hs_label ret = {
		.kind = (enum hs_label_kind)run->kind,
		.strength = (enum hs_strength)run->strength,
		.name = snap->strings[0],
	};

	switch (ret.kind) {
	case HS_LABEL_INDEX:
		ret.index = run->operand + position;
		break;
	case HS_LABEL_INDEX_DOWN:
		ret.kind = HS_LABEL_INDEX;
		ret.index = run->operand + (length - 1 - position);
		break;
	case HS_LABEL_OFFSET:
		ret.index = run->operand;
		break;
	case HS_LABEL_ATTRIBUTE:
	case HS_LABEL_ITEM:
	case HS_LABEL_LOCAL:
		ret.name = snap->strings[run->operand];
		break;
	case HS_LABEL_ENTRY:
		ret.kind = position % 2 ? HS_LABEL_KEY : HS_LABEL_VALUE;
		break;
	case HS_LABEL_NONE:
	case HS_LABEL_VALUE:
	case HS_LABEL_KEY:
	case HS_LABEL_COUNT:
		break;
	}
	return ret;
}

/* References that the runs of a fixed count among @runs take. */
static uint64_t fixed_total(const struct hs_run *runs, uint32_t count)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < count; i++)
		total += runs[i].count;
	return total;
}

static uint64_t run_length(const struct hs_label_cursor *cursor, const struct hs_shape *shape,
			   uint32_t run)
{
	return shape->runs[run].count ? shape->runs[run].count
				      : cursor->rest[run >= shape->first_hidden];
}

/* Go to the first run of @object. */
static void begin(struct hs_label_cursor *cursor, const struct hs_snapshot *snap, hs_id object)
{
	const struct hs_objects *objects = &snap->objects;
	const struct hs_shape *shape = &snap->shapes[objects->shape[object]];
	uint64_t visible = objects->visible[object];
	uint64_t hidden = objects->first_edge[object + 1] - objects->first_edge[object] - visible;

	*cursor = (struct hs_label_cursor){.snap = snap, .object = object};
	cursor->rest[0] = visible - fixed_total(shape->runs, shape->first_hidden);
	cursor->rest[1] = hidden - fixed_total(shape->runs + shape->first_hidden,
					       shape->count - shape->first_hidden);
	if (shape->count)
		cursor->length = run_length(cursor, shape, 0);
}

struct hs_label hs_label_at(struct hs_label_cursor *cursor, const struct hs_snapshot *snap,
			    hs_id object, uint32_t slot)
{
	const struct hs_shape *shape = &snap->shapes[snap->objects.shape[object]];

	if (cursor->snap != snap || cursor->object != object)
		begin(cursor, snap, object);
	while (slot < cursor->start) {
		cursor->length = run_length(cursor, shape, --cursor->run);
		cursor->start -= cursor->length;
	}
	while (slot - cursor->start >= cursor->length) {
		/* Tables are checked against shapes when they are made: there is a next run. */
		if (cursor->run + 1 >= shape->count)
			return (struct hs_label){.kind = HS_LABEL_NONE, .name = snap->strings[0]};
		cursor->start += cursor->length;
		cursor->length = run_length(cursor, shape, ++cursor->run);
	}
	return label_in_run(snap, &shape->runs[cursor->run], slot - cursor->start, cursor->length);
}

struct hs_label hs_snapshot_label(const struct hs_snapshot *snap, hs_id object, uint32_t slot)
{
	const struct hs_objects *objects = &snap->objects;
	const struct hs_shape *shape = &snap->shapes[objects->shape[object]];
	uint64_t visible = objects->visible[object];
	uint64_t length = visible;
	uint64_t position = slot;
	const struct hs_run *runs = shape->runs;
	uint32_t count = shape->first_hidden;

	if (slot >= visible) {
		length = objects->first_edge[object + 1] - objects->first_edge[object] - visible;
		position = slot - visible;
		runs += shape->first_hidden;
		count = shape->count - shape->first_hidden;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint64_t taken = runs[i].count;

		if (!taken)
			taken = length - fixed_total(runs, count);
		if (position < taken)
			return label_in_run(snap, &runs[i], position, taken);
		position -= taken;
	}
	/* Not reached: tables are checked against shapes when they are made. */
	return (struct hs_label){.kind = HS_LABEL_NONE, .name = snap->strings[0]};
}

/* References of @object in run @i of @shape. */
static uint64_t length_of_run(const struct hs_objects *objects, const struct hs_shape *shape,
			      hs_id object, uint32_t i)
{
	uint64_t visible = objects->visible[object];
	uint64_t degree = objects->first_edge[object + 1] - objects->first_edge[object];
	uint32_t hidden = shape->count - shape->first_hidden;

	if (shape->runs[i].count)
		return shape->runs[i].count;
	if (i < shape->first_hidden)
		return visible - fixed_total(shape->runs, shape->first_hidden);
	return degree - visible - fixed_total(shape->runs + shape->first_hidden, hidden);
}

static bool is_value(const struct hs_run *run)
{
	return run->kind == HS_LABEL_VALUE || run->kind == HS_LABEL_ITEM;
}

void hs_entry_keys_init(struct hs_entry_keys *keys, const struct hs_snapshot *snap, hs_id object)
{
	const struct hs_objects *objects = &snap->objects;
	const struct hs_shape *shape = &snap->shapes[objects->shape[object]];
	const hs_id *edges = objects->edges + objects->first_edge[object];
	const hs_id *found = NULL;
	uint64_t values = 0;
	uint64_t count = 0;

	for (uint32_t i = 0; i < shape->count; i++) {
		uint64_t length = length_of_run(objects, shape, object, i);

		if (is_value(&shape->runs[i])) {
			values += length;
		} else if (shape->runs[i].kind == HS_LABEL_KEY) {
			found = edges;
			count = length;
		}
		edges += length;
	}
	*keys = (struct hs_entry_keys){.keys = count == values ? found : NULL};
}

hs_id hs_snapshot_key(const struct hs_snapshot *snap, hs_id object, uint32_t slot)
{
	const struct hs_objects *objects = &snap->objects;
	const struct hs_shape *shape = &snap->shapes[objects->shape[object]];
	const hs_id *edges = objects->edges + objects->first_edge[object];
	struct hs_entry_keys keys;
	uint64_t values = 0;
	uint64_t start = 0;

	for (uint32_t i = 0; i < shape->count; i++) {
		const struct hs_run *run = &shape->runs[i];
		uint64_t length = length_of_run(objects, shape, object, i);
		uint64_t position = slot - start;

		if (position < length) {
			if (run->kind == HS_LABEL_ENTRY)
				return position % 2 || position + 1 == length ? HS_NONE
									      : edges[slot + 1];
			if (!is_value(run))
				return HS_NONE;
			hs_entry_keys_init(&keys, snap, object);
			return keys.keys ? keys.keys[values + position] : HS_NONE;
		}
		values += is_value(run) ? length : 0;
		start += length;
	}
	return HS_NONE;
}
