/* SPDX-License-Identifier: MIT */
/* test_chain.c: snapshots written against others say exactly what they would say alone. */
#include "format/equal.h"
#include "format/model.h"

#include "format/chainfile.h"
#include "format/emit.h"
#include "format/layout.h"

static void must(struct hs_error *err)
{
	if (err)
		fail_msg("%s", hs_error_message(err));
}

/* Expect an error of @code whose message has @text in it. */
static void expect(struct hs_error *err, enum hs_error_code code, const char *text)
{
	assert_non_null(err);
	if (hs_error_code(err) != code || !strstr(hs_error_message(err), text))
		fail_msg("%d: %s", hs_error_code(err), hs_error_message(err));
	hs_error_destroy(err);
}

/* A folder for files, which are called by number. */
struct folder {
	char path[64];
};

static void folder_init(struct folder *folder)
{
	/* In memory: tests wait for the disk else, for every file is synchronised. */
	strcpy(folder->path, "/dev/shm/heapsnap-test-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
}

static const char *file_at(const struct folder *folder, uint32_t number)
{
	static char paths[4][96];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, 96, "%s/%u.snap", folder->path, number);
	return path;
}

static void folder_deinit(struct folder *folder)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -r %s", folder->path);
	assert_int_equal(system(command), 0);
}

static struct hs_snapshot *open_file(const char *path, bool as_base)
{
	struct hs_open_options options = {.as_base = as_base};
	struct hs_snapshot *snap = NULL;

	must(hs_snapshot_open(path, &options, &snap));
	return snap;
}

static void save(const struct hs_snapshot *snap, const char *path, const char *base_path)
{
	struct hs_snapshot *base = base_path ? open_file(base_path, true) : NULL;
	struct hs_save_options options = {.base = base};

	must(hs_snapshot_save(snap, path, &options));
	hs_snapshot_destroy(base);
}

/* Everything, and what nobody sees but who reads the tables: numbers of strings, runs. */
static void assert_same(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	const char *differs = snapshots_differ(a, b);

	if (differs)
		fail_msg("%s differ", differs);
	assert_int_equal(a->string_count, b->string_count);
	for (uint32_t i = 0; i < a->string_count; i++)
		assert_true(hs_str_equal(a->strings[i], b->strings[i]));
	assert_int_equal(a->shape_count, b->shape_count);
	for (uint32_t i = 0; i < a->shape_count; i++) {
		assert_int_equal(a->shapes[i].count, b->shapes[i].count);
		assert_int_equal(a->shapes[i].first_hidden, b->shapes[i].first_hidden);
		for (uint32_t j = 0; j < a->shapes[i].count; j++)
			assert_memory_equal(&a->shapes[i].runs[j], &b->shapes[i].runs[j],
					    sizeof(struct hs_run));
	}
}

static void chained_is_as_whole(void **state)
{
	enum { COUNT = 700, STEPS = 12, TWIN = 100 };
	struct folder folder;
	struct model model;

	(void)state;
	for (uint64_t seed = 1; seed < 6; seed++) {
		folder_init(&folder);
		model_init(&model, COUNT, seed);
		for (uint32_t i = 0; i < STEPS; i++) {
			struct hs_snapshot *snap = model_snapshot(&model);
			struct hs_snapshot *whole;
			struct hs_snapshot *chained;

			save(snap, file_at(&folder, TWIN), NULL);
			save(snap, file_at(&folder, i), i ? file_at(&folder, i - 1) : NULL);
			hs_snapshot_destroy(snap);
			whole = open_file(file_at(&folder, TWIN), false);
			chained = open_file(file_at(&folder, i), false);
			assert_same(chained, whole);
			assert_int_equal(
				hs_snapshot_base(chained) ? hs_snapshot_base(chained)->depth : 0,
				i);
			hs_snapshot_destroy(chained);
			must(hs_snapshot_verify(file_at(&folder, i), NULL, &chained));
			assert_same(chained, whole);
			hs_snapshot_destroy(chained);
			hs_snapshot_destroy(whole);
			assert_int_equal(unlink(file_at(&folder, TWIN)), 0);
			model_go_on(&model, i % 4 == 3 ? 3 : 50);
		}
		model_deinit(&model);
		folder_deinit(&folder);
	}
}

/* Files 0 .. @count - 1 of a process, each against the one before it. */
static void make_chain(const struct folder *folder, uint32_t count, uint32_t objects)
{
	struct model model;

	model_init(&model, objects, 7);
	for (uint32_t i = 0; i < count; i++) {
		struct hs_snapshot *snap = model_snapshot(&model);

		save(snap, file_at(folder, i), i ? file_at(folder, i - 1) : NULL);
		hs_snapshot_destroy(snap);
		model_go_on(&model, 50);
	}
	model_deinit(&model);
}

