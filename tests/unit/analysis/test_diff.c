/* SPDX-License-Identifier: MIT */
/* test_diff.c: rows, suspects and holders on little heaps like those of real leaks. */
#include "heap.h"

#include <heapsnap/analysis.h>
#include <unistd.h>

enum {
	MANY = 2000,
};

struct fixture {
	struct heap heap;
	struct hs_snapshot *before;
	struct hs_diff *diff;
	uint32_t ns; /* of the module app */
	uint32_t module;
};

static void init(struct fixture *f)
{
	*f = (struct fixture){0};
	heap_init(&f->heap);
	f->module = heap_module(&f->heap, "app", &f->ns);
	/* A base of objects that has nothing to do with anything. */
	for (int i = 0; i < 50; i++)
		heap_set(&f->heap, f->ns, "", heap_object(&f->heap, T_STR, 60));
}

static void deinit(struct fixture *f)
{
	hs_diff_destroy(f->diff);
	hs_snapshot_destroy(f->before);
	heap_deinit(&f->heap);
}

static void first_snapshot(struct fixture *f)
{
	f->before = heap_snapshot(&f->heap);
}

static void second_snapshot(struct fixture *f)
{
	static const char *const names[] = {"a.snap", "b.snap"};
	const struct hs_classifier *by = hs_classifier_find("kind", 4);
	struct hs_snapshot *after = heap_snapshot(&f->heap);

	assert_null(hs_diff_create(f->before, after, names, &by, 1, HS_SIZE_SHALLOW, &f->diff));
	/* The comparison stands on its own. */
	hs_snapshot_destroy(after);
	hs_snapshot_destroy(f->before);
	f->before = NULL;
}

static const struct hs_diff_row *row(const struct fixture *f, const char *kind)
{
	for (size_t i = 0; i < f->diff->row_count; i++)
		if (hs_str_equal(f->diff->rows[i].kind, STR(kind)))
			return &f->diff->rows[i];
	fail_msg("no row %s", kind);
	return NULL;
}

static bool has_companion(const struct hs_suspect *suspect, const char *kind)
{
	for (size_t i = 0; i < suspect->companion_count; i++)
		if (hs_str_equal(suspect->companions[i], STR(kind)))
			return true;
	return false;
}

/* The first suspect is @kind, held by an object of type @holder that is called @label. */
static void assert_first(const struct fixture *f, const char *kind, const char *holder,
			 const char *path, const char *label)
{
	const struct hs_suspect *suspect = &f->diff->suspects[0];

	assert_int_equal(f->diff->verdict, HS_VERDICT_GROWTH);
	assert_true(f->diff->suspect_count >= 1);
	assert_str(suspect->row->kind, kind);
	assert_true(suspect->held);
	assert_str(suspect->holder.label, label);
	assert_str(suspect->holder.path, path);
	assert_str(suspect->holder.kind, holder);
	assert_int_not_equal(suspect->cause, HS_CAUSE_LOST_REFERENCE);
	assert_int_not_equal(suspect->cause, HS_CAUSE_GARBAGE);
}

static uint32_t address_of(const struct fixture *f, uint32_t object)
{
	return (uint32_t)f->heap.objects.data[object].address;
}

/* A session with a name and a dict that has a list and a string. */
static uint32_t new_session(struct heap *heap)
{
	uint32_t session = heap_object(heap, T_SESSION, 56);
	uint32_t data = heap_object(heap, T_DICT, 184);

	heap_ref(heap, session, HS_LABEL_ATTRIBUTE, "user", heap_object(heap, T_STR, 54));
	heap_ref(heap, session, HS_LABEL_ATTRIBUTE, "data", data);
	heap_put(heap, data, heap_object(heap, T_STR, 53), heap_object(heap, T_LIST, 72));
	return session;
}

static void same_heap_is_stable(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	first_snapshot(&f);
	f.heap.time_ns++;
	second_snapshot(&f);
	assert_int_equal(f.diff->verdict, HS_VERDICT_STABLE);
	assert_int_equal(f.diff->suspect_count, 0);
	assert_true(f.diff->same_process);
	assert_int_equal(row(&f, "str")->survived, row(&f, "str")->count[1]);
	assert_int_equal(row(&f, "str")->added, 0);
	assert_int_equal(row(&f, "str")->delta_bytes, 0);
	assert_string_equal(f.diff->input[1].file, "b.snap");
	deinit(&f);
}

/* Strings at the same addresses, of whose values fingerprints tell something. */
static void values_tell_survivors(void **state)
{
	static const uint64_t fingerprints[][2] = {{5, 5}, {5, 6}, {0, 6}, {5, 0}};
	enum { COUNT = sizeof(fingerprints) / sizeof(fingerprints[0]) };

	(void)state;
	for (uint64_t salt = 1; salt <= 2; salt++) {
		uint32_t strings[COUNT];
		struct fixture f;

		init(&f);
		f.heap.salt = 1;
		for (size_t i = 0; i < COUNT; i++) {
			strings[i] = heap_object(&f.heap, T_STR, 56);
			f.heap.objects.data[strings[i]].fingerprint = fingerprints[i][0];
		}
		first_snapshot(&f);
		f.heap.salt = salt;
		for (size_t i = 0; i < COUNT; i++)
			f.heap.objects.data[strings[i]].fingerprint = fingerprints[i][1];
		second_snapshot(&f);
		/* Made with another salt they say nothing. */
		assert_int_equal(row(&f, "str")->freed, salt == 1);
		assert_int_equal(row(&f, "str")->added, salt == 1);
		assert_int_equal(row(&f, "str")->survived, row(&f, "str")->count[1] - (salt == 1));
		assert_int_equal(row(&f, "str")->delta_count, 0);
		deinit(&f);
	}
}

