/* SPDX-License-Identifier: MIT */
/* test_unpack.c: compressed files, whole, cut, damaged and too large. */
#include "child.h"

#include "libsnap/memory/unpack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

enum {
	SIZE = 3 << 20,
	PACKED_SIZE = SIZE + 65536,
	LIMIT = SIZE + 1,
};

static uint8_t plain[SIZE + 1];
static uint8_t packed[2 * PACKED_SIZE];

/* Half of it zeros, the other half as good as random, its end in the middle of a page. */
static void fill_plain(size_t size)
{
	uint32_t state = 1;

	memset(plain, 0, sizeof(plain));
	for (size_t i = size / 2; i < size; i++) {
		state = state * 1103515245 + 12345;
		plain[i] = (uint8_t)(state >> 16);
	}
}

static size_t pack_zstd(uint8_t *to, size_t size)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(context, to, PACKED_SIZE, plain, size);
	ZSTD_freeCCtx(context);
	assert_false(ZSTD_isError(n));
	return n;
}

static size_t pack_gzip(uint8_t *to, size_t size)
{
	z_stream stream = {
		.next_in = plain, .avail_in = (uInt)size, .next_out = to, .avail_out = PACKED_SIZE};

	assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

/* Unpack the first @size bytes of what was packed. */
static struct hs_error *unpack(size_t size, uint64_t limit, struct hs_unpacked *ret)
{
	int fd = memfd_create("packed", MFD_CLOEXEC);
	struct hs_error *err;

	assert_int_equal(write(fd, packed, size), size);
	err = hs_unpack(fd, "packed", limit, ret);
	close(fd);
	return err;
}

/* What came out is @times times the first @size plain bytes, and its zeros take no room. */
static void assert_unpacked(const struct hs_unpacked *unpacked, size_t size, int times)
{
	uint8_t *bytes = malloc(size);
	struct stat status;

	assert_non_null(bytes);
	assert_true(unpacked->fd >= 0);
	assert_false(unpacked->cut);
	assert_int_equal(fstat(unpacked->fd, &status), 0);
	assert_int_equal(status.st_size, size * (size_t)times);
	assert_int_equal(status.st_nlink, 0);
	for (int i = 0; i < times; i++) {
		assert_int_equal(pread(unpacked->fd, bytes, size, (off_t)(size * (size_t)i)), size);
		assert_memory_equal(bytes, plain, size);
	}
	if (size >= SIZE - 1)
		assert_true((uint64_t)status.st_blocks * 512 < (uint64_t)status.st_size * 5 / 8);
	free(bytes);
	close(unpacked->fd);
}

typedef size_t pack_fn(uint8_t *to, size_t size);
static pack_fn *const packers[] = {pack_zstd, pack_gzip};

static void whole(void **state)
{
	static const size_t sizes[] = {1, 4096, 1 << 20, SIZE - 1, SIZE};
	struct hs_unpacked unpacked;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		fill_plain(sizes[i]);
		for (size_t k = 0; k < 2; k++) {
			assert_no_error(unpack(packers[k](packed, sizes[i]), LIMIT, &unpacked));
			assert_unpacked(&unpacked, sizes[i], 1);
		}
	}
}

static void one_after_the_other(void **state)
{
	struct hs_unpacked unpacked;

	(void)state;
	fill_plain(5000);
	for (size_t k = 0; k < 2; k++) {
		size_t first = packers[k](packed, 5000);
		size_t second = packers[k](packed + first, 5000);

		assert_no_error(unpack(first + second, LIMIT, &unpacked));
		assert_unpacked(&unpacked, 5000, 2);
	}
}

static void cut(void **state)
{
	struct hs_unpacked unpacked;
	struct stat status;

	(void)state;
	fill_plain(SIZE);
	for (size_t k = 0; k < 2; k++) {
		size_t size = packers[k](packed, SIZE);

		for (size_t left = size - 1; left > 10; left /= 2) {
			assert_no_error(unpack(left, LIMIT, &unpacked));
			assert_true(unpacked.cut);
			assert_int_equal(fstat(unpacked.fd, &status), 0);
			assert_true(status.st_size <= SIZE);
			close(unpacked.fd);
		}
	}
}

static void damaged(void **state)
{
	struct hs_unpacked unpacked;

	(void)state;
	fill_plain(SIZE);
	for (size_t k = 0; k < 2; k++) {
		size_t size = packers[k](packed, SIZE);

		packed[size / 2] ^= 1;
		assert_error(unpack(size, LIMIT, &unpacked), HS_ERROR_DAMAGED, "damaged");
	}
}

static void too_large(void **state)
{
	struct hs_unpacked unpacked;

	(void)state;
	fill_plain(SIZE);
	for (size_t k = 0; k < 2; k++) {
		size_t size = packers[k](packed, SIZE);

		assert_error(unpack(size, SIZE - 1, &unpacked), HS_ERROR_FAILED, "more than 2 MiB");
		assert_no_error(unpack(size, SIZE, &unpacked));
		close(unpacked.fd);
	}
}

static void other_files(void **state)
{
	struct hs_unpacked unpacked = {.fd = 7};

	(void)state;
	memcpy(packed,
	       "\x7f"
	       "ELF",
	       4);
	assert_no_error(unpack(4, LIMIT, &unpacked));
	assert_int_equal(unpacked.fd, -1);
	unpacked.fd = 7;
	assert_no_error(unpack(0, LIMIT, &unpacked));
	assert_int_equal(unpacked.fd, -1);
	memcpy(packed, "BZh91AY", 7);
	assert_error(unpack(7, LIMIT, &unpacked), HS_ERROR_UNSUPPORTED, "bzip2");
}

static void no_room(void **state)
{
	struct hs_unpacked unpacked;

	(void)state;
	fill_plain(100);
	setenv("TMPDIR", "/no/such", 1);
	assert_error(unpack(pack_gzip(packed, 100), LIMIT, &unpacked), HS_ERROR_FAILED, "TMPDIR");
	unsetenv("TMPDIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),     cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(cut),	     cmocka_unit_test(damaged),
		cmocka_unit_test(too_large), cmocka_unit_test(other_files),
		cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
