# SPDX-License-Identifier: MIT
"""containers.py: lists, tuples, sets, dicts and their relatives, grown, shrunk and with holes."""
import array
import collections
import contextvars
import queue
import types
import weakref

from kinds import keep, make, run


class Plain:
    def __init__(self, i):
        self.number, self.text, self.items = i, "text %d" % i, [i]


class StrKey(str):
    """A key that is a str, but not exactly one."""


def with_holes(container, remove):
    for key in list(container)[::3]:
        remove(key)
    return container


def dict_of(count):
    return {i: [i] for i in range(count)}


def names_of(count):
    return {"key_%d" % i: [i] for i in range(count)}


def set_of(count):
    return set(range(count)) | {"a", "b"}


def grown(count):
    """A list that has grown item by item, so that it has room to spare."""
    made = []
    for i in range(count):
        made.append(i)
    return made


def rotated(count):
    made = collections.deque(range(count))
    made.rotate(count // 3)
    return made


def ordered(count):
    made = collections.OrderedDict((str(i), [i]) for i in range(count))
    made.move_to_end("3")
    del made["5"]
    return made


def ordered_with_dict():
    made = collections.OrderedDict(a=[1])
    made.__dict__["extra"] = [2]
    return made


def looked_up_by_number():
    """A dict of names that was asked for something that is no str."""
    made = names_of(3)
    made.get(3)
    return made


def turned_general():
    made = names_of(3)
    made[3] = [3]
    del made[3]
    return made


def untracked_until(value):
    made = {"a": 1, "b": "two"}
    made["c"] = value
    return made


def materialised():
    plain = Plain(2)
    return [plain, plain.__dict__, plain.__dict__.keys()]


def copied_split():
    return Plain(3).__dict__.copy()


def cycle():
    made = []
    made.append(made)
    return made


LINES = """
[]
[None] * 3
[1, [2], "three"]
list((1, 2, 3))
list(range(100))
grown(1000)
grown(1000)[::2]
sorted([3, 1, 2])
cycle()
()
(1, 2)
(1, [2])
tuple([[i] for i in range(25)])
((1, (2, (3, "atoms"))), "only")
({"in": "tuple"},)
{}
dict_of(3)
dict_of(1000)
{i: i for i in range(100)}
{"a": 1, "b": "two"}
untracked_until([3])
untracked_until(3)
names_of(1)
names_of(40)
names_of(300)
names_of(5000)
{1: 2, "mixed": 3, None: 4, (1,): [5]}
{(1, 2): [3], frozenset([1]): {4}}
{StrKey("sub"): [1], "exact": 2}
looked_up_by_number()
turned_general()
dict.fromkeys(["x", "y"], [1])
materialised()
copied_split()
Plain(5)
set()
{1, 2}
{(1, 2), "three"}
set_of(100)
set_of(5000)
{Plain(1), Plain(2)}
frozenset()
frozenset("abc")
frozenset(range(50))
frozenset([(1, frozenset([2]))])
{frozenset([1]): 2}
collections.deque()
collections.deque([1, [2]])
collections.deque(maxlen=3)
collections.deque(range(10), maxlen=5)
collections.deque(["a"] * 130)
rotated(200)
collections.defaultdict(list, {"x": [1]})
collections.defaultdict(None, {1: [1]})
collections.defaultdict()
collections.OrderedDict()
collections.OrderedDict(a=1)
ordered(20)
ordered_with_dict()
collections.OrderedDict({1: [1], "two": 2})
collections.Counter("abracadabra")
collections.ChainMap({"a": 1}, {"b": [2]})
collections.UserDict(a=1)
collections.UserList([1])
collections.UserString("text")
types.MappingProxyType({"m": [1]})
types.MappingProxyType(collections.OrderedDict(m=1))
types.SimpleNamespace()
types.SimpleNamespace(a=[1], b=2)
frozendict()
frozendict(a=1)
frozendict({1: [1], "b": 2})
frozendict(a=[1], b=frozendict(c=2))
array.array("d", [1.0, 2.0])
array.array("i")
array.array("b", b"bytes")
array.array("u", "text")
array.array("w", "text")
array.array("q", range(100))
bytearray()
bytearray(b"x")
bytearray(b"grow") + bytearray(100)
bytearray(1000)
memoryview(b"bytes")
memoryview(bytearray(10))
memoryview(b"x" * 20)[2:10:2]
memoryview(array.array("i", range(12))).cast("B").cast("i", [3, 4])
memoryview(memoryview(b"nested")[1:])
range(5)
range(3, 10 ** 20, 7)
range(0)
slice(1, [2], None)
slice(None)
slice("a", (1, 2), {3})
queue.Queue()
queue.LifoQueue(3)
queue.PriorityQueue()
queue.SimpleQueue()
contextvars.Context()
weakref.WeakSet([Plain])
"""

STATEMENTS = """
holes = dict_of(50)
with_holes(holes, holes.pop)
name_holes = names_of(40)
with_holes(name_holes, name_holes.pop)
emptied = dict_of(30)
emptied.clear()
popped = names_of(10)
while popped:
    popped.popitem()
set_holes = set_of(200)
with_holes(set_holes, set_holes.discard)
cleared_set = set_of(100)
cleared_set.clear()
shrunk = grown(500)
del shrunk[10:]
cleared_list = grown(50)
cleared_list.clear()
deque_shrunk = collections.deque(range(300))
for _ in range(250):
    deque_shrunk.popleft()
deque_left = collections.deque()
deque_left.extendleft(range(100))
bytes_shrunk = bytearray(1000)
del bytes_shrunk[:700]
bytes_front = bytearray(b"0123456789" * 10)
del bytes_front[:33]
bytes_exported = bytearray(20)
export = memoryview(bytes_exported)
released = memoryview(b"released")
released.release()
filled = queue.SimpleQueue()
for i in range(20):
    filled.put([i])
for i in range(7):
    filled.get()
"""


def build():
    names = dict(globals())
    make(names, LINES)
    made = {name: names[name] for name in ("dict_of", "names_of", "set_of", "grown", "with_holes",
                                           "collections", "queue")}
    run(made, STATEMENTS)
    keep(*[value for name, value in sorted(made.items()) if not name.startswith("__")])
