/* SPDX-License-Identifier: MIT */
/* classify.c: the table of classifiers, and numbering objects by their classes. */
#include "libsnap/analysis/classify.h"

#include "libsnap/analysis/keymap.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/huge.h"
#include "format/base/str.h"
#include "format/codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What a plain mapping is the namespace of; in the high half of the key, a type in the low one. */
enum namespace_of {
	NOT_A_NAMESPACE = 0, /* the low half is the object's type */
	OF_INSTANCE = 1,     /* the low half is the owner's type */
	OF_MODULE = 2,
	OF_TYPE = 3,
	OF_NOTHING = 4,
};

/* Subclasses of the mapping have the same role but are not built in. */
static bool is_plain_mapping(const struct hs_type *type)
{
	return type->role == HS_ROLE_MAPPING &&
	       (!type->module.size || hs_str_equal(type->module, hs_str_of("builtins")));
}

static uint64_t kind_class(const struct hs_tables *tables, hs_id object)
{
	uint32_t type = tables->objects->type[object];
	hs_id owner;

	if (tables->types[type].role != HS_ROLE_MAPPING || !is_plain_mapping(&tables->types[type]))
		return type;
	owner = tables->objects->owner ? tables->objects->owner[object] : HS_NONE;
	if (owner == HS_NONE)
		return (uint64_t)OF_NOTHING << 32 | type;
	if (hs_tables_role(tables, owner) == HS_ROLE_MODULE)
		return (uint64_t)OF_MODULE << 32 | type;
	if (hs_tables_role(tables, owner) == HS_ROLE_TYPE)
		return (uint64_t)OF_TYPE << 32 | type;
	return (uint64_t)OF_INSTANCE << 32 | tables->objects->type[owner];
}

static bool join(struct hs_arena *arena, struct hs_str first, const char *between,
		 struct hs_str second, struct hs_str *ret)
{
	size_t middle = strlen(between);
	size_t size;
	char *text;

	if (__builtin_add_overflow(first.size, second.size, &size) ||
	    __builtin_add_overflow(size, middle, &size))
		return false;
	text = hs_arena_alloc(arena, size ? size : 1);
	if (!text)
		return false;
	if (first.size)
		memcpy(text, first.data, first.size);
	memcpy(text + first.size, between, middle);
	if (second.size)
		memcpy(text + first.size + middle, second.data, second.size);
	*ret = (struct hs_str){.data = text, .size = size};
	return true;
}

static bool kind_name(const struct hs_tables *tables, uint64_t key, struct hs_arena *arena,
		      struct hs_str *ret)
{
	const struct hs_type *type = &tables->types[(uint32_t)key];

	switch ((enum namespace_of)(key >> 32)) {
	case NOT_A_NAMESPACE:
		*ret = type->name;
		return true;
	case OF_INSTANCE:
		return join(arena, hs_str_of("dict of "), "", type->name, ret);
	case OF_MODULE:
		return join(arena, type->name, " of module", hs_str_of(""), ret);
	case OF_TYPE:
		return join(arena, type->name, " of type", hs_str_of(""), ret);
	case OF_NOTHING:
		return join(arena, type->name, " (no owner)", hs_str_of(""), ret);
	}
	return false;
}

static uint64_t type_class(const struct hs_tables *tables, hs_id object)
{
	return tables->objects->type[object];
}

static bool type_name(const struct hs_tables *tables, uint64_t key, struct hs_arena *arena,
		      struct hs_str *ret)
{
	(void)arena;
	*ret = tables->types[key].name;
	return true;
}

static bool module_name(const struct hs_tables *tables, uint64_t key, struct hs_arena *arena,
			struct hs_str *ret)
{
	(void)arena;
	*ret = tables->types[key].module;
	if (!ret->size)
		*ret = hs_str_of("(no module)");
	return true;
}

static uint64_t size_class(const struct hs_tables *tables, hs_id object)
{
	return tables->objects->size[object];
}

static bool size_name(const struct hs_tables *tables, uint64_t key, struct hs_arena *arena,
		      struct hs_str *ret)
{
	char text[24];
	struct hs_str str = {.data = text};

	(void)tables;
	str.size = (size_t)snprintf(text, sizeof(text), "%llu", (unsigned long long)key);
	return hs_arena_str(arena, str, ret);
}

enum { NO_SITE = UINT32_MAX };

static uint64_t site_class(const struct hs_tables *tables, hs_id object)
{
	return tables->objects->site ? tables->objects->site[object] : NO_SITE;
}

