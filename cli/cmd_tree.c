/* SPDX-License-Identifier: MIT */
/* cmd_tree.c: heapsnap tree FILE|PID [OBJECT|TYPE]: who retains what. */
#include "command.h"
#include "output.h"
#include "subject.h"

#include <heapsnap/analysis.h>
#include <heapsnap/report.h>
#include <stdlib.h>

enum { ROWS = 10 }; /* in text, unless told */

static struct hs_error *make(const struct options *options, const struct hs_snapshot *snap,
			     struct hs_report **ret)
{
	const struct hs_graph_options graph_options = {.jobs = options->jobs};
	size_t limit = options->json || options->csv ? 0 : ROWS;
	struct hs_graph *graph = NULL;
	struct hs_tree *tree = NULL;
	struct hs_error *err = NULL;
	size_t count = 0;
	hs_id *tops = NULL;

	if (options->rows >= 0)
		limit = (size_t)options->rows;
	if (options->operands[1])
		err = hs_objects_find(snap, options->operands[1], &tops, &count);
	if (!err)
		err = hs_graph_create(snap, &graph_options, &graph);
	if (!err)
		err = hs_tree_create(snap, graph, tops, count, options->levels, limit, &tree);
	if (!err)
		err = hs_report_from_tree(tree, ret);
	free(tops);
	hs_tree_destroy(tree);
	hs_graph_destroy(graph);
	return err;
}

int cmd_tree(const struct options *options, struct terminal *terminal)
{
	const uint32_t columns = HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_SIZE |
				 HS_COLUMN_FLAGS | HS_COLUMN_OWNER | HS_COLUMN_EDGES |
				 HS_COLUMN_PREVIEW;
	int code = subject_report(terminal, options, columns, make);
	char *name;

	if (code || options->json || options->csv)
		return code;
	name = output_quote(options->operands[0]);
	terminal_note(terminal, "next: heapsnap show %s ADDRESS", name ? name : "FILE");
	free(name);
	return code;
}
