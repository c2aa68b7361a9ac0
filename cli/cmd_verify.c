/* SPDX-License-Identifier: MIT */
/* cmd_verify.c: heapsnap verify: every checksum and every invariant of a file. */
#include "command.h"
#include "output.h"
#include "units.h"

#include <heapsnap/report.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Say that @snap is in order.  Returns the exit code. */
static int print_verdict(struct terminal *terminal, const struct options *options,
			 const struct hs_snapshot *snap)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	const struct hs_info *info = hs_snapshot_info(snap);
	const char *file = options->operands[0];
	char count[UNITS_MAX], edges[UNITS_MAX];
	uint64_t gaps = 0;
	char *name = hs_escape((struct hs_str){file, strlen(file)},
			       options->json ? HS_ESCAPE_JSON : HS_ESCAPE_TEXT, 0);

	if (!name)
		return terminal_complain(terminal, HS_ERROR_FAILED, "verify: out of memory");
	for (size_t i = 0; i < info->gap_count; i++)
		gaps += info->gaps[i].count;
	if (options->json)
		printf("{\"schema\":\"heapsnap.verify/1\",\"coverage\":{\"complete\":%s,\"gaps\":"
		       "%" PRIu64 "},\n \"file\":\"%s\",\"ok\":true,\"objects\":%" PRIu32
		       ",\"edges\":%" PRIu64 "}\n",
		       gaps ? "false" : "true", gaps, name, objects->count, objects->edge_count);
	else
		printf("%s: ok, %s objects, %s references\n", name,
		       units_format_count(objects->count, count),
		       units_format_count(objects->edge_count, edges));
	free(name);
	return output_finish(terminal);
}

int cmd_verify(const struct options *options, struct terminal *terminal)
{
	const struct hs_open_options open = {
		.columns = HS_COLUMN_EDGES,
		.progress = terminal_progress,
		.progress_context = terminal,
	};
	const char *file = options->operands[0];
	struct hs_snapshot *snap;
	struct hs_error *err;
	int code;

	err = hs_snapshot_verify(file);
	if (!err)
		err = hs_snapshot_open(file, &open, &snap);
	if (err)
		return terminal_fail(terminal, err);
	terminal_progress_end(terminal);
	code = print_verdict(terminal, options, snap);
	hs_snapshot_destroy(snap);
	return code;
}
