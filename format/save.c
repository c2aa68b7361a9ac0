/* SPDX-License-Identifier: MIT */
/* save.c: a snapshot into a file. */
#include "format/base/error.h"
#include "format/block.h"
#include "format/previewfile.h"
#include "format/tablefile.h"

enum { LARGEST_LEVEL = 19 };

static struct hs_error *write_blocks(const struct hs_snapshot *snap, struct hs_emitter *emitter,
				     const struct hs_save_options *options)
{
	struct hs_block_encoder *encoder = hs_block_encoder_create(snap, emitter);
	struct hs_error *err = encoder ? NULL : &hs_enomem;

	for (hs_id next = 0; !err && next < snap->objects.count;) {
		err = hs_block_encode(encoder, &next);
		if (!err && options->progress)
			options->progress(options->progress_context, "writing", next,
					  snap->objects.count);
	}
	hs_block_encoder_destroy(encoder);
	return err;
}

static struct hs_error *write_sections(const struct hs_snapshot *snap, struct hs_file_writer *file,
				       const struct hs_save_options *options)
{
	struct hs_emitter emitter;
	struct hs_error *err;

	err = hs_emitter_init(&emitter, file, options->level ? options->level : HS_DEFAULT_LEVEL);
	if (!err)
		err = hs_tables_encode(snap, &emitter);
	if (!err)
		err = write_blocks(snap, &emitter, options);
	if (!err)
		err = hs_previews_encode(snap, &emitter);
	if (!err)
		err = hs_emit_end(&emitter);
	hs_emitter_deinit(&emitter);
	return err;
}

static struct hs_error *check_arguments(const struct hs_snapshot *snap, const char *path,
					const struct hs_save_options *options)
{
	const struct hs_objects *objects = &snap->objects;

	if (options->level < 0 || options->level > LARGEST_LEVEL)
		return hs_error_create(HS_ERROR_USAGE,
				       "writing %s: there is no compression level %d, only 1 to %d",
				       path, options->level, LARGEST_LEVEL);
	if (!objects->address || !objects->type || !objects->size || !objects->flags ||
	    !objects->first_edge)
		return hs_error_create(HS_ERROR_USAGE,
				       "writing %s: the snapshot was opened without some of its "
				       "columns",
				       path);
	return NULL;
}

struct hs_error *hs_snapshot_save(const struct hs_snapshot *snap, const char *path,
				  const struct hs_save_options *options)
{
	static const struct hs_save_options defaults;
	struct hs_error *err;

	if (!options)
		options = &defaults;
	err = check_arguments(snap, path, options);
	if (err)
		return err;
	_cleanup_file_writer_ struct hs_file_writer *file = NULL;
	err = hs_file_writer_create(path, options->overwrite, &file);
	if (err)
		return err;
	if (options->owner_uid)
		hs_file_writer_give(file, options->owner_uid, options->owner_gid);
	err = write_sections(snap, file, options);
	if (err)
		return err == &hs_enomem ? err : hs_error_wrap(err, "writing %s", path);
	return hs_file_writer_commit(file);
}
