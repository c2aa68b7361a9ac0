# SPDX-License-Identifier: MIT
"""test_values.py: values are recorded when asked for, and only then; --redact leaves out more."""
import json
import re

import pytest
import zstandard

from conftest import wait_until
from test_hostile import assert_harmless

MARK = "".join(["SE", "CRET"])
FRAME = b"\x28\xb5\x2f\xfd"  # with which data compressed by Zstandard begin


class Dumps:
    """Snapshots of secrets.py: without values, with them, redacted; and what it said of itself."""

    def __init__(self, heapsnap, start, python, folder):
        target = start(python, "secrets.py", MARK + "_ARGUMENT")
        self.facts = json.loads(target.said)
        self.target = target
        # Until it waits, there are objects that only the running call knows.
        wait_until(lambda: target.status()["State"].startswith("S"))
        self.plain, self.values = folder / "plain.snap", folder / "values.snap"
        self.redacted, self.later = folder / "redacted.snap", folder / "later.snap"
        heapsnap("dump", target.pid, "-o", self.plain)
        heapsnap("dump", target.pid, "--values", "-o", self.values)
        heapsnap("dump", target.pid, "--redact", "-o", self.redacted)
        self.cut = folder / "cut.snap"
        heapsnap("dump", target.pid, "--values=10", "-o", self.cut)
        target.go_on()
        target.wait_ready()
        heapsnap("dump", target.pid, "--values=64", "-o", self.later)
        self.later_plain = folder / "later-plain.snap"
        heapsnap("dump", target.pid, "-o", self.later_plain)
        self.later_redacted = folder / "later-redacted.snap"
        heapsnap("dump", target.pid, "--redact", "-o", self.later_redacted)


@pytest.fixture(scope="module")
def dumps(heapsnap, start_session, python, tmp_path_factory):
    return Dumps(heapsnap, start_session, python, tmp_path_factory.mktemp("secrets"))


def all_bytes(path):
    """The file's bytes, and those of every compressed stretch in it."""
    data = path.read_bytes()
    parts, at = [data], data.find(FRAME)
    while at >= 0:
        try:
            parts.append(zstandard.ZstdDecompressor().decompressobj().decompress(data[at:]))
        except zstandard.ZstdError:
            pass  # four bytes that only look like it
        at = data.find(FRAME, at + 1)
    assert len(parts) > 10
    return b"\n".join(parts)


def export(heapsnap, file):
    lines = heapsnap("export", file, "--to", "jsonl").stdout.splitlines()
    return [json.loads(line) for line in lines]


def by_address(rows):
    return {int(row["addr"], 16): row for row in rows}


def test_no_values_unless_asked_for(heapsnap, dumps):
    data = all_bytes(dumps.plain)
    for secret in (" value", " text", " bytes", " in a slot", "-1"):
        assert (MARK + secret).encode() not in data
    rows = export(heapsnap, dumps.plain)
    assert not [row for row in rows if "value" in row]
    sessions = by_address(rows)[dumps.facts["sessions"]]
    assert {label for _, label in sessions["refs"]} == {"[*]", "key"}
    assert heapsnap.json("info", dumps.plain)["contents"] == {
        "values": False, "value_bytes": None, "traced": None, "redacted": False}
    assert "not recorded" in heapsnap("info", dumps.plain).stdout.decode()
    # Names are no values: they are what paths are made of.
    assert (MARK + "_attribute 3").encode() in data
    assert (MARK + "_local").encode() in data


def test_every_value_is_the_right_one(heapsnap, dumps):
    rows = by_address(export(heapsnap, dumps.values))
    checked = set()
    for address, kind, expected in dumps.facts["values"]:
        row = rows[address]
        if kind == "float":
            assert repr(float(row["value"])) == expected, row
            assert isinstance(row["value"], str) == (expected in ("inf", "-inf", "nan"))
        else:
            assert row["value"] == expected and "length" not in row, row
        checked.add(row["type"])
    assert checked == {"float", "int", "str", "bytes", "__main__.Words", "__main__.Level",
                       "__main__.Metres"}
    # Nothing but these has a value.
    odd = {row["type"] for row in rows.values() if "value" in row} - checked
    assert not odd & {"bool", "NoneType", "list", "dict", "type", "code"}
    assert all(("value" in row) == (row["type"] in ("float", "int", "str", "bytes"))
               for row in rows.values() if row["type"] in ("float", "int", "str", "bytes", "bool"))


def test_floats_are_written_as_python_writes_them(heapsnap, dumps):
    lines = heapsnap("export", dumps.values, "--to", "jsonl").stdout.decode().splitlines()
    found = {int(re.match(r'{"id":\d+,"addr":"0x(\w+)"', line)[1], 16):
             re.search(r'"value":"?([^",}]*)"?', line) for line in lines}
    for address, kind, expected in dumps.facts["values"]:
        if kind == "float":
            assert found[address][1] == expected


@pytest.mark.parametrize("limit", [10, 32, 64])
def test_long_values_are_cut(heapsnap, dumps, limit):
    file = {10: dumps.cut, 32: dumps.values, 64: dumps.later}[limit]
    rows = by_address(export(heapsnap, file))
    long_values = {name: rows[address] for name, address in dumps.facts["long"].items()}
    characters = len(MARK) + (limit - len(MARK)) // 3
    assert long_values["text"]["value"] == (MARK + "\u20ac" * 500)[:characters]
    assert long_values["text"]["length"] == len(MARK) + 500
    assert long_values["bytes"]["value"] == "\0" * limit
    assert long_values["bytes"]["length"] == 500
    size = ((7 ** 2000).bit_length() + 7) // 8
    beginning = "0x%x\u2026" % (7 ** 2000 >> 8 * (size - limit))
    assert long_values["int"]["value"] == beginning and long_values["int"]["length"] == size
    assert long_values["negative"]["value"] == "-" + beginning
    contents = heapsnap.json("info", file)["contents"]
    assert contents == {"values": True, "value_bytes": limit, "traced": None, "redacted": False}
    text = heapsnap("info", file).stdout.decode()
    assert "recorded" in text and f"{limit} B" in text
    heapsnap("verify", file)


