# SPDX-License-Identifier: MIT
"""test_sites.py: where objects were allocated, compared with what tracemalloc says inside."""
import json
import os
import sys
import time

import pytest

from conftest import TARGETS, TOP

sys.path.insert(0, str(TOP / "spec"))
import decoder  # noqa: E402

TRACED = TARGETS / "traced.py"


def read(path):
    """The objects of a snapshot by address, as an independent reader has them."""
    return {row["address"]: row for row in decoder.Snapshot(path).tables["objects"]}


def traceback_of(row):
    """The lines that allocated an object, the most recent call first; None: not known."""
    site, found = row["site"], []
    while site:
        found.append([site["file"].decode(), site["line"]])
        site = site["caller"]
    return found or None


@pytest.fixture(scope="module", params=["started", "from the beginning"])
def how(request):
    return request.param


def begin(start_command, python, how, out):
    options = ["-X", "tracemalloc=5"] if how != "started" else []
    return start_command(python, "-B", *options, TRACED, out)


def test_tracebacks_are_those_of_tracemalloc(heapsnap, start_command, python, how, tmp_path):
    target = begin(start_command, python, how, tmp_path / "truth")
    heapsnap("dump", target.pid, "-o", tmp_path / "a.snap")
    truth = json.loads((tmp_path / "truth").read_text())
    rows = read(tmp_path / "a.snap")
    compared = traced = 0
    for address, expected in truth["objects"].items():
        row = rows.get(int(address))
        if row is None:  # made and gone while the target wrote its answers
            continue
        found = traceback_of(row)
        if expected is None and found:
            # 3.11 looks for the block of what has a managed dict where it does not begin.
            assert row["type"]["name"].startswith(b"__main__.") or how != "started", row
            assert heapsnap.json("info", tmp_path / "a.snap")["process"]["version"] < "3.12"
            continue
        assert found == expected, (row["address"], found, expected)
        compared += 1
        traced += found is not None
    assert compared > 2000
    assert traced > (640 if how == "started" else 5000)
    for address, line in truth["known"].items():
        row = rows[int(address)]
        if row["site"]:
            assert traceback_of(row)[0] == [str(TRACED), line]
        else:  # from a free list, in a block that was there before tracing began
            assert truth["objects"][address] is None
            assert row["type"]["name"] in (b"float", b"tuple", b"list", b"dict")


def test_the_growing_line_is_named(heapsnap, start_command, one_python, tmp_path):
    target = begin(start_command, one_python, "started", tmp_path / "truth")
    first, second = tmp_path / "a.snap", tmp_path / "b.snap"
    heapsnap("dump", target.pid, "-o", first)
    target.go_on()
    where = f"{TRACED}:{target.wait_ready()}"
    heapsnap("dump", target.pid, "-o", second)
    rows = {row["kind"]: row for row in heapsnap.json("top", second, "--by", "site")["rows"]}
    assert rows[where]["count"] >= 6000
    assert "(not traced)" in rows
    both = heapsnap.json("top", second, "--by", "site,type")["rows"]
    assert sum(row["count"] for row in both if row["kind"] == f"{where}, __main__.Plain") == 3000
    deep = heapsnap.json("top", second, "--by", "traceback")["rows"]
    assert any(row["kind"].startswith(f"{where} ← {TRACED}:") for row in deep)
    diff = heapsnap.json("diff", first, second, "--by", "site")
    assert diff["verdict"] == "growth"
    assert diff["rows"][0]["kind"] == where
    assert diff["suspects"][0]["kind"] == where
    assert diff["suspects"][0]["holder"]["label"] == "__main__.leak"
    text = heapsnap("diff", first, second, "--by", "site").stdout.decode()
    assert f"1. {where}" in text
    info = heapsnap.json("info", second)
    assert info["contents"]["traced"] == sum(row["count"] for kind, row in rows.items()
                                 if kind != "(not traced)")
    assert any(section["name"] == "sites" and section["bytes"] > 100
               for section in info["sections"])


def test_without_tracing_it_says_what_to_do(heapsnap, any_pair):
    line = heapsnap.fails(1, "top", any_pair.first, "--by", "site")
    assert "-X tracemalloc" in line and "PYTHONTRACEMALLOC" in line
    line = heapsnap.fails(1, "diff", any_pair.first, any_pair.second, "--by", "traceback")
    assert str(any_pair.second) in line and "-X tracemalloc" in line
    assert heapsnap.json("info", any_pair.first)["contents"]["traced"] is None


def test_threads_that_allocate_all_the_time(heapsnap, start_command, one_python, tmp_path):
    """Whenever a dump comes: what it says is true, or it says that something is missing."""
    script = TARGETS / "busy.py"
    target = start_command(one_python, "-B", "-X", "tracemalloc=3", script, "1000000")
    lines = {f"{script}:{n}": text for n, text in
             enumerate(script.read_text().splitlines(), 1)}
    time.sleep(0.5)  # for the threads to have made something
    for _ in range(4):
        heapsnap("dump", target.pid, "-o", tmp_path / "a.snap", "-f")
        rows = heapsnap.json("top", tmp_path / "a.snap", "--by", "site,type")["rows"]
        dicts = {row["kind"].removesuffix(", dict"): row["count"] for row in rows
                 if row["kind"].endswith(", dict") and row["kind"].startswith(str(script))}
        gaps = heapsnap.json("info", tmp_path / "a.snap")["gaps"]
        if not any("tracemalloc" in gap["reason"] for gap in gaps):
            assert sum(dicts.values()) > 20
        # Each thread has some of its own from other lines.
        assert all("row = {" in lines[at] for at, count in dicts.items() if count > 4), dicts
        heapsnap("verify", tmp_path / "a.snap")


def test_redacted_dumps_leave_out_the_files(heapsnap, start_command, any_python, tmp_path):
    target = begin(start_command, any_python, "started", tmp_path / "truth")
    heapsnap("dump", target.pid, "-o", tmp_path / "a.snap", "--redact")
    rows = heapsnap.json("top", tmp_path / "a.snap", "--by", "site")["rows"]
    assert len(rows) > 10
    assert all(row["kind"].startswith("<file>:") or row["kind"] == "(not traced)" for row in rows)
    assert os.fsencode(TRACED.name) not in (tmp_path / "a.snap").read_bytes()
