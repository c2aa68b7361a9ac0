#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""chain.py [--heapsnap COMMAND] [--sessions N] [--snapshots N] [--check] [PYTHON]

Takes a chain of snapshots of a service of which one session in a hundred is replaced between them,
at random, and prints what that costs beside whole snapshots of the same.  --check exits with 1 if
the chain takes more than 5 % of these, or if the last one says something else when it is whole.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SERVICE = HERE.parent / "e2e/targets/renewing.py"
DEFAULT_COMMAND = HERE.parents[1] / "build/release/cli/heapsnap"
LIMIT = 5  # percent


def timed(*words, **more):
    begin = time.perf_counter()
    subprocess.run(list(map(str, words)), check=True, stderr=subprocess.DEVNULL, **more)
    return time.perf_counter() - begin


def take_chain(options, folder):
    """Seconds that each dump took."""
    service = subprocess.Popen([options.python, "-B", SERVICE, str(options.sessions)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    took = []
    for i in range(options.snapshots):
        if not service.stdout.readline().startswith(b"READY"):
            sys.exit("the service is not ready")
        base = ["--base", folder / f"{i - 1}.snap"] if i else []
        took.append(timed(options.heapsnap, "dump", service.pid, "-q", "-o", folder / f"{i}.snap",
                          *base))
        service.stdin.write(b"\n")
        service.stdin.flush()
    service.stdin.close()
    service.wait()
    return took


def says_the_same(options, chained, whole):
    exports = [subprocess.run([options.heapsnap, "export", file, "--to", "jsonl"], check=True,
                              stdout=subprocess.PIPE).stdout for file in (chained, whole)]
    return exports[0] == exports[1]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--heapsnap", default=DEFAULT_COMMAND)
    parser.add_argument("--sessions", type=int, default=20000)
    parser.add_argument("--snapshots", type=int, default=60)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("python", nargs="?", default="/usr/bin/python3")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        took = take_chain(options, folder)
        chained = [os.path.getsize(folder / f"{i}.snap") for i in range(options.snapshots)]
        whole, last, flat = 0, options.snapshots - 1, folder / "whole.snap"
        opened = timed(options.heapsnap, "info", folder / f"{last}.snap", stdout=subprocess.DEVNULL)
        for i in range(options.snapshots):
            timed(options.heapsnap, "flatten", folder / f"{i}.snap", "-f", "-o", flat)
            whole += os.path.getsize(flat)
        same = says_the_same(options, folder / f"{last}.snap", flat)
    percent = 100 * sum(chained) / whole
    print(f"{options.snapshots} snapshots: {sum(chained):,} bytes, {whole:,} if each is whole: "
          f"{percent:.2f} %")
    print(f"the first {chained[0]:,} bytes, the others {statistics.median(chained[1:]):,}")
    print(f"dump whole {took[0]:.2f} s, against a base {statistics.median(took[1:]):.2f} s, at last "
          f"{took[-1]:.2f} s; opening the last {opened:.2f} s")
    if not same:
        print("the last one says something else than when it is whole")
    return int(options.check and (percent > LIMIT or not same))


if __name__ == "__main__":
    sys.exit(main())
