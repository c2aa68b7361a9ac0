/* SPDX-License-Identifier: MIT */
/* heapsnap/snapshot.h: an immutable heap snapshot as tables, and the file it is kept in. */
#ifndef HEAPSNAP_SNAPSHOT_H
#define HEAPSNAP_SNAPSHOT_H

#include <heapsnap/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An object's ordinal in its snapshot: 0 .. count-1, in the order the specification defines. */
typedef uint32_t hs_id;

/* An address in the target.  Never a C pointer. */
typedef uint64_t hs_addr;

/* No such object, type, thread, frame: the largest value of the field. */
#define HS_NONE UINT32_MAX

/*
 * Bytes that came from a target, not NUL-terminated: UTF-8 in which lone surrogates may occur in
 * their three-byte form (WTF-8) and any control character.  Escape before showing (report.h).
 */
struct hs_str {
	const char *data;
	size_t size;
};

/* What a type is for, in terms that hold for any runtime. */
enum hs_role {
	HS_ROLE_OTHER = 0,
	HS_ROLE_INSTANCE = 1, /* instance of a class written in the runtime's own language */
	HS_ROLE_MAPPING = 2,  /* the plain hash map that also serves as a namespace: dict */
	HS_ROLE_SEQUENCE = 3, /* list, deque, array of references */
	HS_ROLE_TUPLE = 4,
	HS_ROLE_SET = 5,
	HS_ROLE_STRING = 6,
	HS_ROLE_BYTES = 7,
	HS_ROLE_NUMBER = 8,
	HS_ROLE_TYPE = 9, /* its objects are types */
	HS_ROLE_MODULE = 10,
	HS_ROLE_FUNCTION = 11,
	HS_ROLE_METHOD = 12,
	HS_ROLE_CODE = 13,
	HS_ROLE_CELL = 14,
	HS_ROLE_FRAME = 15,
	HS_ROLE_GENERATOR = 16, /* generators, coroutines: suspended computations */
	HS_ROLE_WEAKREF = 17,
	HS_ROLE_COUNT,
};

/* How a reference holds its target. */
enum hs_strength {
	HS_STRONG = 0,
	HS_WEAK = 1,	/* does not keep the target alive */
	HS_GENERIC = 2, /* found by a conservative scan: probably strong */
};

/* How a reference is called, seen from its source. */
enum hs_label_kind {
	HS_LABEL_NONE = 0,	 /* a set's member, or nothing is known; printed as "[*]" */
	HS_LABEL_INDEX = 1,	 /* [operand + position in the run] */
	HS_LABEL_INDEX_DOWN = 2, /* [operand + run length - 1 - position in the run] */
	HS_LABEL_ATTRIBUTE = 3,	 /* .name; operand is the name's string */
	HS_LABEL_ITEM = 4,	 /* ['name']; operand is the key's string */
	HS_LABEL_VALUE = 5,	 /* the value of an entry whose key is not recorded: [*] */
	HS_LABEL_KEY = 6,	 /* the key of an entry: key */
	HS_LABEL_ENTRY = 7,	 /* entries in turn: value, key, value, key */
	HS_LABEL_OFFSET = 8,	 /* the word at this byte of the object's body: +24 */
	HS_LABEL_LOCAL = 9,	 /* a local variable of a frame; operand is its name's string */
	HS_LABEL_COUNT,
};

/* Consecutive references of one object that are called alike. */
struct hs_run {
	uint8_t kind;	  /* enum hs_label_kind */
	uint8_t strength; /* enum hs_strength */
	uint32_t operand; /* a string, an index or an offset, as the kind says; else 0 */
	uint32_t count;	  /* references in the run; 0: as many as are left over (see hs_shape) */
};

