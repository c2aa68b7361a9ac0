# SPDX-License-Identifier: MIT
"""test_hostile.py: whatever a target calls its things, it comes out harmless everywhere."""
import csv
import io
import json
import os
import re
import resource
import unicodedata

import pytest

# An argument of the target: bytes that are no UTF-8 among them.
ARGUMENT = b"\x1b]0;owned\x07\x1b[2J\xff\xc3(\n,\"\xe2\x80\xae=1+1"


@pytest.fixture(scope="module")
def snapshots(heapsnap, start_session, one_python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    target = start_session(one_python, "hostile.py", ARGUMENT)
    heapsnap("dump", target.pid, "-o", folder / "a.snap")
    target.go_on()
    target.wait_ready()
    heapsnap("dump", target.pid, "-o", folder / "b.snap")
    return folder / "a.snap", folder / "b.snap", target


def assert_harmless(data, ends="\n"):
    """Valid UTF-8 without control characters but @ends, direction marks or surrogates."""
    text = data.decode("utf-8")  # strict: lone surrogates fail here
    bad = {c for c in set(text) if c not in ends and (
        unicodedata.category(c) in ("Cc", "Cs") or c in "\u202a\u202b\u202c\u202d\u202e"
        "\u2066\u2067\u2068\u2069\u200e\u200f\u061c\xad\u180e\ufff9\ufffa\ufffb"
        or "\U000e0000" <= c <= "\U000e007f")}
    assert not bad, bad
    return text


def commands(snapshots):
    first, second, _ = snapshots
    return [["top", second, "-n", "0"], ["top", second, "-n", "0", "--by", "type"],
            ["top", second, "--by", "module,type", "-n", "0"],
            ["diff", first, second, "-n", "0"], ["info", second], ["info", "-v", second], ["ps", "-n", "0"]]


def test_text(heapsnap, snapshots):
    for words in commands(snapshots):
        result = heapsnap(*words)
        text = assert_harmless(result.stdout)
        assert_harmless(result.stderr)
        # A name of a megabyte is cut: it fills no screen.
        assert max(map(len, text.splitlines())) < 5000, words[0]
    assert "\\x1b[2J" in heapsnap("top", snapshots[1], "-n", "0").stdout.decode()


def test_coloured_text_has_our_sequences_only(heapsnap, snapshots):
    for words in commands(snapshots):
        data = heapsnap(*words, "--color=always").stdout
        assert_harmless(re.sub(rb"\x1b\[[\d;]*m", b"", data))
        assert b"\x1b[2J" not in data and b"\x1b]" not in data


def test_json(heapsnap, snapshots):
    for words in commands(snapshots):
        text = assert_harmless(heapsnap(*words, "--json").stdout)
        assert json.loads(text)["schema"].startswith("heapsnap.")
    kinds = {row["kind"]: row["count"] for row in
             heapsnap.json("top", snapshots[1], "--by", "type")["rows"]}
    # In JSON names are whole and can be had back exactly.
    assert kinds["long." + "x" * 1_000_000] == 2
    evil = [kind for kind in kinds if kind.startswith("mod\x1b[2J\x1b]0;owned\x07")]
    assert len(evil) == 1 and "\ufff9\ufffb\U000e0001\U000e0041.Kind\x1b[2J" in evil[0]
    assert kinds[evil[0]] == 4000
    assert kinds['json."},{"schema":"x'] == 4000


def test_csv(heapsnap, snapshots):
    for words in (["top", snapshots[1]], ["top", snapshots[1], "--by", "type"], ["ps"]):
        text = assert_harmless(heapsnap(*words, "--csv").stdout, ends="\r\n")
        csv.field_size_limit(1 << 24)
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len(rows) > 1
        assert len({len(row) for row in rows}) == 1
        for row in rows:
            for field in row:
                # What a spreadsheet would take for a formula.
                assert not re.match(r"[=+@-]", field), field[:40]


def test_the_holder_of_hostile_growth(heapsnap, snapshots):
    document = heapsnap.json("diff", snapshots[0], snapshots[1])
    assert document["verdict"] == "growth"
    holders = [suspect["holder"]["label"] for suspect in document["suspects"]
               if suspect["holder"]]
    assert any("attr" in label or "store" in label for label in holders), holders


def test_export(heapsnap, snapshots, tmp_path):
    data = heapsnap("export", snapshots[1], "--to", "jsonl").stdout
    assert_harmless(data)
    rows = [json.loads(line) for line in data.splitlines()]
    assert [row["id"] for row in rows] == list(range(len(rows)))
    heapsnap("export", snapshots[1], "--to", "jsonl", "-o", tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == data


def test_the_command_line_comes_through(heapsnap, snapshots):
    _, second, target = snapshots
    command = heapsnap.json("info", second)["process"]["command"]
    assert command[-1].startswith("\x1b]0;owned\x07\x1b[2J")
    (row,) = [row for row in heapsnap.json("ps")["rows"] if row["pid"] == target.pid]
    assert row["command"][-1] == command[-1]


def test_hostile_file_names(heapsnap, any_pair, tmp_path):
    name = "a\x1b[2J\n\"x.snap"
    file = tmp_path / name
    file.write_bytes(any_pair.first.read_bytes())
    for words in (["top"], ["info"], ["verify"]):
        result = heapsnap(*words, file)
        assert_harmless(result.stdout)
        assert_harmless(result.stderr)
    assert heapsnap.json("verify", file)["file"] == str(file)
    assert heapsnap.json("diff", file, any_pair.second)["snapshots"][0]["file"] == str(file)
    assert_harmless(heapsnap("diff", file, any_pair.second).stdout)
    bad = tmp_path / ("bad" + name)
    bad.write_bytes(b"bad")
    assert_harmless(heapsnap.fails(6, "top", bad).encode())
    assert_harmless(heapsnap.fails(1, "top", tmp_path / ("no" + name)).encode())
    os.rename(file, tmp_path / "b.snap")


@pytest.mark.parametrize("lie", ["bodies", "names"])
def test_what_a_heap_claims_costs_no_more_than_it_has(heapsnap, start, one_python, tmp_path, lie):
    target = start(one_python, "lying.py", lie)
    file = tmp_path / "a.snap"

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    result = heapsnap("dump", target.pid, "-o", file, preexec_fn=limit)
    assert b"not complete: " in result.stderr
    document = heapsnap.json("info", file)
    assert document["objects"] > 5000
    assert any(gap["reason"] == "more references than the memory can hold" or lie == "names"
               for gap in document["gaps"])
    heapsnap("verify", file)
