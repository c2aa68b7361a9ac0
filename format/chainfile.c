/* SPDX-License-Identifier: MIT */
/* chainfile.c: the files of a chain. */
#include "format/chainfile.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/file.h"
#include "format/base/str.h"
#include "format/layout.h"
#include "format/tables.h"
#include "format/unpack.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

/* A header's base stands near its beginning. */
enum { PEEKED = 1 << 20 };

/* What can be seen of a file without reading it; nothing of it is checked. */
struct peek {
	bool snapshot;
	uint64_t hash;
	bool chained;
	char *name; /* of the base */
	uint64_t base;
};

static void peek_deinit(struct peek *peek)
{
	free(peek->name);
	peek->name = NULL;
}

static bool read_at(int fd, void *data, size_t size, off_t offset)
{
	char *at = data;

	while (size) {
		ssize_t got = pread(fd, at, size, offset);

		if (got <= 0 && !(got < 0 && errno == EINTR))
			return false;
		if (got > 0) {
			at += got;
			offset += got;
			size -= (size_t)got;
		}
	}
	return true;
}

/* What the header at @cursor says of a base; false if memory ran out. */
static bool peek_base(struct hs_cursor cursor, struct peek *peek)
{
	struct hs_cursor hash;
	struct hs_str name;
	uint64_t kind;
	uint32_t items;

	if (!hs_unpack_array(&cursor, &items) || items != 2 || !hs_unpack_uint(&cursor, &kind) ||
	    kind != HS_SECTION_HEADER || !hs_unpack_find(&cursor, "base"))
		return true;
	hash = cursor;
	if (!hs_unpack_find(&cursor, "name") || !hs_unpack_bytes(&cursor, &name) ||
	    !hs_unpack_find(&hash, "hash") || !hs_unpack_uint(&hash, &peek->base))
		return true;
	peek->chained = true;
	peek->name = malloc(name.size + 1);
	if (!peek->name)
		return false;
	memcpy(peek->name, name.data, name.size);
	peek->name[name.size] = '\0';
	return true;
}

/* Look at the open file @fd.  False if memory ran out; a file that is none is not an error. */
static bool peek_open(int fd, struct peek *peek)
{
	uint8_t magic[HS_MAGIC_SIZE];
	uint8_t trailer[HS_TRAILER_SIZE];
	struct hs_cursor cursor = hs_cursor_over(trailer, sizeof(trailer));
	struct stat status;
	uint64_t index;
	size_t size;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode) ||
	    status.st_size < HS_MAGIC_SIZE + HS_TRAILER_SIZE)
		return true;
	/* Most files of a folder are something else: little is read of those. */
	if (!read_at(fd, magic, sizeof(magic), 0) ||
	    memcmp(magic, HS_MAGIC_BEGIN, HS_MAGIC_SIZE) != 0 ||
	    !read_at(fd, trailer, sizeof(trailer), status.st_size - HS_TRAILER_SIZE) ||
	    memcmp(trailer + 16, HS_MAGIC_END, HS_MAGIC_SIZE) != 0 ||
	    !hs_cursor_u64_le(&cursor, &index) || !hs_cursor_u64_le(&cursor, &peek->hash))
		return true;
	size = status.st_size < PEEKED ? (size_t)status.st_size : PEEKED;
	_cleanup_free_ uint8_t *data = malloc(size);
	if (!data)
		return false;
	if (!read_at(fd, data, size, 0))
		return true;
	peek->snapshot = true;
	cursor = hs_cursor_over(data, size);
	cursor.at += HS_MAGIC_SIZE;
	return peek_base(cursor, peek);
}

/* The same by name, in the folder @folder if it is relative.  *@errnum: why it cannot be opened. */
static bool peek_at(int folder, const char *path, struct peek *peek, int *errnum)
{
	/* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
	_cleanup_fd_ int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*peek = (struct peek){0};
	*errnum = fd < 0 ? errno : 0;
	if (fd < 0 || peek_open(fd, peek))
		return true;
	peek_deinit(peek);
	return false;
}

/* "FOLDER/NAME" with the folder of @path; NULL if memory ran out. */
static char *beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	const char *base = strrchr(name, '/');
	char *ret;

	if (asprintf(&ret, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path,
		     base ? base + 1 : name) < 0)
		return NULL;
	return ret;
}

