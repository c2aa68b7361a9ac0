/* SPDX-License-Identifier: MIT */
/* preview.c: the values of str, bytes, int and float objects. */
#include "libsnap/python/preview.h"

#include "libsnap/python/types.h"

enum {
	BYTES_DATA = 32, /* PyBytesObject.ob_sval */
	INT_DIGITS = 24, /* PyLongObject, in all versions */
	INT_DIGIT_BITS = 30,
	INT_NEGATIVE = 2, /* the sign in the tag: 0 positive, 1 zero, 2 negative (3.12) */
	FLOAT_VALUE = 16, /* PyFloatObject.ob_fval */
};

/* An int: sign and digits. */
struct number {
	struct hs_python *python;
	hs_addr digits;
	uint64_t count;
	uint64_t bits; /* of the magnitude */
	bool negative;
};

static uint64_t digit_at(const struct number *number, uint64_t i)
{
	uint32_t digit = 0;

	if (i < number->count)
		hs_image_u32(number->python->image, number->digits + 4 * i, &digit);
	return digit & ((1u << INT_DIGIT_BITS) - 1);
}

static bool open_number(struct hs_python *python, const struct hs_object *object,
			struct number *ret)
{
	const struct hs_layout *layout = python->layout;
	struct number number = {.python = python, .digits = object->address + INT_DIGITS};
	uint64_t top;

	if (layout->int_tag != HS_ABSENT) {
		uint64_t tag = hs_word(object, layout->int_tag);

		number.count = tag >> 3;
		number.negative = (tag & 3) == INT_NEGATIVE;
	} else {
		int64_t size = (int64_t)hs_word(object, PY_SIZE);

		number.negative = size < 0;
		number.count = size < 0 ? -(uint64_t)size : (uint64_t)size;
	}
	if (number.count >> HS_ADDRESS_BITS ||
	    (number.count &&
	     !hs_image_at(python->image, number.digits + 4 * (number.count - 1), 4)))
		return false;
	top = number.count ? digit_at(&number, number.count - 1) : 0;
	if (number.count)
		number.bits = (number.count - 1) * INT_DIGIT_BITS +
			      (top ? 64 - (unsigned int)__builtin_clzll(top) : 0);
	*ret = number;
	return true;
}

/* Byte @i of the magnitude, 0 being the least significant. */
static uint8_t byte_at(const struct number *number, uint64_t i)
{
	uint64_t digit = 8 * i / INT_DIGIT_BITS;
	unsigned int shift = (unsigned int)(8 * i % INT_DIGIT_BITS);

	return (uint8_t)(digit_at(number, digit) >> shift | digit_at(number, digit + 1)
								    << (INT_DIGIT_BITS - shift));
}

static bool read_integer(struct hs_python *python, const struct hs_object *object,
			 struct hs_text *scratch, struct hs_preview *ret)
{
	struct number number;
	uint64_t bytes;
	uint64_t kept;

	if (!open_number(python, object, &number))
		return false;
	bytes = (number.bits + 7) / 8;
	if (number.bits < 64) {
		uint64_t magnitude = 0;

		for (uint64_t i = 0; i < bytes; i++)
			magnitude |= (uint64_t)byte_at(&number, i) << 8 * i;
		ret->kind = HS_PREVIEW_INTEGER;
		ret->integer = (int64_t)(number.negative ? -magnitude : magnitude);
		return true;
	}
	kept = bytes < python->preview_bytes ? bytes : python->preview_bytes;
	if (!hs_vector_reserve(scratch, kept) || !hs_python_spend(python, kept / 4))
		return false;
	for (uint64_t i = 0; i < kept; i++)
		scratch->data[i] = (char)byte_at(&number, bytes - 1 - i);
	scratch->size = kept;
	ret->kind = number.negative ? HS_PREVIEW_NEGATIVE : HS_PREVIEW_POSITIVE;
	ret->length = bytes;
	return true;
}

static bool read_bytes(struct hs_python *python, const struct hs_object *object,
		       struct hs_text *scratch, struct hs_preview *ret)
{
	uint64_t length = hs_ob_size(object);
	uint64_t kept = length < python->preview_bytes ? length : python->preview_bytes;

	if (!hs_vector_reserve(scratch, kept) || !hs_python_spend(python, kept / 8) ||
	    (kept &&
	     !hs_image_read(python->image, object->address + BYTES_DATA, scratch->data, kept)))
		return false;
	scratch->size = kept;
	ret->kind = HS_PREVIEW_BYTES;
	ret->length = length;
	return true;
}

bool hs_preview_read(struct hs_python *python, const struct hs_object *object,
		     struct hs_text *scratch, struct hs_preview *ret)
{
	struct hs_preview preview = {0};
	bool done = false;

	scratch->size = 0;
	switch ((enum hs_preview_kind)object->type->preview) {
	case HS_PREVIEW_TEXT:
		preview.kind = HS_PREVIEW_TEXT;
		done = hs_text_read_part(python, object->address, python->preview_bytes, scratch,
					 &preview.length);
		break;
	case HS_PREVIEW_BYTES:
		done = read_bytes(python, object, scratch, &preview);
		break;
	case HS_PREVIEW_INTEGER:
		done = read_integer(python, object, scratch, &preview);
		break;
	case HS_PREVIEW_REAL:
		preview.kind = HS_PREVIEW_REAL;
		done = hs_image_read(python->image, object->address + FLOAT_VALUE, &preview.real,
				     sizeof(preview.real));
		break;
	case HS_PREVIEW_POSITIVE:
	case HS_PREVIEW_NEGATIVE:
	case HS_PREVIEW_KIND_COUNT:
		break;
	}
	preview.data = hs_text_str(scratch);
	if (done)
		*ret = preview;
	return done;
}
