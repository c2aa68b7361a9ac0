/* SPDX-License-Identifier: MIT */
/* inject.c: system calls made by a stopped thread of another process, on x86-64. */
#include "libsnap/memory/inject.h"

#if HS_INJECTS

#include "libsnap/memory/proc.h"

#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	RED_ZONE = 128,	     /* below the stack pointer, in use all the same (System V ABI) */
	CODE_SEGMENT = 0x33, /* of 64-bit programs on Linux */
	XSTATE_MAX = 16384,
	XSTATE_SOFTWARE = 464, /* offset of what the kernel and signal handlers tell each other */
	XSTATE_HEADER = 512,
	XSTATE_MIN = 576,
	CHUNK = 1 << 20, /* of code searched at a time */
	ROOM = 1 << 16,	 /* of stack that must be left, besides what is used */
};

/* linux/arch/x86/include/uapi/asm/sigcontext.h */
enum {
	FP_XSTATE_MAGIC_1 = 0x46505853,
	FP_XSTATE_MAGIC_2 = 0x46505845,
	UC_FLAGS = 1 | 2 | 4, /* extended state; the stack segment counts */
};

/* Dynamic features, whose state is in a signal's frame only if the process asked for them: AMX. */
#define XFEATURES_DYNAMIC (3ull << 17)

#define ALL_SIGNALS (~0ull)

/* struct ucontext of the kernel on x86-64, which rt_sigreturn(2) finds at the stack pointer. */
struct frame {
	uint64_t flags;
	uint64_t link;
	uint64_t alternate_stack[3]; /* all 0: an invalid one, which changes nothing */
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
	uint64_t eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t error, trap, old_mask, cr2;
	uint64_t fpu; /* address of the extended state; 0: registers are cleared */
	uint64_t reserved[8];
	uint64_t mask;
};
_Static_assert(offsetof(struct frame, mask) == 40 + 256, "as the kernel has it");

struct step {
	uint64_t back;
	struct frame frame;
};

struct hs_injected_stack {
	uint64_t scratch[8];
	struct step grandchild;
	struct step child;
	struct step child_end;
	struct step parent_wait;
	struct step parent_home;
	_Alignas(64) uint8_t xstate[XSTATE_MAX];
};

static hs_addr at(const struct hs_injection *injection, size_t offset)
{
	return injection->area + offset;
}

hs_addr hs_injection_scratch(const struct hs_injection *injection)
{
	return at(injection, offsetof(struct hs_injected_stack, scratch));
}

hs_addr hs_injection_grandchild_stack(const struct hs_injection *injection)
{
	return at(injection, offsetof(struct hs_injected_stack, grandchild));
}

hs_addr hs_injection_child_stack(const struct hs_injection *injection)
{
	return at(injection, offsetof(struct hs_injected_stack, child));
}

hs_addr hs_injection_wait_for(const struct hs_injection *injection)
{
	return at(injection, offsetof(struct hs_injected_stack, parent_wait.frame.rdi));
}

