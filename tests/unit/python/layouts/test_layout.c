/* SPDX-License-Identifier: MIT */
/* test_layout.c: the tables of offsets are whole and do not contradict themselves. */
#include "hs_cmocka.h"

#include "libsnap/python/layouts/layout.h"

#include <elf.h>
#include <stdio.h>
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
	assert_null(hs_layout_find(0, 0));
	assert_null(hs_layout_find(7, 0));
	assert_null(hs_layout_find(16, HS_ABSENT));
	assert_null(hs_layout_find(UINT32_MAX, HS_ABSENT));
	for (uint32_t minor = 8; minor <= 15; minor++)
		for (uint32_t micro = 0; micro < 20; micro++) {
			const struct hs_layout *layout = hs_layout_find(minor, micro);

			assert_int_equal(layout->minor, minor);
			assert_true(layout->since_micro <= micro);
		}
}

/* What is said to be supported is what there is, without a gap. */
static void versions_in_words(void **state)
{
	const struct hs_layout *layout;
	uint32_t last = 0;
	char expected[32];
	char said[32];

	(void)state;
	for (size_t i = 0; (layout = hs_layout_at(i)); i++) {
		assert_true(!i || layout->minor == last || layout->minor == last + 1);
		last = layout->minor;
		assert_ptr_equal(hs_layout_find(layout->minor, layout->since_micro), layout);
	}
	snprintf(expected, sizeof(expected), "3.%u to 3.%u", hs_layout_at(0)->minor, last);
	assert_string_equal(hs_layout_versions(said, sizeof(said)), expected);
}

static void releases_differ(void **state)
{
	(void)state;
	assert_ptr_equal(hs_layout_find(14, 0), &hs_layout_3_14_0);
	assert_ptr_equal(hs_layout_find(14, 4), &hs_layout_3_14_0);
	assert_ptr_equal(hs_layout_find(14, 5), &hs_layout_3_14);
	assert_ptr_equal(hs_layout_find(14, HS_ABSENT), &hs_layout_3_14);
	/* The collector's state grew by 24 bytes; what lies before it and in objects did not move.
	 */
	assert_int_equal(hs_layout_3_14_0.interp_gc, hs_layout_3_14.interp_gc);
	assert_int_equal(hs_layout_3_14_0.interp_sysdict + 24, hs_layout_3_14.interp_sysdict);
	assert_int_equal(hs_layout_3_14_0.interp_interned_strings + 24,
			 hs_layout_3_14.interp_interned_strings);
	assert_int_equal(hs_layout_3_14_0.code_adaptive, hs_layout_3_14.code_adaptive);
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
		"interp_next",	 "iframe_code",	  "iframe_function",	  "keys_refcount",
		"values_first",	 "tstate_cframe", "cframe_current_frame", "types_entry_dict",
		"interp_ceval",	 "gc_enabled",	  "hashtable_nentries",	  "hashtable_nbuckets",
		"exc_item_type", "exc_item_value"};

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
	for (uint32_t minor = 11; minor <= 15; minor++) {
		assert_sound(hs_layout_find(minor, 0));
		assert_sound(hs_layout_find(minor, HS_ABSENT));
	}
}

static bool is_field(uint32_t offset)
{
#define IS(member)                                                                                 \
	if (offset == HS_LAYOUT_FIELD(member))                                                     \
		return true;
	HS_LAYOUT_FIELDS(IS)
#undef IS
	return false;
}

static void published_fields_are_known(void **state)
{
	(void)state;
	for (uint32_t minor = 13; minor <= 15; minor++) {
		const struct hs_layout *layout = hs_layout_find(minor, HS_ABSENT);

		assert_true(layout->published_count > 40);
		for (size_t i = 0; i < layout->published_count; i++) {
			const struct hs_published *one = &layout->published[i];

			assert_true(one->field == HS_ABSENT ? one->value : is_field(one->field));
			assert_true(one->name[0]);
			assert_int_equal(one->position % 8, 0);
			for (size_t k = 0; k < i; k++) {
				const struct hs_published *other = &layout->published[k];

				assert_true(other->position < one->position);
				assert_true(one->field == HS_ABSENT || one->field != other->field);
			}
		}
	}
}

/* The interpreter's lock is 16 bytes larger on aarch64; what lies before it stays where it is. */
static void what_follows_the_lock_moves(void **state)
{
	(void)state;
	for (size_t k = 0; hs_layout_at(k); k++) {
		const struct hs_layout *layout = hs_layout_at(k);
		struct hs_layout adapted;
		struct field here[FIELDS];
		struct field there[FIELDS];
		size_t moved = 0;

		list(layout, here);
		hs_layout_adapt(layout, EM_X86_64, &adapted);
		assert_memory_equal(&adapted, layout, sizeof(adapted));
		hs_layout_adapt(layout, EM_AARCH64, &adapted);
		list(&adapted, there);
		for (size_t i = 0; i < FIELDS; i++) {
			bool moves = here[i].value != there[i].value;

			if (moves && (here[i].value + 16 != there[i].value ||
				      here[i].value <= layout->interp_gil))
				fail_msg("3.%u: %s went from %u to %u", layout->minor, here[i].name,
					 here[i].value, there[i].value);
			moved += moves;
		}
		assert_int_equal(moved > 0, layout->interp_gil != HS_ABSENT);
		assert_int_equal(adapted.interp_gc, layout->interp_gc);
		assert_int_equal(adapted.tstate_context, layout->tstate_context);
	}
	/* What is compared: offsets of 3.13's headers, compiled for both. */
	struct hs_layout adapted;

	hs_layout_adapt(&hs_layout_3_13, EM_AARCH64, &adapted);
	assert_int_equal(adapted.interp_dict, 8448 + 16);
	assert_int_equal(adapted.interp_obmalloc, 10800 + 16);
	assert_int_equal(adapted.interp_interned_strings, 194328 + 16);
	assert_int_equal(adapted.interp_types_builtins, 182968 + 16);
	assert_int_equal(adapted.interp_sysdict, 7640);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(versions_in_words),
		cmocka_unit_test(releases_differ),
		cmocka_unit_test(no_field_is_forgotten_or_double),
		cmocka_unit_test(published_fields_are_known),
		cmocka_unit_test(what_follows_the_lock_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
