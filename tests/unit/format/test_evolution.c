/* SPDX-License-Identifier: MIT */
/* test_evolution.c: what a reader does with files of other writers: newer, odd, wrong, hostile. */
#include "format/sample.h"

#include "format/base/error.h"
#include "format/emit.h"
#include "format/unpack.h"
#include <inttypes.h>

/* A file being made by hand; sections are as a correct writer would make them unless changed. */
struct craft {
	struct hs_file_writer *file;
	struct hs_emitter emitter;
	char path[64];
};

static void must(struct hs_error *err)
{
	if (err)
		fail_msg("%s", hs_error_message(err));
}

static void craft_begin(struct craft *craft)
{
	sample_path(craft->path);
	must(hs_file_writer_create(craft->path, false, &craft->file));
	must(hs_emitter_init(&craft->emitter, craft->file, 3));
}

struct header {
	uint64_t major;
	uint64_t older_by;    /* than this draft */
	const char *required; /* NULL: none */
	uint64_t objects;
	uint64_t edges;
	bool more_keys;
};

static void craft_header(struct craft *craft, struct header header)
{
	struct hs_packer packer;

	hs_packer_init(&packer);
	hs_pack_map(&packer, header.more_keys ? 7 : 6);
	hs_pack_text(&packer, "major");
	hs_pack_uint(&packer, header.major);
	hs_pack_text(&packer, "minor");
	hs_pack_uint(&packer, HS_FORMAT_MINOR - header.older_by);
	if (header.more_keys) {
		hs_pack_text(&packer, "colour");
		hs_pack_map(&packer, 1);
		hs_pack_text(&packer, "red");
		hs_pack_array(&packer, 0);
	}
	hs_pack_text(&packer, "required");
	hs_pack_array(&packer, header.required ? 1 : 0);
	if (header.required)
		hs_pack_text(&packer, header.required);
	hs_pack_text(&packer, "objects");
	hs_pack_uint(&packer, header.objects);
	hs_pack_text(&packer, "edges");
	hs_pack_uint(&packer, header.edges);
	hs_pack_text(&packer, "object_columns");
	hs_pack_array(&packer, 3);
	hs_pack_text(&packer, "colour");
	hs_pack_text(&packer, "owner");
	hs_pack_text(&packer, "site");
	must(hs_emit_map(&craft->emitter, HS_SECTION_HEADER, &packer.buffer));
	hs_packer_deinit(&packer);
}

/* Add a column of varints. */
static void column(struct craft *craft, const char *name, const uint64_t *values, size_t count)
{
	must(hs_emit_values(&craft->emitter, name, HS_CODEC_VARINT, values, count, true));
}

#define COLUMN(name, ...)                                                                          \
	do {                                                                                       \
		const uint64_t values_[] = {__VA_ARGS__};                                          \
		column(craft, name, values_, sizeof(values_) / sizeof(*values_));                  \
	} while (0)

/* Add a column of these raw bytes. */
static void raw_column(struct craft *craft, const char *name, enum hs_codec codec,
		       const void *bytes, size_t size)
{
	assert_true(hs_bytes_reserve(&craft->emitter.raw, size));
	memcpy(craft->emitter.raw.data + craft->emitter.raw.size, bytes, size);
	craft->emitter.raw.size += size;
	must(hs_emit_column(&craft->emitter, name, codec));
}

static void table(struct craft *craft, enum hs_section_kind kind, uint64_t rows)
{
	hs_emit_field(&craft->emitter, "rows", rows);
	must(hs_emit_section(&craft->emitter, kind));
}

