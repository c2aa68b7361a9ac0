# SPDX-License-Identifier: MIT
"""iterators.py: iterators forward and backward, not begun, half-way and at their end."""
import _string
import array
import collections
import contextvars
import csv
import functools
import glob
import io
import itertools
import json
import operator
import os
import re
import shlex
import struct
import tokenize
import types
import unicodedata
import xml.etree.ElementTree

from kinds import keep, make, step


class Sequence:
    """Has no __iter__."""

    def __init__(self):
        self.items = [[1], [2], [3]]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class Iterator:
    def __iter__(self):
        return self

    def __next__(self):
        return [1]


class Attributes:
    def __init__(self):
        self.one, self.two, self.three = [1], [2], [3]


SOME = [1, [2], "three", (4,)]
MAPPING = {"a": [1], 2: 3, "c": (4,)}
NAMES = {"a": [1], "b": [2], "c": 3}
ORDERED = collections.OrderedDict(MAPPING)
ATTRIBUTES = Attributes()
TREE = xml.etree.ElementTree.fromstring("<a><b>t</b><c><d/></c></a>")


def context():
    made = contextvars.copy_context()
    for i in range(40):
        made.run(keep(contextvars.ContextVar("iterated%d" % i)).set, [i])
    return made


def annotated(x: int, y: list = [1]) -> str:
    if x:
        return [z for z in y]
    return str(x)


# Each is made thrice: not begun, two steps on, at its end.
ITERATORS = """
iter(SOME)
reversed(SOME)
iter(tuple(SOME))
iter({1, 2, "three"})
iter(frozenset([1, 2, 3]))
iter("text")
iter("t\\u00e9xt\\u20ac")
iter(b"bytes")
iter(bytearray(b"bytes"))
iter(memoryview(b"bytes"))
iter(range(5))
reversed(range(5))
iter(range(10 ** 20))
reversed(range(10 ** 20))
iter(MAPPING)
iter(MAPPING.values())
iter(MAPPING.items())
reversed(MAPPING)
reversed(MAPPING.values())
reversed(MAPPING.items())
iter(NAMES.items())
iter(frozendict(MAPPING))
iter(frozendict(MAPPING).items())
iter(vars(ATTRIBUTES))
iter(vars(ATTRIBUTES).items())
reversed(vars(ATTRIBUTES).values())
iter(ORDERED)
iter(ORDERED.values())
iter(ORDERED.items())
reversed(ORDERED)
reversed(ORDERED.items())
reversed(ORDERED.values())
iter(types.MappingProxyType(MAPPING).items())
iter(collections.deque(SOME))
reversed(collections.deque(SOME))
iter(collections.deque(range(200)))
iter(collections.ChainMap(MAPPING, NAMES))
iter(array.array("i", [1, 2, 3]))
iter(Sequence())
reversed(Sequence())
Iterator()
enumerate(SOME)
enumerate(SOME, 10 ** 30)
enumerate(itertools.count())
zip(SOME, SOME)
zip(SOME, SOME, strict=True)
zip()
map(str, SOME)
map(max, SOME, SOME)
map(max, SOME, SOME, strict=True)
filter(None, SOME)
filter(callable, itertools.repeat(len))
iter(lambda: [1], 2)
iter([1, 2].pop, None)
iter(list[int])
iter(tuple[int, str])
iter(t"a{SOME}b")
iter(open(os.devnull))
iter(io.StringIO("a\\nb\\nc\\n"))
iter(io.BytesIO(b"a\\nb\\nc\\n"))
itertools.chain(SOME, SOME)
itertools.chain.from_iterable([SOME, SOME])
itertools.count(3)
itertools.count(1.5, 0.5)
itertools.count(10 ** 30)
itertools.count(3, 10 ** 30)
itertools.cycle(SOME)
itertools.cycle(iter(SOME))
itertools.repeat(SOME)
itertools.repeat(SOME, 3)
itertools.islice(SOME, 3)
itertools.islice(itertools.count(), 1, None, 2)
itertools.accumulate([[1], [2], [3]], operator.add)
itertools.accumulate([1, 2, 3], initial=[0])
itertools.accumulate([1, 2, 3, 4])
itertools.product(SOME, repeat=2)
itertools.product()
itertools.product([], SOME)
itertools.permutations(SOME, 2)
itertools.permutations(SOME)
itertools.permutations([1], 2)
itertools.combinations(SOME, 2)
itertools.combinations([], 2)
itertools.combinations_with_replacement(SOME, 2)
itertools.groupby(SOME)
itertools.groupby([1, 1, 2, 2, 3], functools.partial(max, 0))
itertools.starmap(max, [(1, 2), SOME])
itertools.tee(SOME)[0]
itertools.tee(itertools.count(), 3)[2]
itertools.tee(range(200))
itertools.takewhile(bool, SOME)
itertools.dropwhile(callable, SOME)
itertools.filterfalse(callable, SOME)
itertools.filterfalse(None, [0, 1, 0, 0])
itertools.compress(SOME, [1, 0, 1])
itertools.zip_longest(SOME, [1])
itertools.zip_longest(SOME, [1], fillvalue=[0])
itertools.pairwise(SOME)
itertools.batched(SOME, 2)
itertools.batched(iter(SOME), 3, strict=False)
re.finditer("a", "banana")
re.finditer(b"a", b"banana")
struct.iter_unpack("b", b"abcd")
json.JSONEncoder().iterencode([1, {"a": 2}])
json.JSONEncoder(indent=2).iterencode([1, {"a": 2}])
os.scandir("/")
os.walk("/")
glob.iglob("/*")
csv.reader(["a,b", "c,d", "e,f"])
csv.DictReader(["a,b", "c,d", "e,f"])
TREE.iter()
TREE.itertext()
TREE.iterfind(".//d")
xml.etree.ElementTree.iterparse(io.BytesIO(b"<a><b>t</b><c/></a>"))
_string.formatter_parser("{a} {b.c!r:>{d}}")
_string.formatter_field_name_split("a.b[c].d")[1]
annotated.__code__.co_lines()
annotated.__code__.co_positions()
annotated.__code__.co_branches()
iter(context())
context().keys()
context().values()
context().items()
unicodedata.iter_graphemes("te\\u0301xt")
shlex.shlex("a b 'c d'")
tokenize.generate_tokens(io.StringIO("a = 1\\nb = 2\\n").readline)
(x for x in SOME)
(y for x in SOME for y in [x])
"""

LINES = """
MAPPING.keys()
MAPPING.values()
MAPPING.items()
ORDERED.keys()
ORDERED.values()
ORDERED.items()
frozendict(MAPPING).items()
vars(ATTRIBUTES).keys()
types.MappingProxyType(MAPPING).keys()
types.MappingProxyType(collections.UserDict(MAPPING)).keys()
collections.UserDict(MAPPING).items()
next(itertools.groupby(SOME))
next(itertools.groupby([1, 1, 2]))[1]
step(next(itertools.groupby([1, 1, 2]))[1])
[step(branch, 60) for branch in itertools.tee(range(200), 2)]
[step(branch, i) for i, branch in enumerate(itertools.tee(SOME, 5))]
keep(itertools.tee(SOME)[0]).__copy__()
list(_string.formatter_parser("{a} {b.c!r:>{d}}"))
list(os.scandir("/"))[:3]
[entry.stat() and entry for entry in os.scandir("/usr")]
"""


def build():
    names = dict(globals())
    make(names, ITERATORS)
    for steps in (2, 100):
        make(names, "\n".join("step(%s, %d)" % (line, steps)
                              for line in ITERATORS.strip().splitlines()))
    make(names, LINES)
