#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""graph.py BUILD [--objects N] [--check]

What the graph of a made-up snapshot costs (graph.c, built as BUILD/tests/graph_bench): seconds, memory
at the peak, and, with valgrind, instructions, which do not depend on what else the machine does.
--check exits with 1 if a limit is missed; those of seconds are meant for 10,000,000 objects.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

# Instructions for each object, by kind of snapshot, of 300,000 objects: what was measured and 5 %.
INSTRUCTIONS = {"heap": 835, "chain": 731, "star": 666}
COUNTED = 300000
SECONDS = 6


def run(*words):
    return subprocess.run(list(map(str, words)), check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def count_instructions(program, file):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "run", file]
    errors = subprocess.run(list(map(str, command)), check=True, text=True, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE).stderr
    return int(re.search(r"Collected : (\d+)", errors)[1])


def measure(program, folder, objects):
    """Print what the large one takes; whether it keeps its limits."""
    file = folder / "large.snap"
    run(program, "make", "heap", objects, file)
    kept = True
    for jobs in 1, 2:
        out = run(program, "run", file, jobs)
        print(f"--jobs {jobs}:", out, sep="\n")
        seconds = float(re.search(r"all ([\d.]+) s", out)[1])
        peak, limit = map(int, re.search(r"all .* peak (\d+) MB, of at most (\d+) MB", out).groups())
        kept = kept and peak <= limit and seconds <= SECONDS * objects / 10000000
    return kept


def count(program, folder):
    kept = True
    for kind, limit in INSTRUCTIONS.items():
        file = folder / f"{kind}.snap"
        run(program, "make", kind, COUNTED, file)
        each = count_instructions(program, file) / COUNTED
        kept = kept and each <= limit
        print(f"{kind:<8} {each:8.1f} instructions an object, of at most {limit}")
    return kept


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--objects", type=int, default=10000000)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    program = arguments.build / "tests/graph_bench"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        kept = [count(program, folder), measure(program, folder, arguments.objects)]
    return int(arguments.check and not all(kept))


if __name__ == "__main__":
    sys.exit(main())
