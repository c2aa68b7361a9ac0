/* SPDX-License-Identifier: MIT */
/* atoms.c: objects that refer to nothing, or to little the collector would care for. */
#include "libsnap/python/visit/visit.h"

/* Digits of 30 bits; the count moved into a tag in 3.12. */
uint64_t hs_int_size(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_layout *layout = python->layout;
	uint64_t digits;

	if (layout->int_tag != HS_ABSENT) {
		digits = hs_word(object, layout->int_tag) >> 3;
	} else {
		uint64_t size = hs_word(object, PY_SIZE);

		digits = (int64_t)size < 0 ? -size : size;
	}
	if (layout->int_tag != HS_ABSENT)
		return object->type->basicsize + 4 * (digits ? digits : 1);
	/* 3.11.2 began to count the digit that even 0 has. */
	return PY_VAR_HEADER_SIZE + 4 * (digits || python->hexversion < 0x030b0200 ? digits : 1);
}

/* Something of a str that may lie in a block of its own; 0 bytes: there is no such. */
struct str_part {
	hs_addr address;
	uint64_t bytes;
};

struct str_parts {
	uint64_t body; /* in the object itself */
	struct str_part data;
	struct str_part utf8; /* a cached UTF-8 form that is not the data itself */
	struct str_part wstr; /* and one of wchar_t, up to 3.11 */
};

static void find_utf8(struct hs_python *python, const struct hs_object *object, hs_addr data,
		      struct str_parts *parts)
{
	const struct hs_layout *layout = python->layout;
	hs_addr utf8 = 0;
	uint64_t length = 0;

	hs_image_u64(python->image, object->address + layout->str_utf8, &utf8);
	hs_image_u64(python->image, object->address + layout->str_utf8_length, &length);
	if (utf8 && utf8 != data)
		parts->utf8 = (struct str_part){utf8, length + 1};
}

static struct str_parts find_parts(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_layout *layout = python->layout;
	uint64_t length = hs_word(object, PY_STR_LENGTH);
	uint32_t state = hs_half(object, PY_STR_STATE);
	uint64_t kind = state >> 2 & 7;
	bool compact = state >> 5 & 1;
	bool ascii = state >> 6 & 1;
	hs_addr data = object->address + layout->str_compact_size;
	struct str_parts parts = {0};

	if (compact && ascii) {
		parts.body = layout->str_ascii_size + length + 1;
		data = object->address + layout->str_ascii_size;
	} else if (compact) {
		parts.body = layout->str_compact_size + (length + 1) * kind;
	} else {
		hs_image_u64(python->image, object->address + layout->str_data, &data);
		parts.body = layout->str_full_size;
		if (data)
			parts.data = (struct str_part){data, (length + 1) * kind};
	}
	if (!(compact && ascii))
		find_utf8(python, object, data, &parts);
	if (layout->str_wstr != HS_ABSENT) {
		hs_addr wstr = hs_word(object, layout->str_wstr);

		if (wstr && !(compact && ascii))
			hs_image_u64(python->image, object->address + layout->str_wstr_length,
				     &length);
		if (wstr && wstr != data)
			parts.wstr = (struct str_part){wstr, (length + 1) * 4};
	}
	return parts;
}

static uint64_t str_size(struct hs_python *python, const struct hs_object *object)
{
	struct str_parts parts = find_parts(python, object);

	return parts.body + parts.data.bytes + parts.utf8.bytes + parts.wstr.bytes;
}

uint64_t hs_str_body_size(struct hs_python *python, const struct hs_object *object)
{
	uint64_t body = find_parts(python, object).body;

	/* Instances of classes have more than a str; they are never compact. */
	return body == python->layout->str_full_size ? object->type->basicsize : body;
}

static uint64_t str_buffers(struct hs_python *python, const struct hs_object *object)
{
	struct str_parts parts = find_parts(python, object);

	return hs_buffer_take(python, parts.data.address, parts.data.bytes) +
	       hs_buffer_take(python, parts.utf8.address, parts.utf8.bytes) +
	       hs_buffer_take(python, parts.wstr.address, parts.wstr.bytes);
}

/* bytes and most others go by the default rule.  From 3.15 on the buffer is a bytes object. */
static uint64_t bytearray_size(struct hs_python *python, const struct hs_object *object)
{
	uint64_t allocated = hs_word(object, 24);

	if (allocated && python->layout->minor >= 15)
		allocated += PY_BYTES_DATA + 1;
	return object->type->basicsize + allocated;
}

/* ob_alloc and ob_bytes; from 3.15 on these are in a bytes object. */
static uint64_t bytearray_buffers(struct hs_python *python, const struct hs_object *object)
{
	if (python->layout->minor >= 15)
		return 0;
	return hs_buffer_take(python, hs_word(object, 32), hs_word(object, 24));
}

static const struct hs_field_rule none[] = {{0}};

static const struct hs_field_rule range_fields[] = {
	{"start", 16, HS_FIELD_HIDDEN},
	{"stop", 24, HS_FIELD_HIDDEN},
	{"step", 32, HS_FIELD_HIDDEN},
	{"length", 40, HS_FIELD_HIDDEN},
	{0},
};

static const struct hs_rule rules[] = {
	{.name = "int",
	 .role = HS_ROLE_NUMBER,
	 .fields = none,
	 .size = hs_int_size,
	 .preview = HS_PREVIEW_INTEGER},
	{.name = "bool", .role = HS_ROLE_NUMBER, .fields = none, .preview = HS_PREVIEW_KIND_COUNT},
	{.name = "float", .role = HS_ROLE_NUMBER, .fields = none, .preview = HS_PREVIEW_REAL},
	{.name = "complex", .role = HS_ROLE_NUMBER, .fields = none},
	{.name = "str",
	 .role = HS_ROLE_STRING,
	 .fields = none,
	 .size = str_size,
	 .buffers = str_buffers,
	 .preview = HS_PREVIEW_TEXT},
	{.name = "bytes", .role = HS_ROLE_BYTES, .fields = none, .preview = HS_PREVIEW_BYTES},
	{.name = "bytearray",
	 .role = HS_ROLE_BYTES,
	 .fields = none,
	 .size = bytearray_size,
	 .buffers = bytearray_buffers},
	{.name = "NoneType", .fields = none},
	{.name = "ellipsis", .fields = none},
	{.name = "NotImplementedType", .fields = none},
	{.name = "object", .fields = none},
	{.name = "range", .fields = range_fields},
};

const struct hs_rule_family hs_rules_atoms = HS_RULE_FAMILY(rules);