/* Write "file:line" to @out, which is emptied before. */
static bool write_site(const struct hs_site *site, struct hs_bytes *out)
{
	char line[16];
	size_t digits = (size_t)snprintf(line, sizeof(line), ":%" PRIu32, site->line);

	if (!hs_bytes_reserve(out, site->file.size + digits))
		return false;
	if (site->file.size)
		memcpy(out->data + out->size, site->file.data, site->file.size);
	memcpy(out->data + out->size + site->file.size, line, digits);
	out->size += site->file.size + digits;
	return true;
}

static bool site_name(const struct hs_tables *tables, uint64_t key, struct hs_arena *arena,
		      struct hs_str *ret)
{
	struct hs_bytes text = {0};
	bool done;

	if (key == NO_SITE) {
		*ret = hs_str_of("(not traced)");
		return true;
	}
	done = write_site(&tables->sites[key], &text) &&
	       hs_arena_str(arena, (struct hs_str){(const char *)text.data, text.size}, ret);
	hs_bytes_deinit(&text);
	return done;
}

enum { TRACEBACK_LINES = 64 }; /* of a name; deeper tracebacks that begin alike are one class */

static bool write_text(const char *text, struct hs_bytes *out)
{
	size_t size = strlen(text);

	if (!hs_bytes_reserve(out, size))
		return false;
	memcpy(out->data + out->size, text, size);
	out->size += size;
	return true;
}

/* "file:line ← caller:line ← …" */
static bool traceback_name(const struct hs_tables *tables, uint64_t key, struct hs_arena *arena,
			   struct hs_str *ret)
{
	struct hs_bytes text = {0};
	uint32_t site = (uint32_t)key;
	bool done = true;

	if (key == NO_SITE)
		return site_name(tables, key, arena, ret);
	for (int i = 0; done && site != HS_NONE && i <= TRACEBACK_LINES; i++) {
		if (i == TRACEBACK_LINES) {
			done = write_text(" ← …", &text);
			break;
		}
		done = write_text(i ? " ← " : "", &text) && write_site(&tables->sites[site], &text);
		site = tables->sites[site].caller;
	}
	done = done &&
	       hs_arena_str(arena, (struct hs_str){(const char *)text.data, text.size}, ret);
	hs_bytes_deinit(&text);
	return done;
}

static const struct hs_classifier kind = {
	.name = "kind",
	.summary = "type, and for namespace dicts whose namespace it is",
	.columns = HS_COLUMN_TYPE | HS_COLUMN_OWNER,
	.class_of = kind_class,
	.class_name = kind_name,
};

static const struct hs_classifier type = {
	.name = "type",
	.summary = "type",
	.columns = HS_COLUMN_TYPE,
	.class_of = type_class,
	.class_name = type_name,
};

static const struct hs_classifier module = {
	.name = "module",
	.summary = "module that defines the type",
	.columns = HS_COLUMN_TYPE,
	.class_of = type_class,
	.class_name = module_name,
};

static const struct hs_classifier size = {
	.name = "size",
	.summary = "shallow size in bytes",
	.columns = HS_COLUMN_SIZE,
	.class_of = size_class,
	.class_name = size_name,
};

static const struct hs_classifier site = {
	.name = "site",
	.summary = "line that allocated the object",
	.columns = HS_COLUMN_SITE,
	.needs_sites = true,
	.class_of = site_class,
	.class_name = site_name,
};

static const struct hs_classifier traceback = {
	.name = "traceback",
	.summary = "line that allocated the object, and the lines that called it",
	.columns = HS_COLUMN_SITE,
	.needs_sites = true,
	.class_of = site_class,
	.class_name = traceback_name,
};

static const struct hs_classifier *const table[] = {&kind, &type, &module,
						    &size, &site, &traceback};

const struct hs_classifier *const *hs_classifiers(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

const struct hs_classifier *hs_classifier_find(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i]->name) == length && !memcmp(table[i]->name, name, length))
			return table[i];
	return NULL;
}

const char *hs_classifier_name(const struct hs_classifier *classifier)
{
	return classifier->name;
}

const char *hs_classifier_summary(const struct hs_classifier *classifier)
{
	return classifier->summary;
}

uint32_t hs_classifier_columns(const struct hs_classifier *classifier)
{
	return classifier->columns;
}

struct hs_tables hs_tables_of(const struct hs_snapshot *snap)
{
	uint32_t count;
	struct hs_tables tables = {
		.snap = snap,
		.objects = hs_snapshot_objects(snap),
		.types = hs_snapshot_types(snap, &count),
	};

	tables.sites = hs_snapshot_sites(snap, &tables.site_count);
	return tables;
}

