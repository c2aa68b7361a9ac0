"""sample.py: a bit of everything, then 3,000 more sessions in a registry, then the end."""
import collections
import functools
import json
import sys

SESSIONS = 3000


class Session:
    def __init__(self, n):
        self.user = "user-%d" % n
        self.items = [n, n + 0.5]


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


class Registry:
    def __init__(self):
        self.sessions = {}


@functools.lru_cache(maxsize=None)
def square(n):
    return n * n


def ready(**facts):
    print("READY", json.dumps(facts), flush=True)
    sys.stdin.readline()


points = [Point(i * 1.5, i) for i in range(5000)]
documents = [{"id": i, "tags": {"t%d" % i}, "body": b"x" * 40, "at": (i, None)}
             for i in range(1000)]
queue = collections.deque(range(1000, 2000))
counter = collections.Counter("w%d" % (i % 7) for i in range(100))
registry = Registry()
for i in range(300):
    square(i)
for i in range(100):
    registry.sessions["k%d" % i] = Session(i)

ready()
for i in range(100, 100 + SESSIONS):
    registry.sessions["k%d" % i] = Session(i)
ready(points=len(points), sessions=len(registry.sessions), grown=SESSIONS,
      registry=id(registry.sessions))