static void columns_load_alone(void **state)
{
	struct folder folder;
	struct hs_snapshot *all;

	(void)state;
	folder_init(&folder);
	make_chain(&folder, 3, 500);
	all = open_file(file_at(&folder, 2), false);
	for (uint32_t columns = 1; columns < HS_COLUMN_SITE * 2; columns *= 2) {
		struct hs_open_options options = {.columns = columns};
		struct hs_snapshot *some = NULL;
		const struct hs_objects *a = hs_snapshot_objects(all);
		const struct hs_objects *b;

		must(hs_snapshot_open(file_at(&folder, 2), &options, &some));
		b = hs_snapshot_objects(some);
		assert_int_equal(a->count, b->count);
#define CHECK(bit, field)                                                                          \
	do {                                                                                       \
		assert_int_equal(b->field != NULL, columns == (bit));                              \
		if (b->field)                                                                      \
			assert_memory_equal(a->field, b->field, a->count * sizeof(*a->field));     \
	} while (0)
		CHECK(HS_COLUMN_ADDRESS, address);
		CHECK(HS_COLUMN_TYPE, type);
		CHECK(HS_COLUMN_SIZE, size);
		CHECK(HS_COLUMN_ALLOCATED, allocated);
		CHECK(HS_COLUMN_REFCOUNT, refcount);
		CHECK(HS_COLUMN_FLAGS, flags);
		CHECK(HS_COLUMN_GENERATION, generation);
		CHECK(HS_COLUMN_OWNER, owner);
		CHECK(HS_COLUMN_FINGERPRINT, fingerprint);
		CHECK(HS_COLUMN_SITE, site);
		CHECK(HS_COLUMN_EDGES, shape);
		CHECK(HS_COLUMN_EDGES, edges);
#undef CHECK
		assert_true(hs_snapshot_has_previews(some));
		assert_int_equal(some->previews.row_of != NULL, columns == HS_COLUMN_PREVIEW);
		hs_snapshot_destroy(some);
	}
	hs_snapshot_destroy(all);
	folder_deinit(&folder);
}

static void bases_are_found(void **state)
{
	struct folder folder;
	struct folder other;
	struct hs_snapshot *snap = NULL;
	char name[96];

	(void)state;
	folder_init(&folder);
	folder_init(&other);
	make_chain(&folder, 2, 100);
	/* In another folder the whole path is recorded. */
	snap = open_file(file_at(&folder, 1), false);
	assert_string_equal(hs_snapshot_base(snap)->name.data, "0.snap");
	save(snap, file_at(&other, 2), file_at(&folder, 1));
	hs_snapshot_destroy(snap);
	snap = open_file(file_at(&other, 2), false);
	assert_string_equal(hs_snapshot_base(snap)->name.data, file_at(&folder, 1));
	assert_int_equal(hs_snapshot_base(snap)->depth, 2);
	hs_snapshot_destroy(snap);
	/* Beside the file is the first place to look. */
	assert_int_equal(rename(file_at(&folder, 1), file_at(&other, 1)), 0);
	assert_int_equal(rename(file_at(&folder, 0), file_at(&other, 0)), 0);
	hs_snapshot_destroy(open_file(file_at(&other, 2), false));
	/* Not there: the error has the name and the hash. */
	assert_int_equal(unlink(file_at(&other, 1)), 0);
	snprintf(name, sizeof(name), "its base %s (hash ", file_at(&folder, 1));
	expect(hs_snapshot_open(file_at(&other, 2), NULL, &snap), HS_ERROR_DAMAGED, name);
	expect(hs_snapshot_verify(file_at(&other, 2), NULL, NULL), HS_ERROR_DAMAGED, "is missing");
	/* Another file in its place. */
	assert_int_equal(rename(file_at(&other, 0), file_at(&other, 1)), 0);
	expect(hs_snapshot_open(file_at(&other, 2), NULL, &snap), HS_ERROR_DAMAGED,
	       "there is another file of that name");
	folder_deinit(&folder);
	folder_deinit(&other);
}

