/* SPDX-License-Identifier: MIT */
/* file.c: writing atomically, reading whole. */
#include "format/base/file.h"

#include "format/base/cleanup.h"
#include "format/base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

enum {
	BUFFER_SIZE = 256 << 10,
	TRIES = 100, /* of random names, before giving up */
	READ_MAX = 1 << 30,
};

struct hs_file_writer {
	char *path;
	const char *name; /* within path, after the last slash */
	bool overwrite;
	int directory; /* -1: standard output */
	int fd;
	char temporary[32]; /* name in the directory; empty if there is none */
	bool guarded;	    /* signals that would end the process are held back */
	sigset_t held;	    /* which, of those that were not held back anyway */
	pthread_t owner;    /* by which thread */
	struct hs_error *error;
	uint64_t offset;
	uint64_t spent_ns;
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
	if (writer->directory < 0)
		return hs_error_errno(errnum,
				      "writing standard output: what is there is not whole");
	if (errnum == ENOSPC || errnum == EDQUOT)
		return hs_error_errno(errnum,
				      "writing %s: nothing was kept; free some space or write to "
				      "another place",
				      writer->path);
	return hs_error_errno(errnum, "writing %s", writer->path);
}

static struct hs_error *exists_error(const char *path)
{
	return hs_error_create(HS_ERROR_FAILED,
			       "cannot write %s: exists already and is only replaced by "
			       "force (-f)",
			       path);
}

/*
 * Whether what is at @name may be replaced.  Renaming over a device, a pipe or a link would take
 * it away from others.
 */
static struct hs_error *check_existing(const struct hs_file_writer *writer)
{
	struct stat status;

	if (fstatat(writer->directory, writer->name, &status, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENAMETOOLONG)
			return hs_error_errno(errno, "cannot write %s", writer->path);
		return NULL; /* not there, as it should be; other failures show later */
	}
	if (S_ISDIR(status.st_mode))
		return hs_error_create(HS_ERROR_FAILED, "cannot write %s: is a folder",
				       writer->path);
	if (!S_ISREG(status.st_mode))
		return hs_error_create(HS_ERROR_FAILED, "cannot write %s: not a regular file",
				       writer->path);
	return writer->overwrite ? NULL : exists_error(writer->path);
}

static struct hs_error *open_directory(struct hs_file_writer *writer)
{
	char *slash = strrchr(writer->path, '/');

