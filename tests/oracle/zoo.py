# SPDX-License-Identifier: MIT
"""zoo.py PATH: makes many kinds of objects of the standard library, writes the truth about all
objects to PATH, prints READY and waits for a line."""
import abc
import array
import asyncio
import collections
import contextlib
import contextvars
import ctypes
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import gc
import io
import itertools
import json
import operator
import os
import pickle
import queue
import random
import re
import struct
import sys
import threading
import types
import typing
import uuid
import weakref
import xml.etree.ElementTree

import truth

KEEP = []


def keep(*objects):
    KEEP.extend(objects)
    return objects[0]


# Classes with every combination of what an instance can keep.

class Plain:
    def __init__(self, i):
        self.number, self.text, self.items = i, "text %d" % i, [i]


class Slotted:
    __slots__ = ("one", "two", "never")

    def __init__(self, i):
        self.one, self.two = [i], (i,)


class SlottedWithDict:
    __slots__ = ("one", "__dict__")

    def __init__(self, i):
        self.one = [i]
        self.other = {i}


class SlottedWithWeakref:
    __slots__ = ("one", "__weakref__")

    def __init__(self, i):
        self.one = i


class SubSlotted(Slotted):
    __slots__ = ("three",)

    def __init__(self, i):
        super().__init__(i)
        self.three = "three"


class SubPlain(Slotted):
    def __init__(self, i):
        super().__init__(i)
        self.late = [i]


class Many:
    def __init__(self):
        for i in range(60):
            setattr(self, "attribute_%d" % i, [i])


class Empty:
    pass


def subclasses_of_builtins():
    made = []
    for base, argument in ((int, 7), (int, 1 << 100), (float, 1.5), (str, "text"), (str, "t\u00e4xt"),
                           (bytes, b"bytes"), (tuple, (1, [2])), (list, [1, [2]]),
                           (dict, {"a": [1]}), (dict, {1: [1]}), (set, {1, "two"}),
                           (frozenset, {1, "two"}), (bytearray, b"array"), (complex, 1j),
                           (collections.OrderedDict, {"k": [1]}), (collections.deque, [1, 2]),
                           (collections.defaultdict, None), (Exception, "boom"),
                           (weakref.ref, Plain), (types.ModuleType, "made_up"),
                           (property, None), (type, None)):
        if base is type:
            continue
        with_dict = type("Dict" + base.__name__, (base,), {})
        obj = with_dict(argument) if argument is not None else with_dict()
        obj.extra = [base]
        made.append(obj)
        if base in (list, dict, set, frozenset, Exception, float, complex, bytearray):
            slotted = type("Slot" + base.__name__, (base,), {"__slots__": ("extra",)})
            obj = slotted(argument)
            obj.extra = [base]
            made.append(obj)
    return made


class Meta(type):
    def __new__(mcs, name, bases, space):
        cls = super().__new__(mcs, name, bases, space)
        cls.registry = [cls]
        return cls


class WithMeta(metaclass=Meta):
    pass


class Sized:
    def __sizeof__(self):
        return 12345


class Abstract(abc.ABC):
    @abc.abstractmethod
    def work(self):
        pass


class Concrete(Abstract):
    def work(self):
        return self


@dataclasses.dataclass
class Record:
    left: int
    right: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class FrozenRecord:
    left: int
    right: str = "r"


class Colour(enum.Enum):
    RED = 1
    GREEN = [2]


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


Point = collections.namedtuple("Point", "x y")


class Typed(typing.NamedTuple):
    name: str
    age: int = 3


T = typing.TypeVar("T", bound=int)


class Box(typing.Generic[T]):
    def __init__(self, value):
        self.value = value


class Descriptor:
    def __get__(self, instance, owner):
        return 1

    @classmethod
    def build(cls):
        return cls()

    @staticmethod
    def helper():
        return None

    @property
    def prop(self):
        """Has a docstring."""
        return 2

    @functools.cached_property
    def cached(self):
        return [3]

    @functools.singledispatchmethod
    def dispatch(self, value):
        return value


def closures(captured):
    local = [captured]

    def inner(default=(1, 2), *, keyword={"k": 1}):
        return local, captured
    inner.attribute = [1]
    return inner


def annotated(a: int, b: "str" = "x") -> typing.List[int]:
    return [a]


@functools.lru_cache(maxsize=100)
def bounded(n):
    return [n]


@functools.lru_cache(maxsize=None)
def unbounded(n):
    return {n: n}


def generator(n):
    held = [n]
    for i in range(n):
        yield held, i


def delegating():
    yield from generator(5)


async def coroutine(n):
    held = {n}
    await asyncio.sleep(0)
    return held


async def async_generator(n):
    for i in range(n):
        yield [i]


