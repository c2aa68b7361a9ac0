/* SPDX-License-Identifier: MIT */
/* units.h: numbers and sizes as people write and read them. */
#ifndef HS_CLI_UNITS_H
#define HS_CLI_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* The number @text is, decimal digits and nothing else; false if it is none or above @max. */
bool units_parse_number(const char *text, uint64_t max, uint64_t *ret);

/* A number of bytes: digits, then nothing or K, M, G, T with or without "iB": 64K, 10MiB. */
bool units_parse_bytes(const char *text, uint64_t *ret);

enum {
	UNITS_MAX = 32, /* bytes that hold whatever the functions below write, the NUL included */
};

/* All three write to @buffer, of UNITS_MAX bytes, and return it. */
const char *units_format_count(uint64_t count, char *buffer); /* 1,034,221 */
const char *units_format_bytes(uint64_t bytes, char *buffer); /* 92.4 MiB */
const char *units_format_duration(uint64_t ns, char *buffer); /* 74 ms */

#endif
