/* SPDX-License-Identifier: MIT */
/* make_corpus_codec.c: writes the corpus of fuzz_codec into a folder: values by each codec. */
#include "format/codec.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum { CODECS = 5, COUNT = 24 };

/* Small values, and now and then a large one. */
static uint64_t value(unsigned int i)
{
	return i % 5 ? i / 3 : (uint64_t)0x9e3779b97f4a7c15 >> (7 * i) % 64;
}

/* Bytes that codec number @codec of fuzz_codec.c reads. */
static bool encode(struct hs_bytes *bytes, int codec)
{
	struct hs_dictionary dictionary = {0};
	struct hs_plane_writer writer;
	size_t cuts[HS_VARINT_MAX];
	uint64_t values[COUNT];
	uint32_t small[COUNT];
	bool done;

	for (unsigned int i = 0; i < COUNT; i++) {
		values[i] = value(i);
		small[i] = i / 3;
	}
	switch (codec) {
	case 0:
		return hs_encode_varint(bytes, values, COUNT);
	case 1:
		return hs_encode_delta(bytes, values, COUNT);
	case 2:
		return hs_encode_words(bytes, values, COUNT);
	case 3:
		if (!hs_planes_begin(&writer, bytes, COUNT, HS_VARINT_MAX))
			return false;
		for (int i = 0; i < COUNT; i++)
			hs_planes_put(&writer, values[i]);
		return hs_planes_end(&writer, cuts) > 0;
	default:
		done = hs_dictionary_init(&dictionary, COUNT) &&
		       hs_encode_dictionary(bytes, small, COUNT, &dictionary);
		hs_dictionary_deinit(&dictionary);
		return done;
	}
}

int main(int argc, char **argv)
{
	if (argc != 2 || (mkdir(argv[1], 0777) && errno != EEXIST)) {
		fprintf(stderr, "usage: make_corpus FOLDER\n");
		return 1;
	}
	for (int codec = 0; codec < CODECS; codec++) {
		struct hs_bytes bytes = {0};
		char path[4096];
		FILE *file;
		bool done;

		snprintf(path, sizeof(path), "%s/%d", argv[1], codec);
		file = fopen(path, "wb");
		done = file && encode(&bytes, codec) && fputc(codec, file) != EOF &&
		       fputc(COUNT, file) != EOF &&
		       fwrite(bytes.data, 1, bytes.size, file) == bytes.size;
		done = (!file || !fclose(file)) && done;
		hs_bytes_deinit(&bytes);
		if (!done)
			return 1;
	}
	return 0;
}
