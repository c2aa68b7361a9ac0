/* SPDX-License-Identifier: MIT */
/*
 * test_heap.c: a real interpreter's memory is read alike from the copy and from a file; damaged
 * at random, it is read without a crash, a hang or a broken snapshot.
 *
 * HS_TEST_PYTHON names interpreters, parted by colons; HS_MUTATIONS says how often their images are
 * damaged, all together; HS_SEED repeats one of these times.
 */
#include "target.h"

#include <time.h>

enum {
	MUTATIONS = 300, /* unless told */
	PATIENCE_S = 30, /* for one image, whatever the machine and the sanitizer */
	VALUE_BYTES = 20,
};

/* One interpreter's image, undamaged, and what it says. */
struct sample {
	struct hs_image *image;
	struct hs_runtime runtime;
	struct hs_snapshot *snap;
};

/* The interpreter number @i of the list; NULL behind the last. */
static char *python_at(unsigned int i)
{
	const char *list = target_pythons();

	for (; i && *list; i--) {
		list = strchrnul(list, ':');
		list += *list == ':';
	}
	return *list ? strndup(list, strcspn(list, ":")) : NULL;
}

/* Whether the first of @python's traits is a reason to skip it; says so. */
static bool copy_sample(const char *python, struct target *target, struct hs_process **process,
			struct sample *sample)
{
	struct hs_error *err;

	if (!target_start(python, target)) {
		print_message("SKIPPED: %s does not start\n", python);
		target_end(target);
		return false;
	}
	err = target_copy(target, process, &sample->image, &sample->runtime);
	if (err) {
		print_message("SKIPPED: %s: %s\n", python, hs_error_message(err));
		hs_error_destroy(err);
		hs_process_close(*process);
		target_end(target);
		return false;
	}
	return true;
}

static void assert_same(const struct hs_snapshot *a, const struct hs_snapshot *b)
{
	const struct hs_objects *x = hs_snapshot_objects(a);
	const struct hs_objects *y = hs_snapshot_objects(b);
	uint32_t types_a;
	uint32_t types_b;
	const struct hs_type *s = hs_snapshot_types(a, &types_a);
	const struct hs_type *t = hs_snapshot_types(b, &types_b);

	assert_int_equal(x->count, y->count);
	assert_int_equal(types_a, types_b);
	assert_memory_equal(x->address, y->address, x->count * sizeof(*x->address));
	assert_memory_equal(x->size, y->size, x->count * sizeof(*x->size));
	assert_memory_equal(x->flags, y->flags, x->count * sizeof(*x->flags));
	assert_non_null(x->site);
	assert_non_null(y->site);
	assert_memory_equal(x->site, y->site, x->count * sizeof(*x->site));
	assert_memory_equal(x->first_edge, y->first_edge, (x->count + 1) * sizeof(*x->first_edge));
	assert_memory_equal(x->edges, y->edges, x->first_edge[x->count] * sizeof(*x->edges));
	for (uint32_t i = 0; i < x->count; i++) {
		const struct hs_str name = s[x->type[i]].name;

		assert_true(hs_str_equal(name, t[y->type[i]].name));
	}
}

static uint32_t count_type(const struct hs_snapshot *snap, const char *name)
{
	const struct hs_objects *objects = hs_snapshot_objects(snap);
	uint32_t type_count;
	const struct hs_type *types = hs_snapshot_types(snap, &type_count);
	uint32_t count = 0;

	for (uint32_t i = 0; i < objects->count; i++)
		count += hs_str_equal(types[objects->type[i]].name, STR(name));
	return count;
}

