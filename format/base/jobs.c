/* SPDX-License-Identifier: MIT */
/* jobs.c: the same work on many pieces, by several threads. */
#include "format/base/jobs.h"

#include "format/base/error.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/* More do not make reading a file faster: then memory is what it waits for. */
enum { DEFAULT_MAX = 8 };

struct crew {
	hs_job_fn *run;
	void *context;
	size_t pieces;
	_Atomic size_t next;
	_Atomic size_t failed; /* the first piece that failed; pieces: none */
	pthread_mutex_t mutex; /* for the error */
	struct hs_error *err;
};

struct member {
	struct crew *crew;
	unsigned int job;
	pthread_t thread;
};

unsigned int hs_jobs_count(unsigned int wanted, size_t pieces)
{
	cpu_set_t cpus;

	if (!wanted) {
		wanted = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1u
								   : (unsigned int)CPU_COUNT(&cpus);
		if (wanted > DEFAULT_MAX)
			wanted = DEFAULT_MAX;
	}
	if (wanted > HS_JOBS_MAX)
		wanted = HS_JOBS_MAX;
	return wanted < pieces ? wanted : pieces ? (unsigned int)pieces : 1;
}

/* Keep the error of the lowest piece. */
static void fail(struct crew *crew, size_t piece, struct hs_error *err)
{
	pthread_mutex_lock(&crew->mutex);
	if (piece < crew->failed) {
		hs_error_destroy(crew->err);
		crew->err = err;
		crew->failed = piece;
	} else {
		hs_error_destroy(err);
	}
	pthread_mutex_unlock(&crew->mutex);
}

/* Pieces are begun in their order: whatever comes before one that failed has been begun. */
static void work(struct crew *crew, unsigned int job)
{
	size_t piece;

	while ((piece = crew->next++) < crew->pieces && piece < crew->failed) {
		struct hs_error *err = crew->run(crew->context, job, piece);

		if (err)
			fail(crew, piece, err);
	}
}

static void *work_in_thread(void *data)
{
	struct member *member = data;

	work(member->crew, member->job);
	return NULL;
}

struct hs_error *hs_jobs_run(unsigned int jobs, size_t pieces, hs_job_fn *run, void *context)
{
	struct crew crew = {.run = run, .context = context, .pieces = pieces, .failed = pieces};
	struct member members[HS_JOBS_MAX];
	unsigned int started = 1;

	pthread_mutex_init(&crew.mutex, NULL);
	/* With fewer threads than wanted it takes longer. */
	for (; started < jobs && started < HS_JOBS_MAX; started++) {
		members[started] = (struct member){.crew = &crew, .job = started};
		if (pthread_create(&members[started].thread, NULL, work_in_thread,
				   &members[started]))
			break;
	}
	work(&crew, 0);
	for (unsigned int i = 1; i < started; i++)
		pthread_join(members[i].thread, NULL);
	pthread_mutex_destroy(&crew.mutex);
	return crew.err;
}