/* What craft_tables() and craft_block() may get wrong; zero is right. */
enum wrong {
	RIGHT,
	STRING_RANGE,
	STRING_LENGTH,
	STRING_FIRST,
	TYPE_OBJECT,
	TYPE_ROWS,
	SHAPE_OPERAND,
	SHAPE_RUNS,
	ROOT_OBJECT,
	ROOT_THREAD,
	FRAME_THREAD,
	REGION_WRAPS,
	SITE_FILE,
	SITE_LINE,
	SITE_CALLER,
	TABLE_TWICE,
	HEADER_TWICE,
	KEY_TWICE,
	MANY_KEYS,
	COLUMN_TWICE,
	TABLE_CODEC,
	BLOCK_FIRST,
	BLOCK_OBJECTS,
	BLOCK_TYPE,
	BLOCK_SHAPE,
	BLOCK_FEW_EDGES,
	BLOCK_MANY_EDGES,
	BLOCK_EDGE_TARGET,
	BLOCK_KNOWN_TARGET,
	BLOCK_JUMP,
	BLOCK_NO_JUMP,
	BLOCK_JUMPS,
	BLOCK_LONG_CODE,
	BLOCK_ITEM_SIZE,
	BLOCK_ITEM_SIZES,
	BLOCK_NEW_TARGET,
	BLOCK_OWNER,
	BLOCK_SITE,
	BLOCK_CODEC,
	BLOCK_COLUMN,
	BLOCK_TRAILING,
	BLOCK_HIDDEN,
	PREVIEW_OBJECT,
	PREVIEW_TWICE,
	PREVIEW_AGAIN,
	PREVIEW_ROWS,
	PREVIEW_SIZE,
	PREVIEW_BYTES,
	PREVIEW_FEW,
	PREVIEW_NUMBER,
	PREVIEW_MORE,
	PREVIEW_CODEC,
	HEADER_OBJECTS,
	HEADER_EDGES,
	RAW_BOMB,
	WRONG_COUNT,
	BLOCK_SAME_ADDRESS,    /* seen by verification alone */
	NO_ROOT = WRONG_COUNT, /* leave out the table, which the caller makes */
};

/* Two strings, a type, two shapes, a root. */
static void craft_tables(struct craft *craft, enum wrong wrong)
{
	COLUMN("length", wrong == STRING_FIRST, wrong == STRING_LENGTH ? 5 : 4);
	raw_column(craft, "bytes", HS_CODEC_BYTES, "list-", wrong == STRING_FIRST ? 5 : 4);
	table(craft, HS_SECTION_STRINGS, 2);
	COLUMN("name", wrong == STRING_RANGE ? 2 : 1);
	COLUMN("colour", 77);
	COLUMN("role", 250);
	if (wrong == COLUMN_TWICE)
		COLUMN("colour", 77);
	if (wrong == KEY_TWICE)
		hs_emit_field(&craft->emitter, "rows", 1);
	COLUMN("object", wrong == TYPE_OBJECT ? 3 : 2);
	table(craft, HS_SECTION_TYPES, wrong == TYPE_ROWS ? 2 : 1);
	if (wrong == TABLE_TWICE)
		table(craft, HS_SECTION_TYPES, 0);
	COLUMN("runs", 0, wrong == SHAPE_RUNS || wrong == BLOCK_HIDDEN ? 3 : 2);
	COLUMN("visible_runs", 0, 1);
	if (wrong == TABLE_CODEC)
		raw_column(craft, "kind", HS_CODEC_WORDS, "0123456789abcdef", 16);
	else if (wrong == BLOCK_HIDDEN)
		COLUMN("kind", 77, HS_LABEL_KEY, HS_LABEL_KEY);
	else
		COLUMN("kind", 77, wrong == SHAPE_OPERAND ? HS_LABEL_ITEM : HS_LABEL_KEY);
	if (wrong == BLOCK_HIDDEN) { /* at least 3 hidden ones, but as many as visible ones: 2 */
		COLUMN("count", 0, 3, 0);
	} else {
		COLUMN("strength", 9, 0);
		COLUMN("operand", 0, 9);
		COLUMN("count", 0, 1);
	}
	table(craft, HS_SECTION_SHAPES, 2);
	if (wrong != NO_ROOT) {
		COLUMN("object", wrong == ROOT_OBJECT ? 2 : 0);
		COLUMN("rank", 99);
		COLUMN("thread", wrong == ROOT_THREAD);
		table(craft, HS_SECTION_ROOTS, 1);
	}
	if (wrong == FRAME_THREAD) {
		COLUMN("thread", 0);
		table(craft, HS_SECTION_FRAMES, 1);
	}
	COLUMN("file", 1, wrong == SITE_FILE ? 2 : 0);
	COLUMN("line", wrong == SITE_LINE ? UINT64_MAX : 7, 0);
	COLUMN("caller", 0, wrong == SITE_CALLER ? 2 : 1);
	table(craft, HS_SECTION_SITES, 2);
	if (wrong == REGION_WRAPS) {
		COLUMN("start", 0x1000);
		COLUMN("size", UINT64_MAX);
		table(craft, HS_SECTION_REGIONS, 1);
	}
}

