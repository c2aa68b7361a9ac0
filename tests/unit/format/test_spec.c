/* SPDX-License-Identifier: MIT */
/*
 * test_spec.c: the worked example in spec/format.md, the golden files, and the independent reader
 * say what this code does.  With HS_UPDATE=1 in the environment the example is written anew, and
 * golden files that are not there yet are made (tests/golden/make.py does that, and makes others);
 * those that are stay as they are for good.
 */
#include "format/model.h"

#include "format/section.h"
#include <heapsnap/export.h>
#include <inttypes.h>

/* The path of @name in the source tree, in a buffer of its own. */
static const char *source_path(const char *name, char path[512])
{
	static const char below[] = "tests/unit/format/test_spec.c";
	size_t size = strlen(__FILE__) - (sizeof(below) - 1);

	assert_string_equal(&__FILE__[size], below);
	snprintf(path, 512, "%.*s%s", (int)size, __FILE__, name);
	return path;
}

static bool updating(void)
{
	return getenv("HS_UPDATE") != NULL;
}

static void must(struct hs_error *err)
{
	if (err)
		fail_msg("%s", hs_error_message(err));
}

static char *read_text(const char *path)
{
	size_t size;
	char *text = (char *)sample_read(path, &size);

	text[size] = '\0';
	return text;
}