/* The memory of a dict that was nobody's is that of an instance's now. */
static void dicts_of_others_are_others(void **state)
{
	struct fixture f;
	uint32_t session;
	uint32_t kept;
	uint32_t dict;

	(void)state;
	init(&f);
	session = heap_object(&f.heap, T_SESSION, 56);
	kept = heap_object(&f.heap, T_DICT, 64);
	dict = heap_object(&f.heap, T_DICT, 64);
	f.heap.objects.data[kept].owner = session;
	first_snapshot(&f);
	f.heap.objects.data[dict].owner = session;
	second_snapshot(&f);
	assert_int_equal(row(&f, "dict (no owner)")->freed, 1);
	assert_int_equal(row(&f, "dict of app.Session")->added, 1);
	assert_int_equal(row(&f, "dict of app.Session")->survived, 1);
	deinit(&f);
}

static void rows_count_what_came_and_went(void **state)
{
	struct fixture f;
	uint32_t kept, freed, reused, grown;

	(void)state;
	init(&f);
	kept = heap_object(&f.heap, T_SESSION, 56);
	freed = heap_object(&f.heap, T_SESSION, 56);
	reused = heap_object(&f.heap, T_SESSION, 56);
	grown = heap_object(&f.heap, T_LIST, 56);
	first_snapshot(&f);
	(void)kept;
	heap_free(&f.heap, freed);
	/* Something of another type at the same address has not survived. */
	f.heap.objects.data[reused].type = T_APP;
	f.heap.objects.data[grown].size = 88;
	heap_object(&f.heap, T_SESSION, 64);
	second_snapshot(&f);
	assert_int_equal(row(&f, "app.Session")->count[0], 3);
	assert_int_equal(row(&f, "app.Session")->count[1], 2);
	assert_int_equal(row(&f, "app.Session")->added, 1);
	assert_int_equal(row(&f, "app.Session")->freed, 2);
	assert_int_equal(row(&f, "app.Session")->survived, 1);
	assert_int_equal(row(&f, "app.Session")->delta_count, -1);
	assert_int_equal(row(&f, "app.Session")->delta_bytes, -48);
	assert_int_equal(row(&f, "app.App")->added, 1);
	assert_int_equal(row(&f, "app.App")->count[0], 0);
	assert_int_equal(row(&f, "list")->delta_bytes, 32);
	assert_int_equal(row(&f, "list")->added, 0);
	/* By falling growth. */
	assert_str(f.diff->rows[0].kind, "app.App");
	assert_str(f.diff->rows[f.diff->row_count - 1].kind, "app.Session");
	deinit(&f);
}

static void put_sessions(struct fixture *f, uint32_t dict, int count)
{
	for (int i = 0; i < count; i++) {
		uint32_t key = heap_object(&f->heap, T_STR, 61);

		heap_put(&f->heap, dict, key, new_session(&f->heap));
	}
	f->heap.objects.data[dict].size += 40 * (uint64_t)count;
}

/* A module's dict collects sessions under keys of their own. */
static void sessions_in_a_module_dict(void **state)
{
	struct fixture f;
	uint32_t dict;

	(void)state;
	init(&f);
	dict = heap_object(&f.heap, T_DICT, 64);
	heap_set(&f.heap, f.ns, "SESSIONS", dict);
	put_sessions(&f, dict, 100);
	first_snapshot(&f);
	put_sessions(&f, dict, MANY);
	second_snapshot(&f);
	assert_first(&f, "app.Session", "dict", "module app → SESSIONS", "app.SESSIONS");
	assert_int_equal(f.diff->suspect_count, 1);
	assert_int_equal(f.diff->suspects[0].holder.held, MANY);
	assert_int_equal((uint32_t)f.diff->suspects[0].holder.address, address_of(&f, dict));
	/* Keys and the dict's own growth are part of it. */
	assert_int_equal(f.diff->suspects[0].attributed,
			 MANY * (56 + 184 + 54 + 53 + 72 + 61 + 40));
	assert_int_equal(f.diff->explained, f.diff->suspects[0].attributed);
	assert_true(has_companion(&f.diff->suspects[0], "dict (no owner)"));
	assert_true(has_companion(&f.diff->suspects[0], "str"));
	assert_true(has_companion(&f.diff->suspects[0], "list"));
	assert_false(has_companion(&f.diff->suspects[0], "app.Session"));
	deinit(&f);
}

/* The keys are larger than the values, and collected in turn with them: the values still win. */
static void heavy_keys(void **state)
{
	struct fixture f;
	uint32_t dict;

	(void)state;
	init(&f);
	dict = heap_object(&f.heap, T_DICT, 64);
	heap_set(&f.heap, f.ns, "SESSIONS", dict);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		heap_ref(&f.heap, dict, HS_LABEL_ENTRY, "", heap_object(&f.heap, T_SESSION, 48));
		heap_ref(&f.heap, dict, HS_LABEL_ENTRY, "", heap_object(&f.heap, T_INT, 500));
	}
	second_snapshot(&f);
	assert_first(&f, "app.Session", "dict", "module app → SESSIONS", "app.SESSIONS");
	assert_int_equal(f.diff->suspect_count, 1);
	deinit(&f);
}

/* Keys whose values are nothing new are themselves what grows. */
static void keys_alone(void **state)
{
	struct fixture f;
	uint32_t dict, none;

	(void)state;
	init(&f);
	none = heap_object(&f.heap, T_APP, 16);
	dict = heap_object(&f.heap, T_DICT, 64);
	heap_set(&f.heap, f.ns, "none", none);
	heap_set(&f.heap, f.ns, "SEEN", dict);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++)
		heap_put(&f.heap, dict, heap_object(&f.heap, T_STR, 70), none);
	second_snapshot(&f);
	assert_first(&f, "str", "dict", "module app → SEEN", "app.SEEN");
	deinit(&f);
}

/* A dict that belongs to a class, reached through the class's namespace. */
static void registry_of_a_class(void **state)
{
	struct fixture f;
	uint32_t class, registry;

	(void)state;
	init(&f);
	class = heap_object(&f.heap, T_TYPE, 1064);
	registry = heap_object(&f.heap, T_DICT, 64);
	heap_set(&f.heap, f.ns, "Client", class);
	heap_set(&f.heap, heap_namespace(&f.heap, class), "Register", registry);
	first_snapshot(&f);
	put_sessions(&f, registry, MANY);
	second_snapshot(&f);
	assert_first(&f, "app.Session", "dict", "module app → Client → Register",
		     "app.Client.Register");
	deinit(&f);
}

