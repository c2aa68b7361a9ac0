#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""format.py [--build DIR] [--objects N] [--runs N] [--level N] [--check] [SNAPSHOT]

What the file costs, as a table: `top FILE`, loading all of it and writing it, with one thread and
with two, what memory writing takes beside the snapshot itself, and the bytes that the graph takes
(addresses, types, sizes, flags, references and their labels).  SNAPSHOT is one of a process
like a service, of 10,000,000 objects, unless it is given.

Times are the fastest of all runs.  What a second thread gains is also worked out from processor
time, for whatever else the machine does takes a core away: the time with one thread, against what
is left to one thread alone, however many there are, and half of the rest of what two take.  --check
holds that and the memory against limits, and exits with 1 if one is missed.
"""
import argparse
import ctypes
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "spec")]
sys.dont_write_bytecode = True
from columns import read_sections  # noqa: E402

MB = 1 << 20

# What --check demands; of 10,000,000 objects.
LIMITS = {
    "graph": (2.0, "at most"),
    "top FILE": (0.4, "at most"),
    "top FILE, memory": (400, "at most"),
    "load, gain of a second thread": (1.7, "at least"),
    "write, gain of a second thread": (1.7, "at least"),
    "write, memory": (64, "at most"),
    "write, two threads, memory": (64, "at most"),
}
GRAPH = ("address", "type", "size", "item_size", "allocated", "flags", "edges", "targets", "jumps",
         "shape", "visible", "hidden")
PER_OBJECT, PER_REFERENCE = 10e-9, 4e-9  # seconds that loading is held against
MANY = 32  # threads, so that one of them has next to nothing to do but what it does alone


class OpenOptions(ctypes.Structure):
    _fields_ = [("columns", ctypes.c_uint32), ("jobs", ctypes.c_uint), ("as_base", ctypes.c_bool),
                ("progress", ctypes.c_void_p), ("progress_context", ctypes.c_void_p)]


class SaveOptions(ctypes.Structure):
    _fields_ = [("level", ctypes.c_int), ("jobs", ctypes.c_uint), ("overwrite", ctypes.c_bool),
                ("base", ctypes.c_void_p), ("owner_uid", ctypes.c_uint32),
                ("owner_gid", ctypes.c_uint32), ("progress", ctypes.c_void_p),
                ("progress_context", ctypes.c_void_p), ("phase", ctypes.c_void_p),
                ("phase_context", ctypes.c_void_p)]


class Library:
    def __init__(self, path):
        self.lib = ctypes.CDLL(str(path))
        for name in "hs_snapshot_open", "hs_snapshot_save":
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.lib.hs_error_message.restype = ctypes.c_char_p

    def _check(self, err):
        if err:
            sys.exit(self.lib.hs_error_message(ctypes.c_void_p(err)).decode())

    def open(self, path, jobs):
        snap = ctypes.c_void_p()
        self._check(self.lib.hs_snapshot_open(os.fsencode(path), ctypes.byref(OpenOptions(jobs=jobs)),
                                              ctypes.byref(snap)))
        return snap

    def save(self, snap, path, jobs, level):
        options = SaveOptions(overwrite=True, jobs=jobs, level=level)
        self._check(self.lib.hs_snapshot_save(snap, os.fsencode(path), ctypes.byref(options)))

    def close(self, snap):
        self.lib.hs_snapshot_destroy(snap)


class Cost:
    """What a call takes: seconds, processor time, that of the thread that makes it; the least."""

    def __init__(self):
        self.took = self.processor = self.own = float("inf")

    def run(self, function, *arguments):
        begin = time.perf_counter(), time.process_time(), time.thread_time()
        result = function(*arguments)
        self.took = min(self.took, time.perf_counter() - begin[0])
        self.processor = min(self.processor, time.process_time() - begin[1])
        self.own = min(self.own, time.thread_time() - begin[2])
        return result


def status(name):
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def peak_of(function, *arguments):
    """Bytes that a call takes at its peak beside what is there before."""
    ctypes.CDLL(None).malloc_trim(0)  # what was freed and kept would count as there
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    before = status("VmRSS")
    function(*arguments)
    return status("VmHWM") - before


def dump(command, objects, path):
    """A snapshot of a process like a service."""
    with subprocess.Popen(["/usr/bin/python3", "-B", HERE / "service.py", str(objects)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as service:
        if not service.stdout.readline().startswith(b"READY"):
            sys.exit("the service is not ready")
        subprocess.run([command, "dump", str(service.pid), "-q", "-o", path], check=True)


def run_top(command, path):
    """Seconds and bytes at the peak."""
    begin = time.perf_counter()
    with subprocess.Popen([command, "top", path], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        _, code, usage = os.wait4(process.pid, 0)
        process.returncode = code
    if code:
        sys.exit("top failed")
    return time.perf_counter() - begin, usage.ru_maxrss * 1024


def rows_of(name, costs):
    alone = costs[MANY].own
    ideal = alone + (costs[2].processor - alone) / 2
    return {name: (costs[1].took, "s"), f"{name}, two threads": (costs[2].took, "s"),
            f"{name}, gain of a second thread": (costs[1].processor / ideal, "times")}


def count(path):
    """Objects, references, and the bytes of the graph's columns."""
    maps = [section.map for section in read_sections(path)[0]]
    blocks = [one for one in maps if "first_edge" in one]
    return (sum(block["objects"] for block in blocks), sum(block["edges"] for block in blocks),
            sum(block["columns"][name][2] for block in blocks for name in GRAPH
                if name in block["columns"]))


