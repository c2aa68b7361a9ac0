/* SPDX-License-Identifier: MIT */
/* extensions.c: types of modules that wrap libraries of others: SQLite, OpenSSL, expat, zlib, … */
#include "libsnap/python/visit/visit.h"

enum {
	ELEMENT_EXTRA_SIZE = 64,
	ELEMENT_EXTRA_INLINE = 32, /* offset of the children that fit in the struct itself */
};

/* ElementObjectExtra: attrib at 0, length at 8, allocated at 16, children at 24 */
static void element_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr extra = hs_word(object, 40);
	hs_addr words[4];

	hs_visit_named(python, hs_word(object, 16), "tag");
	/* The lowest bit says that the text is a list still to be joined. */
	hs_visit_named(python, hs_word(object, 24) & ~(hs_addr)1, "text");
	hs_visit_named(python, hs_word(object, 32) & ~(hs_addr)1, "tail");
	if (!extra || !hs_image_read(python->image, extra, words, sizeof(words)))
		return;
	hs_visit_named(python, words[0], "attrib");
	hs_visit_items(python, words[3], words[1], 0);
}

static uint64_t element_buffers(struct hs_python *python, const struct hs_object *object)
{
	hs_addr extra = hs_word(object, 40);
	uint64_t size = hs_buffer_take(python, extra, ELEMENT_EXTRA_SIZE);
	hs_addr words[4];

	if (!extra || !hs_image_read(python->image, extra, words, sizeof(words)) ||
	    words[3] == extra + ELEMENT_EXTRA_INLINE)
		return size;
	return size + hs_buffer_take(python, words[3], 8 * words[2]);
}

static uint64_t element_size(struct hs_python *python, const struct hs_object *object)
{
	hs_addr extra = hs_word(object, 40);
	hs_addr words[4];

	if (!extra || !hs_image_read(python->image, extra, words, sizeof(words)))
		return object->type->basicsize;
	return object->type->basicsize + ELEMENT_EXTRA_SIZE +
	       (words[3] == extra + ELEMENT_EXTRA_INLINE ? 0 : 8 * words[2]);
}

/* elementiterobject: elements on the way down, used entries of a stack of (element, child). */
static void element_iterator_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr stack = hs_word(object, 16);
	uint64_t count = hs_python_limit(python, stack, 2 * (hs_word(object, 24) & UINT32_MAX));
	struct hs_words words = hs_words_open(python->image, stack, count);

	for (uint64_t i = 0; i < count; i += 2)
		hs_visit(python, hs_words_get(&words, i), HS_LABEL_NONE, 0);
	hs_visit_named(python, hs_word(object, 40), "root");
	hs_visit_named(python, hs_word(object, 48), "tag");
}

static const struct hs_field_rule xmlparser_fields[] = {
	{"target", 24, 0},
	{"entity", 32, 0},
	{"names", 40, 0},
	{"handle_start_ns", 48, 0},
	{"handle_end_ns", 56, 0},
	{"handle_start", 64, 0},
	{"handle_data", 72, 0},
	{"handle_end", 80, 0},
	{"handle_comment", 88, 0},
	{"handle_pi", 96, 0},
	{"handle_doctype", 104, 0},
	{"handle_close", 112, 0},
	{"module", 128, HS_FIELD_HIDDEN | HS_SINCE(13)},
	{0},
};

enum {
	EXPAT_HANDLERS = 22,
};

enum {
	EXPAT_SIZE_WITH_PARENT = 88, /* newer releases know, at 24, which parser made this one */
};

/* xmlparseobject: the last words are the strings interned, which it does not visit, and handlers.
 */
static void expat_visit(struct hs_python *python, const struct hs_object *object)
{
	uint64_t end = object->type->definer->basicsize;
	hs_addr handlers = hs_word(object, end - 8);

	if (end >= EXPAT_SIZE_WITH_PARENT)
		hs_visit_named(python, hs_word(object, 24), "parent");
	if (handlers)
		hs_visit_items(python, handlers, EXPAT_HANDLERS, 0);
}

static void expat_hidden(struct hs_python *python, const struct hs_object *object)
{
	hs_visit_named(python, hs_word(object, object->type->definer->basicsize - 16), "intern");
}

enum {
	SQLITE_CALLBACKS = 3,
	SQLITE_EXCEPTIONS = 10,
	MAX_CONNECTION = 1024, /* bytes; it has about 200 */
};

/*
 * pysqlite_Connection: at its end pointers to three callbacks, each of (function, module, state),
 * and the module's exceptions, borrowed.
 */
static void connection_visit(struct hs_python *python, const struct hs_object *object)
{
	uint64_t callbacks =
		object->type->definer->basicsize - 8 * (SQLITE_CALLBACKS + SQLITE_EXCEPTIONS);
	uint64_t offset = PY_HEADER_SIZE;

	if (callbacks > MAX_CONNECTION)
		return;
	for (; offset < callbacks; offset += 8)
		hs_visit_scan(python, hs_word(object, offset), HS_LABEL_OFFSET, (uint32_t)offset);
	for (uint64_t i = 0; i < SQLITE_CALLBACKS; i++) {
		hs_addr callback = hs_word(object, callbacks + 8 * i);
		hs_addr words[2];

		if (!callback || !hs_image_read(python->image, callback, words, sizeof(words)))
			continue;
		hs_visit_scan(python, words[0], HS_LABEL_NONE, 0);
		hs_visit_scan(python, words[1], HS_LABEL_NONE, 0);
	}
}

