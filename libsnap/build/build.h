/* SPDX-License-Identifier: MIT */
/* build.h: the only producer of snapshot tables. */
#ifndef HS_BUILD_H
#define HS_BUILD_H

#include <heapsnap/snapshot.h>

struct hs_spill;

/*
 * A snapshot under construction.  A producer (a capture, an importer) describes types and shapes,
 * then adds objects one by one, each followed by its references, then calls hs_build_finish().
 *
 * Objects are numbered 0, 1, 2, ... in the order they are added.  References name their target by
 * a key of the producer's own, any 32-bit number, so that a reference can be added before its
 * target is; hs_build_finish() has the producer turn keys into numbers.  The ordinals of the
 * snapshot are then computed as the specification says (breadth first from the roots), whatever
 * the order of adding was.
 *
 * The first failure (memory ran out) is kept and reported by hs_build_finish(); until then calls
 * may go on and do nothing.  Strings are copied.
 */
struct hs_build;

struct hs_build_object {
	hs_addr address;
	uint32_t type;	/* from hs_build_type() */
	uint32_t shape; /* from hs_build_shape() */
	uint64_t size;
	uint64_t allocated; /* 0: not known */
	uint64_t refcount;
	uint32_t visible;     /* how many of its references the collector reports */
	uint16_t flags;	      /* enum hs_object_flag */
	uint8_t generation;   /* enum hs_generation */
	uint32_t owner;	      /* key of the owner; HS_NONE: none */
	uint64_t fingerprint; /* 0: none */
	uint32_t site;	      /* from hs_build_site(); 0: not known */
};

/* A new builder, owned by the caller; NULL if memory ran out. */
struct hs_build *hs_build_create(void);
void hs_build_destroy(struct hs_build *build);

/* Before the first object: have columns in @spill, of which the build becomes an owner. */
void hs_build_spill(struct hs_build *build, struct hs_spill *spill);

/* Drop from memory what lies there, if it is time to. */
void hs_build_relieve(const struct hs_build *build);

/* The number of the string @str; equal strings have equal numbers. 0 is the empty string. */
uint32_t hs_build_string(struct hs_build *build, struct hs_str str);
struct hs_str hs_build_string_at(const struct hs_build *build, uint32_t string);

/*
 * Add a type and return its number.  Every call makes a new type, for two classes may be called
 * alike.  @object is the key of the object that is the type, HS_NONE if there is none.
 */
uint32_t hs_build_type(struct hs_build *build, struct hs_str name, struct hs_str module,
		       enum hs_role role, uint32_t object);

/* The number of the shape of @count runs, the first @first_hidden of them visible. Interned. */
uint32_t hs_build_shape(struct hs_build *build, const struct hs_run *runs, uint32_t count,
			uint32_t first_hidden);

/* Add an object; the references added from now on are its. */
void hs_build_object(struct hs_build *build, const struct hs_build_object *object);

/*
 * For a producer that knows the objects' addresses anyway: those in hs_build_object() are not kept
 * from now on, which is before the first; before hs_build_finish() it hands over all of them, as an
 * array from hs_build_column() with one for each object.
 */
void hs_build_omit_addresses(struct hs_build *build);
void *hs_build_column(const struct hs_build *build, size_t count, size_t size);
void hs_build_addresses(struct hs_build *build, hs_addr *addresses);

/* Record the value of the object added last, once; its bytes are copied. */
void hs_build_preview(struct hs_build *build, const struct hs_preview *preview);

/* Add references of the object added last to the objects with key @target or @targets. */
void hs_build_edge(struct hs_build *build, uint32_t target);
void hs_build_edges(struct hs_build *build, const uint32_t *targets, size_t count);

/* @bytes more were allocated for the object with number @object, which was added before. */
void hs_build_allocated(struct hs_build *build, uint32_t object, uint64_t bytes);

/*
 * All objects added so far are reached from the roots added so far, over references that are not
 * weak; of those added from now on, which are not unless roots that are added later reach them,
 * hs_build_finish() will tell those with HS_OBJECT_LOST that have a larger reference count than
 * there are references to them.
 */
void hs_build_reached(struct hs_build *build);

/* Objects and references added so far. */
uint32_t hs_build_object_count(const struct hs_build *build);
uint64_t hs_build_edge_count(const struct hs_build *build);

/* Roots are numbered as they are added; @object is a key; @thread and @frame may be HS_NONE. */
void hs_build_root(struct hs_build *build, enum hs_root_rank rank, uint32_t object,
		   struct hs_str name, uint32_t thread, uint32_t frame);
uint32_t hs_build_thread(struct hs_build *build, uint64_t native_id, struct hs_str name);
uint32_t hs_build_frame(struct hs_build *build, uint32_t thread, struct hs_str function,
			struct hs_str file, uint32_t line);
/*
 * The number, from 1 on, of the site at @line of @file, called by the site @caller or, if that is
 * 0, by nobody knows whom.  Equal sites have equal numbers.
 */
uint32_t hs_build_site(struct hs_build *build, struct hs_str file, uint32_t line, uint32_t caller);
void hs_build_region(struct hs_build *build, const struct hs_region *region);
void hs_build_extent(struct hs_build *build, const struct hs_extent *extent);
void hs_build_collector(struct hs_build *build, const struct hs_collector *collector);

/* Count something that could not be done: gaps with the same reason are added up. */
void hs_build_gap(struct hs_build *build, const char *reason, uint64_t count, hs_addr example);

/* What the snapshot says about itself, except gaps; everything in @info is copied. */
void hs_build_info(struct hs_build *build, const struct hs_info *info);

/*
 * Replace each of the @count keys by the number of the object it names, HS_NONE if it names none.
 * NULL stands for "keys are numbers".
 */
typedef void hs_build_resolve_fn(void *context, uint32_t *keys, size_t count);

/*
 * Make the snapshot.  @build is spent and may only be destroyed.  References, roots, types and
 * owners whose key names no object are an error of the producer: HS_ERROR_FAILED.
 */
struct hs_error *hs_build_finish(struct hs_build *build, hs_build_resolve_fn *resolve,
				 void *context, struct hs_snapshot **ret) HS_MUST_CHECK;

#endif
