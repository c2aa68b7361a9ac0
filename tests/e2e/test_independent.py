# SPDX-License-Identifier: MIT
"""test_independent.py: files of a writer that was made from the specification alone are read, and
what they say is what was put in."""
import json
import random
import sys

import pytest

from conftest import TOP

sys.path[:0] = [str(TOP / "spec"), str(TOP / "tests/independent")]
sys.dont_write_bytecode = True
import columns  # noqa: E402
import decoder  # noqa: E402
import jsonl  # noqa: E402
import writer  # noqa: E402
from sample import UNKNOWN, made_by_hand, row  # noqa: E402

GOLDEN = sorted((TOP / "tests/golden").glob("*.golden"))
MINOR = decoder.Snapshot(GOLDEN[-1]).header["minor"]
ROWS = ("types", "threads", "frames", "roots", "regions", "extents", "gaps", "collectors",
        "sites")


def export(heapsnap, path):
    return heapsnap("export", path, "--to", "jsonl").stdout


def plain(value, numbers):
    """A row or value that can be compared: objects are their numbers, rows what they say."""
    if isinstance(value, dict):
        if id(value) in numbers:
            return numbers[id(value)]
        return {key: plain(inner, numbers) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner, numbers) for inner in value]
    return value


def contents(snapshot):
    """All that a snapshot says."""
    tables = snapshot.tables
    numbers = {id(one): i for i, one in enumerate(tables["objects"])}
    objects = [{key: plain(inner, numbers) for key, inner in one.items()}
               for one in tables["objects"]]
    header = {key: value for key, value in snapshot.header.items()
              if key not in ("writer", "base", "required")}
    process = header.get("process", {})  # in which what is missing counts as 0 or empty
    header["process"] = {key: value for key, value in process.items() if value}
    return header, objects, {name: plain(tables[name], numbers) for name in ROWS}


@pytest.mark.parametrize("options", [{}, {"block_objects": 7, "value_rows": 3, "level": 19}],
                         ids=["whole", "parts"])
@pytest.mark.parametrize("file", GOLDEN, ids=[file.stem for file in GOLDEN])
def test_what_was_written_is_written_again(heapsnap, tmp_path, file, options):
    again = tmp_path / "again.snap"
    snapshot = decoder.Snapshot(file)
    writer.write(again, snapshot.header, snapshot.tables, **options)
    heapsnap("verify", again)
    assert export(heapsnap, again) == export(heapsnap, file)
    assert contents(decoder.Snapshot(again)) == contents(snapshot)
    for words in (["top"], ["info"]):
        one, other = heapsnap.json(*words, again), heapsnap.json(*words, file)
        for document in (one, other):
            document.pop("base", None)
            document.pop("sections", None)
        assert one == other
    # What this program makes of it is the same once more.
    flat = tmp_path / "flat.snap"
    heapsnap("flatten", again, "-o", flat)
    assert contents(decoder.Snapshot(flat)) == contents(snapshot)


def test_a_snapshot_of_a_process_is_written_again(heapsnap, any_pair, tmp_path):
    again = tmp_path / "again.snap"
    snapshot = decoder.Snapshot(any_pair.first)
    writer.write(again, snapshot.header, snapshot.tables)
    heapsnap("verify", again)
    assert export(heapsnap, again) == export(heapsnap, any_pair.first)
    difference = heapsnap.json("diff", any_pair.first, again)
    assert difference["same_process"] and difference["verdict"] == "stable"
    assert {(line["new"], line["freed"]) for line in difference["rows"]} == {(0, 0)}


