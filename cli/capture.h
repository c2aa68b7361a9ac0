/* SPDX-License-Identifier: MIT */
/* capture.h: taking snapshots of processes, as the options say. */
#ifndef HS_CLI_CAPTURE_H
#define HS_CLI_CAPTURE_H

#include "options.h"
#include "terminal.h"

#include <heapsnap/capture.h>

/* How the options say that a snapshot is to be taken; both must outlive what is returned. */
struct hs_capture_options capture_options(const struct options *options, struct terminal *terminal);

/* An hs_phase_fn whose context is the terminal: with -v, what took how long, and how fast it was.
 */
void capture_phase(void *context, const struct hs_phase *phase);

/*
 * A copy of the target takes memory.  Should the kernel run out of it all the same, it is to end
 * this program and not the target.
 */
void capture_die_first(void);

#endif
