/* SPDX-License-Identifier: MIT */
/* heapsnap/capture.h: from a live process, or a core, to a snapshot. */
#ifndef HEAPSNAP_CAPTURE_H
#define HEAPSNAP_CAPTURE_H

#include <heapsnap/snapshot.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the target is held while it is copied. */
enum hs_capture_mode {
	HS_CAPTURE_AUTO = 0, /* fork where that can be, else stop */
	HS_CAPTURE_STOP = 1, /* all threads stopped until the copy is done */
	HS_CAPTURE_FORK = 2, /* a fork of the target is copied; fails where that cannot be */
};

enum { HS_PREVIEW_MAX = 1 << 20 };

/* Zero means the default. */
struct hs_capture_options {
	enum hs_capture_mode mode;
	uint32_t stop_timeout_ms; /* give up if the threads have not stopped by then; 0: 2000 */
	uint32_t stop_limit_ms;	  /* give up if copying takes longer; 0: 30000 */
	/*
	 * Record values of str, bytes, int and float objects, of each at most so many bytes; 0:
	 * none. At most HS_PREVIEW_MAX.
	 */
	uint32_t preview_bytes;
	/*
	 * Leave out also what may tell of the target's data without being a value: names of local
	 * variables and of attributes of anything but modules and classes, paths of files, the
	 * command line.  Not together with preview_bytes.
	 */
	bool redact;
	/*
	 * Keep within so many bytes of resident memory, at some cost in time, by way of a file
	 * without a name in $TMPDIR, else /var/tmp, which takes as much room as is read of the
	 * target and is made of it.  The snapshot may be used like any other, and lies there, too.
	 * 0: take what it takes.  Fails where an estimate says that it will not do, before the
	 * target is stopped, or if it turns out not to.  Of hs_capture_process() and
	 * hs_capture_core() alone.
	 */
	uint64_t max_memory;
	/* Go on where this was never tried: on or for machines that are not x86-64. */
	bool experimental;
	/*
	 * Of a core: the program, if it is not where the core says; and the folder that the paths
	 * of the core begin in, if it is not "/".
	 */
	const char *exe;
	const char *root;
	/* One line of explanation per decision taken, without a line feed; may be NULL. */
	void (*explain)(void *context, const char *line);
	hs_progress_fn *progress;
	/*
	 * Where the time went, once for each phase when the snapshot is made: "stop" and "clone"
	 * (or "copy") are the pause; in fork mode "copy" is spent here and there in those that
	 * follow, and not counted there.  May be NULL.
	 */
	hs_phase_fn *phase;
	void *context; /* for all of them */
};

/*
 * Take a snapshot of the CPython process @pid.  Takes memory for a copy of its objects, and
 * for what is made of them; if it has to be stopped for the copy, of all its private memory. Where
 * there is no room, by an estimate, it fails before it stops anything; where that turns out only as
 * it is read, then. The target is stopped for the time of the copy and goes on unharmed whatever
 * happens; none of its code runs.  @options may be NULL.  On success
 * *@ret is owned by the caller.
 *
 * A thread in uninterruptible sleep (a hung network file system) cannot be stopped: the capture
 * gives up, but the kernel stops that thread for good when it wakes unless the calling thread has
 * ended by then.  Long-lived callers use a thread of its own for each call.
 *
 * While the target is stopped the calling thread holds back SIGTSTP, SIGTTIN and SIGTTOU, which
 * would suspend this program and with it the target; programs of several threads had better hold
 * them back in all.
 *
 * Errors: HS_ERROR_UNSUPPORTED (no such runtime, or one that is not supported: the message says
 * what was found), HS_ERROR_PERMISSION (the message names the cause), HS_ERROR_GONE,
 * HS_ERROR_FAILED.
 */
HS_EXPORT struct hs_error *hs_capture_process(pid_t pid, const struct hs_capture_options *options,
					      struct hs_snapshot **ret) HS_MUST_CHECK;

