/* SPDX-License-Identifier: MIT */
/* core_layout.c: the mappings of a core, and which part of each lies where in it. */
#include "libsnap/memory/core_layout.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "libsnap/memory/image.h"

enum {
	/* Twice of what kernels allow if nobody changes that; more would take very long to read. */
	MAX_MAPPINGS = 131072,
	IN_PAGE = HS_PAGE_SIZE - 1,
};

/* A segment whose bytes lie in memory. */
struct segment {
	hs_addr start;
	hs_addr end;
	uint64_t at; /* in the core */
	uint64_t bytes;
	uint32_t flags; /* enum hs_region_flag */
};

struct layout {
	struct hs_core_layout *out;
	HS_VECTOR(struct segment) segments;
	HS_VECTOR(struct hs_core_range) ranges; /* names belong to the notes */
	uint64_t *file;				/* of each range: the file's number */
	size_t part_capacity;
	uint64_t size; /* of the core */
};

static int compare_segments(const void *a, const void *b)
{
	const struct segment *left = a;
	const struct segment *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct hs_core_range *left = a;
	const struct hs_core_range *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static uint32_t rights_of(uint32_t flags)
{
	return (flags & PF_R ? HS_REGION_READ : 0) | (flags & PF_W ? HS_REGION_WRITE : 0) |
	       (flags & PF_X ? HS_REGION_EXEC : 0);
}

static bool is_range(hs_addr start, hs_addr end)
{
	return start < end && !(start & IN_PAGE) && !(end & IN_PAGE);
}

static bool take_segments(struct layout *layout, const GElf_Phdr *headers, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const GElf_Phdr *header = &headers[i];
		struct segment segment = {
			.start = header->p_vaddr,
			.at = header->p_offset,
			.bytes = header->p_filesz < header->p_memsz ? header->p_filesz
								    : header->p_memsz,
			.flags = rights_of(header->p_flags),
		};

		if (header->p_type == PT_LOAD &&
		    !__builtin_add_overflow(segment.start, header->p_memsz, &segment.end) &&
		    segment.at <= INT64_MAX - segment.bytes &&
		    is_range(segment.start, segment.end) &&
		    !hs_vector_push(&layout->segments, segment))
			return false;
	}
	if (!layout->segments.size)
		return true;
	qsort(layout->segments.data, layout->segments.size, sizeof(struct segment),
	      compare_segments);
	for (size_t i = 0; i < layout->segments.size; i++)
		if (!kept || layout->segments.data[i].start >= layout->segments.data[kept - 1].end)
			layout->segments.data[kept++] = layout->segments.data[i];
	layout->segments.size = kept;
	return true;
}

static bool take_ranges(struct layout *layout, const struct hs_core_notes *notes)
{
	size_t kept = 0;

	for (size_t i = 0; i < notes->ranges.size; i++)
		if (is_range(notes->ranges.data[i].start, notes->ranges.data[i].end) &&
		    !hs_vector_push(&layout->ranges, notes->ranges.data[i]))
			return false;
	if (!layout->ranges.size)
		return true;
	qsort(layout->ranges.data, layout->ranges.size, sizeof(struct hs_core_range),
	      compare_ranges);
	for (size_t i = 0; i < layout->ranges.size; i++)
		if (!kept || layout->ranges.data[i].start >= layout->ranges.data[kept - 1].end)
			layout->ranges.data[kept++] = layout->ranges.data[i];
	layout->ranges.size = kept;
	return true;
}

struct named {
	const char *name;
	size_t range;
};

static int compare_names(const void *a, const void *b)
{
	const struct named *left = a;
	const struct named *right = b;

	return strcmp(left->name, right->name);
}

/* Number the files by their names. */
static bool number_files(struct layout *layout)
{
	const size_t count = layout->ranges.size;
	_cleanup_free_ struct named *named = calloc(count + 1, sizeof(*named));
	struct hs_core_layout *out = layout->out;

	layout->file = calloc(count + 1, sizeof(*layout->file));
	out->files = calloc(count + 1, sizeof(*out->files));
	if (!named || !layout->file || !out->files)
		return false;
	for (size_t i = 0; i < count; i++)
		named[i] = (struct named){layout->ranges.data[i].name, i};
	qsort(named, count, sizeof(*named), compare_names);
	for (size_t i = 0; i < count; i++) {
		if (!i || strcmp(named[i].name, named[i - 1].name) != 0)
			out->files[out->file_count++] = named[i].name;
		layout->file[named[i].range] = out->file_count;
	}
	return true;
}

