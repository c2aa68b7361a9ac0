/* SPDX-License-Identifier: MIT */
/* processes.c: the Python processes of this machine. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/vector.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/process.h"
#include "libsnap/python/runtime.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <heapsnap/capture.h>
#include <stdio.h>
#include <string.h>

/* The Python among the files that the process has mapped. */
static bool guess_by_maps(const struct hs_maps *maps, struct hs_python_guess *ret)
{
	bool found = false;

	for (size_t i = 0; i < maps->size; i++) {
		struct hs_python_guess guess;

		if (!maps->data[i].inode || !hs_python_guess(maps->data[i].name, &guess))
			continue;
		/* A library tells more than a program called python3. */
		if (!found || guess.major || guess.pypy)
			*ret = guess;
		found = true;
		if (guess.major || guess.pypy)
			break;
	}
	return found;
}

/* The only thing that can be seen of other users' processes is what they call themselves. */
static bool guess_by_command(struct hs_str command, struct hs_python_guess *ret)
{
	return command.size && hs_python_guess(command.data, ret);
}

bool hs_python_seems(pid_t pid)
{
	_cleanup_free_ char *command = NULL;
	struct hs_python_guess guess;
	struct hs_maps maps = {0};
	struct hs_error *err = hs_maps_read(pid, &maps);
	size_t size = 0;
	bool seems;

	if (!err) {
		seems = guess_by_maps(&maps, &guess);
		hs_maps_deinit(&maps);
		return seems;
	}
	hs_error_destroy(err);
	err = hs_proc_read(pid, "cmdline", &command, &size);
	hs_error_destroy(err);
	return guess_by_command((struct hs_str){command, size}, &guess);
}

static char *version_of(const struct hs_python_guess *guess)
{
	char *text = NULL;

	if (guess->major && asprintf(&text, "%u.%u", guess->major, guess->minor) < 0)
		return NULL;
	return text;
}

/* Describe process @pid; false if it is no Python, has ended, or memory ran out. */
static bool describe(pid_t pid, struct hs_python_process *ret)
{
	struct hs_python_process process = {.pid = pid};
	struct hs_python_guess guess = {0};
	struct hs_maps maps = {0};
	struct hs_error *err;
	bool refused = false;
	bool python = false;
	char *command = NULL;
	uint64_t kib = 0;

	err = hs_proc_read(pid, "cmdline", &command, &process.command.size);
	hs_error_destroy(err);
	process.command.data = command;
	err = hs_maps_read(pid, &maps);
	if (err) {
		refused = hs_error_code(err) == HS_ERROR_PERMISSION;
		hs_error_destroy(err);
	}
	if (refused)
		python = guess_by_command(process.command, &guess);
	else
		python = guess_by_maps(&maps, &guess);
	hs_maps_deinit(&maps);
	if (!python) {
		free(command);
		return false;
	}
	if (hs_proc_status_field(pid, "VmRSS", &kib))
		process.resident = kib * 1024;
	process.version = version_of(&guess);
	process.unsupported = hs_python_unsupported(&guess);
	if (!process.unsupported && refused) {
		err = hs_process_refused(pid);
		process.unsupported = strdup(hs_error_message(err));
		hs_error_destroy(err);
	}
	*ret = process;
	return true;
}

static int by_pid(const void *a, const void *b)
{
	const struct hs_python_process *left = a;
	const struct hs_python_process *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

struct hs_error *hs_python_processes(struct hs_python_process **ret, size_t *count)
{
	HS_VECTOR(struct hs_python_process) found = {0};
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	if (!dir)
		return hs_error_errno(errno, "cannot list /proc");
	while ((entry = readdir(dir))) {
		struct hs_python_process process;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !describe((pid_t)strtol(entry->d_name, NULL, 10), &process))
			continue;
		if (!hs_vector_push(&found, process)) {
			closedir(dir);
			hs_python_processes_destroy(found.data, found.size);
			return &hs_enomem;
		}
	}
	closedir(dir);
	if (found.size)
		qsort(found.data, found.size, sizeof(*found.data), by_pid);
	*ret = found.data;
	*count = found.size;
	return NULL;
}

void hs_python_processes_destroy(struct hs_python_process *processes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(processes[i].version);
		free(processes[i].unsupported);
		free((char *)processes[i].command.data);
	}
	free(processes);
}
