/* SPDX-License-Identifier: MIT */
/* from_threads.c: the threads of a snapshot, their frames, and all that roots name. */
#include "libsnap/report/common.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"

static const struct hs_table_column root_columns[] = {
	{.key = "name", .audience = HS_FOR_JSON},
	{.key = "object", .audience = HS_FOR_JSON},
	{.key = "address", .audience = HS_FOR_JSON},
	{.key = "type", .audience = HS_FOR_JSON},
};

static const struct hs_table_column ranked_columns[] = {
	{.key = "rank", .audience = HS_FOR_JSON},   {.key = "name", .audience = HS_FOR_JSON},
	{.key = "object", .audience = HS_FOR_JSON}, {.key = "address", .audience = HS_FOR_JSON},
	{.key = "type", .audience = HS_FOR_JSON},
};

enum {
	ROOT_COLUMNS = sizeof(root_columns) / sizeof(root_columns[0]),
	RANKED_COLUMNS = sizeof(ranked_columns) / sizeof(ranked_columns[0]),
	FRAME_INDENT = 2,
	TEXT_LOCALS = 12, /* of a frame that text names */
};

/*
 * The roots by what holds them: first those of the frames, then those that threads hold without a
 * frame, then all others.
 */
struct holdings {
	const struct hs_snapshot *snap;
	const struct hs_root *roots;
	size_t root_count;
	uint32_t thread_count;
	uint32_t frame_count;
	size_t *order; /* roots, holder by holder */
	size_t *first; /* where each holder's begin, and their end */
};

/* Which holder: a frame, or behind the frames a thread, or behind these all that is left. */
static size_t holder_of(const struct holdings *holdings, const struct hs_root *root)
{
	if (root->frame != HS_NONE)
		return root->frame;
	if (root->thread != HS_NONE)
		return holdings->frame_count + root->thread;
	return (size_t)holdings->frame_count + holdings->thread_count;
}

static bool holdings_init(struct holdings *holdings, const struct hs_snapshot *snap)
{
	size_t holders;

	*holdings = (struct holdings){.snap = snap};
	holdings->roots = hs_snapshot_roots(snap, &holdings->root_count);
	hs_snapshot_threads(snap, &holdings->thread_count);
	hs_snapshot_frames(snap, &holdings->frame_count);
	holders = (size_t)holdings->frame_count + holdings->thread_count + 1;
	holdings->order = calloc(holdings->root_count + 1, sizeof(*holdings->order));
	holdings->first = calloc(holders + 2, sizeof(*holdings->first));
	if (!holdings->order || !holdings->first)
		return false;
	/* Count one place too far, so that filling in leaves each at its beginning. */
	for (size_t i = 0; i < holdings->root_count; i++)
		holdings->first[holder_of(holdings, &holdings->roots[i]) + 2]++;
	for (size_t i = 2; i < holders + 2; i++)
		holdings->first[i] += holdings->first[i - 1];
	for (size_t i = 0; i < holdings->root_count; i++)
		holdings->order[holdings->first[holder_of(holdings, &holdings->roots[i]) + 1]++] =
			i;
	return true;
}

static void holdings_deinit(struct holdings *holdings)
{
	free(holdings->order);
	free(holdings->first);
}

#define _cleanup_holdings_ hs_cleanup(holdings_deinit)

/* Names in angle brackets are ours, for what has none in the target: <stack>, <exception>. */
static bool is_variable(const struct hs_root *root)
{
	return !root->name.size || root->name.data[0] != '<';
}

static const struct hs_root *root_at(const struct holdings *holdings, size_t holder, size_t i)
{
	return &holdings->roots[holdings->order[holdings->first[holder] + i]];
}

static size_t root_count(const struct holdings *holdings, size_t holder)
{
	return holdings->first[holder + 1] - holdings->first[holder];
}

