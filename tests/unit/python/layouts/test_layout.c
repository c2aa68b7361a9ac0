/* SPDX-License-Identifier: MIT */
/* test_layout.c: the tables of offsets are whole and do not contradict themselves. */
#include "hs_cmocka.h"

#include "libsnap/python/layouts/layout.h"

#include <stdlib.h>

struct field {
	const char *name;
	uint32_t value;
};

enum {
#define ONE(name) +1
	FIELDS = HS_LAYOUT_FIELDS(ONE),
#undef ONE
};

/* The fields of @layout in the order of the definition. */
static void list(const struct hs_layout *layout, struct field fields[FIELDS])
{
	size_t i = 0;

#define TAKE(member) fields[i++] = (struct field){#member, layout->member};
	HS_LAYOUT_FIELDS(TAKE)
#undef TAKE
}

static void versions(void **state)
{
	(void)state;
	assert_null(hs_layout_find(0));
	assert_null(hs_layout_find(10));
	assert_null(hs_layout_find(UINT32_MAX));
	for (uint32_t minor = 11; minor <= 13; minor++)
		assert_int_equal(hs_layout_find(minor)->minor, minor);
}

static void names(void **state)
{
	(void)state;
#define CHECK(member) assert_string_equal(hs_layout_field_name(HS_LAYOUT_FIELD(member)), #member);
	HS_LAYOUT_FIELDS(CHECK)
#undef CHECK
	assert_string_equal(hs_layout_field_name(UINT32_MAX), "?");
	assert_string_equal(hs_layout_field_name(HS_LAYOUT_FIELD(minor)), "?");
}

static size_t struct_size(const char *name)
{
	return strcspn(name, "_") + 1;
}

/* Sizes and counts are no offsets; the rest of a struct's name is the same up to the first '_'. */
static bool is_offset(const char *name)
{
	static const char *const others[] = {
		"heap_type_size", "type_size",	      "exception_size", "types_entry_size",
		"str_ascii_size", "str_compact_size", "str_full_size",	"types_entry_dict"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(name, others[i]))
			return false;
	return true;
}

/* Those that are the first of their struct, in one version or another. */
static bool may_be_zero(const char *name)
{
	static const char *const first[] = {
		"interp_next",		"iframe_code",	    "iframe_function",
		"keys_refcount",	"values_first",	    "tstate_cframe",
		"cframe_current_frame", "types_entry_dict", "interp_ceval"};

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (!strcmp(name, first[i]))
			return true;
	return false;
}

static void assert_sound(const struct hs_layout *layout)
{
	struct field fields[FIELDS];

	list(layout, fields);
	for (size_t i = 0; i < FIELDS; i++) {
		if (!fields[i].value && !may_be_zero(fields[i].name))
			fail_msg("3.%u: %s is 0: forgotten?", layout->minor, fields[i].name);
		if (fields[i].value != HS_ABSENT && fields[i].value > 1 << 20)
			fail_msg("3.%u: %s is %u", layout->minor, fields[i].name, fields[i].value);
		for (size_t k = 0; k < i; k++)
			if (fields[i].value == fields[k].value && fields[i].value != HS_ABSENT &&
			    is_offset(fields[i].name) && is_offset(fields[k].name) &&
			    struct_size(fields[i].name) == struct_size(fields[k].name) &&
			    !strncmp(fields[i].name, fields[k].name, struct_size(fields[i].name)))
				fail_msg("3.%u: %s and %s are both %u", layout->minor,
					 fields[i].name, fields[k].name, fields[i].value);
	}
}

static void no_field_is_forgotten_or_double(void **state)
{
	(void)state;
	for (uint32_t minor = 11; minor <= 13; minor++)
		assert_sound(hs_layout_find(minor));
}

static void published_fields_are_known(void **state)
{
	const struct hs_layout *layout = hs_layout_find(13);

	(void)state;
	assert_true(layout->published_count > 0);
	for (size_t i = 0; i < layout->published_count; i++) {
		assert_string_not_equal(hs_layout_field_name(layout->published[i].field), "?");
		assert_int_equal(layout->published[i].position % 8, 0);
		for (size_t k = 0; k < i; k++) {
			assert_int_not_equal(layout->published[i].position,
					     layout->published[k].position);
			assert_int_not_equal(layout->published[i].field,
					     layout->published[k].field);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(names),
		cmocka_unit_test(no_field_is_forgotten_or_double),
		cmocka_unit_test(published_fields_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
