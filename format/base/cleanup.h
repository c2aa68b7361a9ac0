/* SPDX-License-Identifier: MIT */
/* cleanup.h: what a scope owns is released when the scope ends. */
#ifndef HS_BASE_CLEANUP_H
#define HS_BASE_CLEANUP_H

#include <heapsnap/error.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Call @fn with the address of the variable when it goes out of scope. */
#define hs_cleanup(fn) __attribute__((cleanup(fn)))

/* Take a pointer out of a variable that a cleanup would otherwise release. */
#define hs_steal(pointer)                                                                          \
	({                                                                                         \
		__auto_type _stolen = (pointer);                                                   \
		(pointer) = NULL;                                                                  \
		_stolen;                                                                           \
	})

static inline void hs_free_pointer(void *pointer)
{
	void *value;

	memcpy(&value, pointer, sizeof(value));
	free(value);
}

static inline void hs_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_free_ hs_cleanup(hs_free_pointer)
#define _cleanup_fd_   hs_cleanup(hs_close_fd)

#endif
