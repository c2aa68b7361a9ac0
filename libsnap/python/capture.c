/* SPDX-License-Identifier: MIT */
/* capture.c: from a live process to a snapshot. */
#include <heapsnap/capture.h>

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/freeze.h"
#include "libsnap/memory/headroom.h"
#include "libsnap/memory/proc.h"
#include "libsnap/python/admit.h"
#include "libsnap/python/capturing.h"
#include "libsnap/python/heap.h"
#include "libsnap/python/room.h"
#include "libsnap/python/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

enum {
	DEFAULT_STOP_TIMEOUT_MS = 2000,
	COLLECTION_WAIT_MS = 500, /* for a collection to end, without stopping the target */
	DEFAULT_STOP_LIMIT_MS = 30000,
};

struct hs_capturing {
	pid_t pid;
	const struct hs_capture_options *options;
	struct hs_process *process;
	struct hs_runtime runtime;
	struct hs_maps maps; /* when it was last looked at */
	struct hs_fork_plan plan;
	hs_addr collecting; /* address of the main interpreter's gc.collecting; 0: not known */
	struct hs_image *image;
	struct hs_frozen frozen; /* what the image is filled from */
	struct hs_heap_facts facts;
	struct hs_phases phases;
	const char *unready; /* why the target could not be copied at some moment */
	bool last;	     /* the last try: take what there is */
	bool taken;	     /* there is an image that was not looked at yet */
};

/* Whether it looks as if a fork of the target can be copied. */
static bool will_fork(const struct hs_capturing *capture)
{
	return capture->options->mode != HS_CAPTURE_STOP && !capture->plan.unfit;
}

static struct hs_error *check_room(const struct hs_capturing *capture, const struct hs_room *room,
				   uint64_t held)
{
	const char *name = hs_process_target(capture->process)->name;
	const uint64_t headroom = hs_memory_headroom("", 0);

	if (capture->options->max_memory)
		return hs_room_check_bound(name, room, capture->options->max_memory, headroom);
	return hs_room_check(name, room, will_fork(capture), held, headroom);
}

/*
 * An image, with room for what the target has now if it is to be stopped for the copy, touched, so
 * that the stop is short.  Where there is no room the kernel would kill somebody, and that could be
 * the target: so look first.
 */
static struct hs_error *prepare_image(struct hs_capturing *capture, uint64_t held)
{
	struct hs_error *err;
	struct hs_room room;

	hs_maps_deinit(&capture->maps);
	err = hs_maps_read(capture->pid, &capture->maps);
	if (!err)
		err = hs_room_look(capture->process, &capture->maps, capture->runtime.layout->minor,
				   &room);
	if (err)
		return err;
	if (!capture->plan.unfit && !hs_room_to_fork(&room, hs_memory_headroom("", capture->pid)))
		capture->plan.unfit = "its memory cgroup has no room for pages that it writes to "
				      "meanwhile";
	err = check_room(capture, &room, held);
	if (!err)
		err = hs_capture_image_create(capture->options, &capture->image);
	if (err)
		return err;
	if (!will_fork(capture) && !hs_image_reserve(capture->image, room.pages)) {
		/* Who waits for memory and comes again begins anew. */
		err = hs_spill_check(capture->image->spill);
		hs_image_destroy(hs_steal(capture->image));
		if (err)
			return hs_error_wrap(err, "process %d", (int)capture->pid);
		return hs_error_create(HS_ERROR_FAILED,
				       "process %d: not enough memory for a copy of its %llu MiB",
				       (int)capture->pid, (unsigned long long)room.pages >> 8);
	}
	return NULL;
}

static void find_collecting(struct hs_capturing *capture)
{
	const struct hs_layout *layout = capture->runtime.layout;
	hs_addr interp = 0;

	if (layout->interp_gc == HS_ABSENT)
		capture->collecting =
			capture->runtime.address + layout->runtime_gc + layout->gc_collecting;
	else if (hs_process_read(capture->process,
				 capture->runtime.address + layout->runtime_interpreters_main,
				 &interp, sizeof(interp)) &&
		 interp)
		capture->collecting = interp + layout->interp_gc + layout->gc_collecting;
}

static bool is_collecting(struct hs_capturing *capture)
{
	int32_t collecting = 0;

	return capture->collecting &&
	       hs_process_read(capture->process, capture->collecting, &collecting,
			       sizeof(collecting)) &&
	       collecting;
}

static void sleep_ms(unsigned int ms)
{
	const struct timespec nap = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&nap, NULL);
}

/* Wait for a collection to end; it may have ended for good only when the next one begins. */
static void wait_for_collector(struct hs_capturing *capture)
{
	for (unsigned int i = 0; i < COLLECTION_WAIT_MS && is_collecting(capture); i++)
		sleep_ms(1);
}