/* The codes of the references, the targets that they name, and those that they jump to. */
static void craft_edges(struct craft *craft, enum wrong wrong)
{
	uint8_t edges[] = {0, 2, 3, 0};
	size_t count = wrong == BLOCK_MANY_EDGES || wrong == BLOCK_LONG_CODE ? 4 : 3;

	if (wrong == BLOCK_EDGE_TARGET)
		edges[2] = 4;
	if (wrong == BLOCK_JUMPS)
		edges[1] = 1;
	if (wrong == BLOCK_LONG_CODE)
		edges[1] = 0x82; /* the 2, but longer than it has to be */
	raw_column(craft, "edges", HS_CODEC_PLANES, edges, count);
	raw_column(craft, "targets", HS_CODEC_DELTA, wrong == BLOCK_KNOWN_TARGET ? "\4" : "\2", 1);
	if (wrong != BLOCK_NO_JUMP)
		raw_column(craft, "jumps", HS_CODEC_PLANES, wrong == BLOCK_JUMP ? "\1" : "\0", 1);
	if (wrong == BLOCK_ITEM_SIZE || wrong == BLOCK_ITEM_SIZES)
		raw_column(craft, "item_size", HS_CODEC_VARINT, "\0\0\0",
			   wrong == BLOCK_ITEM_SIZE ? 1 : 3);
}

/* Object 0 with three references, to 1, 0 and 1; object 1 with none. */
static void craft_block(struct craft *craft, enum wrong wrong)
{
	uint8_t visible[] = {2, 0};

	hs_emit_field(&craft->emitter, "first", wrong == BLOCK_FIRST);
	hs_emit_field(&craft->emitter, "objects",
		      wrong == BLOCK_OBJECTS ? HS_MAX_BLOCK_OBJECTS : 2);
	hs_emit_field(&craft->emitter, "first_edge", 0);
	hs_emit_field(&craft->emitter, "edges",
		      wrong == BLOCK_FEW_EDGES	  ? 2
		      : wrong == BLOCK_MANY_EDGES ? 4
						  : 3);
	hs_emit_field(&craft->emitter, "next", wrong == BLOCK_NEW_TARGET ? 2 : 1);
	raw_column(craft, "type", HS_CODEC_DICTIONARY,
		   wrong == BLOCK_TYPE ? "\1\2\0\1" : "\1\0\0\1", 4);
	raw_column(craft, "address", wrong == BLOCK_CODEC ? HS_CODEC_VARINT : HS_CODEC_ADDRESS,
		   wrong == BLOCK_SAME_ADDRESS ? "\4\2\0" : "\4\2\2", 3);
	raw_column(craft, "shape", HS_CODEC_DICTIONARY,
		   wrong == BLOCK_SHAPE ? "\2\4\1\0\0" : "\2\2\1\0\0", 5);
	raw_column(craft, "visible", HS_CODEC_COUNTS, visible, wrong == BLOCK_TRAILING ? 2 : 1);
	craft_edges(craft, wrong);
	raw_column(craft, "site", HS_CODEC_DICTIONARY,
		   wrong == BLOCK_SITE ? "\2\6\5\0\0" : "\2\4\3\0\0", 5);
	raw_column(craft, "owner", HS_CODEC_OWNER, wrong == BLOCK_OWNER ? "\1\5" : "\1\3", 2);
	raw_column(craft, "colour", (enum hs_codec)99, "red", 3);
	if (wrong == BLOCK_COLUMN) /* not one of the header's */
		COLUMN("refcount", 1, 1);
	if (wrong == RAW_BOMB)
		craft->emitter.columns[0].raw = UINT64_C(1) << 40;
	must(hs_emit_section(&craft->emitter, HS_SECTION_BLOCK));
}

