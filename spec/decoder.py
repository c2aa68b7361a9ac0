#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An independent reader of heapsnap's file format, written from format.md alone.
decoder.py FILE prints a JSON line per object.  Needs msgpack, zstandard and xxhash."""
import codecs, io, itertools, operator, os, re, struct, sys
import msgpack, xxhash, zstandard
HEADER, STRINGS, TYPES, SHAPES, ROOTS, BLOCK, PREVIEWS, SITES, BASE = 1, 2, 3, 4, 5, 11, 12, 13, 16
TEXT, BYTES, INTEGER, REAL, POSITIVE, NEGATIVE = range(1, 7)
INDEX, INDEX_DOWN, ATTRIBUTE, ITEM, VALUE, KEY, ENTRY, OFFSET, LOCAL = range(1, 10)
FLAGS = ("gc", "tracked", "immortal", "static", "size_guess", "scanned", "lost")
MASK, xxh3 = (1 << 64) - 1, xxhash.xxh3_64_intdigest
UNSAFE = ("[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff"
          "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]")
KEPT = (((), 0, False),) * 2  # the shape of an object that a chain leaves its shape

def check(condition, message):
    return condition or sys.exit(f"{sys.argv[1]}: {message}")

def wtf8_error(error):
    three, end = error.object[error.start:error.start + 3], error.start + 3
    surrogate = re.fullmatch(b"\xed[\xa0-\xbf][\x80-\xbf]", three)
    return (three.decode("utf-8", "surrogatepass"), end) if surrogate else ("\ufffd", end - 2)

def quote(text):
    escape = lambda m: re.sub("....", r"\\u\g<0>", m[0].encode("utf-16-be", "surrogatepass").hex())
    return '"' + re.sub(UNSAFE, escape, re.sub(r'["\\]', r"\\\g<0>", text)) + '"'

def backslash(text):
    return re.sub(r"(['\\])", r"\\\1", text)

def varints(raw):
    value = shift = 0
    for byte in raw:
        value, shift = value | (byte & 127) << shift, shift + 7
        if byte < 128:
            yield value
            value = shift = 0

unzigzag = lambda code: code >> 1 ^ -(code & 1)
sums = lambda codes: [v & MASK for v in itertools.accumulate(map(unzigzag, codes))]

def dictionary(raw):
    codes, used = list(varints(raw)), 0
    distinct = sums(codes[1:1 + codes[0]])
    return [distinct[(code or (used := used + 1)) - 1] for code in codes[1 + codes[0]:]]

def planes(raw, count):
    rows, more, at = [], count, 0
    while more:
        rows.append(iter(raw[at:at + more]))
        at, more = at + more, sum(byte >> 7 for byte in raw[at:at + more])
    for _ in range(count):
        value = shift = 0
        for row in rows:
            value, shift, last = value | ((byte := next(row)) & 127) << shift, shift + 7, byte < 128
            if last: break
        yield value
DELTA = lambda raw, count: sums(varints(raw))
VARINT = lambda raw, count: varints(raw)
CODECS = {0: lambda raw, count: raw, 1: VARINT, 2: DELTA, 3: lambda raw, count: dictionary(raw),
          4: lambda raw, count: [value << raw[0] & MASK for value in sums(planes(raw[1:], count))],
          5: DELTA, 7: lambda raw, count: [word for word, in struct.iter_unpack("<Q", raw)],
          8: VARINT, 9: planes}

class Section:
    def __init__(self, data, entry):
        self.kind, offset, length, head, digest = entry[:5]
        check(xxh3(data[offset:offset + head]) == digest, f"wrong checksum at byte {offset}")
        self.map = msgpack.unpackb(data[offset:offset + length])[1]

    def column(self, name, count=0):
        at = 0
        for key, (codec, raw, length, digest, *_) in self.map["columns"].items():
            stored = self.map["data"][at:at + length]
            at += length
            if key == name:
                check(xxh3(stored) == digest, f"{name} fails its checksum")
                if length != raw:
                    stored = zstandard.ZstdDecompressor().stream_reader(
                        stored, read_across_frames=True).read(raw + 1)
                check(len(stored) == raw, f"{name} has the wrong length")
                return list(CODECS[codec](stored, count))
        return [0] * count

def rows(section, old, convert, *names, prefix="", count=None):
    """The rows of a table, converted; of a chain some are those of its base, @old."""
    if not section:
        return old
    spans = [(section.map["rows"] if count is None else count, 0, 0)]
    if "spans" in section.map:
        spans = list(zip(*[section.column(prefix + name, section.map[prefix + "spans"])
                           for name in ("literal", "from", "copied")]))
    columns = [section.column(name, sum(span[0] for span in spans)) for name in names]
    new, result = (convert(*row) for row in zip(*columns)), []
    for literal, start, copied in spans:
        result += [*itertools.islice(new, literal), *old[start:start + copied]]
    return result

def read_previews(section):
    """For objects with a value its literal, and the same for JSON with the length if it is cut."""
    data, plain = io.BytesIO(bytes(section.column("bytes"))), lambda *row: row
    integers, reals = iter(section.column("integer")), iter(section.column("real"))
    for where, kind, size, more in rows(section, [], plain, "object", "kind", "size", "more"):
        value, mark, length, literal = data.read(size), "…" if more else "", size + more, ""
        if kind == TEXT:
            value = value.decode("utf-8", "wtf8")
            literal, length = f"'{backslash(value)}{mark}'", len(value) + more
        elif kind == BYTES:
            value = value.decode("latin-1")
            each = (c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in backslash(value))
            literal = f"b'{''.join(each)}{mark}'"
        elif kind == INTEGER:
            literal = str(unzigzag(next(integers)))
        elif kind == REAL:
            literal = repr(struct.unpack("<d", struct.pack("<Q", next(reals)))[0])
        elif kind in (POSITIVE, NEGATIVE):
            number = int.from_bytes(value, "big")
            literal = f"{number:#x}{mark}" if more or size > 512 else str(number)
            literal = "-" * (kind == NEGATIVE) + literal
        number = kind > BYTES and not re.search("[afx]", literal)
        json = literal if number else quote(value if kind in (TEXT, BYTES) else literal)
        yield where, literal and (literal, json + (f',"length":{length}' if more else ""))

def labels(shape, refs, seen, values):
    """The names of the references @refs of an object, of which the first @seen are visible."""
    rest, runs = iter(refs), []
    for (part, total, _), length in zip(shape, (seen, len(refs) - seen)):
        runs += [(kind, operand, list(itertools.islice(rest, count or length - total)))
                 for kind, operand, count in part]
    entries = sum(len(own) for kind, _, own in runs if kind in (ITEM, VALUE))
    keys = next((own for kind, _, own in reversed(runs) if kind == KEY), [])
    keys = iter(keys if len(keys) == entries else [None] * entries)
    entry = lambda key: f"[{values[key][0]}]" if key in values else "[*]"
    for kind, operand, own in runs:
        for i in range(len(own)):
            name = {KEY: "key", ATTRIBUTE: f".{operand}", OFFSET: f"+{operand}", LOCAL: operand,
                    INDEX: f"[{operand + i if kind == INDEX else 0}]"}.get(kind, "[*]")
            if kind == INDEX_DOWN:
                name = f"[{operand + len(own) - 1 - i}]"
            elif kind in (ITEM, VALUE):
                name = entry(next(keys))
            elif kind == ENTRY:
                name = "key" if i % 2 else entry(own[i + 1] if i + 1 < len(own) else None)
            yield f"['{backslash(operand)}']" if kind == ITEM else name

def references(block, first, groups, shape):
    more = [iter(block.column(name, len(shape))) for name in ("visible", "hidden")]
    visible, refs = [0] * len(shape), [None] * len(shape)
    for i in itertools.chain(*groups):
        (_, seen, seen_rest), (_, hidden, hidden_rest) = shape[i]
        seen += next(more[0]) if seen_rest else 0
        if hidden_rest:
            code = next(more[1])
            hidden = hidden + code - 1 if code else seen
        visible[i], refs[i] = seen, [None] * (seen + hidden)
    codes, last, new = iter(block.column("edges", block.map["edges"])), first, block.map["next"]
    for group in groups:
        places = [(i, slot) for slot in range(32) for i in group if len(refs[i]) > slot]
        for i, slot in places + [(i, s) for i in group for s in range(32, len(refs[i]))]:
            code = next(codes)
            if code:
                refs[i][slot] = last = last + unzigzag(code - 1)
    for i, row in enumerate(refs):
        new = max(new, first + i + 1)
        for slot, target in enumerate(row):
            if target is None:
                row[slot], new = new, new + 1
    return visible, refs

def parted(groups, keys):
    """The groups of objects, each parted by the objects' keys."""
    return [[i for i in group if keys[i] == key] for group in groups
            for key in sorted({keys[i] for i in group})]

