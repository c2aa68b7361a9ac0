# SPDX-License-Identifier: MIT
"""indebted.py FOLDER: of 1,000 instances in a list native code keeps references to each second one,
three to each, and seven to a list; by the extension in FOLDER or, if there is none, by ctypes."""
import ctypes
import json
import sys

COUNT, TIMES = 1000, 3
try:
    sys.path.insert(0, sys.argv[1])
    from careless import forget
except ImportError:
    def forget(thing, take=ctypes.pythonapi.Py_IncRef, wrap=ctypes.py_object):
        take(wrap(thing))


class Debtor:
    def __init__(self, n):
        self.number = n


class Shelf(list):
    pass


def borrow():
    for debtor in debtors[::2]:
        for _ in range(TIMES):
            forget(debtor)
    for _ in range(7):
        forget(shelf)
    return {"debtors": [id(debtor) for debtor in debtors], "shelf": id(shelf)}


debtors = [Debtor(n) for n in range(COUNT)]
shelf = Shelf(debtors)
print("READY", json.dumps(borrow()), flush=True)
sys.stdin.readline()
