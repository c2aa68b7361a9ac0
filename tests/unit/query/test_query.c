/* SPDX-License-Identifier: MIT */
/* test_query.c: what SQL says of a heap against what the heap is. */
#include "heap.h"

#include <heapsnap/query.h>

struct result {
	size_t rows;
	char text[4096]; /* values by |, rows by ; */
};

static bool take(void *context, size_t count, const char *const *names,
		 const struct hs_query_value *values)
{
	struct result *result = context;
	size_t used = strlen(result->text);

	(void)names;
	result->rows++;
	for (size_t i = 0; i < count && used < sizeof(result->text) - 64; i++) {
		char *to = result->text + used;
		size_t left = sizeof(result->text) - used;

		if (values[i].kind == HS_QUERY_INTEGER)
			snprintf(to, left, "%lld", (long long)values[i].integer);
		else if (values[i].kind == HS_QUERY_REAL)
			snprintf(to, left, "%.1f", values[i].real);
		else if (values[i].kind == HS_QUERY_NULL)
			snprintf(to, left, "-");
		else
			snprintf(to, left, "%.*s", (int)values[i].data.size, values[i].data.data);
		strcat(to, i + 1 < count ? "|" : ";");
		used = strlen(result->text);
	}
	return true;
}

static struct result run(struct hs_query *query, const char *sql)
{
	struct result result = {0};

	while (*sql)
		if (!hs_query_run(query, &sql, take, &result))
			fail_msg("%s", hs_query_message(query));
	return result;
}

static void expect(struct hs_query *query, const char *sql, const char *said)
{
	assert_string_equal(run(query, sql).text, said);
}

/* What must not be done, and what is wrong, is refused with a reason. */
static void expect_refusal(struct hs_query *query, const char *sql, const char *said)
{
	struct result result = {0};

	assert_false(hs_query_run(query, &sql, take, &result));
	assert_int_equal(result.rows, 0);
	if (!strstr(hs_query_message(query), said))
		fail_msg("'%s' does not say '%s'", hs_query_message(query), said);
}

/* Module app holds a list of @sessions sessions, each with a string of its own. */
static void make(struct heap *heap, unsigned int sessions)
{
	uint32_t module, dict, list;

	heap_init(heap);
	module = heap_object(heap, T_MODULE, 72);
	dict = heap_object(heap, T_DICT, 232);
	list = heap_object(heap, T_LIST, 56);
	heap_ref(heap, module, HS_LABEL_ATTRIBUTE, "__dict__", dict);
	heap_ref(heap, dict, HS_LABEL_ITEM, "sessions", list);
	for (unsigned int i = 0; i < sessions; i++) {
		uint32_t session = heap_object(heap, T_SESSION, 48);
		uint32_t name = heap_object(heap, T_STR, 50 + i);

		heap_ref(heap, list, HS_LABEL_INDEX, "", session);
		heap_ref(heap, session, HS_LABEL_ATTRIBUTE, "name", name);
	}
	heap_root(heap, HS_ROOT_MODULE, module, "app");
}

static struct hs_query *query_of(struct hs_snapshot *const *snaps, size_t count)
{
	static const char *const names[] = {"a.snap", "b.snap"};
	struct hs_query *query = NULL;

	if (!hs_query_create((const struct hs_snapshot *const *)snaps, names, count, &query))
		fail_msg("%s", hs_query_message(query));
	return query;
}

static void tables(void **state)
{
	struct heap heap;
	struct hs_snapshot *snap;
	struct hs_query *query;

	(void)state;
	make(&heap, 3);
	snap = heap_snapshot(&heap);
	query = query_of(&snap, 1);
	expect(query, "SELECT count(*), sum(size), sum(refs), sum(referrers) FROM objects",
	       "9|657|8|8;");
	expect(query, "SELECT type, count(*), sum(size) FROM objects GROUP BY type",
	       "app.Session|3|144;dict|1|232;list|1|56;module|1|72;str|3|153;");
	expect(query, "SELECT type, sum(size) FROM objects GROUP BY type ORDER BY 2 DESC LIMIT 2",
	       "dict|232;str|153;");
	expect(query, "SELECT type FROM objects ORDER BY type DESC LIMIT 4", "str;str;str;module;");
	expect(query, "SELECT DISTINCT type FROM objects ORDER BY 1 DESC LIMIT 2", "str;module;");
	expect(query, "SELECT count(DISTINCT type) FROM objects", "5;");
	expect(query, "SELECT size FROM objects WHERE type = 'str' ORDER BY size DESC",
	       "52;51;50;");
	expect(query, "SELECT count(*) FROM objects WHERE type = 'nothing'", "0;");
	expect(query, "SELECT count(*) FROM objects WHERE type = 5", "0;");
	expect(query, "SELECT type FROM objects WHERE id = 0", "module;");
	expect(query, "SELECT count(*) FROM objects WHERE id IN (-1, 9, 1e300, 'x', NULL, 2)",
	       "1;");
	expect(query, "SELECT count(*) FROM objects WHERE id IN (3.0, 3.5, '4.0', -0.0)", "3;");
	expect(query, "SELECT type FROM objects WHERE address = '0x7f0000000000'", "module;");
	expect(query, "SELECT count(*) FROM objects WHERE address IN ('0x1', 'x', 3, NULL)", "0;");
	expect(query,
	       "SELECT t.type, e.label FROM edges e JOIN objects t ON t.id = e.target "
	       "JOIN objects s ON s.id = e.source WHERE s.type = 'list' ORDER BY e.slot",
	       "app.Session|[0];app.Session|[1];app.Session|[2];");
	expect(query,
	       "SELECT s.type, e.label, e.strength FROM objects t JOIN edges e ON e.target = t.id "
	       "JOIN objects s ON s.id = e.source WHERE t.size = 51",
	       "app.Session|.name|strong;");
	expect(query, "SELECT count(*) FROM edges WHERE source = 99 OR target = -4", "0;");
	expect(query,
	       "SELECT o.type, d.held, d.retained = o.retained, d.garbage, p.type FROM objects o "
	       "JOIN dominators d USING (id) LEFT JOIN objects p ON p.id = d.dominator WHERE "
	       "o.type IN ('list', 'dict') OR o.size = 52 ORDER BY o.type",
	       "dict|8|1|0|module;list|7|1|0|dict;str|1|1|0|app.Session;");
	expect(query, "SELECT retained FROM dominators WHERE id = 0", "657;");
	expect(query, "SELECT rank, name, object, thread FROM roots", "module|app|0|-;");
	expect(query, "SELECT name, module FROM types WHERE id = 0", "module|builtins;");
	expect(query, "SELECT (SELECT count(*) FROM s1.objects) = (SELECT count(*) FROM objects)",
	       "1;");
	expect(query, "SELECT count(*) FROM sites; SELECT count(*) FROM frames", "0;1;");
	expect_refusal(query, "SELECT * FROM diff", "no such table");
	hs_query_destroy(query);
	hs_snapshot_destroy(snap);
	heap_deinit(&heap);
}