/* What the script made must be there, in these numbers. */
static void assert_content(const struct hs_snapshot *snap)
{
	uint32_t thread_count;
	uint32_t frame_count;
	const struct hs_thread *threads = hs_snapshot_threads(snap, &thread_count);
	const struct hs_frame *frames = hs_snapshot_frames(snap, &frame_count);
	bool named = false;
	uint32_t depth = 0;

	assert_int_equal(count_type(snap, "__main__.Plain"), 40);
	assert_int_equal(count_type(snap, "__main__.Deep"), 40);
	assert_int_equal(count_type(snap, "__main__.Slots"), 40);
	assert_int_equal(count_type(snap, "__main__.Words"), 40);
	assert_int_equal(count_type(snap, "generator"), 9);
	assert_int_equal(count_type(snap, "coroutine"), 1);
	assert_int_equal(count_type(snap, "KeyError"), 1);
	for (uint32_t i = 0; i < thread_count; i++)
		named |= hs_str_equal(threads[i].name, STR("waiter"));
	for (uint32_t i = 0; i < frame_count; i++)
		depth += hs_str_equal(frames[i].function, STR("descend"));
	assert_true(named);
	assert_int_equal(depth, 6);
}

/* Read the copy, save it, load it, read that; leaves the loaded image in @sample. */
static void read_saved(struct sample *sample, const char *path)
{
	struct hs_image *loaded;
	struct hs_snapshot *again;

	assert_no_error(target_parse(sample->image, &sample->runtime, &sample->snap));
	unlink(path);
	assert_no_error(hs_image_save(sample->image, path));
	assert_no_error(hs_image_load(path, &loaded));
	unlink(path);
	assert_int_equal(loaded->slot_count, sample->image->slot_count);
	assert_true(hs_image_seal(loaded, NULL, NULL));
	assert_no_error(target_parse(loaded, &sample->runtime, &again));
	assert_same(sample->snap, again);
	hs_snapshot_destroy(again);
	hs_image_destroy(sample->image);
	sample->image = loaded;
}

static bool take_sample(const char *python, struct sample *sample)
{
	struct hs_process *process = NULL;
	struct target target = {0};
	char path[64];

	if (!copy_sample(python, &target, &process, sample))
		return false;
	snprintf(path, sizeof(path), "/tmp/heapsnap-test-%d.image", (int)getpid());
	read_saved(sample, path);
	hs_process_close(process);
	assert_int_equal(target_end(&target), 0);
	return true;
}

static void end_sample(struct sample *sample)
{
	hs_snapshot_destroy(sample->snap);
	hs_image_destroy(sample->image);
}

static void copy_and_file_agree(void **state)
{
	unsigned int done = 0;
	char *python;

	(void)state;
	for (unsigned int i = 0; (python = python_at(i)); i++) {
		struct sample sample = {0};

		if (take_sample(python, &sample)) {
			assert_content(sample.snap);
			end_sample(&sample);
			done++;
		}
		free(python);
	}
	if (!done)
		skip();
}

/* xorshift64*: the same mutations from the same seed everywhere. */
static uint64_t next_random(uint64_t *random)
{
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return *random * 0x2545f4914f6cdd1d;
}

static uint64_t below(uint64_t *random, uint64_t limit)
{
	return next_random(random) % limit;
}

/* Words written over, to be put back. */
struct damage {
	uint8_t *at;
	uint64_t old;
};

struct mutator {
	struct sample *sample;
	uint64_t random;
	struct damage done[64];
	size_t count;
};

static hs_addr random_object(struct mutator *mutator)
{
	const struct hs_objects *objects = hs_snapshot_objects(mutator->sample->snap);

	return objects->address[below(&mutator->random, objects->count)];
}

static hs_addr random_type(struct mutator *mutator)
{
	const struct hs_objects *objects = hs_snapshot_objects(mutator->sample->snap);
	uint32_t count;
	const struct hs_type *types = hs_snapshot_types(mutator->sample->snap, &count);
	const struct hs_type *type = &types[below(&mutator->random, count)];

	return type->object == HS_NONE ? random_object(mutator) : objects->address[type->object];
}

