/* SPDX-License-Identifier: MIT */
/* model.h: what a report says, without how: a tree of fields, groups, lists and tables. */
#ifndef HS_REPORT_MODEL_H
#define HS_REPORT_MODEL_H

#include "format/base/arena.h"

#include <heapsnap/report.h>

/*
 *	report ── root group
 *		    ├── field    "objects": 143382
 *		    ├── group    "process": { field, field, … }
 *		    ├── list     "suspects": [ group, group, … ]
 *		    ├── table    "rows": columns × cells
 *		    └── line     a sentence made of pieces, for text alone
 *
 * The functions from_*.c build one; text.c, json.c and csv.c render it and know no analysis.
 * Everything belongs to the report's arena.  Building never fails visibly: if memory runs out the
 * report remembers, and hs_report_done() says so.
 *
 * To add an analysis, write a from_<analysis>.c.  To add a renderer, write one file that walks this
 * tree, and a row in render.c.
 */

enum hs_value_kind {
	HS_VALUE_NULL,
	HS_VALUE_BOOL,
	HS_VALUE_U64,
	HS_VALUE_I64,
	HS_VALUE_COUNT,	       /* u64; text: 4,800 */
	HS_VALUE_COUNT_CHANGE, /* i64; text: +4,800 */
	HS_VALUE_BYTES,	       /* u64; text: 1.2 MiB */
	HS_VALUE_BYTES_CHANGE, /* i64; text: +1.2 MiB */
	HS_VALUE_REAL,	       /* with @decimals */
	HS_VALUE_PERCENT,      /* real; JSON and CSV with one decimal, text as a whole number */
	HS_VALUE_STRING,       /* of us or of a target: escaped in any case */
	HS_VALUE_ADDRESS,      /* "0x7f…" */
	HS_VALUE_TIME,	       /* ns since 1970; "2026-01-01T00:00:00Z"; 0: not known */
	HS_VALUE_LIST,
};

struct hs_value {
	enum hs_value_kind kind;
	uint32_t decimals; /* REAL; HS_ALL_DECIMALS: as many as it takes */
	union {
		bool boolean;
		uint64_t u64;
		int64_t i64;
		double real;
		struct hs_str str;
		struct {
			const struct hs_value *items;
			size_t count;
		} list;
	};
};

/* Who gets to see something. */
enum hs_audience {
	HS_FOR_TEXT = 1 << 0,
	HS_FOR_JSON = 1 << 1,
	HS_FOR_CSV = 1 << 2,
	HS_FOR_ALL = HS_FOR_TEXT | HS_FOR_JSON | HS_FOR_CSV,
	HS_FOR_DATA = HS_FOR_JSON | HS_FOR_CSV,
};

struct hs_table_column {
	const char *key;	/* in JSON and CSV */
	const char *title;	/* in text */
	unsigned int min_width; /* text; if set, the title may stick out to the left of it */
	bool left; /* text: aligned left; the last such column gives way if space is short */
	unsigned int audience;
};

enum {
	HS_TEXT_ROWS = 10, /* rows of a table that text shows unless told otherwise */
};

#define HS_ALL_ROWS SIZE_MAX

struct hs_table {
	const struct hs_table_column *columns;
	size_t column_count;
	size_t row_count;
	struct hs_value *cells; /* row by row */
	/* What hs_render_options.rows limits: the report's main table; others are always whole. */
	bool limited;
	size_t text_rows; /* limited, text: rows shown unless told otherwise; HS_ALL_ROWS: all */
	const char *more; /* text: what to do to see the rows left out; may be NULL */
};

/* How a piece of a line looks on a terminal. */
enum hs_style {
	HS_STYLE_PLAIN,
	HS_STYLE_STRONG,
	HS_STYLE_ALERT,
	HS_STYLE_GOOD,
	HS_STYLE_FAINT,
};

struct hs_piece {
	struct hs_value value;
	enum hs_style style;
	struct hs_piece *next;
};

enum hs_node_kind {
	HS_NODE_FIELD,
	HS_NODE_GROUP,
	HS_NODE_LIST,  /* of groups */
	HS_NODE_TABLE, /* in JSON a list of objects, one a row */
	HS_NODE_LINE,
};

struct hs_node {
	enum hs_node_kind kind;
	unsigned int audience;
	const char *key;   /* in JSON; NULL inside a list */
	const char *title; /* in text; NULL: fields and groups are not shown, tables have none */
	struct hs_node *next;
	union {
		struct hs_value value; /* FIELD */
		struct hs_table table; /* TABLE */
		struct {	       /* GROUP, LIST */
			struct hs_node *first;
			struct hs_node *last;
		} children;
		struct { /* LINE */
			struct hs_piece *first;
			struct hs_piece *last;
			unsigned int indent; /* columns */
		} line;
	};
};

