# SPDX-License-Identifier: MIT
"""writer.py: a writer of heapsnap's file format, written from spec/format.md alone.

It takes what spec/decoder.py gives, tables of dicts that hold each other, or the same made by hand:
write() makes a whole file of them, write_chain() one that stands on another.
"""
import collections
import itertools
import operator
import struct

import msgpack
import xxhash
import zstandard

HEADER, STRINGS, TYPES, SHAPES, ROOTS, THREADS, FRAMES, REGIONS = range(1, 9)
EXTENTS, GAPS, BLOCK, PREVIEWS, SITES, INDEX, END, BASE, COLLECTOR = range(9, 18)
BYTES, VARINT, DELTA, DICTIONARY, ADDRESS, ALLOCATED, OWNER, WORDS, COUNTS, PLANES = range(10)
MASK = (1 << 64) - 1
NAMED = (3, 4, 9)  # kinds of runs whose operand is a string
INTEGER, REAL = 3, 4  # kinds of values
DEFAULTS = {"size": 0, "allocated": 0, "refcount": 0, "flags": 0, "generation": 7,
            "fingerprint": 0}


# Section 4: from values to raw bytes, in parts that are compressed apart.

def leb128(values):
    raw = bytearray()
    for value in values:
        while value > 127:
            raw.append(value & 127 | 128)
            value >>= 7
        raw.append(value)
    return bytes(raw)


def zigzag(difference):
    difference &= MASK
    return 2 * difference if difference < 1 << 63 else 2 * ((1 << 64) - difference) - 1


def differences(values):
    return [zigzag(value - before) for before, value in zip([0, *values], values)]


def planes(values):
    parts, rest = [], list(values)
    while rest:
        parts.append(bytes(value & 127 | (128 if value > 127 else 0) for value in rest))
        rest = [value >> 7 for value in rest if value > 127]
    return parts


def dictionary(values):
    distinct = list(dict.fromkeys(values))
    places = {value: place for place, value in enumerate(distinct)}
    codes, used = [], 0
    for value in values:
        codes.append(0 if places[value] == used else 1 + places[value])
        used += places[value] == used
    return leb128([len(distinct), *differences(distinct), *codes])


def addresses(values):
    shift = 0
    while shift < 63 and not any(value >> shift & 1 for value in values):
        shift += 1
    parts = planes(differences([value >> shift for value in values]))
    return [bytes([shift]) + parts[0], *parts[1:]]


def owners(values, first):
    codes, last = [], first
    for value in values:
        codes.append(0 if value is None else 1 + zigzag(value - last))
        last = last if value is None else value
    return leb128(codes)


# Sections 1 and 2: columns, sections, the file.

def stored(parts, level):
    """What is stored of the raw bytes in @parts: frames, or themselves if that is shorter."""
    raw, frames = b"".join(parts), b""
    for part in parts:
        frames += zstandard.ZstdCompressor(level=level).compress(part)
    missing = (len(raw) - 1048576) // 1024 - len(frames)
    if missing >= 0:
        frames += struct.pack("<II", 0x184d2a50, missing) + bytes(missing)
    return frames if len(frames) < len(raw) else raw


class File:
    def __init__(self, level=3):
        self.level, self.data, self.entries = level, bytearray(b"\x89HSNAP\r\n"), []

    def section(self, kind, fields, columns=()):
        """Add a section; @columns: name, codec, and raw bytes or a list of parts of them."""
        columns = [(name, codec, [parts] if isinstance(parts, bytes) else parts)
                   for name, codec, parts in columns]
        self.stored_section(kind, fields, [
            (name, codec, sum(map(len, parts)), stored(parts, self.level))
            for name, codec, parts in columns])

    def stored_section(self, kind, fields, columns):
        """The same of @columns as they are stored: name, codec, raw length, bytes."""
        table, data = {}, b""
        for name, codec, size, part in columns:
            table[name] = [codec, size, len(part), xxhash.xxh3_64_intdigest(part)]
            data += part
        section = msgpack.packb([kind, {**fields, "columns": table, "data": data} if columns
                                 else fields])
        self.add(kind, section, len(section) - len(data))

    def add(self, kind, section, head):
        self.entries.append([kind, len(self.data), len(section), head,
                             xxhash.xxh3_64_intdigest(section[:head])])
        self.data += section

    def save(self, path):
        start = len(self.data)
        index = msgpack.packb([INDEX, {"sections": self.entries}])
        end = msgpack.packb([END, {"size": 0}])[:-1]  # the number is of 9 bytes
        size = start + len(index) + len(end) + 9 + 24
        index += end + b"\xcf" + struct.pack(">Q", size)
        self.data += index + struct.pack("<QQ", start, xxhash.xxh3_64_intdigest(index))
        self.data += b"\x89PANSH\r\n"
        with open(path, "wb") as file:
            file.write(self.data)


