# SPDX-License-Identifier: MIT
"""library.py: what other modules of the standard library have in C, and much of what not."""
import argparse
import ast
import base64
import cProfile
import configparser
import csv
import difflib
import doctest
import email
import email.policy
import email.message
import gc
import gettext
import heapq
import html.parser
import http.cookies
import http.client
import http.server
import importlib.machinery
import importlib.util
import inspect
import io
import json
import json.decoder
import json.encoder
import json.scanner
import locale
import logging
import logging.handlers
import os
import pickle
import pickletools
import platform
import pprint
import profile
import pstats
import re
import sqlite3
import statistics
import string
import struct
import symtable
import sys
import textwrap
import timeit
import tokenize
import trace
import tracemalloc
import types
import unittest
import unittest.mock
import urllib.parse
import urllib.request
import warnings
import xml.dom.minidom
import xml.etree.ElementTree as ElementTree
import xml.parsers.expat
import xml.sax
import xml.sax.handler
import zipimport

from kinds import keep, make, run, step


class Adapted:
    def __conform__(self, protocol):
        return "adapted"


class Picklable:
    def __init__(self):
        self.state = [1]


class Persistent(pickle.Pickler):
    def persistent_id(self, obj):
        return "id" if obj is Picklable else None

    def reducer_override(self, obj):
        return NotImplemented


class Restoring(pickle.Unpickler):
    def persistent_load(self, key):
        return [key]

    def find_class(self, module, name):
        return super().find_class(module, name)


def picklers():
    """Picklers with a memo and with what people override."""
    made = []
    shared = [1]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        pickler = pickle.Pickler(io.BytesIO(), protocol)
        pickler.dump([Picklable(), shared, shared, "text", (1, "two", [3])])
        made.append(pickler)
    small = pickle.Pickler(io.BytesIO())
    fast = pickle.Pickler(io.BytesIO())
    fast.fast = True
    fast.dump([[1]])
    with_table = pickle.Pickler(io.BytesIO())
    with_table.dispatch_table = {Picklable: len}
    with_table.dump([1])
    own = Persistent(io.BytesIO())
    own.dump([Picklable, Picklable()])
    big = pickle.Pickler(io.BytesIO())
    big.dump([[i] for i in range(500)])
    cleared = pickle.Pickler(io.BytesIO())
    cleared.dump([[i] for i in range(100)])
    cleared.clear_memo()
    buffers = pickle.Pickler(io.BytesIO(), 5, buffer_callback=[].append)
    buffers.dump(pickle.PickleBuffer(b"out of band"))
    return made + [small, fast, with_table, own, big, cleared, buffers, big.memo, big.memo.copy()]


def unpicklers():
    data = pickle.dumps([Picklable(), [1, "two"], {"a": (3,)}])
    used = pickle.Unpickler(io.BytesIO(data))
    used.load()
    old = pickle.Unpickler(io.BytesIO(pickle.dumps([1, "text"], 0)), encoding="bytes",
                           errors="ignore")
    old.load()
    own = Restoring(io.BytesIO(pickle.dumps(Picklable())))
    own.load()
    failed = pickle.Unpickler(io.BytesIO(data[:-10]))
    try:
        failed.load()
    except Exception as err:
        keep(err)
    with_buffers = pickle.Unpickler(io.BytesIO(data), buffers=[b"x"], fix_imports=False)
    return [used, old, own, failed, with_buffers, used.memo, used.memo.copy()]


def database():
    """A connection with all that can be registered on one."""
    made = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)
    made.row_factory = sqlite3.Row
    made.text_factory = lambda data: data.decode()
    made.create_function("double", 1, lambda n: 2 * n)
    made.create_collation("reverse", lambda a, b: (a < b) - (a > b))
    made.set_authorizer(lambda *arguments: sqlite3.SQLITE_OK)
    made.set_progress_handler(lambda: 0, 1000)
    made.set_trace_callback(lambda statement: None)

    class Aggregate:
        def __init__(self):
            self.items = []

        def step(self, item):
            self.items.append(item)

        def finalize(self):
            return len(self.items)
    made.create_aggregate("gather", 1, Aggregate)
    made.execute("create table t (a integer, b text, c blob)")
    made.executemany("insert into t values (?, ?, ?)", [(i, "t%d" % i, b"x" * i) for i in range(9)])
    cursor = made.execute("select a, b, c from t where a > ?", [2])
    rows = [cursor.fetchone(), cursor.fetchone()]
    cursor.row_factory = lambda cursor, row: row
    other = made.cursor()
    other.execute("select double(a) from t")
    inserted = made.cursor()
    inserted.execute("insert into t values (1, 'x', null)")
    empty = made.cursor()
    gathered = made.execute("select gather(a) from t").fetchall()
    return [made, cursor, rows, other, inserted, empty, gathered, rows[0].keys(), iter(rows[0]),
            cursor.description]