def containers():
    split = Plain(1)
    materialised = Plain(2)
    keep(materialised.__dict__)
    deleted = {i: [i] for i in range(50)}
    for i in range(0, 50, 3):
        del deleted[i]
    names = {"key_%d" % i: [i] for i in range(40)}
    del names["key_7"]
    holes = set(range(100)) | {"a", "b"}
    for i in range(0, 100, 2):
        holes.discard(i)
    grown = [0]
    for i in range(1000):
        grown.append(i)
    rotated = collections.deque(range(200))
    rotated.rotate(70)
    ordered = collections.OrderedDict((str(i), [i]) for i in range(20))
    ordered.move_to_end("3")
    del ordered["5"]
    return [split, materialised, deleted, names, holes, grown, rotated, ordered, {}, [], (), set(),
            frozenset(), frozenset("abc"), {1: 2, "mixed": 3, None: 4}, {(1, 2): [3]},
            collections.deque(maxlen=3), collections.deque(["a"] * 130),
            collections.defaultdict(list, {"x": [1]}), collections.Counter("abracadabra"),
            collections.ChainMap({"a": 1}, {"b": 2}), collections.UserDict(a=1),
            collections.UserList([1]), types.MappingProxyType({"m": [1]}),
            types.SimpleNamespace(a=[1], b=2), array.array("d", [1.0, 2.0]), array.array("i"),
            bytearray(b"grow") + bytearray(100), memoryview(bytearray(10)),
            memoryview(b"x")[0:1], range(5), range(10 ** 20), slice(1, [2], None)]


def numbers_and_text():
    cached = "c\u00e4ched \u20ac"
    os.fsencode("plain")
    with contextlib.suppress(Exception):
        cached.encode("utf-8")
        int("7" + "\u0660")
    keep(types.SimpleNamespace(**{"n\u00e4me": 1}))
    return [0, -1, 255, 257, 1 << 30, -(1 << 60), 10 ** 50, 1.5, float("nan"), 2j, True, None,
            Ellipsis, NotImplemented, "ascii text", "latin \u00e9", "wide \u20ac",
            "astral \U0001f600", "lone \udc80", cached, "x" * 5000, b"", b"x", b"x" * 3000,
            decimal.Decimal("1.25"), decimal.Decimal("1" * 200), fractions.Fraction(1, 3),
            uuid.uuid4(), random.Random(3), datetime.date(2020, 1, 1), datetime.datetime.now(),
            datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(3),
            datetime.time(1, 2), datetime.timezone(datetime.timedelta(hours=1), "NAME")]


def iterators():
    some = [1, [2], "three"]
    mapping = {"a": [1], 2: 3}
    ordered = collections.OrderedDict(mapping)
    started = [iter(some), iter(tuple(some)), iter({1, 2}), iter("text"), iter("t\u00e9xt"),
               iter(b"by"), iter(bytearray(b"by")), iter(range(3)), iter(range(10 ** 20)),
               iter(mapping), iter(mapping.values()), iter(mapping.items()), reversed(some),
               reversed(mapping), reversed(mapping.items()), iter(ordered), iter(ordered.items()),
               iter(collections.deque(some)), reversed(collections.deque(some)),
               iter(array.array("i", [1, 2])), enumerate(some), zip(some, some), map(str, some),
               filter(None, some), iter(lambda: 1, 2), itertools.chain(some, some),
               itertools.count(3), itertools.count(1.5, 0.5), itertools.cycle(some),
               itertools.repeat(some, 3), itertools.islice(some, 2), itertools.accumulate(some, operator.add),
               itertools.product(some, repeat=2), itertools.permutations(some, 2),
               itertools.combinations(some, 2), itertools.combinations_with_replacement(some, 2),
               itertools.groupby(some), itertools.starmap(max, [some]), itertools.tee(some)[0],
               itertools.takewhile(bool, some), itertools.dropwhile(bool, some),
               itertools.filterfalse(None, some), itertools.compress(some, [1, 0, 1]),
               itertools.zip_longest(some, some), itertools.pairwise(some),
               re.finditer("a", "banana"), struct.iter_unpack("b", b"abc"), generator(3),
               delegating(), os.scandir("/"), json.JSONEncoder().iterencode([1])]
    for iterator in started:
        with contextlib.suppress(Exception):
            next(iterator)
    return started + [mapping.keys(), mapping.values(), mapping.items(), ordered.keys()]


def callables():
    plain = Plain(1)
    plain.method = types.MethodType(lambda self: 1, plain)
    made = [closures([1]), closures({}), annotated, lambda: 1, Descriptor().build,
            Descriptor.__dict__["build"], Descriptor.__dict__["helper"], Descriptor.__dict__["prop"],
            Descriptor().dispatch, functools.partial(annotated, 1, b="y"),
            functools.partialmethod(annotated, 1), functools.cmp_to_key(lambda a, b: 0),
            functools.cmp_to_key(lambda a, b: 0)(3), operator.itemgetter(1, 2),
            operator.attrgetter("a.b"), operator.methodcaller("m", 1, k=2), len, [].append,
            str.upper, "x".upper, dict.fromkeys, int.__add__, (3).__add__, object.__init__,
            super(SubSlotted, SubSlotted(1)), type.__dict__["__dict__"], Plain.__dict__["__dict__"],
            Slotted.__dict__["one"], types.FunctionType(annotated.__code__, {"g": 1}), plain,
            bounded, unbounded, functools.singledispatch(annotated), print, compile("a=1", "f", "exec")]
    for i in range(150):
        bounded(i)
    for i in range(30):
        unbounded(i)
    return made


