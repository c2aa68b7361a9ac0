/* SPDX-License-Identifier: MIT */
/* library.c: types of the standard library's extension modules that a scan would misjudge. */
#include "libsnap/python/visit/visit.h"

/*
 * arrayobject: allocated at 32, ob_descr at 40.  That is a table of the program's: its type code, a
 * character and padding, is read as a string, for so its page is fetched if it is missing.
 */
static uint64_t array_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr descriptor = hs_word(object, 40);
	uint32_t itemsize = 0;
	struct hs_str code;

	if (hs_image_string(python->image, descriptor, 4, &code))
		hs_image_u32(python->image, descriptor + 4, &itemsize);
	return object->type->basicsize + hs_word(object, 32) * itemsize;
}

static const struct hs_field_rule buffered_fields[] = {
	{"raw", 16, 0},
	{"__dict__", 136, 0},
	{0},
};

static const struct hs_field_rule textio_fields[] = {
	{"buffer", 32, 0},	   {"encoding", 40, 0},	      {"encoder", 48, 0},
	{"decoder", 56, 0},	   {"readnl", 64, 0},	      {"errors", 72, 0},
	{"decoded_chars", 120, 0}, {"pending_bytes", 136, 0}, {"snapshot", 152, 0},
	{"raw", 168, 0},	   {"__dict__", 184, 0},      {0},
};

/* ob_item at 24 */
static uint64_t array_buffers(struct hs_python *python, const struct hs_object *object)
{
	return hs_buffer_take(python, hs_word(object, 24),
			      array_size(python, object) - object->type->basicsize);
}

/* buffered: buffer at 56, buffer_size at 120 */
static uint64_t buffered_size(struct hs_python *python, const struct hs_object *object)
{
	(void)python;
	return object->type->basicsize + (hs_word(object, 56) ? hs_word(object, 120) : 0);
}

static uint64_t buffered_buffers(struct hs_python *python, const struct hs_object *object)
{
	return hs_buffer_take(python, hs_word(object, 56), hs_word(object, 120));
}

/* bytesio: buf, a bytes object, at 16; it is counted if nobody else refers to it (up to 3.11) */
static uint64_t bytesio_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr buffer = hs_word(object, 16);
	uint64_t refcount;
	uint64_t length;

	if (python->layout->minor >= 12 || !buffer ||
	    !hs_image_u64(python->image, buffer + PY_REFCNT, &refcount) || refcount != 1 ||
	    !hs_image_u64(python->image, buffer + PY_SIZE, &length))
		return object->type->basicsize;
	return object->type->basicsize + 33 + length;
}

/* mpd_t in a Decimal: alloc (words) at 56, data at 64; small numbers lie in the object, at 72 */
static uint64_t decimal_size(struct hs_python *python, const struct hs_object *object)
{
	(void)python;
	if (hs_word(object, 64) == object->address + 72)
		return object->type->basicsize;
	return object->type->basicsize + 8 * hs_word(object, 56);
}

static uint64_t decimal_buffers(struct hs_python *python, const struct hs_object *object)
{
	return hs_buffer_take(python, hs_word(object, 64),
			      decimal_size(python, object) - object->type->basicsize);
}

/* s_codes, at 32, is an array of 32-byte records that ends with one whose first word is NULL. */
static uint64_t struct_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr code = hs_word(object, 32);
	uint64_t count = 1;
	hs_addr definition;

	while (hs_image_u64(python->image, code, &definition) && definition &&
	       hs_python_spend(python, 1)) {
		code += 32;
		count++;
	}
	return object->type->basicsize + 32 * count;
}

static uint64_t struct_buffers(struct hs_python *python, const struct hs_object *object)
{
	return hs_buffer_take(python, hs_word(object, 32),
			      struct_size(python, object) - object->type->basicsize);
}

/* Its buffer, at 16, became visible to the collector in 3.12. */
static void bytesio_visit(struct hs_python *python, const struct hs_object *object)
{
	if (python->layout->minor >= 12)
		hs_visit_named(python, hs_word(object, 16), "buffer");
	hs_visit_named(python, hs_word(object, 40), "__dict__");
}