def plain_database():
    made = sqlite3.connect(":memory:")
    cursor = made.execute("select 1")
    made.execute("create table t (a blob)")
    made.execute("insert into t values (zeroblob(100))")
    extras = []
    if hasattr(made, "blobopen"):
        extras.append(made.blobopen("t", "a", 1))
    if hasattr(made, "create_window_function"):
        made.create_window_function("window", 1, type("Window", (), {}))
    closed = sqlite3.connect(":memory:")
    closed.close()
    return [made, cursor, extras, closed]


def expat():
    made = xml.parsers.expat.ParserCreate(namespace_separator=" ", intern={"a": "a"})
    made.StartElementHandler = lambda *arguments: None
    made.CharacterDataHandler = [].append
    made.buffer_text = True
    made.ordered_attributes = True
    made.ExternalEntityRefHandler = lambda *arguments: 1
    made.Parse("<a b='c'>text")
    outer = xml.parsers.expat.ParserCreate()
    outer.Parse("<a>")
    return [made, outer, outer.ExternalEntityParserCreate(None), xml.parsers.expat.ParserCreate()]


def trees():
    """Elements with and without everything."""
    document = ElementTree.fromstring(
        "<a b='c' d='e'>text<f/>tail<g><h>deep</h></g>" + "<i/>" * 9 + "</a>")
    late = ElementTree.Element("late")
    late.text = "joined"
    late.append(ElementTree.SubElement(document, "sub", {"x": "y"}))
    shrunk = ElementTree.Element("shrunk")
    shrunk.extend([ElementTree.Element("e") for _ in range(20)])
    del shrunk[5:]
    cleared = ElementTree.fromstring("<a b='c'><d/></a>")
    cleared.clear()
    mixed = ElementTree.Element("mixed", {"k": "v"})
    mixed.text, mixed.tail = [1], (2,)
    builder = ElementTree.TreeBuilder(insert_comments=True, insert_pis=True)
    builder.start("a", {"b": "c"})
    builder.data("text")
    builder.data("more")
    builder.comment("comment")
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder())
    parser.feed("<a>half<b>")
    pull = ElementTree.XMLPullParser(["start", "end"])
    pull.feed("<a>half<b></b>")
    custom = ElementTree.XMLParser(target=type("Target", (), {"start": len, "data": len})())
    return [document, late, shrunk, cleared, mixed, builder, parser, pull, custom,
            ElementTree.ElementTree(document), ElementTree.Comment("c"), ElementTree.PI("p"),
            ElementTree.QName("u", "t"), ElementTree.XMLParser(), ElementTree.TreeBuilder(),
            ElementTree.TreeBuilder(element_factory=lambda tag, attributes: ElementTree.Element(tag)),
            document.attrib, list(document), document.findall("i")]


def element_unjoined():
    """Text in several pieces, not yet joined: a list, marked in the pointer to it."""
    builder = ElementTree.TreeBuilder()
    builder.start("a", {})
    builder.data("one")
    builder.data("two")
    builder.start("b", {})
    builder.end("b")
    builder.data("three")
    builder.data("four")
    builder.end("a")
    return builder.close()


def profilers():
    made = cProfile.Profile()
    made.enable()
    json.dumps([1])
    sorted([3, 1], key=lambda item: -item)
    made.disable()
    subcalls = cProfile.Profile(subcalls=True, builtins=False)
    subcalls.runcall(json.dumps, [1])
    return [made, made.getstats(), subcalls, subcalls.getstats(), pstats.Stats(made)]


def logger():
    made = logging.getLogger("zoo")
    handler = logging.handlers.MemoryHandler(10, target=logging.StreamHandler(io.StringIO()))
    made.addHandler(handler)
    made.addFilter(logging.Filter("zoo"))
    made.propagate = False
    made.error("text %s", [1])
    return [made, handler, handler.buffer, logging.Formatter("%(message)s"),
            logging.LoggerAdapter(made, {"a": 1})]


