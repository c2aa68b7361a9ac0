# SPDX-License-Identifier: MIT
"""secrets.py [WORD ...]: keeps the secrets of its data apart from its code, and says where its
values are."""
import json
import os
import random
import sys
import threading

MARK = "".join(["SE", "CRET"])  # not one constant, so that it is in nothing but data


class Session:
    def __init__(self, name):
        self.plain_attribute = name


class Slotted:
    __slots__ = ("slot_name",)


class Words(str):
    pass


class Level(int):
    pass


class Metres(float):
    pass


def session(n):
    made = Session("%s value %d" % (MARK, n))
    if n % 2:
        setattr(made, "%s_inline" % MARK, n)  # among the class's shared keys
    if n % 3 == 0:
        made.__dict__["%s_attribute %d" % (MARK, n)] = n
    return made


rng = random.Random(11)
floats = [rng.uniform(-1e6, 1e6) for _ in range(200)]
floats += [rng.random() * 10.0 ** rng.randrange(-320, 308) for _ in range(300)]
floats += [0.0, -0.0, float("inf"), float("-inf"), 1e22, 123456789012345680.0, 5e-324, 0.1]
ints = [rng.randrange(-2 ** bits, 2 ** bits + 1) for bits in range(8, 240, 3)]
ints += [sign * 2 ** bits for bits in (30, 31, 59, 60, 62, 63, 64, 90, 255) for sign in (1, -1)]
texts = [MARK + " text", "", "x\xe9" * 3, "\u20ac uro", "\U0001f600\ud800\udfff", "line\n\x1b[2J\x00"]
data = [MARK.encode() + b" bytes", b"", bytes(range(20)), b"'quoted\\'"]
texts = ["".join(list(text)) for text in texts]
values = floats + ints + texts + data + [Words(MARK + "!"), Level(-5), Metres(2.5)]
long_values = {"text": MARK + "\u20ac" * 500, "bytes": bytes(500), "int": 7 ** 2000,
               "negative": -(7 ** 2000)}
sessions = {"%s-%d" % (MARK, n): session(n) for n in range(20)}
REGION = "eu\x1b[2J"  # as a key, and so as part of a path, it is not to clear a screen
regions = {REGION: {}, 42: {}, b"raw": {}, 2.5: {}, (1, 2): {}, None: {}}
slotted = Slotted()
slotted.slot_name = MARK + " in a slot"


def local_names(go):
    scope = {}
    exec("def f(go, %s_local):\n    go()\n" % MARK, scope)
    scope["f"](go, 1)


def ready():
    row = {"values": [[id(value), kind_of(value), as_json(value)] for value in values],
           "long": {name: id(value) for name, value in long_values.items()},
           "regions": id(regions), "sessions": id(sessions)}
    os.write(1, b"READY " + json.dumps(row).encode() + b"\n")
    sys.stdin.readline()


def kind_of(value):
    return [kind.__name__ for kind in (str, bytes, int, float) if isinstance(value, kind)][0]


def as_json(value):
    """As the documentation says a value is exported."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, float):
        return repr(float(value))
    return str(value) if isinstance(value, str) else int(value)


def short_lived(letter):
    return [letter + "%06d" % n for n in range(5000)]


def main():
    global temporary
    threading.current_thread().name = "serves %s" % MARK
    temporary = short_lived("a")
    for number in range(2):
        local_names(ready)
        del temporary
        temporary = short_lived("b" if number else "c")
        for n in range(2000):
            regions[REGION]["job %d" % (number * 2000 + n)] = Session([n])


main()