static void write_text(const char *path, const char *text, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* A list that contains itself, held by the module `app`: the example of the specification. */
static struct hs_snapshot *example(void)
{
	struct hs_build *build = hs_build_create();
	struct hs_run items = {.kind = HS_LABEL_INDEX};
	struct hs_build_object object = {
		.address = 0x7f0000000010,
		.type = hs_build_type(build, STR("list"), STR("builtins"), HS_ROLE_SEQUENCE,
				      HS_NONE),
		.shape = hs_build_shape(build, &items, 1, 1),
		.size = 56,
		.visible = 1,
		.flags = HS_OBJECT_GC | HS_OBJECT_TRACKED,
		.generation = HS_GENERATION_NONE,
		.owner = HS_NONE,
	};
	struct hs_snapshot *snap = NULL;

	hs_build_object(build, &object);
	hs_build_edge(build, 0);
	hs_build_root(build, HS_ROOT_MODULE, 0, STR("app"), HS_NONE, HS_NONE);
	must(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	return snap;
}

/* Bytes [@from, @to) in rows of sixteen. */
static void dump_bytes(FILE *out, const uint8_t *bytes, uint64_t from, uint64_t to)
{
	for (uint64_t row = from; row < to; row += 16) {
		uint64_t end = row + 16 < to ? row + 16 : to;

		fprintf(out, "%04" PRIx64 " ", row);
		for (uint64_t i = row; i < row + 16; i++)
			if (i < end)
				fprintf(out, " %02x", bytes[i]);
			else
				fputs("   ", out);
		fputs("  ", out);
		for (uint64_t i = row; i < end; i++)
			fputc(bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '.', out);
		fputc('\n', out);
	}
}

static void dump_section(FILE *out, const struct hs_file_image *image, size_t index)
{
	const struct hs_section *section = &image->sections[index];
	struct hs_section_view view;

	must(hs_section_view_init(image, index, 0, &view));
	fprintf(out, "\n%s (kind %" PRIu64 ")\n", hs_section_name(section->kind), section->kind);
	dump_bytes(out, image->data, section->offset, section->offset + section->head);
	for (size_t i = 0; i < view.column_count; i++) {
		const struct hs_stored_column *column = &view.columns[i];

		fprintf(out, "  %.*s, codec %" PRIu64 "\n", (int)column->name.size,
			column->name.data, column->codec);
		dump_bytes(out, image->data, column->offset, column->offset + column->length);
	}
}

/* The example as the specification shows it, owned by the caller. */
static char *dump_example(void)
{
	struct hs_snapshot *snap = example();
	struct hs_file_image image;
	char *text = NULL;
	size_t text_size = 0;
	size_t size;
	uint8_t *bytes = sample_bytes(snap, &size);
	FILE *out = open_memstream(&text, &text_size);

	assert_non_null(out);
	must(hs_file_image_init(bytes, size, &image));
	fputs("\n```\nmagic\n", out);
	dump_bytes(out, bytes, 0, HS_MAGIC_SIZE);
	for (size_t i = 0; i < image.count; i++)
		dump_section(out, &image, i);
	fputs("\nindex (kind 14) and end (kind 15)\n", out);
	dump_bytes(out, bytes, image.index_offset, size - HS_TRAILER_SIZE);
	fputs("\ntrailer\n", out);
	dump_bytes(out, bytes, size - HS_TRAILER_SIZE, size);
	fputs("```\n\n", out);
	assert_int_equal(fclose(out), 0);
	hs_file_image_deinit(&image);
	free(bytes);
	hs_snapshot_destroy(snap);
	return text;
}

static void worked_example(void **state)
{
	static const char begin[] = "<!-- dump -->\n";
	static const char end[] = "<!-- end of dump -->";
	char path[512];
	char *spec = read_text(source_path("spec/format.md", path));
	char *from = strstr(spec, begin);
	char *to = strstr(spec, end);
	char *dump = dump_example();

	(void)state;
	assert_non_null(from);
	assert_non_null(to);
	from += sizeof(begin) - 1;
	if (updating()) {
		char *text = NULL;

		assert_true(asprintf(&text, "%.*s%s%s", (int)(from - spec), spec, dump, to) > 0);
		write_text(path, text, strlen(text));
		free(text);
	} else if ((size_t)(to - from) != strlen(dump) || memcmp(from, dump, strlen(dump))) {
		fail_msg("spec/format.md does not show what is written:\n%s", dump);
	}
	free(dump);
	free(spec);
}

/* @snap as lines of JSON, owned by the caller. */
static char *export(const struct hs_snapshot *snap)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	must(hs_export(snap, hs_exporter_find("jsonl"), out));
	assert_int_equal(fclose(out), 0);
	return text;
}

static void make_golden(const char *path, const char *lines_path, uint64_t seed)
{
	struct hs_snapshot *snap = sample_snapshot(60, seed);
	char *lines = export(snap);

	must(hs_snapshot_save(snap, path, NULL));
	write_text(lines_path, lines, strlen(lines));
	free(lines);
	hs_snapshot_destroy(snap);
}

/* The file called @name that is kept still says what it said. */
static void check_golden(const char *name, uint64_t seed)
{
	struct hs_snapshot *snap = NULL;
	char path[512], lines_path[512], file[64];
	char *lines;
	char *expected;
	size_t count;

	snprintf(file, sizeof(file), "tests/golden/%s.golden", name);
	source_path(file, path);
	snprintf(file, sizeof(file), "tests/golden/%s.jsonl", name);
	source_path(file, lines_path);
	if (updating() && access(path, F_OK))
		make_golden(path, lines_path, seed);
	must(hs_snapshot_verify(path, NULL, NULL));
	must(hs_snapshot_open(path, NULL, &snap));
	lines = export(snap);
	expected = read_text(lines_path);
	assert_string_equal(lines, expected);
	assert_int_equal(hs_snapshot_info(snap)->pid, 4711);
	assert_int_equal(hs_snapshot_info(snap)->command_count, 3);
	hs_snapshot_roots(snap, &count);
	assert_int_equal(count, 3);
	hs_snapshot_regions(snap, &count);
	assert_int_equal(count, 2);
	free(lines);
	free(expected);
	hs_snapshot_destroy(snap);
}

/* Save @snap at @path; against the file at @base_path, unless that is NULL. */
static void save_onto(const struct hs_snapshot *snap, const char *path, const char *base_path)
{
	struct hs_open_options as_base = {.as_base = true};
	struct hs_save_options options = {0};
	struct hs_snapshot *base = NULL;

	if (base_path)
		must(hs_snapshot_open(base_path, &as_base, &base));
	options.base = base;
	must(hs_snapshot_save(snap, path, &options));
	hs_snapshot_destroy(base);
}

/* The same for a file that stands on another. */
static void check_golden_chain(void)
{
	struct hs_snapshot *snap = NULL;
	char path[512], base[512], lines_path[512];
	struct model model;
	char *lines;
	char *expected;

	source_path("tests/golden/chain-base-0.11.golden", base);
	source_path("tests/golden/chain-0.11.golden", path);
	source_path("tests/golden/chain-0.11.jsonl", lines_path);
	if (updating() && access(path, F_OK)) {
		model_init(&model, 60, 5);
		snap = model_snapshot(&model);
		save_onto(snap, base, NULL);
		hs_snapshot_destroy(snap);
		for (int i = 0; i < 3; i++)
			model_go_on(&model, 12);
		snap = model_snapshot(&model);
		save_onto(snap, path, base);
		lines = export(snap);
		write_text(lines_path, lines, strlen(lines));
		free(lines);
		hs_snapshot_destroy(snap);
		model_deinit(&model);
	}
	must(hs_snapshot_verify(path, NULL, &snap));
	lines = export(snap);
	expected = read_text(lines_path);
	assert_string_equal(lines, expected);
	assert_int_equal(hs_snapshot_base(snap)->depth, 1);
	assert_string_equal(hs_snapshot_base(snap)->name.data, "chain-base-0.11.golden");
	free(lines);
	free(expected);
	hs_snapshot_destroy(snap);
}

static void golden_files(void **state)
{
	(void)state;
	check_golden("format-0.11", 7);
	check_golden("previews-0.11", 8);
	check_golden("sites-0.11", 9);
	check_golden_chain();
}

/* What spec/decoder.py reads from the file at @path as lines of JSON, owned by the caller. */
static char *decode(const char *path)
{
	char printer[512];
	char command[1024];
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	FILE *pipe;
	int c;

	snprintf(command, sizeof(command), "/usr/bin/python3 '%s' '%s'",
		 source_path("tests/independent/jsonl.py", printer), path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while ((c = fgetc(pipe)) != EOF)
		fputc(c, out);
	assert_int_equal(pclose(pipe), 0);
	fclose(out);
	return text;
}

/* Whether the file at @path is read as what @snap says. */
static void assert_decodes(const char *path, const struct hs_snapshot *snap)
{
	char *decoded = decode(path);
	char *lines = export(snap);

	if (strcmp(decoded, lines)) {
		size_t at = 0;

		while (decoded[at] == lines[at])
			at++;
		fail_msg("they differ at byte %zu:\n%.80s\n%.80s", at, decoded + at, lines + at);
	}
	free(decoded);
	free(lines);
}

static void assert_decoder_agrees(struct hs_snapshot *snap)
{
	char path[64];

	sample_path(path);
	must(hs_snapshot_save(snap, path, NULL));
	assert_decodes(path, snap);
	sample_remove(path);
	hs_snapshot_destroy(snap);
}

/* Files that stand on each other. */
static void assert_decoder_follows(uint32_t objects, uint64_t seed)
{
	enum { COUNT = 6 };
	char path[64];
	char paths[COUNT][72];
	struct model model;

	sample_path(path);
	model_init(&model, objects, seed);
	for (int i = 0; i < COUNT; i++) {
		struct hs_snapshot *snap = model_snapshot(&model);

		snprintf(paths[i], sizeof(paths[i]), "%s.%d", path, i);
		save_onto(snap, paths[i], i ? paths[i - 1] : NULL);
		assert_decodes(paths[i], snap);
		hs_snapshot_destroy(snap);
		model_go_on(&model, i % 2 ? 30 : 4);
	}
	for (int i = 0; i < COUNT; i++)
		unlink(paths[i]);
	model_deinit(&model);
	sample_remove(path);
}

/* A list whose column is padded, for it is too regular. */
static struct hs_snapshot *regular(void)
{
	enum { EDGES = 1300000 };
	struct hs_build *build = hs_build_create();
	struct hs_run items = {.kind = HS_LABEL_NONE};
	struct hs_build_object object = {
		.address = 16,
		.type = hs_build_type(build, STR("list"), STR(""), HS_ROLE_SEQUENCE, 0),
		.shape = hs_build_shape(build, &items, 1, 1),
		.visible = EDGES,
		.owner = HS_NONE,
	};
	struct hs_snapshot *snap = NULL;

	hs_build_object(build, &object);
	for (int i = 0; i < EDGES; i++)
		hs_build_edge(build, 0);
	must(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	return snap;
}

/* No object, no type, no table at all. */
static struct hs_snapshot *nothing(void)
{
	struct hs_build *build = hs_build_create();
	struct hs_snapshot *snap = NULL;

	must(hs_build_finish(build, NULL, NULL, &snap));
	hs_build_destroy(build);
	return snap;
}

static void independent_reader(void **state)
{
	(void)state;
	assert_decoder_agrees(nothing());
	assert_decoder_agrees(example());
	assert_decoder_agrees(sample_snapshot(0, 1));
	assert_decoder_agrees(sample_snapshot(1, 1));
	assert_decoder_agrees(sample_snapshot(40000, 1));
	assert_decoder_agrees(regular());
	assert_decoder_follows(10, 1);
	assert_decoder_follows(900, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_example),
		cmocka_unit_test(golden_files),
		cmocka_unit_test(independent_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
