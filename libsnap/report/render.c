/* SPDX-License-Identifier: MIT */
/* render.c: choosing a renderer, and what they share. */
#include "libsnap/report/render.h"

#include <time.h>

struct hs_error *hs_report_render(const struct hs_report *report,
				  const struct hs_render_options *options, FILE *file)
{
	_cleanup_output_ struct hs_output out = {0};
	struct hs_error *err = NULL;

	hs_output_init(&out, file);
	switch (options->format) {
	case HS_REPORT_TEXT:
		err = hs_render_text(report, options, &out);
		break;
	case HS_REPORT_JSON:
		err = hs_render_json(report, options, &out);
		break;
	case HS_REPORT_CSV:
		err = hs_render_csv(report, options, &out);
		break;
	}
	if (err)
		return err;
	return hs_output_finish(&out);
}

size_t hs_render_rows(const struct hs_table *table, const struct hs_render_options *options,
		      size_t fallback)
{
	uint64_t limit = options->rows < 0 ? fallback : (uint64_t)options->rows;

	if (!table->limited || options->rows == 0 || limit > table->row_count)
		return table->row_count;
	return (size_t)limit;
}

void hs_render_time(uint64_t time_ns, char *ret)
{
	time_t seconds = (time_t)(time_ns / 1000000000U);
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