/* Until 3.10 the callbacks are among the fields before the exceptions. */
static void old_connection_visit(struct hs_python *python, const struct hs_object *object)
{
	uint64_t end = object->type->definer->basicsize - 8 * SQLITE_EXCEPTIONS;

	for (uint64_t offset = PY_HEADER_SIZE; offset < end && end <= MAX_CONNECTION; offset += 8)
		hs_visit_scan(python, hs_word(object, offset), HS_LABEL_OFFSET, (uint32_t)offset);
}

/* pysqlite_Cache: who makes what is not there is the connection, to which it may have no count. */
static const struct hs_field_rule cache_fields[] = {{"mapping", 24, 0}, {0}};

enum {
	CACHE_FACTORY = 32,
	CACHE_FIRST = 40,
	CACHE_OWNS_FACTORY = 56,
	CACHE_NODE_NEXT = 48,
};

/* The nodes by last use, until 3.9 seen by nobody. */
static void cache_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr node = hs_word(object, CACHE_FIRST);
	struct hs_chain chain = {0};

	if (hs_half(object, CACHE_OWNS_FACTORY))
		hs_visit_named(python, hs_word(object, CACHE_FACTORY), "factory");
	hs_visit_begin(python, HS_LABEL_VALUE, 0);
	for (; node; node = hs_python_word(python, node, CACHE_NODE_NEXT)) {
		if (!hs_chain_step(&chain, node) || !hs_python_afford(python, 1, node))
			return;
		hs_visit(python, node, HS_LABEL_VALUE, 0);
	}
}

static void cache_hidden(struct hs_python *python, const struct hs_object *object)
{
	if (!hs_half(object, CACHE_OWNS_FACTORY))
		hs_visit_weak(python, hs_word(object, CACHE_FACTORY), HS_LABEL_OFFSET,
			      CACHE_FACTORY);
}

static const struct hs_field_rule node_fields[] = {{"key", 16, 0}, {"data", 24, 0}, {0}};

/* PySSLSocket keeps an exception until it can be raised; all else is not visited. */
static const struct hs_field_rule ssl_socket_fields[] = {
	{"socket", 16, HS_FIELD_HIDDEN},
	{"context", 32, HS_FIELD_HIDDEN},
	{"owner", 48, HS_FIELD_HIDDEN},
	{"server_hostname", 56, HS_FIELD_HIDDEN},
	{"exception type", 72, HS_BEFORE(12)},
	{"exception", 80, HS_BEFORE(12)},
	{"traceback", 88, HS_BEFORE(12)},
	{"exception", 72, HS_SINCE(12)},
	{0},
};

/* The rest of a PySSLContext came to be visited with 3.13.13 and 3.14.4, and where that is in. */
static void ssl_context_rest(struct hs_python *python, const struct hs_object *object)
{
	hs_visit_named(python, hs_word(object, 72), "keylog_filename");
	if (python->layout->minor < 13)
		return;
	hs_visit_named(python, hs_word(object, 96), "psk_client_callback");
	hs_visit_named(python, hs_word(object, 104), "psk_server_callback");
}

static void ssl_context_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_visit_named(python, hs_word(object, 40), "sni_callback");
	hs_visit_named(python, hs_word(object, 64), "msg_callback");
	if (python->dict_before_values)
		ssl_context_rest(python, object);
}

static void ssl_context_hidden(struct hs_python *python, const struct hs_object *object)
{
	if (!python->dict_before_values)
		ssl_context_rest(python, object);
}

static const struct hs_field_rule panel_fields[] = {{"window", 24, 0}, {0}};

/* The user's pointer is the last word of curses's own PANEL. */
static void panel_visit(struct hs_python *python, const struct hs_object *object)
{
	hs_addr user = 0;

	if (hs_image_u64(python->image, hs_word(object, 16) + 24, &user))
		hs_visit_scan(python, user, HS_LABEL_NONE, 0);
}

enum {
	RING_READ = 32, /* RingBuf of a simplequeueobject, from 3.13 on */
	RING_ITEMS = 40,
	RING_CAPACITY = 48,
	RING_COUNT = 56,
};

static void simplequeue_visit(struct hs_python *python, const struct hs_object *object)
{
	uint64_t capacity = hs_word(object, RING_CAPACITY);
	uint64_t count = hs_word(object, RING_COUNT);
	uint64_t next = hs_word(object, RING_READ);
	hs_addr items = hs_word(object, RING_ITEMS);
	struct hs_words words;

	capacity = hs_python_limit(python, items, capacity);
	words = hs_words_open(python->image, items, capacity);
	hs_visit_begin(python, HS_LABEL_INDEX, 0);
	for (uint64_t i = 0; i < count && i < capacity; i++, next++) {
		next = next < capacity ? next : 0;
		hs_visit(python, hs_words_get(&words, next), HS_LABEL_INDEX, (uint32_t)i);
	}
}

