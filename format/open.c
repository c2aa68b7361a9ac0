/* SPDX-License-Identifier: MIT */
/* open.c: a snapshot from a file, checked. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/file.h"
#include "format/base/huge.h"
#include "format/base/jobs.h"
#include "format/base/str.h"
#include "format/block.h"
#include "format/chain.h"
#include "format/chainfile.h"
#include "format/order.h"
#include "format/previewfile.h"
#include "format/tablefile.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>

enum {
	ALL_COLUMNS = HS_COLUMN_SITE * 2 - 1,
	/* What it takes to give the objects of a chain their ordinals. */
	CHAIN_COLUMNS = HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_EDGES,
};

/* A block that has been found in its place. */
struct found_block {
	size_t section;
	struct hs_block block;
};

/* A file on its way into memory. */
struct loader {
	const struct hs_open_options *options;
	struct hs_file_image image;
	struct hs_inflater inflater;
	struct hs_header header;
	uint32_t columns; /* to decode */
	bool verify;	  /* check also what is not decoded */
	struct hs_snapshot *snap;
	const struct hs_snapshot *base; /* not owned; NULL: there is none */
	struct hs_chain chain;
	HS_VECTOR(struct found_block) blocks;
	/* What blocks are decoded into: @snap, or of a chain the objects that it lists. */
	struct hs_snapshot *target;
	uint64_t objects;
	uint64_t edges;
};

static struct hs_error *miscounted(const struct loader *loader, const char *what)
{
	return hs_error_create(HS_ERROR_DAMAGED,
			       "damaged at byte %" PRIu64
			       ": the header's number of %s is not that of the blocks",
			       loader->image.sections[0].offset, what);
}

/* Whether the block has no column of objects but those that the header names. */
static struct hs_error *check_columns(const struct loader *loader,
				      const struct hs_section_view *view)
{
	for (size_t i = 0; i < HS_COLUMN_NAME_COUNT; i++) {
		const char *name = hs_column_names[i].name;
		const struct hs_stored_column *column = hs_section_column(view, name);

		if (column && !(loader->header.columns & hs_column_names[i].column))
			return hs_column_damaged(view, column, "is not named by the header");
	}
	return NULL;
}

/*
 * Find the blocks, which lie end to end: each begins with the object and the reference where the
 * one before ended.
 */
static struct hs_error *find_blocks(struct loader *loader)
{
	uint64_t objects = 0;
	uint64_t edges = 0;

	for (size_t i = 0; i < loader->image.count; i++) {
		struct found_block found = {.section = i};
		struct hs_section_view view;
		struct hs_error *err;

		if (loader->image.sections[i].kind != HS_SECTION_BLOCK)
			continue;
		err = hs_section_view_init(&loader->image, i, (uint32_t)loader->blocks.size, &view);
		if (!err)
			err = hs_block_read_range(&view, &found.block);
		if (!err)
			err = check_columns(loader, &view);
		if (!err && (found.block.first != objects || found.block.first_edge != edges))
			err = hs_section_damaged(&view, "is not where the one before it ends");
		if (!err && !hs_vector_push(&loader->blocks, found))
			err = &hs_enomem;
		if (err)
			return err;
		objects += found.block.objects;
		edges += found.block.edges;
	}
	if (objects != loader->objects)
		return miscounted(loader, "objects");
	if (edges != loader->edges)
		return miscounted(loader, "references");
	return NULL;
}

