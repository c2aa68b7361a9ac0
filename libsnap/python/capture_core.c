/* SPDX-License-Identifier: MIT */
/* capture_core.c: from a core file to a snapshot. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/core.h"
#include "libsnap/python/admit.h"
#include "libsnap/python/heap.h"
#include "libsnap/python/runtime.h"

#include <heapsnap/capture.h>
#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

enum {
	ABSENT_LIMIT = 1 << 18, /* pages of a mapping */
	ABSENT_TOTAL = 1 << 22, /* and of all */
};

/* One call of hs_capture_core(). */
struct capture {
	const char *path;
	const struct hs_capture_options *options;
	struct hs_core *core;
	struct hs_core_facts core_facts;
	struct hs_runtime runtime;
	struct hs_image *image;
	uint64_t absent; /* pages noted as missing, if somebody wants them */
	struct hs_heap_facts facts;
};

/*
 * Where files of the process are not to be had, that is why a Python was not found or looks odd;
 * and where the core was cut off, that is.
 */
static struct hs_error *explain_lack(struct capture *capture, struct hs_error *err)
{
	struct hs_core_facts *facts = &capture->core_facts;
	char *text;
	int size;

	if (hs_error_code(err) != HS_ERROR_UNSUPPORTED)
		return err;
	hs_core_facts(capture->core, facts);
	if (facts->file_differs)
		size = asprintf(&text,
				"%s; but %zu of its %zu files are not what it ran (%s is one): "
				"--exe or --root can say where those are",
				hs_error_message(err), facts->files_differ, facts->files,
				facts->file_differs);
	else if (facts->file_missing)
		size = asprintf(&text,
				"%s; but %zu of its %zu files are not here (%s is one): --exe or "
				"--root can say where they are",
				hs_error_message(err), facts->files_missing, facts->files,
				facts->file_missing);
	else if (!facts->files)
		size = asprintf(&text,
				"%s; but it does not say which files it ran (it has no note "
				"NT_FILE)",
				hs_error_message(err));
	else
		return err;
	hs_error_destroy(err);
	if (size < 0)
		return &hs_enomem;
	err = hs_error_create(HS_ERROR_UNSUPPORTED, "%s", text);
	free(text);
	return err;
}

/*
 * What is odd about a core that was cut off is that; if it is whole and files are not to be had, or
 * else if it lacks what was looked for, that is.
 */
static struct hs_error *explain(struct capture *capture, struct hs_error *odd)
{
	struct hs_error *err = explain_lack(capture, odd);
	const struct hs_core_facts *facts = &capture->core_facts;
	const bool cut = facts->cut;
	const bool lacks = !facts->file_missing && !facts->file_differs && capture->image &&
			   capture->image->source && capture->image->source->unreadable;
	const char *text = hs_error_message(err);
	const size_t size = strlen(capture->path);
	struct hs_error *why;

	if ((!cut && !lacks) || hs_error_code(err) != HS_ERROR_UNSUPPORTED)
		return err;
	/* Once is enough. */
	if (!strncmp(text, capture->path, size) && !strncmp(text + size, ": ", 2))
		text += size + 2;
	why = hs_error_create(HS_ERROR_DAMAGED, "%s: %s, and what is left is not enough: %s",
			      capture->path,
			      cut ? "it is truncated"
				  : "memory was left out when it was written (see "
				    "coredump_filter in core(5))",
			      text);
	hs_error_destroy(err);
	return why;
}

static bool add_pages(void *context, hs_addr addr, uint64_t pages, bool absent)
{
	struct capture *capture = context;

	if (!absent)
		return hs_image_add_later(capture->image, addr, pages);
	/* Noting so many would cost memory; that they are missed is then said at once. */
	if (pages > ABSENT_LIMIT || pages > ABSENT_TOTAL - capture->absent) {
		capture->facts.unreadable_pages += pages;
		return true;
	}
	capture->absent += pages;
	return hs_image_add_absent(capture->image, addr, pages);
}

static struct hs_error *make_image(struct capture *capture)
{
	struct hs_core_pages counts;

	struct hs_error *err = hs_capture_image_create(capture->options, &capture->image);

	if (err)
		return err;
	if (!hs_image_set_source(capture->image, hs_core_read_pages, capture->core) ||
	    !hs_maps_copy(hs_core_maps(capture->core), &capture->image->maps))
		return &hs_enomem;
	if (!hs_core_pages(capture->core, add_pages, capture, &counts))
		return hs_error_create(HS_ERROR_FAILED,
				       "%s: not enough memory to read it, or it has more than "
				       "64 GiB to read",
				       capture->path);
	capture->facts.cut_pages = counts.cut;
	capture->facts.cut_page = counts.cut_one;
	hs_capture_explain(capture->options,
			   "mode core: %" PRIu64 " MiB that can be written to; %" PRIu64
			   " pages of such are cut off",
			   counts.written >> (20 - HS_PAGE_SHIFT), counts.cut);
	return hs_image_seal(capture->image, hs_core_fetch, capture->core) ? NULL : &hs_enomem;
}

