/* SPDX-License-Identifier: MIT */
/* test_seccomp.c: programs of classic BPF, and processes that are filtered by some. */
#include "child.h"

#include "libsnap/memory/freeze.h"
#include "libsnap/memory/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <sched.h>
#include <sys/syscall.h>

#define LOAD(field)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))

enum {
	TIMEOUT_MS = 5000,
};

static const struct seccomp_data call = {
	.nr = SYS_clone,
	.arch = AUDIT_ARCH_X86_64,
	.instruction_pointer = 0x1122334455667788,
	.args = {0x500, 7, 0x8000000000000001},
};

static uint32_t run(const struct sock_filter *program, size_t length)
{
	return hs_seccomp_run(program, length, &call);
}

/* Each program computes something and returns it. */
static void arithmetic(void **state)
{
	const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_IMM, 100),
		BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 7),
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0),	   /* 700 */
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 1),	   /* 699 */
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),	   /* 99 */
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 4),	   /* 1584 */
		BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 15),	   /* 1599 */
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 1),	   /* 1598 */
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1),	   /* 799 */
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff), /* 31 */
		BPF_STMT(BPF_ALU | BPF_NEG, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_MEM, 3),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0), /* 69 */
		BPF_STMT(BPF_RET | BPF_A, 0),
	};

	(void)state;
	assert_int_equal(run(program, COUNT(program)), 69);
}

static void jumps_and_data(void **state)
{
	const struct sock_filter program[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 5),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 3, 0),
		LOAD(args[2]),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 1, 1, 0),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_ERRNO | EPERM),
	};

	(void)state;
	assert_int_equal(run(program, COUNT(program)), SECCOMP_RET_ALLOW);
}

/* What the kernel would never have taken. */
static void unsound_programs_kill(void **state)
{
	const struct sock_filter no_end[] = {LOAD(nr)};
	const struct sock_filter far[] = {BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff),
					  RETURN(SECCOMP_RET_ALLOW)};
	const struct sock_filter outside[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64),
					      RETURN(SECCOMP_RET_ALLOW)};
	const struct sock_filter memory[] = {BPF_STMT(BPF_ST, BPF_MEMWORDS),
					     RETURN(SECCOMP_RET_ALLOW)};
	const struct sock_filter zero[] = {BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0),
					   RETURN(SECCOMP_RET_ALLOW)};

	(void)state;
	assert_int_equal(run(NULL, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(no_end, COUNT(no_end)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(far, COUNT(far)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(outside, COUNT(outside)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(memory, COUNT(memory)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(zero, COUNT(zero)), SECCOMP_RET_KILL_PROCESS);
}

static struct shared *shared;
static const struct sock_filter *filter;
static unsigned short filter_length;
static bool filter_late; /* only when the fork has been planned */

static void count_in_filter(struct shared *s)
{
	const struct sock_fprog program = {filter_length, (struct sock_filter *)filter};

	s->ready = filter_late;
	while (filter_late && !s->address)
		sleep_us(100);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(90);
	s->ready = true;
	for (;;)
		s->count[0]++;
}

static bool is_ready(void *unused)
{
	(void)unused;
	return true;
}

/* Dump a process under @program; why it was not forked, NULL if it was.  It lives on. */
static const char *dump_filtered(const struct sock_filter *program, size_t length)
{
	struct hs_image *image = hs_image_create();
	struct hs_frozen frozen = {0};
	struct hs_freeze_facts facts;
	struct hs_maps maps = {0};
	struct hs_process *process;
	struct hs_fork_plan plan;
	const struct hs_freeze_options options = {
		.maps = &maps,
		.plan = &plan,
		.stop_timeout_ms = TIMEOUT_MS,
		.stop_limit_ms = TIMEOUT_MS,
		.ready = is_ready,
	};
	uint64_t before;
	pid_t pid;

	filter = program;
	filter_length = (unsigned short)length;
	pid = child_start(count_in_filter, shared);
	process = open_process(pid);
	assert_no_error(hs_maps_read(pid, &maps));
	hs_fork_plan(pid, &maps, &plan);
	shared->address = 1;
	for (int i = 0; !shared->count[0]; i++) {
		assert_true(i < 5000);
		sleep_us(1000);
	}
	assert_no_error(hs_freeze(process, image, &options, &facts, &frozen));
	assert_true(image->slot_count > 0);
	before = shared->count[0];
	for (int i = 0; shared->count[0] == before; i++) {
		assert_true(i < 5000);
		sleep_us(1000);
	}
	hs_frozen_end(&frozen, image);
	hs_maps_deinit(&maps);
	hs_image_destroy(image);
	hs_process_close(process);
	assert_int_equal(tracer_of(pid), 0);
	assert_int_equal(child_end(pid), SIGKILL);
	return facts.reason;
}

/* As container engines do it by default: clone() is allowed unless it makes namespaces. */
static void one_like_docker_s(void **state)
{
	const struct sock_filter program[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
			 CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | EPERM),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | EPERM),
		RETURN(SECCOMP_RET_ALLOW),
	};

	(void)state;
	if (geteuid()) /* others cannot read filters */
		assert_non_null(dump_filtered(program, COUNT(program)));
	else
		assert_null(dump_filtered(program, COUNT(program)));
}

static void some_that_refuse(void **state)
{
	static const uint32_t answers[] = {SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_KILL_PROCESS,
					   SECCOMP_RET_TRAP};

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct sock_filter program[] = {
			LOAD(nr),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
			RETURN(answers[i]),
			RETURN(SECCOMP_RET_ALLOW),
		};
		const char *why = dump_filtered(program, COUNT(program));

		assert_non_null(why);
		assert_non_null(strstr(why, "seccomp"));
	}
}

static void one_that_comes_late(void **state)
{
	(void)state;
	filter_late = true;
	some_that_refuse(state);
	filter_late = false;
}

static int create_shared(void **state)
{
	(void)state;
	shared = shared_create();
	return 0;
}

static int destroy_shared(void **state)
{
	(void)state;
	return munmap(shared, sizeof(*shared));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(jumps_and_data),
		cmocka_unit_test(unsound_programs_kill),
		cmocka_unit_test(one_like_docker_s),
		cmocka_unit_test(some_that_refuse),
		cmocka_unit_test(one_that_comes_late),
	};

	return cmocka_run_group_tests(tests, create_shared, destroy_shared);
}
