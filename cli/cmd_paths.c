/* SPDX-License-Identifier: MIT */
/* cmd_paths.c: heapsnap paths FILE|PID OBJECT|TYPE: why something is alive. */
#include "command.h"
#include "output.h"
#include "subject.h"

#include <heapsnap/analysis.h>
#include <heapsnap/report.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 10 }; /* ways to one object, unless told, or places of many in text */

/* Whether the user asks for one object, whose paths are shown each, not as those of many. */
static bool is_one(const char *what)
{
	return hs_object_is_called(what) && !strchr(what, ',');
}

static struct hs_error *report_one(const struct options *options, const struct hs_snapshot *snap,
				   const struct hs_graph *graph, hs_id object,
				   struct hs_report **ret)
{
	size_t limit = options->rows >= 0 ? (size_t)options->rows : ROWS;
	struct hs_ways *ways;
	struct hs_error *err = hs_ways_create(snap, graph, object, limit, &ways);

	if (err)
		return err;
	err = hs_report_from_ways(ways, ret);
	hs_ways_destroy(ways);
	return err;
}

static struct hs_error *report_many(const struct options *options, const struct hs_snapshot *snap,
				    const struct hs_graph *graph, const hs_id *set, size_t count,
				    struct hs_report **ret)
{
	size_t limit = options->json || options->csv ? 0 : ROWS;
	struct hs_merged *merged;
	struct hs_error *err;

	if (options->rows >= 0)
		limit = (size_t)options->rows;
	err = hs_merged_create(snap, graph, set, count, options->operands[1], limit, &merged);
	if (err)
		return err;
	err = hs_report_from_merged(merged, ret);
	hs_merged_destroy(merged);
	return err;
}

static struct hs_error *make(const struct options *options, const struct hs_snapshot *snap,
			     struct hs_report **ret)
{
	const char *what = options->operands[1];
	struct hs_graph_options graph_options = {.parts = HS_GRAPH_PATHS, .jobs = options->jobs};
	struct hs_graph *graph = NULL;
	struct hs_error *err;
	hs_id *avoid = NULL;
	hs_id *set = NULL;
	size_t count;

	if (is_one(what))
		graph_options.parts |= HS_GRAPH_REFERRERS;
	err = hs_objects_find(snap, what, &set, &count);
	if (!err && options->avoid)
		err = hs_objects_find(snap, options->avoid, &avoid, &graph_options.avoid_count);
	graph_options.avoid = avoid;
	if (!err)
		err = hs_graph_create(snap, &graph_options, &graph);
	if (!err)
		err = is_one(what) ? report_one(options, snap, graph, *set, ret)
				   : report_many(options, snap, graph, set, count, ret);
	hs_graph_destroy(graph);
	free(avoid);
	free(set);
	return err;
}

int cmd_paths(const struct options *options, struct terminal *terminal)
{
	const uint32_t columns = HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_SIZE |
				 HS_COLUMN_FLAGS | HS_COLUMN_OWNER | HS_COLUMN_EDGES |
				 HS_COLUMN_PREVIEW;

	return subject_report(terminal, options, columns, make);
}
