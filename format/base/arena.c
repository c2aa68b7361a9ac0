/* SPDX-License-Identifier: MIT */
/* arena.c: chunks of memory that are handed out front to back. */
#include "format/base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_CHUNK = 4096,
	LARGEST_CHUNK = 1 << 20,
	ALIGNMENT = alignof(max_align_t),
};

struct chunk {
	struct chunk *next;
	size_t used; /* of data, bytes */
	size_t size;
	alignas(ALIGNMENT) char data[];
};

struct hs_arena {
	struct chunk *chunks; /* the one that is being filled comes first */
	size_t next_size;
};

struct hs_arena *hs_arena_create(void)
{
	struct hs_arena *arena = calloc(1, sizeof(*arena));

	if (arena)
		arena->next_size = FIRST_CHUNK;
	return arena;
}

void hs_arena_destroy(struct hs_arena *arena)
{
	struct chunk *next;

	if (!arena)
		return;
	for (struct chunk *chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

static struct chunk *chunk_create(size_t size)
{
	struct chunk *chunk;
	size_t bytes;

	if (__builtin_add_overflow(size, sizeof(*chunk), &bytes))
		return NULL;
	chunk = malloc(bytes);
	if (!chunk)
		return NULL;
	*chunk = (struct chunk){.size = size};
	return chunk;
}

/* A chunk of its own for something large; the chunk being filled stays the first. */
static void *alloc_large(struct hs_arena *arena, size_t size)
{
	struct chunk *chunk = chunk_create(size);

	if (!chunk)
		return NULL;
	chunk->used = size;
	if (arena->chunks) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		arena->chunks = chunk;
	}
	return chunk->data;
}

void *hs_arena_alloc(struct hs_arena *arena, size_t size)
{
	struct chunk *chunk = arena->chunks;
	size_t rounded;
	void *ret;

	if (__builtin_add_overflow(size, (size_t)ALIGNMENT - 1, &rounded))
		return NULL;
	rounded &= ~((size_t)ALIGNMENT - 1);
	if (!chunk || chunk->size - chunk->used < rounded) {
		if (rounded > arena->next_size / 4)
			return alloc_large(arena, rounded);
		chunk = chunk_create(arena->next_size);
		if (!chunk)
			return NULL;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
		if (arena->next_size < LARGEST_CHUNK)
			arena->next_size *= 2;
	}
	ret = chunk->data + chunk->used;
	chunk->used += rounded;
	return ret;
}

void *hs_arena_array(struct hs_arena *arena, size_t count, size_t size)
{
	size_t bytes;
	void *ret;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	ret = hs_arena_alloc(arena, bytes);
	if (ret)
		memset(ret, 0, bytes);
	return ret;
}

void *hs_arena_copy(struct hs_arena *arena, const void *data, size_t size)
{
	void *ret = hs_arena_alloc(arena, size);

	if (ret && size)
		memcpy(ret, data, size);
	return ret;
}

bool hs_arena_str(struct hs_arena *arena, struct hs_str str, struct hs_str *ret)
{
	size_t bytes;
	char *copy;

	if (__builtin_add_overflow(str.size, (size_t)1, &bytes))
		return false;
	copy = hs_arena_alloc(arena, bytes);
	if (!copy)
		return false;
	if (str.size)
		memcpy(copy, str.data, str.size);
	copy[str.size] = '\0';
	*ret = (struct hs_str){.data = copy, .size = str.size};
	return true;
}
