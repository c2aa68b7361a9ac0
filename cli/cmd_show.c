/* SPDX-License-Identifier: MIT */
/* cmd_show.c: heapsnap show FILE|PID OBJECT: one object, and what is around it. */
#include "command.h"
#include "output.h"
#include "subject.h"

#include <heapsnap/analysis.h>
#include <heapsnap/report.h>
#include <stdlib.h>

enum { LINKS = 10 }; /* references and referrers in text, each, unless told */

static struct hs_error *inspect(const struct options *options, const struct hs_snapshot *snap,
				struct hs_report **ret)
{
	const struct hs_graph_options graph_options = {.jobs = options->jobs};
	size_t limit = options->json ? 0 : LINKS;
	struct hs_inspection *view = NULL;
	struct hs_graph *graph = NULL;
	struct hs_error *err;
	hs_id object;

	if (options->rows >= 0)
		limit = (size_t)options->rows;
	err = hs_object_find(snap, options->operands[1], &object);
	if (!err)
		err = hs_graph_create(snap, &graph_options, &graph);
	if (!err)
		err = hs_inspection_create(snap, graph, object, limit, &view);
	if (!err)
		err = hs_report_from_inspection(view, ret);
	hs_inspection_destroy(view);
	hs_graph_destroy(graph);
	return err;
}

int cmd_show(const struct options *options, struct terminal *terminal)
{
	int code = subject_report(terminal, options, 0, inspect);
	char *name;

	if (code || options->json)
		return code;
	name = output_quote(options->operands[0]);
	terminal_note(terminal, "next: heapsnap tree %s '%s'", name ? name : "FILE",
		      options->operands[1]);
	free(name);
	return code;
}
