/* SPDX-License-Identifier: MIT */
/* maps.c: the mappings of a process, as /proc/PID/maps lists them. */
#include "libsnap/memory/maps.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/vector.h"
#include "libsnap/memory/proc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint32_t parse_flags(const char perms[4])
{
	uint32_t flags = 0;

	if (perms[0] == 'r')
		flags |= HS_REGION_READ;
	if (perms[1] == 'w')
		flags |= HS_REGION_WRITE;
	if (perms[2] == 'x')
		flags |= HS_REGION_EXEC;
	if (perms[3] == 's')
		flags |= HS_REGION_SHARED;
	return flags;
}

/* Parse one line of @size bytes; false if it is not of the kernel's form. */
static bool parse_line(const char *line, size_t size, struct hs_mapping *ret)
{
	struct hs_mapping mapping = {0};
	char perms[5];
	int name_at = -1;
	char *text;
	bool ok;

	text = strndup(line, size);
	if (!text)
		return false;
	ok = sscanf(text, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*x:%*x %" SCNu64 " %n",
		    &mapping.start, &mapping.end, perms, &mapping.offset, &mapping.inode,
		    &name_at) == 5 &&
	     name_at >= 0 && strlen(perms) == 4 && mapping.start < mapping.end;
	if (ok) {
		mapping.flags = parse_flags(perms);
		mapping.name = strdup(text + name_at);
		ok = mapping.name;
	}
	free(text);
	if (ok)
		*ret = mapping;
	return ok;
}

struct hs_error *hs_maps_parse(const char *text, struct hs_maps *ret)
{
	struct hs_maps maps = {0};

	while (*text) {
		const char *end = strchrnul(text, '\n');
		struct hs_mapping mapping = {0};

		if (!parse_line(text, (size_t)(end - text), &mapping) ||
		    (maps.size && mapping.start < maps.data[maps.size - 1].end)) {
			free(mapping.name);
			hs_maps_deinit(&maps);
			return hs_error_create(HS_ERROR_FAILED,
					       "the list of mappings is not of the kernel's form");
		}
		if (!hs_vector_push(&maps, mapping)) {
			free(mapping.name);
			hs_maps_deinit(&maps);
			return &hs_enomem;
		}
		text = *end ? end + 1 : end;
	}
	*ret = maps;
	return NULL;
}

struct hs_error *hs_maps_read(pid_t pid, struct hs_maps *ret)
{
	_cleanup_free_ char *text = NULL;
	struct hs_error *err;

	err = hs_proc_read(pid, "maps", &text, NULL);
	if (err)
		return err;
	return hs_maps_parse(text, ret);
}

bool hs_maps_copy(const struct hs_maps *maps, struct hs_maps *ret)
{
	struct hs_maps copy = {0};

	for (size_t i = 0; i < maps->size; i++) {
		struct hs_mapping mapping = maps->data[i];

		mapping.name = strdup(mapping.name);
		if (!mapping.name || !hs_vector_push(&copy, mapping)) {
			free(mapping.name);
			hs_maps_deinit(&copy);
			return false;
		}
	}
	*ret = copy;
	return true;
}

void hs_maps_deinit(struct hs_maps *maps)
{
	for (size_t i = 0; i < maps->size; i++)
		free(maps->data[i].name);
	hs_vector_deinit(maps);
}

const struct hs_mapping *hs_maps_find(const struct hs_maps *maps, hs_addr addr)
{
	size_t low = 0;
	size_t high = maps->size;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr >= maps->data[middle].end)
			low = middle + 1;
		else if (addr < maps->data[middle].start)
			high = middle;
		else
			return &maps->data[middle];
	}
	return NULL;
}

bool hs_maps_is_program(const struct hs_maps *maps, const struct hs_mapping *file)
{
	const uint32_t rights = HS_REGION_READ | HS_REGION_WRITE | HS_REGION_SHARED;
	bool header = false;
	bool data = false;

	for (size_t i = 0; i < maps->size; i++) {
		const struct hs_mapping *mapping = &maps->data[i];

		if (mapping->inode != file->inode || strcmp(mapping->name, file->name) != 0)
			continue;
		if (mapping->flags & HS_REGION_EXEC)
			return true;
		header |= !mapping->offset && (mapping->flags & rights) == HS_REGION_READ;
		data |= (mapping->flags & rights) == (HS_REGION_READ | HS_REGION_WRITE);
	}
	return header && data;
}
