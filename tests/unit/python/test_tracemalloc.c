/* SPDX-License-Identifier: MIT */
/* test_tracemalloc.c: tables of the tracer as each version lays them out, sound, torn and hostile.
 */
#include "fake.h"
#include "libsnap/python/tracemalloc.h"

static const struct hs_layout *const layouts[] = {
	&hs_layout_3_8,	 &hs_layout_3_9,  &hs_layout_3_10,   &hs_layout_3_11, &hs_layout_3_12,
	&hs_layout_3_13, &hs_layout_3_14, &hs_layout_3_14_0, &hs_layout_3_15,
};

enum {
	BUCKETS = 16,
	BLOCKS = 10,
	LAYOUTS = sizeof(layouts) / sizeof(layouts[0]),
};

/* A tracer of a fake heap. */
struct tracer {
	struct fake fake;
	struct hs_tracemalloc place;
	hs_addr table;
	hs_addr buckets;
	uint64_t entries;
};

static const hs_addr BLOCK = 0x7e0000000040; /* need not be in the image */

static hs_addr file_name(struct fake *fake, const char *name)
{
	if (fake->python.layout->minor >= 15)
		return fake_bytes(fake, name, strlen(name) + 1);
	return fake_name(fake, name);
}

/* A traceback of @count frames; frame i, the most recent being 0, is @names[i]:@first + i. */
static hs_addr add_traceback(struct fake *fake, const char *const *names, uint16_t count,
			     uint32_t first)
{
	hs_addr traceback = fake_alloc(fake, PY_TRACEBACK_FRAMES + (size_t)count * 12);

	fake_put(fake, traceback + PY_TRACEBACK_COUNT, &count, sizeof(count));
	for (uint32_t i = 0; i < count; i++) {
		hs_addr frame = traceback + PY_TRACEBACK_FRAMES + i * PY_TRACEBACK_FRAME;

		fake_u64(fake, frame, file_name(fake, names[i]));
		fake_u32(fake, frame + PY_TRACEBACK_LINE, first + i);
	}
	return traceback;
}

static void set_entries(struct tracer *tracer, uint64_t entries)
{
	tracer->entries = entries;
	fake_u64(&tracer->fake, tracer->table + tracer->fake.python.layout->hashtable_nentries,
		 entries);
}

/* Put an entry at the head of a bucket; returns its address. */
static hs_addr add_entry(struct tracer *tracer, hs_addr block, hs_addr traceback)
{
	struct fake *fake = &tracer->fake;
	const struct hs_layout *layout = fake->python.layout;
	hs_addr bucket = tracer->buckets + 8 * (block >> 4 & (BUCKETS - 1));
	hs_addr entry = fake_alloc(fake, 64);
	hs_addr trace = fake_alloc(fake, 16);
	uint64_t next = 0;

	assert_true(hs_image_u64(fake->image, bucket, &next));
	fake_u64(fake, entry, next);
	fake_u64(fake, entry + PY_HASHTABLE_KEY, block);
	if (layout->hashtable_key_size == HS_ABSENT)
		fake_u64(fake, entry + PY_HASHTABLE_VALUE, trace);
	else
		trace = entry + PY_HASHTABLE_KEY + 8;
	fake_u64(fake, trace, 64);
	fake_u64(fake, trace + 8, traceback);
	fake_u64(fake, bucket, entry);
	set_entries(tracer, tracer->entries + 1);
	return entry;
}

static const char *const files[] = {"/srv/inner.py", "/srv/middle.py", "/srv/app.py"};

/* A tracer that is on, with ten blocks of two tracebacks. */
static void begin(struct tracer *tracer, const struct hs_layout *layout)
{
	struct fake *fake = &tracer->fake;
	hs_addr deep;
	hs_addr flat;

	*tracer = (struct tracer){0};
	fake_create(fake, layout);
	tracer->place.config = fake_alloc(fake, 16);
	fake_u32(fake, tracer->place.config + PY_TRACER_INITIALIZED, 1);
	fake_u32(fake, tracer->place.config + PY_TRACER_TRACING, 1);
	fake_u32(fake, tracer->place.config + PY_TRACER_MAX_FRAMES, 5);
	tracer->place.traces = fake_alloc(fake, 16);
	tracer->buckets = fake_alloc(fake, (size_t)BUCKETS * 8);
	tracer->table = fake_alloc(fake, 96);
	fake_u64(fake, tracer->place.traces, tracer->table);
	fake_u64(fake, tracer->table + layout->hashtable_nbuckets, BUCKETS);
	fake_u64(fake, tracer->table + PY_HASHTABLE_BUCKETS, tracer->buckets);
	fake_u64(fake, tracer->table + layout->hashtable_hash_func, 0x500010);
	if (layout->hashtable_key_size != HS_ABSENT)
		fake_u64(fake, tracer->table + layout->hashtable_key_size, 8);
	deep = add_traceback(fake, files, 3, 40);
	flat = add_traceback(fake, files + 2, 1, 42);
	for (int i = 0; i < BLOCKS; i++)
		add_entry(tracer, BLOCK + 16 * (hs_addr)i * 5, i % 2 ? flat : deep);
}

