/* SPDX-License-Identifier: MIT */
/* pickle.c: picklers and unpicklers, whose memos are tables of their own. */
#include "libsnap/python/visit/visit.h"

enum {
	MEMO_TABLE_SIZE = 32, /* PyMemTable: allocated at 16, the table at 24 */
	MEMO_ENTRY_WORDS = 2, /* key, number */
	MAX_WORD = 1 << 20,   /* bytes of a line or of an encoding's name */
};

/*
 * Where things lie in a PicklerObject, a word further on if it has persistent_id_attr, and in an
 * UnpicklerObject with what was put into that: its size tells.
 */
struct pickler {
	uint64_t dispatch_table;
	uint64_t reducer_override;
	uint64_t write;
	uint64_t output_buffer;
	uint64_t fast_memo;
	uint64_t buffer_callback;
};

static struct pickler pickler_layout(const struct hs_object *object)
{
	uint64_t move = object->type->definer->basicsize >= 152 ? 8 : 0;

	return (struct pickler){
		.dispatch_table = 32 + move,
		.reducer_override = 40 + move,
		.write = 48 + move,
		.output_buffer = 56 + move,
		.fast_memo = 128 + move,
		.buffer_callback = 136 + move,
	};
}

/*
 * The word after persistent_id (persistent_load) is what it is bound to, borrowed, until 3.12; an
 * attribute that counts from 3.13 on, reported since 3.13.3.
 */
static bool visits_attribute(const struct hs_python *python)
{
	return hs_has_fix(python, 3, 0);
}

/* The memos came to be visited with 3.11.7 and 3.12.1 (bpo-41422). */
static bool visits_memo(const struct hs_python *python)
{
	return python->hexversion >= (python->layout->minor == 11 ? 0x030b0700 : 0x030c0100);
}

static bool memo_table(struct hs_python *python, const struct hs_object *object, hs_addr *table,
		       uint64_t *allocated)
{
	hs_addr memo = hs_word(object, 16);

	return memo && hs_image_u64(python->image, memo + 16, allocated) &&
	       hs_image_u64(python->image, memo + 24, table);
}

static void visit_memo_keys(struct hs_python *python, const struct hs_object *object)
{
	hs_addr table = 0;
	uint64_t allocated = 0;
	struct hs_words words;
	uint64_t count;

	if (!memo_table(python, object, &table, &allocated) || !table || allocated >> 40)
		return;
	count = hs_python_limit(python, table, allocated * MEMO_ENTRY_WORDS);
	words = hs_words_open(python->image, table, count);
	hs_visit_begin(python, HS_LABEL_NONE, 0);
	for (uint64_t i = 0; i < count; i += MEMO_ENTRY_WORDS)
		hs_visit(python, hs_words_get(&words, i), HS_LABEL_NONE, 0);
}

static void pickler_visit(struct hs_python *python, const struct hs_object *object)
{
	struct pickler layout = pickler_layout(object);

	hs_visit_named(python, hs_word(object, layout.write), "write");
	hs_visit_named(python, hs_word(object, 24), "persistent_id");
	if (layout.write == 56 && visits_attribute(python))
		hs_visit_named(python, hs_word(object, 32), "persistent_id_attr");
	hs_visit_named(python, hs_word(object, layout.dispatch_table), "dispatch_table");
	hs_visit_named(python, hs_word(object, layout.reducer_override), "reducer_override");
	hs_visit_named(python, hs_word(object, layout.fast_memo), "fast_memo");
	hs_visit_named(python, hs_word(object, layout.buffer_callback), "buffer_callback");
	if (visits_memo(python))
		visit_memo_keys(python, object);
}

static void pickler_hidden(struct hs_python *python, const struct hs_object *object)
{
	struct pickler layout = pickler_layout(object);

	hs_visit_named(python, hs_word(object, layout.output_buffer), "output_buffer");
	if (!visits_memo(python))
		visit_memo_keys(python, object);
}

/* The output buffer, a bytes object, is counted with the memo's table. */
static uint64_t pickler_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr buffer = hs_word(object, pickler_layout(object).output_buffer);
	uint64_t size = object->type->basicsize;
	uint64_t allocated = 0;
	uint64_t length = 0;
	hs_addr table;

	if (memo_table(python, object, &table, &allocated))
		size += MEMO_TABLE_SIZE + MEMO_ENTRY_WORDS * 8 * allocated;
	if (buffer && hs_image_u64(python->image, buffer + PY_SIZE, &length))
		size += PY_BYTES_DATA + 1 + length;
	return size;
}