/* Attributes of instances, with a namespace dict and without. */
static void queue_of_an_instance(void **state)
{
	struct fixture f;
	uint32_t app, queue, deque;

	(void)state;
	init(&f);
	app = heap_object(&f.heap, T_APP, 48);
	queue = heap_object(&f.heap, T_APP, 48);
	deque = heap_object(&f.heap, T_LIST, 624);
	heap_set(&f.heap, f.ns, "audit", app);
	heap_set(&f.heap, heap_namespace(&f.heap, app), "work_queue", queue);
	heap_ref(&f.heap, queue, HS_LABEL_ATTRIBUTE, "queue", deque);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++)
		heap_append(&f.heap, deque, new_session(&f.heap));
	second_snapshot(&f);
	assert_first(&f, "app.Session", "list", "module app → audit → work_queue → queue",
		     "app.audit.work_queue.queue");
	deinit(&f);
}

/* Modules are roots; what holds them is the dict of loaded modules. */
static void modules_that_are_roots(void **state)
{
	struct fixture f;
	uint32_t sys_ns, modules, ns, type, refs;

	(void)state;
	init(&f);
	heap_module(&f.heap, "sys", &sys_ns);
	modules = heap_object(&f.heap, T_DICT, 232);
	heap_set(&f.heap, sys_ns, "modules", modules);
	heap_root(&f.heap, HS_ROOT_INTERPRETER, modules, "sys.modules");
	refs = heap_object(&f.heap, T_DICT, 232);
	heap_set(&f.heap, f.ns, "subclasses", refs);
	first_snapshot(&f);
	for (int i = 0; i < 500; i++) {
		uint32_t module = heap_module(&f.heap, "plugin", &ns);
		uint32_t weakref = heap_object(&f.heap, T_WEAKREF, 72);

		heap_put(&f.heap, modules, heap_object(&f.heap, T_STR, 60), module);
		type = heap_object(&f.heap, T_TYPE, 1064);
		heap_set(&f.heap, ns, "Rule", type);
		heap_set(&f.heap, heap_namespace(&f.heap, type), "LIMITS",
			 heap_object(&f.heap, T_DICT, 184));
		/* The base class knows its subclasses weakly. */
		heap_weak(&f.heap, weakref, type);
		heap_put(&f.heap, refs, heap_object(&f.heap, T_INT, 32), weakref);
	}
	second_snapshot(&f);
	assert_first(&f, "module", "dict", "module sys → modules", "sys.modules");
	assert_int_equal(f.diff->suspects[0].holder.held, 500);
	assert_int_equal(f.diff->suspect_count, 1);
	assert_true(has_companion(&f.diff->suspects[0], "type"));
	assert_true(has_companion(&f.diff->suspects[0], "weakref"));
	deinit(&f);
}

/* A list of handlers, and a list of weak references to the same handlers. */
static void handlers_also_known_weakly(void **state)
{
	struct fixture f;
	uint32_t logger, handlers, weak;

	(void)state;
	init(&f);
	logger = heap_object(&f.heap, T_APP, 48);
	handlers = heap_object(&f.heap, T_LIST, 56);
	weak = heap_object(&f.heap, T_LIST, 56);
	heap_set(&f.heap, f.ns, "logger", logger);
	heap_ref(&f.heap, logger, HS_LABEL_ATTRIBUTE, "handlers", handlers);
	heap_set(&f.heap, f.ns, "_handlerList", weak);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		uint32_t handler = heap_object(&f.heap, T_SESSION, 48);
		uint32_t weakref = heap_object(&f.heap, T_WEAKREF, 172);

		heap_append(&f.heap, handlers, handler);
		heap_weak(&f.heap, weakref, handler);
		heap_append(&f.heap, weak, weakref);
	}
	f.heap.objects.data[weak].size += 8 * MANY;
	second_snapshot(&f);
	assert_first(&f, "app.Session", "list", "module app → logger → handlers",
		     "app.logger.handlers");
	assert_int_equal(f.diff->suspect_count, 1);
	assert_int_equal(f.diff->suspects[0].attributed, MANY * (48 + 172 + 8));
	deinit(&f);
}

/* Bound methods hold the views that do not unsubscribe. */
static void bound_methods(void **state)
{
	struct fixture f;
	uint32_t feed, listeners;

	(void)state;
	init(&f);
	feed = heap_object(&f.heap, T_APP, 48);
	listeners = heap_object(&f.heap, T_LIST, 56);
	heap_set(&f.heap, f.ns, "feed", feed);
	heap_ref(&f.heap, feed, HS_LABEL_ATTRIBUTE, "listeners", listeners);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		uint32_t method = heap_object(&f.heap, T_METHOD, 64);

		heap_append(&f.heap, listeners, method);
		heap_ref(&f.heap, method, HS_LABEL_ATTRIBUTE, "__self__", new_session(&f.heap));
	}
	second_snapshot(&f);
	assert_first(&f, "method", "list", "module app → feed → listeners", "app.feed.listeners");
	assert_int_equal(f.diff->suspect_count, 1);
	assert_true(has_companion(&f.diff->suspects[0], "app.Session"));
	deinit(&f);
}

/* Free @index and all that was in it, and put a new one of as many entries in its place. */
static void replace_index(struct fixture *f, uint32_t owner, uint32_t *index, int entries)
{
	struct heap *heap = &f->heap;
	uint32_t fresh = heap_object(heap, T_DICT, 300000);

	if (*index) {
		for (size_t i = 0; i < heap->objects.data[*index].refs.size; i++)
			heap_free(heap, heap->objects.data[*index].refs.data[i].target);
		heap_free(heap, *index);
	}
	for (int i = 0; i < entries; i++)
		heap_put(heap, fresh, heap_object(heap, T_STR, 55),
			 heap_object(heap, T_SESSION, 48));
	heap_ref(heap, owner, HS_LABEL_ATTRIBUTE, "live", fresh);
	*index = fresh;
}

