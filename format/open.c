/* SPDX-License-Identifier: MIT */
/* open.c: a snapshot from a file, checked. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/file.h"
#include "format/base/huge.h"
#include "format/base/str.h"
#include "format/block.h"
#include "format/order.h"
#include "format/previewfile.h"
#include "format/tablefile.h"
#include <fcntl.h>
#include <inttypes.h>

enum { ALL_COLUMNS = HS_COLUMN_SITE * 2 - 1 };

/* A file on its way into memory. */
struct loader {
	const struct hs_open_options *options;
	struct hs_file_image image;
	struct hs_inflater inflater;
	struct hs_header header;
	uint32_t columns; /* to decode */
	bool verify;	  /* check also what is not decoded */
	struct hs_snapshot *snap;
};

static struct hs_error *miscounted(const struct loader *loader, const char *what)
{
	return hs_error_create(HS_ERROR_DAMAGED,
			       "damaged at byte %" PRIu64
			       ": the header's number of %s is not that of the blocks",
			       loader->image.sections[0].offset, what);
}

/*
 * Call @visit for every block in turn.  Blocks lie end to end: each begins with the object and the
 * reference where the one before ended.
 */
typedef struct hs_error *visit_block_fn(struct loader *loader, struct hs_block_decoder *decoder,
					const struct hs_section_view *view,
					const struct hs_block *block);

static struct hs_error *for_each_block(struct loader *loader, struct hs_block_decoder *decoder,
				       visit_block_fn *visit)
{
	uint64_t objects = 0;
	uint64_t edges = 0;
	uint32_t number = 0;

	for (size_t i = 0; i < loader->image.count; i++) {
		struct hs_section_view view;
		struct hs_block block;
		struct hs_error *err;

		if (loader->image.sections[i].kind != HS_SECTION_BLOCK)
			continue;
		err = hs_section_view_init(&loader->image, i, number++, &view);
		if (!err)
			err = hs_block_read_range(&view, &block);
		if (!err && (block.first != objects || block.first_edge != edges))
			err = hs_section_damaged(&view, "is not where the one before it ends");
		if (!err && visit)
			err = visit(loader, decoder, &view, &block);
		if (err)
			return err;
		objects += block.objects;
		edges += block.edges;
	}
	if (objects != loader->header.objects)
		return miscounted(loader, "objects");
	if (edges != loader->header.edges)
		return miscounted(loader, "references");
	return NULL;
}

/* Allocate the columns that are to be decoded. */
static bool allocate_columns(struct loader *loader)
{
	struct hs_columns *c = &loader->snap->columns;
	size_t count = (size_t)loader->header.objects;
	size_t edges = (size_t)loader->header.edges;
	uint32_t columns = loader->columns;

#define ALLOCATE(column, field, number)                                                            \
	(!(columns & (column)) || (c->field = hs_huge_alloc((number), sizeof(*c->field))))
	return ALLOCATE(HS_COLUMN_ADDRESS, address, count) &&
	       ALLOCATE(HS_COLUMN_TYPE, type, count) && ALLOCATE(HS_COLUMN_SIZE, size, count) &&
	       ALLOCATE(HS_COLUMN_ALLOCATED, allocated, count) &&
	       ALLOCATE(HS_COLUMN_REFCOUNT, refcount, count) &&
	       ALLOCATE(HS_COLUMN_FLAGS, flags, count) &&
	       ALLOCATE(HS_COLUMN_GENERATION, generation, count) &&
	       ALLOCATE(HS_COLUMN_OWNER, owner, count) &&
	       ALLOCATE(HS_COLUMN_FINGERPRINT, fingerprint, count) &&
	       ALLOCATE(HS_COLUMN_SITE, site, count) && ALLOCATE(HS_COLUMN_EDGES, shape, count) &&
	       ALLOCATE(HS_COLUMN_EDGES, visible, count) &&
	       ALLOCATE(HS_COLUMN_EDGES, first_edge, count + 1) &&
	       ALLOCATE(HS_COLUMN_EDGES, edges, edges);
#undef ALLOCATE
}

