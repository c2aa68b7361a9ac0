# SPDX-License-Identifier: MIT
"""A reader of heapsnap's file format, written from format.md alone; columns.py has what it says of
sections and codecs.  Snapshot(path) has the header and the tables, lists of dicts that hold each
other in place of numbers; an object's ordinal is its place in them.  Strings are bytes."""
import io
import itertools
import os
import struct

from columns import NUMBERS, check, read_block, read_sections, unzigzag

COLUMNS = {  # of tables: the section's kind, names, and what they refer to; with a ? 0 is none
    "strings": (2, "length"),
    "types": (3, "name:strings module:strings role object:objects?"),
    "shapes": (4, "runs visible_runs"),
    "runs": (4, "kind strength operand:operand count"),
    "threads": (6, "native_id name:strings"),
    "frames": (7, "thread:threads function:strings file:strings line"),
    "roots": (5, "object:objects rank name:strings thread:threads? frame:frames?"),
    "regions": (8, "start size resident flags name:strings"),
    "extents": (9, "start size bytes count allocator:strings state:strings owner:objects?"),
    "gaps": (10, "reason:strings count example"),
    "collectors": (17, "interpreter generation threshold count collections collected"
                       " uncollectable flags"),
    "sites": (13, "file:strings line caller:sites?")}
OTHERS = {"owner": None, "site": None, "value": None, "visible": 0, "references": ()}
HEADER, BLOCK, PREVIEWS, BASE = 1, 11, 12, 16
NAMED, INTEGER, REAL = (3, 4, 9), 3, 4  # kinds of runs whose operand is a string; of values


def ordered(objects, roots):
    """Objects by their ordinals."""
    queue, seen, at = [], set(), 0
    for start in [roots, *([one] for one in sorted(objects, key=lambda one: one["address"]))]:
        queue += (one for one in start if id(one) not in seen and not seen.add(id(one)))
        while at < len(queue):
            queue += (one for one in queue[at]["references"]
                      if id(one) not in seen and not seen.add(id(one)))
            at += 1
    return queue


class Snapshot:
    def __init__(self, path, digest=None, depth=256):
        sections, self.digest = read_sections(path)
        check(digest in (None, self.digest) and depth >= 0, f"{path} is not the base, or too far")
        self.kinds, self.base = {section.kind: section for section in sections}, {}
        self.header = self.kinds[HEADER].map
        required = self.header.get("required", [])
        check(self.header["major"] == 0 and set(required) <= {"base"}, f"{path} is newer")
        changes = self.kinds[BASE] if required else None
        listed = changes.map["listed"] if changes else self.header["objects"]
        self.tables = {"objects": [{**NUMBERS, **OTHERS} for _ in range(listed)]}
        if changes:
            self.read_base(path, depth, changes, self.tables["objects"])
        self.tables["objects"].append(None)  # so that the number behind the last says none
        for name, (kind, columns) in COLUMNS.items():
            self.read_table(name, self.kinds.get(kind), columns.split())
        self.join_shapes([((), 0, False)] * 2 if changes else None)
        for read, kind in (self.read_block, BLOCK), (self.read_values, PREVIEWS):
            for section in sections:
                if section.kind == kind:
                    read(section)
        self.tables["objects"] = ordered(filter(None, self.tables["objects"]),
                                         [root["object"] for root in self.tables["roots"]])

    def read_base(self, path, depth, changes, objects):
        """Put the base's objects behind those that are listed, and in the place of some of them."""
        name, listed, changed = os.fsdecode(self.header["base"]["name"]), len(objects), 0
        beside = os.path.join(os.path.dirname(path), os.path.basename(name))
        self.base = Snapshot(beside if os.path.exists(beside) else name,
                             self.header["base"]["hash"], depth - 1).tables
        known = {"references", "visible", *self.header["object_columns"]}
        known |= {"value"} if self.header.get("preview_bytes") else set()
        objects += self.base["objects"]
        for old in self.base["objects"]:
            old.update((key, value) for key, value in {**NUMBERS, **OTHERS}.items()
                       if key not in known)
        for old, gone in zip(changes.column("object"), changes.column("gone", changes.map["rows"])):
            if gone:
                objects[listed + old] = None
            else:
                objects[changed], changed = objects[listed + old], changed + 1

    def read_table(self, name, section, columns):
        """The rows of a table; of a chain, some are copies of its base's."""
        old, prefix = self.base.get(name, []), "run_" if name == "runs" else ""
        self.tables[name] = table = [] if section else old
        if not section:
            return
        spans = [(sum(shape["runs"] for shape in self.tables["shapes"]) if prefix
                  else section.map["rows"], 0, 0)]
        if "spans" in section.map:
            spans = list(zip(*(section.column(prefix + part, section.map[prefix + "spans"])
                               for part in ("literal", "from", "copied"))))
        literals = sum(literal for literal, _, _ in spans)
        names, _, tables = zip(*(column.partition(":") for column in columns))
        new = zip(*(section.column(name, literals) for name in names))
        text = io.BytesIO(bytes(section.column("bytes"))) if name == "strings" else None
        for literal, start, copied in spans:
            for row in itertools.islice(new, literal):
                table.append(text.read(*row) if text else {
                    column: self.refer(to, number, row)
                    for column, to, number in zip(names, tables, row)})
            table += old[start:start + copied]

    def refer(self, table, number, row):
        if table == "operand":
            table = "strings" if row[0] in NAMED else ""
        if table.endswith("?"):
            return self.tables[table[:-1]][number - 1] if number else None
        return self.tables[table][number] if table else number

    def join_shapes(self, kept):
        """Of each shape the visible runs and the others: how many references they describe, and
        whether there may be more."""
        runs = iter(self.tables["runs"])

        def part(count):
            own = list(itertools.islice(runs, count))
            return own, sum(run["count"] for run in own), any(not run["count"] for run in own)

        self.shapes = [kept] * bool(kept) + [
            (part(shape["visible_runs"]), part(shape["runs"] - shape["visible_runs"]))
            for shape in self.tables["shapes"]]

    def read_block(self, block):
        objects, sites = self.tables["objects"], [None, *self.tables["sites"], None]
        first, values = block.map["first"], read_block(block, self.shapes)
        for i, one in enumerate(objects[first:first + block.map["objects"]]):
            one.update({name: values[name][i] ^ default ^ one[name]
                        for name, default in NUMBERS.items()},
                       type=self.tables["types"][values["type"][i]])
            if values["owner"][i] is not None:
                one["owner"] = objects[values["owner"][i]]
            if values["site"][i]:
                one["site"] = sites[values["site"][i]]
            if values["shape"][i] or not self.base:
                one.update(shape=self.shapes[values["shape"][i]], visible=values["visible"][i],
                           references=[objects[target] for target in values["references"][i]])

    def read_values(self, section):
        data, count = io.BytesIO(bytes(section.column("bytes"))), section.map["rows"]
        words = section.column("real", count)
        numbers = {INTEGER: map(unzigzag, section.column("integer", count)),
                   REAL: (struct.unpack("<d", struct.pack("<Q", word))[0] for word in words)}
        columns = (section.column(name, count) for name in ("object", "kind", "size", "more"))
        for number, kind, size, more in zip(*columns):
            value = next(numbers[kind]) if kind in numbers else data.read(size)
            self.tables["objects"][number]["value"] = (kind, value, more) if kind else None
