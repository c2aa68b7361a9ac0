/* SPDX-License-Identifier: MIT */
/* save.c: a snapshot into a file. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/str.h"
#include "format/block.h"
#include "format/chain.h"
#include "format/chainfile.h"
#include "format/previewfile.h"
#include "format/tablefile.h"
#include <inttypes.h>

#include <time.h>

enum { LARGEST_LEVEL = 19 };

/* Write @snap; if it is one of a @chain, the objects in @listed, else these are the same. */
static struct hs_error *write_sections(const struct hs_snapshot *snap, struct hs_chain *chain,
				       const struct hs_snapshot *listed,
				       struct hs_file_writer *file,
				       const struct hs_save_options *options)
{
	hs_id count = chain ? (hs_id)hs_chain_identities(chain) : snap->objects.count;
	struct hs_emitter emitter;
	struct hs_error *err;

	err = hs_emitter_init(&emitter, file, hs_save_level(options));
	if (!err)
		err = hs_tables_encode(snap, &emitter, chain);
	if (!err && chain)
		err = hs_chain_emit(chain, &emitter);
	if (!err)
		err = hs_blocks_write(listed, &emitter, options);
	if (!err)
		err = hs_previews_encode(&listed->previews, count, &emitter);
	if (!err)
		err = hs_emit_end(&emitter);
	hs_emitter_deinit(&emitter);
	return err;
}

/* Write what differs from the base, which must outlive the file. */
static struct hs_error *write_chained(const struct hs_snapshot *snap, const char *path,
				      struct hs_file_writer *file,
				      const struct hs_save_options *options)
{
	struct hs_chain chain = {.base = options->base};
	_cleanup_free_ char *name = hs_chain_name(options->base, path, snap->info.redacted);
	_cleanup_snapshot_ struct hs_snapshot *listed = NULL;
	struct hs_error *err;

	if (!name)
		return &hs_enomem;
	chain.file = (struct hs_base){.name = hs_str_of(name), .hash = options->base->hash};
	err = hs_chain_pair(&chain, snap);
	if (!err)
		err = hs_tables_match(snap, &chain);
	if (!err)
		err = hs_chain_compare(&chain, snap);
	if (!err)
		err = hs_chain_list(&chain, snap, &listed);
	if (!err) {
		chain.listed_edges = listed->objects.edge_count;
		err = write_sections(snap, &chain, listed, file, options);
	}
	hs_chain_deinit(&chain);
	return err;
}

/* Whether @snap can be written against options->base. */
static struct hs_error *check_base(const struct hs_snapshot *snap, const char *path,
				   const struct hs_save_options *options)
{
	const struct hs_snapshot *base = options->base;
	const char *name = base->path.size ? base->path.data : "the base";

	if (!base->raw || !base->path.size || !base->objects.address || !base->objects.type ||
	    !base->objects.size || !base->objects.flags || !base->objects.first_edge)
		return hs_error_create(HS_ERROR_USAGE, "writing %s: %s was not opened to be a base",
				       path, name);
	if (!hs_chain_same_process(&snap->info, &base->info))
		return hs_error_create(HS_ERROR_USAGE,
				       "writing %s: %s cannot be its base: it is a snapshot of "
				       "another process",
				       path, name);
	if (base->base.depth >= HS_MAX_DEPTH)
		return hs_error_create(
			HS_ERROR_USAGE,
			"writing %s: %s has %" PRIu32
			" snapshots behind it, which is the most there may be; write "
			"this one without a base and go on from it",
			path, name, base->base.depth);
	if (hs_chain_same_file(path, base->path.data))
		return hs_error_create(HS_ERROR_USAGE,
				       "writing %s: it cannot take the place of its own base",
				       path);
	return NULL;
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
	return options->base ? check_base(snap, path, options) : NULL;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Commit @file, and tell what time it took since @start to fill it. */
static struct hs_error *commit(const struct hs_snapshot *snap, struct hs_file_writer *file,
			       uint64_t start, const struct hs_save_options *options)
{
	struct hs_phase encode = {.name = "encode", .objects = snap->objects.count};
	struct hs_phase write = {.name = "write"};
	struct hs_error *err = hs_spill_check(snap->columns.spill);

	if (!err)
		err = hs_file_writer_commit(file);
	if (err || !options->phase)
		return err;
	write.ns = hs_file_writer_spent(file);
	write.bytes = hs_file_writer_offset(file);
	encode.ns = now_ns() - start - write.ns;
	options->phase(options->phase_context, &encode);
	options->phase(options->phase_context, &write);
	return NULL;
}

struct hs_error *hs_snapshot_save(const struct hs_snapshot *snap, const char *path,
				  const struct hs_save_options *options)
{
	static const struct hs_save_options defaults;
	const uint64_t start = now_ns();
	struct hs_error *err;

	if (!options)
		options = &defaults;
	err = check_arguments(snap, path, options);
	if (!err && options->overwrite)
		err = hs_output_check(path, true);
	if (err)
		return err;
	_cleanup_file_writer_ struct hs_file_writer *file = NULL;
	err = hs_file_writer_create(path, options->overwrite, &file);
	if (err)
		return err;
	if (options->owner_uid)
		hs_file_writer_give(file, options->owner_uid, options->owner_gid);
	err = options->base ? write_chained(snap, path, file, options)
			    : write_sections(snap, NULL, snap, file, options);
	if (err)
		return err == &hs_enomem ? err : hs_error_wrap(err, "writing %s", path);
	return commit(snap, file, start, options);
}
