# SPDX-License-Identifier: MIT
"""test_export.py: a snapshot as JSON lines, compared with what the independent decoder reads."""
import json
import os
import signal
import stat
import subprocess
import time

from conftest import TOP


def test_one_line_per_object(heapsnap, pair):
    data = heapsnap("export", pair.first, "--to", "jsonl").stdout
    rows = [json.loads(line) for line in data.splitlines()]
    info = heapsnap.json("info", pair.first)
    assert len(rows) == info["objects"]
    assert sum(row["size"] for row in rows) == info["bytes"]
    assert sum(len(row["refs"]) for row in rows) == info["edges"]
    for number, row in enumerate(rows):
        assert row["id"] == number
        assert row["addr"].startswith("0x")
        assert 0 <= row["gc_refs"] <= len(row["refs"])
        assert all(0 <= target < len(rows) and isinstance(label, str)
                   for target, label in row["refs"])


def test_references_are_labelled(heapsnap, pair):
    data = heapsnap("export", pair.second, "--to", "jsonl").stdout
    rows = [json.loads(line) for line in data.splitlines()]
    registry = next(row for row in rows if row["type"] == "dict"
                    and int(row["addr"], 16) == pair.facts["registry"])
    sessions = [target for target, _ in registry["refs"]
                if rows[target]["type"] == "__main__.Session"]
    assert len(sessions) == pair.facts["sessions"]
    points = [row for row in rows if row["type"] == "__main__.Point"]
    assert len(points) == pair.facts["points"]
    for row in points:
        assert {".x", ".y"} <= {label for _, label in row["refs"]}
    lists = [row for row in rows if row["type"] == "list" and len(row["refs"]) == 1000]
    assert any([label for _, label in row["refs"][:3]] in (["[0]", "[1]", "[2]"],
                                                            ["[999]", "[998]", "[997]"])
               for row in lists)


def test_files(heapsnap, any_pair, tmp_path):
    file = tmp_path / "a.jsonl"
    result = heapsnap("export", any_pair.first, "--to", "jsonl", "-o", file)
    assert result.stdout == b"" and b"wrote" in result.stderr
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    right = heapsnap("export", any_pair.first, "--to=jsonl").stdout
    assert file.read_bytes() == right
    assert heapsnap("export", any_pair.first, "--to=jsonl", "-o", "-").stdout == right
    file.write_bytes(b"precious")
    assert "-f" in heapsnap.fails(1, "export", any_pair.first, "--to", "jsonl", "-o", file)
    assert file.read_bytes() == b"precious"
    heapsnap("export", any_pair.first, "--to", "jsonl", "-o", file, "-f")
    assert file.read_bytes() == right
    assert os.listdir(tmp_path) == ["a.jsonl"]


def test_the_independent_decoder_reads_the_same(heapsnap, pair):
    for file in (pair.first, pair.second):
        decoded = subprocess.run(["/usr/bin/python3", TOP / "tests/independent/jsonl.py", file],
                                 check=True, stdout=subprocess.PIPE).stdout.splitlines()
        exported = heapsnap("export", file, "--to", "jsonl").stdout.splitlines()
        assert len(decoded) == len(exported)
        for right, row in zip(exported, decoded):
            assert right == row or json.loads(right) == json.loads(row)


def test_a_killed_export_leaves_nothing(heapsnap, any_pair, tmp_path):
    command = [heapsnap.path, "export", any_pair.second, "--to", "jsonl", "-q", "-o",
               tmp_path / "a.jsonl"]
    killed = 0
    for delay in (0.01, 0.03, 0.1, 0.3):
        with subprocess.Popen(command) as process:
            time.sleep(delay)
            process.terminate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGTERM
        assert os.listdir(tmp_path) == []
        killed += 1
    assert killed
