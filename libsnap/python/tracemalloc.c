/* SPDX-License-Identifier: MIT */
/* tracemalloc.c: where objects were allocated, from the tables of the target's own tracer. */
#include "libsnap/python/tracemalloc.h"

#include "format/base/hash.h"
#include "format/base/str.h"
#include "libsnap/memory/elf.h"
#include "libsnap/python/python.h"
#include "libsnap/python/text.h"
#include "libsnap/python/types.h"
#include "libsnap/python/words.h"

enum {
	FIRST_SLOTS = 1024,
	LEAST_BUCKETS = 16, /* what tables begin with, and are never smaller than */
	MAX_FRAMES = UINT16_MAX,
	FILE_LIMIT = 4096,     /* bytes of a file's name where it is a string of C */
	SCAN_LIMIT = 64 << 20, /* bytes of a program's data that are searched */
	SAMPLE = 64,	       /* entries that tell whether a table is the one */
	SHIFT_STEP = 8,	       /* the state moved within the runtime of 3.13 */
	SHIFT_LIMIT = 64,
	FIRST_IN_RUNTIME = 12,	 /* 3.12: the state is part of the runtime */
	FIRST_BYTE_LOCK = 14,	 /* 3.14: the lock is a byte, not a pointer to a semaphore */
	FIRST_C_FILES = 15,	 /* 3.15: names of files are strings of C */
	LAST_WIDE_TRACEBACK = 8, /* 3.8: the number of frames has 32 bits */
};

/*
 *	traces -> { nentries, nbuckets, buckets }
 *	                                   |
 *	            [0] [1] [2] ...  <-----'
 *	                 |
 *	                 entry { next, hash, key, value }
 *	                                      |     |
 *	      start of the block   <----------'     |
 *	      trace { size, traceback }  <----------'
 *	                        |
 *	      traceback { hash, nframe, total, frames: { file, line } { file, line } ... }
 *
 * Frames lie without gaps, the most recent call first.  3.8 has no pointers to key and value: the
 * key, of a length that the table tells, is part of the entry, the trace follows it.
 */

/* What is known of a block. */
struct slot {
	hs_addr block; /* 0: free */
	uint32_t site;
};

/* Sites by block: open addressing, power of two. */
struct hs_traces {
	struct slot *slots;
	size_t capacity;
	size_t size;
	uint64_t seed; /* of the hash */
};

void hs_traces_destroy(struct hs_traces *traces)
{
	if (traces)
		free(traces->slots);
	free(traces);
}

static struct slot *find_slot(const struct hs_traces *traces, hs_addr block)
{
	size_t i = (size_t)hs_hash_u64(block, traces->seed);

	for (;; i++) {
		struct slot *slot = &traces->slots[i & (traces->capacity - 1)];

		if (!slot->block || slot->block == block)
			return slot;
	}
}

static bool grow(struct hs_traces *traces)
{
	struct hs_traces larger = {
		.capacity = traces->capacity ? traces->capacity * 2 : FIRST_SLOTS,
		.size = traces->size,
		.seed = traces->seed,
	};

	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < traces->capacity; i++)
		if (traces->slots[i].block)
			*find_slot(&larger, traces->slots[i].block) = traces->slots[i];
	free(traces->slots);
	*traces = larger;
	return true;
}

static bool put(struct hs_traces *traces, hs_addr block, uint32_t site)
{
	struct slot *slot;

	if (traces->size >= traces->capacity / 2 && !grow(traces))
		return false;
	slot = find_slot(traces, block);
	traces->size += !slot->block;
	*slot = (struct slot){.block = block, .site = site};
	return true;
}

uint32_t hs_tracemalloc_site(const struct hs_python *python, hs_addr address)
{
	const struct slot *slot;

	if (!python->traces)
		return 0;
	slot = find_slot(python->traces, address);
	return slot->block ? slot->site : 0;
}

/* What a table says of itself. */
struct table {
	uint64_t entries;
	uint64_t count; /* of buckets */
	hs_addr buckets;
	uint64_t key_size; /* 0: entries point to key and value */
};

static bool is_sound(const struct table *table)
{
	return table->count >= LEAST_BUCKETS && !(table->count & (table->count - 1)) &&
	       table->count < 1ull << (HS_ADDRESS_BITS - 3) && table->entries <= table->count &&
	       table->buckets && !(table->buckets & 7);
}

