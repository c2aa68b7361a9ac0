# SPDX-License-Identifier: MIT
"""foreign.py: what ctypes has: types, values, pointers, functions, callbacks."""
import ctypes
import ctypes.util

from kinds import keep, make, run

LIBC = ctypes.CDLL(None)


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double)]


class Packed(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("a", ctypes.c_char), ("b", ctypes.c_longlong)]


class Bits(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint, 3), ("high", ctypes.c_uint, 5)]


class Big(ctypes.BigEndianStructure):
    _fields_ = [("word", ctypes.c_uint32)]


class Holder(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char_p), ("wide", ctypes.c_wchar_p), ("object", ctypes.py_object),
                ("points", Point * 3), ("pointer", ctypes.POINTER(Point)), ("raw", ctypes.c_void_p)]


class Derived(Point):
    _fields_ = [("z", ctypes.c_float)]


class Empty(ctypes.Structure):
    pass


class Anonymous(ctypes.Structure):
    _anonymous_ = ("point",)
    _fields_ = [("point", Point), ("more", ctypes.c_int)]


class Either(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("bytes", ctypes.c_char * 8), ("point", Point)]


class Node(ctypes.Structure):
    pass


Node._fields_ = [("next", ctypes.POINTER(Node)), ("value", ctypes.c_int)]

COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
WITH_ERRNO = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, use_errno=True)
OBJECTS = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)


def filled():
    made = Holder(b"text", "wide", [1])
    made.points[1] = Point(1, 2.0)
    made.pointer = ctypes.pointer(made.points[2])
    made.extra = [1]
    return made


def linked():
    last = Node(None, 2)
    first = Node(ctypes.pointer(last), 1)
    return [first, first.next, first.next.contents]


def function():
    made = LIBC["strlen"]
    made.argtypes = [ctypes.c_char_p]
    made.restype = ctypes.c_size_t
    made.errcheck = lambda result, function, arguments: result
    made(b"text")
    return made


def array():
    made = (ctypes.c_int * 5)(1, 2, 3)
    return [made, made[1:3], ctypes.cast(made, ctypes.POINTER(ctypes.c_char))]


def pointers():
    made = (ctypes.POINTER(ctypes.c_int) * 3)()
    for i in range(3):
        made[i] = ctypes.pointer(ctypes.c_int(i))
    return made


def from_buffer():
    buffer = bytearray(100)
    return [buffer, Point.from_buffer(buffer), Point.from_buffer_copy(buffer), Point.from_address(
        ctypes.addressof(keep(Point(1, 2))))]


LINES = """
ctypes.c_int(3)
ctypes.c_double(1.5)
ctypes.c_longdouble(1.5)
ctypes.c_char(b"x")
ctypes.c_wchar("x")
ctypes.c_char_p(b"text")
ctypes.c_wchar_p("text")
ctypes.c_void_p(1)
ctypes.c_bool(True)
ctypes.c_float.__ctype_be__(1.0)
ctypes.py_object([1])
ctypes.py_object()
type("SubInt", (ctypes.c_int,), {"__slots__": ()})(3)
type("SubInt", (ctypes.c_int,), {})(3)
Point(1, 2.0)
Point()
Packed()
Bits(1, 2)
Big(5)
filled()
Holder()
Derived(1, 2.0, 3.0)
Empty()
Anonymous()
Either()
Either(3).point
linked()
array()
(ctypes.c_int * 0)()
(ctypes.c_int * 3 * 4)()
((ctypes.c_int * 3) * 4)()[1]
(Point * 2)(Point(1, 2), Point(3, 4))
(ctypes.c_char * 100)()
(ctypes.c_char_p * 3)(b"a", b"b")
(ctypes.py_object * 2)([1], "two")
pointers()
pointers()[1]
pointers()[1].contents
ctypes.create_string_buffer(b"text")
ctypes.create_unicode_buffer("text", 100)
ctypes.pointer(Point(1, 2))
ctypes.pointer(ctypes.pointer(ctypes.c_int(3)))
ctypes.POINTER(ctypes.c_int)()
ctypes.POINTER(Point)
ctypes.POINTER(None)
ctypes.byref(Point(1, 2))
ctypes.byref(ctypes.c_int(3), 0)
ctypes.c_int.from_param(3)
ctypes.c_char_p.from_param(b"text")
ctypes.c_void_p.from_param(b"text")
ctypes.c_wchar_p.from_param("text")
ctypes.POINTER(ctypes.c_int).from_param(ctypes.c_int(3))
ctypes.c_double.from_param(1.5)
Point.from_param(Point(1, 2))
from_buffer()
ctypes.cast(ctypes.create_string_buffer(10), ctypes.c_void_p)
ctypes.cast(ctypes.c_char_p(b"text"), ctypes.POINTER(ctypes.c_char))
function()
LIBC.strlen
LIBC
ctypes.pythonapi
ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
ctypes.cdll
COMPARE
COMPARE(lambda a, b: 0)
COMPARE()
COMPARE(("strcmp", LIBC))
COMPARE(("strcmp", LIBC), ((1, "first", None), (2, "second")))
WITH_ERRNO(len)
OBJECTS(lambda value: value)
OBJECTS(lambda value: value)([1])
ctypes.CFUNCTYPE(None)(print)
ctypes.CFUNCTYPE(ctypes.c_int, Point)
ctypes.CFUNCTYPE(ctypes.POINTER(Point), ctypes.c_char_p * 3)
Point.x
Point.__dict__["y"]
Bits.low
Bits.high
Anonymous.x
Either.__dict__["bytes"]
Point.__init__
ctypes.ArgumentError("text")
ctypes.memmove
ctypes.string_at
memoryview(Point(1, 2))
memoryview((ctypes.c_int * 3)())
ctypes.c_double_complex(1j)
"""

CALLBACK = """
import ctypes
numbers = (ctypes.c_int * 5)(5, 1, 4, 2, 3)
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int),
                           ctypes.POINTER(ctypes.c_int))(lambda a, b: a[0] - b[0])
libc = ctypes.CDLL(None)
libc.qsort(numbers, 5, ctypes.sizeof(ctypes.c_int), compare)
class Late(ctypes.Structure):
    pass
forward = ctypes.POINTER(Late)
Late._fields_ = [("self", forward)]
incomplete = type("Incomplete", (ctypes.Structure,), {})
named = ctypes.POINTER("Named") if hasattr(ctypes, "SetPointerType") else None
class WithMethods(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int)]
    shared = [1]
    def method(self):
        return self.a
methods = WithMethods(3)
methods.method()
"""


def build():
    make(globals(), LINES)
    made = {}
    run(made, CALLBACK)
    keep(made)
