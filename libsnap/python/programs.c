/* SPDX-License-Identifier: MIT */
/* programs.c: where the data of programs and libraries lies. */
#include "libsnap/python/programs.h"

#include <elf.h>

enum {
	MAX_SEGMENTS = 64,
};

/*
 * Where the data of the program whose file begins at @header ends, as its header says; 0 if it
 * cannot be read.
 */
static hs_addr data_end(struct hs_image *image, hs_addr header)
{
	Elf64_Ehdr elf;
	hs_addr end = 0;
	hs_addr base = 0;
	bool based = false;

	if (!hs_image_read_constant(image, header, &elf, sizeof(elf)) ||
	    memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_ident[EI_CLASS] != ELFCLASS64)
		return 0;
	for (unsigned int i = 0; i < elf.e_phnum && i < MAX_SEGMENTS; i++) {
		Elf64_Phdr segment;

		if (!hs_image_read_constant(image,
					    header + elf.e_phoff + (hs_addr)i * elf.e_phentsize,
					    &segment, sizeof(segment)))
			return 0;
		if (segment.p_type != PT_LOAD)
			continue;
		/* The file begins with the first segment, whatever address that was made for. */
		if (!based)
			base = header - (segment.p_vaddr & ~(hs_addr)(HS_PAGE_SIZE - 1));
		based = true;
		if (segment.p_flags & PF_W && base + segment.p_vaddr + segment.p_memsz > end)
			end = base + segment.p_vaddr + segment.p_memsz;
	}
	return end;
}

static bool same_file(const struct hs_mapping *a, const struct hs_mapping *b)
{
	return a->inode == b->inode && !strcmp(a->name, b->name);
}

/* Nothing, where an emulator leaves room between the parts of a program. */
static bool is_hole(const struct hs_mapping *mapping)
{
	return !mapping->inode &&
	       !(mapping->flags & (HS_REGION_READ | HS_REGION_WRITE | HS_REGION_EXEC));
}

bool hs_program_data_next(struct hs_image *image, size_t *i, struct hs_program_data *ret)
{
	const struct hs_maps *maps = &image->maps;

	for (; *i < maps->size; ++*i) {
		const struct hs_mapping *mapping = &maps->data[*i];
		hs_addr end = 0;

		if (!mapping->inode || !(mapping->flags & HS_REGION_WRITE) ||
		    mapping->flags & HS_REGION_SHARED || !hs_maps_is_program(maps, mapping))
			continue;
		/* The mappings of a program are neighbours, its header and code before its data. */
		for (size_t k = *i; k-- > 0;) {
			if (is_hole(&maps->data[k]))
				continue;
			if (!same_file(&maps->data[k], mapping))
				break;
			if (!maps->data[k].offset)
				end = data_end(image, maps->data[k].start);
		}
		*ret = (struct hs_program_data){
			.file = mapping,
			.start = mapping->start,
			.end = end > mapping->end ? end : mapping->end,
		};
		++*i;
		return true;
	}
	return false;
}