static bool open_table(const struct hs_python *python, hs_addr address, struct table *ret)
{
	const struct hs_layout *layout = python->layout;
	struct table table = {0};

	if (!address || address & 7 ||
	    !hs_image_u64(python->image, address + layout->hashtable_nentries, &table.entries) ||
	    !hs_image_u64(python->image, address + layout->hashtable_nbuckets, &table.count) ||
	    !hs_image_u64(python->image, address + PY_HASHTABLE_BUCKETS, &table.buckets) ||
	    !is_sound(&table))
		return false;
	if (layout->hashtable_key_size != HS_ABSENT &&
	    (!hs_image_u64(python->image, address + layout->hashtable_key_size, &table.key_size) ||
	     (table.key_size != 8 && table.key_size != 16)))
		return false;
	*ret = table;
	return true;
}

/* One traced block. */
struct trace {
	hs_addr block;
	uint64_t size;
	hs_addr traceback;
	bool other; /* of something else than memory that Python manages: not domain 0 */
};

/* The trace of the entry at @entry, and the next entry of the bucket. */
static bool read_entry(const struct hs_python *python, const struct table *table, hs_addr entry,
		       struct trace *ret, hs_addr *next)
{
	hs_addr value = entry + PY_HASHTABLE_KEY + table->key_size;
	struct trace trace = {0};
	uint64_t words[2];
	uint32_t domain = 0;

	if (entry & 7 || !hs_image_u64(python->image, entry, next) ||
	    !hs_image_u64(python->image, entry + PY_HASHTABLE_KEY, &trace.block) ||
	    (!table->key_size &&
	     !hs_image_u64(python->image, entry + PY_HASHTABLE_VALUE, &value)) ||
	    !hs_image_read(python->image, value, words, sizeof(words)))
		return false;
	if (table->key_size > 8)
		hs_image_u32(python->image, entry + PY_HASHTABLE_KEY + 8, &domain);
	trace.size = words[0];
	trace.traceback = words[1];
	trace.other = domain != 0;
	*ret = trace;
	return true;
}

/*
 * Call @each for the traces of @table until it returns false or there have been @limit.  False if
 * the entries are not as many as the table says, or cannot be read.
 */
typedef bool trace_fn(void *context, const struct trace *trace);

static bool walk(struct hs_python *python, const struct table *table, uint64_t limit,
		 trace_fn *each, void *context)
{
	uint64_t buckets = hs_words_limit(python->image, table->buckets, table->count);
	struct hs_words words = hs_words_open(python->image, table->buckets, buckets);
	uint64_t seen = 0;

	if (buckets < table->count || !hs_python_spend(python, buckets))
		return false;
	for (uint64_t i = 0; i < buckets; i++) {
		hs_addr entry = hs_words_get(&words, i);

		while (entry) {
			struct trace trace;

			if (seen % HS_SPILL_STEPS == 0)
				hs_spill_relieve(python->image->spill);
			/* More than there should be is also how a circle shows. */
			if (seen++ == table->entries || !hs_python_spend(python, PY_TRACE_WORDS) ||
			    !read_entry(python, table, entry, &trace, &entry))
				return false;
			if (!each(context, &trace) || seen == limit)
				return true;
		}
	}
	return seen == table->entries;
}

/* How many frames the traceback at @address has; 0 if it is none. */
static uint32_t frame_count(const struct hs_python *python, hs_addr address)
{
	uint32_t count = 0;

	if (!address || address & 7 ||
	    !hs_image_u32(python->image, address + PY_TRACEBACK_COUNT, &count))
		return 0;
	if (python->layout->minor > LAST_WIDE_TRACEBACK)
		count &= UINT16_MAX;
	return count <= MAX_FRAMES ? count : 0;
}

/* Traces on their way into the builder. */
struct reader {
	struct hs_python *python;
	struct hs_traces *traces;
	struct hs_map32 tracebacks; /* granule of a traceback -> its site */
};

/* The name of the file that a frame points to, as a string of the builder. */
static uint32_t read_file(struct hs_python *python, hs_addr address)
{
	uint32_t number = HS_NONE;
	struct hs_str name;

	if (python->redact)
		return hs_build_string(python->build, hs_str_of(HS_REDACTED_FILE));
	if (python->layout->minor < FIRST_C_FILES)
		number = hs_text_number(python, address);
	else if (hs_image_string(python->image, address, FILE_LIMIT, &name))
		number = hs_build_string(python->build, name);
	if (number != HS_NONE)
		return number;
	hs_python_gap(python, "name of a file in a traceback of tracemalloc cannot be read",
		      address);
	return hs_build_string(python->build, hs_str_of("<unknown>"));
}

