/* SPDX-License-Identifier: MIT */
/* visit.c: one object after the other, from the target into the builder. */
#include "libsnap/python/visit/visit.h"

#include "libsnap/python/fingerprint.h"
#include "libsnap/python/preview.h"
#include "libsnap/python/tracemalloc.h"

static bool is_variable(const struct hs_run *run)
{
	switch ((enum hs_label_kind)run->kind) {
	case HS_LABEL_NONE:
	case HS_LABEL_INDEX:
	case HS_LABEL_INDEX_DOWN:
	case HS_LABEL_VALUE:
	case HS_LABEL_KEY:
	case HS_LABEL_ENTRY:
		return true;
	case HS_LABEL_ATTRIBUTE:
	case HS_LABEL_ITEM:
	case HS_LABEL_OFFSET:
	case HS_LABEL_LOCAL:
	case HS_LABEL_COUNT:
		return false;
	}
	return false;
}

static void push_run(struct hs_python *python, enum hs_label_kind kind, enum hs_strength strength,
		     uint32_t operand, uint32_t count)
{
	struct hs_run run = {
		.kind = (uint8_t)kind,
		.strength = (uint8_t)strength,
		.operand = operand,
		.count = count,
	};

	if (!hs_vector_push(&python->runs, run))
		python->nomem = true;
}

/* Whether one more reference called so continues the last run. */
static bool continues(const struct hs_python *python, enum hs_label_kind kind,
		      enum hs_strength strength, uint32_t operand)
{
	const struct hs_run *last;

	if (!python->runs.size || python->first_hidden == python->runs.size)
		return false;
	last = &python->runs.data[python->runs.size - 1];
	if (last->kind != kind || last->strength != strength)
		return false;
	switch (kind) {
	case HS_LABEL_NONE:
	case HS_LABEL_VALUE:
	case HS_LABEL_KEY:
	case HS_LABEL_ENTRY:
		return true;
	case HS_LABEL_INDEX:
		return operand == last->operand + last->count;
	case HS_LABEL_INDEX_DOWN:
		/* The run's operand is its lowest index so far. */
		return !last->count || operand + 1 == last->operand;
	case HS_LABEL_ATTRIBUTE:
	case HS_LABEL_ITEM:
	case HS_LABEL_OFFSET:
	case HS_LABEL_LOCAL:
	case HS_LABEL_COUNT:
		return false;
	}
	return false;
}

static void add_edge(struct hs_python *python, uint32_t granule, enum hs_label_kind kind,
		     enum hs_strength strength, uint32_t operand)
{
	if (!hs_vector_push(&python->targets, granule)) {
		python->nomem = true;
		return;
	}
	if (continues(python, kind, strength, operand)) {
		struct hs_run *last = &python->runs.data[python->runs.size - 1];

		last->count++;
		if (kind == HS_LABEL_INDEX_DOWN)
			last->operand = operand;
		return;
	}
	push_run(python, kind, strength, operand, 1);
}

static void visit(struct hs_python *python, hs_addr target, enum hs_label_kind kind,
		  enum hs_strength strength, uint32_t operand)
{
	uint32_t granule;

	if (!target)
		return;
	if (python->targets.size % HS_SPILL_STEPS == HS_SPILL_STEPS - 1)
		hs_spill_relieve(python->image->spill);
	granule = strength == HS_WEAK ? hs_discover_weak(python, target)
				      : hs_discover(python, target);
	if (granule == HS_NONE)
		hs_python_gap(python, "reference to something that is no object", target);
	else
		add_edge(python, granule, kind, strength, operand);
}

void hs_visit(struct hs_python *python, hs_addr target, enum hs_label_kind kind, uint32_t operand)
{
	visit(python, target, kind, HS_STRONG, operand);
}

void hs_visit_weak(struct hs_python *python, hs_addr target, enum hs_label_kind kind,
		   uint32_t operand)
{
	visit(python, target, kind, HS_WEAK, operand);
}

/*
 * A struct of C that begins with two pointers, the second to a type, looks like an object where
 * programs lie at low addresses: its reference count would be an address.  What lies near 10^9 is
 * the count of a singleton of 3.11, although the heap can come to lie there.
 */
static bool has_address_for_count(const struct hs_python *python, hs_addr word)
{
	const uint64_t singleton = 999999999;
	const uint64_t drift = 1 << 21;
	uint64_t count;

	if (!hs_image_u64(python->image, word + PY_REFCNT, &count))
		return false;
	if (python->layout->minor == 11 && count - (singleton - drift) < 2 * drift)
		return false;
	return hs_maps_find(&python->image->maps, count);
}

