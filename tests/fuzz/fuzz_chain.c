/* SPDX-License-Identifier: MIT */
/*
 * fuzz_chain.c: what loads onto its base is saved, whole and against the base, and loads again with
 * equal tables.
 *
 * An input is a byte that says what is made right first, so that mutations get past it (1: the
 * checksums of the file, 2: those of the base), four bytes with the size of the base, least
 * significant first, the base, and the file.  Mutations are of these bytes, or of what a column of
 * one of the files says.
 */
#include "format/base/file.h"
#include "format/chainfile.h"
#include "format/tablefile.h"
#include "remake.h"
#include "unit/format/equal.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PREFIX = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stop(const char *why, const char *detail)
{
	fprintf(stderr, "%s: %s\n", why, detail);
	abort();
}

/* Load onto @base, or alone, and let an error go; NULL then. */
static struct hs_snapshot *load(const uint8_t *data, size_t size, const struct hs_snapshot *base)
{
	struct hs_open_options options = {.as_base = true};
	struct hs_snapshot *snap = NULL;
	struct hs_error *err =
		hs_snapshot_load_onto(data, size, "input", base, &options, true, &snap);

	if (err && snap)
		stop("a snapshot came with an error", hs_error_message(err));
	hs_error_destroy(err);
	return snap;
}

/* Save @snap, against @base if that is not NULL, to memory, load that, and compare. */
static void check(const struct hs_snapshot *snap, const struct hs_snapshot *base)
{
	struct hs_save_options options = {.overwrite = true, .level = 1, .base = base};
	struct hs_open_options open = {.as_base = true};
	struct hs_snapshot *again = NULL;
	struct hs_error *err;
	const char *differs;
	const void *data;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/dev/shm/heapsnap-fuzz-chain-%d", getpid());
	err = hs_snapshot_save(snap, path, &options);
	if (err)
		stop("saving what was loaded", hs_error_message(err));
	err = hs_file_read(path, &data, &size);
	unlink(path);
	if (!err)
		err = hs_snapshot_load_onto(data, size, path, base, &open, false, &again);
	if (err)
		stop("loading what was saved", hs_error_message(err));
	hs_file_release(data, size);
	differs = snapshots_differ(snap, again);
	if (differs)
		stop("saved and loaded again, differ", differs);
	hs_snapshot_destroy(again);
}

/* Let @base be what the file at @data stands on, whatever its hash. */
static void take_for_base(struct hs_snapshot *base, const uint8_t *data, size_t size)
{
	struct hs_snapshot *snap = hs_snapshot_create();
	struct hs_file_image image;
	struct hs_header header;
	struct hs_error *err = hs_file_image_init(data, size, &image);

	if (!err) {
		err = hs_header_decode(&image, snap, &header);
		hs_file_image_deinit(&image);
		base->hash = snap->base.hash;
	}
	hs_error_destroy(err);
	hs_snapshot_destroy(snap);
	base->path = hs_str_of("/heapsnap-fuzz");
}

/* How long the base is; false: as long as it cannot be. */
static bool split(const uint8_t *data, size_t size, size_t *base_size)
{
	*base_size = 0;
	for (int i = 0; size >= PREFIX && i < 4; i++)
		*base_size |= (size_t)data[1 + i] << 8 * i;
	return size >= PREFIX && *base_size <= size - PREFIX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hs_snapshot *base;
	struct hs_snapshot *snap = NULL;
	size_t base_size;
	uint8_t *copy;

	if (!split(data, size, &base_size))
		return 0;
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	size -= PREFIX + base_size;
	if (copy[0] & 1)
		rehash(copy + PREFIX + base_size, size);
	if (copy[0] & 2)
		rehash(copy + PREFIX, base_size);
	base = load(copy + PREFIX, base_size, NULL);
	if (base) {
		take_for_base(base, copy + PREFIX + base_size, size);
		snap = load(copy + PREFIX + base_size, size, base);
	}
	if (snap) {
		check(snap, NULL);
		if (snap->base.depth)
			check(snap, base);
	}
	hs_snapshot_destroy(snap);
	hs_snapshot_destroy(base);
	free(copy);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed)
{
	size_t base_size = 0;
	size_t remade = 0;
	uint8_t *file;
	size_t rest;

	if (!(seed % 4) || !split(data, size, &base_size))
		return LLVMFuzzerMutate(data, size, room);
	file = data + PREFIX + base_size;
	rest = size - PREFIX - base_size;
	if (seed % 4 < 3) {
		remade = remake(file, rest, room - PREFIX - base_size, seed / 4);
		return remade ? PREFIX + base_size + remade : LLVMFuzzerMutate(data, size, room);
	}
	/* The base grows or shrinks in front of the file. */
	file = malloc(room);
	if (file) {
		memcpy(file, data + PREFIX, base_size);
		remade = remake(file, base_size, room - PREFIX - rest, seed / 4);
	}
	if (remade) {
		memmove(data + PREFIX + remade, data + PREFIX + base_size, rest);
		memcpy(data + PREFIX, file, remade);
		for (int i = 0; i < 4; i++)
			data[1 + i] = (uint8_t)(remade >> 8 * i);
	}
	free(file);
	return remade ? PREFIX + remade + rest : LLVMFuzzerMutate(data, size, room);
}
