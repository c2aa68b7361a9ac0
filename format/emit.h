/* SPDX-License-Identifier: MIT */
/* emit.h: writing sections one after the other. */
#ifndef HS_FORMAT_EMIT_H
#define HS_FORMAT_EMIT_H

#include "format/base/file.h"
#include "format/codec.h"
#include "format/layout.h"
#include "format/section.h"
#include <msgpack.h>
#include <zstd.h>

enum { HS_MAX_FIELDS = 8 };

/* A section being made, and the index of those that are written. */
struct hs_emitter {
	struct hs_file_writer *file; /* not owned */
	ZSTD_CCtx *context;
	struct hs_bytes raw;	    /* of the next column; hs_emit_column() takes and empties it */
	size_t cuts[HS_VARINT_MAX]; /* the raw bytes up to each are compressed apart */
	size_t cut_count;	    /* 0: all together */
	struct hs_bytes data;	    /* compressed columns of the section */
	struct hs_stored_column columns[HS_MAX_COLUMNS];
	size_t column_count;
	struct {
		const char *key;
		uint64_t value;
	} fields[HS_MAX_FIELDS];
	size_t field_count;
	HS_VECTOR(struct hs_section) index;
};

/* The level of compression that is asked for. */
static inline int hs_save_level(const struct hs_save_options *options)
{
	return options->level ? options->level : HS_DEFAULT_LEVEL;
}

/* With @file NULL for sections that another one writes: see hs_emit_make(). */
struct hs_error *hs_emitter_init(struct hs_emitter *emitter, struct hs_file_writer *file,
				 int level) HS_MUST_CHECK;
void hs_emitter_deinit(struct hs_emitter *emitter);

/* Give the section an integer; @key must outlive it. */
void hs_emit_field(struct hs_emitter *emitter, const char *key, uint64_t value);

/* Give the section a column whose raw bytes are in emitter->raw; @name must outlive it. */
struct hs_error *hs_emit_column(struct hs_emitter *emitter, const char *name,
				enum hs_codec codec) HS_MUST_CHECK;

/*
 * The same for a column of table rows with the codec VARINT or DELTA; left out if all @values are
 * zero, unless @always, and if there are none.
 */
struct hs_error *hs_emit_values(struct hs_emitter *emitter, const char *name, enum hs_codec codec,
				const uint64_t *values, size_t count, bool always) HS_MUST_CHECK;

/* Write the section of fields and columns and begin anew. */
struct hs_error *hs_emit_section(struct hs_emitter *emitter,
				 enum hs_section_kind kind) HS_MUST_CHECK;

/* A section as it is to stand in the file.  Zeroed memory is none. */
struct hs_made_section {
	enum hs_section_kind kind;
	msgpack_sbuffer head;
	struct hs_bytes data;
};

void hs_made_section_deinit(struct hs_made_section *made);

/* Instead of writing the section have it in @ret, which is none, and begin anew. */
struct hs_error *hs_emit_make(struct hs_emitter *emitter, enum hs_section_kind kind,
			      struct hs_made_section *ret) HS_MUST_CHECK;

/* Write what another emitter has made; it is none then. */
struct hs_error *hs_emit_made(struct hs_emitter *emitter,
			      struct hs_made_section *made) HS_MUST_CHECK;

/* Write a section without columns whose map is the MessagePack in @map. */
struct hs_error *hs_emit_map(struct hs_emitter *emitter, enum hs_section_kind kind,
			     const msgpack_sbuffer *map) HS_MUST_CHECK;

/* Write index, end and trailer. */
struct hs_error *hs_emit_end(struct hs_emitter *emitter) HS_MUST_CHECK;

/* MessagePack in memory; `failed` tells whether memory ran out. */
struct hs_packer {
	msgpack_sbuffer buffer;
	msgpack_packer packer;
	bool failed;
};

void hs_packer_init(struct hs_packer *packer);
void hs_packer_deinit(struct hs_packer *packer);
void hs_pack_map(struct hs_packer *packer, size_t count);
void hs_pack_array(struct hs_packer *packer, size_t count);
void hs_pack_uint(struct hs_packer *packer, uint64_t value);
void hs_pack_text(struct hs_packer *packer, const char *text);
void hs_pack_bin(struct hs_packer *packer, struct hs_str bytes);

#endif