static void bases_are_kept(void **state)
{
	struct hs_save_options replace = {.overwrite = true};
	struct folder folder;
	struct hs_snapshot *snap;
	struct hs_snapshot *base;

	(void)state;
	folder_init(&folder);
	make_chain(&folder, 2, 100);
	snap = open_file(file_at(&folder, 1), false);
	expect(hs_snapshot_save(snap, file_at(&folder, 0), &replace), HS_ERROR_FAILED,
	       "it is the base of 1.snap");
	expect(hs_output_check(file_at(&folder, 0), true), HS_ERROR_FAILED, "it is the base of");
	base = open_file(file_at(&folder, 1), true);
	replace.base = base;
	expect(hs_snapshot_save(snap, file_at(&folder, 1), &replace), HS_ERROR_USAGE,
	       "cannot take the place of its own base");
	replace.base = NULL;
	/* The last one stands on others, but nothing on it. */
	must(hs_snapshot_save(snap, file_at(&folder, 1), &replace));
	must(hs_snapshot_save(snap, file_at(&folder, 0), &replace));
	hs_snapshot_destroy(snap);
	hs_snapshot_destroy(base);
	folder_deinit(&folder);
}

static void bases_that_cannot_be(void **state)
{
	struct hs_save_options options = {0};
	struct folder folder;
	struct hs_snapshot *snap;
	struct hs_snapshot *base;

	(void)state;
	folder_init(&folder);
	make_chain(&folder, 1, 100);
	base = open_file(file_at(&folder, 0), true);
	options.base = base;
	snap = sample_snapshot(50, 1); /* of another process */
	snap->info.start_ticks++;
	expect(hs_snapshot_save(snap, file_at(&folder, 1), &options), HS_ERROR_USAGE,
	       "a snapshot of another process");
	hs_snapshot_destroy(snap);
	snap = open_file(file_at(&folder, 0), false);
	base->base.depth = HS_MAX_DEPTH;
	expect(hs_snapshot_save(snap, file_at(&folder, 1), &options), HS_ERROR_USAGE,
	       "which is the most there may be");
	options.base = snap;
	expect(hs_snapshot_save(snap, file_at(&folder, 1), &options), HS_ERROR_USAGE,
	       "was not opened to be a base");
	hs_snapshot_destroy(snap);
	hs_snapshot_destroy(base);
	folder_deinit(&folder);
}

static void depth_is_bounded(void **state)
{
	struct folder folder;
	struct hs_snapshot *snap = NULL;

	(void)state;
	folder_init(&folder);
	make_chain(&folder, HS_MAX_DEPTH + 1, 8);
	snap = open_file(file_at(&folder, HS_MAX_DEPTH), true);
	assert_int_equal(hs_snapshot_base(snap)->depth, HS_MAX_DEPTH);
	/* As if the writer knew no bound. */
	snap->base.depth = 1;
	must(hs_snapshot_save(snap, file_at(&folder, HS_MAX_DEPTH + 1),
			      &(struct hs_save_options){.base = snap}));
	hs_snapshot_destroy(snap);
	snap = NULL;
	expect(hs_snapshot_open(file_at(&folder, HS_MAX_DEPTH + 1), NULL, &snap), HS_ERROR_DAMAGED,
	       "more than 256 snapshots behind it");
	folder_deinit(&folder);
}

static void bytes_need_a_name(void **state)
{
	struct folder folder;
	struct hs_snapshot *snap = NULL;
	uint8_t *bytes;
	size_t size;

	(void)state;
	folder_init(&folder);
	make_chain(&folder, 2, 100);
	bytes = sample_read(file_at(&folder, 1), &size);
	expect(hs_snapshot_load(bytes, size, "x", NULL, &snap), HS_ERROR_USAGE, "by its name");
	free(bytes);
	folder_deinit(&folder);
}

static void write_bytes(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* Damage byte after byte of file @number of two, and cut it; each is reported, and where. */
static void damage(const struct folder *folder, uint32_t number)
{
	size_t size;
	uint8_t *bytes = sample_read(file_at(folder, number), &size);
	struct hs_snapshot *snap = NULL;

	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= (uint8_t)(1 << at % 8);
		write_bytes(file_at(folder, number), bytes, size);
		bytes[at] ^= (uint8_t)(1 << at % 8);
		expect(hs_snapshot_open(file_at(folder, 1), NULL, &snap), HS_ERROR_DAMAGED,
		       number ? file_at(folder, 1) : "base");
	}
	for (size_t kept = 0; kept < size; kept += 3) {
		write_bytes(file_at(folder, number), bytes, kept);
		expect(hs_snapshot_open(file_at(folder, 1), NULL, &snap), HS_ERROR_DAMAGED,
		       number ? file_at(folder, 1) : "base");
	}
	write_bytes(file_at(folder, number), bytes, size);
	free(bytes);
}