# Section 6: the order of objects.

def ordered(tables):
    """The objects by their ordinals."""
    queue, known = [], set()

    def put(some):
        for one in some:
            if id(one) not in known:
                known.add(id(one))
                queue.append(one)

    at = 0
    by_address = sorted(tables["objects"], key=lambda one: one["address"])
    for start in itertools.chain([[root["object"] for root in tables["roots"]]],
                                 ([one] for one in by_address)):
        put(start)
        while at < len(queue):
            put(queue[at]["references"])
            at += 1
    return queue


class Numbers:
    """What has which number in a file."""

    def __init__(self, tables, objects):
        self.rows = {name: {id(row): i for i, row in enumerate(table)}
                     for name, table in tables.items()}
        self.rows["objects"] = {id(one): i for i, one in enumerate(objects)}
        self.strings = {b"": 0}
        self.shapes = {}

    def string(self, text):
        return self.strings.setdefault(text, len(self.strings))

    def row(self, table, row):
        return self.rows[table][id(row)]

    def optional(self, table, row):
        return 0 if row is None else 1 + self.row(table, row)

    def shape(self, one):
        """The number of the object's shape, by what it says."""
        visible, hidden = ([(run["kind"], run["strength"], run["operand"], run["count"])
                            for run in part[0]] for part in one["shape"])
        return self.shapes.setdefault((tuple(visible), tuple(hidden)), len(self.shapes))


# Section 5: tables.

def varint(name, values):
    return name, VARINT, leb128(values)


def delta(name, values):
    return name, DELTA, leb128(differences(values))


def table_columns(tables, numbers):
    """The tables that refer to strings and objects alone: kind, rows, columns."""
    string, row, optional = numbers.string, numbers.row, numbers.optional
    types, roots, frames = tables["types"], tables["roots"], tables["frames"]
    threads, regions, extents = tables["threads"], tables["regions"], tables["extents"]
    gaps, sites, collectors = tables["gaps"], tables["sites"], tables["collectors"]
    yield TYPES, types, [
        delta("name", [string(one["name"]) for one in types]),
        varint("module", [string(one["module"]) for one in types]),
        varint("role", [one["role"] for one in types]),
        delta("object", [optional("objects", one["object"]) for one in types])]
    yield ROOTS, roots, [
        varint("object", [row("objects", one["object"]) for one in roots]),
        varint("rank", [one["rank"] for one in roots]),
        varint("name", [string(one["name"]) for one in roots]),
        varint("thread", [optional("threads", one["thread"]) for one in roots]),
        delta("frame", [optional("frames", one["frame"]) for one in roots])]
    yield THREADS, threads, [
        varint("native_id", [one["native_id"] for one in threads]),
        varint("name", [string(one["name"]) for one in threads])]
    yield FRAMES, frames, [
        delta("thread", [row("threads", one["thread"]) for one in frames]),
        varint("function", [string(one["function"]) for one in frames]),
        delta("file", [string(one["file"]) for one in frames]),
        varint("line", [one["line"] for one in frames])]
    yield REGIONS, regions, [
        delta("start", [one["start"] for one in regions]),
        varint("size", [one["size"] for one in regions]),
        varint("resident", [one["resident"] for one in regions]),
        varint("flags", [one["flags"] for one in regions]),
        varint("name", [string(one["name"]) for one in regions])]
    yield EXTENTS, extents, [
        delta("start", [one["start"] for one in extents]),
        varint("size", [one["size"] for one in extents]),
        varint("bytes", [one["bytes"] for one in extents]),
        varint("count", [one["count"] for one in extents]),
        varint("allocator", [string(one["allocator"]) for one in extents]),
        varint("state", [string(one["state"]) for one in extents]),
        varint("owner", [optional("objects", one["owner"]) for one in extents])]
    yield GAPS, gaps, [
        varint("reason", [string(one["reason"]) for one in gaps]),
        varint("count", [one["count"] for one in gaps]),
        varint("example", [one["example"] for one in gaps])]
    yield COLLECTOR, collectors, [
        varint(name, [one[name] for one in collectors])
        for name in ("interpreter", "generation", "threshold", "count", "collections",
                     "collected", "uncollectable", "flags")]
    yield SITES, sites, [
        varint("file", [string(one["file"]) for one in sites]),
        varint("line", [one["line"] for one in sites]),
        delta("caller", [optional("sites", one["caller"]) for one in sites])]