def test_entries_are_called_by_their_keys(heapsnap, dumps):
    rows = by_address(export(heapsnap, dumps.values))
    labels = [label for _, label in rows[dumps.facts["regions"]]["refs"] if label != "key"]
    assert labels == ["['eu\x1b[2J']", "[42]", r"[b'raw']", "[2.5]", "[*]", "[*]"]
    labels = [label for _, label in rows[dumps.facts["sessions"]]["refs"] if label != "key"]
    assert labels == ["['%s-%d']" % (MARK, n) for n in range(20)]


def test_the_holder_is_called_by_its_key(heapsnap, dumps):
    def holder(first, second):
        document = heapsnap.json("diff", first, second)
        (found,) = [suspect["holder"] for suspect in document["suspects"]
                    if suspect["kind"].endswith("Session")]
        return found["label"], found["path"]
    label, path = holder(dumps.values, dumps.later)
    assert label == "__main__.regions['eu\x1b[2J']"
    assert path.endswith("regions → ['eu\x1b[2J']")
    text = assert_harmless(heapsnap("diff", dumps.values, dumps.later).stdout)
    assert r"__main__.regions['eu\x1b[2J']" in text
    label, path = holder(dumps.plain, dumps.later_plain)
    assert label == "__main__.regions[*]" and path.endswith("regions → [*]")
    assert holder(dumps.redacted, dumps.later_redacted)[0] == "__main__.regions[*]"


@pytest.mark.parametrize("kind", ["plain", "redacted"])
def test_a_string_in_the_place_of_another_is_not_the_same(heapsnap, dumps, kind):
    files = [dumps.plain, dumps.later_plain]
    if kind == "redacted":
        files = [dumps.redacted, dumps.later_redacted]
    rows = {row["kind"]: row for row in heapsnap.json("diff", *files)["rows"]}
    # Of 5,000 strings new ones of the same size took the place; one in 31 is not told apart.
    assert rows["str"]["freed"] > 4500
    assert rows["str"]["survived"] > 3000
    assert rows["str"]["new"] - rows["str"]["freed"] == rows["str"]["delta_count"]


def test_redacted(heapsnap, dumps, python):
    data = all_bytes(dumps.redacted)
    assert MARK.encode() not in data
    assert f"serves {MARK}".encode() in all_bytes(dumps.plain)  # the name of a thread
    for path in (b"secrets.py", b"/tests/", python.encode(), b"/lib"):
        assert path not in data, path
    assert b"plain_attribute" in all_bytes(dumps.plain) and b"plain_attribute" not in data
    # What the code calls its things is still there.
    for name in (b"__main__.Session", b"slot_name", b"local_names", b"sessions"):
        assert name in data, name
    info = heapsnap.json("info", dumps.redacted)
    assert info["contents"] == {"values": False, "value_bytes": None, "traced": None, "redacted": True}
    assert info["process"]["command"] == []
    assert "Left out" in heapsnap("info", dumps.redacted).stdout.decode()


def test_redacting_keeps_the_shape(heapsnap, dumps):
    plain, redacted = (export(heapsnap, file) for file in (dumps.plain, dumps.redacted))
    assert len(plain) == len(redacted)
    for before, after in zip(plain, redacted):
        assert [target for target, _ in before["refs"]] == [target for target, _ in after["refs"]]
        for key in ("id", "addr", "type", "size", "gc_refs", "flags"):
            assert before[key] == after[key]
    tops = [heapsnap.json("top", file)["rows"] for file in (dumps.plain, dumps.redacted)]
    assert tops[0] == tops[1]


def test_values_of_hostile_targets_are_harmless(heapsnap, start, any_python, tmp_path):
    first, second = tmp_path / "a.snap", tmp_path / "b.snap"
    target = start(any_python, "hostile.py", "\x1b[2J")
    heapsnap("dump", target.pid, "--values=256", "-o", first)
    target.go_on()
    target.wait_ready()
    heapsnap("dump", target.pid, "--values=256", "-o", second)
    data = heapsnap("export", second, "--to", "jsonl").stdout
    assert_harmless(data)
    rows = [json.loads(line) for line in data.splitlines()]
    assert any("\x1b[2J\x1b]0;owned" in row.get("value", "") for row in rows
               if row["type"] == "str")
    assert any("\x1b[2J\x1b]0;owned" in label and label.startswith("['key")
               for row in rows for _, label in row["refs"])
    for words in (["diff", first, second], ["diff", first, second, "--json"], ["info", second]):
        result = heapsnap(*words)
        assert_harmless(result.stdout)
        assert_harmless(result.stderr)


def test_usage(heapsnap):
    for words in (["--values=0"], ["--values=x"], ["--values="], ["--values=2M"], ["--values=-1"],
                  ["--redact=x"], ["--values", "--redact"]):
        heapsnap.fails(2, "dump", "1", *words)
    text = heapsnap("help", "dump").stdout.decode()
    assert "--values[=BYTES]" in text and "--redact" in text