static void damage_is_seen(void **state)
{
	struct folder folder;
	struct hs_snapshot *snap = NULL;
	uint8_t *bytes;
	size_t size;

	(void)state;
	folder_init(&folder);
	make_chain(&folder, 2, 60);
	damage(&folder, 1);
	damage(&folder, 0);
	/* Where, in which file. */
	bytes = sample_read(file_at(&folder, 0), &size);
	bytes[size / 2] ^= 1;
	write_bytes(file_at(&folder, 0), bytes, size);
	expect(hs_snapshot_open(file_at(&folder, 1), NULL, &snap), HS_ERROR_DAMAGED,
	       "/0.snap: damaged at byte ");
	free(bytes);
	folder_deinit(&folder);
}

/* What a file by hand that stands on another may get wrong; zero is right. */
enum wrong {
	RIGHT,
	TWICE,
	FROM_RANGE,
	FEW_ROWS,
	MANY_ROWS,
	SPANS,
	NO_TYPES,
	NO_STRINGS,
	OBJECT_RANGE,
	OBJECT_ORDER,
	OBJECT_GONE,
	GONE_VALUE,
	ROWS,
	LISTED_FEW,
	LISTED_MISSING,
	LISTED_MANY,
	EDGES_MISSING,
	OTHER_PROCESS,
	NO_SECTION,
	HEADER_OBJECTS,
	HEADER_EDGES,
	WRONG_COUNT,
};

static void craft_header(struct hs_emitter *emitter, const struct hs_snapshot *base,
			 enum wrong wrong)
{
	struct hs_packer packer;

	hs_packer_init(&packer);
	hs_pack_map(&packer, 8);
	hs_pack_text(&packer, "major");
	hs_pack_uint(&packer, 0);
	hs_pack_text(&packer, "minor");
	hs_pack_uint(&packer, HS_FORMAT_MINOR);
	hs_pack_text(&packer, "required");
	hs_pack_array(&packer, 1);
	hs_pack_text(&packer, "base");
	hs_pack_text(&packer, "base");
	hs_pack_map(&packer, 2);
	hs_pack_text(&packer, "name");
	hs_pack_text(&packer, "0.snap");
	hs_pack_text(&packer, "hash");
	hs_pack_uint(&packer, base->hash);
	hs_pack_text(&packer, "objects");
	hs_pack_uint(&packer, base->objects.count + (wrong == HEADER_OBJECTS));
	hs_pack_text(&packer, "edges");
	hs_pack_uint(&packer, base->objects.edge_count + (wrong == HEADER_EDGES));
	hs_pack_text(&packer, "object_columns");
	hs_pack_array(&packer, 0);
	hs_pack_text(&packer, "process");
	hs_pack_map(&packer, 3);
	hs_pack_text(&packer, "pid");
	hs_pack_uint(&packer, base->info.pid);
	hs_pack_text(&packer, "start_ticks");
	hs_pack_uint(&packer, base->info.start_ticks + (wrong == OTHER_PROCESS));
	hs_pack_text(&packer, "boot_id");
	hs_pack_bin(&packer, base->info.boot_id);
	must(hs_emit_map(emitter, HS_SECTION_HEADER, &packer.buffer));
	hs_packer_deinit(&packer);
}

static void craft_column(struct hs_emitter *emitter, const char *name, enum hs_codec codec,
			 uint64_t first, uint64_t second)
{
	const uint64_t values[] = {first, second};

	must(hs_emit_values(emitter, name, codec, values, 2, true));
}

/* A table of types in two spans, or none; its rows are those of the base. */
static void craft_types(struct hs_emitter *emitter, const struct hs_snapshot *base,
			enum wrong wrong)
{
	uint64_t count = base->type_count;

	hs_emit_field(emitter, "rows",
		      wrong == NO_TYPES	   ? 0
		      : wrong == MANY_ROWS ? UINT64_C(1) << 31
					   : count - (wrong == FEW_ROWS));
	hs_emit_field(emitter, "spans", wrong == NO_TYPES ? 0 : wrong == SPANS ? 1 << 20 : 2);
	if (wrong != NO_TYPES) {
		craft_column(emitter, "literal", HS_CODEC_VARINT, 0, 0);
		craft_column(emitter, "from", HS_CODEC_DELTA, 0,
			     wrong == TWICE	   ? 0
			     : wrong == FROM_RANGE ? UINT64_MAX
						   : 2);
		craft_column(emitter, "copied", HS_CODEC_VARINT, 2, count - 2);
	}
	must(hs_emit_section(emitter, HS_SECTION_TYPES));
}

