"""hostile.py: names, keys and arguments that would do harm to a terminal, a table, a document."""
import sys
import types

ESCAPES = "\x1b[2J\x1b]0;owned\x07\r\b\x9b31m\x7f\x00"
EVIL = ESCAPES + "\nline,\"quote\",'<b>\\\u202e\ud800x\udfff\t"
EVIL += "\xad\u061c\u180e\ufff9\ufffb\U000e0001\U000e0041"


class Plain:
    pass


def make(name, module):
    made = type("Evil", (), {})
    made.__qualname__ = name
    made.__module__ = module
    return made


kinds = [
    make("Kind" + EVIL, "mod" + EVIL),
    make("=cmd()|'/c calc'!A0", ""),
    make("@SUM(A1)", "-1+1"),
    make("\ud83d", "\udcff"),
    make("", ""),
    make('"},{"schema":"x', "json"),
]
long_kind = make("x" * 1_000_000, "long")  # few of them: an export names the type of each
module = types.ModuleType("evil" + EVIL)
sys.modules["evil" + EVIL] = module
store = {}
setattr(module, "attr" + EVIL, {"key" + EVIL: store})
keep = []


def frame_with_names():
    source = "def f(go):\n    evil_local = ['in a frame']\n    go()\n"
    scope = {}
    exec(source, scope)
    code = scope["f"].__code__
    names = dict(co_name="f" + EVIL, co_filename="file" + EVIL,
                 co_varnames=("go", "local" + EVIL))
    if hasattr(code, "co_qualname"):
        names["co_qualname"] = "f.q" + EVIL
    return types.FunctionType(code.replace(**names), {})


def ready():
    print("READY", flush=True)
    sys.stdin.readline()


def main():
    for number in range(2):
        for n in range(2000):
            for index, kind in enumerate(kinds):
                one = kind()
                setattr(one, "attribute" + EVIL, n)
                store["item%d" % index + EVIL + str(number * 2000 + n)] = one
        store["long%d" % number] = long_kind()
        ready()


frame_with_names()(main)