/* An index is built anew and swapped in: all new, as many as before. */
static void double_buffer(void **state)
{
	struct fixture f;
	uint32_t owner, index = 0;

	(void)state;
	init(&f);
	owner = heap_object(&f.heap, T_APP, 48);
	heap_set(&f.heap, f.ns, "index", owner);
	replace_index(&f, owner, &index, MANY);
	first_snapshot(&f);
	replace_index(&f, owner, &index, MANY);
	second_snapshot(&f);
	assert_int_equal(f.diff->verdict, HS_VERDICT_STABLE);
	assert_int_equal(row(&f, "app.Session")->added, MANY);
	assert_int_equal(row(&f, "app.Session")->freed, MANY);
	deinit(&f);
}

/* The same, but growing: what grew in it is to be named, not the dict that was replaced. */
static void growing_double_buffer(void **state)
{
	struct fixture f;
	uint32_t owner, index = 0;

	(void)state;
	init(&f);
	owner = heap_object(&f.heap, T_APP, 48);
	heap_set(&f.heap, f.ns, "index", owner);
	replace_index(&f, owner, &index, MANY);
	first_snapshot(&f);
	replace_index(&f, owner, &index, 2 * MANY);
	second_snapshot(&f);
	assert_first(&f, "app.Session", "dict", "module app → index → live", "app.index.live");
	assert_int_equal(f.diff->suspects[0].attributed, MANY * (48 + 55));
	deinit(&f);
}

/* A new object at the address of another one's container must not accuse anybody. */
static void address_of_a_container_reused(void **state)
{
	struct fixture f;
	uint32_t owner, index = 0, other;

	(void)state;
	init(&f);
	owner = heap_object(&f.heap, T_APP, 48);
	other = heap_object(&f.heap, T_DICT, 232);
	heap_set(&f.heap, f.ns, "index", owner);
	heap_set(&f.heap, f.ns, "other", other);
	replace_index(&f, owner, &index, MANY);
	first_snapshot(&f);
	replace_index(&f, owner, &index, MANY);
	heap_free(&f.heap, other);
	f.heap.objects.data[index].address = f.heap.objects.data[other].address;
	second_snapshot(&f);
	assert_int_equal(f.diff->verdict, HS_VERDICT_STABLE);
	deinit(&f);
}

/* A bounded container in which as much is replaced as leaks into another one, of the same class. */
static void churn_beside_a_leak(void **state)
{
	struct fixture f;
	uint32_t ring, leak, old[MANY];

	(void)state;
	init(&f);
	ring = heap_object(&f.heap, T_LIST, 56);
	leak = heap_object(&f.heap, T_LIST, 56);
	heap_set(&f.heap, f.ns, "RING", ring);
	heap_set(&f.heap, f.ns, "LEAK", leak);
	for (int i = 0; i < MANY; i++) {
		old[i] = heap_object(&f.heap, T_SESSION, 56);
		heap_append(&f.heap, ring, old[i]);
	}
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		heap_free(&f.heap, old[i]);
		heap_append(&f.heap, ring, heap_object(&f.heap, T_SESSION, 56));
		if (i % 2)
			heap_append(&f.heap, leak, heap_object(&f.heap, T_SESSION, 56));
	}
	second_snapshot(&f);
	assert_first(&f, "app.Session", "list", "module app → LEAK", "app.LEAK");
	assert_int_equal(f.diff->suspects[0].holder.held, MANY / 2);
	assert_int_equal(f.diff->suspects[0].attributed, MANY / 2 * 56);
	deinit(&f);
}

/* A kept bytearray, list or string that grows without anything new in it. */
static void one_buffer(void **state)
{
	struct fixture f;
	uint32_t bytes, type;

	(void)state;
	init(&f);
	type = heap_type(&f.heap, "bytearray", "builtins", HS_ROLE_BYTES);
	bytes = heap_object(&f.heap, type, 1000);
	heap_set(&f.heap, f.ns, "BUFFER", bytes);
	first_snapshot(&f);
	f.heap.objects.data[bytes].size = 1 << 20;
	second_snapshot(&f);
	assert_first(&f, "bytearray", "bytearray", "module app → BUFFER", "app.BUFFER");
	assert_int_equal(f.diff->suspects[0].row->delta_count, 0);
	deinit(&f);
}

/* An immutable buffer: replaced by a larger one under the same name. */
static void one_immutable_buffer(void **state)
{
	struct fixture f;
	uint32_t app, text;

	(void)state;
	init(&f);
	app = heap_object(&f.heap, T_APP, 48);
	heap_set(&f.heap, f.ns, "app", app);
	text = heap_object(&f.heap, T_STR, 1000);
	heap_ref(&f.heap, app, HS_LABEL_ATTRIBUTE, "log", text);
	first_snapshot(&f);
	heap_free(&f.heap, text);
	heap_ref(&f.heap, app, HS_LABEL_ATTRIBUTE, "log", heap_object(&f.heap, T_STR, 1 << 20));
	second_snapshot(&f);
	assert_first(&f, "str", "str", "module app → app → log", "app.app.log");
	deinit(&f);
}

/* A chain hangs in a kept object by its first link. */
static void linked_list(void **state)
{
	struct fixture f;
	uint32_t app, last;

	(void)state;
	init(&f);
	app = heap_object(&f.heap, T_APP, 48);
	heap_set(&f.heap, f.ns, "chain", app);
	first_snapshot(&f);
	last = app;
	for (int i = 0; i < MANY; i++) {
		uint32_t next = heap_object(&f.heap, T_SESSION, 56);

		heap_ref(&f.heap, last, HS_LABEL_ATTRIBUTE, "next", next);
		last = next;
	}
	second_snapshot(&f);
	assert_first(&f, "app.Session", "app.App", "module app → chain", "app.chain");
	assert_int_equal(f.diff->suspects[0].attributed, MANY * 56);
	deinit(&f);
}