/* What a field could be made to say. */
static uint64_t hostile_word(struct mutator *mutator, uint64_t old)
{
	static const uint64_t numbers[] = {
		0,	    1,
		7,	    8,
		0xff,	    0x1000,
		0xffff,	    0x7fffffff,
		0x80000000, 0xffffffff,
		1ull << 32, 1ull << 40,
		1ull << 46, (1ull << 47) - 1,
		1ull << 47, 1ull << 48,
		1ull << 60, 1ull << 61,
		INT64_MAX,  1ull << 63,
		UINT64_MAX,
	};

	switch (below(&mutator->random, 8)) {
	case 0:
	case 1:
		return old ^ 1ull << below(&mutator->random, 64);
	case 2:
		return old ^ 0xffull << 8 * below(&mutator->random, 8);
	case 3:
		return numbers[below(&mutator->random, sizeof(numbers) / sizeof(numbers[0]))];
	case 4:
		return random_object(mutator);
	case 5:
		return random_type(mutator);
	case 6:
		return random_object(mutator) + 8 * below(&mutator->random, 8) - 32;
	default:
		return old + below(&mutator->random, 256) - 128;
	}
}

static void damage(struct mutator *mutator, hs_addr address, uint64_t value)
{
	const void *at = hs_image_at(mutator->sample->image, address, sizeof(value));
	struct damage *done = &mutator->done[mutator->count];

	if (!at || mutator->count == sizeof(mutator->done) / sizeof(mutator->done[0]))
		return;
	done->at = (uint8_t *)at;
	memcpy(&done->old, at, sizeof(done->old));
	memcpy(done->at, &value, sizeof(value));
	mutator->count++;
}

static void damage_word(struct mutator *mutator, hs_addr address)
{
	uint64_t old = 0;

	hs_image_u64(mutator->sample->image, address, &old);
	damage(mutator, address, hostile_word(mutator, old));
}

static hs_addr word_at(struct mutator *mutator, hs_addr address)
{
	uint64_t word = 0;

	hs_image_u64(mutator->sample->image, address, &word);
	return word;
}

static hs_addr main_interpreter(struct mutator *mutator)
{
	const struct hs_runtime *runtime = &mutator->sample->runtime;

	return word_at(mutator, runtime->address + runtime->layout->runtime_interpreters_main);
}

/* A word of a thread's state, or of one of its frames. */
static hs_addr random_thread_word(struct mutator *mutator)
{
	const struct hs_layout *layout = mutator->sample->runtime.layout;
	hs_addr tstate = word_at(mutator, main_interpreter(mutator) + layout->interp_threads_head);
	hs_addr frame;

	if (below(&mutator->random, 2))
		tstate = word_at(mutator, tstate + layout->tstate_next);
	if (below(&mutator->random, 2))
		return tstate + 8 * below(&mutator->random, 32);
	if (layout->tstate_current_frame == HS_ABSENT)
		frame = word_at(mutator, word_at(mutator, tstate + layout->tstate_cframe) +
						 layout->cframe_current_frame);
	else
		frame = word_at(mutator, tstate + layout->tstate_current_frame);
	for (uint64_t i = below(&mutator->random, 6); i; i--)
		frame = word_at(mutator, frame + layout->iframe_previous);
	return frame + 8 * below(&mutator->random, 14);
}

/* Damage one place where something that is read lies. */
static void damage_something(struct mutator *mutator)
{
	const struct hs_layout *layout = mutator->sample->runtime.layout;
	hs_addr object = random_object(mutator);
	hs_addr type = random_type(mutator);

	switch (below(&mutator->random, 12)) {
	case 0: /* the type of an object */
		damage(mutator, object + PY_TYPE, random_object(mutator));
		break;
	case 1: /* links of the collector, words before an object */
		damage_word(mutator, object - 8 * (1 + below(&mutator->random, 4)));
		break;
	case 2: /* ob_size, and what other types have there */
		damage_word(mutator, object + PY_SIZE);
		break;
	case 3:
	case 4: /* anywhere in the type's fixed part: names, sizes, flags, bases */
		damage_word(mutator, type + 8 * below(&mutator->random, PY_TYPE_PREFIX / 8));
		break;
	case 5: /* a base class */
		damage(mutator, type + PY_TP_BASE, random_type(mutator));
		break;
	case 6: /* a table that the object points to: dict keys, items, entries, blocks */
		damage_word(mutator,
			    word_at(mutator, object + 8 * (2 + below(&mutator->random, 6))) +
				    8 * below(&mutator->random, 8));
		break;
	case 7:
		damage_word(mutator, random_thread_word(mutator));
		break;
	case 8: /* the interpreter */
		damage_word(mutator,
			    main_interpreter(mutator) +
				    8 * below(&mutator->random, layout->interp_dict / 8 + 8));
		break;
	case 9: /* layout-dependent end of a class */
		damage_word(mutator, type + layout->heap_type_cached_keys);
		break;
	default:
		damage_word(mutator, object + 8 * below(&mutator->random, 24));
		break;
	}
}

