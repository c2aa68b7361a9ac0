/* SPDX-License-Identifier: MIT */
/* hold.h: signals that wait while they would do harm. */
#ifndef HS_MEMORY_HOLD_H
#define HS_MEMORY_HOLD_H

#include <pthread.h>
#include <signal.h>

/*
 * Block @count signals in the calling thread.  @held receives those that were not blocked before,
 * for hs_signals_release(); holds may overlap in time if they are of other signals.
 */
static inline void hs_signals_hold(const int *numbers, size_t count, sigset_t *held)
{
	sigset_t before;

	sigemptyset(held);
	if (pthread_sigmask(SIG_BLOCK, NULL, &before))
		return;
	for (size_t i = 0; i < count; i++)
		if (!sigismember(&before, numbers[i]))
			sigaddset(held, numbers[i]);
	pthread_sigmask(SIG_BLOCK, held, NULL);
}

static inline void hs_signals_release(const sigset_t *held)
{
	pthread_sigmask(SIG_UNBLOCK, held, NULL);
}

#endif