/* What is true of the process at the moment of the capture. */
static void note_moment(struct hs_capturing *capture)
{
	uint64_t kib = 0;

	capture->facts.time_ns = hs_clock_realtime();
	if (hs_proc_status_field(capture->pid, "VmRSS", &kib))
		capture->facts.resident = kib * 1024;
}

/* Called when the target stands still. */
static bool is_good_moment(void *context)
{
	struct hs_capturing *capture = context;

	capture->unready = NULL;
	if (is_collecting(capture))
		capture->unready = "the collector was at work";
	else if (hs_tracemalloc_busy(hs_process_target(capture->process), capture->runtime.layout,
				     &capture->runtime.tracemalloc))
		capture->unready = "tracemalloc's tables were being changed";
	if (capture->unready && !capture->last)
		return false;
	note_moment(capture);
	return true;
}

/* *@ready: whether the image was taken; not if the collector is at work, but for the last try. */
static struct hs_error *take_image(struct hs_capturing *capture, bool *ready)
{
	const struct hs_capture_options *options = capture->options;
	const struct hs_freeze_options how = {
		.maps = &capture->maps,
		.plan = options->mode == HS_CAPTURE_STOP ? NULL : &capture->plan,
		.only_fork = options->mode == HS_CAPTURE_FORK,
		.stop_timeout_ms = options->stop_timeout_ms ? options->stop_timeout_ms
							    : DEFAULT_STOP_TIMEOUT_MS,
		.stop_limit_ms =
			options->stop_limit_ms ? options->stop_limit_ms : DEFAULT_STOP_LIMIT_MS,
		.ready = is_good_moment,
		.context = capture,
		.phases = &capture->phases,
	};
	struct hs_freeze_facts facts;
	struct hs_error *err;

	err = hs_freeze(capture->process, capture->image, &how, &facts, &capture->frozen);
	if (err)
		return err;
	capture->facts.pause_ns += facts.pause_ns;
	capture->facts.unreadable_pages = facts.unreadable;
	capture->facts.mode = facts.forked ? "fork" : "stop";
	capture->facts.reason = facts.reason;
	*ready = facts.ready;
	if (facts.ready && facts.forked)
		hs_capture_explain(capture->options, "mode fork: a fork of the target is copied");
	else if (facts.ready && facts.reason)
		hs_capture_explain(capture->options, "mode stop, not fork: %s", facts.reason);
	else if (facts.ready)
		hs_capture_explain(capture->options,
				   "mode stop: the target is stopped while it is copied");
	return NULL;
}

/*
 * Read pages that the image lacks from the fork, while there is one, whatever becomes of the
 * target; else from that, which goes on: only if the same file is still mapped there in the same
 * way, so that they are what they were.
 */
static bool fetch_live(void *context, hs_addr addr, uint64_t pages, void *buffer)
{
	struct hs_capturing *capture = context;
	struct hs_process *process =
		capture->frozen.process ? capture->frozen.process : capture->process;
	const struct hs_mapping *then = hs_maps_find(&capture->image->maps, addr);
	const struct hs_mapping *now;
	struct hs_maps maps = {0};
	struct hs_error *err = hs_maps_read(hs_process_pid(process), &maps);
	bool same;

	if (err) {
		hs_error_destroy(err);
		return false;
	}
	now = hs_maps_find(&maps, addr);
	same = then && now && then->start == now->start && then->offset == now->offset &&
	       then->inode == now->inode && then->flags == now->flags &&
	       !strcmp(then->name, now->name);
	hs_maps_deinit(&maps);
	return same && hs_process_read(process, addr, buffer, (size_t)pages << HS_PAGE_SHIFT);
}

/*
 * Read the image's beginning; *@python is NULL if it is not consistent.  What does not look like
 * a Python at all may have been caught at a bad moment, at its start for example: once is no proof.
 */
static struct hs_error *open_image(struct hs_capturing *capture, bool first,
				   struct hs_python **python)
{
	struct hs_error *err;

	err = hs_heap_open(capture->image, &capture->runtime, &capture->facts, python);
	if (err && first && hs_error_code(err) == HS_ERROR_UNSUPPORTED) {
		hs_capture_explain(capture->options, "%s", hs_error_message(err));
		hs_error_destroy(err);
		return NULL;
	}
	if (err)
		return hs_error_wrap(err, "process %d", (int)capture->pid);
	if (capture->facts.broken_lists && !capture->last) {
		hs_capture_explain(capture->options, "%llu lists of the collector did not link up",
				   (unsigned long long)capture->facts.broken_lists);
		hs_python_destroy(*python);
		*python = NULL;
	} else if (capture->facts.traces_torn && !capture->last) {
		hs_capture_explain(capture->options, "tracemalloc's tables did not add up");
		hs_python_destroy(*python);
		*python = NULL;
	}
	return NULL;
}

