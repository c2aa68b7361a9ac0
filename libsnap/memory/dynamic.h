/* SPDX-License-Identifier: MIT */
/* dynamic.h: symbols of a program or library from what of it is mapped, without its file. */
#ifndef HS_MEMORY_DYNAMIC_H
#define HS_MEMORY_DYNAMIC_H

#include "libsnap/memory/target.h"

#include <elf.h>

/*
 * Read the ELF header at the beginning of the file behind @mapping, from where that is mapped, of a
 * file of 64 bits with the lowest byte first.  *@base is where it lies.
 */
bool hs_dynamic_header(const struct hs_target *target, const struct hs_maps *maps,
		       const struct hs_mapping *mapping, Elf64_Ehdr *ret, hs_addr *base);

/*
 * What hs_elf_symbols() does, by the tables that the dynamic linker uses and that are therefore in
 * memory: exported symbols alone, and only of files with a GNU hash table, which all linkers of
 * today make.  Layouts are those of the System V gABI and of glibc's elf/dl-lookup.c.
 */
bool hs_dynamic_symbols(const struct hs_target *target, const struct hs_maps *maps,
			const struct hs_mapping *mapping, const char *const *names, size_t count,
			hs_addr *ret);

#endif