uint32_t hs_discover_word(struct hs_python *python, uint64_t word)
{
	return has_address_for_count(python, word) ? HS_NONE : hs_discover(python, word);
}

void hs_visit_scan(struct hs_python *python, hs_addr word, enum hs_label_kind kind,
		   uint32_t operand)
{
	uint32_t granule = hs_discover_word(python, word);

	if (granule != HS_NONE)
		add_edge(python, granule, kind, HS_GENERIC, operand);
}

void hs_visit_named(struct hs_python *python, hs_addr target, const char *name)
{
	if (target)
		hs_visit(python, target, HS_LABEL_ATTRIBUTE,
			 hs_build_string(python->build, (struct hs_str){name, strlen(name)}));
}

void hs_visit_begin(struct hs_python *python, enum hs_label_kind kind, uint32_t operand)
{
	push_run(python, kind, HS_STRONG, operand, 0);
}

void hs_visit_hidden(struct hs_python *python)
{
	if (python->first_hidden != HS_NONE)
		return;
	python->first_hidden = (uint32_t)python->runs.size;
	python->visible = (uint32_t)python->targets.size;
}

void hs_visit_items(struct hs_python *python, hs_addr items, uint64_t count, uint32_t first)
{
	struct hs_words words;

	count = hs_python_limit(python, items, count);
	words = hs_words_open(python->image, items, count);
	hs_visit_begin(python, HS_LABEL_INDEX, first);
	for (uint64_t i = 0; i < count; i++) {
		hs_words_prefetch(&words, i + HS_AHEAD, count);
		hs_visit(python, hs_words_get(&words, i), HS_LABEL_INDEX, first + (uint32_t)i);
	}
}

/*
 * Make the runs of one part, @from .. @to-1, those of a shape: runs announced but empty go, except
 * that the last variable one stands for all that is left.  Returns the new end.
 */
static uint32_t normalise(struct hs_python *python, uint32_t from, uint32_t to)
{
	struct hs_run *runs = python->runs.data;
	uint32_t last = HS_NONE;
	uint32_t end = from;

	for (uint32_t i = from; i < to; i++)
		if (is_variable(&runs[i]))
			last = i;
	for (uint32_t i = from; i < to; i++) {
		if (i == last)
			runs[i].count = 0;
		else if (!runs[i].count)
			continue;
		runs[end++] = runs[i];
	}
	return end;
}

static uint32_t shape_of(struct hs_python *python, struct hs_pytype *type)
{
	uint32_t total = (uint32_t)python->runs.size;
	uint32_t visible_end = normalise(python, 0, python->first_hidden);
	uint32_t end = normalise(python, python->first_hidden, total);
	size_t bytes;

	/* Where there are no runs there is no memory for them either. */
	if (end > python->first_hidden)
		memmove(python->runs.data + visible_end, python->runs.data + python->first_hidden,
			(end - python->first_hidden) * sizeof(*python->runs.data));
	end -= python->first_hidden - visible_end;
	bytes = end * sizeof(*python->runs.data);
	if (type->last_shape != HS_NONE && type->last_first_hidden == visible_end &&
	    type->last_runs.size == end &&
	    (!bytes || !memcmp(type->last_runs.data, python->runs.data, bytes)))
		return type->last_shape;
	type->last_shape = hs_build_shape(python->build, python->runs.data, end, visible_end);
	type->last_first_hidden = visible_end;
	if (!hs_vector_reserve(&type->last_runs, end)) {
		python->nomem = true;
		return type->last_shape;
	}
	if (bytes)
		memcpy(type->last_runs.data, python->runs.data, bytes);
	type->last_runs.size = end;
	return type->last_shape;
}

static void visit_fields(struct hs_python *python, const struct hs_object *object, bool hidden)
{
	const struct hs_pytype *type = object->type;

	for (size_t i = 0; i < type->fields.size; i++) {
		const struct hs_field *field = &type->fields.data[i];

		if (field->hidden != hidden)
			continue;
		if (field->weak)
			hs_visit_weak(python, hs_word(object, field->offset), HS_LABEL_ATTRIBUTE,
				      field->name);
		else
			hs_visit(python, hs_word(object, field->offset), HS_LABEL_ATTRIBUTE,
				 field->name);
	}
}

/* Whether the collector looks at @object: static types are of a kind it handles, yet it does not.
 */
static bool has_gc(const struct hs_object *object)
{
	if (!(object->type->flags & PY_FLAG_HAVE_GC))
		return false;
	return !(object->type->flags & PY_FLAG_TYPE_SUBCLASS) ||
	       hs_half(object, PY_TP_FLAGS) & PY_FLAG_HEAPTYPE;
}