/* Object 1 is -2; object 0 has a value of a kind that is not known. */
static void craft_previews(struct craft *craft, enum wrong wrong)
{
	COLUMN("object", wrong == PREVIEW_OBJECT ? 2 : 1, wrong == PREVIEW_TWICE);
	COLUMN("kind", HS_PREVIEW_INTEGER, 77);
	COLUMN("size", wrong == PREVIEW_NUMBER, wrong == PREVIEW_SIZE ? 4 : 3);
	if (wrong == PREVIEW_MORE)
		COLUMN("more", 0, UINT64_MAX);
	if (wrong != PREVIEW_FEW)
		raw_column(craft, "integer",
			   wrong == PREVIEW_CODEC ? HS_CODEC_WORDS : HS_CODEC_VARINT, "\3", 1);
	else
		raw_column(craft, "integer", HS_CODEC_VARINT, "", 0);
	raw_column(craft, "bytes", HS_CODEC_BYTES, "red?",
		   wrong == PREVIEW_BYTES || wrong == PREVIEW_NUMBER ? 4 : 3);
	raw_column(craft, "colour", (enum hs_codec)99, "red", 3);
	table(craft, HS_SECTION_PREVIEWS, wrong == PREVIEW_ROWS ? 3 : 2);
	if (wrong != PREVIEW_AGAIN)
		return;
	COLUMN("object", 1);
	table(craft, HS_SECTION_PREVIEWS, 1);
}

/* A section of a kind that is not known, with @count keys. */
static void craft_keys(struct craft *craft, size_t count)
{
	struct hs_packer packer;
	char key[16];

	hs_packer_init(&packer);
	hs_pack_map(&packer, count);
	for (size_t i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "key %zu", i);
		hs_pack_text(&packer, key);
		hs_pack_uint(&packer, i);
	}
	must(hs_emit_map(&craft->emitter, (enum hs_section_kind)1001, &packer.buffer));
	hs_packer_deinit(&packer);
}

static uint8_t *craft_end(struct craft *craft, size_t *size)
{
	uint8_t *bytes;

	must(hs_emit_end(&craft->emitter));
	must(hs_file_writer_commit(craft->file));
	hs_file_writer_destroy(craft->file);
	hs_emitter_deinit(&craft->emitter);
	bytes = sample_read(craft->path, size);
	sample_remove(craft->path);
	return bytes;
}

static struct hs_error *load(const uint8_t *bytes, size_t size, struct hs_snapshot **snap)
{
	return hs_snapshot_load(bytes, size, "a.snap", NULL, snap);
}

/* Load the hand-made file with one thing wrong. */
static struct hs_error *load_wrong(enum wrong wrong, struct hs_snapshot **snap)
{
	struct craft craft = {0};
	struct header header = {.objects = wrong == HEADER_OBJECTS ? 3 : 2,
				.edges = wrong == HEADER_EDGES	     ? 4
					 : wrong == BLOCK_FEW_EDGES  ? 2
					 : wrong == BLOCK_MANY_EDGES ? 4
								     : 3,
				.more_keys = true};
	struct hs_error *err;
	uint8_t *bytes;
	size_t size;

	if (wrong == BLOCK_OBJECTS)
		header.objects = HS_MAX_BLOCK_OBJECTS;
	craft_begin(&craft);
	craft_header(&craft, header);
	if (wrong == HEADER_TWICE)
		craft_header(&craft, header);
	if (wrong == MANY_KEYS)
		craft_keys(&craft, HS_UNPACK_KEYS + 1);
	craft_keys(&craft, HS_UNPACK_KEYS);
	for (int i = 0; i < 2; i++) { /* what is not known may be there more often */
		raw_column(&craft, "hue", HS_CODEC_BYTES, "\1\2\3", 3);
		must(hs_emit_section(&craft.emitter, (enum hs_section_kind)1000));
	}
	craft_tables(&craft, wrong);
	craft_block(&craft, wrong);
	craft_previews(&craft, wrong);
	bytes = craft_end(&craft, &size);
	err = load(bytes, size, snap);
	free(bytes);
	return err;
}

