/* SPDX-License-Identifier: MIT */
/* cmd_info.c: heapsnap info: what a snapshot is and how complete. */
#include "command.h"
#include "output.h"

#include <heapsnap/report.h>
#include <stdlib.h>

static struct hs_error *make(const struct options *options, const struct hs_snapshot *snap,
			     struct hs_report **ret)
{
	return hs_report_from_info(snap, options->verbose, ret);
}

int cmd_info(const struct options *options, struct terminal *terminal)
{
	const uint32_t columns = HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_SIZE |
				 HS_COLUMN_EDGES | HS_COLUMN_SITE;
	int code = output_report_on_file(terminal, options, columns, make);
	char *name;

	if (code || options->json)
		return code;
	name = output_quote(options->operands[0]);
	terminal_note(terminal, "next: heapsnap top %s", name ? name : "FILE");
	free(name);
	return code;
}
