/* SPDX-License-Identifier: MIT */
/* output.h: a buffered writer to a stream or to memory that keeps its first failure. */
#ifndef HS_REPORT_OUTPUT_H
#define HS_REPORT_OUTPUT_H

#include <heapsnap/error.h>
#include <heapsnap/snapshot.h>
#include <stdio.h>
#include <string.h>

/*
 * Bytes on their way to a stream, or collected in memory if there is none.  Writing never fails
 * visibly: the first failure is kept and hs_output_finish() reports it.
 *
 *	_cleanup_output_ struct hs_output out = {0};
 *
 *	hs_output_init(&out, stdout);
 *	hs_output_text(&out, "objects: ");
 *	hs_output_u64(&out, 7);
 *	return hs_output_finish(&out);
 */
struct hs_output {
	FILE *file; /* NULL: collect in data */
	char *data;
	size_t size;
	size_t capacity;
	int errnum; /* of the first failure; 0: none */
};

void hs_output_init(struct hs_output *out, FILE *file);
void hs_output_deinit(struct hs_output *out);

/* Write what is left in the buffer and flush the stream; the first failure of all, or NULL. */
struct hs_error *hs_output_finish(struct hs_output *out) HS_MUST_CHECK;

/*
 * Make room for @need more bytes and return where they go; the caller adds what it wrote to
 * out->size.  NULL after a failure.
 */
char *hs_output_room(struct hs_output *out, size_t need);

void hs_output_bytes(struct hs_output *out, const void *data, size_t size);
void hs_output_repeat(struct hs_output *out, char c, size_t count);
void hs_output_u64(struct hs_output *out, uint64_t value);
void hs_output_i64(struct hs_output *out, int64_t value);
void hs_output_hex(struct hs_output *out, uint64_t value); /* without 0x */

#define HS_ALL_DECIMALS UINT32_MAX /* as many digits as it takes to say which number it is */

/* With @decimals behind a point, whatever the locale of the program that this library is part of.
 */
void hs_output_real(struct hs_output *out, double value, uint32_t decimals);
void hs_output_format(struct hs_output *out, const char *format, ...) HS_PRINTF(2, 3);

/* Keep @errnum, unless it is 0 or there was a failure before. */
static inline void hs_output_fail(struct hs_output *out, int errnum)
{
	if (!out->errnum)
		out->errnum = errnum;
}

static inline void hs_output_char(struct hs_output *out, char c)
{
	char *room = hs_output_room(out, 1);

	if (room) {
		*room = c;
		out->size++;
	}
}

static inline void hs_output_text(struct hs_output *out, const char *text)
{
	hs_output_bytes(out, text, strlen(text));
}

/* What was collected in memory. */
static inline struct hs_str hs_output_str(const struct hs_output *out)
{
	return (struct hs_str){.data = out->data, .size = out->size};
}

#define _cleanup_output_ __attribute__((cleanup(hs_output_deinit)))

#endif
