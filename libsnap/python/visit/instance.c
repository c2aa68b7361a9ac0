/* SPDX-License-Identifier: MIT */
/* instance.c: instances of classes written in Python: slots, attributes, dict. */
#include "libsnap/python/visit/visit.h"

bool hs_has_code_names(struct hs_python *python, uint32_t granule)
{
	bool odd = hs_bitmap_get(&python->odd, granule) ||
		   hs_bitmap_get(&python->tracked_odd, granule);
	hs_addr address = hs_image_address(python->image, granule) + (odd ? 8 : 0);
	const struct hs_pytype *type;
	hs_addr type_at;

	if (!hs_image_u64(python->image, address + PY_TYPE, &type_at))
		return false;
	type = hs_type_at(python, type_at);
	return type && (type->flags & PY_FLAG_TYPE_SUBCLASS ||
			(type->rule && type->rule->role == HS_ROLE_MODULE));
}

/* Where the words lie that an instance has before it, and its values. */
struct attributes {
	hs_addr dict;	/* materialised; 0: none */
	hs_addr values; /* address of the array, 0: none */
};

static struct attributes find_attributes(struct hs_python *python, const struct hs_object *object)
{
	struct attributes found = {0};
	hs_addr word = 0;

	hs_image_u64(python->image, object->address + (hs_addr)(int64_t)PY_MANAGED_DICT, &word);
	switch (python->layout->values_place) {
	case HS_VALUES_NONE:
		break;
	case HS_VALUES_BEFORE:
		found.dict = word;
		hs_image_u64(python->image,
			     object->address + (hs_addr)(int64_t)PY_MANAGED_VALUES_3_11,
			     &found.values);
		break;
	case HS_VALUES_TAGGED:
		if (word & 1)
			found.values = word + 1;
		else
			found.dict = word;
		break;
	case HS_VALUES_INLINE:
		found.dict = word;
		if (object->type->flags & PY_FLAG_INLINE_VALUES)
			found.values = object->address + object->type->basicsize;
		break;
	}
	return found;
}

/* The attributes in the array at @at, by name. */
static bool visit_values(struct hs_python *python, const struct hs_object *object, hs_addr at)
{
	struct hs_pytype *type = (struct hs_pytype *)object->type;
	size_t names = hs_type_keys(python, type);
	struct hs_values values;

	if (!at || !hs_values_open(python, at, names, &values) || !values.valid)
		return false;
	if (!hs_python_afford(python, values.count, object->address))
		return true;
	for (uint64_t i = 0; i < values.count; i++) {
		uint32_t name = i < names && !python->redact ? type->key_names.data[i] : HS_NONE;
		hs_addr value = hs_words_get(&values.words, i);

		if (name == HS_NONE)
			hs_visit(python, value, HS_LABEL_NONE, 0);
		else
			hs_visit(python, value, HS_LABEL_ATTRIBUTE, name);
	}
	return true;
}

hs_addr hs_value_get(struct hs_python *python, const struct hs_object *object, const char *name)
{
	struct hs_pytype *type = (struct hs_pytype *)object->type;
	struct attributes found = find_attributes(python, object);
	size_t names = hs_type_keys(python, type);
	struct hs_values values;

	if (!(type->flags & PY_FLAG_MANAGED_DICT) || !found.values ||
	    !hs_values_open(python, found.values, names, &values) || !values.valid)
		return 0;
	for (uint64_t i = 0; i < values.count && i < names; i++) {
		struct hs_str key;

		if (type->key_names.data[i] == HS_NONE)
			continue;
		key = hs_build_string_at(python->build, type->key_names.data[i]);
		if (key.size == strlen(name) && !memcmp(key.data, name, key.size))
			return hs_words_get(&values.words, i);
	}
	return 0;
}

void hs_visit_managed_dict(struct hs_python *python, const struct hs_object *object)
{
	struct attributes found = find_attributes(python, object);

	if (python->layout->values_place == HS_VALUES_INLINE) {
		if (python->dict_before_values && found.dict)
			hs_visit_named(python, found.dict, "__dict__");
		else if (!visit_values(python, object, found.values))
			hs_visit_named(python, found.dict, "__dict__");
		return;
	}
	visit_values(python, object, found.values);
	hs_visit_named(python, found.dict, "__dict__");
}

