/* SPDX-License-Identifier: MIT */
/* python.h: one look at the heap of a CPython process, through an image of its memory. */
#ifndef HS_PYTHON_PYTHON_H
#define HS_PYTHON_PYTHON_H

#include "format/base/vector.h"
#include "libsnap/build/build.h"
#include "libsnap/memory/image.h"
#include "libsnap/python/ahead.h"
#include "libsnap/python/chain.h"
#include "libsnap/python/layouts/layout.h"
#include "libsnap/python/map32.h"
#include "libsnap/python/objects.h"

struct hs_pymalloc;
struct hs_pytype;
struct hs_runtime;
struct hs_traces;

/* What stands for the path of a file where paths are to be left out. */
#define HS_REDACTED_FILE "<file>"

/* Bytes owned by whoever declared it; all zero: empty. */
struct hs_text {
	char *data;
	size_t size;
	size_t capacity;
};

/* A set of granules of the image. */
struct hs_bitmap {
	uint64_t *words;
};

static inline bool hs_bitmap_get(const struct hs_bitmap *map, uint32_t granule)
{
	return map->words[granule / 64] >> (granule % 64) & 1;
}

static inline void hs_bitmap_set(struct hs_bitmap *map, uint32_t granule)
{
	map->words[granule / 64] |= 1ull << (granule % 64);
}

/*
 * Everything known while a heap is read.  The image is read only; what is found goes to the
 * builder.  Keys of the builder are granules of the image.
 */
struct hs_python {
	struct hs_image *image;
	const struct hs_layout *layout;
	struct hs_layout own_layout; /* of the target's machine; what `layout` points to */
	struct hs_build *build;
	hs_addr runtime;	  /* _PyRuntime */
	uint32_t hexversion;	  /* sys.hexversion */
	bool dict_before_values;  /* see backports.h */
	uint32_t generations;	  /* offset of the first generation's list in the GC state */
	hs_addr subtype_traverse; /* tp_traverse of classes written in Python */
	hs_addr lookdict;	  /* until 3.10: what looks up keys of any kind in a dict */
	hs_addr set_dummy;	/* what stands in a set's table for an entry removed; 0: not seen */
	hs_addr type_type;	/* the class `type` */
	char numpy_major;	/* of numpy.__version__; 0: not looked up yet */
	uint32_t preview_bytes; /* of a value that are recorded at most; 0: no values are */
	uint64_t salt;		/* of fingerprints */
	bool redact;		/* leave out names that may tell of the target's data */

	/* types, by address: open addressing, power of two */
	struct hs_pytype **types;
	size_t type_count;
	size_t type_capacity;
	unsigned int type_depth; /* types being read */

	/* granules where an object begins that was found */
	struct hs_bitmap marked;
	struct hs_bitmap odd;	  /* and it begins in the middle of the granule */
	struct hs_bitmap tracked; /* on a list of the collector */
	struct hs_bitmap tracked_odd;
	struct hs_bitmap generation[2]; /* low and high bit of the generation */
	struct hs_bitmap owned;		/* in `owners` */
	uint64_t granules;		/* in each of them */
	HS_VECTOR(uint32_t) queue;	/* granules in the order of discovery */
	size_t visited;			/* of the queue */
	struct hs_ahead ahead;
	hs_addr *pages;		     /* of the image that was, by slot; NULL: it is */
	HS_VECTOR(uint32_t) scanned; /* places in the queue of objects that were scanned */
	HS_VECTOR(hs_addr) weakly;   /* found by weak references alone, not queued yet */
	bool strong_done; /* what roots reach over references that are not weak is queued */

	struct hs_pymalloc *pymalloc; /* NULL: not looked at */

	struct hs_map32 owners; /* granule of a namespace dict -> granule of its owner */
	struct {
		hs_addr start;
		hs_addr end; /* 0: none was looked up yet */
		bool is_file;
	} mapping;		  /* of the target, looked up last */
	struct hs_map32 strings;  /* granule of a str -> string number in the builder */
	struct hs_traces *traces; /* who allocated what; NULL: not known. See tracemalloc.h */

	/* of the object being visited */
	HS_VECTOR(struct hs_run) runs;
	HS_VECTOR(uint32_t) targets; /* granules */
	uint32_t first_hidden; /* run with which the hidden references begin; HS_NONE: none yet */
	uint32_t visible;

	struct hs_chain interpreters; /* of the walk that is under way */
	uint64_t interpreter;	      /* number of the one whose roots are being named; 0: main */
	uint64_t budget;	      /* words that may still be looked at; see hs_python_limit() */
	uint32_t spends;	      /* from it */
	struct hs_text scratch;	      /* of whoever needs it for a moment */
	bool nomem;
};

