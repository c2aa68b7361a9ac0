/* SPDX-License-Identifier: MIT */
/* unpack.c: compressed files, as a file that can be read anywhere. */
#include "libsnap/memory/unpack.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <zlib.h>
#include <zstd.h>

enum {
	IN_SIZE = 1 << 18,
	OUT_SIZE = 1 << 20,
	BLOCK = 4096,	       /* zeros are left out in blocks of so many bytes */
	GZIP_WINDOW = 15 + 16, /* the largest window; the wrapping is gzip's */
};

/* One file being unpacked. */
struct unpack {
	const char *path;
	int in;
	int out;
	uint64_t done; /* bytes unpacked */
	uint64_t limit;
	bool cut;
	uint8_t *input;
	uint8_t *output;
};

/* Read the next piece; *@size is 0 at the end. */
static struct hs_error *next_input(struct unpack *unpack, size_t *size)
{
	ssize_t n;

	do
		n = read(unpack->in, unpack->input, IN_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return hs_error_errno(errno, "%s: cannot read it", unpack->path);
	*size = (size_t)n;
	return NULL;
}

static bool is_zero(const uint8_t *data, size_t size)
{
	return !data[0] && !memcmp(data, data + 1, size - 1);
}

/* Bytes from @at on of a piece of @size that lie in one block of the file to be written. */
static size_t in_block(const struct unpack *unpack, size_t at, size_t size)
{
	size_t block = BLOCK - (size_t)((unpack->done + at) % BLOCK);

	return size - at < block ? size - at : block;
}

static struct hs_error *cannot_write(const struct unpack *unpack, int errnum)
{
	return hs_error_errno(errnum,
			      "%s: cannot unpack it to a temporary file (TMPDIR says where)",
			      unpack->path);
}

/* Write what was unpacked, but for blocks of zeros. */
static struct hs_error *put(struct unpack *unpack, size_t size)
{
	if (size > unpack->limit - unpack->done)
		return hs_error_create(HS_ERROR_FAILED,
				       "%s: it unpacks to more than %llu MiB, which is not "
				       "supported",
				       unpack->path, (unsigned long long)unpack->limit >> 20);
	for (size_t at = 0; at < size;) {
		size_t end = at;
		ssize_t n;

		while (end < size && !is_zero(unpack->output + end, in_block(unpack, end, size)))
			end += in_block(unpack, end, size);
		if (end == at) {
			at += in_block(unpack, at, size);
			continue;
		}
		n = pwrite(unpack->out, unpack->output + at, end - at, (off_t)(unpack->done + at));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cannot_write(unpack, n ? errno : ENOSPC);
		at += (size_t)n;
	}
	unpack->done += size;
	return NULL;
}

static struct hs_error *damaged(const struct unpack *unpack, const char *why)
{
	return hs_error_create(HS_ERROR_DAMAGED, "%s: its compressed data is damaged: %s",
			       unpack->path, why);
}

static void free_zstd(ZSTD_DStream **stream)
{
	ZSTD_freeDStream(*stream);
}

static struct hs_error *unpack_zstd(struct unpack *unpack)
{
	hs_cleanup(free_zstd) ZSTD_DStream *stream = ZSTD_createDStream();
	size_t left = 1; /* what the decoder still waits for; 0: a frame has ended */
	size_t size = 0;

