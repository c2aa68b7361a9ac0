/* SPDX-License-Identifier: MIT */
/* cython.c: functions that Cython 0.29 makes; those of Cython 3 are scanned. */
#include "libsnap/python/visit/visit.h"

enum {
	DEFAULTS = 120, /* -> values, the first of them objects */
	DEFAULTS_COUNT = 128,
	MAX_DEFAULTS = 1000,
};

/* __pyx_CyFunctionObject, and what functions for several types (fused) have behind it. */
static const struct hs_field_rule function_fields[] = {
	{"__closure__", 104, 0},
	{"__module__", 32, 0},
	{"__dict__", 56, 0},
	{"__name__", 64, 0},
	{"__qualname__", 72, 0},
	{"__doc__", 80, 0},
	{"__globals__", 88, 0},
	{"__code__", 96, 0},
	{"__class__", 112, 0},
	{"__defaults__", 152, 0},
	{"__kwdefaults__", 160, 0},
	{"__annotations__", 176, HS_FIELD_HIDDEN},
	{0},
};

static void function_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr defaults = hs_word(object, DEFAULTS);
	uint32_t count = hs_half(object, DEFAULTS_COUNT);

	if (defaults && count < MAX_DEFAULTS)
		hs_visit_items(python, defaults, count, 0);
}

static void fused_visit(struct hs_python *python, const struct hs_object *object)
{
	function_visit(python, object);
	hs_visit_named(python, hs_word(object, 200), "__self__");
	hs_visit_named(python, hs_word(object, 192), "type");
	hs_visit_named(python, hs_word(object, 184), "__signatures__");
}

static const struct hs_rule rules[] = {
	{.name = "cython_function_or_method",
	 .role = HS_ROLE_FUNCTION,
	 .anywhere = true,
	 .basicsize = 184,
	 .fields = function_fields,
	 .visit = function_visit},
	{.name = "fused_cython_function",
	 .role = HS_ROLE_FUNCTION,
	 .anywhere = true,
	 .basicsize = 208,
	 .fields = function_fields,
	 .visit = fused_visit},
};

const struct hs_rule_family hs_rules_cython = HS_RULE_FAMILY(rules);
