/* SPDX-License-Identifier: MIT */
/* units.c: numbers and sizes as people write and read them. */
#include "units.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Read the digits @text begins with; NULL if there are none or the number does not fit. */
static const char *parse_digits(const char *text, uint64_t *ret)
{
	uint64_t number = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(number, (uint64_t)10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
			return NULL;
	}
	if (at == text)
		return NULL;
	*ret = number;
	return at;
}

bool units_parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t number;
	const char *end = parse_digits(text, &number);

	if (!end || *end != '\0' || number > max)
		return false;
	*ret = number;
	return true;
}

bool units_parse_bytes(const char *text, uint64_t *ret)
{
	static const char letters[] = "KMGT";
	const char *letter;
	uint64_t number;
	unsigned int shift;
	const char *end = parse_digits(text, &number);

	if (!end)
		return false;
	if (*end != '\0') {
		letter = strchr(letters, *end);
		if (!letter)
			return false;
		if (end[1] != '\0' && strcmp(end + 1, "iB") != 0)
			return false;
		shift = 10 * (unsigned int)(letter - letters + 1);
		if (number > UINT64_MAX >> shift)
			return false;
		number <<= shift;
	}
	*ret = number;
	return true;
}

const char *units_format_count(uint64_t count, char *buffer)
{
	char digits[UNITS_MAX];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *to = buffer;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buffer;
}

const char *units_format_bytes(uint64_t bytes, char *buffer)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(buffer, UNITS_MAX, "%" PRIu64 " bytes", bytes);
		return buffer;
	}
	/* 1023.96 KiB would come out as 1024.0 KiB. */
	while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(*units)) {
		value /= 1024;
		unit++;
	}
	snprintf(buffer, UNITS_MAX, "%.1f %s", value, units[unit]);
	return buffer;
}

const char *units_format_duration(uint64_t ns, char *buffer)
{
	double ms = (double)ns / 1e6;

	if (ms < 9.95)
		snprintf(buffer, UNITS_MAX, "%.1f ms", ms);
	else if (ms < 9999.5)
		snprintf(buffer, UNITS_MAX, "%.0f ms", ms);
	else
		snprintf(buffer, UNITS_MAX, "%.1f s", ms / 1e3);
	return buffer;
}