static void repair(struct mutator *mutator)
{
	/* Backwards, for a word may have been damaged twice. */
	while (mutator->count) {
		struct damage *done = &mutator->done[--mutator->count];

		memcpy(done->at, &done->old, sizeof(done->old));
	}
}

/* The mutation that is being read, for whoever has to say where it ended. */
static volatile unsigned long long current_seed;

static void say_where(const char *what)
{
	dprintf(STDERR_FILENO, "mutation %llu %s: HS_SEED=%llu repeats it\n", current_seed, what,
		current_seed);
}

static void on_alarm(int number)
{
	(void)number;
	say_where("takes too long");
	_exit(1);
}

/* AddressSanitizer calls it, where it is at work, before it ends the program. */
void __asan_on_error(void);
void __asan_on_error(void)
{
	say_where("is read out of bounds");
}

/* What became of damaged images. */
struct tally {
	uint64_t tried;
	uint64_t read;	  /* not refused as something that is no such Python */
	uint64_t gaps;	  /* of these: the snapshot says that something is missing */
	uint64_t torn;	  /* of these: lists of the collector that do not link up */
	double longest_s; /* any of them took */
	uint64_t slowest; /* its number */
};

/* What is damaged is missing, and the snapshot must say so. */
static void assert_reported(const struct hs_snapshot *snap, const struct hs_heap_facts *facts,
			    struct tally *tally)
{
	const struct hs_info *info = hs_snapshot_info(snap);
	bool told = false;

	for (size_t i = 0; i < info->gap_count; i++)
		told |= hs_str_equal(info->gaps[i].reason,
				     STR("list of the collector does not link up")) &&
			info->gaps[i].count == facts->broken_lists;
	assert_int_equal(told, facts->broken_lists != 0);
	assert_int_equal(info->damaged, facts->broken_lists);
	tally->gaps += hs_snapshot_gap_total(snap) != 0;
	tally->torn += facts->broken_lists != 0;
}

/*
 * Read the image damaged as @seed says.  It may be refused as something that is no such Python;
 * what is read must be a sound snapshot, which hs_build_finish() checks.
 */
static void read_damaged(struct sample *sample, uint64_t seed, struct tally *tally)
{
	struct mutator mutator = {.sample = sample, .random = seed * 0x9e3779b97f4a7c15 + 1};
	uint64_t count = 1 + below(&mutator.random, 1 + below(&mutator.random, 40));
	struct hs_heap_facts facts = {
		.pid = 1,
		.preview_bytes = seed % 3 ? VALUE_BYTES : 0,
		.redact = seed % 3 == 0,
	};
	struct hs_snapshot *snap = NULL;
	uint64_t start = hs_clock_monotonic();
	struct hs_error *err;
	double took;

	for (uint64_t i = 0; i < count; i++)
		damage_something(&mutator);
	current_seed = seed;
	alarm(PATIENCE_S);
	err = target_parse_facts(sample->image, &sample->runtime, &facts, &snap);
	alarm(0);
	repair(&mutator);
	took = (double)(hs_clock_monotonic() - start) / 1e9;
	if (took > tally->longest_s) {
		tally->longest_s = took;
		tally->slowest = seed;
	}
	tally->tried++;
	tally->read += !err;
	if (err && hs_error_code(err) != HS_ERROR_UNSUPPORTED)
		fail_msg("mutation %llu: %s", (unsigned long long)seed, hs_error_message(err));
	if (!err)
		assert_reported(snap, &facts, tally);
	hs_error_destroy(err);
	hs_snapshot_destroy(snap);
}

