# SPDX-License-Identifier: MIT
"""test_top.py: the partition of a snapshot as text, JSON and CSV."""
import csv
import io
import json
import re

import pytest


def rows_by_kind(document):
    return {row["kind"]: row for row in document["rows"]}


def test_known_objects_are_counted(heapsnap, pair):
    rows = rows_by_kind(heapsnap.json("top", pair.second))
    assert rows["__main__.Session"]["count"] == pair.facts["sessions"]
    assert rows["__main__.Point"]["count"] == pair.facts["points"]
    assert rows["__main__.Point"]["bytes"] >= 32 * pair.facts["points"]
    assert rows["collections.deque"]["count"] >= 1
    assert rows["collections.Counter"]["count"] >= 1
    assert rows["dict of module"]["count"] > 20
    assert rows["dict (no owner)"]["count"] >= 1000


def test_json_adds_up(heapsnap, pair):
    document = heapsnap.json("top", pair.second)
    assert document["schema"] == "heapsnap.partition/1"
    assert set(document["coverage"]) >= {"complete", "gaps"}
    assert document["by"] == ["kind"]
    rows = document["rows"]
    assert [row["index"] for row in rows] == list(range(len(rows)))
    assert sum(row["count"] for row in rows) == document["objects"]
    assert sum(row["bytes"] for row in rows) == document["bytes"]
    assert rows[-1]["cumulative_bytes"] == document["bytes"]
    assert rows[-1]["cumulative_pct"] == pytest.approx(100)
    cumulative = 0
    for row, following in zip(rows, rows[1:]):
        cumulative += row["bytes"]
        assert row["cumulative_bytes"] == cumulative
        assert row["bytes"] >= following["bytes"]
        assert row["count_pct"] == pytest.approx(100 * row["count"] / document["objects"], abs=0.06)
        assert row["bytes_pct"] == pytest.approx(100 * row["bytes"] / document["bytes"], abs=0.06)


def test_two_sizes(heapsnap, pair):
    shallow = heapsnap.json("top", pair.second, "--size", "shallow")
    assert shallow == heapsnap.json("top", pair.second)
    allocated = heapsnap.json("top", pair.second, "--size", "allocated")
    assert (shallow["size"], allocated["size"]) == ("shallow", "allocated")
    assert shallow["objects"] == allocated["objects"]
    assert sum(row["bytes"] for row in allocated["rows"]) == allocated["bytes"]
    lines = heapsnap("export", pair.second, "--to", "jsonl").stdout.splitlines()
    assert sum(json.loads(line)["alloc"] for line in lines) == allocated["bytes"]
    text = heapsnap("top", pair.second, "--size", "allocated").stdout.decode()
    assert f"Total allocated size = {allocated['bytes']} bytes." in text
    heapsnap.fails(2, "top", pair.second, "--size", "deep")
    diff = heapsnap.json("diff", pair.first, pair.second, "--size", "allocated")
    assert diff["size"] == "allocated"
    assert diff["snapshots"][1]["bytes"] == allocated["bytes"]
    assert diff["suspects"][0]["kind"] == heapsnap.json("diff", pair.first, pair.second)[
        "suspects"][0]["kind"]


def test_text_says_what_json_says(heapsnap, pair):
    document = heapsnap.json("top", pair.second)
    lines = heapsnap("top", pair.second).stdout.decode().splitlines()
    assert (f"Partition of a set of {document['objects']} objects. "
            f"Total size = {document['bytes']} bytes." in lines)
    (header,) = [line for line in lines if line.lstrip().startswith("Index")]
    assert re.fullmatch(r" *Index +Count +% +Size +% +Cumulative +% +Kind.*", header)
    table = [line for line in lines if re.match(r" *\d+ +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ \S", line)]
    assert len(table) == 10
    for line, row in zip(table, document["rows"]):
        index, count, _, size, _, cumulative, _, kind = line.split(None, 7)
        assert [int(index), int(count), int(size), int(cumulative), kind] == [
            row["index"], row["count"], row["bytes"], row["cumulative_bytes"], row["kind"]]
    assert any(re.search(rf"\b{len(document['rows']) - 10} more", line) for line in lines), lines


def test_csv_says_what_json_says(heapsnap, pair):
    document = heapsnap.json("top", pair.second)
    text = heapsnap("top", pair.second, "--csv").stdout.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(document["rows"])
    for row, right in zip(rows, document["rows"]):
        assert (row["kind"], int(row["count"]), int(row["bytes"])) == (
            right["kind"], right["count"], right["bytes"])


def test_number_of_rows(heapsnap, any_pair):
    every = len(heapsnap.json("top", any_pair.second)["rows"])
    assert every > 20
    assert len(heapsnap.json("top", any_pair.second, "-n", "5")["rows"]) == 5
    assert len(heapsnap.json("top", any_pair.second, "-n", "0")["rows"]) == every
    text = heapsnap("top", any_pair.second, "-n", "0").stdout.decode()
    assert len(re.findall(r"^ *\d+ +\d+ +\d+ +\d+ ", text, re.M)) == every
    assert "more" not in text.splitlines()[-1]
    text = heapsnap("top", any_pair.second, "-n", "3", "--csv").stdout.decode()
    assert len(text.splitlines()) == 4


def test_classifiers(heapsnap, pair):
    kinds = rows_by_kind(heapsnap.json("top", pair.second, "--by", "type"))
    assert kinds["__main__.Session"]["count"] == pair.facts["sessions"]
    assert kinds["dict"]["count"] > 1000
    assert not any(kind.startswith("dict of") for kind in kinds)
    modules = rows_by_kind(heapsnap.json("top", pair.second, "--by", "module"))
    assert modules["__main__"]["count"] >= pair.facts["sessions"] + pair.facts["points"]
    assert "builtins" in modules
    sizes = heapsnap.json("top", pair.second, "--by", "size")
    assert sum(row["count"] for row in sizes["rows"]) == sizes["objects"]
    both = heapsnap.json("top", pair.second, "--by", "type,module")
    assert both["by"] == ["type", "module"]
    assert rows_by_kind(both)["__main__.Session, __main__"]["count"] == pair.facts["sessions"]
