/* SPDX-License-Identifier: MIT */
/* test_stop.c: stopping a process leaves it as it was, whatever happens meanwhile. */
#include "child.h"

#include <dirent.h>
#include <errno.h>
#include <sys/ptrace.h>

enum {
	THREADS = 4,
	TIMEOUT_MS = 5000,
};

static struct shared *shared;

static void *spin(void *counter)
{
	for (;;)
		++*(_Atomic uint64_t *)counter;
	return NULL;
}

static void start_thread(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, argument))
		_exit(99);
}

static void spin_in_threads(struct shared *s)
{
	for (size_t i = 1; i < THREADS; i++)
		start_thread(spin, (void *)&s->count[i]);
	s->ready = true;
	spin((void *)&s->count[0]);
}

/* How many threads of @pid there are, and how many of them are in @state. */
static unsigned int count_threads(pid_t pid, char state, unsigned int *matching)
{
	unsigned int count = 0;
	char path[64];
	struct dirent *entry;
	DIR *dir;

	*matching = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		*matching += thread_state(pid, (pid_t)atoi(entry->d_name)) == state;
	}
	closedir(dir);
	return count;
}

static void wait_until_all_count(void)
{
	uint64_t before[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		before[i] = shared->count[i];
	for (size_t i = 0; i < THREADS; i++)
		for (int k = 0; shared->count[i] == before[i]; k++) {
			assert_true(k < 5000);
			sleep_us(1000);
		}
}

static void all_threads_stand_still(void **state)
{
	pid_t pid = child_start(spin_in_threads, shared);
	struct hs_process *process = open_process(pid);
	uint64_t before[THREADS];
	unsigned int stopped;

	(void)state;
	wait_until_all_count();
	for (int round = 0; round < 20; round++) {
		assert_no_error(hs_process_stop(process, TIMEOUT_MS));
		assert_int_equal(count_threads(pid, 't', &stopped), THREADS);
		assert_int_equal(stopped, THREADS);
		assert_int_equal(tracer_of(pid), getpid());
		for (size_t i = 0; i < THREADS; i++)
			before[i] = shared->count[i];
		sleep_us(2000);
		for (size_t i = 0; i < THREADS; i++)
			assert_int_equal(shared->count[i], before[i]);
		hs_process_resume(process);
		assert_int_equal(tracer_of(pid), 0);
		count_threads(pid, 't', &stopped);
		assert_int_equal(stopped, 0);
	}
	wait_until_all_count();
	/* Closing lets go, too. */
	assert_no_error(hs_process_stop(process, TIMEOUT_MS));
	hs_process_close(process);
	wait_until_all_count();
	assert_int_equal(child_end(pid), SIGKILL);
}

static void *end_at_once(void *counter)
{
	++*(_Atomic uint64_t *)counter;
	return NULL;
}

static void churn(struct shared *s)
{
	s->ready = true;
	for (;;) {
		pthread_t threads[8];

		for (size_t i = 0; i < 8; i++)
			if (pthread_create(&threads[i], NULL, end_at_once, (void *)&s->count[i]))
				_exit(99);
		for (size_t i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
	}
}

/* A thread that is just ending is refused like one that must not be traced. */
static void threads_may_come_and_go(void **state)
{
	pid_t pid = child_start(churn, shared);
	struct hs_process *process = open_process(pid);
	uint64_t before;
	unsigned int stopped;
	unsigned int count;

	(void)state;
	for (int round = 0; round < 300; round++) {
		assert_no_error(hs_process_stop(process, TIMEOUT_MS));
		count = count_threads(pid, 't', &stopped);
		assert_int_equal(stopped, count);
		hs_process_resume(process);
	}
	assert_int_equal(tracer_of(pid), 0);
	before = shared->count[0];
	for (int i = 0; i < 5000 && shared->count[0] == before; i++)
		sleep_us(1000);
	assert_true(shared->count[0] > before);
	hs_process_close(process);
	child_end(pid);
}

static void on_signal(int number)
{
	(void)number;
	shared->signals++;
}

static void count_signals(struct shared *s)
{
	signal(SIGUSR1, on_signal);
	signal(SIGRTMIN, on_signal);
	s->ready = true;
	spin((void *)&s->count[0]);
}

static void wait_for_signals(uint64_t count)
{
	for (int i = 0; i < 5000 && shared->signals < count; i++)
		sleep_us(1000);
	sleep_us(5000);
	assert_int_equal(shared->signals, count);
}

static void signals_are_delivered_after(void **state)
{
	pid_t pid = child_start(count_signals, shared);
	struct hs_process *process = open_process(pid);

	(void)state;
	assert_no_error(hs_process_stop(process, TIMEOUT_MS));
	kill(pid, SIGUSR1);
	sleep_us(5000);
	assert_int_equal(shared->signals, 0);
	hs_process_resume(process);
	wait_for_signals(1);
	hs_process_close(process);
	child_end(pid);
}

/* Some find the thread on its way into the stop: it stops for them instead, and must get them. */
static void no_signal_is_lost(void **state)
{
	pid_t pid = child_start(count_signals, shared);
	struct hs_process *process = open_process(pid);
	pid_t sender = fork();

	(void)state;
	if (sender == 0) {
		for (int i = 0; i < 2000; i++) {
			while (sigqueue(pid, SIGRTMIN, (union sigval){.sival_int = i}))
				sleep_us(100);
			sleep_us(20);
		}
		_exit(0);
	}
	while (!waitpid(sender, NULL, WNOHANG)) {
		assert_no_error(hs_process_stop(process, TIMEOUT_MS));
		hs_process_resume(process);
	}
	wait_for_signals(2000);
	hs_process_close(process);
	child_end(pid);
}

static void a_stopped_job_stays_stopped(void **state)
{
	pid_t pid = child_start(spin_in_threads, shared);
	struct hs_process *process = open_process(pid);
	unsigned int stopped;
	uint64_t before;

	(void)state;
	kill(pid, SIGSTOP);
	assert_true(reaches_state(pid, 'T', 5000));
	for (int round = 0; round < 5; round++) {
		assert_no_error(hs_process_stop(process, TIMEOUT_MS));
		hs_process_resume(process);
		assert_true(reaches_state(pid, 'T', 5000));
	}
	before = shared->count[0];
	sleep_us(20000);
	assert_int_equal(shared->count[0], before);
	assert_int_equal(count_threads(pid, 'T', &stopped), THREADS);
	assert_int_equal(stopped, THREADS);
	kill(pid, SIGCONT);
	wait_until_all_count();

	/* One that is told to stop while it is held stops afterwards ... */
	assert_no_error(hs_process_stop(process, TIMEOUT_MS));
	kill(pid, SIGSTOP);
	hs_process_resume(process);
	assert_true(reaches_state(pid, 'T', 5000));
	/* ... and one that is told to go on goes on. */
	assert_no_error(hs_process_stop(process, TIMEOUT_MS));
	kill(pid, SIGCONT);
	hs_process_resume(process);
	wait_until_all_count();
	hs_process_close(process);
	child_end(pid);
}

/* The parent, here ourselves, gets to know how it ended. */
static void killed_while_held(void **state)
{
	pid_t pid = child_start(spin_in_threads, shared);
	struct hs_process *process = open_process(pid);
	struct hs_image *image = hs_image_create();
	uint64_t unreadable = 0;
	int status = 0;

	(void)state;
	assert_no_error(hs_process_stop(process, TIMEOUT_MS));
	kill(pid, SIGKILL);
	assert_true(reaches_state(pid, 'Z', 5000));
	assert_error(hs_process_copy(process, image, 0, &unreadable), HS_ERROR_GONE, "ended");
	hs_process_resume(process);
	hs_process_close(process);
	hs_image_destroy(image);
	assert_int_equal(waitpid(pid, &status, WNOHANG), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* So does a parent that is not the one who traces, at once and not when we end. */
static void killed_while_held_by_another(void **state)
{
	pid_t parent;
	int status = -1;

	(void)state;
	memset(shared, 0, sizeof(*shared));
	parent = fork();
	if (parent == 0) {
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			shared->address = (uintptr_t)getpid();
			spin_in_threads(shared);
		}
		_exit(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? WTERMSIG(status)
									     : 99);
	}
	for (int i = 0; i < 5000 && !shared->ready; i++)
		sleep_us(1000);
	{
		pid_t pid = (pid_t)shared->address;
		struct hs_process *process = open_process(pid);

		assert_no_error(hs_process_stop(process, TIMEOUT_MS));
		kill(pid, SIGKILL);
		sleep_us(5000);
		/* One call may come before the kernel has put an end to it. */
		for (int i = 0; i < 5000 && !waitpid(parent, &status, WNOHANG); i++) {
			hs_process_resume(process);
			sleep_us(1000);
		}
		hs_process_close(process);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), SIGKILL);
}

static unsigned int life_us;

static void end_soon(struct shared *s)
{
	start_thread(spin, (void *)&s->count[1]);
	s->ready = true;
	sleep_us(life_us);
	_exit(7);
}

static void ends_in_the_middle(void **state)
{
	unsigned int stopped = 0;
	unsigned int gone = 0;

	(void)state;
	for (unsigned int i = 0; i < 60; i++) {
		struct hs_process *process = NULL;
		struct hs_error *err;
		pid_t pid;
		int status = -1;

		life_us = i * 10;
		pid = child_start(end_soon, shared);
		err = hs_process_open(pid, &process);
		if (!err)
			err = hs_process_stop(process, TIMEOUT_MS);
		if (err)
			assert_error(err, HS_ERROR_GONE, "end");
		else
			stopped++;
		gone += !!err;
		hs_process_close(process);
		/* The end of a child of ours is not taken from us. */
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 7);
	}
	print_message("stopped %u, ended before %u\n", stopped, gone);
}

static void be_traced(struct shared *s)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	s->ready = true;
	spin((void *)&s->count[0]);
}

