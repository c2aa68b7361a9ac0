/* SPDX-License-Identifier: MIT */
/* target.h: a small interpreter with some of everything, started and copied by the tests. */
#ifndef TESTS_PYTHON_TARGET_H
#define TESTS_PYTHON_TARGET_H

#include "hs_cmocka.h"

#include "format/base/error.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/process.h"
#include "libsnap/python/heap.h"
#include "libsnap/python/runtime.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static const char TARGET_SCRIPT[] =
	"import sys, threading, functools, tracemalloc\n"
	"tracemalloc.start(3)\n"
	"from collections import OrderedDict, defaultdict, deque\n"
	"class Slots:\n"
	"    __slots__ = ('left', 'right')\n"
	"class Plain: pass\n"
	"class Meta(type): pass\n"
	"class Deep(Plain, metaclass=Meta): pass\n"
	"class Words(str): pass\n"
	"class Mapping(dict): pass\n"
	"keep = []\n"
	"for n in range(40):\n"
	"    plain, deep, slots = Plain(), Deep(), Slots()\n"
	"    plain.name, plain.peer, deep.items = 'n%d' % n, slots, {n: plain, 'k': deep}\n"
	"    slots.left, slots.right = (n, float(n), 1 << 70), [plain] * (n % 5)\n"
	"    if n % 3 == 0: plain.__dict__['more'] = n\n"
	"    keep.append([plain, deep, slots, {n, str(n)}, bytearray(n), Words('w%d' % n)])\n"
	"removed = {str(n) for n in range(50)}\n"
	"for n in range(40): removed.discard(str(n))\n"
	"shrunk = {n: [n] for n in range(50)}\n"
	"for n in range(30): del shrunk[n]\n"
	"keep.append((removed, shrunk, deque(range(200)), OrderedDict(a=1, b=[2]), Mapping(x=3),\n"
	"    defaultdict(list, {'d': [4]}), frozenset('abc'), sys.version_info, range(9), "
	"slice(1)))\n"
	"keep.append(['\\xe9', '\\u20ac' * 9, '\\U0001f600', '\\ud800x', 'a' * 5000, b'bytes'])\n"
	"@functools.lru_cache(4)\n"
	"def cached(n): return [n]\n"
	"for n in range(9): cached(n)\n"
	"def generate(start):\n"
	"    local = [start]\n"
	"    yield local\n"
	"    yield start\n"
	"generators = [generate(n) for n in range(9)]\n"
	"for one in generators[:5]: next(one)\n"
	"async def coroutine(n): return n\n"
	"keep.append(coroutine(1))\n"
	"try:\n"
	"    {}['missing']\n"
	"except KeyError as error:\n"
	"    keep.append(error)\n"
	"event = threading.Event()\n"
	"def descend(depth, text):\n"
	"    return descend(depth - 1, text) if depth else event.wait()\n"
	"threading.Thread(target=descend, args=(5, 'thread'), daemon=True, name='waiter').start()\n"
	"def end(text):\n"
	"    sys.stdout.write('READY\\n')\n"
	"    sys.stdout.flush()\n"
	"    sys.stdin.readline()\n"
	"end('main')\n";

struct target {
	pid_t pid;
	int input;  /* its standard input */
	int output; /* its standard output */
};

/* The interpreters to try: HS_TEST_PYTHON, several parted by colons, else the system's own. */
static inline const char *target_pythons(void)
{
	const char *python = getenv("HS_TEST_PYTHON");

	return python && *python ? python : "/usr/bin/python3";
}

/* Start @python with @script and wait for it to say READY; false if it does not. */
static inline bool target_start_script(const char *python, const char *script, struct target *ret)
{
	int input[2];
	int output[2];
	char said[6] = "";
	size_t size = 0;
	pid_t pid;

	if (access(python, X_OK))
		return false;
	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(input[0], STDIN_FILENO);
		dup2(output[1], STDOUT_FILENO);
		execl(python, python, "-S", "-E", "-c", script, (char *)NULL);
		_exit(127);
	}
	close(input[0]);
	close(output[1]);
	while (size < sizeof(said)) {
		ssize_t n = read(output[0], said + size, sizeof(said) - size);

		if (n <= 0)
			break;
		size += (size_t)n;
	}
	*ret = (struct target){.pid = pid, .input = input[1], .output = output[0]};
	return size == sizeof(said) && !memcmp(said, "READY\n", sizeof(said));
}

static inline bool target_start(const char *python, struct target *ret)
{
	return target_start_script(python, TARGET_SCRIPT, ret);
}

/* End the target; its exit status as waitpid() has it. */
static inline int target_end(struct target *target)
{
	int status = -1;

	close(target->input);
	waitpid(target->pid, &status, 0);
	close(target->output);
	return status;
}

/* A message to print where an error was not expected. */
static inline void assert_no_error(struct hs_error *err)
{
	if (err)
		fail_msg("%s", hs_error_message(err));
}

static inline bool target_fetch(void *context, hs_addr addr, uint64_t pages, void *buffer)
{
	return hs_process_read(context, addr, buffer, (size_t)pages << HS_PAGE_SHIFT);
}

/* Copy a target as hs_capture_process() does; @process stays open for pages fetched later. */
static inline struct hs_error *target_copy(struct target *target, struct hs_process **process,
					   struct hs_image **image, struct hs_runtime *runtime)
{
	struct hs_maps maps = {0};
	struct hs_error *err;
	uint64_t unreadable;

	assert_no_error(hs_process_open(target->pid, process));
	assert_no_error(hs_maps_read(target->pid, &maps));
	err = hs_runtime_find(hs_process_target(*process), &maps, runtime);
	hs_maps_deinit(&maps);
	if (err)
		return err;
	*image = hs_image_create();
	assert_non_null(*image);
	assert_no_error(hs_process_stop(*process, 2000));
	assert_no_error(hs_process_copy(*process, *image, 0, &unreadable));
	hs_process_resume(*process);
	assert_true(hs_image_seal(*image, target_fetch, *process));
	return NULL;
}

/* Parse @image: the error, or NULL and a snapshot that the caller destroys. */
/* Fill in @facts and make a snapshot with all there is to read, values, too, if it asks for them.
 */
static inline struct hs_error *target_parse_facts(struct hs_image *image,
						  const struct hs_runtime *runtime,
						  struct hs_heap_facts *facts,
						  struct hs_snapshot **ret)
{
	struct hs_python *python;
	struct hs_error *err;

	err = hs_heap_open(image, runtime, facts, &python);
	if (err)
		return err;
	err = hs_heap_read(python, facts, NULL, NULL);
	if (!err)
		err = hs_heap_finish(python, facts, ret);
	hs_python_destroy(python);
	return err;
}

static inline struct hs_error *target_parse(struct hs_image *image,
					    const struct hs_runtime *runtime,
					    struct hs_snapshot **ret)
{
	struct hs_heap_facts facts = {.pid = 1};

	return target_parse_facts(image, runtime, &facts, ret);
}

#endif
