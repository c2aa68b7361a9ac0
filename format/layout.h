/* SPDX-License-Identifier: MIT */
/* layout.h: the numbers of the file format; spec/format.md explains them. */
#ifndef HS_FORMAT_LAYOUT_H
#define HS_FORMAT_LAYOUT_H

#include <stdint.h>

#define HS_FORMAT_VERSION "0.11"

#define HS_MAGIC_BEGIN "\x89HSNAP\r\n"
#define HS_MAGIC_END   "\x89PANSH\r\n"

enum {
	HS_FORMAT_MAJOR = 0,
	HS_FORMAT_MINOR = 11,
	HS_MAGIC_SIZE = 8,
	HS_TRAILER_SIZE = 24, /* index offset, XXH3 of index and end, magic */
};

enum hs_section_kind {
	HS_SECTION_HEADER = 1,
	HS_SECTION_STRINGS = 2,
	HS_SECTION_TYPES = 3,
	HS_SECTION_SHAPES = 4,
	HS_SECTION_ROOTS = 5,
	HS_SECTION_THREADS = 6,
	HS_SECTION_FRAMES = 7,
	HS_SECTION_REGIONS = 8,
	HS_SECTION_EXTENTS = 9,
	HS_SECTION_GAPS = 10,
	HS_SECTION_BLOCK = 11,
	HS_SECTION_PREVIEWS = 12,
	HS_SECTION_SITES = 13,
	HS_SECTION_INDEX = 14,
	HS_SECTION_END = 15,
	HS_SECTION_BASE = 16,	   /* of a chain: which of the base's objects changed or are gone */
	HS_SECTION_COLLECTOR = 17, /* not read, nor written yet */
	HS_SECTION_KIND_COUNT,
};

/* How the values of a column become its raw bytes. */
enum hs_codec {
	HS_CODEC_BYTES = 0,	 /* they are bytes */
	HS_CODEC_VARINT = 1,	 /* LEB128 */
	HS_CODEC_DELTA = 2,	 /* LEB128 of the zigzag difference to the value before */
	HS_CODEC_DICTIONARY = 3, /* distinct values, then references to them */
	HS_CODEC_ADDRESS = 4,	 /* shift, then planes of differences */
	HS_CODEC_ALLOCATED = 5,	 /* differences to the size rounded up */
	HS_CODEC_OWNER = 6,	 /* differences to the owner before */
	HS_CODEC_WORDS = 7,	 /* 8 bytes each */
	HS_CODEC_COUNTS = 8,	 /* reference counts that shapes leave open */
	HS_CODEC_PLANES = 9,	 /* planes of LEB128 */
	HS_CODEC_NONE,		 /* none of the above */
};

/* Limits that a reader may rely on. */
enum {
	HS_MAX_BLOCK_OBJECTS = 65536,
	HS_MAX_COLUMNS = 64,	   /* of a section */
	HS_RAW_PER_BYTE = 1024,	   /* a column's raw bytes per stored byte, beyond HS_RAW_FREE */
	HS_OBJECTS_PER_BYTE = 256, /* of the file, beyond HS_ITEMS_FREE */
	HS_EDGES_PER_BYTE = 4096,  /* the same */
};

#define HS_RAW_FREE   ((uint64_t)1 << 20)
#define HS_ITEMS_FREE ((uint64_t)1 << 20)

/* Snapshots that stand behind each other, each but the first on the one before it. */
enum { HS_MAX_DEPTH = 256 };

/* What the writer aims at. */
enum {
	HS_BLOCK_OBJECTS = 32768,
	HS_BLOCK_EDGES = 262144,
	HS_FREQUENT = 8,  /* references from which a block lists their target */
	HS_ITEM_SIZE = 8, /* bytes that a reference takes in objects of variable size */
	HS_DEFAULT_LEVEL = 3,
};

/* References of an object that are laid out by slot; the others follow object by object. */
enum { HS_EDGE_SLOTS = 32 };

/* The codes of references; those from HS_EDGE_CODES on are places in the block's targets. */
enum { HS_EDGE_NEW = 0, HS_EDGE_SAME = 1, HS_EDGE_JUMP = 2, HS_EDGE_CODES = 3 };

/* Objects for which this or more is allocated count as of one class. */
enum { HS_ALLOCATED_CLASSES = 1024 };

#endif