static void unknown_things_are_skipped(void **state)
{
	static const hs_id edges[] = {1, 0, 1};
	struct hs_snapshot *snap = NULL;
	const struct hs_objects *objects;
	size_t count;
	uint32_t types;
	struct hs_preview preview;
	struct hs_label label;

	(void)state;
	must(load_wrong(RIGHT, &snap));
	objects = hs_snapshot_objects(snap);
	assert_int_equal(objects->count, 2);
	assert_memory_equal(objects->edges, edges, sizeof(edges));
	assert_int_equal(objects->address[1], 0x20);
	assert_int_equal(objects->owner[0], 0);
	assert_int_equal(objects->owner[1], 1);
	assert_int_equal(objects->site[0], 1);
	assert_int_equal(objects->site[1], HS_NONE);
	assert_int_equal(hs_snapshot_sites(snap, &types)[1].caller, 0);
	assert_int_equal(types, 2);
	assert_int_equal(objects->size[0], 0);
	assert_null(objects->allocated);
	/* Unknown values become the general ones. */
	assert_int_equal(hs_snapshot_types(snap, &types)->role, HS_ROLE_OTHER);
	assert_int_equal(hs_snapshot_types(snap, &types)->object, 1);
	assert_int_equal(hs_snapshot_roots(snap, &count)->rank, HS_ROOT_INTERNAL);
	assert_int_equal(hs_snapshot_roots(snap, &count)->thread, HS_NONE);
	label = hs_snapshot_label(snap, 0, 1);
	assert_int_equal(label.kind, HS_LABEL_NONE);
	assert_int_equal(label.strength, HS_GENERIC);
	assert_int_equal(hs_snapshot_label(snap, 0, 2).kind, HS_LABEL_KEY);
	hs_snapshot_sections(snap, &count);
	assert_string_equal(hs_snapshot_sections(snap, &count)[1].name, "other");
	assert_false(hs_snapshot_preview(snap, 0, &preview));
	assert_true(hs_snapshot_preview(snap, 1, &preview));
	assert_int_equal(preview.integer, -2);
	hs_snapshot_destroy(snap);
}

static void wrong_things_are_refused(void **state)
{
	(void)state;
	for (enum wrong wrong = RIGHT + 1; wrong < WRONG_COUNT; wrong++) {
		struct hs_snapshot *snap = NULL;
		struct hs_error *err;

		err = load_wrong(wrong, &snap);
		if (!err)
			fail_msg("mistake %d was not seen", (int)wrong);
		assert_int_equal(hs_error_code(err), HS_ERROR_DAMAGED);
		if (!strstr(hs_error_message(err), "a.snap: damaged at byte "))
			fail_msg("mistake %d: %s", (int)wrong, hs_error_message(err));
		hs_error_destroy(err);
	}
}

static void contradicting_shape(void **state)
{
	struct craft made = {0};
	struct craft *craft = &made;
	struct hs_snapshot *snap = NULL;
	struct hs_error *err;
	uint8_t *bytes;
	size_t size;

	(void)state;
	craft_begin(craft);
	craft_header(craft, (struct header){0});
	COLUMN("runs", 2);
	COLUMN("visible_runs", 2);
	COLUMN("kind", 1, 1);
	table(craft, HS_SECTION_SHAPES, 1);
	bytes = craft_end(craft, &size);
	err = load(bytes, size, &snap);
	assert_non_null(err);
	assert_non_null(strstr(hs_error_message(err), "contradicts itself"));
	hs_error_destroy(err);
	free(bytes);
}

static void check_refused(struct header header, enum hs_error_code code, const char *part)
{
	struct craft craft = {0};
	struct hs_snapshot *snap = NULL;
	struct hs_error *err;
	uint8_t *bytes;
	size_t size;

	craft_begin(&craft);
	craft_header(&craft, header);
	bytes = craft_end(&craft, &size);
	err = load(bytes, size, &snap);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), code);
	if (!strstr(hs_error_message(err), part))
		fail_msg("%s", hs_error_message(err));
	hs_error_destroy(err);
	free(bytes);
}

