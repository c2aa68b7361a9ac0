/* SPDX-License-Identifier: MIT */
/* containers.c: list, tuple, set, dict and their relatives. */
#include "libsnap/python/visit/visit.h"

/* From the last to the first, as list_traverse() and tupletraverse() go. */
static void visit_down(struct hs_python *python, hs_addr items, uint64_t count)
{
	struct hs_words words;

	count = hs_python_limit(python, items, count);
	words = hs_words_open(python->image, items, count);
	hs_visit_begin(python, HS_LABEL_INDEX_DOWN, 0);
	for (uint64_t i = count; i-- > 0;) {
		hs_words_prefetch(&words, i - HS_AHEAD, count);
		hs_visit(python, hs_words_get(&words, i), HS_LABEL_INDEX_DOWN, (uint32_t)i);
	}
}

static void list_visit(struct hs_python *python, const struct hs_object *object)
{
	visit_down(python, hs_word(object, PY_LIST_ITEMS), hs_ob_size(object));
}

static uint64_t list_size(struct hs_python *python, const struct hs_object *object)
{
	(void)python;
	return object->type->basicsize + 8 * hs_word(object, PY_LIST_ALLOCATED);
}

static uint64_t list_buffers(struct hs_python *python, const struct hs_object *object)
{
	return hs_buffer_take(python, hs_word(object, PY_LIST_ITEMS),
			      8 * hs_word(object, PY_LIST_ALLOCATED));
}

static void tuple_visit(struct hs_python *python, const struct hs_object *object)
{
	visit_down(python, object->address + python->layout->tuple_items, hs_ob_size(object));
}

/*
 * A struct sequence has fields beyond its length.  Until 3.12 only its class's dict tells how
 * many; from 3.13 on they are part of the basic size.
 */
static uint64_t structseq_count(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_pytype *definer = object->type->definer;
	uint64_t count = hs_ob_size(object);
	uint64_t digit = 0;
	hs_addr number;

	if (definer->basicsize > python->layout->tuple_items)
		return count + (definer->basicsize - python->layout->tuple_items) / 8;
	if (definer->structseq_fields)
		return definer->structseq_fields > count ? definer->structseq_fields : count;
	number = hs_dict_get(python, hs_type_dict(python, definer), "n_fields");
	/* A small int: its first digit, of 30 bits, is all of it. */
	if (number && hs_image_u64(python->image, number + PY_INT_DIGITS, &digit) &&
	    (digit & 0x3fffffff) > count && (digit & 0x3fffffff) < 1000) {
		count = digit & 0x3fffffff;
		((struct hs_pytype *)definer)->structseq_fields = (uint32_t)count;
	}
	return count;
}

static void structseq_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_visit_items(python, object->address + python->layout->tuple_items,
		       structseq_count(python, object), 0);
}

/* What stands for an entry removed; its type is like no other's. */
static bool is_dummy(struct hs_python *python, hs_addr key)
{
	static const char name[] = "<dummy key> type";
	struct hs_str type_name;
	hs_addr name_at;
	hs_addr type;

	if (key == python->set_dummy)
		return true;
	if (python->set_dummy || !hs_image_u64(python->image, key + PY_TYPE, &type) ||
	    !hs_image_u64(python->image, type + PY_TP_NAME, &name_at) ||
	    !hs_image_string(python->image, name_at, sizeof(name), &type_name) ||
	    type_name.size != sizeof(name) - 1 || memcmp(type_name.data, name, type_name.size) != 0)
		return false;
	python->set_dummy = key;
	return true;
}

static void set_visit(struct hs_python *python, const struct hs_object *object)
{
	const uint64_t dummy_hash = UINT64_MAX;
	hs_addr table = hs_word(object, PY_SET_TABLE);
	uint64_t slots = hs_word(object, PY_SET_MASK) + 1;
	struct hs_words words;

	slots = hs_python_limit(python, table, 2 * (slots & UINT32_MAX)) / 2;
	words = hs_words_open(python->image, table, 2 * slots);
	hs_visit_begin(python, HS_LABEL_NONE, 0);
	for (uint64_t i = 0; i < slots; i++) {
		hs_addr key = hs_words_get(&words, 2 * i);

		/* No live key has this hash: hash functions never return it. */
		if (!key ||
		    (hs_words_get(&words, 2 * i + 1) == dummy_hash && is_dummy(python, key)))
			continue;
		hs_visit(python, key, HS_LABEL_NONE, 0);
	}
}