def shape_columns(numbers):
    runs = [run for visible, hidden in numbers.shapes for run in visible + hidden]
    return [
        varint("runs", [len(visible + hidden) for visible, hidden in numbers.shapes]),
        varint("visible_runs", [len(visible) for visible, _ in numbers.shapes]),
        varint("kind", [kind for kind, _, _, _ in runs]),
        varint("strength", [strength for _, strength, _, _ in runs]),
        delta("operand", [numbers.string(operand) if kind in NAMED else operand
                          for kind, _, operand, _ in runs]),
        varint("count", [count for _, _, _, count in runs])]


def string_columns(strings):
    return [varint("length", map(len, strings)), ("bytes", BYTES, b"".join(strings))]


# Section 7: blocks.

def ranks(values):
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return [places[value] for value in values]


def rest(part):
    """How many references a part's runs count; whether one describes what is left over."""
    return sum(run["count"] for run in part[0]), any(not run["count"] for run in part[0])


def count_columns(objects, order):
    visible, hidden = [], []
    for i in order:
        one = objects[i]
        (seen, seen_open), (more, more_open) = map(rest, one["shape"])
        others = len(one["references"]) - one["visible"]
        if seen_open:
            visible.append(one["visible"] - seen)
        if more_open:
            hidden.append(0 if others == one["visible"] else 1 + others - more)
    return visible, hidden


def listed_edges(objects, targets, first, upcoming, order, group):
    """The targets in the block's order, None for new ones, and what is new behind the block."""
    new, listed = {}, []
    for i in range(len(objects)):
        upcoming = max(upcoming, first + i + 1)
        for slot, target in enumerate(targets[i]):
            new[i, slot] = target == upcoming
            upcoming += target == upcoming
    for _, members in itertools.groupby(order, key=lambda i: group[i]):
        members = list(members)
        places = [(i, slot) for slot in range(32) for i in members if slot < len(targets[i])]
        places += [(i, slot) for i in members for slot in range(32, len(targets[i]))]
        listed += [None if new[i, slot] else targets[i][slot] for i, slot in places]
    return listed, upcoming


def edge_columns(listed, first):
    """Targets that occur twice are listed; it is left to a writer which ones are."""
    known = [target for target, times in collections.Counter(listed).items()
             if times > 1 and target is not None]
    places, codes, jumps, last = {target: i for i, target in enumerate(known)}, [], [first], first
    for target in listed:
        if target is None:
            codes.append(0)
            continue
        codes.append(1 if target == last else 3 + places[target] if target in places else 2)
        if codes[-1] == 2:
            jumps.append(target)
        last = target
    yield "edges", PLANES, planes(codes)
    yield "targets", DELTA, [leb128(differences(known))]
    yield "jumps", PLANES, planes(map(zigzag, map(operator.sub, jumps[1:], jumps)))


def item_sizes(objects, visible, order, group):
    """For each group by how much the sizes grow with the visible references, if that is all."""
    for _, members in itertools.groupby(order, key=lambda i: group[i]):
        sizes = {(objects[i]["size"], visible[i]) for i in members}
        yield 8 * (len(sizes) > 1 and len({size - 8 * items for size, items in sizes}) == 1)