static void bytesio_hidden(struct hs_python *python, const struct hs_object *object)
{
	if (python->layout->minor < 12)
		hs_visit_named(python, hs_word(object, 16), "buffer");
}

/* stringio: what it refers to became visible to the collector in 3.12, and moved in 3.14. */
static const struct hs_field_rule stringio_fields[] = {
	{"decoder", 80, HS_BEFORE(12) | HS_FIELD_HIDDEN},
	{"readnl", 88, HS_BEFORE(12) | HS_FIELD_HIDDEN},
	{"writenl", 96, HS_BEFORE(12) | HS_FIELD_HIDDEN},
	{"__dict__", 104, HS_BEFORE(12)},
	{"decoder", 120, HS_SINCE(12) | HS_BEFORE(14)},
	{"readnl", 128, HS_SINCE(12) | HS_BEFORE(14)},
	{"writenl", 136, HS_SINCE(12) | HS_BEFORE(14)},
	{"__dict__", 144, HS_SINCE(12) | HS_BEFORE(14)},
	{"decoder", 72, HS_SINCE(14)},
	{"readnl", 80, HS_SINCE(14)},
	{"writenl", 88, HS_SINCE(14)},
	{"__dict__", 96, HS_SINCE(14)},
	{0},
};

/* What a pair of streams refers to became visible in 3.12. */
static const struct hs_field_rule rwpair_fields[] = {
	{"reader", 16, HS_BEFORE(12) | HS_FIELD_HIDDEN},
	{"writer", 24, HS_BEFORE(12) | HS_FIELD_HIDDEN},
	{"reader", 16, HS_SINCE(12)},
	{"writer", 24, HS_SINCE(12)},
	{"__dict__", 32, 0},
	{0},
};

static void local_visit(struct hs_python *python, const struct hs_object *object)
{
	bool old = python->layout->minor < 13;

	hs_visit_named(python, hs_word(object, old ? 24 : 16), "args");
	hs_visit_named(python, hs_word(object, old ? 32 : 24), "kwargs");
	hs_visit_named(python, hs_word(object, old ? 48 : 40), "dicts");
	if (!old)
		hs_visit_named(python, hs_word(object, 48), "watchdogs");
}

static const struct hs_field_rule scanner_fields[] = {
	{"pattern", 16, 0},
	{"string", 56, HS_FIELD_HIDDEN},
	{0},
};

/* It does not visit its cache of keys. */
static const struct hs_field_rule json_scanner_fields[] = {
	{"object_hook", 24, 0},
	{"object_pairs_hook", 32, 0},
	{"parse_float", 40, 0},
	{"parse_int", 48, 0},
	{"parse_constant", 56, 0},
	{"memo", 64, HS_FIELD_HIDDEN},
	{0},
};

enum {
	NODE_SIZE = 48, /* of a parser's tree, until 3.9: struct _node */
	NODE_TEXT = 8,
	NODE_CHILDREN = 24, /* how many (int); then their address */
	NODE_CHILD = 32,
	NODE_TEXT_LIMIT = 1 << 20,
	NODE_DEPTH = 1000,
};

/* Room is made for four children at a time, beyond 128 for twice as many. */
static uint64_t node_capacity(uint32_t children)
{
	uint64_t capacity = 256;

	if (children <= 1)
		return children;
	if (children <= 128)
		return (children + 3) & ~3u;
	while (capacity < children)
		capacity *= 2;
	return capacity;
}

/* Texts and children of the node at @node. */
static uint64_t node_content(struct hs_python *python, hs_addr node, unsigned int depth)
{
	hs_addr child = 0;
	hs_addr at = 0;
	uint32_t children = 0;
	struct hs_str text;
	uint64_t size;

	hs_image_u32(python->image, node + NODE_CHILDREN, &children);
	hs_image_u64(python->image, node + NODE_CHILD, &child);
	hs_image_u64(python->image, node + NODE_TEXT, &at);
	size = NODE_SIZE * node_capacity(children & INT32_MAX);
	if (at && hs_image_string(python->image, at, NODE_TEXT_LIMIT, &text))
		size += text.size + 1;
	for (uint32_t i = 0; i < children && depth < NODE_DEPTH; i++) {
		if (!hs_python_afford(python, NODE_SIZE / 8, node))
			break;
		size += node_content(python, child + (uint64_t)i * NODE_SIZE, depth + 1);
	}
	return size;
}