	writer->name = slash ? slash + 1 : writer->path;
	if (!*writer->name)
		return hs_error_create(HS_ERROR_FAILED, "cannot write %s: not the name of a file",
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
		return hs_error_errno(errno, "cannot write %s: its folder", writer->path);
	return NULL;
}

/* Where the file with descriptor @fd can be linked from. */
static void descriptor_path(int fd, char *buffer, size_t size)
{
	snprintf(buffer, size, "/proc/self/fd/%d", fd);
}

/*
 * A file without a name: if the process is killed, nothing stays.  False if the file system has
 * none, or if nobody could give it a name later.
 */
static bool open_nameless(struct hs_file_writer *writer)
{
	char path[32];
	int fd = openat(writer->directory, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;
	descriptor_path(fd, path, sizeof(path));
	if (access(path, F_OK)) {
		close(fd);
		return false;
	}
	writer->fd = fd;
	return true;
}

/* As long as a temporary name exists, hold back signals that would leave it behind. */
static void guard(struct hs_file_writer *writer)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t before;

	if (writer->guarded)
		return;
	sigemptyset(&writer->held);
	if (pthread_sigmask(SIG_BLOCK, NULL, &before))
		return;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		struct sigaction action;

		/* One that is ignored would be pending all the same. */
		if (!sigismember(&before, signals[i]) && !sigaction(signals[i], NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			sigaddset(&writer->held, signals[i]);
	}
	writer->owner = pthread_self();
	writer->guarded = !pthread_sigmask(SIG_BLOCK, &writer->held, NULL);
}

/* The temporary name is gone: whatever was held back may come. */
static void unguard(struct hs_file_writer *writer)
{
	if (writer->guarded)
		pthread_sigmask(SIG_UNBLOCK, &writer->held, NULL);
	writer->guarded = false;
}

static void unlink_temporary(struct hs_file_writer *writer)
{
	if (writer->temporary[0])
		unlinkat(writer->directory, writer->temporary, 0);
	writer->temporary[0] = '\0';
}

static void remove_temporary(struct hs_file_writer *writer)
{
	unlink_temporary(writer);
	unguard(writer);
}

/* Give up at once if a signal waits; mostly this does not return then. */
static void heed_signals(struct hs_file_writer *writer)
{
	sigset_t pending;

	if (!writer->guarded || sigpending(&pending))
		return;
	sigandset(&pending, &pending, &writer->held);
	if (sigisemptyset(&pending))
		return;
	keep(writer, hs_error_create(HS_ERROR_FAILED, "writing %s: interrupted", writer->path));
	/* Only the thread that holds signals back can let them come: in the end it does. */
	if (pthread_equal(pthread_self(), writer->owner))
		remove_temporary(writer);
	else
		unlink_temporary(writer);
}

/* Have @make take random names until one is free. */
static struct hs_error *take_name(struct hs_file_writer *writer,
				  int (*make)(struct hs_file_writer *writer, const char *name))
{
	int errnum;

	guard(writer);
	for (int i = 0; i < TRIES; i++) {
		char name[sizeof(writer->temporary)];
		uint64_t number;

		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			break;
		snprintf(name, sizeof(name), ".%016llx.tmp", (unsigned long long)number);
		if (make(writer, name) >= 0) {
			memcpy(writer->temporary, name, sizeof(name));
			return NULL;
		}
		if (errno != EEXIST)
			break;
	}
	errnum = errno;
	unguard(writer);
	return hs_error_errno(errnum, "cannot write %s", writer->path);
}

static int create_named(struct hs_file_writer *writer, const char *name)
{
	writer->fd = openat(writer->directory, name,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return writer->fd;
}

/* Give the file without a name one. */
static int link_nameless(struct hs_file_writer *writer, const char *name)
{
	char path[32];

	descriptor_path(writer->fd, path, sizeof(path));
	return linkat(AT_FDCWD, path, writer->directory, name, AT_SYMLINK_FOLLOW);
}

static struct hs_error *open_temporary(struct hs_file_writer *writer)
{
	return open_nameless(writer) ? NULL : take_name(writer, create_named);
}

static struct hs_error *writer_create(const char *path, bool overwrite, struct hs_file_writer **ret)
{
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
	*ret = hs_steal(writer);
	return NULL;
}

struct hs_error *hs_file_writer_create(const char *path, bool overwrite,
				       struct hs_file_writer **ret)
{
	_cleanup_file_writer_ struct hs_file_writer *writer = NULL;
	struct hs_error *err = writer_create(path, overwrite, &writer);

	if (err)
		return err;
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

struct hs_error *hs_file_check(const char *path, bool overwrite)
{
	_cleanup_file_writer_ struct hs_file_writer *writer = NULL;
	struct hs_error *err = writer_create(path, overwrite, &writer);

	if (err || !strcmp(path, "-"))
		return err;
	err = open_directory(writer);
	if (!err)
		err = check_existing(writer);
	if (!err && faccessat(writer->directory, ".", W_OK | X_OK, AT_EACCESS))
		err = hs_error_errno(errno, "cannot write %s: its folder", path);
	return err;
}

void hs_file_writer_give(struct hs_file_writer *writer, uint32_t uid, uint32_t gid)
{
	if (writer->directory >= 0 && fchown(writer->fd, uid, gid))
		keep(writer, hs_error_errno(errno, "writing %s: giving it to user %u", writer->path,
					    (unsigned int)uid));
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void write_out(struct hs_file_writer *writer, const char *data, size_t size)
{
	const uint64_t start = now_ns();

	while (size && !writer->error) {
		ssize_t written = write(writer->fd, data, size);

		if (written < 0) {
			if (errno != EINTR)
				keep(writer, write_error(writer, errno));
			continue;
		}
		data += written;
		size -= (size_t)written;
		heed_signals(writer);
	}
	writer->spent_ns += now_ns() - start;
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

uint64_t hs_file_writer_spent(const struct hs_file_writer *writer)
{
	return writer->spent_ns;
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

/* Put the file where it belongs. */
static struct hs_error *place(struct hs_file_writer *writer)
{
	struct hs_error *err;

	if (!writer->overwrite) {
		if (writer->temporary[0])
			return rename_exclusive(writer);
		if (!link_nameless(writer, writer->name))
			return NULL;
		return errno == EEXIST ? exists_error(writer->path) : write_error(writer, errno);
	}
	err = check_existing(writer);
	/* A link cannot replace anything, a renaming can; it needs a name to begin with. */
	if (!err && !writer->temporary[0])
		err = take_name(writer, link_nameless);
	if (err)
		return err;
	if (renameat(writer->directory, writer->temporary, writer->directory, writer->name))
		return write_error(writer, errno);
	return NULL;
}

static struct hs_error *finish_file(struct hs_file_writer *writer)
{
	struct hs_error *err;

	if (fsync(writer->fd))
		return write_error(writer, errno);
	heed_signals(writer);
	if (writer->error)
		return NULL; /* kept already */
	err = place(writer);
	if (err)
		return err;
	writer->temporary[0] = '\0';
	unguard(writer);
	fsync(writer->directory); /* not all file systems can; the file is whole either way */
	return NULL;
}

struct hs_error *hs_file_writer_commit(struct hs_file_writer *writer)
{
	uint64_t start;

	flush(writer);
	start = now_ns();
	if (!writer->error && writer->directory >= 0) {
		struct hs_error *err = finish_file(writer);

		if (err)
			keep(writer, err);
	}
	writer->spent_ns += now_ns() - start;
	return hs_steal(writer->error);
}

void hs_file_writer_destroy(struct hs_file_writer *writer)
{
	if (!writer)
		return;
	remove_temporary(writer);
	if (writer->directory >= 0) {
		close(writer->directory);
		if (writer->fd >= 0)
			close(writer->fd);
	}
	hs_error_destroy(writer->error);
	free(writer->path);
	free(writer);
}

/* Read @size bytes; the file may have become shorter meanwhile. */
static struct hs_error *read_all(int fd, const char *path, char *data, size_t size)
{
	while (size) {
		ssize_t got = read(fd, data, size);

		if (got < 0 && errno != EINTR)
			return hs_error_errno(errno, "reading %s", path);
		if (!got)
			return hs_error_create(HS_ERROR_DAMAGED,
					       "%s: became shorter while it was read", path);
		if (got > 0) {
			data += got;
			size -= (size_t)got;
		}
	}
	return NULL;
}

static struct hs_error *open_regular(const char *path, int *ret, size_t *size)
{
	struct stat status;

	/* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* ENXIO: a socket, or a device that is not there. */
	if (fd < 0 && errno == ENXIO)
		return hs_error_create(HS_ERROR_DAMAGED, "%s: not a regular file", path);
	if (fd < 0 || fstat(fd, &status))
		return hs_error_errno(errno, "%s", path);
	if (!S_ISREG(status.st_mode))
		return hs_error_create(HS_ERROR_DAMAGED, "%s: not a regular file", path);
	*size = (size_t)status.st_size;
	*ret = fd;
	fd = -1;
	return NULL;
}

struct hs_error *hs_file_read(const char *path, const void **ret, size_t *ret_size)
{
	_cleanup_fd_ int fd = -1;
	_cleanup_free_ char *data = NULL;
	struct hs_error *err;
	size_t size = 0;
	void *mapped;

	err = open_regular(path, &fd, &size);
	if (err)
		return err;
	if (size > READ_MAX) {
		mapped = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (mapped == MAP_FAILED)
			return hs_error_errno(errno, "%s: cannot be mapped", path);
		*ret = mapped;
	} else {
		data = size ? malloc(size) : NULL;
		if (size && !data)
			return &hs_enomem;
		err = read_all(fd, path, data, size);
		if (err)
			return err;
		*ret = hs_steal(data);
	}
	*ret_size = size;
	return NULL;
}

void hs_file_release(const void *data, size_t size)
{
	if (size > READ_MAX)
		munmap((void *)(uintptr_t)data, size);
	else
		free((void *)(uintptr_t)data);
}

int hs_file_temporary(const char **folder)
{
	const char *set = secure_getenv("TMPDIR");
	char *path;
	int fd;

	*folder = set && *set ? set : "/var/tmp";
	fd = open(*folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	/* Not all file systems have such. */
	if (asprintf(&path, "%s/heapsnap-XXXXXX", *folder) < 0)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}
