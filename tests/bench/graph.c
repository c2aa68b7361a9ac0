/* SPDX-License-Identifier: MIT */
/*
 * graph.c: how long the graph of a made-up snapshot takes, and how much memory.
 *
 *	graph_bench make heap|chain|star|list COUNT FILE
 *	graph_bench run FILE [JOBS]
 *
 * heap: COUNT objects and half as many references again, as in the caches of a service: records in
 * dicts, three values each, some shared.  chain: a linked list.  star: one list of COUNT objects.
 * list: one list with COUNT places of one object.
 */
#include "libsnap/build/build.h"

#include "format/base/str.h"

#include <heapsnap/graph.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { PER_CACHE = 100000, SHARED = 1000 };

struct maker {
	struct hs_build *build;
	uint32_t type;
	uint32_t list; /* shapes */
	uint32_t none;
	uint32_t made;
	uint64_t random;
};

static uint32_t below(struct maker *maker, uint32_t limit)
{
	/* Marsaglia's xorshift64*. */
	maker->random ^= maker->random >> 12;
	maker->random ^= maker->random << 25;
	maker->random ^= maker->random >> 27;
	return (uint32_t)((maker->random * 0x2545f4914f6cdd1dU) >> 33) % limit;
}

static void object(struct maker *maker, uint32_t references)
{
	hs_build_object(maker->build,
			&(struct hs_build_object){
				.address = 0x7f0000000000 + 64 * (hs_addr)maker->made++,
				.type = maker->type,
				.shape = references ? maker->list : maker->none,
				.size = 56 + 8 * (uint64_t)references,
				.visible = references,
				.owner = HS_NONE,
			});
}

/* A cache is a list of records, which have a value of their own, a shared one and a list. */
static void make_heap(struct maker *maker, uint32_t count)
{
	uint32_t caches = count / PER_CACHE ? count / PER_CACHE : 1;
	uint32_t records = (count - caches - SHARED) / (4 * caches);
	uint32_t first = caches + SHARED;

	for (uint32_t i = 0; i < caches; i++) {
		object(maker, records);
		for (uint32_t k = 0; k < records; k++)
			hs_build_edge(maker->build, first + 4 * (i * records + k));
	}
	for (uint32_t i = 0; i < SHARED; i++)
		object(maker, 0);
	for (uint32_t i = 0; i < caches * records; i++) {
		uint32_t record = first + 4 * i;

		object(maker, 3);
		hs_build_edge(maker->build, record + 1);
		hs_build_edge(maker->build, record + 2);
		hs_build_edge(maker->build, caches + below(maker, SHARED));
		object(maker, 0);
		/* The list has an object of its own, and some another record. */
		object(maker, i % 2 ? 1 : 2);
		hs_build_edge(maker->build, record + 3);
		if (i % 2 == 0)
			hs_build_edge(maker->build, first + 4 * below(maker, caches * records));
		object(maker, i % 2);
		if (i % 2)
			hs_build_edge(maker->build, record);
	}
	for (uint32_t i = 0; i < caches; i++)
		hs_build_root(maker->build, HS_ROOT_MODULE, i, hs_str_of("app"), HS_NONE, HS_NONE);
}

static void make_chain(struct maker *maker, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		object(maker, i + 1 < count);
		if (i + 1 < count)
			hs_build_edge(maker->build, i + 1);
	}
	hs_build_root(maker->build, HS_ROOT_MODULE, 0, hs_str_of("app"), HS_NONE, HS_NONE);
}

/* One list with @places, of @items objects. */
static void make_star(struct maker *maker, uint32_t places, uint32_t items)
{
	object(maker, places);
	for (uint32_t i = 0; i < places; i++)
		hs_build_edge(maker->build, 1 + i % items);
	for (uint32_t i = 0; i < items; i++)
		object(maker, 0);
	hs_build_root(maker->build, HS_ROOT_MODULE, 0, hs_str_of("app"), HS_NONE, HS_NONE);
}

static struct hs_error *make(const char *kind, uint32_t count, const char *file)
{
	const struct hs_run run = {.kind = HS_LABEL_INDEX};
	const struct hs_save_options save = {.overwrite = true, .level = 1};
	struct maker maker = {.build = hs_build_create(), .random = 0x9e3779b97f4a7c15U};
	struct hs_snapshot *snap = NULL;
	struct hs_error *err;

	maker.type = hs_build_type(maker.build, hs_str_of("list"), hs_str_of("builtins"),
				   HS_ROLE_SEQUENCE, HS_NONE);
	maker.list = hs_build_shape(maker.build, &run, 1, 1);
	maker.none = hs_build_shape(maker.build, NULL, 0, 0);
	if (!strcmp(kind, "heap"))
		make_heap(&maker, count);
	else if (!strcmp(kind, "chain"))
		make_chain(&maker, count);
	else
		make_star(&maker, count, !strcmp(kind, "star") ? count : 1);
	err = hs_build_finish(maker.build, NULL, NULL, &snap);
	hs_build_destroy(maker.build);
	if (!err)
		err = hs_snapshot_save(snap, file, &save);
	hs_snapshot_destroy(snap);
	return err;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t peak(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_maxrss << 10;
}

static struct hs_error *run(const char *file, unsigned int jobs)
{
	const struct hs_open_options open = {
		.columns = HS_COLUMN_TYPE | HS_COLUMN_SIZE | HS_COLUMN_FLAGS | HS_COLUMN_OWNER |
			   HS_COLUMN_EDGES,
		.jobs = jobs,
	};
	struct hs_graph_options options = {.parts = HS_GRAPH_RETAINED, .jobs = jobs};
	const struct hs_objects *objects;
	struct hs_snapshot *snap = NULL;
	struct hs_graph *graph = NULL;
	struct hs_error *err;
	double begin = now();
	double loaded;
	double held;
	uint64_t bytes;

	err = hs_snapshot_open(file, &open, &snap);
	loaded = now();
	bytes = peak();
	if (!err)
		err = hs_graph_create(snap, &options, &graph);
	held = now();
	if (!err) {
		objects = hs_snapshot_objects(snap);
		printf("%u objects, %" PRIu64 " references\n", objects->count, objects->edge_count);
		printf("load %.2f s, peak %" PRIu64 " MB\n", loaded - begin, bytes / 1000000);
		bytes = peak();
		printf("retained %.2f s, all %.2f s, peak %" PRIu64 " MB, of at most %" PRIu64
		       " MB (56 bytes an object, 12 a reference)\n",
		       held - loaded, held - begin, bytes / 1000000,
		       (56 * (uint64_t)objects->count + 12 * objects->edge_count) / 1000000);
		hs_graph_destroy(graph);
		options.parts = HS_GRAPH_PATHS;
		begin = now();
		err = hs_graph_create(snap, &options, &graph);
		printf("paths %.2f s\n", now() - begin);
	}
	if (!err)
		hs_graph_destroy(graph);
	hs_snapshot_destroy(snap);
	return err;
}

int main(int argc, char **argv)
{
	struct hs_error *err = NULL;

	if (argc == 5 && !strcmp(argv[1], "make"))
		err = make(argv[2], (uint32_t)strtoul(argv[3], NULL, 10), argv[4]);
	else if (argc >= 3 && !strcmp(argv[1], "run"))
		err = run(argv[2], argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 1);
	else
		return 2;
	if (err)
		fprintf(stderr, "%s\n", hs_error_message(err));
	return err != NULL;
}
