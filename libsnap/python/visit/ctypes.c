/* SPDX-License-Identifier: MIT */
/*
 * ctypes.c: what ctypes keeps of its types.  Until 3.12 that is an object of its own, StgDict, in
 * place of the type's dict; from 3.13 on it is a struct behind the type object, StgInfo.
 */
#include "libsnap/python/visit/visit.h"

enum {
	STGDICT_EXTRA = 144, /* sizeof(StgDictObject) - sizeof(PyDictObject), counted once more */
	STGDICT_PROTO = 96,
	STGINFO_LENGTH = 24,
	STGINFO_ELEMENTS = 48,
	STGINFO_FORMAT_3_13 = 136,
	STGINFO_FORMAT = 144,
	MAX_FORMAT = 1 << 20,
};

/* Arrays and strings that a StgDict or StgInfo owns; its number of dimensions follows its format.
 */
static uint64_t owned_size(struct hs_python *python, hs_addr length_at, hs_addr elements_at,
			   hs_addr format_at)
{
	uint64_t length = 0;
	hs_addr elements = 0;
	hs_addr format = 0;
	uint32_t ndim = 0;
	struct hs_str text;
	uint64_t size;

	hs_image_u64(python->image, length_at, &length);
	hs_image_u64(python->image, elements_at, &elements);
	hs_image_u64(python->image, format_at, &format);
	hs_image_u32(python->image, format_at + 8, &ndim);
	size = 8 * (uint64_t)ndim;
	if (format && hs_image_string(python->image, format, MAX_FORMAT, &text) &&
	    hs_python_spend(python, text.size / 8 + 1))
		size += text.size + 1;
	if (elements)
		size += 8 * (length + 1);
	return size;
}

/* StgDictObject: length at 64, ffi_type_pointer.elements at 88, format at 168, then ndim */
static uint64_t stgdict_size(struct hs_python *python, const struct hs_object *object)
{
	return hs_dict_size(python, object) + STGDICT_EXTRA +
	       owned_size(python, object->address + 64, object->address + 88,
			  object->address + 168);
}

/* Its types report what it refers to. */
static const struct hs_field_rule stgdict_fields[] = {
	{"proto", STGDICT_PROTO, HS_FIELD_HIDDEN}, {"argtypes", 128, HS_FIELD_HIDDEN},
	{"converters", 136, HS_FIELD_HIDDEN},	   {"restype", 144, HS_FIELD_HIDDEN},
	{"checker", 152, HS_FIELD_HIDDEN},	   {0},
};

/* Where a type's StgInfo lies: behind the type object, aligned. */
static hs_addr stginfo(const struct hs_python *python, const struct hs_object *object)
{
	return object->address + ((python->layout->heap_type_size + 15u) & ~15u);
}

static bool has_stginfo(const struct hs_python *python)
{
	return python->layout->minor >= 13;
}

static void visit_stginfo(struct hs_python *python, const struct hs_object *object)
{
	static const struct hs_field_rule fields[] = {
		{"proto", 56, 0},
		{"argtypes", 88, 0},
		{"converters", 96, 0},
		{"restype", 104, 0},
		{"checker", 112, 0},
		{"pointer_type", 120, HS_SINCE(14)},
		{"module", 120, HS_BEFORE(14)},
		{"module", 128, HS_SINCE(14)},
		{0},
	};
	hs_addr info = stginfo(python, object);
	uint32_t initialised = 0;

	hs_image_u32(python->image, info, &initialised);
	for (const struct hs_field_rule *field = fields; initialised && field->name; field++) {
		hs_addr value = 0;

		if (!hs_versions_have(field->flags, python->layout->minor))
			continue;
		hs_image_u64(python->image, info + field->offset, &value);
		hs_visit_named(python, value, field->name);
	}
}

static void ctype_visit(struct hs_python *python, const struct hs_object *object)
{
	if (has_stginfo(python))
		visit_stginfo(python, object);
	hs_visit_type(python, object);
}

static bool is_stgdict(struct hs_python *python, hs_addr dict)
{
	static const char stgdict[] = "StgDict";
	hs_addr type = 0;
	struct hs_str name;

	hs_image_u64(python->image, dict + PY_TYPE, &type);
	name = hs_type_raw_name(python, type);
	return name.size == sizeof(stgdict) - 1 && !memcmp(name.data, stgdict, name.size);
}

