/* SPDX-License-Identifier: MIT */
/* test_holder.c: what holds that which grew is named, whatever way it is held. */
#include "diff_fixture.h"

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
		cmocka_unit_test(registry_of_a_class),
		cmocka_unit_test(queue_of_an_instance),
		cmocka_unit_test(modules_that_are_roots),
		cmocka_unit_test(handlers_also_known_weakly),
		cmocka_unit_test(bound_methods),
		cmocka_unit_test(linked_list),
		cmocka_unit_test(spread_over_many),
		cmocka_unit_test(labels_of_all_kinds),
		cmocka_unit_test(holder_is_a_namespace),
		cmocka_unit_test(held_by_a_local_variable),
		cmocka_unit_test(held_by_nobody),
		cmocka_unit_test(held_by_nobody_but_one),
		cmocka_unit_test(references_are_lost),
		cmocka_unit_test(held_by_what_is_lost),
		cmocka_unit_test(moved_to_a_new_container),
		cmocka_unit_test(long_path),
		cmocka_unit_test(container_is_new),
		cmocka_unit_test(many_new_containers),
		cmocka_unit_test(container_of_another_type),
		cmocka_unit_test(linked_list_with_a_new_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
