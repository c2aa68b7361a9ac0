/* SPDX-License-Identifier: MIT */
/*
 * core_command.c: the arguments of the process that a core is of.
 *
 * The kernel lays them out when it starts a program, above where its stack begins:
 *
 *   argc | argv[0] ... 0 | envp[0] ... 0 | auxiliary vector | random bytes | arguments, environment
 *
 * A core says what the vector is and where the random bytes are; from these the way leads back.
 */
#include "libsnap/memory/core_command.h"

#include "format/base/cleanup.h"

enum {
	SEARCHED = 4096, /* bytes below the random ones; between lie a name and some padding */
	MAX_WORDS = 1 << 18,
	MAX_BYTES = 1 << 23,
};

static bool find_vector(const struct hs_target *target, const struct hs_core_notes *notes,
			hs_addr *ret)
{
	uint8_t bytes[SEARCHED];
	hs_addr start = (notes->random & ~(hs_addr)15) - sizeof(bytes);
	const uint8_t *found;

	if (notes->random < sizeof(bytes) || !hs_target_read(target, start, bytes, sizeof(bytes)))
		return false;
	found = memmem(bytes, sizeof(bytes), notes->vector, sizeof(notes->vector));
	*ret = start + (hs_addr)(found - bytes);
	return found;
}

static hs_addr word_at(const struct hs_target *target, hs_addr address)
{
	uint64_t word = 0;

	return hs_target_read(target, address, &word, sizeof(word)) ? word : 0;
}

/*
 * The first word of the array that ends with the 0 below @end: what it has points behind @above,
 * and what stands before it, a number or a 0, does not.  0 if there is no such.
 */
static hs_addr array_before(const struct hs_target *target, hs_addr end, hs_addr above)
{
	hs_addr at = end - 16;

	if (word_at(target, end - 8))
		return 0;
	for (uint64_t i = 0; i < MAX_WORDS; i++, at -= 8)
		if (word_at(target, at) <= above)
			return at + 8;
	return 0;
}

static char *read_stack(const struct hs_target *target, const struct hs_core_notes *notes,
			size_t *size)
{
	_cleanup_free_ char *command = NULL;
	hs_addr vector, environment, arguments, start, end;

	if (!find_vector(target, notes, &vector))
		return NULL;
	environment = array_before(target, vector, vector);
	arguments = environment ? array_before(target, environment, vector) : 0;
	if (!arguments)
		return NULL;
	start = word_at(target, arguments);
	end = word_at(target, environment);
	if (!end)
		end = notes->file_name;
	if (!start || start >= end || end - start > MAX_BYTES)
		return NULL;
	command = malloc(end - start + 1);
	if (!command || !hs_target_read(target, start, command, end - start))
		return NULL;
	command[end - start] = '\0';
	*size = end - start;
	return hs_steal(command);
}

char *hs_core_command(const struct hs_target *target, const struct hs_core_notes *notes,
		      size_t *size)
{
	char *command = read_stack(target, notes, size);
	size_t length = strlen(notes->command);

	if (command)
		return command;
	while (length && notes->command[length - 1] == ' ')
		length--;
	if (!length)
		return NULL;
	command = strndup(notes->command, length);
	if (!command)
		return NULL;
	/* A blank may have parted two, or been in one: nobody knows. */
	for (size_t i = 0; i < length; i++)
		if (command[i] == ' ')
			command[i] = '\0';
	*size = length + 1;
	return command;
}
