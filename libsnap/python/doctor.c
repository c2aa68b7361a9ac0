/* SPDX-License-Identifier: MIT */
/* doctor.c: would a snapshot work here, and if not, why? */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/vector.h"
#include "libsnap/memory/fork.h"
#include "libsnap/memory/headroom.h"
#include "libsnap/memory/proc.h"
#include "libsnap/memory/refused.h"
#include "libsnap/python/room.h"
#include "libsnap/python/runtime.h"

#include <heapsnap/capture.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	MAX_CHECKS = 16,
	LITTLE_MEMORY_MIB = 256,
};

static void add(struct hs_diagnosis *diagnosis, const char *name, enum hs_check_state state,
		const char *format, ...) HS_PRINTF(4, 5);

static void add(struct hs_diagnosis *diagnosis, const char *name, enum hs_check_state state,
		const char *format, ...)
{
	struct hs_check *check = &diagnosis->checks[diagnosis->count];
	va_list args;
	int size;

	va_start(args, format);
	size = vasprintf(&check->text, format, args);
	va_end(args);
	if (size < 0)
		check->text = NULL;
	check->name = name;
	check->state = state;
	diagnosis->count++;
}

/* Consumes @err, in which the way ends. */
static void add_error(struct hs_diagnosis *diagnosis, const char *name, struct hs_error *err)
{
	if (!diagnosis->code)
		diagnosis->code = (int)hs_error_code(err);
	add(diagnosis, name, HS_CHECK_BAD, "%s", hs_error_message(err));
	hs_error_destroy(err);
}

static void check_user(struct hs_diagnosis *diagnosis, const struct hs_trace_facts *facts)
{
	if (facts->may_trace_anything)
		add(diagnosis, "privileges", HS_CHECK_GOOD,
		    "user %u with CAP_SYS_PTRACE: may read any process", (unsigned int)facts->uid);
	else if (facts->uid)
		add(diagnosis, "privileges", HS_CHECK_NOTE,
		    "user %u without CAP_SYS_PTRACE: may read processes of this user at most; "
		    "sudo opens the others",
		    (unsigned int)facts->uid);
	else
		add(diagnosis, "privileges", HS_CHECK_NOTE,
		    "root without CAP_SYS_PTRACE (a container?): docker: --cap-add SYS_PTRACE; "
		    "kubernetes: securityContext.capabilities.add");
}

static void check_yama(struct hs_diagnosis *diagnosis, const struct hs_trace_facts *facts)
{
	static const char *const meanings[] = {
		"users may trace their own processes",
		"only parents may trace, or CAP_SYS_PTRACE",
		"only CAP_SYS_PTRACE may trace",
		"nobody may trace until the next boot",
	};
	int scope = facts->yama < 0 ? 0 : facts->yama > 3 ? 3 : facts->yama;
	bool bad = scope == 3 || (scope && !facts->may_trace_anything);

	add(diagnosis, "yama",
	    !bad	 ? HS_CHECK_GOOD
	    : scope == 3 ? HS_CHECK_BAD
			 : HS_CHECK_NOTE,
	    "kernel.yama.ptrace_scope is %d, or there is no Yama: %s", scope, meanings[scope]);
	if (scope == 3 && !diagnosis->code)
		diagnosis->code = HS_ERROR_PERMISSION;
}

static void check_memory(struct hs_diagnosis *diagnosis)
{
	uint64_t mib = hs_memory_headroom("", 0) >> 20;

	add(diagnosis, "memory", mib < LITTLE_MEMORY_MIB ? HS_CHECK_NOTE : HS_CHECK_GOOD,
	    "this machine and cgroup have room for %llu MiB; a snapshot takes up to two times "
	    "what the target's objects take",
	    (unsigned long long)mib);
}

static void check_machine(struct hs_diagnosis *diagnosis)
{
	struct hs_trace_facts facts;

	hs_trace_facts_read("", getpid(), &facts);
	check_user(diagnosis, &facts);
	check_yama(diagnosis, &facts);
	check_memory(diagnosis);
}

static void check_state(struct hs_diagnosis *diagnosis)
{
	_cleanup_free_ char *stat = NULL;
	struct hs_error *err = hs_proc_read(diagnosis->pid, "stat", &stat, NULL);
	const char *at = err ? NULL : strrchr(stat, ')');

	hs_error_destroy(err);
	if (at && at[1] && at[2] == 'D')
		add(diagnosis, "state", HS_CHECK_NOTE,
		    "its main thread is in uninterruptible sleep (a slow disk, a hung network file "
		    "system?): it cannot be stopped while that lasts");
	else if (at && at[1] && at[2] == 'T')
		add(diagnosis, "state", HS_CHECK_NOTE,
		    "it is stopped for job control: it is copied as it stands");
	else
		add(diagnosis, "state", HS_CHECK_GOOD, "it runs or sleeps");
}

