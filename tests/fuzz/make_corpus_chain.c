/* SPDX-License-Identifier: MIT */
/* make_corpus_chain.c: writes the corpus of fuzz_chain into a folder: bases with what stands on
 * them. */
#include "unit/format/model.h"

#include <errno.h>
#include <sys/stat.h>

/* The bytes of @snap as a file; against the one that @base_bytes are, if there are any. */
static uint8_t *save(const struct hs_snapshot *snap, const uint8_t *base_bytes, size_t base_size,
		     size_t *size)
{
	struct hs_open_options as_base = {.as_base = true};
	struct hs_save_options options = {0};
	struct hs_snapshot *base = NULL;
	char path[64];
	uint8_t *bytes;

	sample_path(path);
	if (base_bytes) {
		FILE *file = fopen(path, "wb");

		assert_non_null(file);
		assert_int_equal(fwrite(base_bytes, 1, base_size, file), base_size);
		fclose(file);
		assert_null(hs_snapshot_open(path, &as_base, &base));
		unlink(path);
		options.base = base;
	}
	assert_null(hs_snapshot_save(snap, path, &options));
	bytes = sample_read(path, size);
	sample_remove(path);
	hs_snapshot_destroy(base);
	return bytes;
}

static void write_input(const char *folder, uint32_t objects, int mode)
{
	struct model model;
	struct hs_snapshot *first;
	struct hs_snapshot *second;
	char path[4096];
	size_t sizes[2];
	uint8_t *bytes[2];
	FILE *file;

	model_init(&model, objects, objects + 1);
	first = model_snapshot(&model);
	bytes[0] = save(first, NULL, 0, &sizes[0]);
	model_go_on(&model, 10);
	model_go_on(&model, 10);
	model_go_on(&model, 10);
	second = model_snapshot(&model);
	bytes[1] = save(second, bytes[0], sizes[0], &sizes[1]);
	snprintf(path, sizeof(path), "%s/%u-%d", folder, objects, mode);
	file = fopen(path, "wb");
	assert_non_null(file);
	fputc(mode, file);
	for (int i = 0; i < 4; i++)
		fputc((int)(sizes[0] >> 8 * i & 0xff), file);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fwrite(bytes[i], 1, sizes[i], file), sizes[i]);
		free(bytes[i]);
	}
	assert_int_equal(fclose(file), 0);
	hs_snapshot_destroy(first);
	hs_snapshot_destroy(second);
	model_deinit(&model);
}

int main(int argc, char **argv)
{
	static const uint32_t counts[] = {1, 2, 10, 60, 400};

	if (argc != 2 || (mkdir(argv[1], 0777) && errno != EEXIST)) {
		fprintf(stderr, "usage: make_corpus FOLDER\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		for (int mode = 0; mode < 4; mode++)
			write_input(argv[1], counts[i], mode);
	return 0;
}
