/* SPDX-License-Identifier: MIT */
/*
 * test_fork.c: a process that is forked from outside goes on as if nothing had happened.
 * HS_ROUNDS says how often a dumper is killed at each of its steps, once unless told.
 */
#include "child.h"

#include "libsnap/memory/freeze.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>

enum {
	THREADS = 4,
	TIMEOUT_MS = 5000,
	WORDS = 1 << 16,
	NAP_MS = 150,
	MAX_STEPS = 400,
};

static struct shared *shared;
static uint64_t words[WORDS];

/*
 * The sweep ends the dumper at each of its calls of ptrace(2) in turn: the linker puts this in the
 * place of that.
 */
static unsigned int calls_left; /* 0: never */
static unsigned int calls_until_stop;
static pid_t stop_pid; /* gets a SIGSTOP then */

long __real_ptrace(int request, pid_t pid, void *addr, void *data);
long __wrap_ptrace(int request, pid_t pid, void *addr, void *data);

long __wrap_ptrace(int request, pid_t pid, void *addr, void *data)
{
	long ret = __real_ptrace(request, pid, addr, data);
	int errnum = errno;

	if (calls_until_stop && !--calls_until_stop)
		kill(stop_pid, SIGSTOP);
	if (calls_left && !--calls_left)
		kill(getpid(), SIGKILL);
	errno = errnum;
	return ret;
}

static bool is_ready(void *unused)
{
	(void)unused;
	return true;
}

static struct hs_fork_plan plan_for(struct hs_process *process)
{
	struct hs_maps now = {0};
	struct hs_fork_plan ret;

	assert_no_error(hs_maps_read(hs_process_pid(process), &now));
	hs_fork_plan(hs_process_pid(process), &now, &ret);
	hs_maps_deinit(&now);
	return ret;
}

/* What the last capture was told, until its fork has ended. */
static struct hs_maps maps;
static struct hs_fork_plan plan;

/* What a capture with that plan does of the memory of @process; the caller owns the image. */
static struct hs_image *take_as_planned(struct hs_process *process, struct hs_fork_plan planned,
					struct hs_freeze_facts *facts, struct hs_frozen *frozen)
{
	struct hs_image *image = hs_image_create();
	const struct hs_freeze_options options = {
		.maps = &maps,
		.plan = &plan,
		.stop_timeout_ms = TIMEOUT_MS,
		.stop_limit_ms = TIMEOUT_MS,
		.ready = is_ready,
	};

	assert_non_null(image);
	plan = planned;
	hs_maps_deinit(&maps);
	assert_no_error(hs_maps_read(hs_process_pid(process), &maps));
	assert_no_error(hs_freeze(process, image, &options, facts, frozen));
	return image;
}

static struct hs_image *take(struct hs_process *process, struct hs_freeze_facts *facts,
			     struct hs_frozen *frozen)
{
	return take_as_planned(process, plan_for(process), facts, frozen);
}

/* False if a signal came to the target just then: a dump would copy it as it stands. */
static bool try_dump(pid_t pid)
{
	struct hs_process *process = open_process(pid);
	struct hs_freeze_facts facts;
	struct hs_frozen frozen = {0};
	struct hs_image *image = take(process, &facts, &frozen);

	if (!facts.forked && strcmp(facts.reason, "a signal is being delivered to it") != 0)
		fail_msg("not forked: %s", facts.reason);
	hs_frozen_end(&frozen, image);
	hs_image_destroy(image);
	hs_process_close(process);
	return facts.forked;
}

static void dump(pid_t pid)
{
	for (int i = 0; !try_dump(pid); i++)
		assert_true(i < 20);
}

/* The numbers of the children of @pid, as the kernel lists them: even those that nobody waits for.
 */
static bool has_children(pid_t pid)
{
	char file[64];
	char *text = NULL;
	bool some;

	snprintf(file, sizeof(file), "task/%d/children", (int)pid);
	assert_no_error(hs_proc_read(pid, file, &text, NULL));
	some = *text;
	free(text);
	return some;
}

/* All words are the same, but for the moment in which they are being set. */
static void set_words(struct shared *s)
{
	s->address = (uintptr_t)words;
	for (uint64_t round = 1;; round++) {
		for (size_t i = 0; i < WORDS; i++)
			words[i] = round;
		s->count[0] = round;
		s->ready = true;
	}
}

static void the_copy_is_of_one_moment(void **state)
{
	pid_t pid = child_start(set_words, shared);
	struct hs_process *process = open_process(pid);

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct hs_freeze_facts facts;
		struct hs_frozen frozen = {0};
		struct hs_image *image = take(process, &facts, &frozen);
		size_t steps = 0;
		uint64_t first = 0;
		uint64_t before;

		assert_true(facts.forked);
		assert_true(hs_image_u64(image, shared->address, &first));
		before = first;
		for (size_t i = 1; i < WORDS; i++) {
			uint64_t word = 0;

			assert_true(hs_image_u64(image, shared->address + i * 8, &word));
			steps += word != before;
			assert_true(word == first || word + 1 == first);
			before = word;
		}
		assert_true(steps <= 1);
		assert_false(has_children(pid));
		hs_frozen_end(&frozen, image);
		hs_image_destroy(image);
	}
	hs_process_close(process);
	assert_int_equal(tracer_of(pid), 0);
	assert_int_equal(child_end(pid), SIGKILL);
}

