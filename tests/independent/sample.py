# SPDX-License-Identifier: MIT
"""sample.py: a snapshot made by hand in which there is something of everything, for writer.py."""
import writer

MASK = (1 << 64) - 1
COLUMNS = ["address", "type", "size", "allocated", "refcount", "flags", "generation", "owner",
           "fingerprint", "site", "edges"]


def row(**values):
    return values


def run(kind, operand=0, count=0, strength=0):
    return row(kind=kind, strength=strength, operand=operand, count=count)


def part(*runs):
    return list(runs), sum(one["count"] for one in runs), any(not one["count"] for one in runs)


def made_by_hand(minor):
    """Something of everything, in that version of the format: header, tables."""
    types = [row(name=b"list", module=b"builtins", role=3, object=None),
             row(name="a.Caf\u00e9".encode(), module=b"a", role=1, object=None),
             row(name=b"type", module=b"builtins", role=9, object=None)]
    threads = [row(native_id=11, name=b"MainThread"), row(native_id=0, name=b"\xff worker")]
    frames = [row(thread=threads[0], function=b"f", file=b"/a.py", line=3),
              row(thread=threads[0], function=b"<module>", file=b"/a.py", line=0)]
    outer = row(file=b"/a.py", line=9, caller=None)
    sites = [outer, row(file=b"/b.py", line=1 << 31, caller=outer)]
    shapes = [(part(run(1)), part()),
              (part(run(3, b"x", 1), run(8, 24, 2)), part(run(6, 0, 1), run(0, 0, 0, 1))),
              (part(), part()), (part(run(7)), part(run(9, b"it", 1))), (part(run(2)), part())]

    def thing(at, kind, shape, size, **more):
        return {"address": 0x7f0000000000 + at, "type": types[kind], "shape": shapes[shape],
                "size": size, "allocated": 0, "refcount": 1, "flags": 0, "generation": 7,
                "fingerprint": 0, "owner": None, "site": None, "visible": 0, "references": [],
                "value": None, **more}

    a = thing(64, 0, 0, 56, flags=3, generation=0, visible=3, allocated=96, site=sites[1])
    b = thing(8, 1, 1, 40, flags=3, generation=2, visible=3, refcount=1 << 32)
    c = thing(0x1000, 0, 0, (1 << 63) + 5, generation=3, fingerprint=MASK, allocated=17)
    d = thing(0x30, 2, 2, 1, flags=1 << 15 | 4, value=(1, "caf\u00e9".encode(), 3), owner=b)
    e = thing(0x10000000000, 1, 3, 0, visible=2, value=(3, -5, 0), site=outer)
    f = thing(0x40000, 0, 4, 99, visible=40, owner=a, value=(4, 0.1, 0))
    g = thing(0x50000, 2, 2, 28, value=(6, b"\x80" + bytes(8), 0))
    h = thing(0x60000, 2, 2, 33, value=(2, bytes(range(32)), 1 << 40))
    a["references"] = [a, b, b]
    b["references"] = [d, e, d, a, h, h]
    e["references"] = [c, d, b]
    f["references"] = [g, h] * 20
    types[0]["object"], types[2]["object"] = d, g
    roots = [row(object=a, rank=2, name=b"x", thread=threads[0], frame=frames[1]),
             row(object=b, rank=0, name=b"app", thread=None, frame=None),
             row(object=a, rank=3, name=b"", thread=threads[1], frame=None)]
    regions = [row(start=0x7f0000000000, size=1 << 20, resident=4096, flags=3, name=b"[heap]"),
               row(start=0x1000, size=4096, resident=0, flags=15, name=b"")]
    extents = [row(start=0x7f0000000000, size=4096, bytes=100, count=3, allocator=b"pymalloc",
                   state=b"objects", owner=None),
               row(start=0x7f0000000000, size=4096, bytes=3996, count=0, allocator=b"malloc",
                   state=b"free", owner=b)]
    gaps = [row(reason=b"unknown type", count=1 << 40, example=0x7f)]
    collectors = [row(interpreter=0, generation=i, threshold=700, count=1 << 33, collections=MASK,
                      collected=i, uncollectable=3, flags=3) for i in range(3)]
    header = {"minor": minor, "object_columns": COLUMNS, "preview_bytes": 32,
              "fingerprint_salt": MASK, "redacted": 1, "process": {
                  "pid": 7, "runtime": b"cpython", "version": b"3.12.1", "boot_id": b"boot",
                  "start_ticks": 99, "command": [b"python3", b"a.py"], "time_ns": 10**18,
                  "mode": b"fork", "resident": 4096}}
    tables = {"objects": [a, b, c, d, e, f, g, h], "types": types, "threads": threads,
              "frames": frames, "sites": sites, "roots": roots, "regions": regions,
              "extents": extents, "gaps": gaps, "collectors": collectors}
    return header, tables


# What a reader does not know: sections, keys and columns.
UNKNOWN = [(900, {"rows": 3, "later": {"a": [1, {"b": None}]}},
            [writer.varint("interpreter", [0, 0, 0]), writer.varint("generation", [0, 1, 2]),
             writer.varint("threshold", [700, 10, 10]), ("colour", 99, b"red")]),
           (1000, {"key": -1.5}), (1000, {}, [("hue", 4, b"")]), (1 << 40, {})]