/* Each of many customers gets one object more: the list of customers is the holder. */
static void spread_over_many(void **state)
{
	struct fixture f;
	uint32_t customers, items[MANY];

	(void)state;
	init(&f);
	customers = heap_object(&f.heap, T_LIST, 56 + 8 * MANY);
	heap_set(&f.heap, f.ns, "CUSTOMERS", customers);
	for (int i = 0; i < MANY; i++) {
		uint32_t customer = heap_object(&f.heap, T_APP, 56);

		items[i] = heap_object(&f.heap, T_LIST, 56);
		heap_append(&f.heap, customers, customer);
		heap_ref(&f.heap, customer, HS_LABEL_ATTRIBUTE, "items", items[i]);
	}
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++)
		heap_append(&f.heap, items[i], new_session(&f.heap));
	second_snapshot(&f);
	assert_first(&f, "app.Session", "list", "module app → CUSTOMERS → [*] → items",
		     "app.CUSTOMERS[*].items");
	assert_int_equal((uint32_t)f.diff->suspects[0].holder.address, address_of(&f, customers));
	assert_int_equal(f.diff->suspects[0].holder.held, MANY);
	deinit(&f);
}

/* Small containers show an index, names with quotes are escaped, +24 is a place in a body. */
static void labels_of_all_kinds(void **state)
{
	struct fixture f;
	uint32_t list, dict, extension, inner;

	(void)state;
	init(&f);
	list = heap_object(&f.heap, T_LIST, 72);
	dict = heap_object(&f.heap, T_DICT, 232);
	extension = heap_object(&f.heap, T_APP, 72);
	inner = heap_object(&f.heap, T_LIST, 72);
	heap_set(&f.heap, f.ns, "TABLES", list);
	heap_append(&f.heap, list, heap_object(&f.heap, T_STR, 50));
	heap_append(&f.heap, list, dict);
	heap_ref(&f.heap, dict, HS_LABEL_ITEM, "it's", extension);
	heap_ref(&f.heap, extension, HS_LABEL_OFFSET, "", inner);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++)
		heap_append(&f.heap, inner, new_session(&f.heap));
	second_snapshot(&f);
	assert_first(&f, "app.Session", "list", "module app → TABLES → [1] → ['it\\'s'] → +0",
		     "app.TABLES[1]['it\\'s']+0");
	deinit(&f);
}

/* The namespace of a module grows: it is called like the module. */
static void holder_is_a_namespace(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++)
		heap_set(&f.heap, f.ns, "x", new_session(&f.heap));
	second_snapshot(&f);
	assert_first(&f, "app.Session", "dict", "module app", "app");
	deinit(&f);
}

static void held_by_a_local_variable(void **state)
{
	struct fixture f;
	uint32_t list;

	(void)state;
	init(&f);
	list = heap_object(&f.heap, T_LIST, 56);
	heap_root(&f.heap, HS_ROOT_THREAD, list, "items");
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++)
		heap_append(&f.heap, list, new_session(&f.heap));
	second_snapshot(&f);
	assert_first(&f, "app.Session", "list", "thread MainThread, main(): items", "main().items");
	deinit(&f);
}

/* Nothing that is reached refers to them: native code, or garbage. */
static void held_by_nobody(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		uint32_t session = new_session(&f.heap);

		heap_ref(&f.heap, session, HS_LABEL_ATTRIBUTE, "self", session);
	}
	second_snapshot(&f);
	assert_int_equal(f.diff->verdict, HS_VERDICT_GROWTH);
	assert_int_equal(f.diff->suspect_count, 1);
	assert_str(f.diff->suspects[0].row->kind, "app.Session");
	assert_false(f.diff->suspects[0].held);
	assert_int_equal(f.diff->suspects[0].cause, HS_CAUSE_GARBAGE);
	assert_non_null(strstr(f.diff->suspects[0].reason.data, "garbage"));
	assert_true(has_companion(&f.diff->suspects[0], "dict (no owner)"));
	deinit(&f);
}

/* One of them is in a variable that nobody cleared; that does not explain the others. */
static void held_by_nobody_but_one(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		uint32_t session = new_session(&f.heap);

		heap_ref(&f.heap, session, HS_LABEL_ATTRIBUTE, "self", session);
		if (i == MANY / 2)
			heap_root(&f.heap, HS_ROOT_INTERNAL, session, "data of a library");
	}
	second_snapshot(&f);
	assert_str(f.diff->suspects[0].row->kind, "app.Session");
	assert_false(f.diff->suspects[0].held);
	assert_int_equal(f.diff->suspects[0].cause, HS_CAUSE_GARBAGE);
	deinit(&f);
}

/*
 * As many new ones as the cache holds have their references lost; those that were lost before and
 * are gone count against them.
 */
static void references_are_lost(void **state)
{
	enum { BEFORE = 10 };
	struct fixture f;
	uint32_t cache;

	(void)state;
	for (int variant = 0; variant < 3; variant++) {
		init(&f);
		cache = heap_object(&f.heap, T_LIST, 56);
		heap_set(&f.heap, f.ns, "CACHE", cache);
		for (int i = 0; i < BEFORE; i++) {
			uint32_t session = new_session(&f.heap);

			f.heap.objects.data[session].flags |= HS_OBJECT_LOST;
		}
		first_snapshot(&f);
		for (int i = 0; i < MANY; i++) {
			uint32_t session = new_session(&f.heap);

			/* All, half, a tenth of them are lost. */
			if (variant == 0 || i % (variant == 1 ? 2 : 10) == 0)
				f.heap.objects.data[session].flags |= HS_OBJECT_LOST;
			else
				heap_append(&f.heap, cache, session);
		}
		second_snapshot(&f);
		assert_str(f.diff->suspects[0].row->kind, "app.Session");
		assert_int_equal(f.diff->suspects[0].held, variant == 2);
		assert_int_equal(f.diff->suspects[0].cause,
				 variant == 2 ? HS_CAUSE_CONTAINER : HS_CAUSE_LOST_REFERENCE);
		if (variant < 2)
			assert_non_null(strstr(f.diff->suspects[0].reason.data, "were lost"));
		deinit(&f);
	}
}

