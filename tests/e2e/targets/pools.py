# SPDX-License-Identifier: MIT
"""pools.py FILE: makes small objects of many kinds and frees most of them, so that there are free
blocks everywhere and objects on free lists of every sort; then READY and the kinds.

Prints what sys._debugmallocstats() says to standard error.  Writes to FILE for each kind, in words
of 8 bytes: how many objects of it were kept, how many freed, and the addresses of both.  From then
on no block is taken but what the last calls need.
"""
import array
import collections
import gc
import os
import sys

COUNT = 3000


class Slotted:
    __slots__ = ["s%d" % i for i in range(19)]


class Plain:
    def __init__(self, n):
        self.number = n
        self.name = None

    def method(self):
        pass


class Derived(list):
    pass


def generate():
    yield


def suspended(n):
    thing = generate()
    next(thing)
    return thing


MAKERS = {
    "float": lambda n: n + 0.5,
    "list": lambda n: [n] * (n % 9),
    "dict": lambda n: dict.fromkeys(range(n % 7)),
    "set": lambda n: set(range(n % 12)),
    "tuple": lambda n: tuple([None, n] * (1 + n % 5)),
    "int": lambda n: n + (1 << 40),
    "str": lambda n: "text %d" % n,
    "bytes": lambda n: b"%d bytes" % n,
    "generator": suspended,
    "method": lambda n: Plain(n).method,
    "builtin_function_or_method": lambda n: [n].append,
    "slice": lambda n: slice(n),
    "collections.deque": lambda n: collections.deque([n]),
    "__main__.Slotted": lambda n: Slotted(),
    "__main__.Plain": Plain,
    "__main__.Derived": lambda n: Derived([n]),
}

gc.collect()
gc.disable()
words = array.array("Q")
things = [[make(n) for n in range(COUNT)] for make in MAKERS.values()]
kept = [some[::5] for some in things]
for some, few in zip(things, kept):
    freed = [id(some[n]) for n in range(COUNT) if n % 5]
    words.extend([len(few), len(freed)])
    words.extend(map(id, few))
    words.extend(freed)
del some, few, freed, things
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
line = ("READY " + " ".join(MAKERS) + "\n").encode()

sys._debugmallocstats()
os.write(file, words)
os.write(1, line)
os.read(0, 1)