/* The site of the traceback at @address, made of its frames, the outermost first; 0: none. */
static uint32_t read_traceback(struct hs_python *python, hs_addr address)
{
	uint32_t count = frame_count(python, address);
	uint32_t site = 0;

	if (!count || !hs_python_spend(python, 2 * (uint64_t)count)) {
		hs_python_gap(python, "traceback of tracemalloc cannot be read", address);
		return 0;
	}
	while (count-- > 0) {
		hs_addr frame = address + PY_TRACEBACK_FRAMES + (hs_addr)count * PY_TRACEBACK_FRAME;
		uint32_t line;
		hs_addr file;

		if (!hs_image_read(python->image, frame, &file, sizeof(file)) ||
		    !hs_image_read(python->image, frame + PY_TRACEBACK_LINE, &line, sizeof(line))) {
			hs_python_gap(python, "traceback of tracemalloc cannot be read", address);
			return 0;
		}
		site = hs_build_site(python->build,
				     hs_build_string_at(python->build, read_file(python, file)),
				     line, site);
	}
	return site;
}

static bool add_trace(void *context, const struct trace *trace)
{
	struct reader *reader = context;
	struct hs_python *python = reader->python;
	uint32_t granule = hs_image_granule(python->image, trace->traceback);
	uint32_t site;

	if (trace->other || !trace->block)
		return true;
	site = granule == HS_NONE ? HS_NONE : hs_map32_get(&reader->tracebacks, granule);
	if (site == HS_NONE) {
		site = read_traceback(python, trace->traceback);
		if (granule != HS_NONE && !hs_map32_put(&reader->tracebacks, granule, site))
			python->nomem = true;
	}
	if (site && !put(reader->traces, trace->block, site))
		python->nomem = true;
	return !python->nomem;
}

/* Whether the tracer is on, as far as its configuration at @config tells. */
static bool is_on(const int32_t config[3])
{
	return config[PY_TRACER_INITIALIZED / 4] == 1 && config[PY_TRACER_TRACING / 4] == 1 &&
	       config[PY_TRACER_MAX_FRAMES / 4] >= 1;
}

/* What a table looks like that may be that of the traces. */
struct check {
	struct hs_python *python;
	uint64_t sound;
	uint64_t unsound;
};

static bool check_trace(void *context, const struct trace *trace)
{
	struct check *check = context;
	struct hs_python *python = check->python;
	bool sound = trace->block && !(trace->block >> HS_ADDRESS_BITS) &&
		     !(trace->size >> HS_ADDRESS_BITS) && frame_count(python, trace->traceback);
	hs_addr file;

	if (sound)
		sound = hs_image_read(python->image, trace->traceback + PY_TRACEBACK_FRAMES, &file,
				      sizeof(file)) &&
			hs_text_number(python, file) != HS_NONE;
	check->sound += sound;
	check->unsound += !sound;
	return sound;
}

/* Whether the table at @address has traces for entries, and its functions are functions. */
static bool holds_traces(struct hs_python *python, hs_addr address, uint64_t *entries)
{
	struct check check = {.python = python};
	const struct hs_mapping *mapping;
	struct table table;
	hs_addr function;

	if (!open_table(python, address, &table) || !table.entries ||
	    !hs_image_u64(python->image, address + python->layout->hashtable_hash_func, &function))
		return false;
	mapping = hs_maps_find(&python->image->maps, function);
	if (!mapping || !(mapping->flags & HS_REGION_EXEC))
		return false;
	/* It is no matter here whether the whole table adds up. */
	walk(python, &table, SAMPLE, check_trace, &check);
	*entries = table.entries;
	return check.sound && !check.unsound;
}

/*
 * Before 3.12, in a program without its symbol table: the variable lies in the same data as the
 * configuration, which programs export.  Of what looks like a table of traces the largest is it:
 * the tables of other domains hang in another table, not in variables.
 */
static hs_addr search_table(struct hs_python *python, hs_addr config)
{
	const struct hs_maps *maps = &python->image->maps;
	const struct hs_mapping *mapping = hs_maps_find(maps, config);
	uint64_t largest = 0;
	hs_addr found = 0;
	hs_addr end;

	if (!mapping)
		return 0;
	end = mapping->end;
	/* What is zero at first lies behind it, in a mapping without a file. */
	if (mapping + 1 < maps->data + maps->size && mapping[1].start == end &&
	    mapping[1].flags & HS_REGION_WRITE && !mapping[1].inode)
		end = mapping[1].end;
	if (end - mapping->start > SCAN_LIMIT)
		end = mapping->start + SCAN_LIMIT;
	for (hs_addr at = mapping->start; at < end; at += 8) {
		uint64_t entries;
		hs_addr table;

		if (!hs_image_u64(python->image, at, &table) || !table || table & 15)
			continue;
		if (!hs_python_spend(python, 1))
			break;
		if (!holds_traces(python, table, &entries) || entries <= largest)
			continue;
		largest = entries;
		found = table;
	}
	return found;
}

