/* SPDX-License-Identifier: MIT */
/* rules.c: finding the rule for a type. */
#include "libsnap/python/visit/visit.h"

static const struct hs_rule_family *const families[] = {
	&hs_rules_atoms,      &hs_rules_classes,    &hs_rules_containers,    &hs_rules_ctypes,
	&hs_rules_exceptions, &hs_rules_extensions, &hs_rules_frame_objects, &hs_rules_frames,
	&hs_rules_functions,  &hs_rules_itertools,  &hs_rules_library,	     &hs_rules_modules,
	&hs_rules_numpy,      &hs_rules_cython,	    &hs_rules_packages,	     &hs_rules_pickle,
	&hs_rules_typing,
};

const struct hs_rule *hs_rule_by_name(struct hs_str name, unsigned int minor)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		for (size_t k = 0; k < families[i]->count; k++) {
			const struct hs_rule *rule = &families[i]->rules[k];

			if (strlen(rule->name) == name.size &&
			    !memcmp(rule->name, name.data, name.size) &&
			    hs_versions_have(rule->versions, minor))
				return rule;
		}
	}
	return NULL;
}

static const struct hs_rule *by_name(const struct hs_python *python, const char *name)
{
	return hs_rule_by_name((struct hs_str){name, strlen(name)}, python->layout->minor);
}

/* The mapping of the file in which the interpreter itself lies; 0 if it is in no file. */
static uint64_t file_at(const struct hs_python *python, hs_addr address)
{
	const struct hs_mapping *mapping = hs_maps_find(&python->image->maps, address);

	return mapping ? mapping->inode : 0;
}

const struct hs_rule *hs_rule_of(struct hs_python *python, const struct hs_pytype *type)
{
	const struct hs_rule *rule =
		hs_rule_by_name(hs_type_raw_name(python, type->address), python->layout->minor);

	/* A class written in Python may be called anything. */
	if (!rule || type->traverse == python->subtype_traverse ||
	    (rule->basicsize && rule->basicsize != type->basicsize))
		return NULL;
	if (strchr(rule->name, '.'))
		return rule;
	if (type->flags & PY_FLAG_HEAPTYPE)
		return NULL;
	if (!rule->anywhere && file_at(python, type->address) != file_at(python, python->type_type))
		return NULL;
	return rule;
}

/*
 * A type inherits tp_traverse from its base unless it has its own: the rule of the first base with
 * the same address holds.  Types with a traverse of their own but no rule are told by the flags
 * that they inherit.
 */
const struct hs_rule *hs_rule_find(struct hs_python *python, const struct hs_pytype *definer)
{
	const struct hs_pytype *type = definer;

	do {
		const struct hs_rule *rule = hs_rule_of(python, type);

		if (rule)
			return rule;
		type = type->base;
	} while (type && type->traverse == definer->traverse && (definer->traverse || type->base));
	if (definer->flags & PY_FLAG_TUPLE_SUBCLASS && definer->traverse)
		return by_name(python, "structseq");
	if (definer->flags & PY_FLAG_BASE_EXC_SUBCLASS)
		return by_name(python, "BaseException");
	return NULL;
}
