/* SPDX-License-Identifier: MIT */
/* freeze.c: the memory of a process as it is at one moment. */
#include "libsnap/memory/freeze.h"

#include "format/base/error.h"
#include "libsnap/memory/proc.h"

/* A fork costs the target nothing but copies of the pages it writes to: no need to hurry so much.
 */
enum {
	FORK_LIMIT_MS = 120000,
};

/* A copy that belongs to the process is taken note of, or it would stay as a zombie. */
static void reap(struct hs_process *process, const struct hs_freeze_options *options, pid_t child,
		 uint64_t *pause_ns)
{
	uint64_t start = hs_clock_monotonic();
	struct hs_error *err = hs_process_stop(process, options->stop_timeout_ms);

	if (err) {
		hs_error_destroy(err);
		return;
	}
	hs_process_reap(process, options->maps, options->plan, child);
	hs_process_resume(process);
	*pause_ns += hs_clock_monotonic() - start;
}

static struct hs_error *copy_fork(struct hs_process *process, struct hs_image *image,
				  const struct hs_freeze_options *options, struct hs_fork *fork,
				  struct hs_freeze_facts *facts)
{
	const uint64_t deadline = hs_clock_monotonic() + FORK_LIMIT_MS * 1000000ull;
	struct hs_process *copy = NULL;
	pid_t child = fork->pid;
	struct hs_error *err;

	err = hs_process_open(child, &copy);
	if (!err)
		err = hs_process_copy(copy, image, deadline, &facts->unreadable);
	hs_process_close(copy);
	hs_fork_kill(fork);
	if (fork->belongs_to_it)
		reap(process, options, child, &facts->pause_ns);
	return err;
}

static struct hs_error *copy_stopped(struct hs_process *process, struct hs_image *image,
				     const struct hs_freeze_options *options, uint64_t start,
				     struct hs_freeze_facts *facts)
{
	const uint64_t deadline = start + options->stop_limit_ms * 1000000ull;
	struct hs_error *err = hs_process_copy(process, image, deadline, &facts->unreadable);

	hs_process_resume(process);
	facts->pause_ns = hs_clock_monotonic() - start;
	return err;
}

struct hs_error *hs_freeze(struct hs_process *process, struct hs_image *image,
			   const struct hs_freeze_options *options, struct hs_freeze_facts *ret)
{
	const uint64_t start = hs_clock_monotonic();
	struct hs_freeze_facts facts = {0};
	struct hs_fork fork = {0};
	struct hs_error *err;

	err = hs_process_stop(process, options->stop_timeout_ms);
	if (err)
		return err;
	facts.ready = options->ready(options->context);
	if (facts.ready && options->plan) {
		facts.reason = hs_process_fork(process, options->maps, options->plan, &fork);
		facts.forked = !facts.reason;
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
		if (facts.forked)
			err = copy_fork(process, image, options, &fork, &facts);
	}
	if (!err)
		*ret = facts;
	return err;
}
