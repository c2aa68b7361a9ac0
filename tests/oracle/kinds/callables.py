# SPDX-License-Identifier: MIT
"""callables.py: functions, methods, code, descriptors, and what else can be called."""
import abc
import contextlib
import ctypes
import decimal
import functools
import io
import operator
import re
import sys
import types
import zlib

from kinds import keep, make, run


def closures(captured):
    local = [captured]

    def inner(default=(1, 2), *, keyword={"k": 1}):
        return local, captured, never
    inner.attribute = [1]
    if captured is None:
        never = 1
    return inner


def annotated(a: int, b: "str" = "x", *args: list, key: dict = None, **more: object) -> list:
    """Has a docstring."""
    return [a]


def looked_at():
    """A code object of which everything was asked for that is made on demand."""
    code = annotated.__code__.replace(co_name="looked_at")
    keep(code.co_varnames, code.co_cellvars, code.co_freevars, code.co_code)
    return code


@functools.lru_cache(maxsize=100)
def bounded(n):
    return [n]


@functools.lru_cache(maxsize=None)
def unbounded(n, *more):
    return {n: n}


@functools.lru_cache(maxsize=0)
def uncached(n):
    return n


@functools.lru_cache(maxsize=3, typed=True)
def typed(n, key=None):
    return [n, key]


@functools.lru_cache
def raising(n):
    raise ValueError(n)


@functools.wraps(annotated)
def wrapping(*args):
    return annotated(*args)


@functools.singledispatch
def dispatched(value):
    return value


@dispatched.register(int)
def _(value):
    return [value]


@contextlib.contextmanager
def managed():
    yield [1]


@functools.total_ordering
class Ordered:
    def __lt__(self, other):
        return True

    def method(self, n):
        return n

    @functools.lru_cache(None)
    def remembered(self, n):
        return [n]

    partial = functools.partialmethod(method, 3)

    @types.DynamicClassAttribute
    def dynamic(self):
        return 1


class Callable:
    def __call__(self):
        return 1


class Child(Ordered):
    def parent(self):
        return super()


def partial_with_attributes():
    made = functools.partial(annotated, [1], b={})
    made.attribute = [1]
    return made


def frame_of_nothing():
    return (lambda: sys._getframe())()


LINES = """
closures([1])
closures({})
closures(None)
closures([1]).__closure__
annotated
annotated.__code__
looked_at()
wrapping
lambda: 1
lambda *args, **more: (args, more)
types.FunctionType(annotated.__code__, {"g": 1})
types.FunctionType(annotated.__code__, {}, "name", ([1], "d"), None)
types.MethodType(annotated, [1])
types.MethodType(Callable(), 3)
Ordered().method
Ordered.method
Ordered().__lt__
Ordered.__dict__["__gt__"]
Ordered().partial
Ordered.__dict__["partial"]
Ordered.__dict__["dynamic"]
Ordered().remembered
[Ordered().remembered(i) for i in range(3)]
Callable()
Child().parent()
super(Child, Child())
super(Child, Child)
super(Child)
functools.partial(annotated, 1, b="y")
functools.partial(functools.partial(annotated, 1), b=[2])
functools.partial(annotated, functools.Placeholder, [2])
functools.partial(print)
partial_with_attributes()
functools.partialmethod(annotated, 1)
functools.cmp_to_key(lambda a, b: 0)
functools.cmp_to_key(lambda a, b: 0)([3])
dispatched
dispatched.registry
operator.itemgetter(1)
operator.itemgetter(1, "two", (3,))
operator.attrgetter("a")
operator.attrgetter("a.b", "c")
operator.methodcaller("m")
operator.methodcaller("m", 1, [2])
operator.methodcaller("m", 1, k=[2])
print
len
[].append
{}.get
"x".upper
str.upper
str.join
dict.fromkeys
dict.__dict__["fromkeys"]
int.__add__
(3).__add__
[1].__len__
object.__init__
object().__repr__
type.__call__
int.from_bytes
int.__dict__["from_bytes"]
float.__dict__["real"]
type.__dict__["__module__"]
type.__dict__["__basicsize__"]
types.FunctionType.__dict__["__globals__"]
types.FunctionType.__dict__["__code__"]
complex.__dict__["imag"]
str.maketrans
zlib.compress
decimal.getcontext
decimal.Decimal("1").sqrt
io.BytesIO().getvalue
re.compile("a").match
re.compile("a").scanner
ctypes.pythonapi.PyInstanceMethod_New
instance_method(annotated)
classmethod(annotated)
staticmethod(annotated)
classmethod(property(len))
property()
property(len, print, None, "text")
property(len).getter(print)
abc.abstractmethod(lambda self: 1)
abc.abstractproperty(len)
managed()
managed().__enter__
contextlib.ExitStack()
contextlib.suppress(KeyError)
contextlib.closing(io.BytesIO())
contextlib.nullcontext([1])
contextlib.redirect_stdout(io.StringIO())
types.CellType([1])
types.CellType()
closures(1).__code__.co_consts
compile("a=1", "f", "exec")
compile("a+b", "f", "eval")
compile("a", "f", "single")
compile("def f(x):\\n return [lambda y: x + y + z for z in x]", "f", "exec")
compile("async def f():\\n async for x in y:\\n  yield x", "f", "exec")
compile("\\n".join("a%d = %d.5" % (i, i) for i in range(500)), "f", "exec")
annotated.__code__.replace(co_name="other")
frame_of_nothing()
sys.monitoring
sys.gettrace
"""


def instance_method(function):
    new = ctypes.pythonapi.PyInstanceMethod_New
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.py_object]
    return new(function)


STATEMENTS = """
def generic[T: int, *Ts, **P](x: T, *args: *Ts, **more: P.kwargs) -> T:
    class Inner[U = int]:
        pass
    return Inner
inner = generic(1)
type Alias[T] = list[T]
"""

ASYNC = """
async def coroutine(x: [1] = 2):
    await x
async def agen():
    yield 1
def gen():
    yield 1
import types
@types.coroutine
def old():
    yield [1]
running = old()
defaults = coroutine.__defaults__
coroutine.__annotations__
agen.__dict__["attribute"] = [1]
agen.__kwdefaults__
"""


def build():
    names = dict(globals())
    for i in range(150):
        bounded(i)
    for i in range(7):
        bounded(140 + i)
    for i in range(30):
        unbounded(i, "more")
    unbounded("alone")
    unbounded(3)
    for i in range(5):
        typed(i, key=[1][0])
        typed(float(i))
        uncached(i)
    with contextlib.suppress(ValueError):
        raising(1)
    keep(bounded, unbounded, uncached, typed, raising)
    make(names, LINES)
    for text in (STATEMENTS, ASYNC):
        made = {"__name__": "kinds.callables"}
        run(made, text)
        keep(made)