/* Allocate the columns that are to be decoded. */
static bool allocate_columns(struct loader *loader)
{
	struct hs_columns *c = &loader->target->columns;
	size_t count = (size_t)loader->objects;
	size_t edges = (size_t)loader->edges;
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

/* Threads that decode, each with rooms of its own. */
struct decoding {
	struct loader *loader;
	struct hs_block_decoder *decoders[HS_JOBS_MAX];
	unsigned int jobs;
	_Atomic uint64_t done; /* objects */
};

static struct hs_error *decode_block(void *context, unsigned int job, size_t number)
{
	struct decoding *decoding = context;
	struct loader *loader = decoding->loader;
	const struct hs_open_options *options = loader->options;
	const struct found_block *found = &loader->blocks.data[number];
	struct hs_section_view view;
	struct hs_error *err;
	uint64_t done;

	err = hs_section_view_init(&loader->image, found->section, (uint32_t)number, &view);
	if (!err)
		err = hs_block_decode(decoding->decoders[job], &view, &found->block);
	done = atomic_fetch_add(&decoding->done, found->block.objects) + found->block.objects;
	if (!err && !job && options->progress)
		options->progress(options->progress_context, "reading", done, loader->objects);
	return err;
}

static void decoding_deinit(struct decoding *decoding)
{
	for (unsigned int i = 0; i < decoding->jobs; i++)
		hs_block_decoder_destroy(decoding->decoders[i]);
}

static struct hs_error *decode_found(struct loader *loader)
{
	/* Of a chain: one more than there are identities may stand for none. */
	uint64_t bound = loader->base ? hs_chain_identities(&loader->chain) + 1 : loader->objects;
	unsigned int jobs = hs_jobs_count(loader->options->jobs, loader->blocks.size);
	hs_cleanup(decoding_deinit) struct decoding decoding = {.loader = loader};

	for (; decoding.jobs < jobs; decoding.jobs++) {
		struct hs_block_decoder *decoder =
			hs_block_decoder_create(loader->target, loader->columns, (hs_id)bound);

		if (!decoder)
			return &hs_enomem;
		decoding.decoders[decoding.jobs] = decoder;
	}
	return hs_jobs_run(jobs, loader->blocks.size, decode_block, &decoding);
}

/* Refuse numbers that a file of this size cannot honestly hold. */
static struct hs_error *check_counts(const struct loader *loader)
{
	uint64_t size = loader->image.size;

	if (loader->objects >= HS_NONE ||
	    loader->objects > HS_ITEMS_FREE + size * HS_OBJECTS_PER_BYTE)
		return miscounted(loader, "objects");
	if (loader->edges > HS_ITEMS_FREE + size * HS_EDGES_PER_BYTE)
		return miscounted(loader, "references");
	return NULL;
}

static struct hs_error *decode_blocks(struct loader *loader)
{
	struct hs_error *err = check_counts(loader);

	if (!err) /* nothing is allocated for blocks that are not there */
		err = find_blocks(loader);
	if (err)
		return err;
	if (!allocate_columns(loader))
		return &hs_enomem;
	err = decode_found(loader);
	if (!err && loader->columns & HS_COLUMN_EDGES)
		loader->target->columns.first_edge[loader->objects] = loader->edges;
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

/* Everything of a file that stands for itself. */
static struct hs_error *load_whole(struct loader *loader, uint32_t wanted)
{
	struct hs_error *err;

	loader->target = loader->snap;
	loader->objects = loader->header.objects;
	loader->edges = loader->header.edges;
	err = hs_tables_decode(&loader->image, loader->objects, &loader->inflater, NULL,
			       loader->snap);
	if (!err)
		err = decode_blocks(loader);
	loader->snap->has_previews = hs_previews_present(&loader->image);
	if (!err && wanted & HS_COLUMN_PREVIEW)
		err = hs_previews_decode(&loader->image, (hs_id)loader->objects, &loader->inflater,
					 loader->snap);
	return err;
}

/* What differs from the base, and with it everything. */
static struct hs_error *load_chained(struct loader *loader)
{
	struct hs_chain *chain = &loader->chain;
	struct hs_error *err;

	if (!hs_chain_same_process(&loader->snap->info, &loader->base->info))
		return hs_error_create(HS_ERROR_DAMAGED, "damaged: its base is of another process");
	chain->base = loader->base;
	err = hs_chain_read(&loader->image, &loader->inflater, chain);
	if (!err)
		err = hs_tables_decode(&loader->image, hs_chain_identities(chain),
				       &loader->inflater, chain, loader->snap);
	if (err)
		return err;
	_cleanup_snapshot_ struct hs_snapshot *listed = hs_chain_listed(chain, loader->snap);
	if (!listed)
		return &hs_enomem;
	loader->target = listed;
	loader->objects = chain->listed;
	loader->edges = chain->listed_edges;
	err = decode_blocks(loader);
	if (!err)
		err = hs_previews_decode(&loader->image, (hs_id)hs_chain_identities(chain),
					 &loader->inflater, listed);
	if (err)
		return err;
	hs_snapshot_publish(listed, (hs_id)loader->objects, loader->edges);
	err = hs_chain_merge(chain, &loader->image, listed, loader->columns, loader->header.objects,
			     loader->header.edges, loader->snap);
	loader->target = NULL;
	return err;
}

/* Of a chain everything is decoded; free what was not asked for. */
static void drop_columns(struct loader *loader, uint32_t wanted)
{
	struct hs_columns *c = &loader->snap->columns;

#define DROP(column, field)                                                                        \
	do {                                                                                       \
		if (!(wanted & (column))) {                                                        \
			free(c->field);                                                            \
			c->field = NULL;                                                           \
		}                                                                                  \
	} while (0)
	DROP(HS_COLUMN_ADDRESS, address);
	DROP(HS_COLUMN_TYPE, type);
	DROP(HS_COLUMN_EDGES, shape);
	DROP(HS_COLUMN_EDGES, visible);
	DROP(HS_COLUMN_EDGES, first_edge);
	DROP(HS_COLUMN_EDGES, edges);
#undef DROP
	if (!(wanted & HS_COLUMN_PREVIEW))
		hs_previews_deinit(&loader->snap->previews);
}

/* Keep what whoever writes a snapshot against this one has to know. */
static struct hs_error *keep_raw_tables(struct loader *loader)
{
	loader->snap->raw = calloc(1, sizeof(*loader->snap->raw));
	return loader->snap->raw ? NULL : &hs_enomem;
}

static struct hs_error *load(struct loader *loader)
{
	uint32_t wanted = loader->options->columns ? loader->options->columns : ALL_COLUMNS;
	struct hs_error *err;

	loader->snap = hs_snapshot_create();
	if (!loader->snap)
		return &hs_enomem;
	loader->snap->hash = loader->image.hash;
	err = hs_header_decode(&loader->image, loader->snap, &loader->header);
	if (!err && loader->header.chained && !loader->base)
		err = hs_error_create(HS_ERROR_USAGE,
				      "holds only what differs from another snapshot: it can be "
				      "opened by its name, not from bytes");
	if (!err && loader->header.chained && loader->base->hash != loader->snap->base.hash)
		err = hs_error_create(HS_ERROR_DAMAGED,
				      "damaged: its base became another file meanwhile");
	if (!err && loader->options->as_base)
		err = keep_raw_tables(loader);
	if (err)
		return err;
	if (!loader->header.chained)
		loader->base = NULL;
	loader->columns = (wanted | (loader->base ? CHAIN_COLUMNS : 0U)) & loader->header.columns;
	if (loader->header.chained) {
		loader->snap->base.depth = loader->base->base.depth + 1;
		err = load_chained(loader);
	} else {
		err = load_whole(loader, wanted);
	}
	if (!err && (loader->base || loader->columns == loader->header.columns))
		err = check_all_bytes(loader);
	if (!err)
		err = list_sections(loader);
	if (!err && loader->verify)
		err = check_order(loader);
	if (!err && loader->verify)
		err = check_addresses(loader);
	if (!err && loader->base)
		drop_columns(loader, wanted);
	if (!err)
		hs_snapshot_publish(loader->snap, (hs_id)loader->header.objects,
				    loader->header.edges);
	return err;
}

struct hs_error *hs_snapshot_load_onto(const void *data, size_t size, const char *name,
				       const struct hs_snapshot *base,
				       const struct hs_open_options *options, bool verify,
				       struct hs_snapshot **ret)
{
	static const struct hs_open_options defaults;
	struct loader loader = {
		.options = options ? options : &defaults, .verify = verify, .base = base};
	struct hs_error *err = hs_file_image_init(data, size, &loader.image);

	if (!err)
		err = load(&loader);
	if (!err && ret)
		*ret = hs_steal(loader.snap);
	hs_snapshot_destroy(loader.snap);
	hs_chain_deinit(&loader.chain);
	hs_vector_deinit(&loader.blocks);
	hs_inflater_deinit(&loader.inflater);
	hs_file_image_deinit(&loader.image);
	if (err && err != &hs_enomem)
		err = hs_error_wrap(err, "%s", name);
	return err;
}

struct hs_error *hs_snapshot_load(const void *data, size_t size, const char *name,
				  const struct hs_open_options *options, struct hs_snapshot **ret)
{
	return hs_snapshot_load_onto(data, size, name, NULL, options, false, ret);
}

struct hs_error *hs_snapshot_open(const char *path, const struct hs_open_options *options,
				  struct hs_snapshot **ret)
{
	struct hs_open_options all = options ? *options : (struct hs_open_options){0};

	if (all.as_base)
		all.columns = 0;
	return hs_chain_open(path, &all, false, ret);
}

struct hs_error *hs_snapshot_verify(const char *path, const struct hs_open_options *options,
				    struct hs_snapshot **ret)
{
	struct hs_open_options all = options ? *options : (struct hs_open_options){0};

	all.columns = 0;
	return hs_chain_open(path, &all, true, ret);
}

bool hs_snapshot_recognise(const char *path)
{
	char magic[HS_MAGIC_SIZE];

	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	       !memcmp(magic, HS_MAGIC_BEGIN, sizeof(magic));
}
