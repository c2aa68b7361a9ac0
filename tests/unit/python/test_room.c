/* SPDX-License-Identifier: MIT */
/* test_room.c: how much memory a capture is expected to take. */
#include "../memory/child.h"

#include "libsnap/python/pymalloc.h"
#include "libsnap/python/room.h"

#define MIB (1ull << 20)

enum {
	POOL_SIZE = 16 << 10, /* of CPython 3.12 */
	BLOCK_SIZE = 64,
};

static void put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* A pool in use, as its header has it. */
static void make_pool(uint8_t *at)
{
	memset(at, 0, POOL_SIZE);
	put_u32(at, 3);						 /* blocks in use */
	put_u32(at + 36, BLOCK_SIZE / 16 - 1);			 /* size class */
	put_u32(at + 40, HS_POOL_HEADER_SIZE + 10 * BLOCK_SIZE); /* carved */
	put_u32(at + 44, POOL_SIZE - BLOCK_SIZE);
}

static uint8_t *map(uint64_t size)
{
	uint8_t *at = mmap(NULL, size + POOL_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		_exit(1);
	return at + (POOL_SIZE - (uintptr_t)at % POOL_SIZE) % POOL_SIZE;
}

/* 64 MiB of pools; 256 MiB of buffers. */
static void hold_pools_and_buffers(struct shared *shared)
{
	uint8_t *pools = map(64 * MIB);
	uint8_t *buffer = map(256 * MIB);

	for (uint64_t i = 0; i < 64 * MIB; i += POOL_SIZE)
		make_pool(pools + i);
	memset(buffer, 'x', 256 * MIB);
	shared->ready = true;
	for (;;)
		sleep_us(100000);
}

static void pools_are_told_from_buffers(void **state)
{
	struct shared *shared = shared_create();
	pid_t pid = child_start(hold_pools_and_buffers, shared);
	struct hs_process *process = NULL;
	struct hs_maps maps = {0};
	struct hs_room room = {0};
	uint64_t whole;

	(void)state;
	assert_null(hs_process_open(pid, &process));
	assert_null(hs_maps_read(pid, &maps));
	assert_null(hs_room_look(process, &maps, 12, &room));
	whole = room.pages << HS_PAGE_SHIFT;
	assert_in_range(whole, 320 * MIB, 480 * MIB); /* sanitizers take some, too */
	/* A sample is a sample, and the program and its libraries come on top. */
	assert_in_range(room.heap, 58 * MIB, 120 * MIB);
	/* Those of 3.8 have another size: these are none. */
	assert_null(hs_room_look(process, &maps, 8, &room));
	assert_in_range(room.heap, 1, 50 * MIB);
	hs_maps_deinit(&maps);
	hs_process_close(process);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void what_a_fork_and_a_copy_need(void **state)
{
	/* A process with 100 MiB of objects and 8 GiB of buffers. */
	const struct hs_room room = {.pages = 8292 * MIB >> HS_PAGE_SHIFT, .heap = 100 * MIB};
	struct hs_error *err;

	(void)state;
	assert_in_range(hs_room_need(&room, true), 100 * MIB, 400 * MIB);
	assert_true(hs_room_need(&room, false) > 8292 * MIB);
	assert_null(hs_room_check("process 42", &room, true, 0, 1000 * MIB));
	assert_null(hs_room_check("process 42", &room, true, 500 * MIB, 1000 * MIB));
	err = hs_room_check("process 42", &room, true, 950 * MIB, 1000 * MIB);
	assert_error(err, HS_ERROR_FAILED, "room for 50 MiB");
	err = hs_room_check("process 42", &room, true, 2000 * MIB, 1000 * MIB);
	assert_error(err, HS_ERROR_FAILED, "room for 0 MiB");
	err = hs_room_check("process 42", &room, false, 0, 1000 * MIB);
	assert_error(err, HS_ERROR_FAILED, "outside the cgroup");
	assert_null(hs_room_check("process 42", &room, false, 0, UINT64_MAX));
}

static void a_fork_takes_of_the_target_s_own_share(void **state)
{
	const struct hs_room room = {.pages = 1 << 18, .heap = 800 * MIB};

	(void)state;
	assert_true(hs_room_to_fork(&room, UINT64_MAX));
	assert_true(hs_room_to_fork(&room, 200 * MIB));
	assert_false(hs_room_to_fork(&room, 100 * MIB));
	assert_false(hs_room_to_fork(&room, 110 * MIB));
	assert_false(hs_room_to_fork(&room, 0));
}

/* A limit is kept to or refused, with what it would take. */
static void a_bound_is_kept_or_refused(void **state)
{
	const struct hs_room room = {
		.pages = 900 * MIB >> HS_PAGE_SHIFT,
		.heap = 800 * MIB,
		.blocks = 10 * MIB,
	};
	struct hs_error *err;

	(void)state;
	assert_int_equal(hs_room_least(&room), 205 * MIB);
	assert_null(hs_room_check_bound("process 42", &room, 205 * MIB, UINT64_MAX));
	err = hs_room_check_bound("process 42", &room, 204 * MIB, UINT64_MAX);
	assert_error(err, HS_ERROR_FAILED, "at least 205 MiB of memory, and only 204 MiB");
	err = hs_room_check_bound("process 42", &room, 300 * MIB, 100 * MIB);
	assert_error(err, HS_ERROR_FAILED, "room for 100 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pools_are_told_from_buffers),
		cmocka_unit_test(what_a_fork_and_a_copy_need),
		cmocka_unit_test(a_fork_takes_of_the_target_s_own_share),
		cmocka_unit_test(a_bound_is_kept_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
