# SPDX-License-Identifier: MIT
"""test_large.py: a process like a service, with many objects of many kinds."""
import itertools
import json
import os
import re
import subprocess

import pytest

from conftest import SUPPORTED, TOP, interpreters, peak_of

SERVICE = TOP / "tests/bench/service.py"
DECODER = TOP / "tests/independent/jsonl.py"


def lines_of(*command):
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE)
    yield from process.stdout
    assert process.wait() == 0


def check_a_service(heapsnap, start, python, tmp_path, objects):
    """It is dumped whole, two readers agree on every object, and it computes on as before."""
    alone = start(python, SERVICE, str(objects))
    alone.go_on()
    expected = alone.wait_ready()
    target = start(python, SERVICE, str(objects))
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


def test_a_service(heapsnap, start, one_python, tmp_path):
    check_a_service(heapsnap, start, one_python, tmp_path, 100000)


def one_of_each():
    """The versions there are: 3.12, or the newest, in the ordinary run, the others in the long."""
    order = sorted(SUPPORTED, key=lambda minor: (minor == "3.12", minor), reverse=True)
    rows = [row for row in interpreters(order, every=False) if row.values[0]]
    return [pytest.param(*row.values, id=row.id, marks=[pytest.mark.long] if i else [])
            for i, row in enumerate(rows)]


@pytest.mark.parametrize("command", one_of_each())
def test_a_large_service(heapsnap, start, command, tmp_path):
    check_a_service(heapsnap, start, command, tmp_path, 1000000)


@pytest.mark.long
@pytest.mark.parametrize("mode", ["fork", "stop"])
@pytest.mark.parametrize("objects, share", [(1100000, 1.38), (10000000, 1.3)])
def test_memory_that_it_takes(heapsnap, start, any_python, tmp_path, objects, share, mode):
    """At its peak hardly more than the target's heap: a copy of that, and what is made of it."""
    target = start(any_python, SERVICE, str(objects))
    heap = int(target.status()["RssAnon"].split()[0]) * 1024
    peak = peak_of(heapsnap.path, "dump", target.pid, "-q", "--mode", mode, "-o",
                   tmp_path / "a.snap")
    assert peak < share * heap


def whole_of(heapsnap, file):
    """Everything of a snapshot but when it was taken."""
    return (heapsnap("export", file, "--to", "jsonl").stdout,
            heapsnap("top", file, "--by", "type", "--json").stdout)


def check_a_limit(heapsnap, target, tmp_path, mode):
    """What is said to be enough is, and what comes of it is the same."""
    command = "dump", target.pid, "-q", "--mode", mode, "-f", "-o"
    unlimited = peak_of(heapsnap.path, *command, tmp_path / "whole.snap")
    refused = heapsnap.fails(1, *command, tmp_path / "small.snap", "--max-memory", "16M")
    least = int(re.search(r"at least (\d+) MiB", refused).group(1)) + 1
    peak = peak_of(heapsnap.path, *command, tmp_path / "small.snap", "--max-memory", f"{least}M")
    assert peak <= least << 20 < unlimited
    heapsnap("verify", tmp_path / "small.snap")
    assert whole_of(heapsnap, tmp_path / "small.snap") == whole_of(heapsnap, tmp_path / "whole.snap")
    return least << 20


def test_memory_is_limited(heapsnap, start, any_python, tmp_path):
    target = start(any_python, SERVICE, "1000000")
    for mode in "fork", "stop":
        check_a_limit(heapsnap, target, tmp_path, mode)
    target.assert_unharmed()


@pytest.mark.long
def test_much_less_memory_than_the_heap(heapsnap, start, any_python, tmp_path):
    target = start(any_python, SERVICE, "10000000")
    heap = int(target.status()["RssAnon"].split()[0]) * 1024
    assert check_a_limit(heapsnap, target, tmp_path, "fork") < 0.4 * heap


def test_a_pipe_holds_nothing_back(heapsnap, start, any_python, tmp_path):
    """A large file takes no more memory to write to a pipe than to write it to a disk."""
    script = tmp_path / "values.py"
    script.write_text("import os, sys\n"
                      "values = [os.urandom(1 << 20) for _ in range(64)]\n"
                      "print('READY', flush=True)\nsys.stdin.read(1)\n")
    target = start(any_python, script)
    file = tmp_path / "a.snap"
    heapsnap("dump", target.pid, "--values=1M", "-o", file)
    size = file.stat().st_size
    assert size > 64 << 20
    to_file = peak_of(heapsnap.path, "flatten", file, "-q", "-o", tmp_path / "b.snap")
    to_pipe = peak_of("/bin/sh", "-c", f"'{heapsnap.path}' flatten '{file}' -q -o - | "
                      f"cat > '{tmp_path}/c.snap'")
    assert to_pipe < to_file + size / 4
    assert (tmp_path / "c.snap").read_bytes() == (tmp_path / "b.snap").read_bytes()


def test_a_limit_needs_a_disk(heapsnap, start, any_python, tmp_path):
    """A temporary file in memory would be no help, and without a folder there is none."""
    target = start(any_python, SERVICE, "1000")
    limited = "dump", target.pid, "-o", tmp_path / "a.snap", "--max-memory", "1G"
    message = heapsnap.fails(1, *limited, env=dict(os.environ, TMPDIR="/nonexistent"))
    assert "/nonexistent" in message and "TMPDIR" in message
    if subprocess.check_output(["stat", "-f", "-c", "%T", "/dev/shm"]) == b"tmpfs\n":
        message = heapsnap.fails(1, *limited, env=dict(os.environ, TMPDIR="/dev/shm"))
        assert "/dev/shm is in memory" in message
    target.assert_unharmed()
    assert not (tmp_path / "a.snap").exists()


def test_the_number_of_threads_does_not_show(heapsnap, start, one_python, tmp_path):
    target = start(one_python, SERVICE, "300000")
    heapsnap("dump", target.pid, "--jobs", "3", "-o", tmp_path / "a.snap")
    heapsnap("verify", tmp_path / "a.snap", "--jobs", "1")
    written = set()
    for jobs in "1", "2", "5":
        out = tmp_path / f"{jobs}.snap"
        heapsnap("flatten", tmp_path / "a.snap", "--jobs", jobs, "-o", out)
        written.add(out.read_bytes())
    assert written == {(tmp_path / "a.snap").read_bytes()}