class Blocks:
    """Where the next block begins."""

    def __init__(self, numbers, columns, upcoming):
        self.numbers, self.names, self.upcoming = numbers, columns, upcoming
        self.first = self.first_edge = 0

    def columns(self, objects, number_of):
        """Of these @objects; @number_of gives what may differ between whole files and others."""
        kinds = [self.numbers.row("types", one["type"]) for one in objects]
        shapes = [number_of["shape"](one) for one in objects]
        order = sorted(range(len(objects)), key=ranks(kinds).__getitem__)
        yield "type", DICTIONARY, dictionary(kinds)
        yield "shape", DICTIONARY, dictionary([shapes[i] for i in order])
        shape_ranks = ranks([shapes[i] for i in order])
        group = list(zip(ranks(kinds), [rank for _, rank in sorted(zip(order, shape_ranks))]))
        order.sort(key=lambda i: (group[i], i))
        values = {name: [objects[i][name] for i in order] for name in DEFAULTS}
        kept = [not shape and number_of["kept"] for shape in shapes]
        seen = [0 if kept[i] else one["visible"] for i, one in enumerate(objects)]
        each = list(item_sizes(objects, seen, order, group))
        yield varint("item_size", each)
        of_group = dict(zip(dict.fromkeys(group[i] for i in order), each))
        yield "size", VARINT, leb128([objects[i]["size"] - of_group[group[i]] * seen[i] & MASK
                                      for i in order])
        yield "flags", DICTIONARY, dictionary(values["flags"])
        if "allocated" in self.names:
            yield "allocated", ALLOCATED, leb128(differences([
                (allocated - (size + 15 & ~15)) & MASK
                for allocated, size in zip(values["allocated"], values["size"])]))
        if "refcount" in self.names:
            yield "refcount", VARINT, leb128(values["refcount"])
        if "generation" in self.names:
            yield "generation", DICTIONARY, dictionary(values["generation"])
        if "fingerprint" in self.names:
            yield "fingerprint", WORDS, struct.pack(f"<{len(order)}Q", *values["fingerprint"])
        if "owner" in self.names:
            yield "owner", OWNER, owners([number_of["owner"](objects[i]) for i in order],
                                         self.first)
        if "site" in self.names:
            yield "site", DICTIONARY, dictionary([number_of["site"](objects[i]) for i in order])
        listed = [None if kept[i] else objects[i] for i in order]
        visible, hidden = count_columns([one for one in listed if one],
                                        range(sum(map(bool, listed))))
        yield "visible", COUNTS, leb128(visible)
        yield "hidden", COUNTS, leb128(hidden)
        self.targets = [[number_of["object"](target) for target in one["references"]]
                        if not kept[i] else [] for i, one in enumerate(objects)]
        edges, self.behind = listed_edges(objects, self.targets, self.first, self.upcoming, order,
                                          group)
        yield from edge_columns(edges, self.first)
        order.sort(key=lambda i: (group[i], min(objects[i]["allocated"]
                                                if "allocated" in self.names else 0, 1024), i))
        yield "address", ADDRESS, addresses([objects[i]["address"] for i in order])

    def write(self, file, objects, number_of):
        columns = [column for column in self.columns(objects, number_of) if any(column[2])]
        edges = sum(map(len, self.targets))
        file.section(BLOCK, {"first": self.first, "objects": len(objects),
                             "first_edge": self.first_edge, "edges": edges,
                             "next": self.upcoming}, columns)
        self.first, self.first_edge = self.first + len(objects), self.first_edge + edges
        self.upcoming = self.behind


# Section 8: values.

def value_columns(rows):
    """@rows: the object's number and its value."""
    bytes_of = [b"" if value[0] in (INTEGER, REAL) else value[1] for _, value in rows]
    return [
        delta("object", [number for number, _ in rows]),
        varint("kind", [value[0] for _, value in rows]),
        varint("size", map(len, bytes_of)),
        varint("more", [value[2] for _, value in rows]),
        varint("integer", [zigzag(value[1]) for _, value in rows if value[0] == INTEGER]),
        ("real", WORDS, b"".join(struct.pack("<d", value[1]) for _, value in rows
                                 if value[0] == REAL)),
        ("bytes", BYTES, b"".join(bytes_of))]


def header_of(header, objects, **more):
    edges = sum(len(one["references"]) for one in objects)
    return {"major": 0, "minor": header["minor"], "required": [], "writer": "writer.py",
            "objects": len(objects), "edges": edges, **{
                key: header[key] for key in ("object_columns", "process", "preview_bytes",
                                             "fingerprint_salt", "redacted") if key in header},
            **more}


def write(path, header, tables, block_objects=32768, value_rows=1 << 20, level=3, others=()):
    """Write a whole file; @others: sections to add, as arguments of File.section()."""
    objects, file = ordered(tables), File(level)
    numbers = Numbers(tables, objects)
    file.section(HEADER, header_of(header, objects))
    for other in others:
        file.section(*other)
    highest = max((numbers.row("objects", root["object"]) for root in tables["roots"]),
                  default=-1)
    blocks = Blocks(numbers, header["object_columns"], 1 + highest)
    number_of = {
        "kept": False, "shape": numbers.shape,
        "owner": lambda one: None if one["owner"] is None
        else numbers.row("objects", one["owner"]),
        "site": lambda one: numbers.optional("sites", one["site"]),
        "object": lambda target: numbers.row("objects", target)}
    for first in range(0, len(objects), block_objects):
        blocks.write(file, objects[first:first + block_objects], number_of)
    for kind, rows, columns in table_columns(tables, numbers):
        if rows:
            file.section(kind, {"rows": len(rows)}, columns)
    file.section(SHAPES, {"rows": len(numbers.shapes)}, shape_columns(numbers))
    file.section(STRINGS, {"rows": len(numbers.strings)}, string_columns(list(numbers.strings)))
    values = [(i, one["value"]) for i, one in enumerate(objects) if one["value"]]
    for first in range(0, len(values), value_rows):
        own = values[first:first + value_rows]
        file.section(PREVIEWS, {"rows": len(own)}, value_columns(own))
    file.save(path)


