/* SPDX-License-Identifier: MIT */
/* make_corpus_core.c: writes the corpus of fuzz_core into a folder: small cores of several kinds.
 */
#include "unit/memory/corefile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

static uint8_t core[CORE_SIZE_MAX];
static uint8_t packed[CORE_SIZE_MAX + 1024];

static bool write_input(const char *folder, const char *name, const uint8_t *data, size_t size)
{
	char path[4096];
	bool done = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	if (file) {
		done = fwrite(data, 1, size, file) == size;
		done = !fclose(file) && done;
	}
	return done;
}

/*
 * A process with a program, a library that is not there, a heap, and a stack.  Without the @header
 * of the program nobody can tell that it is another one than here.
 */
static size_t make_whole(uint64_t header)
{
	const struct core_segment segments[] = {
		{0x400000, 0x3000, PF_R, header, 0},
		{0x403000, 0x4000, PF_R | PF_X, 0, 0},
		{0x407000, 0x2000, PF_R | PF_W, 0x2000, 0x5a},
		{0x409000, 0x3000, PF_R | PF_W, 0x3000, 0},
		{0x600000, 0x10000, PF_R | PF_W, 0, 0},
		{0x7f0000000000, 0x2000, PF_R, 0x1000, 0x7f},
		{0x7f0000002000, 0x2000, PF_R | PF_W, 0, 0},
		{0x7ffc00000000, 0x2000, PF_R | PF_W, 0x2000, 0x11},
		{0xffffffffff600000, 0x1000, PF_R | PF_X, 0x1000, 0xcc},
	};
	static const struct core_file files[] = {
		{0x400000, 0x403000, 0, "/bin/true"},
		{0x403000, 0x407000, 3, "/bin/true"},
		{0x407000, 0x409000, 7, "/bin/true"},
		{0x7f0000000000, 0x7f0000001000, 0, "/gone"},
		{0x7f0000001000, 0x7f0000005000, 1, ""},
	};
	static const uint64_t auxv[] = {
		AT_PAGESZ,	CORE_PAGE, AT_ENTRY,	   0x403010, AT_RANDOM,
		0x7ffc00001800, AT_EXECFN, 0x7ffc00001f00, AT_NULL,  0};
	struct core_notes notes = {.size = 0};
	size_t size;

	core_note_process(&notes, 4711, "true --and more");
	core_note(&notes, NT_AUXV, auxv, sizeof(auxv));
	core_note_files(&notes, files, sizeof(files) / sizeof(*files));
	size = core_build(core, segments, sizeof(segments) / sizeof(*segments), &notes);
	/* The stack, of which the last page begins so many bytes before the end. */
	memcpy(core + size - 0x2000 + 0x800, auxv, sizeof(auxv));
	return size;
}

static size_t make_plain(void)
{
	static const struct core_segment segments[] = {
		{0x10000, 0x4000, PF_R | PF_W, 0x4000, 1},
		{0x12000, 0x4000, PF_R | PF_W, 0x1000, 2},
		{0x8000, 0x9000, PF_R, 0x2000, 3},
	};
	struct core_notes notes = {.size = 0};

	return core_build(core, segments, sizeof(segments) / sizeof(*segments), &notes);
}

static size_t pack_gzip(size_t size)
{
	z_stream stream = {.next_in = core,
			   .avail_in = (uInt)size,
			   .next_out = packed,
			   .avail_out = sizeof(packed)};

	if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&stream, Z_FINISH) != Z_STREAM_END)
		return 0;
	deflateEnd(&stream);
	return stream.total_out;
}

int main(int argc, char **argv)
{
	size_t size;
	bool done;

	if (argc != 2 || (mkdir(argv[1], 0777) && errno != EEXIST)) {
		fprintf(stderr, "usage: make_corpus FOLDER\n");
		return 1;
	}
	size = make_plain();
	done = write_input(argv[1], "plain", core, size);
	size = make_whole(0);
	done = done && write_input(argv[1], "files", core, size) &&
	       write_input(argv[1], "files-cut", core, size - 0x4800);
	size = make_whole(CORE_PAGE);
	done = done && write_input(argv[1], "whole", core, size) &&
	       write_input(argv[1], "cut", core, size - 0x3800) &&
	       write_input(argv[1], "headers", core, 0x400);
	done = done && write_input(argv[1], "zstd", packed,
				   ZSTD_compress(packed, sizeof(packed), core, size, 3));
	done = done && write_input(argv[1], "gzip", packed, pack_gzip(size));
	return !done;
}
