/* SPDX-License-Identifier: MIT */
/*
 * numpy.c: arrays of numpy 1 and 2, what describes their items, and scalars.  None of these are
 * objects that the collector handles.
 */
#include "libsnap/python/interp.h"
#include "libsnap/python/visit/visit.h"

enum {
	/* PyArrayObject */
	ARRAY_DATA = 16,
	ARRAY_NDIM = 24,
	ARRAY_DIMENSIONS = 32,
	ARRAY_BASE = 48,
	ARRAY_DESCR = 56,
	ARRAY_FLAGS = 64,
	ARRAY_OWNS_DATA = 4,
	MAX_NDIM = 64,

	/* PyArray_Descr, and what numpy 2 calls the legacy one */
	DESCR_TYPE_NUM = 28,
	TYPE_OBJECT = 17,
	MAX_DEPTH = 32,	   /* of types within types */
	MAX_OBJECTS = 256, /* in one item */
};

/* Where a dtype keeps what differs between numpy's major versions. */
struct descr_layout {
	uint32_t item_size; /* an int in numpy 1 */
	bool wide;	    /* it has 8 bytes */
	uint32_t subarray;  /* -> {base dtype, shape} */
	uint32_t fields;    /* a dict: name -> (dtype, offset, ...) */
	uint32_t names;	    /* a tuple */
};

static const struct descr_layout descr_1 = {
	.item_size = 32,
	.subarray = 40,
	.fields = 48,
	.names = 56,
};
static const struct descr_layout descr_2 = {
	.item_size = 40,
	.wide = true,
	.subarray = 88,
	.fields = 96,
	.names = 104,
};

/* By numpy.__version__, looked up once. */
static const struct descr_layout *descr_layout(struct hs_python *python)
{
	const struct hs_layout *layout = python->layout;
	struct hs_text version = {0};
	hs_addr interp = 0;
	hs_addr modules = 0;
	hs_addr module;
	hs_addr dict = 0;

	if (!python->numpy_major) {
		hs_image_u64(python->image, python->runtime + layout->runtime_interpreters_main,
			     &interp);
		hs_image_u64(python->image, interp + layout->interp_modules, &modules);
		module = hs_dict_get(python, modules, "numpy");
		hs_image_u64(python->image, module + layout->module_dict, &dict);
		python->numpy_major = '1';
		if (hs_text_read(python, hs_dict_get(python, dict, "__version__"), &version) &&
		    version.size)
			python->numpy_major = version.data[0];
		hs_text_deinit(&version);
	}
	return python->numpy_major == '1' ? &descr_1 : &descr_2;
}

static uint64_t item_size(struct hs_python *python, hs_addr descr)
{
	const struct descr_layout *layout = descr_layout(python);
	uint64_t wide = 0;
	uint32_t narrow = 0;

	if (layout->wide)
		hs_image_u64(python->image, descr + layout->item_size, &wide);
	else
		hs_image_u32(python->image, descr + layout->item_size, &narrow);
	return wide + narrow;
}

/* Items of an array; 0 if it makes no sense. */
static uint64_t item_count(struct hs_python *python, const struct hs_object *object)
{
	uint32_t ndim = hs_half(object, ARRAY_NDIM);
	hs_addr dimensions = hs_word(object, ARRAY_DIMENSIONS);
	uint64_t count = 1;

	if (ndim > MAX_NDIM)
		return 0;
	for (uint32_t i = 0; i < ndim; i++) {
		uint64_t dimension;

		if (!hs_image_u64(python->image, dimensions + 8 * i, &dimension) ||
		    __builtin_mul_overflow(count, dimension, &count))
			return 0;
	}
	return count >> HS_ADDRESS_BITS ? 0 : count;
}

/* Dimensions and strides are counted even of views, the items only of what owns them. */
static uint64_t array_size(struct hs_python *python, const struct hs_object *object)
{
	uint64_t size = object->type->basicsize + 16 * (uint64_t)hs_half(object, ARRAY_NDIM);
	uint64_t items;

	if (!(hs_half(object, ARRAY_FLAGS) & ARRAY_OWNS_DATA))
		return size;
	if (__builtin_mul_overflow(item_count(python, object),
				   item_size(python, hs_word(object, ARRAY_DESCR)), &items))
		return UINT64_MAX;
	return size + items;
}