/* Damage the image @total times, each in its own way, @first being the number of the first. */
static void mutate(struct sample *sample, const char *python, uint64_t first, uint64_t total)
{
	const char *only = getenv("HS_SEED");
	struct tally tally = {0};
	struct hs_snapshot *again;

	signal(SIGALRM, on_alarm);
	if (only) {
		read_damaged(sample, strtoull(only, NULL, 0), &tally);
		return;
	}
	for (uint64_t seed = first; seed < first + total; seed++)
		read_damaged(sample, seed, &tally);
	print_message("%s: %llu of %llu damaged images were read, %llu with gaps, %llu with torn "
		      "lists; the slowest, %llu, took %.2f s\n",
		      python, (unsigned long long)tally.read, (unsigned long long)tally.tried,
		      (unsigned long long)tally.gaps, (unsigned long long)tally.torn,
		      (unsigned long long)tally.slowest, tally.longest_s);
	/* Most damage is not so central that nothing could be read, and much of it is seen. */
	assert_true(tally.read > total / 2);
	assert_true(tally.gaps > total / 4);
	assert_true(tally.torn > total / 100);
	/* And all of it was undone: the tests above did not test one wreck after another. */
	assert_no_error(target_parse(sample->image, &sample->runtime, &again));
	assert_same(sample->snap, again);
	hs_snapshot_destroy(again);
}

static uint64_t gaps_for(const struct hs_snapshot *snap, const char *reason)
{
	const struct hs_info *info = hs_snapshot_info(snap);
	uint64_t count = 0;

	for (size_t i = 0; i < info->gap_count; i++)
		if (hs_str_equal(info->gaps[i].reason, hs_str_of(reason)))
			count += info->gaps[i].count;
	return count;
}

/* An interpreter that claims four billion functions to call at its end: what is there is read. */
static void claim_atexit(struct sample *sample)
{
	static const char reason[] = "array goes on where nothing was copied";
	const struct hs_layout *layout = sample->runtime.layout;
	struct mutator mutator = {.sample = sample};
	hs_addr interp = main_interpreter(&mutator);
	struct hs_snapshot *snap;

	damage(&mutator, interp + layout->interp_atexit_callbacks, interp);
	damage(&mutator, interp + layout->interp_atexit_count, UINT32_MAX);
	assert_int_equal(mutator.count, 2);
	assert_no_error(target_parse(sample->image, &sample->runtime, &snap));
	assert_int_equal(gaps_for(snap, reason), gaps_for(sample->snap, reason) + 1);
	hs_snapshot_destroy(snap);
}

static void arrays_that_lie_are_gaps(void **state)
{
	unsigned int done = 0;
	char *python;

	(void)state;
	for (unsigned int i = 0; !done && (python = python_at(i)); i++) {
		struct sample sample = {0};

		if (take_sample(python, &sample)) {
			/* Before 3.10 it is elsewhere, and from 3.14 on a list. */
			if (sample.runtime.layout->interp_atexit_count != HS_ABSENT) {
				claim_atexit(&sample);
				done++;
			}
			end_sample(&sample);
		}
		free(python);
	}
	if (!done)
		skip();
}

static uint64_t mutation_total(void)
{
	const char *number = getenv("HS_MUTATIONS");

	return number ? strtoull(number, NULL, 10) : MUTATIONS;
}

static void damaged_images_are_read(void **state)
{
	uint64_t total = mutation_total();
	unsigned int done = 0;
	unsigned int count = 0;
	uint64_t share;
	char *python;

	(void)state;
	for (; (python = python_at(count)); count++)
		free(python);
	share = (total + count - 1) / (count ? count : 1);
	for (unsigned int i = 0; (python = python_at(i)); i++) {
		struct sample sample = {0};

		if (take_sample(python, &sample)) {
			mutate(&sample, python, 1 + i * share, share);
			end_sample(&sample);
			done++;
		}
		free(python);
	}
	if (!done)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copy_and_file_agree),
		cmocka_unit_test(arrays_that_lie_are_gaps),
		cmocka_unit_test(damaged_images_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