def parser():
    made = argparse.ArgumentParser()
    made.add_argument("--option", type=int, choices=[1, 2], help="text")
    group = made.add_mutually_exclusive_group()
    group.add_argument("--one", action="store_true")
    made.add_subparsers().add_parser("command")
    return [made, made.parse_args([])]


def found_module():
    spec = importlib.util.find_spec("this")
    module = importlib.util.module_from_spec(spec)
    lazy = importlib.util.LazyLoader.factory(importlib.machinery.SourceFileLoader)
    return [spec, module, lazy, importlib.machinery.PathFinder.find_spec("json"),
            types.ModuleType("empty"), types.ModuleType("documented", "text")]


def pickler_with_hook():
    made = pickle.Pickler(io.BytesIO())
    made.persistent_id = lambda obj: None
    made.dump([1])
    return made


def unpickler_with_hook():
    made = pickle.Unpickler(io.BytesIO(pickle.dumps([1])))
    made.persistent_load = lambda key: key
    made.load()
    return made


def unraisable():
    """What the hook for errors that cannot be raised is given."""
    class Failing:
        def __del__(self):
            raise ValueError([1])
    given = []
    sys.unraisablehook = given.append
    try:
        Failing()
    finally:
        sys.unraisablehook = sys.__unraisablehook__
    return given


class Exporting:
    """Has a buffer, in Python."""

    def __buffer__(self, flags):
        return memoryview(bytearray(10))

    def __release_buffer__(self, buffer):
        pass


def profiled():
    sys.setprofile(lambda *arguments: None)
    sys.setprofile(None)
    return sys.getprofile


def unwound():
    from _remote_debugging import RemoteUnwinder
    made = RemoteUnwinder(os.getpid(), all_threads=True)
    return [made, made.get_stack_trace()]