/* Whether it would be forked, and read as far as is wanted. */
static bool check_mode(struct hs_diagnosis *diagnosis, const struct hs_maps *maps,
		       const struct hs_room *room)
{
	struct hs_fork_plan plan;

	hs_fork_plan(diagnosis->pid, maps, &plan);
	if (!plan.unfit && !hs_room_to_fork(room, hs_memory_headroom("", diagnosis->pid)))
		plan.unfit = "its memory cgroup has no room for pages that it writes to meanwhile";
	if (plan.unfit)
		add(diagnosis, "mode", HS_CHECK_NOTE,
		    "it cannot be forked, and would be stopped for the copy: %s", plan.unfit);
	else if (plan.filtered)
		add(diagnosis, "mode", HS_CHECK_NOTE,
		    "it has a seccomp filter: if that cannot be read (CAP_SYS_ADMIN) or forbids "
		    "clone(2), it would be stopped for the copy");
	else
		add(diagnosis, "mode", HS_CHECK_GOOD,
		    "a fork of it would be copied: it would be stopped for milliseconds");
	return !plan.unfit;
}

/* Whether it may be read at all: some byte of it, for example its first one. */
static struct hs_error *check_permission(struct hs_process *process, struct hs_maps *maps)
{
	pid_t pid = hs_process_pid(process);
	struct hs_trace_facts facts;
	struct hs_error *err;
	char byte;

	hs_trace_facts_read("", pid, &facts);
	if (facts.tracer)
		return hs_trace_refused(&facts);
	err = hs_maps_read(pid, maps);
	if (err && hs_error_code(err) == HS_ERROR_PERMISSION) {
		hs_error_destroy(err);
		return hs_process_refused(pid);
	}
	if (!err && maps->size && !hs_process_read(process, maps->data[0].start, &byte, 1))
		return hs_process_refused(pid);
	return err;
}

static void check_untried(struct hs_diagnosis *diagnosis, const struct hs_runtime *runtime)
{
	const char *untried = hs_runtime_untried(runtime);

	if (!untried)
		return;
	if (!diagnosis->code)
		diagnosis->code = HS_ERROR_UNSUPPORTED;
	add(diagnosis, "machine", HS_CHECK_BAD,
	    "%s; 'heapsnap dump --experimental' dumps it all the same", untried);
}

static void check_process(struct hs_diagnosis *diagnosis, struct hs_process *process,
			  struct hs_maps *maps)
{
	struct hs_runtime runtime;
	struct hs_error *err;
	struct hs_room room;
	bool fork;

	check_state(diagnosis);
	err = check_permission(process, maps);
	if (err) {
		add_error(diagnosis, "permission", err);
		return;
	}
	add(diagnosis, "permission", HS_CHECK_GOOD, "its memory can be read");
	err = hs_runtime_find(hs_process_target(process), maps, &runtime);
	if (err) {
		add_error(diagnosis, "runtime", err);
		return;
	}
	add(diagnosis, "runtime", HS_CHECK_GOOD, "it runs CPython 3.%u, which is supported",
	    runtime.layout->minor);
	check_untried(diagnosis, &runtime);
	err = hs_room_look(process, maps, runtime.layout->minor, &room);
	if (err) {
		add_error(diagnosis, "memory", err);
		return;
	}
	fork = check_mode(diagnosis, maps, &room);
	err = hs_room_check(hs_process_target(process)->name, &room, fork, 0,
			    hs_memory_headroom("", 0));
	if (err)
		add_error(diagnosis, "memory", err);
	else
		add(diagnosis, "memory", HS_CHECK_GOOD,
		    "there is room for the %llu MiB that it takes to capture it",
		    (unsigned long long)hs_room_need(&room, fork) >> 20);
}

struct hs_error *hs_diagnose(pid_t pid, struct hs_diagnosis **ret)
{
	struct hs_diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));
	struct hs_process *process = NULL;
	struct hs_maps maps = {0};
	struct hs_error *err;

	if (!diagnosis)
		return &hs_enomem;
	diagnosis->pid = pid;
	diagnosis->checks = calloc(MAX_CHECKS, sizeof(*diagnosis->checks));
	if (!diagnosis->checks) {
		free(diagnosis);
		return &hs_enomem;
	}
	if (!pid) {
		check_machine(diagnosis);
	} else {
		err = hs_process_open(pid, &process);
		if (err)
			add_error(diagnosis, "process", err);
		else
			check_process(diagnosis, process, &maps);
		hs_process_close(process);
		hs_maps_deinit(&maps);
	}
	for (size_t i = 0; i < diagnosis->count; i++) {
		if (!diagnosis->checks[i].text) {
			hs_diagnosis_destroy(diagnosis);
			return &hs_enomem;
		}
	}
	*ret = diagnosis;
	return NULL;
}

void hs_diagnosis_destroy(struct hs_diagnosis *diagnosis)
{
	if (!diagnosis)
		return;
	for (size_t i = 0; i < diagnosis->count; i++)
		free(diagnosis->checks[i].text);
	free(diagnosis->checks);
	free(diagnosis);
}
