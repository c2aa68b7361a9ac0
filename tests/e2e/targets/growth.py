# SPDX-License-Identifier: MIT
"""growth.py COUNT THING...: for each kind of thing, READY; then makes COUNT of them, prints READY
and by how many bytes the resident memory grew, and waits.  A number stands for instances of a class
with that many attributes, other things are the functions below.
"""
import ctypes
import gc
import sys

PR_SET_THP_DISABLE = 41  # huge pages would come two MiB at a time
WARM_UP = 2000  # of each kind before measuring: they fill what gaps there are in the heap

ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
count = int(sys.argv[1])


def class_with(n):
    """A class whose instances have @n attributes."""
    body = "".join("  self.a%d = None\n" % i for i in range(n))
    space = {"__name__": "__main__"}
    exec("class Has%d:\n def __init__(self):\n%s" % (n, body), space)
    return space["Has%d" % n]


def grown_list():
    thing = []
    for n in range(25):
        thing.append(n)
    return thing


def long_list():
    return [None] * 100


def shrunk_list():
    thing = grown_list()
    del thing[7:]
    return thing


def grown_dict():
    return {n: None for n in range(12)}


def long_dict():
    return {n: None for n in range(40)}


def shrunk_dict():
    thing = grown_dict()
    for n in range(9):
        del thing[n]
    return thing


def emptied_dict():
    thing = grown_dict()
    thing.clear()
    return thing


def anonymous():
    """Bytes of memory of the process's own that are resident."""
    with open("/proc/self/smaps_rollup", "rb", 0) as file:
        for line in file.read().splitlines():
            if line.startswith(b"Anonymous:"):
                return int(line.split()[1]) << 10


def ready(said):
    print("READY", said, flush=True)
    sys.stdin.readline()


kept = []
gc.disable()
for word in sys.argv[2:]:
    make = class_with(int(word)) if word.isdigit() else globals()[word]
    things = [None] * (WARM_UP + count)
    for i in range(WARM_UP):
        things[i] = make()
    kept.append(things)
    anonymous()
    ready(word)
    before = anonymous()
    for i in range(count):
        things[WARM_UP + i] = make()
    ready(anonymous() - before)
