/* SPDX-License-Identifier: MIT */
/* render.h: what the renderers share. */
#ifndef HS_REPORT_RENDER_H
#define HS_REPORT_RENDER_H

#include "libsnap/report/model.h"
#include "libsnap/report/output.h"

/* Each appends @report to @out. */
struct hs_error *hs_render_text(const struct hs_report *report,
				const struct hs_render_options *options,
				struct hs_output *out) HS_MUST_CHECK;
struct hs_error *hs_render_json(const struct hs_report *report,
				const struct hs_render_options *options,
				struct hs_output *out) HS_MUST_CHECK;
struct hs_error *hs_render_csv(const struct hs_report *report,
			       const struct hs_render_options *options,
			       struct hs_output *out) HS_MUST_CHECK;

/* How many of @table's rows @options let through; @fallback is the format's default. */
size_t hs_render_rows(const struct hs_table *table, const struct hs_render_options *options,
		      size_t fallback);

/* "2026-01-01T00:00:00Z" in @ret, of at least 32 bytes. */
void hs_render_time(uint64_t time_ns, char *ret);

#endif
