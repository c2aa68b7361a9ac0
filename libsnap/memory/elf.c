/* SPDX-License-Identifier: MIT */
/* elf.c: symbols of the programs and libraries that a process runs. */
#include "libsnap/memory/elf.h"

#include "format/base/cleanup.h"
#include "libsnap/memory/dynamic.h"

#include <elf.h>
#include <endian.h>
#include <gelf.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static void end_elf(Elf **elf)
{
	elf_end(*elf);
}

/* What to add to the addresses in the file to get those in the process. */
static bool load_bias(Elf *elf, const struct hs_maps *maps, const struct hs_mapping *mapping,
		      hs_addr *ret)
{
	const hs_addr in_page = (hs_addr)sysconf(_SC_PAGESIZE) - 1;
	size_t count;
	GElf_Ehdr header;

	if (!gelf_getehdr(elf, &header) || elf_getphdrnum(elf, &count))
		return false;
	if (header.e_type == ET_EXEC) {
		*ret = 0;
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD)
			continue;
		/* The first segment; find where the part of the file it begins with lies. */
		for (size_t k = 0; k < maps->size; k++) {
			const struct hs_mapping *at = &maps->data[k];

			if (at->inode != mapping->inode || strcmp(at->name, mapping->name) != 0 ||
			    at->offset != (segment.p_offset & ~in_page))
				continue;
			*ret = at->start - (segment.p_vaddr & ~in_page);
			return true;
		}
		return false;
	}
	return false;
}

static bool wanted_type(uint32_t type, bool dynamic)
{
	return type == (dynamic ? SHT_DYNSYM : SHT_SYMTAB);
}

/* Look the names up that are not found yet; how many still are not. */
static size_t search_table(Elf *elf, bool dynamic, hs_addr bias, const char *const *names,
			   size_t count, hs_addr *ret)
{
	Elf_Scn *section = NULL;
	size_t missing = 0;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || !wanted_type(header.sh_type, dynamic) ||
		    !header.sh_entsize || !(data = elf_getdata(section, NULL)))
			continue;
		for (size_t i = 0; i < header.sh_size / header.sh_entsize; i++) {
			GElf_Sym symbol;
			const char *name;

			if (i > INT_MAX || !gelf_getsym(data, (int)i, &symbol))
				break;
			if (symbol.st_shndx == SHN_UNDEF)
				continue;
			name = elf_strptr(elf, header.sh_link, symbol.st_name);
			for (size_t k = 0; name && k < count; k++)
				if (!ret[k] && !strcmp(name, names[k]))
					ret[k] = symbol.st_value + bias;
		}
	}
	for (size_t k = 0; k < count; k++)
		missing += !ret[k];
	return missing;
}

uint16_t hs_elf_machine(const struct hs_target *target, const struct hs_maps *maps,
			const struct hs_mapping *mapping)
{
	_cleanup_fd_ int fd = hs_target_open(target, mapping);
	Elf64_Ehdr header;
	hs_addr base;

	if (fd < 0)
		return hs_dynamic_header(target, maps, mapping, &header, &base)
			       ? le16toh(header.e_machine)
			       : EM_NONE;
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return EM_NONE;
	return le16toh(header.e_machine);
}

bool hs_elf_symbols(const struct hs_target *target, const struct hs_maps *maps,
		    const struct hs_mapping *mapping, const char *const *names, size_t count,
		    hs_addr *ret)
{
	_cleanup_fd_ int fd = hs_target_open(target, mapping);
	hs_cleanup(end_elf) Elf *elf = NULL;
	hs_addr bias;

	memset(ret, 0, count * sizeof(*ret));
	if (fd < 0)
		return hs_dynamic_symbols(target, maps, mapping, names, count, ret);
	if (elf_version(EV_CURRENT) == EV_NONE)
		return false;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || gelf_getclass(elf) != ELFCLASS64 ||
	    !load_bias(elf, maps, mapping, &bias))
		return false;
	if (search_table(elf, true, bias, names, count, ret))
		search_table(elf, false, bias, names, count, ret);
	return true;
}

bool hs_elf_rights(int fd, uint64_t offset, uint32_t *ret)
{
	const uint64_t in_page = (uint64_t)sysconf(_SC_PAGESIZE) - 1;
	hs_cleanup(end_elf) Elf *elf = NULL;
	size_t count;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return false;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment))
			return false;
		/* A page of the file may be mapped twice, the second time to be changed. */
		if (segment.p_type != PT_LOAD || offset < (segment.p_offset & ~in_page) ||
		    offset - (segment.p_offset & ~in_page) >=
			    segment.p_filesz + (segment.p_offset & in_page))
			continue;
		*ret = (segment.p_flags & PF_R ? HS_REGION_READ : 0) |
		       (segment.p_flags & PF_W ? HS_REGION_WRITE : 0) |
		       (segment.p_flags & PF_X ? HS_REGION_EXEC : 0);
		return true;
	}
	return false;
}
