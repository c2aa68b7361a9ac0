#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""pause.py [--heapsnap COMMAND] [--python PYTHON] [--runs N] [--sizes MB,...] [--check]

How long a target stands still, as a table: in fork mode against a bare clone(2) of the same
process, one after the other in the same run, with small and with huge pages; of a small process
with eight threads; and in stop mode how fast it is copied against memcpy.  --check exits with 1 if
a median misses its limit.
"""
import argparse
import ctypes
import json
import mmap
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
DEFAULT_COMMAND = HERE.parents[1] / "build/release/cli/heapsnap"

MB = 1000 * 1000
SYS_CLONE = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
SIGCHLD = 17

# Limits of medians.
CLONES = 1.25  # times a bare clone ...
FIXED_MS = 5   # ... and so much on top; and for a small process in all
COPY = 0.40    # of memcpy's rate, from small pages


# ---- the target: this file, run by the interpreter that is looked at ----


def hold(size, huge):
    """Anonymous memory of so many bytes, all of it there."""
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE if huge else mmap.MADV_NOHUGEPAGE)
    ctypes.memset(ctypes.addressof(ctypes.c_char.from_buffer(memory)), 1, size)
    return memory


def bare_clone(libc):
    """Milliseconds of a fork as the kernel has it."""
    begin = time.perf_counter()
    pid = libc.syscall(SYS_CLONE, SIGCHLD, 0, 0, 0, 0)
    took = time.perf_counter() - begin
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return took * 1000


def copy_rate(memory, to):
    """Bytes that memcpy copies in a millisecond."""
    size = len(to)
    source = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    target = ctypes.addressof(ctypes.c_char.from_buffer(to))
    begin = time.perf_counter()
    ctypes.memmove(target, source, size)
    return size / ((time.perf_counter() - begin) * 1000)


def be_target(size, pages, threads):
    libc = ctypes.CDLL(None)
    memory = hold(int(size), pages == "huge") if int(size) else None
    to = None
    for _ in range(int(threads) - 1):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    print("READY", flush=True)
    for line in sys.stdin:
        if line == "clone\n":
            print(bare_clone(libc), flush=True)
        else:
            to = to or hold(min(int(size), 256 << 20), True)
            print(copy_rate(memory, to), flush=True)
    os._exit(0)


# ---- the bench ----


class Target:
    def __init__(self, python, size, pages, threads=1):
        self.process = subprocess.Popen(
            [python, "-B", __file__, "--be-target", str(size), pages, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "READY\n"

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def dump(command, target, mode, file):
    """Milliseconds that it stood still, and bytes copied."""
    subprocess.run([command, "dump", str(target.process.pid), "-q", "-f", "--mode", mode,
                    "-o", file], check=True)
    capture = json.loads(subprocess.check_output([command, "info", file, "--json"]))["capture"]
    assert capture["mode"] == mode and not capture["retries"]
    return capture["pause_ms"], capture["copied"]


def spread(values):
    return f"{statistics.median(values):8.1f} [{min(values):.1f} .. {max(values):.1f}]"


def row(what, ours, theirs, limit, kept):
    verdict = "kept" if kept else "MISSED"
    print(f"{what:<28} {ours:<28} {theirs:<28} {limit:<22} {verdict}", flush=True)
    return kept


def fork_against_clone(options, size, pages, file):
    ours, theirs = [], []
    with Target(options.python, size, pages) as target:
        for _ in range(options.runs):
            theirs.append(target.ask("clone"))
            ours.append(dump(options.heapsnap, target, "fork", file)[0])
    clone = statistics.median(theirs)
    limit = CLONES * clone + FIXED_MS
    return row(f"fork, {size // MB} MB, {pages}", spread(ours), spread(theirs),
               f"{limit:.1f} ms", statistics.median(ours) <= limit)


def small_with_threads(options, file):
    ours, theirs = [], []
    with Target(options.python, 0, "4K", threads=8) as target:
        for _ in range(options.runs):
            theirs.append(target.ask("clone"))
            ours.append(dump(options.heapsnap, target, "fork", file)[0])
    return row("fork, small, 8 threads", spread(ours), spread(theirs), f"{FIXED_MS:.1f} ms",
               statistics.median(ours) <= FIXED_MS)


def stop_against_memcpy(options, size, file):
    ours, theirs = [], []
    with Target(options.python, size, "4K") as target:
        target.ask("copy")  # makes where to copy to
        for _ in range(options.runs):
            theirs.append(target.ask("copy") / MB)
            pause, copied = dump(options.heapsnap, target, "stop", file)
            ours.append(copied / pause / MB)
    limit = COPY * statistics.median(theirs)
    return row(f"stop, {size // MB} MB, 4K, GB/s", spread(ours), spread(theirs),
               f"{limit:.1f} GB/s", statistics.median(ours) >= limit)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heapsnap", default=str(DEFAULT_COMMAND))
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--sizes", default="100,1000,4000", help="MB")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    print(f"{'ms, median of ' + str(options.runs):<28} {'heapsnap':<28} "
          f"{'bare clone, or memcpy':<28} limit")
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "a.snap")
        sizes = [int(size) * MB for size in options.sizes.split(",")]
        kept = [fork_against_clone(options, size, pages, file)
                for size in sizes for pages in ("4K", "huge")]
        kept.append(small_with_threads(options, file))
        kept += [stop_against_memcpy(options, size, file) for size in sizes[:2]]
    if options.check and not all(kept):
        sys.exit("a limit was missed")


if sys.argv[1:2] == ["--be-target"]:
    be_target(*sys.argv[2:])
else:
    main()
