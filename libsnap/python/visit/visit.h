/* SPDX-License-Identifier: MIT */
/* visit.h: what objects refer to, and how large they are, by rules for each type. */
#ifndef HS_PYTHON_VISIT_H
#define HS_PYTHON_VISIT_H

#include "libsnap/python/blocks.h"
#include "libsnap/python/dict.h"
#include "libsnap/python/python.h"
#include "libsnap/python/text.h"
#include "libsnap/python/types.h"

enum {
	HS_FIELD_HIDDEN = 1 << 0, /* not reported by the collector */
	HS_FIELD_WEAK = 1 << 1,	  /* does not keep its target alive */
	HS_FIELD_LAYOUT = 1 << 2, /* offset is HS_LAYOUT_FIELD(...): it depends on the version */
};

/*
 * The minor versions of CPython 3 that something holds for, as part of flags; without, all:
 * HS_SINCE(10) | HS_BEFORE(13) is 3.10 to 3.12.
 */
#define HS_SINCE(minor)	 ((uint32_t)(minor) << 8)
#define HS_BEFORE(minor) ((uint32_t)(minor) << 16)

static inline bool hs_versions_have(uint32_t flags, unsigned int minor)
{
	unsigned int since = flags >> 8 & 0xff;
	unsigned int before = flags >> 16 & 0xff;

	return minor >= since && (!before || minor < before);
}

/* Whether the target has what 3.13.@micro_13 and 3.14.@micro_14 brought, as all later versions do.
 */
static inline bool hs_has_fix(const struct hs_python *python, uint32_t micro_13, uint32_t micro_14)
{
	uint32_t first = python->layout->minor == 13 ? 0x030d00 | micro_13 : 0x030e00 | micro_14;

	return python->hexversion >> 8 >= first;
}

/* A word of the body that refers to an object. */
struct hs_field_rule {
	const char *name; /* NULL ends a list */
	uint32_t offset;
	uint32_t flags; /* HS_FIELD_..., HS_SINCE(), HS_BEFORE() */
};

/*
 * How to read objects of a type that CPython defines.
 *
 * To add a rule: a row in the table of one file of this folder (the file's family, or a new one
 * with a line in families[] of rules.c), named as tp_name says.  What the collector reports, in
 * its order: `fields` that are not hidden, then `visit`; what it does not: hidden `fields`, then
 * `hidden`.  The reference from an instance to its class is added by the caller where heap types
 * report it.  Run the oracle tests.
 *
 * Memory that an object owns outside its own block (a list's items) is taken by `buffers`, with
 * hs_buffer_take().
 */
struct hs_rule {
	const char *name;
	uint32_t versions; /* a name may have several rows: HS_SINCE(), HS_BEFORE() */
	enum hs_role role;
	const struct hs_field_rule *fields;
	void (*visit)(struct hs_python *python, const struct hs_object *object);
	void (*hidden)(struct hs_python *python, const struct hs_object *object);
	/* What __sizeof__ says, in bytes; NULL: the default rule, or that of a base. */
	uint64_t (*size)(struct hs_python *python, const struct hs_object *object);
	/*
	 * What kind of value instances have, subclasses' too (enum hs_preview_kind); 0: the same as
	 * those of the base class, HS_PREVIEW_KIND_COUNT: none.
	 */
	uint8_t preview;
	/* What the allocator holds for what the object owns; NULL: nothing, or that of a base. */
	uint64_t (*buffers)(struct hs_python *python, const struct hs_object *object);
	uint32_t basicsize;	  /* of types that this holds for; 0: of any */
	bool subclass_keeps_role; /* instances of subclasses have the same role */
	/*
	 * A name without a dot is that of one of the interpreter's own types, unless this is set:
	 * then the type may lie in an extension module.
	 */
	bool anywhere;
	bool no_type; /* a heap type whose traverse leaves out the type itself */
};

struct hs_locals;

struct hs_rule_family {
	const struct hs_rule *rules;
	size_t count;
};

extern const struct hs_rule_family hs_rules_atoms;
extern const struct hs_rule_family hs_rules_classes;
extern const struct hs_rule_family hs_rules_containers;
extern const struct hs_rule_family hs_rules_ctypes;
extern const struct hs_rule_family hs_rules_exceptions;
extern const struct hs_rule_family hs_rules_extensions;
extern const struct hs_rule_family hs_rules_frame_objects;
extern const struct hs_rule_family hs_rules_frames;
extern const struct hs_rule_family hs_rules_functions;
extern const struct hs_rule_family hs_rules_itertools;
extern const struct hs_rule_family hs_rules_library;
extern const struct hs_rule_family hs_rules_modules;
extern const struct hs_rule_family hs_rules_numpy;
extern const struct hs_rule_family hs_rules_cython;
extern const struct hs_rule_family hs_rules_packages;
extern const struct hs_rule_family hs_rules_pickle;
extern const struct hs_rule_family hs_rules_typing;

#define HS_RULE_FAMILY(table)                                                                      \
	{                                                                                          \
		(table), sizeof(table) / sizeof((table)[0])                                        \
	}

/* The rule of the type called @name in version 3.@minor; NULL if there is none. */
const struct hs_rule *hs_rule_by_name(struct hs_str name, unsigned int minor);

/*
 * The rule for @type itself, by its name and the place where it lies: extensions have types called
 * like those of the interpreter.  NULL if there is none.
 */
const struct hs_rule *hs_rule_of(struct hs_python *python, const struct hs_pytype *type);

/* The rule by which objects whose traverse is that of @definer are visited; NULL: scan them. */
const struct hs_rule *hs_rule_find(struct hs_python *python, const struct hs_pytype *definer);

