# SPDX-License-Identifier: MIT
"""test_chain.py: snapshots written against others, of a service that goes on between them."""
import os
import re

import pytest

COUNT = 4


@pytest.fixture(scope="module")
def chain(heapsnap, start_session, any_python, tmp_path_factory):
    """A whole snapshot, 0.snap, and others against the one before each."""
    folder = tmp_path_factory.mktemp("chain")
    target = start_session(any_python, "renewing.py", "20000")
    for i in range(COUNT):
        words = ["--base", f"{i - 1}.snap"] if i else []
        heapsnap("dump", target.pid, "-o", f"{i}.snap", "--values", *words, cwd=folder)
        target.go_on()
        target.wait_ready()
    target.assert_unharmed()
    return folder


def export(heapsnap, path):
    return heapsnap("export", path, "--to", "jsonl").stdout


def test_a_chain_is_small_and_says_the_same(heapsnap, chain, tmp_path):
    last = chain / f"{COUNT - 1}.snap"
    whole = tmp_path / "whole.snap"
    result = heapsnap("flatten", last, "-o", whole)
    assert "it needs no other file" in result.stderr.decode()
    # A hundredth of the sessions was replaced.  tests/bench/chain.py has the long run, in which
    # whole snapshots grow, for what is replaced lies everywhere in memory.
    assert os.path.getsize(last) < os.path.getsize(whole) * 0.04
    lines = export(heapsnap, last)
    assert lines == export(heapsnap, whole)
    heapsnap("verify", last)
    for words in (["top"], ["info"], ["diff", chain / "0.snap"]):
        one = heapsnap.json(*words, last)
        other = heapsnap.json(*words, whole)
        for document in (one, other):
            for key in ("base", "sections", "snapshots"):
                document.pop(key, None)
        assert one == other


def test_dump_and_info_tell_of_the_base(heapsnap, chain):
    info = heapsnap.json("info", chain / "2.snap")
    assert info["base"]["name"] == "1.snap" and info["base"]["depth"] == 2
    assert re.fullmatch("[0-9a-f]{16}", info["base"]["hash"])
    assert heapsnap.json("info", chain / "0.snap")["base"] is None
    assert "Snapshots behind this one  2" in heapsnap("info", chain / "2.snap").stdout.decode()


def test_a_base_has_to_be_there(heapsnap, chain, tmp_path):
    alone = tmp_path / "2.snap"
    alone.write_bytes((chain / "2.snap").read_bytes())
    info = heapsnap.json("info", chain / "2.snap")
    for words in (["top"], ["info"], ["verify"], ["export", "--to", "jsonl"]):
        line = heapsnap.fails(6, *words, alone)
        assert "its base 1.snap" in line and info["base"]["hash"] in line and "missing" in line
    (tmp_path / "1.snap").write_bytes((chain / "0.snap").read_bytes())
    assert "another file of that name" in heapsnap.fails(6, "top", alone)
    data = bytearray((chain / "1.snap").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "0.snap").write_bytes((chain / "0.snap").read_bytes())
    (tmp_path / "1.snap").write_bytes(data)
    line = heapsnap.fails(6, "top", alone)
    assert "its base" in line and "1.snap: damaged at byte" in line


def test_no_command_takes_a_base_away(heapsnap, chain, start, any_python):
    target = start(any_python, "sample.py")
    before = (chain / "1.snap").read_bytes()
    for words in (["dump", target.pid, "-o", chain / "1.snap"],
                  ["export", chain / "0.snap", "--to", "jsonl", "-o", chain / "1.snap"],
                  ["flatten", chain / "3.snap", "-o", chain / "1.snap"]):
        assert "it is the base of 2.snap" in heapsnap.fails(1, *words, "-f")
    last = chain / f"{COUNT - 1}.snap"
    line = heapsnap.fails(2, "dump", target.pid, "-f", "-o", last, "--base", last)
    assert "the place of its own base" in line
    assert (chain / "1.snap").read_bytes() == before
    target.assert_unharmed()


def test_a_base_is_of_the_same_process(heapsnap, chain, start, any_python, tmp_path):
    target = start(any_python, "sample.py")
    line = heapsnap.fails(2, "dump", target.pid, "--base", chain / "0.snap", "-o", tmp_path / "a")
    assert "is a snapshot of process" in line
    line = heapsnap.fails(6, "dump", target.pid, "--base", __file__, "-o", tmp_path / "a")
    assert "not a heapsnap snapshot" in line
    assert not os.listdir(tmp_path)
    target.assert_unharmed()
