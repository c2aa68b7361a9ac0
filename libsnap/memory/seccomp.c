/* SPDX-License-Identifier: MIT */
/* seccomp.c: what the seccomp filters of a stopped thread would say to a system call. */
#include "libsnap/memory/seccomp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

enum {
	GET_FILTER = 0x420c, /* PTRACE_SECCOMP_GET_FILTER of linux/ptrace.h */
	MAX_FILTERS = 1000,
	MAX_LENGTH = 4096, /* BPF_MAXINSNS */
};

/* Registers and memory of the machine that the filters are written for. */
struct machine {
	uint32_t a;
	uint32_t x;
	uint32_t memory[BPF_MEMWORDS];
	const struct seccomp_data *call;
};

static bool calculate(struct machine *machine, const struct sock_filter *instruction)
{
	uint32_t operand = BPF_SRC(instruction->code) == BPF_X ? machine->x : instruction->k;

	switch (BPF_OP(instruction->code)) {
	case BPF_ADD:
		machine->a += operand;
		return true;
	case BPF_SUB:
		machine->a -= operand;
		return true;
	case BPF_MUL:
		machine->a *= operand;
		return true;
	case BPF_DIV:
		if (operand)
			machine->a /= operand;
		return operand;
	case BPF_AND:
		machine->a &= operand;
		return true;
	case BPF_OR:
		machine->a |= operand;
		return true;
	case BPF_XOR:
		machine->a ^= operand;
		return true;
	case BPF_LSH:
		machine->a = operand < 32 ? machine->a << operand : 0;
		return true;
	case BPF_RSH:
		machine->a = operand < 32 ? machine->a >> operand : 0;
		return true;
	case BPF_NEG:
		machine->a = -machine->a;
		return true;
	}
	return false;
}

/* A load into *@ret. */
static bool load(const struct machine *machine, const struct sock_filter *instruction,
		 uint32_t *ret)
{
	uint32_t k = instruction->k;

	switch (BPF_MODE(instruction->code)) {
	case BPF_IMM:
		*ret = k;
		return true;
	case BPF_LEN:
		*ret = sizeof(*machine->call);
		return true;
	case BPF_MEM:
		if (k < BPF_MEMWORDS)
			*ret = machine->memory[k];
		return k < BPF_MEMWORDS;
	case BPF_ABS:
		if (k % 4 || k > sizeof(*machine->call) - 4)
			return false;
		memcpy(ret, (const char *)machine->call + k, sizeof(*ret));
		return true;
	}
	return false;
}

static bool store(struct machine *machine, const struct sock_filter *instruction)
{
	if (instruction->k >= BPF_MEMWORDS)
		return false;
	machine->memory[instruction->k] =
		BPF_CLASS(instruction->code) == BPF_ST ? machine->a : machine->x;
	return true;
}

/* How many instructions to skip. */
static uint32_t jump(const struct machine *machine, const struct sock_filter *instruction)
{
	uint32_t operand = BPF_SRC(instruction->code) == BPF_X ? machine->x : instruction->k;
	bool holds = false;

	switch (BPF_OP(instruction->code)) {
	case BPF_JA:
		return instruction->k;
	case BPF_JEQ:
		holds = machine->a == operand;
		break;
	case BPF_JGT:
		holds = machine->a > operand;
		break;
	case BPF_JGE:
		holds = machine->a >= operand;
		break;
	case BPF_JSET:
		holds = machine->a & operand;
		break;
	}
	return holds ? instruction->jt : instruction->jf;
}

uint32_t hs_seccomp_run(const struct sock_filter *program, size_t length,
			const struct seccomp_data *call)
{
	struct machine machine = {.call = call};
	bool sound = true;

	for (size_t at = 0; sound && at < length; at++) {
		const struct sock_filter *instruction = &program[at];

		switch (BPF_CLASS(instruction->code)) {
		case BPF_LD:
			sound = load(&machine, instruction, &machine.a);
			break;
		case BPF_LDX:
			sound = load(&machine, instruction, &machine.x);
			break;
		case BPF_ST:
		case BPF_STX:
			sound = store(&machine, instruction);
			break;
		case BPF_ALU:
			sound = calculate(&machine, instruction);
			break;
		case BPF_JMP:
			at += jump(&machine, instruction);
			break;
		case BPF_RET:
			return BPF_RVAL(instruction->code) == BPF_A ? machine.a : instruction->k;
		case BPF_MISC:
			if (BPF_MISCOP(instruction->code) == BPF_TAX)
				machine.x = machine.a;
			else
				machine.a = machine.x;
			break;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

static bool lets_pass(const struct sock_filter *program, size_t length,
		      const struct seccomp_data *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t answer = hs_seccomp_run(program, length, &calls[i]);

		if (answer != SECCOMP_RET_ALLOW && answer != SECCOMP_RET_LOG)
			return false;
	}
	return true;
}

enum hs_seccomp_answer hs_seccomp_ask(pid_t tid, const struct seccomp_data *calls, size_t count)
{
	struct sock_filter *program = malloc(MAX_LENGTH * sizeof(*program));
	enum hs_seccomp_answer answer = HS_SECCOMP_UNKNOWN;

	for (uintptr_t i = 0; program && i < MAX_FILTERS; i++) {
		long length = ptrace((enum __ptrace_request)GET_FILTER, tid, (void *)i, NULL);

		if (length < 0) {
			if (errno == ENOENT && i)
				answer = HS_SECCOMP_ALLOWS;
			break;
		}
		if (length > MAX_LENGTH ||
		    ptrace((enum __ptrace_request)GET_FILTER, tid, (void *)i, program) != length)
			break;
		if (!lets_pass(program, (size_t)length, calls, count)) {
			answer = HS_SECCOMP_REFUSES;
			break;
		}
	}
	free(program);
	return answer;
}