static void drop_image(struct hs_capturing *capture)
{
	if (capture->image)
		hs_frozen_end(&capture->frozen, capture->image);
	hs_image_destroy(capture->image);
	capture->image = NULL;
}

static struct hs_error *check_starved(const struct hs_capturing *capture)
{
	struct hs_error *err = hs_spill_check(capture->image->spill);

	if (err)
		return hs_error_wrap(err, "process %d", (int)capture->pid);
	if (!capture->frozen.watch.starved)
		return NULL;
	return hs_error_create(HS_ERROR_FAILED,
			       "process %d: there is not enough memory to read all that it takes; "
			       "free some, or run heapsnap outside its cgroup",
			       (int)capture->pid);
}

struct hs_error *hs_capturing_prepare(struct hs_capturing *capture, uint64_t held)
{
	return capture->image ? NULL : prepare_image(capture, held);
}

uint64_t hs_capturing_held(const struct hs_capturing *capture)
{
	uint64_t kib = 0;

	return will_fork(capture) && hs_proc_status_field(capture->pid, "RssAnon", &kib)
		       ? kib * 1024
		       : 0;
}

struct hs_error *hs_capturing_freeze(struct hs_capturing *capture, bool last, bool patient,
				     bool *taken)
{
	struct hs_error *err = hs_capturing_prepare(capture, 0);
	bool ready = false;

	if (err)
		return err;
	capture->last = last;
	if (patient)
		wait_for_collector(capture);
	else if (!last && is_collecting(capture))
		return NULL;
	err = take_image(capture, &ready);
	if (err)
		return err;
	if (!ready)
		hs_capture_explain(capture->options, "%s", capture->unready);
	capture->taken = *taken = ready;
	return NULL;
}

/* One try at a consistent image; *@python is NULL if it was not one. */
static struct hs_error *attempt(struct hs_capturing *capture, bool first, struct hs_python **python)
{
	struct hs_error *err = NULL;

	if (!capture->taken)
		err = hs_capturing_freeze(capture, capture->last, true, &capture->taken);
	if (err || !capture->taken)
		return err;
	capture->taken = false;
	hs_frozen_renew(&capture->frozen);
	hs_capture_explain(capture->options,
			   "the target was stopped for %.1f ms; %llu MiB of it can be copied",
			   (double)capture->facts.pause_ns / 1e6,
			   (unsigned long long)capture->image->slot_count >> 8);
	hs_process_resident(capture->process, &capture->image->maps);
	if (!hs_image_seal(capture->image, fetch_live, capture))
		return &hs_enomem;
	err = open_image(capture, first, python);
	/* What was not read because of that looks inconsistent: another try would come to the same.
	 */
	if (!err && !*python)
		err = check_starved(capture);
	if (!err && !*python)
		drop_image(capture);
	return err;
}

static struct hs_error *capture_image(struct hs_capturing *capture, struct hs_python **ret)
{
	unsigned int backoff_ms = 1;

	for (unsigned int i = 0;; i++) {
		struct hs_python *python = NULL;
		struct hs_error *err;

		capture->last = i + 1 == HS_CAPTURING_ATTEMPTS;
		err = attempt(capture, i == 0, &python);
		if (err)
			return err;
		if (python) {
			*ret = python;
			return NULL;
		}
		capture->facts.retries++;
		hs_capture_explain(capture->options, "trying again in %u ms", backoff_ms);
		sleep_ms(backoff_ms);
		backoff_ms *= 4;
	}
}

/* What /proc says of the process, for the snapshot's own record. */
static void read_facts(struct hs_capturing *capture)
{
	struct hs_heap_facts *facts = &capture->facts;
	char boot_id[64] = "";
	_cleanup_fd_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	struct hs_error *err;

	facts->pid = (uint64_t)capture->pid;
	hs_proc_stat_field(capture->pid, 22, &facts->start_ticks);
	if (fd >= 0 && read(fd, boot_id, sizeof(boot_id) - 1) > 0)
		boot_id[strcspn(boot_id, "\n")] = '\0';
	memcpy(facts->boot_id, boot_id, sizeof(facts->boot_id));
	err = hs_proc_read(capture->pid, "cmdline", &facts->command, &facts->command_size);
	/* A name for people: the snapshot is as good without. */
	hs_error_destroy(err);
}

void hs_capturing_destroy(struct hs_capturing *capture)
{
	if (!capture)
		return;
	drop_image(capture);
	hs_process_close(capture->process);
	hs_maps_deinit(&capture->maps);
	free(capture->facts.command);
	free(capture);
}

struct hs_error *hs_capturing_explain(const struct hs_capturing *capture, struct hs_error *err)
{
	struct hs_error *ended = NULL;