/*
 * How all references of an object are called.  Most objects of a type share one shape.
 *
 *   references   r0 r1 r2 r3 r4 r5 r6 r7
 *                `-- visible ---' `hidden'     object.visible = 6, edges = 8
 *   runs         .a  [0] [1] ...   key key
 *                1   0 (the rest)  0           first_hidden = 2
 *
 * The first object.visible references are those that the runtime's own collector reports, in its
 * order; runs 0 .. first_hidden-1 describe them, the other runs describe the rest.  Of each part
 * at most one run has count 0.
 */
struct hs_shape {
	const struct hs_run *runs;
	uint32_t count;
	uint32_t first_hidden;
};

/* What kind of value an object has. */
enum hs_preview_kind {
	HS_PREVIEW_TEXT = 1,
	HS_PREVIEW_BYTES = 2,
	HS_PREVIEW_INTEGER = 3,	 /* of 64 bits, signed */
	HS_PREVIEW_REAL = 4,	 /* of double precision */
	HS_PREVIEW_POSITIVE = 5, /* an integer that does not fit 64 bits, by its magnitude */
	HS_PREVIEW_NEGATIVE = 6,
	HS_PREVIEW_KIND_COUNT,
};

/* An object's value, or the beginning of a long one. */
struct hs_preview {
	enum hs_preview_kind kind;
	/*
	 * TEXT: as all strings, cut between two characters; BYTES; POSITIVE and NEGATIVE: the
	 * magnitude, most significant byte first.  Else empty.
	 */
	struct hs_str data;
	uint64_t length; /* of the whole value: characters of TEXT, else bytes; 0 of numbers */
	bool cut;	 /* whether there is more than data */
	int64_t integer; /* INTEGER */
	double real;	 /* REAL */
};

/* One reference's name, worked out. */
struct hs_label {
	enum hs_label_kind kind; /* INDEX_DOWN comes out as INDEX, ENTRY as VALUE or KEY */
	enum hs_strength strength;
	struct hs_str name; /* ATTRIBUTE, ITEM, LOCAL; else empty */
	uint64_t index;	    /* INDEX: the index; OFFSET: the byte; else 0 */
};

enum hs_object_flag {
	HS_OBJECT_GC = 1 << 0,	     /* of a kind that the collector handles */
	HS_OBJECT_TRACKED = 1 << 1,  /* on one of the collector's lists */
	HS_OBJECT_IMMORTAL = 1 << 2, /* its reference count is not counted */
	HS_OBJECT_STATIC = 1 << 3,   /* lies in the data of a program or library, not on the heap */
	HS_OBJECT_SIZE_GUESS = 1 << 4, /* size by the default rule; the type may have its own */
	HS_OBJECT_SCANNED = 1 << 5,    /* its references were found by a conservative scan */
	/*
	 * No root reaches it over references that are not weak, and its reference count is higher
	 * than the references to it in the snapshot: somebody holds it who is not seen, or nobody
	 * will give it back.  (Unreached objects that no lost one reaches are garbage that awaits
	 * collection.)
	 */
	HS_OBJECT_LOST = 1 << 6,
};

enum hs_generation {
	HS_GENERATION_0 = 0,
	HS_GENERATION_1 = 1,
	HS_GENERATION_2 = 2,
	HS_GENERATION_PERMANENT = 3, /* set aside by gc.freeze() */
	HS_GENERATION_NONE = 7,	     /* on no list of the collector */
};

struct hs_type {
	struct hs_str name;   /* as shown: module and qualified name, builtins bare */
	struct hs_str module; /* module's name, "builtins" for builtins; may be empty */
	enum hs_role role;
	hs_id object; /* the object that is this type, or HS_NONE */
};

/* Why an object is alive: lower ranks make better names. */
enum hs_root_rank {
	HS_ROOT_MODULE = 0,	 /* a module by name */
	HS_ROOT_INTERPRETER = 1, /* state of the runtime, by name: sys.modules */
	HS_ROOT_THREAD = 2,	 /* state of a thread or a frame's local variable */
	HS_ROOT_INTERNAL = 3,	 /* static types, interned strings */
	HS_ROOT_RANK_COUNT,
};

