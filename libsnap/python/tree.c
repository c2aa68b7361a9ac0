/* SPDX-License-Identifier: MIT */
/* tree.c: a process and its descendants, captured together. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/vector.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/process.h"
#include "libsnap/python/capturing.h"
#include "libsnap/python/runtime.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum {
	STAT_PARENT = 4, /* as proc(5) counts fields */
	MAX_LISTINGS = 8,
	ROUND_PAUSE_MS = 1, /* before those that were not ready are asked again; four times longer
			       each time */
};

struct member {
	pid_t pid;
	pid_t parent;
	bool foreign;
	bool frozen;
	bool told; /* the caller knows what has become of it */
	struct hs_capturing *capture;
	struct hs_error *error;
};

struct tree {
	const struct hs_capture_options *options;
	hs_captured_fn *each;
	void *context;
	HS_VECTOR(struct member) members; /* parents before their children */
	size_t first;			  /* those before are done with */
	size_t prepared;		  /* those before have been looked at, and have room */
	uint64_t held;			  /* bytes that forks that wait may cost */
};

struct pair {
	pid_t pid;
	pid_t parent;
};

static void explain(const struct tree *tree, const char *format, ...) HS_PRINTF(2, 3);

static void explain(const struct tree *tree, const char *format, ...)
{
	char line[128];
	va_list args;

	if (!tree->options->explain)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	tree->options->explain(tree->options->context, line);
}

/* All processes with their parents. */
static struct hs_error *list_processes(struct pair **ret, size_t *count)
{
	HS_VECTOR(struct pair) pairs = {0};
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	if (!dir)
		return hs_error_errno(errno, "cannot list /proc");
	while ((entry = readdir(dir))) {
		struct pair pair = {.pid = (pid_t)strtol(entry->d_name, NULL, 10)};
		uint64_t parent;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !hs_proc_stat_field(pair.pid, STAT_PARENT, &parent))
			continue;
		pair.parent = (pid_t)parent;
		if (!hs_vector_push(&pairs, pair)) {
			closedir(dir);
			hs_vector_deinit(&pairs);
			return &hs_enomem;
		}
	}
	closedir(dir);
	*ret = pairs.data;
	*count = pairs.size;
	return NULL;
}

static bool is_member(const struct tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->members.size; i++)
		if (tree->members.data[i].pid == pid)
			return true;
	return false;
}

/* Our own forks of the members are processes, too. */
static bool is_ours(pid_t pid)
{
	uint64_t tracer = 0;

	return pid == getpid() ||
	       (hs_proc_status_field(pid, "TracerPid", &tracer) && tracer == (uint64_t)gettid());
}

/* Add the children of members that are not members yet; *@added counts them. */
static struct hs_error *add_children(struct tree *tree, size_t *added)
{
	_cleanup_free_ struct pair *pairs = NULL;
	size_t before = tree->members.size;
	size_t count = 0;
	struct hs_error *err;

	err = list_processes(&pairs, &count);
	if (err)
		return err;
	/* The list grows as it is walked: so do children of children come in. */
	for (size_t i = 0; i < tree->members.size; i++) {
		for (size_t k = 0; k < count; k++) {
			struct member member = {.pid = pairs[k].pid, .parent = pairs[k].parent};

			if (member.parent != tree->members.data[i].pid ||
			    is_member(tree, member.pid) || is_ours(member.pid))
				continue;
			if (!hs_vector_push(&tree->members, member))
				return &hs_enomem;
		}
	}
	*added = tree->members.size - before;
	return NULL;
}

static void fail(struct member *member, struct hs_error *err)
{
	/* It was there when it was listed. */
	if (member->parent && hs_error_code(err) == HS_ERROR_UNSUPPORTED && kill(member->pid, 0) &&
	    errno == ESRCH) {
		hs_error_destroy(err);
		err = hs_error_create(HS_ERROR_GONE, "process %d: it has ended", (int)member->pid);
	}
	member->error = err;
	hs_capturing_destroy(member->capture);
	member->capture = NULL;
}

/* Whether @pid, which could not be opened, is no Python at all. */
static bool is_foreign(pid_t pid, enum hs_error_code code)
{
	return (code == HS_ERROR_UNSUPPORTED || code == HS_ERROR_PERMISSION) &&
	       (!kill(pid, 0) || errno == EPERM) && !hs_python_seems(pid);
}

