/* SPDX-License-Identifier: MIT */
/* utf8.h: decoding UTF-8 and WTF-8, and which characters may not be shown raw. */
#ifndef HS_BASE_UTF8_H
#define HS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decode the character at the beginning of @text, @size bytes long.  Returns its length in bytes
 * and sets *@point; 0 if the first byte begins no character.  Lone surrogates in their three-byte
 * form are characters here; overlong forms and what lies above U+10FFFF are not.
 */
size_t hs_utf8_decode(const char *text, size_t size, uint32_t *point);

/*
 * Whether a character can act on a terminal or mislead a reader: C0 and C1 controls, DEL, line and
 * paragraph separators, soft hyphen, zero-width and bidirectional formatting, interlinear
 * annotation, tags, surrogates.
 */
bool hs_utf8_is_unsafe(uint32_t point);

static inline bool hs_utf8_is_surrogate(uint32_t point)
{
	return point >= 0xd800 && point <= 0xdfff;
}

#endif
