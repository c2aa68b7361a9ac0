#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""compare.py [--heapsnap COMMAND] [--objects N] [--python PYTHON]

What a snapshot takes in bytes per object, against the same graph in other forms: JSON as V8 writes
heap snapshots, lines of JSON as meliae writes them, a pickle; of service.py and of libraries.py, if
the interpreter has what that imports.  All have of each object its address (V8's JSON as the node's
id, which is what tells there that two snapshots mean the same object), type, size and references;
V8's JSON the names of references, too; heapsnap's file these and also allocated sizes, reference
counts, flags, generations, fingerprints, roots, threads and the memory map.
"""
import argparse
import array
import gzip
import io
import json
import pathlib
import pickle
import subprocess
import sys
import tempfile

import zstandard

HERE = pathlib.Path(__file__).resolve().parent
DEFAULT_COMMAND = HERE.parents[1] / "build/release/cli/heapsnap"


class Counter(io.RawIOBase):
    """A file that counts what is written to it."""

    def __init__(self):
        super().__init__()
        self.size = 0

    def writable(self):
        return True

    def write(self, data):
        self.size += len(data)
        return len(data)


def numbers(write, values):
    for start in range(0, len(values), 100000):
        write(("," * bool(start) + ",".join(map(str, values[start:start + 100000]))).encode())


def v8_json(lines, where):
    """As .heapsnapshot files: nodes and edges as flat arrays, names as numbers of strings."""
    nodes, edges, strings = array.array("Q"), array.array("Q"), {}
    for line in lines:
        name = strings.setdefault(line["type"], len(strings))
        nodes.extend((3, name, where[line["id"]], line["size"], len(line["refs"]), 0, 0))
        for target, label in line["refs"]:
            index = label[1:-1] if label.startswith("[") else ""
            edges.extend((1, int(index), 7 * target) if index.isdigit() else
                         (2, strings.setdefault(label, len(strings)), 7 * target))
    counter = Counter()
    with zstandard.ZstdCompressor(level=3).stream_writer(counter) as out:
        out.write(b'{"snapshot":{"meta":{"node_fields":["type","name","id","self_size",'
                  b'"edge_count","trace_node_id","detachedness"],"edge_fields":["type",'
                  b'"name_or_index","to_node"]}},"nodes":[')
        numbers(out.write, nodes)
        out.write(b'],"edges":[')
        numbers(out.write, edges)
        out.write(b'],"strings":' + json.dumps(list(strings)).encode() + b"}")
    return counter.size


def addresses(lines):
    return array.array("Q", (int(line["addr"], 16) for line in lines))


def json_lines(lines, where):
    """As meliae: an object a line, references by address; gzip at its default level."""
    counter = Counter()
    with gzip.GzipFile(fileobj=counter, mode="wb", compresslevel=6) as out:
        for line in lines:
            out.write(json.dumps({"address": where[line["id"]], "type": line["type"],
                                  "size": line["size"],
                                  "refs": [where[target] for target, _ in line["refs"]]}
                                 ).encode() + b"\n")
    return counter.size


def pickled(lines, where):
    """A list of tuples, references by address."""
    rows = [(where[line["id"]], sys.intern(line["type"]), line["size"],
             tuple(where[target] for target, _ in line["refs"])) for line in lines]
    counter = Counter()
    with zstandard.ZstdCompressor(level=3).stream_writer(counter) as out:
        pickle.dump(rows, out, protocol=pickle.HIGHEST_PROTOCOL)
    return counter.size


class Lines:
    """The objects of a snapshot as dicts, each time anew: all at once would take much memory."""

    def __init__(self, path):
        self.path = path

    def __iter__(self):
        with open(self.path, "rb") as file:
            for line in file:
                yield json.loads(line)


def compare(command, script, python, objects, folder):
    snapshot, dense, text = (folder / name for name in ("a.snap", "b.snap", "a.jsonl"))
    with subprocess.Popen([python, "-B", HERE / script, str(objects)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        if not process.stdout.readline().startswith(b"READY"):
            process.stdin.close()
            reason = process.stderr.read().decode().strip().splitlines() or ["it said nothing"]
            print(f"{script}: left out: {reason[-1]}")
            return
        subprocess.run([command, "dump", str(process.pid), "-q", "-f", "-o", snapshot], check=True)
        process.kill()
    subprocess.run([command, "flatten", snapshot, "-q", "-f", "--level", "9", "-o", dense],
                   check=True)
    subprocess.run([command, "export", snapshot, "-q", "-f", "--to", "jsonl", "-o", text],
                   check=True)
    lines = Lines(text)
    where = addresses(lines)
    info = json.loads(subprocess.check_output([command, "info", snapshot, "--json"]))
    print(f"{script}: {info['objects']:,} objects, {info['edges']:,} references; bytes per object")
    for name, size in [("heapsnap, level 3", snapshot.stat().st_size),
                       ("heapsnap, level 9", dense.stat().st_size),
                       ("pickle, zstd -3", pickled(lines, where)),
                       ("JSON as V8's, zstd -3", v8_json(lines, where)),
                       ("lines of JSON, gzip", json_lines(lines, where))]:
        print(f"  {name:<24} {size / len(where):6.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heapsnap", default=DEFAULT_COMMAND)
    parser.add_argument("--objects", type=int, default=1000000)
    parser.add_argument("--python", default="/usr/bin/python3")
    options = parser.parse_args()
    for script in ("service.py", "libraries.py"):
        with tempfile.TemporaryDirectory() as folder:
            compare(str(options.heapsnap), script, options.python, options.objects,
                    pathlib.Path(folder))


if __name__ == "__main__":
    main()
