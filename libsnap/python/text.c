/* SPDX-License-Identifier: MIT */
/* text.c: str objects of the target as bytes of ours. */
#include "libsnap/python/text.h"

#include "libsnap/python/types.h"

/* What the header of a str says. */
struct str_shape {
	uint64_t length;   /* characters */
	unsigned int kind; /* bytes per character: 1, 2, 4 */
	bool ascii;
	hs_addr data;
};

static bool is_str(struct hs_python *python, hs_addr address)
{
	const struct hs_pytype *type;
	hs_addr type_at;

	if (!hs_image_u64(python->image, address + PY_TYPE, &type_at))
		return false;
	type = hs_type_at(python, type_at);
	return type && type->flags & PY_FLAG_UNICODE_SUBCLASS;
}

/*
 * The bits of PyASCIIObject.state, the same in 3.11 to 3.13 up to here: interned 2, kind 3,
 * compact 1, ascii 1.
 */
static bool read_shape(struct hs_python *python, hs_addr address, struct str_shape *ret)
{
	const struct hs_layout *layout = python->layout;
	struct str_shape shape;
	uint32_t state;
	bool compact;

	if (!hs_image_u64(python->image, address + PY_STR_LENGTH, &shape.length) ||
	    !hs_image_u32(python->image, address + PY_STR_STATE, &state))
		return false;
	shape.kind = state >> 2 & 7;
	compact = state >> 5 & 1;
	shape.ascii = state >> 6 & 1;
	if ((shape.kind != 1 && shape.kind != 2 && shape.kind != 4) ||
	    shape.length >> HS_ADDRESS_BITS)
		return false;
	if (!compact) {
		if (!hs_image_u64(python->image, address + layout->str_data, &shape.data))
			return false;
	} else {
		shape.data =
			address + (shape.ascii ? layout->str_ascii_size : layout->str_compact_size);
	}
	*ret = shape;
	return true;
}

/* Write @c as UTF-8, surrogates too; returns the number of bytes, at most 4. */
static size_t encode(uint32_t c, char *to)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | (c >> 18 & 7));
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The characters, as far as @limit bytes go. */
static bool decode(struct hs_python *python, const struct str_shape *shape, uint64_t limit,
		   struct hs_text *text)
{
	for (uint64_t i = 0; i < shape->length && text->size < limit; i++) {
		char encoded[4];
		size_t size;

		hs_addr at = shape->data + i * shape->kind;
		uint8_t bytes[4] = {0};
		uint32_t c;

		if (!hs_image_read(python->image, at, bytes, shape->kind) ||
		    !hs_vector_reserve(text, text->size + sizeof(encoded)))
			return false;
		c = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		    (uint32_t)bytes[3] << 24;
		if (c > 0x10ffff)
			return false;
		size = encode(c, encoded);
		if (size > limit - text->size)
			break;
		memcpy(text->data + text->size, encoded, size);
		text->size += size;
	}
	return true;
}

/* The text of @shape, as far as @limit bytes go. */
static bool read_text(struct hs_python *python, const struct str_shape *shape, uint64_t limit,
		      struct hs_text *text)
{
	uint64_t characters = shape->length < limit ? shape->length : limit;

	if (!hs_python_spend(python, characters / 8 + 1))
		return false;
	if (!shape->ascii) {
		if (decode(python, shape, limit, text))
			return true;
		text->size = 0;
		return false;
	}
	if (!hs_vector_reserve(text, (size_t)characters + 1) ||
	    (characters && !hs_image_read(python->image, shape->data, text->data, characters)))
		return false;
	text->size = (size_t)characters;
	return true;
}

bool hs_text_read(struct hs_python *python, hs_addr address, struct hs_text *text)
{
	struct str_shape shape;

	text->size = 0;
	return is_str(python, address) && read_shape(python, address, &shape) &&
	       shape.length <= HS_TEXT_LIMIT && read_text(python, &shape, UINT64_MAX, text);
}

bool hs_text_read_part(struct hs_python *python, hs_addr address, uint64_t limit,
		       struct hs_text *text, uint64_t *length)
{
	struct str_shape shape;

	text->size = 0;
	if (!is_str(python, address) || !read_shape(python, address, &shape) ||
	    !read_text(python, &shape, limit, text))
		return false;
	*length = shape.length;
	return true;
}

bool hs_text_data(struct hs_python *python, hs_addr address, hs_addr *data, uint64_t *bytes)
{
	struct str_shape shape;

	if (!read_shape(python, address, &shape))
		return false;
	*data = shape.data;
	*bytes = shape.length * shape.kind;
	return true;
}

void hs_text_deinit(struct hs_text *text)
{
	hs_vector_deinit(text);
}

bool hs_text_equals(struct hs_python *python, hs_addr address, const char *expected)
{
	struct hs_text text = {0};
	struct str_shape shape;
	bool equal;

	/* Characters are not fewer than bytes: most others are told by their length. */
	if (!read_shape(python, address, &shape) || shape.length > strlen(expected))
		return false;
	equal = hs_text_read(python, address, &text) && text.size == strlen(expected) &&
		(!text.size || !memcmp(text.data, expected, text.size));

	hs_text_deinit(&text);
	return equal;
}

uint32_t hs_text_number(struct hs_python *python, hs_addr address)
{
	uint32_t granule = hs_image_granule(python->image, address);
	struct hs_text text = {0};
	uint32_t number;

	if (granule == HS_NONE)
		return HS_NONE;
	number = hs_map32_get(&python->strings, granule);
	if (number != HS_NONE)
		return number;
	if (!hs_text_read(python, address, &text)) {
		hs_text_deinit(&text);
		return HS_NONE;
	}
	number = hs_build_string(python->build, hs_text_str(&text));
	hs_text_deinit(&text);
	if (!hs_map32_put(&python->strings, granule, number))
		python->nomem = true;
	return number;
}