static struct hs_error *decode_block(struct loader *loader, struct hs_block_decoder *decoder,
				     const struct hs_section_view *view,
				     const struct hs_block *block)
{
	struct hs_error *err = hs_block_decode(decoder, view, block);

	if (!err && loader->options->progress)
		loader->options->progress(loader->options->progress_context, "reading",
					  block->first + block->objects, loader->header.objects);
	return err;
}

/* Refuse numbers that a file of this size cannot honestly hold. */
static struct hs_error *check_counts(const struct loader *loader)
{
	uint64_t size = loader->image.size;

	if (loader->header.objects >= HS_NONE ||
	    loader->header.objects > HS_ITEMS_FREE + size * HS_OBJECTS_PER_BYTE)
		return miscounted(loader, "objects");
	if (loader->header.edges > HS_ITEMS_FREE + size * HS_EDGES_PER_BYTE)
		return miscounted(loader, "references");
	return NULL;
}

static struct hs_error *decode_blocks(struct loader *loader)
{
	struct hs_block_decoder *decoder;
	struct hs_error *err = check_counts(loader);

	if (!err) /* nothing is allocated for blocks that are not there */
		err = for_each_block(loader, NULL, NULL);
	if (err)
		return err;
	if (!allocate_columns(loader))
		return &hs_enomem;
	decoder = hs_block_decoder_create(loader->snap, loader->columns,
					  (hs_id)loader->header.objects);
	if (!decoder)
		return &hs_enomem;
	err = for_each_block(loader, decoder, decode_block);
	hs_block_decoder_destroy(decoder);
	if (!err && loader->columns & HS_COLUMN_EDGES)
		loader->snap->columns.first_edge[loader->header.objects] = loader->header.edges;
	return err;
}

/* Check every section's head and every column's bytes, known or not. */
static struct hs_error *check_all_bytes(const struct loader *loader)
{
	uint32_t blocks = 0;
	struct hs_error *err = NULL;

	for (size_t i = 0; !err && i < loader->image.count; i++) {
		bool block = loader->image.sections[i].kind == HS_SECTION_BLOCK;
		struct hs_section_view view;

		err = hs_section_view_init(&loader->image, i, block ? blocks++ : 0, &view);
		if (!err)
			err = hs_section_check_columns(&view);
	}
	return err;
}

/* What each kind of section takes, by the order of their first occurrence. */
static struct hs_error *list_sections(struct loader *loader)
{
	const struct hs_file_image *image = &loader->image;
	struct hs_section_info *sections;
	size_t used = 0;

	sections =
		hs_arena_array(loader->snap->arena, HS_SECTION_KIND_COUNT + 1, sizeof(*sections));
	if (!sections)
		return &hs_enomem;
	for (size_t i = 0; i < image->count; i++) {
		const char *name = hs_section_name(image->sections[i].kind);
		size_t at = 0;

		if (!name)
			name = "other";
		while (at < used && strcmp(sections[at].name, name))
			at++;
		if (at == used)
			sections[used++].name = name;
		sections[at].bytes += image->sections[i].length;
	}
	if (used)
		sections[0].bytes += HS_MAGIC_SIZE;
	sections[used].name = hs_section_name(HS_SECTION_INDEX);
	sections[used++].bytes = image->size - image->index_offset;
	loader->snap->sections = sections;
	loader->snap->section_count = used;
	return NULL;
}

/* Ordinals are a function of the graph; check that these are the ones. */
static struct hs_error *check_order(const struct loader *loader)
{
	const struct hs_columns *columns = &loader->snap->columns;
	struct hs_order_graph graph = {
		.count = (hs_id)loader->header.objects,
		.address = columns->address,
		.first_edge = columns->first_edge,
		.edges = columns->edges,
		.roots = loader->snap->roots,
		.root_count = loader->snap->root_count,
	};
	_cleanup_free_ hs_id *order = NULL;
	bool identity;
	hs_id wrong = 0;
	struct hs_error *err = hs_order_compute(&graph, &identity, &order);

	if (err || identity)
		return err;
	while (order[wrong] == wrong)
		wrong++;
	return hs_error_create(HS_ERROR_DAMAGED,
			       "damaged: object %" PRIu32 " is not where the order of the "
			       "specification has it",
			       wrong);
}

