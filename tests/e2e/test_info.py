# SPDX-License-Identifier: MIT
"""test_info.py: what a snapshot says about itself."""
import os
import pathlib
import subprocess

from conftest import TARGETS


def test_json(heapsnap, pair, python):
    document = heapsnap.json("info", pair.first)
    assert document["schema"] == "heapsnap.info/1"
    assert document["coverage"].keys() >= {"complete", "gaps"}
    process = document["process"]
    version = subprocess.run([python, "-c", "import platform; print(platform.python_version())"],
                             capture_output=True, text=True, check=True).stdout.strip()
    assert process["pid"] == pair.pid
    assert process["runtime"] == "cpython"
    assert process["version"] == version
    command = pathlib.Path(f"/proc/{pair.pid}/cmdline").read_bytes().decode()
    assert process["command"] == command.split("\0")[:-1]
    assert process["command"][-2:] == ["-B", str(TARGETS / "sample.py")]
    top = heapsnap.json("top", pair.first)
    assert (document["objects"], document["bytes"]) == (top["objects"], top["bytes"])
    assert document["edges"] > document["objects"]
    assert sum(s["bytes"] for s in document["sections"]) <= os.path.getsize(pair.first)
    capture = document["capture"]
    assert capture["mode"] == "fork"
    assert 0 < capture["pause_ms"] < 60000
    assert capture["retries"] >= 0 and capture["damaged"] >= 0
    assert document["resident"]["total"] > 1 << 20


def test_text(heapsnap, pair):
    text = heapsnap("info", pair.first).stdout.decode()
    assert str(pair.pid) in text
    assert str(TARGETS / "sample.py") in text
    assert "overage" in text


def test_coverage_is_part_of_text_and_json(heapsnap, pair):
    document = heapsnap.json("info", pair.first)
    gaps = sum(gap["count"] for gap in document["gaps"])
    assert document["coverage"] == {"complete": gaps == 0, "gaps": gaps}
    text = heapsnap("info", pair.first).stdout.decode()
    for gap in document["gaps"]:
        assert gap["reason"] in text


def test_not_one_table(heapsnap, any_pair):
    heapsnap.fails(2, "info", any_pair.first, "--csv")
