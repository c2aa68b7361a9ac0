/* SPDX-License-Identifier: MIT */
/*
 * replay.c: runs a fuzz target over the files of a corpus, without a fuzzer.
 *
 * replay PATH ...: each PATH is a file or a folder of files.  "-mutate=N" before them also runs N
 * random changes of each file, the same ones each time, made by the target's own mutator if it has
 * one.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MORE = 4096 }; /* that a change may add */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room,
						     unsigned int seed);

static uint64_t state;

static uint64_t random_next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Change one to four bytes, mostly by one bit; now and then add or take away some. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room)
{
	enum { BYTES = 8 };
	uint64_t changes = 1 + random_next() % 4;
	size_t count = (size_t)(random_next() % BYTES);

	if (random_next() % 8 == 0) {
		if (random_next() % 2 && room - size >= count) {
			memset(data + size, (int)(random_next() % 4), count);
			size += count;
		} else if (size > count) {
			size -= count;
		}
	}
	for (uint64_t i = 0; size && i < changes; i++) {
		size_t at = (size_t)(random_next() % size);

		if (random_next() % 2)
			data[at] ^= (uint8_t)(1U << random_next() % 8);
		else
			data[at] = (uint8_t)random_next();
	}
	return size;
}

static size_t mutate(uint8_t *data, size_t size)
{
	if (LLVMFuzzerCustomMutator)
		return LLVMFuzzerCustomMutator(data, size, size + MORE,
					       (unsigned int)random_next());
	return LLVMFuzzerMutate(data, size, size + MORE);
}

static int run_file(const char *path, unsigned long mutations)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	uint8_t *copy;
	long size;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0) {
		perror(path);
		return 1;
	}
	rewind(file);
	state = 88172645463325252;
	data = malloc((size_t)size + 1);
	copy = malloc((size_t)size + MORE);
	if (!data || !copy || fread(data, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		return 1;
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	for (unsigned long i = 0; size && i < mutations; i++) {
		memcpy(copy, data, (size_t)size);
		LLVMFuzzerTestOneInput(copy, mutate(copy, (size_t)size));
	}
	free(data);
	free(copy);
	return 0;
}

static int run_folder(const char *path, unsigned long mutations, size_t *count)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int failed = 0;

	if (!folder) {
		perror(path);
		return 1;
	}
	while ((entry = readdir(folder))) {
		char name[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		failed |= run_file(name, mutations);
		++*count;
	}
	closedir(folder);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned long mutations = 0;
	size_t count = 0;
	int failed = 0;

	for (int i = 1; i < argc; i++) {
		struct stat status;

		if (!strncmp(argv[i], "-mutate=", 8)) {
			mutations = strtoul(argv[i] + 8, NULL, 10);
		} else if (!stat(argv[i], &status) && S_ISDIR(status.st_mode)) {
			failed |= run_folder(argv[i], mutations, &count);
		} else {
			failed |= run_file(argv[i], mutations);
			count++;
		}
	}
	printf("%zu inputs, %lu changes of each\n", count, mutations);
	return failed || !count;
}