static uint64_t set_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr table = hs_word(object, PY_SET_TABLE);

	(void)python;
	if (table == object->address + PY_SET_SMALLTABLE)
		return object->type->basicsize;
	return object->type->basicsize + PY_SET_ENTRY_SIZE * (hs_word(object, PY_SET_MASK) + 1);
}

static uint64_t set_buffers(struct hs_python *python, const struct hs_object *object)
{
	hs_addr table = hs_word(object, PY_SET_TABLE);

	if (table == object->address + PY_SET_SMALLTABLE)
		return 0;
	return hs_buffer_take(python, table, set_size(python, object) - object->type->basicsize);
}

static void deque_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr block = hs_word(object, PY_DEQUE_LEFTBLOCK);
	uint64_t index = hs_word(object, PY_DEQUE_LEFTINDEX);
	uint64_t left = hs_ob_size(object);
	uint64_t number = 0;

	hs_visit_begin(python, HS_LABEL_INDEX, 0);
	while (left && index < PY_DEQUE_BLOCK_LENGTH) {
		const uint8_t *at = hs_image_at(python->image, block, PY_DEQUE_BLOCK_SIZE);

		if (!at || !hs_python_spend(python, PY_DEQUE_BLOCK_LENGTH)) {
			hs_python_gap(python, "block of a deque cannot be read", block);
			return;
		}
		for (; left && index < PY_DEQUE_BLOCK_LENGTH; index++, left--, number++) {
			hs_addr item;

			memcpy(&item, at + PY_DEQUE_BLOCK_ITEMS + 8 * index, sizeof(item));
			hs_visit(python, item, HS_LABEL_INDEX, (uint32_t)number);
		}
		memcpy(&block, at + PY_DEQUE_BLOCK_NEXT, sizeof(block));
		index = 0;
	}
}

static uint64_t deque_size(struct hs_python *python, const struct hs_object *object)
{
	uint64_t used = hs_word(object, PY_DEQUE_LEFTINDEX) + hs_ob_size(object);

	(void)python;
	return object->type->basicsize +
	       PY_DEQUE_BLOCK_SIZE * ((used + PY_DEQUE_BLOCK_LENGTH - 1) / PY_DEQUE_BLOCK_LENGTH);
}

/* The blocks in use, and those that a deque of 3.11 or later keeps for use again. */
static uint64_t deque_buffers(struct hs_python *python, const struct hs_object *object)
{
	hs_addr block = hs_word(object, PY_DEQUE_LEFTBLOCK);
	hs_addr last = hs_word(object, PY_DEQUE_RIGHTBLOCK);
	uint64_t size = hs_buffer_take(python, block, PY_DEQUE_BLOCK_SIZE);
	struct hs_chain chain = {0};

	while (block && block != last && hs_chain_step(&chain, block) &&
	       hs_python_spend(python, 1) &&
	       hs_image_u64(python->image, block + PY_DEQUE_BLOCK_NEXT, &block))
		size += hs_buffer_take(python, block, PY_DEQUE_BLOCK_SIZE);
	if (python->layout->minor < 11)
		return size;
	for (uint64_t i = 0; i < hs_word(object, PY_DEQUE_FREE_COUNT) && i < PY_DEQUE_FREE_MAX; i++)
		size += hs_buffer_take(python, hs_word(object, PY_DEQUE_FREE_BLOCKS + 8 * i),
				       PY_DEQUE_BLOCK_SIZE);
	return size;
}

/* Whether the collector passes over the values of @dict: an instance reports them (3.13). */
static bool values_belong_to_instance(struct hs_python *python, const struct hs_dict *dict)
{
	return dict->split && dict->embedded && !python->dict_before_values;
}

/*
 * Names of the values, if the dict is the namespace of an object: strings are then cheap, for
 * namespaces share their keys.  Other dicts' keys are data.
 */
