"""collector.py: collects in several ways, and says what the collector says of itself."""
import gc
import json
import os
import sys


class Node:
    pass


def garbage(count):
    for _ in range(count):
        node = Node()
        node.itself = node


gc.set_threshold(901, 7, 5)
for _ in range(4):
    garbage(30)
    gc.collect(0)
garbage(50)
gc.collect(1)
for _ in range(6):
    gc.collect(2)
if sys.argv[1] == "off":
    gc.disable()
if sys.argv[1] == "never":
    gc.set_threshold(0)
said = {"enabled": gc.isenabled(), "threshold": gc.get_threshold(), "count": gc.get_count(),
        "stats": gc.get_stats()}
os.write(1, b"READY " + json.dumps(said).encode() + b"\n")
os.read(0, 1)
