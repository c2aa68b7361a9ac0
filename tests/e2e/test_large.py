# SPDX-License-Identifier: MIT
"""test_large.py: a process like a service, with many objects of many kinds."""
import itertools
import json
import subprocess

import pytest

from conftest import TOP

SERVICE = TOP / "tests/bench/service.py"
DECODER = TOP / "spec/decoder.py"


def lines_of(*command):
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE)
    yield from process.stdout
    assert process.wait() == 0


@pytest.mark.parametrize("objects", [
    100000, pytest.param(1000000, marks=pytest.mark.long)])
def test_a_service(heapsnap, start, one_python, tmp_path, objects):
    """It is dumped whole, two readers agree on every object, and it computes on as before."""
    alone = start(one_python, SERVICE, str(objects))
    alone.go_on()
    expected = alone.wait_ready()
    target = start(one_python, SERVICE, str(objects))
    heapsnap("dump", target.pid, "-o", tmp_path / "a.snap")
    target.assert_unharmed()
    target.go_on()
    assert target.wait_ready() == expected
    heapsnap("verify", tmp_path / "a.snap")
    info = heapsnap.json("info", tmp_path / "a.snap")
    assert info["objects"] >= objects
    assert info["coverage"]["complete"]
    count = 0
    for ours, theirs in itertools.zip_longest(
            lines_of(heapsnap.path, "export", tmp_path / "a.snap", "--to", "jsonl"),
            lines_of("/usr/bin/python3", DECODER, tmp_path / "a.snap")):
        if ours != theirs:
            assert json.loads(ours) == json.loads(theirs)
        count += 1
    assert count == info["objects"]