bool hs_rule_scans(const struct hs_rule *rule)
{
	return !rule || (!rule->fields && !rule->visit);
}

/* What the traverse function of the type's definer visits. */
static void visit_definer(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_pytype *definer = object->type->definer;
	const struct hs_rule *rule = object->type->rule;

	if (object->type->visits_type && !(rule && rule->no_type))
		hs_visit_named(python, object->type->address, "__class__");
	if (hs_rule_scans(rule)) {
		if (definer->flags & PY_FLAG_MANAGED_DICT)
			hs_visit_managed_dict(python, object);
		hs_visit_body(python, object);
		return;
	}
	if (object->type->fields.size)
		visit_fields(python, object, false);
	if (rule->visit)
		rule->visit(python, object);
}

static void visit_references(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_pytype *type = object->type;
	bool instance = type->traverse == python->subtype_traverse;

	if (!has_gc(object))
		hs_visit_hidden(python);
	if (instance)
		hs_visit_instance(python, object);
	/* A Python class of a base that has nothing to visit, as int. */
	if (instance && !type->definer->traverse)
		hs_visit_hidden(python);
	visit_definer(python, object);
	hs_visit_hidden(python);
	hs_visit_instance_hidden(python, object);
	if (hs_rule_scans(type->rule))
		return;
	if (type->fields.size)
		visit_fields(python, object, true);
	if (type->rule->hidden)
		type->rule->hidden(python, object);
}

static uint8_t generation_of(const struct hs_python *python, uint32_t granule)
{
	if (!hs_bitmap_get(&python->tracked, granule))
		return HS_GENERATION_NONE;
	return (uint8_t)(hs_bitmap_get(&python->generation[0], granule) |
			 hs_bitmap_get(&python->generation[1], granule) << 1);
}

/*
 * 3.12 made objects immortal: the low 32 bits of their count are negative.  The singletons of 3.11
 * start near 10^9.
 */
static bool is_immortal(const struct hs_python *python, uint64_t refcount)
{
	if (python->layout->minor < 12)
		return refcount >= 900000000;
	return (int32_t)(uint32_t)refcount < 0;
}

/* Whether @address lies in what a program was loaded from, not in a heap. */
static bool is_in_file(struct hs_python *python, hs_addr address)
{
	const struct hs_mapping *mapping;

	/* Most objects lie where the one before does. */
	if (address >= python->mapping.start && address < python->mapping.end)
		return python->mapping.is_file;
	mapping = hs_maps_find(&python->image->maps, address);
	if (!mapping)
		return false;
	python->mapping.start = mapping->start;
	python->mapping.end = mapping->end;
	python->mapping.is_file = mapping->inode;
	return mapping->inode;
}

static uint16_t flags_of(struct hs_python *python, const struct hs_object *object, bool guess)
{
	uint16_t flags = 0;

	if (has_gc(object))
		flags |= HS_OBJECT_GC;
	if (hs_bitmap_get(&python->tracked, object->granule))
		flags |= HS_OBJECT_TRACKED;
	if (is_immortal(python, hs_word(object, PY_REFCNT)))
		flags |= HS_OBJECT_IMMORTAL;
	if (is_in_file(python, object->address))
		flags |= HS_OBJECT_STATIC;
	if (guess)
		flags |= HS_OBJECT_SIZE_GUESS;
	if (hs_rule_scans(object->type->rule))
		flags |= HS_OBJECT_SCANNED;
	return flags;
}

/* Record the value of @object, which was added last. */
static void add_preview(struct hs_python *python, const struct hs_object *object)
{
	struct hs_preview preview;

	if (hs_preview_read(python, object, &python->scratch, &preview))
		hs_build_preview(python->build, &preview);
	else
		hs_python_gap(python, "value of an object cannot be read", object->address);
}

/* A static type lies in a program's data, whatever its flags say. */
static bool is_static_type(const struct hs_object *object)
{
	return object->type->flags & PY_FLAG_TYPE_SUBCLASS &&
	       !(hs_half(object, PY_TP_FLAGS) & PY_FLAG_HEAPTYPE);
}

/* What the allocators hold for the object: its own block and those that it owns. */
static uint64_t allocated(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_pytype *type = object->type;
	uint64_t before = hs_pre_header_size(python, object);
	uint64_t size = 0;

	if (!python->pymalloc)
		return 0;
	if (!is_static_type(object) &&
	    !hs_block_take_small(python, object->address - before, HS_BLOCK_OBJECT, &size))
		size = hs_block_take(python, object->address - before,
				     before + hs_body_size(python, object), HS_BLOCK_OBJECT);
	if (type->flags & PY_FLAG_MANAGED_DICT)
		size += hs_instance_buffers(python, object);
	if (type->buffers_rule)
		size += type->buffers_rule->buffers(python, object);
	return size;
}

