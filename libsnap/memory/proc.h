/* SPDX-License-Identifier: MIT */
/* proc.h: small files of /proc/PID. */
#ifndef HS_MEMORY_PROC_H
#define HS_MEMORY_PROC_H

#include <heapsnap/snapshot.h>
#include <sys/types.h>

/*
 * Read /proc/@pid/@file whole.  *@ret is NUL-terminated and owned by the caller; *@size, which may
 * be NULL, is its length.  Errors: HS_ERROR_UNSUPPORTED if there is no such process,
 * HS_ERROR_PERMISSION, HS_ERROR_FAILED.
 */
struct hs_error *hs_proc_read(pid_t pid, const char *file, char **ret, size_t *size) HS_MUST_CHECK;

/* Open /proc/@pid/@file with @flags; the descriptor, or -1 with errno set. */
int hs_proc_open(pid_t pid, const char *file, int flags);

/* Field @number (as proc(5) counts, from 3 on) of /proc/@pid/stat; false if it cannot be had. */
bool hs_proc_stat_field(pid_t pid, unsigned int number, uint64_t *ret);

/* The number after "@key:" in /proc/@pid/status; false if it cannot be had. */
bool hs_proc_status_field(pid_t pid, const char *key, uint64_t *ret);

/* Nanoseconds of the monotonic clock, and of UTC since 1970. */
uint64_t hs_clock_monotonic(void);
uint64_t hs_clock_realtime(void);

#endif
