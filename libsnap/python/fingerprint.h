/* SPDX-License-Identifier: MIT */
/* fingerprint.h: telling an object from another that took its place. */
#ifndef HS_PYTHON_FINGERPRINT_H
#define HS_PYTHON_FINGERPRINT_H

#include "libsnap/python/python.h"

/*
 * The salt for the fingerprints of a process: the same for all snapshots of it, another for others.
 */
uint64_t hs_fingerprint_salt(uint64_t pid, uint64_t start_ticks, const char *boot_id);

/*
 * A number from 1 to HS_FINGERPRINTS that depends on the value of @object, if it is a str, a bytes
 * or an int; 0 if it is none, or cannot be read.
 *
 * Of other objects, what does not change is in their references.  So few numbers because each bit
 * costs an eighth of a byte in the file, for it cannot be compressed; and because whoever guesses a
 * value learns little from its fingerprint: every thirty-first guess has the same.
 */
uint64_t hs_fingerprint(struct hs_python *python, const struct hs_object *object);

enum { HS_FINGERPRINTS = 31 };

#endif