def compare(heapsnap, path, tables):
    """Objects and edges as this program has them, with what was put in."""
    objects = writer.ordered(tables)
    numbers = {id(one): i for i, one in enumerate(objects)}
    lines = [json.loads(line) for line in export(heapsnap, path).splitlines()]
    assert len(lines) == len(objects)
    for line, one in zip(lines, objects):
        assert line["addr"] == hex(one["address"])
        assert line["type"] == one["type"]["name"].decode()
        assert (line["size"], line["alloc"]) == (one["size"], one["allocated"])
        assert [target for target, _ in line["refs"]] == [numbers[id(target)]
                                                          for target in one["references"]]
        assert line["gc_refs"] == one["visible"]
        site = one["site"] and f"{one['site']['file'].decode()}:{one['site']['line']}"
        assert line.get("site") == site
        assert ("value" in line) == bool(one["value"])
    return lines


@pytest.mark.parametrize("block_objects", [1, 3, 100])
def test_something_of_everything(heapsnap, tmp_path, block_objects):
    header, tables = made_by_hand(MINOR)
    path = tmp_path / "a.snap"
    writer.write(path, header, tables, block_objects=block_objects, value_rows=2, others=UNKNOWN)
    heapsnap("verify", path)
    lines = compare(heapsnap, path, tables)
    by_address = {int(line["addr"], 16) & 0xfffff: line for line in lines}
    assert [name for _, name in by_address[64]["refs"]] == ["[0]", "[1]", "[2]"]
    assert [name for _, name in by_address[8]["refs"]] == [".x", "+24", "+24", "key", "[*]", "[*]"]
    assert by_address[0x30]["value"] == "caf\u00e9" and by_address[0x30]["length"] == 7
    assert by_address[0x50000]["value"] == -(1 << 71)
    assert by_address[0x60000]["length"] == 32 + (1 << 40)
    info = heapsnap.json("info", path)
    named = {section["name"]: section["bytes"] for section in info["sections"]}
    assert sum(named.values()) == path.stat().st_size
    assert {"collector", "other", "extents", "regions", "threads", "frames", "sites",
            "previews", "gaps"} <= set(named)
    assert info["contents"] == {"values": True, "value_bytes": 32, "traced": 2, "redacted": True}
    assert [thread["name"] for thread in info["threads"]] == ["MainThread", "\ufffd worker"]
    assert {use["state"] for use in info["allocators"]} == {"objects", "free"}
    assert info["gaps"] == [{"reason": "unknown type", "count": 1 << 40, "example": "0x7f"}]
    kinds = {line["kind"]: line["count"] for line in heapsnap.json("top", path)["rows"]}
    assert kinds == {"list": 3, "a.Caf\u00e9": 2, "type": 3}
    # It comes out as it went in, and what is not known is left out when it is written anew.
    flat = tmp_path / "flat.snap"
    heapsnap("flatten", path, "-o", flat)
    assert contents(decoder.Snapshot(flat)) == contents(decoder.Snapshot(path))
    assert not {900, 1000} & set(decoder.Snapshot(flat).kinds)


def test_nothing_at_all(heapsnap, tmp_path):
    path = tmp_path / "a.snap"
    tables = {name: [] for name in ("objects", *ROWS)}
    writer.write(path, {"minor": MINOR, "object_columns": []}, tables)
    heapsnap("verify", path)
    assert export(heapsnap, path) == b""
    assert heapsnap.json("info", path)["objects"] == 0


def test_a_dense_column_is_padded(heapsnap, tmp_path):
    """So many equal references that a frame of them looks like a bomb."""
    header, tables = made_by_hand(MINOR)
    a = tables["objects"][0]
    a["references"] = [a] * 1300000
    a["visible"] = len(a["references"])
    writer.write(tmp_path / "a.snap", header, tables)
    heapsnap("verify", tmp_path / "a.snap")
    assert heapsnap.json("info", tmp_path / "a.snap")["edges"] > 1300000


