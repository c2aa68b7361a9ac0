/* SPDX-License-Identifier: MIT */
/* elf.h: symbols of the programs and libraries that a process runs. */
#ifndef HS_MEMORY_ELF_H
#define HS_MEMORY_ELF_H

#include "libsnap/memory/target.h"

/*
 * Where the symbols @names[0 .. count-1] of the file behind @mapping lie in @target, by the
 * file's dynamic symbols, else its full table: @ret[i] is an address there, 0 if the file
 * has no such symbol.  If the file cannot be opened or is not the one that was mapped, what of it
 * is in memory serves (dynamic.h).  False if it is not an ELF file of a 64-bit machine.
 */
bool hs_elf_symbols(const struct hs_target *target, const struct hs_maps *maps,
		    const struct hs_mapping *mapping, const char *const *names, size_t count,
		    hs_addr *ret);

/*
 * The machine that the file behind @mapping was made for: EM_X86_64, for example; EM_NONE if that
 * cannot be told, or is not one of 64 bits with the lowest byte first.
 */
uint16_t hs_elf_machine(const struct hs_target *target, const struct hs_maps *maps,
			const struct hs_mapping *mapping);

/*
 * The rights (enum hs_region_flag) of what the program or library @fd has its byte @offset mapped
 * with, as its header says.  False if it is no such file, or does not have it mapped.
 */
bool hs_elf_rights(int fd, uint64_t offset, uint32_t *ret);

#endif
