/* SPDX-License-Identifier: MIT */
/* fingerprint.c: telling an object from another that took its place. */
#include "libsnap/python/fingerprint.h"

#include "libsnap/python/text.h"
#include "libsnap/python/types.h"
#include <xxhash.h>

enum {
	READ_AT_MOST = 128, /* bytes of a value; with its length that is enough */
	BYTES_DATA = 32,    /* PyBytesObject.ob_sval */
	INT_DIGITS = 24,    /* PyLongObject.ob_digit, behind the sign and number of digits */
	INT_SIZE = 16,
	DIGIT_SIZE = 4,
};

uint64_t hs_fingerprint_salt(uint64_t pid, uint64_t start_ticks, const char *boot_id)
{
	const uint64_t numbers[2] = {pid, start_ticks};
	uint64_t salt = XXH3_64bits_withSeed(boot_id, strlen(boot_id),
					     XXH3_64bits(numbers, sizeof(numbers)));

	return salt ? salt : 1;
}

/* What to hash: @size bytes at @data, and a number. */
struct value {
	hs_addr data;
	uint64_t size;
	uint64_t number;
};

static bool find_value(struct hs_python *python, const struct hs_object *object, struct value *ret)
{
	struct value value = {.number = hs_word(object, PY_SIZE)};

	switch ((enum hs_preview_kind)object->type->preview) {
	case HS_PREVIEW_TEXT:
		if (!hs_text_data(python, object->address, &value.data, &value.size))
			return false;
		break;
	case HS_PREVIEW_BYTES:
		value.data = object->address + BYTES_DATA;
		value.size = hs_ob_size(object);
		break;
	case HS_PREVIEW_INTEGER:
		value.data = object->address + INT_DIGITS;
		value.size = python->layout->int_tag == HS_ABSENT
				     ? ((int64_t)value.number < 0 ? -value.number : value.number)
				     : value.number >> 3;
		if (value.size >> HS_ADDRESS_BITS)
			return false;
		value.size *= DIGIT_SIZE;
		break;
	case HS_PREVIEW_REAL:
	case HS_PREVIEW_POSITIVE:
	case HS_PREVIEW_NEGATIVE:
	case HS_PREVIEW_KIND_COUNT:
		return false;
	}
	*ret = value;
	return true;
}

uint64_t hs_fingerprint(struct hs_python *python, const struct hs_object *object)
{
	char bytes[READ_AT_MOST];
	const void *at = bytes;
	struct value value;
	uint64_t hash;
	size_t size;

	if (!object->type->preview || !find_value(python, object, &value))
		return 0;
	size = value.size < sizeof(bytes) ? (size_t)value.size : sizeof(bytes);
	if (!hs_python_spend(python, size / 8))
		return 0;
	if (size)
		at = hs_image_at(python->image, value.data, size);
	if (!at && hs_image_read(python->image, value.data, bytes, size))
		at = bytes;
	if (!at)
		return 0;
	hash = XXH3_64bits_withSeed(at, size, python->salt ^ value.number);
	return 1 + hash % HS_FINGERPRINTS;
}