static void craft_changes(struct hs_emitter *emitter, const struct hs_snapshot *base,
			  enum wrong wrong)
{
	uint64_t count = base->objects.count;
	uint64_t first = wrong == OBJECT_ORDER ? 3 : 1;
	bool any = wrong >= OBJECT_RANGE && wrong <= LISTED_FEW && wrong != ROWS;

	hs_emit_field(emitter, "rows", wrong == ROWS ? 2 : any ? 2 : 0);
	hs_emit_field(emitter, "listed",
		      wrong == LISTED_MANY ? HS_NONE - 1 : wrong == LISTED_MISSING);
	hs_emit_field(emitter, "listed_edges", wrong == EDGES_MISSING);
	if (any) {
		craft_column(emitter, "object", HS_CODEC_DELTA, first,
			     wrong == OBJECT_RANGE ? count : 2);
		craft_column(emitter, "gone", HS_CODEC_VARINT, wrong == OBJECT_GONE,
			     wrong == GONE_VALUE ? 2 : wrong == OBJECT_GONE);
	}
	must(hs_emit_section(emitter, HS_SECTION_BASE));
}

/* A file that says what @base says, and nothing of itself. */
static uint8_t *craft(const struct hs_snapshot *base, enum wrong wrong, size_t *size)
{
	struct hs_file_writer *file = NULL;
	struct hs_emitter emitter;
	char path[64];
	uint8_t *bytes;

	sample_path(path);
	must(hs_file_writer_create(path, false, &file));
	must(hs_emitter_init(&emitter, file, 3));
	craft_header(&emitter, base, wrong);
	craft_types(&emitter, base, wrong);
	if (wrong == NO_STRINGS) {
		hs_emit_field(&emitter, "rows", 0);
		hs_emit_field(&emitter, "spans", 0);
		must(hs_emit_section(&emitter, HS_SECTION_STRINGS));
	}
	if (wrong != NO_SECTION)
		craft_changes(&emitter, base, wrong);
	must(hs_emit_end(&emitter));
	must(hs_file_writer_commit(file));
	hs_file_writer_destroy(file);
	hs_emitter_deinit(&emitter);
	bytes = sample_read(path, size);
	sample_remove(path);
	return bytes;
}

static void hostile_files(void **state)
{
	static const char *const texts[WRONG_COUNT] = {
		[TWICE] = "copies a row of the base twice",
		[FROM_RANGE] = "has values out of range",
		[FEW_ROWS] = "has values out of range",
		[MANY_ROWS] = "has an impossible number of rows",
		[SPANS] = "has an impossible number of spans",
		[NO_TYPES] = "leaves an object without its type",
		[NO_STRINGS] = "what is not there",
		[OBJECT_RANGE] = "has values out of range",
		[OBJECT_ORDER] = "has values out of range",
		[OBJECT_GONE] = "does not give as many objects",
		[GONE_VALUE] = "has values out of range",
		[ROWS] = "has an impossible number of objects",
		[LISTED_FEW] = "has an impossible number of objects",
		[LISTED_MISSING] = "number of objects is not that of the blocks",
		[LISTED_MANY] = "has an impossible number of objects",
		[EDGES_MISSING] = "number of references is not that of the blocks",
		[OTHER_PROCESS] = "its base is of another process",
		[NO_SECTION] = "is missing",
		[HEADER_OBJECTS] = "does not give as many objects",
		[HEADER_EDGES] = "does not give as many references",
	};
	struct folder folder;
	struct hs_snapshot *base;

	(void)state;
	folder_init(&folder);
	make_chain(&folder, 1, 60);
	base = open_file(file_at(&folder, 0), true);
	for (enum wrong wrong = RIGHT; wrong < WRONG_COUNT; wrong++) {
		struct hs_snapshot *snap = NULL;
		size_t size;
		uint8_t *bytes = craft(base, wrong, &size);
		struct hs_error *err =
			hs_snapshot_load_onto(bytes, size, "x", base, NULL, true, &snap);

		if (wrong == RIGHT) {
			must(err);
			assert_int_equal(snap->objects.count, base->objects.count);
			assert_memory_equal(snap->objects.edges, base->objects.edges,
					    base->objects.edge_count * sizeof(hs_id));
			hs_snapshot_destroy(snap);
		} else {
			expect(err, HS_ERROR_DAMAGED, texts[wrong]);
		}
		free(bytes);
	}
	hs_snapshot_destroy(base);
	folder_deinit(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chained_is_as_whole),	cmocka_unit_test(columns_load_alone),
		cmocka_unit_test(bases_are_found),	cmocka_unit_test(bases_are_kept),
		cmocka_unit_test(bases_that_cannot_be), cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(bytes_need_a_name),	cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(hostile_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
