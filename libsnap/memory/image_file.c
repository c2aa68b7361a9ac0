/* SPDX-License-Identifier: MIT */
/*
 * image_file.c: an image in a file, for tests.
 *
 *   "HSIMAGE1"  u64 mappings  u64 slots
 *   per mapping: u64 start, end, offset, inode, resident, flags, name size; name
 *   per slot:    u64 address of the page
 *   per slot:    4096 bytes
 */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/vector.h"
#include "libsnap/memory/image.h"

#include <errno.h>
#include <stdio.h>

static const char MAGIC[8] = "HSIMAGE1";

enum {
	MAX_NAME = 1 << 20,
};

static void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

static void put(FILE *out, const void *data, size_t size)
{
	/* Errors stick to the stream and are looked for once, at the end. */
	fwrite(data, 1, size, out);
}

static void put_u64(FILE *out, uint64_t value)
{
	put(out, &value, sizeof(value));
}

static void put_mapping(FILE *out, const struct hs_mapping *mapping)
{
	put_u64(out, mapping->start);
	put_u64(out, mapping->end);
	put_u64(out, mapping->offset);
	put_u64(out, mapping->inode);
	put_u64(out, mapping->resident);
	put_u64(out, mapping->flags);
	put_u64(out, strlen(mapping->name));
	put(out, mapping->name, strlen(mapping->name));
}

struct hs_error *hs_image_save(const struct hs_image *image, const char *path)
{
	hs_cleanup(close_stream) FILE *out = fopen(path, "wxe");

	if (!out)
		return hs_error_errno(errno, "cannot create %s", path);
	put(out, MAGIC, sizeof(MAGIC));
	put_u64(out, image->maps.size);
	put_u64(out, image->slot_count);
	for (size_t i = 0; i < image->maps.size; i++)
		put_mapping(out, &image->maps.data[i]);
	put(out, image->page, image->slot_count * sizeof(*image->page));
	put(out, image->data, (size_t)image->slot_count << HS_PAGE_SHIFT);
	if (fflush(out) || ferror(out))
		return hs_error_errno(errno, "cannot write %s", path);
	return NULL;
}

static bool get(FILE *in, void *data, size_t size)
{
	return fread(data, 1, size, in) == size;
}

static bool get_mapping(FILE *in, struct hs_maps *maps)
{
	struct hs_mapping mapping = {0};
	uint64_t flags;
	uint64_t size;

	if (!get(in, &mapping.start, 8) || !get(in, &mapping.end, 8) ||
	    !get(in, &mapping.offset, 8) || !get(in, &mapping.inode, 8) ||
	    !get(in, &mapping.resident, 8) || !get(in, &flags, 8) || !get(in, &size, 8) ||
	    size > MAX_NAME)
		return false;
	mapping.flags = (uint32_t)flags;
	mapping.name = calloc(1, (size_t)size + 1);
	if (!mapping.name)
		return false;
	if (!get(in, mapping.name, (size_t)size) || !hs_vector_push(maps, mapping)) {
		free(mapping.name);
		return false;
	}
	return true;
}

static bool get_image(FILE *in, struct hs_image *image)
{
	uint64_t mappings;
	uint64_t slots;
	char magic[sizeof(MAGIC)];

	if (!get(in, magic, sizeof(magic)) || memcmp(magic, MAGIC, sizeof(MAGIC)) != 0 ||
	    !get(in, &mappings, 8) || !get(in, &slots, 8))
		return false;
	while (mappings--)
		if (!get_mapping(in, &image->maps))
			return false;
	for (uint64_t i = 0; i < slots; i++) {
		hs_addr page;

		if (!get(in, &page, sizeof(page)) || page & (HS_PAGE_SIZE - 1) ||
		    !hs_image_add(image, page, 1))
			return false;
	}
	return get(in, image->data, (size_t)slots << HS_PAGE_SHIFT);
}

struct hs_error *hs_image_load(const char *path, struct hs_image **ret)
{
	hs_cleanup(close_stream) FILE *in = fopen(path, "re");
	struct hs_image *image;

	if (!in)
		return hs_error_errno(errno, "cannot open %s", path);
	image = hs_image_create();
	if (!image)
		return &hs_enomem;
	if (!get_image(in, image)) {
		hs_image_destroy(image);
		return hs_error_create(HS_ERROR_DAMAGED, "%s: not a whole image of a process",
				       path);
	}
	*ret = image;
	return NULL;
}
