/* SPDX-License-Identifier: MIT */
/* save.c: an export into a file that appears whole or not at all. */
#include <heapsnap/export.h>

#include "format/base/error.h"
#include "format/base/file.h"

#include <sys/types.h>

static ssize_t write_to_file(void *cookie, const char *data, size_t size)
{
	hs_file_writer_write(cookie, data, size);
	return (ssize_t)size; /* a failure is kept by the writer, and comes up at its commit */
}

struct hs_error *hs_export_save(const struct hs_snapshot *snap, const struct hs_exporter *exporter,
				const char *path, const struct hs_save_options *options)
{
	static const struct hs_save_options defaults;
	const cookie_io_functions_t functions = {.write = write_to_file};
	_cleanup_file_writer_ struct hs_file_writer *writer = NULL;
	struct hs_error *err;
	FILE *stream;

	if (!options)
		options = &defaults;
	err = options->overwrite ? hs_output_check(path, true) : NULL;
	if (!err)
		err = hs_file_writer_create(path, options->overwrite, &writer);
	if (err)
		return err;
	if (options->owner_uid)
		hs_file_writer_give(writer, options->owner_uid, options->owner_gid);
	stream = fopencookie(writer, "w", functions);
	if (!stream)
		return &hs_enomem;
	err = hs_export(snap, exporter, stream);
	if (fclose(stream) && !err)
		err = &hs_enomem;
	if (err)
		return err;
	return hs_file_writer_commit(writer);
}