static void end(struct tracer *tracer)
{
	hs_traces_destroy(tracer->fake.python.traces);
	fake_destroy(&tracer->fake);
}

static bool read_traces(struct tracer *tracer)
{
	hs_traces_destroy(tracer->fake.python.traces);
	tracer->fake.python.traces = NULL;
	return hs_tracemalloc_read(&tracer->fake.python, &tracer->place);
}

static uint32_t site_at(const struct tracer *tracer, hs_addr block)
{
	return hs_tracemalloc_site(&tracer->fake.python, block);
}

/* All keys are those of the one object. */
static void resolve(void *context, uint32_t *keys, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++)
		keys[i] = 0;
}

/* The sites that were made, of a snapshot with an object that stands for all. */
static struct hs_snapshot *finish(struct tracer *tracer)
{
	struct hs_snapshot *snap = NULL;

	struct hs_build *build = tracer->fake.python.build;
	struct hs_build_object object = {
		.type = hs_build_type(build, STR("x"), STR(""), HS_ROLE_OTHER, HS_NONE),
		.shape = hs_build_shape(build, NULL, 0, 0),
		.owner = HS_NONE,
	};

	hs_build_object(build, &object);
	assert_null(hs_build_finish(build, resolve, NULL, &snap));
	return snap;
}

static void assert_site(const struct hs_snapshot *snap, uint32_t site, const char *file,
			uint32_t line, uint32_t caller)
{
	uint32_t count;
	const struct hs_site *sites = hs_snapshot_sites(snap, &count);

	assert_in_range(site, 1, count);
	assert_str(sites[site - 1].file, file);
	assert_int_equal(sites[site - 1].line, line);
	assert_int_equal(sites[site - 1].caller, caller);
}

static uint32_t caller_of(const struct hs_snapshot *snap, uint32_t site)
{
	uint32_t count;

	return hs_snapshot_sites(snap, &count)[site - 1].caller + 1;
}

static void every_block_has_its_traceback(void **state)
{
	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++) {
		struct hs_snapshot *snap;
		struct tracer tracer;
		uint32_t count;
		uint32_t site;

		begin(&tracer, layouts[i]);
		assert_true(read_traces(&tracer));
		for (int k = 0; k < BLOCKS; k++)
			assert_int_equal(site_at(&tracer, BLOCK + 16 * (hs_addr)k * 5),
					 site_at(&tracer, k % 2 ? BLOCK + 16 * 5 : BLOCK));
		assert_int_equal(site_at(&tracer, BLOCK + 16), 0);
		assert_int_equal(site_at(&tracer, 0), 0);
		snap = finish(&tracer);
		hs_snapshot_sites(snap, &count);
		/* The two tracebacks share their outermost frame. */
		assert_int_equal(count, 3);
		site = site_at(&tracer, BLOCK);
		assert_site(snap, site, "/srv/inner.py", 40, caller_of(snap, site) - 1);
		site = caller_of(snap, site);
		assert_site(snap, site, "/srv/middle.py", 41, caller_of(snap, site) - 1);
		site = caller_of(snap, site);
		assert_site(snap, site, "/srv/app.py", 42, HS_NONE);
		assert_int_equal(site, site_at(&tracer, BLOCK + 16 * 5));
		assert_int_equal(hs_snapshot_gap_total(snap), 0);
		hs_snapshot_destroy(snap);
		end(&tracer);
	}
}

static void nothing_is_traced(void **state)
{
	struct hs_snapshot *snap;
	struct tracer tracer;
	uint32_t count;

	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++) {
		begin(&tracer, layouts[i]);
		fake_u32(&tracer.fake, tracer.place.config + PY_TRACER_TRACING, 0);
		assert_true(read_traces(&tracer));
		assert_int_equal(site_at(&tracer, BLOCK), 0);
		tracer.place = (struct hs_tracemalloc){0};
		assert_true(read_traces(&tracer));
		snap = finish(&tracer);
		hs_snapshot_sites(snap, &count);
		assert_int_equal(count, 0);
		assert_int_equal(hs_snapshot_gap_total(snap), 0);
		hs_snapshot_destroy(snap);
		end(&tracer);
	}
}

/* One thing wrong with the tables: that must be told, and what can be read is. */
enum wrong {
	FEWER_THAN_SAID,
	MORE_THAN_SAID,
	CIRCLE,
	ENTRY_ELSEWHERE,
	ENTRY_ODD,
	BUCKETS_ELSEWHERE,
	TRACE_ELSEWHERE,
	WRONG_COUNT,
};