struct hs_root {
	enum hs_root_rank rank;
	hs_id object;
	struct hs_str name; /* "sys.modules", a module's name, a local variable's name */
	uint32_t thread;    /* index into the threads, or HS_NONE */
	uint32_t frame;	    /* index into the frames, or HS_NONE */
};

struct hs_thread {
	uint64_t native_id; /* what the system calls it: gettid(); 0 if not known */
	struct hs_str name; /* may be empty */
};

/* Frames of one thread are neighbours, innermost first. */
struct hs_frame {
	uint32_t thread;
	struct hs_str function; /* qualified name */
	struct hs_str file;
	uint32_t line; /* 0 if not known */
};

/* A mapping of the target at the time of the capture: [start, end). */
struct hs_region {
	hs_addr start;
	hs_addr end;
	uint64_t resident;  /* bytes */
	uint32_t flags;	    /* enum hs_region_flag */
	struct hs_str name; /* path or "[heap]"; may be empty */
};

enum hs_region_flag {
	HS_REGION_READ = 1 << 0,
	HS_REGION_WRITE = 1 << 1,
	HS_REGION_EXEC = 1 << 2,
	HS_REGION_SHARED = 1 << 3,
};

/*
 * A stretch of memory, and how much of it is used in one way.  The same stretch has a row for each
 * use; their bytes make up its size.
 */
struct hs_extent {
	hs_addr start;
	uint64_t size;	/* bytes of the whole stretch */
	uint64_t bytes; /* of them, in this state */
	uint64_t count; /* pieces that these are: blocks, pools; 0: not counted */
	struct hs_str allocator;
	struct hs_str state;
	hs_id owner; /* or HS_NONE */
};

enum hs_collector_flag {
	HS_COLLECTOR_ENABLED = 1 << 0, /* it collects by itself */
	HS_COLLECTOR_WORKING = 1 << 1, /* it was at work when the snapshot was taken */
};

/*
 * A generation of the collector of one of the target's interpreters, whose flags are the same in
 * all of its rows.  The last three count since the process began.
 */
struct hs_collector {
	uint32_t interpreter; /* 0: the main one */
	uint8_t generation;   /* enum hs_generation */
	uint8_t flags;	      /* enum hs_collector_flag */
	uint64_t threshold;   /* at which count it is collected; 0: never by itself */
	uint64_t count;	      /* of generation 0: new objects, of others: collections below */
	uint64_t collections;
	uint64_t collected; /* objects */
	uint64_t uncollectable;
};

/*
 * Where objects were allocated: a line of a program, as it was called by the line of its caller,
 * and so on.  Sites form trees: two tracebacks share their outer frames.
 */
struct hs_site {
	struct hs_str file;
	uint32_t line;	 /* 0 if not known */
	uint32_t caller; /* index into the sites, below this one's; HS_NONE: not recorded */
};

/* Something the capture could not do, and how often. */
struct hs_gap {
	struct hs_str reason;
	uint64_t count;
	hs_addr example; /* an address concerned, or 0 */
};

/* Where the snapshot comes from and how it was taken. */
struct hs_info {
	uint64_t pid;
	struct hs_str runtime; /* "cpython" */
	struct hs_str version; /* "3.12.1" */
	const struct hs_str *command;
	size_t command_count;
	uint64_t time_ns;	/* when it was taken: nanoseconds since 1970, UTC */
	uint64_t start_ticks;	/* when the process began, as /proc/PID/stat has it */
	struct hs_str boot_id;	/* of the machine, so that PID and start name a process for good */
	struct hs_str mode;	/* "stop", "fork", "core" or empty */
	struct hs_str reason;	/* why this mode, or empty */
	uint64_t pause_ns;	/* how long the target was stopped */
	uint64_t copied;	/* bytes copied from the target */
	uint64_t resident;	/* bytes of the target's resident set */
	uint32_t retries;	/* captures thrown away because they were inconsistent */
	uint64_t damaged;	/* objects or lists that stayed inconsistent */
	uint64_t preview_bytes; /* how much of a value is recorded at most; 0: no values are */
	uint64_t salt;		/* of fingerprints; 0: there are none */
	bool redacted;		/* names that may tell of the target's data were left out */
	const struct hs_gap *gaps;
	size_t gap_count;
};