/* What was lost before holds them: native code's own list, that goes on growing. */
static void held_by_what_is_lost(void **state)
{
	struct fixture f;
	uint32_t list;

	(void)state;
	init(&f);
	list = heap_object(&f.heap, T_LIST, 56);
	f.heap.objects.data[list].flags |= HS_OBJECT_LOST;
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++)
		heap_append(&f.heap, list, new_session(&f.heap));
	second_snapshot(&f);
	assert_str(f.diff->suspects[0].row->kind, "app.Session");
	assert_false(f.diff->suspects[0].held);
	assert_int_equal(f.diff->suspects[0].cause, HS_CAUSE_LOST_REFERENCE);
	deinit(&f);
}

/* What lies below the threshold is noise. */
static void noise_is_no_suspect(void **state)
{
	struct fixture f;
	uint32_t list;

	(void)state;
	init(&f);
	list = heap_object(&f.heap, T_LIST, 56);
	heap_set(&f.heap, f.ns, "L", list);
	first_snapshot(&f);
	for (int i = 0; i < 100; i++)
		heap_append(&f.heap, list, heap_object(&f.heap, T_SESSION, 56));
	second_snapshot(&f);
	assert_int_equal(f.diff->verdict, HS_VERDICT_STABLE);
	assert_str(f.diff->rows[0].kind, "app.Session");
	deinit(&f);
}

/* Objects that move from one container to another did not grow. */
static void moved_to_a_new_container(void **state)
{
	struct fixture f;
	uint32_t first, second, old[MANY];

	(void)state;
	init(&f);
	first = heap_object(&f.heap, T_LIST, 20000);
	second = heap_object(&f.heap, T_LIST, 20000);
	heap_set(&f.heap, f.ns, "FIRST", first);
	heap_set(&f.heap, f.ns, "SECOND", second);
	for (int i = 0; i < MANY; i++) {
		old[i] = new_session(&f.heap);
		heap_append(&f.heap, first, old[i]);
	}
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		heap_free(&f.heap, old[i]);
		for (size_t k = 0; k < 2; k++)
			heap_free(&f.heap, f.heap.objects.data[old[i]].refs.data[k].target);
		heap_append(&f.heap, second, heap_object(&f.heap, T_SESSION, 56));
	}
	heap_append(&f.heap, second, heap_object(&f.heap, T_SESSION, 56));
	second_snapshot(&f);
	assert_int_equal(f.diff->verdict, HS_VERDICT_STABLE);
	deinit(&f);
}

/* Two leaks, the larger one first, and both are named. */
static void two_leaks(void **state)
{
	struct fixture f;
	uint32_t one, two;

	(void)state;
	init(&f);
	one = heap_object(&f.heap, T_LIST, 56);
	two = heap_object(&f.heap, T_LIST, 56);
	heap_set(&f.heap, f.ns, "ONE", one);
	heap_set(&f.heap, f.ns, "TWO", two);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		heap_append(&f.heap, one, heap_object(&f.heap, T_METHOD, 64));
		heap_append(&f.heap, two, new_session(&f.heap));
	}
	second_snapshot(&f);
	assert_first(&f, "app.Session", "list", "module app → TWO", "app.TWO");
	assert_int_equal(f.diff->suspect_count, 2);
	assert_str(f.diff->suspects[1].row->kind, "method");
	assert_str(f.diff->suspects[1].holder.label, "app.ONE");
	deinit(&f);
}

/* A replaced container that cannot be paired by name: the class that grew is named all the same. */
static void growth_in_replaced_containers(void **state)
{
	struct fixture f;
	uint32_t list, old[20];

	(void)state;
	init(&f);
	list = heap_object(&f.heap, T_LIST, 56);
	heap_set(&f.heap, f.ns, "PAGES", list);
	for (int i = 0; i < 20; i++) {
		old[i] = heap_object(&f.heap, T_APP, 48);
		heap_append(&f.heap, list, old[i]);
	}
	first_snapshot(&f);
	for (int i = 0; i < 20; i++) {
		uint32_t page = heap_object(&f.heap, T_APP, 48);

		heap_free(&f.heap, old[i]);
		heap_append(&f.heap, list, page);
		for (int k = 0; k < 100; k++)
			heap_ref(&f.heap, page, HS_LABEL_INDEX, "",
				 heap_object(&f.heap, T_SESSION, 56));
	}
	second_snapshot(&f);
	assert_first(&f, "app.Session", "list", "module app → PAGES", "app.PAGES");
	deinit(&f);
}

/* A path of thousands of steps comes out short. */
static void long_path(void **state)
{
	struct fixture f;
	uint32_t last, list;

	(void)state;
	init(&f);
	last = heap_object(&f.heap, T_APP, 48);
	heap_set(&f.heap, f.ns, "first", last);
	for (int i = 0; i < 5000; i++) {
		uint32_t next = heap_object(&f.heap, T_APP, 48);

		heap_ref(&f.heap, last, HS_LABEL_ATTRIBUTE, "next", next);
		last = next;
	}
	list = heap_object(&f.heap, T_LIST, 56);
	heap_ref(&f.heap, last, HS_LABEL_ATTRIBUTE, "items", list);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++)
		heap_append(&f.heap, list, new_session(&f.heap));
	second_snapshot(&f);
	assert_true(f.diff->suspects[0].held);
	assert_true(f.diff->suspects[0].holder.path.size < 400);
	assert_non_null(strstr(f.diff->suspects[0].holder.path.data, "…"));
	assert_non_null(strstr(f.diff->suspects[0].holder.label.data, ".next.items"));
	deinit(&f);
}

/* A cache made only after the first snapshot: what is in it grew, not caches. */
static void container_is_new(void **state)
{
	struct fixture f;
	uint32_t app, queue, list;

	(void)state;
	init(&f);
	first_snapshot(&f);
	app = heap_object(&f.heap, T_APP, 48);
	queue = heap_object(&f.heap, T_APP, 48);
	list = heap_object(&f.heap, T_LIST, 20000);
	heap_set(&f.heap, f.ns, "app", app);
	heap_set(&f.heap, heap_namespace(&f.heap, app), "queue", queue);
	heap_ref(&f.heap, queue, HS_LABEL_ATTRIBUTE, "items", list);
	for (int i = 0; i < MANY; i++)
		heap_append(&f.heap, list, new_session(&f.heap));
	second_snapshot(&f);
	assert_first(&f, "app.Session", "list", "module app → app → queue → items",
		     "app.app.queue.items");
	assert_int_equal(f.diff->suspect_count, 1);
	assert_int_equal(f.diff->suspects[0].holder.held, MANY);
	assert_int_equal(f.diff->suspects[0].attributed, MANY * (56 + 184 + 54 + 53 + 72) + 20000);
	deinit(&f);
}