/* The metatype of pointers visits what they point to once more (up to 3.12). */
static void pointer_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr dict = hs_word(object, PY_TP_DICT);
	hs_addr proto = 0;

	/* Abstract ones have a plain dict. */
	if (!has_stginfo(python) && is_stgdict(python, dict) &&
	    hs_image_u64(python->image, dict + STGDICT_PROTO, &proto))
		hs_visit_named(python, proto, "proto");
	ctype_visit(python, object);
}

/* 3.13 counts the struct with the type's basic size, and forgets its shared keys. */
static uint64_t ctype_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr info = stginfo(python, object);
	uint32_t format = python->layout->minor >= 14 ? STGINFO_FORMAT : STGINFO_FORMAT_3_13;
	uint32_t initialised = 0;

	if (!has_stginfo(python))
		return hs_type_object_size(python, object);
	hs_image_u32(python->image, info, &initialised);
	if (!initialised)
		return object->type->basicsize;
	return object->type->basicsize +
	       owned_size(python, info + STGINFO_LENGTH, info + STGINFO_ELEMENTS, info + format);
}

/*
 * CDataObject: what an instance keeps alive; its raw memory, which may lie in the object itself, is
 * C's own.
 */
static const struct hs_field_rule data_fields[] = {
	{"_b_base_", 32, 0},
	{"_objects", 64, 0},
	{0},
};

/* PyCFuncPtrObject, behind the same */
static const struct hs_field_rule function_fields[] = {
	{"thunk", 96, 0},
	{"callable", 104, 0},
	{"converters", 112, 0},
	{"argtypes", 120, 0},
	{"restype", 128, 0},
	{"checker", 136, 0},
	{"errcheck", 144, 0},
	{"paramflags", 152, 0},
	{"_b_base_", 32, 0},
	{"_objects", 64, 0},
	{0},
};

static const struct hs_field_rule field_fields[] = {
	{"proto", 40, 0},
	{"name", 72, HS_FIELD_HIDDEN | HS_SINCE(14)},
	{0},
};

/* PyCArgObject */
static const struct hs_field_rule argument_fields[] = {
	{"_obj", 48, HS_BEFORE(14)},
	{"_obj", 64, HS_SINCE(14)},
	{0},
};

#define METATYPE(tp_name, visitor)                                                                 \
	{                                                                                          \
		.name = (tp_name), .role = HS_ROLE_TYPE, .visit = (visitor),                       \
		.hidden = hs_visit_type_hidden, .size = ctype_size, .subclass_keeps_role = true    \
	}

static const struct hs_rule rules[] = {
	METATYPE("_ctypes.PyCStructType", ctype_visit),
	METATYPE("_ctypes.UnionType", ctype_visit),
	METATYPE("_ctypes.PyCArrayType", ctype_visit),
	METATYPE("_ctypes.PyCSimpleType", ctype_visit),
	METATYPE("_ctypes.PyCFuncPtrType", ctype_visit),
	METATYPE("_ctypes.PyCPointerType", pointer_visit),
	METATYPE("_ctypes.CType_Type", ctype_visit),
	{.name = "_ctypes._SimpleCData", .fields = data_fields},
	{.name = "_ctypes._Pointer", .fields = data_fields},
	{.name = "_ctypes.Array", .fields = data_fields},
	{.name = "_ctypes.Structure", .fields = data_fields},
	{.name = "_ctypes.Union", .fields = data_fields},
	{.name = "_ctypes._CData", .fields = data_fields},
	{.name = "_ctypes.CFuncPtr", .fields = function_fields},
	{.name = "_ctypes.PyCFuncPtr", .fields = function_fields},
	{.name = "_ctypes.CField", .versions = HS_SINCE(10), .fields = field_fields},
	{.name = "ctypes.CField", .fields = field_fields},
	{.name = "_ctypes.CArgObject", .fields = argument_fields},
	{.name = "CArgObject", .anywhere = true, .fields = argument_fields},
	{.name = "StgDict",
	 .anywhere = true,
	 .fields = stgdict_fields,
	 .visit = hs_visit_dict,
	 .hidden = hs_visit_dict_hidden,
	 .size = stgdict_size},
};

const struct hs_rule_family hs_rules_ctypes = HS_RULE_FAMILY(rules);