/* Whether @path is the base; *@other: it is something else, *@errnum: it cannot be opened. */
static bool is_base(const char *path, uint64_t hash, struct peek *found, bool *other, int *errnum)
{
	int why;

	if (!peek_at(AT_FDCWD, path, found, &why)) {
		*errnum = ENOMEM;
		return false;
	}
	if (found->snapshot && found->hash == hash)
		return true;
	*other = *other || !why;
	if (why && why != ENOENT && why != ENOTDIR)
		*errnum = why;
	peek_deinit(found);
	return false;
}

static struct hs_error *missing_base(const char *path, const struct peek *peek, bool other,
				     int errnum)
{
	if (errnum == ENOMEM)
		return &hs_enomem;
	if (errnum)
		return hs_error_errno(errnum,
				      "%s: its base %s (hash %016" PRIx64 ") cannot be opened",
				      path, peek->name, peek->base);
	if (other)
		return hs_error_create(HS_ERROR_DAMAGED,
				       "%s: its base %s (hash %016" PRIx64
				       ") is not there: there is another file of that name",
				       path, peek->name, peek->base);
	return hs_error_create(HS_ERROR_DAMAGED,
			       "%s: its base %s (hash %016" PRIx64
			       ") is missing: put it into the same folder",
			       path, peek->name, peek->base);
}

/*
 * Find the base of the file at @path, of which @peek tells, and look at it: *@ret is its path,
 * owned by the caller.  It is beside the file, or where it was when the file was written.
 */
static struct hs_error *find_base(const char *path, const struct peek *peek, char **ret,
				  struct peek *found)
{
	_cleanup_free_ char *near = beside(path, peek->name);
	bool other = false;
	int errnum = 0;

	if (!near)
		return &hs_enomem;
	if (is_base(near, peek->base, found, &other, &errnum)) {
		*ret = hs_steal(near);
		return NULL;
	}
	if (peek->name[0] == '/' && is_base(peek->name, peek->base, found, &other, &errnum)) {
		*ret = strdup(peek->name);
		if (*ret)
			return NULL;
		peek_deinit(found);
		return &hs_enomem;
	}
	return missing_base(path, peek, other, errnum);
}

/* The paths of the files of a chain, each standing on the one after it. */
struct files {
	HS_VECTOR(char *) paths;
};

static void files_deinit(struct files *files)
{
	for (size_t i = 0; i < files->paths.size; i++)
		free(files->paths.data[i]);
	hs_vector_deinit(&files->paths);
}

static struct hs_error *too_deep(const char *path)
{
	return hs_error_create(
		HS_ERROR_DAMAGED,
		"%s: there are more than %d snapshots behind it, or they go round in "
		"a circle",
		path, HS_MAX_DEPTH);
}

static struct hs_error *find_files(const char *path, struct files *files)
{
	char *at = strdup(path);
	struct peek peek = {0};
	struct hs_error *err = NULL;
	int ignored;

	if (!at || !peek_at(AT_FDCWD, path, &peek, &ignored))
		err = &hs_enomem;
	while (!err) {
		struct peek next = {0};

		if (!hs_vector_push(&files->paths, at)) {
			err = &hs_enomem;
			break;
		}
		path = hs_steal(at);
		if (!peek.chained)
			break;
		err = files->paths.size > HS_MAX_DEPTH ? too_deep(files->paths.data[0])
						       : find_base(path, &peek, &at, &next);
		peek_deinit(&peek);
		peek = next;
	}
	peek_deinit(&peek);
	free(at);
	return err;
}

static struct hs_error *load_file(const char *path, const struct hs_snapshot *base,
				  const struct hs_open_options *options, bool verify,
				  struct hs_snapshot **ret)
{
	const void *data;
	size_t size;
	struct hs_error *err = hs_file_read(path, &data, &size);