/* An object being looked at. */
struct hs_object {
	hs_addr address;
	const uint8_t *body; /* in the image; size bytes of it may be read */
	uint64_t size;	     /* tp_basicsize, at least */
	const struct hs_pytype *type;
	uint32_t granule;
};

/* The word at @offset of the body; 0 if it lies outside. */
static inline uint64_t hs_word(const struct hs_object *object, uint64_t offset)
{
	uint64_t value;

	if (offset > object->size || object->size - offset < sizeof(value))
		return 0;
	memcpy(&value, object->body + offset, sizeof(value));
	return value;
}

static inline uint32_t hs_half(const struct hs_object *object, uint64_t offset)
{
	uint32_t value;

	if (offset > object->size || object->size - offset < sizeof(value))
		return 0;
	memcpy(&value, object->body + offset, sizeof(value));
	return value;
}

enum {
	/* A reference count beyond this is a pointer in a freed block, not a count. */
	HS_REFCOUNT_BITS = 40,
};

/* The count in the first word of an object; from 3.14 on the highest 16 bits are flags. */
static inline uint64_t hs_refcount(const struct hs_python *python, uint64_t word)
{
	return python->layout->minor >= 14 ? word & ((1ull << 48) - 1) : word;
}

/* Whether that word can be an object's; free blocks have a pointer there, or 0. */
static inline bool hs_refcount_sound(const struct hs_python *python, uint64_t word)
{
	uint64_t count = hs_refcount(python, word);

	return count && !(count >> HS_REFCOUNT_BITS);
}

/*
 * The object that a word of a frame refers to; 0: none.  From 3.14 on such words have a tag in
 * their two lowest bits (_PyStackRef): 0 and 1 are references, counted or not; 2 and 3 are not.
 */
static inline hs_addr hs_stack_ref(const struct hs_python *python, uint64_t word)
{
	if (python->layout->minor < 14)
		return word;
	return word & 2 ? 0 : word & ~(uint64_t)1;
}

/* ob_size of an object with a variable part; 0 if it makes no sense. */
static inline uint64_t hs_ob_size(const struct hs_object *object)
{
	int64_t size = (int64_t)hs_word(object, PY_SIZE);

	return size > 0 && size < (1ll << 46) ? (uint64_t)size : 0;
}

/*
 * Begin to read the heap in @image, whose runtime is @runtime.  Checks that what lies there is what
 * the layout says: version, types' sizes, dicts where dicts should be.  @image stays the caller's.
 * Errors: HS_ERROR_UNSUPPORTED with what was found.
 */
struct hs_error *hs_python_create(struct hs_image *image, const struct hs_runtime *runtime,
				  struct hs_python **ret) HS_MUST_CHECK;
void hs_python_destroy(struct hs_python *python);

/* The granule of the object whose namespace the dict at @granule is; HS_NONE: it is nobody's. */
static inline uint32_t hs_python_owner(const struct hs_python *python, uint32_t granule)
{
	return hs_bitmap_get(&python->owned, granule) ? hs_map32_get(&python->owners, granule)
						      : HS_NONE;
}

/* Free what only reading takes: all but the builder and the set of objects. */
void hs_python_forget(struct hs_python *python);

/* The word of the struct at @base that lies at @offset of it; 0 if this version has no such word.
 */
static inline hs_addr hs_python_word(const struct hs_python *python, hs_addr base, uint32_t offset)
{
	hs_addr value = 0;

	if (offset == HS_ABSENT || !hs_image_u64(python->image, base + offset, &value))
		return 0;
	return value;
}

/* Count a gap, with an address concerned. */
void hs_python_gap(struct hs_python *python, const char *reason, hs_addr example);

/*
 * How many of the @count words at @address, a length that the target claims, can be looked at: as
 * far as the copy goes, and within a budget for the whole heap, so that many objects that claim
 * the same words do not cost more than an honest heap could.  What is left out is a gap.
 */
uint64_t hs_python_limit(struct hs_python *python, hs_addr address, uint64_t count);

/* Take @count from that budget; false if it is used up. */
bool hs_python_spend(struct hs_python *python, uint64_t count);

/* The same for references of the object at @address: if they are left out, that is a gap. */
bool hs_python_afford(struct hs_python *python, uint64_t count, hs_addr address);

/* Version found, as "3.12.1"; 16 bytes are enough. */
void hs_python_version(const struct hs_python *python, char *buffer, size_t size);

#endif