def exceptions():
    made = []
    for maker in (lambda: 1 / 0, lambda: [][1], lambda: {}["k"], lambda: open("/none"),
                  lambda: "x".missing, lambda: undefined_name, lambda: int("x"),
                  lambda: b"\xff".decode(), lambda: compile("(", "f", "exec"),
                  lambda: next(iter([])), lambda: __import__("no_such_module")):
        try:
            try:
                maker()
            except Exception as err:
                made.append(err)
                raise RuntimeError("wrapped", [1]) from err
        except RuntimeError as err:
            made.append(err)
            err.extra = [err.__traceback__]
    made.append(ExceptionGroup("group", [ValueError(1), TypeError(2)]))
    made.append(SystemExit(3))
    made.append(StopIteration([4]))
    noted = ValueError("noted")
    noted.add_note("a note")
    return made + [noted]


def suspended():
    begun = generator(10)
    next(begun)
    ended = generator(1)
    list(ended)
    nested = delegating()
    next(nested)
    waiting = coroutine(3)
    waiting.send(None)
    fresh = coroutine(4)
    agen = async_generator(3)
    step = agen.asend(None)
    with contextlib.suppress(StopIteration):
        step.send(None)
    frame = sys._getframe()
    context = contextvars.copy_context()
    variable = contextvars.ContextVar("variable", default=[1])
    token = variable.set([2])
    for i in range(40):
        extra = contextvars.ContextVar("extra%d" % i)
        keep(extra, extra.set(i))
    return [begun, ended, nested, waiting, fresh, agen, agen.asend(None), async_generator(2).aclose(),
            frame, context, contextvars.copy_context(), variable, token, generator(2).gi_frame]


def weak():
    target = SlottedWithWeakref(1)
    plain = Plain(3)
    values = weakref.WeakValueDictionary(a=plain)
    keys = weakref.WeakKeyDictionary()
    keys[plain] = [1]
    return [target, plain, values, keys, weakref.ref(target), weakref.ref(target, print),
            weakref.proxy(plain), weakref.proxy(print), weakref.WeakSet([plain]),
            weakref.finalize(plain, print), weakref.WeakMethod(Concrete().work)]


def library():
    buffered = io.BufferedReader(io.BytesIO(b"x" * 100))
    buffered.read(3)
    text = io.TextIOWrapper(io.BytesIO(b"line\nline\n"), encoding="utf-8")
    text.readline()
    pickler = pickle.Pickler(io.BytesIO())
    loop = asyncio.new_event_loop()

    async def main():
        future = loop.create_future()
        task = loop.create_task(coroutine(5), name="named")
        await task
        return [future, task]
    futures = loop.run_until_complete(main())
    loop.close()
    tree = xml.etree.ElementTree.fromstring("<a b='c'><d>text</d><e/>tail</a>")
    filled = queue.Queue()
    filled.put([1])
    simple = queue.SimpleQueue()
    local = threading.local()
    local.value = [1]

    class Structure(ctypes.Structure):
        _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_char_p)]
    return [buffered, text, io.BytesIO(b"bytes"), io.StringIO("text"), io.FileIO(os.devnull),
            open(os.devnull), pickler, futures, tree, filled, simple, local, threading.Lock(),
            threading.RLock(), threading.Event(), threading.Condition(), re.compile("(a)(b)?"),
            re.match("(a)", "abc"), struct.Struct("ihd"), Structure(1, b"x"), ctypes.c_int(3),
            (ctypes.c_int * 3)(), json.JSONDecoder(), json.scanner, os.stat("/"), sys.version_info,
            sys.flags, os.times(), random.SystemRandom(), types.GenericAlias(list, (int,)),
            int | str, typing.Optional[int], typing.Callable[[int], str], Box[int], Box(1),
            decimal.getcontext(), threading.Thread(target=print, args=([1],)), types.CellType([1]),
            contextlib.ExitStack(), Abstract, WithMeta(), Concrete(), Sized()]


def build():
    keep(*[Plain(i) for i in range(50)])
    keep(*[Slotted(i) for i in range(20)])
    keep(SlottedWithDict(1), SlottedWithWeakref(2), SubSlotted(3), SubPlain(4), Many(), Empty())
    keep(*subclasses_of_builtins())
    keep(Record(1), FrozenRecord(2), Colour.RED, Colour.GREEN, Access.READ | Access.WRITE,
         Point([1], 2), Typed("n"), Meta("Made", (), {"__slots__": ("s",)}))
    for part in (containers, numbers_and_text, iterators, callables, exceptions, suspended, weak,
                 library):
        keep(part())
    keep(bounded, unbounded)
    cycle = []
    cycle.append(cycle)
    keep(cycle)


def main():
    build()
    path = sys.argv[1]
    parked = threading.Event()
    thread = threading.Thread(target=parked.wait, name="parked", daemon=True)
    thread.start()
    objects = truth.write(path)
    os.write(1, b"READY\n")
    os.read(0, 1)
    return len(objects)


main()
os._exit(0)
