/* SPDX-License-Identifier: MIT */
/*
 * test_heap.c: a real interpreter's memory is read alike from the copy and from a file; damaged
 * at random, it is read without a crash, a hang or a broken snapshot.
 *
 * HS_TEST_PYTHON names interpreters, parted by colons; HS_LONG makes many more mutations;
 * HS_SEED repeats one of them.
 */
#include "target.h"

#include <time.h>

enum {
	MUTATIONS = 300,
	MUTATIONS_LONG = 12000,
	PATIENCE_S = 30, /* for one image, whatever the machine and the sanitizer */
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
		depth += hs_str_equal(frames[i].function, STR("wait"));
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
		1ull << 47, 1ull << 60,
		1ull << 61, INT64_MAX,
		1ull << 63, UINT64_MAX,
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

static uint64_t seconds_since(uint64_t start_ns)
{
	return (hs_clock_monotonic() - start_ns) / 1000000000;
}

/*
 * Read the image damaged as @seed says.  It may be refused as something that is no such Python;
 * what is read must be a sound snapshot, which hs_build_finish() checks.
 */
static bool read_damaged(struct sample *sample, uint64_t seed)
{
	struct mutator mutator = {.sample = sample, .random = seed * 0x9e3779b97f4a7c15 + 1};
	uint64_t count = 1 + below(&mutator.random, 1 + below(&mutator.random, 40));
	struct hs_snapshot *snap = NULL;
	uint64_t start = hs_clock_monotonic();
	struct hs_error *err;

	for (uint64_t i = 0; i < count; i++)
		damage_something(&mutator);
	alarm(PATIENCE_S);
	err = target_parse(sample->image, &sample->runtime, &snap);
	alarm(0);
	repair(&mutator);
	if (seconds_since(start) >= 3)
		print_message("mutation %llu took %llu s\n", (unsigned long long)seed,
			      (unsigned long long)seconds_since(start));
	if (err && hs_error_code(err) != HS_ERROR_UNSUPPORTED)
		fail_msg("mutation %llu: %s", (unsigned long long)seed, hs_error_message(err));
	hs_error_destroy(err);
	hs_snapshot_destroy(snap);
	return !err;
}

static void mutate(struct sample *sample, const char *python)
{
	const char *only = getenv("HS_SEED");
	uint64_t total = getenv("HS_LONG") ? MUTATIONS_LONG : MUTATIONS;
	uint64_t read = 0;
	struct hs_snapshot *again;

	if (only) {
		read_damaged(sample, strtoull(only, NULL, 0));
		return;
	}
	for (uint64_t seed = 1; seed <= total; seed++) {
		/* Where it was when it crashed: what is printed later is lost. */
		if (getenv("HS_TRACE"))
			dprintf(STDERR_FILENO, "mutation %llu\n", (unsigned long long)seed);
		read += read_damaged(sample, seed);
	}
	/* Most damage is not so central that nothing could be read. */
	print_message("%s: %llu of %llu damaged images were read\n", python,
		      (unsigned long long)read, (unsigned long long)total);
	assert_true(read > total / 2);
	/* And all of it was undone: the tests above did not test one wreck after another. */
	assert_no_error(target_parse(sample->image, &sample->runtime, &again));
	assert_same(sample->snap, again);
	hs_snapshot_destroy(again);
}

static void damaged_images_are_read(void **state)
{
	unsigned int done = 0;
	char *python;

	(void)state;
	for (unsigned int i = 0; (python = python_at(i)); i++) {
		struct sample sample = {0};

		if (take_sample(python, &sample)) {
			mutate(&sample, python);
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
		cmocka_unit_test(damaged_images_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
