/* SPDX-License-Identifier: MIT */
/* exporter.h: what an output format is. */
#ifndef HS_EXPORT_EXPORTER_H
#define HS_EXPORT_EXPORTER_H

#include "libsnap/report/output.h"

#include <heapsnap/export.h>

/*
 * To add an output format:
 *
 *   1. write <name>.c with its function, declare it below;
 *   2. add a row to the table in export.c;
 *   3. test it in tests/unit/export/test_<name>.c and name it in the README.
 */
struct hs_exporter {
	const char *name;
	const char *summary;
	/* Append all of @snap, which has all columns, to @out; errors of writing stay in @out. */
	struct hs_error *(*run)(const struct hs_snapshot *snap, struct hs_output *out);
};

struct hs_error *hs_export_jsonl(const struct hs_snapshot *snap, struct hs_output *out);

#endif
