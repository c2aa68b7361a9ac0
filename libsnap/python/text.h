/* SPDX-License-Identifier: MIT */
/* text.h: str objects of the target as bytes of ours. */
#ifndef HS_PYTHON_TEXT_H
#define HS_PYTHON_TEXT_H

#include "libsnap/python/python.h"

/*
 * Read the str at @address into @text, as UTF-8 in which lone surrogates keep their three-byte
 * form.  False, with @text emptied, if what lies there is not a str or is longer than
 * HS_TEXT_LIMIT characters.
 */
bool hs_text_read(struct hs_python *python, hs_addr address, struct hs_text *text);
void hs_text_deinit(struct hs_text *text);

/*
 * Read as many of its characters as take up to @limit bytes in that form; *@length is how many it
 * has in all, however long it is.
 */
bool hs_text_read_part(struct hs_python *python, hs_addr address, uint64_t limit,
		       struct hs_text *text, uint64_t *length);

enum {
	HS_TEXT_LIMIT = 1 << 26,
};

static inline struct hs_str hs_text_str(const struct hs_text *text)
{
	return (struct hs_str){.data = text->data, .size = text->size};
}

/* Where the characters of the str at @address lie, and how many bytes they take there. */
bool hs_text_data(struct hs_python *python, hs_addr address, hs_addr *data, uint64_t *bytes);

/* Whether the str at @address reads @expected. */
bool hs_text_equals(struct hs_python *python, hs_addr address, const char *expected);

/*
 * The number in the builder of the str at @address, from a cache after the first time; HS_NONE if
 * it is not a str.
 */
uint32_t hs_text_number(struct hs_python *python, hs_addr address);

#endif
