/* SPDX-License-Identifier: MIT */
/* make_corpus_snapshot.c: writes the corpus of fuzz_snapshot into a folder: snapshots of several
 * kinds. */
#include "unit/format/sample.h"

#include <errno.h>
#include <sys/stat.h>

static bool write_input(const char *folder, uint32_t objects, int mode, uint8_t columns)
{
	struct hs_snapshot *snap = sample_snapshot(objects, objects + 1);
	char path[4096];
	size_t size;
	uint8_t *bytes;
	bool done = false;
	FILE *file;

	if (!snap)
		return false;
	bytes = sample_bytes(snap, &size);
	snprintf(path, sizeof(path), "%s/%u-%d-%u", folder, objects, mode, columns);
	file = fopen(path, "wb");
	if (file) {
		done = fputc(mode, file) != EOF && fputc(columns, file) != EOF &&
		       fwrite(bytes, 1, size, file) == size;
		done = !fclose(file) && done;
	}
	free(bytes);
	hs_snapshot_destroy(snap);
	return done;
}

int main(int argc, char **argv)
{
	static const uint32_t counts[] = {0, 1, 2, 10, 60, 400};

	if (argc != 2 || (mkdir(argv[1], 0777) && errno != EEXIST)) {
		fprintf(stderr, "usage: make_corpus FOLDER\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		for (int mode = 0; mode < 3; mode++)
			if (!write_input(argv[1], counts[i], mode, mode == 2 ? 0x2d : 0))
				return 1;
	return 0;
}