static uint64_t parser_size(struct hs_python *python, const struct hs_object *object)
{
	return object->type->basicsize + NODE_SIZE + node_content(python, hs_word(object, 16), 0);
}

static const struct hs_field_rule struct_fields[] = {{"format", 40, 0}, {0}};

/* 3.13 keeps a pointer to its arguments ready for a call, at 40; 3.14 objects. */
static const struct hs_field_rule methodcaller_fields[] = {
	{"name", 16, HS_BEFORE(10) | HS_FIELD_HIDDEN},
	{"name", 16, HS_SINCE(10)},
	{"args", 24, 0},
	{"kwargs", 32, 0},
	{"vectorcall_args", 40, HS_SINCE(14)},
	{"vectorcall_kwnames", 48, HS_SINCE(14)},
	{0},
};

static const struct hs_field_rule csv_reader_fields[] = {
	{"iterator", 16, 0},
	{"dialect", 24, 0},
	{"fields", 32, 0},
	{0},
};

static const struct hs_field_rule csv_writer_fields[] = {
	{"write", 16, 0},
	{"dialect", 24, 0},
	{"error", 64, HS_SINCE(10)},
	{0},
};

/* unpackiterobject: a struct, and a Py_buffer whose owner it visits */
static const struct hs_field_rule unpack_fields[] = {{"struct", 16, 0}, {"buffer", 32, 0}, {0}};

static const struct hs_field_rule none[] = {{0}};

/*
 * What a capsule points to is C's own, however much it may look like an object.  These are known to
 * point to a struct whose first word is a class, and to visit that if they visit anything (3.13).
 */
static void capsule_visit(struct hs_python *python, const struct hs_object *object)
{
	static const char *const names[] = {"_socket.CAPI", "_curses._C_API"};
	hs_addr traverse = hs_word(object, 48);
	struct hs_str name;
	hs_addr class = 0;

	if (object->type->basicsize < 64 || !traverse ||
	    !hs_image_string(python->image, hs_word(object, 24), 64, &name) ||
	    !hs_image_u64(python->image, hs_word(object, 16), &class))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name.size == strlen(names[i]) && !memcmp(name.data, names[i], name.size))
			hs_visit_scan(python, class, HS_LABEL_NONE, 0);
}

static const struct hs_field_rule pattern_fields[] = {
	{"groupindex", 32, 0},
	{"indexgroup", 40, 0},
	{"pattern", 48, 0},
	{0},
};

static const struct hs_field_rule match_fields[] = {
	{"string", 24, 0},
	{"regs", 32, 0},
	{"re", 40, 0},
	{0},
};

static const struct hs_field_rule enumerate_fields[] = {
	{"iterator", 24, 0}, {"result", 32, 0}, {"index", 40, 0}, {"one", 48, HS_FIELD_HIDDEN}, {0},
};

static const struct hs_field_rule contextvar_fields[] = {
	{"name", 16, 0},
	{"default", 24, 0},
	{0},
};

/* The object whose memory is viewed is borrowed from the buffer, and may go when that is released.
 */
static const struct hs_field_rule memoryview_fields[] = {{"buffer", 24, 0}, {0}};

static const struct hs_field_rule managedbuffer_fields[] = {{"obj", 40, 0}, {0}};

/* Iterators of a context's variables: where they are in the trie is borrowed. */
static const struct hs_field_rule hamt_iterator_fields[] = {{"trie", 16, 0}, {0}};

/*
 * Nodes of a context's trie: a bitmap or a hash stands before the array, of 32 bits; together with
 * what was there before it, in the other 32, it may look like an object's address.
 */
static void hamt_node_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_visit_items(python, object->address + object->type->basicsize, hs_ob_size(object), 0);
}

