/* SPDX-License-Identifier: MIT */
/* cursor.c: integers of more than one byte. */
#include "format/base/cursor.h"

bool hs_cursor_varint_slow(struct hs_cursor *cursor, uint64_t *ret)
{
	const uint8_t *at = cursor->at;
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint64_t bits;

		if (at == cursor->end)
			return false;
		bits = *at & 0x7f;
		if (shift == 63 && bits > 1)
			return false;
		value |= bits << shift;
		if (*at++ < 0x80) {
			cursor->at = at;
			*ret = value;
			return true;
		}
	}
	return false;
}
