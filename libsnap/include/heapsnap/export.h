/* SPDX-License-Identifier: MIT */
/* heapsnap/export.h: a snapshot in formats of others. */
#ifndef HEAPSNAP_EXPORT_H
#define HEAPSNAP_EXPORT_H

#include <heapsnap/snapshot.h>
#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An output format; they stand in one table, libsnap/export/export.c. */
struct hs_exporter;

/* The exporter called @name ("jsonl"), NULL if there is none. */
HS_EXPORT const struct hs_exporter *hs_exporter_find(const char *name);

/* All exporters; *@count of them. */
HS_EXPORT const struct hs_exporter *const *hs_exporters(size_t *count);
HS_EXPORT const char *hs_exporter_name(const struct hs_exporter *exporter);
HS_EXPORT const char *hs_exporter_summary(const struct hs_exporter *exporter);

/* Write @snap, opened with all columns, to @out.  Write errors are found and reported. */
HS_EXPORT struct hs_error *hs_export(const struct hs_snapshot *snap,
				     const struct hs_exporter *exporter, FILE *out) HS_MUST_CHECK;

/*
 * The same into the file at @path, which appears whole or not at all, with mode 0600; "-" means
 * standard output.  Of @options, which may be NULL, those count that say whether an existing file
 * is replaced and whom the file belongs to.
 */
HS_EXPORT struct hs_error *hs_export_save(const struct hs_snapshot *snap,
					  const struct hs_exporter *exporter, const char *path,
					  const struct hs_save_options *options) HS_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