void hs_visit_object(struct hs_python *python, const struct hs_object *object)
{
	struct hs_build_object row = {
		.address = object->address,
		.type = object->type->number,
		.refcount = hs_refcount(python, hs_word(object, PY_REFCNT)),
		.generation = generation_of(python, object->granule),
		.owner = hs_python_owner(python, object->granule),
	};
	bool guess;

	python->runs.size = 0;
	python->targets.size = 0;
	python->first_hidden = HS_NONE;
	visit_references(python, object);
	row.size = hs_object_size(python, object, &guess);
	row.allocated = allocated(python, object);
	row.flags = flags_of(python, object, guess);
	/* What is never freed gives its place to nobody. */
	if (!(row.flags & (HS_OBJECT_IMMORTAL | HS_OBJECT_STATIC)))
		row.fingerprint = hs_fingerprint(python, object);
	row.site =
		hs_tracemalloc_site(python, object->address - hs_pre_header_size(python, object));
	row.visible = python->visible;
	row.shape = shape_of(python, (struct hs_pytype *)object->type);
	hs_build_object(python->build, &row);
	if (hs_rule_scans(object->type->rule) &&
	    !hs_vector_push(&python->scanned, (uint32_t)python->visited))
		python->nomem = true;
	hs_build_edges(python->build, python->targets.data, python->targets.size);
	if (python->preview_bytes && object->type->preview)
		add_preview(python, object);
}

uint64_t hs_default_size(const struct hs_object *object)
{
	const struct hs_pytype *type = object->type;
	uint64_t items = hs_word(object, PY_SIZE);

	if (!type->itemsize)
		return type->basicsize;
	return type->basicsize + ((int64_t)items < 0 ? -items : items) * type->itemsize;
}

uint64_t hs_body_size(struct hs_python *python, const struct hs_object *object)
{
	const struct hs_pytype *type = object->type;
	uint64_t size;

	if (type->flags & PY_FLAG_LONG_SUBCLASS)
		size = hs_int_size(python, object);
	else if (type->flags & PY_FLAG_UNICODE_SUBCLASS)
		size = hs_str_body_size(python, object);
	else
		size = hs_default_size(object);
	return size >> HS_ADDRESS_BITS ? type->basicsize : size;
}

uint64_t hs_pre_header_size(const struct hs_python *python, const struct hs_object *object)
{
	uint32_t managed = PY_FLAG_MANAGED_DICT;
	uint64_t size = 0;

	if (python->layout->minor >= 12)
		managed |= PY_FLAG_MANAGED_WEAKREF;
	if (has_gc(object))
		size += PY_GC_HEAD_SIZE;
	if (object->type->flags & managed)
		size += PY_PRE_HEADER_SIZE;
	return size;
}

/* What sys.getsizeof() adds for what lies before the object. */
static uint64_t presize(const struct hs_python *python, const struct hs_object *object)
{
	uint32_t flags = object->type->flags;
	uint32_t pre_header = PY_FLAG_MANAGED_DICT;
	uint64_t size = 0;

	/* Until 3.10 the object is asked, not its type. */
	if (python->layout->minor < 11)
		return has_gc(object) ? PY_GC_HEAD_SIZE : 0;
	if (python->layout->minor >= 12)
		pre_header |= PY_FLAG_MANAGED_WEAKREF;
	if (flags & PY_FLAG_HAVE_GC)
		size += PY_GC_HEAD_SIZE;
	if (flags & pre_header)
		size += PY_PRE_HEADER_SIZE;
	if (!python->layout->static_type_presize && object->type->address == python->type_type &&
	    !has_gc(object))
		return 0;
	return size;
}

uint64_t hs_object_size(struct hs_python *python, const struct hs_object *object, bool *guess)
{
	const struct hs_pytype *type = object->type;
	uint64_t size =
		type->size_rule ? type->size_rule->size(python, object) : hs_default_size(object);

	/* Extension types may have a __sizeof__ that we cannot know. */
	*guess = type->python_sizeof || (!type->rule && !type->size_rule);
	if (size >> HS_ADDRESS_BITS) {
		hs_python_gap(python, "size of an object makes no sense", object->address);
		size = type->basicsize;
		*guess = true;
	}
	return size + presize(python, object);
}