struct hs_report {
	struct hs_arena *arena;
	struct hs_node *root; /* a group */
	bool failed;	      /* memory ran out; the report is incomplete */
};

/* A report whose first field is "schema"; NULL if memory ran out. */
struct hs_report *hs_report_create(const char *schema);

/* The end of building: *@ret gets @report, or it is destroyed and hs_enomem returned. */
struct hs_error *hs_report_done(struct hs_report *report, struct hs_report **ret) HS_MUST_CHECK;

/*
 * Add a node to @parent, a group or list; never NULL unless memory ran out, and NULL as @parent is
 * accepted then.  @key and @title are not copied.
 */
struct hs_node *hs_node_group(struct hs_report *report, struct hs_node *parent, const char *key,
			      const char *title);
struct hs_node *hs_node_list(struct hs_report *report, struct hs_node *parent, const char *key);
void hs_node_field(struct hs_report *report, struct hs_node *parent, const char *key,
		   const char *title, struct hs_value value);

/* The same for a limited audience. */
void hs_node_field_for(struct hs_report *report, struct hs_node *parent, unsigned int audience,
		       const char *key, const char *title, struct hs_value value);

/*
 * A table of @row_count rows.  @columns is not copied.  All cells are null until they are set. NULL
 * if memory ran out.
 */
struct hs_node *hs_node_table(struct hs_report *report, struct hs_node *parent, const char *key,
			      const char *title, const struct hs_table_column *columns,
			      size_t column_count, size_t row_count);

/* Set the cells of row @row, in the order of the columns. */
void hs_table_row(struct hs_node *table, size_t row, const struct hs_value *cells);

/* A line of text, made of the pieces that are then added; an empty one separates paragraphs. */
struct hs_node *hs_node_line(struct hs_report *report, struct hs_node *parent, unsigned int indent);
void hs_line_add(struct hs_report *report, struct hs_node *line, struct hs_value value);
void hs_line_styled(struct hs_report *report, struct hs_node *line, enum hs_style style,
		    struct hs_value value);
void hs_line_text(struct hs_report *report, struct hs_node *line, const char *text);

/* A string copied into the report. */
struct hs_value hs_value_copy(struct hs_report *report, struct hs_str str);

/* A list of @count numbers, of which HS_UNKNOWN ones are null; one of numbers with signs. */
struct hs_value hs_value_numbers(struct hs_report *report, const uint64_t *numbers, size_t count);
struct hs_value hs_value_changes(struct hs_report *report, const int64_t *changes, size_t count);

/* An array of @count items for hs_value_list(), null at first; NULL if memory ran out. */
struct hs_value *hs_value_items(struct hs_report *report, size_t count);

static inline struct hs_value hs_value_null(void)
{
	return (struct hs_value){.kind = HS_VALUE_NULL};
}

static inline struct hs_value hs_value_bool(bool value)
{
	return (struct hs_value){.kind = HS_VALUE_BOOL, .boolean = value};
}

/* @kind: U64, COUNT, BYTES, ADDRESS, TIME. */
static inline struct hs_value hs_value_number(enum hs_value_kind kind, uint64_t value)
{
	return (struct hs_value){.kind = kind, .u64 = value};
}

/* @kind: I64, COUNT_CHANGE, BYTES_CHANGE. */
static inline struct hs_value hs_value_signed(enum hs_value_kind kind, int64_t value)
{
	return (struct hs_value){.kind = kind, .i64 = value};
}

static inline struct hs_value hs_value_real(double value, uint32_t decimals)
{
	return (struct hs_value){.kind = HS_VALUE_REAL, .decimals = decimals, .real = value};
}

/* @part of @whole in percent; 0 of 0 is 0. */
static inline struct hs_value hs_value_percent(uint64_t part, uint64_t whole)
{
	return (struct hs_value){.kind = HS_VALUE_PERCENT,
				 .real = whole ? 100.0 * (double)part / (double)whole : 0.0};
}

/* A constant, not copied. */
static inline struct hs_value hs_value_text(const char *text)
{
	struct hs_str str = {.data = text, .size = __builtin_strlen(text)};

	return (struct hs_value){.kind = HS_VALUE_STRING, .str = str};
}

static inline struct hs_value hs_value_list(const struct hs_value *items, size_t count)
{
	return (struct hs_value){.kind = HS_VALUE_LIST,
				 .list = {.items = items, .count = items ? count : 0}};
}

static inline void hs_report_destroy_pointer(struct hs_report **report)
{
	hs_report_destroy(*report);
}

#define _cleanup_report_ __attribute__((cleanup(hs_report_destroy_pointer)))

#endif