static const struct hs_rule rules[] = {
	{.name = "PyCapsule", .fields = none, .visit = capsule_visit},
	/* The states of hash functions are bits that may look like anything. */
	{.name = "_blake2.blake2b", .fields = none},
	{.name = "_blake2.blake2s", .fields = none},
	{.name = "_md5.md5", .fields = none},
	{.name = "_sha1.sha1", .fields = none},
	{.name = "_sha2.SHA224Type", .fields = none},
	{.name = "_sha2.SHA256Type", .fields = none},
	{.name = "_sha2.SHA384Type", .fields = none},
	{.name = "_sha2.SHA512Type", .fields = none},
	{.name = "_sha256.sha224", .fields = none},
	{.name = "_sha256.sha256", .fields = none},
	{.name = "_sha3.sha3_224", .fields = none},
	{.name = "_sha3.sha3_256", .fields = none},
	{.name = "_sha3.sha3_384", .fields = none},
	{.name = "_sha3.sha3_512", .fields = none},
	{.name = "_sha3.shake_128", .fields = none},
	{.name = "_sha3.shake_256", .fields = none},
	{.name = "_sha512.sha384", .fields = none},
	{.name = "_sha512.sha512", .fields = none},
	{.name = "array.array",
	 .role = HS_ROLE_BYTES,
	 .fields = none,
	 .size = array_size,
	 .buffers = array_buffers},
	{.name = "re.Pattern", .fields = pattern_fields},
	{.name = "re.Match", .fields = match_fields},
	{.name = "enumerate", .fields = enumerate_fields},
	{.name = "_contextvars.ContextVar", .fields = contextvar_fields},
	{.name = "ContextVar", .fields = contextvar_fields},
	{.name = "memoryview", .fields = memoryview_fields},
	{.name = "managedbuffer", .fields = managedbuffer_fields},
	{.name = "hamt_bitmap_node", .visit = hamt_node_visit, .basicsize = 32},
	{.name = "hamt_collision_node", .visit = hamt_node_visit, .basicsize = 32},
	{.name = "keys", .fields = hamt_iterator_fields},
	{.name = "values", .fields = hamt_iterator_fields},
	{.name = "items", .fields = hamt_iterator_fields},
	{.name = "_csv.reader", .fields = csv_reader_fields},
	{.name = "_csv.writer", .fields = csv_writer_fields},
	{.name = "_io.BufferedReader",
	 .fields = buffered_fields,
	 .size = buffered_size,
	 .buffers = buffered_buffers},
	{.name = "_io.BufferedWriter",
	 .fields = buffered_fields,
	 .size = buffered_size,
	 .buffers = buffered_buffers},
	{.name = "_io.BufferedRandom",
	 .fields = buffered_fields,
	 .size = buffered_size,
	 .buffers = buffered_buffers},
	{.name = "_io.BytesIO",
	 .visit = bytesio_visit,
	 .hidden = bytesio_hidden,
	 .size = bytesio_size},
	{.name = "_io.TextIOWrapper", .fields = textio_fields},
	{.name = "_io.StringIO", .fields = stringio_fields},
	{.name = "_io.BufferedRWPair", .fields = rwpair_fields},
	{.name = "_json.Scanner", .versions = HS_BEFORE(9), .fields = json_scanner_fields},
	{.name = "parser.st", .fields = none, .size = parser_size},
	{.name = "_sre.SRE_Scanner", .fields = scanner_fields},
	{.name = "Struct",
	 .versions = HS_BEFORE(9),
	 .anywhere = true,
	 .fields = struct_fields,
	 .size = struct_size,
	 .buffers = struct_buffers},
	{.name = "_struct.Struct",
	 .fields = struct_fields,
	 .size = struct_size,
	 .buffers = struct_buffers},
	{.name = "_struct.unpack_iterator", .fields = unpack_fields},
	{.name = "unpack_iterator", .anywhere = true, .fields = unpack_fields},
	{.name = "_thread._local", .visit = local_visit},
	{.name = "operator.methodcaller", .fields = methodcaller_fields},
	{.name = "decimal.Decimal",
	 .fields = none,
	 .size = decimal_size,
	 .buffers = decimal_buffers},
};

const struct hs_rule_family hs_rules_library = HS_RULE_FAMILY(rules);
