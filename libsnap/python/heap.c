/* SPDX-License-Identifier: MIT */
/* heap.c: from the image of a CPython process to a snapshot. */
#include "libsnap/python/heap.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/python/blocks.h"
#include "libsnap/python/discover.h"
#include "libsnap/python/fingerprint.h"
#include "libsnap/python/interp.h"
#include "libsnap/python/lost.h"

struct hs_error *hs_heap_open(struct hs_image *image, const struct hs_runtime *runtime,
			      struct hs_heap_facts *facts, struct hs_python **ret)
{
	struct hs_python *python;
	struct hs_error *err;

	hs_phases_enter(facts->phases, HS_PHASE_FIND);
	err = hs_python_create(image, runtime, &python);
	if (err)
		return err;
	python->preview_bytes = facts->preview_bytes;
	python->redact = facts->redact;
	python->salt = hs_fingerprint_salt(facts->pid, facts->start_ticks, facts->boot_id);
	hs_phases_enter(facts->phases, HS_PHASE_WALK);
	hs_discover_lists(python, &facts->tracked, &facts->broken_lists);
	hs_phases_enter(facts->phases, HS_PHASE_OTHER);
	facts->traces_torn = !hs_tracemalloc_read(python, &runtime->tracemalloc);
	*ret = python;
	return NULL;
}

static struct hs_str c_str(const char *text)
{
	return (struct hs_str){.data = text, .size = strlen(text)};
}

/* Split the arguments at the NUL that ends each. */
static bool split_command(const struct hs_heap_facts *facts, struct hs_str **ret, size_t *count)
{
	HS_VECTOR(struct hs_str) words = {0};
	size_t at = 0;

	while (at < facts->command_size) {
		struct hs_str word = {.data = facts->command + at};

		word.size = strnlen(word.data, facts->command_size - at);
		if (!hs_vector_push(&words, word)) {
			hs_vector_deinit(&words);
			return false;
		}
		at += word.size + 1;
	}
	*ret = words.data;
	*count = words.size;
	return true;
}

static bool add_info(struct hs_python *python, const struct hs_heap_facts *facts)
{
	_cleanup_free_ struct hs_str *command = NULL;
	struct hs_info info = {
		.pid = facts->pid,
		.runtime = c_str("cpython"),
		.time_ns = facts->time_ns,
		.start_ticks = facts->start_ticks,
		.boot_id = c_str(facts->boot_id),
		.mode = c_str(facts->mode ? facts->mode : ""),
		.reason = c_str(facts->reason ? facts->reason : ""),
		.pause_ns = facts->pause_ns,
		.copied = hs_image_page_count(python->image) << HS_PAGE_SHIFT,
		.resident = facts->resident,
		.retries = facts->retries,
		.damaged = facts->broken_lists,
		.preview_bytes = facts->preview_bytes,
		.redacted = facts->redact,
		.salt = python->salt,
	};
	char version[16];

	hs_python_version(python, version, sizeof(version));
	info.version = c_str(version);
	if (!facts->redact && !split_command(facts, &command, &info.command_count))
		return false;
	info.command = command;
	hs_build_info(python->build, &info);
	return true;
}

static void add_regions(struct hs_python *python)
{
	const struct hs_maps *maps = &python->image->maps;

	for (size_t i = 0; i < maps->size; i++) {
		const struct hs_mapping *mapping = &maps->data[i];
		struct hs_region region = {
			.start = mapping->start,
			.end = mapping->end,
			.resident = mapping->resident,
			.flags = mapping->flags,
			.name = c_str(python->redact && mapping->name[0] == '/' ? HS_REDACTED_FILE
										: mapping->name),
		};

		hs_build_region(python->build, &region);
	}
}

static void add_gaps(struct hs_python *python, const struct hs_heap_facts *facts)
{
	const struct hs_image_source *source = python->image->source;
	uint64_t unreadable = facts->unreadable_pages + (source ? source->unreadable : 0);

	if (unreadable)
		hs_build_gap(python->build,
			     facts->of_core ? "page was left out of the core"
					    : "page of the target cannot be read",
			     unreadable, 0);
	if (facts->cut_pages)
		hs_build_gap(python->build, "page was cut off with the end of the core",
			     facts->cut_pages, facts->cut_page);
	if (facts->untried)
		hs_build_gap(python->build, "program for a machine that heapsnap was not tried on",
			     1, 0);
	if (facts->traces_torn)
		hs_build_gap(python->build, "tracemalloc's tables were being changed", 1, 0);
	if (facts->broken_lists)
		hs_build_gap(python->build, "list of the collector does not link up",
			     facts->broken_lists, 0);
}

static void discover_types(struct hs_python *python, hs_progress_fn *progress, void *context)
{
	while (hs_discover_types(python))
		hs_discover_run(python, progress, context);
}

struct hs_error *hs_heap_read(struct hs_python *python, const struct hs_heap_facts *facts,
			      hs_progress_fn *progress, void *context)
{
	hs_phases_enter(facts->phases, HS_PHASE_PYMALLOC);
	if (!hs_pymalloc_read(python))
		return &hs_enomem;
	hs_phases_enter(facts->phases, HS_PHASE_PARSE);
	hs_roots_add(python);
	hs_discover_run(python, progress, context);
	discover_types(python, progress, context);
	hs_statics_add(python);
	hs_discover_run(python, progress, context);
	discover_types(python, progress, context);
	hs_build_reached(python->build);
	hs_discover_weakly(python);
	hs_discover_run(python, progress, context);
	hs_discover_unreached(python, progress, context);
	hs_phases_enter(facts->phases, HS_PHASE_PYMALLOC);
	hs_lost_discover(python, progress, context);
	discover_types(python, progress, context);
	hs_leftovers_take(python);
	hs_blocks_describe(python);
	hs_phases_enter(facts->phases, HS_PHASE_BUILD);
	add_regions(python);
	hs_collectors_add(python);
	add_gaps(python, facts);
	if (!add_info(python, facts) || python->nomem || !hs_discover_keep_pages(python))
		return &hs_enomem;
	python->image = NULL;
	return NULL;
}

struct hs_error *hs_heap_finish(struct hs_python *python, const struct hs_heap_facts *facts,
				struct hs_snapshot **ret)
{
	struct hs_error *err;
	struct hs_ranks *ranks;
	hs_addr *addresses;

	/* Pages that were there are not any more: a fork can be read for a minute only. */
	if (hs_build_object_count(python->build) != python->queue.size)
		return hs_error_create(HS_ERROR_FAILED,
				       "the objects found could not all be read: that took too "
				       "long, or memory ran out");
	ranks = hs_ranks_create(python);
	if (!ranks)
		return &hs_enomem;
	addresses = hs_discover_addresses(python);
	if (!addresses) {
		hs_ranks_destroy(ranks);
		return &hs_enomem;
	}
	hs_build_addresses(python->build, addresses);
	hs_python_forget(python);
	err = hs_build_finish(python->build, hs_discover_resolve, ranks, ret);
	hs_ranks_destroy(ranks);
	hs_phases_enter(facts->phases, HS_PHASE_OTHER);
	return err;
}