static const uint8_t call[] = {0x0f, 0x05, 0xc3};
static const uint8_t glibc[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
static const uint8_t musl[] = {0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};

/* Search one mapping for what is still missing. */
static void search(pid_t pid, const struct hs_mapping *mapping, uint8_t *buffer,
		   struct hs_gadgets *ret)
{
	for (hs_addr from = mapping->start; from < mapping->end; from += CHUNK - sizeof(glibc)) {
		struct iovec local = {buffer, CHUNK};
		struct iovec remote = {(void *)(uintptr_t)from, CHUNK};
		const uint8_t *found;
		ssize_t n;

		if (mapping->end - from < CHUNK)
			remote.iov_len = (size_t)(mapping->end - from);
		n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
		if (n <= 0)
			return;
		found = ret->syscall ? NULL : memmem(buffer, (size_t)n, call, sizeof(call));
		if (found)
			ret->syscall = from + (hs_addr)(found - buffer);
		found = ret->sigreturn ? NULL : memmem(buffer, (size_t)n, glibc, sizeof(glibc));
		if (!found && !ret->sigreturn)
			found = memmem(buffer, (size_t)n, musl, sizeof(musl));
		if (found)
			ret->sigreturn = from + (hs_addr)(found - buffer);
		if ((ret->syscall && ret->sigreturn) || from + (hs_addr)n >= mapping->end)
			return;
	}
}

static bool is_c_library(const struct hs_mapping *mapping)
{
	const char *name = strrchr(mapping->name, '/');

	return name && (!strncmp(name, "/libc.", 6) || !strncmp(name, "/libc-2", 7) ||
			!strncmp(name, "/ld-musl", 8));
}

bool hs_gadgets_find(pid_t pid, const struct hs_maps *maps, struct hs_gadgets *ret)
{
	uint8_t *buffer = malloc(CHUNK);
	struct hs_gadgets found = {0};

	if (!buffer)
		return false;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < maps->size && !(found.syscall && found.sigreturn); i++)
			if (maps->data[i].flags & HS_REGION_EXEC && maps->data[i].name[0] != '[' &&
			    is_c_library(&maps->data[i]) == !pass)
				search(pid, &maps->data[i], buffer, &found);
	free(buffer);
	if (!found.syscall || !found.sigreturn)
		return false;
	*ret = found;
	return true;
}

static bool has_code(pid_t tid, hs_addr addr, const uint8_t *code, size_t size)
{
	uint8_t found[sizeof(glibc)];
	struct iovec local = {found, size};
	struct iovec remote = {(void *)(uintptr_t)addr, size};

	return process_vm_readv(tid, &local, 1, &remote, 1, 0) == (ssize_t)size &&
	       !memcmp(found, code, size);
}

/*
 * Whether they are where they were found: since then the process may have executed another program,
 * the more so if it had to wait for its turn.
 */
static bool are_there(pid_t tid, const struct hs_gadgets *gadgets)
{
	return has_code(tid, gadgets->syscall, call, sizeof(call)) &&
	       (has_code(tid, gadgets->sigreturn, glibc, sizeof(glibc)) ||
		has_code(tid, gadgets->sigreturn, musl, sizeof(musl)));
}

/*
 * Where the struct for the stack can lie: only where the mapping is a stack beyond doubt, for
 * programs also switch to stacks of their own that lie among other data.
 */
static bool place(struct hs_injection *injection, pid_t pid, const struct hs_maps *maps)
{
	const struct hs_mapping *stack = hs_maps_find(maps, injection->home.rsp);
	hs_addr room = RED_ZONE + sizeof(struct hs_injected_stack) + 64;
	const struct hs_mapping *below;

	if (!stack || stack->inode || injection->home.rsp - stack->start < room)
		return false;
	if (injection->tid == pid) {
		if (strcmp(stack->name, "[stack]") != 0)
			return false;
	} else {
		below = stack > maps->data ? stack - 1 : NULL;
		if (!below || below->end != stack->start || below->flags || stack->name[0] ||
		    injection->home.rsp - stack->start < room + ROOM)
			return false;
	}
	injection->area = (injection->home.rsp - room) & ~63ull;
	return true;
}

/*
 * What the kernel would make of the registers if it were to restart the call that the thread was
 * stopped in: rt_sigreturn(2) forgets that there was one.
 */
static struct user_regs_struct restarted(struct user_regs_struct regs)
{
	enum {
		ERESTARTSYS = 512,
		ERESTARTNOINTR = 513,
		ERESTARTNOHAND = 514,
		ERESTART_RESTARTBLOCK = 516,
	};

	if ((int64_t)regs.orig_rax < 0)
		return regs;
	switch (-(int64_t)regs.rax) {
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
		regs.rax = regs.orig_rax;
		regs.rip -= 2;
		break;
	case ERESTART_RESTARTBLOCK: /* what is to be done then was known to the kernel alone */
		regs.rax = (uint64_t)-EINTR;
		break;
	}
	regs.orig_rax = UINT64_MAX;
	return regs;
}

