/* SPDX-License-Identifier: MIT */
/* process.h: a live process: read, stopped, copied, let go. */
#ifndef HS_MEMORY_PROCESS_H
#define HS_MEMORY_PROCESS_H

#include "libsnap/memory/fork.h"
#include "libsnap/memory/image.h"
#include "libsnap/memory/target.h"

/*
 * A live process of this machine.  Opening it changes nothing in it; between hs_process_stop() and
 * hs_process_resume() all its threads stand still.  Should this program die in between, the kernel
 * lets the threads go on.  All calls must come from one thread (ptrace(2) is bound to it); in
 * between it holds back SIGTSTP, SIGTTIN and SIGTTOU, which would suspend this program and with it
 * the process.
 */
struct hs_process;

/*
 * Errors: HS_ERROR_UNSUPPORTED (there is no such process, it is a kernel thread, or @pid is one of
 * its threads), HS_ERROR_GONE (it is a zombie), HS_ERROR_FAILED.  On success *@ret is owned by the
 * caller.
 */
struct hs_error *hs_process_open(pid_t pid, struct hs_process **ret) HS_MUST_CHECK;

/* Resumes the process if it is stopped.  NULL is accepted. */
void hs_process_close(struct hs_process *process);

pid_t hs_process_pid(const struct hs_process *process);

/* For who reads targets of any kind; lives as long as the process is open. */
const struct hs_target *hs_process_target(const struct hs_process *process);

/* Copy @size bytes at @addr to @buffer; false unless all could be read. */
bool hs_process_read(struct hs_process *process, hs_addr addr, void *buffer, size_t size);

/*
 * Stop all threads, and those they make meanwhile.  Gives up after @timeout_ms (a thread in
 * uninterruptible sleep does not stop) and lets everything go on.
 *
 * Errors: HS_ERROR_PERMISSION (the message names the cause), HS_ERROR_GONE, HS_ERROR_FAILED.
 */
struct hs_error *hs_process_stop(struct hs_process *process, uint32_t timeout_ms) HS_MUST_CHECK;

/* Let all threads go on; a signal that was about to be delivered is delivered. */
void hs_process_resume(struct hs_process *process);

/* hs_fork_make() and hs_fork_reap() for the stopped process. */
const char *hs_process_fork(struct hs_process *process, const struct hs_maps *maps,
			    const struct hs_fork_plan *plan, struct hs_fork *ret);
void hs_process_reap(struct hs_process *process, const struct hs_maps *maps,
		     const struct hs_fork_plan *plan, pid_t number);

/*
 * Find the pages worth copying: see hs_wanted().
 *
 * @each is called for runs of such pages by ascending address; it returns false to end the walk.
 * Errors: HS_ERROR_GONE, HS_ERROR_PERMISSION, HS_ERROR_FAILED (also if it takes until @deadline,
 * nanoseconds of the monotonic clock).
 */
typedef bool hs_pages_fn(void *context, hs_addr addr, uint64_t pages);
struct hs_error *hs_process_pages(struct hs_process *process, const struct hs_maps *maps,
				  uint64_t deadline, hs_pages_fn *each,
				  void *context) HS_MUST_CHECK;

/*
 * Fill in hs_mapping.resident of all of @maps.  Can take long where much is mapped: not for a
 * stopped process.  On kernels before 6.7 mappings of more than 64 GiB are left at 0.
 */
void hs_process_resident(struct hs_process *process, struct hs_maps *maps);

/*
 * Copy the pages worth it of the stopped process into @image, whose maps are set too.  Pages that
 * cannot be read are left out; *@unreadable counts them.  Errors as above.
 */
struct hs_error *hs_process_copy(struct hs_process *process, struct hs_image *image,
				 uint64_t deadline, uint64_t *unreadable) HS_MUST_CHECK;

/*
 * Note in @image, which has a source, the pages worth it of the process, which stands still for as
 * long as they are wanted; its maps are set too.  Errors as above.
 */
struct hs_error *hs_process_copy_later(struct hs_process *process,
				       struct hs_image *image) HS_MUST_CHECK;

/* The function for such a source: @context is the process. */
hs_image_read_fn hs_process_read_pages;

/* What to say of a process that would have been stopped for longer than the caller allows. */
struct hs_error *hs_process_too_slow(pid_t pid) HS_MUST_CHECK;

/*
 * Whether process @pid is there and has memory: HS_ERROR_UNSUPPORTED if there is none,
 * HS_ERROR_GONE for a zombie, which answers every other question oddly.
 */
struct hs_error *hs_process_alive(pid_t pid) HS_MUST_CHECK;

/*
 * Why the system refuses to let us read process @pid: HS_ERROR_PERMISSION with the cause, or
 * HS_ERROR_GONE, for what has ended is refused too.
 */
struct hs_error *hs_process_refused(pid_t pid) HS_MUST_CHECK;

#endif