static void count_signal(int signal)
{
	(void)signal;
	shared->signals++;
}

/* Calls that wait, each with a result that tells whether it was disturbed. */
static void call_and_check(struct shared *s, unsigned int which)
{
	struct timespec nap = {.tv_nsec = NAP_MS * 1000000};
	uint64_t start = hs_clock_monotonic();
	int pipes[2];
	char byte;

	switch (which % 3) {
	case 0:
		if (nanosleep(&nap, &nap))
			_exit(10);
		break;
	case 1:
		if (poll(NULL, 0, NAP_MS))
			_exit(11);
		break;
	case 2:
		if (pipe(pipes) || fork() == 0) {
			nanosleep(&nap, NULL);
			_exit(write(pipes[1], "x", 1) != 1);
		}
		if (read(pipes[0], &byte, 1) != 1 || byte != 'x' || wait(NULL) <= 0)
			_exit(12);
		close(pipes[0]);
		close(pipes[1]);
		break;
	}
	if (hs_clock_monotonic() - start < NAP_MS * 1000000ull)
		_exit(13); /* it came back early */
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		_exit(14); /* a child that is not ours */
	s->count[1]++;
}

static void wait_in_calls(struct shared *s)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	s->ready = true;
	for (unsigned int i = 0; !s->count[2]; i++)
		call_and_check(s, i);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	_exit(sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGUSR1) ? 5 : 15);
}

static void calls_go_on(void **state)
{
	pid_t pid = child_start(wait_in_calls, shared);
	int status;

	(void)state;
	for (int i = 0; i < 30; i++) {
		dump(pid);
		sleep_us(15000);
	}
	assert_true(shared->count[1] > 0);
	shared->count[2] = 1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);
}

/* The same sum again and again, with registers of the FPU that all count. */
static double work(void)
{
	double sum[8] = {0};

	for (int i = 1; i < 20000; i++)
		for (int k = 0; k < 8; k++)
			sum[k] += 1.0 / (i + k);
	for (int k = 1; k < 8; k++)
		sum[0] = sum[0] * 3 + sum[k];
	return sum[0];
}

static void *work_in_thread(void *counter)
{
	const double expected = work();

	for (;;) {
		if (work() != expected)
			_exit(20);
		++*(_Atomic uint64_t *)counter;
	}
	return NULL;
}

static void work_in_threads(struct shared *s)
{
	signal(SIGCHLD, count_signal);
	for (size_t i = 1; i < THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, work_in_thread, (void *)&s->count[i]))
			_exit(99);
	}
	s->ready = true;
	work_in_thread((void *)&s->count[0]);
}

static void wait_for_work(void)
{
	for (size_t i = 0; i < THREADS; i++) {
		uint64_t before = shared->count[i];

		for (int k = 0; shared->count[i] < before + 2; k++) {
			assert_true(k < 10000);
			sleep_us(1000);
		}
	}
}

static void results_stay_right(void **state)
{
	pid_t pid = child_start(work_in_threads, shared);

	(void)state;
	for (int i = 0; i < 100; i++)
		dump(pid);
	wait_for_work();
	assert_int_equal(shared->signals, 0);
	assert_false(has_children(pid));
	assert_int_equal(child_end(pid), SIGKILL);
}

/* A plan that was made for the program before: the target is stopped for the copy, and goes on. */
static void a_plan_that_is_old(void **state)
{
	pid_t pid = child_start(set_words, shared);
	struct hs_process *process = open_process(pid);

	(void)state;
	for (int which = 0; which < 2; which++) {
		struct hs_fork_plan old = plan_for(process);
		struct hs_freeze_facts facts;
		struct hs_frozen frozen = {0};
		struct hs_image *image;
		uint64_t before;

		assert_null(old.unfit);
		if (which)
			old.gadgets.sigreturn++;
		else
			old.gadgets.syscall++;
		image = take_as_planned(process, old, &facts, &frozen);
		assert_false(facts.forked);
		assert_string_equal(facts.reason, "it has begun to run another program meanwhile");
		hs_frozen_end(&frozen, image);
		hs_image_destroy(image);
		before = shared->count[0];
		for (int i = 0; i < 100 && shared->count[0] < before + 3; i++)
			usleep(NAP_MS * 1000 / 10);
		assert_true(shared->count[0] >= before + 3);
	}
	hs_process_close(process);
	assert_int_equal(child_end(pid), SIGKILL);
}

static void reap_others(struct shared *s)
{
	signal(SIGCHLD, count_signal);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	s->ready = true;
	for (;;)
		pause();
}