	if (!stream)
		return &hs_enomem;
	for (;;) {
		struct hs_error *err = next_input(unpack, &size);
		ZSTD_inBuffer in = {unpack->input, size, 0};
		ZSTD_outBuffer out;

		if (err)
			return err;
		if (!size)
			break;
		do {
			out = (ZSTD_outBuffer){unpack->output, OUT_SIZE, 0};
			left = ZSTD_decompressStream(stream, &out, &in);
			if (ZSTD_isError(left))
				return damaged(unpack, ZSTD_getErrorName(left));
			err = put(unpack, out.pos);
			if (err)
				return err;
			/* A full buffer may have left something behind, but not of a whole frame.
			 */
		} while (in.pos < in.size || (out.pos == OUT_SIZE && left));
	}
	unpack->cut = left != 0;
	return NULL;
}

/* Take in one piece of a gzip file, of which @ended says whether a member has just ended. */
static struct hs_error *inflate_piece(struct unpack *unpack, z_stream *stream, bool *ended)
{
	do {
		struct hs_error *err;
		int code;

		/* Another member may follow the first. */
		if (*ended && inflateReset(stream) != Z_OK)
			return &hs_enomem;
		stream->next_out = unpack->output;
		stream->avail_out = OUT_SIZE;
		code = inflate(stream, Z_NO_FLUSH);
		if (code == Z_MEM_ERROR)
			return &hs_enomem;
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			return damaged(unpack, stream->msg ? stream->msg : "not as gzip writes it");
		err = put(unpack, OUT_SIZE - stream->avail_out);
		if (err)
			return err;
		*ended = code == Z_STREAM_END;
	} while (stream->avail_in || (!stream->avail_out && !*ended));
	return NULL;
}

static void end_inflate(z_stream *stream)
{
	inflateEnd(stream);
}

static struct hs_error *unpack_gzip(struct unpack *unpack)
{
	hs_cleanup(end_inflate) z_stream stream = {0};
	struct hs_error *err = NULL;
	bool ended = false;
	size_t size = 0;

	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		return &hs_enomem;
	for (;;) {
		err = next_input(unpack, &size);
		if (err || !size)
			break;
		stream.next_in = unpack->input;
		stream.avail_in = (uInt)size;
		err = inflate_piece(unpack, &stream, &ended);
		if (err)
			break;
	}
	unpack->cut = !ended;
	return err;
}

typedef struct hs_error *unpack_fn(struct unpack *unpack);

/* By the first bytes of a file. */
static unpack_fn *find_unpacker(const uint8_t *magic, size_t size, const char **unsupported)
{
	static const struct {
		uint8_t magic[6];
		size_t size;
		unpack_fn *unpack;
		const char *name;
	} kinds[] = {
		{{0x28, 0xb5, 0x2f, 0xfd}, 4, unpack_zstd, NULL},
		{{0x1f, 0x8b}, 2, unpack_gzip, NULL},
		{{0xfd, '7', 'z', 'X', 'Z', 0}, 6, NULL, "xz"},
		{{0x04, 0x22, 0x4d, 0x18}, 4, NULL, "lz4"},
		{{'B', 'Z', 'h'}, 3, NULL, "bzip2"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (size >= kinds[i].size && !memcmp(magic, kinds[i].magic, kinds[i].size)) {
			*unsupported = kinds[i].name;
			return kinds[i].unpack;
		}
	}
	return NULL;
}

static struct hs_error *run(struct unpack *unpack, unpack_fn *unpacker)
{
	_cleanup_free_ uint8_t *input = malloc(IN_SIZE);
	_cleanup_free_ uint8_t *output = malloc(OUT_SIZE);
	struct hs_error *err;

	if (!input || !output)
		return &hs_enomem;
	unpack->input = input;
	unpack->output = output;
	if (lseek(unpack->in, 0, SEEK_SET) < 0)
		return hs_error_errno(errno, "%s: cannot read it", unpack->path);
	err = unpacker(unpack);
	/* What ends in zeros, too, is to be as long as it says. */
	if (!err && ftruncate(unpack->out, (off_t)unpack->done))
		err = cannot_write(unpack, errno);
	return err;
}

struct hs_error *hs_unpack(int fd, const char *path, uint64_t limit, struct hs_unpacked *ret)
{
	struct unpack unpack = {.path = path, .in = fd, .limit = limit};
	_cleanup_fd_ int out = -1;
	const char *unsupported = NULL;
	const char *folder;
	struct hs_error *err;
	uint8_t magic[6];
	ssize_t n = pread(fd, magic, sizeof(magic), 0);
	unpack_fn *unpacker;

	if (n < 0)
		return hs_error_errno(errno, "%s: cannot read it", path);
	unpacker = find_unpacker(magic, (size_t)n, &unsupported);
	if (unsupported)
		return hs_error_create(HS_ERROR_UNSUPPORTED,
				       "%s: it is compressed with %s, which is not supported; "
				       "unpack it first",
				       path, unsupported);
	if (!unpacker) {
		*ret = (struct hs_unpacked){.fd = -1};
		return NULL;
	}
	out = hs_file_temporary(&folder);
	if (out < 0)
		return cannot_write(&unpack, errno);
	unpack.out = out;
	err = run(&unpack, unpacker);
	if (err)
		return err;
	*ret = (struct hs_unpacked){.fd = out, .cut = unpack.cut};
	out = -1;
	return NULL;
}
