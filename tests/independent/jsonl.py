#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""jsonl.py FILE: prints what spec/decoder.py reads as `heapsnap export --to jsonl` does, for
comparison: a JSON line for each object (spec/format.md, section 11)."""
import codecs
import itertools
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "spec"))
sys.dont_write_bytecode = True
import decoder  # noqa: E402

TEXT, BYTES, INTEGER, REAL, POSITIVE, NEGATIVE = range(1, 7)
INDEX, INDEX_DOWN, ATTRIBUTE, ITEM, VALUE, KEY, ENTRY, OFFSET, LOCAL = range(1, 10)
FLAGS = ("gc", "tracked", "immortal", "static", "size_guess", "scanned", "lost")
INVALID = "\U0010ffff"  # stands for a byte that is part of no character; is itself none, either
UNSAFE = ("[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff"
          "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f" + INVALID + "]")


def wtf8_error(error):
    three, end = error.object[error.start:error.start + 3], error.start + 3
    surrogate = re.fullmatch(b"\xed[\xa0-\xbf][\x80-\xbf]", three)
    return (three.decode("utf-8", "surrogatepass"), end) if surrogate else (INVALID, end - 2)


def text(string):
    return string.decode("utf-8", "wtf8")


def quote(string):
    def escape(match):
        if match[0] == INVALID:
            return r"\ufffd"
        code = match[0].encode("utf-16-be", "surrogatepass").hex()
        return re.sub("....", r"\\u\g<0>", code)

    return '"' + re.sub(UNSAFE, escape, re.sub(r'["\\]', r"\\\g<0>", string)) + '"'


def backslash(string):
    return re.sub(r"(['\\])", r"\\\1", string)


def literal_of(kind, value, more):
    """As Python writes it, "" if the kind is not known; and how long all of it is."""
    mark = "…" if more else ""
    if kind == TEXT:
        characters = sum(byte & 0xc0 != 0x80 for byte in value)
        return f"'{backslash(text(value))}{mark}'", characters + more
    if kind == BYTES:
        shown = (c if " " <= c <= "~" else f"\\x{ord(c):02x}"
                 for c in backslash(value.decode("latin-1")))
        return f"b'{''.join(shown)}{mark}'", len(value) + more
    if kind == INTEGER:
        return str(value), 0
    if kind == REAL:
        return repr(value), 0
    if kind in (POSITIVE, NEGATIVE):
        number = int.from_bytes(value, "big")
        literal = f"{number:#x}{mark}" if more or len(value) > 512 else str(number)
        return "-" * (kind == NEGATIVE) + literal, len(value) + more
    return "", 0


def value_of(one):
    """The value of the object as a literal and as JSON, or None."""
    literal, length = literal_of(*one["value"]) if one["value"] else ("", 0)
    if not literal:
        return None
    kind, value, more = one["value"]
    if kind == TEXT:
        json = quote(text(value))
    elif kind == BYTES:
        json = quote(value.decode("latin-1"))
    else:
        json = quote(literal) if re.search("[afx]", literal) else literal
    cut = more and kind not in (INTEGER, REAL)
    return literal, json + (f',"length":{length}' if cut else "")


def entry(key):
    value = key and value_of(key)
    return f"[{value[0]}]" if value else "[*]"


def labels(one):
    """The names of the object's references, in their order."""
    rest, runs = iter(one["references"]), []
    lengths = (one["visible"], len(one["references"]) - one["visible"])
    for (part, total, _), length in zip(one["shape"], lengths):
        runs += [(run["kind"], run["operand"],
                  list(itertools.islice(rest, run["count"] or length - total))) for run in part]
    entries = sum(len(own) for kind, _, own in runs if kind in (ITEM, VALUE))
    keys = next((own for kind, _, own in reversed(runs) if kind == KEY), [])
    keys = iter(keys if len(keys) == entries else [None] * entries)
    for kind, operand, own in runs:
        name = text(operand) if kind in (ATTRIBUTE, ITEM, LOCAL) else operand
        fixed = {KEY: "key", ATTRIBUTE: f".{name}", OFFSET: f"+{name}", LOCAL: name}
        for i in range(len(own)):
            key = next(keys) if kind in (ITEM, VALUE) else None
            if kind == INDEX:
                yield f"[{operand + i}]"
            elif kind == INDEX_DOWN:
                yield f"[{operand + len(own) - 1 - i}]"
            elif kind == ITEM:
                yield f"['{backslash(name)}']"
            elif kind == VALUE:
                yield entry(key)
            elif kind == ENTRY:
                yield "key" if i % 2 else entry(own[i + 1] if i + 1 < len(own) else None)
            else:
                yield fixed.get(kind, "[*]")


def lines(path):
    """The objects of the file as lines of JSON."""
    objects = decoder.Snapshot(path).tables["objects"]
    numbers = {id(one): number for number, one in enumerate(objects)}
    for number, one in enumerate(objects):
        pairs = ",".join(f"[{numbers[id(target)]},{quote(name)}]"
                         for target, name in zip(one["references"], labels(one)))
        flags = ",".join(f'"{name}"' for bit, name in enumerate(FLAGS) if one["flags"] >> bit & 1)
        site, value = one["site"], value_of(one)
        where = f',"site":{quote(text(site["file"]) + ":" + str(site["line"]))}' if site else ""
        yield (f'{{"id":{number},"addr":"0x{one["address"]:x}",'
               f'"type":{quote(text(one["type"]["name"]))},"size":{one["size"]},'
               f'"alloc":{one["allocated"]},"refs":[{pairs}],"gc_refs":{one["visible"]},'
               f'"flags":[{flags}]{where}' + (f',"value":{value[1]}' if value else "") + "}")


codecs.register_error("wtf8", wtf8_error)
if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    for each in lines(sys.argv[1]):
        print(each)