static struct frame frame_of(const struct user_regs_struct *regs, uint64_t mask, hs_addr fpu)
{
	return (struct frame){
		.flags = UC_FLAGS,
		.r8 = regs->r8,
		.r9 = regs->r9,
		.r10 = regs->r10,
		.r11 = regs->r11,
		.r12 = regs->r12,
		.r13 = regs->r13,
		.r14 = regs->r14,
		.r15 = regs->r15,
		.rdi = regs->rdi,
		.rsi = regs->rsi,
		.rbp = regs->rbp,
		.rbx = regs->rbx,
		.rdx = regs->rdx,
		.rax = regs->rax,
		.rcx = regs->rcx,
		.rsp = regs->rsp,
		.rip = regs->rip,
		.eflags = regs->eflags,
		.cs = (uint16_t)regs->cs,
		.gs = (uint16_t)regs->gs,
		.fs = (uint16_t)regs->fs,
		.ss = (uint16_t)regs->ss,
		.fpu = fpu,
		.mask = mask,
	};
}

/* A frame that makes a call, with all signals blocked, and goes on with the step at @next. */
static struct step call_step(const struct hs_injection *injection, uint64_t number,
			     const uint64_t arguments[5], hs_addr next)
{
	struct user_regs_struct regs = injection->home;

	regs.rax = number;
	regs.rdi = arguments[0];
	regs.rsi = arguments[1];
	regs.rdx = arguments[2];
	regs.r10 = arguments[3];
	regs.r8 = arguments[4];
	regs.rip = injection->gadgets.syscall;
	regs.rsp = next;
	return (struct step){injection->gadgets.sigreturn, frame_of(&regs, ALL_SIGNALS, 0)};
}

/* Bytes of the extended state that this process's signal frames have: without dynamic features. */
static uint32_t xstate_size(uint64_t features)
{
	uint32_t size = XSTATE_MIN;

	for (unsigned int i = 2; i < 63; i++) {
		unsigned int a, b, c, d;

		if (!(features >> i & 1) || !__get_cpuid_count(0xd, i, &a, &b, &c, &d))
			continue;
		if (a + b > size)
			size = a + b;
	}
	return size;
}

/* The thread's extended state in the form that rt_sigreturn(2) takes. */
static bool read_xstate(pid_t tid, uint8_t xstate[XSTATE_MAX])
{
	struct iovec vector = {xstate, XSTATE_MAX};
	uint64_t features;
	uint32_t software[12] = {FP_XSTATE_MAGIC_1};
	const uint32_t end = FP_XSTATE_MAGIC_2;
	uint32_t size;

	if (ptrace(PTRACE_GETREGSET, tid, (void *)(intptr_t)NT_X86_XSTATE, &vector) ||
	    vector.iov_len < XSTATE_MIN || vector.iov_len > XSTATE_MAX - sizeof(end))
		return false;
	memcpy(&features, xstate + XSTATE_SOFTWARE, sizeof(features));
	features &= ~XFEATURES_DYNAMIC;
	size = xstate_size(features);
	if (size > vector.iov_len)
		return false;
	software[1] = size + (uint32_t)sizeof(end);
	memcpy(&software[2], &features, sizeof(features));
	software[4] = size;
	memcpy(xstate + XSTATE_SOFTWARE, software, sizeof(software));
	memcpy(xstate + size, &end, sizeof(end));
	return true;
}