static void two_snapshots(void **state)
{
	struct heap heaps[2];
	struct hs_snapshot *snaps[2];
	struct hs_query *query;

	(void)state;
	make(&heaps[0], 2);
	make(&heaps[1], 5);
	for (int i = 0; i < 2; i++)
		snaps[i] = heap_snapshot(&heaps[i]);
	query = query_of(snaps, 2);
	expect(query,
	       "SELECT kind, count_before, count_after, new, delta_bytes FROM diff WHERE "
	       "delta_count ORDER BY kind",
	       "app.Session|2|5|3|144;str|2|5|3|159;");
	expect(query, "SELECT (SELECT count(*) FROM s2.objects), (SELECT count(*) FROM objects)",
	       "13|7;");
	hs_query_destroy(query);
	for (int i = 0; i < 2; i++) {
		hs_snapshot_destroy(snaps[i]);
		heap_deinit(&heaps[i]);
	}
}

static void nothing_can_be_changed(void **state)
{
	static const char *const wrong[] = {
		"DELETE FROM objects",
		"UPDATE objects SET size = 0",
		"INSERT INTO objects(id) VALUES(1)",
		"DROP TABLE objects",
		"CREATE TABLE x(a)",
		"CREATE TEMP TABLE x(a)",
		"ATTACH '/tmp/heapsnap-query-test' AS x",
		"VACUUM INTO '/tmp/heapsnap-query-test'",
		"PRAGMA temp_store_directory = '/tmp'",
		"SELECT load_extension('x')",
	};
	struct heap heap;
	struct hs_snapshot *snap;
	struct hs_query *query;

	(void)state;
	make(&heap, 1);
	snap = heap_snapshot(&heap);
	query = query_of(&snap, 1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *sql = wrong[i];
		struct result result = {0};

		assert_false(hs_query_run(query, &sql, take, &result));
	}
	expect_refusal(query, "SELECT weight FROM objects", "no such column");
	expect_refusal(query, "SELEKT", "syntax error");
	expect(query, "SELECT count(*) FROM objects", "5;");
	expect(query, "-- nothing\n", "");
	hs_query_destroy(query);
	hs_snapshot_destroy(snap);
	heap_deinit(&heap);
}

static bool interrupt_at_100(void *context, size_t count, const char *const *names,
			     const struct hs_query_value *values)
{
	(void)count;
	(void)names;
	if (values[0].integer == 100)
		hs_query_interrupt(context);
	return true;
}

static void interrupted(void **state)
{
	const char *sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
			  "SELECT i FROM n";
	struct heap heap;
	struct hs_snapshot *snap;
	struct hs_query *query;

	(void)state;
	make(&heap, 1);
	snap = heap_snapshot(&heap);
	query = query_of(&snap, 1);
	assert_false(hs_query_run(query, &sql, interrupt_at_100, query));
	assert_true(hs_query_interrupted(query));
	expect(query, "SELECT 1", "1;");
	assert_false(hs_query_interrupted(query));
	assert_true(hs_query_complete("SELECT 1;"));
	assert_false(hs_query_complete("SELECT ';"));
	hs_query_destroy(query);
	hs_snapshot_destroy(snap);
	heap_deinit(&heap);
}

/* Whichever way rows are found, they are the same. */
static void ways_agree(void **state)
{
	struct heap heap;
	struct hs_snapshot *snap;
	struct hs_query *query;

	(void)state;
	make(&heap, 40);
	snap = heap_snapshot(&heap);
	query = query_of(&snap, 1);
	expect(query,
	       "SELECT count(*) FROM objects a JOIN objects b ON b.address = a.address AND "
	       "b.id = a.id AND +b.type = a.type",
	       "83;");
	expect(query,
	       "SELECT count(*) FROM (SELECT id FROM objects o WHERE refs != (SELECT count(*) "
	       "FROM edges WHERE source = o.id) OR referrers != (SELECT count(*) FROM edges "
	       "WHERE target = o.id) OR refs != (SELECT count(*) FROM edges WHERE +source = o.id))",
	       "0;");
	expect(query,
	       "SELECT count(*) FROM types t WHERE (SELECT count(*) FROM objects WHERE type = "
	       "t.name) != (SELECT count(*) FROM objects WHERE +type = t.name)",
	       "0;");
	hs_query_destroy(query);
	hs_snapshot_destroy(snap);
	heap_deinit(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(two_snapshots),
		cmocka_unit_test(nothing_can_be_changed),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(ways_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