/* Dimensions with strides in one block, and the items of what owns them. */
static uint64_t array_buffers(struct hs_python *python, const struct hs_object *object)
{
	uint64_t bytes = 16 * (uint64_t)hs_half(object, ARRAY_NDIM);
	uint64_t allocated = hs_buffer_take(python, hs_word(object, ARRAY_DIMENSIONS), bytes);

	if (!(hs_half(object, ARRAY_FLAGS) & ARRAY_OWNS_DATA) ||
	    __builtin_mul_overflow(item_count(python, object),
				   item_size(python, hs_word(object, ARRAY_DESCR)), &bytes))
		return allocated;
	return allocated + hs_buffer_take(python, hs_word(object, ARRAY_DATA), bytes);
}

/* Where the objects lie in an item. */
struct object_places {
	uint64_t offset[MAX_OBJECTS];
	size_t count;
	bool cut;
};

static void find_objects(struct hs_python *python, hs_addr descr, uint64_t offset,
			 unsigned int depth, struct object_places *places);

/* An array within an item: {dtype of its items, tuple of its dimensions}. */
static void find_in_subarray(struct hs_python *python, hs_addr subarray, uint64_t offset,
			     unsigned int depth, struct object_places *places)
{
	uint64_t count = 1;
	uint64_t ndim = 0;
	uint64_t stride;
	hs_addr words[2];

	if (!hs_image_read(python->image, subarray, words, sizeof(words)) ||
	    !hs_image_u64(python->image, words[1] + PY_SIZE, &ndim) || ndim > MAX_NDIM)
		return;
	for (uint64_t i = 0; i < ndim; i++) {
		uint64_t dimension = 0;
		hs_addr number = 0;

		hs_image_u64(python->image, words[1] + python->layout->tuple_items + 8 * i,
			     &number);
		hs_int_value(python, number, &dimension);
		if (__builtin_mul_overflow(count, dimension, &count))
			return;
	}
	stride = item_size(python, words[0]);
	for (uint64_t i = 0; i < count && !places->cut; i++) {
		size_t before = places->count;

		find_objects(python, words[0], offset + i * stride, depth + 1, places);
		if (places->count == before)
			return;
	}
}

/* The fields of an item, by the names that the dtype itself goes by. */
static void find_in_fields(struct hs_python *python, hs_addr fields, uint64_t offset,
			   unsigned int depth, struct object_places *places)
{
	struct hs_dict dict;

	if (!hs_dict_open(python, fields, &dict) || !hs_python_spend(python, dict.keys.nentries))
		return;
	for (uint64_t i = 0; i < dict.keys.nentries && !places->cut; i++) {
		hs_addr tuple = hs_dict_value(&dict, i);
		hs_addr words[2];
		uint64_t at = 0;

		if (!tuple ||
		    !hs_image_read(python->image, tuple + python->layout->tuple_items, words,
				   sizeof(words)) ||
		    !hs_int_value(python, words[1], &at))
			continue;
		find_objects(python, words[0], offset + at, depth + 1, places);
	}
}

static void add_place(struct object_places *places, uint64_t offset)
{
	/* A field with a title is in the dict twice. */
	for (size_t i = 0; i < places->count; i++)
		if (places->offset[i] == offset)
			return;
	if (places->count == MAX_OBJECTS)
		places->cut = true;
	else
		places->offset[places->count++] = offset;
}

static void find_objects(struct hs_python *python, hs_addr descr, uint64_t offset,
			 unsigned int depth, struct object_places *places)
{
	const struct descr_layout *layout = descr_layout(python);
	uint32_t type_num = 0;
	hs_addr subarray = 0;
	hs_addr fields = 0;

	if (depth > MAX_DEPTH || !hs_python_spend(python, 8)) {
		places->cut = true;
		return;
	}
	hs_image_u32(python->image, descr + DESCR_TYPE_NUM, &type_num);
	if (type_num == TYPE_OBJECT) {
		add_place(places, offset);
		return;
	}
	hs_image_u64(python->image, descr + layout->subarray, &subarray);
	hs_image_u64(python->image, descr + layout->fields, &fields);
	if (subarray)
		find_in_subarray(python, subarray, offset, depth, places);
	else if (fields)
		find_in_fields(python, fields, offset, depth, places);
}

/* Whoever owns the data reports the objects in it; views lead there by way of their base. */
static void array_hidden(struct hs_python *python, const struct hs_object *object)
{
	hs_addr descr = hs_word(object, ARRAY_DESCR);
	hs_addr data = hs_word(object, ARRAY_DATA);
	struct object_places places = {0};
	uint64_t count = item_count(python, object);
	uint64_t stride;

	if (!descr || !data || !(hs_half(object, ARRAY_FLAGS) & ARRAY_OWNS_DATA))
		return;
	find_objects(python, descr, 0, 0, &places);
	if (places.cut)
		hs_python_gap(python, "objects inside items of an array", object->address);
	stride = item_size(python, descr);
	if (!places.count || !stride || count > (1ull << HS_ADDRESS_BITS) / stride)
		return;
	if (places.count == 1 && stride == 8) {
		hs_visit_items(python, data, count, 0);
		return;
	}
	/* Items can be of any size, and the objects in them anywhere. */
	count = hs_python_limit(python, data, (count * stride + 7) / 8) * 8 / stride;
	for (uint64_t i = 0; i < count; i++)
		for (size_t k = 0; k < places.count; k++) {
			hs_addr item = 0;

			hs_image_u64(python->image, data + i * stride + places.offset[k], &item);
			hs_visit(python, item, HS_LABEL_NONE, 0);
		}
}

