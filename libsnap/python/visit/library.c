/* SPDX-License-Identifier: MIT */
/* library.c: types of the standard library's extension modules that a scan would misjudge. */
#include "libsnap/python/visit/visit.h"

/*
 * arrayobject: allocated at 32, ob_descr at 40.  That is a table of the program's: its type code, a
 * character and padding, is read as a string, for so its page is fetched if it is missing.
 */
static uint64_t array_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr descriptor = hs_word(object, 40);
	uint32_t itemsize = 0;
	struct hs_str code;

	if (hs_image_string(python->image, descriptor, 4, &code))
		hs_image_u32(python->image, descriptor + 4, &itemsize);
	return object->type->basicsize + hs_word(object, 32) * itemsize;
}

/* buffered: buffer at 56, buffer_size at 120 */
static uint64_t buffered_size(struct hs_python *python, const struct hs_object *object)
{
	(void)python;
	return object->type->basicsize + (hs_word(object, 56) ? hs_word(object, 120) : 0);
}

/* bytesio: buf, a bytes object, at 16; it is counted if nobody else refers to it (up to 3.11) */
static uint64_t bytesio_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr buffer = hs_word(object, 16);
	uint64_t refcount;
	uint64_t length;

	if (python->layout->minor >= 12 || !buffer ||
	    !hs_image_u64(python->image, buffer + PY_REFCNT, &refcount) || refcount != 1 ||
	    !hs_image_u64(python->image, buffer + PY_SIZE, &length))
		return object->type->basicsize;
	return object->type->basicsize + 33 + length;
}

/* mpd_t in a Decimal: alloc (words) at 56, data at 64; small numbers lie in the object, at 72 */
static uint64_t decimal_size(struct hs_python *python, const struct hs_object *object)
{
	(void)python;
	if (hs_word(object, 64) == object->address + 72)
		return object->type->basicsize;
	return object->type->basicsize + 8 * hs_word(object, 56);
}

/* s_codes, at 32, is an array of 32-byte records that ends with one whose first word is NULL. */
static uint64_t struct_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr code = hs_word(object, 32);
	uint64_t count = 1;
	hs_addr definition;

	while (hs_image_u64(python->image, code, &definition) && definition &&
	       hs_python_spend(python, 1)) {
		code += 32;
		count++;
	}
	return object->type->basicsize + 32 * count;
}

enum {
	ELEMENT_EXTRA_SIZE = 64,
	ELEMENT_EXTRA_INLINE = 32, /* offset of the children that fit in the struct itself */
};

/* ElementObjectExtra: attrib at 0, length at 8, allocated at 16, children at 24 */
static void element_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr extra = hs_word(object, 40);
	hs_addr words[4];

	hs_visit_named(python, hs_word(object, 16), "tag");
	/* The lowest bit says that the text is a list still to be joined. */
	hs_visit_named(python, hs_word(object, 24) & ~(hs_addr)1, "text");
	hs_visit_named(python, hs_word(object, 32) & ~(hs_addr)1, "tail");
	if (!extra || !hs_image_read(python->image, extra, words, sizeof(words)))
		return;
	hs_visit_named(python, words[0], "attrib");
	hs_visit_items(python, words[3], words[1], 0);
}

static uint64_t element_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr extra = hs_word(object, 40);
	hs_addr words[4];

	if (!extra || !hs_image_read(python->image, extra, words, sizeof(words)))
		return object->type->basicsize;
	return object->type->basicsize + ELEMENT_EXTRA_SIZE +
	       (words[3] == extra + ELEMENT_EXTRA_INLINE ? 0 : 8 * words[2]);
}

/* Its buffer, at 16, became visible to the collector in 3.12. */
static void bytesio_visit(struct hs_python *python, const struct hs_object *object)
{
	if (python->layout->minor >= 12)
		hs_visit_named(python, hs_word(object, 16), "buffer");
	hs_visit_named(python, hs_word(object, 40), "__dict__");
}

static void bytesio_hidden(struct hs_python *python, const struct hs_object *object)
{
	if (python->layout->minor < 12)
		hs_visit_named(python, hs_word(object, 16), "buffer");
}

/* stringio: readnl and dict at 88 and 104, at 128 and 144 from 3.12 on */
static void stringio_visit(struct hs_python *python, const struct hs_object *object)
{
	bool old = python->layout->minor < 12;

	if (!old)
		hs_visit_named(python, hs_word(object, 128), "readnl");
	hs_visit_named(python, hs_word(object, old ? 104 : 144), "__dict__");
}