static void spoil(struct tracer *tracer, enum wrong wrong)
{
	struct fake *fake = &tracer->fake;
	hs_addr entry = 0;

	for (int i = 0; i < BUCKETS && !entry; i++)
		hs_image_u64(fake->image, tracer->buckets + 8 * (hs_addr)i, &entry);
	assert_true(entry);
	switch (wrong) {
	case FEWER_THAN_SAID:
		set_entries(tracer, tracer->entries + 1);
		break;
	case MORE_THAN_SAID:
		set_entries(tracer, tracer->entries - 1);
		break;
	case CIRCLE:
		fake_u64(fake, entry, entry);
		break;
	case ENTRY_ELSEWHERE:
		fake_u64(fake, entry, 0x1000);
		break;
	case ENTRY_ODD:
		fake_u64(fake, entry, entry + 1);
		break;
	case BUCKETS_ELSEWHERE:
		fake_u64(fake, tracer->table + PY_HASHTABLE_BUCKETS, 0x7d0000000000);
		break;
	case TRACE_ELSEWHERE:
		if (fake->python.layout->hashtable_key_size == HS_ABSENT)
			fake_u64(fake, entry + PY_HASHTABLE_VALUE, 0x1000);
		else
			fake_u64(fake, entry, 0x1000);
		break;
	case WRONG_COUNT:
		break;
	}
}

static void torn_tables_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++)
		for (enum wrong wrong = FEWER_THAN_SAID; wrong < WRONG_COUNT; wrong++) {
			struct tracer tracer;

			begin(&tracer, layouts[i]);
			spoil(&tracer, wrong);
			if (read_traces(&tracer))
				fail_msg("3.%u: mistake %d was not seen", layouts[i]->minor,
					 (int)wrong);
			end(&tracer);
		}
}

static void assert_gap(struct tracer *tracer, const char *part)
{
	struct hs_snapshot *snap = finish(tracer);
	const struct hs_info *info = hs_snapshot_info(snap);

	assert_int_equal(info->gap_count, 1);
	if (!memmem(info->gaps[0].reason.data, info->gaps[0].reason.size, part, strlen(part)))
		fail_msg("the gap does not say \"%s\"", part);
	hs_snapshot_destroy(snap);
}

static void tables_that_are_none(void **state)
{
	static const uint64_t counts[] = {
		0, 1, 15, 17, 1ull << (HS_ADDRESS_BITS - 3), 1ull << 63, UINT64_MAX,
	};
	struct tracer tracer;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		begin(&tracer, &hs_layout_3_12);
		fake_u64(&tracer.fake, tracer.table + 8, counts[i]);
		assert_true(read_traces(&tracer));
		assert_int_equal(site_at(&tracer, BLOCK), 0);
		assert_gap(&tracer, "its table was not found");
		end(&tracer);
	}
	/* As many buckets as an address space holds, of which a few are there. */
	begin(&tracer, &hs_layout_3_12);
	fake_u64(&tracer.fake, tracer.table + 8, 1ull << (HS_ADDRESS_BITS - 4));
	assert_false(read_traces(&tracer));
	end(&tracer);
	begin(&tracer, &hs_layout_3_12);
	fake_u64(&tracer.fake, tracer.table, UINT64_MAX);
	assert_true(read_traces(&tracer));
	assert_gap(&tracer, "its table was not found");
	end(&tracer);
}

static void tracebacks_that_are_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++) {
		struct tracer tracer;
		hs_addr traceback;

		begin(&tracer, layouts[i]);
		add_entry(&tracer, BLOCK + 16, 0x1000);
		add_entry(&tracer, BLOCK + 32, 0);
		add_entry(&tracer, BLOCK + 48, tracer.table + 4);
		traceback = add_traceback(&tracer.fake, files, 1, 1);
		fake_u32(&tracer.fake, traceback + PY_TRACEBACK_COUNT, 0);
		add_entry(&tracer, BLOCK + 64, traceback);
		assert_true(read_traces(&tracer));
		for (hs_addr at = 16; at <= 64; at += 16)
			assert_int_equal(site_at(&tracer, BLOCK + at), 0);
		assert_true(site_at(&tracer, BLOCK));
		assert_gap(&tracer, "traceback of tracemalloc cannot be read");
		end(&tracer);
	}
}

static void files_without_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++) {
		struct hs_snapshot *snap;
		struct tracer tracer;
		hs_addr traceback;
		uint32_t site;

		begin(&tracer, layouts[i]);
		traceback = add_traceback(&tracer.fake, files, 1, 9);
		fake_u64(&tracer.fake, traceback + PY_TRACEBACK_FRAMES, 0x1000);
		add_entry(&tracer, BLOCK + 16, traceback);
		assert_true(read_traces(&tracer));
		site = site_at(&tracer, BLOCK + 16);
		snap = finish(&tracer);
		assert_site(snap, site, "<unknown>", 9, HS_NONE);
		assert_int_equal(hs_snapshot_gap_total(snap), 1);
		hs_snapshot_destroy(snap);
		end(&tracer);
	}
}

