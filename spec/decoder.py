#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An independent reader of heapsnap's file format, written from format.md alone.
decoder.py FILE prints a JSON line per object.  Needs msgpack, zstandard and xxhash."""
import codecs, io, re, struct, sys
import msgpack, xxhash, zstandard
HEADER, STRINGS, TYPES, SHAPES, BLOCK, PREVIEWS, SITES = 1, 2, 3, 4, 11, 12, 13
TEXT, BYTES, INTEGER, REAL, POSITIVE, NEGATIVE = range(1, 7)
INDEX, INDEX_DOWN, ATTRIBUTE, ITEM, VALUE, KEY, ENTRY, OFFSET, LOCAL = range(1, 10)
FLAGS = ("gc", "tracked", "immortal", "static", "size_guess", "scanned", "lost")
MASK, xxh3 = (1 << 64) - 1, xxhash.xxh3_64_intdigest
UNSAFE = ("[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff"
          "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]")

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

def sums(codes):
    total = 0
    return [total := total + unzigzag(code) & MASK for code in codes]

def dictionary(raw):
    codes, used = list(varints(raw)), 0
    distinct = sums(codes[1:1 + codes[0]])
    return [distinct[(code or (used := used + 1)) - 1] for code in codes[1 + codes[0]:]]
DELTA = lambda raw: sums(varints(raw))
CODECS = {0: bytes, 1: varints, 2: DELTA, 3: dictionary, 5: DELTA, 8: varints, 9: varints,
          7: lambda raw: [word for word, in struct.iter_unpack("<Q", raw)],
          4: lambda raw: [value << raw[0] & MASK for value in DELTA(raw[1:])]}

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
                    stored = zstandard.ZstdDecompressor().decompress(stored, max_output_size=raw)
                check(len(stored) == raw, f"{name} has the wrong length")
                return list(CODECS[codec](stored))
        return [0] * count

def read_sections(data):
    check(data[:8] == b"\x89HSNAP\r\n", "not a heapsnap snapshot")
    check(data[-8:] == b"\x89PANSH\r\n", "truncated")
    index, digest = struct.unpack("<QQ", data[-24:-8])
    check(xxh3(data[index:-24]) == digest, "the index fails its checksum")
    (_, index), _ = msgpack.Unpacker(io.BytesIO(data[index:-24]), max_buffer_size=0)
    return [Section(data, entry) for entry in index["sections"]]

def read_previews(section):
    """For objects with a value its literal, and the same for JSON with the length if it is cut."""
    names, data = ("object", "kind", "size", "more"), io.BytesIO(bytes(section.column("bytes")))
    integers, reals = iter(section.column("integer")), iter(section.column("real"))
    for where, kind, size, more in zip(*[section.column(n, section.map["rows"]) for n in names]):
        value, mark, length = data.read(size), "…" if more else "", size + more
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
        else:
            continue
        json = quote(value) if kind in (TEXT, BYTES) else quote(literal)
        json = literal if kind > BYTES and not re.search("[afx]", literal) else json
        yield where, (literal, json + (f',"length":{length}' if more else ""))

def read_shapes(section, strings):
    """For each shape its visible and its hidden part: runs, their fixed total, is there a rest."""
    counts = section.column("runs"), section.column("visible_runs", section.map["rows"])
    columns = [section.column(name, sum(counts[0])) for name in ("kind", "operand", "count")]
    runs = iter([(k, strings[o] if k in (ATTRIBUTE, ITEM, LOCAL) else o, n)
                 for k, o, n in zip(*columns)])
    def part(count):
        own = [next(runs) for _ in range(count)]
        return own, sum(run[2] for run in own), any(not run[2] for run in own)
    return [(part(visible), part(count - visible)) for count, visible in zip(*counts)]

def labels(shape, refs, seen, values):
    """The names of the references @refs of an object, of which the first @seen are visible."""
    runs = [(kind, operand, count or length - part[1])
            for part, length in zip(shape, (seen, len(refs) - seen))
            for kind, operand, count in part[0]]
    entries = sum(count for kind, _, count in runs if kind in (ITEM, VALUE))
    at, keys, number = 0, [], 0
    for kind, _, count in runs:
        keys, at = refs[at:at + count] if kind == KEY else keys, at + count
    keys = keys if len(keys) == entries else [None] * entries
    entry, at = lambda key: f"[{values[key][0]}]" if key in values else "[*]", 0
    for kind, operand, count in runs:
        for i in range(count):
            index = operand + (i if kind == INDEX else count - 1 - i) if kind < ATTRIBUTE else 0
            name = {INDEX: f"[{index}]", INDEX_DOWN: f"[{index}]", ATTRIBUTE: f".{operand}",
                    KEY: "key", OFFSET: f"+{operand}", LOCAL: operand}.get(kind, "[*]")
            if kind in (ITEM, VALUE):
                name, number = entry(keys[number]), number + 1
            if kind == ITEM:
                name = f"['{backslash(operand)}']"
            if kind == ENTRY:
                name = "key" if i % 2 else entry(refs[at + i + 1] if i + 1 < count else None)
            yield name
        at += count

def references(block, first, groups, shape):
    more = [iter(block.column(name, len(shape))) for name in ("visible", "hidden")]
    visible, refs = [0] * len(shape), [None] * len(shape)
    for i in [i for group in groups for i in group]:
        (_, seen, seen_rest), (_, hidden, hidden_rest) = shape[i]
        seen += next(more[0]) if seen_rest else 0
        if hidden_rest:
            code = next(more[1])
            hidden = hidden + code - 1 if code else seen
        visible[i], refs[i] = seen, [None] * (seen + hidden)
    codes, last, new = iter(block.column("edges")), first, block.map["next"]
    for group in groups:
        places = [(i, slot) for slot in range(8) for i in group if len(refs[i]) > slot]
        for i, slot in places + [(i, s) for i in group for s in range(8, len(refs[i]))]:
            code = next(codes)
            if code:
                refs[i][slot] = last = last + unzigzag(code - 1)
    for i, row in enumerate(refs):
        new = max(new, first + i + 1)
        for slot, target in enumerate(row):
            if target is None:
                row[slot], new = new, new + 1
    return visible, refs

def read_sites(section, strings):
    rows = section.map["rows"]
    return [f"{strings[n]}:{line}" for n, line in zip(section.column("file"),
                                                      section.column("line", rows))]

def print_block(block, types, shapes, values, sites):
    first, kinds, groups = block.map["first"], block.column("type"), {}
    for i, kind in enumerate(kinds):
        groups.setdefault(kind, []).append(i)
    order = [i for group in groups.values() for i in group]
    size, alloc, address, flags, site, shape = [
        [value for _, value in sorted(zip(order, block.column(name, len(kinds))))]
        for name in ("size", "allocated", "address", "flags", "site", "shape")]
    if "allocated" in block.map["columns"]:
        alloc = [a + (s + 15 & ~15) & MASK for a, s in zip(alloc, size)]
    shape = [shapes[number] for number in shape]
    visible, refs = references(block, first, list(groups.values()), shape)
    for i, seen in enumerate(visible):
        names = labels(shape[i], refs[i], seen, values)
        pairs = ",".join(f"[{target},{quote(name)}]" for target, name in zip(refs[i], names))
        named = ",".join(f'"{name}"' for bit, name in enumerate(FLAGS) if flags[i] >> bit & 1)
        where = f',"site":{quote(sites[site[i] - 1])}' if site[i] else ""
        value = f',"value":{values[first + i][1]}' if first + i in values else ""
        print(f'{{"id":{first + i},"addr":"0x{address[i]:x}","type":{types[kinds[i]]},'
              f'"size":{size[i]},"alloc":{alloc[i]},"refs":[{pairs}],"gc_refs":{seen},'
              f'"flags":[{named}]{where}{value}}}')

codecs.register_error("wtf8", wtf8_error)
sys.stdout.reconfigure(encoding="utf-8")
sections = read_sections(open(sys.argv[1], "rb").read())
table = {section.kind: section for section in sections}
check(table[HEADER].map["major"] == 0 and not table[HEADER].map["required"], "is of a newer format")
blocks = [section for section in sections if section.kind == BLOCK] or sys.exit()
data = io.BytesIO(bytes(table[STRINGS].column("bytes")))
strings = [data.read(n).decode("utf-8", "wtf8") for n in table[STRINGS].column("length")]
names = [quote(strings[n]) for n in table[TYPES].column("name", table[TYPES].map["rows"])]
shapes = read_shapes(table[SHAPES], strings)
values = dict(v for section in sections if section.kind == PREVIEWS for v in read_previews(section))
sites = read_sites(table[SITES], strings) if SITES in table else []
for block in blocks: print_block(block, names, shapes, values, sites)