/* Whatever a subclass adds is not counted. */
static uint64_t simplequeue_size(struct hs_python *python, const struct hs_object *object)
{
	(void)python;
	return object->type->definer->basicsize + 8 * hs_word(object, RING_CAPACITY);
}

static const struct hs_field_rule profiler_fields[] = {
	{"timer", 48, HS_FIELD_HIDDEN | HS_BEFORE(13)},
	{"timer", 48, HS_SINCE(13)},
	{"missing", 72, HS_FIELD_HIDDEN | HS_SINCE(12) | HS_BEFORE(15)},
	{"missing", 72, HS_SINCE(15)},
	{0},
};

/* Its buffer, at 32, is raw memory in which an object may have lain. */
static const struct hs_field_rule zstd_fields[] = {
	{"dict", 24, 0},
	{"unused_data", 64, HS_FIELD_HIDDEN},
	{0},
};

static const struct hs_field_rule zoneinfo_fields[] = {{"key", 16, 0}, {0}};

static const struct hs_field_rule none[] = {{0}};

/* What it refers to is not visited; a scan finds it. */
#define UNSEEN(tp_name)                                                                            \
	{                                                                                          \
		.name = (tp_name), .fields = none, .hidden = hs_visit_body                         \
	}

/* Its body is a library's state: numbers, however much they may look like addresses. */
#define OPAQUE(tp_name)                                                                            \
	{                                                                                          \
		.name = (tp_name), .fields = none                                                  \
	}

/* Its traverse function leaves out the type, but not what a scan finds. */
#define UNTYPED(tp_name)                                                                           \
	{                                                                                          \
		.name = (tp_name), .no_type = true                                                 \
	}

/* compobject: of its buffers only the dictionary is visited. */
static const struct hs_field_rule zlib_fields[] = {
	{"unused_data", 128, HS_FIELD_HIDDEN},
	{"unconsumed_tail", 136, HS_FIELD_HIDDEN},
	{"zdict", 152, 0},
	{0},
};

static const struct hs_rule rules[] = {
	{.name = "_curses_panel.panel", .fields = panel_fields, .visit = panel_visit},
	{.name = "_elementtree._element_iterator", .visit = element_iterator_visit},
	{.name = "_lsprof.Profiler", .fields = profiler_fields},
	{.name = "_queue.SimpleQueue",
	 .versions = HS_SINCE(15),
	 .visit = simplequeue_visit,
	 .size = simplequeue_size},
	{.name = "_queue.SimpleQueue", .versions = HS_SINCE(13), .visit = simplequeue_visit},
	{.name = "_ssl._SSLContext", .visit = ssl_context_visit, .hidden = ssl_context_hidden},
	{.name = "_ssl._SSLSocket", .fields = ssl_socket_fields},
	{.name = "compression.zstd.ZstdDecompressor", .fields = zstd_fields},
	{.name = "pyexpat.xmlparser", .visit = expat_visit, .hidden = expat_hidden},
	{.name = "sqlite3.Cache",
	 .versions = HS_BEFORE(11),
	 .fields = cache_fields,
	 .visit = cache_visit,
	 .hidden = cache_hidden},
	{.name = "sqlite3.Connection", .versions = HS_SINCE(11), .visit = connection_visit},
	{.name = "sqlite3.Connection", .versions = HS_BEFORE(11), .visit = old_connection_visit},
	{.name = "sqlite3.Node", .versions = HS_BEFORE(11), .fields = node_fields},
	{.name = "xml.etree.ElementTree.Element",
	 .visit = element_visit,
	 .size = element_size,
	 .buffers = element_buffers},
	{.name = "xml.etree.ElementTree.XMLParser", .fields = xmlparser_fields},
	{.name = "zlib.Compress", .fields = zlib_fields},
	{.name = "zlib.Decompress", .fields = zlib_fields},
	{.name = "zoneinfo.ZoneInfo", .fields = zoneinfo_fields, .hidden = hs_visit_body},
	UNTYPED("_multibytecodec.MultibyteIncrementalDecoder"),
	UNTYPED("_multibytecodec.MultibyteIncrementalEncoder"),
	UNTYPED("_multibytecodec.MultibyteStreamReader"),
	UNTYPED("_multibytecodec.MultibyteStreamWriter"),
	OPAQUE("_md5.md5"),
	OPAQUE("_sha1.sha1"),
	OPAQUE("_sha256.sha224"),
	OPAQUE("_sha256.sha256"),
	OPAQUE("_sha512.sha384"),
	OPAQUE("_sha512.sha512"),
	UNSEEN("_hmac.HMAC"),
	UNSEEN("compression.zstd.ZstdDict"),
	UNSEEN("zlib._ZlibDecompressor"),
};

const struct hs_rule_family hs_rules_extensions = HS_RULE_FAMILY(rules);