static void visit_value(struct hs_python *python, const struct hs_dict *dict, uint64_t i,
			bool is_namespace)
{
	hs_addr value = hs_dict_value(dict, i);
	uint32_t name = HS_NONE;

	if (!value)
		return;
	if (is_namespace)
		name = hs_text_number(python, hs_keys_key(&dict->keys, i));
	if (name == HS_NONE)
		hs_visit(python, value, HS_LABEL_VALUE, 0);
	else
		hs_visit(python, value, HS_LABEL_ITEM, name);
}

/*
 * Whether the keys are names.  Where data are to be left out only those of modules and classes are:
 * other objects are used as dicts, too.
 */
static bool is_namespace(struct hs_python *python, const struct hs_object *object)
{
	uint32_t owner = hs_python_owner(python, object->granule);

	return owner != HS_NONE && (!python->redact || hs_has_code_names(python, owner));
}

/* Whether the entries of @dict may be looked at; if not, that is a gap. */
static bool spend(struct hs_python *python, const struct hs_dict *dict,
		  const struct hs_object *object)
{
	return hs_python_afford(python, dict->keys.nentries, object->address);
}

void hs_visit_dict(struct hs_python *python, const struct hs_object *object)
{
	bool namespace = is_namespace(python, object);
	struct hs_dict dict;

	if (!hs_dict_open(python, object->address, &dict)) {
		hs_python_gap(python, "table of a dict cannot be read", object->address);
		return;
	}
	if (values_belong_to_instance(python, &dict) || !spend(python, &dict, object))
		return;
	if (!namespace)
		hs_visit_begin(python,
			       dict.keys.kind == PY_KEYS_GENERAL ? HS_LABEL_ENTRY : HS_LABEL_VALUE,
			       0);
	for (uint64_t i = 0; i < dict.keys.nentries; i++) {
		if (dict.keys.kind != PY_KEYS_GENERAL) {
			visit_value(python, &dict, i, namespace);
		} else if (hs_dict_value(&dict, i)) {
			hs_visit(python, hs_dict_value(&dict, i), HS_LABEL_ENTRY, 0);
			hs_visit(python, hs_keys_key(&dict.keys, i), HS_LABEL_ENTRY, 0);
		}
	}
}

/* The str keys, which cannot be part of a cycle. */
void hs_visit_dict_hidden(struct hs_python *python, const struct hs_object *object)
{
	bool namespace = is_namespace(python, object);
	struct hs_dict dict;

	if (!hs_dict_open(python, object->address, &dict) || !spend(python, &dict, object))
		return;
	if (values_belong_to_instance(python, &dict))
		for (uint64_t i = 0; i < dict.keys.nentries; i++)
			visit_value(python, &dict, i, namespace);
	if (dict.keys.kind == PY_KEYS_GENERAL)
		return;
	hs_visit_begin(python, HS_LABEL_KEY, 0);
	for (uint64_t i = 0; i < dict.keys.nentries; i++)
		if (hs_dict_value(&dict, i))
			hs_visit(python, hs_keys_key(&dict.keys, i), HS_LABEL_KEY, 0);
}

uint64_t hs_dict_size(struct hs_python *python, const struct hs_object *object)
{
	uint64_t size = object->type->basicsize;
	struct hs_dict dict;

	if (!hs_dict_open(python, object->address, &dict))
		return size;
	/* Until 3.10 there is room for values of all keys that the table could have. */
	if (dict.split && python->layout->minor < 11)
		size += 8 * dict.keys.capacity;
	else if (dict.split)
		size += 8 * (dict.keys.nentries + dict.keys.usable);
	/* Shared keys are counted with the class; those of empty dicts nowhere. */
	if (dict.keys.refcount == 1)
		size += dict.keys.bytes;
	return size;
}

/* Keys that instances share are their class's. */
uint64_t hs_dict_buffers(struct hs_python *python, const struct hs_object *object)
{
	struct hs_dict dict;
	uint64_t keys;
	uint64_t size;

	if (!hs_dict_open(python, object->address, &dict))
		return 0;
	keys = hs_buffer_take(python, dict.keys.address, dict.keys.bytes);
	size = dict.split && dict.keys.refcount != 1 ? 0 : keys;
	if (dict.split && !dict.embedded)
		size += hs_values_take(python, hs_word(object, PY_DICT_VALUES));
	return size;
}