/* In 3.11 and 3.12 the array has a prefix, whose last byte is the prefix's length. */
uint64_t hs_values_take(struct hs_python *python, hs_addr values)
{
	const uint8_t *prefix;

	if (python->layout->minor < 11 || python->layout->values_place == HS_VALUES_INLINE)
		return hs_buffer_take(python, values, 1);
	prefix = hs_image_at(python->image, values - 1, 1);
	return prefix ? hs_buffer_take(python, values - *prefix, *prefix) : 0;
}

uint64_t hs_instance_buffers(struct hs_python *python, const struct hs_object *object)
{
	struct attributes found;

	if (python->layout->values_place == HS_VALUES_INLINE)
		return 0;
	found = find_attributes(python, object);
	return found.values ? hs_values_take(python, found.values) : 0;
}

/* Where an ordinary dict pointer lies: tp_dictoffset, from the end if it is negative. */
static hs_addr dict_slot(const struct hs_object *object)
{
	const struct hs_pytype *type = object->type;
	uint64_t size;

	if (type->dictoffset >= 0)
		return object->address + (uint64_t)type->dictoffset;
	size = (hs_default_size(object) + 7) & ~(uint64_t)7;
	return object->address + size + (uint64_t)type->dictoffset;
}

hs_addr hs_instance_dict(struct hs_python *python, const struct hs_object *object)
{
	hs_addr dict = 0;

	if (object->type->flags & PY_FLAG_MANAGED_DICT)
		return find_attributes(python, object).dict;
	if (object->type->dictoffset)
		hs_image_u64(python->image, dict_slot(object), &dict);
	return dict;
}

/* What is in a slot; classes derived from tuple have theirs behind the items (3.15). */
static hs_addr slot_value(struct hs_python *python, const struct hs_object *object,
			  const struct hs_field *slot)
{
	uint64_t items = hs_ob_size(object) * object->type->itemsize;
	hs_addr value = 0;

	if (!slot->after_items)
		return hs_word(object, slot->offset);
	items = (items + 7) & ~(uint64_t)7;
	hs_image_u64(python->image, object->address + items + slot->offset, &value);
	return value;
}

/* As subtype_traverse() of Objects/typeobject.c goes about it. */
void hs_visit_instance(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_pytype *type = object->type;
	const struct hs_pytype *definer = type->definer;
	size_t slots = type->slots.size;

	if (!hs_python_afford(python, slots, object->address))
		slots = 0;
	for (size_t i = 0; i < slots; i++)
		hs_visit(python, slot_value(python, object, &type->slots.data[i]),
			 HS_LABEL_ATTRIBUTE, type->slots.data[i].name);
	if (type->dictoffset != definer->dictoffset) {
		if (type->flags & PY_FLAG_MANAGED_DICT)
			hs_visit_managed_dict(python, object);
		else
			hs_visit_named(python, hs_instance_dict(python, object), "__dict__");
	}
	/* Until 3.8 no traverse function of an extension type does that. */
	if (type->flags & PY_FLAG_HEAPTYPE &&
	    (!definer->traverse || !(definer->flags & PY_FLAG_HEAPTYPE) ||
	     python->layout->minor < 9))
		hs_visit_named(python, type->address, "__class__");
}

/* A dict made for an instance whose values still count (3.13) is not reported by the instance. */
void hs_visit_instance_hidden(struct hs_python *python, const struct hs_object *object)
{
	struct attributes found;
	struct hs_values values;

	if (!(object->type->flags & PY_FLAG_MANAGED_DICT) ||
	    python->layout->values_place != HS_VALUES_INLINE)
		return;
	found = find_attributes(python, object);
	if (!found.dict || !found.values || python->dict_before_values ||
	    !hs_values_open(python, found.values, 0, &values) || !values.valid)
		return;
	hs_visit_named(python, found.dict, "__dict__");
}
