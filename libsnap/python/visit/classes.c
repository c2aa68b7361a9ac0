/* SPDX-License-Identifier: MIT */
/* classes.c: classes and weak references. */
#include "libsnap/python/visit/visit.h"

enum {
	MAX_STRING = 1 << 20, /* bytes of documentation */
};

static bool is_heap_type(const struct hs_object *object)
{
	return hs_half(object, PY_TP_FLAGS) & PY_FLAG_HEAPTYPE;
}

void hs_visit_type(struct hs_python *python, const struct hs_object *object)
{
	hs_visit_named(python, hs_word(object, PY_TP_DICT), "__dict__");
	hs_visit_named(python, hs_word(object, PY_TP_CACHE), "cache");
	hs_visit_named(python, hs_word(object, PY_TP_MRO), "__mro__");
	hs_visit_named(python, hs_word(object, PY_TP_BASES), "__bases__");
	hs_visit_named(python, hs_word(object, PY_TP_BASE), "__base__");
	if (is_heap_type(object))
		hs_visit_named(python, hs_word(object, python->layout->heap_type_module), "module");
}

void hs_visit_type_hidden(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_pytype *type;

	if (is_heap_type(object)) {
		const struct hs_layout *layout = python->layout;

		hs_visit_named(python, hs_word(object, layout->heap_type_name), "__name__");
		hs_visit_named(python, hs_word(object, layout->heap_type_qualname), "__qualname__");
		hs_visit_named(python, hs_word(object, layout->heap_type_slots), "__slots__");
		hs_visit_named(python, hs_word(object, PY_TP_SUBCLASSES), "subclasses");
		return;
	}
	type = hs_type_at(python, object->address);
	if (!hs_word(object, PY_TP_DICT) && type)
		hs_visit_named(python, hs_type_dict(python, type), "__dict__");
	/* Where the dict is kept in the interpreter, this word is an index and not a pointer. */
	if (hs_word(object, PY_TP_SUBCLASSES) > HS_PAGE_SIZE)
		hs_visit_named(python, hs_word(object, PY_TP_SUBCLASSES), "subclasses");
}

/* A string of C, if it lies in a block of its own. */
static uint64_t string_take(struct hs_python *python, hs_addr string)
{
	struct hs_str text;

	if (hs_image_granule(python->image, string) == HS_NONE ||
	    !hs_image_string(python->image, string, MAX_STRING, &text))
		return 0;
	return hs_buffer_take(python, string, text.size + 1);
}

uint64_t hs_type_object_size(struct hs_python *python, const struct hs_object *object)
{
	struct hs_keys keys;
	hs_addr cached;

	if (!is_heap_type(object))
		return python->layout->type_size;
	cached = hs_word(object, python->layout->heap_type_cached_keys);
	if (!cached || !hs_keys_open(python, cached, &keys))
		return python->layout->heap_type_size;
	return python->layout->heap_type_size + keys.bytes;
}

/*
 * The keys that its instances share, also where some of these were seen first.  The name and the
 * documentation of a class made by C code are copies.
 */
uint64_t hs_type_buffers(struct hs_python *python, const struct hs_object *object)
{
	uint64_t size = 0;
	struct hs_keys keys;
	hs_addr cached;

	if (!is_heap_type(object))
		return 0;
	cached = hs_word(object, python->layout->heap_type_cached_keys);
	if (cached && hs_keys_open(python, cached, &keys)) {
		size = hs_block_size(python, cached, keys.bytes);
		hs_buffer_take(python, cached, keys.bytes);
	}
	return size + string_take(python, hs_word(object, PY_TP_DOC)) +
	       string_take(python, hs_word(object, PY_TP_NAME));
}

static const struct hs_field_rule weakref_fields[] = {
	{"__callback__", PY_WEAKREF_CALLBACK, 0},
	{"referent", PY_WEAKREF_OBJECT, HS_FIELD_HIDDEN | HS_FIELD_WEAK},
	{0},
};

static const struct hs_rule rules[] = {
	{.name = "type",
	 .role = HS_ROLE_TYPE,
	 .visit = hs_visit_type,
	 .hidden = hs_visit_type_hidden,
	 .size = hs_type_object_size,
	 .buffers = hs_type_buffers,
	 .subclass_keeps_role = true},
	{.name = "weakref.ReferenceType",
	 .role = HS_ROLE_WEAKREF,
	 .fields = weakref_fields,
	 .subclass_keeps_role = true},
	{.name = "weakref.ProxyType", .role = HS_ROLE_WEAKREF, .fields = weakref_fields},
	{.name = "weakref.CallableProxyType", .role = HS_ROLE_WEAKREF, .fields = weakref_fields},
	/* Until 3.9. */
	{.name = "weakref",
	 .role = HS_ROLE_WEAKREF,
	 .fields = weakref_fields,
	 .subclass_keeps_role = true},
	{.name = "weakproxy", .role = HS_ROLE_WEAKREF, .fields = weakref_fields},
	{.name = "weakcallableproxy", .role = HS_ROLE_WEAKREF, .fields = weakref_fields},
};

const struct hs_rule_family hs_rules_classes = HS_RULE_FAMILY(rules);
