/* SPDX-License-Identifier: MIT */
/* types.c: the type objects of the target, read once each. */
#include "libsnap/python/types.h"

#include "libsnap/python/dict.h"
#include "libsnap/python/text.h"
#include "libsnap/python/visit/visit.h"
#include "libsnap/python/words.h"

enum {
	MIN_CAPACITY = 4096,
	MAX_BASIC_SIZE = 1 << 20,
	SHORT_NAME = 1 << 10,
	MAX_NAME = 1 << 26,
	MAX_DEPTH = 1000, /* of types read because others need them: bases, metatypes, keys' */
	MAX_MEMBERS = 10000,
	MAX_STATIC_TYPES = 1000,
	MAX_SHARED_KEYS = 256, /* CPython shares keys of up to 30 attributes */
};

static struct hs_pytype *read_type(struct hs_python *python, hs_addr address);

static struct hs_pytype **slot_of(struct hs_pytype **types, size_t capacity, hs_addr address)
{
	size_t i = (address >> 4) * 0x9e3779b97f4a7c15u >> 20 & (capacity - 1);

	while (types[i] && types[i]->address != address)
		i = (i + 1) & (capacity - 1);
	return &types[i];
}

static bool grow(struct hs_python *python)
{
	size_t capacity = python->type_capacity ? 2 * python->type_capacity : MIN_CAPACITY;
	struct hs_pytype **types = calloc(capacity, sizeof(struct hs_pytype *));

	if (!types)
		return false;
	for (size_t i = 0; i < python->type_capacity; i++)
		if (python->types[i])
			*slot_of(types, capacity, python->types[i]->address) = python->types[i];
	free(python->types);
	python->types = types;
	python->type_capacity = capacity;
	return true;
}

bool hs_types_init(struct hs_python *python)
{
	return grow(python);
}

static void destroy(struct hs_pytype *type)
{
	hs_vector_deinit(&type->slots);
	hs_vector_deinit(&type->fields);
	hs_vector_deinit(&type->key_names);
	hs_vector_deinit(&type->last_runs);
	free(type);
}

void hs_types_destroy(struct hs_python *python)
{
	for (size_t i = 0; i < python->type_capacity; i++)
		if (python->types[i])
			destroy(python->types[i]);
	free(python->types);
}

/*
 * The name at @address.  Long ones are paid for, like the words of arrays: many types could have
 * names that are parts of one large block of memory.
 */
static bool read_name(struct hs_python *python, hs_addr address, struct hs_str *ret)
{
	for (size_t limit = SHORT_NAME; limit <= MAX_NAME; limit *= 2) {
		if (hs_image_string(python->image, address, limit, ret))
			return true;
		/* Either memory ends before the string does, or the string is longer. */
		if (hs_words_limit(python->image, address, limit / 8) < limit / 8 ||
		    limit / 4 > python->budget || !hs_python_spend(python, limit / 4))
			return false;
	}
	return false;
}

struct hs_str hs_type_raw_name(struct hs_python *python, hs_addr type)
{
	struct hs_str name = {.data = "?", .size = 1};
	hs_addr at;

	if (hs_image_u64(python->image, type + PY_TP_NAME, &at))
		read_name(python, at, &name);
	return name;
}

