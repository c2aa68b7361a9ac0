/* SPDX-License-Identifier: MIT */
/* typing.c: type variables and their relatives, which the interpreter itself defines from 3.12 on.
 */
#include "libsnap/python/visit/visit.h"

/* Their names became visible to the collector with 3.13.10 and 3.14.1 (gh-140000). */
static bool visits_names(const struct hs_python *python)
{
	return hs_has_fix(python, 10, 1);
}

static void visit_name(struct hs_python *python, const struct hs_object *object)
{
	if (visits_names(python))
		hs_visit_named(python, hs_word(object, 16), "__name__");
}

static void hidden_name(struct hs_python *python, const struct hs_object *object)
{
	if (!visits_names(python))
		hs_visit_named(python, hs_word(object, 16), "__name__");
}

static void visit_name_and_dict(struct hs_python *python, const struct hs_object *object)
{
	visit_name(python, object);
	hs_visit_managed_dict(python, object);
}

/* 3.13 added defaults and what computes them. */
static const struct hs_field_rule typevar_fields[] = {
	{"__bound__", 24, 0},
	{"evaluate_bound", 32, 0},
	{"__constraints__", 40, 0},
	{"evaluate_constraints", 48, 0},
	{"__default__", 56, HS_SINCE(13)},
	{"evaluate_default", 64, HS_SINCE(13)},
	{0},
};

static const struct hs_field_rule paramspec_fields[] = {
	{"__bound__", 24, 0},
	{"__default__", 32, HS_SINCE(13)},
	{"evaluate_default", 40, HS_SINCE(13)},
	{0},
};

static const struct hs_field_rule typevartuple_fields[] = {
	{"__default__", 24, HS_SINCE(13) | HS_BEFORE(15)},
	{"evaluate_default", 32, HS_SINCE(13) | HS_BEFORE(15)},
	{"__bound__", 24, HS_SINCE(15)},
	{"__default__", 32, HS_SINCE(15)},
	{"evaluate_default", 40, HS_SINCE(15)},
	{0},
};

static const struct hs_field_rule typealias_fields[] = {
	{"__type_params__", 24, HS_BEFORE(15)}, {"compute_value", 32, HS_BEFORE(15)},
	{"__value__", 40, HS_BEFORE(15)},	{"__module__", 48, HS_BEFORE(15)},
	{"__qualname__", 24, HS_SINCE(15)},	{"__type_params__", 32, HS_SINCE(15)},
	{"compute_value", 40, HS_SINCE(15)},	{"__value__", 48, HS_SINCE(15)},
	{"__module__", 56, HS_SINCE(15)},	{0},
};

static const struct hs_field_rule origin_fields[] = {{"__origin__", 16, 0}, {0}};
static const struct hs_field_rule evaluator_fields[] = {{"value", 16, 0}, {0}};

static const struct hs_rule rules[] = {
	{.name = "typing.TypeVar",
	 .fields = typevar_fields,
	 .visit = visit_name_and_dict,
	 .hidden = hidden_name},
	{.name = "typing.ParamSpec",
	 .fields = paramspec_fields,
	 .visit = visit_name_and_dict,
	 .hidden = hidden_name},
	{.name = "typing.TypeVarTuple",
	 .fields = typevartuple_fields,
	 .visit = visit_name_and_dict,
	 .hidden = hidden_name},
	{.name = "typing.TypeAliasType",
	 .fields = typealias_fields,
	 .visit = visit_name,
	 .hidden = hidden_name,
	 .no_type = true},
	{.name = "typing.ParamSpecArgs", .fields = origin_fields, .no_type = true},
	{.name = "typing.ParamSpecKwargs", .fields = origin_fields, .no_type = true},
	{.name = "_typing._ConstEvaluator", .fields = evaluator_fields, .no_type = true},
};

const struct hs_rule_family hs_rules_typing = HS_RULE_FAMILY(rules);
