# SPDX-License-Identifier: MIT
"""forgetful.py FOLDER: READY; then references to 1,000 instances and 1,000 strings are lost, by the
extension in FOLDER or, if there is none, by ctypes; 1,000 rings become garbage, 1,000 instances go
into a list; the addresses of all follow the next READY."""
import ctypes
import gc
import json
import sys

COUNT = 1000
try:
    sys.path.insert(0, sys.argv[1])
    from careless import forget
except ImportError:
    def forget(thing, take=ctypes.pythonapi.Py_IncRef, wrap=ctypes.py_object):
        take(wrap(thing))


class Forgotten:
    def __init__(self, n):
        self.number, self.items = n, [n]


class Ring:
    def __init__(self):
        self.me, self.room = self, [None] * 4


class Kept:
    def __init__(self, n):
        self.number, self.items = n, [n]


def lose():
    forgotten, items, strings = [], [], []
    for n in range(COUNT):
        thing, text = Forgotten(n), "lost string number %d" % n
        forget(thing)
        forget(text)
        forgotten.append(id(thing))
        items.append(id(thing.items))
        strings.append(id(text))
    return {"forgotten": forgotten, "items": items, "strings": strings,
            "rings": [id(Ring()) for _ in range(COUNT)]}


def ready(facts):
    print("READY", json.dumps(facts), flush=True)
    sys.stdin.readline()


gc.collect()
gc.disable()
kept = []
ready(None)
facts = lose()
kept += [Kept(n) for n in range(COUNT)]
facts["kept"] = [id(thing) for thing in kept]
ready(facts)
