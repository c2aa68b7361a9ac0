# SPDX-License-Identifier: MIT
"""classes.py: classes and instances with all that these can keep, and in every way they keep it."""
import abc
import array
import collections
import copy
import dataclasses
import datetime
import decimal
import enum
import functools
import io
import itertools
import operator
import queue
import random
import re
import struct
import threading
import types
import typing
import weakref

from kinds import keep, make, run


class Plain:
    def __init__(self, i):
        self.number, self.text, self.items = i, "text %d" % i, [i]


class Empty:
    pass


class Slotted:
    __slots__ = ("one", "two", "never")

    def __init__(self, i):
        self.one, self.two = [i], (i,)


class NoSlots:
    __slots__ = ()


class SlottedWithDict:
    __slots__ = ("one", "__dict__")

    def __init__(self, i):
        self.one = [i]
        self.other = {i}


class SlottedWithWeakref:
    __slots__ = ("one", "__weakref__")

    def __init__(self, i):
        self.one = i


class SlottedWithBoth:
    __slots__ = {"one": "has a docstring", "__weakref__": "", "__dict__": ""}

    def __init__(self, i):
        self.one, self.other = [i], [i]


class SubSlotted(Slotted):
    __slots__ = ("three",)

    def __init__(self, i):
        super().__init__(i)
        self.three = "three"


class SubPlain(Slotted):
    def __init__(self, i):
        super().__init__(i)
        self.late = [i]


class Mangled:
    __slots__ = ("__private",)

    def __init__(self):
        self.__private = [1]


class Two(Empty, SlottedWithWeakref):
    pass


class Generic(typing.Generic[typing.TypeVar("Held")]):
    def __init__(self, held):
        self.held = held


class Meta(type):
    def __new__(mcs, name, bases, space, **more):
        cls = super().__new__(mcs, name, bases, space)
        cls.registry = [cls]
        return cls

    def __init__(cls, name, bases, space, **more):
        super().__init__(name, bases, space)
        cls.more = more

    @property
    def prop(cls):
        return cls


class WithMeta(metaclass=Meta, option=[1]):
    pass


class SubMeta(Meta):
    pass


class WithSubMeta(WithMeta, metaclass=SubMeta):
    __slots__ = ("own",)


class Sized:
    def __sizeof__(self):
        return 12345


class SizedSub(Sized, list):
    pass


class Abstract(abc.ABC):
    @abc.abstractmethod
    def work(self):
        pass


class Concrete(Abstract):
    def work(self):
        return self


Abstract.register(list)
isinstance(3, Abstract)
issubclass(dict, Abstract)


class Hooked:
    made = []

    def __init_subclass__(cls, **more):
        super().__init_subclass__()
        Hooked.made.append((cls, more))

    def __class_getitem__(cls, item):
        return types.SimpleNamespace(item=item)


class Hook(Hooked, option={"a": 1}):
    pass


class Named:
    def __set_name__(self, owner, name):
        self.owner, self.name = owner, name

    def __get__(self, instance, owner):
        return self


class Descriptor:
    named = Named()

    def __get__(self, instance, owner):
        return 1

    @classmethod
    def build(cls):
        return __class__()

    @staticmethod
    def helper():
        return None

    @property
    def prop(self):
        """Has a docstring."""
        return 2

    @prop.setter
    def prop(self, value):
        pass

    @functools.cached_property
    def cached(self):
        return [3]

    @functools.singledispatchmethod
    def dispatch(self, value):
        return value

    @dispatch.register(int)
    def _(self, value):
        return value

    @classmethod
    @functools.lru_cache(None)
    def remembered(cls, value):
        return [value]


@dataclasses.dataclass
class Record:
    left: int
    right: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, order=True)
class FrozenRecord:
    left: int
    right: str = "r"


class Colour(enum.Enum):
    RED = 1
    GREEN = [2]
    ALIAS = 1

    def shade(self):
        return self


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


class Automatic(enum.Flag):
    ONE = enum.auto()
    TWO = enum.auto()


class Level(enum.IntEnum):
    LOW = 1


Point = collections.namedtuple("Point", "x y", defaults=[3])