/* Words of an UnpicklerObject that lie behind its Py_buffer: they moved a lot. */
struct unpickler {
	uint64_t persistent_load;
	bool attribute; /* behind persistent_load is persistent_load_attr */
	uint64_t buffer_object;
	uint64_t input_line;
	uint64_t read; /* read, readinto, readline, peek, buffers follow each other */
	uint64_t encoding;
};

static struct unpickler unpickler_layout(const struct hs_python *python,
					 const struct hs_object *object)
{
	uint64_t size = object->type->definer->basicsize;
	/* 3.13.0 lacked a word, later ones have two or four more, 3.15 another before all. */
	uint64_t first = python->layout->minor >= 15 ? 8 : 0;
	uint64_t attribute = size > 264 ? 8 : 0;
	uint64_t frame = size >= 288 + first ? 16 : 0;

	return (struct unpickler){
		.persistent_load = 48 + first,
		.attribute = attribute,
		.buffer_object = 64 + first + attribute,
		.input_line = 144 + first + attribute,
		.read = 176 + first + attribute + frame,
		.encoding = 216 + first + attribute + frame,
	};
}

static void visit_memo(struct hs_python *python, const struct hs_object *object)
{
	hs_addr memo = hs_word(object, 24);

	if (memo)
		hs_visit_items(python, memo, hs_word(object, 32), 0);
}

static void unpickler_visit(struct hs_python *python, const struct hs_object *object)
{
	struct unpickler layout = unpickler_layout(python, object);

	hs_visit_named(python, hs_word(object, layout.read + 16), "readline");
	hs_visit_named(python, hs_word(object, layout.read + 8), "readinto");
	hs_visit_named(python, hs_word(object, layout.read), "read");
	hs_visit_named(python, hs_word(object, layout.read + 24), "peek");
	hs_visit_named(python, hs_word(object, layout.read + 32), "buffers");
	hs_visit_named(python, hs_word(object, 16), "stack");
	if (python->layout->minor >= 15)
		hs_visit_named(python, hs_word(object, 48), "memo_dict");
	hs_visit_named(python, hs_word(object, layout.persistent_load), "persistent_load");
	if (layout.attribute && visits_attribute(python))
		hs_visit_named(python, hs_word(object, layout.persistent_load + 8),
			       "persistent_load_attr");
	if (visits_memo(python))
		visit_memo(python, object);
}

static void unpickler_hidden(struct hs_python *python, const struct hs_object *object)
{
	struct unpickler layout = unpickler_layout(python, object);

	hs_visit_scan(python, hs_word(object, layout.buffer_object), HS_LABEL_NONE, 0);
	if (!visits_memo(python))
		visit_memo(python, object);
}

/* Bytes of the text at the address in the word at @offset, with its end; 0 if there is none. */
static uint64_t text_size(struct hs_python *python, const struct hs_object *object, uint64_t offset)
{
	hs_addr at = hs_word(object, offset);
	struct hs_str text;

	if (!at || !hs_image_string(python->image, at, MAX_WORD, &text) ||
	    !hs_python_spend(python, text.size / 8))
		return 0;
	return text.size + 1;
}

static uint64_t unpickler_size(struct hs_python *python, const struct hs_object *object)
{
	struct unpickler layout = unpickler_layout(python, object);
	uint64_t size = object->type->basicsize;

	if (hs_word(object, 24))
		size += 8 * hs_word(object, 32);
	/* marks, their number, how many there is room for */
	if (hs_word(object, layout.encoding + 16))
		size += 8 * hs_word(object, layout.encoding + 32);
	return size + text_size(python, object, layout.input_line) +
	       text_size(python, object, layout.encoding) +
	       text_size(python, object, layout.encoding + 8);
}

static const struct hs_rule rules[] = {
	{.name = "_pickle.Pickler",
	 .visit = pickler_visit,
	 .hidden = pickler_hidden,
	 .size = pickler_size},
	{.name = "_pickle.Unpickler",
	 .visit = unpickler_visit,
	 .hidden = unpickler_hidden,
	 .size = unpickler_size},
};

const struct hs_rule_family hs_rules_pickle = HS_RULE_FAMILY(rules);
