/* SPDX-License-Identifier: MIT */
/* utf8.c: a decoder that accepts lone surrogates and nothing else beyond UTF-8. */
#include "format/base/utf8.h"

size_t hs_utf8_decode(const char *text, size_t size, uint32_t *point)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	uint32_t value;
	size_t length;

	if (!size)
		return 0;
	if (bytes[0] < 0x80) {
		*point = bytes[0];
		return 1;
	}
	if ((bytes[0] & 0xe0) == 0xc0) {
		length = 2;
		value = bytes[0] & 0x1f;
	} else if ((bytes[0] & 0xf0) == 0xe0) {
		length = 3;
		value = bytes[0] & 0x0f;
	} else if ((bytes[0] & 0xf8) == 0xf0) {
		length = 4;
		value = bytes[0] & 0x07;
	} else {
		return 0;
	}
	if (length > size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < smallest[length] || value > 0x10ffff)
		return 0;
	*point = value;
	return length;
}

bool hs_utf8_is_unsafe(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f) ||
	       (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069) || point == 0xfeff ||
	       hs_utf8_is_surrogate(point);
}