/* One process of a tree. */
struct hs_captured {
	pid_t pid;
	pid_t parent;		      /* 0: of the process asked for */
	struct hs_snapshot *snapshot; /* NULL: there is none */
	struct hs_error *error;	      /* why; NULL if there is a snapshot */
	bool foreign;		      /* it is no Python process: nothing is amiss */
};

/*
 * Take snapshots of the process @root and all its descendants that are Python processes, as close
 * together as can be: all are frozen before the first is read, as far as there is memory for that.
 * That is seen by the snapshots' times.  Processes that begin while it goes on are taken, too,
 * those of them that are listed before the last one has been frozen.
 *
 * @each is called once for every process, parents before their children as a rule, when its
 * snapshot is made or is known not to be; snapshot and error are then the callee's, who had better
 * destroy the one before the next is made.  What keeps one process from being read does not keep
 * others.  Forks of processes that wait for their turn cost these a copy of each page that they
 * write to meanwhile.
 *
 * Errors: if there is no process @root, or memory runs out.  Otherwise as of hs_capture_process(),
 * in the processes' own @error.
 */
typedef void hs_captured_fn(void *context, const struct hs_captured *captured);
HS_EXPORT struct hs_error *hs_capture_tree(pid_t root, const struct hs_capture_options *options,
					   hs_captured_fn *each, void *context) HS_MUST_CHECK;

/*
 * The same from the core file at @path, as the kernel or gcore write it, also compressed by zstd or
 * gzip: that is unpacked to a file without a name in $TMPDIR, else /var/tmp.  What the core does
 * not hold because it is as in a program or library is read from these files; they are found by the
 * paths in the core, and are not used if they begin with something else than what was mapped.  What
 * else is not there is a gap of the snapshot.
 *
 * Errors: HS_ERROR_DAMAGED (not a core, or too little of it is left), HS_ERROR_UNSUPPORTED,
 * HS_ERROR_PERMISSION, HS_ERROR_FAILED.
 */
HS_EXPORT struct hs_error *hs_capture_core(const char *path,
					   const struct hs_capture_options *options,
					   struct hs_snapshot **ret) HS_MUST_CHECK;

enum hs_check_state {
	HS_CHECK_GOOD = 0,
	HS_CHECK_NOTE = 1, /* a snapshot can be taken, but mind this */
	HS_CHECK_BAD = 2,
};

/* One thing that was looked at: whether it is in the way of a snapshot. */
struct hs_check {
	const char *name; /* "permission" */
	enum hs_check_state state;
	char *text; /* one line: what was found, and what to do about it */
};

struct hs_diagnosis {
	pid_t pid; /* 0: of the machine as a whole */
	struct hs_check *checks;
	size_t count;
	int code; /* enum hs_error_code that hs_capture_process() would fail with; 0: it would work
		   */
};

/*
 * Find out whether a snapshot of process @pid could be taken, and how, without stopping it; with
 * @pid 0 what on this machine is in the way in general.  On success *@ret is owned by the caller.
 */
HS_EXPORT struct hs_error *hs_diagnose(pid_t pid, struct hs_diagnosis **ret) HS_MUST_CHECK;
HS_EXPORT void hs_diagnosis_destroy(struct hs_diagnosis *diagnosis);

/* A process that runs Python, or seems to. */
struct hs_python_process {
	pid_t pid;
	uint64_t resident;     /* bytes */
	char *version;	       /* "3.12" or "3.12.1"; NULL if not known */
	char *unsupported;     /* why it cannot be captured, one line; NULL if it can */
	struct hs_str command; /* arguments separated by NUL, as the kernel has them */
};

/*
 * The Python processes of this machine that can be seen, by ascending PID, without stopping or
 * reading the memory of any.  On success *@ret, an array of *@count, is owned by the caller, who
 * frees it with hs_python_processes_destroy().
 */
HS_EXPORT struct hs_error *hs_python_processes(struct hs_python_process **ret,
					       size_t *count) HS_MUST_CHECK;
HS_EXPORT void hs_python_processes_destroy(struct hs_python_process *processes, size_t count);

#ifdef __cplusplus
}
#endif

#endif
