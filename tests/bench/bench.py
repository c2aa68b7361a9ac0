#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""bench.py [--heapsnap COMMAND] [--objects N] [--runs N] [--check] [PYTHON ...]

Times the commands on a process like a service, and prints a table: medians, and in brackets the
fastest and the slowest run.  The machine's noise is in the figures: --check compares the medians
with limits that leave room for it, meant for 1,000,000 objects, and exits with 1 if one is missed.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SERVICE = HERE / "service.py"
DEFAULT_COMMAND = HERE.parents[1] / "build/release/cli/heapsnap"

# What --check demands of the medians: seconds, and bytes per object.
LIMITS = {"dump": 3, "file": 6, "top FILE": 0.3, "diff": 2}


class Service:
    """service.py, stopped at a READY; a second round has other data."""

    def __init__(self, python, objects):
        self.process = subprocess.Popen([python, "-B", SERVICE, str(objects)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid
        self.ready()

    def ready(self):
        line = self.process.stdout.readline()
        if not line.startswith(b"READY"):
            sys.exit(f"the service said {line!r}")

    def round(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        self.ready()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def timed(runs, *words):
    """Seconds that the command took, each time."""
    took = []
    for _ in range(runs):
        begin = time.perf_counter()
        subprocess.run(list(map(str, words)), check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        took.append(time.perf_counter() - begin)
    return took


def show(name, values, unit="s"):
    """Print a line; whether the median keeps its limit, if it has one."""
    median = statistics.median(values)
    kept = median <= LIMITS.get(name, median)
    print(f"  {name:<28} {median:9.3f} {unit}  [{min(values):.3f} .. {max(values):.3f}]"
          f"{'' if kept else f'  more than {LIMITS[name]}'}", flush=True)
    return kept


def measure(command, python, objects, runs, folder):
    """Print the table; whether all limits are kept."""
    first, second = folder / "a.snap", folder / "b.snap"
    service = Service(python, objects)
    try:
        dumps, pauses = [], []
        for _ in range(runs):
            dumps += timed(1, command, "dump", service.pid, "-f", "-o", first)
            info = json.loads(subprocess.check_output([command, "info", first, "--json"]))
            pauses.append(info["capture"]["pause_ms"])
        service.round()
        subprocess.run([command, "dump", str(service.pid), "-q", "-f", "-o", second], check=True)
    finally:
        service.end()
    version = info["process"]["version"]
    print(f"CPython {version}: {info['objects']} objects, {info['edges']} references, "
          f"{info['resident']['total'] >> 20} MiB resident", flush=True)
    return all([
        show("dump", dumps),
        show("  target stopped", pauses, "ms"),
        show("file", [first.stat().st_size / info["objects"]], "bytes per object"),
        show("verify", timed(runs, command, "verify", first)),
        show("top FILE", timed(runs, command, "top", first)),
        show("diff", timed(runs, command, "diff", first, second)),
        show("export --to jsonl", timed(runs, command, "export", first, "--to", "jsonl")),
    ])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heapsnap", default=DEFAULT_COMMAND)
    parser.add_argument("--objects", type=int, default=1000000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("python", nargs="*", default=["/usr/bin/python3"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = [measure(str(options.heapsnap), python, options.objects, options.runs,
                        pathlib.Path(folder)) for python in options.python]
    if options.check and not all(kept):
        sys.exit("a limit was missed")


if __name__ == "__main__":
    main()
