/* SPDX-License-Identifier: MIT */
/*
 * fuzz_snapshot.c: what loads is saved and loads again with equal tables, and what passes
 * verification does so again.
 *
 * The first two bytes of an input say what to do with the rest: 0 loads it as it is, 1 makes its
 * checksums right first, so that mutations get past them; 2 the same, then loads some of the
 * columns, as the second byte says.  Mutations are of the file's bytes, or of what a column says.
 */
#include "format/chainfile.h"
#include "format/tables.h"
#include "remake.h"
#include "unit/format/equal.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PREFIX = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stop(const char *why, const char *detail)
{
	fprintf(stderr, "%s: %s\n", why, detail);
	abort();
}

/* Load, and let an error go; NULL then. */
static struct hs_snapshot *load(const uint8_t *data, size_t size, uint32_t columns)
{
	struct hs_open_options options = {.columns = columns};
	struct hs_snapshot *snap = NULL;
	struct hs_error *err = hs_snapshot_load(data, size, "input", &options, &snap);

	if (err && snap)
		stop("a snapshot came with an error", hs_error_message(err));
	hs_error_destroy(err);
	return snap;
}

/* Whether the file passes verification, too. */
static bool is_sound(const uint8_t *data, size_t size)
{
	struct hs_error *err = hs_snapshot_load_onto(data, size, "input", NULL, NULL, true, NULL);
	bool sound = !err;

	hs_error_destroy(err);
	return sound;
}

/* Save @snap to memory, load that, with verification if @sound, and compare. */
static void check(const struct hs_snapshot *snap, bool sound)
{
	char path[64];
	struct hs_save_options options = {.overwrite = true, .level = 1};
	struct hs_snapshot *again = NULL;
	struct hs_error *err;
	const char *differs;

	snprintf(path, sizeof(path), "/dev/shm/heapsnap-fuzz-%d", getpid());
	err = hs_snapshot_save(snap, path, &options);
	if (err)
		stop("saving what was loaded", hs_error_message(err));
	err = sound ? hs_snapshot_verify(path, NULL, &again) : hs_snapshot_open(path, NULL, &again);
	unlink(path);
	if (err)
		stop("loading what was saved", hs_error_message(err));
	differs = snapshots_differ(snap, again);
	if (differs)
		stop("saved and loaded again, differ", differs);
	hs_snapshot_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t columns = 0;
	struct hs_snapshot *snap;
	uint8_t *copy;

	if (size < PREFIX)
		return 0;
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (copy[0] >= 1)
		rehash(copy + PREFIX, size - PREFIX);
	if (copy[0] >= 2)
		columns = ((uint32_t)copy[1] * 0x11 & (HS_COLUMN_SITE * 2 - 1)) | 1;
	snap = load(copy + PREFIX, size - PREFIX, columns);
	if (snap && !columns)
		check(snap, is_sound(copy + PREFIX, size - PREFIX));
	hs_snapshot_destroy(snap);
	free(copy);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed)
{
	size_t remade = 0;

	if (size > PREFIX && seed % 4)
		remade = remake(data + PREFIX, size - PREFIX, room - PREFIX, seed / 4);
	return remade ? PREFIX + remade : LLVMFuzzerMutate(data, size, room);
}
