/* SPDX-License-Identifier: MIT */
/* dynamic.c: symbols of a program or library from what of it is mapped, without its file. */
#include "libsnap/memory/dynamic.h"

#include <endian.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_SEGMENTS = 128,
	MAX_ENTRIES = 512, /* of the dynamic section */
	MAX_CHAIN = 4096,  /* symbols with the same hash, all but a few bits */
	MAX_NAME = 64,
};

/* A loaded file: where its tables lie in the target. */
struct object {
	const struct hs_target *target;
	hs_addr bias;
	hs_addr symbols;
	hs_addr strings;
	hs_addr hashes;
};

bool hs_dynamic_header(const struct hs_target *target, const struct hs_maps *maps,
		       const struct hs_mapping *mapping, Elf64_Ehdr *ret, hs_addr *base)
{
	for (size_t i = 0; i < maps->size; i++) {
		const struct hs_mapping *at = &maps->data[i];

		if (at->offset || at->inode != mapping->inode ||
		    strcmp(at->name, mapping->name) != 0 ||
		    !hs_target_read(target, at->start, ret, sizeof(*ret)) ||
		    memcmp(ret->e_ident, ELFMAG, SELFMAG) != 0 ||
		    ret->e_ident[EI_CLASS] != ELFCLASS64 || ret->e_ident[EI_DATA] != ELFDATA2LSB)
			continue;
		*base = at->start;
		return true;
	}
	return false;
}

/* Find the dynamic section, and what to add to the addresses in the file. */
static bool find_dynamic(struct object *object, const Elf64_Ehdr *header, hs_addr base,
			 hs_addr *dynamic, size_t *entries)
{
	const hs_addr in_page = (hs_addr)sysconf(_SC_PAGESIZE) - 1;
	size_t count = le16toh(header->e_phnum);
	bool loaded = false;
	bool found = false;

	if (le16toh(header->e_phentsize) != sizeof(Elf64_Phdr) || count > MAX_SEGMENTS)
		return false;
	for (size_t i = 0; i < count; i++) {
		hs_addr at = base + le64toh(header->e_phoff) + i * sizeof(Elf64_Phdr);
		Elf64_Phdr segment;

		if (!hs_target_read(object->target, at, &segment, sizeof(segment)))
			return false;
		if (le32toh(segment.p_type) == PT_LOAD && !loaded) {
			loaded = true;
			object->bias = base + (le64toh(segment.p_offset) & ~in_page) -
				       (le64toh(segment.p_vaddr) & ~in_page);
		} else if (le32toh(segment.p_type) == PT_DYNAMIC) {
			found = true;
			*dynamic = le64toh(segment.p_vaddr);
			*entries = le64toh(segment.p_memsz) / sizeof(Elf64_Dyn);
		}
	}
	*dynamic += object->bias;
	return loaded && found;
}

/* Addresses in the section: some dynamic linkers write those of the process into it. */
static hs_addr resolve(const struct object *object, hs_addr base, uint64_t value)
{
	return value < base ? value + object->bias : value;
}

static bool find_tables(struct object *object, hs_addr base, hs_addr dynamic, size_t entries)
{
	for (size_t i = 0; i < entries && i < MAX_ENTRIES; i++) {
		Elf64_Dyn entry;
		hs_addr value;

		if (!hs_target_read(object->target, dynamic + i * sizeof(entry), &entry,
				    sizeof(entry)))
			return false;
		value = resolve(object, base, le64toh(entry.d_un.d_ptr));
		switch ((int64_t)le64toh((uint64_t)entry.d_tag)) {
		case DT_NULL:
			i = MAX_ENTRIES;
			break;
		case DT_SYMTAB:
			object->symbols = value;
			break;
		case DT_STRTAB:
			object->strings = value;
			break;
		case DT_GNU_HASH:
			object->hashes = value;
			break;
		default:
			break;
		}
	}
	return object->symbols && object->strings && object->hashes;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static bool read_u32(const struct object *object, hs_addr at, uint32_t *ret)
{
	if (!hs_target_read(object->target, at, ret, sizeof(*ret)))
		return false;
	*ret = le32toh(*ret);
	return true;
}

/* Whether symbol number @index is a defined one called @name; its address. */
static bool is_called(const struct object *object, uint32_t index, const char *name, hs_addr *ret)
{
	hs_addr at = object->symbols + (uint64_t)index * sizeof(Elf64_Sym);
	size_t size = strlen(name) + 1;
	char found[MAX_NAME];
	Elf64_Sym symbol;

	if (size > sizeof(found) || !hs_target_read(object->target, at, &symbol, sizeof(symbol)) ||
	    !hs_target_read(object->target, object->strings + le32toh(symbol.st_name), found,
			    size) ||
	    memcmp(found, name, size) != 0 || le16toh(symbol.st_shndx) == SHN_UNDEF)
		return false;
	*ret = le64toh(symbol.st_value) + object->bias;
	return true;
}

static hs_addr look_up(const struct object *object, const char *name)
{
	uint32_t head[4]; /* buckets, first symbol, words of the Bloom filter, its shift */
	uint32_t hash = hash_of(name);
	hs_addr buckets;
	hs_addr address;
	uint32_t index;

	if (!hs_target_read(object->target, object->hashes, head, sizeof(head)) || !head[0])
		return 0;
	buckets = object->hashes + sizeof(head) + (uint64_t)le32toh(head[2]) * sizeof(uint64_t);
	if (!read_u32(object, buckets + hash % le32toh(head[0]) * sizeof(uint32_t), &index) ||
	    index < le32toh(head[1]))
		return 0;
	for (uint32_t i = 0; i < MAX_CHAIN; i++, index++) {
		hs_addr chain = buckets + (uint64_t)le32toh(head[0]) * sizeof(uint32_t);
		uint32_t other;

		if (!read_u32(object,
			      chain + (uint64_t)(index - le32toh(head[1])) * sizeof(uint32_t),
			      &other))
			return 0;
		/* The lowest bit says that it is the bucket's last. */
		if ((other | 1) == (hash | 1) && is_called(object, index, name, &address))
			return address;
		if (other & 1)
			return 0;
	}
	return 0;
}

bool hs_dynamic_symbols(const struct hs_target *target, const struct hs_maps *maps,
			const struct hs_mapping *mapping, const char *const *names, size_t count,
			hs_addr *ret)
{
	struct object object = {.target = target};
	hs_addr dynamic = 0;
	size_t entries = 0;
	Elf64_Ehdr header;
	hs_addr base;

	memset(ret, 0, count * sizeof(*ret));
	if (!hs_dynamic_header(target, maps, mapping, &header, &base) ||
	    !find_dynamic(&object, &header, base, &dynamic, &entries) ||
	    !find_tables(&object, base, dynamic, entries))
		return false;
	for (size_t i = 0; i < count; i++)
		ret[i] = look_up(&object, names[i]);
	return true;
}