static const struct hs_field_rule array_fields[] = {
	{"base", ARRAY_BASE, HS_FIELD_HIDDEN},
	{"dtype", ARRAY_DESCR, HS_FIELD_HIDDEN},
	{0},
};

/* Scalars: sizeof is that of the object and of the value once more, behind the header. */
#define SCALAR_SIZE(bytes)                                                                         \
	static uint64_t scalar_size_##bytes(struct hs_python *python,                              \
					    const struct hs_object *object)                        \
	{                                                                                          \
		(void)python;                                                                      \
		return object->type->basicsize + (bytes);                                          \
	}
SCALAR_SIZE(1)
SCALAR_SIZE(2)
SCALAR_SIZE(4)
SCALAR_SIZE(8)
SCALAR_SIZE(16)
SCALAR_SIZE(32)

/* Those of types that bytes and void are: their length is an object's, too. */
static uint64_t scalar_size_variable(struct hs_python *python, const struct hs_object *object)
{
	(void)python;
	return hs_default_size(object) + hs_ob_size(object);
}

static const struct hs_field_rule none[] = {{0}};
static const struct hs_field_rule object_fields[] = {{"value", 16, HS_FIELD_HIDDEN}, {0}};
static const struct hs_field_rule void_fields[] = {
	{"dtype", 32, HS_FIELD_HIDDEN},
	{"base", 48, HS_FIELD_HIDDEN},
	{0},
};

/* PyUFuncObject: only what it was made from, and its identity, can be part of a cycle. */
static const struct hs_field_rule ufunc_fields[] = {
	{"object", 88, 0},
	{"userloops", 96, HS_FIELD_HIDDEN},
	{"loops", 224, HS_FIELD_HIDDEN},
	{0},
};

static void ufunc_visit(struct hs_python *python, const struct hs_object *object)
{
	const uint32_t identity_is_value = (uint32_t)-3;

	if (hs_half(object, 28) == identity_is_value)
		hs_visit_named(python, hs_word(object, 208), "identity");
}

#define SCALAR(tp_name, bytes)                                                                     \
	{                                                                                          \
		.name = "numpy." tp_name, .role = HS_ROLE_NUMBER, .fields = none,                  \
		.size = scalar_size_##bytes                                                        \
	}

static const struct hs_rule rules[] = {
	{.name = "numpy.ndarray",
	 .role = HS_ROLE_BYTES,
	 .fields = array_fields,
	 .hidden = array_hidden,
	 .size = array_size,
	 .buffers = array_buffers,
	 .subclass_keeps_role = true},
	{.name = "numpy.ufunc", .basicsize = 232, .fields = ufunc_fields, .visit = ufunc_visit},
	SCALAR("bool_", 1),
	SCALAR("bool", 1),
	SCALAR("int8", 1),
	SCALAR("uint8", 1),
	SCALAR("int16", 2),
	SCALAR("uint16", 2),
	SCALAR("float16", 2),
	SCALAR("int32", 4),
	SCALAR("uint32", 4),
	SCALAR("intc", 4),
	SCALAR("uintc", 4),
	SCALAR("float32", 4),
	SCALAR("int64", 8),
	SCALAR("uint64", 8),
	SCALAR("longlong", 8),
	SCALAR("ulonglong", 8),
	SCALAR("float64", 8),
	SCALAR("complex64", 8),
	SCALAR("datetime64", 8),
	SCALAR("timedelta64", 8),
	SCALAR("float128", 16),
	SCALAR("longdouble", 16),
	SCALAR("complex128", 16),
	SCALAR("complex256", 32),
	SCALAR("clongdouble", 32),
	{.name = "numpy.object_", .fields = object_fields, .size = scalar_size_8},
	{.name = "numpy.void", .fields = void_fields, .size = scalar_size_variable},
	{.name = "numpy.bytes_",
	 .role = HS_ROLE_BYTES,
	 .fields = none,
	 .size = scalar_size_variable},
};

const struct hs_rule_family hs_rules_numpy = HS_RULE_FAMILY(rules);
