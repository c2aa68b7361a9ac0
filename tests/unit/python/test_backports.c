/* SPDX-License-Identifier: MIT */
/* test_backports.c: fixes that a build has although its version does not, told by its code. */
#include "hs_cmocka.h"

#include "libsnap/python/backports.h"

#include <string.h>

/* Put @parts, which end with an empty one, together and ask. */
static bool ask(uint32_t hexversion, const char *const parts[])
{
	uint8_t code[HS_BACKPORT_CODE];
	size_t size = 0;

	/* test $0x10,%al and the jump if there is no managed dict: every build begins so */
	memcpy(code, "\xa8\x10\x0f\x84\x90\x90\x90\x90", 8);
	size = 8;
	for (; (*parts)[0]; parts++) {
		memcpy(code + size, *parts, strlen(*parts));
		size += strlen(*parts);
	}
	memset(code + size, 0x90, sizeof(code) - size);
	return hs_dict_before_values(hexversion, code, sizeof(code));
}

static const char LOAD[] = "\x48\x8b\x57\xe8";	      /* mov -0x18(%rdi),%rdx */
static const char LOAD_FAR[] = "\x49\x8b\x7d\xe8";    /* mov -0x18(%r13),%rdi */
static const char COMPARE[] = "\x48\x83\x7f\xe8\x01"; /* cmpq $0x1,-0x18(%rdi) */
static const char STORE[] = "\x4c\x89\x65\xe8";	      /* mov %r12,-0x18(%rbp) */
static const char LOAD_LOCAL[] = "\x48\x8b\x45\xe8";  /* mov -0x18(%rbp),%rax */
static const char OTHER[] = "\x48\x8b\x57\xe0";	      /* mov -0x20(%rdi),%rdx */
static const char TEST_AL[] = "\xa8\x04";	      /* test $0x4,%al */
static const char TEST_CL[] = "\xf6\xc1\x04";	      /* test $0x4,%cl */

static void versions_that_have_it(void **state)
{
	(void)state;
	assert_true(hs_dict_before_values(0x030d0df0, NULL, 0));
	assert_true(hs_dict_before_values(0x030d12f0, NULL, 0));
	assert_true(hs_dict_before_values(0x030e04f0, NULL, 0));
	assert_true(hs_dict_before_values(0x030f00f0, NULL, 0));
	assert_false(hs_dict_before_values(0x030d0cf0, NULL, 0));
	assert_false(hs_dict_before_values(0x030e03f0, NULL, 0));
	assert_false(hs_dict_before_values(0x030c05f0, NULL, 0));
}

static void code_tells(void **state)
{
	(void)state;
	assert_true(ask(0x030d05f0, (const char *[]){LOAD, TEST_AL, ""}));
	assert_true(ask(0x030d05f0, (const char *[]){COMPARE, TEST_CL, ""}));
	assert_true(ask(0x030e00f0, (const char *[]){OTHER, LOAD, TEST_CL, ""}));
	assert_false(ask(0x030d05f0, (const char *[]){TEST_AL, LOAD, ""}));
	assert_false(ask(0x030d05f0, (const char *[]){TEST_CL, COMPARE, ""}));
	assert_false(ask(0x030e00f0, (const char *[]){OTHER, TEST_AL, LOAD, ""}));
	/* Where the version has it, nothing else counts. */
	assert_true(ask(0x030d0df0, (const char *[]){TEST_AL, LOAD, ""}));
}

static void what_lies_on_the_stack_is_no_dict(void **state)
{
	(void)state;
	assert_false(ask(0x030d05f0, (const char *[]){STORE, LOAD_LOCAL, TEST_AL, LOAD, ""}));
	assert_true(ask(0x030d05f0, (const char *[]){STORE, LOAD_LOCAL, LOAD, TEST_AL, ""}));
	/* %r13 is told apart from %rbp. */
	assert_true(ask(0x030d05f0, (const char *[]){LOAD_FAR, TEST_AL, ""}));
}

static void code_that_does_not_tell(void **state)
{
	static const uint8_t load[] = {0x48, 0x8b, 0x57, 0xe8, 0x90};

	(void)state;
	assert_false(ask(0x030d05f0, (const char *[]){OTHER, ""}));
	assert_true(hs_dict_before_values(0x030d05f0, load, sizeof(load)));
	/* Not beyond the end. */
	assert_false(hs_dict_before_values(0x030d05f0, load, sizeof(load) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_that_have_it),
		cmocka_unit_test(code_tells),
		cmocka_unit_test(what_lies_on_the_stack_is_no_dict),
		cmocka_unit_test(code_that_does_not_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
