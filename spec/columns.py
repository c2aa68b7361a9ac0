# SPDX-License-Identifier: MIT
"""Sections, columns and blocks of heapsnap's file format: format.md, sections 1, 2, 4 and 7.
Needs msgpack, zstandard and xxhash."""
import io
import itertools
import struct

import msgpack
import xxhash
import zstandard

NUMBERS = {"address": 0, "size": 0, "allocated": 0, "refcount": 0, "flags": 0, "generation": 7,
           "fingerprint": 0}  # columns of objects, and what they are if nothing is known
MASK = (1 << 64) - 1
xxh3 = xxhash.xxh3_64_intdigest


def check(condition, message):
    if not condition:
        raise ValueError(message)


def once(pairs):
    """A map, in which no key may occur twice."""
    check(len(dict(pairs)) == len(pairs), "a key occurs twice")
    return dict(pairs)


def unzigzag(code):
    return code >> 1 ^ -(code & 1)


def sums(codes):
    return [value & MASK for value in itertools.accumulate(map(unzigzag, codes))]


def varints(raw):
    """Each value's LEB128 after that of the one before."""
    value = shift = 0
    for byte in raw:
        value, shift = value | (byte & 127) << shift, shift + 7
        if byte < 128:
            yield value
            value = shift = 0


def planes(raw, count):
    """The first bytes of all values' LEB128, then the second ones of those that have one, ..."""
    values, longer, shift = [0] * count, range(count), 0
    while longer:
        plane, raw = list(zip(longer, raw)), raw[len(longer):]
        for i, byte in plane:
            values[i] |= (byte & 127) << shift
        longer, shift = [i for i, byte in plane if byte > 127], shift + 7
    return values


def dictionary(codes):
    new, distinct = itertools.count(1), sums(codes[1:1 + codes[0]])
    return [distinct[(code or next(new)) - 1] for code in codes[1 + codes[0]:]]


def owners(codes, last):
    for code in codes:
        last = last + unzigzag(code - 1) if code else last
        yield last if code else None


def decode(codec, raw, count, first):
    """The values of a column with so many of them; @first: the first object of its block."""
    if codec == 0:
        return raw
    if codec == 7:
        return [word for word, in struct.iter_unpack("<Q", raw)]
    if codec == 4:
        return [value << raw[0] & MASK for value in sums(planes(raw[1:], count))]
    codes = planes(raw, count) if codec == 9 else list(varints(raw))
    if codec == 3:
        return dictionary(codes)
    if codec == 6:
        return list(owners(codes, first))
    return sums(codes) if codec in (2, 5) else codes


class Section:
    def __init__(self, data, kind, offset, length, head, digest, *_):
        check(xxh3(data[offset:offset + head]) == digest, f"wrong checksum at byte {offset}")
        self.length, self.head = length, head
        self.kind, self.map = kind, msgpack.unpackb(
            data[offset:offset + length], object_pairs_hook=once,
            unicode_errors="surrogateescape")[1]

    def column(self, name, count=0, default=0):
        """The values of a column; if it is left out, @count times the default."""
        at = 0
        for key, (codec, size, length, digest, *_) in self.map["columns"].items():
            raw, at = self.map["data"][at:at + length], at + length
            if key == name:
                check(xxh3(raw) == digest, f"{name} fails its checksum")
                if length != size:
                    raw = zstandard.ZstdDecompressor().stream_reader(
                        raw, read_across_frames=True).read(size + 1)
                check(len(raw) == size, f"{name} has the wrong length")
                return decode(codec, raw, count, self.map.get("first"))
        return [default] * count


def read_sections(path):
    """The sections of a file, and the checksum that covers all of it."""
    with open(path, "rb") as file:
        data = file.read()
    check(data[:8] == b"\x89HSNAP\r\n", f"{path} is no heapsnap snapshot")
    check(data[-8:] == b"\x89PANSH\r\n", f"{path} is truncated")
    start, digest = struct.unpack("<QQ", data[-24:-8])
    check(xxh3(data[start:-24]) == digest, "the index fails its checksum")
    (_, index), _ = msgpack.Unpacker(io.BytesIO(data[start:-24]), max_buffer_size=0)
    return [Section(data, *entry) for entry in index["sections"]], digest


def ranks(column):
    """In place of each value, how many others occur before its first occurrence."""
    places = {}
    return [places.setdefault(value, len(places)) for value in column]


def by_object(order, column):
    return [value for _, value in sorted(zip(order, column))]


def read_references(block, order, group, shapes):
    """How many references of each object are visible, and the numbers of what all lead to."""
    more = [iter(block.column(name, len(shapes))) for name in ("visible", "hidden")]
    visible, targets = [0] * len(shapes), [()] * len(shapes)
    for i in order:
        (_, seen, seen_open), (_, hidden, hidden_open) = shapes[i]
        visible[i] = seen + (next(more[0]) if seen_open else 0)
        code = next(more[1]) if hidden_open else 1
        targets[i] = [None] * (visible[i] + (hidden + code - 1 if code else visible[i]))
    places = sorted(((i, slot) for i in order for slot in range(len(targets[i]))),
                    key=lambda place: (group[place[0]], min(place[1], 32), place))
    first, new, codes = block.map["first"], block.map["next"], block.column("edges", len(places))
    jumps = itertools.accumulate(map(unzigzag, block.column("jumps", codes.count(2))),
                                 initial=first)
    last, known = next(jumps), block.column("targets")
    for (i, slot), code in zip(places, codes):
        if code:
            targets[i][slot] = last = (
                last if code == 1 else next(jumps) if code == 2 else known[code - 3])
    for i, own in enumerate(targets, first):
        new = max(new, i + 1)
        for slot, target in enumerate(own):
            if target is None:
                own[slot], new = new, new + 1
    return visible, targets


def read_block(block, shapes):
    """Columns of the block's objects by ordinal, as numbers; @shapes: their parts."""
    count, kinds = block.map["objects"], block.column("type")
    group = ranks(kinds)
    order = sorted(range(count), key=group.__getitem__)
    shape = block.column("shape", count)
    group = list(zip(group, by_object(order, ranks(shape))))
    values = {"type": kinds, "shape": by_object(order, shape)}
    order.sort(key=group.__getitem__)

    def column(name, default=0):
        return by_object(order, block.column(name, count, default))

    values["visible"], values["references"] = read_references(
        block, order, group, [shapes[number] for number in values["shape"]])
    values.update({name: column(name, default) for name, default in NUMBERS.items()
                   if name != "address"}, owner=column("owner", None), site=column("site"))
    items = dict(zip(dict.fromkeys(group[i] for i in order), block.column("item_size")))
    values["size"] = [size + items.get(own, 0) * visible & MASK for size, own, visible
                      in zip(values["size"], group, values["visible"])]
    if "allocated" in block.map["columns"]:
        values["allocated"] = [(more + (size + 15 & ~15)) & MASK for more, size
                               in zip(values["allocated"], values["size"])]
    order.sort(key=lambda i: (group[i], min(values["allocated"][i], 1024)))
    values["address"] = column("address")
    return values