/*
 * The objects, as columns indexed by hs_id.  A column that was not asked for at open, or that the
 * file does not have, is NULL.  Owned by the snapshot.
 */
struct hs_objects {
	hs_id count;
	const hs_addr *address;
	const uint32_t *type;	   /* index into the types */
	const uint64_t *size;	   /* shallow size in bytes: what sys.getsizeof() says */
	const uint64_t *allocated; /* bytes that the allocator holds for it; 0: not known */
	const uint64_t *refcount;
	const uint16_t *flags;	   /* enum hs_object_flag */
	const uint8_t *generation; /* enum hs_generation */
	const hs_id *owner;	   /* of a namespace: the object whose namespace it is; HS_NONE */
	/*
	 * Of what does not change in the object, 0: none.  It depends on hs_info.salt: only those
	 * of snapshots with the same salt can be compared.
	 */
	const uint64_t *fingerprint;
	const uint32_t *site;	    /* where it was allocated: index into the sites; HS_NONE */
	const uint32_t *shape;	    /* index into the shapes */
	const uint32_t *visible;    /* references that the collector reports; they come first */
	const uint64_t *first_edge; /* count + 1 offsets into edges */
	const hs_id *edges;	    /* referents of all objects, one object after the other */
	uint64_t edge_count;
};

/* Columns to load, for hs_open_options. */
enum hs_column {
	HS_COLUMN_ADDRESS = 1 << 0,
	HS_COLUMN_TYPE = 1 << 1,
	HS_COLUMN_SIZE = 1 << 2,
	HS_COLUMN_ALLOCATED = 1 << 3,
	HS_COLUMN_REFCOUNT = 1 << 4,
	HS_COLUMN_FLAGS = 1 << 5,
	HS_COLUMN_GENERATION = 1 << 6,
	HS_COLUMN_OWNER = 1 << 7,
	HS_COLUMN_FINGERPRINT = 1 << 8,
	HS_COLUMN_EDGES = 1 << 9,    /* shape, visible, first_edge, edges */
	HS_COLUMN_PREVIEW = 1 << 10, /* hs_snapshot_preview() */
	HS_COLUMN_SITE = 1 << 11,
};

/*
 * How far a long piece of work is: @done of @total bytes or objects.  May be called often, by the
 * thread that asked for the work.
 */
typedef void hs_progress_fn(void *context, const char *what, uint64_t done, uint64_t total);

/* Zero means the default. */
struct hs_open_options {
	uint32_t columns;  /* enum hs_column; 0: all */
	unsigned int jobs; /* threads that decode; 0: as many as there are processors, up to 8 */
	bool as_base;	   /* it is to be hs_save_options.base; with all columns */
	hs_progress_fn *progress;
	void *progress_context;
};

/* A part of what was done, and the time that it took. */
struct hs_phase {
	const char *name; /* "parse" */
	uint64_t ns;
	uint64_t bytes;	  /* that went through it; 0: not counted in bytes */
	uint64_t objects; /* the same */
};
typedef void hs_phase_fn(void *context, const struct hs_phase *phase);

