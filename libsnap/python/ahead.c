/* SPDX-License-Identifier: MIT */
/*
 * ahead.c: asking for what the next objects of the queue consist of, before they are visited.
 * All of it is hints: of what is read here only that it can be read is checked.
 */
#include "libsnap/python/ahead.h"

#include "libsnap/python/python.h"
#include "libsnap/python/types.h"

enum {
	/* How many objects ahead what lies where is asked for. */
	AHEAD_HEADER = 24,
	AHEAD_REFERENTS = 12,
	AHEAD_ENTRIES = 8,
	AHEAD_ITEMS = 4,

	CACHE_LINE = 64,
	WORDS = 8, /* that are followed of a body or an array */
	ITEMS = 6, /* of a dict */
};

static uint64_t word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Bytes from @at to the end of its page. */
static uint64_t left_of_page(const struct hs_python *python, const uint8_t *at)
{
	return HS_PAGE_SIZE - ((uint64_t)(at - python->image->data) & (HS_PAGE_SIZE - 1));
}

/* Ask for what every @step th of the @count words at @from points to, as far as the page goes. */
static void follow(const struct hs_python *python, const uint8_t *from, uint64_t count,
		   unsigned int step)
{
	uint64_t left = left_of_page(python, from) / 8;

	if (count > left)
		count = left;
	for (uint64_t i = 0; i < count; i += step)
		hs_image_prefetch(python->image, word_at(from + 8 * i));
}

/* Where the word at @address lies in the image; NULL if it is not there. */
static const uint8_t *here(const struct hs_python *python, hs_addr address)
{
	uint32_t slot = hs_image_slot_here(python->image, address);

	return slot == HS_NONE ? NULL
			       : python->image->data + ((uint64_t)slot << HS_PAGE_SHIFT) +
					 (address & (HS_PAGE_SIZE - 8));
}

/* The address of the array of values of the instance whose body is at @body; 0: none. */
static hs_addr values_of(const struct hs_python *python, const uint8_t *body)
{
	switch (python->layout->values_place) {
	case HS_VALUES_BEFORE:
		return word_at(body + PY_MANAGED_VALUES_3_11);
	case HS_VALUES_TAGGED:
		return word_at(body + PY_MANAGED_DICT) + 1;
	case HS_VALUES_NONE:
	case HS_VALUES_INLINE: /* they are part of the body */
		break;
	}
	return 0;
}

/* Note where the array of the object at @body lies, if it has one, to come back to it. */
static void note_array(struct hs_python *python, size_t at, const uint8_t *body, uint32_t flags,
		       bool has_front)
{
	struct hs_ahead_array *array = &python->ahead.arrays[at % HS_AHEAD_ARRAYS];
	hs_addr words = 0;
	hs_addr keys = 0;

	if (flags & PY_FLAG_LIST_SUBCLASS) {
		words = word_at(body + PY_LIST_ITEMS);
	} else if (flags & PY_FLAG_DICT_SUBCLASS) {
		words = word_at(body + PY_DICT_VALUES);
		keys = words ? 0 : word_at(body + PY_DICT_KEYS);
	} else if (has_front && flags & PY_FLAG_MANAGED_DICT) {
		words = values_of(python, body);
	}
	if (!words && !keys)
		return;
	*array = (struct hs_ahead_array){
		.at = at,
		.keys = keys ? here(python, keys) : NULL,
		.words = words ? here(python, words) : NULL,
		.per_item = 1,
	};
}

static void ask_for_referents(struct hs_python *python, size_t at)
{
	const struct hs_pytype *type;
	const uint8_t *body;
	bool has_front;

	if (at >= python->queue.size)
		return;
	body = python->image->data + ((size_t)python->queue.data[at] << HS_GRANULE_SHIFT);
	type = hs_type_peek(python, word_at(body + PY_TYPE));
	if (!type || !(type->flags & PY_FLAG_HAVE_GC))
		return;
	has_front = (body - python->image->data) % HS_PAGE_SIZE >= -PY_MANAGED_VALUES_3_11;
	if (has_front && type->flags & PY_FLAG_MANAGED_DICT)
		follow(python, body + PY_MANAGED_VALUES_3_11, 2, 1);
	if (left_of_page(python, body) > PY_HEADER_SIZE)
		follow(python, body + PY_HEADER_SIZE, WORDS, 1);
	if (left_of_page(python, body) >= PY_HEADER_SIZE + 8 * WORDS)
		note_array(python, at, body, type->flags, has_front);
}

/* The array of the object at place @at of the queue; NULL: it has none. */
static struct hs_ahead_array *array_of(struct hs_python *python, size_t at)
{
	struct hs_ahead_array *array = &python->ahead.arrays[at % HS_AHEAD_ARRAYS];

	return array->at == at ? array : NULL;
}

/* Entries of a dict lie behind an index whose size the keys' header says: from there on an array.
 */
static void ask_for_entries(struct hs_python *python, size_t at)
{
	const struct hs_layout *layout = python->layout;
	struct hs_ahead_array *array = array_of(python, at);
	uint64_t offset;

	if (!array || !array->keys || left_of_page(python, array->keys) < layout->keys_indices)
		return;
	if (layout->keys_size != HS_ABSENT) {
		offset = layout->keys_indices + word_at(array->keys + layout->keys_size);
		array->per_item = 3;
	} else {
		offset = layout->keys_indices +
			 (1ull << (array->keys[layout->keys_log2_index_bytes] & 63));
		array->per_item = array->keys[layout->keys_kind] == PY_KEYS_GENERAL ? 3 : 2;
	}
	/* The value is the last word of an entry. */
	if (offset >= HS_PAGE_SIZE ||
	    offset + 8 * array->per_item > left_of_page(python, array->keys))
		return;
	array->words = array->keys + offset + 8 * (array->per_item - 1);
	hs_prefetch(array->words);
	hs_prefetch(array->words + CACHE_LINE);
}

static void ask_for_items(struct hs_python *python, size_t at)
{
	const struct hs_ahead_array *array = array_of(python, at);

	if (!array || !array->words)
		return;
	follow(python, array->words, array->per_item == 1 ? WORDS : ITEMS * array->per_item,
	       array->per_item);
}

void hs_ahead_of(struct hs_python *python, size_t at)
{
	if (at + AHEAD_HEADER < python->queue.size)
		hs_prefetch(python->image->data +
			    ((size_t)python->queue.data[at + AHEAD_HEADER] << HS_GRANULE_SHIFT));
	ask_for_referents(python, at + AHEAD_REFERENTS);
	ask_for_entries(python, at + AHEAD_ENTRIES);
	ask_for_items(python, at + AHEAD_ITEMS);
}
