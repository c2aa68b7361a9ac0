# SPDX-License-Identifier: MIT
"""atoms.py: numbers, text, bytes, time, and others that hold little."""
import ctypes
import datetime
import decimal
import fractions
import grp
import ipaddress
import os
import pathlib
import pwd
import random
import resource
import signal
import string
import sys
import time
import unicodedata
import uuid

from kinds import keep, make, run

try:
    import zoneinfo as zones
except ImportError:  # before 3.9
    zones = None


class Zone(datetime.tzinfo):
    """A tzinfo written in Python."""

    def __init__(self):
        self.extra = [1]

    def utcoffset(self, when):
        return datetime.timedelta(hours=1)

    def dst(self, when):
        return None

    def tzname(self, when):
        return "zone"


class Moment(datetime.datetime):
    pass


def with_utf8(text):
    """@text, which now also has its UTF-8 form."""
    ctypes.pythonapi.PyUnicode_AsUTF8(ctypes.py_object(text))
    return text


def with_wide(text):
    """@text, which now also has its form for C's wchar_t, where one is kept (up to 3.11)."""
    ctypes.pythonapi.PyUnicode_AsUnicode(ctypes.py_object(text))
    return text


def interned(text):
    return sys.intern("".join(list(text)))


LINES = """
0
-1
255
257
1 << 30
-(1 << 60)
10 ** 50
-(10 ** 300)
1 << 5000
True
int.from_bytes(b"1234567890", "big")
1.5
float("nan")
float("inf")
2j
complex(1.5, -2)
None
Ellipsis
NotImplemented
object()
""
"a"
"\\xe9"
"ascii text"
"latin \\xe9"
"wide \\u20ac"
"astral \\U0001f600"
"lone \\udc80"
"x" * 5000
"\\xe9" * 5000
"\\u20ac" * 3000
"\\U0001f600" * 3000
with_utf8("as utf-8 \\xe9\\u20ac")
with_utf8("as utf-8 \\xe9")
with_utf8("as utf-8 \\U0001f600")
with_utf8("plain ascii")
with_wide("wide " + "ascii")
with_wide("wide \\xe9")
with_wide("wide \\u20ac")
with_wide("wide \\U0001f600")
interned("made at run time")
interned("made \\u20ac at run time")
b""
b"x"
b"x" * 3000
decimal.Decimal(0)
decimal.Decimal("1.25")
decimal.Decimal("1" * 200)
decimal.Decimal("NaN")
decimal.Decimal("1e999")
decimal.Decimal(2) ** 1000
decimal.getcontext()
decimal.Context(prec=5, traps=[decimal.Overflow])
decimal.localcontext()
decimal.getcontext().flags
decimal.DefaultContext
decimal.Decimal("1.5").as_tuple()
fractions.Fraction(1, 3)
uuid.uuid4()
uuid.UUID(int=1)
random.Random(3)
__import__("_random").Random(3)
random.SystemRandom()
random.getstate()
datetime.date(2020, 1, 1)
datetime.datetime(2020, 1, 1, 1)
datetime.datetime.now()
datetime.datetime.now(datetime.timezone.utc)
datetime.datetime(2020, 1, 1, tzinfo=Zone())
datetime.datetime(2020, 1, 1, tzinfo=zones.ZoneInfo("UTC"))
Moment(2020, 1, 1, tzinfo=Zone())
Moment(2020, 1, 1)
datetime.time(1, 2)
datetime.time(1, 2, tzinfo=Zone())
datetime.time(1, 2, tzinfo=datetime.timezone.utc)
datetime.timedelta(3)
datetime.timedelta(3, 4, 5)
datetime.timezone.utc
datetime.timezone(datetime.timedelta(hours=1))
datetime.timezone(datetime.timedelta(hours=1), "NAME")
datetime.tzinfo()
Zone()
datetime.date(2020, 1, 1).isocalendar()
zones.ZoneInfo("UTC")
zones.ZoneInfo.no_cache("UTC")
zones.ZoneInfo("Europe/Berlin")
zones.ZoneInfo.from_file(open(zone_file(), "rb"), key="named")
zones.ZoneInfo.from_file(open(zone_file(), "rb"))
time.localtime()
time.gmtime(0)
time.struct_time(range(9))
time.get_clock_info("monotonic")
os.stat("/")
os.statx("/", os.STATX_BASIC_STATS)
os.statvfs("/")
os.terminal_size((80, 25))
os.times()
os.uname()
os.sched_param(0)
os.waitid(os.P_PID, os.spawnv(os.P_NOWAIT, "/bin/true", ["true"]), os.WEXITED)
pwd.getpwuid(0)
grp.getgrgid(0)
resource.getrusage(resource.RUSAGE_SELF)
signal.struct_siginfo(range(7))
sys.flags
sys.float_info
sys.hash_info
sys.int_info
sys.thread_info
sys.version_info
sys.implementation
sys.get_asyncgen_hooks()
pathlib.Path("/usr")
pathlib.PurePosixPath("a/b").parts
pathlib.Path("/usr").parents
pathlib.PureWindowsPath("c:/a")
ipaddress.ip_network("10.0.0.0/8")
ipaddress.ip_address("::1")
string.Template("$a")
string.Formatter()
unicodedata.ucd_3_2_0
list(unicodedata.iter_graphemes("te\\u0301xt"))
unicodedata.normalize("NFD", "\\xe9t\\xe9")
str.maketrans("abc", "xyz")
"a,b,c".split(",")
"%d%%" % 5
"name \\u20ac".encode("utf-16")
"name".encode("idna")
"x".isidentifier() and "na\\xefve_name"
t"template {1 + 1!r:>{3}} and {[1]}"
t"plain"
"""


def zone_file():
    """The file of some zone: not every system has any."""
    found = [str(path) for folder in zones.TZPATH
             for path in pathlib.Path(folder).glob("Europe/Berlin")]
    return found[0]


NAMES = """
named = {"n\u00e4me": 1, "na\u20acme": 2}
quoted = type("N\u00e4me", (), {"attribut\u00e9": [1]})
instance = quoted()
instance.g\u00e9n\u00e9ral = [1]
"""


def build():
    make(globals(), LINES)
    names = {}
    run(names, NAMES)
    keep(names)