# Section 14: chains.

def difference(old, new):
    """What an object that changed has in a block."""
    numbers = {name: new[name] ^ old[name] ^ default
               for name, default in {"address": 0, **DEFAULTS}.items()}
    return {**new, **numbers, "old": old, "new": new}


def is_kept(one):
    """Whether shape and references are the base's."""
    return "old" in one and all(one["old"][name] == one["new"][name] if name == "visible" else
                                one["old"][name] is one["new"][name]
                                for name in ("shape", "visible", "references"))


def spans(copied, literal):
    """Columns that say: all of the base's rows, then some of this file."""
    return [varint("literal", [0, literal]), delta("from", [0, 0]), varint("copied", [copied, 0])]


def write_chain(path, name, base, header, changed, gone, added, types=(), level=3):
    """Write a file that stands on @base, a whole file that was decoded, and is called @name.

    @changed: pairs of an object of the base and what it is now; @gone: others that are no more;
    @added: new ones.  All of these refer to the base's objects or to @added; @types are new ones
    of these.  All other tables are those of the base.
    """
    tables, file, ordinals = base.tables, File(level), {
        id(one): i for i, one in enumerate(base.tables["objects"])}
    changed = sorted(changed, key=lambda pair: ordinals[id(pair[0])])
    listed = [difference(*pair) for pair in changed] + list(added)
    count, numbers = len(listed), Numbers(tables, tables["objects"])
    identity = {key: count + ordinal for key, ordinal in ordinals.items()}
    identity.update((id(old), i) for i, (old, _) in enumerate(changed))
    identity.update((id(one), len(changed) + i) for i, one in enumerate(added))
    numbers.rows["types"].update(
        (id(one), len(tables["types"]) + i) for i, one in enumerate(types))
    texts = list(dict.fromkeys(one["name"] for one in types))
    text_numbers = {text: len(tables["strings"]) + i for i, text in enumerate(texts)}
    objects = {id(one): one for one in [*tables["objects"], *added]}
    objects.update((id(old), new) for old, new in changed)
    objects = [one for key, one in objects.items() if key not in map(id, gone)]
    shapes = {id(shape): i for i, shape in enumerate(base.shapes)}

    def optional(name, none, number):
        def of(one):
            if "old" in one and one["old"][name] is one["new"][name]:
                return None
            return none if one[name] is None and "old" in one else number(one[name])
        return of

    site = optional("site", len(tables["sites"]), lambda row: row and numbers.row("sites", row))
    number_of = {
        "kept": True, "shape": lambda one: 0 if is_kept(one) else 1 + shapes[id(one["shape"])],
        "owner": optional("owner", count + len(ordinals), lambda one: one and identity[id(one)]),
        "site": lambda one: 0 if site(one) is None else 1 + site(one),
        "object": lambda target: identity[id(target)]}
    file.section(HEADER, header_of(header, objects, required=["base"], base={
        "name": name.encode(), "hash": base.digest}))
    if types:
        file.section(STRINGS, {"rows": len(tables["strings"]) + len(texts), "spans": 2},
                     [*spans(len(tables["strings"]), len(texts)), *string_columns(texts)])
        file.section(TYPES, {"rows": len(tables["types"]) + len(types), "spans": 2}, [
            *spans(len(tables["types"]), len(types)),
            delta("name", [text_numbers[one["name"]] for one in types]),
            varint("role", [one["role"] for one in types])])
    rows = sorted([(ordinals[id(old)], 0) for old, _ in changed] +
                  [(ordinals[id(old)], 1) for old in gone])
    blocks = Blocks(numbers, header["object_columns"], len(changed))
    if listed:
        blocks.write(file, listed, number_of)
    file.section(BASE, {"rows": len(rows), "listed": count, "listed_edges": blocks.first_edge},
                 [delta("object", [row for row, _ in rows]),
                  varint("gone", [gone for _, gone in rows])] if rows else [])
    values = [(count + ordinals[id(old)], new["value"] or (0, b"", 0)) for old, new in changed
              if old["value"] != new["value"]]
    values += [(identity[id(one)], one["value"]) for one in added if one["value"]]
    if values:
        file.section(PREVIEWS, {"rows": len(values)}, value_columns(values))
    file.save(path)
