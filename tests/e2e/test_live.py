# SPDX-License-Identifier: MIT
"""test_live.py: show, tree and paths of a process as it is, without a file."""
import json
import os
import shutil

import pytest

SCRIPT = """
import json, sys
class Session:
    def __init__(self):
        self.name = "a name of its own"
        self.items = [float("1.5"), self.name]
kept = {"session": Session()}
print("READY", json.dumps(id(kept["session"])), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def session(start_command, any_python):
    """A process, and the address of its session."""
    target = start_command(any_python, "-c", SCRIPT)
    return target, hex(json.loads(target.said))


def test_the_same_as_of_a_file(heapsnap, session, tmp_path):
    target, address = session
    file = tmp_path / "a.snap"
    heapsnap("dump", target.pid, "-o", file)
    for words in (["show", address], ["tree", address], ["tree", "--levels", "1"],
                  ["tree", "__main__.Session"], ["paths", address],
                  ["paths", "__main__.Session", "--avoid", address]):
        of_file = heapsnap.json(words[0], file, *words[1:])
        assert heapsnap.json(words[0], target.pid, *words[1:]) == of_file
    shown = heapsnap.json("show", target.pid, address)
    assert (shown["addr"], shown["type"]) == (address, "__main__.Session")
    target.assert_unharmed()
    target.finish()


def test_values_if_they_are_asked_for(heapsnap, session):
    target, address = session
    text = heapsnap("show", target.pid, address).stdout.decode()
    assert "__main__.Session" in text and "a name" not in text
    result = heapsnap("show", target.pid, address, "--values")
    assert "'a name of its own'" in result.stdout.decode()
    assert f"looked at process {target.pid}, which was stopped for" in result.stderr.decode()
    text = heapsnap("show", target.pid, address, "--values=6", "-q")
    assert "'a name…'" in text.stdout.decode() and text.stderr == b""
    rows = heapsnap.json("tree", target.pid, address, "--values")["rows"]
    assert "1.5" in {row["value"] for row in rows}
    assert heapsnap.json("paths", target.pid, address, "--values")["rows"][0]["label"].endswith(
        "kept['session']")


def test_nothing_is_left_behind(heapsnap, session, tmp_path):
    target, address = session
    os.mkdir(tmp_path / "temporary")
    heapsnap("show", target.pid, address, cwd=tmp_path,
             env={**os.environ, "TMPDIR": str(tmp_path / "temporary")})
    assert os.listdir(tmp_path) == ["temporary"] and not os.listdir(tmp_path / "temporary")
    children = f"/proc/{target.pid}/task/{target.pid}/children"
    assert not open(children, encoding="ascii").read()


def test_a_snapshot_may_be_called_like_a_process(heapsnap, session, any_pair, tmp_path):
    target, address = session
    shutil.copy(any_pair.first, tmp_path / str(target.pid))
    line = heapsnap.fails(1, "show", target.pid, address, cwd=tmp_path)
    assert "no object of the snapshot begins at" in line
    (tmp_path / str(target.pid)).write_text("no snapshot")
    heapsnap("show", target.pid, address, cwd=tmp_path)


def test_mistakes(heapsnap, session, any_pair):
    target, address = session
    for words in (["show", target.pid, "#1"], ["tree", target.pid, "12"],
                  ["paths", target.pid, f"list,{address},#7"],
                  ["paths", target.pid, "list", "--avoid", "3"]):
        assert "by their addresses" in heapsnap.fails(2, *words)
    assert "--values" in heapsnap.fails(2, "show", any_pair.first, "#1", "--values")
    assert "no object" in heapsnap.fails(1, "show", target.pid, "0x10", "-q")
    target.kill()
    assert str(target.pid) in heapsnap.fails(3, "show", target.pid, address)