static int compare_addresses(const void *left, const void *right)
{
	hs_addr a = *(const hs_addr *)left;
	hs_addr b = *(const hs_addr *)right;

	return (a > b) - (a < b);
}

/* No two objects are in one place. */
static struct hs_error *check_addresses(const struct loader *loader)
{
	size_t count = (size_t)loader->header.objects;
	_cleanup_free_ hs_addr *sorted = NULL;

	if (!(loader->columns & HS_COLUMN_ADDRESS) || !count)
		return NULL;
	sorted = reallocarray(NULL, count, sizeof(*sorted));
	if (!sorted)
		return &hs_enomem;
	memcpy(sorted, loader->snap->columns.address, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_addresses);
	for (size_t i = 1; i < count; i++)
		if (sorted[i] == sorted[i - 1])
			return hs_error_create(HS_ERROR_DAMAGED,
					       "damaged: two objects have the address 0x%" PRIx64,
					       sorted[i]);
	return NULL;
}

static struct hs_error *load(struct loader *loader)
{
	uint32_t wanted = loader->options->columns ? loader->options->columns : ALL_COLUMNS;
	struct hs_error *err;

	loader->snap = hs_snapshot_create();
	if (!loader->snap)
		return &hs_enomem;
	err = hs_header_decode(&loader->image, loader->snap, &loader->header);
	if (err)
		return err;
	loader->columns = wanted & loader->header.columns;
	err = hs_tables_decode(&loader->image, loader->header.objects, &loader->inflater,
			       loader->snap);
	if (!err)
		err = decode_blocks(loader);
	loader->snap->has_previews = hs_previews_present(&loader->image);
	if (!err && wanted & HS_COLUMN_PREVIEW)
		err = hs_previews_decode(&loader->image, (hs_id)loader->header.objects,
					 &loader->inflater, loader->snap);
	if (!err && loader->columns == loader->header.columns)
		err = check_all_bytes(loader);
	if (!err)
		err = list_sections(loader);
	if (!err && loader->verify)
		err = check_order(loader);
	if (!err && loader->verify)
		err = check_addresses(loader);
	if (!err)
		hs_snapshot_publish(loader->snap, (hs_id)loader->header.objects,
				    loader->header.edges);
	return err;
}

static struct hs_error *load_bytes(const void *data, size_t size, const char *name,
				   const struct hs_open_options *options, bool verify,
				   struct hs_snapshot **ret)
{
	static const struct hs_open_options defaults;
	struct loader loader = {.options = options ? options : &defaults, .verify = verify};
	struct hs_error *err = hs_file_image_init(data, size, &loader.image);

	if (!err)
		err = load(&loader);
	if (!err && ret)
		*ret = hs_steal(loader.snap);
	hs_snapshot_destroy(loader.snap);
	hs_inflater_deinit(&loader.inflater);
	hs_file_image_deinit(&loader.image);
	if (err && err != &hs_enomem)
		err = hs_error_wrap(err, "%s", name);
	return err;
}

static struct hs_error *load_file(const char *path, const struct hs_open_options *options,
				  bool verify, struct hs_snapshot **ret)
{
	const void *data;
	size_t size;
	struct hs_error *err = hs_file_read(path, &data, &size);

	if (err)
		return err;
	err = load_bytes(data, size, path, options, verify, ret);
	hs_file_release(data, size);
	return err;
}

struct hs_error *hs_snapshot_load(const void *data, size_t size, const char *name,
				  const struct hs_open_options *options, struct hs_snapshot **ret)
{
	return load_bytes(data, size, name, options, false, ret);
}

struct hs_error *hs_snapshot_open(const char *path, const struct hs_open_options *options,
				  struct hs_snapshot **ret)
{
	return load_file(path, options, false, ret);
}

struct hs_error *hs_snapshot_verify(const char *path, const struct hs_open_options *options,
				    struct hs_snapshot **ret)
{
	struct hs_open_options all = options ? *options : (struct hs_open_options){0};

	all.columns = 0;
	return load_file(path, &all, true, ret);
}

bool hs_snapshot_recognise(const char *path)
{
	char magic[HS_MAGIC_SIZE];

	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	       !memcmp(magic, HS_MAGIC_BEGIN, sizeof(magic));
}
