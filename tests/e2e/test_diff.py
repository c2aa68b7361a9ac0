# SPDX-License-Identifier: MIT
"""test_diff.py: what grew between two snapshots, and who holds it."""
import re

import pytest


def test_the_registry_is_blamed(heapsnap, pair):
    document = heapsnap.json("diff", pair.first, pair.second)
    assert document["schema"] == "heapsnap.diff/1"
    assert document["coverage"].keys() >= {"complete", "gaps"}
    assert document["verdict"] == "growth"
    suspect = document["suspects"][0]
    grown = pair.facts["grown"]
    assert suspect["rank"] == 1
    assert suspect["kind"] == "__main__.Session"
    assert suspect["delta_count"] == grown == suspect["count"][1] - suspect["count"][0]
    assert suspect["delta_bytes"] == suspect["bytes"][1] - suspect["bytes"][0] > 0
    assert suspect["verdict"] == "growth"
    holder = suspect["holder"]
    assert holder["kind"] == "dict"
    assert int(holder["address"], 16) == pair.facts["registry"]
    assert "registry" in holder["label"] and "sessions" in holder["label"]
    assert "registry" in holder["path"] and "sessions" in holder["path"]


def test_json_adds_up(heapsnap, pair):
    document = heapsnap.json("diff", pair.first, pair.second)
    first, second = document["snapshots"]
    for facts, file in ((first, pair.first), (second, pair.second)):
        top = heapsnap.json("top", file)
        assert facts["file"] == str(file)
        assert (facts["objects"], facts["bytes"]) == (top["objects"], top["bytes"])
        assert facts["resident"] > facts["bytes"] / 2
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", facts["time"])
    assert first["time"] <= second["time"]
    rows = document["rows"]
    for side, facts in enumerate((first, second)):
        assert sum(row["count"][side] for row in rows) == facts["objects"]
        assert sum(row["bytes"][side] for row in rows) == facts["bytes"]
    for row in rows:
        assert row["delta_count"] == row["count"][1] - row["count"][0]
        assert row["delta_bytes"] == row["bytes"][1] - row["bytes"][0]
        assert row["new"] + row["survived"] + row["ambiguous"] == row["count"][1]
        assert row["freed"] + row["survived"] + row["ambiguous"] == row["count"][0]
    assert [row["delta_bytes"] for row in rows] == sorted(
        (row["delta_bytes"] for row in rows), reverse=True)


def test_text_names_class_growth_and_holder(heapsnap, pair):
    text = heapsnap("diff", pair.first, pair.second).stdout.decode()
    assert "__main__.Session" in text
    assert re.search(r"\b3,?000\b", text)
    assert "registry" in text


def test_a_snapshot_and_itself(heapsnap, pair):
    document = heapsnap.json("diff", pair.first, pair.first)
    assert document["verdict"] == "stable"
    assert document["suspects"] == []
    assert all(row["new"] == row["freed"] == row["delta_bytes"] == 0 for row in document["rows"])
    heapsnap("diff", pair.first, pair.first, "--fail-on", "growth")


def test_backwards_nothing_grew(heapsnap, any_pair):
    document = heapsnap.json("diff", any_pair.second, any_pair.first)
    assert document["verdict"] == "stable"
    rows = {row["kind"]: row for row in document["rows"]}
    assert rows["__main__.Session"]["delta_count"] == -any_pair.facts["grown"]
    assert rows["__main__.Session"]["freed"] == any_pair.facts["grown"]
    result = heapsnap("diff", any_pair.second, any_pair.first)
    assert b"was taken before" in result.stderr and b"older one first" in result.stderr
    assert b"was taken before" not in heapsnap("diff", any_pair.first, any_pair.second).stderr


def test_fail_on(heapsnap, any_pair):
    files = [any_pair.first, any_pair.second]
    for limit in ("growth", "growth=1", "growth=100K", "growth=100KiB"):
        result = heapsnap("diff", *files, "--fail-on", limit, code=10)
        assert b"__main__.Session" in result.stdout
    heapsnap("diff", *files, "--fail-on=growth", "--json", code=10)
    suspects = heapsnap.json("diff", *files)["suspects"]
    total = sum(suspect["evidence"]["attributed_bytes"] for suspect in suspects)
    heapsnap("diff", *files, "--fail-on", f"growth={total}", code=10)
    heapsnap("diff", *files, "--fail-on", f"growth={total + 1}", code=0)
    heapsnap("diff", *files, "--fail-on", "growth=1G", code=0)
    heapsnap("diff", *files, code=0)


def test_other_classifiers(heapsnap, any_pair):
    document = heapsnap.json("diff", any_pair.first, any_pair.second, "--by", "module")
    assert document["rows"][0]["delta_bytes"] > 0
    rows = {row["kind"]: row for row in document["rows"]}
    assert rows["__main__"]["new"] == any_pair.facts["grown"]


def test_number_of_rows(heapsnap, any_pair):
    files = [any_pair.first, any_pair.second]
    document = heapsnap.json("diff", *files, "-n", "1")
    assert len(document["rows"]) == 1
    assert len(document["snapshots"]) == 2
    text = heapsnap("diff", *files, "-n", "1").stdout.decode()
    assert "\nbefore " in text and "\nafter " in text
    assert len(heapsnap.json("diff", *files)["rows"]) > 20


def test_two_processes_are_warned_of(heapsnap, start, any_python, any_pair, tmp_path):
    other = start(any_python, "sample.py")
    heapsnap("dump", other.pid, "-o", tmp_path / "other.snap")
    result = heapsnap("diff", any_pair.first, tmp_path / "other.snap")
    assert b"two different processes" in result.stderr
    result = heapsnap("diff", any_pair.first, any_pair.second)
    assert b"two different processes" not in result.stderr
    assert b"two different processes" not in heapsnap(
        "diff", any_pair.first, tmp_path / "other.snap", "-q").stderr


@pytest.mark.parametrize("order", [0, 1])
def test_a_damaged_file_is_named(heapsnap, any_pair, tmp_path, order):
    bad = tmp_path / "bad.snap"
    bad.write_bytes(any_pair.first.read_bytes()[:-100])
    files = [bad, any_pair.first] if order else [any_pair.first, bad]
    assert "bad.snap" in heapsnap.fails(6, "diff", *files)