static hs_addr table_at(struct hs_python *python, const struct hs_tracemalloc *place)
{
	hs_addr table = 0;

	if (!place->traces)
		return search_table(python, place->config);
	hs_image_u64(python->image, place->traces, &table);
	return table;
}

bool hs_tracemalloc_read(struct hs_python *python, const struct hs_tracemalloc *place)
{
	struct reader reader = {.python = python};
	struct table table;
	int32_t config[3];
	bool whole;

	if (!place->config ||
	    !hs_image_read(python->image, place->config, config, sizeof(config)) || !is_on(config))
		return true;
	if (!open_table(python, table_at(python, place), &table)) {
		hs_python_gap(python, "tracemalloc is on, but its table was not found",
			      place->config);
		return true;
	}
	reader.traces = calloc(1, sizeof(*reader.traces));
	if (!reader.traces) {
		python->nomem = true;
		return true;
	}
	reader.traces->seed = hs_hash_seed();
	python->traces = reader.traces;
	if (!grow(reader.traces)) {
		python->nomem = true;
		return true;
	}
	whole = walk(python, &table, UINT64_MAX, add_trace, &reader);
	hs_map32_deinit(&reader.tracebacks);
	return whole;
}

/* The same on a target that was not copied yet. */
static bool is_table(const struct hs_target *target, const struct hs_layout *layout,
		     hs_addr pointer)
{
	struct table table = {0};
	hs_addr address;

	return hs_target_read(target, pointer, &address, sizeof(address)) && address &&
	       hs_target_read(target, address + layout->hashtable_nentries, &table.entries, 8) &&
	       hs_target_read(target, address + layout->hashtable_nbuckets, &table.count, 8) &&
	       hs_target_read(target, address + PY_HASHTABLE_BUCKETS, &table.buckets, 8) &&
	       is_sound(&table);
}

/*
 * The state in the runtime.  What lies before it grew within 3.13, and nothing that a runtime
 * publishes tells where: take the first place that looks like it.
 */
static void find_in_runtime(const struct hs_target *target, hs_addr runtime,
			    const struct hs_layout *layout, struct hs_tracemalloc *ret)
{
	for (hs_addr shift = 0; shift <= SHIFT_LIMIT; shift += SHIFT_STEP) {
		hs_addr config = runtime + layout->runtime_tracemalloc + shift;
		int32_t words[3];

		if (!hs_target_read(target, config, words, sizeof(words)) || !is_on(words) ||
		    !is_table(target, layout, config + PY_TRACER_TRACES))
			continue;
		*ret = (struct hs_tracemalloc){
			.config = config,
			.traces = config + PY_TRACER_TRACES,
			.lock = config + PY_TRACER_LOCK,
		};
		return;
	}
}

static void find_in_file(const struct hs_target *target, const struct hs_maps *maps,
			 const struct hs_mapping *mapping, struct hs_tracemalloc *ret)
{
	static const char *const exported[] = {"_Py_tracemalloc_config"};
	static const char *const others[] = {"tracemalloc_traces", "tables_lock"};
	hs_addr found[2] = {0};
	int32_t words[3];

	if (!hs_elf_symbols(target, maps, mapping, exported, 1, &ret->config) || !ret->config)
		return;
	/* The full table of symbols is large: it is not worth a look if nothing is traced. */
	if (!hs_target_read(target, ret->config, words, sizeof(words)) || !is_on(words))
		return;
	if (!hs_elf_symbols(target, maps, mapping, others, 2, found))
		return;
	ret->traces = found[0];
	ret->lock = found[1];
}

void hs_tracemalloc_find(const struct hs_target *target, const struct hs_maps *maps,
			 const struct hs_mapping *mapping, hs_addr runtime,
			 const struct hs_layout *layout, struct hs_tracemalloc *ret)
{
	*ret = (struct hs_tracemalloc){0};
	if (layout->minor >= FIRST_IN_RUNTIME)
		find_in_runtime(target, runtime, layout, ret);
	else
		find_in_file(target, maps, mapping, ret);
}

bool hs_tracemalloc_busy(const struct hs_target *target, const struct hs_layout *layout,
			 const struct hs_tracemalloc *place)
{
	hs_addr semaphore;
	uint32_t free;
	uint8_t held;

	if (!place->lock)
		return false;
	if (layout->minor >= FIRST_BYTE_LOCK)
		return hs_target_read(target, place->lock, &held, sizeof(held)) && held & 1;
	/* The C library keeps a semaphore's count first: 1, or 0 if somebody took it. */
	return hs_target_read(target, place->lock, &semaphore, sizeof(semaphore)) && semaphore &&
	       hs_target_read(target, semaphore, &free, sizeof(free)) && !free;
}