bool hs_has_columns(const struct hs_objects *objects, uint32_t columns)
{
	uint32_t present =
		(objects->address ? HS_COLUMN_ADDRESS : 0U) |
		(objects->type ? HS_COLUMN_TYPE : 0U) | (objects->size ? HS_COLUMN_SIZE : 0U) |
		(objects->edges && objects->first_edge && objects->shape && objects->visible
			 ? HS_COLUMN_EDGES
			 : 0U);

	if (!objects->count)
		return true;
	/* The other columns may be missing from a file: that says something of no object. */
	columns &= HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_SIZE | HS_COLUMN_EDGES;
	return !(columns & ~present);
}

/* Number the objects by one classifier: keys first, then the keys' names. */
static bool classify_one(const struct hs_tables *tables, const struct hs_classifier *by,
			 struct hs_strtab *names, uint32_t *numbers)
{
	hs_id count = tables->objects->count;
	_cleanup_keymap_ struct hs_keymap keys = {0};
	_cleanup_free_ uint32_t *name_of = NULL;
	uint64_t last_key = 0;
	uint32_t last = UINT32_MAX;

	for (hs_id i = 0; i < count; i++) {
		uint64_t key = by->class_of(tables, i);

		if (last == UINT32_MAX || key != last_key) {
			if (!hs_keymap_intern(&keys, key, &last))
				return false;
			last_key = key;
		}
		numbers[i] = last;
	}
	name_of = calloc(keys.count ? keys.count : 1, sizeof(*name_of));
	if (!name_of)
		return false;
	for (uint32_t i = 0; i < keys.count; i++) {
		struct hs_str name;

		if (!by->class_name(tables, keys.keys[i], names->arena, &name) ||
		    !hs_strtab_intern(names, name, &name_of[i]))
			return false;
	}
	for (hs_id i = 0; i < count; i++)
		numbers[i] = name_of[numbers[i]];
	return true;
}

/* Make @numbers the classes of the product of @numbers and @others. */
static bool multiply(struct hs_strtab *names, uint32_t *numbers, const uint32_t *others,
		     hs_id count)
{
	_cleanup_keymap_ struct hs_keymap pairs = {0};
	_cleanup_free_ uint32_t *name_of = NULL;

	for (hs_id i = 0; i < count; i++)
		if (!hs_keymap_intern(&pairs, (uint64_t)numbers[i] << 32 | others[i], &numbers[i]))
			return false;
	name_of = malloc((pairs.count ? pairs.count : 1) * sizeof(*name_of));
	if (!name_of)
		return false;
	for (uint32_t i = 0; i < pairs.count; i++) {
		struct hs_str name;

		if (!join(names->arena, names->strings.data[pairs.keys[i] >> 32], ", ",
			  names->strings.data[(uint32_t)pairs.keys[i]], &name) ||
		    !hs_strtab_intern(names, name, &name_of[i]))
			return false;
	}
	for (hs_id i = 0; i < count; i++)
		numbers[i] = name_of[numbers[i]];
	return true;
}

struct hs_error *hs_classifiers_check(const struct hs_snapshot *snap, const char *name,
				      const struct hs_classifier *const *by, size_t by_count)
{
	struct hs_tables tables = hs_tables_of(snap);

	for (size_t i = 0; i < by_count; i++)
		if (by[i]->needs_sites && !tables.site_count)
			return hs_error_create(
				HS_ERROR_FAILED,
				"%s does not say where objects were allocated: run the program "
				"with -X tracemalloc or PYTHONTRACEMALLOC=1, then dump it%s",
				name,
				hs_snapshot_gap_total(snap)
					? " (if it was, 'heapsnap info' says what went wrong)"
					: "");
	return NULL;
}

struct hs_error *hs_classify(const struct hs_snapshot *snap, const struct hs_classifier *const *by,
			     size_t by_count, struct hs_strtab *names, uint32_t **ret)
{
	struct hs_tables tables = hs_tables_of(snap);
	hs_id count = tables.objects->count;
	_cleanup_free_ uint32_t *numbers = NULL;
	_cleanup_free_ uint32_t *others = NULL;

	if (!by_count)
		return hs_error_create(HS_ERROR_USAGE, "nothing given to sort objects by");
	for (size_t i = 0; i < by_count; i++)
		if (!hs_has_columns(tables.objects, by[i]->columns))
			return hs_error_create(HS_ERROR_USAGE,
					       "the snapshot was opened without a column that "
					       "'%s' needs",
					       by[i]->name);
	numbers = hs_huge_alloc(count, sizeof(*numbers));
	if (!numbers || !classify_one(&tables, by[0], names, numbers))
		return &hs_enomem;
	for (size_t i = 1; i < by_count; i++) {
		if (!others)
			others = hs_huge_alloc(count, sizeof(*others));
		if (!others || !classify_one(&tables, by[i], names, others) ||
		    !multiply(names, numbers, others, count))
			return &hs_enomem;
	}
	*ret = hs_steal(numbers);
	return NULL;
}