static bool write_stack(const struct hs_injection *injection)
{
	const uint64_t second[5] = {HS_INJECTED_CLONE, hs_injection_grandchild_stack(injection)};
	/* Should the call before have failed, there is nobody of this number to wait for. */
	const uint64_t wait[5] = {INT32_MAX, 0, __WALL};
	const uint64_t end[5] = {0};
	const struct user_regs_struct home = restarted(injection->home);
	struct hs_injected_stack *stack = aligned_alloc(64, sizeof(*stack));
	struct iovec local = {stack, sizeof(*stack)};
	struct iovec remote = {(void *)(uintptr_t)injection->area, sizeof(*stack)};
	pid_t tid = injection->tid;
	bool done = false;

	if (!stack)
		return false;
	memset(stack, 0, sizeof(*stack));
	if (read_xstate(tid, stack->xstate)) {
		stack->grandchild = call_step(injection, SYS_exit, end, injection->area);
		stack->child_end = stack->grandchild;
		stack->child =
			call_step(injection, SYS_clone, second,
				  at(injection, offsetof(struct hs_injected_stack, child_end)));
		stack->parent_wait =
			call_step(injection, SYS_wait4, wait,
				  at(injection, offsetof(struct hs_injected_stack, parent_home)));
		stack->parent_home = (struct step){
			injection->gadgets.sigreturn,
			frame_of(&home, injection->mask,
				 at(injection, offsetof(struct hs_injected_stack, xstate))),
		};
		done = process_vm_writev(tid, &local, 1, &remote, 1, 0) == sizeof(*stack);
	}
	free(stack);
	return done;
}

/* Whether the thread is inside a restartable sequence, which must not be left by other means. */
static bool in_rseq(pid_t tid)
{
	struct {
		uint64_t address;
		uint32_t size, signature, flags, pad;
	} where = {0};
	uint64_t sequence = 0;
	struct iovec local = {&sequence, sizeof(sequence)};
	struct iovec remote;

	/* PTRACE_GET_RSEQ_CONFIGURATION; kernels without it: glibc does not stay in one. */
	if (ptrace((enum __ptrace_request)0x420f, tid, (void *)sizeof(where), &where) < 0 ||
	    !where.address)
		return false;
	remote = (struct iovec){(void *)(uintptr_t)(where.address + 8), sizeof(sequence)};
	return process_vm_readv(tid, &local, 1, &remote, 1, 0) != sizeof(sequence) || sequence;
}

const char *hs_injection_begin(struct hs_injection *injection, pid_t pid,
			       const struct hs_stopped_thread *thread, const struct hs_maps *maps,
			       const struct hs_gadgets *gadgets)
{
	struct iovec vector = {&injection->home, sizeof(injection->home)};

	*injection = (struct hs_injection){
		.pid = pid,
		.tid = thread->tid,
		.gadgets = *gadgets,
	};
	if (thread->signal)
		return "a signal is being delivered to it";
	if (thread->job_stopped)
		return "it is stopped for job control";
	if (ptrace(PTRACE_GETREGSET, thread->tid, (void *)(intptr_t)NT_PRSTATUS, &vector) ||
	    vector.iov_len != sizeof(injection->home) || injection->home.cs != CODE_SEGMENT)
		return "it is not a 64-bit program";
	if (ptrace(PTRACE_GETSIGMASK, thread->tid, (void *)sizeof(injection->mask),
		   &injection->mask))
		return "its signal mask cannot be read";
	if (!are_there(thread->tid, gadgets))
		return "it has begun to run another program meanwhile";
	if (in_rseq(thread->tid))
		return "it is inside a restartable sequence";
	if (!place(injection, pid, maps))
		return "there is no room on its stack";
	if (!write_stack(injection))
		return "its stack cannot be written to";
	return NULL;
}

static bool set_registers(pid_t tid, struct user_regs_struct *regs)
{
	struct iovec vector = {regs, sizeof(*regs)};

	return !ptrace(PTRACE_SETREGSET, tid, (void *)(intptr_t)NT_PRSTATUS, &vector);
}

