/* SPDX-License-Identifier: MIT */
/* atoms.c: objects that refer to nothing, or to little the collector would care for. */
#include "libsnap/python/visit/visit.h"

/* Digits of 30 bits; the count moved into a tag in 3.12. */
static uint64_t int_size(struct hs_python *python, const struct hs_object *object)
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

static uint64_t str_size(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_layout *layout = python->layout;
	uint64_t length = hs_word(object, PY_STR_LENGTH);
	uint32_t state = hs_half(object, PY_STR_STATE);
	uint64_t kind = state >> 2 & 7;
	bool compact = state >> 5 & 1;
	bool ascii = state >> 6 & 1;
	hs_addr data = object->address + layout->str_compact_size;
	uint64_t size;

	if (compact && ascii) {
		size = layout->str_ascii_size + length + 1;
		data = object->address + layout->str_ascii_size;
	} else if (compact) {
		size = layout->str_compact_size + (length + 1) * kind;
	} else {
		hs_image_u64(python->image, object->address + layout->str_data, &data);
		size = layout->str_full_size + (data ? (length + 1) * kind : 0);
	}
	/* A cached UTF-8 form that is not the data itself. */
	if (!(compact && ascii)) {
		hs_addr utf8 = 0;
		uint64_t utf8_length = 0;

		hs_image_u64(python->image, object->address + layout->str_utf8, &utf8);
		hs_image_u64(python->image, object->address + layout->str_utf8_length,
			     &utf8_length);
		if (utf8 && utf8 != data)
			size += utf8_length + 1;
	}
	/* And one of wchar_t, up to 3.11. */
	if (layout->str_wstr != HS_ABSENT) {
		hs_addr wstr = hs_word(object, layout->str_wstr);
		uint64_t wstr_length = length;

		if (!(compact && ascii))
			hs_image_u64(python->image, object->address + layout->str_wstr_length,
				     &wstr_length);
		if (wstr && wstr != data)
			size += (wstr_length + 1) * 4;
	}
	return size;
}

/* bytes and most others go by the default rule.  From 3.15 on the buffer is a bytes object. */
static uint64_t bytearray_size(struct hs_python *python, const struct hs_object *object)
{
	uint64_t allocated = hs_word(object, 24);

	if (allocated && python->layout->minor >= 15)
		allocated += PY_BYTES_DATA + 1;
	return object->type->basicsize + allocated;
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
	 .size = int_size,
	 .preview = HS_PREVIEW_INTEGER},
	{.name = "bool", .role = HS_ROLE_NUMBER, .fields = none, .preview = HS_PREVIEW_KIND_COUNT},
	{.name = "float", .role = HS_ROLE_NUMBER, .fields = none, .preview = HS_PREVIEW_REAL},
	{.name = "complex", .role = HS_ROLE_NUMBER, .fields = none},
	{.name = "str",
	 .role = HS_ROLE_STRING,
	 .fields = none,
	 .size = str_size,
	 .preview = HS_PREVIEW_TEXT},
	{.name = "bytes", .role = HS_ROLE_BYTES, .fields = none, .preview = HS_PREVIEW_BYTES},
	{.name = "bytearray", .role = HS_ROLE_BYTES, .fields = none, .size = bytearray_size},
	{.name = "NoneType", .fields = none},
	{.name = "ellipsis", .fields = none},
	{.name = "NotImplementedType", .fields = none},
	{.name = "object", .fields = none},
	{.name = "range", .fields = range_fields},
};

const struct hs_rule_family hs_rules_atoms = HS_RULE_FAMILY(rules);
