/* SPDX-License-Identifier: MIT */
/* file.c: writing atomically, mapping. */
#include "format/base/file.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

enum {
	BUFFER_SIZE = 256 << 10,
	TRIES = 100, /* of random names, before giving up */
};

struct hs_file_writer {
	char *path;
	const char *name; /* within path, after the last slash */
	bool overwrite;
	int directory; /* -1: standard output */
	int fd;
	char temporary[32]; /* name in the directory; empty if there is none */
	struct hs_error *error;
	uint64_t offset;
	size_t buffered;
	char buffer[BUFFER_SIZE];
};

static void keep(struct hs_file_writer *writer, struct hs_error *err)
{
	if (writer->error)
		hs_error_destroy(err);
	else
		writer->error = err;
}

static struct hs_error *write_error(const struct hs_file_writer *writer, int errnum)
{
	if (errnum == ENOSPC || errnum == EDQUOT)
		return hs_error_errno(errnum,
				      "writing %s: nothing was kept; free some space or write to "
				      "another place",
				      writer->path);
	return hs_error_errno(errnum, "writing %s", writer->path);
}

static struct hs_error *exists_error(const char *path)
{
	return hs_error_create(HS_ERROR_FAILED, "%s: exists already and was not touched", path);
}

/* Refuse early what commit would refuse, and to replace a device or the like. */
static struct hs_error *check_existing(const struct hs_file_writer *writer)
{
	struct stat status;

	if (fstatat(writer->directory, writer->name, &status, AT_SYMLINK_NOFOLLOW))
		return NULL; /* not there, as it should be; other failures show later */
	if (!writer->overwrite)
		return exists_error(writer->path);
	if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
		return hs_error_create(HS_ERROR_FAILED, "%s: not a regular file, not replaced",
				       writer->path);
	return NULL;
}

static struct hs_error *open_directory(struct hs_file_writer *writer)
{
	char *slash = strrchr(writer->path, '/');

	writer->name = slash ? slash + 1 : writer->path;
	if (!*writer->name)
		return hs_error_create(HS_ERROR_FAILED, "%s: is not the name of a file",
				       writer->path);
	if (!slash) {
		writer->directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else if (slash == writer->path) {
		writer->directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		*slash = '\0';
		writer->directory = open(writer->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		*slash = '/';
	}
	if (writer->directory < 0)
		return hs_error_errno(errno, "%s: its directory cannot be opened", writer->path);
	return NULL;
}

static struct hs_error *open_temporary(struct hs_file_writer *writer)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t number;

		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return hs_error_errno(errno, "%s: no random name", writer->path);
		snprintf(writer->temporary, sizeof(writer->temporary), ".%016llx.tmp",
			 (unsigned long long)number);
		writer->fd = openat(writer->directory, writer->temporary,
				    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (writer->fd >= 0)
			return NULL;
		writer->temporary[0] = '\0';
		if (errno != EEXIST)
			break;
	}
	return hs_error_errno(errno, "%s: cannot be created", writer->path);
}

struct hs_error *hs_file_writer_create(const char *path, bool overwrite,
				       struct hs_file_writer **ret)
{
	struct hs_error *err;

	_cleanup_file_writer_ struct hs_file_writer *writer = malloc(sizeof(*writer));
	if (!writer)
		return &hs_enomem;
	memset(writer, 0, offsetof(struct hs_file_writer, buffer));
	writer->overwrite = overwrite;
	writer->directory = -1;
	writer->fd = -1;
	writer->path = strdup(path);
	if (!writer->path)
		return &hs_enomem;
	if (!strcmp(path, "-")) {
		writer->fd = STDOUT_FILENO;
	} else {
		err = open_directory(writer);
		if (!err)
			err = check_existing(writer);
		if (!err)
			err = open_temporary(writer);
		if (err)
			return err;
	}
	*ret = hs_steal(writer);
	return NULL;
}

static void write_out(struct hs_file_writer *writer, const char *data, size_t size)
{
	while (size && !writer->error) {
		ssize_t written = write(writer->fd, data, size);

		if (written < 0) {
			if (errno != EINTR)
				keep(writer, write_error(writer, errno));
			continue;
		}
		data += written;
		size -= (size_t)written;
	}
}

static void flush(struct hs_file_writer *writer)
{
	write_out(writer, writer->buffer, writer->buffered);
	writer->buffered = 0;
}

void hs_file_writer_write(struct hs_file_writer *writer, const void *data, size_t size)
{
	if (writer->error || !size)
		return;
	writer->offset += size;
	if (size > BUFFER_SIZE - writer->buffered)
		flush(writer);
	if (size >= BUFFER_SIZE) {
		write_out(writer, data, size);
		return;
	}
	memcpy(writer->buffer + writer->buffered, data, size);
	writer->buffered += size;
}

uint64_t hs_file_writer_offset(const struct hs_file_writer *writer)
{
	return writer->offset;
}

/*
 * Give the temporary file its name without ever replacing another: renameat2() where the file
 * system has it, else a second link.
 */
static struct hs_error *rename_exclusive(struct hs_file_writer *writer)
{
	if (!renameat2(writer->directory, writer->temporary, writer->directory, writer->name,
		       RENAME_NOREPLACE))
		return NULL;
	if (errno == EINVAL || errno == ENOSYS) {
		if (!linkat(writer->directory, writer->temporary, writer->directory, writer->name,
			    0)) {
			unlinkat(writer->directory, writer->temporary, 0);
			return NULL;
		}
	}
	if (errno == EEXIST)
		return exists_error(writer->path);
	return write_error(writer, errno);
}

static struct hs_error *finish_file(struct hs_file_writer *writer)
{
	struct hs_error *err;

	if (fsync(writer->fd))
		return write_error(writer, errno);
	if (writer->overwrite) {
		err = check_existing(writer);
		if (err)
			return err;
		if (renameat(writer->directory, writer->temporary, writer->directory, writer->name))
			return write_error(writer, errno);
	} else {
		err = rename_exclusive(writer);
		if (err)
			return err;
	}
	writer->temporary[0] = '\0';
	fsync(writer->directory); /* not all file systems can; the file is whole either way */
	return NULL;
}

struct hs_error *hs_file_writer_commit(struct hs_file_writer *writer)
{
	flush(writer);
	if (!writer->error && writer->directory >= 0)
		keep(writer, finish_file(writer));
	return hs_steal(writer->error);
}

void hs_file_writer_destroy(struct hs_file_writer *writer)
{
	if (!writer)
		return;
	if (writer->temporary[0])
		unlinkat(writer->directory, writer->temporary, 0);
	if (writer->directory >= 0) {
		close(writer->directory);
		if (writer->fd >= 0)
			close(writer->fd);
	}
	hs_error_destroy(writer->error);
	free(writer->path);
	free(writer);
}

struct hs_error *hs_file_map(const char *path, const void **ret, size_t *size)
{
	struct stat status;
	void *data;

	/* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status))
		return hs_error_errno(errno, "%s", path);
	if (!S_ISREG(status.st_mode))
		return hs_error_create(HS_ERROR_FAILED, "%s: not a regular file", path);
	if (!status.st_size) {
		*ret = NULL;
		*size = 0;
		return NULL;
	}
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return hs_error_errno(errno, "%s: cannot be mapped", path);
	*ret = data;
	*size = (size_t)status.st_size;
	return NULL;
}

void hs_file_unmap(const void *data, size_t size)
{
	if (data)
		munmap((void *)(uintptr_t)data, size);
}