static struct hs_value address_of(const struct holdings *holdings, const struct hs_root *root)
{
	const struct hs_objects *objects = hs_snapshot_objects(holdings->snap);

	return objects->address ? hs_value_number(HS_VALUE_ADDRESS, objects->address[root->object])
				: hs_value_null();
}

static struct hs_value type_of(struct hs_report *report, const struct holdings *holdings,
			       const struct hs_root *root)
{
	const struct hs_objects *objects = hs_snapshot_objects(holdings->snap);
	const struct hs_type *types;
	uint32_t count;

	types = hs_snapshot_types(holdings->snap, &count);
	return objects->type ? hs_value_copy(report, types[objects->type[root->object]].name)
			     : hs_value_null();
}

/* The roots of @holder that are variables, or those that are not. */
static void add_roots(struct hs_report *report, struct hs_node *parent, const char *key,
		      const struct holdings *holdings, size_t holder, bool variables)
{
	size_t rows = 0;
	struct hs_node *table;

	for (size_t i = 0; i < root_count(holdings, holder); i++)
		rows += is_variable(root_at(holdings, holder, i)) == variables;
	table = hs_node_table(report, parent, key, NULL, root_columns, ROOT_COLUMNS, rows);
	rows = 0;
	for (size_t i = 0; table && i < root_count(holdings, holder); i++) {
		const struct hs_root *root = root_at(holdings, holder, i);

		if (is_variable(root) != variables)
			continue;
		hs_table_row(table, rows++,
			     (const struct hs_value[ROOT_COLUMNS]){
				     hs_value_copy(report, root->name),
				     hs_value_number(HS_VALUE_U64, root->object),
				     address_of(holdings, root),
				     type_of(report, holdings, root),
			     });
	}
}

static void add_frame(struct hs_report *report, struct hs_node *list,
		      const struct holdings *holdings, uint32_t number)
{
	uint32_t count;
	const struct hs_frame *frame = &hs_snapshot_frames(holdings->snap, &count)[number];
	struct hs_node *group = hs_node_group(report, list, NULL, NULL);

	hs_node_field(report, group, "function", NULL, hs_value_copy(report, frame->function));
	hs_node_field(report, group, "file", NULL, hs_value_copy(report, frame->file));
	hs_node_field(report, group, "line", NULL,
		      frame->line ? hs_value_number(HS_VALUE_U64, frame->line) : hs_value_null());
	add_roots(report, group, "locals", holdings, number, true);
	add_roots(report, group, "holds", holdings, number, false);
}

/* Frames of a thread are neighbours; @next is the first that is left. */
static void add_thread(struct hs_report *report, struct hs_node *list,
		       const struct holdings *holdings, uint32_t number, uint32_t *next)
{
	uint32_t count;
	const struct hs_thread *thread = &hs_snapshot_threads(holdings->snap, &count)[number];
	const struct hs_frame *frames = hs_snapshot_frames(holdings->snap, &count);
	struct hs_node *group = hs_node_group(report, list, NULL, NULL);
	struct hs_node *stack;

	hs_node_field(report, group, "native_id", NULL,
		      thread->native_id ? hs_value_number(HS_VALUE_U64, thread->native_id)
					: hs_value_null());
	hs_node_field(report, group, "name", NULL,
		      thread->name.size ? hs_value_copy(report, thread->name) : hs_value_null());
	stack = hs_node_list(report, group, "frames");
	for (uint32_t i = *next; i < count && frames[i].thread == number; i++, (*next)++)
		add_frame(report, stack, holdings, i);
	add_roots(report, group, "holds", holdings, (size_t)holdings->frame_count + number, false);
}