/* Many containers of a kind are what grew themselves, however large each of them is. */
static void many_new_containers(void **state)
{
	struct fixture f;
	uint32_t pages;

	(void)state;
	init(&f);
	pages = heap_object(&f.heap, T_LIST, 56);
	heap_set(&f.heap, f.ns, "PAGES", pages);
	first_snapshot(&f);
	for (int i = 0; i < 50; i++) {
		uint32_t page = heap_object(&f.heap, T_DICT, 9000);

		heap_append(&f.heap, pages, page);
		for (int k = 0; k < 100; k++)
			heap_put(&f.heap, page, heap_object(&f.heap, T_STR, 50),
				 heap_object(&f.heap, T_SESSION, 200));
	}
	second_snapshot(&f);
	assert_first(&f, "dict (no owner)", "list", "module app → PAGES", "app.PAGES");
	assert_int_equal(f.diff->suspect_count, 1);
	deinit(&f);
}

/* A list is replaced by a dict of the same things: that they could not be paired is no growth. */
static void container_of_another_type(void **state)
{
	struct fixture f;
	uint32_t list, dict, old[MANY];

	(void)state;
	init(&f);
	list = heap_object(&f.heap, T_LIST, 20000);
	heap_set(&f.heap, f.ns, "STORE", list);
	for (int i = 0; i < MANY; i++) {
		old[i] = heap_object(&f.heap, T_SESSION, 200);
		heap_append(&f.heap, list, old[i]);
	}
	first_snapshot(&f);
	heap_free(&f.heap, list);
	dict = heap_object(&f.heap, T_DICT, 22000);
	heap_set(&f.heap, f.ns, "STORE", dict);
	for (int i = 0; i < MANY; i++) {
		heap_free(&f.heap, old[i]);
		heap_ref(&f.heap, dict, HS_LABEL_VALUE, "", heap_object(&f.heap, T_SESSION, 200));
	}
	second_snapshot(&f);
	assert_int_equal(f.diff->verdict, HS_VERDICT_STABLE);
	deinit(&f);
}

static void other_process(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	first_snapshot(&f);
	f.heap.pid = 43;
	second_snapshot(&f);
	assert_false(f.diff->same_process);
	deinit(&f);
}

/* The runtime's table of interned strings lists what a module's list holds. */
/* By sites: the first snapshot may be from before tracing began, the second may not. */
static void by_site(void **state)
{
	static const char *const names[] = {"a.snap", "b.snap"};
	const struct hs_classifier *by = hs_classifier_find("site", 4);
	struct hs_snapshot *after;
	struct hs_error *err;
	struct fixture f;

	(void)state;
	init(&f);
	first_snapshot(&f);
	err = hs_diff_create(f.before, f.before, names, &by, 1, HS_SIZE_SHALLOW, &f.diff);
	assert_non_null(err);
	assert_non_null(strstr(hs_error_message(err), "b.snap does not say where"));
	hs_error_destroy(err);
	for (int i = 0; i < MANY; i++) {
		uint32_t object = heap_object(&f.heap, T_SESSION, 64);

		f.heap.objects.data[object].line = 7;
		heap_set(&f.heap, f.ns, "", object);
	}
	after = heap_snapshot(&f.heap);
	assert_null(hs_diff_create(f.before, after, names, &by, 1, HS_SIZE_SHALLOW, &f.diff));
	assert_int_equal(row(&f, "app.py:7")->added, MANY);
	assert_int_equal(row(&f, "app.py:7")->count[0], 0);
	/* The keys. */
	assert_int_equal(row(&f, "(not traced)")->added, MANY);
	assert_str(f.diff->suspects[0].row->kind, "app.py:7");
	hs_snapshot_destroy(after);
	deinit(&f);
}

static void interned_strings(void **state)
{
	struct fixture f;
	uint32_t table, list;

	(void)state;
	init(&f);
	table = heap_object(&f.heap, T_DICT, 64);
	heap_root(&f.heap, HS_ROOT_INTERNAL, table, "interned strings");
	list = heap_object(&f.heap, T_LIST, 56);
	heap_set(&f.heap, f.ns, "NAMES", list);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		uint32_t name = heap_object(&f.heap, T_STR, 60);

		heap_put(&f.heap, table, name, name);
		heap_append(&f.heap, list, name);
	}
	f.heap.objects.data[list].size += 8 * MANY;
	f.heap.objects.data[table].size += 40 * MANY;
	second_snapshot(&f);
	assert_first(&f, "str", "list", "module app → NAMES", "app.NAMES");
	assert_int_equal(f.diff->suspect_count, 1);
	assert_int_equal(f.diff->suspects[0].holder.held, MANY);
	assert_int_equal(f.diff->suspects[0].attributed, MANY * (60 + 8));
	deinit(&f);
}

/* What nothing else reaches the table does hold. */
static void interned_strings_alone(void **state)
{
	struct fixture f;
	uint32_t table, list;

	(void)state;
	init(&f);
	table = heap_object(&f.heap, T_DICT, 64);
	heap_root(&f.heap, HS_ROOT_INTERNAL, table, "interned strings");
	list = heap_object(&f.heap, T_LIST, 56);
	heap_set(&f.heap, f.ns, "NAMES", list);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		uint32_t name = heap_object(&f.heap, T_STR, 60);

		heap_put(&f.heap, table, name, name);
		if (!i)
			heap_append(&f.heap, list, name);
	}
	second_snapshot(&f);
	assert_first(&f, "str", "dict", "interned strings", "interned strings");
	assert_int_equal(f.diff->suspect_count, 1);
	deinit(&f);
}

enum {
	NAMES = 5000,
};