static void traced_already(void **state)
{
	pid_t pid = child_start(be_traced, shared);
	struct hs_process *process = open_process(pid);
	char expected[64];

	(void)state;
	snprintf(expected, sizeof(expected), "traced by process %d", (int)getpid());
	assert_error(hs_process_stop(process, TIMEOUT_MS), HS_ERROR_PERMISSION, expected);
	hs_process_close(process);
	assert_int_equal(child_end(pid), SIGKILL);
}

/* The parent of vfork() sleeps so that nothing but its child's end or SIGKILL wakes it. */
static void vfork_and_go_on(struct shared *s)
{
	pid_t pid;

	s->ready = true;
	/* NOLINTNEXTLINE: vfork is the point */
	pid = vfork();
	if (pid == 0) {
		sleep_us(300000);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	s->signals = 1;
	_exit(5);
}

static void one_that_cannot_stop(void **state)
{
	pid_t pid = child_start(vfork_and_go_on, shared);
	struct hs_process *process = open_process(pid);
	uint64_t start;
	int status = -1;

	(void)state;
	sleep_us(50000);
	start = hs_clock_monotonic();
	assert_error(hs_process_stop(process, 100), HS_ERROR_FAILED, "stopped within 100 ms");
	assert_true(hs_clock_monotonic() - start < 1000000000);
	assert_int_equal(shared->signals, 0);
	/* It is still asked to stop; it is let go as soon as it can be. */
	hs_process_close(process);
	for (int i = 0; i < 5000 && !waitpid(pid, &status, WNOHANG); i++)
		sleep_us(1000);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);
}

