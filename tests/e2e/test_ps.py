# SPDX-License-Identifier: MIT
"""test_ps.py: the Python processes of the machine."""
import csv
import io
import os
import pathlib
import subprocess

import pytest
from conftest import INTERPRETERS, SUPPORTED, TARGETS, end

OLD = [i for i in INTERPRETERS if i["minor"].startswith("3.") and i["minor"] not in SUPPORTED]


def row_of(document, pid):
    rows = [row for row in document["rows"] if row["pid"] == pid]
    return rows[0] if rows else None


def test_json(heapsnap, start, python):
    target = start(python, "sample.py", "an argument")
    document = heapsnap.json("ps")
    assert document["schema"] == "heapsnap.ps/1"
    row = row_of(document, target.pid)
    minor = subprocess.run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                           capture_output=True, text=True, check=True).stdout.strip()
    assert row["version"] == minor or row["version"].startswith(minor + ".")
    assert row["supported"] is True and row["reason"] is None
    assert row["command"][-3:] == ["-B", str(TARGETS / "sample.py"), "an argument"]
    pages = int(pathlib.Path(f"/proc/{target.pid}/statm").read_text().split()[1])
    assert row["resident"] == pytest.approx(pages * os.sysconf("SC_PAGE_SIZE"), rel=0.1)
    pids = [row["pid"] for row in document["rows"]]
    assert pids == sorted(pids)
    assert os.getpid() in pids  # pytest itself
    target.assert_unharmed()


def test_others_are_not_listed(heapsnap):
    process = subprocess.Popen(["sleep", "60"])
    try:
        assert not row_of(heapsnap.json("ps"), process.pid)
    finally:
        end(process)


@pytest.mark.parametrize("row", OLD or [None], ids=[i["version"] for i in OLD] or ["none"])
def test_unsupported_ones_are_listed_with_the_reason(heapsnap, start, row):
    if row is None:
        pytest.skip("no unsupported interpreter on this machine")
    target = start(row["command"], "sample.py")
    found = row_of(heapsnap.json("ps"), target.pid)
    assert found["supported"] is False
    assert row["minor"] in found["reason"]
    assert found["reason"] in heapsnap("ps", "-n", "0").stdout.decode()


def test_text_and_csv(heapsnap, start, any_python):
    target = start(any_python, "sample.py")
    result = heapsnap("ps", "-n", "0")
    (line,) = [line for line in result.stdout.decode().splitlines()
               if line.split()[:1] == [str(target.pid)]]
    assert "sample.py" in line and "yes" in line
    assert b"next: heapsnap dump " in result.stderr
    rows = list(csv.DictReader(io.StringIO(heapsnap("ps", "--csv").stdout.decode())))
    assert str(target.pid) in {row["pid"] for row in rows}
    assert len(rows[0]) == len(heapsnap.json("ps")["rows"][0])