LINES = """
picklers()
pickler_with_hook()
unpickler_with_hook()
unpicklers()
pickle.PickleBuffer(b"bytes")
pickle.PickleBuffer(bytearray(10))
pickle._Pickler(io.BytesIO())
pickle._Unpickler(io.BytesIO())
database()
plain_database()
sqlite3.Row(sqlite3.connect(":memory:").execute("select 1 as a"), (1,))
sqlite3.PrepareProtocol()
sqlite3.adapters
expat()
trees()
element_unjoined()
xml.dom.minidom.parseString("<a b='c'>text<!-- comment --><d/></a>")
xml.sax.make_parser()
xml.sax.handler.ContentHandler()
json.scanner.make_scanner(json.JSONDecoder(object_hook=dict))
json.scanner.py_make_scanner(json.JSONDecoder())
json.JSONDecoder()
json.JSONDecoder(strict=False, object_pairs_hook=list, parse_float=str).scan_once
json.JSONEncoder()
json.encoder.c_make_encoder({}, list, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True)
json.encoder.c_make_encoder(None, list, len, "  ", ":", ",", True, True, False)
re.compile("(a)(?P<name>b)?")
re.compile(b"a+" * 100)
re.compile("[" + "".join(map(chr, range(0x100, 0x200))) + "]", re.I)
re.match("(a)(?P<name>b)?", "abc")
re.match(b"(a)", memoryview(b"abc"))
re.match("(a)(b)(c)(d)(e)", "abcde")
re.Scanner([("a", None), ("b", len)])
re.compile("a").scanner("banana")
step(re.finditer("a", "banana"))
re.compile("a").finditer("banana")
re.sub("(a)", r"\\1\\1", "banana")
re.purge
re._parser.parse("(a|b)+")
re.template("a")
struct.Struct("ihd")
struct.Struct("")
struct.Struct("<10s5p3x2q")
struct.Struct(b"ii")
struct.unpack("ihd", struct.pack("ihd", 1, 2, 3.0))
csv.reader(["a"], dialect="excel")
csv.writer(io.StringIO(), quoting=csv.QUOTE_ALL)
csv.DictWriter(io.StringIO(), ["a", "b"])
csv.get_dialect("excel")
csv.Sniffer()
step(csv.reader(["a,'b", "c"], quotechar="'"))
ast.parse("def f(x: int = 1) -> str:\\n  '''doc'''\\n  return [y for y in x if y] or {1: 2}")
ast.parse("class A(B, metaclass=C):\\n  async def f(self): await x; yield 1")
ast.parse("with a as b, c: pass\\ntry: pass\\nexcept E as e: pass\\nfinally: x = f'{a!r:>{b}}'")
ast.parse("match x:\\n  case [1, *rest] | {'a': 2, **kw}: pass\\n  case A(b=1) if c: pass")
ast.parse("type X[T: int, *Ts, **P] = list[T]")
ast.parse("a + b", mode="eval")
ast.parse("try: pass\\nexcept* E: pass")
ast.parse("lambda x, /, y, *, z=1: (a := x) and not -y if z else x[1:2, ...]")
ast.AST()
ast.Name()
ast.Name("x", ast.Load(), lineno=1)
ast.Load()
type("SubNode", (ast.expr,), {"_fields": ("a",)})(a=[1])
symtable.symtable("def f(x):\\n  global y\\n  return lambda: x", "f", "exec")
symtable.symtable("class A[T]:\\n  x: T", "f", "exec").get_children()
__import__("_symtable").symtable("def f(x): return [y for y in x]", "f", "exec")
tokenize.tokenize(io.BytesIO(b"a = 1\\n").readline)
list(tokenize.tokenize(io.BytesIO(b"a = [1]\\n").readline))
__import__("_tokenize").TokenizerIter(iter(["a = 1\\n", ""]).__next__, extra_tokens=True)
__import__("_tokenize").TokenizerIter("a = 1")
__import__("parser").suite("a = 1")
__import__("parser").suite("a = 1").totuple()
profilers()
__import__("_lsprof").Profiler()
profile.Profile()
trace.Trace()
timeit.Timer("pass")
statistics.NormalDist(1, 2)
logger()
parser()
configparser.ConfigParser()
difflib.SequenceMatcher(None, [1, 2], [2, 3])
doctest.DocTestFinder()
email.message_from_string("From: a\\nTo: b\\n\\nbody")
email.message_from_string("Subject: =?utf-8?q?x?=\\n\\nbody", policy=email.policy.default)
email.message.EmailMessage()
gettext.NullTranslations()
html.parser.HTMLParser()
http.cookies.SimpleCookie("a=b")
http.client.HTTPConnection("localhost")
urllib.parse.urlsplit("http://a/b?c=d#e")
urllib.parse.urlparse("http://a/b;p?c=d#e")
urllib.request.Request("http://a/b")
urllib.request.build_opener()
inspect.signature(logger)
inspect.signature(lambda a, /, b=1, *c, d: 1).bind(1, d=[2])
inspect.getfullargspec(logger)
inspect.stack()[:2]
locale.localeconv()
platform.uname()
pprint.PrettyPrinter()
string.Template("$a")
string.Formatter()
textwrap.TextWrapper()
tracemalloc.Filter(True, "x")
unittest.TestCase()
unittest.TestSuite([unittest.TestCase()])
unittest.mock.Mock()
unittest.mock.Mock(spec=dict)
unittest.mock.patch("os.path")
warnings.catch_warnings()
found_module()
zipimport.zipimporter
sys.modules["json"]
types.TracebackType
gc.callbacks
gc.get_stats()
sys.flags
sys.stdin
sys.stderr
unraisable()
memoryview(Exporting())
profiled()
unwound()
sys._current_frames()
sys.get_asyncgen_hooks()
sys.getswitchinterval()
os.environ
__import__("tkinter").Tcl()
__import__("tkinter").Tcl().call("list", "1", "two")
__import__("curses")
__import__("curses").ncurses_version
curses_window()
__import__("readline").get_completer()
__import__("_curses_panel").new_panel
__import__("ossaudiodev")
__import__("spwd").getspnam("root")
__import__("xxsubtype").spamlist([1, [2]])
__import__("xxsubtype").spamdict(a=[1])
__import__("xxlimited").Xxo()
__import__("_interpreters").create()
__import__("_opcode").get_executor
__import__("_statistics")._normal_dist_inv_cdf
"""


def curses_window():
    """A window of a terminal that is not there."""
    import curses
    terminal = os.openpty()
    saved = os.dup(0), os.dup(1)
    os.dup2(terminal[1], 0)
    os.dup2(terminal[1], 1)
    try:
        curses.setupterm("xterm")
        screen = curses.initscr()
        import curses.panel
        window = curses.newwin(3, 3)
        made = [screen, window, screen.subwin(2, 2, 0, 0), curses.newpad(5, 5),
                curses.panel.new_panel(window)]
        made[-1].set_userptr([1])
        curses.endwin()
    finally:
        os.dup2(saved[0], 0)
        os.dup2(saved[1], 1)
        for descriptor in saved:
            os.close(descriptor)
    return [made, terminal]


def build():
    make(globals(), LINES)
