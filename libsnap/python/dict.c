/* SPDX-License-Identifier: MIT */
/* dict.c: the hash table of a dict, in all the forms it takes. */
#include "libsnap/python/dict.h"

#include "libsnap/python/text.h"

enum {
	MAX_LOG2_SIZE = 40,
	ENTRY_WORDS_WITH_HASH = 3,
	ENTRY_WORDS = 2,
};

/*
 * The number of slots as it is written until 3.10, where every entry has a hash, and the function
 * that looks keys up tells what they can be.
 */
static bool read_slots(const struct hs_python *python, const uint8_t *header, struct hs_keys *keys,
		       uint64_t *index_bytes)
{
	hs_addr lookup;

	memcpy(&keys->slots, header + python->layout->keys_size, 8);
	memcpy(&lookup, header + python->layout->keys_lookup, 8);
	if (!keys->slots || keys->slots & (keys->slots - 1) || keys->slots > 1ull << MAX_LOG2_SIZE)
		return false;
	keys->kind = lookup == python->lookdict ? PY_KEYS_GENERAL : PY_KEYS_UNICODE;
	keys->entry_words = ENTRY_WORDS_WITH_HASH;
	*index_bytes = keys->slots * (keys->slots <= 0xff	  ? 1
				      : keys->slots <= 0xffff	  ? 2
				      : keys->slots <= 0xffffffff ? 4
								  : 8);
	return true;
}

/* The same as logarithms, from 3.11 on, where the kind is written out. */
static bool read_log2_sizes(const struct hs_layout *layout, const uint8_t *header,
			    struct hs_keys *keys, uint64_t *index_bytes)
{
	if (header[layout->keys_log2_size] > MAX_LOG2_SIZE ||
	    header[layout->keys_log2_index_bytes] > MAX_LOG2_SIZE + 3 ||
	    header[layout->keys_kind] > PY_KEYS_SPLIT)
		return false;
	keys->kind = header[layout->keys_kind];
	keys->entry_words = keys->kind == PY_KEYS_GENERAL ? ENTRY_WORDS_WITH_HASH : ENTRY_WORDS;
	keys->slots = 1ull << header[layout->keys_log2_size];
	*index_bytes = 1ull << header[layout->keys_log2_index_bytes];
	return true;
}

bool hs_keys_open(struct hs_python *python, hs_addr address, struct hs_keys *ret)
{
	const struct hs_layout *layout = python->layout;
	const uint8_t *header = hs_image_at(python->image, address, layout->keys_indices);
	struct hs_keys keys = {.address = address};
	uint64_t index_bytes;

	if (!header)
		return false;
	if (layout->keys_size != HS_ABSENT ? !read_slots(python, header, &keys, &index_bytes)
					   : !read_log2_sizes(layout, header, &keys, &index_bytes))
		return false;
	memcpy(&keys.refcount, header + layout->keys_refcount, 8);
	memcpy(&keys.usable, header + layout->keys_usable, 8);
	memcpy(&keys.nentries, header + layout->keys_nentries, 8);
	keys.capacity = 2 * keys.slots / 3;
	/* The shared keys of empty dicts have one slot and room for nothing. */
	if (keys.nentries > keys.capacity || keys.usable > keys.capacity)
		return false;
	keys.bytes = layout->keys_indices + index_bytes + keys.capacity * keys.entry_words * 8;
	keys.entries = hs_words_open(python->image, address + layout->keys_indices + index_bytes,
				     keys.nentries * keys.entry_words);
	keys.nentries = hs_words_limit(python->image, keys.entries.address,
				       keys.nentries * keys.entry_words) /
			keys.entry_words;
	*ret = keys;
	return true;
}

hs_addr hs_keys_key(const struct hs_keys *keys, uint64_t i)
{
	return hs_words_get(&keys->entries, (i + 1) * keys->entry_words - 2);
}

bool hs_values_open(struct hs_python *python, hs_addr address, uint64_t count,
		    struct hs_values *ret)
{
	struct hs_values values = {.count = count, .valid = true};

	if (python->layout->values_place == HS_VALUES_INLINE) {
		const uint8_t *header = hs_image_at(python->image, address, 4);

		/* capacity, size, embedded, valid: a byte each */
		if (!header)
			return false;
		values.embedded = header[2];
		values.valid = header[3];
		values.count = header[0];
	}
	address += python->layout->values_first;
	values.count = hs_words_limit(python->image, address, values.count);
	values.words = hs_words_open(python->image, address, values.count);
	*ret = values;
	return true;
}

bool hs_dict_open(struct hs_python *python, hs_addr address, struct hs_dict *ret)
{
	struct hs_dict dict = {0};
	hs_addr keys_at;
	hs_addr values_at;

	if (!hs_image_u64(python->image, address + PY_DICT_KEYS, &keys_at) ||
	    !hs_image_u64(python->image, address + PY_DICT_VALUES, &values_at) ||
	    !hs_keys_open(python, keys_at, &dict.keys))
		return false;
	if (values_at) {
		struct hs_values values;

		if (!hs_values_open(python, values_at, dict.keys.nentries, &values))
			return false;
		dict.split = true;
		dict.embedded = values.embedded;
		dict.values = values.words;
		dict.value_count = values.count;
	}
	*ret = dict;
	return true;
}

hs_addr hs_dict_value(const struct hs_dict *dict, uint64_t i)
{
	if (dict->split)
		return i < dict->value_count ? hs_words_get(&dict->values, i) : 0;
	return hs_words_get(&dict->keys.entries, (i + 1) * dict->keys.entry_words - 1);
}

hs_addr hs_dict_get(struct hs_python *python, hs_addr address, const char *name)
{
	struct hs_dict dict;

	if (!address || !hs_dict_open(python, address, &dict) ||
	    !hs_python_spend(python, dict.keys.nentries))
		return 0;
	for (uint64_t i = 0; i < dict.keys.nentries; i++) {
		hs_addr value = hs_dict_value(&dict, i);

		if (value && hs_text_equals(python, hs_keys_key(&dict.keys, i), name))
			return value;
	}
	return 0;
}
