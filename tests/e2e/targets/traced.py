# SPDX-License-Identifier: MIT
"""traced.py OUT: traces its allocations, makes objects of many kinds at known lines, and writes to OUT
what tracemalloc says of each object it knows: {"objects": {id: [[file, line], ...] or null},
"known": {id: line}}, tracebacks with the most recent call first.  Then READY; later it grows."""
import array
import collections
import gc
import inspect
import json
import sys
import tracemalloc

if not tracemalloc.is_tracing():
    tracemalloc.start(5)


class Plain:
    def __init__(self, value):
        self.value = value


class Slots:
    __slots__ = ("left",)


class Words(str):
    pass


def line():
    return inspect.currentframe().f_back.f_lineno


def make(n, depth):
    """Objects with the lines that made them, by way of calls as deep as @depth."""
    if depth:
        return make(n, depth - 1)
    made = []
    made.append((Plain(n), line()))
    made.append((Slots(), line()))
    made.append((Words("w%d" % n), line()))
    made.append(([n], line()))
    made.append(({n}, line()))
    made.append(({"n": n}, line()))
    made.append((bytearray(n + 1), line()))
    made.append((array.array("q", range(n + 1)), line()))
    made.append((collections.deque([n]), line()))
    made.append((collections.OrderedDict(n=n), line()))
    made.append((n + 10 ** 20, line()))
    made.append((n + 0.5, line()))
    made.append(("text %d" % n, line()))
    made.append((type("Made%d" % n, (), {}), line()))
    made.append(((n, made), line()))
    made.append(((lambda: n), line()))
    return made


kept, leak = [], []
for round in range(40):
    kept.extend(make(round, round % 7))


def describe(path):
    """Objects of ours and those of the collector, most of them made by the interpreter."""
    objects = [made for made, _ in kept] + gc.get_objects()
    own = {id(kept), id(objects)}
    answers = {}
    for one in objects:
        traceback = tracemalloc.get_object_traceback(one)
        if id(one) not in own:
            answers[id(one)] = traceback and [[frame.filename, frame.lineno]
                                              for frame in reversed(list(traceback))]
    known = {id(made): at for made, at in kept}
    with open(path, "w") as file:
        json.dump({"objects": answers, "known": known}, file)


def grow():
    """Two lines that make objects, one of which keeps them."""
    for n in range(3000):
        leak.append(Plain([n] * 20)); where = line()
        gone = [n] * 20
    return where


describe(sys.argv[1])
print("READY", flush=True)
sys.stdin.readline()
print("READY", grow(), flush=True)
sys.stdin.readline()