static bool get_registers(pid_t tid, struct user_regs_struct *regs)
{
	struct iovec vector = {regs, sizeof(*regs)};

	return !ptrace(PTRACE_GETREGSET, tid, (void *)(intptr_t)NT_PRSTATUS, &vector) &&
	       vector.iov_len == sizeof(*regs);
}

/* In this order: should we die in between, the frame that is left has the mask to go home with. */
static bool set_call(struct hs_injection *injection, uint64_t number, const uint64_t arguments[5],
		     enum hs_injection_next next)
{
	uint64_t mask = ALL_SIGNALS;
	struct user_regs_struct regs = injection->home;

	regs.orig_rax = UINT64_MAX; /* no call to be restarted */
	regs.rax = number;
	regs.rdi = arguments[0];
	regs.rsi = arguments[1];
	regs.rdx = arguments[2];
	regs.r10 = arguments[3];
	regs.r8 = arguments[4];
	regs.rip = injection->gadgets.syscall;
	regs.rsp = at(injection, next == HS_NEXT_WAIT
					 ? offsetof(struct hs_injected_stack, parent_wait)
					 : offsetof(struct hs_injected_stack, parent_home));
	injection->changed = true;
	return set_registers(injection->tid, &regs) &&
	       !ptrace(PTRACE_SETSIGMASK, injection->tid, (void *)sizeof(mask), &mask);
}

/* A SIGSTOP that is being delivered waits until everything is as it was. */
static bool put_off(struct hs_injection *injection, int status)
{
	if (status >> 16 || WSTOPSIG(status) != SIGSTOP)
		return false;
	injection->stop_signal = true;
	return true;
}

bool hs_injection_call(struct hs_injection *injection, uint64_t number, const uint64_t arguments[5],
		       enum hs_injection_next next, hs_injection_event_fn *event, void *context,
		       int64_t *ret)
{
	unsigned int halves = 0; /* of the call: its beginning, its end */
	struct user_regs_struct regs;
	pid_t tid = injection->tid;

	if (!set_call(injection, number, arguments, next))
		return false;
	while (halves < 2) {
		int status;

		if (ptrace(PTRACE_SYSCALL, tid, NULL, NULL) || !hs_stop_await(tid, &status) ||
		    !WIFSTOPPED(status))
			return false;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			halves++;
		else if (status >> 16 == PTRACE_EVENT_STOP || put_off(injection, status))
			continue;
		else if (status >> 16 == 0 || !event || !event(context, status))
			return false; /* a signal, though all are blocked: a fault */
	}
	if (!get_registers(tid, &regs))
		return false;
	*ret = (int64_t)regs.rax;
	return true;
}

/*
 * Bring the thread to a stop at which the kernel looks whether a call is to be restarted.  At the
 * end of a call it does not.
 */
static bool to_event_stop(struct hs_injection *injection)
{
	pid_t tid = injection->tid;
	int status;

	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL))
		return false;
	for (int i = 0; i < 16; i++) {
		if (ptrace(PTRACE_CONT, tid, NULL, NULL) || !hs_stop_await(tid, &status) ||
		    !WIFSTOPPED(status))
			return false;
		if (status >> 16 == PTRACE_EVENT_STOP)
			return true;
		put_off(injection, status);
	}
	return false;
}

/* Bring the thread home; see hs_injection_end(). */
static bool go_home(struct hs_injection *injection)
{
	struct user_regs_struct regs;

	if (!injection->changed)
		return true;
	if (!to_event_stop(injection))
		return false;
	if (ptrace(PTRACE_SETSIGMASK, injection->tid, (void *)sizeof(injection->mask),
		   &injection->mask))
		return false;
	regs = injection->home;
	injection->changed = !set_registers(injection->tid, &regs);
	return !injection->changed;
}

bool hs_injection_end(struct hs_injection *injection)
{
	bool home = go_home(injection);

	if (injection->stop_signal)
		syscall(SYS_tgkill, injection->pid, injection->tid, SIGSTOP);
	injection->stop_signal = false;
	return home;
}

#endif