/* Whether objects under @rule, which may be NULL, are scanned for references. */
bool hs_rule_scans(const struct hs_rule *rule);

/* Visit all that @object refers to and add it to the builder. */
void hs_visit_object(struct hs_python *python, const struct hs_object *object);

/* What sys.getsizeof() says of @object; *@guess tells that its type may have a rule of its own. */
uint64_t hs_object_size(struct hs_python *python, const struct hs_object *object, bool *guess);

/* What lies in the block of @object itself, without what precedes its header. */
uint64_t hs_body_size(struct hs_python *python, const struct hs_object *object);

/* Bytes between the beginning of the block of @object and the object itself. */
uint64_t hs_pre_header_size(const struct hs_python *python, const struct hs_object *object);

/* What __sizeof__ says of an int, and of a str without what lies in other blocks. */
uint64_t hs_int_size(struct hs_python *python, const struct hs_object *object);
uint64_t hs_str_body_size(struct hs_python *python, const struct hs_object *object);

/*
 * For rules: a reference of the object being visited, called as @kind and @operand say.  Nothing
 * happens if @target is 0; a target that is no object is counted as a gap.
 */
void hs_visit(struct hs_python *python, hs_addr target, enum hs_label_kind kind, uint32_t operand);
void hs_visit_weak(struct hs_python *python, hs_addr target, enum hs_label_kind kind,
		   uint32_t operand);

/* The same for a word that may be anything: added, as generic, if it is an object's address. */
void hs_visit_scan(struct hs_python *python, hs_addr word, enum hs_label_kind kind,
		   uint32_t operand);

/* The same with an attribute's name. */
void hs_visit_named(struct hs_python *python, hs_addr target, const char *name);

/*
 * Announce that references of @kind follow, any number: objects that differ only in how many there
 * are then have the same shape.
 */
void hs_visit_begin(struct hs_python *python, enum hs_label_kind kind, uint32_t operand);

/* What follows is not reported by the collector. */
void hs_visit_hidden(struct hs_python *python);

/* Items of an array, labelled by index from @first on. */
void hs_visit_items(struct hs_python *python, hs_addr items, uint64_t count, uint32_t first);

/* The collector's part of an instance of a Python class: slots, attributes, dict, class. */
void hs_visit_instance(struct hs_python *python, const struct hs_object *object);

/* The managed dict or values of @object, as PyObject_VisitManagedDict() does. */
void hs_visit_managed_dict(struct hs_python *python, const struct hs_object *object);

/* What the allocator holds for the array of attribute values of @object, if it has one. */
uint64_t hs_instance_buffers(struct hs_python *python, const struct hs_object *object);

/* The same for the array at @values, which is not part of an object. */
uint64_t hs_values_take(struct hs_python *python, hs_addr values);

/* What hs_visit_instance() or the collector left out of an instance's attributes. */
void hs_visit_instance_hidden(struct hs_python *python, const struct hs_object *object);

/* Address of the dict of @object, 0 if it has none (yet). */
hs_addr hs_instance_dict(struct hs_python *python, const struct hs_object *object);

/* The attribute @name in the values array of @object; 0 if it has none. */
hs_addr hs_value_get(struct hs_python *python, const struct hs_object *object, const char *name);

/* Conservative scan of the body of an object of a type nobody described. */
void hs_visit_body(struct hs_python *python, const struct hs_object *object);

/* The entries of the dict at @object, for dict and its subclasses. */
void hs_visit_dict(struct hs_python *python, const struct hs_object *object);
void hs_visit_dict_hidden(struct hs_python *python, const struct hs_object *object);
uint64_t hs_dict_size(struct hs_python *python, const struct hs_object *object);
uint64_t hs_dict_buffers(struct hs_python *python, const struct hs_object *object);

/* The type object @object, for `type` and metatypes derived from it. */
void hs_visit_type(struct hs_python *python, const struct hs_object *object);
void hs_visit_type_hidden(struct hs_python *python, const struct hs_object *object);
uint64_t hs_type_object_size(struct hs_python *python, const struct hs_object *object);
uint64_t hs_type_buffers(struct hs_python *python, const struct hs_object *object);

/*
 * How many words the frame at @frame says that it uses, locals and evaluation stack; less than 1 if
 * it does not say, as while it runs.  Not checked against its code.
 */
int64_t hs_frame_slots(struct hs_python *python, hs_addr frame);

/* Variables and evaluation stack of a frame: the @count words at @first. */
void hs_visit_slots(struct hs_python *python, hs_addr first, uint64_t count,
		    const struct hs_locals *locals);

/* Locals and evaluation stack of the interpreter frame at @frame, with what it refers to. */
void hs_visit_frame(struct hs_python *python, hs_addr frame);

/* Whether the object at @granule, which was found, is a module or a class. */
bool hs_has_code_names(struct hs_python *python, uint32_t granule);

/* What is at @offset of @object's body of @type's default size, with its items. */
uint64_t hs_default_size(const struct hs_object *object);

/*
 * The granule of the object at @address, found now or before; HS_NONE if there is none.  New ones
 * are queued.
 */
uint32_t hs_discover(struct hs_python *python, hs_addr address);

/*
 * The same for a weak reference.  Until hs_discover_weakly() the object, which will then be found,
 * is not queued for its sake.
 */
uint32_t hs_discover_weak(struct hs_python *python, hs_addr address);

/* The same for a word that may be anything: doubtful ones are not taken. */
uint32_t hs_discover_word(struct hs_python *python, uint64_t word);

#endif
