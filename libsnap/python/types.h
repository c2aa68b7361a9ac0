/* SPDX-License-Identifier: MIT */
/* types.h: the type objects of the target, read once each. */
#ifndef HS_PYTHON_TYPES_H
#define HS_PYTHON_TYPES_H

#include "libsnap/python/python.h"

struct hs_rule;

/* A word of the body that is known by name. */
struct hs_field {
	uint32_t offset;
	uint32_t name; /* string number in the builder */
	bool hidden;   /* the collector does not report it */
	bool weak;
	bool after_items; /* offset is from the end of the items, as if there were none (3.15) */
};

struct hs_pytype {
	hs_addr address;
	uint32_t granule;
	uint32_t number; /* in the builder */
	uint32_t flags;	 /* low 32 bits of tp_flags */
	uint64_t basicsize;
	uint64_t itemsize;
	int64_t dictoffset;
	int64_t weaklistoffset;
	hs_addr traverse;
	const struct hs_pytype *base; /* NULL: this is `object` */
	bool base_known;	      /* base is set, and so are those of all bases */
	bool unsound;		      /* it turned out to be no type; no look-up returns it */
	const struct hs_pytype *metatype;

	/* nearest base, or the type itself, whose tp_traverse is not that of Python's classes */
	const struct hs_pytype *definer;
	const struct hs_rule *rule;	    /* how to visit what the definer defines; NULL: scan */
	const struct hs_rule *size_rule;    /* nearest base with a __sizeof__ of its own; NULL */
	const struct hs_rule *buffers_rule; /* nearest base that owns other blocks; NULL */
	bool python_sizeof;		    /* a class defines __sizeof__ in Python */
	bool visits_type; /* the definer's tp_traverse visits the type of the object */
	uint8_t preview;  /* what kind of value instances have; see hs_rule.  0: none */

	/* __slots__ of this class and its Python bases */
	HS_VECTOR(struct hs_field) slots;
	/* fields of the rule, offsets worked out for this version; or tp_members for a scan */
	HS_VECTOR(struct hs_field) fields;

	/* names of the attributes in values arrays, by position; see hs_type_keys() */
	hs_addr cached_keys;
	bool keys_read; /* key_names are all that there are */
	HS_VECTOR(uint32_t) key_names;
	uint32_t structseq_fields; /* items of instances, hidden ones included; 0: not known */

	/* the runs of the object visited last, and their shape: most objects are alike */
	HS_VECTOR(struct hs_run) last_runs;
	uint32_t last_first_hidden;
	uint32_t last_shape;
};

/*
 * The type object at @address; NULL unless one is there: its metatype is a type, its sizes and its
 * name make sense, and so do its bases'.  Owned by @python.
 */
struct hs_pytype *hs_type_lookup(struct hs_python *python, hs_addr address);

/* The same for types seen before, without a call. */
static inline struct hs_pytype *hs_type_at(struct hs_python *python, hs_addr address)
{
	size_t i = (address >> 4) * 0x9e3779b97f4a7c15u >> 20 & (python->type_capacity - 1);
	struct hs_pytype *type = python->types[i];

	if (__builtin_expect(type && type->address == address && !type->unsound, 1))
		return type;
	return hs_type_lookup(python, address);
}

/* The same of those seen before, most of the time: NULL for others, and for some of these. */
static inline const struct hs_pytype *hs_type_peek(const struct hs_python *python, hs_addr address)
{
	size_t i = (address >> 4) * 0x9e3779b97f4a7c15u >> 20 & (python->type_capacity - 1);
	const struct hs_pytype *type = python->types[i];

	return type && type->address == address ? type : NULL;
}

/* Before the first look-up; false if memory ran out. */
bool hs_types_init(struct hs_python *python);
void hs_types_destroy(struct hs_python *python);

/*
 * How many attributes instances of @type keep in a values array, as far as the class's shared keys
 * tell; their names are then type->key_names.
 */
size_t hs_type_keys(struct hs_python *python, struct hs_pytype *type);

/* The dict of a type object: tp_dict, or what the interpreter keeps of a static type; 0: none. */
hs_addr hs_type_dict(struct hs_python *python, const struct hs_pytype *type);

/* tp_name, as far as it can be read. */
struct hs_str hs_type_raw_name(struct hs_python *python, hs_addr type);

#endif