def read_block(block, types, sites, shapes):
    """Objects: address, size, allocated, flags, type, site, shape, visible, references."""
    kinds = block.column("type")
    order = lambda: [i for group in groups for i in group]
    by_object = lambda name: [v for _, v in sorted(zip(order(), block.column(name, len(kinds))))]
    def ranks(values):
        places = {value: n for n, value in enumerate(dict.fromkeys(values[i] for i in order()))}
        return [places[value] for value in values]
    groups = [range(len(kinds))]
    groups = parted(groups, ranks(kinds))
    shape = by_object("shape")
    groups = parted(groups, ranks(shape))
    size, alloc, flags, site = map(by_object, ("size", "allocated", "flags", "site"))
    if "allocated" in block.map["columns"]:
        alloc = [a + (s + 15 & ~15) & MASK for a, s in zip(alloc, size)]
    shape = [shapes[number] for number in shape]
    visible, refs = references(block, block.map["first"], groups, shape)
    groups = parted(groups, [min(a, 1024) for a in alloc])
    address = by_object("address")
    return map(list, zip(address, size, alloc, flags, [types[kind] for kind in kinds],
                         [sites[number] for number in site], shape, visible, refs))

def merge(section, objects, listed):
    """The objects of a chain by identity, from those of its base and those that are listed."""
    count, names, changed = len(listed), {}, 0
    objects = {count + i: old[:8] + [[count + ref for ref in old[8]]]
               for i, old in enumerate(objects)}
    for ordinal, gone in rows(section, [], lambda *row: row, "object", "gone"):
        old = objects.pop(count + ordinal)
        if not gone:
            new, names[changed] = listed[changed], count + ordinal
            new[:4] = map(operator.xor, new[:4], old[:4])
            new[5] = old[5] if new[5] is None else new[5]
            if new[6] is KEPT:
                new[6:] = old[6:]
            objects[count + ordinal], changed = new, changed + 1
    objects.update(zip(range(changed, count), listed[changed:]))
    for one in objects.values():
        one[8] = [names.get(ref, ref) for ref in one[8]]
    return objects