static void newer_files_are_refused(void **state)
{
	(void)state;
	check_refused((struct header){.major = 2}, HS_ERROR_NEWER, "version 2");
	check_refused((struct header){.required = "chains"}, HS_ERROR_NEWER, "it needs chains");
}

static void older_drafts_are_refused(void **state)
{
	(void)state;
	check_refused((struct header){.older_by = 1}, HS_ERROR_DAMAGED, "a draft");
}

static void missing_header(void **state)
{
	struct craft craft = {0};
	struct hs_snapshot *snap = NULL;
	struct hs_error *err;
	uint8_t *bytes;
	size_t size;

	(void)state;
	craft_begin(&craft);
	bytes = craft_end(&craft, &size);
	err = load(bytes, size, &snap);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_DAMAGED);
	hs_error_destroy(err);
	free(bytes);
}

/* Nothing but a header loads as an empty snapshot. */
static void bare_header(void **state)
{
	struct craft craft = {0};
	struct hs_snapshot *snap = NULL;
	uint8_t *bytes;
	size_t size;

	(void)state;
	craft_begin(&craft);
	craft_header(&craft, (struct header){0});
	bytes = craft_end(&craft, &size);
	must(load(bytes, size, &snap));
	assert_int_equal(hs_snapshot_objects(snap)->count, 0);
	assert_int_equal(hs_snapshot_string_count(snap), 1);
	assert_str(hs_snapshot_string(snap, 0), "");
	assert_str(hs_snapshot_info(snap)->runtime, "");
	hs_snapshot_destroy(snap);
	free(bytes);
}

/* Make the hand-made file with its root at @root, tables before or behind the block; verify. */
static struct hs_error *verify_crafted(uint64_t root, bool tables_first, enum wrong block)
{
	struct craft made = {0};
	struct craft *craft = &made;
	struct hs_error *err;

	craft_begin(craft);
	craft_header(craft, (struct header){.objects = 2, .edges = 3});
	if (tables_first)
		craft_tables(craft, root ? NO_ROOT : RIGHT);
	craft_block(craft, block);
	if (!tables_first)
		craft_tables(craft, root ? NO_ROOT : RIGHT);
	if (root) {
		COLUMN("object", root);
		table(craft, HS_SECTION_ROOTS, 1);
	}
	must(hs_emit_end(&craft->emitter));
	must(hs_file_writer_commit(craft->file));
	hs_file_writer_destroy(craft->file);
	hs_emitter_deinit(&craft->emitter);
	err = hs_snapshot_verify(craft->path, NULL, NULL);
	sample_remove(craft->path);
	return err;
}

/* Objects in another order than the specification's do not pass verification. */
static void order_is_verified(void **state)
{
	struct hs_error *err;

	(void)state;
	must(verify_crafted(0, true, RIGHT));
	must(verify_crafted(0, false, RIGHT));
	err = verify_crafted(1, true, RIGHT);
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_DAMAGED);
	assert_non_null(strstr(hs_error_message(err), "order"));
	hs_error_destroy(err);
}

/* Neither do two objects in one place. */
static void addresses_are_verified(void **state)
{
	struct hs_error *err = verify_crafted(0, true, BLOCK_SAME_ADDRESS);

	(void)state;
	assert_non_null(err);
	assert_int_equal(hs_error_code(err), HS_ERROR_DAMAGED);
	assert_non_null(strstr(hs_error_message(err), "two objects have the address 0x10"));
	hs_error_destroy(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_things_are_skipped),
		cmocka_unit_test(wrong_things_are_refused),
		cmocka_unit_test(contradicting_shape),
		cmocka_unit_test(newer_files_are_refused),
		cmocka_unit_test(older_drafts_are_refused),
		cmocka_unit_test(missing_header),
		cmocka_unit_test(bare_header),
		cmocka_unit_test(order_is_verified),
		cmocka_unit_test(addresses_are_verified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