static void local_visit(struct hs_python *python, const struct hs_object *object)
{
	bool old = python->layout->minor < 13;

	hs_visit_named(python, hs_word(object, old ? 24 : 16), "args");
	hs_visit_named(python, hs_word(object, old ? 32 : 24), "kwargs");
	hs_visit_named(python, hs_word(object, old ? 48 : 40), "dicts");
	if (!old)
		hs_visit_named(python, hs_word(object, 48), "watchdogs");
}

/* typevarobject: 3.13 added a default and what computes it */
static void typevar_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_visit_named(python, hs_word(object, 24), "__bound__");
	hs_visit_named(python, hs_word(object, 32), "evaluate_bound");
	hs_visit_named(python, hs_word(object, 40), "__constraints__");
	hs_visit_named(python, hs_word(object, 48), "evaluate_constraints");
	if (python->layout->minor >= 13) {
		hs_visit_named(python, hs_word(object, 56), "__default__");
		hs_visit_named(python, hs_word(object, 64), "evaluate_default");
	}
	hs_visit_managed_dict(python, object);
}

static void typevar_hidden(struct hs_python *python, const struct hs_object *object)
{
	hs_visit_named(python, hs_word(object, 16), "__name__");
}

static const struct hs_field_rule typealias_fields[] = {
	{"__type_params__", 24, 0}, {"compute_value", 32, 0},	       {"__value__", 40, 0},
	{"__module__", 48, 0},	    {"__name__", 16, HS_FIELD_HIDDEN}, {0},
};

static const struct hs_field_rule scanner_fields[] = {
	{"pattern", 16, 0},
	{"string", 56, HS_FIELD_HIDDEN},
	{0},
};

static const struct hs_field_rule struct_fields[] = {{"format", 40, 0}, {0}};

static const struct hs_field_rule none[] = {{0}};

static const struct hs_field_rule pattern_fields[] = {
	{"groupindex", 32, 0},
	{"indexgroup", 40, 0},
	{"pattern", 48, 0},
	{0},
};

static const struct hs_field_rule match_fields[] = {
	{"string", 24, 0},
	{"re", 40, 0},
	{0},
};

static const struct hs_field_rule enumerate_fields[] = {
	{"iterator", 24, 0}, {"result", 32, 0}, {"index", 40, 0}, {"one", 48, HS_FIELD_HIDDEN}, {0},
};

static const struct hs_field_rule contextvar_fields[] = {
	{"name", 16, 0},
	{"default", 24, 0},
	{0},
};

static const struct hs_field_rule memoryview_fields[] = {
	{"buffer", 24, 0},
	{"obj", 64, HS_FIELD_HIDDEN},
	{0},
};

static const struct hs_rule rules[] = {
	/* What a capsule points to is C's own, however much it may look like an object. */
	{.name = "PyCapsule", .fields = none},
	{.name = "array.array", .role = HS_ROLE_BYTES, .fields = none, .size = array_size},
	{.name = "re.Pattern", .fields = pattern_fields},
	{.name = "re.Match", .fields = match_fields},
	{.name = "enumerate", .fields = enumerate_fields},
	{.name = "_contextvars.ContextVar", .fields = contextvar_fields},
	{.name = "ContextVar", .fields = contextvar_fields},
	{.name = "memoryview", .fields = memoryview_fields},
	{.name = "_io.BufferedReader", .size = buffered_size},
	{.name = "_io.BufferedWriter", .size = buffered_size},
	{.name = "_io.BufferedRandom", .size = buffered_size},
	{.name = "_io.BytesIO",
	 .visit = bytesio_visit,
	 .hidden = bytesio_hidden,
	 .size = bytesio_size},
	{.name = "_io.StringIO", .visit = stringio_visit},
	{.name = "_sre.SRE_Scanner", .fields = scanner_fields},
	{.name = "_struct.Struct", .fields = struct_fields, .size = struct_size},
	{.name = "_thread._local", .visit = local_visit},
	{.name = "decimal.Decimal", .fields = none, .size = decimal_size},
	{.name = "typing.TypeAliasType", .fields = typealias_fields, .no_type = true},
	{.name = "typing.TypeVar", .visit = typevar_visit, .hidden = typevar_hidden},
	{.name = "xml.etree.ElementTree.Element", .visit = element_visit, .size = element_size},
};

const struct hs_rule_family hs_rules_library = HS_RULE_FAMILY(rules);
