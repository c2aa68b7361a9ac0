/* SPDX-License-Identifier: MIT */
/* test_diff.c: rows, suspects and holders on little heaps like those of real leaks. */
#include "diff_fixture.h"

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
		cmocka_unit_test(double_buffer),
		cmocka_unit_test(growing_double_buffer),
		cmocka_unit_test(address_of_a_container_reused),
		cmocka_unit_test(churn_beside_a_leak),
		cmocka_unit_test(one_buffer),
		cmocka_unit_test(one_immutable_buffer),
		cmocka_unit_test(noise_is_no_suspect),
		cmocka_unit_test(two_leaks),
		cmocka_unit_test(growth_in_replaced_containers),
		cmocka_unit_test(other_process),
		cmocka_unit_test(interned_strings),
		cmocka_unit_test(interned_strings_alone),
		cmocka_unit_test(by_site),
		cmocka_unit_test(very_many_names),
		cmocka_unit_test(all_in_one_place),
		cmocka_unit_test(sizes_beyond_all_measure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
