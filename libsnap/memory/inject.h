/* SPDX-License-Identifier: MIT */
/* inject.h: system calls made by a stopped thread of another process; on x86-64 alone so far. */
#ifndef HS_MEMORY_INJECT_H
#define HS_MEMORY_INJECT_H

#include "libsnap/memory/maps.h"
#include "libsnap/memory/stop.h"

#include <sched.h>
#include <sys/user.h>

/* Whether this can be done on such a machine; where not, inject_none.c takes inject.c's place. */
#ifdef __x86_64__
#define HS_INJECTS 1
#else
#define HS_INJECTS 0
#endif

/* What a child of the target shares with it: so files, locks and the like do not notice it. */
enum {
	HS_INJECTED_CLONE = CLONE_FILES | CLONE_FS | CLONE_SYSVSEM,
};

/*
 * Instructions of the target's own that are used: nothing is written to its code.  Found in any of
 * its mappings that can be executed, the C library's as a rule.
 */
struct hs_gadgets {
	hs_addr syscall;   /* syscall; ret */
	hs_addr sigreturn; /* mov $15, %eax or %rax; syscall: rt_sigreturn(2) */
};

/* Find them in process @pid, which need not be stopped; false if it has none. */
bool hs_gadgets_find(pid_t pid, const struct hs_maps *maps, struct hs_gadgets *ret);

/*
 * One thread that is made to call the system.
 *
 * Should this program die at any moment, the kernel lets the thread go on; it then finishes by
 * itself, for wherever it is, its stack leads through frames of rt_sigreturn(2) back to where it
 * was.  They lie below the part of the stack that is in use:
 *
 *   stack pointer then - 128 (the red zone)
 *     extended state           registers of the FPU, 64-byte aligned
 *     parent_wait   back, frame: wait4(first child), then...
 *     parent_home   back, frame: all registers and the signal mask as they were
 *     child         back, frame: clone(second child), then...
 *     child_end     back, frame: exit(0)
 *     grandchild    back, frame: exit(0)
 *     scratch       what a call may write to
 *
 * where "back" is the address of the sigreturn gadget: a call begins with the stack pointer at the
 * "back" of what is to come after it.
 */
struct hs_injection {
	pid_t pid; /* of the process */
	pid_t tid;
	struct hs_gadgets gadgets;
	struct user_regs_struct home; /* the thread's registers when it was stopped */
	uint64_t mask;		      /* and its signal mask */
	hs_addr area;		      /* address of struct hs_injected_stack in the target */
	bool changed;		      /* registers or mask are not what they were */
	bool stop_signal; /* SIGSTOP has come, which cannot be blocked: to be sent again */
};

/*
 * Get ready to inject into @thread, which must have been stopped by PTRACE_INTERRUPT and not be
 * stopped for job control.  Returns NULL, or in a few words why this thread is not fit for it.
 */
const char *hs_injection_begin(struct hs_injection *injection, pid_t pid,
			       const struct hs_stopped_thread *thread, const struct hs_maps *maps,
			       const struct hs_gadgets *gadgets);

/* What comes after a call if nobody is there any more to say so. */
enum hs_injection_next {
	HS_NEXT_HOME, /* everything as it was */
	HS_NEXT_WAIT, /* first wait4() for the child that the call has made */
};

/*
 * Have the thread call @number with up to five arguments, and wait for the call to be over: its
 * result in *@ret.  Stops for events (clone) are handed to @event with the status of waitpid(); it
 * returns false to give up.  False if the call did not come about: nothing more can be injected,
 * hs_injection_end() is still to be called.
 */
typedef bool hs_injection_event_fn(void *context, int status);
bool hs_injection_call(struct hs_injection *injection, uint64_t number, const uint64_t arguments[5],
		       enum hs_injection_next next, hs_injection_event_fn *event, void *context,
		       int64_t *ret);

/*
 * Put everything back as it was.  The thread is then stopped as before, ready to be let go, and the
 * kernel restarts the call it was in.  False if it could not be brought to that (it has ended, as a
 * rule): if it is alive, it goes home by itself when it is let go.
 */
bool hs_injection_end(struct hs_injection *injection);

/* Addresses in the target: the stack for a child (which then ends by itself), for one that makes a
 * child of its own first, memory for results, and where wait4() finds whom to wait for. */
hs_addr hs_injection_grandchild_stack(const struct hs_injection *injection);
hs_addr hs_injection_child_stack(const struct hs_injection *injection);
hs_addr hs_injection_scratch(const struct hs_injection *injection);
hs_addr hs_injection_wait_for(const struct hs_injection *injection);

#endif
