/* SPDX-License-Identifier: MIT */
/* preview.h: the recorded values of objects, in memory. */
#ifndef HS_FORMAT_PREVIEW_H
#define HS_FORMAT_PREVIEW_H

#include "format/codec.h"
#include <heapsnap/snapshot.h>

/* Bytes of a magnitude up to which it is written in decimal. */
enum { HS_PREVIEW_DECIMAL_BYTES = 512 };

/* One value. */
struct hs_preview_row {
	uint64_t word; /* INTEGER: the number; REAL: its bits; else where its bytes are in data */
	uint64_t more; /* characters of TEXT, bytes of others, that are not recorded */
	hs_id object;
	uint32_t size; /* bytes in data */
	uint8_t kind;  /* enum hs_preview_kind */
};

/* The values of a snapshot.  Zeroed memory is none. */
struct hs_previews {
	HS_VECTOR(struct hs_preview_row) rows;
	struct hs_bytes data;
	uint32_t *row_of; /* by object: row + 1, 0 if it has none; NULL: no values */
};

void hs_previews_deinit(struct hs_previews *previews);

/* Append the value of @object, whose bytes are copied.  False if memory ran out. */
bool hs_previews_add(struct hs_previews *previews, hs_id object, const struct hs_preview *preview);

/* Make row_of, for the rows there are and @count objects in all.  False if memory ran out. */
bool hs_previews_index(struct hs_previews *previews, hs_id count);

/* Whether bytes belong to a value of this kind. */
static inline bool hs_preview_has_data(unsigned int kind)
{
	return kind != HS_PREVIEW_INTEGER && kind != HS_PREVIEW_REAL;
}

/*
 * Append @preview as Python would write it: 'it\'s', b'\x00', -3, 1.5; a cut text ends with "…"
 * before the quote, and an integer that is cut or very large is 0x1f….  The characters of a text
 * are appended as they are.  False if memory ran out.
 */
bool hs_preview_write(const struct hs_preview *preview, struct hs_bytes *out);

#endif