/* The roots that no thread holds. */
static void add_others(struct hs_report *report, const struct holdings *holdings)
{
	static const char *const ranks[HS_ROOT_RANK_COUNT] = {
		[HS_ROOT_MODULE] = "module",
		[HS_ROOT_INTERPRETER] = "interpreter",
		[HS_ROOT_THREAD] = "thread",
		[HS_ROOT_INTERNAL] = "internal",
	};
	size_t holder = (size_t)holdings->frame_count + holdings->thread_count;
	size_t count = root_count(holdings, holder);
	struct hs_node *table = hs_node_table(report, report->root, "roots", NULL, ranked_columns,
					      RANKED_COLUMNS, count);

	if (table)
		table->audience = HS_FOR_JSON;
	for (size_t i = 0; table && i < count; i++) {
		const struct hs_root *root = root_at(holdings, holder, i);

		hs_table_row(table, i,
			     (const struct hs_value[RANKED_COLUMNS]){
				     hs_value_text(ranks[root->rank]),
				     hs_value_copy(report, root->name),
				     hs_value_number(HS_VALUE_U64, root->object),
				     address_of(holdings, root),
				     type_of(report, holdings, root),
			     });
	}
}

/* "  wait() at app.py:42: queue, timeout" */
static void tell_frame(struct hs_report *report, const struct holdings *holdings, uint32_t number)
{
	uint32_t count;
	const struct hs_frame *frame = &hs_snapshot_frames(holdings->snap, &count)[number];
	struct hs_node *line = hs_node_line(report, report->root, FRAME_INDENT);
	size_t told = 0;

	hs_line_styled(report, line, HS_STYLE_STRONG, hs_value_copy(report, frame->function));
	hs_line_text(report, line, " at ");
	hs_line_add(report, line, hs_value_copy(report, frame->file));
	if (frame->line) {
		hs_line_text(report, line, ":");
		hs_line_add(report, line, hs_value_number(HS_VALUE_U64, frame->line));
	}
	for (size_t i = 0; i < root_count(holdings, number); i++) {
		const struct hs_root *root = root_at(holdings, number, i);

		if (!is_variable(root))
			continue;
		if (told++ == TEXT_LOCALS) {
			hs_line_text(report, line, ", …");
			break;
		}
		hs_line_text(report, line, told == 1 ? ": " : ", ");
		hs_line_add(report, line, hs_value_copy(report, root->name));
	}
}

/* "Thread worker (4712)" and its frames, innermost first. */
static void tell_thread(struct hs_report *report, const struct holdings *holdings, uint32_t number,
			uint32_t *next)
{
	uint32_t count;
	const struct hs_thread *thread = &hs_snapshot_threads(holdings->snap, &count)[number];
	const struct hs_frame *frames = hs_snapshot_frames(holdings->snap, &count);
	struct hs_node *line;

	if (number)
		hs_node_line(report, report->root, 0);
	line = hs_node_line(report, report->root, 0);
	hs_line_text(report, line, "Thread ");
	if (thread->name.size)
		hs_line_add(report, line, hs_value_copy(report, thread->name));
	else
		hs_line_text(report, line, "without a name");
	if (thread->native_id) {
		hs_line_text(report, line, " (");
		hs_line_add(report, line, hs_value_number(HS_VALUE_U64, thread->native_id));
		hs_line_text(report, line, ")");
	}
	for (uint32_t i = *next; i < count && frames[i].thread == number; i++, (*next)++)
		tell_frame(report, holdings, i);
}

bool hs_report_threads(struct hs_report *report, const struct hs_snapshot *snap, bool text)
{
	_cleanup_holdings_ struct holdings holdings;
	struct hs_node *list;
	uint32_t next = 0;

	if (!holdings_init(&holdings, snap))
		return false;
	list = hs_node_list(report, report->root, "threads");
	if (list)
		list->audience = HS_FOR_JSON;
	for (uint32_t i = 0; i < holdings.thread_count; i++)
		add_thread(report, list, &holdings, i, &next);
	add_others(report, &holdings);
	next = 0;
	for (uint32_t i = 0; text && i < holdings.thread_count; i++)
		tell_thread(report, &holdings, i, &next);
	return true;
}