class Typed(typing.NamedTuple):
    name: str
    age: int = 3


class SubPoint(Point):
    pass


class Movie(typing.TypedDict):
    name: str


def many(count):
    made = Empty()
    for i in range(count):
        setattr(made, "attribute_%d" % i, [i])
    return made


def in_another_order():
    made = Plain(1)
    other = Plain.__new__(Plain)
    other.items, other.number, other.text = [1], 2, "three"
    return [made, other]


def without_some():
    made = Plain(1)
    del made.number
    other = Plain(2)
    other.__dict__
    del other.text
    other.added = [2]
    return [made, other]


def materialised():
    made = Plain(1)
    made.__dict__["later"] = [1]
    read = Plain(2)
    vars(read)
    return [made, read, read.__dict__]


def replaced():
    made = Plain(1)
    made.__dict__ = {"other": [1]}
    emptied = Plain(2)
    emptied.__dict__.clear()
    odd = Plain(3)
    odd.__dict__[3] = ["a key that is no str"]
    gone = Plain(4)
    del gone.__dict__
    return [made, emptied, odd, gone]


def sharing():
    """Several instances with one dict."""
    first = Plain(1)
    others = [Plain(i) for i in range(3)]
    for other in others:
        other.__dict__ = first.__dict__
    return [first, others]


def orphaned():
    """A dict that outlives its instance."""
    return [Plain(1).__dict__, many(40).__dict__]


def of_another_class():
    made = Plain(1)
    made.__class__ = Empty
    return made


def copies():
    made = Plain(1)
    return [copy.copy(made), copy.deepcopy(made), copy.copy(Slotted(1)), copy.copy(Record(1))]


BASES = """
int: 7
int: 1 << 100
int: 0
float: 1.5
complex: 1j
str: "text"
str: "t\\u00e4xt"
str: ""
bytes: b"bytes"
bytearray: b"array"
tuple: (1, [2])
tuple: ()
list: [1, [2]]
dict: {"a": [1]}
dict: {1: [1]}
set: {1, "two"}
frozenset: {1, "two"}
memoryview: b"not to be subclassed"
collections.OrderedDict: {"k": [1], "l": 2}
collections.deque: [1, [2]]
collections.defaultdict: None
collections.Counter: "abca"
collections.UserDict: {"a": 1}
Exception: "boom"
OSError: 3
StopIteration: [1]
KeyError: "k"
BaseException: "base"
weakref.ref: Plain
types.ModuleType: "made_up"
types.SimpleNamespace: None
property: len
classmethod: len
staticmethod: len
super: Plain
object: None
datetime.date: 2020, 1, 1
datetime.datetime: 2020, 1, 1
datetime.time: 1
datetime.timedelta: 1
datetime.tzinfo: None
decimal.Decimal: "1.5"
array.array: "i", [1, 2]
random.Random: 3
threading.local: None
functools.partial: print, 1
functools.cached_property: len
itertools.chain: [1], [2]
itertools.count: 3
itertools.cycle: [1]
itertools.product: [1], [2]
itertools.groupby: [1, 1]
enumerate: [1]
zip: [1], [2]
map: str, [1]
filter: None, [1]
reversed: [1, 2]
operator.itemgetter: 1
io.BytesIO: b"bytes"
io.StringIO: "text"
io.FileIO: "/dev/null"
io.RawIOBase: None
io.IOBase: None
io.BufferedReader: io.BytesIO(b"x")
io.TextIOWrapper: io.BytesIO(b"x")
queue.SimpleQueue: None
struct.Struct: "ihd"
types.GenericAlias: list, int
typing.TypeVar: "T"
frozendict: {"a": 1}
threading.Thread: None
abc.ABC: None
"""


def subclasses(names):
    """Of each base: with a dict, with slots, with a slot for weak references, with nothing."""
    keep(*[item for line in BASES.strip().splitlines() for item in subclasses_of(names, line)])