def measure(library, command, path, runs, level, folder):
    """By name: a figure and its unit."""
    # First, for a child's peak is at least what its parent had when it was made.
    top = [run_top(command, path) for _ in range(runs)]
    rows = {"top FILE": (min(took for took, _ in top), "s"),
            "top FILE, memory": (max(peak for _, peak in top) / MB, "MiB")}
    loads = {jobs: Cost() for jobs in (1, 2, MANY)}
    for _ in range(runs):
        for jobs, cost in loads.items():
            library.close(cost.run(library.open, path, jobs))
    objects, references, graph = count(path)
    rows |= rows_of("load", loads)
    rows["load, of what it may take"] = (
        loads[1].processor / (objects * PER_OBJECT + references * PER_REFERENCE), "times")
    snap = library.open(path, 0)
    peaks = {jobs: peak_of(library.save, snap, folder / "peak", jobs, level) for jobs in (1, 2)}
    writes = {jobs: Cost() for jobs in (1, 2, MANY)}
    for _ in range(runs):
        for jobs, cost in writes.items():
            cost.run(library.save, snap, folder / str(jobs), jobs, level)
    library.close(snap)
    if len({(folder / str(jobs)).read_bytes() for jobs in writes}) > 1:
        sys.exit("what is written depends on the number of threads")
    rows |= rows_of("write", writes)
    rows["write, an object"] = writes[1].processor / objects * 1e9, "ns"
    rows["graph"] = graph / objects, "bytes"
    rows["write, memory"] = peaks[1] / MB, "MiB"
    rows["write, two threads, memory"] = peaks[2] / MB, "MiB"
    return rows


def show(rows):
    """Print the table; whether all limits are kept."""
    all_kept = True
    for name, (value, unit) in rows.items():
        limit, direction = LIMITS.get(name, (None, None))
        kept = limit is None or (value >= limit if direction == "at least" else value <= limit)
        wanted = "" if limit is None else f"{direction} {limit}"
        print(f"{name:<32} {value:9.3f} {unit:<6} {wanted}{'' if kept else ': MISSED'}")
        all_kept = all_kept and kept
    return all_kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parents[1] / "build/release")
    parser.add_argument("--objects", type=int, default=10000000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--level", type=int, default=0)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("snapshot", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    command = options.build / "cli/heapsnap"
    library = Library(options.build / "libsnap/libsnap.so")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path = options.snapshot
        if not path:
            path = folder / "service.snap"
            dump(command, options.objects, path)
        rows = measure(library, command, path, options.runs, options.level, folder)
    if not show(rows) and options.check:
        sys.exit("a limit was missed")


if __name__ == "__main__":
    main()