static uint32_t low_word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t word(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/*
 * The index of a static type's state in the interpreter is kept, plus one, where heap types have
 * tp_subclasses (3.12).  Types of extension modules are numbered on from the builtin ones (3.13)
 * in a table of their own.
 */
hs_addr hs_type_dict(struct hs_python *python, const struct hs_pytype *type)
{
	const struct hs_layout *layout = python->layout;
	const hs_addr tables[] = {layout->interp_types_builtins, layout->interp_types_extensions};
	hs_addr interp;
	hs_addr dict;
	uint64_t index;

	if (hs_image_u64(python->image, type->address + PY_TP_DICT, &dict) && dict)
		return dict;
	if (!(type->flags & PY_FLAG_STATIC_BUILTIN) || layout->interp_types_builtins == HS_ABSENT ||
	    !hs_image_u64(python->image, type->address + PY_TP_SUBCLASSES, &index) || !index ||
	    index > MAX_STATIC_TYPES ||
	    !hs_image_u64(python->image, python->runtime + layout->runtime_interpreters_main,
			  &interp))
		return 0;
	for (size_t table = 0; table < 2; table++) {
		hs_addr first = interp + tables[table];
		hs_addr at;

		if (tables[table] == HS_ABSENT)
			break;
		/* The builtin types' count is the index of the first of the others. */
		for (uint64_t i = table ? 0 : index - 1; i < index; i++) {
			hs_addr entry = first + i * layout->types_entry_size;

			if (hs_image_u64(python->image, entry, &at) && at == type->address &&
			    hs_image_u64(python->image, entry + layout->types_entry_dict, &dict))
				return dict;
		}
	}
	return 0;
}

/* The names that a heap type goes by; false if they cannot be read. */
static bool heap_names(struct hs_python *python, const struct hs_pytype *type,
		       struct hs_text *module, struct hs_text *qualname)
{
	hs_addr name_at;
	hs_addr dict = hs_type_dict(python, type);

	if (!hs_image_u64(python->image, type->address + python->layout->heap_type_qualname,
			  &name_at) ||
	    !hs_text_read(python, name_at, qualname))
		return false;
	return hs_text_read(python, hs_dict_get(python, dict, "__module__"), module);
}

/* As type.__module__ and type.__qualname__ say it; builtins bare. */
static void name_type(struct hs_python *python, struct hs_pytype *type, enum hs_role role)
{
	struct hs_str raw = hs_type_raw_name(python, type->address);
	struct hs_text module = {0};
	struct hs_text qualname = {0};
	struct hs_text name = {0};
	struct hs_str module_str = {.data = "builtins", .size = 8};
	struct hs_str name_str = raw;

	if (type->flags & PY_FLAG_HEAPTYPE && heap_names(python, type, &module, &qualname)) {
		module_str = hs_text_str(&module);
		name_str = hs_text_str(&qualname);
		if (module.size != 8 || memcmp(module.data, "builtins", 8) != 0) {
			size_t size = module.size + 1 + qualname.size;

			if (hs_vector_reserve(&name, size)) {
				if (module.size)
					memcpy(name.data, module.data, module.size);
				name.data[module.size] = '.';
				if (qualname.size)
					memcpy(name.data + module.size + 1, qualname.data,
					       qualname.size);
				name.size = size;
				name_str = hs_text_str(&name);
			}
		}
	} else {
		const char *dot = memrchr(raw.data, '.', raw.size);

		if (dot)
			module_str = (struct hs_str){raw.data, (size_t)(dot - raw.data)};
	}
	type->number = hs_build_type(python->build, name_str, module_str, role, type->granule);
	hs_text_deinit(&module);
	hs_text_deinit(&qualname);
	hs_text_deinit(&name);
}

/* What the fixed part of the type says; false if that makes no sense. */
static bool read_prefix(struct hs_python *python, struct hs_pytype *type)
{
	const uint8_t *body = hs_image_at(python->image, type->address, PY_TYPE_PREFIX);
	struct hs_str name;

	if (type->address & 7 || !body || !hs_refcount_sound(python, word(body + PY_REFCNT)))
		return false;
	type->granule = hs_image_granule(python->image, type->address);
	/* Types are counted: they do not lie in pages that nobody writes to, fetched later. */
	if (type->granule >= python->granules)
		return false;
	type->flags = low_word(body + PY_TP_FLAGS);
	/* Until 3.10 these bits had no meaning. */
	if (python->layout->values_place == HS_VALUES_NONE)
		type->flags &= ~(uint32_t)(PY_FLAG_STATIC_BUILTIN | PY_FLAG_INLINE_VALUES |
					   PY_FLAG_MANAGED_WEAKREF | PY_FLAG_MANAGED_DICT);
	type->basicsize = word(body + PY_TP_BASICSIZE);
	type->itemsize = word(body + PY_TP_ITEMSIZE);
	type->dictoffset = (int64_t)word(body + PY_TP_DICTOFFSET);
	type->weaklistoffset = (int64_t)word(body + PY_TP_WEAKLISTOFFSET);
	type->traverse = word(body + PY_TP_TRAVERSE);
	return type->basicsize >= PY_HEADER_SIZE && type->basicsize <= MAX_BASIC_SIZE &&
	       type->itemsize <= MAX_BASIC_SIZE &&
	       read_name(python, word(body + PY_TP_NAME), &name) &&
	       /* type('', (), {}) is a class as good as any. */
	       (name.size || type->flags & PY_FLAG_HEAPTYPE);
}

/* The base class; one whose own bases are still being looked for goes round in a circle. */
static bool read_base(struct hs_python *python, struct hs_pytype *type)
{
	const struct hs_pytype *base;
	hs_addr base_at;

	if (!hs_image_u64(python->image, type->address + PY_TP_BASE, &base_at))
		return false;
	if (base_at) {
		base = read_type(python, base_at);
		if (!base || !base->base_known)
			return false;
		type->base = base;
	}
	type->base_known = true;
	return true;
}

/*
 * The metatype.  Only `type` is its own, and only `type` may be needed while it is being read: by
 * `object`, its base.
 */
static bool read_metatype(struct hs_python *python, struct hs_pytype *type)
{
	hs_addr meta;

	if (!hs_image_u64(python->image, type->address + PY_TYPE, &meta))
		return false;
	if (meta == type->address) {
		type->metatype = type;
		return type->address == python->type_type;
	}
	type->metatype = read_type(python, meta);
	return type->metatype && type->metatype->flags & PY_FLAG_TYPE_SUBCLASS &&
	       (type->metatype->metatype || meta == python->type_type);
}

/* The PyMemberDef records of a class made by a class statement lie behind its type object. */
static void read_slots(struct hs_python *python, struct hs_pytype *type)
{
	for (const struct hs_pytype *class = type;
	     class && class->metatype && class->traverse == python->subtype_traverse;
	     class = class->base) {
		hs_addr record = class->address + class->metatype->basicsize;
		uint64_t count = 0;

		hs_image_u64(python->image, class->address + PY_SIZE, &count);
		for (uint64_t i = 0; i < count && i < MAX_MEMBERS;
		     i++, record += PY_MEMBER_DEF_SIZE) {
			struct hs_str name;
			struct hs_field field = {0};
			hs_addr name_at;
			uint32_t flags = 0;
			uint32_t kind;

			if (!hs_image_u64(python->image, record + PY_MEMBER_NAME, &name_at) ||
			    !hs_image_u32(python->image, record + PY_MEMBER_TYPE, &kind) ||
			    !hs_image_u32(python->image, record + PY_MEMBER_FLAGS, &flags) ||
			    !hs_image_u32(python->image, record + PY_MEMBER_OFFSET,
					  &field.offset) ||
			    !hs_python_spend(python, PY_MEMBER_DEF_SIZE / 8))
				break;
			if (kind != PY_T_OBJECT_EX || field.offset >= type->basicsize ||
			    !read_name(python, name_at, &name))
				continue;
			/* Each has a word of its own. */
			if (type->slots.size >= type->basicsize / 8)
				return;
			field.name = hs_build_string(python->build, name);
			field.after_items =
				flags & PY_MEMBER_AFTER_ITEMS && python->layout->minor >= 15;
			if (!hs_vector_push(&type->slots, field))
				python->nomem = true;
		}
	}
}

/* Names for the words of an extension type's body, as far as it publishes them. */
static void read_members(struct hs_python *python, struct hs_pytype *type)
{
	hs_addr record = 0;

	hs_image_u64(python->image, type->definer->address + PY_TP_MEMBERS, &record);
	for (unsigned int i = 0; record && i < MAX_MEMBERS; i++, record += PY_MEMBER_DEF_SIZE) {
		struct hs_field field = {0};
		struct hs_str name;
		hs_addr name_at;
		uint32_t kind;

		if (!hs_image_u64(python->image, record + PY_MEMBER_NAME, &name_at) || !name_at ||
		    !hs_image_u32(python->image, record + PY_MEMBER_TYPE, &kind) ||
		    !hs_image_u32(python->image, record + PY_MEMBER_OFFSET, &field.offset) ||
		    !read_name(python, name_at, &name) ||
		    !hs_python_spend(python, PY_MEMBER_DEF_SIZE / 8))
			return;
		if (kind != PY_T_OBJECT && kind != PY_T_OBJECT_EX)
			continue;
		field.name = hs_build_string(python->build, name);
		if (!hs_vector_push(&type->fields, field))
			python->nomem = true;
	}
}

static void read_fields(struct hs_python *python, struct hs_pytype *type)
{
	const struct hs_field_rule *rule;

	if (hs_rule_scans(type->rule)) {
		read_members(python, type);
		return;
	}
	for (rule = type->rule->fields; rule && rule->name; rule++) {
		struct hs_field field = {
			.offset = rule->offset,
			.hidden = rule->flags & HS_FIELD_HIDDEN,
			.weak = rule->flags & HS_FIELD_WEAK,
		};

		if (!hs_versions_have(rule->flags, python->layout->minor))
			continue;
		if (rule->flags & HS_FIELD_LAYOUT)
			memcpy(&field.offset, (const char *)python->layout + rule->offset,
			       sizeof(field.offset));
		if (field.offset == HS_ABSENT)
			continue;
		field.name = hs_build_string(python->build,
					     (struct hs_str){rule->name, strlen(rule->name)});
		if (!hs_vector_push(&type->fields, field))
			python->nomem = true;
	}
}

static void read_python_sizeof(struct hs_python *python, struct hs_pytype *type)
{
	for (const struct hs_pytype *class = type;
	     class && class->traverse == python->subtype_traverse && !type->python_sizeof;
	     class = class->base)
		type->python_sizeof =
			hs_dict_get(python, hs_type_dict(python, class), "__sizeof__") != 0;
}

/* What kind of value instances have, by the nearest base that says. */
static uint8_t find_preview(struct hs_python *python, const struct hs_pytype *type)
{
	for (const struct hs_pytype *base = type; base; base = base->base) {
		const struct hs_rule *rule = hs_rule_of(python, base);

		if (rule && rule->preview)
			return rule->preview == HS_PREVIEW_KIND_COUNT ? 0 : rule->preview;
	}
	return 0;
}

/*
 * From 3.9 on the traverse functions of extension types on the heap visit the type; one that is
 * inherited from a static type cannot know of it (bpo-40217).
 */
static bool visits_type(const struct hs_python *python, const struct hs_pytype *definer)
{
	const struct hs_pytype *origin = definer;

	while (origin->base && origin->base->traverse == definer->traverse)
		origin = origin->base;
	return python->layout->minor >= 9 && origin->flags & PY_FLAG_HEAPTYPE &&
	       definer->traverse && definer->traverse != python->subtype_traverse;
}

static void describe(struct hs_python *python, struct hs_pytype *type)
{
	const struct hs_pytype *definer = type;

	while (definer->base && definer->traverse == python->subtype_traverse)
		definer = definer->base;
	type->definer = definer;
	type->visits_type = visits_type(python, definer);
	type->rule = hs_rule_find(python, definer);
	for (const struct hs_pytype *base = type; base; base = base->base) {
		const struct hs_rule *rule = hs_rule_of(python, base);

		if (rule && rule->size && !type->size_rule)
			type->size_rule = rule;
		if (rule && rule->buffers && !type->buffers_rule)
			type->buffers_rule = rule;
	}
	type->preview = find_preview(python, type);
	if (type->flags & PY_FLAG_HEAPTYPE && type->traverse == python->subtype_traverse)
		hs_image_u64(python->image, type->address + python->layout->heap_type_cached_keys,
			     &type->cached_keys);
	read_slots(python, type);
	read_fields(python, type);
	read_python_sizeof(python, type);
	name_type(python, type,
		  type->traverse == python->subtype_traverse &&
				  !(type->rule && type->rule->subclass_keeps_role)
			  ? HS_ROLE_INSTANCE
		  : type->rule ? type->rule->role
			       : HS_ROLE_OTHER);
}

/* A new entry of the table with what @prefix says; NULL if memory ran out. */
static struct hs_pytype *add_type(struct hs_python *python, const struct hs_pytype *prefix)
{
	struct hs_pytype *type = malloc(sizeof(*type));

	if (!type || (python->type_count * 2 >= python->type_capacity && !grow(python))) {
		python->nomem = true;
		free(type);
		return NULL;
	}
	*type = *prefix;
	*slot_of(python->types, python->type_capacity, type->address) = type;
	python->type_count++;
	return type;
}

static struct hs_pytype *read_type(struct hs_python *python, hs_addr address)
{
	struct hs_pytype **slot = slot_of(python->types, python->type_capacity, address);
	struct hs_pytype prefix = {.address = address, .last_shape = HS_NONE};
	struct hs_pytype *type;

	if (*slot)
		return (*slot)->unsound ? NULL : *slot;
	if (python->type_depth >= MAX_DEPTH || !read_prefix(python, &prefix))
		return NULL;
	/* `type` is an `object` and `object` is a `type`: each must be found while it is read. */
	type = add_type(python, &prefix);
	if (!type)
		return NULL;
	python->type_depth++;
	/* Others may refer to one that is unsound already: it stays, but no look-up returns it. */
	if (read_base(python, type) && read_metatype(python, type))
		describe(python, type);
	else
		type->unsound = true;
	python->type_depth--;
	return type->unsound ? NULL : type;
}

struct hs_pytype *hs_type_lookup(struct hs_python *python, hs_addr address)
{
	return read_type(python, address);
}

size_t hs_type_keys(struct hs_python *python, struct hs_pytype *type)
{
	struct hs_keys keys;

	if (type->keys_read)
		return type->key_names.size;
	if (!type->cached_keys || !hs_keys_open(python, type->cached_keys, &keys))
		return 0;
	while (type->key_names.size < keys.nentries && type->key_names.size < MAX_SHARED_KEYS) {
		uint32_t name = hs_text_number(python, hs_keys_key(&keys, type->key_names.size));

		if (!hs_vector_push(&type->key_names, name)) {
			python->nomem = true;
			return 0;
		}
	}
	type->keys_read = true;
	return type->key_names.size;
}