static const struct hs_field_rule defaultdict_fields[] = {{"default_factory", 48, 0}, {0}};
static const struct hs_field_rule odict_fields[] = {{"__dict__", PY_ODICT_INST_DICT, 0}, {0}};

/* An OrderedDict reports its nodes' keys before what a dict reports. */
static void odict_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr node = hs_word(object, PY_ODICT_FIRST);
	struct hs_chain chain = {0};

	hs_visit_begin(python, HS_LABEL_KEY, 0);
	while (node) {
		const uint8_t *at = hs_image_at(python->image, node, PY_ODICT_NODE_SIZE);
		hs_addr key;

		if (!at || !hs_chain_step(&chain, node) || !hs_python_spend(python, 1)) {
			hs_python_gap(python, "node of an OrderedDict cannot be read", node);
			break;
		}
		memcpy(&key, at + PY_ODICT_NODE_KEY, sizeof(key));
		hs_visit(python, key, HS_LABEL_KEY, 0);
		memcpy(&node, at + PY_ODICT_NODE_NEXT, sizeof(node));
	}
	hs_visit_dict(python, object);
}

static uint64_t odict_size(struct hs_python *python, const struct hs_object *object)
{
	return hs_dict_size(python, object) + 8 * hs_word(object, PY_ODICT_FAST_NODES_SIZE) +
	       PY_ODICT_NODE_SIZE * hs_word(object, PY_DICT_USED);
}

static uint64_t odict_buffers(struct hs_python *python, const struct hs_object *object)
{
	uint64_t size = hs_dict_buffers(python, object);
	hs_addr node = hs_word(object, PY_ODICT_FIRST);
	struct hs_chain chain = {0};

	size += hs_buffer_take(python, hs_word(object, PY_ODICT_FAST_NODES),
			       8 * hs_word(object, PY_ODICT_FAST_NODES_SIZE));
	while (node && hs_chain_step(&chain, node) && hs_python_spend(python, 1)) {
		size += hs_buffer_take(python, node, PY_ODICT_NODE_SIZE);
		if (!hs_image_u64(python->image, node + PY_ODICT_NODE_NEXT, &node))
			break;
	}
	return size;
}

static const struct hs_field_rule mappingproxy_fields[] = {{"mapping", 16, 0}, {0}};

static const struct hs_rule rules[] = {
	{.name = "list",
	 .role = HS_ROLE_SEQUENCE,
	 .visit = list_visit,
	 .size = list_size,
	 .buffers = list_buffers},
	{.name = "tuple", .role = HS_ROLE_TUPLE, .visit = tuple_visit},
	{.name = "structseq", .role = HS_ROLE_TUPLE, .visit = structseq_visit},
	{.name = "set",
	 .role = HS_ROLE_SET,
	 .visit = set_visit,
	 .size = set_size,
	 .buffers = set_buffers},
	{.name = "frozenset",
	 .role = HS_ROLE_SET,
	 .visit = set_visit,
	 .size = set_size,
	 .buffers = set_buffers},
	{.name = "collections.deque",
	 .role = HS_ROLE_SEQUENCE,
	 .visit = deque_visit,
	 .size = deque_size,
	 .buffers = deque_buffers},
	{.name = "dict",
	 .role = HS_ROLE_MAPPING,
	 .visit = hs_visit_dict,
	 .hidden = hs_visit_dict_hidden,
	 .size = hs_dict_size,
	 .buffers = hs_dict_buffers},
	{.name = "frozendict",
	 .versions = HS_SINCE(15),
	 .role = HS_ROLE_MAPPING,
	 .visit = hs_visit_dict,
	 .hidden = hs_visit_dict_hidden,
	 .size = hs_dict_size,
	 .buffers = hs_dict_buffers},
	{.name = "collections.defaultdict",
	 .fields = defaultdict_fields,
	 .visit = hs_visit_dict,
	 .hidden = hs_visit_dict_hidden},
	{.name = "collections.OrderedDict",
	 .fields = odict_fields,
	 .visit = odict_visit,
	 .size = odict_size,
	 .buffers = odict_buffers},
	{.name = "mappingproxy", .fields = mappingproxy_fields},
};

const struct hs_rule_family hs_rules_containers = HS_RULE_FAMILY(rules);
