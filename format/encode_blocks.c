/* SPDX-License-Identifier: MIT */
/* encode_blocks.c: all blocks of a snapshot into the file, by several threads. */
#include "format/base/cleanup.h"
#include "format/base/error.h"
#include "format/base/jobs.h"
#include "format/block.h"

#include <pthread.h>

/*
 * Threads take blocks in their order, for where references lead next is known from the block
 * before. Those that are made wait for their turn to be written; nobody goes further ahead than
 * there is place for them.
 *
 *   written      begun
 *   |            |
 *   7   8   9    10        made: 8 and 9 wait for 7
 */
enum { PLACES = 2 * HS_JOBS_MAX };

struct worker {
	struct hs_emitter emitter;
	struct hs_block_encoder *encoder;
};

struct crew {
	const struct hs_snapshot *snap;
	const struct hs_save_options *options;
	struct hs_emitter *out;
	struct worker workers[HS_JOBS_MAX];
	unsigned int jobs;
	pthread_mutex_t mutex; /* for what follows */
	pthread_cond_t moved;
	hs_id first;   /* object that the next block begins with */
	uint64_t next; /* of that block */
	size_t begun;
	size_t written;
	struct hs_made_section made[PLACES]; /* by number of the block; kind 0: not made yet */
	bool failed;
};

static struct hs_error *worker_init(struct worker *worker, const struct crew *crew)
{
	struct hs_error *err =
		hs_emitter_init(&worker->emitter, NULL, hs_save_level(crew->options));

	if (err)
		return err;
	worker->encoder = hs_block_encoder_create(crew->snap, &worker->emitter);
	return worker->encoder ? NULL : &hs_enomem;
}

static void crew_deinit(struct crew *crew)
{
	for (unsigned int i = 0; i < crew->jobs; i++) {
		hs_block_encoder_destroy(crew->workers[i].encoder);
		hs_emitter_deinit(&crew->workers[i].emitter);
	}
	for (size_t i = 0; i < PLACES; i++)
		hs_made_section_deinit(&crew->made[i]);
	pthread_cond_destroy(&crew->moved);
	pthread_mutex_destroy(&crew->mutex);
}

/* Begin with the next block, whose number is *@number; *@left tells whether there was one. */
static struct hs_error *take(struct crew *crew, struct worker *worker, struct hs_block *block,
			     size_t *number, bool *left)
{
	const hs_id count = crew->snap->objects.count;
	struct hs_error *err = NULL;

	pthread_mutex_lock(&crew->mutex);
	while (!crew->failed && crew->first < count &&
	       crew->begun - crew->written >= 2 * crew->jobs)
		pthread_cond_wait(&crew->moved, &crew->mutex);
	*left = !crew->failed && crew->first < count;
	if (*left) {
		err = hs_block_begin(worker->encoder, crew->first, &crew->next, block);
		if (!err) {
			crew->first = (hs_id)(block->first + block->objects);
			*number = crew->begun++;
		}
	}
	pthread_mutex_unlock(&crew->mutex);
	return err;
}

/* Put by what was made, and write what now can be. */
static struct hs_error *put(struct crew *crew, size_t number, const struct hs_made_section *made)
{
	struct hs_error *err = NULL;

	pthread_mutex_lock(&crew->mutex);
	crew->made[number % PLACES] = *made;
	while (!err && crew->made[crew->written % PLACES].kind == HS_SECTION_BLOCK)
		err = hs_emit_made(crew->out, &crew->made[crew->written++ % PLACES]);
	pthread_cond_broadcast(&crew->moved);
	pthread_mutex_unlock(&crew->mutex);
	return err;
}

static void fail(struct crew *crew)
{
	pthread_mutex_lock(&crew->mutex);
	crew->failed = true;
	pthread_cond_broadcast(&crew->moved);
	pthread_mutex_unlock(&crew->mutex);
}

/* What one thread does: there are as many pieces as there are threads. */
static struct hs_error *work(void *context, unsigned int job, size_t piece)
{
	struct crew *crew = context;
	struct worker *worker = &crew->workers[piece];
	struct hs_error *err = NULL;

	for (;;) {
		struct hs_made_section made = {0};
		struct hs_block block;
		size_t number = 0;
		bool left = false;

		err = take(crew, worker, &block, &number, &left);
		if (!err && !left)
			return NULL;
		hs_spill_relieve(crew->snap->columns.spill);
		if (!err)
			err = hs_block_encode(worker->encoder, &block);
		if (!err)
			err = hs_emit_make(&worker->emitter, HS_SECTION_BLOCK, &made);
		if (!err)
			err = put(crew, number, &made);
		if (err) {
			fail(crew);
			return err;
		}
		hs_spill_relieve(crew->snap->columns.spill);
		if (!job && crew->options->progress)
			crew->options->progress(crew->options->progress_context, "writing",
						block.first + block.objects,
						crew->snap->objects.count);
	}
}

struct hs_error *hs_blocks_write(const struct hs_snapshot *snap, struct hs_emitter *emitter,
				 const struct hs_save_options *options)
{
	/* More threads than that would find no block of the usual size. */
	size_t blocks = snap->objects.count / HS_BLOCK_OBJECTS +
			(size_t)(snap->objects.edge_count / HS_BLOCK_EDGES) + 1;
	unsigned int jobs = hs_jobs_count(options->jobs, blocks);
	struct hs_error *err = NULL;

	_cleanup_free_ struct crew *crew = calloc(1, sizeof(*crew));
	if (!crew)
		return &hs_enomem;
	crew->snap = snap;
	crew->options = options;
	crew->out = emitter;
	crew->next = hs_block_first_next(snap);
	pthread_mutex_init(&crew->mutex, NULL);
	pthread_cond_init(&crew->moved, NULL);
	while (!err && crew->jobs < jobs) {
		err = worker_init(&crew->workers[crew->jobs], crew);
		crew->jobs++;
	}
	hs_spill_relieve(snap->columns.spill);
	if (!err && snap->objects.count)
		err = hs_jobs_run(jobs, jobs, work, crew);
	crew_deinit(crew);
	return err;
}