def number(objects, roots):
    """The ordinals of objects by identity."""
    queue, seen, at = [], set(), 0
    def put(names):
        fresh = [name for name in dict.fromkeys(names) if name not in seen]
        seen.update(fresh)
        queue.extend(fresh)
    put(roots)
    for start in [None, *sorted(objects, key=lambda name: objects[name][0])]:
        put([] if start is None else [start])
        while at < len(queue):
            put(objects[queue[at]][8])
            at += 1
    return {name: ordinal for ordinal, name in enumerate(queue)}

class Snapshot:
    strings = types = parts = runs = roots = sites = objects = ()
    values = {}

    def __init__(self, path, digest=None, depth=256):
        data = open(path, "rb").read()
        check(data[:8] == b"\x89HSNAP\r\n", "not a heapsnap snapshot")
        check(data[-8:] == b"\x89PANSH\r\n", "truncated")
        index, own = struct.unpack("<QQ", data[-24:-8])
        check(xxh3(data[index:-24]) == own, "the index fails its checksum")
        check(digest in (None, own) and depth >= 0, f"{path} is not the base, or it is too far")
        (_, index), _ = msgpack.Unpacker(io.BytesIO(data[index:-24]), max_buffer_size=0)
        self.sections = [Section(data, entry) for entry in index["sections"]]
        self.table = {section.kind: section for section in self.sections}
        header, base, listed = self.table[HEADER].map, Snapshot, None
        check(header["major"] == 0 and set(header["required"]) <= {"base"}, "is of a newer format")
        if header["required"]:
            name, listed = os.fsdecode(header["base"]["name"]), self.table[BASE].map["listed"]
            beside = os.path.join(os.path.dirname(path), os.path.basename(name))
            name = beside if os.path.exists(beside) else name
            base = Snapshot(name, header["base"]["hash"], depth - 1)
        self.read_tables(self.table.get, base, listed or 0)
        self.read_objects(base, listed, base.values if header.get("preview_bytes") else {})

    def read_tables(self, table, base, listed):
        data = io.BytesIO(bytes(table(STRINGS).column("bytes")) if table(STRINGS) else b"")
        text, plain = lambda number: self.strings[number], lambda *row: row
        self.strings = rows(table(STRINGS), base.strings,
                            lambda size: data.read(size).decode("utf-8", "wtf8"), "length")
        self.types = rows(table(TYPES), base.types, lambda name: quote(text(name)), "name")
        self.parts = rows(table(SHAPES), base.parts, plain, "runs", "visible_runs")
        self.runs = rows(table(SHAPES), base.runs, lambda kind, operand, count: (
            kind, text(operand) if kind in (ATTRIBUTE, ITEM, LOCAL) else operand, count),
            "kind", "operand", "count", prefix="run_", count=sum(row[0] for row in self.parts))
        self.roots = rows(table(ROOTS), [listed + root for root in base.roots], int, "object")
        self.sites = rows(table(SITES), base.sites, lambda file, line: f"{text(file)}:{line}",
                          "file", "line")

    def read_objects(self, base, listed, values):
        """Objects by ordinal, and their values; in a chain by way of the identities."""
        runs = iter(self.runs)
        def part(count):
            own = list(itertools.islice(runs, count))
            return own, sum(run[2] for run in own), any(not run[2] for run in own)
        shapes = [(part(visible), part(count - visible)) for count, visible in self.parts]
        shapes, sites = ([] if listed is None else [KEPT]) + shapes, [None, *self.sites, ""]
        self.objects = [one for section in self.sections if section.kind == BLOCK
                        for one in read_block(section, self.types, sites, shapes)]
        new = [value for section in self.sections if section.kind == PREVIEWS
               for value in read_previews(section)]
        if listed is not None:
            objects = merge(self.table[BASE], base.objects, self.objects)
            ordinals = number(objects, self.roots)
            self.objects = [objects[name] for name in ordinals]
            for one in self.objects:
                one[8] = [ordinals[ref] for ref in one[8]]
            self.roots = [ordinals[root] for root in self.roots]
            new = [*((listed + one, value) for one, value in values.items()), *new]
            new = [(ordinals[name], value) for name, value in new if name in ordinals]
        self.values = {name: value for name, value in dict(new).items() if value}

def print_objects(snapshot):
    values = snapshot.values
    for i, one in enumerate(snapshot.objects):
        address, size, alloc, flags, kind, site, shape, seen, refs = one
        pairs = ",".join(f"[{target},{quote(name)}]"
                         for target, name in zip(refs, labels(shape, refs, seen, values)))
        named = ",".join(f'"{name}"' for bit, name in enumerate(FLAGS) if flags >> bit & 1)
        where = f',"site":{quote(site)}' if site else ""
        value = f',"value":{values[i][1]}' if i in values else ""
        print(f'{{"id":{i},"addr":"0x{address:x}","type":{kind},"size":{size},"alloc":{alloc},'
              f'"refs":[{pairs}],"gc_refs":{seen},"flags":[{named}]{where}{value}}}')

codecs.register_error("wtf8", wtf8_error)
sys.stdout.reconfigure(encoding="utf-8")
snapshot = Snapshot(sys.argv[1])
print_objects(snapshot)
