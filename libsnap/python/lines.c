/* SPDX-License-Identifier: MIT */
/*
 * lines.c: from an instruction to its line, by the table that a code object has for that.
 *
 * From 3.11 on an entry is a byte 1cccclll, then what code cccc asks for; it covers lll + 1 code
 * units of two bytes.  The layout is described in Objects/locations.md of CPython.  Before, all
 * entries are two bytes: by how much instruction and line change.
 */
#include "libsnap/python/interp.h"

enum {
	LOCATION_ONE_LINE = 10, /* up to 12: line delta is code - 10, two more bytes */
	LOCATION_NO_COLUMNS = 13,
	LOCATION_LONG = 14,
	LOCATION_NONE = 15,
	CODE_UNIT = 2,	/* bytes */
	NO_LINE = -128, /* instead of a change, in 3.10 */
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

static uint32_t sound_line(int64_t line)
{
	return line <= 0 || line > INT32_MAX ? 0 : (uint32_t)line;
}

/* Up to 3.9: an entry's line begins where the instruction has changed by its first byte. */
static uint32_t find_step(struct table *table, int64_t line, int64_t offset)
{
	int64_t at = 0;

	while (table->at < table->end) {
		at += next_byte(table);
		if (at > offset)
			break;
		line += (int8_t)next_byte(table);
	}
	return table->failed ? 0 : sound_line(line);
}

/* 3.10: an entry's line holds for as many bytes of instructions as its first byte says. */
static uint32_t find_range(struct table *table, int64_t line, int64_t offset)
{
	int64_t at = 0;

	while (table->at < table->end) {
		int8_t delta;

		at += next_byte(table);
		delta = (int8_t)next_byte(table);
		line += delta == NO_LINE ? 0 : delta;
		if (offset < at)
			return delta == NO_LINE || table->failed ? 0 : sound_line(line);
	}
	return 0;
}

static uint32_t find_location(struct table *table, int64_t line, int64_t offset)
{
	int64_t at = 0;

	while (table->at < table->end && !table->failed) {
		uint8_t head = next_byte(table);
		unsigned int kind = head >> 3 & 15;

		line += take_entry(table, kind);
		at += ((head & 7) + 1) * CODE_UNIT;
		if (offset < at && !table->failed)
			return kind == LOCATION_NONE ? 0 : sound_line(line);
	}
	return 0;
}

uint32_t hs_code_line(struct hs_python *python, hs_addr code, int64_t offset)
{
	const struct hs_layout *layout = python->layout;
	struct table table = {.python = python};
	uint32_t first = 0;
	uint64_t size = 0;
	hs_addr bytes = 0;

	/* A bytes object: its length at 16, its content at 32. */
	if (!hs_image_u32(python->image, code + layout->code_firstlineno, &first) ||
	    !hs_image_u64(python->image, code + layout->code_linetable, &bytes) ||
	    !hs_image_u64(python->image, bytes + PY_SIZE, &size) || size > UINT32_MAX ||
	    !hs_python_spend(python, size / 8 + 1))
		return 0;
	table.at = bytes + PY_BYTES_DATA;
	table.end = table.at + size;
	/* Before its first instruction a frame is on its first line. */
	if (offset < 0)
		return first;
	switch (layout->line_table) {
	case HS_LINES_STEPS:
		return find_step(&table, first, offset);
	case HS_LINES_RANGES:
		return find_range(&table, first, offset);
	case HS_LINES_LOCATIONS:
		return find_location(&table, first, offset);
	}
	return 0;
}