static void names_are_left_out(void **state)
{
	struct hs_snapshot *snap;
	struct tracer tracer;
	uint32_t site;

	(void)state;
	begin(&tracer, &hs_layout_3_13);
	tracer.fake.python.redact = true;
	assert_true(read_traces(&tracer));
	site = site_at(&tracer, BLOCK + 16 * 5);
	snap = finish(&tracer);
	assert_site(snap, site, HS_REDACTED_FILE, 42, HS_NONE);
	for (uint32_t i = 0; i < hs_snapshot_string_count(snap); i++)
		assert_false(hs_str_equal(hs_snapshot_string(snap, i), STR("/srv/app.py")));
	hs_snapshot_destroy(snap);
	end(&tracer);
}

/* Without a symbol for the variable it is found among the data of the program. */
static void find_without_a_symbol(const struct hs_layout *layout)
{
	static const char text[] = "00500000-00501000 r-xp 00000000 08:01 7 /usr/bin/python3.11\n"
				   "7f0000000000-7f0000400000 rw-p 00000000 08:01 7 "
				   "/usr/bin/python3.11\n";
	struct tracer tracer;
	hs_addr domains;
	hs_addr other;

	begin(&tracer, layout);
	assert_null(hs_maps_parse(text, &tracer.fake.image->maps));
	tracer.place.traces = 0;
	/* Others that look alike: a table of tables, and one that no function hashes for. */
	domains = fake_alloc(&tracer.fake, 16);
	other = fake_alloc(&tracer.fake, 96);
	fake_u64(&tracer.fake, domains, other);
	fake_u64(&tracer.fake, other + layout->hashtable_nentries, 1);
	fake_u64(&tracer.fake, other + layout->hashtable_nbuckets, BUCKETS);
	fake_u64(&tracer.fake, other + PY_HASHTABLE_BUCKETS, tracer.buckets);
	fake_u64(&tracer.fake, other + layout->hashtable_hash_func, 0x7000);
	assert_true(read_traces(&tracer));
	assert_true(site_at(&tracer, BLOCK));
	assert_true(site_at(&tracer, BLOCK + 16 * 5));
	/* Nothing of the kind. */
	fake_u64(&tracer.fake, tracer.table + layout->hashtable_hash_func, 0x7000);
	assert_true(read_traces(&tracer));
	assert_int_equal(site_at(&tracer, BLOCK), 0);
	assert_gap(&tracer, "its table was not found");
	end(&tracer);
}

static void table_without_a_symbol(void **state)
{
	(void)state;
	for (size_t i = 0; i < LAYOUTS; i++)
		if (layouts[i]->runtime_tracemalloc == HS_ABSENT)
			find_without_a_symbol(layouts[i]);
}

/* 3.8 could be told to keep what is no memory of Python's in the same table. */
static void other_domains(void **state)
{
	struct tracer tracer;
	hs_addr entry;
	hs_addr traceback;

	(void)state;
	begin(&tracer, &hs_layout_3_8);
	fake_u64(&tracer.fake, tracer.table + hs_layout_3_8.hashtable_key_size, 16);
	memset((void *)(uintptr_t)hs_image_at(tracer.fake.image, tracer.buckets, BUCKETS * 8), 0,
	       (size_t)BUCKETS * 8);
	set_entries(&tracer, 0);
	traceback = add_traceback(&tracer.fake, files, 1, 9);
	for (uint32_t domain = 0; domain < 2; domain++) {
		entry = add_entry(&tracer, BLOCK + 16 * (hs_addr)domain, 0);
		fake_u64(&tracer.fake, entry + PY_HASHTABLE_KEY + 8, domain);
		fake_u64(&tracer.fake, entry + PY_HASHTABLE_KEY + 16, 64);
		fake_u64(&tracer.fake, entry + PY_HASHTABLE_KEY + 24, traceback);
	}
	assert_true(read_traces(&tracer));
	assert_true(site_at(&tracer, BLOCK));
	assert_int_equal(site_at(&tracer, BLOCK + 16), 0);
	end(&tracer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_has_its_traceback),
		cmocka_unit_test(nothing_is_traced),
		cmocka_unit_test(torn_tables_are_told),
		cmocka_unit_test(tables_that_are_none),
		cmocka_unit_test(tracebacks_that_are_none),
		cmocka_unit_test(files_without_a_name),
		cmocka_unit_test(names_are_left_out),
		cmocka_unit_test(table_without_a_symbol),
		cmocka_unit_test(other_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