/*
 * Cores say neither when the process began nor on which machine.  In place of that stands a hash of
 * the bytes that the kernel gave it, and none but it, to seed what it likes.
 */
static void read_identity(struct capture *capture)
{
	uint8_t bytes[16];

	if (capture->core_facts.random &&
	    hs_target_read(hs_core_target(capture->core), capture->core_facts.random, bytes,
			   sizeof(bytes)))
		snprintf(capture->facts.boot_id, sizeof(capture->facts.boot_id), "core-%016" PRIx64,
			 (uint64_t)XXH64(bytes, sizeof(bytes), 0));
}

static void read_facts(struct capture *capture)
{
	struct hs_heap_facts *facts = &capture->facts;

	facts->mode = "core";
	facts->of_core = true;
	facts->pid = capture->core_facts.pid;
	facts->time_ns = capture->core_facts.time_ns;
	facts->preview_bytes = capture->options->preview_bytes;
	facts->redact = capture->options->redact;
	facts->command = hs_core_arguments(capture->core, &facts->command_size);
	read_identity(capture);
}

/* Whatever comes of a core of which not all could be read, for want of memory, is no good. */
static struct hs_error *check_starved(const struct capture *capture, struct hs_error *err)
{
	struct hs_error *why = capture->image ? hs_spill_check(capture->image->spill) : NULL;

	if (why) {
		hs_error_destroy(err);
		return hs_error_wrap(why, "%s", capture->path);
	}
	if (!hs_core_is_starved(capture->core))
		return err;
	hs_error_destroy(err);
	return hs_error_create(HS_ERROR_FAILED,
			       "%s: there is not enough memory to read all that it takes; free "
			       "some, or run heapsnap outside its cgroup",
			       capture->path);
}

static struct hs_error *read_heap(struct capture *capture, struct hs_snapshot **ret)
{
	struct hs_python *python = NULL;
	struct hs_snapshot *snap = NULL;
	struct hs_spill *spill;
	struct hs_error *err;

	err = hs_heap_open(capture->image, &capture->runtime, &capture->facts, &python);
	if (err) {
		err = explain(capture, hs_error_wrap(err, "%s", capture->path));
		return check_starved(capture, err);
	}
	if (capture->facts.broken_lists)
		hs_capture_explain(capture->options,
				   "%" PRIu64 " lists of the collector do not link up",
				   capture->facts.broken_lists);
	err = hs_heap_read(python, &capture->facts, capture->options->progress,
			   capture->options->context);
	err = check_starved(capture, err);
	spill = hs_spill_share(capture->image->spill);
	hs_image_destroy(hs_steal(capture->image));
	if (!err)
		err = hs_heap_finish(python, &capture->facts, &snap);
	hs_python_destroy(python);
	err = hs_capture_end_spill(spill, err, capture->path);
	if (err)
		hs_snapshot_destroy(snap);
	else
		*ret = snap;
	return err;
}

static struct hs_error *run(struct capture *capture, struct hs_snapshot **ret)
{
	const struct hs_core_options where = {
		.exe = capture->options->exe,
		.root = capture->options->root,
	};
	struct hs_error *err = hs_capture_check(capture->options);

	if (!err)
		err = hs_core_open(capture->path, &where, &capture->core);
	if (err)
		return err;
	hs_core_facts(capture->core, &capture->core_facts);
	hs_capture_explain(
		capture->options, "core of process %" PRIu64 ", %" PRIu64 " threads, %zu files",
		capture->core_facts.pid, capture->core_facts.threads, capture->core_facts.files);
	err = hs_runtime_find(hs_core_target(capture->core), hs_core_maps(capture->core),
			      &capture->runtime);
	if (err)
		return explain(capture, err);
	/* It would be as in the file if nobody had written to it; but the interpreter does. */
	if (!hs_core_holds(capture->core, capture->runtime.address))
		return hs_target_unreadable(hs_core_target(capture->core));
	hs_capture_explain_runtime(capture->options, &capture->runtime);
	err = hs_capture_admit(capture->options, &capture->runtime, capture->path,
			       &capture->facts.untried);
	if (!err)
		err = make_image(capture);
	if (err)
		return err;
	read_facts(capture);
	return read_heap(capture, ret);
}

struct hs_error *hs_capture_core(const char *path, const struct hs_capture_options *options,
				 struct hs_snapshot **ret)
{
	static const struct hs_capture_options defaults;
	struct capture capture = {.path = path, .options = options ? options : &defaults};
	struct hs_error *err = run(&capture, ret);

	hs_image_destroy(capture.image);
	hs_core_close(capture.core);
	free(capture.facts.command);
	return err;
}
