/* SPDX-License-Identifier: MIT */
/* text_value.c: one value as a person reads it. */
#include "libsnap/report/text.h"

#include "libsnap/report/escape.h"

#include "format/base/str.h"

/* Digits in groups of three: 4,800. */
static void put_grouped(struct hs_output *out, uint64_t value)
{
	char digits[32];
	size_t start = sizeof(digits);
	size_t count = 0;

	do {
		if (count && count % 3 == 0)
			digits[--start] = ',';
		digits[--start] = (char)('0' + value % 10);
		value /= 10;
		count++;
	} while (value);
	hs_output_bytes(out, digits + start, sizeof(digits) - start);
}

static void put_bytes(struct hs_output *out, uint64_t value)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double scaled = (double)value;
	size_t unit = 0;

	/* 1023.5 would round to 1024. */
	while (scaled >= 1023.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		scaled /= 1024;
		unit++;
	}
	hs_output_real(out, scaled, unit && scaled < 99.95 ? 1 : 0);
	hs_output_char(out, ' ');
	hs_output_text(out, units[unit]);
}

static uint64_t magnitude(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static void put_sign(struct hs_output *out, int64_t value)
{
	if (value)
		hs_output_char(out, value < 0 ? '-' : '+');
}

static void put_list(struct hs_output *out, const struct hs_value *value, size_t limit)
{
	for (size_t i = 0; i < value->list.count; i++) {
		hs_output_text(out, i ? " " : "");
		hs_text_value(out, &value->list.items[i], limit);
	}
}

static void put_time(struct hs_output *out, uint64_t time_ns)
{
	char time[32] = "-";

	if (time_ns)
		hs_render_time(time_ns, time);
	hs_output_text(out, time);
}

/* Whatever is not a target's string, in ASCII. */
static void put_plain(struct hs_output *out, const struct hs_value *value, size_t limit)
{
	switch (value->kind) {
	case HS_VALUE_NULL:
		hs_output_char(out, '-');
		break;
	case HS_VALUE_BOOL:
		hs_output_text(out, value->boolean ? "yes" : "no");
		break;
	case HS_VALUE_U64:
		hs_output_u64(out, value->u64);
		break;
	case HS_VALUE_I64:
		hs_output_i64(out, value->i64);
		break;
	case HS_VALUE_COUNT:
		put_grouped(out, value->u64);
		break;
	case HS_VALUE_COUNT_CHANGE:
		put_sign(out, value->i64);
		put_grouped(out, magnitude(value->i64));
		break;
	case HS_VALUE_BYTES:
		put_bytes(out, value->u64);
		break;
	case HS_VALUE_BYTES_CHANGE:
		put_sign(out, value->i64);
		put_bytes(out, magnitude(value->i64));
		break;
	case HS_VALUE_REAL:
		hs_output_real(out, value->real, value->decimals);
		break;
	case HS_VALUE_PERCENT:
		hs_output_real(out, value->real, 0);
		break;
	case HS_VALUE_ADDRESS:
		hs_output_text(out, "0x");
		hs_output_hex(out, value->u64);
		break;
	case HS_VALUE_TIME:
		put_time(out, value->u64);
		break;
	case HS_VALUE_LIST:
		put_list(out, value, limit);
		break;
	case HS_VALUE_STRING:
		break;
	}
}

size_t hs_text_value(struct hs_output *out, const struct hs_value *value, size_t limit)
{
	size_t start = out->size;
	struct hs_str text;

	if (value->kind == HS_VALUE_STRING)
		return hs_escape_columns(out, value->str, limit);
	put_plain(out, value, limit);
	if (out->errnum)
		return 0;
	text = (struct hs_str){.data = out->data + start, .size = out->size - start};
	return hs_text_columns(text);
}