/* Look at @member; false if that is to wait, for others hold the memory that it needs. */
static bool prepare(struct tree *tree, struct member *member)
{
	struct hs_error *err = NULL;

	if (!member->capture) {
		explain(tree, "process %d", (int)member->pid);
		err = hs_capturing_open(member->pid, tree->options, &member->capture);
		member->foreign = err && is_foreign(member->pid, hs_error_code(err));
	}
	if (!err) {
		err = hs_capturing_prepare(member->capture, tree->held);
		if (err && tree->held && hs_error_code(err) == HS_ERROR_FAILED) {
			hs_error_destroy(err);
			return false;
		}
		err = hs_capturing_explain(member->capture, err);
	}
	if (err)
		fail(member, err);
	else
		tree->held += hs_capturing_held(member->capture);
	return true;
}

/* Look at members, as many as there is memory for at a time, one at least. */
static void prepare_some(struct tree *tree)
{
	for (; tree->prepared < tree->members.size; tree->prepared++) {
		if (!prepare(tree, &tree->members.data[tree->prepared])) {
			explain(tree,
				"%zu processes wait until there is memory to freeze them, too",
				tree->members.size - tree->prepared);
			return;
		}
	}
}

/* Try to freeze those prepared that are not frozen yet; how many are still to be. */
static size_t freeze_round(struct tree *tree, unsigned int round)
{
	size_t left = 0;

	for (size_t i = tree->first; i < tree->prepared; i++) {
		struct member *member = &tree->members.data[i];
		bool last = round + 1 == HS_CAPTURING_ATTEMPTS;
		struct hs_error *err;

		if (!member->capture || member->frozen)
			continue;
		explain(tree, "process %d", (int)member->pid);
		/* While one collects, freeze the others. */
		err = hs_capturing_freeze(member->capture, last, round > 0, &member->frozen);
		err = hs_capturing_explain(member->capture, err);
		if (err)
			fail(member, err);
		else
			left += !member->frozen;
	}
	return left;
}

static void freeze_some(struct tree *tree)
{
	struct timespec nap = {.tv_nsec = ROUND_PAUSE_MS * 1000000};

	for (unsigned int round = 0; round < HS_CAPTURING_ATTEMPTS; round++) {
		if (!freeze_round(tree, round))
			return;
		nanosleep(&nap, NULL);
		nap.tv_nsec *= 4;
	}
}

static void tell(struct tree *tree, struct member *member, struct hs_snapshot *snapshot)
{
	const struct hs_captured captured = {
		.pid = member->pid,
		.parent = member->parent,
		.snapshot = snapshot,
		.error = member->error,
		.foreign = member->foreign,
	};

	member->told = true;
	member->error = NULL;
	tree->each(tree->context, &captured);
}

static void read_some(struct tree *tree)
{
	for (; tree->first < tree->prepared; tree->first++) {
		struct member *member = &tree->members.data[tree->first];
		struct hs_snapshot *snapshot = NULL;
		struct hs_error *err;

		if (member->capture) {
			explain(tree, "process %d", (int)member->pid);
			err = hs_capturing_read(member->capture, &snapshot);
			err = hs_capturing_explain(member->capture, err);
			if (err)
				fail(member, err);
			hs_capturing_destroy(member->capture);
			member->capture = NULL;
		}
		tell(tree, member, snapshot);
	}
	tree->held = 0;
}

static struct hs_error *run(struct tree *tree)
{
	unsigned int listings = 0;
	struct hs_error *err;
	size_t added;

	err = add_children(tree, &added);
	if (err)
		return err;
	while (tree->first < tree->members.size) {
		do {
			prepare_some(tree);
			freeze_some(tree);
			added = 0;
			/* Some may have begun meanwhile. */
			if (tree->prepared == tree->members.size && listings++ < MAX_LISTINGS)
				err = add_children(tree, &added);
			if (err)
				return err;
		} while (added);
		read_some(tree);
	}
	return NULL;
}

static void tree_deinit(struct tree *tree)
{
	for (size_t i = 0; i < tree->members.size; i++) {
		hs_capturing_destroy(tree->members.data[i].capture);
		hs_error_destroy(tree->members.data[i].error);
	}
	hs_vector_deinit(&tree->members);
}

struct hs_error *hs_capture_tree(pid_t root, const struct hs_capture_options *options,
				 hs_captured_fn *each, void *context)
{
	static const struct hs_capture_options defaults;
	struct tree tree = {
		.options = options ? options : &defaults,
		.each = each,
		.context = context,
	};
	struct hs_error *err = hs_process_alive(root);

	if (!err && !hs_vector_push(&tree.members, ((struct member){.pid = root})))
		err = &hs_enomem;
	if (!err)
		err = run(&tree);
	tree_deinit(&tree);
	return err;
}
