/* SPDX-License-Identifier: MIT */
/*
 * lines.c: from an instruction to its line, by a code object's location table (3.11 on).
 *
 * An entry is a byte 1cccclll, then what code cccc asks for; it covers lll + 1 code units of two
 * bytes.  The layout is described in Objects/locations.md of CPython.
 */
#include "libsnap/python/interp.h"

enum {
	LOCATION_ONE_LINE = 10, /* up to 12: line delta is code - 10, two more bytes */
	LOCATION_NO_COLUMNS = 13,
	LOCATION_LONG = 14,
	LOCATION_NONE = 15,
	CODE_UNIT = 2, /* bytes */
};

struct table {
	struct hs_python *python;
	hs_addr at;
	hs_addr end;
	bool failed;
};

static uint8_t next_byte(struct table *table)
{
	const uint8_t *byte = NULL;

	if (table->at < table->end)
		byte = hs_image_at(table->python->image, table->at++, 1);
	if (!byte) {
		table->failed = true;
		return 0;
	}
	return *byte;
}

/* Six bits a byte, the lowest first; bit 6 says that more follow. */
static uint32_t next_varint(struct table *table)
{
	uint32_t value = 0;
	uint8_t byte;

	for (unsigned int shift = 0; shift < 32; shift += 6) {
		byte = next_byte(table);
		value |= (uint32_t)(byte & 0x3f) << shift;
		if (!(byte & 0x40))
			return value;
	}
	table->failed = true;
	return 0;
}

/* The sign is the lowest bit. */
static int32_t next_signed(struct table *table)
{
	uint32_t value = next_varint(table);

	return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

/* Take what follows an entry's first byte; returns the change of the line. */
static int32_t take_entry(struct table *table, unsigned int code)
{
	int32_t delta = 0;

	if (code == LOCATION_NONE)
		return 0;
	if (code == LOCATION_NO_COLUMNS)
		return next_signed(table);
	if (code == LOCATION_LONG) {
		delta = next_signed(table);
		for (int i = 0; i < 3; i++)
			next_varint(table);
		return delta;
	}
	next_byte(table);
	if (code >= LOCATION_ONE_LINE) {
		next_byte(table);
		delta = (int32_t)code - LOCATION_ONE_LINE;
	}
	return delta;
}

uint32_t hs_code_line(struct hs_python *python, hs_addr code, int64_t offset)
{
	const struct hs_layout *layout = python->layout;
	struct table table = {.python = python};
	uint32_t first = 0;
	uint64_t size = 0;
	hs_addr bytes = 0;
	int64_t line;
	int64_t at = 0;

	/* A bytes object: its length at 16, its content at 32. */
	if (!hs_image_u32(python->image, code + layout->code_firstlineno, &first) ||
	    !hs_image_u64(python->image, code + layout->code_linetable, &bytes) ||
	    !hs_image_u64(python->image, bytes + PY_SIZE, &size) || size > UINT32_MAX ||
	    !hs_python_spend(python, size / 8 + 1))
		return 0;
	table.at = bytes + PY_BYTES_DATA;
	table.end = table.at + size;
	line = first;
	/* Before its first instruction a frame is on its first line. */
	if (offset < 0)
		return first;
	while (table.at < table.end && !table.failed) {
		uint8_t head = next_byte(&table);
		unsigned int kind = head >> 3 & 15;

		line += take_entry(&table, kind);
		at += ((head & 7) + 1) * CODE_UNIT;
		if (offset < at && !table.failed)
			return kind == LOCATION_NONE || line <= 0 || line > INT32_MAX
				       ? 0
				       : (uint32_t)line;
	}
	return 0;
}