/* In a namespace of very many names every one finds what it named before, wherever it was. */
static void very_many_names(void **state)
{
	struct fixture f;
	uint32_t old[NAMES];
	char name[24];

	(void)state;
	init(&f);
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		old[i] = heap_object(&f.heap, T_SESSION, 100);
		heap_ref(&f.heap, f.ns, HS_LABEL_ITEM, name, old[i]);
	}
	first_snapshot(&f);
	for (uint32_t i = 0; i < NAMES; i++)
		heap_free(&f.heap, old[i]);
	/* All anew, and from the other end, each with a child that is new. */
	for (uint32_t i = NAMES; i-- > 0;) {
		uint32_t session = heap_object(&f.heap, T_SESSION, 100);

		snprintf(name, sizeof(name), "n%u", i);
		heap_ref(&f.heap, f.ns, HS_LABEL_ITEM, name, session);
		if (i == 1234)
			for (int k = 0; k < MANY; k++)
				heap_ref(&f.heap, session, HS_LABEL_INDEX, "",
					 heap_object(&f.heap, T_STR, 80));
	}
	second_snapshot(&f);
	/* The sessions are those that were there: what is in one of them is what grew. */
	assert_first(&f, "str", "app.Session", "module app → n1234", "app.n1234");
	assert_int_equal(f.diff->suspect_count, 1);
	deinit(&f);
}

/* Somebody's file may say that all its objects are in one place; it must not take hours. */
static void all_in_one_place(void **state)
{
	enum { OBJECTS = 400000, SECONDS = 30 };
	struct fixture f;

	(void)state;
	init(&f);
	for (uint32_t i = 0; i < OBJECTS; i++) {
		uint32_t object = heap_object(&f.heap, T_SESSION, 100);

		f.heap.objects.data[object].address = 0x1000;
	}
	first_snapshot(&f);
	alarm(SECONDS);
	second_snapshot(&f);
	alarm(0);
	assert_int_equal(f.diff->verdict, HS_VERDICT_STABLE);
	deinit(&f);
}

/* Sizes that no process can have, but a file can; sanitizers see what overflows. */
static void sizes_beyond_all_measure(void **state)
{
	struct fixture f;

	(void)state;
	init(&f);
	for (int i = 0; i < 10; i++)
		heap_free(&f.heap, heap_object(&f.heap, T_SESSION, UINT64_MAX - (uint64_t)i));
	for (int i = 0; i < 10; i++)
		heap_object(&f.heap, T_LIST, (uint64_t)1 << 62);
	first_snapshot(&f);
	for (int i = 0; i < 10; i++)
		heap_object(&f.heap, T_SESSION, UINT64_MAX);
	for (int i = 0; i < 10; i++)
		heap_object(&f.heap, T_STR, (uint64_t)1 << 62);
	second_snapshot(&f);
	assert_int_equal(row(&f, "str")->added, 10);
	deinit(&f);
}

/* head = Node(head) in a module: the new nodes are in front of the old ones. */
static void linked_list_with_a_new_head(void **state)
{
	struct fixture f;
	uint32_t head;

	(void)state;
	init(&f);
	head = heap_object(&f.heap, T_SESSION, 56);
	heap_set(&f.heap, f.ns, "head", head);
	first_snapshot(&f);
	for (int i = 0; i < MANY; i++) {
		uint32_t node = heap_object(&f.heap, T_SESSION, 56);

		heap_ref(&f.heap, node, HS_LABEL_ATTRIBUTE, "next", head);
		head = node;
	}
	for (size_t i = 0; i < f.heap.objects.data[f.ns].refs.size; i++)
		if (!strcmp(f.heap.objects.data[f.ns].refs.data[i].name, "head"))
			f.heap.objects.data[f.ns].refs.data[i].target = head;
	second_snapshot(&f);
	assert_first(&f, "app.Session", "app.Session", "module app → head", "app.head");
	assert_int_equal(f.diff->suspects[0].attributed, MANY * 56);
	assert_int_equal((uint32_t)f.diff->suspects[0].holder.address, address_of(&f, head));
	deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_heap_is_stable),
		cmocka_unit_test(values_tell_survivors),
		cmocka_unit_test(dicts_of_others_are_others),
		cmocka_unit_test(rows_count_what_came_and_went),
		cmocka_unit_test(sessions_in_a_module_dict),
		cmocka_unit_test(heavy_keys),
		cmocka_unit_test(keys_alone),
		cmocka_unit_test(registry_of_a_class),
		cmocka_unit_test(queue_of_an_instance),
		cmocka_unit_test(modules_that_are_roots),
		cmocka_unit_test(handlers_also_known_weakly),
		cmocka_unit_test(bound_methods),
		cmocka_unit_test(double_buffer),
		cmocka_unit_test(growing_double_buffer),
		cmocka_unit_test(address_of_a_container_reused),
		cmocka_unit_test(churn_beside_a_leak),
		cmocka_unit_test(one_buffer),
		cmocka_unit_test(one_immutable_buffer),
		cmocka_unit_test(linked_list),
		cmocka_unit_test(spread_over_many),
		cmocka_unit_test(labels_of_all_kinds),
		cmocka_unit_test(holder_is_a_namespace),
		cmocka_unit_test(held_by_a_local_variable),
		cmocka_unit_test(held_by_nobody),
		cmocka_unit_test(held_by_nobody_but_one),
		cmocka_unit_test(references_are_lost),
		cmocka_unit_test(held_by_what_is_lost),
		cmocka_unit_test(noise_is_no_suspect),
		cmocka_unit_test(moved_to_a_new_container),
		cmocka_unit_test(two_leaks),
		cmocka_unit_test(growth_in_replaced_containers),
		cmocka_unit_test(long_path),
		cmocka_unit_test(container_is_new),
		cmocka_unit_test(many_new_containers),
		cmocka_unit_test(container_of_another_type),
		cmocka_unit_test(other_process),
		cmocka_unit_test(interned_strings),
		cmocka_unit_test(interned_strings_alone),
		cmocka_unit_test(by_site),
		cmocka_unit_test(very_many_names),
		cmocka_unit_test(all_in_one_place),
		cmocka_unit_test(sizes_beyond_all_measure),
		cmocka_unit_test(linked_list_with_a_new_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