/* What of the stretch from @start to @end, in @segment, is in the core. */
static struct hs_core_part part_of(struct layout *layout, const struct segment *segment,
				   hs_addr start, hs_addr end)
{
	uint64_t skipped = start - segment->start;
	struct hs_core_part part = {.at = segment->at + skipped};
	uint64_t left = segment->bytes > skipped ? segment->bytes - skipped : 0;

	part.declared = (left < end - start ? left : end - start) & ~(uint64_t)IN_PAGE;
	part.held = part.declared;
	if (part.at >= layout->size)
		part.held = 0;
	else if (part.held > layout->size - part.at)
		part.held = (layout->size - part.at) & ~(uint64_t)IN_PAGE;
	layout->out->cut += part.declared - part.held;
	return part;
}

/* Add the stretch from @start to @end; NULL: no segment has it, or no file. */
static bool add(struct layout *layout, hs_addr start, hs_addr end, const struct segment *segment,
		const struct hs_core_range *range)
{
	struct hs_core_layout *out = layout->out;
	struct hs_core_part part = {.no_segment = true};
	struct hs_mapping mapping = {
		.start = start,
		.end = end,
		/* gcore leaves code out altogether. */
		.flags = segment ? segment->flags : HS_REGION_READ | HS_REGION_EXEC,
		.offset = range ? range->offset + (start - range->start) : 0,
		.inode = range ? layout->file[range - layout->ranges.data] : 0,
	};

	if (segment)
		part = part_of(layout, segment, start, end);
	if (!hs_vector_grow(&out->parts, &layout->part_capacity, sizeof(part), out->maps.size + 1))
		return false;
	mapping.name = strdup(range ? range->name : "");
	if (!mapping.name || !hs_vector_push(&out->maps, mapping)) {
		free(mapping.name);
		return false;
	}
	out->parts[out->maps.size - 1] = part;
	return true;
}

/* Cut at the bounds of both segments and ranges, which are sorted and apart from each other. */
static bool merge(struct layout *layout)
{
	size_t i = 0;
	size_t k = 0;
	hs_addr at = 0;

	while (i < layout->segments.size || k < layout->ranges.size) {
		const struct segment *segment =
			i < layout->segments.size ? &layout->segments.data[i] : NULL;
		const struct hs_core_range *range =
			k < layout->ranges.size ? &layout->ranges.data[k] : NULL;
		hs_addr from_segment = !segment		     ? UINT64_MAX
				       : segment->start < at ? at
							     : segment->start;
		hs_addr from_range = !range ? UINT64_MAX : range->start < at ? at : range->start;
		hs_addr start = from_segment < from_range ? from_segment : from_range;
		hs_addr end = UINT64_MAX;

		if (segment)
			end = from_segment == start ? segment->end : from_segment;
		if (range && (from_range == start ? range->end : from_range) < end)
			end = from_range == start ? range->end : from_range;
		if (!add(layout, start, end, from_segment == start ? segment : NULL,
			 from_range == start ? range : NULL))
			return false;
		at = end;
		i += segment && segment->end == at;
		k += range && range->end == at;
	}
	return true;
}

struct hs_error *hs_core_layout_create(const GElf_Phdr *segments, size_t count,
				       const struct hs_core_notes *notes, uint64_t size,
				       struct hs_core_layout *ret)
{
	struct hs_core_layout out = {0};
	struct layout layout = {.out = &out, .size = size};
	struct hs_error *err = NULL;

	if (!take_segments(&layout, segments, count) || !take_ranges(&layout, notes))
		err = &hs_enomem;
	else if (layout.segments.size + layout.ranges.size > MAX_MAPPINGS)
		err = hs_error_create(HS_ERROR_DAMAGED, "it lists more than %d mappings",
				      MAX_MAPPINGS);
	else if (!number_files(&layout) || !merge(&layout))
		err = &hs_enomem;
	hs_vector_deinit(&layout.segments);
	hs_vector_deinit(&layout.ranges);
	free(layout.file);
	if (err)
		hs_core_layout_deinit(&out);
	else
		*ret = out;
	return err;
}

void hs_core_layout_deinit(struct hs_core_layout *layout)
{
	hs_maps_deinit(&layout->maps);
	free(layout->parts);
	free(layout->files);
	*layout = (struct hs_core_layout){0};
}
