/* SPDX-License-Identifier: MIT */
/* embedding.c: a program that has an interpreter inside, and says READY when it is in use. */
#include <Python.h>

static const char script[] = "import sys\n"
			     "class Inside:\n"
			     "    def __init__(self, n):\n"
			     "        self.n = n\n"
			     "kept = [Inside(n) for n in range(1000)]\n"
			     "print('READY', sys.hexversion, flush=True)\n"
			     "sys.stdin.readline()\n";

int main(void)
{
	int failed;

	Py_Initialize();
	failed = PyRun_SimpleString(script);
	return Py_FinalizeEx() || failed;
}