def test_a_chain(heapsnap, tmp_path):
    header, tables = made_by_hand(MINOR)
    writer.write(tmp_path / "0.snap", header, tables)
    base = decoder.Snapshot(tmp_path / "0.snap")
    by_address = {one["address"] & 0xfffff: one for one in base.tables["objects"]}
    a, b, d, e, f, g, h = (by_address[at] for at in (64, 8, 0x30, 0, 0x40000, 0x50000, 0x60000))
    c = by_address[0x1000]
    kind = row(name=b"a.New", module=b"", role=1, object=None)
    first = {**d, "address": 0x7f0000077770, "type": kind, "owner": e, "value": (3, 77, 0),
             "refcount": 0, "fingerprint": 5}
    second = {**a, "address": 0x7f0000099990, "references": [first, h, d, first], "visible": 4,
              "site": None, "owner": None, "value": None}
    changed = [(a, {**a, "references": [second, b, b, h], "visible": 4, "size": 57, "site": None,
                    "allocated": 112}),
               (d, {**d, "owner": None, "value": None, "flags": 1, "refcount": 9}),
               (f, {**f, "owner": second, "generation": 1, "fingerprint": 3}),
               (h, {**h, "type": kind, "site": a["site"], "value": (1, b"new", 0)}),
               (e, {**e, "references": [d, d, b]})]
    writer.write_chain(tmp_path / "1.snap", "0.snap", base, header, changed, [c], [first, second],
                       [kind])
    for old, new in changed:
        old.update(new)
    base.tables["types"].append(kind)
    base.tables["objects"].remove(c)
    base.tables["objects"] += [first, second]
    heapsnap("verify", tmp_path / "1.snap")
    compare(heapsnap, tmp_path / "1.snap", base.tables)
    assert heapsnap.json("info", tmp_path / "1.snap")["base"]["depth"] == 1
    writer.write(tmp_path / "whole.snap", header, base.tables)
    whole = contents(decoder.Snapshot(tmp_path / "whole.snap"))
    assert contents(decoder.Snapshot(tmp_path / "1.snap")) == whole
    heapsnap("flatten", tmp_path / "1.snap", "-o", tmp_path / "flat.snap")
    assert contents(decoder.Snapshot(tmp_path / "flat.snap")) == whole


def changed(raw):
    """Some numbers changed, mostly by one; there are as many as before."""
    raw = bytearray(raw)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(raw))
        low = random.choice([raw[at] + 1, raw[at] - 1, random.randrange(128)])
        raw[at] = raw[at] & 128 | low & 127
    return bytes(raw)


def change_a_column(source, path):
    """Copy the file with some numbers of one column changed."""
    sections, _ = columns.read_sections(source)
    data = source.read_bytes()
    candidates = [(section, name) for section in sections
                  for name, entry in section.map.get("columns", {}).items()
                  if entry[1] and entry[1] == entry[2]]  # not compressed
    section, name = random.choice(candidates)
    file, offset = writer.File(), 8
    for one in sections:
        length = one.length
        if one is section:
            at, parts = 0, []
            for key, entry in one.map["columns"].items():
                raw, at = one.map["data"][at:at + entry[2]], at + entry[2]
                raw = changed(raw) if key == name else raw
                parts.append((key, entry[0], entry[1], raw))
            file.stored_section(one.kind, {key: value for key, value in one.map.items()
                                           if key not in ("columns", "data")}, parts)
        else:
            file.add(one.kind, data[offset:offset + length], one.head)
        offset += length
    file.save(path)


@pytest.mark.parametrize("file", [file for file in GOLDEN if "chain-0" not in file.name],
                         ids=lambda file: file.stem)
def test_what_is_odd_is_read_alike(heapsnap, tmp_path, file):
    """Whatever this program finds nothing wrong with, the independent reader reads the same."""
    path, alike = tmp_path / "a.snap", 0
    random.seed(1)
    for _ in range(150):
        change_a_column(file, path)
        if heapsnap("verify", path, code=None).returncode == 0:
            assert export(heapsnap, path).decode() == "".join(
                line + "\n" for line in jsonl.lines(path))
            alike += 1
    assert alike > 10