	if (err && capture->process)
		ended = hs_process_alive(capture->pid);
	if (!ended)
		return err;
	hs_error_destroy(ended);
	hs_error_destroy(err);
	return hs_error_create(HS_ERROR_GONE, "process %d: it ended while it was being read",
			       (int)capture->pid);
}

static struct hs_error *find_runtime(struct hs_capturing *capture)
{
	struct hs_error *err;

	err = hs_maps_read(capture->pid, &capture->maps);
	if (err && hs_error_code(err) == HS_ERROR_PERMISSION) {
		hs_error_destroy(err);
		return hs_process_refused(capture->pid);
	}
	if (err)
		return err;
	return hs_runtime_find(hs_process_target(capture->process), &capture->maps,
			       &capture->runtime);
}

/* What is there to know before the target is touched. */
static struct hs_error *look(struct hs_capturing *capture)
{
	struct hs_error *err;

	err = hs_capture_check(capture->options);
	if (err)
		return err;
	hs_phases_enter(&capture->phases, HS_PHASE_OTHER);
	err = hs_process_open(capture->pid, &capture->process);
	if (err)
		return err;
	err = find_runtime(capture);
	if (err)
		return err;
	hs_capture_explain_runtime(capture->options, &capture->runtime);
	err = hs_capture_admit(capture->options, &capture->runtime,
			       hs_process_target(capture->process)->name, &capture->facts.untried);
	if (err)
		return err;
	hs_fork_plan(capture->pid, &capture->maps, &capture->plan);
	find_collecting(capture);
	read_facts(capture);
	capture->facts.preview_bytes = capture->options->preview_bytes;
	capture->facts.redact = capture->options->redact;
	return NULL;
}

struct hs_error *hs_capturing_open(pid_t pid, const struct hs_capture_options *options,
				   struct hs_capturing **ret)
{
	struct hs_capturing *capture = calloc(1, sizeof(*capture));
	struct hs_error *err;

	if (!capture)
		return &hs_enomem;
	capture->pid = pid;
	capture->options = options;
	capture->facts.phases = &capture->phases;
	err = look(capture);
	if (err) {
		err = hs_capturing_explain(capture, err);
		hs_capturing_destroy(capture);
		return err;
	}
	*ret = capture;
	return NULL;
}

/* Tell where the time went. */
static void tell_phases(const struct hs_capturing *capture, const struct hs_snapshot *snap,
			uint64_t collected)
{
	const uint64_t objects = hs_snapshot_objects(snap)->count;
	const struct {
		enum hs_phase_name phase;
		struct hs_phase row;
	} rows[] = {
		{HS_PHASE_STOP, {.name = "stop"}},
		{HS_PHASE_CLONE, {.name = "clone"}},
		{HS_PHASE_COPY, {.name = "copy", .bytes = hs_snapshot_info(snap)->copied}},
		{HS_PHASE_FIND, {.name = "find"}},
		{HS_PHASE_WALK, {.name = "walk", .objects = collected}},
		{HS_PHASE_PARSE, {.name = "parse", .objects = objects}},
		{HS_PHASE_PYMALLOC, {.name = "pymalloc", .objects = objects}},
		{HS_PHASE_BUILD, {.name = "build", .objects = objects}},
		{HS_PHASE_OTHER, {.name = "other"}},
	};

	if (!capture->options->phase)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hs_phase row = rows[i].row;

		row.ns = capture->phases.ns[rows[i].phase];
		capture->options->phase(capture->options->context, &row);
	}
}

struct hs_error *hs_capturing_read(struct hs_capturing *capture, struct hs_snapshot **ret)
{
	struct hs_python *python = NULL;
	struct hs_snapshot *snap = NULL;
	struct hs_spill *spill;
	struct hs_error *err = capture_image(capture, &python);

	if (err)
		return err;
	err = hs_heap_read(python, &capture->facts, capture->options->progress,
			   capture->options->context);
	if (!err)
		err = check_starved(capture);
	spill = hs_spill_share(capture->image->spill);
	drop_image(capture);
	if (!err)
		err = hs_heap_finish(python, &capture->facts, &snap);
	hs_python_destroy(python);
	err = hs_capture_end_spill(spill, err, hs_process_target(capture->process)->name);
	if (err) {
		hs_snapshot_destroy(snap);
		return err;
	}
	tell_phases(capture, snap, capture->facts.tracked);
	*ret = snap;
	return NULL;
}

struct hs_error *hs_capture_process(pid_t pid, const struct hs_capture_options *options,
				    struct hs_snapshot **ret)
{
	static const struct hs_capture_options defaults;
	struct hs_capturing *capture = NULL;
	struct hs_error *err = hs_capturing_open(pid, options ? options : &defaults, &capture);

	if (err)
		return err;
	err = hs_capturing_explain(capture, hs_capturing_read(capture, ret));
	hs_capturing_destroy(capture);
	return err;
}
