/* SPDX-License-Identifier: MIT */
/* test_headroom.c: how much memory is left, by what fake machines and cgroups say. */
#include "hs_cmocka.h"

#include "libsnap/memory/headroom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MIB (1ull << 20)

static char root[32];

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/heapsnap-test-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void nothing_is_known(void **state)
{
	(void)state;
	assert_true(hs_memory_headroom(root, 0) == UINT64_MAX);
}

static void a_machine_without_cgroups(void **state)
{
	(void)state;
	put("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:          100 kB\n"
			    "MemAvailable:    2048 kB\nSwapFree: 9000000 kB\n");
	assert_int_equal(hs_memory_headroom(root, 0), 2 * MIB);
	/* As it is where the kernel has no cgroups, and where the one it has sets no limit. */
	put("proc/self/cgroup", "0::/\n");
	assert_int_equal(hs_memory_headroom(root, 0), 2 * MIB);
	put("proc/self/cgroup", "");
	assert_int_equal(hs_memory_headroom(root, 0), 2 * MIB);
}

static void version_2(void **state)
{
	(void)state;
	put("proc/meminfo", "MemAvailable: 1048576 kB\n");
	put("proc/self/cgroup", "0::/system.slice/app.service\n");
	put("proc/77/cgroup", "0::/system.slice\n");
	put("sys/fs/cgroup/system.slice/app.service/memory.max", "max\n");
	put("sys/fs/cgroup/system.slice/app.service/memory.current", "1048576\n");
	assert_int_equal(hs_memory_headroom(root, 0), 1024 * MIB);
	/* The limit of a group above counts, too, and page cache that can be dropped does not. */
	put("sys/fs/cgroup/system.slice/memory.max", "104857600\n");
	put("sys/fs/cgroup/system.slice/memory.current", "94371840\n");
	assert_int_equal(hs_memory_headroom(root, 0), 10 * MIB);
	put("sys/fs/cgroup/system.slice/memory.stat",
	    "anon 1\nfile 31457280\ninactive_file 20971520\nactive_file 7\n");
	assert_int_equal(hs_memory_headroom(root, 0), 30 * MIB);
	put("sys/fs/cgroup/system.slice/app.service/memory.max", "9437184\n");
	assert_int_equal(hs_memory_headroom(root, 0), 8 * MIB);
	/* Another process is in another group. */
	assert_int_equal(hs_memory_headroom(root, 77), 30 * MIB);
	/* What is over its limit has nothing left. */
	put("sys/fs/cgroup/system.slice/app.service/memory.current", "99999999\n");
	assert_int_equal(hs_memory_headroom(root, 0), 0);
}

static void version_1(void **state)
{
	(void)state;
	put("proc/meminfo", "MemAvailable: 1048576 kB\n");
	put("proc/self/cgroup", "12:cpu,cpuacct:/other\n4:memory:/docker/abc\n1:name=systemd:/x\n");
	put("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "62914560\n");
	put("sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", "52428800\n");
	put("sys/fs/cgroup/memory/docker/abc/memory.stat",
	    "inactive_file 1\ntotal_inactive_file 5242880\n");
	/* "No limit" is the largest number of pages. */
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("sys/fs/cgroup/memory/memory.usage_in_bytes", "8000000000\n");
	assert_int_equal(hs_memory_headroom(root, 0), 15 * MIB);
	/* Both versions at a time: the one that has the memory controller counts. */
	put("proc/self/cgroup", "4:memory:/docker/abc\n0::/docker/abc\n");
	assert_int_equal(hs_memory_headroom(root, 0), 15 * MIB);
	put("proc/meminfo", "MemAvailable: 1024 kB\n");
	assert_int_equal(hs_memory_headroom(root, 0), MIB);
}

static void what_makes_no_sense(void **state)
{
	(void)state;
	put("proc/meminfo", "MemAvailable: 4096 kB\n");
	put("proc/self/cgroup", "nonsense\n:\n::\n0::/../../x\n");
	put("sys/fs/cgroup/memory.max", "-\n");
	put("sys/fs/cgroup/memory.current", "");
	assert_int_equal(hs_memory_headroom(root, 0), 4 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_known, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_machine_without_cgroups, make_root, remove_root),
		cmocka_unit_test_setup_teardown(version_2, make_root, remove_root),
		cmocka_unit_test_setup_teardown(version_1, make_root, remove_root),
		cmocka_unit_test_setup_teardown(what_makes_no_sense, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