def subclasses_of(names, line):
    base, arguments = line.split(": ", 1)
    title = base.rpartition(".")[2]
    for space in ({}, {"__slots__": ("extra",)}, {"__slots__": ("extra", "__dict__")},
                  {"__slots__": ("extra", "__weakref__")}, {"__slots__": ()},
                  {"__slots__": ("__weakref__",)}):
        words = dict(names, space=space)
        try:
            cls = eval("type('%s%s', (%s,), dict(space))"
                       % (title, "".join(map(str.title, space.get("__slots__", ["dict"]))), base),
                       words)
            words["cls"] = cls
            made = eval("cls(%s)" % ("" if arguments == "None" else arguments), words)
        except Exception:  # no subclasses, or none with slots
            continue
        for attribute in ("extra", "more"):
            try:
                setattr(made, attribute, [attribute])
            except AttributeError:
                pass
        yield made
        yield cls
        if "extra" in space.get("__slots__", ()):
            # And one level down.
            below = type("Below" + cls.__name__, (cls,), {})
            try:
                words["cls"] = below
                made = eval("cls(%s)" % ("" if arguments == "None" else arguments), words)
                made.extra, made.late = [1], [2]
                yield made
            except Exception:
                pass


LINES = """
[Plain(i) for i in range(50)]
[Slotted(i) for i in range(20)]
Empty()
NoSlots()
Slotted.__new__(Slotted)
SlottedWithDict(1)
SlottedWithWeakref(2)
weakref.ref(SlottedWithWeakref(2))
SlottedWithBoth(3)
SubSlotted(3)
SubPlain(4)
Mangled()
Two(1)
Generic([1])
Generic[int]([1])
Generic[int]
WithMeta
WithMeta()
WithSubMeta
WithSubMeta()
Meta("Made", (), {"__slots__": ("s",)})
SubMeta("Made", (list,), {"__doc__": "text", "attribute": [1]})
type("Quick", (), {})
type("Quick", (Plain, Empty), {"x": [1]})(1)
types.new_class("New", (Plain,), {}, lambda space: space.update(added=[1]))
Sized()
SizedSub([1, 2])
Concrete()
Abstract
Hooked["item"]
Hook()
Descriptor()
Descriptor().cached
Descriptor.remembered(3)
Record(1)
FrozenRecord(2)
dataclasses.fields(Record)
dataclasses.make_dataclass("Slots", ["a", "b"], slots=True)([1], 2)
dataclasses.make_dataclass("WeakSlots", ["a"], slots=True, weakref_slot=True)([1])
Colour.RED
Colour.GREEN
Access.READ | Access.WRITE
Automatic.ONE | Automatic.TWO
Level.LOW
Colour.__members__
Point([1], 2)
SubPoint([1], 2)
Typed("n")
Movie(name="m")
many(5)
many(29)
many(30)
many(31)
many(60)
many(300)
in_another_order()
without_some()
materialised()
replaced()
sharing()
orphaned()
of_another_class()
copies()
Plain.__dict__
type.__dict__["__dict__"]
Plain.__dict__["__dict__"]
Plain.__dict__["__weakref__"]
Slotted.__dict__["one"]
Descriptor.__dict__["build"]
Descriptor.__dict__["helper"]
Descriptor.__dict__["prop"]
Descriptor.__dict__["dispatch"]
Plain.__mro__
[type("Family%d" % i, (Plain,), {"i": [i]}) for i in range(20)]
"""

STATEMENTS = """
class Matching:
    __match_args__ = ("a", "b")
    __annotations__ = {"later": int}

    class Inner:
        class Innermost:
            pass

    def local(self):
        class Local:
            outer = self
        return Local

    x: int = 3
    y: "Matching" = None
    lambdas = [lambda self: self, lambda: __class__]

inner = Matching.Inner.Innermost()
local = Matching().local()()
deleted = Matching()
deleted.a = [1]
del deleted.a
class Finalised:
    def __del__(self):
        pass
finalised = Finalised()
finalised.cycle = finalised
class Redefined(Matching):
    pass
old = Redefined()
class Redefined(Matching):
    pass
new = Redefined()
Redefined.late = [1]
Matching.__bases__
"""


def build():
    names = dict(globals())
    make(names, LINES)
    subclasses(names)
    made = {"__name__": "kinds.classes"}
    run(made, STATEMENTS)
    keep(made)