	if (err)
		return err;
	err = hs_snapshot_load_onto(data, size, path, base, options, verify, ret);
	hs_file_release(data, size);
	if (!err && ret && !hs_arena_str((*ret)->arena, hs_str_of(path), &(*ret)->path)) {
		hs_snapshot_destroy(*ret);
		*ret = NULL;
		err = &hs_enomem;
	}
	return err;
}

struct hs_error *hs_chain_open(const char *path, const struct hs_open_options *options, bool verify,
			       struct hs_snapshot **ret)
{
	struct hs_open_options as_base = options ? *options : (struct hs_open_options){0};
	_cleanup_snapshot_ struct hs_snapshot *base = NULL;
	struct files files = {0};
	struct hs_error *err = find_files(path, &files);

	as_base.as_base = true;
	if (as_base.columns)
		as_base.columns |=
			HS_COLUMN_ADDRESS | HS_COLUMN_TYPE | HS_COLUMN_EDGES | HS_COLUMN_PREVIEW;
	for (size_t i = files.paths.size; !err && i-- > 1;) {
		struct hs_snapshot *next = NULL;

		err = load_file(files.paths.data[i], base, &as_base, verify, &next);
		if (err && err != &hs_enomem)
			err = hs_error_wrap(err, "%s: its base", path);
		hs_snapshot_destroy(base);
		base = next;
	}
	if (!err)
		err = load_file(path, base, options, verify, ret);
	files_deinit(&files);
	return err;
}

/* Whether the last parts of two paths are the same. */
static bool same_name(const char *a, const char *b)
{
	const char *left = strrchr(a, '/');
	const char *right = strrchr(b, '/');

	return !strcmp(left ? left + 1 : a, right ? right + 1 : b);
}

/* That @child in the folder of @path stands on it. */
static struct hs_error *is_needed(const char *path, const char *child)
{
	return hs_error_create(HS_ERROR_FAILED,
			       "cannot replace %s: it is the base of %s beside it, which could not "
			       "be read any more; write to another name, or make that one whole "
			       "first (heapsnap flatten)",
			       path, child);
}

struct hs_error *hs_chain_guard(const char *path)
{
	struct peek own = {0};
	struct peek peek = {0};
	struct hs_error *err = NULL;
	struct dirent *entry;
	DIR *folder;
	int ignored;

	if (!peek_at(AT_FDCWD, path, &own, &ignored))
		return &hs_enomem;
	peek_deinit(&own);
	if (!own.snapshot)
		return NULL;
	_cleanup_free_ char *name = beside(path, ".");
	if (!name)
		return &hs_enomem;
	folder = opendir(name);
	if (!folder)
		return hs_error_errno(errno, "cannot replace %s: looking for what stands on it",
				      path);
	while (!err && (entry = readdir(folder))) {
		if (!peek_at(dirfd(folder), entry->d_name, &peek, &ignored))
			err = &hs_enomem;
		else if (peek.chained && peek.base == own.hash && same_name(peek.name, path))
			err = is_needed(path, entry->d_name);
		peek_deinit(&peek);
	}
	closedir(folder);
	return err;
}

bool hs_chain_same_file(const char *a, const char *b)
{
	struct stat left;
	struct stat right;

	return !stat(a, &left) && !stat(b, &right) && left.st_dev == right.st_dev &&
	       left.st_ino == right.st_ino;
}

char *hs_chain_name(const struct hs_snapshot *base, const char *path, bool redacted)
{
	const char *own = base->path.data;
	const char *slash = strrchr(own, '/');
	_cleanup_free_ char *own_folder = beside(own, ".");
	_cleanup_free_ char *folder = beside(path, ".");
	char *ret;

	if (!own_folder || !folder)
		return NULL;
	if (redacted || (strcmp(path, "-") != 0 && hs_chain_same_file(own_folder, folder)))
		return strdup(slash ? slash + 1 : own);
	errno = 0;
	ret = realpath(own, NULL);
	return ret || errno == ENOMEM ? ret : strdup(slash ? slash + 1 : own);
}

struct hs_error *hs_output_check(const char *path, bool overwrite)
{
	struct hs_error *err = hs_file_check(path, overwrite);

	if (!err && overwrite && strcmp(path, "-") != 0)
		err = hs_chain_guard(path);
	return err;
}