/* Zero means the default. */
struct hs_save_options {
	int level;	   /* of zstd, 1 .. 19; 0: 3 */
	unsigned int jobs; /* threads that encode; 0: as many as there are processors, up to 8 */
	bool overwrite;	   /* replace an existing file */
	/*
	 * Write only what differs from this snapshot of the same process, which was opened with
	 * hs_open_options.as_base and whose file is needed from then on to open the new one; NULL:
	 * write everything.  HS_ERROR_USAGE if it cannot be the base.
	 */
	const struct hs_snapshot *base;
	/* Whom the file is to belong to, if this process is root; 0: to root. */
	uint32_t owner_uid;
	uint32_t owner_gid;
	hs_progress_fn *progress;
	void *progress_context;
	hs_phase_fn *phase; /* called at the end, once for each; may be NULL */
	void *phase_context;
};

/* A section of the file and what it takes. */
struct hs_section_info {
	const char *name;
	uint64_t bytes; /* in the file, framing included */
};

/*
 * What a snapshot's file was written against: it holds only what differs from its base, which may
 * have a base itself.
 */
struct hs_base {
	struct hs_str name; /* of the base's file, as recorded */
	uint64_t hash;	    /* of what it says: the XXH3 in its last 24 bytes */
	uint32_t depth;	    /* how many snapshots stand behind this one; 0: none */
};

/*
 * A snapshot.  Built once, never changed; any number of threads may read it.  Everything that an
 * accessor returns is owned by the snapshot and lives as long as it does.
 */
struct hs_snapshot;

/*
 * Open the file at @path, check what is read of it, and decode the columns asked for.
 * @options may be NULL.  On success *@ret is owned by the caller.
 *
 * If the file holds only what differs from another one, its base, that is looked for by its name in
 * the folder of @path, then where it was when @path was written.
 *
 * Errors: HS_ERROR_DAMAGED (with the byte offset) if it is not a snapshot, is truncated or
 * damaged, or its base is not there; HS_ERROR_NEWER; HS_ERROR_PERMISSION; HS_ERROR_FAILED.
 */
HS_EXPORT struct hs_error *hs_snapshot_open(const char *path, const struct hs_open_options *options,
					    struct hs_snapshot **ret) HS_MUST_CHECK;

/*
 * The same from @size bytes at @data, which must outlive the call only. @name is for messages.
 * HS_ERROR_USAGE if they need a base.
 */
HS_EXPORT struct hs_error *hs_snapshot_load(const void *data, size_t size, const char *name,
					    const struct hs_open_options *options,
					    struct hs_snapshot **ret) HS_MUST_CHECK;

/*
 * Open the file at @path like hs_snapshot_open(), with all columns whatever @options say, and check
 * also what other readers take on trust: the order of the objects, and that their addresses are
 * distinct; of its bases, too.  @ret may be NULL.
 */
HS_EXPORT struct hs_error *hs_snapshot_verify(const char *path,
					      const struct hs_open_options *options,
					      struct hs_snapshot **ret) HS_MUST_CHECK;

/*
 * Write @snap to @path atomically with mode 0600: the file appears whole or not at all.  The path
 * "-" means standard output.  All columns that @snap has are written, and nothing that snapshots in
 * the same folder have as their base is replaced.
 */
HS_EXPORT struct hs_error *hs_snapshot_save(const struct hs_snapshot *snap, const char *path,
					    const struct hs_save_options *options) HS_MUST_CHECK;

/*
 * Find out, before any work is done, whether hs_snapshot_save() or hs_export_save() could write
 * @path: its folder exists and can be written to, and nothing is there but a regular file that
 * @overwrite allows to replace and no snapshot in its folder has as its base.  Anything goes for
 * "-".
 */
HS_EXPORT struct hs_error *hs_output_check(const char *path, bool overwrite) HS_MUST_CHECK;

/* Whether the file at @path begins like a snapshot; false also if it cannot be read. */
HS_EXPORT bool hs_snapshot_recognise(const char *path);

/* Free @snap; NULL is accepted. */
HS_EXPORT void hs_snapshot_destroy(struct hs_snapshot *snap);