/* A subreaper would inherit the copy: it has to take note of it, and must not hear of it. */
static void a_subreaper(void **state)
{
	pid_t pid = child_start(reap_others, shared);

	(void)state;
	for (int i = 0; i < 10; i++) {
		dump(pid);
		assert_false(has_children(pid));
	}
	assert_int_equal(shared->signals, 0);
	assert_int_equal(child_end(pid), SIGKILL);
}

static void stop_for_good(struct shared *s)
{
	s->ready = true;
	raise(SIGSTOP);
	pause();
}

/* What is stopped by its user is not made to run: it is copied as it stands. */
static void a_stopped_job(void **state)
{
	pid_t pid = child_start(stop_for_good, shared);
	struct hs_process *process = open_process(pid);
	struct hs_frozen frozen = {0};
	struct hs_freeze_facts facts;

	(void)state;
	assert_true(reaches_state(pid, 'T', 5000));
	hs_image_destroy(take(process, &facts, &frozen));
	assert_false(facts.forked);
	assert_string_equal(facts.reason, "it is stopped for job control");
	hs_process_close(process);
	assert_true(reaches_state(pid, 'T', 1000));
	assert_int_equal(child_end(pid), SIGKILL);
}

/* Whenever somebody stops the target, it is stopped in the end, and goes on when it is told to. */
static void a_stop_signal_is_not_lost(void **state)
{
	pid_t pid = child_start(work_in_threads, shared);

	(void)state;
	stop_pid = pid;
	for (unsigned int step = 1; step < 50; step++) {
		struct hs_process *process = open_process(pid);
		struct hs_freeze_facts facts;
		struct hs_frozen frozen = {0};
		struct hs_image *image;

		calls_until_stop = step;
		image = take(process, &facts, &frozen);
		hs_frozen_end(&frozen, image);
		hs_image_destroy(image);
		hs_process_close(process);
		if (calls_until_stop)
			break;
		assert_true(reaches_state(pid, 'T', 5000));
		assert_int_equal(kill(pid, SIGCONT), 0);
		wait_for_work();
	}
	assert_int_equal(shared->signals, 0);
	assert_int_equal(child_end(pid), SIGKILL);
}

/* Dump @pid in a process that is killed at its call number @step; false if it came to its end. */
static bool dump_and_die(pid_t pid, unsigned int step)
{
	pid_t dumper = fork();
	int status;

	assert_true(dumper >= 0);
	if (dumper == 0) {
		calls_left = step;
		dump(pid);
		_exit(0);
	}
	assert_int_equal(waitpid(dumper, &status, 0), dumper);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	else
		assert_int_equal(WTERMSIG(status), SIGKILL);
	return WIFSIGNALED(status);
}

static void assert_left_alone(pid_t pid)
{
	for (int i = 0; tracer_of(pid); i++) {
		assert_true(i < 5000);
		sleep_us(1000);
	}
	/* What the last dump has begun comes to its end by itself. */
	for (int i = 0; has_children(pid); i++) {
		assert_true(i < 5000);
		sleep_us(1000);
	}
}

static void killed_while_the_target_works(void **state)
{
	const char *rounds = getenv("HS_ROUNDS");
	pid_t pid = child_start(work_in_threads, shared);

	(void)state;
	for (int round = 0; round < (rounds ? atoi(rounds) : 1); round++) {
		unsigned int step = 1;

		for (; dump_and_die(pid, step); step++) {
			assert_left_alone(pid);
			wait_for_work();
			assert_true(step < MAX_STEPS);
		}
		printf("%u steps\n", step - 1);
		assert_true(step > 20);
	}
	assert_int_equal(shared->signals, 0);
	assert_int_equal(child_end(pid), SIGKILL);
}

/* Reads are restarted even then; a sleep of the kernel's own kind may end early, as at any signal.
 */
static void read_in_calls(struct shared *s)
{
	s->ready = true;
	for (unsigned int i = 0; !s->count[2]; i++)
		call_and_check(s, 2);
	_exit(5);
}

static void killed_while_the_target_reads(void **state)
{
	pid_t pid = child_start(read_in_calls, shared);
	unsigned int step = 1;
	int status;

	(void)state;
	for (; dump_and_die(pid, step); step++) {
		for (int i = 0; tracer_of(pid); i++) {
			assert_true(i < 5000);
			sleep_us(1000);
		}
		if (waitpid(pid, &status, WNOHANG))
			fail_msg("step %u: the target ended with status 0x%x", step, status);
	}
	assert_true(step > 20);
	shared->count[2] = 1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);
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
	hs_maps_deinit(&maps);
	return munmap(shared, sizeof(*shared));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_copy_is_of_one_moment),
		cmocka_unit_test(calls_go_on),
		cmocka_unit_test(results_stay_right),
		cmocka_unit_test(a_plan_that_is_old),
		cmocka_unit_test(a_subreaper),
		cmocka_unit_test(a_stopped_job),
		cmocka_unit_test(a_stop_signal_is_not_lost),
		cmocka_unit_test(killed_while_the_target_works),
		cmocka_unit_test(killed_while_the_target_reads),
	};

	return cmocka_run_group_tests(tests, create_shared, destroy_shared);
}
