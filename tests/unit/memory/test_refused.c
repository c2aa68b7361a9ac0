/* SPDX-License-Identifier: MIT */
/* test_refused.c: the cause of a refusal, and what opens the door, for every cause there is. */
#include "child.h"

#include "libsnap/memory/refused.h"

#include <sys/stat.h>

static const struct hs_trace_facts user = {.pid = 42, .uid = 1000, .owner = 1000};

static void assert_cause(struct hs_trace_facts facts, const char *text)
{
	assert_error(hs_trace_refused(&facts), HS_ERROR_PERMISSION, text);
}

static void every_cause(void **state)
{
	struct hs_trace_facts facts = user;

	(void)state;
	assert_cause(facts, "raised its privileges");
	facts.uid = 0;
	facts.owner = 0;
	assert_cause(facts, "root here lacks CAP_SYS_PTRACE");
	facts = user;
	facts.elsewhere = true;
	assert_cause(facts, "docker: --cap-add SYS_PTRACE");
	facts.yama = 1;
	assert_cause(facts, "sysctl");
	facts.yama = 2;
	assert_cause(facts, "only administrators");
	facts.owner = 33;
	assert_cause(facts, "belongs to user 33 and we are user 1000; run heapsnap with sudo");
	facts.uid = 0;
	assert_cause(facts, "kubernetes");
	facts.may_trace_anything = true;
	assert_cause(facts, "security module");
	facts.yama = 3;
	assert_cause(facts, "until the next boot");
	facts.tracer = 7;
	assert_cause(facts, "traced by process 7 already");
}

static char root[] = "/tmp/heapsnap-test-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = path + sizeof(root); (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void link_to(const char *name, const char *target)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(symlink(target, path), 0);
}

static void facts_of_a_fake_machine(void **state)
{
	struct hs_trace_facts facts;

	(void)state;
	assert_non_null(mkdtemp(root));
	put("proc/self/status", "Name:\theapsnap\nCapEff:\t0000000000080000\n");
	put("proc/42/status", "Name:\tpython3\nTracerPid:\t7\nUid:\t33\t33\t33\t33\n");
	put("proc/sys/kernel/yama/ptrace_scope", "2\n");
	put("proc/self/ns/none", "");
	put("proc/42/ns/none", "");
	link_to("proc/self/ns/pid", "pid:[1]");
	link_to("proc/42/ns/pid", "pid:[2]");
	hs_trace_facts_read(root, 42, &facts);
	assert_true(facts.may_trace_anything);
	assert_int_equal(facts.tracer, 7);
	assert_int_equal(facts.owner, 33);
	assert_int_equal(facts.yama, 2);
	assert_true(facts.elsewhere);
	/* Where nothing can be read nothing is claimed. */
	hs_trace_facts_read(root, 43, &facts);
	assert_int_equal(facts.tracer, 0);
	assert_int_equal(facts.owner, geteuid());
	assert_false(facts.elsewhere);
}

static int remove_root(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cause),
		cmocka_unit_test_teardown(facts_of_a_fake_machine, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
