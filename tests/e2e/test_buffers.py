# SPDX-License-Identifier: MIT
"""test_buffers.py: processes most of whose memory is buffers that nobody needs to look into."""
import json
import subprocess

import pytest

from conftest import INTERPRETERS, SUPPORTED, peak_of

MB = 1000 * 1000
MIB = 1 << 20


def with_numpy():
    """A supported interpreter, one that has numpy if there is such."""
    rows = [row for row in INTERPRETERS if row["minor"] in SUPPORTED and row["plain"]]
    for row in rows:
        if subprocess.run([row["command"], "-c", "import numpy"], capture_output=True,
                          timeout=60).returncode == 0:
            return row["command"]
    return rows[0]["command"] if rows else None


def available():
    with open("/proc/meminfo") as file:
        fields = dict(line.split(":") for line in file)
    return int(fields["MemAvailable"].split()[0]) * 1024


def check(heapsnap, start, tmp_path, objects, buffers, copied, peak):
    """Only what is needed is copied, and the snapshot is right all the same."""
    python = with_numpy()
    if not python:
        pytest.skip("no supported CPython on this machine; HEAPSNAP_PYTHONS can name one")
    target = start(python, "buffers.py", str(objects), str(buffers))
    facts = json.loads(target.said)
    took = peak_of(heapsnap.path, "dump", target.pid, "-q", "--mode", "fork", "-o",
                   tmp_path / "a.snap")
    info = heapsnap.json("info", tmp_path / "a.snap")
    assert info["capture"]["mode"] == "fork"
    assert info["coverage"]["complete"], info["gaps"]
    assert info["resident"]["total"] > (objects + buffers) * MIB
    assert info["objects"] > 4 * facts["objects"]
    assert info["capture"]["copied"] < copied
    assert took < peak
    heapsnap("export", tmp_path / "a.snap", "--to", "jsonl", "-o", tmp_path / "a.jsonl")
    wanted = {address for row in facts["buffers"] + facts["views"] for address in row[:2]}
    rows = {}
    with open(tmp_path / "a.jsonl") as file:
        for line in file:
            row = json.loads(line)
            if row["addr"] in wanted:
                rows[row["addr"]] = row
    assert set(rows) == wanted
    for holder, buffer, size in facts["buffers"]:
        assert rows[buffer]["size"] == size
        assert size - 64 <= rows[buffer]["alloc"] <= size + 8192
        assert [rows[buffer]["id"], ".buffer"] in rows[holder]["refs"]
    for view, base, size in facts["views"]:
        assert rows[view]["size"] == size
        assert rows[base]["id"] in [ref[0] for ref in rows[view]["refs"]]
    target.finish()


def test_some_buffers(heapsnap, start, tmp_path):
    check(heapsnap, start, tmp_path, 10, 512, 60 * MB, 150 * MB)


@pytest.mark.long
def test_100_mb_of_objects_and_8_gb_of_buffers(heapsnap, start, tmp_path):
    if available() < 10 << 30:
        pytest.skip("needs 10 GiB of memory")
    check(heapsnap, start, tmp_path, 100, 8192, 400 * MB, 700 * MB)
