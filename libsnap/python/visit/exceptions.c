/* SPDX-License-Identifier: MIT */
/* exceptions.c: exceptions and tracebacks. */
#include "libsnap/python/visit/visit.h"

#define AT(field) HS_LAYOUT_FIELD(field)

static const struct hs_field_rule exception_fields[] = {
	{"__dict__", AT(exception_dict), HS_FIELD_LAYOUT},
	{"args", AT(exception_args), HS_FIELD_LAYOUT},
	{"__notes__", AT(exception_notes), HS_FIELD_LAYOUT},
	{"__traceback__", AT(exception_traceback), HS_FIELD_LAYOUT},
	{"__context__", AT(exception_context), HS_FIELD_LAYOUT},
	{"__cause__", AT(exception_cause), HS_FIELD_LAYOUT},
	{0},
};

/*
 * Builtin exceptions add fields of their own behind those of BaseException.  Some of these are
 * numbers (OSError.written), so each is looked at before it is believed.
 */
static void exception_visit(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_pytype *definer = object->type->definer;

	for (uint64_t offset = python->layout->exception_size; offset + 8 <= definer->basicsize;
	     offset += 8)
		hs_visit_scan(python, hs_word(object, offset), HS_LABEL_OFFSET, (uint32_t)offset);
}

static const struct hs_field_rule traceback_fields[] = {
	{"tb_next", 16, 0},
	{"tb_frame", 24, 0},
	{0},
};

static const struct hs_rule rules[] = {
	{.name = "BaseException", .fields = exception_fields, .visit = exception_visit},
	{.name = "traceback", .fields = traceback_fields},
};

const struct hs_rule_family hs_rules_exceptions = HS_RULE_FAMILY(rules);
