/* SPDX-License-Identifier: MIT */
/* packages.c: types of much used packages that a scan would misjudge. */
#include "libsnap/python/visit/visit.h"

enum {
	PAIRS_COUNT = 32, /* in a MultiDictObject: a pair_list_t */
	PAIRS = 56,
	PAIR_WORDS = 4, /* identity, key, value, hash */
	PAIR_KEY = 1,
	PAIR_VALUE = 2,
};

/* The identity, a str, cannot be part of a cycle. */
static void visit_pairs(struct hs_python *python, const struct hs_object *object, bool visible)
{
	hs_addr pairs = hs_word(object, PAIRS);
	uint64_t size = hs_word(object, PAIRS_COUNT);
	struct hs_words words;
	uint64_t count;

	if (size >> HS_ADDRESS_BITS)
		return;
	count = hs_python_limit(python, pairs, PAIR_WORDS * size) / PAIR_WORDS;
	words = hs_words_open(python->image, pairs, PAIR_WORDS * count);
	hs_visit_begin(python, visible ? HS_LABEL_NONE : HS_LABEL_KEY, 0);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t pair = PAIR_WORDS * i;

		if (!visible) {
			hs_visit(python, hs_words_get(&words, pair), HS_LABEL_KEY, 0);
			continue;
		}
		hs_visit(python, hs_words_get(&words, pair + PAIR_KEY), HS_LABEL_NONE, 0);
		hs_visit(python, hs_words_get(&words, pair + PAIR_VALUE), HS_LABEL_NONE, 0);
	}
}

static void multidict_visit(struct hs_python *python, const struct hs_object *object)
{
	visit_pairs(python, object, true);
}

static void multidict_hidden(struct hs_python *python, const struct hs_object *object)
{
	visit_pairs(python, object, false);
}

/* CTypeDescrObject of cffi */
static const struct hs_field_rule ctype_fields[] = {
	{"item", 24, 0},
	{"stuff", 32, 0},
	{"key", 56, HS_FIELD_HIDDEN},
	{0},
};

/* CDataObject_gcp: a value of C's and who disposes of it */
static const struct hs_field_rule cdata_fields[] = {
	{"ctype", 16, HS_FIELD_HIDDEN},
	{"origin", 48, 0},
	{"destructor", 56, 0},
	{0},
};

#define MULTIDICT(tp_name)                                                                         \
	{                                                                                          \
		.name = (tp_name), .basicsize = 992, .visit = multidict_visit,                     \
		.hidden = multidict_hidden                                                         \
	}

static const struct hs_rule rules[] = {
	MULTIDICT("multidict._multidict.MultiDict"),
	MULTIDICT("multidict._multidict.CIMultiDict"),
	{.name = "_cffi_backend.CType", .basicsize = 88, .fields = ctype_fields},
	{.name = "_cffi_backend.__CDataGCP", .basicsize = 64, .fields = cdata_fields},
};

const struct hs_rule_family hs_rules_packages = HS_RULE_FAMILY(rules);
