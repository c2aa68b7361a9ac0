/* SPDX-License-Identifier: MIT */
/* export.c: the table of output formats. */
#include "libsnap/export/exporter.h"

#include "format/base/error.h"

static const struct hs_exporter jsonl = {
	.name = "jsonl",
	.summary = "one JSON object per line and heap object",
	.run = hs_export_jsonl,
};

static const struct hs_exporter *const table[] = {&jsonl};

const struct hs_exporter *const *hs_exporters(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

const struct hs_exporter *hs_exporter_find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i]->name, name))
			return table[i];
	return NULL;
}

const char *hs_exporter_name(const struct hs_exporter *exporter)
{
	return exporter->name;
}

const char *hs_exporter_summary(const struct hs_exporter *exporter)
{
	return exporter->summary;
}

static bool has_all_columns(const struct hs_objects *objects)
{
	return objects->address && objects->type && objects->size && objects->flags &&
	       objects->shape && objects->visible && objects->first_edge && objects->edges;
}

struct hs_error *hs_export(const struct hs_snapshot *snap, const struct hs_exporter *exporter,
			   FILE *file)
{
	_cleanup_output_ struct hs_output out = {0};
	struct hs_error *err;

	if (!has_all_columns(hs_snapshot_objects(snap)))
		return hs_error_create(HS_ERROR_USAGE,
				       "the snapshot was opened without all of its columns");
	hs_output_init(&out, file);
	err = exporter->run(snap, &out);
	if (err)
		return err;
	return hs_output_finish(&out);
}
