# SPDX-License-Identifier: MIT
"""exceptions.py: exceptions of all kinds, raised and not, chained, grouped and with notes."""
import binascii
import concurrent.futures
import ctypes
import decimal
import json
import os
import re
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import urllib.error
import xml.etree.ElementTree
import zlib

from kinds import keep, make


class Custom(Exception):
    def __init__(self, *args, **more):
        super().__init__(*args)
        self.more = more


class SlottedError(Exception):
    __slots__ = ("one",)


class SlottedOSError(OSError):
    __slots__ = ("one", "__weakref__")


class Both(KeyError, AttributeError):
    pass


def with_attributes(err, **more):
    for name, value in more.items():
        setattr(err, name, value)
    return err


def noted(err, *notes):
    for note in notes:
        err.add_note(note)
    return err


def every_builtin():
    """An instance of each builtin exception, made as it likes to be."""
    arguments = {
        "SyntaxError": ("text", ("file", 1, 2, "line")),
        "IndentationError": ("text", ("file", 1, 2, "line")),
        "TabError": ("text", ("file", 1, 2, "line")),
        "_IncompleteInputError": ("text", ("file", 1, 2, "line")),
        "UnicodeDecodeError": ("utf-8", b"\xff", 0, 1, "reason"),
        "UnicodeEncodeError": ("ascii", "\xff", 0, 1, "reason"),
        "UnicodeTranslateError": ("\xff", 0, 1, "reason"),
        "ExceptionGroup": ("group", [ValueError(1)]),
        "BaseExceptionGroup": ("group", [KeyboardInterrupt(1)]),
    }
    names = vars(__builtins__) if not isinstance(__builtins__, dict) else __builtins__
    classes = [value for value in names.values()
               if isinstance(value, type) and issubclass(value, BaseException)]
    made = []
    for cls in classes:
        made.append(cls(*arguments.get(cls.__name__, ("text", [1]))))
        if cls.__name__ not in arguments:
            made.append(cls())
    return made


def caught(maker):
    """What @maker raises, wrapped in another, with context, cause and traceback."""
    made = []
    try:
        try:
            maker()
        except BaseException as err:
            made.append(err)
            raise RuntimeError("wrapped", [1]) from err
    except RuntimeError as err:
        made.append(err)
        err.extra = [err.__traceback__]
        try:
            raise LookupError from None
        except LookupError as again:
            made.append(again)
    return made


def split(group):
    matching, rest = group.split(ValueError)
    return [group, matching, rest, group.derive([KeyError(1)])]


def deep(n):
    made = None
    for i in range(n):
        outer = ValueError(i)
        outer.__cause__ = made
        made = outer
    return made


CAUGHT = """
1 / 0
[][1]
{}["k"]
open("/none")
os.rename("/none", "/nothing")
os.mkdir("/")
open("/dev/null", "x")
"x".missing
type("x").missing
sys.missing
undefined_name
int("x")
len(3)
b"\\xff".decode()
"\\udc80".encode()
"\\xff".encode("ascii")
compile("(", "f", "exec")
compile("a b", "f", "exec")
compile("if 1:\\n x\\n  y", "f", "exec")
compile("if 1:\\n\\tx\\n        y", "f", "exec")
compile("f'{'", "f", "exec")
next(iter([]))
__import__("no_such_module")
__import__("os.nothing")
exec("from os import no_such_name")
exec("from . import relative", {"__package__": "no.such"})
sys.exit([3])
deep_recursion()
json.loads("{")
re.compile("(")
zlib.decompress(b"no")
binascii.unhexlify("x")
struct.unpack("i", b"")
decimal.Decimal("x")
decimal.Decimal(1) / 0
socket.create_connection(("127.0.0.1", 1), timeout=1)
socket.getaddrinfo("no.such.invalid", 1)
ssl.create_default_context(cafile="/none")
sqlite3.connect(":memory:").execute("no sql")
subprocess.run(["/none"])
subprocess.run(["/bin/false"], check=True)
xml.etree.ElementTree.fromstring("<a>")
urllib.request.urlopen("no://url")
ctypes.CDLL("/none.so")
ctypes.c_int("x")
concurrent.futures.Future().result(timeout=0)
concurrent.futures.Future().set_exception(3)
memoryview(b"")[3]
raise_group()
raise_custom()
"""


def deep_recursion():
    return deep_recursion()


def raise_group():
    raise ExceptionGroup("raised", [ValueError([1]), ExceptionGroup("inner", [TypeError(2)])])


def raise_custom():
    try:
        raise Custom([1], key={"a": 1})
    finally:
        raise Both("both")


LINES = """
every_builtin()
ValueError()
ValueError("one")
ValueError(1, [2])
with_attributes(ValueError(1), extra=[1])
noted(ValueError("noted"), "a note", "another")
with_attributes(ValueError(1), __notes__=[1])
Custom(1, key=[2])
with_attributes(SlottedError(1), one=[1])
with_attributes(SlottedOSError(2, "text"), one=[1])
Both("both")
StopIteration([4])
StopAsyncIteration([4])
SystemExit(3)
SystemExit(1, [2])
OSError(2, "text", "file")
OSError(2, "text", "file", None, "other")
OSError(2, "text", [1], 0, (2,))
OSError([1])
BlockingIOError(11, "text", 5)
FileNotFoundError(2, "text")
ConnectionResetError("text")
ImportError("text", name="module", path=["path"])
ImportError("text", name="module", path=["path"], name_from="from")
ModuleNotFoundError("text", name="module")
SyntaxError("text", ("file", 1, 2, "line"))
SyntaxError("text", ("file", 1, 2, "line", 3, 4))
with_attributes(SyntaxError("text"), print_file_and_line=[1])
UnicodeDecodeError("utf-8", b"\\xff", 0, 1, "reason")
UnicodeEncodeError("ascii", "\\xff", 0, 1, "reason")
NameError("text", name="name")
AttributeError("text", name="name", obj=[1])
KeyboardInterrupt([1])
GeneratorExit(1)
ExceptionGroup("group", [ValueError(1), TypeError([2])])
ExceptionGroup("group", (ValueError(1),))
BaseExceptionGroup("group", [KeyboardInterrupt(1)])
split(ExceptionGroup("outer", [ValueError(1), ExceptionGroup("inner", [ValueError(2), KeyError(3)])]))
[repr(group) and group for group in [ExceptionGroup("shown", [ValueError(1)])]]
type("MadeGroup", (ExceptionGroup,), {})("made", [ValueError([1])])
deep(50)
ValueError(1).with_traceback(caught(lambda: [][1])[0].__traceback__)
sys.exc_info()
"""


def build():
    names = dict(globals())
    make(names, LINES)
    for line in CAUGHT.strip().splitlines():
        names["maker"] = eval("lambda: " + line, names)
        make(names, "caught(maker)")
