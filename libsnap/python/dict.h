/* SPDX-License-Identifier: MIT */
/* dict.h: the hash table of a dict, in all the forms it takes. */
#ifndef HS_PYTHON_DICT_H
#define HS_PYTHON_DICT_H

#include "libsnap/python/python.h"
#include "libsnap/python/words.h"

/*
 * The keys object of a dict, of a class whose instances share keys, or of an instance.
 *
 *   keys -> [header 32][index, 1 << log2_index_bytes][entry 0][entry 1] ...
 *           entry: (hash, key, value), or (key, value) if all keys are str
 *
 * Until 3.10 the header has 40 bytes, the index as many bytes for each of its slots as the number
 * of slots asks for, and all entries are (hash, key, value).
 */
struct hs_keys {
	hs_addr address;
	uint64_t refcount;
	unsigned int kind; /* PY_KEYS_GENERAL, _UNICODE, _SPLIT */
	unsigned int entry_words;
	uint64_t slots;	   /* of the index */
	uint64_t capacity; /* entries that there is room for */
	uint64_t bytes;	   /* of the whole object */
	uint64_t usable;   /* entries still free */
	uint64_t nentries; /* entries in use, deleted ones included */
	struct hs_words entries;
};

/* The table of a dict. */
struct hs_dict {
	struct hs_keys keys;
	bool split;    /* the values are in an array of their own */
	bool embedded; /* that array is part of an instance (3.13) */
	struct hs_words values;
	uint64_t value_count; /* words in values that may be looked at */
};

/* False if there is no sound keys object at @address. */
bool hs_keys_open(struct hs_python *python, hs_addr address, struct hs_keys *ret);

/* Key of entry @i; 0 if the entry is not in use. */
hs_addr hs_keys_key(const struct hs_keys *keys, uint64_t i);

/* False if there is no sound dict at @address. */
bool hs_dict_open(struct hs_python *python, hs_addr address, struct hs_dict *ret);

/* Value of entry @i; 0 if the entry is not in use. */
hs_addr hs_dict_value(const struct hs_dict *dict, uint64_t i);

/* The value of the str key @name of the dict at @address; 0 if it has none. */
hs_addr hs_dict_get(struct hs_python *python, hs_addr address, const char *name);

/* An array of attribute values (PyDictValues), its header skipped. */
struct hs_values {
	struct hs_words words;
	uint64_t count;
	bool embedded;
	bool valid;
};

/* The array at @address; @count is how many values 3.11 and 3.12 hold, which do not say. */
bool hs_values_open(struct hs_python *python, hs_addr address, uint64_t count,
		    struct hs_values *ret);

#endif