/* The second attempt finds the thread that the first one asked, and gets it. */
static void one_that_stops_late(void **state)
{
	pid_t pid = child_start(vfork_and_go_on, shared);
	struct hs_process *process = open_process(pid);
	int status = -1;

	(void)state;
	sleep_us(50000);
	assert_error(hs_process_stop(process, 50), HS_ERROR_FAILED, "stopped within 50 ms");
	assert_no_error(hs_process_stop(process, TIMEOUT_MS));
	assert_int_equal(thread_state(pid, pid), 't');
	hs_process_resume(process);
	hs_process_close(process);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);
}

static void *exec_soon(void *unused)
{
	(void)unused;
	sleep_us(life_us);
	execl("/bin/sleep", "sleep", "60", (char *)NULL);
	_exit(98);
}

static void exec_in_thread(struct shared *s)
{
	for (size_t i = 1; i < THREADS; i++)
		start_thread(spin, (void *)&s->count[i]);
	s->ready = true;
	start_thread(exec_soon, NULL);
	spin((void *)&s->count[0]);
}

static bool runs_sleep(pid_t pid)
{
	char *name = NULL;
	bool is_sleep;

	assert_no_error(hs_proc_read(pid, "comm", &name, NULL));
	is_sleep = !strcmp(name, "sleep\n");
	free(name);
	return is_sleep;
}

/* execve() waits for the other threads' end, of which the tracer must take note. */
static void exec_in_the_middle(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		struct hs_process *process;
		struct hs_error *err;
		pid_t pid;

		life_us = 2000;
		pid = child_start(exec_in_thread, shared);
		process = open_process(pid);
		sleep_us(1500 + i * 40);
		err = hs_process_stop(process, 1000);
		/* It may fail in such a moment; what must not be is that the target suffers. */
		if (err)
			assert_true(hs_error_code(err) == HS_ERROR_FAILED ||
				    hs_error_code(err) == HS_ERROR_GONE);
		hs_error_destroy(err);
		hs_process_resume(process);
		hs_process_close(process);
		for (int k = 0; k < 5000 && !runs_sleep(pid); k++)
			sleep_us(1000);
		assert_true(runs_sleep(pid));
		assert_int_equal(tracer_of(pid), 0);
		assert_int_equal(child_end(pid), SIGKILL);
	}
}

static void end_main_thread(struct shared *s)
{
	start_thread(spin, (void *)&s->count[1]);
	s->ready = true;
	pthread_exit(NULL);
}

static void main_thread_has_ended(void **state)
{
	pid_t pid = child_start(end_main_thread, shared);
	struct hs_process *process;

	(void)state;
	assert_true(reaches_state(pid, 'Z', 5000));
	assert_error(hs_process_open(pid, &process), HS_ERROR_UNSUPPORTED, "main thread has ended");
	child_end(pid);
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
		cmocka_unit_test(all_threads_stand_still),
		cmocka_unit_test(threads_may_come_and_go),
		cmocka_unit_test(signals_are_delivered_after),
		cmocka_unit_test(no_signal_is_lost),
		cmocka_unit_test(a_stopped_job_stays_stopped),
		cmocka_unit_test(killed_while_held),
		cmocka_unit_test(killed_while_held_by_another),
		cmocka_unit_test(ends_in_the_middle),
		cmocka_unit_test(traced_already),
		cmocka_unit_test(one_that_cannot_stop),
		cmocka_unit_test(one_that_stops_late),
		cmocka_unit_test(exec_in_the_middle),
		cmocka_unit_test(main_thread_has_ended),
	};

	return cmocka_run_group_tests(tests, create_shared, destroy_shared);
}
