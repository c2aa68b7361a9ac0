/* SPDX-License-Identifier: MIT */
/* freeze.c: the memory of a process as it is at one moment. */
#include "libsnap/memory/freeze.h"

#include "format/base/error.h"
#include "libsnap/memory/hold.h"
#include "libsnap/memory/proc.h"

enum {
	FORK_LIMIT_MS = 60000,
	SPILL_LIMIT_MS = 600000, /* if the image lies in a file, which takes longer */
};

/*
 * Signals that end this program must wait while there is a copy that its parent has to take note
 * of.  Several processes may be frozen at a time.
 */
static _Thread_local unsigned int holders;
static _Thread_local sigset_t held;

static void hold_signals(void)
{
	static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

	if (!holders++)
		hs_signals_hold(ending, sizeof(ending) / sizeof(ending[0]), &held);
}

static void release_signals(void)
{
	if (!--holders)
		hs_signals_release(&held);
}

/* Whether one that was held back has come. */
static bool told_to_end(void)
{
	sigset_t pending;

	return !sigpending(&pending) && !sigandset(&pending, &pending, &held) &&
	       !sigisemptyset(&pending);
}

/* A copy that belongs to the process is taken note of, or it would stay as a zombie. */
static void reap(const struct hs_frozen *frozen, pid_t number)
{
	struct hs_error *err = hs_process_stop(frozen->parent, frozen->stop_timeout_ms);

	if (err) {
		hs_error_destroy(err);
		return;
	}
	hs_process_reap(frozen->parent, frozen->maps, frozen->plan, number);
	hs_process_resume(frozen->parent);
}

static uint32_t read_pages(void *context, const hs_addr *pages, uint32_t count, void *buffer)
{
	struct hs_frozen *frozen = context;
	enum hs_phase_name before;
	uint32_t done;

	if (!hs_memory_watch(&frozen->watch, (uint64_t)count << HS_PAGE_SHIFT) ||
	    hs_clock_monotonic() > frozen->deadline || (frozen->parent && told_to_end()))
		return 0;
	before = hs_phases_enter(frozen->phases, HS_PHASE_COPY);
	done = hs_process_read_pages(frozen->process, pages, count, buffer);
	hs_phases_enter(frozen->phases, before);
	return done;
}

void hs_frozen_renew(struct hs_frozen *frozen)
{
	frozen->deadline = hs_clock_monotonic() + frozen->limit_ms * 1000000ull;
}

static struct hs_error *copy_later(struct hs_process *process, struct hs_image *image,
				   const struct hs_fork *fork,
				   const struct hs_freeze_options *options,
				   struct hs_frozen *frozen)
{
	struct hs_error *err;

	frozen->fork = *fork;
	frozen->phases = options->phases;
	if (fork->belongs_to_it) {
		frozen->parent = process;
		frozen->maps = options->maps;
		frozen->plan = options->plan;
		frozen->stop_timeout_ms = options->stop_timeout_ms;
	}
	frozen->limit_ms = image->spill ? SPILL_LIMIT_MS : FORK_LIMIT_MS;
	hs_frozen_renew(frozen);
	err = hs_image_set_source(image, read_pages, frozen) ? NULL : &hs_enomem;
	if (!err)
		err = hs_process_open(fork->pid, &frozen->process);
	if (!err)
		err = hs_process_copy_later(frozen->process, image);
	if (err)
		hs_frozen_end(frozen, image);
	return err;
}

void hs_frozen_end(struct hs_frozen *frozen, struct hs_image *image)
{
	pid_t number = frozen->fork.number;

	if (!frozen->fork.pid)
		return;
	hs_image_end_source(image);
	hs_process_close(frozen->process);
	hs_fork_kill(&frozen->fork);
	if (frozen->parent) {
		reap(frozen, number);
		release_signals();
	}
	*frozen = (struct hs_frozen){0};
}

static struct hs_error *copy_stopped(struct hs_process *process, struct hs_image *image,
				     const struct hs_freeze_options *options, uint64_t start,
				     struct hs_freeze_facts *facts)
{
	const uint64_t deadline = start + options->stop_limit_ms * 1000000ull;
	struct hs_error *err;

	hs_phases_enter(options->phases, HS_PHASE_COPY);
	err = hs_process_copy(process, image, deadline, &facts->unreadable);
	hs_process_resume(process);
	facts->pause_ns = hs_clock_monotonic() - start;
	return err;
}

struct hs_error *hs_freeze(struct hs_process *process, struct hs_image *image,
			   const struct hs_freeze_options *options, struct hs_freeze_facts *ret,
			   struct hs_frozen *frozen)
{
	const uint64_t start = hs_clock_monotonic();
	struct hs_freeze_facts facts = {0};
	struct hs_fork fork = {0};
	struct hs_error *err;

	hs_phases_enter(options->phases, HS_PHASE_STOP);
	err = hs_process_stop(process, options->stop_timeout_ms);
	if (err)
		return err;
	hs_phases_enter(options->phases, HS_PHASE_CLONE);
	facts.ready = options->ready(options->context);
	if (facts.ready && options->plan) {
		hold_signals();
		facts.reason = hs_process_fork(process, options->maps, options->plan, &fork);
		facts.forked = !facts.reason;
		if (!facts.forked || !fork.belongs_to_it)
			release_signals();
	}
	if (facts.reason && options->only_fork) {
		hs_process_resume(process);
		return hs_error_create(HS_ERROR_FAILED,
				       "process %d: it cannot be forked: %s; --mode auto stops it "
				       "for the copy instead",
				       (int)hs_process_pid(process), facts.reason);
	}
	if (facts.ready && !facts.forked) {
		err = copy_stopped(process, image, options, start, &facts);
	} else {
		hs_process_resume(process);
		facts.pause_ns = hs_clock_monotonic() - start;
		hs_phases_enter(options->phases, HS_PHASE_COPY);
		if (facts.forked)
			err = copy_later(process, image, &fork, options, frozen);
	}
	hs_phases_enter(options->phases, HS_PHASE_OTHER);
	if (!err)
		*ret = facts;
	return err;
}