HS_EXPORT const struct hs_info *hs_snapshot_info(const struct hs_snapshot *snap);

/* Things the capture could not do, all of hs_info.gaps together; at most UINT64_MAX. */
HS_EXPORT uint64_t hs_snapshot_gap_total(const struct hs_snapshot *snap);

/* Shallow sizes of all objects together; 0 if they were not loaded. */
HS_EXPORT uint64_t hs_snapshot_bytes(const struct hs_snapshot *snap);

HS_EXPORT const struct hs_objects *hs_snapshot_objects(const struct hs_snapshot *snap);
HS_EXPORT const struct hs_type *hs_snapshot_types(const struct hs_snapshot *snap, uint32_t *count);
HS_EXPORT const struct hs_shape *hs_snapshot_shapes(const struct hs_snapshot *snap,
						    uint32_t *count);
HS_EXPORT const struct hs_root *hs_snapshot_roots(const struct hs_snapshot *snap, size_t *count);
HS_EXPORT const struct hs_thread *hs_snapshot_threads(const struct hs_snapshot *snap,
						      uint32_t *count);
HS_EXPORT const struct hs_frame *hs_snapshot_frames(const struct hs_snapshot *snap,
						    uint32_t *count);
HS_EXPORT const struct hs_region *hs_snapshot_regions(const struct hs_snapshot *snap,
						      size_t *count);
HS_EXPORT const struct hs_extent *hs_snapshot_extents(const struct hs_snapshot *snap,
						      size_t *count);

/* The collector's generations; there are none if they are not known. */
HS_EXPORT const struct hs_collector *hs_snapshot_collectors(const struct hs_snapshot *snap,
							    size_t *count);

/* The sites; there are none if it is not known where objects were allocated. */
HS_EXPORT const struct hs_site *hs_snapshot_sites(const struct hs_snapshot *snap, uint32_t *count);

/* A string by its number, as the operands of runs have it; @string must be below the count. */
HS_EXPORT struct hs_str hs_snapshot_string(const struct hs_snapshot *snap, uint32_t string);
HS_EXPORT uint32_t hs_snapshot_string_count(const struct hs_snapshot *snap);

/* The base of the file that @snap was opened from; NULL if it has none. */
HS_EXPORT const struct hs_base *hs_snapshot_base(const struct hs_snapshot *snap);

/* The sections of the file that @snap was opened from; *@count is 0 if it was not opened. */
HS_EXPORT const struct hs_section_info *hs_snapshot_sections(const struct hs_snapshot *snap,
							     size_t *count);

/*
 * The name of reference number @slot (0 .. degree-1) of @object.  Needs HS_COLUMN_EDGES.
 * Constant time for the common shapes, else linear in the number of runs.
 */
HS_EXPORT struct hs_label hs_snapshot_label(const struct hs_snapshot *snap, hs_id object,
					    uint32_t slot);

/*
 * The value of @object, if one is recorded; false if there is none.  Needs HS_COLUMN_PREVIEW.
 * ret->data is owned by the snapshot.
 */
HS_EXPORT bool hs_snapshot_preview(const struct hs_snapshot *snap, hs_id object,
				   struct hs_preview *ret);

/* Whether values are recorded in @snap or its file, whatever was asked for when it was opened. */
HS_EXPORT bool hs_snapshot_has_previews(const struct hs_snapshot *snap);

/*
 * The key of the entry whose value is reference number @slot of @object; HS_NONE if that is no
 * entry's value or the key is not among the references.  Needs HS_COLUMN_EDGES.  Linear in the
 * number of runs.
 */
HS_EXPORT hs_id hs_snapshot_key(const struct hs_snapshot *snap, hs_id object, uint32_t slot);

/* The version of the library, "0.1.0", and of the format it writes. */
HS_EXPORT const char *hs_version(void);
HS_EXPORT const char *hs_format_version(void);

#ifdef __cplusplus
}
#endif

#endif
